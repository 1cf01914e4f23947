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
"""Share of a page's characters that are its own; else it may be the stamp that is marked."""


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


def find_overlays(page: PlacedText) -> Sequence[Overlay]:
    """Find what another program drew onto a page.

    Parameters
    ----------
    page : PlacedText
        The page; its text is not empty.

    Returns
    -------
    sequence of Overlay
        By start; whole lines with the line end behind them.
    """
    if not page.drawn.is_overdrawn():
        return ()
    drawn, text = page.drawn, page.text
    signs = [at for at in range(len(text)) if not text[at].isspace()]
    sample = signs[:: max(1, len(signs) // _SAMPLED)]
    if any(drawn.is_content(page.number(at)) for at in sample):
        own = [drawn.is_content(page.number(at)) for at in signs]
    elif foreign := drawn.find_foreign_texts(median(map(page.height_at, sample))):
        own = [drawn.text_at(page.number(at)) not in foreign for at in signs]
    else:
        return ()
    if sum(own) < _LEAST_OWN * len(signs):
        return ()
    runs = groupby(zip(own, signs, strict=True), lambda sign: sign[0])
    return tuple(_make_overlay(page, [at for _, at in run]) for is_own, run in runs if not is_own)


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
