"""Text that interrupts a page: drawn amid its lines, but not standing among them.

A page is drawn as it reads, line by line, and no letter of it stands on another. What a program
draws amid that in the page's very own font is told by both: the text before it goes on behind it,
while it stands on words of the page itself, or at the page's head or foot.
"""

from collections.abc import Sequence
from statistics import mode
from typing import NamedTuple

_MOST = 24
"""Texts of a stamp; a program draws a line as one text or in several."""
_MOST_STAMPS = 4
"""Of a page; where more text stands on other text, that is how its program draws."""
_MOST_TEXTS = 1500
"""Of a page; one that is drawn letter by letter has more, and is not told apart here."""
_MOST_BREAKS = 20
"""Places of a page from which it is not drawn as it reads."""
_TALL = 2.0
"""Heights of a line from which a text is aslant, or a watermark: neither is taken for a line."""
_LARGEST_SHARE = 0.2
"""Of the width of all texts; where the likeliest stamp is wider, it is not told from the page."""
_SAME_LINE, _NEXT_LINE = 0.5, 4.0
"""Heights of a line from the base of one text to that of another on its line, or below it."""
_OVERLAP = 0.3
"""Heights of a line by which texts cover each other, both ways; italics and accents do by fewer."""
_FAR = 3.0
"""Heights of a line below what is drawn after it; cells of a table may stand nearer."""


class DrawnBox(NamedTuple):
    """Where a text stands on its page, in points, and the base of its letters."""

    left: float
    bottom: float
    right: float
    top: float
    base: float


def find_interruptions(texts: Sequence[DrawnBox], height: float) -> frozenset[int]:
    """Find what was drawn amid a page, or over its words.

    Parameters
    ----------
    texts : sequence of DrawnBox
        Of a page, as they were drawn; none of them holds blanks only.
    height : float
        Of the page's lines, in points.

    Returns
    -------
    frozenset of int
        Their places among the texts; nearly always none.

    Examples
    --------
    >>> lines = [DrawnBox(72, y, 540, y + 9, y) for y in range(700, 500, -14)]
    >>> stamp = DrawnBox(330, 619, 400, 627, 619)
    >>> find_interruptions([*lines[:9], stamp, *lines[9:]], 13.8)
    frozenset({9})
    >>> find_interruptions(lines, 13.8)
    frozenset()
    """
    if len(texts) > _MOST_TEXTS:
        return frozenset()
    upright = [at for at, text in enumerate(texts) if text.top - text.bottom < _TALL * height]
    own = list(upright)
    most = _LARGEST_SHARE * sum(texts[at].right - texts[at].left for at in own)
    for _ in range(_MOST_STAMPS + 1):
        runs = _find_runs(texts, own, height)
        width, place = next(
            (run for run in runs if _is_foreign(texts, own, run[1], height)), (most, (0, 0))
        )
        if width >= most:
            return frozenset(upright).difference(own)
        del own[slice(*place)]
    return frozenset()


def _find_runs(
    texts: Sequence[DrawnBox], own: Sequence[int], height: float
) -> list[tuple[float, tuple[int, int]]]:
    """Find what stands between a text and another one that reads on from it, the likeliest first.

    What neither reads on from the text before it nor leads to the one behind it is likelier than
    what does one of both; then what leaves no gap between these two, and then what is narrow.
    """
    n = len(own)
    breaks = {at for at in range(1, n) if not _reads_on(texts[own[at - 1]], texts[own[at]], height)}
    if not 0 < len(breaks) <= _MOST_BREAKS:
        return []
    margin = mode(round(texts[at].left) for at in own)
    found: set[tuple[int, int]] = set()
    for at in breaks:
        found.update((start, at) for start in range(max(at - _MOST, 0), at))
        found.update((at, end) for end in range(at + 1, min(at + _MOST, n) + 1))
    runs: list[tuple[bool, bool, float, tuple[int, int]]] = []
    for start, end in found:
        is_half, has_gap = True, False
        if start > 0 and end < n:
            before, behind = texts[own[start - 1]], texts[own[end]]
            if not _reads_on(before, behind, height):
                continue
            is_half = not breaks.issuperset((start, end))
            has_gap = behind.left > margin + height and behind.left > before.right + height
        width = sum(texts[at].right - texts[at].left for at in own[start:end])
        runs.append((is_half, has_gap, width, (start, end)))
    return [run[2:] for run in sorted(runs)]


def _reads_on(text: DrawnBox, following: DrawnBox, height: float) -> bool:
    """Tell a text that stands behind another on its line, or on one of the next lines."""
    down = text.base - following.base
    if abs(down) <= _SAME_LINE * height:
        return following.left > text.right - _SAME_LINE * height
    return 0 < down <= _NEXT_LINE * height


def _is_foreign(
    texts: Sequence[DrawnBox], own: Sequence[int], place: tuple[int, int], height: float
) -> bool:
    """Tell texts that stand on others, or at the page's head or foot though drawn amid it."""
    start, end = place
    run = [texts[at] for at in own[start:end]]
    rest = [texts[at] for at in (*own[:start], *own[end:])]
    foot, head = min(text.bottom for text in run), max(text.top for text in run)
    beside = [other for other in rest if other.bottom < head and other.top > foot]
    if any(_covers(text, other, height) for text in run for other in beside):
        return True
    if start == 0 or end == len(own):
        return False  # a head or foot of the letter's own, or one that its place tells
    highest, lowest = max(text.base for text in run), min(text.base for text in run)
    is_at_foot = (
        highest < texts[own[end]].base - _FAR * height
        and highest < min(text.base for text in rest) + _OVERLAP * height
    )
    return is_at_foot or lowest > max(text.base for text in rest) + _SAME_LINE * height


def _covers(text: DrawnBox, other: DrawnBox, height: float) -> bool:
    return (
        min(text.right, other.right) - max(text.left, other.left) > _OVERLAP * height
        and min(text.top, other.top) - max(text.bottom, other.bottom) > _OVERLAP * height
    )
