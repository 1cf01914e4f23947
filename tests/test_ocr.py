"""OCR: pages that are pictures are read with their confidence, or refused; nothing is guessed."""

import io
import re

import pypdfium2
import pytest
from factories import FictionalItem, FictionalLetter
from paper import draw_pdf, pages_of, scan
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from imrml.config import load_config
from imrml.corpus import parse_letters
from imrml.documents import DocumentText, read_images, read_text
from imrml.documents.line_numbers import drop_line_numbers
from imrml.documents.ocr import TICKED, UNTICKED, OcrPage, dots_an_inch, read_picture
from imrml.documents.reading import join_pages
from imrml.documents.slips import mend_slips, mend_word
from imrml.documents.tesseract import Word, can_read_pictures
from imrml.errors import DocumentError, LetterError
from imrml.letters.parsing import parse_letter

LIMITS = load_config().limits
LETTER = FictionalLetter(
    items=[FictionalItem("Norco 10/325mg #60"), FictionalItem("Massage, 6 visits", "Overturned")]
)
PAPER = draw_pdf(pages_of(LETTER, 24))
needs_tesseract = pytest.mark.skipif(not can_read_pictures(), reason="Tesseract is not installed")


def decided(content: bytes | str) -> list[tuple[str, str]]:
    items = parse_letter(content).case.items
    return [(item.submission.item, item.determination.decision) for item in items]


def grainy(picture: Image.Image) -> Image.Image:
    """Put a scanner's noise onto a picture."""
    noise = Image.effect_noise(picture.size, 5).point(lambda light: min(255, light + 120))
    return ImageChops.multiply(picture, noise)


@needs_tesseract
def test_the_grain_of_a_blank_page_is_no_ink_and_faint_writing_is():
    page = Image.new("L", (850, 1100), 255)
    assert read_picture(grainy(page), 1, LIMITS).text == ""
    pencil = ImageDraw.Draw(page)
    for y in range(100, 1000, 45):
        zigzag = [(60 + 12 * at, y + (15 if at % 2 else -15)) for at in range(60)]
        pencil.line(zigzag, fill=185, width=4)
    with pytest.raises(DocumentError, match="dark"):
        read_picture(grainy(page), 1, LIMITS)


@needs_tesseract
@pytest.mark.parametrize("only", [None, [1]], ids=["all pages", "the second page"])
def test_pages_that_are_pictures_are_read_and_noted(only):
    letter = parse_letter(scan(PAPER, only))
    plain = parse_letter(PAPER)
    assert decided(scan(PAPER, only)) == decided(PAPER)
    assert (
        letter.case.items[0].determination.rationale == plain.case.items[0].determination.rationale
    )
    assert letter.case.ocr
    assert not plain.case.ocr
    assert not plain.ocr_pages
    numbers = [page.number for page in letter.ocr_pages]
    assert numbers == ([2] if only else list(range(1, len(pages_of(LETTER, 24)) + 1)))
    assert all(80 < page.confidence <= 100 for page in letter.ocr_pages)


@needs_tesseract
@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_a_page_that_lay_turned_in_the_feeder_is_turned_back(quarter_turns):
    assert decided(scan(PAPER, quarter_turns=quarter_turns)) == decided(PAPER)


@needs_tesseract
def test_workers_read_pictures_too_and_the_table_says_so(tmp_path):
    (tmp_path / "scan.pdf").write_bytes(scan(PAPER, [0]))
    (tmp_path / "plain.pdf").write_bytes(PAPER)
    parsed = parse_letters(tmp_path)
    assert parsed.failures.empty
    assert parsed.items["ocr"].to_list() == [False, False, True, True]
    assert parsed.items["item"][:2].to_list() == parsed.items["item"][2:].to_list()


