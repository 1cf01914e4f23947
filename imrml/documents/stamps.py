r"""What was stamped onto a page, set apart from its own text; lines by places where there are none.

What was stamped onto a page later (a fax header, a mail-room stamp, a watermark) was drawn after or
before its text, at the page's edge, out of the order of the lines or aslant: it stands at the end
or start of the page's text, between ``"\x0e"`` and ``"\x0f"``.
"""

import codecs
import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from imrml.documents.line_numbers import find_line_numbers

if TYPE_CHECKING:
    import pypdfium2

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
_BLANK_ENDED = 0.95
"""Share of lines that end in a blank, from which a blank says nothing of a paragraph's end.

In the posted letters it is 0.50 to 0.85; a text layer by OCR ends every line so.
"""
_FEW_LINES = 10
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page: where it starts and ends in the page's text, and where it stands."""

    start: int
    end: int
    bottom: float
    top: float
    is_aslant: bool

    @property
    def height(self) -> float:
        return self.top - self.bottom

    def is_left_of(self, other: "_Line") -> bool:
        """Tell what stands on the same line of the page, and ends where the other begins."""
        is_beside = self.bottom < (other.bottom + other.top) / 2 < self.top
        return is_beside and self.end == other.start


class PlacedText:
    """The text of an upright page, and where its characters stand.

    Parameters
    ----------
    text_page : pypdfium2.PdfTextPage
        PDFium's text of the page.
    page : pypdfium2.PdfPage
        The page.
    n_characters : int
        Of the text.
    """

    def __init__(
        self, text_page: "pypdfium2.PdfTextPage", page: "pypdfium2.PdfPage", n_characters: int
    ) -> None:
        import pypdfium2.raw  # noqa: PLC0415 (as above)

        self._raw = pypdfium2.raw
        self._text_page = text_page.raw
        self._box = pypdfium2.raw.FS_RECTF()
        self.height: float = page.get_height()
        self.n_characters = n_characters
        self._first = 0
        self.text = self._read(page)

    def _read(self, page: "pypdfium2.PdfPage") -> str:
        """Give the text within the page's boxes.

        PDFium makes it anew at each call, so it is not asked for its length first, as pypdfium2
        does.
        """
        left, bottom, right, top = page.get_bbox()
        n_units = 2 * self.n_characters + 2
        buffer = (ctypes.c_ushort * n_units)()
        n_units = self._raw.FPDFText_GetBoundedText(
            self._text_page, left, top, right, bottom, buffer, n_units
        )
        words = memoryview(buffer).cast("B")[: 2 * n_units]
        return codecs.decode(words, "utf-16-le", "ignore").removesuffix("\0")

    def part(self, start: int, end: int) -> "PlacedText":
        """Give a part of the page.

        Parameters
        ----------
        start, end : int
            Where it begins and ends in the text.

        Returns
        -------
        PlacedText
            As if its text were all that the page holds.
        """
        part = copy(self)
        part.text = self.text[start:end].rstrip()
        part._first = self._first + start
        return part

    def angle(self, at: int) -> float:
        """Give the slant of a character.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        float
            In radians.
        """
        angle: float = self._raw.FPDFText_GetCharAngle(self._text_page, self._first + at)
        return angle

    def place(self, at: int) -> tuple[float, float, float, float]:
        """Give where a character stands, with the room its font gives it.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        left, bottom, right, top : float
            In points.
        """
        box = self._box
        self._raw.FPDFText_GetLooseCharBox(self._text_page, self._first + at, box)
        return box.left, box.bottom, box.right, box.top

    def height_at(self, at: int) -> float:
        """Give the height of a character, with the room its font gives it.

        Parameters
        ----------
        at : int
            Its place in the text.

        Returns
        -------
        float
            In points.
        """
        box = self._box
        self._raw.FPDFText_GetLooseCharBox(self._text_page, self._first + at, box)
        height: float = box.top - box.bottom
        return height

    def line(self, start: int, end: int) -> _Line | None:
        """Make a line of a stretch of the text.

        Parameters
        ----------
        start, end : int
            Where it begins and ends in the text.

        Returns
        -------
        _Line or None
            None where nothing but blanks stands there.
        """
        words = self.text[start:end]
        if not words.strip():
            return None
        first = start + len(words) - len(words.lstrip())
        _, bottom, _, top = self.place(first)
        return _Line(start, end, bottom, top, quarter_turns(self.angle(first)) is None)


