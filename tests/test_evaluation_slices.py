"""Metrics of parts and of several: slices, coverage, repeats, shares of the data, two models."""

import numpy as np
import pandas as pd
import pytest
from held_out_tables import drawn, outcome_table

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.evaluation.metrics.held_out import (
    HeldOut,
    compare,
    measure,
    measure_learning_curve,
)

CONFIG = load_config(overrides=["evaluation.n_bootstrap=100"]).evaluation


# --- slices, restraint


def test_small_slices_are_hidden_and_others_carry_intervals():
    truth, p = drawn(109, 9)
    table = outcome_table(
        truth,
        p,
        treatment_category=["imaging"] * 100 + ["surgery"] * 9,
        age=[25.0] * 50 + [65.0] * 40 + [np.nan] * 19,
    )
    slices = measure({"grouped": HeldOut(table)}, CONFIG, 0)["slices"]["grouped"]
    assert slices["treatment_category"]["surgery"] == {
        "n": 9,
        "not_applicable": "fewer than 10 items: hidden",
    }
    assert slices["treatment_category"]["imaging"]["overturned_rate"]["value"] == pytest.approx(
        truth[:100].mean()
    )
    assert {name: figures["n"] for name, figures in slices["age_band"].items()} == {
        "0-29": 50,
        "60 and over": 40,
        "unknown": 19,
    }
    assert slices["decided_year"]["2015"]["n"] == 109
    assert slices["sex"]["female"]["mean_p_overturned"]["value"] == pytest.approx(p.mean())


def test_risk_coverage_ends_at_the_log_loss_of_all_items():
    truth, p = drawn(300, 10)
    metrics = measure({"grouped": HeldOut(outcome_table(truth, p))}, CONFIG, 0)
    rows = metrics["risk_coverage"]["grouped"]
    assert rows[-1]["coverage"] == 1.0
    assert rows[-1]["log_loss"]["value"] == pytest.approx(
        metrics["outcome"]["grouped"]["log_loss"]["value"]
    )
    assert rows[0]["log_loss"]["n"] == 30
    assert rows[0]["log_loss"]["value"] < rows[-1]["log_loss"]["value"]


def test_reliability_bins_add_up():
    truth, p = drawn(1000, 11)
    bins = measure({"grouped": HeldOut(outcome_table(truth, p))}, CONFIG, 0)["reliability"][
        "grouped"
    ]
    assert len(bins) == 10
    assert sum(row["overturned_rate"]["n"] for row in bins) == 1000
    assert sum(
        row["overturned_rate"]["n"] * row["overturned_rate"]["value"] for row in bins
    ) == pytest.approx(truth.sum())


def test_the_area_under_the_risk_coverage_curve_is_the_mean_of_its_rows():
    truth, p = drawn(300, 10)
    metrics = measure({"grouped": HeldOut(outcome_table(truth, p))}, CONFIG, 0)
    area, rows = metrics["aurc"]["grouped"], metrics["risk_coverage"]["grouped"]
    assert area["log_loss"]["value"] == pytest.approx(
        np.mean([row["log_loss"]["value"] for row in rows])
    )
    assert area["log_loss"]["value"] < area["category_prior_log_loss"]["value"]


def test_gaps_between_slices_are_of_shown_slices_only():
    truth = np.array([True] * 30 + [False] * 30 + [True] * 5)
    sex = ["female"] * 30 + ["male"] * 30 + ["other"] * 5
    p = [0.6] * 30 + [0.5] * 30 + [0.0] * 5
    gaps = measure({"grouped": HeldOut(outcome_table(truth, p, sex=sex))}, CONFIG, 0)["slice_gaps"][
        "grouped"
    ]
    assert gaps["sex"] == {
        "n_slices": 2,
        "overturned_rate": 1.0,
        "mean_p_overturned": pytest.approx(0.1),
        "excess": pytest.approx(0.9),
    }
    assert "fewer than two" in gaps["decided_year"]["not_applicable"]


# --- repeats, importance, learning curve, another model


