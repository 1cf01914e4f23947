"""Codes of procedures and supplies in a request line: what they stand for, in words."""

import re
from typing import NamedTuple

from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.text.cache import remember

UNLISTED = frozenset(
    {
        "20999", "64999", "76499", "84999", "97039", "97139", "97799", "99070", "99199", "A4649",
        "A9270", "A9300", "E1399", "J3490", "J7999", "L0999", "L1499", "L2999", "L3649", "L3999",
    }
)  # fmt: skip
"""Codes for what no other code lists."""

_DIGIT = re.compile(r"\d")
# A modifier may follow ("97799-86"). An amount, a price or a number with a sign before is no code.
_CODE = re.compile(
    r"(?<![\w.$#·])(?P<code>\d{5}|\d{4}t|[a-ceghj-mp-tv]\d{4})(?:-(?:\d\d|[a-z][a-z0-9]))?"
    r"(?=x\s?\d|[^\w.%·]|\.(?!\d)|$)(?!\s?(?:mg|mcg|ml|units|tabs|tablets)\b)"
)
# The codes of one procedure stand side by side: "CPT 97110, 97140 x 12".
_LABEL = re.compile(r"\b(?:cpt|hcpcs)\b(?:\s?-?\s?4)?(?: codes?)?\s?[:#]?\s?")
_DIAGNOSIS = re.compile(
    r"(?<![\w.])(?:[a-z]\d[0-9a-b]\.[0-9a-z]{1,4}|[a-z]\d{2}[0-9a-z]{2,3}[adgs])(?![\w.])"
    r"|\b(?:icd|dx)[- ]?(?:9|10)?(?:[- ]?cm)?(?: codes?)?\s?:?\s?[a-z]?\d{2,3}(?:\.\w{1,4})?(?!\w)"
)
_DATE = re.compile(
    r"(?<![\d/.-])\d{1,2}[/-]\d{1,2}[/-](?:\d{4}|\d\d)(?!\d)|(?<!\d)\d{4}-\d\d-\d\d(?!\d)"
    r"|\b(?:dos|dated?|on)\b:?\s?\d{1,2}/\d{1,2}(?![\d/])"
)


class Procedure(NamedTuple):
    """A code of ``procedure_codes.csv`` that a line names, and where it starts."""

    code: str
    category: str
    words: str
    start: int


@cache
def _ranges() -> list[tuple[str, str, str, str]]:
    """First code, last code, category and words, the narrowest range first."""
    rows = [
        (row["first"], row["last"], row["category"], row["words"])
        for row in read_vocabulary("procedure_codes")
    ]
    return sorted(rows, key=lambda row: _number(row[1]) - _number(row[0]))


def _number(code: str) -> int:
    return int(re.sub(r"\D", "", code))


def _kind(code: str) -> str:
    return _DIGIT.sub("", code)


@remember(16384)
def describe_procedure(code: str) -> tuple[str, str]:
    """Name the treatment category of a CPT or HCPCS code and say in words what it stands for.

    Parameters
    ----------
    code : str
        Five digits, a letter and four digits, or four digits and a T; no modifier.

    Returns
    -------
    category, words : str
        Both ``""`` where the code is in no family that is known.

    Examples
    --------
    >>> describe_procedure("97110"), describe_procedure("E0730"), describe_procedure("00000")
    (('physical_therapy', 'therapeutic exercise'),
     ('electrical_stimulation', 'electrical stimulator'), ('', ''))
    """
    plain = code.upper()
    for first, last, category, words in _ranges():
        if _kind(first) == _kind(plain) and first <= plain <= last:
            return category, words
    return "", ""


def read_procedures(text: str) -> tuple[str, list[Procedure]]:
    """Take the codes and dates out of a line, since their digits are no amounts.

    Parameters
    ----------
    text : str
        A request in lower case.

    Returns
    -------
    rest : str
        The line without its codes and dates.
    procedures : list of Procedure
        The codes that are known, in the order of the line.

    Examples
    --------
    >>> read_procedures("97110 x 12")
    (' x 12', [Procedure(code='97110', category='physical_therapy', words='therapeutic exercise',
    start=0)])
    """
    if not any(character.isdigit() for character in text):
        return text, []
    text = _DIAGNOSIS.sub("", _DATE.sub("", text))
    found: list[Procedure] = []

    def without(match: re.Match[str]) -> str:
        category, words = describe_procedure(match["code"])
        if not category:
            return match.group()
        found.append(Procedure(match["code"].upper(), category, words, match.start()))
        return ""

    rest = _CODE.sub(without, text)
    return (_LABEL.sub("", rest) if found else rest), found
