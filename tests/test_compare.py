"""Recipes side by side: the same cases, the priors, one run of MLflow."""

import pandas as pd
import pytest
from conftest import SMALL

from imrml.config import load_config
from imrml.errors import ConfigError
from imrml.tables.files import read_table
from imrml.tracking.connection import connected
from imrml.training.comparing import compare_recipes, load_recipes

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn
QUICK = [*SMALL, "evaluation.splits=[grouped]", "models.deficiency.kind=category_prior"]


def recipe(kind: str, *more: str):
    return load_config(overrides=[*QUICK, f"models.outcome.kind={kind}", *more])


def test_a_prior_differs_by_nothing_from_itself(line):
    kinds = {kind: recipe(kind) for kind in ("class_prior", "category_prior")}
    table = compare_recipes(read_table(line.items), kinds).set_index("name")
    assert list(table.index) == ["category_prior", "class_prior"]
    assert table["log_loss"].is_monotonic_increasing
    assert set(table["best_prior"]) == {"category_prior"}
    same = table.loc["category_prior", ["log_loss_vs_prior", "log_loss_vs_prior_low"]]
    assert same.tolist() == pytest.approx([0, 0], abs=1e-12)
    assert table.loc["class_prior", "log_loss_vs_prior"] == pytest.approx(
        table.loc["class_prior", "log_loss"] - table.loc["category_prior", "log_loss"]
    )
    assert (table[["fit_seconds", "score_seconds"]] > 0).all(axis=None)
    assert table["deficiency_hit_at_3"].between(0, 1).all()
    for name in ("log_loss", "calibration_error"):
        low, high = (table[f"{name}_vs_prior_{end}"].astype(float) for end in ("low", "high"))
        assert (low <= high).all()
    for name in ("auroc", "average_precision", "deficiency_micro_ap", "deficiency_hit_at_3"):
        assert f"{name}_vs_prior_high" in table


def test_the_command_logs_one_run_with_the_recipes_below_it(line, tmp_path, imrml):
    out = tmp_path / "leaderboard.csv"
    given = [part for setting in QUICK for part in ("--set", setting)]
    run = imrml(
        *("compare", line.items, "--kinds", "class_prior,category_prior", "--out", out, *given),
        *("--set", "models.outcome.kind=class_prior", "--set", "tracking.enabled=true"),
    )
    assert run.code == 0, run.err
    assert run.out.splitlines()[1].split()[0] == "category_prior"
    assert "minus the category prior" in run.out
    assert set(read_table(out)["name"]) == {"default", "class_prior", "category_prior"}
    with connected() as client:
        ids = [one.experiment_id for one in client.search_experiments()]
        [parent] = client.search_runs(ids, "tags.kind = 'comparison'")
        below = client.search_runs(ids, f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    assert {one.info.run_name for one in below} == {"default", "class_prior", "category_prior"}
    assert all(one.data.metrics["log_loss"] > 0 for one in below)


def test_a_table_that_cannot_be_written_is_told_before_the_fits(tmp_path, imrml):
    run = imrml("compare", tmp_path / "absent.parquet", "--out", tmp_path / "leaderboard.doc")
    assert run.code == 1
    assert "unknown ending '.doc'" in run.err


def test_only_like_is_compared_with_like():
    configs = {"early": recipe("class_prior", "stage=rfa"), "late": recipe("class_prior")}
    with pytest.raises(ConfigError, match="compare like with like"):
        compare_recipes(pd.DataFrame(), configs)


def test_a_kind_that_a_config_is_named_after_is_refused(tmp_path):
    file = tmp_path / "logistic.yaml"
    file.write_text("models: {outcome: {kind: class_prior}}", encoding="utf-8")
    with pytest.raises(ConfigError, match="logistic names a config and a kind"):
        load_recipes([file], kinds="logistic")
    kinds = load_recipes([file.rename(tmp_path / "plain.yaml")], kinds="all")
    assert "class_prior" not in kinds
    assert {"plain", "logistic", "stacked"} <= {*kinds}
