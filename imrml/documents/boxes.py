"""Boxes to tick on the picture of a page: found by their frames, ticked or not by the ink inside.

OCR makes a letter of an empty box and nothing of a crossed one, so its word on them is never taken:
boxes are painted over before a page is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

_DARK = 128
_SMALLEST, _LARGEST = 14, 52
"""Dots of a box's side at 200 dots an inch: 5 to 18 points."""
_DARK_SIDE = 0.9
"""Share of a frame's side that is dark; the sides of round letters are not, nor those of M or H."""
_EMPTY, _TICKED = 0.02, 0.08
"""Share of dark dots inside, up to which a box is empty and from which it is ticked."""


_RING = (34, 420)
"""Dots of the shorter side of a ring around a word, at least, and of its longer one, at most."""
_RING_BAND = (0.62, 1.2)
"""How far from its middle the line of a ring may stray, as a share of an oval's radius."""
_RING_INK = (0.02, 0.6)
"""Share of dark dots within a ring around a word."""
_RING_CLOSED = 0.8
"""Share of directions in which the line of a ring stands; a pen may leave a gap."""
_RULE = 201
"""Dots of a line that is a table's rule, longer than the flat of a ring."""
_RULE_DEPTH = (9, 7)
"""Dots up or down, and sideways, in which a line goes on that crosses a rule."""
_N_DIRECTIONS = 36


@dataclass(frozen=True, slots=True)
class Box:
    """A box to tick.

    Parameters
    ----------
    left, top, right, bottom : int
        In dots from the picture's upper left corner, half open.
    is_ticked : bool or None
        None where the ink inside does not tell.
    """

    left: int
    top: int
    right: int
    bottom: int
    is_ticked: bool | None


def find_boxes(picture: "Image | np.ndarray[Any, Any]") -> tuple[Box, ...]:
    """Find the boxes of a page that stands nearly upright.

    Parameters
    ----------
    picture : PIL.Image.Image or ndarray of shape (height, width)
        The page in grey, at about 200 dots an inch.

    Returns
    -------
    tuple of Box
        From top to bottom.

    Examples
    --------
    >>> from PIL import Image, ImageDraw
    >>> page = Image.new("L", (200, 100), 255)
    >>> pen = ImageDraw.Draw(page)
    >>> pen.rectangle((20, 30, 45, 55), outline=0, width=2)
    >>> pen.rectangle((120, 30, 145, 55), outline=0, width=2)
    >>> pen.line((126, 36, 139, 49), fill=0, width=3)
    >>> [(box.left, box.is_ticked) for box in find_boxes(page)]
    [(20, False), (120, True)]
    """
    from scipy import ndimage  # noqa: PLC0415 (only where pictures are read)

    is_dark = np.asarray(picture) < _DARK
    components, _ = ndimage.label(is_dark, structure=np.ones((3, 3), dtype=int))
    boxes: list[Box] = []
    for rows, columns in ndimage.find_objects(components):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        is_square = 0.8 <= width / height <= 1.25
        if is_square and min(width, height) >= _SMALLEST and max(width, height) <= _LARGEST:
            frame = is_dark[rows, columns]
            if _is_frame(frame):
                boxes.append(
                    Box(columns.start, rows.start, columns.stop, rows.stop, _is_ticked(frame))
                )
    return tuple(boxes)


def count_rings(picture: "Image | np.ndarray[Any, Any]") -> int:
    """Count the rings that are drawn around words: answers that somebody chose by a pen.

    Parameters
    ----------
    picture : PIL.Image.Image or ndarray of shape (height, width)
        The page in grey, at about 200 dots an inch.

    Returns
    -------
    int
        Round or oval lines with other ink inside, though they may not quite close; letters, frames
        and seals are none.

    Examples
    --------
    >>> from PIL import Image, ImageDraw
    >>> page = Image.new("L", (300, 200), 255)
    >>> pen = ImageDraw.Draw(page)
    >>> pen.ellipse((40, 40, 160, 100), outline=0, width=3)
    >>> pen.rectangle((80, 60, 120, 75), fill=0)
    >>> pen.rectangle((200, 40, 280, 100), outline=0, width=3)
    >>> count_rings(page)
    1
    """
    from scipy import ndimage  # noqa: PLC0415 (as above)

    is_dark = np.asarray(picture) < _DARK
    # A ring that crosses a rule of a table would be of its component.
    is_dark = _without_rules(_without_rules(is_dark).T).T
    components, _ = ndimage.label(is_dark, structure=np.ones((3, 3), dtype=int))
    n_rings = 0
    for number, (rows, columns) in enumerate(ndimage.find_objects(components), start=1):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if _RING[0] <= min(height, width) and max(height, width) <= _RING[1]:
            line = components[rows, columns] == number
            n_rings += _is_ring(line, is_dark[rows, columns])
    return n_rings


