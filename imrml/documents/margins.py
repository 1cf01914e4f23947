"""Print in a margin of a page at the height of the letter's own lines, as if it were of them.

A number or a name that is stamped beside a line is glued to it by whatever reads the page. Its
place tells it: it stands beyond where the page's other lines begin or end, in the margin, and it is
set off from the line by a gap, by its print, or by being drawn over the line's end. A letter that
uses its margins itself is left as it is.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from imrml.documents.placed_text import HEAD_AND_FOOT, PlacedText

Box = tuple[float, float, float, float]
"""Left, bottom, right and top of a word, in points; of a picture in its dots, downward."""

MARGIN = 54.0
"""Points from a page's edge in which a letter's own text does not stand."""
_LOWEST_LINE = 11.0
"""Points of a line of ten-point print, with the room its font gives it."""
_WIDE_GAP, _GOES_BACK = 1.5, 0.5
"""Heights of a line between two words, from which they do not belong together."""
_OTHER_HEIGHT, _OTHER_BASE = 0.03, 0.05
"""Share of its height by which a word's height or base differs that is of other print."""
_OTHER_SIZE = 0.15
"""The same for a line that is of other print than its page from end to end."""
_TOUCHING = 0.1
"""Heights of a line between two words, up to which no blank parts them."""
_WIDER_GAP = 1.25
"""Of the usual gap of a line; the widest of a few that are wider parts two kinds of print."""
_TOLERANCE = 4.0
_FEWEST_OWN, _SHARE_OWN = 3, 0.15
"""Lines that run into a margin without a break, from which it is the letter's own."""
_OVERHANG = 1.0
"""Heights of a line by which a page's longest line may end behind all others."""
_LONGEST = 160
"""Characters of what is stamped in a margin."""
# A hyphen at a line's end stands in the place of the end, for PDFium.
_LINE = re.compile("(?<![^\r\n\x02\ufffe])[^\r\n\x02\ufffe]*[^\\s\x02\ufffe][^\r\n\x02\ufffe]*")
_WORD = re.compile(r"\S+")


def find_margin_print(page: PlacedText) -> list[tuple[int, int]]:
    """Find print in the margins of a page at the height of its lines.

    Parameters
    ----------
    page : PlacedText
        The page.

    Returns
    -------
    list of (int, int)
        Where it stands in the text, with the blank that parts it from the line; nearly always none.
    """
    left, bottom, right, top = page.box
    if page.has_clear_sides:
        return []
    if not page.has_print(left, left + MARGIN) and not page.has_print(right - MARGIN, right):
        return []
    lines: list[list[tuple[int, int]]] = []
    boxes: list[list[Box]] = []
    for line in _LINE.finditer(page.text):
        words = [word.span() for word in _WORD.finditer(page.text, *line.span())]
        first = page.place(words[0][0])
        if first[1] > bottom + HEAD_AND_FOOT and first[3] < top - HEAD_AND_FOOT:
            own = [_box_of(page, *word) for word in words]
            # Print over two lines joins them: what is stamped there is not at a line's end.
            if not _holds_next_line(own):
                lines.append(words)
                boxes.append(own)
    places: list[tuple[int, int]] = []
    if not boxes:
        return places
    margin = MARGIN * margin_scale(median(_height(line[0]) for line in boxes))
    counts = count_in_margins(boxes, left + margin, right - margin)
    for words, (n_first, n_last) in zip(lines, counts, strict=True):
        start, end = words[0][0], words[-1][1]
        if max(n_first, n_last) == len(words):
            # Bare numbers may be a column of the letter's own.
            if any(sign.isalpha() for sign in page.text[start:end]):
                places.append((start, end))
            continue
        if n_first and words[n_first - 1][1] - start <= _LONGEST:
            places.append((start, words[n_first][0]))
        if n_last and end - words[-n_last][0] <= _LONGEST:
            places.append((start_with_blank(page, words[-n_last][0]), end))
    return places


def _holds_next_line(line: Sequence[Box]) -> bool:
    """Tell a line with which the one below it is read as one, in the same print."""
    first = line[0]
    return any(
        word[0] < before[2] - _GOES_BACK * _height(first)
        and word[1] < first[1] - _GOES_BACK * _height(first)
        and abs(_height(word) - _height(first)) <= _OTHER_HEIGHT * _height(first)
        for before, word in pairwise(line)
    )


def _box_of(page: PlacedText, start: int, end: int) -> Box:
    left, bottom, right, top = page.place(start)
    last = page.place(end - 1)
    return min(left, last[0]), bottom, max(right, last[2]), top


def margin_scale(height: float) -> float:
    """Give the share of its usual width that a margin has on a page that was shrunk.

    Parameters
    ----------
    height : float
        Of the page's lines, in points.

    Returns
    -------
    float
        1 unless they are so low that two pages may have been put on one sheet.

    Examples
    --------
    >>> margin_scale(13.8), margin_scale(8.8)
    (1.0, 0.8)
    """
    return min(1.0, height / _LOWEST_LINE)


def start_with_blank(page: PlacedText, start: int) -> int:
    """Give where a stretch starts with the blank before it that the page does not hold.

    Parameters
    ----------
    page : PlacedText
        The page.
    start : int
        Where the stretch starts without it.

    Returns
    -------
    int
        A line's own blank says that it wraps, so it is not of the stretch; nor is one that follows
        a hyphen.
    """
    blank = start - 1
    is_made_up = blank > 0 and page.text[blank] == " " and page.is_made_up(blank)
    return blank if is_made_up and page.text[blank - 1] != "-" else start


