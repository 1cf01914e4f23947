"""Paper as it comes: stamped, turned and padded letters read as the clean ones do."""

import io
from pathlib import Path

import pytest
import reportlab
from factories import FictionalItem, FictionalLetter
from paper import (
    LETTER,
    LIMITS,
    PAGES,
    STAMPS,
    draw_pdf,
    line_numbers,
    number_at_foot,
    pages_of,
    parse,
)
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from imrml.documents.reading import read_text
from imrml.errors import DocumentError, LetterError
from imrml.letters.coverage import measure_coverage
from imrml.letters.furniture import find_furniture

CLEAN = parse(draw_pdf(PAGES))


def test_the_clean_letter_reads_as_written_and_holds_no_furniture():
    assert [item.submission.item for item in CLEAN.case.items] == [
        item.item for item in LETTER.items
    ]
    assert [item.determination.rationale for item in CLEAN.case.items] == [
        item.rationale for item in LETTER.items
    ]
    assert not CLEAN.clean.furniture
    assert not CLEAN.flags
    assert len(PAGES) > 1


@pytest.mark.parametrize("is_under", [False, True], ids=["over", "under"])
@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
def test_a_stamp_is_furniture_and_leaves_no_trace_in_a_field(stamp, is_under):
    parsed = parse(draw_pdf(PAGES, stamp=stamp, is_under=is_under))
    assert parsed.case == CLEAN.case
    assert parsed.flags == CLEAN.flags
    assert parsed.clean.furniture
    assert measure_coverage(parsed).share_read == 1


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
def test_a_letter_of_one_page_too(stamp):
    pages = pages_of(FictionalLetter(), 60)
    assert len(pages) == 1
    assert parse(draw_pdf(pages, stamp=stamp)).case == parse(draw_pdf(pages)).case


def test_small_print_at_the_height_of_the_last_line_is_no_part_of_it():
    def beside(canvas, number, _):
        canvas.setFont("Helvetica", 7)
        canvas.drawString(545, 705 - 14 * (len(PAGES[number - 1]) - 1), f"MILL-{4470 + number:06d}")

    assert parse(draw_pdf(PAGES, stamp=beside)).case == CLEAN.case