def _without_rules(
    dots: "np.ndarray[Any, np.dtype[np.bool_]]",
) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Take out the horizontal rules of a page, but not where a line goes on above and below."""
    from scipy import ndimage  # noqa: PLC0415 (as above)

    runs = ndimage.minimum_filter1d(dots.astype(np.uint8), _RULE, axis=1)
    is_rule = ndimage.maximum_filter1d(runs, _RULE, axis=1) > 0
    rest: np.ndarray[Any, np.dtype[np.bool_]] = dots & ~is_rule
    if not is_rule.any():
        return rest
    height, width = _RULE_DEPTH
    goes_on = [
        ndimage.maximum_filter(rest, (height, width), origin=(shift, 0))
        for shift in (height // 2, -(height // 2))
    ]
    rest[is_rule & goes_on[0] & goes_on[1]] = True
    return rest


def paint_over(picture: "Image", boxes: Sequence[Box]) -> "Image":
    """Paint boxes white.

    Parameters
    ----------
    picture : PIL.Image.Image
        The page in grey.
    boxes : sequence of Box
        As found in it.

    Returns
    -------
    PIL.Image.Image
        A copy, or the picture itself where there is no box.
    """
    if not boxes:
        return picture
    painted = picture.copy()
    for box in boxes:
        painted.paste(255, (box.left - 1, box.top - 1, box.right + 1, box.bottom + 1))
    return painted


def _is_frame(frame: "np.ndarray[Any, np.dtype[np.bool_]]") -> bool:
    """Tell a frame: each of its four sides is a dark line from corner to corner."""
    depth = max(2, round(0.15 * min(frame.shape)))
    sides = (frame[:depth], frame[-depth:], frame[:, :depth].T, frame[:, -depth:].T)
    return all(side.any(axis=0).mean() >= _DARK_SIDE for side in sides)


def _is_ring(
    line: "np.ndarray[Any, np.dtype[np.bool_]]", ink: "np.ndarray[Any, np.dtype[np.bool_]]"
) -> bool:
    """Tell a ring: in every direction its outermost dot lies on an oval, and ink is inside."""
    height, width = line.shape
    rows, columns = np.indices(line.shape)
    y, x = 2 * (rows + 0.5) / height - 1, 2 * (columns + 0.5) / width - 1
    radii = np.hypot(x, y)
    directions = (np.arctan2(y, x) + np.pi) / (2 * np.pi) * _N_DIRECTIONS
    outermost = np.zeros(_N_DIRECTIONS)
    places = directions[line].astype(int) % _N_DIRECTIONS
    np.maximum.at(outermost, places, radii[line])
    share = ((outermost >= _RING_BAND[0]) & (outermost <= _RING_BAND[1])).mean()
    if share < _RING_CLOSED:
        return False
    inside = radii < _RING_BAND[0] - 0.1
    # A letter of a heading has a gap, too, but nothing else inside.
    within = ink if share == 1 else ink & ~line
    return bool(_RING_INK[0] <= within[inside].mean() <= _RING_INK[1])


def _is_ticked(frame: "np.ndarray[Any, np.dtype[np.bool_]]") -> bool | None:
    rim = max(3, round(0.22 * min(frame.shape)))
    ink = float(frame[rim:-rim, rim:-rim].mean())
    if _EMPTY < ink < _TICKED:
        return None
    return ink >= _TICKED
