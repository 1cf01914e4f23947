"""Pages of a PDF as they are laid out: text, what was typed into its fields, ticks and notes.

A form holds its values apart from its text. The dictionary of the form, which names every field,
is lost where pages are cut out of a packet; so the fields of each page are read from the page
itself. A field without a value of its own is read as it is drawn. A box counts as ticked only where
everything that tells so agrees.
"""

import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from imrml.config import LimitsConfig
from imrml.documents.drawn_boxes import describe_rings, has_box_words, read_drawn_boxes
from imrml.documents.form_fields import read_fields
from imrml.documents.layout import PageLayout, Word, lay_out, lay_out_picture
from imrml.documents.ocr import OcrPage
from imrml.documents.reading import read_content
from imrml.errors import DocumentError, RequestFileError
from imrml.phrases import pluralize

if TYPE_CHECKING:
    import pypdfium2

_WIDGET, _FREE_TEXT = 20, 3
_MAX_OBJECTS = 5_000
_MAX_SEGMENTS = 200
_SHORTEST_RULE = 15.0
"""Drawn objects and segments of one of them that are looked at; points."""
_MAY_BE_FORM = re.compile(r"requested|diagnos|treatment", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"please wait\.{0,3}\s", re.IGNORECASE)
_FEW_DOUBTFUL, _MOST_DOUBTFUL = 3, 0.1
"""Words in doubt, and their share, with which a page that was read from its picture is taken."""
_MAY_BE_DRAWN = 20
"""Pages of a file, the first ones, of which boxes are read from the picture: a third of a second
each."""
_END = b"%%EOF"
_OF_PICTURES = frozenset(
    {"page_without_text", "no_text_layer", "illegible_page", "unreadable_picture", "too_slow"}
)
_STAMP_SIGNS = str.maketrans("", "", "\x0e\x0f")
_QUARTERS = {0: (1, 0), 1: (0, 1), 2: (-1, 0), 3: (0, -1)}


@dataclass(frozen=True, slots=True)
class PdfPages:
    """The pages of a PDF, and what of it could not be read.

    Parameters
    ----------
    pages : tuple of PageLayout
        In their order.
    unread : tuple of str
        Pages and fields that hold what could not be read.
    """

    pages: tuple[PageLayout, ...]
    unread: tuple[str, ...]


def read_pdf_pages(
    content: bytes, limits: LimitsConfig, *, reads_pictures: bool = True
) -> PdfPages:
    """Read the pages of a PDF with what was typed into its fields.

    Parameters
    ----------
    content : bytes
        Of the file.
    limits : LimitsConfig
        How large it may be.
    reads_pictures : bool, default=True
        Whether pages that are pictures are read by OCR, where it is installed.

    Returns
    -------
    PdfPages
        Every page, and what could not be read.

    Raises
    ------
    DocumentError
        As :func:`imrml.documents.read_text`, but pages that are pictures are only told where
        others can be read.
    RequestFileError
        A form that only the program of its maker can show.
    """
    import pypdfium2  # noqa: PLC0415 (0.1 s that other files need not pay)

    read, pictures = _read_page_texts(content, limits, reads_pictures=reads_pictures)
    pdf = pypdfium2.PdfDocument(content[: content.rfind(_END) + len(_END)])
    try:
        if len(pdf) > limits.max_pages:
            raise DocumentError(
                "too_many_pages", f"{len(pdf)} pages; at most {limits.max_pages} (limits.max_pages)"
            )
        read = read if len(read) == len(pdf) else []
        fields, unread = _read_fields(pdf)
        pages: list[PageLayout] = []
        n_left = limits.max_characters
        for index in range(len(pdf)):
            if index in pictures and index not in fields:
                pages.append(lay_out_picture(pictures[index]))
                if is_too_doubtful(pictures[index]):
                    pages[-1] = lay_out([])
                unread += describe_picture(pictures[index])
            else:
                page, of_page = _read_page(pdf, index, fields.get(index, []), n_left, read)
                pages.append(page)
                unread += of_page
            n_left -= len(pages[-1].text)
    except pypdfium2.PdfiumError:
        raise DocumentError("damaged_pdf", "a page cannot be read") from None
    finally:
        pdf.close()
    empty = [number for number, page in enumerate(pages, start=1) if not page.lines]
    if len(empty) == len(pages):
        raise DocumentError("no_text_layer", f"{len(pages)} pages without text, perhaps a scan")
    unread += [
        f"page {number} of {len(pages)} holds no text (a picture or a blank page)"
        for number in empty
        if number - 1 not in pictures or not is_too_doubtful(pictures[number - 1])
    ]
    return PdfPages(tuple(pages), tuple(unread))


