"""Paper that holds more than a letter, less of it, or it in another size."""

import io

import pytest
from factories import FictionalItem, FictionalLetter, render
from paper import HEIGHT, LIMITS, LONG, WIDTH, draw_pdf, pages_of, parse
from pypdf import PageObject, PdfReader, PdfWriter, Transformation

from imrml.corpus.batch import parse_letter_file
from imrml.documents.reading import LetterFile
from imrml.errors import DocumentError

NAMES = ["Norco 10/325mg #60", "Soma 350mg #30", "Hand therapy, 6 visits"]
LETTER = FictionalLetter(
    summary=f"A 40 year old cook burned her hand. UR denied {NAMES[0]}, {NAMES[1]} and {NAMES[2]}.",
    items=[
        FictionalItem(name, rationale=f"{LONG * n}Thus the request is not medically necessary.")
        for name, n in zip(NAMES, (9, 12, 3), strict=True)
    ],
)
PAGES = pages_of(LETTER)


CLEAN = parse(draw_pdf(PAGES))


def saved(writer):
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def on_one_sheet(content):
    """Put two pages beside each other on each sheet."""
    pages = PdfReader(io.BytesIO(content)).pages
    writer = PdfWriter()
    scale = 0.5 * HEIGHT / WIDTH
    for first in range(0, len(pages), 2):
        sheet = PageObject.create_blank_page(width=HEIGHT, height=WIDTH)
        for at, page in enumerate(pages[first : first + 2]):
            place = Transformation().scale(scale).translate(at * HEIGHT / 2, 40)
            sheet.merge_transformed_page(page, place)
        writer.add_page(sheet)
    return saved(writer)


def scaled(content, scale):
    """Draw a page anew around its middle, so that its margins become narrower."""
    writer = PdfWriter(clone_from=io.BytesIO(content))
    for page in writer.pages:
        page.add_transformation(
            Transformation()
            .translate(-WIDTH / 2, -HEIGHT / 2)
            .scale(scale)
            .translate(WIDTH / 2, HEIGHT / 2)
        )
    return saved(writer)


def test_two_pages_on_one_sheet_are_read_one_after_the_other():
    assert len(PAGES) > 1
    assert parse(on_one_sheet(draw_pdf(PAGES))).case == CLEAN.case


@pytest.mark.parametrize("scale", [0.7, 0.9, 1.04, 1.08, 1.1, 1.12, 1.14])
@pytest.mark.parametrize("width", [84, 88, 92], ids=str)
def test_a_letter_with_narrow_margins_loses_no_word(scale, width):
    lines = render(LETTER.paragraphs(), "tight", width).split("\n")
    pages = [lines[at : at + 40] for at in range(0, len(lines), 40)]
    parsed = parse(scaled(draw_pdf(pages), scale))
    assert parsed.case == CLEAN.case
    assert not parsed.clean.furniture


SHEETS = {
    "a proof of service": ["PROOF OF SERVICE BY MAIL", "I am over the age of 18.", "J. Miller"],
    "a declaration": ["Declaration of Custodian of Records", "These are true copies."],
    "a report": ["TRANSMISSION VERIFICATION REPORT", "TIME : 03/04/2015 09:41", "RESULT OK"],
    "a cover": ["FAX COVER SHEET", "To: Mill   From: Farm", "Pages: 3"],
}


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
@pytest.mark.parametrize("has_blank_page", [False, True], ids=["behind", "behind a blank page"])
def test_a_sheet_of_another_paper_behind_a_letter_is_none_of_it(sheet, has_blank_page):
    pages = [*PAGES, *([[]] if has_blank_page else []), sheet]
    parsed = parse(draw_pdf(pages))
    assert parsed.case == CLEAN.case
    assert not parsed.flags


@pytest.mark.parametrize(
    "page",
    [
        ["Activity report of March", "The report shows that the visits are medically necessary."],
        ["The proof of service of the mill hand is absent.", "It was asked for."],
        ["Further, he walked.", "Proof of service"],
    ],
)
def test_a_page_of_the_letter_is_no_other_paper(page):
    parsed = parse(draw_pdf([*PAGES, page]))
    assert not parsed.clean.furniture
    assert page[-1] in parsed.case.items[-1].determination.rationale


# --- text that was cut in copying ---------------------------------------------------------------

TEXT = render(LETTER.paragraphs(), "tight", 85)


def read_copy(text):
    return parse_letter_file(LetterFile("copy.txt", text.encode()), LIMITS)


def cut_behind(words, count=1):
    at = -1
    for _ in range(count):
        at = TEXT.index(words, at + 1)
    return TEXT[: at + len(words)]


def test_a_whole_copy_is_read():
    for text in (TEXT, f"{TEXT}\n", TEXT.rstrip(" .\n"), TEXT.rstrip() + "\n\n"):
        assert len(read_copy(text).case.items) == len(NAMES)


@pytest.mark.parametrize(
    "text",
    [
        cut_behind("not medically necessary.\n"),
        cut_behind("not medically necessary.\n", 2),
        cut_behind("told of any test in June.", 16),
        cut_behind("Decision rationale: The mill hand walked to"),
        next(f"{line}\n" for line in [TEXT[: TEXT.rindex(" \n") + 1]]),
    ],
    ids=["items named", "two of three", "no verdict", "amid a sentence", "a line that wraps"],
)
def test_a_copy_that_was_cut_is_refused(text):
    refused = read_copy(text)
    assert isinstance(refused, DocumentError)
    assert refused.reason == "cut_short"


@pytest.mark.parametrize(
    "summary",
    [
        f"A cook. UR denied {NAMES[0]} and certified a request for massage.",
        f"A cook. UR denied {NAMES[0]}, citing MTUS.",
        f"A cook. UR denied {NAMES[1]} and {NAMES[0]}.",
        "A cook who was burned.",
    ],
)
@pytest.mark.parametrize("rationale", ["The drug is supported.", f"{LONG}It is granted. {LONG}"])
def test_a_letter_that_names_no_other_item_is_whole(summary, rationale):
    letter = FictionalLetter(
        summary=summary, items=[FictionalItem(NAMES[0], "Overturned", rationale=rationale)]
    )
    assert len(read_copy(render(letter.paragraphs(), "tight", 85)).case.items) == 1
