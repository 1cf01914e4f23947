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
_IN_ORDER = ("date_of_injury", "ur_denied_on", "received_on", "assigned_on", "decided_on")
_LONGEST = timedelta(days=120)
"""From one of these to the next, but for the injury; in posted letters it is at most 39 days."""
_NO_SIGNS = frozenset("\\^_{|}~\u00a2\u00a3\u00a5\u00a6\u00a7\u00a9\u00ab\u00ac\u00ae\u00bb\u20ac")
"""What OCR makes of a smear or a seal; no treatment is spelled with it."""


def settle_doubts(letter: ParsedLetter, document: DocumentText) -> ParsedLetter:
    """Note that a letter was read by OCR, and leave out the dates that are doubtful.

    Parameters
    ----------
    letter : ParsedLetter
        As parsed.
    document : DocumentText
        What it was parsed from, with pages that OCR read, here or before.

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
        is_doubtful = any(
            start < of_end and of_start < end for of_start, of_end in document.doubtful
        )
        if not is_doubtful and _NO_SIGNS.isdisjoint(letter.text_of(span)):
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


def _out_of_order(letter: ParsedLetter) -> Collection[str]:
    """Name the dates of which one must be wrong, for the order of the procedure contradicts it.

    Where the order holds again without one of them alone, that one is named; without any of
    several, each of these is.
    """
    item = letter.case.items[0]
    days = [
        (name, date.fromisoformat(day))
        for name in _IN_ORDER
        if (day := getattr(item.submission, name, None) or getattr(item.determination, name, None))
    ]
    if _are_in_order(days):
        return ()
    suspects = [
        name for at, (name, _) in enumerate(days) if _are_in_order(days[:at] + days[at + 1 :])
    ]
    return suspects or [
        name for pair in pairwise(days) if not _are_in_order(pair) for name, _ in pair
    ]


def _are_in_order(days: Sequence[tuple[str, date]]) -> bool:
    return all(
        timedelta(0) <= later - day <= (_LONGEST if name != "date_of_injury" else timedelta.max)
        for (name, day), (_, later) in pairwise(days)
    )
