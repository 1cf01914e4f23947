"""Stamps that stand among a page's own lines, and are told by their letters."""

import io

import pytest
from paper import LIMITS, PAGES, draw_pdf, last, parse
from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from imrml.documents.reading import read_text
from imrml.letters.furniture import find_furniture


def behind(number):
    """Give the place behind a page's last line."""
    return 72 + stringWidth(PAGES[number - 1][-1], "Times-Roman", 12)


CLEAN = parse(draw_pdf(PAGES))


def over_last_line(canvas, number, _):
    canvas.setFont("Helvetica-Bold", 10)
    canvas.drawString(300, last(number) + 2, "RECEIVED MAR 04 2015")


def behind_last_line(canvas, number, _):
    canvas.setFont("Helvetica", 12)
    canvas.drawString(behind(number) + 8, last(number), "Mill 4")


def over_three_lines(canvas, number, _):
    canvas.setFont("Helvetica-Bold", 12)
    for i, words in enumerate(("RECEIVED", "MAR 04 2015", "MILL CLAIMS")):
        canvas.drawString(300, last(number) + 22 - 13 * i, words)


def sticker(canvas, number, _):
    canvas.setFont("Courier-Bold", 11)
    for i, words in enumerate(("EXHIBIT", "14", "WIT: Farm")):
        canvas.drawString(480, last(number) - 10 - 10 * i, words)


def tiles(canvas, number, _):
    canvas.setFont("Helvetica", 18)
    for x in (60, 260, 460):
        for y in range(last(number) - 9, 760, 120):
            canvas.drawString(x, y, "VOID COPY")


def great_upright(canvas, number, _):
    canvas.setFont("Helvetica-Bold", 90)
    canvas.drawString(60, last(number) - 20, "DUPLICATE")


def notice_in_sentences(canvas, number, _):
    canvas.setFont("Helvetica", 11)
    canvas.drawString(72, 40, "This fax is meant only for the mill that it is sent to.")
    canvas.drawString(72, 28, "Please call the farm and burn all copies if it came by error.")


def sideways_from_last_line(canvas, number, _):
    canvas.saveState()
    canvas.translate(580, last(number))
    canvas.rotate(-90)
    canvas.setFont("Helvetica-Bold", 11)
    canvas.drawString(0, 0, "FILED 2015 Mar 04")
    canvas.restoreState()


def words_of_a_letter(canvas, number, _):
    canvas.setFont("Helvetica", 9)
    canvas.drawString(72, 762, f"IMR Final Determination, Case Number: CM15-0012345  Page {number}")


def value_of_a_letter(canvas, number, _):
    if number == 1:
        canvas.setFont("Helvetica-Bold", 16)
        canvas.drawString(450, 752, "EXPEDITED")


STAMPS = {
    draw.__name__: draw
    for draw in (
        over_last_line,
        behind_last_line,
        over_three_lines,
        sticker,
        tiles,
        great_upright,
        notice_in_sentences,
        sideways_from_last_line,
        words_of_a_letter,
        value_of_a_letter,
    )
}


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
def test_other_letters_than_the_pages_are_a_stamp(stamp):
    parsed = parse(draw_pdf(PAGES, stamp=stamp))
    assert parsed.case == CLEAN.case
    assert parsed.flags == CLEAN.flags
    assert parsed.clean.furniture


def test_a_notice_is_known_again_on_a_page_of_nothing_else():
    parsed = parse(draw_pdf([*PAGES, []], stamp=notice_in_sentences))
    assert parsed.case == CLEAN.case
    assert not parsed.flags


def test_the_words_of_a_stamp_stay_in_the_text_that_was_read():
    parsed = parse(draw_pdf(PAGES, stamp=over_last_line))
    stamps = [parsed.clean.original[start:end] for start, end in parsed.clean.furniture]
    assert sum("RECEIVED MAR 04 2015" in stamp for stamp in stamps) == len(PAGES)


@pytest.mark.parametrize("font", ["Helvetica", "Times-Bold"])
@pytest.mark.parametrize("number", range(len(PAGES)))
def test_a_last_line_in_other_letters_is_the_letters_own(number, font):
    pages = [[*page, *(["It was so."] if at == number else [])] for at, page in enumerate(PAGES)]

    def line(canvas, page_number, _):
        if page_number == number + 1:
            canvas.setFont(font, 12)
            canvas.drawString(72, last(page_number) - 14, "It was so.")

    assert parse(draw_pdf(PAGES, stamp=line)).case == parse(draw_pdf(pages)).case