def quarter_turns(angle: float) -> int | None:
    """Give the quarter turns of an angle.

    Parameters
    ----------
    angle : float
        In radians.

    Returns
    -------
    int or None
        0 to 3; None where it is aslant.

    Examples
    --------
    >>> quarter_turns(math.pi / 2), quarter_turns(0.5)
    (1, None)
    """
    if angle == 0:  # nearly always
        return 0
    turns = angle / (math.pi / 2)
    return round(turns) % 4 if abs(turns - round(turns)) < 0.1 else None


# --- stamps --------------------------------------------------------------------------------------


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
    line_numbers = find_line_numbers(page)
    if not line_numbers:
        return _set_apart(page, from_places)
    pieces: list[str] = []
    at = 0
    for start, end in (*line_numbers, (len(page.text), len(page.text))):
        if page.text[at:start].strip():
            pieces.append(_set_apart(page.part(at, start), from_places))
        if start < end:
            pieces.append(f"{STAMP_START}{page.text[start:end]}{STAMP_END}")
        at = end
    return _LINE_END.join(pieces)


def _set_apart(page: PlacedText, from_places: bool) -> str:
    text = page.text
    start, end = _find_body(page)
    head, body, tail = text[:start], text[start:end], text[end:]
    if from_places:
        body = _join_lines(page, start, end)
    pieces = [f"{STAMP_START}{head.strip()}{STAMP_END}{_LINE_END}"] if head.strip() else []
    pieces.append(body)
    if tail.strip():
        separator = "" if body.endswith("\n") else _LINE_END
        pieces.append(f"{separator}{STAMP_START}{tail.strip()}{STAMP_END}")
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
        first[3] > page.height - _WIDER_MARGIN + 15
        or first[3] - first[1] < _SMALL_PRINT * height
        or any(first[1] < place[1] - 1 for place in below_first)
        or quarter_turns(page.angle(0)) is None
        or not below_first
    ):
        start = _find_head_end(page, height)
    above = _place_near(page, max(text.rfind(_LINE_END, 0, len(text.rstrip())) - 1, 0))
    if (
        last[1] < _MARGIN
        or (last[1] < _WIDER_MARGIN and last[3] < above[1] - 2 * _JUMP * height)
        or last[3] - last[1] < _SMALL_PRINT * height
        or any(last[1] > place[1] + 1 for place in above_last)
        or quarter_turns(page.angle(n - 1)) is None
        or not above_last
    ):
        end = _find_tail_start(page, height)
    # A page of nothing but stamps is no page of ours to judge.
    return (start, end) if text[start:end].strip() else (0, n)


def _place_near(page: PlacedText, at: int) -> tuple[float, float, float, float]:
    """Give the place of the first character from ``at`` on, or before it, that is no blank."""
    text = page.text
    after = at
    while after < len(text) and text[after].isspace():
        after += 1
    if after == len(text):
        after = len(text.rstrip()) - 1
    return page.place(after)


def _find_tail_start(page: PlacedText, height: float) -> int:
    """Find where stamps begin that stand behind the page's own text."""
    lines = list(_lines(page, max(0, len(page.text) - _LOOKED_AT), len(page.text)))
    start = len(page.text)
    for above, line in reversed(list(pairwise(lines))):
        if len(page.text) - line.start > _MAX_STAMP:
            break
        gap = above.bottom - line.top
        is_foot = _is_at_edge(line, line.bottom, height, gap)
        is_higher = line.bottom > above.top + _JUMP * height
        # Small print at the height of the page's last line, far behind its words.
        is_beside = line.height < _SMALL_PRINT * height and above.is_left_of(line)
        if line.is_aslant or is_foot or is_beside or (is_higher and not above.is_aslant):
            start = line.start
    return start


