"""Fictional forms as clerks have them: filled in, drawn flat, printed, cut out of a packet."""

import io
from collections.abc import Iterable, Sequence
from itertools import pairwise

import pypdf
import pypdfium2
import pypdfium2.raw
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)
from reportlab.lib.pagesizes import letter
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table

LINES = (
    ("Lumbar radiculopathy", "M54.16", "Epidural steroid injection L4-5 left", "64483", "1 visit"),
    ("Lumbar strain", "S39.012A", "Physical therapy, low back", "97110", "2 x week x 6 weeks"),
)
"""Two lines of a form, as its columns have them."""

HEADINGS = (
    ("Diagnosis", "(Required)"),
    ("ICD-Code", "(Required)"),
    ("Service/Good Requested", "(Required)"),
    ("CPT/HCPCS", "Code (If known)"),
    ("Other Information:", "(Frequency, Duration, etc.)"),
)
PERSON = (
    ("Name (Last, First, Middle):", "Testperson, Zzyzx"),
    ("Date of Injury (MM/DD/YYYY):", "03/14/2023"),
    ("Date of Birth (MM/DD/YYYY):", "02/02/1980"),
    ("Claim Number:", "WC-000-TEST"),
    ("Employer:", "Invented Freight"),
)
_EDGES = (40, 150, 215, 375, 450, 575)
_ROWS = 5


def _open() -> tuple[io.BytesIO, Canvas]:
    file = io.BytesIO()
    return file, Canvas(file, pagesize=letter, invariant=1)


def _head(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 9)
    canvas.drawString(40, 760, "State of California, Division of Workers' Compensation")
    canvas.drawString(40, 746, "REQUEST FOR AUTHORIZATION")
    canvas.drawString(40, 732, "DWC Form RFA")
    canvas.drawString(56, 716, "New Request")
    canvas.drawString(216, 716, "Resubmission - Change in Material Facts")
    canvas.drawString(
        56, 702, "Expedited Review: Check box if employee faces an imminent threat to health"
    )


def _foot(canvas: Canvas) -> None:
    canvas.drawString(40, 395, "Requesting Physician Signature:")
    canvas.drawString(350, 395, "Date:")
    canvas.drawString(40, 370, "Claims Administrator/Utilization Review Organization Response")
    canvas.drawString(56, 355, "Approved")
    canvas.drawString(156, 355, "Denied or Modified (See separate decision letter)")


def rfa(lines: Sequence[Sequence[str]] = LINES, *, ticked: Iterable[str] = ("New",)) -> bytes:
    """Make a fillable form: fields beside their labels, and in a table below its headings."""
    file, canvas = _open()
    _head(canvas)
    form = canvas.acroForm
    for name, x, y in (("New", 40, 714), ("Resubmission", 200, 714), ("Expedited", 40, 700)):
        form.checkbox(name=name, x=x, y=y, size=10, checked=name in ticked)
    for number, (label, value) in enumerate(PERSON):
        y = 670 - 18 * number
        canvas.drawString(40, y, label)
        form.textfield(name=f"p{number}", x=180, y=y - 4, width=180, height=15, value=value)
    for column, (upper, lower) in enumerate(HEADINGS):
        canvas.drawString(_EDGES[column], 560, upper)
        canvas.drawString(_EDGES[column], 550, lower)
    for row in range(_ROWS):
        for column in range(5):
            value = lines[row][column] if row < len(lines) else ""
            left, right = _EDGES[column], _EDGES[column + 1]
            form.textfield(
                name=f"t{row}{column}",
                x=left,
                y=525 - 20 * row,
                width=right - left - 4,
                height=18,
                value=value,
                fontSize=7,
            )
    _foot(canvas)
    form.textfield(name="signed", x=380, y=391, width=100, height=15, value="06/01/2024")
    form.checkbox(name="denied", x=140, y=353, size=10, checked=False)
    canvas.save()
    return file.getvalue()


