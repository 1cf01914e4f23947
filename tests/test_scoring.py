from typing import Any

import numpy as np
import pandas as pd
import pytest
from model_factories import MANIFEST, TELLING, fictional_items, make_model

from imrml.deficiencies import applicable_lines, cues_that_show, deficiency_ids, taxonomy
from imrml.errors import LeakageError, ModelError, RefusedRequestWarning, RequestWarning, TableError
from imrml.features.documents import cue_names
from imrml.features.vocabulary import read_vocabulary
from imrml.models import LoadedModel
from imrml.scoring.checklist import list_documents_to_send, rank_deficiencies
from imrml.scoring.in_words import (
    BRIEF,
    DECISION_SUPPORT,
    DEMO,
    P_MEANING,
    compare_with_base_rate,
    format_interval,
    format_note,
)
from imrml.scoring.prediction import (
    N_REASONS,
    PREDICTION_COLUMNS,
    score,
    score_columns,
)
from imrml.scoring.terminal import format_predictions
from imrml.submissions.requests import sort_requests
from imrml.tables.files import read_table, write_table

NARRATIVE = " ".join(["Hm"] * 12) + " The cook saw a"
"""Long enough for the model to answer, with few words that it knows."""
REQUESTS = pd.DataFrame(
    [
        {
            "request_id": "telling",
            "treatment": "Norco 10/325mg #60",
            "notes": f"{NARRATIVE} {TELLING} near the stove.",
        },
        {
            "request_id": "plain",
            "treatment": "Physical therapy 12 visits for the low back",
            "notes": f"{NARRATIVE} kettle.",
        },
        {"request_id": "empty", "treatment": "", "notes": ""},
    ]
)


def loaded(*overrides: str, **manifest: Any) -> LoadedModel:
    return LoadedModel(make_model(*overrides).fit(**fictional_items()), MANIFEST | manifest)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return loaded()


def rows(
    model: LoadedModel, table: pd.DataFrame = REQUESTS, **settings: Any
) -> dict[str, dict[str, Any]]:
    predictions = score(model, table, **settings)
    return {row["request_id"]: row for row in predictions.to_dict("records")}


def test_the_prediction_table_holds_what_the_contract_says(model: LoadedModel) -> None:
    predictions = score(model, REQUESTS)
    assert tuple(predictions) == PREDICTION_COLUMNS
    answered = predictions[predictions["predicted"] != "abstain"]
    assert answered["request_id"].to_list() == ["telling", "plain"]
    assert ((answered["p_low"] >= 0) & (answered["p_low"] <= answered["p_overturned"])).all()
    assert ((answered["p_overturned"] <= answered["p_high"]) & (answered["p_high"] <= 1)).all()
    p_deficiencies = answered[["p_deficiency_1", "p_deficiency_2", "p_deficiency_3"]].to_numpy()
    assert (np.diff(p_deficiencies, axis=1) <= 0).all()
    assert set(answered["deficiency_1"]) <= set(deficiency_ids())
    assert set(predictions["model_version"]) == {MANIFEST["model_version"]}
    assert set(predictions["trained_on"]) == {"real"}


def test_what_moved_a_score_is_signed_and_stands_in_the_request(model: LoadedModel) -> None:
    row = rows(model)["telling"]
    assert row["predicted"] == "above_base_rate"
    assert row["reasons"][0].startswith("+")
    assert TELLING in row["reasons"][0]
    assert len(row["reasons"]) <= N_REASONS


def test_brief_notes_are_named_as_such(model: LoadedModel) -> None:
    table = pd.DataFrame([{"treatment": "Norco 10/325mg #60", "notes": f"Saw a {TELLING}."}])
    [row] = score(model, table).to_dict("records")
    assert row["p_overturned"] == row["base_rate"]
    assert row["reasons"][0] == BRIEF