def _draw_with_lines(pages, draw):
    """Draw pages, and beside each line what ``draw`` puts there, as an export prints both."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(612, 792))
    for number, lines in enumerate(pages, start=1):
        for i, line in enumerate(lines):
            canvas.setFont("Times-Roman", 12)
            draw(canvas, number, i, 705 - 14 * i, len(lines))
            canvas.drawString(72, 705 - 14 * i, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("is_first", [True, False], ids=["first line", "last line"])
@pytest.mark.parametrize(
    ("text", "right"),
    [("MILL 00447{}", 592), ("M.{}", 600), ("{}", 604), ("Mill,   copy {}", 598)],
)
def test_print_in_the_right_margin_is_no_part_of_the_line_beside_it(text, right, is_first):
    def beside(canvas, number, i, height, n_lines):
        if i == (0 if is_first else n_lines - 1):
            canvas.drawRightString(right, height, text.format(number))

    parsed = parse(_draw_with_lines(PAGES, beside))
    assert parsed.case == CLEAN.case
    assert len(parsed.clean.furniture) == len(PAGES)


def test_print_in_the_left_margin_is_none_either():
    def beside(canvas, number, i, height, n_lines):
        if i == n_lines - 1:
            canvas.drawString(10, height, f"M{number:03d}")

    assert parse(_draw_with_lines(PAGES, beside)).case == CLEAN.case


@pytest.mark.parametrize("left", [30, 60], ids=["in the margin", "close to the lines"])
@pytest.mark.parametrize("n_numbers", [100, 28], ids=["counting on", "beginning anew"])
def test_numbers_glued_to_lines_are_no_part_of_them(left, n_numbers):
    def beside(canvas, number, i, height, n_lines):
        canvas.drawRightString(left + 8, height, str(1 + i % n_numbers))

    assert parse(_draw_with_lines(PAGES, beside)).case == CLEAN.case


@pytest.mark.parametrize("mark", ["{} |", "|", "{}|"])
def test_bars_beside_numbers_go_with_them(mark):
    def beside(canvas, number, i, height, n_lines):
        canvas.drawRightString(64, height, mark.format(i + 1))

    assert parse(_draw_with_lines(PAGES, beside)).case == CLEAN.case


def test_numbers_count_down_the_page_though_its_lines_are_drawn_in_another_order():
    pages = [[*lines[:2], lines[3], lines[2], *lines[4:]] for lines in PAGES]
    order = [0, 1, 3, 2, *range(4, 99)]

    def draw(is_numbered):
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=(612, 792))
        for lines in pages:
            canvas.setFont("Times-Roman", 12)
            for i, line in zip(order, lines, strict=False):
                if is_numbered:
                    canvas.drawRightString(54, 705 - 14 * i, str(i + 96))
                canvas.drawString(72, 705 - 14 * i, line)
            canvas.showPage()
        canvas.save()
        return parse(out.getvalue()).case

    assert draw(True) == draw(False)


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
def test_a_hyphen_that_ends_a_page_keeps_its_line_from_the_stamp_below(stamp):
    lines = [line.replace("walked to work", "walked-to work") for line in PAGES[0]]
    at = next(i for i, line in enumerate(lines) if "walked-to" in line)
    cut = lines[at].index("walked-") + len("walked-")
    pages = [[*lines[:at], lines[at][:cut]], [lines[at][cut:], *lines[at + 1 :]], *PAGES[1:]]
    rationale = parse(draw_pdf(pages, stamp=stamp)).case.items[0].determination.rationale
    assert rationale.startswith("The mill hand walked-to work again")


def test_a_letter_that_uses_its_margins_keeps_its_lines():
    lines = [f"{'The mill hand walked to work again and ' * 3}{n}th time." for n in range(9)]

    wide = read_text(draw_pdf([[f"{line[:110]} of them" for line in lines]]), LIMITS)
    assert "\x0e" not in wide


def test_print_that_runs_sideways_is_a_stamp():
    def sideways(canvas, number, _):
        canvas.saveState()
        canvas.translate(600, 100)
        canvas.rotate(90)
        canvas.drawString(0, 0, f"Mill Imaging   batch 12   sheet {number}")
        canvas.restoreState()

    assert parse(draw_pdf(PAGES, stamp=sideways)).case == CLEAN.case


@pytest.mark.parametrize("is_under", [False, True], ids=["over", "under"])
def test_two_stamps_far_apart_leave_a_short_page_its_words(is_under):
    def two(canvas, number, _):
        canvas.setFont("Times-Roman", 11)
        canvas.drawCentredString(306, 30, "Reverse side of the sheet")
        canvas.drawRightString(590, 762, "Box 54")

    pages = [*PAGES[:-1], PAGES[-1][:-1], PAGES[-1][-1:]]
    assert parse(draw_pdf(pages, stamp=two, is_under=is_under)).case == CLEAN.case


def test_line_numbers_run_on_over_a_page_that_holds_nothing_else():
    pages = [*PAGES, []]
    assert parse(draw_pdf(pages, stamp=line_numbers)).case == CLEAN.case


@pytest.mark.parametrize(
    ("left", "step", "of_each"),
    [(72, 24, str), (40, 14, str), (40, 24, "{}.".format), (40, 24, lambda n: str(n * n))],
    ids=["in the body", "over few lines", "of a list", "no counting"],
)
def test_other_columns_of_numbers_are_the_letters_own(left, step, of_each):
    def column(canvas, number, _):
        for line in range(1, 15):
            canvas.drawString(left, 400 - step * line, of_each(line))

    text = read_text(draw_pdf([PAGES[0][:20]], stamp=column), LIMITS)
    assert {of_each(line) for line in range(1, 15)} <= set(text.split())
    # What few of them stand in the margin at the page's foot may be a stamp, as other print is.
    assert "\x0e" not in text.partition(of_each(5))[0]


def test_a_furniture_span_slices_back_to_the_stamp():
    parsed = parse(draw_pdf(PAGES, stamp=number_at_foot))
    words = [
        parsed.clean.original[start:end].strip("\x0e\x0f") for start, end in parsed.clean.furniture
    ]
    assert words == [f"MILL-{4470 + page:06d}" for page in range(1, len(PAGES) + 1)]
    [span] = parsed.find("item", 3)
    start, end = parsed.locate(span, 0, len("Hand therapy"))
    assert parsed.clean.original[start:end] == "Hand therapy"


@pytest.mark.parametrize(
    "how",
    [
        {"rotate": 90},
        {"rotate": 270},
        {"rotate": 180},
        {"turned": 1},
        {"turned": 2},
        {"turned": 3},
        {"turned": 1, "rotate": 90},
        {"turned": 3, "rotate": 270},
    ],
    ids=str,
)
def test_a_turned_page_reads_as_an_upright_one(how):
    assert read_text(draw_pdf(PAGES, **how), LIMITS) == CLEAN.clean.original
    stamped = parse(draw_pdf(PAGES, stamp=number_at_foot, **how))
    assert stamped.case == CLEAN.case


@pytest.mark.parametrize(
    "padding", [b"\0" * 5000, b" " * 3000, b"\n<html>session ended</html>" * 90]
)
def test_what_stands_behind_the_end_of_a_pdf_is_padding(padding):
    assert read_text(draw_pdf(PAGES) + padding, LIMITS) == CLEAN.clean.original


def test_objects_behind_the_end_of_a_pdf_are_a_version_cut_short():
    for cut in (b"\n12 0 obj\n<< /Type /Page", b"\nstartxref\n"):
        with pytest.raises(DocumentError) as caught:
            read_text(draw_pdf(PAGES) + cut, LIMITS)
        assert caught.value.reason == "damaged_pdf"


@pytest.mark.parametrize("is_invisible", [True, False], ids=["by OCR", "born digital"])
def test_a_slip_is_mended_in_a_text_layer_by_ocr_only(is_invisible):
    slips = {"flueroscopy": "fluoroscopy", "radicuiopathy,": "radiculopathy,", "Upheid": "Upheld"}
    # Neither a word nor certain, a name, and a word that everyday English lacks.
    others = ["flurscopy", "Zantce", "tendinitis"]
    lines = [f"The mill hand told of line {n} and {word} " for n, word in enumerate(others)]
    lines += [f"Under {slip} in line {n} of it " for n, slip in enumerate(slips)]
    lines += [f"And then they walked to work again, {n} of them " for n in range(9)]
    text = read_text(draw_pdf([lines], is_invisible=is_invisible), LIMITS)
    words = set(text.split())
    assert words >= set(others)
    assert words >= set(slips.values() if is_invisible else slips)


def test_lines_that_all_end_in_a_blank_say_nothing_of_paragraphs():
    pages = [[f"{line.rstrip()} " for line in page] for page in PAGES]
    parsed = parse(draw_pdf(pages))
    assert [item.submission.item for item in parsed.case.items] == [
        item.item for item in LETTER.items
    ]
    assert [item.determination.rationale for item in parsed.case.items] == [
        item.rationale for item in LETTER.items
    ]


# --- furniture in text ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Mill Clinic 555-0100  p. 1", "Mill Clinic 555-0100  p. 2"),
        ("EXHIBIT 4-1", "EXHIBIT 4-2"),
        ("Printed Mar 4 2015 9:02 AM by reader 7", "Printed April 5 2015 10:12 PM by reader 7"),
    ],
)
@pytest.mark.parametrize("is_head", [True, False], ids=["head", "foot"])
def test_a_line_that_comes_again_at_a_pages_end_is_furniture(first, second, is_head):
    bodies = "He fell and was\nseen.", "She rose and\nwent."
    pages = [
        f"{line}\n{body}" if is_head else f"{body}\n{line}"
        for line, body in zip((first, second), bodies, strict=True)
    ]
    text = "\f".join(pages)
    assert [text[start:end] for start, end in find_furniture(text)] == [first, second]


@pytest.mark.parametrize("is_head", [True, False], ids=["head", "foot"])
def test_a_year_is_no_page_number(is_head):
    bodies = "MTUS Neck Complaints", "She rose and\nwent."
    pages = [
        f"{line}\n{body}" if is_head else f"{body}\n{line}"
        for line, body in zip(("2004.", "\x0e*550-02*\x0f"), bodies, strict=True)
    ]
    text = "\f".join(pages)
    assert [text[start:end] for start, end in find_furniture(text)] == ["\x0e*550-02*\x0f"]


def test_what_is_known_at_a_foot_is_known_on_a_page_that_holds_nothing_else():
    stamp = "4/3/2015 Document viewer of the mill"
    text = f"He fell.\n\x0e{stamp}\nwww.mill.example 1/2\x0f\f{stamp}"
    assert text[slice(*find_furniture(text)[-1])] == stamp


@pytest.mark.parametrize(
    "line",
    [
        "necessary.",
        "is not medically necessary",
        "Soma 350mg #30: Upheld",
        "MAXIMUS guideline: Decision based on MTUS.",
        "Case Number: CM15-0099999",
        "Official Disability Guidelines (ODG) Neck",
        "and the worker was seen again in the clinic",
        "A line that wraps as lines of a paragraph do ",
    ],
)
def test_a_line_of_the_letter_is_none_however_often_it_comes(line):
    text = f"He fell.\n{line}\fShe rose.\n{line}"
    assert find_furniture(text) == ()


@pytest.mark.parametrize(
    "line",
    [
        "03/04/2015 WED 10:12 FAX 5550100 Farm -> Mill 001/003",
        "DocuSign Envelope ID: 0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9",
        "MILL-000123",
        "CONFIDENTIAL",
        "Page 2 of 5",
        "Electronically signed by Mill, J. (Mar 4, 2015 09:12 PST)",
    ],
)
def test_a_known_shape_needs_no_second_page(line):
    text = f"He fell.\n{line}\nShe rose."
    assert [text[start:end] for start, end in find_furniture(text)] == [line]


@pytest.mark.parametrize(
    "line",
    [
        "CM15-0099999",
        "The FAX was sent.",
        "MRI 72148",
        "MTUS 2009",
        "Confidential care.",
        "It was signed by me.",
    ],
)
def test_what_looks_like_a_known_shape_is_not_taken_for_one(line):
    assert find_furniture(f"He fell.\n{line}\nShe rose.") == ()


def test_a_page_that_was_scanned_twice_is_read_once():
    twice = parse(draw_pdf([PAGES[0], PAGES[1], *PAGES[1:]]))
    assert twice.case == parse(draw_pdf(PAGES)).case


def test_a_page_of_another_letter_refuses_the_letter():
    other = pages_of(FictionalLetter(items=[FictionalItem("Walker")]))
    with pytest.raises(LetterError) as refused:
        parse(draw_pdf([PAGES[0], other[0], *PAGES[1:]]))
    assert refused.value.reason == "pages_out_of_order"


def test_ligatures_are_spelled_out():
    font = Path(reportlab.__file__).with_name("fonts") / "Vera.ttf"
    pdfmetrics.registerFont(TTFont("Vera", str(font)))
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.setFont("Vera", 12)
    canvas.drawString(72, 700, "The \ufb01rst of\ufb02ine note")
    canvas.save()
    assert read_text(out.getvalue(), LIMITS) == "The first offline note"
