"""Make what desks do to whole letters, and read it: papers.py FOLDER GOLD.jsonl [KIND]...

Each kind takes the bytes of a letter and of another one. "resaved" needs pikepdf, "distilled" the
program Ghostscript.
"""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Highlight, Text
from pypdf.generic import ArrayObject, FloatObject
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

sys.path.insert(0, str(Path(__file__).parents[1] / "058-damaged-paper"))
import stamps

Kind = Callable[[bytes, bytes], bytes]
Draw = Callable[[Canvas, int, int], None]
WIDTH, HEIGHT = 612, 792


def save(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def sheet(*pages: Callable[[Canvas], None]) -> PdfReader:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT))
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return PdfReader(out)


def column(canvas: Canvas, top: float, lines: list[str], font: str = "Helvetica") -> None:
    canvas.setFont(font, 10)
    for i, line in enumerate(lines):
        canvas.drawString(72, top - 16 * i, line)


def on_each_page(draw: Draw, scale: float = 1.0) -> Kind:
    """Draw on each page, which is shrunk to its foot first where a scale is given."""

    def change(content: bytes, _: bytes) -> bytes:
        writer = PdfWriter(clone_from=io.BytesIO(content))
        n_pages = len(writer.pages)
        for number, page in enumerate(writer.pages, start=1):
            if scale != 1:
                page.add_transformation((scale, 0, 0, scale, 306 * (1 - scale), 20))
            layer = sheet(lambda canvas, number=number: draw(canvas, number, n_pages))
            page.merge_page(layer.pages[0])
        return save(writer)

    return change