def _read_page_texts(
    content: bytes, limits: LimitsConfig, *, reads_pictures: bool
) -> tuple[list[str], dict[int, OcrPage]]:
    """Read pages as letters are read; none where some are pictures that cannot be read."""
    for with_pictures in (True, False) if reads_pictures else (False,):
        try:
            document = read_content(content, limits, reads_pictures=with_pictures)
        except DocumentError as error:
            if error.reason not in _OF_PICTURES:
                raise
            continue
        pictures = {page.number - 1: page for page in document.ocr_pages}
        return document.text.translate(_STAMP_SIGNS).split("\f"), pictures
    return [], {}


def describe_picture(page: OcrPage) -> list[str]:
    """Say how surely a page was read from its picture, and what was not.

    Parameters
    ----------
    page : OcrPage
        The page.

    Returns
    -------
    list of str
        Nothing where no word is in doubt and no answer is ringed.

    Examples
    --------
    >>> describe_picture(OcrPage(2, "Tvvo pills", 92.0, ((0, 4),)))
    ['1 word of page 2, which was read from its picture, is in doubt']
    """
    n_words = len(page.doubtful)
    if is_too_doubtful(page):
        return [f"page {page.number}, a picture of which too many words are in doubt"]
    rings = describe_rings(page.number, page.n_rings)
    if not n_words:
        return rings
    verb = "is" if n_words == 1 else "are"
    doubt = f"of page {page.number}, which was read from its picture, {verb} in doubt"
    return [f"{pluralize(n_words, 'word')} {doubt}", *rings]


def is_too_doubtful(page: OcrPage) -> bool:
    """Tell a page of which so many words are in doubt that none is taken.

    Parameters
    ----------
    page : OcrPage
        As it was read from its picture.

    Returns
    -------
    bool
        Whether more than a tenth of its words are in doubt, and more than a few.
    """
    return len(page.doubtful) > max(_FEW_DOUBTFUL, _MOST_DOUBTFUL * len(page.text.split()))


def _read_page(
    pdf: "pypdfium2.PdfDocument",
    index: int,
    fields: Sequence[Word],
    n_left: int,
    texts: Sequence[str],
) -> tuple[PageLayout, tuple[str, ...]]:
    page = pdf[index]
    text_page = page.get_textpage()
    n_characters = text_page.count_chars()
    if n_characters > n_left:
        raise DocumentError("too_large", "more characters than limits.max_characters allows")
    turns = _find_turns(text_page, n_characters)
    words = list(_read_words(text_page, n_characters, turns))
    plain = text_page.get_text_bounded()
    text_page.close()
    placed = [_turn(word, turns) for word in fields if word.text or word.kind != "value"]
    if any(not word.text and word.kind == "value" for word in fields):
        placed += _read_drawn(pdf, index, fields, turns)
    unread: tuple[str, ...] = ()
    if not fields and index < _MAY_BE_DRAWN and has_box_words(plain):
        drawn = read_drawn_boxes(page, index + 1, [_turn(word, -turns % 4) for word in words])
        words = [word for place, word in enumerate(words) if place not in drawn.replaced]
        placed = [_turn(word, turns) for word in drawn.words]
        unread = drawn.unread
    rules, posts = _find_rules(page, turns) if _MAY_BE_FORM.search(plain) else ([], [])
    page.close()
    read = texts[index] if texts else _tidy(plain)
    is_filled = bool(fields) and any(word.text or word.kind == "ticked" for word in placed)
    return lay_out([*words, *placed], rules, posts, None if is_filled else read), unread


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\x02", "-").replace("\ufffe", "-")


