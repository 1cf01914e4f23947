"""Numbers of lines at a page's left margin, as pleading paper has them.

Drawn before or after the page's own text, they stand as a block of bare numbers in the text of the
page; drawn with its lines, each is glued to the line beside it. Their places tell them from numbers
of the letter's own: one above the other, left of all else, over most of the page or of its text.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imrml.documents.placed_text import PlacedText

_FEWEST = 5
_BLOCK = re.compile(r"(?:(?<=\r\n)|^)\d{1,12} ?(?:\r\n\d{1,4} ?){4,200}(?=\r\n|$)")
_WITHIN_BLOCK = re.compile(r"\r\n\d{1,4} ?\r\n\d{1,4} ?\r\n\d")
"""Stands in each block; begins with what is found fast."""
_LINE = re.compile(r"(?:(?<=\r\n)|^)\S")
_NUMBER = re.compile(r"\d+")
_GLUED = re.compile(r"\r\n\d{1,4} \S")
"""A line that starts with a number, but for the first; begins with what is found fast."""
_AT_START = re.compile(r"(?:(?<=\r\n)|^)(\d{1,4})(?: (?=\S)| ?(?=\r\n|$))")
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
            starts = [
                line.start()
                for line in _LINE.finditer(page.text)
                if not place[0] <= line.start() < place[1]
            ]
            if _are_line_numbers(page, numbers, starts):
                blocks.append(place)
    return blocks


def _find_glued(page: "PlacedText") -> list[tuple[int, int]]:
    """Find numbers with which the lines of a page start, each with the blank behind it."""
    matches = list(_AT_START.finditer(page.text))
    rights = [page.place(match.end(1) - 1)[2] for match in matches]
    column = sorted(rights)[len(rights) // 2]
    matches = [
        match
        for match, right in zip(matches, rights, strict=True)
        if abs(right - column) < 2 * _ALIGNED
    ]
    glued: list[tuple[int, int]] = []
    for first, last in _runs([int(match[1]) for match in matches]):
        run = matches[first : last + 1]
        ends = {match.start(): match.end() for match in run}
        starts = [ends.get(line.start(), line.start()) for line in _LINE.finditer(page.text)]
        own = [start for start in starts if page.text[start : start + 1].strip()]
        if _are_line_numbers(page, [match.span(1) for match in run], own):
            glued += [match.span() for match in run]
    return glued


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
    page: "PlacedText", numbers: Sequence[tuple[int, int]], starts: Sequence[int]
) -> bool:
    """Tell a column of numbers that stands left of all lines, over most of the page or of them."""
    firsts = [page.place(start) for start, _ in numbers]
    lefts = [place[0] for place in firsts]
    rights = [page.place(end - 1)[2] for _, end in numbers]
    is_aligned = min(max(ends) - min(ends) for ends in (lefts, rights)) < _ALIGNED
    falls = all(above[1] > below[1] for above, below in pairwise(firsts))
    if not is_aligned or not falls:
        return False
    own = [page.place(start) for start in starts]
    if sum(place[0] > max(rights) for place in own) < _NEARLY_ALL * len(own):
        return False
    top, bottom = firsts[0][3], firsts[-1][1]
    if top - bottom > _HIGH * page.height:
        return True
    n_beside = sum(bottom <= (place[1] + place[3]) / 2 <= top for place in own)
    return bool(own) and n_beside >= _NEARLY_ALL * len(own)
