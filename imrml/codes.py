"""The words of the state's open data for our columns and their values; the words are a table, ``codes.yaml``."""

import re
from functools import cache
from importlib.resources import files

import yaml

_SEPARATOR = ": "
_NOT_A_WORD = re.compile(r"[\W_]+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)_(?=\d)")


@cache
def _ours_by_theirs(section: str) -> dict[str, str]:
    table = yaml.safe_load(files("imrml").joinpath("codes.yaml").read_text(encoding="utf-8"))[section]
    return {_fold(word): ours for ours, words in table.items() for word in (ours, *words)}


@cache
def _passed_over() -> frozenset[str]:
    table = yaml.safe_load(files("imrml").joinpath("codes.yaml").read_text(encoding="utf-8"))
    return frozenset(map(_fold, table["passed_over"]))


def _fold(words: str) -> str:
    return _NOT_A_WORD.sub("", words).lower()


def name_heading(heading: str) -> str | None:
    """Give a heading of the state's data our column's name; None where the state has no such heading.

    Examples
    --------
    >>> name_heading("Diagnosis Sub Category"), name_heading("ReferenceID"), name_heading("Favourite Colour")
    ('diagnosis_subcategory', 'case_number', None)
    """
    return _ours_by_theirs("headings").get(_fold(heading))


def is_passed_over(heading: str) -> bool:
    """Tell whether a heading of the state's data is known to be of no use.

    Examples
    --------
    >>> is_passed_over("DaysToReview"), is_passed_over("Findings")
    (True, False)
    """
    return _fold(heading) in _passed_over()


def read_decision(words: str) -> str | None:
    """Read ``upheld`` or ``overturned``; None where the words say neither.

    Examples
    --------
    >>> read_decision("Overturned Decision of Health Plan"), read_decision("Withdrawn")
    ('overturned', None)
    """
    return _ours_by_theirs("decisions").get(_fold(words))


def read_sex(words: str) -> str:
    """Read ``female`` or ``male``, else ``""``."""
    return _ours_by_theirs("sexes").get(_fold(words), "")


def read_code(words: str) -> str:
    """Write a code as we keep it: blanks single, and the hyphen that spreadsheets would turn into a date back in age bands.

    Examples
    --------
    >>> read_code(" Orthopedic/  Musculoskeletal"), read_code("11_20")
    ('Orthopedic/ Musculoskeletal', '11-20')
    """
    return _BETWEEN_DIGITS.sub("-", " ".join(words.split()))


def join_codes(category: str, subcategory: str) -> str:
    """Write a category and a subcategory in one text; :func:`split_codes` takes it apart.

    Examples
    --------
    >>> join_codes("Durable Medical Equipment", "Insulin Pump"), join_codes("Vision", "")
    ('Durable Medical Equipment: Insulin Pump', 'Vision')
    """
    return _SEPARATOR.join(filter(None, (category, subcategory)))


def split_codes(words: str) -> tuple[str, str]:
    """Take a text of category and subcategory apart.

    Examples
    --------
    >>> split_codes("Durable Medical Equipment: Insulin Pump"), split_codes("Vision")
    (('Durable Medical Equipment', 'Insulin Pump'), ('Vision', ''))
    """
    category, _, subcategory = words.partition(_SEPARATOR)
    return read_code(category), read_code(subcategory)
