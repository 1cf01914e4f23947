"""Hyphens at line ends: the word decides, wherever the line broke."""

import io

import pytest
from reportlab.pdfgen import canvas

from imrml.config import load_config
from imrml.documents.reading import read_text
from imrml.letters.cleaning import clean_letter
from imrml.text.hyphens import keeps_hyphen

LIMITS = load_config().limits
KEPT = [
    "X-ray", "follow-up", "red-flag", "L4-5", "Non-MTUS", "evidence-based", "non-certified",
    "FDA-approved", "range-of-motion", "right-sided", "Patrick-Faber",
]  # fmt: skip
JOINED = ["electro-myography", "guide-lines", "radicul-opathy", "DETERMI-NATION", "treat-ment"]


def pdf_of(lines: list[str]) -> bytes:
    out = io.BytesIO()
    paper = canvas.Canvas(out)
    for i, line in enumerate(lines):
        paper.drawString(72, 700 - 14 * i, line)
    paper.save()
    return out.getvalue()


def parts(word: str) -> tuple[str, str]:
    before, _, after = word.rpartition("-")
    return before, after


@pytest.mark.parametrize("word", KEPT)
def test_a_hyphen_of_the_word_stays(word):
    assert keeps_hyphen(*parts(word), "")


@pytest.mark.parametrize("word", JOINED)
def test_syllables_join(word):
    assert not keeps_hyphen(*parts(word), "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a flareup came", "flareup"), ("a flare-up came", "flare-up"), ("", "flare-up")],
)
def test_the_documents_own_words_come_first(text, expected):
    hyphen = "-" if keeps_hyphen("flare", "up", text) else ""
    assert f"flare{hyphen}up" == expected


@pytest.mark.parametrize("word", [*KEPT, *JOINED])
@pytest.mark.parametrize("line_end", ["-\n", "- \n", "\x02", "\x02\n", "\ufffe", "\ufffe\r\n"])
def test_a_word_reads_the_same_whatever_the_reader_made_of_its_line_end(word, line_end):
    before, after = parts(word)
    start = "The first of the lines is as full as the lines of all such letters are, so the"
    text = read_text(f"{start} {before}{line_end}{after} was seen. \nNext ".encode(), LIMITS)
    whole = f"{before}{'-' if word in KEPT else ''}{after}"
    assert clean_letter(text).text.startswith(f"{start} {whole} was seen.")


def test_a_pdf_gives_no_control_character():
    content = pdf_of(["The study was an electro-", "myography, and the follow-", "up is awaited."])
    text = read_text(content, LIMITS)
    assert "electro- \nmyography" in text
    assert (
        clean_letter(text).text
        == "The study was an electromyography, and the follow-up is awaited."
    )


def test_a_dropped_hyphen_keeps_the_way_back():
    original = "Seen by electro- \nmyography of the follow- \nup visit."
    clean = clean_letter(original)
    to_original = clean.to_original()
    for word, printed in (
        ("electromyography", "electro- \nmyography"),
        ("myography", "myography"),
        ("follow-up", "follow- \nup"),
        ("visit", "visit"),
    ):
        start = clean.text.index(word)
        place = to_original.find(start, start + len(word))
        assert original[slice(*place)] == printed
