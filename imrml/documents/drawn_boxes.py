"""Boxes to tick of a form that was drawn flat: read from the picture of its page.

Neither the text of such a page nor its fields hold a tick that is drawn as lines.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imrml.documents.boxes import Box, count_rings, find_boxes
from imrml.documents.layout import Kind, Word
from imrml.documents.ocr import dots_an_inch

if TYPE_CHECKING:
    import pypdfium2

_POINTS = 72
_BESIDE = 30.0
"""Points between a box and the words that it stands for."""
_BOX_WORDS = re.compile(r"resubmission|expedited|new request", re.IGNORECASE)
_FIRST_WORD = re.compile(
    r"new|resubmission|resubmittal|expedited|regular|standard|check", re.IGNORECASE
)
_SIGNS = frozenset("☐☑☒✓✔✗✘■□xX4")


@dataclass(frozen=True, slots=True)
class DrawnBoxes:
    """What the picture of a page shows beside the words of its boxes.

    Parameters
    ----------
    words : tuple of Word
        The boxes, in the place of signs that stand in them.
    unread : tuple of str
        What the picture does not tell.
    replaced : frozenset of int
        Places of those signs among the words of the page.
    """

    words: tuple[Word, ...] = ()
    unread: tuple[str, ...] = ()
    replaced: frozenset[int] = frozenset()


def has_box_words(text: str) -> bool:
    """Tell a page that may have boxes to tick.

    Parameters
    ----------
    text : str
        Of the page.

    Returns
    -------
    bool
        Whether words stand in it that have a box on a form.
    """
    return _BOX_WORDS.search(text) is not None


def read_drawn_boxes(page: "pypdfium2.PdfPage", number: int, words: Sequence[Word]) -> DrawnBoxes:
    """Read the boxes of a page without fields from its picture.

    Parameters
    ----------
    page : pypdfium2.PdfPage
        The page.
    number : int
        Of the page, from 1.
    words : sequence of Word
        Its text, where it stands on the page as the file has it.

    Returns
    -------
    DrawnBoxes
        Of boxes beside the words of a form's box alone.
    """
    scale = dots_an_inch(*page.get_size()) / _POINTS
    dots = page.render(scale=scale, grayscale=True).to_numpy()
    dots = dots.reshape(dots.shape[:2])
    height, width = dots.shape
    placed: list[Word] = []
    replaced: set[int] = set()
    n_unsure = 0
    boxes = find_boxes(dots)
    for box in boxes:
        if any(_is_within(box, other) for other in boxes):
            continue  # a tick that is a block
        left, bottom, right, top = _to_points(page, box, width, height)
        if not any(_is_label_of(word, right, bottom, top) for word in words):
            continue
        inside = [
            place
            for place, word in enumerate(words)
            if left <= (word.left + word.right) / 2 <= right
            and bottom <= (word.bottom + word.top) / 2 <= top
        ]
        if box.is_ticked is None or any(words[place].text not in _SIGNS for place in inside):
            n_unsure += 1
            continue
        replaced.update(inside)
        kind: Kind = "ticked" if box.is_ticked else "unticked"
        placed.append(Word("", left, bottom, right, top, kind=kind))
    unread = []
    if n_unsure:
        what = "a box is" if n_unsure == 1 else f"{n_unsure} boxes are"
        unread.append(f"page {number}: whether {what} ticked")
    unread += describe_rings(number, count_rings(dots))
    return DrawnBoxes(tuple(placed), tuple(unread), frozenset(replaced))


def describe_rings(number: int, n_rings: int) -> list[str]:
    """Say that something on a page is ringed, which no reader takes for an answer.

    Parameters
    ----------
    number : int
        Of the page, from 1.
    n_rings : int
        As :func:`imrml.documents.boxes.count_rings` counts them.

    Returns
    -------
    list of str
        Nothing where there is none.

    Examples
    --------
    >>> describe_rings(2, 1)
    ['page 2: an answer that is ringed; say it in the fields']
    """
    if not n_rings:
        return []
    what = "an answer that is" if n_rings == 1 else f"{n_rings} answers that are"
    return [f"page {number}: {what} ringed; say it in the fields"]


def _is_within(box: Box, other: Box) -> bool:
    is_within = other.left <= box.left and box.right <= other.right
    return is_within and other.top <= box.top and box.bottom <= other.bottom and box != other


def _is_label_of(word: Word, right: float, bottom: float, top: float) -> bool:
    is_beside = 0 <= word.left - right + 2 <= _BESIDE
    middle = (word.bottom + word.top) / 2
    return is_beside and bottom - 3 <= middle <= top + 3 and bool(_FIRST_WORD.match(word.text))


def _to_points(page: Any, box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    from pypdfium2 import raw  # noqa: PLC0415 (only for pages with boxes)

    x, y = raw.c_double(), raw.c_double()
    corners = []
    for at_x, at_y in ((box.left, box.bottom), (box.right, box.top)):
        raw.FPDF_DeviceToPage(page.raw, 0, 0, width, height, 0, at_x, at_y, x, y)
        corners.append((x.value, y.value))
    (x0, y0), (x1, y1) = corners
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