def test_without_the_extra_the_reason_names_it(monkeypatch):
    monkeypatch.setattr("imrml.documents.pdf.can_read_pictures", lambda: False)
    monkeypatch.setattr("imrml.documents.ocr.can_read_pictures", lambda: False)
    for content, reason in (
        (scan(PAPER), "no_text_layer"),
        (scan(PAPER, [1]), "page_without_text"),
    ):
        with pytest.raises(DocumentError, match=r"imrml\[ocr\]") as caught:
            read_text(content, LIMITS)
        assert caught.value.reason == reason
    with pytest.raises(DocumentError, match=r"imrml\[ocr\]"):
        read_images(b"", LIMITS)


@needs_tesseract
def test_what_can_hardly_be_read_is_refused():
    blurred = page_picture().filter(ImageFilter.GaussianBlur(9))
    with pytest.raises(DocumentError) as caught:
        read_picture(blurred, 3, LIMITS)
    assert caught.value.reason == "illegible_page"
    assert "page 3" in caught.value.detail


def page_picture() -> Image.Image:
    page = pypdfium2.PdfDocument(PAPER)[0]
    scale = dots_an_inch(*page.get_size()) / 72
    return page.render(scale=scale, grayscale=True).to_pil()


@pytest.mark.parametrize(
    ("word", "is_refused"),
    [("Norco", True), ("CM16-0000123", True), ("Upheld", False), ("rationale:", False)],
)
def test_a_doubtful_word_is_borne_only_where_it_proves_itself(word, is_refused):
    text = LETTER.spaced()
    text = re.sub(r"CM\d\d-\d{7}", word, text) if word.startswith("CM") else text
    start = text.index(word)
    page = OcrPage(1, text, 92.0)
    document = DocumentText(text, (page,), ((start, start + len(word)),))
    if is_refused:
        with pytest.raises(LetterError) as caught:
            parse_letter(document)
        assert caught.value.reason == "doubtful_reading"
        assert word not in caught.value.detail
    else:
        assert parse_letter(document).case.ocr


def test_a_doubtful_date_is_left_out_and_flagged():
    text = LETTER.spaced()
    day = re.search(r"Decision Date: *(\S+)", text)
    doubtful = parse_letter(DocumentText(text, (OcrPage(1, text, 92.0),), (day.span(1),)))
    item = doubtful.case.items[0]
    assert item.determination.decided_on is None
    assert item.determination.assigned_on is not None
    assert "doubtful_date" in doubtful.flags


def test_dates_that_cannot_follow_each_other_are_doubtful():
    text = re.sub(r"(Decision Date: *)\d\d(/\d\d/)\d{4}", r"\g<1>01\g<2>2099", LETTER.spaced())
    assert parse_letter(text).case.items[0].determination.decided_on
    letter = parse_letter(DocumentText(text, (OcrPage(1, text, 92.0),)))
    assert letter.case.items[0].determination.decided_on is None
    assert "doubtful_date" in letter.flags


@pytest.mark.parametrize(
    ("label", "day", "names"),
    [
        ("Date of Injury", "06/03/2093", {"date_of_injury"}),
        ("Date Assigned", "12/03/2093", {"assigned_on"}),
        ("Decision Date", "01/03/2003", {"decided_on"}),
    ],
)
def test_a_date_without_which_the_order_holds_is_the_one_left_out(label, day, names):
    text, n = re.subn(rf"({label}: *)\d\d/\d\d/\d{{4}}", rf"\g<1>{day}", LETTER.spaced())
    assert n == 1
    whole = parse_letter(text).case.items[0]
    left = parse_letter(DocumentText(text, has_ocr_layer=True)).case.items[0]
    assert names == {
        name
        for name in ("date_of_injury", "ur_denied_on", "received_on", "assigned_on", "decided_on")
        for part in ("submission", "determination")
        if getattr(getattr(whole, part), name, None) != getattr(getattr(left, part), name, None)
    }


def test_a_smear_in_an_item_of_a_text_layer_refuses_the_letter():
    text = LETTER.spaced().replace("Norco", "Norco\u00a9", 1)
    assert parse_letter(text)
    with pytest.raises(LetterError) as caught:
        parse_letter(DocumentText(text, has_ocr_layer=True))
    assert caught.value.reason == "doubtful_reading"


