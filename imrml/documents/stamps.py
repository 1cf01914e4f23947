r"""What was stamped onto a page, set apart from its own text.

What was stamped onto a page later (a fax header, a mail-room stamp, a watermark) was drawn after or
before its text, at the page's edge, out of the order of the lines, aslant or sideways: it stands
at the end or start of the page's text, or in a margin beside its lines. In the text it is set
between ``"\x0e"`` and ``"\x0f"``, on a line of its own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from imrml.documents.line_numbers import find_line_numbers
from imrml.documents.margins import find_margin_print
from imrml.documents.ocr_layers import join_lines
from imrml.documents.placed_text import Line, PlacedText, margin_scale, quarter_turns

STAMP_START, STAMP_END = "\x0e", "\x0f"
"""What stands around a stamp in the text of a page."""

_LINE_END = "\r\n"
_MARGIN = 54
"""Points from a page's edge in which a letter's own text does not stand."""
_WIDER_MARGIN = 90
"""The same for small print."""
_SMALL_PRINT = 0.85
"""Of the height of the page's text; print of less is small."""
_JUMP = 1.5
"""Lines upward that text takes from where a letter ends to where a stamp begins; its own columns
and tables take fewer."""
_MAX_STAMP, _LOOKED_AT = 600, 800
"""Characters of a stamp; text out of order that is longer is the letter's own."""
_OTHER_PRINT = 0.03
"""Of the height of the page's text, by which other print differs from it."""
_PROSE = re.compile(r"(?:\b[a-z]{2,30}\b[^\w\r\n]{1,3}){5}")
_WORD = re.compile(r"\S+")
_HYPHEN_AT_END = re.compile("[\x02\ufffe]")
"""How PDFium writes it; behind the page's last line it leaves no other end."""


def set_stamps_apart(page: PlacedText, from_places: bool) -> str:
    """Give the text of a page with what was stamped on it set apart.

    Parameters
    ----------
    page : PlacedText
        The page.
    from_places : bool
        Whether its lines are joined anew from the places of its words, without blanks at their
        ends, as a text layer by OCR needs it.

    Returns
    -------
    str
        Stamps stand between ``STAMP_START`` and ``STAMP_END``.
    """
    if not page.text.strip():
        return page.text
    glued = list(_merge([*find_line_numbers(page), *find_margin_print(page)]))
    rest = page.without(glued) if glued else page
    start, end = _find_body(rest) if rest.text.strip() else (0, len(rest.text))
    head_end, tail_start = rest.origin(start), rest.origin(end)
    within = [place for place in glued if head_end <= place[0] < tail_start]
    stamps = [(0, head_end), *within, (tail_start, len(page.text))]
    return _mark(page, stamps, from_places)


