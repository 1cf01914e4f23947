r"""PDF files to text: each page upright, its lines as they stand, what was stamped on it apart.

PDFium gives the text of an upright page in the order in which the page was drawn, and its lines
well; of a page that is turned it loses line ends and order. So a turned page is turned back before
its text is read. A page that is a picture is read by OCR (:mod:`imrml.documents.ocr`).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imrml.config import LimitsConfig
from imrml.documents.glyphs import join_glyphs
from imrml.documents.ocr import (
    LITTLE_INK,
    OcrPage,
    dots_an_inch,
    is_more_than_text,
    read_picture,
)
from imrml.documents.ocr_layers import is_blank_ended
from imrml.documents.overlays import is_marked
from imrml.documents.placed_text import PlacedText
from imrml.documents.slips import mend_layer
from imrml.documents.stamps import set_stamps_apart
from imrml.documents.tesseract import can_read_pictures
from imrml.documents.turns import quarter_turns
from imrml.errors import DocumentError
from imrml.phrases import pluralize

if TYPE_CHECKING:
    import pypdfium2
    from PIL.Image import Image

_FEW_CHARACTERS = 250
"""Of a page that is nothing but stamps on a picture."""
_MUCH_OF_PAGE = 0.3

_LIGATURES = {
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
    "\ufb05": "st", "\ufb06": "st",
}  # fmt: skip
"""Signs for which a font has one drawing of several letters; no letter means them."""

_NO_END = (b" obj", b"endobj", b"endstream", b"startxref", b"trailer")


@dataclass(frozen=True, slots=True)
class PdfText:
    r"""What was read of a PDF.

    Parameters
    ----------
    pages : tuple of str or OcrPage
        The pages: text as it stands there, or as it was read from a picture. Lines of the former
        end in ``"\r\n"``; stamps stand between ``"\x0e"`` and ``"\x0f"``. The ``repr`` leaves them
        out, for logs show that.
    n_attached : int
        Files that are attached.
    has_ocr_layer : bool
        Whether OCR laid the text over the picture of a page.
    """

    pages: tuple[str | OcrPage, ...] = field(repr=False)
    n_attached: int
    has_ocr_layer: bool


def read_pdf(content: bytes, limits: LimitsConfig, *, reads_pictures: bool = True) -> PdfText:
    """Read the text out of a PDF.

    Parameters
    ----------
    content : bytes
        Of the file.
    limits : LimitsConfig
        How large it may be, and how long OCR may take for one page.
    reads_pictures : bool, default=True
        Whether pages that are pictures are read by OCR, where it is installed.

    Returns
    -------
    PdfText
        Its pages.

    Raises
    ------
    DocumentError
        ``damaged_pdf``, ``password_protected``, ``too_many_pages``, ``too_large``; of a page that
        is a picture ``no_text_layer`` or ``page_without_text`` where it is not read, else what
        :func:`imrml.documents.ocr.read_picture` raises.
    """
    import pypdfium2  # noqa: PLC0415 (0.1 s that text letters need not pay)

    pdf = open_pdf(content, limits)
    number = 0
    try:
        n_attached = pdf.count_attachments()
        read: list[_Page] = []
        n_left = limits.max_characters
        for number in range(len(pdf)):
            read.append(_read_page(pdf, number, n_left, read))
            n_left -= len(read[-1].text)
        texts = [page.text for page in read]
        pictures = [number for number, page in enumerate(read) if page.is_picture]
        layers = [number for number, page in enumerate(read) if page.is_of_ocr]
        if is_blank_ended(texts):
            again: list[_Page] = []
            for number in range(len(pdf)):
                again.append(
                    _read_page(pdf, number, limits.max_characters, again, from_places=True)
                )
            texts = [page.text for page in again]
        if layers:
            mended = mend_layer(texts)
            for number in layers:
                texts[number] = mended[number]
        pages: list[str | OcrPage] = list(texts)
        if pictures and reads_pictures and can_read_pictures():
            for number in pictures:
                pages[number] = read_picture(_draw(pdf, number), number + 1, limits)
        else:
            _require_text(texts, pictures)
    except pypdfium2.PdfiumError:
        raise DocumentError(
            "damaged_pdf", f"page {number + 1} of {len(pdf)} cannot be read"
        ) from None
    finally:
        pdf.close()
    if not any(page.text if isinstance(page, OcrPage) else page.strip() for page in pages):
        raise DocumentError("no_text_layer", f"{pluralize(len(pages), 'page')} without text")
    return PdfText(tuple(pages), n_attached, bool(layers))


def count_pictures(content: bytes, limits: LimitsConfig) -> int:
    """Count the pages of a PDF that are pictures, to be read by OCR.

    Parameters
    ----------
    content : bytes
        Of the file.
    limits : LimitsConfig
        How large it may be.

    Returns
    -------
    int
        0 where all pages have their text.

    Raises
    ------
    DocumentError
        As :func:`read_pdf`.
    """
    import pypdfium2  # noqa: PLC0415 (as above)

    pdf = open_pdf(content, limits)
    try:
        return sum(
            _read_page(pdf, number, limits.max_characters).is_picture for number in range(len(pdf))
        )
    except pypdfium2.PdfiumError:
        raise DocumentError("damaged_pdf", "a page cannot be read") from None
    finally:
        pdf.close()


def open_pdf(content: bytes, limits: LimitsConfig) -> "pypdfium2.PdfDocument":
    """Open a PDF, whatever was put behind its end.

    Parameters
    ----------
    content : bytes
        Of the file.
    limits : LimitsConfig
        How many pages it may have.

    Returns
    -------
    pypdfium2.PdfDocument
        To be closed.

    Raises
    ------
    DocumentError
        ``damaged_pdf``, ``password_protected`` or ``too_many_pages``.
    """
    import pypdfium2  # noqa: PLC0415 (as above)

    try:
        pdf = pypdfium2.PdfDocument(_cut_padding(content))
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentError("password_protected", "the PDF asks for a password") from None
        raise DocumentError("damaged_pdf", "no PDF that can be opened") from None
    n_pages = len(pdf)
    if n_pages > limits.max_pages:
        pdf.close()
        raise DocumentError(
            "too_many_pages", f"{n_pages} pages; at most {limits.max_pages} (limits.max_pages)"
        )
    return pdf


def _cut_padding(content: bytes) -> bytes:
    """Cut what a portal, a fax server or a disk put behind the end of a PDF.

    PDFium mends a file that was cut short as well as it can: a letter without its last items would
    pass for a whole one. So a file without its end mark, or with objects behind it, is refused.
    """
    end = content.rfind(b"%%EOF") + len(b"%%EOF")
    if end < len(b"%%EOF") or any(content.find(sign, end) >= 0 for sign in _NO_END):
        raise DocumentError("damaged_pdf", "the end of the PDF is missing, it was cut short")
    return content[:end] if len(content) - end > 2 else content


def _require_text(pages: Sequence[str], pictures: Sequence[int]) -> None:
    if len(pictures) == len(pages) or not any(page.strip() for page in pages):
        raise DocumentError(
            "no_text_layer", f"{pluralize(len(pages), 'page')} without text, perhaps a scan"
        )
    if pictures:
        raise DocumentError(
            "page_without_text", f"page {pictures[0] + 1} of {len(pages)} is a picture without text"
        )


# --- one page ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    text: str
    is_content: bool  # most of it is marked so
    is_picture: bool
    is_of_ocr: bool


def _read_page(
    pdf: "pypdfium2.PdfDocument",
    index: int,
    max_characters: int,
    before: Sequence[_Page] = (),
    *,
    from_places: bool = False,
) -> _Page:
    """Read a page upright, and tell one that is a picture or has its text from OCR."""
    is_after_marked = bool(before) and all(page.is_content for page in before)
    with _open_upright(pdf, index, max_characters) as (page, text_page, n_characters):
        placed = PlacedText(text_page, page, n_characters)
        is_picture = _is_picture(pdf, index, len(placed.text.strip()))
        is_of_ocr = not is_picture and _is_of_ocr(pdf, index, page)
        text = placed.text
        if placed.is_placed:
            placed = join_glyphs(placed)
            text = set_stamps_apart(
                placed, is_after_marked=is_after_marked, from_places=from_places
            )
        is_content = placed.is_placed and is_marked(placed)
    return _Page(_spell_out(text), is_content, is_picture, is_of_ocr)


def _spell_out(text: str) -> str:
    """Give the letters of ligatures."""
    if not text.isascii():
        for ligature, letters in _LIGATURES.items():
            if ligature in text:
                text = text.replace(ligature, letters)
    return text


@contextmanager
def _open_page(pdf: "pypdfium2.PdfDocument", index: int) -> Iterator[Any]:
    """Open a page for PDFium's own functions.

    pypdfium2's objects, which can close themselves, cost a twentieth of what it takes to read one.
    """
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    page = pypdfium2.raw.FPDF_LoadPage(pdf.raw, index)
    if not page:
        raise pypdfium2.PdfiumError("Failed to load page.")
    try:
        yield page
    finally:
        pypdfium2.raw.FPDF_ClosePage(page)


@contextmanager
def _open_text(page: Any) -> Iterator[Any]:
    """Open the text of a page in the same way."""
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    text_page = pypdfium2.raw.FPDFText_LoadPage(page)
    if not text_page:
        raise pypdfium2.PdfiumError("Failed to load text page.")
    try:
        yield text_page
    finally:
        pypdfium2.raw.FPDFText_ClosePage(text_page)


def _count_characters(text_page: Any, max_characters: int) -> int:
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    n_characters: int = pypdfium2.raw.FPDFText_CountChars(text_page)
    if n_characters > max_characters:
        raise DocumentError(
            "too_large", f"more than {max_characters:,} characters (limits.max_characters)"
        )
    return n_characters


@contextmanager
def _open_upright(
    pdf: "pypdfium2.PdfDocument", index: int, max_characters: int
) -> Iterator[tuple[Any, Any, int]]:
    """Open a page and its text, turned back first where it is turned, and count its characters.

    PDFium lays a page out as it opens it, so one that was turned back is opened anew.
    """
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    with ExitStack() as opened:
        page = opened.enter_context(_open_page(pdf, index))
        if pypdfium2.raw.FPDFPage_GetRotation(page) > 0:
            pypdfium2.raw.FPDFPage_SetRotation(page, 0)
            opened.close()
            page = opened.enter_context(_open_page(pdf, index))
        text_page = opened.enter_context(_open_text(page))
        n_characters = _count_characters(text_page, max_characters)
        turns = _find_turns(text_page, n_characters)
        if turns:
            opened.close()
            with closing(pdf[index]) as turned:
                _turn_back(turned, turns)
            page = opened.enter_context(_open_page(pdf, index))
            text_page = opened.enter_context(_open_text(page))
            n_characters = _count_characters(text_page, max_characters)
        yield page, text_page, n_characters


def _is_picture(pdf: "pypdfium2.PdfDocument", index: int, n_characters: int) -> bool:
    """Tell a page that is a picture with hardly any text."""
    if n_characters >= _FEW_CHARACTERS:
        return False
    with closing(pdf[index]) as page:
        return _shows_more_than_text(page, n_characters)


def _shows_more_than_text(page: "pypdfium2.PdfPage", n_characters: int) -> bool:
    """Tell a page of which pictures, or letters drawn as outlines, say more than its text does.

    A blank page is none, nor one with a seal.
    """
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    width, height = page.get_size()
    covered = of_pictures = 0.0
    for drawn in page.get_objects(max_depth=3):
        left, bottom, right, top = drawn.get_bounds()
        area = (right - left) * (top - bottom)
        covered += area
        of_pictures += area if drawn.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE else 0.0
    if of_pictures > _MUCH_OF_PAGE * width * height:
        return True
    # Nothing is darker than where it stands; to draw a page takes longer than to read ten.
    has_notes = pypdfium2.raw.FPDFPage_GetAnnotCount(page.raw) > 0
    if covered < LITTLE_INK * width * height and not has_notes:
        return False
    scale = 0.25 * dots_an_inch(width, height) / 72
    return is_more_than_text(page.render(scale=scale, grayscale=True).to_pil(), n_characters)


def _is_of_ocr(pdf: "pypdfium2.PdfDocument", index: int, page: Any) -> bool:
    """Tell a page whose text is invisible, as OCR lays it over a picture."""
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    raw = pypdfium2.raw
    for at in range(raw.FPDFPage_CountObjects(page)):
        drawn = raw.FPDFPage_GetObject(page, at)
        kind = raw.FPDFPageObj_GetType(drawn)
        if kind == raw.FPDF_PAGEOBJ_FORM:
            break
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            return _is_invisible(drawn)
    with closing(pdf[index]) as of_forms:
        first = next(of_forms.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=3), None)
        return first is not None and _is_invisible(first.raw)


def _is_invisible(text: object) -> bool:
    from pypdfium2 import raw  # noqa: PLC0415 (as above)

    return bool(raw.FPDFTextObj_GetTextRenderMode(text) == raw.FPDF_TEXTRENDERMODE_INVISIBLE)


def _draw(pdf: "pypdfium2.PdfDocument", index: int) -> "Image":
    page = pdf[index]
    scale = dots_an_inch(*page.get_size()) / 72
    picture: Image = page.render(scale=scale, grayscale=True).to_pil()
    page.close()
    return picture


def _find_turns(text_page: Any, n_characters: int) -> int:
    """Tell by how many quarter turns, counted clockwise, most of a page's text is turned."""
    import pypdfium2.raw  # noqa: PLC0415 (as above)

    def angle(at: int) -> float:
        angle: float = pypdfium2.raw.FPDFText_GetCharAngle(text_page, at)
        return angle

    step = max(1, n_characters // 6)
    if not any(map(angle, range(step // 2, n_characters, step))):
        return 0
    # A blank that stands for a gap or a line's end has no angle of its own.
    turns = [
        quarter_turns(angle(at))
        for at in range(0, n_characters, max(1, n_characters // 100))
        if not chr(pypdfium2.raw.FPDFText_GetUnicode(text_page, at)).isspace()
    ]
    return max((turn for turn in turns if turn is not None), key=turns.count, default=0)


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
