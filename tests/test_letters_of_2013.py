"""Letters of 2013 and 2014 as they come: several items, leads, lost pages, odd encodings."""

import pytest
from factories import LAYOUTS, render
from test_letters_golden import NAMES, load, require_expected

from imrml.config import load_config
from imrml.documents.reading import read_text
from imrml.errors import LetterError
from imrml.letters.parsing import parse_letter

LIMITS = load_config().limits
OF_OLD = [name for name in NAMES if name[:2] in {"F0", "F1"}]
SEVERAL = [f"{id_}-many-items" for id_ in ("F0", "F1a", "F1b")]
LEADS = [
    "The physician reviewer developed the following clinical case summary based on a review of "
    "the case file, including all medical records:",
    "The expert reviewer developed the following clinical case summary from the file:",
]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", OF_OLD)
def test_utf_16_without_its_mark_is_read(name, encoding):
    paragraphs, expected = load(name)
    text = read_text(render(paragraphs, "spaced").encode(encoding), LIMITS)
    require_expected(parse_letter(text, fallback_case_number="fallback"), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("lead", LEADS)
def test_the_lead_of_the_summary_is_left_in_no_layout(lead, layout):
    paragraphs, expected = load("F1b-many-items")
    at = paragraphs.index("CLINICAL CASE SUMMARY") + 1
    paragraphs.insert(at, lead)
    parsed = parse_letter(render(paragraphs, layout))
    require_expected(parsed, expected)
    paragraphs[at : at + 2] = [f"{lead} {paragraphs[at + 1]}"]
    require_expected(parse_letter(render(paragraphs, layout)), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", SEVERAL)
def test_a_number_that_is_absent_is_a_lost_item(name, layout):
    paragraphs, _ = load(name)
    lost = [words for words in paragraphs if words.startswith(("2)", "2."))]
    if name.startswith("F0"):  # told of again by number in the rationale
        lost = lost[:1]
    text = render([words for words in paragraphs if words not in lost], layout)
    with pytest.raises(LetterError) as caught:
        parse_letter(text)
    assert caught.value.reason in {"lost_item", "item_without_outcome"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_dates_and_items_of_a_notice_survive_a_table_of_dates(layout):
    paragraphs, expected = load("F1a-many-items")
    at = next(i for i, words in enumerate(paragraphs) if words.startswith("Dated:"))
    paragraphs[at : at + 2] = [
        "Dated: 9/30/2013\nIMR Case Number: CM13-0090005\nDate of Injury: 2/14/2012\n"
        "Date of UR Decision: 9/3/2013\nApplication Received: 9/10/2013\nDate Assigned: 9/20/2013"
    ]
    require_expected(parse_letter(render(paragraphs, layout)), expected)
