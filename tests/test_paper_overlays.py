"""Stamps in the page's own letters, told by how another program writes them into the file."""

import io

import pytest
from paper import FIRST_LINE, HEIGHT, LIMITS, PAGES, WIDTH, draw_pdf, last, parse
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from imrml.documents.interruptions import DrawnBox, find_interruptions
from imrml.documents.reading import read_text
from imrml.errors import LetterError

CONTENT, ARTIFACT = b"/P <</MCID 0>> BDC", b"/Artifact <</Type /Pagination>> BDC"


def below_last_line(canvas, number, _):
    canvas.setFont("Times-Roman", 12)
    canvas.drawString(72, last(number) - 14, "Seen by the claims desk")


def behind_last_line(canvas, number, _):
    canvas.setFont("Times-Roman", 12)
    words = PAGES[number - 1][-1]
    canvas.drawString(76 + stringWidth(words, "Times-Roman", 12), last(number), "(copy)")


def over_lines_once(canvas, number, _):
    canvas.setFont("Times-Roman", 11)
    if number == 1:
        for i, words in enumerate(("RECEIVED", "March 4, 2015", "by the mill")):
            canvas.drawString(330, 400 - 13 * i, words)


def date_of_another_claim(canvas, number, _):
    canvas.setFont("Times-Roman", 10)
    if number == 1:
        for i, words in enumerate(("Claim 0016", "Employee: Mill", "Date of Injury: 01/02/2003")):
            canvas.drawString(440, 690 - 12 * i, words)


def outcome_beside_a_line(canvas, number, _):
    canvas.setFont("Times-Bold", 12)
    canvas.drawString(500, last(number) + 42, "UPHELD")


STAMPS = {
    draw.__name__: draw
    for draw in (
        below_last_line,
        behind_last_line,
        over_lines_once,
        date_of_another_claim,
    )
}


def lay_over(body, stamp, *, marks=(b"", b""), is_under=False):
    """Draw a stamp onto the pages of a PDF; ``marks`` begin the text of page and stamp."""
    writer = PdfWriter(clone_from=io.BytesIO(body))
    layers = PdfReader(io.BytesIO(draw_pdf([[] for _ in writer.pages], stamp=stamp)))
    for page, layer in zip(writer.pages, layers.pages, strict=True):
        _mark(page, marks[0])
        _mark(layer, marks[1])
        page.merge_page(layer, over=not is_under)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _mark(page, mark):
    if mark:
        stream = StreamObject()
        stream.set_data(mark + b"\n" + page.get_contents().get_data() + b"\nEMC")
        page[NameObject("/Contents")] = stream


PLAIN = draw_pdf(PAGES)
CLEAN = parse(PLAIN)


@pytest.mark.parametrize("is_under", [False, True], ids=["over", "under"])
@pytest.mark.parametrize("marks", [(CONTENT, b""), (b"", b"")], ids=["marked", "unmarked"])
@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
def test_what_another_program_drew_is_not_of_the_letter(stamp, marks, is_under):
    parsed = parse(lay_over(PLAIN, stamp, marks=marks, is_under=is_under))
    assert parsed.case == CLEAN.case
    assert parsed.flags == CLEAN.flags
    assert parsed.clean.furniture


def test_an_outcome_by_another_program_is_not_of_the_letter_or_is_told():
    for mark in (b"", ARTIFACT):
        marked = parse(lay_over(PLAIN, outcome_beside_a_line, marks=(CONTENT, mark)))
        assert (marked.case, marked.flags) == (CLEAN.case, ())

    # In the page's only bold letters nothing but its place tells it, and that it is on each page.
    on_each = parse(lay_over(PLAIN, outcome_beside_a_line))
    assert (on_each.case, on_each.flags) == (CLEAN.case, ())

    def once(canvas, number, n_pages):
        if number == n_pages:  # where no line of the letter reaches below it
            outcome_beside_a_line(canvas, number, n_pages)

    assert "doubtful_stamp" in parse(lay_over(PLAIN, once)).flags


def test_an_artifact_is_furniture_but_where_it_alone_has_a_fact():
    def head(canvas, number, _):
        canvas.setFont("Times-Roman", 12)
        words = "Mill against farm" if number > 1 else "Case Number: CM15-0000077"
        canvas.drawString(72, 721, words)

    pages = [[line for line in page if "Case Number" not in line] for page in PAGES]
    parsed = parse(lay_over(draw_pdf(pages), head, marks=(CONTENT, ARTIFACT), is_under=True))
    assert parsed.case.case_number == "CM15-0000077"
    assert parsed.flags == ("doubtful_stamp",)
    assert "Mill against" not in parsed.clean.text


def test_a_marked_stamp_does_not_make_a_stamp_of_an_unmarked_page():
    parsed = parse(lay_over(PLAIN, over_lines_once, marks=(b"", CONTENT)))
    assert parsed.case == CLEAN.case


def test_words_that_a_stamp_stands_between_touch_again():
    pages = [[line.replace("walked to work", "took follow-up visits") for line in PAGES[0]]]
    pages[0][-1] = "She asked for follow"

    def parts(canvas, number, _):
        start = 72 + stringWidth(pages[0][-1], "Times-Roman", 12)
        canvas.setFont("Times-Roman", 12)
        canvas.drawString(start, FIRST_LINE - 14 * (len(pages[0]) - 1), "-up visits.")

    body = draw_pdf(pages, stamp=parts)

    def over(canvas, number, _):
        canvas.setFont("Times-Roman", 9)
        canvas.drawString(300, FIRST_LINE - 14 * (len(pages[0]) - 1) + 3, "RECEIVED")

    layers = PdfReader(io.BytesIO(draw_pdf([[]], stamp=over)))
    writer = PdfWriter(clone_from=io.BytesIO(body))
    _mark(writer.pages[0], CONTENT)
    writer.pages[0].merge_page(layers.pages[0])
    out = io.BytesIO()
    writer.write(out)
    assert "follow-up visits." in read_text(out.getvalue(), LIMITS)