def _merge(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield places by start, those that overlap or touch as one."""
    start = end = -1
    for place in sorted(places):
        if place[0] > end:
            if end > start:
                yield start, end
            start = place[0]
        end = max(end, place[1])
    if end > start:
        yield start, end


def _mark(page: PlacedText, stamps: Sequence[tuple[int, int]], from_places: bool) -> str:
    """Give the text of a page with each stamp on a line of its own."""
    text = page.text
    pieces: list[str] = []
    at = 0
    for start, end in (*stamps, (len(text), len(text))):
        own = join_lines(page, at, start) if from_places else text[at:start]
        if own:
            if pieces and pieces[-1].endswith(STAMP_END) and not own.startswith(_LINE_END):
                pieces.append(_LINE_END)
            pieces.append(own)
        if words := text[start:end].strip():
            if pieces and not pieces[-1].endswith("\n"):
                pieces.append(_LINE_END)
            pieces.append(f"{STAMP_START}{words}{STAMP_END}")
        at = end
    return "".join(pieces)


def _find_body(page: PlacedText) -> tuple[int, int]:
    """Find where the page's own text starts and ends in the text of the page."""
    text, n = page.text, len(page.text)
    middle = _place_near(page, n // 2)
    height = middle[3] - middle[1]
    first, last = _place_near(page, 0), _place_near(page, n - 1)
    below_first = [_place_near(page, at) for at in (120, 300, 600) if at < n // 2]
    above_last = [_place_near(page, n - at) for at in (120, 300, 600) if at < n // 2]
    start, end = 0, n
    if (
        page.below_top(first[3]) < _WIDER_MARGIN - 15
        or first[3] - first[1] < _SMALL_PRINT * height
        or any(first[1] < place[1] - 1 for place in below_first)
        or quarter_turns(page.angle(0)) != 0
        or not below_first
    ):
        start = _find_head_end(page, n, height)
    above = _place_near(page, max(text.rfind(_LINE_END, 0, len(text.rstrip())) - 1, 0))
    if (
        page.above_bottom(last[1]) < _MARGIN
        or (page.above_bottom(last[1]) < _WIDER_MARGIN and last[3] < above[1] - 2 * _JUMP * height)
        or last[3] - last[1] < _SMALL_PRINT * height
        or any(last[1] > place[1] + 1 for place in above_last)
        or quarter_turns(page.angle(n - 1)) != 0
        or not above_last
    ):
        end = _find_tail_start(page, 0, height)
    if start >= end:
        # Two stamps, of which one stands far above the other, read as the end of one text and the
        # start of another: where the page's own is short, both ways round.
        ways = (
            (_find_head_end(page, end, height), end),
            (start, _find_tail_start(page, start, height)),
        )
        start, end = max(ways, key=lambda way: _count_within(page, *way))
    # A page of nothing but stamps is no page of ours to judge.
    return (start, end) if text[start:end].strip() else (0, n)


def _count_within(page: PlacedText, start: int, end: int) -> int:
    """Count the characters of a stretch that do not stand at the page's head or foot."""
    return sum(
        line.end - line.start
        for line in _lines(page, start, end)
        if page.above_bottom(line.bottom) > _MARGIN and page.below_top(line.top) > _MARGIN
    )


def _place_near(page: PlacedText, at: int) -> tuple[float, float, float, float]:
    """Give the place of the first character from ``at`` on, or before it, that is no blank."""
    text = page.text
    after = at
    while after < len(text) and text[after].isspace():
        after += 1
    if after == len(text):
        after = len(text.rstrip()) - 1
    return page.place(after)


def _find_tail_start(page: PlacedText, first: int, height: float) -> int:
    """Find where stamps begin that stand behind the page's own text, from ``first`` on."""
    lines = list(_lines(page, max(first, len(page.text) - _LOOKED_AT), len(page.text)))
    start = len(page.text)
    for above, line in reversed(list(pairwise(lines))):
        if len(page.text) - line.start > _MAX_STAMP:
            break
        gap = above.bottom - line.top
        is_at_foot = _is_at_edge(line, page.above_bottom(line.bottom), height, gap)
        is_foot = is_at_foot and not _is_prose(page, line, height)
        is_higher = line.bottom > above.top + _JUMP * height
        # Small print at the height of the page's last line, far behind its words.
        is_beside = line.height < _SMALL_PRINT * height and above.is_left_of(line)
        # Small print below the letter's end, as of a signature by machine.
        is_below = line.height < _SMALL_PRINT * height and gap > 0.5 * height
        is_apart = is_foot or is_beside or is_below
        if line.is_turned or is_apart or (is_higher and not above.is_turned):
            start = line.start
    return start


def _find_head_end(page: PlacedText, last: int, height: float) -> int:
    """Find where stamps end that stand before the page's own text, up to ``last``."""
    lines = list(_lines(page, 0, min(last, _LOOKED_AT)))
    end = 0
    for line, below in pairwise(lines):
        if line.end > _MAX_STAMP:
            break
        gap = line.bottom - below.top
        is_at_head = _is_at_edge(line, page.below_top(line.top), height, gap)
        is_head = is_at_head and not _is_prose(page, line, height)
        is_lower = below.bottom > line.top + 2 * _JUMP * height
        if line.is_turned or is_head or (is_lower and not below.is_turned):
            end = below.start
    return end


def _is_at_edge(line: Line, distance: float, height: float, gap: float) -> bool:
    """Tell a line in a page's margin: small print, or set off by more than a paragraph is."""
    distance /= margin_scale(height)
    if line.height < _SMALL_PRINT * height:
        return distance < _WIDER_MARGIN and gap > 0.3 * height
    return (distance < _MARGIN and gap > _JUMP * height) or (
        distance < _WIDER_MARGIN and gap > 2 * _JUMP * height
    )


def _is_prose(page: PlacedText, line: Line, height: float) -> bool:
    """Tell a sentence in the print of the page: of a letter with narrow margins, it is its own."""
    is_of_page = abs(line.height - height) < _OTHER_PRINT * height
    return is_of_page and _PROSE.search(page.text, line.start, line.end) is not None


def _lines(page: PlacedText, start: int, end: int) -> Iterator[Line]:
    """Yield the lines of a stretch of the text; where it starts within a line, from the next on."""
    text = page.text
    at = start
    if start and not text.endswith(_LINE_END, 0, start):
        at = text.find(_LINE_END, start, end) + len(_LINE_END)
        if at < len(_LINE_END):
            return
    while at < end:
        line_end = text.find(_LINE_END, at, end)
        line_end = end if line_end < 0 else line_end
        for part_end in _ends_of_parts(text, at, line_end):
            for cut in _cut_glued(page, at, part_end):
                if line := page.line(at, cut):
                    yield line
                at = cut
        at = line_end + len(_LINE_END)


def _ends_of_parts(text: str, start: int, end: int) -> Iterator[int]:
    """Yield where parts of a line end: behind a hyphen that stands for a line's end, too."""
    yield from (hyphen.end() for hyphen in _HYPHEN_AT_END.finditer(text, start, end))
    yield end


def _print_of(page: PlacedText, at: int) -> tuple[bool, int]:
    """Give whether a character is turned, and its height in points."""
    return quarter_turns(page.angle(at)) != 0, round(page.height_at(at))


def _cut_glued(page: PlacedText, start: int, end: int) -> Iterator[int]:
    """Yield where a line ends; within, too, where the slant or the size of its words changes.

    Its first, middle and last words tell whether any does.
    """
    text = page.text
    first, last = _WORD.search(text, start, end), text.rfind(" ", start, end) + 1
    if first is None or last <= first.start():
        yield end
        return
    middle = max(text.rfind(" ", start, (start + end) // 2) + 1, first.start())
    print_of_first = _print_of(page, first.start())
    if (last == end or _print_of(page, last) == print_of_first) and (
        middle == first.start() or _print_of(page, middle) == print_of_first
    ):
        yield end
        return
    before: tuple[bool, float, float] | None = None
    for word in _WORD.finditer(page.text, start, end):
        left, bottom, _, top = page.place(word.start())
        is_turned = quarter_turns(page.angle(word.start())) != 0
        if before:
            ratio = (top - bottom) / (before[1] or 1)
            # A line's own small print stands close to what it belongs to.
            is_apart = not _SMALL_PRINT < ratio < 1 / _SMALL_PRINT and left > before[2] + before[1]
            if is_turned != before[0] or is_apart or not 0.5 < ratio < 2:
                yield word.start()
        before = is_turned, top - bottom, page.place(word.end() - 1)[2]
    yield end