def test_abstention_withholds_the_probability_alone(model: LoadedModel) -> None:
    empty = rows(model)["empty"]
    assert empty["predicted"] == "abstain"
    assert empty["abstain_reason"] == "no treatment is named"
    assert 0 < empty["base_rate"] < 1
    for column in ("p_overturned", "p_low", "p_high"):
        assert pd.isna(empty[column])
    assert empty["reasons"] == []
    assert empty["deficiency_1"] in deficiency_ids()
    assert empty["p_deficiency_1"] >= empty["p_deficiency_3"] > 0
    assert empty["deficiency_source"] == "all"
    assert empty["send_before_submission"]


def test_deficiencies_say_whose_rates_they_are(model: LoadedModel) -> None:
    # Opioids were learned from, and other drugs than the third; of surgery nothing was.
    table = pd.DataFrame(
        {
            "request_id": ["read", "brief", "drug", "service"],
            "treatment": ["Norco #60", "Norco #60", "Omeprazole 20mg #60", "Lumbar fusion"],
            "notes": ["He fell from a ladder at work and sees his doctor weekly. " * 4, "", "", ""],
        }
    )
    sources = {name: row["deficiency_source"] for name, row in rows(model, table).items()}
    assert sources == {"read": "model", "brief": "category", "drug": "group", "service": "all"}


def test_where_all_is_shown_the_next_deficiencies_have_something_to_send() -> None:
    by_id = {deficiency.id: deficiency for deficiency in taxonomy()}
    answered, open_ = by_id["opioid_monitoring_missing"], by_id["weaning_indicated"]
    documents = list_documents_to_send([answered, open_], set(cue_names()), "opioid", 1)
    assert documents == list_documents_to_send([open_], set(cue_names()), "opioid", 1)
    assert documents
    assert list_documents_to_send([answered, open_], set(), "opioid", 1) == list(
        answered.send_before_submission
    )


@pytest.mark.parametrize("category", ["imaging", "opioid", "surgery", "other"])
def test_no_deficiency_is_named_that_cannot_apply(category: str) -> None:
    likeliest_first = pd.DataFrame([np.linspace(0.9, 0.1, 18)] * 2, columns=deficiency_ids())
    ranked, again = rank_deficiencies(likeliest_first, [category, "other"])
    assert ranked
    assert all(applicable_lines(deficiency, category) for deficiency, _ in ranked)
    assert {deficiency.id for deficiency, _ in again} == set(deficiency_ids())
    monitoring = "opioid_monitoring_missing"
    assert (monitoring in {one.id for one, _ in ranked}) == (category in ("opioid", "other"))


def test_a_cost_ratio_sets_the_threshold() -> None:
    dear, cheap = rows(loaded("models.cost_ratio=2.0")), rows(loaded("models.cost_ratio=1000.0"))
    for answers, threshold in ((dear, 1 / 3), (cheap, 1 / 1001)):
        for name in ("telling", "plain"):
            assert answers[name]["predicted"] == (
                "overturned" if answers[name]["p_overturned"] >= threshold else "upheld"
            )
    assert dear["plain"]["predicted"] == "upheld"
    assert cheap["plain"]["predicted"] == "overturned"


def test_a_base_rate_is_called_one() -> None:
    model = loaded(
        "models.outcome.kind=category_prior", verdict="not distinguishable from the prior"
    )
    for row in rows(model).values():
        if row["predicted"] != "abstain":
            assert row["p_overturned"] == row["base_rate"]
            assert row["p_low"] < row["p_overturned"] < row["p_high"]
            assert row["predicted"] == "base_rate"
            assert compare_with_base_rate(row) == "the category's base rate itself"
            assert (
                "beyond its category nothing in this request moves it on balance"
                in format_interval(row)
            )
            assert row["deficiency_1"] in deficiency_ids()


