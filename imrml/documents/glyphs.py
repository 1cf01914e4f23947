"""Words of a page that was drawn glyph by glyph, without a blank between them."""

import re
from itertools import islice

from imrml.documents.placed_text import PlacedText

_BLANK = re.compile(r"(?<=\S) (?=\S)")
_FEWEST = 10
"""Blanks of a page from which it is known how its blanks came about."""
_GAP = 0.13
"""Heights of a line between two words.

Where each glyph was put at its own place, those of one word stand up to 0.11 apart, and words 0.15
or more.
"""
_BEHIND_WORD = ",;:)"


def join_glyphs(page: PlacedText) -> PlacedText:
    """Leave out the blanks that PDFium saw within the words of a page without any drawn blank.

    Parameters
    ----------
    page : PlacedText
        The page; it is known where its characters stand.

    Returns
    -------
    PlacedText
        The page itself where it draws blanks, as nearly always.
    """
    blanks = _BLANK.finditer(page.text)
    first = [blank.start() for blank in islice(blanks, _FEWEST)]
    if len(first) < _FEWEST or not all(map(page.is_made_up, first)):
        return page
    places = [*first, *(blank.start() for blank in blanks)]
    if not all(map(page.is_made_up, places)):
        return page
    within = [at for at in places if _is_within_word(page, at)]
    return page.without([(at, at + 1) for at in within], for_good=True) if within else page


def _is_within_word(page: PlacedText, at: int) -> bool:
    if page.text[at + 1] in _BEHIND_WORD:
        return True
    _, bottom, right, top = page.place(at - 1)
    right = min(right, page.advanced(at - 1))  # a slanted f reaches over what follows it
    left, _ = page.pen(at + 1)
    return 0 <= left - right < _GAP * (top - bottom)
