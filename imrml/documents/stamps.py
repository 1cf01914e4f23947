r"""What was stamped onto a page, set apart from its own text.

What was stamped onto a page later (a fax header, a mail-room stamp, a watermark) was drawn after or
before its text, at the page's edge, out of the order of the lines, over them, aslant or sideways,
often in other letters than the page's: it stands at the end or start of the page's text, within its
last line, or in a margin beside its lines. In the text it is set between ``"\x0e"`` and
``"\x0f"``, on a line of its own, and after two ``"\x0e"`` where no line of a letter's own is drawn.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from imrml.documents.line_numbers import find_line_numbers
from imrml.documents.margins import find_margin_print, start_with_blank
from imrml.documents.ocr_layers import join_lines
from imrml.documents.overlays import Overlay, find_overlays
from imrml.documents.overprint import OwnPrint, find_overprint, find_own_print, first_sign
from imrml.documents.placed_text import Line, PlacedText
from imrml.documents.turns import quarter_turns

STAMP_START, STAMP_END = "\x0e", "\x0f"
"""What stands around a stamp in the text of a page."""

_LINE_END = "\r\n"
_MARGIN = 54
"""Points from a page's edge in which a letter's own text does not stand."""
_WIDER_MARGIN = 90
"""The same for small print."""
_SMALL_PRINT, _HUGE = 0.85, 2.5
"""Of the height of the page's text; print of less is small, and of more no heading of a letter."""
_JUMP = 1.5
"""Lines upward that text takes from where a letter ends to where a stamp begins; its own columns
and tables take fewer."""
_MAX_STAMP, _LOOKED_AT = 600, 800
"""Characters of a stamp; text out of order that is longer is the letter's own."""
_OTHER_PRINT = 0.03
"""Of the height of the page's text, by which other print differs from it."""
_OFF_BASE = 0.1
"""Heights of a line by which print that stands over it reaches into it."""
_PROSE = re.compile(r"(?:\b[a-z]{2,30}\b[^\w\r\n]{1,3}){5}")
_WORD = re.compile(r"\S+")
_HYPHEN_AT_END = re.compile("[\x02\ufffe]")
"""How PDFium writes it; behind the page's last line it leaves no other end."""


def set_stamps_apart(
    page: PlacedText, *, is_after_marked: bool = False, from_places: bool = False
) -> str:
    """Give the text of a page with what was stamped on it set apart.

    Parameters
    ----------
    page : PlacedText
        The page.
    is_after_marked : bool, default=False
        As :func:`imrml.documents.overlays.find_overlays` takes it.
    from_places : bool, default=False
        Whether its lines are joined anew from the places of its words, without blanks at their
        ends, as a text layer by OCR needs it.

    Returns
    -------
    str
        Stamps stand between ``STAMP_START`` and ``STAMP_END``.
    """
    if not page.text.strip():
        return page.text
    overlays = find_overlays(page, is_after_marked=is_after_marked)
    clear = page.without([overlay[:2] for overlay in overlays]) if overlays else page
    if not clear.text.strip():
        return _mark(page, [_stamp_of(overlay) for overlay in overlays], from_places)
    own = find_own_print(clear, has_overlay=bool(overlays))
    glued = known = list(_merge([*find_line_numbers(clear), *find_margin_print(clear)]))
    if overlays:
        glued = [(clear.origin(first), clear.origin(last - 1) + 1) for first, last in glued]
        known = list(_merge([*glued, *(overlay[:2] for overlay in overlays)]))
    rest = page.without(known) if known else page
    if not rest.text.strip():
        return _mark(page, [_Stamp(*place, False) for place in known], from_places)
    start, end = _find_body(rest, own)
    if end < len(rest.text):  # a blank that PDFium put at the line's end does not say that it wraps
        end = start_with_blank(rest, len(rest.text[:end].rstrip(_LINE_END)))
    head_end, tail_start = rest.origin(start), rest.origin(end)
    within = [place for place in glued if head_end <= place[0] < tail_start]
    over = [
        (rest.origin(first), rest.origin(last - 1) + 1)
        for first, last in find_overprint(rest, start, end, own)
    ]
    sure_end = rest.origin(_find_sure_end(rest, start, own))
    sure_start = rest.origin(_find_sure_start(rest, end, own))
    stamps = [
        _Stamp(0, sure_end, True),
        _Stamp(sure_end, head_end, False),
        *sorted(
            [
                *(_Stamp(*place, False) for place in within),
                *(_Stamp(*place, True, True) for place in over),
            ]
        ),
        _Stamp(tail_start, sure_start, False),
        _Stamp(sure_start, len(page.text), True),
    ]
    if overlays:
        stamps = sorted([*_cut_out(stamps, overlays), *map(_stamp_of, overlays)])
    return _mark(page, stamps, from_places)


