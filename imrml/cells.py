"""What stands in a cell of somebody's table: text, an age, a sex, a day, or nothing."""

from datetime import date, datetime
from typing import Any

import pandas as pd

OLDEST = 120
"""Years; beyond, a number is no age."""


def cell_values(items: pd.DataFrame, name: str) -> list[Any]:
    """List what a column holds, None for all that stands for nothing.

    Examples
    --------
    >>> cell_values(pd.DataFrame({"age": [44, " ", None]}), "age")
    [44, None, None]
    """
    if name not in items:
        return [None] * len(items)
    return [value if _is_given(value) else None for value in items[name]]


def _is_given(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    if pd.api.types.is_scalar(value):
        return not pd.isna(value)
    return not hasattr(value, "__len__") or len(value) > 0


def cell_texts(items: pd.DataFrame, name: str) -> list[str]:
    """List what a column holds as text, ``""`` for all that stands for nothing.

    Examples
    --------
    >>> cell_texts(pd.DataFrame({"treatment": [" Norco", 97110, float("nan")]}), "treatment")
    ['Norco', '97110', '']
    """
    return ["" if value is None else str(value).strip() for value in cell_values(items, name)]


def read_sex(given: str) -> str:
    """Read ``female`` or ``male`` from a word; ``""`` where it is neither.

    Examples
    --------
    >>> read_sex("F"), read_sex("unknown")
    ('female', '')
    """
    return {"f": "female", "m": "male"}.get(given[:1].lower(), "")


def read_age(value: Any) -> float | None:
    """Read an age in years; None where a value is none between 0 and 120.

    Examples
    --------
    >>> read_age("44"), read_age("forty")
    (44.0, None)
    """
    try:
        age = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return age if 0 <= age <= OLDEST else None


def read_date(value: Any) -> date | None:
    """Read a day from a date, an ISO date with or without a time of day and zone, or a US date; None where it is neither.

    Examples
    --------
    >>> read_date("03/01/2014"), read_date("2014-03-01T10:00:00Z"), read_date("in March")
    (datetime.date(2014, 3, 1), datetime.date(2014, 3, 1), None)
    """
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    if not isinstance(value, str | int):
        return None
    words = str(value).strip()
    for read in (datetime.fromisoformat, _read_us_date):
        try:
            return read(words).date()
        except ValueError:
            continue
    return None


def _read_us_date(words: str) -> datetime:
    return datetime.strptime(words, "%m/%d/%Y")
