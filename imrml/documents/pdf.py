r"""PDF files to text: each page upright, its lines as they stand, what was stamped on it apart.

PDFium gives the text of an upright page in the order in which the page was drawn, and its lines
well; of a page that is turned it loses line ends and order. So a turned page is turned back before
its text is read. What was stamped onto a page later (a fax header, a mail-room stamp, a watermark)
was drawn after or before its text, at the page's edge, out of the order of the lines or aslant:
it stands at the end or start of the page's text, between ``"\x0e"`` and ``"\x0f"``.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from imrml.config import LimitsConfig
from imrml.errors import DocumentError
from imrml.phrases import pluralize

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
_MAX_STAMP = 600
"""Characters of a stamp; text out of order that is longer is the letter's own."""
_BLANK_ENDED = 0.95
"""Share of lines that end in a blank, from which a blank says nothing of a paragraph's end.

In the posted letters it is 0.50 to 0.85; a text layer by OCR ends every line so.
"""
_FEW_LINES = 10
_FEW_CHARACTERS = 250
"""Of a page that is nothing but stamps on a picture."""
_MUCH_OF_PAGE = 0.3

_NO_END = (b" obj", b"endobj", b"endstream", b"startxref", b"trailer")


def read_pdf(content: bytes, limits: LimitsConfig) -> str:
    r"""Read the text out of a PDF with a text layer.

    Parameters
    ----------
    content : bytes
        Of the file.
    limits : LimitsConfig
        How large it may be.

    Returns
    -------
    str
        Lines end in ``"\r\n"``, pages in ``"\f"``; stamps stand between ``"\x0e"`` and ``"\x0f"``.

    Raises
    ------
    DocumentError
        ``damaged_pdf``, ``password_protected``, ``too_many_pages``, ``too_large``,
        ``no_text_layer`` or ``page_without_text``.
    """
    import pypdfium2  # noqa: PLC0415 (0.1 s that text letters need not pay)

    try:
        pdf = pypdfium2.PdfDocument(_cut_padding(content))
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentError("password_protected", "the PDF asks for a password") from None
        raise DocumentError("damaged_pdf", "no PDF that can be opened") from None
    n_read = 0
    try:
        if len(pdf) > limits.max_pages:
            raise DocumentError(
                "too_many_pages", f"{len(pdf)} pages; at most {limits.max_pages} (limits.max_pages)"
            )
        pages: list[str] = []
        empty: list[int] = []
        n_left = limits.max_characters
        for n_read in range(len(pdf)):
            pages.append(_read_page(pdf, n_read, n_left, empty))
            n_left -= len(pages[-1])
        if _is_blank_ended(pages):
            pages = [
                _read_page(pdf, n_read, limits.max_characters, [], True)
                for n_read in range(len(pdf))
            ]
    except pypdfium2.PdfiumError:
        raise DocumentError(
            "damaged_pdf", f"page {n_read + 1} of {len(pdf)} cannot be read"
        ) from None
    finally:
        pdf.close()
    _require_text(pages, empty)
    return "\f".join(pages)


def _cut_padding(content: bytes) -> bytes:
    """Cut what a portal, a fax server or a disk put behind the end of a PDF.

    PDFium mends a file that was cut short as well as it can: a letter without its last items would
    pass for a whole one. So a file without its end mark, or with objects behind it, is refused.
    """
    end = content.rfind(b"%%EOF") + len(b"%%EOF")
    if end < len(b"%%EOF") or any(content.find(sign, end) >= 0 for sign in _NO_END):
        raise DocumentError("damaged_pdf", "the end of the PDF is missing, it was cut short")
    return content[:end] if len(content) - end > 2 else content


def _require_text(pages: Sequence[str], empty: Sequence[int]) -> None:
    if len(empty) == len(pages) or not any(page.strip() for page in pages):
        raise DocumentError(
            "no_text_layer", f"{pluralize(len(pages), 'page')} without text, perhaps a scan"
        )
    if empty:
        raise DocumentError(
            "page_without_text", f"page {empty[0]} of {len(pages)} is a picture without text"
        )


# --- one page ------------------------------------------------------------------------------------


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