def test_repeats_are_averaged_and_never_count_as_more_items():
    truth, p = drawn(400, 16)
    table, other = outcome_table(truth, p), outcome_table(truth, p[::-1])
    metrics = measure(
        {"grouped": HeldOut(table, repeats=(HeldOut(other.sample(frac=1, random_state=0)),))},
        CONFIG,
        0,
    )
    alone = [
        measure({"grouped": HeldOut(part)}, CONFIG, 0)["outcome"]["grouped"]
        for part in (table, other)
    ]
    both = metrics["outcome"]["grouped"]
    for name in ("auroc", "log_loss", "log_loss_vs_class_prior"):
        assert both[name]["value"] == pytest.approx(
            np.mean([part[name]["value"] for part in alone])
        )
        assert both[name]["n"] == 400
    assert metrics["held_out"]["grouped"]["n_deals"] == 2
    steady = measure({"grouped": HeldOut(table, repeats=(HeldOut(table),) * 3)}, CONFIG, 0)[
        "outcome"
    ]["grouped"]
    assert steady["log_loss"] == pytest.approx(alone[0]["log_loss"])


def test_deficiencies_too_are_averaged_over_repeats_on_the_items_that_all_of_them_tell():
    rng = np.random.default_rng(18)
    ids = list(deficiency_ids())[:3]
    table = outcome_table([False] * 60, [0.1] * 60)
    labels = pd.DataFrame(rng.random((60, 3)) < 0.4, columns=ids)
    p, other, priors = (pd.DataFrame(rng.random((60, 3)), columns=ids) for _ in range(3))
    shown = rng.permutation(60)[:50]
    repeat = HeldOut(table, labels.iloc[shown], other.iloc[shown], priors.iloc[shown])

    def measured(held):
        return measure({"grouped": held}, CONFIG, 0)["deficiencies"]["grouped"]

    rows = np.sort(shown)
    figures = measured(HeldOut(table, labels, p, priors, repeats=(repeat, HeldOut(table))))
    alone = [
        measured(HeldOut(table, labels.iloc[rows], part.iloc[rows], priors.iloc[rows]))
        for part in (p, other)
    ]
    for name in ("micro_ap", "hit_at_1", "lrap", "micro_ap_vs_category_prior"):
        assert figures[name]["value"] == pytest.approx(
            np.mean([part[name]["value"] for part in alone])
        )
        assert figures[name]["n"] == alone[0][name]["n"]
    assert figures["category_prior"] == alone[0]["category_prior"]


def test_last_years_rate_stands_beside_the_priors_where_years_are_known():
    truth, p = drawn(300, 17)
    metrics = measure(
        {"grouped": HeldOut(outcome_table(truth, p, p_last_year=[0.1, 0.3] * 150))}, CONFIG, 0
    )
    figures = metrics["baselines"]["last_year"]["grouped"]
    assert {"auroc", "log_loss", "log_loss_vs_class_prior"} <= set(figures)
    assert "log_loss_vs_category_prior" not in figures


def test_shuffling_what_a_model_rests_on_costs_and_the_rest_does_not():
    truth, p = drawn(600, 18, signal=1.5)
    shuffled = pd.DataFrame({"record#0": np.roll(p, 7), "record#1": np.roll(p, 50), "request#0": p})
    figures = measure({"grouped": HeldOut(outcome_table(truth, p), shuffled=shuffled)}, CONFIG, 0)[
        "importance"
    ]["grouped"]
    assert figures["record"]["low"] > 0.1
    assert figures["request"] == {"value": 0.0, "low": 0.0, "high": 0.0, "n": 600}


def test_the_learning_curve_runs_from_the_smallest_share():
    truth, p = drawn(400, 19)
    flat = np.full(400, truth.mean())
    rows = measure_learning_curve(
        {1.0: HeldOut(outcome_table(truth, p)), 0.2: HeldOut(outcome_table(truth, flat * 1.01))},
        CONFIG,
        0,
    )
    assert [row["share"] for row in rows] == [0.2, 1.0]
    assert rows[0]["log_loss_vs_class_prior"]["value"] > rows[1]["log_loss_vs_class_prior"]["high"]


def test_two_models_are_compared_item_by_item():
    truth, p = drawn(1500, 20)
    table = outcome_table(truth, p)
    flat = table.assign(p_overturned=truth.mean() + np.linspace(0, 1e-3, 1500)).sample(
        frac=1, random_state=1
    )
    better = compare(table, flat, CONFIG, 0)
    assert better["log_loss"]["high"] < 0 < better["auroc"]["low"]
    assert compare(flat, table, CONFIG, 0)["log_loss"]["value"] == pytest.approx(
        -better["log_loss"]["value"]
    )
    same = compare(table, table, CONFIG, 0)
    assert {figures["value"] for figures in same.values()} == {0.0}
