"""Numbers of lines at a page's left margin, as pleading paper has them.

They were drawn before or after the page's own text, so they stand as a block of bare numbers in the
text of the page. Their places tell them from numbers of the letter's own: one above the other, left
of all else, over most of the page.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imrml.documents.placed_text import PlacedText

_FEWEST = 5
_BLOCK = re.compile(r"(?:(?<=\r\n)|^)\d{1,12} ?(?:\r\n\d{1,4} ?){4,200}(?=\r\n|$)")
_LINE = re.compile(r"(?:(?<=\r\n)|^)\S")
_NUMBER = re.compile(r"\d+")
_HIGH = 0.45
"""Of the page's height; a table or list of numbers reaches over less."""
_ALIGNED = 3.0
"""Points by which the left or right ends of a column may differ."""
_NEARLY_ALL = 0.9


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
    blocks: list[tuple[int, int]] = []
    for block in _BLOCK.finditer(page.text):
        # A number of the letter's own may stand right above or below them.
        places = list(_find_numbers(page, block))
        for first, last in _runs([int(page.text[start:end]) for start, end in places]):
            numbers = places[first : last + 1]
            place = numbers[0][0], numbers[-1][1]
            if _is_column(page, numbers) and _is_left_of_rest(page, place):
                blocks.append(place)
    return blocks


def _find_numbers(page: "PlacedText", block: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield where numbers stand; PDFium takes single digits, one below the other, for a line."""
    for number in _NUMBER.finditer(page.text, *block.span()):
        start = number.start()
        for at in range(start + 1, number.end()):
            if page.place(at)[3] < page.place(start)[1]:
                yield start, at
                start = at
        yield start, number.end()


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of numbers that rise by the same step, of no few."""
    first = 0
    for at in range(1, len(numbers) + 1):
        step = numbers[at] - numbers[at - 1] if at < len(numbers) else 0
        if step < 1 or (at > first + 1 and step != numbers[at - 1] - numbers[at - 2]):
            if at - first >= _FEWEST:
                yield first, at - 1
            first = at


def _is_column(page: "PlacedText", numbers: Sequence[tuple[int, int]]) -> bool:
    """Tell numbers that stand one above the other over most of the page."""
    firsts = [page.place(start) for start, _ in numbers]
    lefts = [place[0] for place in firsts]
    rights = [page.place(end - 1)[2] for _, end in numbers]
    is_aligned = min(max(ends) - min(ends) for ends in (lefts, rights)) < _ALIGNED
    falls = all(above[1] > below[1] for above, below in pairwise(firsts))
    return is_aligned and falls and firsts[0][3] - firsts[-1][1] > _HIGH * page.height


def _is_left_of_rest(page: "PlacedText", block: tuple[int, int]) -> bool:
    """Tell whether nearly all other lines of a page begin to the right of a block of numbers."""
    right = max(page.place(at)[2] for at in range(*block) if page.text[at].isdigit())
    starts = [
        line.start()
        for line in _LINE.finditer(page.text)
        if not block[0] <= line.start() < block[1]
    ]
    n_right = sum(page.place(start)[0] > right for start in starts)
    return n_right >= _NEARLY_ALL * len(starts)