class _TextPage:
    """The text of an upright page, and where its characters stand."""

    def __init__(self, text_page: "pypdfium2.PdfTextPage", height: float) -> None:
        import pypdfium2.raw  # noqa: PLC0415 (as above)

        self._raw = pypdfium2.raw
        self._text_page = text_page
        self._box = pypdfium2.raw.FS_RECTF()
        self.height = height
        self.text: str = text_page.get_text_bounded()
        self.n_characters = text_page.count_chars()

    def angle(self, at: int) -> float:
        angle: float = self._raw.FPDFText_GetCharAngle(self._text_page.raw, at)
        return angle

    def place(self, at: int) -> tuple[float, float, float, float]:
        """Give left, bottom, right and top of a character, with the room its font gives it."""
        box = self._box
        self._raw.FPDFText_GetLooseCharBox(self._text_page.raw, at, box)
        return box.left, box.bottom, box.right, box.top

    def line(self, start: int, end: int) -> _Line | None:
        """Make a line of a stretch of the text; None where nothing but blanks stands there."""
        words = self.text[start:end]
        if not words.strip():
            return None
        first = start + len(words) - len(words.lstrip())
        _, bottom, _, top = self.place(first)
        return _Line(start, end, bottom, top, _quarter_turns(self.angle(first)) is None)


def _read_page(
    pdf: "pypdfium2.PdfDocument",
    index: int,
    max_characters: int,
    empty: list[int],
    from_places: bool = False,
) -> str:
    """Read a page upright; one that is a picture with hardly any text is noted in ``empty``."""
    page = pdf[index]
    if page.get_rotation():
        page.set_rotation(0)
        page.close()
        page = pdf[index]
    text_page = page.get_textpage()
    n_characters = text_page.count_chars()
    if n_characters > max_characters:
        raise DocumentError(
            "too_large", f"more than {max_characters:,} characters (limits.max_characters)"
        )
    turns = _find_turns(text_page, n_characters)
    if turns:
        text_page.close()
        _turn_back(page, turns)
        page.close()
        page = pdf[index]
        text_page = page.get_textpage()
    placed = _TextPage(text_page, page.get_height())
    # Text outside the crop box is not given; then characters and places cannot be matched.
    if len(placed.text.strip()) < _FEW_CHARACTERS and _holds_picture(page):
        empty.append(index + 1)
    is_whole: bool = len(placed.text) == placed.n_characters
    text = _set_stamps_apart(placed, from_places) if is_whole else placed.text
    text_page.close()
    page.close()
    return text


def _holds_picture(page: "pypdfium2.PdfPage") -> bool:
    """Tell whether a picture covers much of a page: a blank page is none, nor one with a seal."""
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    width, height = page.get_size()
    for picture in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = picture.get_bounds()
        if (right - left) * (top - bottom) > _MUCH_OF_PAGE * width * height:
            return True
    return False