@pytest.mark.parametrize("predicted", ["overturned", "upheld"])
def test_words_never_read_as_a_disposition(predicted) -> None:
    words = compare_with_base_rate({"predicted": predicted, "p_overturned": 0.2, "base_rate": 0.1})
    assert "threshold" in words
    assert predicted not in words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.004, 0.94, "under 1% and 94%. The category's rate of 10% lies between them"),
        (0.2, 0.94, "above the category's rate of 10%"),
        (0.001, 0.05, "below the category's rate of 10%"),
        (float("nan"), float("nan"), "no interval"),
    ],
)
def test_an_interval_is_put_in_words_to_act_on(low, high, words) -> None:
    row = {
        "predicted": "above_base_rate",
        "p_overturned": 0.3,
        "p_low": low,
        "p_high": high,
        "base_rate": 0.1,
    }
    assert words in format_interval(row)
    assert format_interval(row | {"predicted": "abstain"}) == ""
    assert bool(format_note(row)) == (low <= 0.1 <= high)
    assert compare_with_base_rate(row) == "above base rate" + (
        ", not surely" if low <= 0.1 <= high else ""
    )


def test_without_labels_there_are_no_deficiencies() -> None:
    items = {
        name: value for name, value in fictional_items().items() if name in ("X", "y", "cases")
    }
    plain = rows(LoadedModel(make_model("models.n_refits=0").fit(**items), MANIFEST))["plain"]
    assert 0 < plain["p_overturned"] < 1
    assert pd.isna(plain["p_low"])
    assert pd.isna(plain["deficiency_1"])
    assert plain["send_before_submission"] == []


def test_invented_data_answers_only_when_asked_to() -> None:
    demo = loaded("models.outcome.kind=class_prior", trained_on="synthetic")
    with pytest.raises(ModelError, match=rf"{DEMO}.*--allow-demo"):
        score(demo, REQUESTS)
    predictions = score(demo, REQUESTS, allow_demo=True)
    assert set(predictions["trained_on"]) == {"synthetic"}
    assert any(DEMO in line for line in format_predictions(predictions))


def test_what_counts_for_nothing_is_warned_of_once(model: LoadedModel) -> None:
    table = REQUESTS.assign(colour="blue", age=["old", "44", "44"])
    with pytest.warns(RequestWarning) as caught:
        predictions = score(model, table)
    [warning] = caught
    assert "colour" in str(warning.message)
    assert "row 1 age" in str(warning.message)
    assert warning.filename == __file__
    pd.testing.assert_frame_equal(
        predictions, score(model, REQUESTS.assign(age=[None, "44", "44"]))
    )


def test_refused_rows_are_warned_of_by_reason_and_left_out(model: LoadedModel) -> None:
    table = REQUESTS.assign(decision=["upheld", None, "overturned"])
    with pytest.warns(RefusedRequestWarning) as caught:
        predictions = score(model, table)
    [warning] = caught
    assert str(warning.message).startswith("rows 1, 3: column 'decision' is written by the review")
    assert warning.message.n_requests == 2
    assert warning.filename == __file__
    assert predictions["request_id"].to_list() == ["plain"]


def test_a_table_that_names_no_treatment_is_refused(model: LoadedModel) -> None:
    with pytest.raises(TableError, match="no 'treatment'"):
        score(model, REQUESTS.drop(columns="treatment"))


def test_requests_of_another_stage_are_refused() -> None:
    early = LoadedModel(
        make_model("models.outcome.kind=class_prior", stage="rfa").fit(
            X=sort_requests(REQUESTS, "rfa").submissions,
            y=[True, False, False],
            cases=["a", "b", "c"],
        ),
        MANIFEST | {"stage": "rfa"},
    )
    with pytest.raises(LeakageError, match="claims_guideline"):
        score_columns(early, sort_requests(REQUESTS, "imr"))


# --- what to send

AGREEMENT, CURES = "The signed pain agreement", "The date and result of the CURES check"


