"""What is said of a table that lacks a column from which the model learned."""

import warnings

import pandas as pd
import pytest
from model_factories import fictional_items, make_model

import imrml
from imrml.errors import RequestWarning
from imrml.models import LoadedModel, ReviewModel
from imrml.scoring import score, score_to_table
from imrml.submissions.frame import submission_frame

DATES = {"date_of_injury": "2014-02-03", "received_on": "2015-06-01"}


def fit(*settings: str, stage: str = "imr", **columns: str) -> LoadedModel:
    items = fictional_items(40)
    told = pd.DataFrame(items["X"][["treatment", "case_summary"]]).assign(**columns)
    model = make_model("models.n_refits=0", *settings, stage=stage)
    return LoadedModel(
        model.fit(submission_frame(told, stage), items["y"], items["cases"]),
        {"stage": stage, "trained_on": "real", "model_version": "1", "verdict": ""},
    )


def warnings_of(ask) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ask()
    assert {one.category for one in caught} <= {RequestWarning}
    return [str(one.message) for one in caught]


@pytest.fixture(scope="module")
def dated() -> LoadedModel:
    return fit(**DATES)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_interval", "base_rates"])
def test_a_model_asked_without_notes_says_so_once(dated, method):
    asked = pd.DataFrame({"treatment": ["MRI left knee"] * 3, **DATES})
    (told,) = warnings_of(lambda: getattr(dated.model, method)(asked))
    assert told.endswith("the table lacks: case_summary")


def test_what_is_there_under_another_heading_or_empty_is_not_absent(dated):
    asked = pd.DataFrame(
        {"Tx requested": ["MRI"], "Notes": [""], "DOI": ["2014-02-03"], "received_on": [None]}
    )
    assert warnings_of(lambda: dated.model.predict(asked)) == []


def test_a_column_read_of_another_is_not_absent(dated):
    asked = pd.DataFrame({"item": ["MRI left knee"], "case_summary": ["Knee pain."], **DATES})
    assert warnings_of(lambda: score(dated, asked)) == []


def test_what_nothing_was_learned_from_is_not_asked_for():
    asked = pd.DataFrame({"treatment": ["MRI left knee"]})
    for settings in (
        ["features.use_case_summary=false"],
        ["models.outcome.kind=category_prior", "models.deficiency.kind=category_prior"],
    ):
        model = fit(*settings).model
        assert warnings_of(lambda model=model: model.predict(asked)) == []


def test_what_is_known_after_the_stage_is_never_asked_for():
    model = fit(stage="rfa", **DATES).model
    asked = pd.DataFrame({"treatment": ["MRI left knee"], "case_summary": ["Knee pain."]})
    (told,) = warnings_of(lambda: model.predict(asked))
    assert told.endswith("the table lacks: date_of_injury")


def test_coded_reviews_name_the_codes_that_are_absent():
    codes = pd.DataFrame(
        {
            "treatment_category": ["Imaging", "Pharmacy"] * 20,
            "diagnosis_category": ["Cancer", "Pain"] * 20,
            "sex": ["female"] * 40,
        }
    )
    model = ReviewModel(profile="dmhc", models={"n_refits": 0})
    model.fit(codes, [True, False, False, True] * 10)
    (told,) = warnings_of(lambda: model.predict(codes.drop(columns="diagnosis_category")))
    assert told.endswith("the table lacks: diagnosis_category")


def test_a_table_in_parts_is_told_of_once(dated, tmp_path):
    asked = pd.DataFrame(
        {"request_id": map(str, range(2_500)), "treatment": "MRI left knee", **DATES}
    )
    asked["request_id"] = asked["request_id"].astype("str")
    asked.to_parquet(tmp_path / "asked.parquet")
    told = warnings_of(
        lambda: score_to_table(dated, tmp_path / "asked.parquet", tmp_path / "out.parquet")
    )
    assert len(told) == 1
    assert "case_summary" in told[0]
    answers = imrml.read_table(tmp_path / "out.parquet")
    assert len(answers) == len(asked)
