from pathlib import Path

import pandas as pd
import pytest
import yaml
from factories import LAYOUTS, FictionalLetter, render

from imrml.letters.formats import FORMATS
from imrml.submissions.letter_detection import holds_determination
from imrml.submissions.requests import sort_requests

GOLDEN = sorted(Path(__file__).with_name("golden_letters").glob("*.yaml"))


def letter_of(path: Path) -> str:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["letter"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_letter_of_each_format_is_known_for_one(path):
    assert holds_determination(letter_of(path))


def test_every_format_is_among_them():
    assert {path.stem.partition("-")[0] for path in GOLDEN} == {format_.id for format_ in FORMATS}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_layout_hides_a_letter(layout):
    assert holds_determination(render(FictionalLetter().paragraphs(), layout, width=40).upper())


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_its_case_summary_alone_is_no_letter(path):
    expected = yaml.safe_load(path.read_text(encoding="utf-8"))["expected"]
    assert not holds_determination(expected["shared"].get("case_summary", ""))


@pytest.mark.parametrize(
    "words",
    [
        "Utilization review found the request not medically necessary and appropriate. Rationale "
        "for the decision: no exam.",
        "An IMR final determination was made on an earlier request in May and upheld it.",
        "",
    ],
)
def test_what_a_clerk_or_utilization_review_writes_is_none(words):
    assert not holds_determination(words)


def test_a_request_that_holds_one_is_refused_without_a_word_of_it():
    table = pd.DataFrame(
        [
            {"treatment": "Norco", "notes": FictionalLetter().spaced()},
            {"treatment": "Norco", "notes": "He fell."},
        ]
    )
    requests = sort_requests(table, "imr")
    assert requests.rows == (2,)
    [(number, why)] = requests.refused
    assert number == 1
    assert "final determination letter" in why
    assert "baker" not in why