def sent_for(
    notes: str,
    model: LoadedModel,
    monkeypatch: pytest.MonkeyPatch,
    treatment: str = "Norco 10/325mg #60",
) -> dict[str, Any]:
    """Score one request of which the model is sure that opioid safeguards are missing."""
    likely = pd.DataFrame(
        [[float(id_ == "opioid_monitoring_missing") for id_ in deficiency_ids()]],
        columns=list(deficiency_ids()),
    )
    monkeypatch.setattr(type(model.model), "answer_deficiencies", lambda *_: (likely, ["model"]))
    return rows(
        model, pd.DataFrame([{"request_id": "one", "treatment": treatment, "notes": notes}])
    )["one"]


def test_what_the_record_shows_is_not_asked_for_again(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sent_for("A pain agreement was signed in May. CURES was not checked.", model, monkeypatch)
    assert row["deficiency_1"] == "opioid_monitoring_missing"
    assert AGREEMENT not in row["send_before_submission"]
    assert CURES in row["send_before_submission"]
    assert row["already_shown"] == ["signed pain agreement: A pain agreement was signed in May."]


def test_what_is_asked_for_is_not_taken_for_a_record(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sent_for(
        "The cook lifted a heavy pot.",
        model,
        monkeypatch,
        treatment="Norco #60 under a signed pain agreement",
    )
    assert AGREEMENT in row["send_before_submission"]
    assert row["already_shown"] == []


def test_a_line_needs_all_its_cues(model: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "A note on side effects and on any aberrant behaviour, also where there is none"
    half = sent_for("She reports no side effects from it.", model, monkeypatch)
    whole = sent_for(
        "She reports no side effects from it. No aberrant behavior was seen.", model, monkeypatch
    )
    assert line in half["send_before_submission"]
    assert line not in whole["send_before_submission"]


def test_the_table_of_cues_fits_taxonomy_and_vocabulary() -> None:
    lines = {
        (deficiency.id, line)
        for deficiency in taxonomy()
        for line in deficiency.send_before_submission
    }
    assert not set(cues_that_show()) - lines
    cues = {row["cue"] for row in read_vocabulary("documentation_cues")}
    assert not {cue for needed in cues_that_show().values() for cue in needed} - cues
    assert all(cues_that_show().values())


# --- on disk and on screen


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".csv"])
def test_predictions_survive_the_way_through_a_file(
    ending: str, model: LoadedModel, tmp_path: Any
) -> None:
    predictions = score(model, REQUESTS)
    write_table(predictions, tmp_path / f"predictions{ending}")
    back = read_table(tmp_path / f"predictions{ending}")
    assert list(back) == list(PREDICTION_COLUMNS)
    assert [list(reasons) for reasons in back["reasons"]] == predictions["reasons"].to_list()
    assert back["p_overturned"].replace("", None).astype(float).to_numpy() == pytest.approx(
        predictions["p_overturned"].to_numpy(), nan_ok=True
    )


def test_the_terminal_table_says_what_the_figures_mean(model: LoadedModel) -> None:
    lines = list(format_predictions(score(model, REQUESTS), width=140))
    text = "\n".join(lines)
    assert max(map(len, lines)) <= 140
    assert f"{P_MEANING}: {DECISION_SUPPORT}." in lines
    assert DEMO not in text
    for words in ("telling", "plain", "empty", "abstains", "above base rate", "base rate"):
        assert words in text


def test_a_long_checklist_is_cut_on_the_terminal_only(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sent_for("The cook lifted a heavy pot.", model, monkeypatch)
    text = "\n".join(format_predictions(pd.DataFrame([row]), width=200))
    n_documents = len(row["send_before_submission"])
    assert n_documents > 3
    assert text.count("│ - ") == 3
    assert f"... and {n_documents - 3} more" in text


def test_the_checklist_begins_with_one_line_of_each_likely_deficiency(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sent_for("The cook lifted a heavy pot.", model, monkeypatch)
    documents = {deficiency.id: deficiency.send_before_submission for deficiency in taxonomy()}
    likely = [row[f"deficiency_{place}"] for place in (1, 2, 3)]
    assert all(
        line in documents[id_]
        for line, id_ in zip(row["send_before_submission"], likely, strict=False)
    )
