"""What another program drew onto a page, told by how a program writes its text into the file.

A word processor numbers each stretch of text for the structure of its document; what is stamped on
a page later is drawn before or after all of that and bears no such number, nor does what a program
marks as an artifact, as its own page numbers. Where nothing is numbered, what was drawn last or
first in a second font of a face that the page has, or in one that the file describes in another
way, is of another program, and so is what interrupts the page
(:mod:`imrml.documents.interruptions`).
"""

from collections.abc import Sequence
from itertools import groupby
from statistics import median
from typing import NamedTuple

from imrml.documents.margins import with_blanks
from imrml.documents.placed_text import PlacedText

_SAMPLED = 6
"""Characters of a page that tell whether its program marks text."""
_LEAST_OWN = 0.2
"""Share of a page's characters that are its own; else it may be the stamp that is marked, unless
the pages before are."""


class Overlay(NamedTuple):
    """What another program drew.

    Parameters
    ----------
    start, end : int
        Where it stands in the text of the page.
    is_line : bool
        Whether it starts a line, and does not stand behind words of the page's own.
    """

    start: int
    end: int
    is_line: bool


def is_marked(page: PlacedText) -> bool:
    """Tell a page whose program marks its text as content.

    Parameters
    ----------
    page : PlacedText
        The page.

    Returns
    -------
    bool
        Whether most of its text is marked; False of a page without any.
    """
    sample = [at for at in _sample(range(len(page.text))) if not page.text[at].isspace()]
    return 2 * sum(page.drawn.is_content(page.number(at)) for at in sample) > len(sample)


def find_overlays(page: PlacedText, *, is_after_marked: bool) -> Sequence[Overlay]:
    """Find what another program drew onto a page.

    Parameters
    ----------
    page : PlacedText
        The page; its text is not empty.
    is_after_marked : bool
        Whether the text of all pages before is marked as content, and there is one: so even a page
        of nothing but a marked blank and a stamp is told.

    Returns
    -------
    sequence of Overlay
        By start; whole lines with the line end behind them.
    """
    if not page.drawn.is_overdrawn():
        return ()
    drawn, text = page.drawn, page.text
    signs = [at for at in range(len(text)) if not text[at].isspace()]
    sample = _sample(signs)
    is_known = is_after_marked and drawn.has_content()
    if is_known or any(drawn.is_content(page.number(at)) for at in sample):
        own = [drawn.is_content(page.number(at)) for at in signs]
    elif foreign := drawn.find_foreign_texts(median(map(page.height_at, sample))):
        own = [drawn.text_at(page.number(at)) not in foreign for at in signs]
    else:
        return ()
    if sum(own) < _LEAST_OWN * len(signs) and not is_known:
        return ()
    runs = groupby(zip(own, signs, strict=True), lambda sign: sign[0])
    return tuple(_make_overlay(page, [at for _, at in run]) for is_own, run in runs if not is_own)


def _sample(signs: Sequence[int]) -> Sequence[int]:
    return signs[:: max(1, len(signs) // _SAMPLED)]


def _make_overlay(page: PlacedText, run: Sequence[int]) -> Overlay:
    text, start, end = page.text, run[0], run[-1] + 1
    is_line = start == 0 or text[start - 1] == "\n"
    if is_line:
        line_end = text.find("\n", end) + 1
        if line_end and text[end:line_end].isspace():
            end = line_end
    else:
        start, end = with_blanks(page, start, end)
    return Overlay(start, end, is_line)