def _find_turns(text_page: "pypdfium2.PdfTextPage", n_characters: int) -> int:
    """Tell by how many quarter turns, counted clockwise, most of a page's text is turned."""
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    def angle(at: int) -> float:
        angle: float = pypdfium2.raw.FPDFText_GetCharAngle(text_page.raw, at)
        return angle

    step = max(1, n_characters // 6)
    if not any(map(angle, range(step // 2, n_characters, step))):
        return 0
    # A blank that stands for a gap or a line's end has no angle of its own.
    turns = [
        _quarter_turns(angle(at))
        for at in range(0, n_characters, max(1, n_characters // 100))
        if not chr(pypdfium2.raw.FPDFText_GetUnicode(text_page.raw, at)).isspace()
    ]
    return max((turn for turn in turns if turn is not None), key=turns.count, default=0)


def _quarter_turns(angle: float) -> int | None:
    """Give the quarter turns of an angle in radians; None where it is aslant."""
    turns = angle / (math.pi / 2)
    return round(turns) % 4 if abs(turns - round(turns)) < 0.1 else None


def _turn_back(page: "pypdfium2.PdfPage", turns: int) -> None:
    """Turn the content of a page, and its boxes, so that its text stands upright."""
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    cosine, sine = {1: (0, 1), 2: (-1, 0), 3: (0, -1)}[turns]
    boxes = page.get_mediabox(), page.get_cropbox()
    turned = [
        (
            *(min(xs) for xs in zip(*corners, strict=True)),
            *(max(xs) for xs in zip(*corners, strict=True)),
        )
        for corners in (
            [(cosine * x - sine * y, sine * x + cosine * y) for x in (x0, x1) for y in (y0, y1)]
            for x0, y0, x1, y1 in boxes
        )
    ]
    left, bottom = turned[0][:2]
    matrix = pypdfium2.raw.FS_MATRIX(cosine, sine, -sine, cosine, -left, -bottom)
    pypdfium2.raw.FPDFPage_TransFormWithClip(page.raw, matrix, None)
    media, crop = ((x0 - left, y0 - bottom, x1 - left, y1 - bottom) for x0, y0, x1, y1 in turned)
    page.set_mediabox(*media)
    page.set_cropbox(*crop)


# --- stamps --------------------------------------------------------------------------------------


def _set_stamps_apart(page: _TextPage, from_places: bool) -> str:
    text = page.text
    if not text.strip():
        return text
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


def _find_body(page: _TextPage) -> tuple[int, int]:
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
        or _quarter_turns(page.angle(0)) is None
        or not below_first
    ):
        start = _find_head_end(page, height)
    above = _place_near(page, max(text.rfind(_LINE_END, 0, len(text.rstrip())) - 1, 0))
    if (
        last[1] < _MARGIN
        or (last[1] < _WIDER_MARGIN and last[3] < above[1] - 2 * _JUMP * height)
        or last[3] - last[1] < _SMALL_PRINT * height
        or any(last[1] > place[1] + 1 for place in above_last)
        or _quarter_turns(page.angle(n - 1)) is None
        or not above_last
    ):
        end = _find_tail_start(page, height)
    # A page of nothing but stamps is no page of ours to judge.
    return (start, end) if text[start:end].strip() else (0, n)


def _place_near(page: _TextPage, at: int) -> tuple[float, float, float, float]:
    """Give the place of the first character from ``at`` on, or before it, that is no blank."""
    text = page.text
    after = at
    while after < len(text) and text[after].isspace():
        after += 1
    if after == len(text):
        after = len(text.rstrip()) - 1
    return page.place(after)


def _find_tail_start(page: _TextPage, height: float) -> int:
    """Find where stamps begin that stand behind the page's own text."""
    lines = list(_lines(page, max(0, len(page.text) - 2 * _MAX_STAMP), len(page.text)))
    start = len(page.text)
    for above, line in reversed(list(pairwise(lines))):
        if len(page.text) - line.start > _MAX_STAMP:
            break
        gap = above.bottom - line.top
        is_foot = _is_at_edge(line, line.bottom, height, gap)
        is_higher = line.bottom > above.top + _JUMP * height
        if line.is_aslant or is_foot or (is_higher and not above.is_aslant):
            start = line.start
    return start


def _find_head_end(page: _TextPage, height: float) -> int:
    """Find where stamps end that stand before the page's own text."""
    lines = list(_lines(page, 0, min(len(page.text), 2 * _MAX_STAMP)))
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


def _lines(page: _TextPage, start: int, end: int) -> Iterator[_Line]:
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


def _cut_glued(page: _TextPage, start: int, end: int) -> Iterator[int]:
    """Yield where a line ends; within, too, where the slant or the size of its words changes."""
    before: tuple[bool, float] | None = None
    for word in _WORD.finditer(page.text, start, end):
        _, bottom, _, top = page.place(word.start())
        is_aslant = _quarter_turns(page.angle(word.start())) is None
        if before and (is_aslant != before[0] or not 0.5 < (top - bottom) / (before[1] or 1) < 2):
            yield word.start()
        before = is_aslant, top - bottom
    yield end


# --- lines of a text layer by OCR ----------------------------------------------------------------


def _is_blank_ended(pages: Sequence[str]) -> bool:
    """Tell a text layer by OCR, which ends each line in a blank."""
    lines = [line for page in pages for line in page.split(_LINE_END)[:-1] if line.strip()]
    n_blank_ended = sum(line[-1] == " " for line in lines)
    return len(lines) >= _FEW_LINES and n_blank_ended >= _BLANK_ENDED * len(lines)


def _join_lines(page: _TextPage, start: int, end: int) -> str:
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


_WORD = re.compile(r"\S+")
