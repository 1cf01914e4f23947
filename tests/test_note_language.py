"""Sentences and request lines as clinics write them, judged before any run of ours."""

import json
from pathlib import Path

import pytest
from judged_lists import DATA

from imrml.deficiencies import applicable_lines, taxonomy
from imrml.features import find_documents, parse_treatment

HERE = Path(__file__).parent
SENTENCES = [
    json.loads(line)
    for name in ("note_sentences", "note_telegrams", "note_last", "note_fresh")
    for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
]
LINES = [json.loads(line) for line in (DATA / "note_lines.jsonl").read_text().splitlines()]
FORM = (HERE / "form_boilerplate.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("row", SENTENCES, ids=lambda row: row["text"][:60])
def test_a_sentence_shows_what_is_there_and_nothing_else(row):
    shown = {document.cue for document in find_documents(row["text"]) if document.is_shown}
    assert shown.issuperset(row.get("shown", ()))
    assert shown.isdisjoint(row.get("not_shown", ()))


@pytest.mark.parametrize("row", LINES, ids=lambda row: row["text"])
def test_a_request_line_is_understood(row):
    facts = parse_treatment(row["text"])
    assert facts.category in row["category"]
    for name in ("n_visits", "strength_mg", "n_units"):
        if name in row:
            assert getattr(facts.amounts, name) == row[name]


@pytest.mark.parametrize("line", FORM, ids=lambda line: line[:40])
def test_boilerplate_of_a_form_shows_nothing(line):
    assert [one.quote for one in find_documents(line) if one.is_shown] == []


@pytest.mark.parametrize(
    ("deficiency", "begins", "category", "applies"),
    [
        ("opioid_monitoring_missing", "The signed pain agreement", "opioid", True),
        ("opioid_monitoring_missing", "The signed pain agreement", "physical_therapy", False),
        ("opioid_monitoring_missing", "The latest urine drug test", "laboratory", True),
        ("weaning_indicated", "A taper schedule", "sedative", True),
        ("weaning_indicated", "A taper schedule", "topical", False),
        ("first_line_not_failed", "Why a cream", "topical", True),
        ("first_line_not_failed", "Why a cream", "opioid", False),
        ("no_active_program", "Why supervision", "chiropractic", True),
        ("no_active_program", "Why supervision", "nsaid", False),
        ("no_functional_improvement", "A scored function", "imaging", False),
        ("no_functional_improvement", "A scored function", "acupuncture", True),
        ("objective_findings_lacking", "Any red flag", "imaging", True),
        ("objective_findings_lacking", "Any red flag", "opioid", False),
        ("request_not_specific", "The body part", "imaging", True),
        ("request_not_specific", "The body part", "antidepressant", False),
        ("duplicate_or_unsafe", "A note that the risk", "laboratory", False),
        ("insufficient_records", "The current medication", "physical_therapy", False),
    ],
)
def test_lines_are_asked_of_what_they_can_apply_to(deficiency, begins, category, applies):
    [one] = [one for one in taxonomy() if one.id == deficiency]
    asked = [line for line in applicable_lines(one, category) if line.startswith(begins)]
    assert bool(asked) == applies