def with_blanks(page: PlacedText, start: int, end: int) -> tuple[int, int]:
    """Give where a stretch amid a line starts and ends with the blanks that are not of the line.

    Parameters
    ----------
    page : PlacedText
        The page.
    start, end : int
        Where the stretch starts and ends without them.

    Returns
    -------
    (int, int)
        One blank of the line stays where its words do not touch each other without the stretch, as
        the parts of "follow-up" do.
    """
    text, first = page.text, start_with_blank(page, start)
    is_made_up = end < len(text) and text[end] == " " and page.is_made_up(end)
    after = end + is_made_up
    if first == 0 or after >= len(text) or text[first - 1].isspace() or text[after].isspace():
        return first, end
    before, behind = page.place(first - 1), page.place(after)
    if abs(behind[0] - before[2]) < _TOUCHING * (before[3] - before[1]):
        return first, after
    return (first, end) if is_made_up else (start, end)


def count_in_margins(
    lines: Sequence[Sequence[Box]], left: float, right: float
) -> list[tuple[int, int]]:
    """Count the words at the start and the end of each line that were stamped in a margin.

    Parameters
    ----------
    lines : sequence of sequence of (float, float, float, float)
        Of a page, in any order; the words of each as they are read, at least one.
    left, right : float
        Where the page's left margin ends and its right one begins.

    Returns
    -------
    list of (int, int)
        For each line; 0 and 0 where all of it is the letter's own.

    Examples
    --------
    >>> own = [[(72, 700 - 14 * at, 300, 712 - 14 * at), (303, 700, 540, 712)] for at in range(4)]
    >>> stamped = [(72, 644, 210, 656), (520, 644, 560, 656), (563, 644, 595, 656)]
    >>> count_in_margins([*own, stamped], 54, 558)[-1]
    (0, 2)
    """
    mirrored = [[(-box[2], box[1], -box[0], box[3]) for box in reversed(line)] for line in lines]
    return list(zip(_count_at_end(mirrored, -left), _count_at_end(lines, right), strict=True))


def _count_at_end(lines: Sequence[Sequence[Box]], edge: float) -> list[int]:
    counts = [0] * len(lines)
    rights = [max(box[2] for box in line) for line in lines]
    touching = [at for at, right in enumerate(rights) if right > edge]
    if not touching:
        return counts
    own = max((right for right in rights if right <= edge), default=edge - MARGIN / 3) + _TOLERANCE
    usual = median(_height(line[0]) for line in lines)
    unbroken: list[int] = []
    for at in touching:
        line = lines[at]
        is_of_other_size = all(abs(_height(box) - usual) > _OTHER_SIZE * usual for box in line)
        if line[0][0] > max(own, edge - MARGIN) or is_of_other_size:
            counts[at] = len(line)
        elif start := _find_break(line, own) or _find_break(line, edge):
            counts[at] = len(line) - start
        else:
            unbroken.append(at)
    is_all = len(touching) == len(lines)  # no line shows where the letter's own would end
    is_many = len(unbroken) >= _FEWEST_OWN and len(unbroken) >= _SHARE_OWN * len(lines)
    if unbroken and (is_all or is_many):
        return [0] * len(lines)
    for at in unbroken:
        # Lines end where their words do: the longest of a page may be its own.
        is_longest = rights[at] <= own + _OVERHANG * usual
        start = 0 if is_longest else _find_crossing(lines[at], own)
        counts[at] = len(lines[at]) - start if start else 0
    return counts


def _find_break(line: Sequence[Box], own: float) -> int:
    """Find the last word that is set apart from a line which ends before it; 0 where none is."""
    start = next(
        (
            at
            for at in range(len(line) - 1, 0, -1)
            if _is_apart(line[at - 1], line[at]) and max(box[2] for box in line[:at]) <= own
        ),
        0,
    )
    # What stands before a gap within the stamp is of its print.
    while (
        start > 1
        and _is_other_print(line[0], line[start - 1])
        and not _is_other_print(line[start - 1], line[start])
    ):
        start -= 1
    return start


def _is_apart(before: Box, word: Box) -> bool:
    gap = word[0] - before[2]
    height = min(_height(before), _height(word))
    return gap > _WIDE_GAP * height or gap < -_GOES_BACK * height or _is_other_print(before, word)


def _is_other_print(one: Box, other: Box) -> bool:
    height = _height(one)
    return (
        abs(_height(other) - height) > _OTHER_HEIGHT * height
        or abs(other[1] - one[1]) > _OTHER_BASE * height
    )


def _find_crossing(line: Sequence[Box], own: float) -> int:
    """Find where a stamp starts that runs on from a line: behind the widest gap near its edge."""
    crossing = next((at for at, box in enumerate(line) if box[2] > own), 0)
    if not crossing:
        return 0
    gaps = [word[0] - before[2] for before, word in pairwise(line[: crossing + 1])]
    usual = median(gaps)
    widest = max(range(max(0, len(gaps) - 3), len(gaps)), key=gaps.__getitem__)
    return widest + 1 if gaps[widest] > _WIDER_GAP * usual else 0


def _height(box: Box) -> float:
    return abs(box[3] - box[1])
