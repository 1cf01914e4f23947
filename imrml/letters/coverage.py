"""How much of a letter was read: nothing between its ends may be lost without being counted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from imrml.letters.spans import ParsedLetter, Place, trim

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
"""Of the table that :func:`coverage_row` gives rows of."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a letter became a field, a label, a standing sentence, a cover or page furniture.

    Standing are the lead sentences and the sections from which the case takes nothing but
    credentials: how reviewers are chosen, and which documents were read.

    Parameters
    ----------
    share_read : float
        Of the letter's characters that are no blanks, 0 to 1.
    n_left_over : int
        Characters, no blanks, that are nothing of these.
    left_over : tuple of (int, int)
        Where they stand in the letter as it came, half open, in characters.
    """

    share_read: float
    n_left_over: int
    left_over: tuple[Place, ...]


def measure_coverage(letter: ParsedLetter) -> Coverage:
    """Measure how much of a letter was read.

    Parameters
    ----------
    letter : ParsedLetter
        As :func:`imrml.letters.parse_letter` gives it.

    Returns
    -------
    Coverage
        Of the letter as it came.

    Examples
    --------
    >>> from imrml.letters import parse_letter
    >>> text = '''Scanned by the mail room
    ... CLINICAL CASE SUMMARY
    ... A 40 year old cook burned her hand.
    ... IMR ISSUES, DECISIONS AND RATIONALES
    ... Hand therapy, 6 visits: Overturned
    ... Claims Administrator guideline: Decision based on MTUS.
    ... MAXIMUS guideline: The Expert Reviewer based their decision on recommendation(s) outside
    ... of the MTUS Guidelines.
    ... Decision rationale: The visits are supported.'''
    >>> coverage = measure_coverage(parse_letter(text))
    >>> round(coverage.share_read, 2), [text[start:end] for start, end in coverage.left_over]
    (0.94, ['Scanned by the mail room'])
    """
    gaps = list(_find_gaps(letter))
    text, clean = letter.clean.original, letter.clean.text
    n_left_over = sum(_count_characters(clean[start:end]) for start, end in gaps)
    to_original = letter.clean.to_original() if gaps else None
    left_over = tuple(to_original.find(*gap) for gap in gaps) if to_original else ()
    n_characters = _count_characters(text)
    return Coverage(1 - n_left_over / n_characters if n_characters else 1.0, n_left_over, left_over)


def coverage_row(letter: ParsedLetter, source: str) -> dict[str, Any]:
    """Say in one row of a table how much of a letter was read.

    Parameters
    ----------
    letter : ParsedLetter
        The letter.
    source : str
        Its file.

    Returns
    -------
    dict of str to value
        By ``COVERAGE_COLUMNS``; spans and counts, no text.
    """
    coverage = measure_coverage(letter)
    values = (
        source,
        letter.case.case_number,
        letter.case.letter_format,
        coverage.share_read,
        coverage.n_left_over,
        [list(place) for place in coverage.left_over],
        letter.case_outcome,
        list(letter.flags),
    )
    return dict(zip(COVERAGE_COLUMNS, values, strict=True))


def _find_gaps(letter: ParsedLetter) -> Iterator[Place]:
    """Yield the stretches of the cleaned text that no span holds, without blanks at their ends."""
    text = letter.clean.text
    end = 0
    spans = [(span.start, span.end) for span in letter.spans]
    for start, stop in [*spans, (len(text), len(text))]:
        gap = trim(text, (end, start)) if start > end else None
        if gap:
            yield gap
        end = max(end, stop)


def _count_characters(text: str) -> int:
    return sum(map(len, _WORDS.findall(text)))