_Kind = tuple[str, int]
"""The print of a line: the family of its letters and its height in whole points."""


class _Stamp(NamedTuple):
    """Where a stamp stands in the text of a page.

    Surely, where it can be nothing else; amid a line where words of the line may follow.
    """

    start: int
    end: int
    is_sure: bool
    is_amid: bool = False


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


def _cut_out(stamps: Iterable[_Stamp], overlays: Sequence[Overlay]) -> Iterator[_Stamp]:
    """Yield stamps without what another program drew within them."""
    for stamp in stamps:
        start = stamp.start
        for overlay in overlays:
            if start < overlay.end and overlay.start < stamp.end:
                yield stamp._replace(start=start, end=max(start, overlay.start))
                start = overlay.end
        yield stamp._replace(start=min(start, stamp.end))


def _stamp_of(overlay: Overlay) -> _Stamp:
    return _Stamp(overlay.start, overlay.end, True, not overlay.is_line)


def _mark(page: PlacedText, stamps: Sequence[_Stamp], from_places: bool) -> str:
    """Give the text of a page with each stamp on a line of its own."""
    text = page.text
    pieces: list[str] = []
    held: list[str] = []
    at = 0
    for stamp in (*stamps, _Stamp(len(text), len(text), False)):
        own = join_lines(page, at, stamp.start) if from_places else text[at : stamp.start]
        if own:
            if pieces and pieces[-1].endswith(STAMP_END) and not own.startswith(_LINE_END):
                pieces.append(_LINE_END)
            pieces.append(own)
        if words := text[stamp.start : stamp.end].strip():
            held.append(f"{STAMP_START * (1 + stamp.is_sure)}{words}{STAMP_END}")
        if not stamp.is_amid:
            for marked in held:
                if pieces and not pieces[-1].endswith("\n"):
                    pieces.append(_LINE_END)
                pieces.append(marked)
            held.clear()
        at = stamp.end
    return "".join(pieces)