def separator(content: bytes, _: bytes) -> bytes:
    """Put the sheet before it that parts documents filed by paper, and a cover of the filing."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 22)
        canvas.drawString(120, 690, "DOCUMENT SEPARATOR SHEET")
        column(
            canvas,
            620,
            [
                "Product Delivery Unit    ADJ",
                "Document Type    MEDICAL DOCS",
                "Document Title    IMR DETERMINATION",
                "Document Date    03/02/2017    (MM/DD/YYYY)",
                "Author    EXAMPLE REVIEW SERVICES",
                "Office Use Only",
                "Received Date    03/06/2017",
            ],
        )

    writer = PdfWriter()
    writer.append(sheet(draw))
    writer.append(io.BytesIO(content))
    return save(writer)


def certificate(content: bytes, _: bytes) -> bytes:
    """Put the certificate of a signing service behind it."""

    def draw(canvas: Canvas) -> None:
        column(
            canvas,
            740,
            [
                "Certificate Of Completion",
                "Envelope Id: 4F1C2B7A93D84E7FA1B20C3D4E5F6071    Status: Completed",
                "Subject: Please DocuSign: imr_letter.pdf",
                "Document Pages: 5    Signatures: 1    Envelope Originator:",
                "Certificate Pages: 1    Initials: 0    J. Miller",
                "AutoNav: Enabled    IP Address: 203.0.113.7",
                "Record Tracking",
                "Status: Original    Holder: J. Miller    Location: DocuSign",
                "3/6/2017 9:12:44 AM    j.miller@farm.example",
                "Signer Events    Signature    Timestamp",
                "A. Farmer    Completed    Sent: 3/6/2017 9:14:02 AM",
                "Security Level: Email, Account Authentication    Viewed: 3/6/2017 9:20:31 AM",
                "In Person Signer Events    Signature    Timestamp",
                "Envelope Summary Events    Status    Timestamps",
                "Envelope Sent    Hashed/Encrypted    3/6/2017 9:14:02 AM",
            ],
        )

    writer = PdfWriter(clone_from=io.BytesIO(content))
    writer.append(sheet(draw))
    return save(writer)


def two_letters(content: bytes, other: bytes) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(content))
    writer.append(io.BytesIO(other))
    return save(writer)


def blank_backs(*, is_scanned: bool) -> Kind:
    """Put an empty page behind each, or a grey one as a picture, as a duplex scanner does."""

    def draw(canvas: Canvas) -> None:
        if is_scanned:
            back = Image.effect_noise((425, 550), 6).point(lambda light: min(255, light + 120))
            canvas.drawImage(ImageReader(back), 0, 0, WIDTH, HEIGHT)

    def change(content: bytes, _: bytes) -> bytes:
        writer = PdfWriter(clone_from=io.BytesIO(content))
        backs = sheet(*[draw] * len(writer.pages))
        for at in range(len(writer.pages), 0, -1):
            writer.insert_page(backs.pages[at - 1], at)
        return save(writer)

    return change


def counter_of_copier(canvas: Canvas, _: int, __: int) -> None:
    canvas.setFont("Courier", 9)
    canvas.drawString(500, 22, "Page 1 of 1")


def portal(canvas: Canvas, number: int, n_pages: int) -> None:
    """Draw the head and foot of a print from a browser."""
    canvas.setFont("Helvetica", 8)
    canvas.drawString(24, 776, "3/6/2017, 9:41 AM")
    canvas.drawString(230, 776, "View Document - Example Claims Portal")
    canvas.drawString(24, 12, "https://portal.example/documents/view?id=883120&type=imr")
    canvas.drawRightString(588, 12, f"{number}/{n_pages}")


def filing_strip(canvas: Canvas, number: int, n_pages: int) -> None:
    canvas.setFont("Helvetica-Bold", 9)
    canvas.drawString(60, 780, "EDEX Submission 20170306-004412")
    canvas.drawRightString(560, 780, f"Batch 17  Doc 3  Pg {number} of {n_pages}  JET FILED")


def mail_head(canvas: Canvas, number: int, _: int) -> None:
    """Draw what a mail program prints above the attachment that it shows."""
    if number == 1:
        canvas.setFont("Helvetica", 9)
        lines = (
            "From: J. Miller <j.miller@farm.example>",
            "Sent: Monday, March 6, 2017 9:41 AM",
            "To: Claims Desk",
            "Subject: FW: IMR decision attached",
        )
        for i, line in enumerate(lines):
            canvas.drawString(60, 780 - 11 * i, line)


def annotated(content: bytes, _: bytes) -> bytes:
    """Highlight lines, stick a note on, type into the margin."""
    writer = PdfWriter(clone_from=io.BytesIO(content))
    for number in range(len(writer.pages)):
        corners = ArrayObject(map(FloatObject, (72, 512, 400, 512, 72, 500, 400, 500)))
        marks = (
            Highlight(rect=(72, 500, 400, 512), quad_points=corners),
            Text(rect=(560, 600, 580, 620), text="Decision: Upheld. Pay the rest."),
            FreeText(text="call A. Farmer re this", rect=(440, 30, 600, 50), font_size="10pt"),
        )
        for mark in marks:
            writer.add_annotation(number, mark)
    return save(writer)


def bars(content: bytes, _: bytes) -> bytes:
    """Lay black bars over words that stay below them."""
    writer, lines = PdfWriter(clone_from=io.BytesIO(content)), stamps.lines_of(content)
    for page, of_page in zip(writer.pages, lines, strict=True):

        def draw(canvas: Canvas, of_page: list[tuple[float, ...]] = of_page) -> None:
            for at in range(2, len(of_page), 7):
                canvas.rect(200, of_page[at][0], 90, 11, fill=1)

        page.merge_page(sheet(draw).pages[0])
    return save(writer)


def resaved(content: bytes, _: bytes) -> bytes:
    import pikepdf  # noqa: PLC0415 (no dependency of the project)

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        modes = pikepdf.ObjectStreamMode.generate
        pdf.save(out, object_stream_mode=modes, linearize=True, recompress_flate=True)
    return out.getvalue()


def distilled(content: bytes, _: bytes) -> bytes:
    options = ("-q", "-dPDFA=2", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-sOutputFile=-")
    command = ["gs", *options, "-"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


KINDS: dict[str, Kind] = {
    "separator sheet before": separator,
    "signing certificate behind": certificate,
    "two letters in one file": two_letters,
    "blank backs": blank_backs(is_scanned=False),
    "blank backs, scanned": blank_backs(is_scanned=True),
    "each page 1 of 1": on_each_page(counter_of_copier),
    "print of a portal": on_each_page(portal, 0.93),
    "strip of a filing vendor": on_each_page(filing_strip),
    "head of a mail": on_each_page(mail_head, 0.92),
    "notes and highlights": annotated,
    "bars over words": bars,
    "resaved": resaved,
    "distilled": distilled,
}


def main(folder: str, gold_file: str, *names: str) -> None:
    paths = sorted(Path(folder).glob("*.pdf"))
    letters = [path.read_bytes() for path in paths]
    others = [*letters[1:], *letters[:1]]
    gold = stamps.read_gold(gold_file)
    for name in names or KINDS:
        changed = (
            (path, KINDS[name](letter, other))
            for path, letter, other in zip(paths, letters, others, strict=True)
        )
        stamps.count_right(name, changed, gold)


if __name__ == "__main__":
    main(*sys.argv[1:])
