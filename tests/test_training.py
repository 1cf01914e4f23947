"""Training: what ships is what the verdict allows; labels come from where they are said to."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL

from imrml.config import load_config, with_settings
from imrml.errors import NotEnoughDataError, TableError
from imrml.evaluation.metrics.outcome import BASELINES
from imrml.evaluation.report.write import BANNER
from imrml.models import LoadedModel, ReviewModel, load_model
from imrml.tables.files import read_table
from imrml.training.data import decided_years, list_case_hashes, prepare
from imrml.training.description import describe_data
from imrml.training.external import evaluate
from imrml.training.fitting import predict_held_out, rates_by_year
from imrml.training.run import train

CONFIG = load_config(
    overrides=[
        *SMALL,
        "evaluation.splits=[grouped]",
        "evaluation.learning_curve=[]",
        "evaluation.n_shuffles=0",
    ]
)
PRIOR = load_config(
    overrides=[
        *SMALL,
        "evaluation.splits=[grouped]",
        "models.outcome.kind=category_prior",
        "evaluation.learning_curve=[]",
    ]
)


@pytest.fixture(scope="module")
def items(line):
    return read_table(line.items)


@pytest.mark.parametrize(
    ("ship", "kind", "said"),
    [
        ("distinguishable", "category_prior", "which was not kept"),
        ("expected", "logistic", "expected to be best, not shown to be"),
    ],
)
def test_what_ships_where_the_model_does_not_beat_the_prior(items, ship, kind, said):
    rng = np.random.default_rng(0)
    shuffled = items.assign(decision=rng.permutation(items["decision"].to_numpy())).drop(
        columns=["deficiencies", "evidence"]
    )
    result = train(shuffled, with_settings(CONFIG, {"models.ship": ship}, "test"))
    assert not result.verdict.beats_priors
    assert said in result.verdict.sentence
    assert ("model_alone" in result.metrics["baselines"]) == (ship == "expected")
    assert (
        "not distinguishable from the prior" in result.verdict.sentence
        or "worse than the prior" in result.verdict.sentence
    )
    assert result.manifest["outcome_kind"] == kind
    assert result.manifest["verdict"] == result.verdict.sentence


def test_labels_of_a_gold_file_replace_those_of_the_table(items):
    labels = pd.DataFrame(
        {
            "item_id": [f"{items.case_number[0]}#{items.item_number[0]}"],
            "deficiencies": [["request_not_specific"]],
        }
    )
    upheld = items.assign(decision="upheld")
    data = prepare(upheld, CONFIG, labels)
    assert data.is_labelled.sum() == 1
    assert data.deficiencies.loc[0, "request_not_specific"]
    assert prepare(upheld, CONFIG).is_labelled.all()
    unlabelled = prepare(items.drop(columns=["deficiencies"]), CONFIG)
    assert unlabelled.deficiencies is None
    assert not unlabelled.is_labelled.any()


def test_rows_of_unknown_deficiency_ids_are_named_without_their_cells(items):
    labels = pd.DataFrame({"item_id": ["x#1"], "deficiencies": [["no_such_thing"]]})
    labels.loc[0, "item_id"] = f"{items.case_number[0]}#{items.item_number[0]}"
    with pytest.raises(TableError, match=r"rows \[1\].*no deficiency id") as caught:
        prepare(items, CONFIG, labels)
    assert "no_such_thing" not in str(caught.value)


def test_labels_of_another_table_are_refused(items):
    with pytest.raises(TableError, match="none of its 1 item_id"):
        prepare(items, CONFIG, pd.DataFrame({"item_id": ["CM15-0000000#1"], "deficiencies": [[]]}))


@pytest.mark.filterwarnings("ignore:train. no item_number")
def test_keys_may_be_numbers_but_not_empty(items):
    numbered = items.assign(
        case_number=items["case_number"].str[5:].astype(int),
        item_number=items["item_number"].astype(float),
    )
    assert prepare(numbered, CONFIG).trained_on == "real"
    assert (
        prepare(items.assign(case_number="SYKES-" + items["case_number"]), CONFIG).trained_on
        == "real"
    )
    for blank in (None, " "):
        case_number = items["case_number"].where(items.index != 2, blank)
        for keyed in (items, items.drop(columns="item_number")):
            with pytest.raises(TableError, match=r"case_number is empty in 1 of .*, row 3"):
                prepare(keyed.assign(case_number=case_number), CONFIG)


def test_items_that_stand_twice_are_refused(items):
    with pytest.raises(TableError, match="stand twice"):
        prepare(pd.concat([items, items.head(1)]), CONFIG)


def test_one_decision_is_not_enough(items):
    with pytest.raises(NotEnoughDataError, match="at least two of each"):
        train(items.assign(decision="upheld"), CONFIG)


def test_the_fingerprint_changes_with_any_used_cell_and_not_with_the_order(items):
    facts = describe_data(prepare(items, CONFIG))
    assert (
        describe_data(prepare(items.sample(frac=1, random_state=0), CONFIG))["fingerprint"]
        == facts["fingerprint"]
    )
    changed = items.copy()
    changed.loc[5, "claims_guideline"] = "Decision based on something else."
    relabelled = items.assign(deficiencies=[[]] * len(items))
    redated = items.assign(decided_on="2015-01-01")
    for other in (changed, relabelled, redated):
        assert describe_data(prepare(other, CONFIG))["fingerprint"] != facts["fingerprint"]
    assert facts["trained_on"] == "synthetic"
    real = items.assign(case_number=items["case_number"].str.replace("SY", "CM"))
    assert describe_data(prepare(real, CONFIG))["trained_on"] == "real"


def test_the_manifest_knows_its_cases_without_their_numbers(line, items):
    manifest = load_model(line.model).manifest
    assert manifest["training_cases"] == list_case_hashes(prepare(items, CONFIG))
    assert items["case_number"][0] not in str(manifest)


def test_a_renamed_case_is_still_a_training_case(line, items):
    renamed = items.assign(case_number="x" + items["case_number"])
    with pytest.raises(NotEnoughDataError, match="trained on every case"):
        evaluate(load_model(line.model), renamed, CONFIG)


def test_an_empty_table_is_told(items):
    with pytest.raises(NotEnoughDataError, match="no rows"):
        train(items.head(0), CONFIG)


def test_evaluating_without_labels_of_new_cases_measures_the_outcome_alone(result, seen, items):
    first = seen[seen["decision"] == "upheld"].iloc[0]
    labels = pd.DataFrame(
        {
            "item_id": [f"{first.case_number}#{first.item_number}"],
            "deficiencies": [["request_not_specific"]],
        }
    )
    evaluation = evaluate(LoadedModel(result.model, result.manifest), items, CONFIG, labels)
    assert evaluation.n_left_out == len(seen)
    n_unseen = len(items) - len(seen)
    assert len(evaluation.held_out["external"].outcome) == n_unseen
    assert evaluation.metrics["data"]["n_items"] == n_unseen
    assert evaluation.metrics["data"]["n_labelled"] == 0
    assert "not_applicable" in evaluation.metrics["deficiencies"]["external"]


def test_the_verdict_is_measured_from_every_side(items):
    config = load_config(
        overrides=[
            *SMALL,
            "evaluation.splits=[grouped]",
            "evaluation.n_repeats=2",
            "evaluation.learning_curve=[0.3]",
        ]
    )
    metrics = train(items, config).metrics
    assert metrics["held_out"]["grouped"]["n_deals"] == 2
    assert set(metrics["baselines"]) == {*BASELINES, "without_case_summary"}
    assert [row["share"] for row in metrics["learning_curve"]] == [0.3, 1.0]
    assert metrics["learning_curve"][-1]["auroc"] == metrics["outcome"]["grouped"]["auroc"]
    assert set(metrics["importance"]["grouped"]) == {"request", "record", "utilization review"}
    assert (
        metrics["importance"]["grouped"]["record"]["value"]
        > metrics["importance"]["grouped"]["utilization review"]["value"]
    )
    assert metrics["power"]["grouped"]["auroc"]["n_letters_here"] == items["case_number"].nunique()


def test_last_years_rate_never_looks_at_the_year_itself(items):
    data = prepare(items, CONFIG)
    years = decided_years(data.keys)
    rates = rates_by_year(data, 0)
    assert rates_by_year(data, 1e9)[int(years.min())] == pytest.approx(data.overturned.mean())
    held = predict_held_out(
        ReviewModel.from_config(PRIOR).fit(data.submissions, data.overturned, cases=data.groups),
        data,
        rates,
    )
    first = years == years.min()
    assert (held.outcome.loc[first, "p_last_year"] == data.overturned.mean()).all()
    second = years == years[~first].min()
    assert (held.outcome.loc[second, "p_last_year"] == data.overturned[first].mean()).all()


def test_a_model_is_compared_with_another_on_what_neither_saw(line, items):
    seen = items[items["case_number"].isin(items["case_number"].unique()[:200])]
    models = [
        LoadedModel(result.model, result.manifest)
        for result in (train(seen, CONFIG), train(seen, PRIOR))
    ]
    evaluation = evaluate(models[0], items, CONFIG, against=models[1])
    assert evaluation.n_left_out == len(seen)
    version = models[1].manifest["model_version"]
    assert evaluation.metrics["against"]["model_version"] == version
    assert evaluation.metrics["against"]["log_loss"]["n"] == len(items) - len(seen)
    assert f"Against model {version}" in evaluation.verdict.sentence


@pytest.fixture(scope="module")
def seen(items):
    """The items of the first cases, whole."""
    return items[items["case_number"].isin(items["case_number"].unique()[:150])]


@pytest.fixture(scope="module")
def result(seen):
    return train(seen, CONFIG)


def test_a_result_says_itself_in_a_few_lines_without_a_record(result, seen):
    text = repr(result)
    assert len(text.splitlines()) <= 10
    assert max(map(len, text.splitlines())) <= 100
    assert result.manifest["model_version"] in text
    assert result.manifest["outcome_kind"] in text
    assert "invented data" in text
    auroc = result.metrics["outcome"]["grouped"]["auroc"]["value"]
    assert f"AUROC: {auroc:.3f}" in text
    assert not any(case in text for case in seen["case_number"])


def test_a_notebook_is_shown_verdict_figures_and_plots(result, seen):
    page = result._repr_html_()
    assert result.verdict.sentence.split(" (")[0] in page
    assert BANNER in page
    auroc = result.metrics["outcome"]["grouped"]["auroc"]["value"]
    assert f"<b>{auroc:.3f}</b>" in page
    assert {"Reliability", "ROC", "Precision and recall"} <= set(re.findall("<h4>(.*?)</h4>", page))
    assert page.count("<svg ") == page.count("<figure")
    styles = re.search("<style>(.*?)</style>", page, re.DOTALL)[1]
    selectors = re.findall(r"^(?!@)(\S[^{]*){", styles, re.MULTILINE)
    assert all(selector.startswith(".imrml-summary") for selector in selectors)
    assert not any(case in page for case in seen["case_number"])


def test_what_a_summary_shows_is_escaped(result):
    verdict = replace(result.verdict, sentence="<script>alert(1)</script>")
    page = replace(result, verdict=verdict)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_evaluation_writes_what_it_says_of_itself(result, seen, items, tmp_path):
    model = LoadedModel(result.model, result.manifest)
    evaluation = evaluate(model, items, out=tmp_path / "out")
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert written["outcome"]["external"] == evaluation.metrics["outcome"]["external"]
    assert written["verdict"]["sentence"] == evaluation.verdict.sentence
    assert written["data"]["n_items_left_out"] == evaluation.n_left_out == len(seen)
    assert (tmp_path / "out" / "report.html").exists()
    assert repr(evaluation).startswith(f"Evaluation: {len(seen)} items left out (invented data)")
    assert "Evaluation" in evaluation._repr_html_()
