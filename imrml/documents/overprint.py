"""Print over a page's last line or beside it, told by its letters from the page's own.

PDFium reads it among the words of the line, by its place.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from imrml.documents.margins import margin_scale, with_blanks
from imrml.documents.placed_text import PlacedText
from imrml.documents.turns import quarter_turns

_FEWEST_SIGNS = 2
"""Letters or digits of a stamp; one alone is a sign that the line's own font lacks."""
_OFF_BASE, _GOES_BACK, _FAR = 0.1, 0.5, 0.35
"""Heights of a line by which print that is not of it stands higher, over its words, or behind."""
_USUAL_MARGIN = 72
"""Points from a page's edge to the letter's own text, where its margins are not narrow."""


class OwnPrint(NamedTuple):
    """The print of a page's own text.

    Parameters
    ----------
    height : float
        Of its lines, in points.
    font_kind : str
        Of its letters.
    margin : float
        Share of its usual width that a margin of the page has, as told by the left one.
    is_last : bool
        Whether what was drawn last on the page is in these letters.
    """

    height: float
    font_kind: str
    margin: float
    is_last: bool


def find_own_print(page: PlacedText, *, has_overlay: bool) -> OwnPrint:
    """Look at the middle of a page's text.

    Parameters
    ----------
    page : PlacedText
        The page; its text is not empty.
    has_overlay : bool
        Whether what another program drew was left out of it.

    Returns
    -------
    OwnPrint
        What stands there, which is the page's own but for pages of hardly any.
    """
    at = first_sign(page, len(page.text) // 2)
    line_start = first_sign(page, page.text.rfind("\n", 0, at) + 1)
    height, left = page.height_at(at), page.place(line_start)[0] - page.box[0]
    share = min(margin_scale(height), max(left, 0.0) / _USUAL_MARGIN)
    kind = page.font_kind(at)
    is_last = page.drawn.ends_in(kind, is_marked=has_overlay)
    return OwnPrint(height, kind, share, is_last)


def first_sign(page: PlacedText, at: int) -> int:
    """Find the first character from a place on that is no blank, or the last one before it.

    Parameters
    ----------
    page : PlacedText
        The page; its text is not empty.
    at : int
        The place.

    Returns
    -------
    int
        Where it stands in the text.
    """
    text = page.text
    after = at
    while after < len(text) and text[after].isspace():
        after += 1
    return after if after < len(text) else len(text.rstrip()) - 1


def find_overprint(
    page: PlacedText, start: int, end: int, own: OwnPrint
) -> Iterator[tuple[int, int]]:
    """Yield what was printed over a page's last line or beside it, in other letters.

    Parameters
    ----------
    page : PlacedText
        The page.
    start, end : int
        Where its own text starts and ends.
    own : OwnPrint
        Its print.

    Yields
    ------
    (int, int)
        Where it stands in the text, with the blank that parts it from the line; nearly never any.
    """
    if own.is_last:
        return
    text = page.text
    line_start = max(text.rfind("\n", start, len(text[:end].rstrip())) + 1, start)
    signs = [at for at in range(line_start, end) if not text[at].isspace()]
    runs = [list(run) for _, run in groupby(signs, lambda at: page.font_kind(at) == own.font_kind)]
    for before, run, after in zip([[], *runs], runs, [*runs[1:], []], strict=False):
        beside = before or after
        is_foreign = bool(beside) and page.font_kind(run[0]) != own.font_kind
        if is_foreign and _is_over(page, before, run, after, own.height):
            yield with_blanks(page, run[0], run[-1] + 1)


def _is_over(
    page: PlacedText,
    before: Sequence[int],
    run: Sequence[int],
    after: Sequence[int],
    height: float,
) -> bool:
    """Tell words that stand over those beside them, far from them, or not on their line."""
    if sum(page.text[at].isalnum() for at in run) < _FEWEST_SIGNS:
        return False
    gaps = [
        page.place(right[0])[0] - page.place(left[-1])[2]
        for left, right in ((before, run), (run, after))
        if left and right
    ]
    base = page.base((before or after)[-1 if before else 0])
    is_glued = bool(before) and run[0] == before[-1] + 1 and page.text[before[-1]] in ".:;"
    return (
        is_glued
        or min(gaps) < -_GOES_BACK * height
        or (gaps[0] > _FAR * min(height, page.height_at(run[0])) and bool(before))
        or abs(page.base(run[0]) - base) > _OFF_BASE * height
        or quarter_turns(page.angle(run[0])) != 0
    )