# --- words and rules -----------------------------------------------------------------------------


def _read_words(
    text_page: "pypdfium2.PdfTextPage", n_characters: int, turns: int
) -> Iterator[Word]:
    """Yield the words of a page's text, where they stand on the page turned upright."""
    from pypdfium2 import raw  # noqa: PLC0415 (as above)

    box = raw.FS_RECTF()
    letters: list[str] = []
    edges: list[tuple[float, float, float, float]] = []
    for at in range(n_characters + 1):
        code = raw.FPDFText_GetUnicode(text_page.raw, at) if at < n_characters else 32
        sign = "-" if code in {2, 0xFFFE} else chr(code) if 0 < code < 0x110000 else " "
        if sign.isspace() or not sign.isprintable():
            if letters:
                yield _word_of("".join(letters), edges)
                letters, edges = [], []
            continue
        raw.FPDFText_GetLooseCharBox(text_page.raw, at, box)
        edge = _turn_box((box.left, box.bottom, box.right, box.top), turns)
        if letters and not _goes_on(edges[-1], edge):
            yield _word_of("".join(letters), edges)
            letters, edges = [], []
        letters.append(sign)
        edges.append(edge)


def _goes_on(
    last: tuple[float, float, float, float], edge: tuple[float, float, float, float]
) -> bool:
    height = max(last[3] - last[1], 1.0)
    return abs(edge[1] - last[1]) < 0.6 * height and -height < edge[0] - last[2] < 0.6 * height


def _find_turns(text_page: "pypdfium2.PdfTextPage", n_characters: int) -> int:
    """Tell by how many quarter turns, counted clockwise, most of a page's text is turned."""
    from pypdfium2 import raw  # noqa: PLC0415 (as above)

    step = max(1, n_characters // 50)
    angles = [
        raw.FPDFText_GetCharAngle(text_page.raw, at)
        for at in range(0, n_characters, step)
        if not chr(raw.FPDFText_GetUnicode(text_page.raw, at)).isspace()
    ]
    turns = [round(angle / (math.pi / 2)) % 4 for angle in angles]
    return max(turns, key=turns.count, default=0)


def _word_of(text: str, edges: Sequence[tuple[float, float, float, float]]) -> Word:
    lefts, bottoms, rights, tops = zip(*edges, strict=True)
    return Word(text, min(lefts), min(bottoms), max(rights), max(tops))


def _turn_box(
    box: tuple[float, float, float, float], turns: int
) -> tuple[float, float, float, float]:
    if not turns:
        return box
    cosine, sine = _QUARTERS[turns]
    corners = [(cosine * x - sine * y, sine * x + cosine * y) for x, y in (box[:2], box[2:])]
    (x0, y0), (x1, y1) = corners
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _turn(word: Word, turns: int) -> Word:
    box = _turn_box((word.left, word.bottom, word.right, word.top), turns)
    return Word(word.text, *box, kind=word.kind, name=word.name)


def _find_rules(
    page: "pypdfium2.PdfPage", turns: int
) -> tuple[list[tuple[float, float, float]], list[tuple[float, float, float]]]:
    """Find the rules drawn on a page: between the rows and the columns of a table."""
    from pypdfium2 import raw  # noqa: PLC0415 (as above)

    rules: list[tuple[float, float, float]] = []
    posts: list[tuple[float, float, float]] = []
    paths = page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=2)
    for path in islice(paths, _MAX_OBJECTS):
        for start, end in _edges_of(path, raw):
            (x0, y0, x1, y1) = _turn_box((*start, *end), turns)
            if x1 - x0 >= _SHORTEST_RULE and y1 - y0 < 1:
                rules.append(((y0 + y1) / 2, x0, x1))
            elif y1 - y0 >= _SHORTEST_RULE / 2 and x1 - x0 < 1:
                posts.append(((x0 + x1) / 2, y0, y1))
    return rules, posts


