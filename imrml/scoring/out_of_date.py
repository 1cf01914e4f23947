"""Documents that are too old to show something: a drug test or CURES report of years ago."""

import re
from calendar import monthrange
from datetime import date, timedelta

from imrml.features import FoundDocument

_RENEWED = ("urine_drug_screen", "cures_report")
"""Cues of what must be recent: checked again at least once a year under long-term opioids."""
_MOST_DAYS = 365
_DAY = re.compile(
    r"(?<![\d/.-])(?:(?P<month>\d{1,2})[/-](?:(?P<day>\d{1,2})[/-])?)?"
    r"(?P<year>(?:19|20)\d\d|(?<=[/-])\d\d)(?![\d/-])"
)
_CENTURY = 2000


def is_out_of_date(document: FoundDocument, day: date | None) -> bool:
    """Tell whether a document is of a kind that is renewed, and all its dates are over a year old.

    Parameters
    ----------
    document : FoundDocument
        As found in a record.
    day : date or None
        Day of the decision or application that the record was for; None where it is not known.

    Returns
    -------
    bool
        False where no day is known, or the quote names no date.

    Examples
    --------
    >>> from imrml.features import find_documents
    >>> notes = "CURES last run 2019. UDS 11/3/25 consistent."
    >>> [is_out_of_date(one, date(2026, 3, 1)) for one in find_documents(notes)]
    [True, False]
    """
    if day is None or document.cue not in _RENEWED:
        return False
    days = [named for match in _DAY.finditer(document.quote) if (named := _last_day(match))]
    return bool(days) and max(days) < day - timedelta(days=_MOST_DAYS)


def _last_day(match: re.Match[str]) -> date | None:
    """Give the last day that a date may mean: of a month or a year alone its end."""
    year = int(match["year"]) + (_CENTURY if len(match["year"]) == len("26") else 0)
    month = int(match["month"] or 12)
    try:
        return date(year, month, int(match["day"] or monthrange(year, month)[1]))
    except ValueError:
        return None