def printed_rfa(lines: Sequence[Sequence[str]] = LINES, *, ruled: bool = True) -> bytes:
    """Make a form whose values are text, in a table whose cells run over several lines."""
    file, canvas = _open()
    _head(canvas)
    canvas.drawString(40, 716, "X")
    for number, (label, value) in enumerate(PERSON):
        canvas.drawString(40, 670 - 18 * number, f"{label} {value}")
    style = getSampleStyleSheet()["BodyText"]
    style.fontSize, style.leading = 8, 9.5
    cells = [[Paragraph(" ".join(heading), style) for heading in HEADINGS]]
    cells += [[Paragraph(text, style) for text in row] for row in lines]
    widths = [right - left for left, right in pairwise(_EDGES)]
    table = Table(cells, colWidths=widths)
    if ruled:
        table.setStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")])
    _, height = table.wrapOn(canvas, 560, 300)
    table.drawOn(canvas, 40, 575 - height)
    _foot(canvas)
    canvas.save()
    return file.getvalue()


def labelled_rfa(
    lines: Sequence[Sequence[str]] = LINES,
    *,
    numbered: bool = False,
    above: bool = False,
    drawn: bool = True,
) -> bytes:
    """Make a form whose lines stand below each other, a field a label."""
    file, canvas = _open()
    _head(canvas)
    form = canvas.acroForm
    y = 660
    for number, line in enumerate(lines, start=1):
        for column, value in enumerate(line):
            label = HEADINGS[column][0].rstrip(":") + (" Code" if column == 3 else "")
            if drawn:
                canvas.drawString(40, y, f"{label} {number}:" if numbered else f"{label}:")
            form.textfield(
                name=f"f{number}{column}" if drawn else f"{label}_{number}".replace(" ", "_"),
                x=40 if above else 200,
                y=y - 18 if above else y - 4,
                width=300,
                value=value,
                height=14,
            )
            y -= 34 if above else 20
    canvas.save()
    return file.getvalue()


def official_rfa(lines: Sequence[Sequence[str]] = LINES, *, headed: bool = True) -> bytes:
    """Make a form with two labels a line and the names that a program gives fields by itself."""
    file, canvas = _open()
    _head(canvas)
    form = canvas.acroForm
    pairs = (
        ("Name (Last, First, Middle):", "Testperson, Zzyzx", "Date of Injury (MM/DD/YYYY):",
         "03/14/2023"),
        ("Date of Birth (MM/DD/YYYY):", "02/02/1980", "Claim Number:", "WC-000-TEST"),
        ("Name:", "A. Fictional MD", "Practice Name:", "Invented Clinic"),
        ("Address:", "1 Nowhere", "City:", "Sample"),
        ("Specialty:", "Pain medicine", "NPI Number:", "0000000000"),
        ("Reference of ours:", "ZZ-9", "Fax Number:", "000"),
    )  # fmt: skip
    for number, (first, one, second, other) in enumerate(pairs):
        y = 680 - 17 * number
        canvas.drawString(40, y, first)
        form.textfield(name=f"a{number}", x=170, y=y - 3, width=120, height=14, value=one)
        canvas.drawString(300, y, second)
        form.textfield(name=f"b{number}", x=430, y=y - 3, width=140, height=14, value=other)
    canvas.setFont("Helvetica", 5)
    names = (
        "Diagnosis RequiredRow{}", "ICDCode RequiredRow{}", "ServiceGood RequestedRow{}",
        "CPTHCPCS Code If knownRow{}", "Other InformationRow{}",
    )  # fmt: skip
    if headed:
        canvas.drawString(40, 572, "List each specific requested medical services, goods, or items")
        for column, heading in enumerate(HEADINGS):
            canvas.drawCentredString(
                (_EDGES[column] + _EDGES[column + 1]) / 2, 550, " ".join(heading)
            )
    for row in range(_ROWS):
        for column in range(5):
            form.textfield(
                name=names[column].format(row + 1), x=_EDGES[column], y=525 - 20 * row,
                width=_EDGES[column + 1] - _EDGES[column] - 2, height=18, fontSize=6,
                value=lines[row][column] if row < len(lines) else "",
            )  # fmt: skip
    _foot(canvas)
    canvas.save()
    return file.getvalue()


