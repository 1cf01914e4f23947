"""Put on letters what desks, servers and vendors put on pages: desks.py FOLDER GOLD [KIND]...

Each kind is laid over the letter as posted, and over the letter without its program's marks.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import stamps
from papers import open_unmarked, save
from pypdf import PdfReader, PdfWriter, Transformation
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 612, 792
Draw = Callable[[Canvas, int, int, int], None]
"""Draws on a page, given its number, the number of pages and that of the letter."""


def lines(canvas: Canvas, x: float, y: float, step: float, *texts: str) -> None:
    for i, text in enumerate(texts):
        canvas.drawString(x, y - step * i, text)


def received_box(canvas: Canvas, number: int, _: int, letter: int) -> None:
    if number == 1:
        canvas.translate(WIDTH - 215, HEIGHT - 118)
        canvas.rotate(8)
        canvas.setFont("Helvetica-Bold", 11)
        lines(canvas, 10, 44, 17, "RECEIVED", f"JAN {9 + letter % 19} 2017", "MAIL ROOM 3")


def court_line(canvas: Canvas, number: int, n_pages: int, letter: int) -> None:
    canvas.setFont("Helvetica", 9)
    words = f"Case 2:17-cv-0{1200 + letter}-JAM   Document 30-2   Filed 03/10/17"
    lines(canvas, 28, HEIGHT - 18, 0, f"{words}   Page {number} of {n_pages}")


def imaging_strip(canvas: Canvas, number: int, n_pages: int, letter: int) -> None:
    canvas.translate(16, 180)
    canvas.rotate(90)
    canvas.setFont("Helvetica", 6)
    words = f"DCN 2017{letter:04d}  Batch 118  Recd 02/27/2017  Pg {number}/{n_pages}"
    canvas.drawString(0, 0, words)


def copy_service(canvas: Canvas, number: int, n_pages: int, letter: int) -> None:
    canvas.setFont("Times-Roman", 9)
    patient = "PATIENT: SAMPLE, PAT   DOI: 04/11/2011"
    lines(canvas, 54, HEIGHT - 22, 11, f"MILL COPY INC.   ORDER NO. {447120 + letter}", patient)
    sworn = "I declare under penalty of perjury that these records are true copies."
    lines(canvas, 120, 30, 10, sworn, f"Page {number} of {n_pages}   Date: 03/10/2017")


def claims_table(canvas: Canvas, _: int, __: int, letter: int) -> None:
    canvas.setFont("Helvetica", 8)
    rows = (
        ("Case Number:", f"CM16-09{letter:05d}", "Date of Injury:", "01/10/2009"),
        ("UR Denial Date:", "02/10/2017", "Priority:", "Expedited"),
    )
    for i, row in enumerate(rows):
        for j, words in enumerate(row):
            canvas.drawString(40 + 92 * j, HEIGHT - 14 - 11 * i, words)


def sign_off(canvas: Canvas, _: int, __: int, ___: int) -> None:
    canvas.setFont("Times-Roman", 11)
    lines(canvas, WIDTH - 190, 92, 13, "Decision: Upheld", "Date: 03/10/2017", "By: ____ Lic. 44")


def over_text(canvas: Canvas, number: int, _: int, letter: int) -> None:
    canvas.setFont("Helvetica-Bold", 12)
    time = (7 * letter + number) % 60
    canvas.drawString(140, HEIGHT / 2 + 40, f"RECEIVED BY FAX 03/10/2017 09:{time:02d}  UNIT 4")


def return_mail(canvas: Canvas, number: int, n_pages: int, letter: int) -> None:
    canvas.setFont("Courier", 9)
    if number == 1:
        address = "SAMPLE BILL REVIEW", f"#BWNKHGR 0000 {4400 + letter:06d}", "MILLTOWN CA 95812"
        lines(canvas, 64, HEIGHT - 60, 11, "RETURN SERVICE REQUESTED", *address)
    canvas.translate(WIDTH - 22, 120)
    canvas.rotate(90)
    canvas.drawString(0, 0, f"T{letter:05d} 0{number}/{n_pages} AV 0.373 IMR DETERMINATION UPHELD")


def chart_banner(canvas: Canvas, number: int, n_pages: int, letter: int) -> None:
    canvas.setFont("Helvetica", 9)
    document = "Document: IMR Final Determination   Priority: Expedited   Status: Overturned"
    scanned = "Scanned 3/4/2017 by jsample   Case Summary: see note"
    lines(canvas, 36, HEIGHT - 20, 12, f"SAMPLE, PAT   MRN 00{1200 + letter}", document, scanned)
    lines(canvas, 36, 12, 0, "Printed by jsample on 3/4/2017 4:41 PM")
    canvas.drawRightString(WIDTH - 36, 12, f"Page {number} of {n_pages}")


def patch_note(canvas: Canvas, number: int, _: int, __: int) -> None:
    canvas.setFont("Helvetica", 10)
    y = HEIGHT * (0.62 if number % 2 else 0.4)
    canvas.setFillGray(1)
    canvas.rect(380, y - 30, 160, 42, fill=1)
    canvas.setFillGray(0)
    note = "Item 1: Overturned per appeal", "Claims Administrator guideline: n/a", "JS 3/4/17"
    lines(canvas, 384, y, 13, *note)


def filing_sheet(canvas: Canvas, number: int, _: int, letter: int) -> None:
    canvas.setFont("Times-Roman", 10)
    title = "DOCUMENT TITLE: IMR FINAL DETERMINATION"
    date = "DOCUMENT DATE: 03/10/2017   AUTHOR: MAXIMUS"
    lines(canvas, 72, 58, 11, "DOCUMENT TYPE: MEDICAL DOCS", title, date)
    canvas.setFont("Courier-Bold", 20)
    canvas.drawRightString(WIDTH - 40, 20, f"*00{12000 + letter}0{number}*")


KINDS: dict[str, tuple[Draw, float]] = {
    "mail room's box, turned by 8 degrees": (received_box, 1),
    "line of a court's filing system": (court_line, 1),
    "imaging vendor's strip, sideways": (imaging_strip, 1),
    "copy service, head and sworn foot": (copy_service, 1),
    "claims system's table with other dates": (claims_table, 1),
    "supervisor's sign-off with an outcome": (sign_off, 1),
    "received by fax, over the lines": (over_text, 1),
    "returned mail's address and code": (return_mail, 1),
    "banner of a chart, the page shrunk to 90 %": (chart_banner, 0.9),
    "white note over the lines": (patch_note, 1),
    "filing sheet at the foot, bar code": (filing_sheet, 1),
}
"""What is drawn, and the share of its size to which the page is shrunk."""


def open_marked(content: bytes) -> PdfWriter:
    return PdfWriter(clone_from=io.BytesIO(content))


def lay_over(writer: PdfWriter, draw: Draw, scale: float, letter: int) -> bytes:
    for number, page in enumerate(writer.pages, start=1):
        if scale != 1:
            shift = WIDTH * (1 - scale) / 2, HEIGHT * (1 - scale) / 3
            page.add_transformation(Transformation().scale(scale).translate(*shift))
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=(WIDTH, HEIGHT))
        draw(canvas, number, len(writer.pages), letter)
        canvas.showPage()
        canvas.save()
        page.merge_page(PdfReader(out).pages[0])
    return save(writer)


def main(folder: str, gold_file: str, *names: str) -> None:
    paths = sorted(Path(folder).glob("*.pdf"))
    gold = stamps.read_gold(gold_file)
    for name in names or KINDS:
        for kind, open_letter in (("as posted", open_marked), ("unmarked", open_unmarked)):
            laid = (
                (path, lay_over(open_letter(path.read_bytes()), *KINDS[name], letter))
                for letter, path in enumerate(paths)
            )
            stamps.count_right(f"{name}, {kind}", laid, gold)


if __name__ == "__main__":
    main(*sys.argv[1:])
