"""What notes say of the documents that they name, and what the checklist makes of it."""

import json
from datetime import date
from time import process_time

import pandas as pd
import pytest
from judged_lists import DATA

from imrml.config import load_config
from imrml.deficiencies import applicable_lines, line_rule, taxonomy
from imrml.features import find_documents
from imrml.features.statuses import read_status_rules
from imrml.models import LoadedModel, ReviewModel
from imrml.scoring.checklist import read_submission_days, select_planned, select_shown
from imrml.scoring.prediction import score
from imrml.submissions.frame import submission_frame
from imrml.text.cache import forget_texts

RULES = read_status_rules()
SENTENCES = [
    json.loads(line) for line in (DATA / "shown_or_not.jsonl").read_text("utf-8").splitlines()
]
SPECIMENS = [
    (text, cue, status)
    for rule in RULES
    for text, statuses in rule["specimens"].items()
    for cue, status in statuses.items()
]


@pytest.mark.parametrize(("text", "cue", "status"), SPECIMENS)
def test_a_specimen_has_its_status(text: str, cue: str, status: str) -> None:
    statuses = {one.cue: one.status for one in find_documents(text)}
    assert statuses[cue] == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Elbow extension 0-145, normal", "negated"),
        ("Left wrist flexion 70 deg, same as the uninjured", "negated"),
        ("Shoulder 0-180 full and painless", "negated"),
        ("Lumbar flexion 40, normal 60", "done"),
        ("Knee ROM 10-95, full extension lacking", "done"),
    ],
)
def test_a_full_or_equal_measure_is_no_loss_of_motion(text: str, status: str) -> None:
    statuses = {(one.cue, one.status) for one in find_documents(text)}
    assert {of for cue, of in statuses if cue == "range_of_motion"} == {status}
    assert ("reflex_change", "done") not in statuses


def test_few_sentences_are_wrongly_shown_or_missed() -> None:
    is_right = {True: [], False: []}
    for row in SENTENCES:
        shown = {one.document for one in find_documents(row["text"]) if one.is_shown}
        is_right[row["shown"]].append((row["document"] in shown) == row["shown"])
    assert sum(is_right[False]) / len(is_right[False]) >= 0.97
    assert sum(is_right[True]) / len(is_right[True]) >= 0.90


def test_what_is_planned_is_told_unless_it_is_there_too() -> None:
    notes = "UDS ordered. ESI if PT fails. Weakness suspected. MRI of 3/2/25 showed a tear."
    documents = find_documents(f"{notes} Repeat MRI ordered. UR denied the EMG.")
    planned = [one.cue for one in select_planned({"case_summary": documents})]
    assert planned == ["urine_drug_screen"]


def test_lines_that_cannot_apply_are_not_asked_for() -> None:
    by_id = {one.id: one for one in taxonomy()}
    line = "For imaging, whether surgery or another procedure is being considered"
    rationale = by_id["no_rationale_or_plan"]
    assert line in applicable_lines(rationale, "imaging")
    assert line not in applicable_lines(rationale, "opioid")
    assert applicable_lines(rationale, "other") == rationale.send_before_submission
    cannot_apply = {"compound_nonrecommended_ingredient", "no_active_program"}
    for deficiency in taxonomy():
        assert bool(applicable_lines(deficiency, "opioid")) == (deficiency.id not in cannot_apply)


def test_the_exam_line_is_credited_with_findings() -> None:
    [exam] = [
        line
        for one in taxonomy()
        for line in one.send_before_submission
        if line.startswith("A dated exam")
    ]
    rule = line_rule("objective_findings_lacking", exam)
    assert {"motor_deficit", "reflex_change"} <= rule.credits
    assert not rule.needs


@pytest.fixture(scope="module")
def priors() -> LoadedModel:
    past = pd.DataFrame({"treatment": ["Norco #60", "MRI of the knee"] * 20})
    overrides = ["models.outcome.kind=category_prior"]
    fitted = ReviewModel.from_config(load_config(overrides=overrides))
    fitted = fitted.fit(submission_frame(past, "imr"), [False, True] * 20, list(range(40)))
    manifest = {"stage": "imr", "trained_on": "real", "model_version": "20260101.000000-0"}
    return LoadedModel(fitted, manifest)


@pytest.mark.parametrize("sign", ["1", "a", "_", "-", "(", " ", "\n", ".", ":", "#"])
def test_a_run_of_one_sign_costs_no_more_than_its_length(sign: str, priors: LoadedModel) -> None:
    """Four times the text takes four times the work, where growth with the square takes sixteen."""

    def cost(n_signs: int) -> float:
        request = pd.DataFrame({"treatment": ["Norco #60"], "notes": [f"Pain. {sign * n_signs}"]})
        costs = []
        for _ in range(3):
            forget_texts()
            start = process_time()
            score(priors, request, n_reasons=0)
            costs.append(process_time() - start)
        return min(costs)

    assert cost(40_000) < 10 * cost(10_000)


def test_a_drug_test_of_years_ago_shows_nothing_beside_the_day_of_the_denial():
    notes = find_documents("CURES run 2019, clean. UDS 11/3/25 consistent. Opioid agreement 2018.")
    for day, cues in (
        (None, ["cures_report", "urine_drug_screen", "pain_agreement"]),
        (date(2026, 3, 1), ["urine_drug_screen", "pain_agreement"]),
        (date(2019, 6, 1), ["cures_report", "urine_drug_screen", "pain_agreement"]),
    ):
        shown = select_shown({"case_summary": notes}, day)
        assert [document.cue for _, document in shown] == cues
    table = pd.DataFrame({"treatment": ["a", "b"], "ur_denied_on": ["3/1/2026", None]})
    assert read_submission_days(submission_frame(table, "imr")) == [date(2026, 3, 1), None]
    assert read_submission_days(submission_frame(table[["treatment"]], "rfa")) == [None, None]
