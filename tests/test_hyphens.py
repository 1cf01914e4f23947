"""Hyphens at line ends: the word decides, wherever the line broke."""

import io
import re

import pytest
from reportlab.pdfgen import canvas

from imrml.config import load_config
from imrml.documents.reading import read_text
from imrml.labelling.labeller import label_rationale
from imrml.letters.cleaning import clean_letter
from imrml.text.hyphens import keeps_hyphen

LIMITS = load_config().limits
KEPT = [
    "X-ray", "follow-up", "red-flag", "L4-5", "Non-MTUS", "evidence-based", "non-certified",
    "FDA-approved", "range-of-motion", "right-sided", "Patrick-Faber",
]  # fmt: skip
JOINED = [
    "electro-myography", "guide-lines", "radicul-opathy", "DETERMI-NATION", "treat-ment", "car-pal",
    "relax-ants", "ex-acerbations", "corticos-teroid", "med-ial",
]  # fmt: skip


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


RATIONALES = [
    "There is no documentation of functional improvement from the opioid, nor of a signed pain "
    "agreement or urine drug screens. The long-term use of benzodiazepines is not recommended.",
    "The follow-up note shows no red-flag signs and no radiculopathy on electrodiagnostic studies. "
    "The records do not show that conservative treatment, such as home-exercise, has failed.",
    "There is no documentation of functional improvement. "
    "Exacerbations of carpal tunnel syndrome are noted, but no trial of muscle relaxants or of "
    "corticosteroids; extenuating circumstances that would justify the request are not described.",
    "The guidelines recommend a six-visit trial of acupuncture; twelve visits exceed it. The "
    "non-steroidal medication was not tried first, and no gastrointestinal risk is described.",
]
_SYLLABLE_END = re.compile(r"[aeiouy][bcdfghjklmnpqrstvwxz](?=[bcdfghjklmnpqrstvwxz]?[aeiouy])")


def cuts_of(word: str) -> list[int]:
    if "-" in word:
        return [at + 1 for at, sign in enumerate(word) if sign == "-"]
    ends = (match.end() for match in _SYLLABLE_END.finditer(word)) if len(word) >= 6 else ()
    return [end for end in ends if 2 <= end <= len(word) - 2]


@pytest.mark.parametrize("rationale", RATIONALES)
def test_labels_are_the_same_wherever_a_line_breaks(rationale):
    labels = [span.id for span in label_rationale(rationale)]
    assert labels
    start = "The first of the lines is as full as the lines of all such letters are, so the"
    for word in re.finditer(r"[A-Za-z-]+", rationale):
        for cut in cuts_of(word[0]):
            broken = (
                f"{rationale[: word.start()]}{word[0][:cut].removesuffix('-')}- \n{word[0][cut:]}"
                f"{rationale[word.end() :]}"
            )
            text = clean_letter(f"{start} \n{broken} \nNext").text
            read = text.removeprefix(f"{start} ").removesuffix(" Next")
            assert [span.id for span in label_rationale(read)] == labels, (word[0], cut)