def test_a_sign_in_other_letters_is_of_its_line():
    def sign(canvas, number, _):
        canvas.setFont("Symbol", 12)
        canvas.drawString(behind(number) + 3, last(number), "\u03b1")

    assert "\x0e" not in read_text(draw_pdf(PAGES, stamp=sign), LIMITS)


def test_a_head_in_other_letters_that_is_drawn_first_is_the_letters_own():
    def head(canvas, number, _):
        if number == 1:
            canvas.setFont("Helvetica", 10)
            canvas.drawString(72, 760, "Case Number: CM15-0000077")

    pages = [[line for line in page if "Case Number" not in line] for page in PAGES]
    assert pages != PAGES
    parsed = parse(draw_pdf(pages, stamp=head, is_under=True))
    assert parsed.case.case_number == "CM15-0000077"


def test_text_outside_the_crop_box_stays_out_and_stamps_within_are_found():
    def stamps(canvas, number, n_pages):
        canvas.setFont("Helvetica", 9)
        canvas.drawString(72, 785, "Outside of it")
        over_last_line(canvas, number, n_pages)

    writer = PdfWriter(clone_from=io.BytesIO(draw_pdf(PAGES, stamp=stamps)))
    for page in writer.pages:
        page.cropbox = RectangleObject((10, 10, 602, 780))
    out = io.BytesIO()
    writer.write(out)
    assert len(PdfReader(io.BytesIO(out.getvalue())).pages) == len(PAGES)
    parsed = parse(out.getvalue())
    assert parsed.case == CLEAN.case
    assert "Outside" not in parsed.clean.original


SURE = "\x0e\x0eCase Number: CM15-0000077\x0f"
APART = "\x0eDate of Injury: 01/02/2003\x0f"


def test_a_letters_own_words_are_furniture_where_the_pages_reader_is_sure():
    words = "Case Number: CM15-0000012\nNorco: Upheld"
    assert find_furniture(f"{SURE}\n{words}") == ((0, len(SURE)),)
    assert not find_furniture(f"{APART}\n{words}")


def test_a_fact_that_the_letter_has_nowhere_else_stays():
    assert not find_furniture(f"{SURE}\nWords.")


def test_of_a_letters_own_words_that_come_again_the_first_stay():
    text = f"{APART}\nWords.\f{APART}\nMore."
    assert [text[start:end] for start, end in find_furniture(text)] == [APART]
    assert find_furniture(text)[0][0] > len(APART)


def test_a_label_that_its_page_has_below_is_none_of_the_letters():
    text = f"{APART}\nDate of Injury: 05/06/2012\nWords."
    assert find_furniture(text) == ((0, len(APART)),)


def test_a_head_drawn_first_that_names_another_case_is_none_of_the_letters():
    parsed = parse(draw_pdf(PAGES, stamp=words_of_a_letter, is_under=True))
    assert parsed.case == CLEAN.case


def test_outcomes_that_come_again_stay():
    assert not find_furniture("\x0eSoma: Upheld\x0f\nWords.\f\x0eSoma: Upheld\x0f\nMore.")


def draw_words(font):
    """Draw each word at its own place, and none of the blanks."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(612, 792))
    for lines in PAGES:
        canvas.setFont(font, 10)
        for i, line in enumerate(lines):
            x = 72.0
            for word in line.split(" "):
                canvas.drawString(x, 705 - 14 * i, word)
                x += stringWidth(word, font, 10) + 2.5
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("font", ["Times-Italic", "Times-Roman", "Helvetica-Oblique"])
def test_letters_that_lean_over_the_next_word_leave_their_blank(font):
    assert parse(draw_words(font)).case == CLEAN.case


def draw_glyphs(wide_of):
    """Draw each letter at its own place, none of the blanks, and ``wide_of`` letters apart."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(612, 792))
    for lines in PAGES:
        canvas.setFont("Times-Roman", 12)
        for i, line in enumerate(lines):
            x = 72.0
            for sign in line:
                if sign != " ":
                    canvas.drawString(x, 705 - 14 * i, sign)
                x += stringWidth(sign, "Times-Roman", 12) + (1.6 if sign in wide_of else 0)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("wide_of", ["", "t", "re", "n"])
def test_words_drawn_glyph_by_glyph_are_joined(wide_of):
    parsed = parse(draw_glyphs(wide_of))
    assert parsed.case == CLEAN.case
    assert parsed.flags == CLEAN.flags