def _edges_of(path: Any, raw: Any) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Yield the straight edges of a drawn path; of a thin bar, those along it."""
    matrix = path.get_matrix()
    x, y = raw.c_float(), raw.c_float()
    last: tuple[float, float] | None = None
    for place in range(min(raw.FPDFPath_CountSegments(path.raw), _MAX_SEGMENTS)):
        segment = raw.FPDFPath_GetPathSegment(path.raw, place)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.on_point(x.value, y.value)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_LINETO and last is not None:
            yield last, point
        last = point


# --- fields --------------------------------------------------------------------------------------


def _read_fields(pdf: "pypdfium2.PdfDocument") -> tuple[dict[int, list[Word]], list[str]]:
    """Read the fields and notes of each page that has any, from the page itself."""
    from pypdfium2 import raw  # noqa: PLC0415 (as above)

    with_fields = [index for index in range(len(pdf)) if _has_fields(pdf, index, raw)]
    form_kind = pdf.get_formtype()
    is_xfa = form_kind in {raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND}
    if not with_fields:
        if is_xfa or _is_placeholder(pdf):
            raise RequestFileError(
                "an XFA form: what stands in it only the program of its maker shows; "
                "open it there and print it to a PDF"
            )
        return {}, []
    import pypdf  # noqa: PLC0415 (only for forms)

    # PDFium takes off what protects a file from changes, and mends what others stumble over.
    copy = io.BytesIO()
    pdf.save(copy, flags=raw.FPDF_REMOVE_SECURITY)
    unread: list[str] = []
    fields: dict[int, list[Word]] = {}
    try:
        pages = pypdf.PdfReader(copy, strict=False).pages
        for index in with_fields:
            fields[index] = list(read_fields(pages[index], index + 1, unread))
    except (pypdf.errors.PyPdfError, ValueError, KeyError, AttributeError, TypeError):
        unread.append("the fields of the form cannot be read")
    return fields, unread


def _has_fields(pdf: "pypdfium2.PdfDocument", index: int, raw: Any) -> bool:
    page = pdf[index]
    try:
        for place in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MAX_OBJECTS)):
            annotation = raw.FPDFPage_GetAnnot(page.raw, place)
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            raw.FPDFPage_CloseAnnot(annotation)
            if kind in {_WIDGET, _FREE_TEXT}:
                return True
    finally:
        page.close()
    return False


def _is_placeholder(pdf: "pypdfium2.PdfDocument") -> bool:
    """Tell the one page that stands where a reader cannot show the form."""
    if len(pdf) != 1:
        return False
    text_page = pdf[0].get_textpage()
    text: str = text_page.get_text_bounded()
    text_page.close()
    return _PLACEHOLDER.match(text.lstrip()) is not None and len(text) < 2_000


def _read_drawn(
    pdf: "pypdfium2.PdfDocument", index: int, fields: Sequence[Word], turns: int
) -> list[Word]:
    """Read fields without a value of their own as they are drawn on the page."""
    from pypdfium2 import raw  # noqa: PLC0415 (as above)

    blanks = [_turn(word, turns) for word in fields if not word.text and word.kind == "value"]
    page = pdf[index]
    before = page.get_textpage()
    already = {
        (word.text, round(word.left), round(word.bottom))
        for word in _read_words(before, before.count_chars(), turns)
    }
    before.close()
    raw.FPDFPage_Flatten(page.raw, raw.FLAT_NORMALDISPLAY)
    page.close()
    page = pdf[index]  # as it is now
    text_page = page.get_textpage()
    drawn = [
        word
        for word in _read_words(text_page, text_page.count_chars(), turns)
        if (word.text, round(word.left), round(word.bottom)) not in already
    ]
    text_page.close()
    page.close()
    placed: list[Word] = []
    for field in blanks:
        inside = [word for word in drawn if _is_inside(word, field)]
        text = lay_out(inside).text if inside else ""
        box = field.left, field.bottom, field.right, field.top
        placed.append(Word(text, *box, kind="value", name=field.name))
    return placed


def _is_inside(word: Word, field: Word) -> bool:
    x, y = (word.left + word.right) / 2, (word.bottom + word.top) / 2
    return field.left <= x <= field.right and field.bottom <= y <= field.top