def words_over_lines(canvas, number, _):
    for i, words in enumerate(("RECEIVED", "March 4, 2015", "by the mill", "Decision: Upheld")):
        canvas.drawString(330, 452 - 13 * i, words)


def words_over_words(canvas, number, _):
    for i in (4, 11, 15):
        canvas.drawString(150 + 9 * i, FIRST_LINE - 14 * i, "[REDACTED]")


def foot_of_two_columns(canvas, number, _):
    rows = ("Mill Review Services", "Telephone 555 0100"), ("12 Farm Road", "www.mill.example")
    for i, row in enumerate(rows):
        for x, words in zip((72, 400), row, strict=True):
            canvas.drawString(x, 50 - 14 * i, words)


def head(canvas, number, _):
    canvas.drawString(72, 750, "Mill against farm, sheet 7")


def number_behind_last_line(canvas, number, n_pages):
    end = 76 + stringWidth(PAGES[number - 1][-1], "Times-Roman", 12)
    canvas.drawString(end, last(number), f"Page {number} of {n_pages}")


def draw_amid(stamp, after=18):
    """Draw the letter with a stamp in its very font, behind some of each page's lines."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT))
    for number, lines in enumerate(PAGES, start=1):
        canvas.setFont("Times-Roman", 12)
        for i, line in enumerate(lines):
            if i == min(after, len(lines) - 4):
                stamp(canvas, number, len(PAGES))
            canvas.drawString(72, FIRST_LINE - 14 * i, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("after", [5, 18])
@pytest.mark.parametrize(
    "stamp",
    [words_over_lines, words_over_words, foot_of_two_columns, head, number_behind_last_line],
    ids=lambda draw: draw.__name__,
)
def test_what_interrupts_a_page_is_not_of_the_letter(stamp, after):
    parsed = parse(draw_amid(stamp, after))
    assert (parsed.case, parsed.flags) == (CLEAN.case, ())
    assert parsed.clean.furniture


def test_page_numbers_behind_the_last_words_are_not_of_the_letter():
    parsed = parse(draw_pdf(PAGES, stamp=number_behind_last_line))
    assert (parsed.case, parsed.flags) == (CLEAN.case, ())


def test_a_table_drawn_cell_by_cell_interrupts_nothing():
    cells = [DrawnBox(72, y, 160, y + 9, y) for y in (700, 686, 672)]
    beside = [DrawnBox(300, y, 420, y + 9, y) for y in (700, 686)]
    lines = [DrawnBox(72, y, 540, y + 9, y) for y in range(658, 500, -14)]
    assert not find_interruptions([*cells, *beside, *lines], 13.8)
    by_row = [cells[0], beside[0], *cells[1:], beside[1], *lines]
    assert not find_interruptions(by_row, 13.8)


def test_an_outcome_stamped_on_each_page_is_not_of_the_letter_or_refuses_it():
    def sign_off(canvas, number, _):
        canvas.setFont("Courier", 11)
        for i, words in enumerate(("Decision: Upheld", f"Date: 03/0{number}/2015")):
            canvas.drawString(420, 60 - 13 * i, words)

    body = draw_pdf(PAGES, stamp=sign_off)
    parsed = parse(body)
    assert (parsed.case, parsed.flags) == (CLEAN.case, ())

    def once(canvas, number, n_pages):
        if number == 1:
            sign_off(canvas, number, n_pages)

    with pytest.raises(LetterError, match="outcomes for"):
        parse(draw_pdf(PAGES, stamp=once))


def banner_and_foot(canvas, number, n_pages):
    canvas.setFont("Helvetica-Bold", 9)
    canvas.drawString(36, 770, "MILL, PAT   Record 1200")
    canvas.setFont("Helvetica", 9)
    canvas.drawString(36, 758, "Document: IMR Final Determination   Status: Overturned")
    canvas.drawString(36, 12, "Printed by the mill on 3/4/2015 4:41 PM")
    canvas.drawRightString(576, 12, f"Page {number} of {n_pages}")


def outcome_at_foot(canvas, number, _):
    canvas.setFont("Courier", 11)
    for i, words in enumerate(("Decision: Upheld", "By: ____")):
        canvas.drawString(420, 60 - 13 * i, words)


@pytest.mark.parametrize("stamp", [banner_and_foot, outcome_at_foot], ids=lambda d: d.__name__)
def test_a_last_page_of_nothing_but_stamps_is_known_by_those_of_other_pages(stamp):
    parsed = parse(draw_pdf([*PAGES, []], stamp=stamp))
    assert (parsed.case, parsed.flags) == (CLEAN.case, ())


def test_a_marked_page_that_ends_empty_holds_nothing_but_stamps():
    def signature(canvas, number, n_pages):
        if number == n_pages:
            canvas.setFont("Times-Roman", 12)
            canvas.drawString(72, 700, "Digitally signed by Pat Mill")
            canvas.drawString(72, 686, "I am the author of this document")

    body = draw_pdf([*PAGES, [" "]])
    parsed = parse(lay_over(body, signature, marks=(CONTENT, b"")))
    assert (parsed.case, parsed.flags) == (CLEAN.case, ())
