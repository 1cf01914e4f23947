"""What OCR is not sure of: a letter without it, or none at all.

A rationale bears a doubtful word, as it bears a slip of the pen. A treatment or a case number does
not, for what is wrong there is well formed; a doubtful date is left empty, as one that was
redacted. Labels and outcomes are told by their own words, so they were read aright whatever OCR
says of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, TypeVar

from imrml.determinations import Determination
from imrml.documents.reading import DocumentText
from imrml.errors import LetterError
from imrml.letters.spans import ParsedLetter
from imrml.submissions.columns import Submission

Fields = TypeVar("Fields", Submission, Determination)

_CANNOT_SPARE = ("item", "case_number")
_OF_SUBMISSION = ("date_of_injury", "ur_denied_on", "received_on")
_OF_DETERMINATION = ("assigned_on", "decided_on")
_IN_ORDER = ("ur_denied_on", "received_on", "assigned_on", "decided_on")
_LONGEST = timedelta(days=120)
"""From one of these to the next; in posted letters it is at most 39 days."""


def settle_doubts(letter: ParsedLetter, document: DocumentText) -> ParsedLetter:
    """Note that a letter was read by OCR, and leave out the dates that are doubtful.

    Parameters
    ----------
    letter : ParsedLetter
        As parsed.
    document : DocumentText
        What it was parsed from, with pages that OCR read.

    Returns
    -------
    ParsedLetter
        With the flag ``"doubtful_date"`` where a date was left out.

    Raises
    ------
    LetterError
        ``doubtful_reading``: a word of an item or the case number is doubtful.
    """
    to_original = letter.clean.to_original()
    doubtful: set[str] = set()
    for span in letter.spans:
        is_at_stake = span.name in (*_CANNOT_SPARE, *_OF_SUBMISSION, *_OF_DETERMINATION)
        if span.kind != "field" or not is_at_stake:
            continue
        start, end = to_original.find(span.start, span.end)
        if not any(start < of_end and of_start < end for of_start, of_end in document.doubtful):
            continue
        if span.name in _CANNOT_SPARE:
            raise LetterError(
                "doubtful_reading", f"OCR is not sure of a word of {span.name}", span.start
            )
        doubtful.add(span.name)
    doubtful.update(_out_of_order(letter))
    items = tuple(
        replace(
            item,
            submission=_without(item.submission, doubtful.intersection(_OF_SUBMISSION)),
            determination=_without(item.determination, doubtful.intersection(_OF_DETERMINATION)),
        )
        for item in letter.case.items
    )
    return replace(
        letter,
        case=replace(letter.case, items=items, ocr=True),
        flags=(*letter.flags, *(["doubtful_date"] if doubtful else [])),
        ocr_pages=document.ocr_pages,
    )


def _without(fields: Fields, names: Collection[str]) -> Fields:
    absent: dict[str, Any] = dict.fromkeys(names)
    return replace(fields, **absent)


def _out_of_order(letter: ParsedLetter) -> Sequence[str]:
    """Name the dates of the procedure that come before, or long after, the one before them."""
    item = letter.case.items[0]
    days = [
        (name, date.fromisoformat(day))
        for name in _IN_ORDER
        if (day := getattr(item.submission, name, None) or getattr(item.determination, name, None))
    ]
    names: list[str] = []
    for (name, day), (later_name, later) in pairwise(days):
        if not timedelta(0) <= later - day <= _LONGEST:
            names += [name, later_name]
    return names
