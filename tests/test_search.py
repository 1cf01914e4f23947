"""Search: settings are chosen on folds that part no case, anew inside every measured fold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL
from model_factories import fictional_items
from sklearn.base import clone

from imrml.config import load_config
from imrml.engines.mapping import joblib_backend
from imrml.errors import ConfigError, NotEnoughDataError
from imrml.evaluation.report.write import write_report
from imrml.training.data import TrainingData, prepare
from imrml.training.fitting import TrainingRun, hold_out
from imrml.training.run import train
from imrml.training.search import Recipe, search, without_search

QUICK = ["features.word_ngrams=[1, 1]", "search.n_folds=2", "search.backend=threading"]


@pytest.fixture(scope="module")
def items() -> pd.DataFrame:
    made = fictional_items(n_cases=80, seed=3)
    table = pd.DataFrame(made["X"])[["treatment", "case_summary"]]
    table["item"] = table["treatment"]
    table["case_number"], table["item_number"] = made["cases"], np.tile([1, 2], 80)
    table["decision"] = np.where(made["y"], "overturned", "upheld")
    table["decided_on"], table["received_on"] = "2015-06-01", "2015-05-01"
    return table


@pytest.fixture(scope="module")
def data(items: pd.DataFrame) -> TrainingData:
    return prepare(items, load_config())


def searched(space: str, *overrides: str) -> Any:
    return load_config(overrides=[*QUICK, f"search.space={space}", *overrides])


def test_a_grid_tries_all_and_takes_the_least_loss(data: TrainingData) -> None:
    result = search(
        data,
        searched(
            "{models.outcome.kind: [class_prior, logistic], models.outcome.c: [1.0]}",
            "search.method=grid",
        ),
    )
    assert [row["settings"]["models.outcome.kind"] for row in result.rows] == [
        "class_prior",
        "logistic",
    ]
    least = min(result.rows, key=lambda row: row["log_loss"])
    assert [row["is_chosen"] for row in result.rows] == [row is least for row in result.rows]
    assert least["rank"] == 1
    assert (
        result.chosen
        == least["settings"]
        == {"models.outcome.kind": "logistic", "models.outcome.c": 1.0}
    )
    assert result.config.models.outcome.kind == "logistic"
    assert result.config.search.space is None
    rate = data.overturned.mean()
    entropy = -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)
    assert result.rows[0]["log_loss"] == pytest.approx(entropy, abs=0.01)
    json.dumps(result.describe("grid"))


def test_random_draws_stay_in_their_range_and_repeat_with_the_seed(data: TrainingData) -> None:
    space = (
        "{models.outcome.c: {low: 0.1, high: 0.2, log: true}, "
        "features.max_terms: {low: 5, high: 9, log: false}}"
    )
    config = searched(space, "search.n_candidates=3", "models.outcome.calibration=none")
    first, second = search(data, config), search(data, config, n_jobs=2)
    assert len(first.rows) == 3
    for row in first.rows:
        assert 0.1 <= row["settings"]["models.outcome.c"] <= 0.2
        assert row["settings"]["features.max_terms"] in range(5, 10)
        assert row["n_items"] == 160
    times = {"seconds": 0.0}
    assert [row | times for row in first.rows] == [row | times for row in second.rows]


def test_halving_compares_all_on_few_items_and_the_best_on_more(data: TrainingData) -> None:
    config = searched(
        "{models.outcome.c: [0.01, 0.1, 1.0]}",
        "search.method=halving",
        "search.n_candidates=3",
        "models.outcome.calibration=none",
    )
    result = search(data, config)
    sizes = [row["n_items"] for row in result.rows]
    assert sizes == sorted(sizes)
    assert sizes[0] < 160
    assert sum(row["is_chosen"] for row in result.rows) == 1


def test_folds_of_a_search_part_no_group_of_cases(
    data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    fit = Recipe.fit

    def watch(self: Recipe, X: Any, y: Any, cases: Any, years: Any) -> Recipe:
        seen.append(set(map(str, cases)))
        return fit(self, X, y, cases, years)

    monkeypatch.setattr(Recipe, "fit", watch)
    search(data, searched("{models.outcome.c: [1.0]}", "models.outcome.calibration=none"))
    assert len(seen) == 2
    assert not seen[0] & seen[1]


def test_every_measured_fold_searches_by_itself(items: pd.DataFrame, tmp_path: Path) -> None:
    quiet = [
        "evaluation.splits=[grouped]",
        "evaluation.learning_curve=[]",
        "evaluation.n_shuffles=0",
    ]
    config = searched(
        "{models.outcome.c: [0.001, 3.0]}",
        *SMALL,
        *quiet,
        "search.method=grid",
        "features.use_case_summary=true",
    )
    messages: list[str] = []
    result = train(items, config, report=messages.append)
    described = result.metrics["search"]
    assert set(described) == {"method", "chosen", "log_loss", "rows", "by_fold"}
    assert [(row["split"], row["fold"]) for row in described["by_fold"]] == [
        ("grouped", 1),
        ("grouped", 2),
    ]
    assert all(
        row["settings"] in ({"models.outcome.c": 0.001}, {"models.outcome.c": 3.0})
        for row in described["by_fold"]
    )
    assert result.manifest["recipe"]["search"]["space"] == {"models.outcome.c": [0.001, 3.0]}
    assert result.manifest["config"]["search"]["space"] is None
    assert (
        result.manifest["config"]["models"]["outcome"]["c"]
        == described["chosen"]["models.outcome.c"]
    )
    assert any(message.startswith("search: grid, on all items") for message in messages)
    write_report(
        tmp_path,
        result.metrics,
        result.held_out,
        result.verdict,
        result.manifest["data"],
        result.checks,
        is_synthetic=False,
    )
    assert "Settings were searched (grid, 2 candidates)" in (tmp_path / "report.html").read_text()
    assert "- settings searched: grid, 2 candidates" in (tmp_path / "card.md").read_text()


def test_without_a_space_nothing_is_searched(data: TrainingData) -> None:
    config = without_search(searched("{models.outcome.c: [1.0]}"))
    folds = ((np.arange(120), np.arange(120, 160)),)
    assert hold_out(TrainingRun(data, config), folds).chosen == ()


@pytest.mark.parametrize(
    ("space", "overrides", "message"),
    [
        (
            "{models.outcome.cc: [1.0]}",
            [],
            r"search\.space: models\.outcome\.cc is no setting",
        ),
        ("{models.outcome.c: [-1.0]}", [], r"models\.outcome\.c: found -1"),
        (
            "{seed: [1, 2]}",
            [],
            r"search\.space: found seed; expected settings that the outcome hangs on",
        ),
        (
            "{models.outcome.c: {low: 1, high: 2, log: true}}",
            ["search.method=grid"],
            r"models\.outcome\.c is a range",
        ),
        (
            "{models.outcome.c: [1.0]}",
            ["search.backend=abacus"],
            r"search\.backend: found 'abacus'",
        ),
        ("{models.outcome.c: []}", [], r"search\.space"),
    ],
)
def test_a_space_that_does_not_fit_is_named(
    space: str, overrides: list[str], message: str, data: TrainingData
) -> None:
    with pytest.raises(ConfigError, match=message):
        search(data, searched(space, *overrides))


def test_too_few_cases_for_folds_are_told(items: pd.DataFrame) -> None:
    few = prepare(
        items.assign(decision=np.where(np.arange(160) < 2, "overturned", "upheld")), load_config()
    )
    with pytest.raises(
        NotEnoughDataError, match=r"search: 2 folds need 2 cases of either decision.*search\.space"
    ):
        search(few, searched("{models.outcome.c: [1.0]}"))


def test_a_recipe_is_an_estimator_whose_settings_are_its_parameters() -> None:
    recipe = Recipe(load_config())
    changed = clone(recipe).set_params(
        **{"models.outcome.c": np.float64(2.5), "features.max_terms": np.int64(7)}
    )
    assert (changed.config.models.outcome.c, changed.config.features.max_terms) == (2.5, 7)
    assert recipe.config == load_config()


def test_a_search_may_run_on_dask(data: TrainingData, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    config = searched(
        "{models.outcome.c: [0.1, 1.0]}", "search.method=grid", "models.outcome.calibration=none"
    )
    here = search(data, config)
    dask = config.model_copy(
        update={"search": config.search.model_copy(update={"backend": "dask"})}
    )
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    ) as cluster:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        there = search(data, dask)
    assert [row["log_loss"] for row in there.rows] == [row["log_loss"] for row in here.rows]


def test_a_backend_that_is_not_there_is_told() -> None:
    with (
        pytest.raises(ConfigError, match="expected loky, threading or dask"),
        joblib_backend("abacus", 2),
    ):
        pass
