"""How much of a letter was read: nothing between its first and last character may be lost without being counted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from imrml.letters.spans import ParsedLetter

_WORDS = re.compile(r"\S+")
COVERAGE_COLUMNS = (
    "source",
    "case_number",
    "letter_format",
    "share_read",
    "n_left_over",
    "left_over",
    "case_outcome",
    "flags",
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a letter ended up in a field, a heading or label, a standing sentence, a cover letter or page furniture.

    Standing are the lead sentences and the sections from which the case takes nothing but
    credentials: how reviewers are chosen, and which documents were read.

    Parameters
    ----------
    share_read : float
        Of the letter's characters that are no blanks, 0 to 1.
    n_left_over : int
        Characters, no blanks, that are nothing of these.
    left_over : tuple of (int, int)
        Where they stand in the letter as it came.
    """

    share_read: float
    n_left_over: int
    left_over: tuple[tuple[int, int], ...]


def measure_coverage(reading: ParsedLetter) -> Coverage:
    """Measure how much of a letter was read.

    Examples
    --------
    >>> from imrml.letters.parsing import read_letter
    >>> text = '''Scanned by the mail room
    ... CLINICAL CASE SUMMARY
    ... A 40 year old cook burned her hand.
    ... IMR ISSUES, DECISIONS AND RATIONALES
    ... Hand therapy, 6 visits: Overturned
    ... Claims Administrator guideline: Decision based on MTUS.
    ... MAXIMUS guideline: The Expert Reviewer based their decision on recommendation(s) outside of the MTUS Guidelines.
    ... Decision rationale: The visits are supported.'''
    >>> coverage = measure_coverage(read_letter(text, "letter-7"))
    >>> round(coverage.share_read, 2), [text[start:end] for start, end in coverage.left_over]
    (0.94, ['Scanned by the mail room'])
    """
    gaps = list(_gaps(reading))
    text, clean = reading.clean.original, reading.clean.text
    n_left_over = sum(_count_characters(clean[start:end]) for start, end in gaps)
    to_original = reading.clean.to_original() if gaps else None
    left_over = tuple(to_original.find(*gap) for gap in gaps) if to_original else ()
    n_characters = _count_characters(text)
    return Coverage(1 - n_left_over / n_characters if n_characters else 1.0, n_left_over, left_over)


def coverage_row(reading: ParsedLetter, source: str) -> dict[str, Any]:
    """Say in one row of a table how much of a letter was read; spans and counts, no text."""
    coverage = measure_coverage(reading)
    values = (
        source,
        reading.case.case_number,
        reading.case.letter_format,
        coverage.share_read,
        coverage.n_left_over,
        [list(span) for span in coverage.left_over],
        reading.case_outcome,
        list(reading.flags),
    )
    return dict(zip(COVERAGE_COLUMNS, values, strict=True))


def _gaps(reading: ParsedLetter) -> Iterator[tuple[int, int]]:
    """Yield the stretches of the cleaned text that no span holds, without blanks at their ends."""
    text = reading.clean.text
    end = 0
    for start, stop in [
        *((span.start, span.end) for span in reading.spans),
        (len(text), len(text)),
    ]:
        words = text[end:start].strip() if start > end else ""
        if words:
            first = text.index(words, end, start)
            yield first, first + len(words)
        end = max(end, stop)


def _count_characters(text: str) -> int:
    return sum(map(len, _WORDS.findall(text)))
