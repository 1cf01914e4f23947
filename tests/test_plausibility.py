"""A letter that was misread is refused; one that only looks odd is not."""

from random import Random

import pytest
from factories import SUMMARY, FictionalItem, FictionalLetter, partly_authorized
from paper import draw_pdf, draw_picture, fax_header, pages_of

from imrml.config import load_config
from imrml.documents.reading import read_text
from imrml.errors import DocumentError, LetterError
from imrml.letters.parsing import parse_letter
from imrml.synthetic import draw_letters

LIMITS = load_config().limits
TWO = FictionalLetter(items=[FictionalItem(), FictionalItem("Soma 350mg #30", "Overturned")])


def salad(text: str) -> str:
    """Shift every letter, as a font without a table of characters does."""
    return "".join(chr((ord(c.lower()) - 97 + 7) % 26 + 97) if c.isalpha() else c for c in text)


def footed(text: str, feet: list[str]) -> str:
    """Cut a text into pages, each with its foot."""
    lines = text.split("\n")
    step = len(lines) // len(feet) + 1
    pages = ["\n".join(lines[at : at + step]) for at in range(0, len(lines), step)]
    return "\f".join(f"{page}\n{foot}" for page, foot in zip(pages, feet, strict=True))


def numbered(text: str, numbers: list[int], total: int) -> str:
    return footed(text, [f"Page {number} of {total}" for number in numbers])


PARTLY = partly_authorized("Massage, 12 visits", "6 visits", "massage, 6 visits")
LEAD = next(words for words in TWO.paragraphs() if words.startswith("The Final Determination"))


GUILTY = {
    "a sentence where the treatment stands": (
        "misread_item",
        FictionalLetter(
            items=[FictionalItem("No test was told and the patient has pain. Soma 350mg")]
        ).spaced(),
    ),
    "a closing formula where the treatment stands": (
        "misread_item",
        FictionalLetter(items=[FictionalItem("Soma is not medically necessary. Norco")]).spaced(),
    ),
    "a date of the header where the treatment stands": (
        "misread_item",
        FictionalLetter(
            items=[FictionalItem("Soma 350mg 11/09/2014 Decision Date: 12/19/2014")]
        ).spaced(),
    ),
    "a label that lost its colon": (
        "misread_item",
        TWO.spaced().replace("Decision rationale:", "Decision rationale;", 1),
    ),
    "an outcome within a rationale": (
        "misread_item",
        FictionalLetter(
            items=[
                FictionalItem(
                    rationale="It is not told.\n\nSoma 350mg: Upheld\n\nNo test was told."
                )
            ]
        ).spaced(),
    ),
    "a label in the summary": (
        "misread_summary",
        FictionalLetter(summary=f"{SUMMARY} Decision rationale: It is old.").spaced(),
    ),
    "a closing formula in the summary": (
        "misread_summary",
        FictionalLetter(
            summary=f"{SUMMARY} Given the above, the cane is not medically necessary."
        ).spaced(),
    ),
    "a first item without rationale": (
        "item_without_rationale",
        FictionalLetter(items=[FictionalItem(rationale=""), FictionalItem("Soma 350mg")]).spaced(),
    ),
    "a numbered item that is absent": (
        "lost_item",
        FictionalLetter(
            items=[FictionalItem("1. Norco 10/325mg"), FictionalItem("3. Soma 350mg")]
        ).spaced(),
    ),
    "pages that changed places": ("pages_out_of_order", numbered(TWO.tight(), [1, 3, 2], 3)),
    "a page that is absent": ("pages_out_of_order", numbered(TWO.tight(), [1, 3], 3)),
    "a page of another count": (
        "pages_out_of_order",
        footed(TWO.tight(), ["Page 1 of 3", "Page 2 of 5", "Page 2 of 3", "Page 3 of 3"]),
    ),
    "a page of another case": (
        "pages_out_of_order",
        footed(TWO.tight(), ["Mill CM15-0000001", "Mill CM15-0000002", "Mill CM15-0000001"]),
    ),
    "a part of an item, without its rest": (
        "misread_item",
        FictionalLetter(
            items=[FictionalItem(PARTLY.partition(" was authorized")[0] + " was Soma 350mg")]
        ).spaced(),
    ),
    "the rest of an item alone": (
        "misread_item",
        FictionalLetter(items=[FictionalItem(PARTLY[PARTLY.index("The remaining") :])]).spaced(),
    ),
    "a rationale's words in a guideline": (
        "misread_item",
        FictionalLetter(
            items=[
                FictionalItem(claims_guideline="MTUS. In this case, need of the cane is untold.")
            ]
        ).spaced(),
    ),
    "the lead of the decisions twice": (
        "pages_out_of_order",
        TWO.spaced().replace("Soma 350mg", f"{LEAD}\n\nSoma 350mg", 1),
    ),
    "letters of a font without characters": (
        "garbled_text",
        FictionalLetter(
            summary=salad(SUMMARY * 3), items=[FictionalItem(rationale=salad(SUMMARY * 3))]
        ).spaced(),
    ),
}

