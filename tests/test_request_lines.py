"""Request lines as clerks write them: codes, amounts, short forms, several items in one cell."""

import json
import sys

import pandas as pd
import pytest
from judged_lists import DATA

from imrml.config import load_config
from imrml.errors import MissingExtraError, RefusedRequestWarning
from imrml.features import parse_treatment, split_request, treatment_category
from imrml.features.codes import describe_procedure
from imrml.features.diagnosis_codes import describe_diagnosis
from imrml.features.vocabulary import read_vocabulary
from imrml.models import LoadedModel, ReviewModel
from imrml.scoring.prediction import score
from imrml.submissions.frame import submission_frame


def read_cases(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def read_facts(text):
    facts = parse_treatment(text)
    return {
        "category": facts.category,
        "drug": facts.drug.split("/")[0],
        "mg": facts.amounts.strength_mg,
        "units": facts.amounts.n_units,
        "visits": facts.amounts.n_visits,
    }


@pytest.mark.parametrize(
    "lines",
    ["request_lines", *(f"request_lines_samples_{number}" for number in range(1, 18))],
)
def test_few_facts_of_lines_judged_beforehand_are_wrong(lines):
    facts = [
        (case["line"], name, value, read_facts(case["line"])[name])
        for case in read_cases(f"{lines}.jsonl")
        for name, value in case.items()
        if name != "line"
    ]
    wrong = [fact for fact in facts if fact[2] != fact[3]]
    # These of the samples are read by nobody.
    is_unread = lines.endswith(("_4", "_7", "_16", "_17"))
    assert len(wrong) <= 0.05 * len(facts), "unread" if is_unread else wrong


@pytest.mark.parametrize(
    ("line", "strength"),
    [
        ("gabapentin 300 cap tid #90", 300),
        ("Norco 10 tab po bid", 10),
        ("Norco 10/325 1 tab po tid", 10),
        ("Soma 350 tabs qhs", 350),
        ("Norco 60 tabs", None),
        ("Soma 2 tabs tid", None),
    ],
)
def test_a_number_before_its_form_is_read_whole(line, strength):
    assert parse_treatment(line).amounts.strength_mg == strength


def test_cells_judged_beforehand_are_split_right_in_all_but_one():
    cases = read_cases("request_cells.jsonl")
    wrong = [case["cell"] for case in cases if split_request(case["cell"]) != case["items"]]
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize(
    "text",
    [
        "PT for the neck and shoulder",
        "CBC, CMP, UA",
        "Ketamine 10%, baclofen 2%, lidocaine 5% cream 120 gm",
        "Left L5-S1 epidural injection with fluoroscopy and sedation",
        "Arthroscopy, meniscectomy and chondroplasty, left knee",
        "Hydrocodone 10mg and acetaminophen 325mg, #60",
        "Physical therapy\nfor the left knee\nDx: M17.12",
        "",
    ],
)
def test_a_single_item_is_never_split(text):
    assert split_request(text) == ([text] if text else [])


def test_an_item_split_again_stays_whole():
    for case in read_cases("request_cells.jsonl"):
        for item in split_request(case["cell"]):
            assert split_request(item) == [item]


@pytest.mark.parametrize("row", read_vocabulary("procedure_codes"), ids=lambda row: row["first"])
def test_every_range_of_codes_is_in_order_and_found(row):
    categories = {known["category"] for known in read_vocabulary("treatment_categories")}
    assert row["first"] <= row["last"]
    assert row["category"] in categories
    assert row["words"]
    assert describe_procedure(row["first"])[0] in categories
    assert not row["first"].startswith("D")  # the dentists' codes are not free


def test_codes_and_dates_are_never_multiplied():
    for text in ("97110 x 12", "97110x12", "CPT 97110, 97140 x 12", "PT DOS 1/2/2024 x 12"):
        facts = parse_treatment(text)
        assert (facts.category, facts.amounts.n_visits) == ("physical_therapy", 12)
    assert parse_treatment("PT 500 x 40").amounts.n_visits in (None, 40)
    assert parse_treatment("97110 x 12").codes == ("97110",)


def test_no_drug_is_read_as_another():
    names = {row["name"]: row["generic"] for row in read_vocabulary("drugs")}
    for name, generic in names.items():
        facts = parse_treatment(f"{name} #60")
        assert facts.drug == generic or facts.n_drugs > 1 or not name[0].isalpha(), name
    for row in read_vocabulary("lookalikes"):
        assert parse_treatment(row["word"]).drug == ""


def test_a_form_of_release_is_no_x_ray():
    assert treatment_category("Effexor XR 75mg") == "antidepressant"
    assert treatment_category("Wellbutrin XL 150") == "antidepressant"
    assert treatment_category("XR knee 3v") == "imaging"


def test_each_item_of_a_cell_is_answered():
    past = pd.DataFrame({"treatment": ["Norco #60", "MRI of the knee"] * 20})
    priors = ["models.outcome.kind=category_prior", "abstention.max_unknown_words=null"]
    fitted = ReviewModel.from_config(load_config(overrides=priors))
    fitted = fitted.fit(submission_frame(past, "imr"), [False, True] * 20, list(range(40)))
    model = LoadedModel(
        fitted, {"stage": "imr", "trained_on": "real", "model_version": "20260101.000000-0"}
    )
    cell = "Norco 10/325 #60; MRI left knee"
    table = pd.DataFrame(
        {
            "request_id": ["a", "b", "c", None],
            "treatment": [cell, "MRI left hip", "\n".join(["- Cane"] * 26), None],
            "item": [None, None, None, cell],
        }
    )
    with pytest.warns(RefusedRequestWarning, match="row 3: treatment lists 26 items, at most 25"):
        predictions = score(model, table)
    columns = ["request_id", "item_number", "treatment", "treatment_category"]
    assert predictions[columns].to_numpy().tolist() == [
        ["a#1", 1, "Norco 10/325 #60", "opioid"],
        ["a#2", 2, "MRI left knee", "imaging"],
        ["b", 1, "MRI left hip", "imaging"],
        ["request-4", 1, cell, "opioid"],
    ]


@pytest.mark.parametrize("table", ["icd9", "icd10_retired"])
def test_codes_of_diagnoses_have_words_and_families(table):
    families = {row["family"] for row in read_vocabulary("diagnosis_families")}
    for row in read_vocabulary(table):
        described = describe_diagnosis(row.get("code") or row["first"])
        assert described.words
        assert described.note
        assert described.family in families | {""}


def test_words_of_a_code_in_force_come_from_the_package_and_only_when_asked_for():
    pytest.importorskip("simple_icd_10_cm")
    assert "meniscus" in describe_diagnosis(" s83.242a ").words
    assert describe_diagnosis("S83242A").code == "S83.242A"
    assert describe_diagnosis("Q99.999").note == "no such code"


def test_a_missing_package_of_codes_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "simple_icd_10_cm", None)
    with pytest.raises(MissingExtraError, match=r"words of S83\.242A: .*imrml\[icd\]"):
        describe_diagnosis("S83.242A")
    assert parse_treatment("MRI knee, Dx S83.242A").category == "imaging"
