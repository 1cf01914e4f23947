"""The words of the state's open data for our columns and values, a table: ``dmhc_codes.yaml``."""

import re
from functools import cache
from typing import Any

from imrml.submissions.cells import RawColumns, read_age
from imrml.yaml_tables import read_yaml

_SEPARATOR = ": "
_NOT_A_WORD = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d{1,3}")
_YOUNGER = re.compile(r"<|under|below|less|younger|up to", re.IGNORECASE)


@cache
def _table() -> dict[str, Any]:
    return dict(read_yaml("imrml.submissions", "dmhc_codes.yaml"))


@cache
def _ours_by_theirs(section: str) -> dict[str, str]:
    return {
        _fold(word): ours for ours, words in _table()[section].items() for word in (ours, *words)
    }


@cache
def _spellings() -> dict[str, str]:
    return _ours_by_theirs("aliases") | {_fold(code): code for code in _table()["codes"]}


def _fold(words: str) -> str:
    return _NOT_A_WORD.sub("", words).lower()


def map_heading(heading: str) -> str | None:
    """Give a heading of the state's data our column's name.

    Parameters
    ----------
    heading : str
        As a file spells it.

    Returns
    -------
    str or None
        None where the state has no such heading.

    Examples
    --------
    >>> (
    ...     map_heading("Diagnosis Sub Category"),
    ...     map_heading("ReferenceID"),
    ...     map_heading("Favourite Colour"),
    ... )
    ('diagnosis_subcategory', 'case_number', None)
    """
    return _ours_by_theirs("headings").get(_fold(heading))


def list_headings() -> list[str]:
    """List the headings of the state's data, as its files spell them and run together.

    Returns
    -------
    list of str
        Such as ``"Age Range"`` and ``"AgeRange"``.

    Examples
    --------
    >>> {"Age Range", "AgeRange"} <= {*list_headings()}
    True
    """
    titles = [words.title() for theirs in _table()["headings"].values() for words in theirs]
    return [*titles, *(title.replace(" ", "") for title in titles)]


def is_passed_over(heading: str) -> bool:
    """Tell whether a heading of the state's data is known to be of no use.

    Parameters
    ----------
    heading : str
        As a file spells it.

    Returns
    -------
    bool
        Whether the table lists it.

    Examples
    --------
    >>> is_passed_over("DaysToReview"), is_passed_over("Findings")
    (True, False)
    """
    return _fold(heading) in map(_fold, _table()["passed_over"])


def read_decision(words: str) -> str | None:
    """Read the decision.

    Parameters
    ----------
    words : str
        As a file words it.

    Returns
    -------
    {'upheld', 'overturned'} or None
        None where the words say neither.

    Examples
    --------
    >>> read_decision("Overturned Decision of Health Plan"), read_decision("Withdrawn")
    ('overturned', None)
    """
    return _ours_by_theirs("decisions").get(_fold(words))


def read_sex(words: str) -> str:
    """Read the sex.

    Parameters
    ----------
    words : str
        As a file words it.

    Returns
    -------
    {'female', 'male', ''}
        ``""`` where the words say neither.
    """
    return _ours_by_theirs("sexes").get(_fold(words), "")


def read_code(words: str) -> str:
    """Write a code as the state spells it, whatever its case, blanks and punctuation.

    Parameters
    ----------
    words : str
        As a file spells it.

    Returns
    -------
    str
        The state's spelling; a code nobody knows only gets single blanks.

    Examples
    --------
    >>> (
    ...     read_code("orthopedic/musculoskeletal"),
    ...     read_code("Not Medically Necessary"),
    ...     read_code("Moon  Glasses"),
    ... )
    ('Orthopedic/ Musculoskeletal', 'Medical Necessity', 'Moon Glasses')
    """
    return _spellings().get(_fold(words), " ".join(words.split()))


def read_age_band(words: str) -> str:
    """Read an age, or a band of ages however it is written or cut, as one of the state's bands.

    Parameters
    ----------
    words : str
        Such as ``"47"`` or ``"65 to 74"``.

    Returns
    -------
    str
        The band; ``""`` where the words hold no age.

    Examples
    --------
    >>> [
    ...     read_age_band(words)
    ...     for words in ("11_20", "20-Nov", "47", "65 to 74", "under 5", "unknown")
    ... ]
    ['11-20', '11-20', '41-50', '65+', '0-10', '']
    """
    ages = [int(number) for number in _NUMBER.findall(words)[:2]]
    if not ages:
        return ""
    middle = sum(ages) / len(ages) / (2 if len(ages) == 1 and _YOUNGER.search(words) else 1)
    return next((band for band, oldest in _table()["age_bands"].items() if middle <= oldest), "")


def join_codes(category: str, subcategory: str) -> str:
    """Write a category and a subcategory in one text.

    Parameters
    ----------
    category, subcategory : str
        Codes; ``""`` where absent.

    Returns
    -------
    str
        :func:`split_codes` takes it apart.

    Examples
    --------
    >>> join_codes("Durable Medical Equipment", "Insulin Pump"), join_codes("Vision", "")
    ('Durable Medical Equipment: Insulin Pump', 'Vision')
    """
    return _SEPARATOR.join(filter(None, (category, subcategory)))


def split_codes(words: str) -> tuple[str, str]:
    """Take a text of category and subcategory apart.

    Parameters
    ----------
    words : str
        As :func:`join_codes` wrote it.

    Returns
    -------
    category, subcategory : str
        Codes as the state spells them; ``""`` where absent.

    Examples
    --------
    >>> split_codes("Durable Medical Equipment: Insulin Pump"), split_codes("Vision")
    (('Durable Medical Equipment', 'Insulin Pump'), ('Vision', ''))
    """
    category, _, subcategory = words.partition(_SEPARATOR)
    return read_code(category), read_code(subcategory)


def fill_codes(cells: RawColumns) -> RawColumns:
    """Fill codes from the text of treatment and diagnosis where absent, and that text from codes.

    Parameters
    ----------
    cells : RawColumns
        Cells of a table.

    Returns
    -------
    RawColumns
        The same with every column of codes.
    """
    filled: dict[str, list[str]] = {}
    for name in ("treatment", "diagnosis"):
        category, subcategory = columns = f"{name}_category", f"{name}_subcategory"
        texts = cells.texts(name)
        coded = zip(*(map(read_code, cells.texts(column)) for column in columns), strict=True)
        codes = [
            given if any(given) else split_codes(text)
            for given, text in zip(coded, texts, strict=True)
        ]
        filled[name] = [text or join_codes(*code) for text, code in zip(texts, codes, strict=True)]
        filled[category], filled[subcategory] = (
            [code[place] for code in codes] for place in (0, 1)
        )
    ages = ["" if age is None else f"{age:.0f}" for age in map(read_age, cells.values("age"))]
    bands = [
        read_age_band(band or age) for band, age in zip(cells.texts("age_band"), ages, strict=True)
    ]
    return cells.assign(
        {
            **filled,
            "age_band": bands,
            "review_type": list(map(read_code, cells.texts("review_type"))),
        }
    )