@pytest.mark.parametrize(
    ("elsewhere", "is_sure"),
    [
        ("Trezix 30.5/30/16mg.", True),
        (OcrPage(2, "", 90.0, words=(Word("30.5/30/16mg,", 91.0, 0, 0, 9, 9),)), True),
        (OcrPage(2, "", 90.0, words=(Word("30.5/30/16mg,", 60.0, 0, 0, 9, 9),)), False),
        ("Trezix 320.5/30/16mg.", False),
    ],
)
def test_a_dose_that_stands_surely_elsewhere_is_sure(elsewhere, is_sure):
    page = OcrPage(1, "Trezix 30.5/30/16mg is", 92.0, ((7, 19),))
    assert join_pages([page, elsewhere]).doubtful == (() if is_sure else ((7, 19),))


@pytest.mark.parametrize(
    ("left", "numbers", "is_dropped"),
    [
        (150, range(1, 21), True),
        (150, range(96, 116), True),
        (150, [*range(1, 10), 70, *range(11, 21)], True),
        (260, range(1, 21), False),
        (150, [4, 12, 8, 2, 90, 6, 1, 30, 7, 5] * 2, False),
    ],
    ids=["numbers", "counting on", "one misread", "right of where lines begin", "not counting"],
)
def test_line_numbers_of_a_scan_are_no_words_of_it(left, numbers, is_dropped):
    def line(at, number):
        top, words = 60 * at, Word("words", 95.0, 200, 60 * at, 700, 60 * at + 40)
        return (Word(str(number), 95.0, left, top, left + 30, top + 40), words)

    lines = [line(at, number) for at, number in enumerate(numbers)]
    rest = drop_line_numbers(lines, 2200)
    assert [len(words) for words in rest] == [1 if is_dropped else 2] * len(lines)


@needs_tesseract
@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG"])
def test_picture_files_are_read(kind):
    out = io.BytesIO()
    more = {"save_all": True, "append_images": [page_picture()]} if kind == "TIFF" else {}
    page_picture().save(out, kind, **more)
    pages = read_images(out.getvalue(), LIMITS)
    assert [page.number for page in pages] == ([1, 2] if kind == "TIFF" else [1])
    assert "CLINICAL CASE SUMMARY" in pages[0].text


@needs_tesseract
def test_what_is_no_picture_is_refused():
    with pytest.raises(DocumentError) as caught:
        read_images(b"\x89PNG\r\n\x1a\nand no more", LIMITS)
    assert caught.value.reason == "unreadable_picture"


@needs_tesseract
def test_boxes_are_read_from_the_picture_and_never_as_letters():
    page = Image.new("L", (1700, 600), 255)
    pen = ImageDraw.Draw(page)
    for left, words in ((100, "New request"), (700, "Resubmission")):
        pen.rectangle((left, 100, left + 30, 130), outline=0, width=3)
        pen.text((left + 50, 98), words, fill=0, font_size=36)
    pen.line((108, 108, 122, 122), fill=0, width=4)
    pen.line((122, 108, 108, 122), fill=0, width=4)
    text = read_picture(page, 1, LIMITS).text
    assert text.split() == [TICKED, "New", "request", UNTICKED, "Resubmission"]


@pytest.mark.parametrize(
    ("read", "mended"),
    [
        ("Valium Smg", "Valium 5mg"),
        ("l0/325", "10/325"),
        ("CMl6-O123456", "CM16-0123456"),
        ("at L5-S1", "at L5-S1"),
        ("S/P fall, C/S spine, is mg", "S/P fall, C/S spine, is mg"),
        ("42/01/2016", "12/01/2016"),
        ("14/25/2016", "11/25/2016"),
        ("10/14/2016", "10/14/2016"),
    ],
)
def test_slips_are_mended_where_nothing_else_can_stand(read, mended):
    assert mend_slips(read) == mended


def test_a_word_that_could_be_two_stays():
    known = {"cat", "oat", "eat"}
    assert mend_word("sat", 80, known) == "sat"
    assert mend_word("aat", 80, {"oat", "eat"}) == "oat"
    assert mend_word("Zantce", 99, {"zantac"}) == "Zantce"
