"""The plain words of what a request is for; ids of our tables never reach a person."""

from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache


@cache
def name_category(category: str) -> str:
    """Give the plain words of a treatment category.

    Parameters
    ----------
    category : str
        Its id.

    Returns
    -------
    str
        Its name; the id itself where the vocabulary does not know it, as of another programme.

    Examples
    --------
    >>> name_category("opioid"), name_category("DE01: Durable Medical Equipment")
    ('opioids', 'DE01: Durable Medical Equipment')
    """
    names = {row["category"]: row["name"] for row in read_vocabulary("treatment_categories")}
    return names.get(category, category)


def name_words(words: str) -> str:
    """Put plain words in the place of ids of body parts, and blanks into names of drugs.

    Parameters
    ----------
    words : str
        Words between blanks, some of them ids.

    Returns
    -------
    str
        For people.

    Examples
    --------
    >>> name_words("ankle_foot left mri"), name_words("botulinum_toxin headache")
    ('ankle or foot left mri', 'botulinum toxin headache')
    """
    names = _body_parts()
    return " ".join(names.get(word, word.replace("_", " ")) for word in words.split(" "))


@cache
def _body_parts() -> dict[str, str]:
    return {row["body_part"]: row["name"] for row in read_vocabulary("body_parts")}
