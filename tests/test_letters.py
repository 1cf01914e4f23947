"""Letters: every damage of DOMAIN 2.4 on fictional letters, and real ones where at hand."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml
from factories import (
    COLUMN_HEADER,
    HEADER,
    LAYOUTS,
    PROSE_CREDENTIALS,
    SHARED,
    SUMMARY,
    TIGHT_CREDENTIALS,
    FictionalItem,
    FictionalLetter,
    partly_authorized,
    render,
)
from hypothesis import given
from hypothesis import strategies as st

from imrml.errors import DocumentError, LetterError
from imrml.letters import formats
from imrml.letters.parsing import parse_letter
from imrml.submissions.items import split_item

PARTIAL = partly_authorized(
    "Massage of the neck, 12 visits",
    "Massage of the neck, 4 visits",
    "Massage of the neck, 8 visits",
)
OTHER_PARTIAL = (
    "Purchase of a cane was the original request. The Claims Administrator authorized "
    "a cane for one month, leaving the original "
    "request IMR eligible. The original request, purchase of a cane is"
)
ODD_ITEMS = [
    "Norco 10/325 mg. Four (4) times a day QTY: 120",
    "Retrospective: Fexmid 7.5mg #120 DOS: 8/4/15",
    "Associated surgical service: Cold therapy unit (unknown quantity)",
    "MRI w/o contrast; right knee, per 12/07/2016 order",
    PARTIAL,
    OTHER_PARTIAL,
]


def parse(text: str):
    return parse_letter(text, fallback_case_number="fallback").case


def letters_only(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def renderings(letter: FictionalLetter) -> dict[str, str]:
    return {layout: render(letter.paragraphs(), layout) for layout in LAYOUTS}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_field_comes_back(layout):
    letter = FictionalLetter()
    case = parse(renderings(letter)[layout])
    [item] = case.items
    wanted = letter.items[0]
    assert (case.case_number, case.letter_format, case.format_verified) == (
        "CM15-0099999",
        "F2b",
        True,
    )
    assert item.submission.item == item.submission.treatment == wanted.item
    assert item.submission.case_summary == SUMMARY
    assert item.submission.claims_guideline == wanted.claims_guideline
    assert (item.submission.age, item.submission.sex) == (47.0, "female")
    assert item.submission.diagnosis == "lumbar strain and insomnia"
    assert item.submission.priority == "standard"
    assert (
        item.submission.date_of_injury,
        item.submission.ur_denied_on,
        item.submission.received_on,
    ) == (
        "2014-01-15",
        "2015-02-10",
        "2015-02-20",
    )
    assert (item.determination.assigned_on, item.determination.decided_on) == (
        "2015-03-02",
        "2015-03-30",
    )
    assert item.determination.decision == "upheld"
    assert item.determination.maximus_guideline == wanted.maximus_guideline
    assert item.determination.rationale == wanted.rationale
    assert (item.determination.reviewer_states, item.determination.reviewer_specialties) == (
        "Oregon, Nevada",
        "Family Practice",
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_odd_items(layout):
    blocks = [
        FictionalItem(item=item, decision=["Upheld", "Overturned"][i % 2])
        for i, item in enumerate(ODD_ITEMS)
    ]
    case = parse(renderings(FictionalLetter(items=blocks))[layout])
    assert [item.submission.item for item in case.items] == ODD_ITEMS
    assert [item.determination.decision for item in case.items] == ["upheld", "overturned"] * 3
    assert {item.determination.rationale for item in case.items} == {blocks[0].rationale}


def test_partial_authorizations_in_both_wordings():
    case = parse(
        FictionalLetter(
            items=[FictionalItem(item=PARTIAL), FictionalItem(item=OTHER_PARTIAL)]
        ).tight()
    )
    first, second = (item.submission for item in case.items)
    assert (first.treatment, first.authorized, first.disputed) == (
        "Massage of the neck, 12 visits",
        "Massage of the neck, 4 visits",
        "Massage of the neck, 8 visits",
    )
    assert (second.treatment, second.authorized, second.disputed) == (
        "Purchase of a cane",
        "a cane for one month",
        "purchase of a cane",
    )


@pytest.mark.parametrize(
    "word",
    ["Massage", "authorized", "eligible", "portion", "MAXIMUS", "rationale:", "urine", "baker"],
)
@pytest.mark.parametrize("layout", ["doubled", "tight"])
def test_a_page_break_anywhere_changes_nothing(layout, word):
    blocks = [FictionalItem(), FictionalItem(item=PARTIAL, decision="Overturned")]
    letter = FictionalLetter(items=blocks)
    text = getattr(letter, layout)(page_break_before=word)
    assert text != getattr(letter, layout)()
    case = parse(text)
    assert [item.submission.item for item in case.items] == [block.item for block in blocks]
    assert [letters_only(item.determination.rationale) for item in case.items] == [
        letters_only(block.rationale) for block in blocks
    ]
    assert letters_only(case.items[0].submission.case_summary) == letters_only(SUMMARY)


def test_a_page_break_between_outcome_and_label():
    text = FictionalLetter(items=[FictionalItem(), FictionalItem(item="Soma 350mg #30")]).doubled()
    text = text.replace("Soma 350mg #30: Upheld \n\n \n\n", "Soma 350mg #30: Upheld \n\n\n\n")
    assert [item.submission.item for item in parse(text).items] == [
        "Norco 10/325mg #60",
        "Soma 350mg #30",
    ]


def test_a_wrap_that_lost_its_blank():
    first = FictionalItem(rationale="The visits help her. They are supported.")
    text = FictionalLetter(items=[first, FictionalItem(item=PARTIAL)]).tight()
    text = text.replace(
        "Massage of the neck, 4 visits was \n", "Massage of the neck, 4 visits was\n"
    )
    assert "4 visits was\n" in text
    assert [item.submission.item for item in parse(text).items] == [first.item, PARTIAL]


def test_header_with_labels_first():
    whole, columns = (
        parse(FictionalLetter(header=header).spaced()) for header in (HEADER, COLUMN_HEADER)
    )
    assert whole == columns


def test_header_absent_falls_back_to_the_file():
    case = parse(FictionalLetter(header="").doubled())
    assert case.case_number == "fallback"
    assert case.items[0].determination.decided_on is None
    assert case.letter_format == "F2b"


def test_a_redaction_hole_does_not_steal_the_next_date():
    [item] = parse(
        FictionalLetter(
            header=HEADER.replace("Date of Injury: 01/15/2014", "Date of Injury:")
        ).spaced()
    ).items
    assert item.submission.date_of_injury is None
    assert item.determination.decided_on == "2015-03-30"


def test_an_impossible_date_is_a_hole():
    [item] = parse(
        FictionalLetter(header=HEADER.replace("01/15/2014", "13/45/2014")).spaced()
    ).items
    assert item.submission.date_of_injury is None
    assert item.submission.ur_denied_on == "2015-02-10"


@pytest.mark.parametrize(
    ("credentials", "header", "letter_format", "states", "specialties"),
    [
        (PROSE_CREDENTIALS, "", "F2a", "Oregon", "Neurology, Pain Medicine"),
        (TIGHT_CREDENTIALS, "", "F2c", "Oregon,Nevada", "Family Practice"),
        (
            TIGHT_CREDENTIALS.replace(",Nevada", ""),
            HEADER.replace("/2015", "/2017"),
            "F2c",
            "Oregon",
            "Family Practice",
        ),
        (TIGHT_CREDENTIALS.replace(",Nevada", ""), HEADER, "F2b", "Oregon", "Family Practice"),
    ],
)
def test_formats_and_credentials(credentials, header, letter_format, states, specialties):
    case = parse(FictionalLetter(credentials=credentials, header=header).spaced())
    assert case.letter_format == letter_format
    assert case.items[0].determination.reviewer_states == states
    assert case.items[0].determination.reviewer_specialties == specialties


def test_hyphen_wraps_are_joined():
    text = (
        FictionalLetter(summary="She follows an evidence-based plan.")
        .spaced()
        .replace("evidence-based", "evidence- \nbased")
    )
    assert parse(text).items[0].submission.case_summary == "She follows an evidence-based plan."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Dear Sir, enclosed please find our invoice.", "not_a_letter"),
        (FictionalLetter().spaced().partition("IMR ISSUES")[0], "unknown_format"),
        (FictionalLetter(items=[]).spaced(), "no_items"),
        (
            FictionalLetter(items=[FictionalItem(decision="Withdrawn")]).spaced(),
            "item_without_outcome",
        ),
        (FictionalLetter(header="", credentials="").spaced(), "unknown_format"),
    ],
)
def test_what_cannot_be_read_says_why_and_quotes_nothing(text, reason):
    with pytest.raises(LetterError) as caught:
        parse(text)
    assert caught.value.reason == reason
    assert not {"baker", "Norco", "invoice"} & set(re.findall(r"\w+", str(caught.value)))


def test_item_without_outcome_says_where():
    text = FictionalLetter(
        items=[FictionalItem(), FictionalItem(item="Soma 350mg", decision="Withdrawn")]
    ).tight()
    with pytest.raises(LetterError, match="item 2") as caught:
        parse(text)
    assert caught.value.offset is not None
    assert text[caught.value.offset : caught.value.offset + 400].count("Soma") == 1


def test_text_bytes_and_path_are_parsed_alike(tmp_path):
    text = FictionalLetter().spaced()
    path = tmp_path / "letter.txt"
    path.write_text(text)
    assert parse_letter(path) == parse_letter(text.encode()) == parse_letter(text)


def test_a_letter_without_a_number_is_numbered_by_its_file_or_as_asked(tmp_path):
    path = tmp_path / "letter-7.txt"
    path.write_text(FictionalLetter(header="").spaced())
    assert parse_letter(path).case.case_number == "letter-7"
    assert parse_letter(path, fallback_case_number="A-1").case.case_number == "A-1"
    assert parse_letter(path.read_text()).case.case_number == ""


def test_what_is_no_file_of_a_letter_says_so(tmp_path):
    with pytest.raises(DocumentError, match="unreadable"):
        parse_letter(tmp_path / "absent.pdf")
    with pytest.raises(DocumentError, match="empty_file"):
        parse_letter(b"")


def test_the_repr_of_a_parsed_letter_holds_none_of_its_words():
    shown = repr(parse_letter(FictionalLetter().spaced()))
    assert "CM15-0099999" in shown
    assert not {"baker", "Norco", "urine"} & set(re.findall(r"\w+", shown))


@given(st.text(max_size=400))
def test_parsing_is_total(noise):
    whole = FictionalLetter().spaced()
    for text in (
        noise,
        noise + whole,
        whole[: len(whole) // 2] + noise + whole[len(whole) // 2 :],
        whole + noise,
    ):
        try:
            case = parse(text)
        except LetterError:
            continue
        assert case.items


@pytest.mark.parametrize(
    ("item", "parts"),
    [
        (
            PARTIAL.removesuffix(" is"),
            (
                "Massage of the neck, 12 visits",
                "Massage of the neck, 4 visits",
                "Massage of the neck, 8 visits",
            ),
        ),
        (
            "Two braces were the original request. One brace was certified by the Claims "
            "Administrator. The remaining "
            "IMR-eligible portion of the original request one brace are",
            ("Two braces", "One brace", "one brace"),
        ),
        (
            "Rehabilitation at the clinic, 9 days was the original request. A nursing home for 7 "
            "days was certified by the "
            "Claims Administrator. The remaining IMR eligible portion of the original "
            "request, rehabilitation at the clinic, "
            "9 days",
            (
                "Rehabilitation at the clinic, 9 days",
                "A nursing home for 7 days",
                "rehabilitation at the clinic, 9 days",
            ),
        ),
        (
            OTHER_PARTIAL.removesuffix(" is").replace("eligible.", "eligible"),
            ("Purchase of a cane", "a cane for one month", "purchase of a cane"),
        ),
        (
            "A walker that was authorized once before",
            ("A walker that was authorized once before", "", ""),
        ),
    ],
)
def test_partial_authorizations_in_their_variants(item, parts):
    [parsed] = parse(FictionalLetter(items=[FictionalItem(item=item)]).tight()).items
    assert (
        parsed.submission.treatment,
        parsed.submission.authorized,
        parsed.submission.disputed,
    ) == parts
    assert parsed.submission.item == item


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real letters are not beside the project")
def test_every_real_part_authorized_item_is_split():
    rows = [
        json.loads(line)
        for line in (SHARED / "letters/dwc/gold_items.jsonl")
        .read_text(encoding="utf-8")
        .splitlines()
    ]
    partial = [split_item(row["item"]) for row in rows if "original request" in row["item"]]
    assert len(partial) == 32
    assert all(
        all(parts) and not any("original request" in part for part in parts) for parts in partial
    )


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real letters are not beside the project")
def test_real_letters_match_the_gold_items():
    gold = {}
    for line in (SHARED / "letters/dwc/gold_items.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        gold[row["case_number"], row["item_number"]] = row
    parsed = {}
    for path in sorted((SHARED / "letters/dwc/pdf").glob("*.pdf")):
        case = parse_letter(path).case
        assert (case.letter_format, case.format_verified) == ("F2c", True)
        parsed |= {(case.case_number, item.item_number): item for item in case.items}
    assert parsed.keys() == gold.keys()
    wrong = [
        (*key, name)
        for key, row in gold.items()
        for part in (parsed[key].submission, parsed[key].determination)
        for name in row.keys() & part.__slots__
        if letters_only(str(getattr(part, name))).removesuffix("is")
        != letters_only(str(row[name])).removesuffix("is")
    ]
    assert wrong == []


def hash_of(value: str) -> str:
    return hashlib.sha256(letters_only(value).encode()).hexdigest()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real letters are not beside the project")
def test_every_field_of_the_seed_letters_is_as_it_was_cut_out_by_hand():
    golden = yaml.safe_load(
        (Path(__file__).parent / "seed_hashes.yaml").read_text(encoding="utf-8")
    )
    paths = sorted((SHARED / "letters/seeds").glob("*.txt"))
    assert [path.name[:3] for path in paths] == list(golden)
    for path, wanted in zip(paths, golden.values(), strict=True):
        case = parse_letter(path).case
        assert (case.case_number, case.letter_format, case.format_verified) == (
            path.stem,
            wanted["letter_format"],
            True,
        )
        assert len(case.items) == len(wanted["items"])
        for item, own in zip(case.items, wanted["items"], strict=True):
            fields = {
                name: getattr(part, name)
                for part in (item.submission, item.determination)
                for name in part.__slots__
            }
            hashes = own | {
                name: wanted[name]
                for name in ("case_summary", "reviewer_states", "reviewer_specialties")
            }
            assert [
                name for name, hashed in hashes.items() if hash_of(fields[name]) != hashed
            ] == []
            assert fields["treatment"] == fields["item"]
            dates = ("date_of_injury", "received_on", "ur_denied_on", "assigned_on", "decided_on")
            assert [fields[name] for name in (*dates, "priority", "authorized", "disputed")] == [
                None
            ] * 5 + [""] * 3


@pytest.mark.parametrize(
    "lead",
    [
        "The physician reviewer developed the following clinical case summary based on a review of "
        "the case file, including all medical records:",
        "The expert reviewer developed the following clinical case summary from the file:",
        "The MAXIMUS physician reviewer developed the following clinical case summary.",
    ],
)
def test_the_sentence_that_leads_to_the_summary_is_no_part_of_it(lead):
    match = formats.SUMMARY_LEAD.match(f" {lead} A baker fell.")
    assert match
    assert match.end() == len(lead) + 1