def _find_head_end(page: PlacedText, height: float) -> int:
    """Find where stamps end that stand before the page's own text."""
    lines = list(_lines(page, 0, min(len(page.text), _LOOKED_AT)))
    end = 0
    for line, below in pairwise(lines):
        if line.end > _MAX_STAMP:
            break
        gap = line.bottom - below.top
        is_head = _is_at_edge(line, page.height - line.top, height, gap)
        is_lower = below.bottom > line.top + 2 * _JUMP * height
        if line.is_aslant or is_head or (is_lower and not below.is_aslant):
            end = below.start
    return end


def _is_at_edge(line: _Line, distance: float, height: float, gap: float) -> bool:
    """Tell a line in a page's margin: small print, or set off by more than a paragraph is."""
    if line.height < _SMALL_PRINT * height:
        return distance < _WIDER_MARGIN and gap > 0.3 * height
    return (distance < _MARGIN and gap > _JUMP * height) or (
        distance < _WIDER_MARGIN and gap > 2 * _JUMP * height
    )


def _lines(page: PlacedText, start: int, end: int) -> Iterator[_Line]:
    """Yield the lines of a stretch of the text; where it starts within a line, from the next on."""
    text = page.text
    at = start
    if start:
        at = text.find(_LINE_END, start, end) + len(_LINE_END)
        if at < len(_LINE_END):
            return
    while at < end:
        line_end = text.find(_LINE_END, at, end)
        line_end = end if line_end < 0 else line_end
        for cut in _cut_glued(page, at, line_end):
            if line := page.line(at, cut):
                yield line
            at = cut
        at = line_end + len(_LINE_END)


def _print_of(page: PlacedText, at: int) -> tuple[bool, int]:
    """Give whether a character is aslant, and its height in points."""
    return quarter_turns(page.angle(at)) is None, round(page.height_at(at))


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
        is_aslant = quarter_turns(page.angle(word.start())) is None
        if before:
            ratio = (top - bottom) / (before[1] or 1)
            # A line's own small print stands close to what it belongs to.
            is_apart = not _SMALL_PRINT < ratio < 1 / _SMALL_PRINT and left > before[2] + before[1]
            if is_aslant != before[0] or is_apart or not 0.5 < ratio < 2:
                yield word.start()
        before = is_aslant, top - bottom, page.place(word.end() - 1)[2]
    yield end


# --- lines of a text layer by OCR ----------------------------------------------------------------


def is_blank_ended(pages: Sequence[str]) -> bool:
    """Tell a text layer by OCR, which ends each line in a blank.

    Parameters
    ----------
    pages : sequence of str
        Of a document.

    Returns
    -------
    bool
        Whether nearly every line ends so.
    """
    n_ends = sum(page.count(_LINE_END) - page.count(2 * _LINE_END) for page in pages)
    if sum(page.count(f" {_LINE_END}") for page in pages) < _BLANK_ENDED * n_ends:
        return False  # as nearly always, and told without cutting the text into lines
    lines = [line for page in pages for line in page.split(_LINE_END)[:-1] if line.strip()]
    n_blank_ended = sum(line[-1] == " " for line in lines)
    return len(lines) >= _FEW_LINES and n_blank_ended >= _BLANK_ENDED * len(lines)


def _join_lines(page: PlacedText, start: int, end: int) -> str:
    """Join words to lines by their places, without blanks at their ends.

    Without them it is told from the fullness of a line whether a paragraph ends there.
    """
    pieces: list[str] = []
    bottom = top = right = 0.0
    for word in _WORD.finditer(page.text, start, end):
        word_left, word_bottom, _, word_top = page.place(word.start())
        middle = (word_bottom + word_top) / 2
        goes_back = word_left < right - (top - bottom)
        if pieces:
            is_below = goes_back or not bottom <= middle <= top
            is_line_end = _LINE_END in page.text[word.start() - 3 : word.start()]
            pieces.append("\r\n" if is_below or is_line_end else " ")
        pieces.append(word[0])
        _, bottom, right, top = page.place(word.end() - 1)
    return "".join(pieces)