def _find_body(page: PlacedText, own: OwnPrint) -> tuple[int, int]:
    """Find where the page's own text starts and ends in the text of the page."""
    text, n, height = page.text, len(page.text), own.height
    first, last = _place_near(page, 0), _place_near(page, n - 1)
    below_first = [_place_near(page, at) for at in (120, 300, 600) if at < n // 2]
    above_last = [_place_near(page, n - at) for at in (120, 300, 600) if at < n // 2]
    start, end = 0, n
    if (
        (page.below_top(first[3]) < _WIDER_MARGIN - 15 and not _starts_as_own(page, own))
        or not _SMALL_PRINT * height < first[3] - first[1] < _HUGE * height
        or any(first[1] < place[1] - 1 for place in below_first)
        or quarter_turns(page.angle(0)) != 0
        or not below_first
    ):
        start = _find_head_end(page, n, own)
    above = _place_near(page, max(text.rfind(_LINE_END, 0, len(text.rstrip())) - 1, 0))
    if (
        page.above_bottom(last[1]) < _MARGIN
        or (page.above_bottom(last[1]) < _WIDER_MARGIN and last[3] < above[1] - 2 * _JUMP * height)
        or not _SMALL_PRINT * height < last[3] - last[1] < _HUGE * height
        or any(last[1] > place[1] + 1 for place in above_last)
        or quarter_turns(page.angle(n - 1)) != 0
        or not own.is_last
        or not above_last
    ):
        end = _find_tail_start(page, 0, own)
    if start >= end:
        # Two stamps, of which one stands far above the other, read as the end of one text and the
        # start of another: where the page's own is short, both ways round.
        ways = (
            (_find_head_end(page, end, own), end),
            (start, _find_tail_start(page, start, own)),
        )
        start, end = max(ways, key=lambda way: _count_within(page, *way))
    # A page of nothing but stamps is no page of ours to judge.
    return (start, end) if text[start:end].strip() else (0, n)


def _starts_as_own(page: PlacedText, own: OwnPrint) -> bool:
    """Tell a page whose first lines are in its own print and follow each other as its lines do."""
    starts = [first_sign(page, 0)]
    for _ in range(2):
        line_end = page.text.find(_LINE_END, starts[-1])
        starts.append(first_sign(page, line_end if line_end >= 0 else len(page.text)))
    places = [page.place(at) for at in starts]
    heights = [top - bottom for _, bottom, _, top in places]
    return (
        page.below_top(places[0][3]) >= _MARGIN * own.margin
        and all(abs(height - own.height) < _OTHER_PRINT * own.height for height in heights)
        and all(
            0 < above[1] - below[1] < own.height * 2 * _JUMP for above, below in pairwise(places)
        )
        and page.font_kind(starts[0]) == own.font_kind
    )


def _count_within(page: PlacedText, start: int, end: int) -> int:
    """Count the characters of a stretch that do not stand at the page's head or foot."""
    return sum(
        line.end - line.start
        for line in _lines(page, start, end)
        if page.above_bottom(line.bottom) > _MARGIN and page.below_top(line.top) > _MARGIN
    )


def _place_near(page: PlacedText, at: int) -> tuple[float, float, float, float]:
    """Give the place of the first character from ``at`` on, or before it, that is no blank."""
    return page.place(first_sign(page, at))


def _find_tail_start(page: PlacedText, first: int, own: OwnPrint) -> int:
    """Find where stamps begin that stand behind the page's own text, from ``first`` on."""
    height = own.height
    lines = list(_lines(page, max(first, len(page.text) - _LOOKED_AT), len(page.text)))
    start = len(page.text)
    middle = (page.box[0] + page.box[2]) / 2
    kind_below: _Kind | None = None
    is_above_own = False
    for above, line in reversed(list(pairwise(lines))):
        if len(page.text) - line.start > _MAX_STAMP:
            break
        gap = above.bottom - line.top
        kind, is_small = _print_of_line(page, line), line.height < _SMALL_PRINT * height
        is_foreign = _is_foreign(kind, own)
        is_at_foot = _is_at_edge(line, page.above_bottom(line.bottom), own, gap, is_foreign)
        is_foot = is_at_foot and not _is_prose(page, line, own)
        is_higher = line.bottom > above.top + _JUMP * height
        # Small print at the height of the page's last line, far behind its words.
        is_beside = is_small and above.is_left_of(line)
        # Small print below the letter's end, as of a signature by machine.
        is_below = is_small and gap > 0.5 * height
        # Other letters than the page's where none of its own lines would follow, or as below them.
        is_right = page.place(first_sign(page, line.start))[0] > middle
        is_set_off = is_right or not -_OFF_BASE * height < gap < _JUMP * height
        is_out_of_place = is_foreign and (
            (is_set_off and kind != _print_of_line(page, above)) or kind == kind_below
        )
        is_out_of_place |= line.height > _HUGE * height
        # Print over two lines stands before the last of them, which is the page's own.
        is_apart = is_foot or is_beside or is_below or (is_out_of_place and not is_above_own)
        if line.is_turned or is_apart or (is_higher and not above.is_turned):
            start, kind_below, is_above_own = line.start, kind, False
        else:
            is_above_own |= not is_foreign
    return start


def _find_head_end(page: PlacedText, last: int, own: OwnPrint) -> int:
    """Find where stamps end that stand before the page's own text, up to ``last``."""
    height = own.height
    lines = list(_lines(page, 0, min(last, _LOOKED_AT)))
    end = 0
    for line, below in pairwise(lines):
        if line.end > _MAX_STAMP:
            break
        gap = line.bottom - below.top
        is_lower = below.bottom > line.top + 2 * _JUMP * height
        is_near_edge = page.below_top(line.top) < _WIDER_MARGIN
        if not (line.is_turned or is_lower or is_near_edge or gap < -_OFF_BASE * height):
            continue
        kind = _print_of_line(page, line)
        is_foreign = _is_foreign(kind, own)
        is_at_head = _is_at_edge(line, page.below_top(line.top), own, gap, is_foreign)
        is_head = is_at_head and not _is_prose(page, line, own)
        is_over = gap < -_OFF_BASE * height and kind != _print_of_line(page, below)
        is_out_of_place = is_foreign and is_over
        if line.is_turned or is_head or is_out_of_place or (is_lower and not below.is_turned):
            end = below.start
    return end


def _find_sure_start(page: PlacedText, start: int, own: OwnPrint) -> int:
    """Find where stamps begin, from ``start`` on, that are all in the same other print.

    One at least runs aslant or stands above what was drawn before it, or none is sure.
    """
    sure, is_out_of_order = len(page.text), False
    if start == sure:
        return sure
    lines = list(_lines(page, max(0, len(page.text) - _LOOKED_AT), len(page.text)))
    kind = _print_of_line(page, lines[-1])
    if not _is_foreign(kind, own):
        return sure
    for above, line in reversed(list(pairwise(lines))):
        if line.start < start or _print_of_line(page, line) != kind:
            break
        sure = line.start
        is_out_of_order |= line.is_turned or line.bottom > above.top + _JUMP * own.height
    return sure if is_out_of_order else len(page.text)


def _find_sure_end(page: PlacedText, end: int, own: OwnPrint) -> int:
    """Find where stamps end, up to ``end``, as :func:`_find_sure_start` finds where they begin."""
    sure, is_out_of_order = 0, False
    if end == sure:
        return sure
    lines = list(_lines(page, 0, min(_LOOKED_AT, len(page.text))))
    kind = _print_of_line(page, lines[0])
    if not _is_foreign(kind, own):
        return sure
    for line, below in pairwise(lines):
        if below.start > end or _print_of_line(page, line) != kind:
            break
        sure = below.start
        is_out_of_order |= line.is_turned or below.bottom > line.top + 2 * _JUMP * own.height
    return sure if is_out_of_order else 0


def _print_of_line(page: PlacedText, line: Line) -> _Kind:
    return page.font_kind(first_sign(page, line.start)), round(line.height)


def _is_foreign(kind: _Kind, own: OwnPrint) -> bool:
    """Tell print of another family or size than the page's."""
    family, height = kind
    return family != own.font_kind or not _SMALL_PRINT < height / own.height < 1 / _SMALL_PRINT


def _is_at_edge(line: Line, distance: float, own: OwnPrint, gap: float, is_foreign: bool) -> bool:
    """Tell a line in a page's margin: small print, or set off by more than a paragraph is."""
    height = own.height
    if own.margin <= 0:
        return False
    distance /= own.margin
    if line.height < _SMALL_PRINT * height:
        return distance < _WIDER_MARGIN and gap > 0.3 * height
    return (distance < _MARGIN and gap > (0.3 if is_foreign else _JUMP) * height) or (
        distance < _WIDER_MARGIN and gap > 2 * _JUMP * height
    )


def _is_prose(page: PlacedText, line: Line, own: OwnPrint) -> bool:
    """Tell a sentence in the print of the page: of a letter with narrow margins, it is its own."""
    is_of_page = abs(line.height - own.height) < _OTHER_PRINT * own.height
    return (
        is_of_page
        and _print_of_line(page, line)[0] == own.font_kind
        and _PROSE.search(page.text, line.start, line.end) is not None
    )


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
