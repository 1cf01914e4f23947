"""Columns of an owner's own: declared, checked, learned from, scored with, watched."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from commands import run

import imrml
from imrml.config import load_config
from imrml.errors import ConfigError, LeakageError, RequestWarning, TableError
from imrml.monitoring.tables import compare_tables
from imrml.submissions.extra_columns import programme_of_config
from imrml.submissions.frame import submission_frame
from imrml.submissions.requests import sort_requests
from imrml.training.leakcheck import check_leaks

DECLARED = {
    "visits so far": {"known_at": "rfa", "kind": "number", "unit": "visits"},
    "Network": {"known_at": "rfa", "kind": "category"},
    "adjuster remark": {"known_at": "imr", "kind": "text"},
    "last visit": {"known_at": "rfa", "kind": "date"},
}
WORDS = [f"{first}{last}" for first in "bdfgklmnprst" for last in ("ala", "ero", "ini", "ota")]
QUICK = (
    "models.n_refits=0",
    "evaluation.n_bootstrap=50",
    "evaluation.learning_curve=[]",
    "evaluation.n_shuffles=1",
    "evaluation.splits=[grouped]",
    "evaluation.n_folds=2",
    "tracking.enabled=false",
)


def settings(declared=DECLARED, *more):
    return load_config(overrides=[f"features.extra_columns={json.dumps(declared)}", *QUICK, *more])


def items(n_cases=160, seed=0):
    random = np.random.default_rng(seed)
    visits = random.integers(0, 40, n_cases)
    p = np.where(visits > 25, 0.75, 0.1)
    return pd.DataFrame(
        {
            "case_number": [f"CM15-{number:07}" for number in range(n_cases)],
            "item_number": 1,
            "treatment": random.choice(["MRI left knee", "Norco 10/325mg #60"], n_cases),
            "case_summary": [
                "A cook hurt the knee. " + " ".join(random.choice(WORDS, 25))
                for _ in range(n_cases)
            ],
            "received_on": "2015-03-02",
            "date_of_injury": "2014-01-15",
            "decided_on": pd.date_range("2015-01-01", periods=n_cases).strftime("%Y-%m-%d"),
            "decision": np.where(random.random(n_cases) < p, "overturned", "upheld"),
            "visits so far": np.where(random.random(n_cases) < 0.1, np.nan, visits),
            "Network": random.choice(["Alder", "Birch", "birch ", "Rare One"], n_cases),
            "adjuster remark": random.choice(["therapy helped", "no change"], n_cases),
            "last visit": "2015-01-20",
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "model"
    return imrml.train(items(300), settings(), out=folder), folder


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"hours": {"known_at": "determination", "kind": "number"}}, "what becomes known later"),
        ({"hours": {"known_at": "rfa", "kind": "float"}}, "hours.kind: found 'float'"),
        ({"hours": {"kind": "number"}}, "hours.known_at"),
        ({"_hours": {"known_at": "rfa", "kind": "number"}}, "cannot name a column"),
    ],
)
def test_a_wrong_declaration_is_named(declared, message):
    with pytest.raises(ConfigError, match=message):
        settings(declared)


def test_a_column_known_after_the_stage_is_refused():
    with pytest.raises(ConfigError, match="'adjuster remark' becomes known at imr, after stage"):
        settings(DECLARED, "stage=rfa")


@pytest.mark.parametrize(
    "name", ["decision", "Rationale", "Dx", "notes", "Case number", "request_id", "age_band"]
)
def test_a_name_of_ours_is_refused(name):
    config = settings({name: {"known_at": "rfa", "kind": "text"}})
    with pytest.raises(ConfigError, match=r"heads the column .* already"):
        programme_of_config(config)


def test_two_names_that_are_one_heading_are_refused():
    one = {"known_at": "rfa", "kind": "number"}
    with pytest.raises(ConfigError, match="'pain score' and 'Pain Score' are read as one"):
        programme_of_config(settings({"pain score": one, "Pain Score": one}))


def test_overrides_reach_into_a_declaration():
    config = load_config(overrides=["features.extra_columns.hours={known_at: rfa, kind: number}"])
    assert config.features.extra_columns["hours"].kind == "number"
    assert (
        load_config(
            overrides=[
                "features.extra_columns.hours={known_at: rfa, kind: number}",
                "features.extra_columns.hours.unit=hours",
            ]
        )
        .features.extra_columns["hours"]
        .unit
        == "hours"
    )


def test_training_learns_from_them(trained):
    result, _ = trained
    names = set(result.model.name_features().tolist())
    assert {
        "own visits so far",
        "own visits so far is missing",
        "own Network = alder",
        "own Network = birch",
        "own Network = (rare)",
        "own adjuster remark mentions 'helped'",
        "own last visit: days after the injury",
    } <= names
    assert result.metrics["outcome"]["grouped"]["auroc"]["value"] > 0.6
    assert "visits so far" in result.metrics["data"]["columns"]


def test_training_wants_every_declared_column():
    with pytest.raises(TableError, match="no column 'Network', which features"):
        imrml.train(items().drop(columns="Network"), settings())


def test_the_saved_model_scores_them(trained):
    _, folder = trained
    model = imrml.load_model(folder)
    asked = pd.DataFrame(
        {"treatment": "MRI left knee", "case_summary": items()["case_summary"][0],
         "Visits So Far": ["3", "39", "many"], "network": "Alder"}
    )  # fmt: skip
    with pytest.warns(RequestWarning) as told:
        scored = imrml.score(model, asked)
    assert scored["p_overturned"][0] < scored["p_overturned"][1] - 0.1
    words = str(told[0].message)
    assert re.search(r"the table lacks: [^;]*\badjuster remark, last visit", words)
    assert "row 3 visits so far" in words
    assert any("your own visits so far" in one for one in scored["reasons"][1])


def test_a_row_alone_scores_as_in_its_table(trained):
    result, _ = trained
    table = items(40, seed=1)
    frame = submission_frame(table, "imr", result.model.programme)
    whole = result.model.predict_proba(frame)
    alone = np.vstack([result.model.predict_proba(frame.iloc[[row]]) for row in range(len(frame))])
    np.testing.assert_array_equal(whole, alone)


def test_a_column_that_nobody_declared_is_still_refused_by_features(trained):
    result, _ = trained
    frame = submission_frame(items(5), "imr", result.model.programme)
    for _, block in result.model.features_.transformer_list:
        with pytest.raises(LeakageError, match="'canary'"):
            block.transform(frame.assign(canary="overturned"))


def test_card_and_signature_name_them(trained):
    from imrml.tracking.serving import signature

    _, folder = trained
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert "visits so far" in card
    assert "own visits so far" in card  # what the model rests on
    inputs = signature(folder).inputs.input_names()
    assert {"visits so far", "Network", "adjuster remark", "last visit"} <= set(inputs)


def test_no_leak_check_takes_a_declared_column_for_a_leak(trained):
    result, _ = trained
    failed = [check.code for check in result.checks if check.status == "failed"]
    assert failed == []


def test_the_leak_check_knows_a_column_that_tells_the_decision():
    table = items()
    table["Network"] = np.where(table["decision"] == "overturned", "Alder", "Birch")
    failed = [check.code for check in check_leaks(table, settings()) if check.status == "failed"]
    assert {"golden_feature", "section_knows_too_much"} <= set(failed)


def test_drift_of_an_own_column_fires_and_shows_no_rare_value():
    before, after = items(200), items(200, seed=2)
    after["visits so far"] += 60
    after.loc[0, "Network"] = "Only Once"
    comparison = compare_tables(before, after, settings())
    assert "visits so far" in set(comparison.alarms["fact"])
    assert "Only Once" not in comparison.drift.shares["Network"].index


def test_a_late_column_is_passed_over_at_rfa():
    programme = programme_of_config(settings())
    table = pd.DataFrame({"treatment": ["MRI"], "adjuster remark": ["no"], "visits so far": [3]})
    requests = sort_requests(table, "rfa", programme)
    assert requests.late_columns == ("adjuster remark",)
    assert list(requests.submissions["visits so far"]) == [3.0]


def test_the_command_line_tells_what_is_missing(trained, tmp_path, capsys):
    _, folder = trained
    table = tmp_path / "asked.csv"
    items(6, seed=3)[["treatment", "case_summary", "visits so far"]].to_csv(table, index=False)
    assert run("score", table, "--model", folder, "--out", tmp_path / "out.csv") == 0
    assert re.search(r"the table lacks: .*Network, adjuster", capsys.readouterr().err)


def test_api_and_page_take_them_and_tell_what_is_missing(trained):
    from starlette.testclient import TestClient

    from imrml.web.app import create_app
    from imrml.web.settings import ServeSettings

    _, folder = trained
    model = imrml.load_model(folder)
    app = create_app(model, ServeSettings(max_rows=5))
    row = {"treatment": "MRI left knee", "notes": items()["case_summary"][0], "visits so far": 39}
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/api/score", json={"requests": [row]}).json()
        schema = client.get("/openapi.json").json()
        page = client.get("/").text
    with pytest.warns(RequestWarning):
        expected = imrml.score(model, pd.DataFrame([row]))
    assert answer["absent_columns"][-3:] == ["Network", "adjuster remark", "last visit"]
    assert answer["unknown_columns"] == []
    assert answer["predictions"][0]["p_overturned"] == expected["p_overturned"][0]
    described = schema["components"]["schemas"]["Request"]["properties"]
    assert described["visits so far"]["description"] == "number of the owner's own; visits"
    assert 'name="visits so far"' in page