def imr_application(*services: str) -> bytes:
    """Make a filled application for independent medical review."""
    file, canvas = _open()
    canvas.setFont("Helvetica", 9)
    canvas.drawString(40, 760, "APPLICATION FOR INDEPENDENT MEDICAL REVIEW")
    canvas.drawString(40, 746, "DWC Form IMR")
    canvas.drawString(40, 720, "Type of Utilization Review:")
    canvas.drawString(196, 720, "Regular")
    canvas.drawString(296, 720, "Expedited")
    form = canvas.acroForm
    form.checkbox(name="r", x=180, y=718, size=10, checked=False)
    form.checkbox(name="e", x=280, y=718, size=10, checked=True)
    fields = (
        ("Employee Name (First, MI, Last):", "Zzyzx Testperson"),
        ("Claim Number:", "WC-000-TEST"),
        ("Date of Injury (MM/DD/YYYY):", "03/14/2023"),
        ("Primary Diagnosis (Use ICD Code where practical):", "M54.16 lumbar radiculopathy"),
        ("Date of Utilization Review Determination Letter:", "05/02/2024"),
    )
    for number, (label, value) in enumerate(fields):
        y = 690 - 22 * number
        canvas.drawString(40, y, label)
        form.textfield(name=f"i{number}", x=270, y=y - 4, width=250, height=15, value=value)
    canvas.drawString(
        40, 560, "List each specific requested medical services, goods, or items that were denied"
    )
    canvas.drawString(40, 549, "or modified in the space below. Use additional pages if needed.")
    for number in range(4):
        y = 525 - 22 * number
        canvas.drawString(40, y, f"{number + 1}.")
        value = services[number] if number < len(services) else ""
        form.textfield(name=f"s{number}", x=60, y=y - 4, width=450, height=15, value=value)
    canvas.drawString(40, 420, "Request for Review and Consent to Obtain Medical Records")
    canvas.drawString(40, 400, "Employee Signature:")
    canvas.save()
    return file.getvalue()


def turned(pdf: bytes, angle: int) -> bytes:
    """Turn the content of the pages, and their rotation so that they are shown upright."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    for page in writer.pages:
        page.rotate(angle)
        width = float(page.mediabox.width)
        page.transfer_rotation_to_content()
        for reference in page.get("/Annots", ()) if angle == 90 else ():
            widget = reference.get_object()
            x0, y0, x1, y1 = map(float, widget["/Rect"])
            edges = (y0, width - x1, y1, width - x0)
            widget[NameObject("/Rect")] = ArrayObject(map(FloatObject, edges))
        page.rotate(-angle)
    return _bytes_of(writer)


def protected(pdf: bytes) -> bytes:
    """Protect a form against changes, as many that are sent out are: anybody may open it."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    writer.encrypt("", "owner", algorithm="AES-256")
    return _bytes_of(writer)


def flattened(pdf: bytes) -> bytes:
    """Draw what stands in the fields onto the pages, as a print to PDF does."""
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    for index in range(len(document)):
        page = document[index]
        pypdfium2.raw.FPDFPage_Flatten(page.raw, pypdfium2.raw.FLAT_NORMALDISPLAY)
        page.close()
    file = io.BytesIO()
    document.save(file)
    document.close()
    return file.getvalue()


def without_looks(pdf: bytes) -> bytes:
    """Take the drawn appearance off the text fields, as programs do that only store values."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    for page in writer.pages:
        for reference in page.get("/Annots", ()):
            widget = reference.get_object()
            if widget.get("/FT") == "/Tx":
                widget.pop("/AP", None)
    return _bytes_of(writer)


def without_values(pdf: bytes) -> bytes:
    """Leave nothing but the drawn appearance of the text fields."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    for page in writer.pages:
        for reference in page.get("/Annots", ()):
            widget = reference.get_object()
            if widget.get("/FT") == "/Tx":
                widget.pop("/V", None)
                widget.pop("/DV", None)
    return _bytes_of(writer)


def cut_out(pdf: bytes) -> bytes:
    """Cut the pages out of a packet: the form's dictionary is gone, the fields stay."""
    writer = pypdf.PdfWriter()
    for page in pypdf.PdfReader(io.BytesIO(pdf)).pages:
        writer.add_page(page)
    writer.root_object.pop("/AcroForm", None)
    return _bytes_of(writer)


