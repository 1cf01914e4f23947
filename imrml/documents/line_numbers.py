"""Numbers of lines at a page's left margin, as pleading paper has them.

Drawn before or after the page's own text, they stand as a block of bare numbers in the text of the
page; drawn with its lines, each is glued to the line beside it. Their places tell them from numbers
of the letter's own: one above the other, left of all else, over most of the page or of its text.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, TypeVar

from imrml.documents.tesseract import Word

if TYPE_CHECKING:
    from imrml.documents.placed_text import PlacedText

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, upward."""
Number = TypeVar("Number")

_FEWEST = 5
_BLOCK = re.compile(r"(?:(?<=\r\n)|^)\d{1,12} ?(?:\r\n\d{1,4} ?){4,200}(?=\r\n|$)")
_WITHIN_BLOCK = re.compile(r"\r\n\d{1,4} ?\r\n\d{1,4} ?\r\n\d")
"""Stands in each block; begins with what is found fast."""
_LINE = re.compile("(?:(?<=\r\n)|(?<=[\x02\ufffe])|^)\\S")
_NUMBER = re.compile(r"\d+")
_GLUED = re.compile(r"\r\n(?:\d{1,4} ?|[|\u2502\u00a6])[|\u2502\u00a6 ]")
"""A line that starts with a number or a bar, but for the first; begins with what is found fast."""
# A hyphen at a line's end stands in the place of the end, for PDFium.
_AT_START = re.compile(
    "(?:(?<=\r\n)|(?<=[\x02\ufffe])|^)"
    r"((\d{1,4})(?: ?[|\u2502\u00a6])?|[|\u2502\u00a6])(?: (?=\S)| ?(?=\r\n|$)|(?=[^\W\d_]))"
)
_BARS = "|\u2502\u00a6 "
_SCANNED = re.compile(r"\d{1,4}[|\u2502\u00a6]?")
_ASKEW = 40.0
"""Dots by which a column on a scan may stray, for the page lies askew."""
_HIGH = 0.45
"""Of the page's height; a table or list of numbers reaches over less."""
_ALIGNED = 3.0
"""Points by which the left or right ends of a column may stray from its middle."""
_NEARLY_ALL, _MOST = 0.9, 0.8


def find_line_numbers(page: "PlacedText") -> list[tuple[int, int]]:
    """Find blocks of line numbers in the text of a page.

    Parameters
    ----------
    page : PlacedText
        The page.

    Returns
    -------
    list of (int, int)
        Where they stand in its text, from first to last; nearly always none.
    """
    if len(_GLUED.findall(page.text)) >= _FEWEST - 1 and (glued := _find_glued(page)):
        return glued
    blocks: list[tuple[int, int]] = []
    if not _WITHIN_BLOCK.search(page.text):
        return blocks
    for block in _BLOCK.finditer(page.text):
        # A number of the letter's own may stand right above or below them.
        places = list(_find_numbers(page, block))
        for first, last in _runs([int(page.text[start:end]) for start, end in places]):
            numbers = places[first : last + 1]
            place = numbers[0][0], numbers[-1][1]
            own = [
                page.place(line.start())
                for line in _LINE.finditer(page.text)
                if not place[0] <= line.start() < place[1]
            ]
            boxes = [_box_of(page, *number) for number in numbers]
            if _are_line_numbers(boxes, own, page.height):
                blocks.append(place)
    return blocks


def _find_glued(page: "PlacedText") -> list[tuple[int, int]]:
    """Find numbers and bars with which the lines of a page start, each with the blank behind it."""
    matches = list(_AT_START.finditer(page.text))
    by_left = _in_column(matches, [page.place(match.start(1))[0] for match in matches])
    by_right = _in_column(matches, [page.place(match.end(1) - 1)[2] for match in matches])
    # As they stand below each other: the cells of a table may be drawn in another order.
    matches = sorted(
        by_left if len(by_left) > len(by_right) else by_right,
        key=lambda match: -page.place(match.start(1))[1],
    )
    if len(matches) < _FEWEST or not _count_on([int(match[2]) for match in matches if match[2]]):
        return []
    ends = {match.start(): match.end() for match in matches}
    starts = [ends.get(line.start(), line.start()) for line in _LINE.finditer(page.text)]
    own = [page.place(start) for start in starts if page.text[start : start + 1].strip()]
    if not _are_line_numbers(
        [_box_of(page, *match.span(1)) for match in matches], own, page.height
    ):
        return []
    return sorted(match.span() for match in matches)


