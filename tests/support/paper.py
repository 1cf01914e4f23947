"""Fictional letters on paper: laid out as a PDF, stamped and turned as paper is."""

import io
from collections.abc import Callable, Sequence

from factories import FictionalItem, FictionalLetter, render
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdfium2 import PdfDocument
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from imrml.config import load_config
from imrml.documents.reading import read_text
from imrml.letters.parsing import parse_letter
from imrml.letters.spans import ParsedLetter

WIDTH, HEIGHT = 612, 792
LINES_A_PAGE = 40
FIRST_LINE = 705
"""Height of a page's first line."""

LIMITS = load_config().limits
LONG = "The mill hand walked to work again, and no packet told of any test in June. "

Draw = Callable[[Canvas, int, int], None]
"""Draws on a page, given its number from 1 and the number of pages."""


def pages_of(letter: FictionalLetter, lines_a_page: int = LINES_A_PAGE) -> list[list[str]]:
    lines = render(letter.paragraphs(), "tight", 85).split("\n")
    return [lines[at : at + lines_a_page] for at in range(0, len(lines), lines_a_page)]


LETTER = FictionalLetter(
    items=[
        FictionalItem(rationale=f"{LONG * 9}The drug is not medically necessary."),
        FictionalItem("Soma 350mg #30", "Overturned", rationale=f"{LONG * 12}It is supported."),
        FictionalItem("Hand therapy, 6 visits", rationale=f"{LONG * 3}It is not supported."),
    ]
)
PAGES = pages_of(LETTER)
"""Of a letter with three items."""


def last(number: int) -> float:
    """Give the height of the last line of one of ``PAGES``."""
    return FIRST_LINE - 14 * (len(PAGES[number - 1]) - 1)


def parse(content: bytes) -> ParsedLetter:
    return parse_letter(read_text(content, LIMITS))


def draw_pdf(
    pages: Sequence[Sequence[str]],
    *,
    stamp: Draw | None = None,
    is_under: bool = False,
    turned: int = 0,
    rotate: int = 0,
    is_invisible: bool = False,
) -> bytes:
    """Draw a PDF: its content turned by quarter turns, its pages by degrees of ``/Rotate``."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(HEIGHT, WIDTH) if turned % 2 else (WIDTH, HEIGHT))
    for number, lines in enumerate(pages, start=1):
        if turned:
            canvas.translate(*{1: (HEIGHT, 0), 2: (WIDTH, HEIGHT), 3: (0, WIDTH)}[turned])
            canvas.rotate(90 * turned)
        if stamp and is_under:
            stamp(canvas, number, len(pages))
        canvas.setFont("Times-Roman", 12)
        for i, line in enumerate(lines):
            canvas.drawString(72, FIRST_LINE - 14 * i, line, mode=3 if is_invisible else None)
        if stamp and not is_under:
            stamp(canvas, number, len(pages))
        canvas.showPage()
    canvas.save()
    return _rotate(out.getvalue(), rotate) if rotate else out.getvalue()


def _rotate(content: bytes, degrees: int) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(content))
    for page in writer.pages:
        page.rotate(degrees)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def scan(content: bytes, only: Sequence[int] | None = None, quarter_turns: int = 0) -> bytes:
    """Scan the pages of a PDF, or ``only`` those (from 0), turned by quarter turns."""
    out = io.BytesIO()
    canvas = Canvas(out)
    pdf = PdfDocument(content)
    for page in pdf:
        picture = page.render(scale=200 / 72, grayscale=True).to_pil()
        picture = picture.point(lambda dot: 255 * (dot > 150)).rotate(
            90 * quarter_turns, expand=True
        )
        size = (picture.width * 72 / 200, picture.height * 72 / 200)
        canvas.setPageSize(size)
        canvas.drawImage(ImageReader(picture), 0, 0, *size)
        canvas.showPage()
    pdf.close()
    canvas.save()
    if only is None:
        return out.getvalue()
    writer, scanned = PdfWriter(), PdfReader(io.BytesIO(out.getvalue()))
    for number, page in enumerate(PdfReader(io.BytesIO(content)).pages):
        writer.add_page(scanned.pages[number] if number in only else page)
    mixed = io.BytesIO()
    writer.write(mixed)
    return mixed.getvalue()


def fax_header(canvas: Canvas, page: int, n_pages: int) -> None:
    canvas.setFont("Courier", 8)
    canvas.drawString(
        20, 780, f"03/04/2015 WED 10:12 FAX 5550100 Farm -> Mill {page:03d}/{n_pages:03d}"
    )


def envelope(canvas: Canvas, page: int, n_pages: int) -> None:
    canvas.setFont("Helvetica", 7)
    canvas.drawString(18, 778, "DocuSign Envelope ID: 0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9")


def number_at_foot(canvas: Canvas, page: int, n_pages: int) -> None:
    canvas.setFont("Helvetica", 9)
    canvas.drawString(480, 20, f"MILL-{4470 + page:06d}")


def mail_room(canvas: Canvas, page: int, n_pages: int) -> None:
    canvas.setFont("Helvetica-Bold", 10)
    for i, line in enumerate(("RECEIVED", "Mail room of the mill", "MAR 04 2015", "By: ____")):
        canvas.drawString(480, 770 - 12 * i, line)


def filed_on_first(canvas: Canvas, page: int, n_pages: int) -> None:
    if page == 1:
        canvas.setFont("Times-Bold", 14)
        canvas.drawString(420, 770, "FILED")
        canvas.drawString(420, 752, "2015 Mar 4 PM 2:41")


def watermark(canvas: Canvas, page: int, n_pages: int) -> None:
    canvas.saveState()
    canvas.translate(306, 396)
    canvas.rotate(45)
    canvas.setFont("Helvetica", 60)
    canvas.drawCentredString(0, 0, "SPECIMEN COPY")
    canvas.restoreState()


def same_print_at_foot(canvas: Canvas, page: int, n_pages: int) -> None:
    canvas.setFont("Times-Roman", 12)
    canvas.drawString(72, 58, f"Exhibit C  {page} / {n_pages}")


def line_numbers(canvas: Canvas, page: int, n_pages: int) -> None:
    canvas.setFont("Times-Roman", 12)
    for number in range(1, 29):
        canvas.drawRightString(48, 726 - 24 * number, str(number))


def every_fifth_line(canvas: Canvas, page: int, n_pages: int) -> None:
    canvas.setFont("Courier", 9)
    for number in range(5, 41, 5):
        canvas.drawString(40, 719 - 14 * number, str(number))


def draw_picture(canvas: Canvas, size: int) -> None:
    out = io.BytesIO()
    Image.new("L", (40, 40), 200).save(out, "PNG")
    out.seek(0)
    canvas.drawImage(ImageReader(out), 10, 100, size, size)


STAMPS: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        fax_header,
        envelope,
        number_at_foot,
        mail_room,
        filed_on_first,
        watermark,
        same_print_at_foot,
        line_numbers,
        every_fifth_line,
    )
}