def report(*lines: str, pictures: int = 0) -> bytes:
    """Make a report of one page, and as many pages behind it that are pictures."""
    file, canvas = _open()
    for number, line in enumerate(lines):
        canvas.drawString(72, 720 - 16 * number, line)
    for _ in range(pictures):
        canvas.showPage()
        canvas.drawInlineImage(_grey(), 0, 0, *letter)
    canvas.save()
    return file.getvalue()


def _grey() -> "object":
    from PIL import Image

    return Image.new("L", (60, 80), 200)


def scanned(pdf: bytes, kind: str = "PDF", dots: int = 200) -> bytes:
    """Draw the pages as a scanner takes them: a PDF, TIFF or PNG of pictures."""
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    first, *others = [page.render(scale=dots / 72).to_pil().convert("L") for page in document]
    document.close()
    file = io.BytesIO()
    several = {"save_all": True, "append_images": others} if kind != "PNG" else {}
    first.save(file, kind, dpi=(dots, dots), resolution=dots, **several)
    return file.getvalue()


def joined(*pdfs: bytes) -> bytes:
    """Join PDFs to a packet."""
    writer = pypdf.PdfWriter()
    for pdf in pdfs:
        writer.append(io.BytesIO(pdf))
    return _bytes_of(writer)


def add_field(pdf: bytes, rectangle: Sequence[float], **entries: object) -> bytes:
    """Add a field or a note to the first page, as its dictionary has it."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    widget = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/Rect"): ArrayObject(FloatObject(edge) for edge in rectangle),
        }
    )
    widget.update({NameObject(f"/{key}"): to_pdf(value) for key, value in entries.items()})
    page = writer.pages[0]
    page.setdefault(NameObject("/Annots"), ArrayObject()).get_object().append(
        writer._add_object(widget)
    )
    return _bytes_of(writer)


def to_pdf(value: object) -> object:
    """Give a value as a PDF holds it: names begin with a slash."""
    if isinstance(value, str):
        return NameObject(value) if value.startswith("/") else TextStringObject(value)
    if isinstance(value, int):
        return NumberObject(value)
    if isinstance(value, dict):
        return DictionaryObject({NameObject(f"/{k}"): to_pdf(v) for k, v in value.items()})
    if isinstance(value, list | tuple):
        return ArrayObject(to_pdf(entry) for entry in value)
    return value


def _bytes_of(writer: pypdf.PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def drawn_flat(ticked: Iterable[str] = ("New",), *, mark: str = "cross", size: int = 10) -> bytes:
    """Make a printed form whose boxes and ticks are lines, as a print to PDF draws them."""
    file, canvas = _open()
    _head(canvas)
    for name, x, y in (("New", 40, 714), ("Resubmission", 200, 714), ("Expedited", 40, 700)):
        canvas.rect(x, y, size, size, stroke=1, fill=0)
        if name not in ticked:
            continue
        canvas.setLineWidth(1.4)
        if mark == "cross":
            canvas.line(x + 2, y + 2, x + size - 2, y + size - 2)
            canvas.line(x + 2, y + size - 2, x + size - 2, y + 2)
        elif mark == "tick":
            canvas.line(x + 2, y + size / 2, x + size / 2, y + 2)
            canvas.line(x + size / 2, y + 2, x + size - 1, y + size - 1)
        elif mark == "filled":
            canvas.rect(x + 2, y + 2, size - 4, size - 4, stroke=0, fill=1)
        elif mark == "speck":
            canvas.rect(x + size / 2, y + size / 2, 1.2, 1.2, stroke=0, fill=1)
        elif mark == "ring":
            canvas.ellipse(x + 12, y - 4, x + 80, y + 14)
        canvas.setLineWidth(1)
    for number, (label, value) in enumerate(PERSON):
        canvas.drawString(40, 670 - 18 * number, f"{label} {value}")
    style = getSampleStyleSheet()["BodyText"]
    style.fontSize, style.leading = 8, 9.5
    cells = [[Paragraph(" ".join(heading), style) for heading in HEADINGS]]
    cells += [[Paragraph(text, style) for text in row] for row in LINES]
    table = Table(cells, colWidths=[right - left for left, right in pairwise(_EDGES)])
    table.setStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")])
    _, height = table.wrapOn(canvas, 560, 300)
    table.drawOn(canvas, 40, 575 - height)
    _foot(canvas)
    canvas.save()
    return file.getvalue()