INNOCENT = {
    "a treatment partly authorized": FictionalLetter(items=[FictionalItem(PARTLY)]).spaced(),
    "a treatment of several sentences": FictionalLetter(
        items=[FictionalItem("Norco 10/325 mg. Four (4) times a day. QTY: 120")]
    ).spaced(),
    "utilization review in the summary": FictionalLetter(
        summary=f"{SUMMARY} Therefore, the cane was not medically necessary, it wrote."
    ).spaced(),
    "an earlier decision in the rationale": FictionalLetter(
        items=[FictionalItem(rationale="A request of May was upheld. The rationale holds.")]
    ).spaced(),
    "items that are numbered": FictionalLetter(
        items=[FictionalItem("1. Norco 10/325mg"), FictionalItem("2. Soma 350mg")]
    ).spaced(),
    "pages in order": numbered(TWO.tight(), [1, 2, 3], 3),
    "pages of two faxes": footed(TWO.tight(), ["Page 1 of 2", "Page 2 of 2", "Page 1 of 1"]),
    "a fax that counts above the letter's own count": footed(
        TWO.tight(), [f"Page {at + 1} of 4\nPage {at} of 3" for at in (1, 2, 3)]
    ),
    "guidelines that speak of necessity": FictionalLetter(
        items=[
            FictionalItem("Cane", claims_guideline="None; medical necessity was not addressed."),
        ]
    ).spaced(),
    "pages that each count from one": footed(TWO.tight(), ["Page 1 of 1"] * 3),
    "another case stamped on all pages": footed(TWO.tight(), ["Mill CM15-0000002"] * 3),
    "a treatment that names a request": FictionalLetter(
        items=[FictionalItem("Massage, 6 visits (original request 12 visits)")]
    ).spaced(),
    "pages from within a packet": numbered(TWO.tight(), [4, 5, 6], 9),
    "a last item cut off": TWO.spaced()[: TWO.spaced().rindex("Decision rationale:")],
    "a short letter": FictionalLetter(
        summary="MRI 2014.", items=[FictionalItem(rationale="None.")]
    ).spaced(),
}


@pytest.mark.parametrize(("reason", "text"), GUILTY.values(), ids=GUILTY)
def test_what_was_misread_is_refused_with_its_reason(reason, text):
    with pytest.raises(LetterError) as caught:
        parse_letter(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize("text", INNOCENT.values(), ids=INNOCENT)
def test_what_only_looks_odd_is_read(text):
    assert parse_letter(text).case.items


def test_no_good_letter_is_refused_and_none_turns_bad_when_its_lines_are_glued():
    rng = Random(7)
    for letter in draw_letters(120, seed=5, damage_share=0.0):
        whole = parse_letter(letter.text)
        assert len(whole.case.items) == len(letter.case.items)
        glued = "".join(
            line if rng.random() > 0.4 else line.rstrip("\n")
            for line in letter.text.splitlines(keepends=True)
        )
        try:
            parsed = parse_letter(glued)
        except LetterError:
            continue
        rationales = [item.determination.rationale for item in whole.case.items]
        ends = {rationale[-40:] for rationale in rationales if len(rationale) > 40}
        for item in parsed.case.items:
            assert parsed.flags or not any(end in item.submission.treatment for end in ends)


# --- pages that are pictures ---------------------------------------------------------------------


@pytest.mark.parametrize("is_stamped", [False, True])
def test_a_page_that_is_a_picture_among_others_is_refused(is_stamped):
    def scan(canvas, page: int, n_pages: int) -> None:
        if page == 2:
            draw_picture(canvas, 560)
        if is_stamped:
            fax_header(canvas, page, n_pages)

    pages = pages_of(TWO, 12)
    pages[1] = []
    with pytest.raises(DocumentError) as caught:
        read_text(draw_pdf(pages, stamp=scan), LIMITS)
    assert caught.value.reason in {"page_without_text", "illegible_page"}
    assert "page 2" in caught.value.detail


def test_a_blank_page_and_one_with_a_seal_are_read():
    def seal(canvas, page: int, n_pages: int) -> None:
        draw_picture(canvas, 60)

    pages = [*pages_of(TWO), []]
    clean = parse_letter(read_text(draw_pdf(pages[:-1]), LIMITS)).case
    assert parse_letter(read_text(draw_pdf(pages), LIMITS)).case == clean
    assert parse_letter(read_text(draw_pdf(pages, stamp=seal), LIMITS)).case == clean


@pytest.mark.parametrize("stamped", ["01/02/2003", "01/15/2014"])
def test_of_two_dates_under_one_label_neither_is_taken(stamped):
    letter = parse_letter(f"Date of Injury: {stamped}\n\n{TWO.spaced()}")
    is_same = stamped == "01/15/2014"
    assert letter.case.items[0].submission.date_of_injury == ("2014-01-15" if is_same else None)
    assert ("contradictory_fact" in letter.flags) is not is_same
    assert letter.case.items[0].determination.decided_on


def test_a_letter_with_two_case_numbers_is_refused():
    with pytest.raises(LetterError, match="without what was stamped on it") as caught:
        parse_letter(f"Case Number: CM15-0000077\n\n{TWO.spaced()}")
    assert caught.value.reason == "contradictory_case_numbers"
    assert "CM15" not in caught.value.detail