def _in_column(
    numbers: Sequence[Number], ends: Sequence[float], tolerance: float = 2 * _ALIGNED
) -> list[Number]:
    """Keep what stands in the column of most: its left or right ends are given."""
    column = median(ends)
    return [
        number for number, end in zip(numbers, ends, strict=True) if abs(end - column) < tolerance
    ]


def _count_on(numbers: Sequence[int]) -> bool:
    """Tell numbers that nearly all rise by the same step; bars alone need not."""
    steps = Counter(following - number for number, following in pairwise(numbers))
    if not steps:
        return not numbers
    usual, n = steps.most_common(1)[0]
    return usual > 0 and n >= _MOST * steps.total()


def _find_numbers(page: "PlacedText", block: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield where numbers stand; PDFium takes digits, one below the other, for one number."""
    for number in _NUMBER.finditer(page.text, *block.span()):
        start = number.start()
        for at in range(start + 1, number.end()):
            if page.place(at)[0] < page.place(at - 1)[2] - _ALIGNED:
                yield start, at
                start = at
        yield start, number.end()


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of numbers that rise by the same step, of no few.

    They may begin anew.
    """
    first = 0
    for at in range(1, len(numbers) + 1):
        goes_on = False
        if at < len(numbers):
            step = numbers[at] - numbers[at - 1]
            usual = numbers[first + 1] - numbers[first]
            goes_on = step == usual > 0 or (at > first + 1 and numbers[at] == numbers[first])
        if not goes_on:
            if at - first >= _FEWEST:
                yield first, at - 1
            first = at


def _are_line_numbers(
    numbers: Sequence[Box], own: Sequence[Box], page_height: float, tolerance: float = _ALIGNED
) -> bool:
    """Tell a column of numbers that stands left of all lines, over most of the page or of them."""
    lefts, rights = ([box[side] for box in numbers] for side in (0, 2))
    is_aligned = any(
        sum(abs(end - median(ends)) < tolerance for end in ends) >= _NEARLY_ALL * len(ends)
        for ends in (lefts, rights)
    )
    falls = all(above[1] > below[1] for above, below in pairwise(numbers))
    if not is_aligned or not falls:
        return False
    # Of a digit, the room that its font gives it may reach into the line behind it.
    if sum(box[0] > median(rights) for box in own) < _NEARLY_ALL * len(own):
        return False
    top, bottom = numbers[0][3], numbers[-1][1]
    if top - bottom > _HIGH * page_height:
        return True
    n_beside = sum(bottom <= (box[1] + box[3]) / 2 <= top for box in own)
    return bool(own) and n_beside >= _NEARLY_ALL * len(own)


def _box_of(page: "PlacedText", start: int, end: int) -> Box:
    left, bottom, _, top = page.place(start)
    return left, bottom, page.place(end - 1)[2], top


def drop_line_numbers(lines: Sequence[Sequence[Word]], page_height: int) -> list[list[Word]]:
    """Leave out the numbers of lines from what OCR read of a page.

    Parameters
    ----------
    lines : sequence of sequence of Word
        In any order; a number stands before the words of its line, or on a line of its own.
    page_height : int
        In dots.

    Returns
    -------
    list of list of Word
        The lines that hold other words.

    Examples
    --------
    >>> rows = [
    ...     (Word(str(at), 96.0, 40, 30 * at, 60, 30 * at + 20),
    ...      Word("Given", 96.0, 100, 30 * at, 180, 30 * at + 20))
    ...     for at in range(1, 7)
    ... ]
    >>> drop_line_numbers(rows, 400)[0][0].text
    'Given'
    """
    firsts = [line[0] for line in lines if _SCANNED.fullmatch(line[0].text)]
    if len(firsts) < _FEWEST:
        return list(map(list, lines))
    by_left = _in_column(firsts, [word.left for word in firsts], _ASKEW)
    by_right = _in_column(firsts, [word.right for word in firsts], _ASKEW)
    numbers = sorted(
        by_left if len(by_left) > len(by_right) else by_right, key=lambda word: word.top
    )
    of_numbers = frozenset(map(id, numbers))
    rest = [
        list(line[1:] if id(line[0]) in of_numbers else line)
        for line in lines
        if len(line) > 1 or id(line[0]) not in of_numbers
    ]
    counted = [int(number) for word in numbers if (number := word.text.strip(_BARS))]
    boxes, own = (
        [(word.left, -word.bottom, word.right, -word.top) for word in words]
        for words in (numbers, [line[0] for line in rest])
    )
    are_numbers = (
        len(numbers) >= _FEWEST
        and _count_on(counted)
        and _are_line_numbers(boxes, own, page_height, _ASKEW)
    )
    return rest if are_numbers else list(map(list, lines))
