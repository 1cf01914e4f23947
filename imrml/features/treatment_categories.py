"""The treatment category of a request, by its words and by the drugs that it names."""

import re
from dataclasses import dataclass
from functools import cache

from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import extractOne

from imrml.features.abbreviations import spell_out
from imrml.features.vocabulary import read_vocabulary
from imrml.text.cache import remember
from imrml.text.safe_matching import bound_runs

# Between procedures, whose names win over a drug's, and supplies or visits, whose names do not.
_DRUG_PRIORITY = 65.0
_MIN_FUZZY_LETTERS = 6
# A drug of these categories becomes a topical when the request names a cream, gel or patch; an
# opioid patch stays one.
_TOPICAL_WHEN_APPLIED = frozenset({"nsaid", "muscle_relaxant", "anticonvulsant", "antidepressant"})
_TOPICAL_FORM = re.compile(
    r"\btopical|\bcreams?\b|ointment|\bgels?\b|lotion|\bpatch(?:es)?\b|transdermal|\d\s?%"
    r"|\d\s?(?:gm|grams?|g)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug that a text names, as ``drugs.csv`` has it, and where its name starts."""

    generic: str
    drug_class: str
    category: str
    start: int


@cache
def _drug_rows() -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in read_vocabulary("drugs")}


@cache
def _drug_names() -> re.Pattern[str]:
    names = sorted(_drug_rows(), key=len, reverse=True)
    return re.compile(
        r"(?<![a-z0-9])(?:" + "|".join(re.escape(name) for name in names) + r")(?![a-z])"
    )


@cache
def _one_word_names() -> list[str]:
    return [name for name in _drug_rows() if len(name) >= _MIN_FUZZY_LETTERS and name.isalpha()]


@remember(65536)
def _misspelt_drug(word: str) -> str:
    """Name the drug that a word is one slip from, else ``""``; the first letter must be right."""
    near = extractOne(word, _one_word_names(), scorer=DamerauLevenshtein.distance, score_cutoff=1)
    return near[0] if near and near[0][0] == word[0] else ""


_LONG_WORD = re.compile(rf"[a-z]{{{_MIN_FUZZY_LETTERS},}}")


def find_drugs(text: str) -> list[Drug]:
    """List the drugs of a text in lower case; misspelt ones only where no name is spelt right.

    Parameters
    ----------
    text : str
        In lower case, short forms spelt out.

    Returns
    -------
    list of Drug
        In the order of the text.
    """
    named = [(match.start(), match.group()) for match in _drug_names().finditer(text)]
    if not named:
        words = (
            (match.start(), _misspelt_drug(match.group())) for match in _LONG_WORD.finditer(text)
        )
        named = [(start, name) for start, name in words if name]
    rows = ((start, _drug_rows()[name]) for start, name in named)
    return [Drug(row["generic"], row["drug_class"], row["category"], start) for start, row in rows]


@cache
def _category_patterns() -> list[tuple[float, str, re.Pattern[str]]]:
    """Pattern rows, highest priority first."""
    rows = read_vocabulary("treatment_patterns")
    patterns = [
        (float(row["priority"]), row["category"], re.compile(row["pattern"])) for row in rows
    ]
    return sorted(patterns, key=lambda pattern: -pattern[0])


def categorize(text: str, drugs: list[Drug]) -> str:
    """Name the treatment category of a text whose drugs are known.

    Parameters
    ----------
    text : str
        In lower case, short forms spelt out.
    drugs : list of Drug
        As :func:`find_drugs` gives them.

    Returns
    -------
    str
        An id of ``treatment_categories.csv``.
    """
    best: tuple[float, int, str] = (0.0, 0, "other")
    if drugs:
        category = drugs[0].category
        if category in _TOPICAL_WHEN_APPLIED and _TOPICAL_FORM.search(text):
            category = "topical"
        best = (_DRUG_PRIORITY, -drugs[0].start, category)
    for priority, category, pattern in _category_patterns():
        if priority < best[0]:
            break
        if match := pattern.search(text):
            best = max(
                best, (priority, -match.start(), category), key=lambda candidate: candidate[:2]
            )
    return best[2]


@remember(65536)
def treatment_category(text: str) -> str:
    """Name the treatment category of a request; ``"other"`` where no word tells.

    Parameters
    ----------
    text : str
        The request or disputed item, as worded.

    Returns
    -------
    str
        An id of ``treatment_categories.csv``.

    Examples
    --------
    >>> [
    ...     treatment_category(text)
    ...     for text in ("Norco 10/325mg #60", "Post-op physical therapy 2 x 6", "MRI left knee")
    ... ]
    ['opioid', 'physical_therapy', 'imaging']
    >>> [treatment_category(text) for text in ("LESI L5-S1", "acup x6", "MRI lumb w/o")]
    ['injection', 'acupuncture', 'imaging']
    >>> treatment_category("Diclofenac 3%, baclofen 2% in cream base"), treatment_category("")
    ('compound', 'other')
    """
    lowered = spell_out(bound_runs(text.lower()), is_request=True)
    return categorize(lowered, find_drugs(lowered))


def dwc_category(text: str) -> str:
    """Name DWC's own, coarser category of a request.

    Parameters
    ----------
    text : str
        The request as worded.

    Returns
    -------
    str
        As ``treatment_categories.csv`` has it; ``""`` where there is none.

    Examples
    --------
    >>> dwc_category("Norco 10/325mg #60")
    'Pharmaceuticals'
    """
    return dwc_categories().get(treatment_category(text), "")


@cache
def dwc_categories() -> dict[str, str]:
    """Map our categories to DWC's coarser ones, which lend a rare one their experience.

    Returns
    -------
    dict of str to str
        DWC's category by ours; a category of ours that DWC does not know is absent.
    """
    return {
        row["category"]: row["dwc_category"]
        for row in read_vocabulary("treatment_categories")
        if row["dwc_category"]
    }
