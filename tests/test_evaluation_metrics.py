"""Metrics against closed forms, examples worked by hand, and scikit-learn under equal weights."""

import numpy as np
import pandas as pd
import pytest
from held_out_tables import drawn, outcome_table, with_deficiencies
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    label_ranking_average_precision_score,
    log_loss,
    roc_auc_score,
)

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.errors import NotEnoughDataError, TableError
from imrml.evaluation.metrics.held_out import (
    HeldOut,
    best_attainable,
    measure,
    share_of_attainable,
)
from imrml.evaluation.report.verdict import reach_verdict
from imrml.evaluation.splits import Headline
from imrml.intervals import Resamples, figure

CONFIG = load_config(overrides=["evaluation.n_bootstrap=100"]).evaluation


# --- points and closed forms


def test_four_kinds_of_items_by_hand():
    # Ranking: 0.8 (overturned), 0.6 (upheld), 0.4 (overturned), 0.2 (upheld), ten times each: 3 of
    # 4 pairs are in order.
    held = HeldOut(outcome_table([True, False, True, False] * 10, [0.8, 0.6, 0.4, 0.2] * 10))
    figures = measure({"grouped": held}, CONFIG, 0)["outcome"]["grouped"]
    mean_log_loss = -np.log([0.8, 0.4, 0.4, 0.8]).mean()
    assert figure_value(figures, "auroc") == 0.75
    assert figure_value(figures, "average_precision") == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert figure_value(figures, "log_loss") == pytest.approx(mean_log_loss)
    assert figure_value(figures, "log_loss_vs_class_prior") == pytest.approx(
        mean_log_loss - np.log(2)
    )
    assert figure_value(figures, "log_loss_skill") == pytest.approx(1 - mean_log_loss / np.log(2))
    assert figure_value(figures, "brier") == pytest.approx(np.mean([0.04, 0.36, 0.36, 0.04]))
    assert figure_value(figures, "brier_skill") == pytest.approx(1 - 0.2 / 0.25)
    # Two bins of twenty: predictions 0.3 and 0.7 on average, half of each overturned.
    assert figure_value(figures, "ece") == pytest.approx(0.2)
    assert figures["ece"]["n"] == 40


def test_a_figure_that_most_resamples_cannot_show_is_not_given():
    held = HeldOut(outcome_table([True] + [False] * 30, [0.5] + [0.1] * 30))
    figures = measure({"grouped": held}, CONFIG, 0)["outcome"]["grouped"]
    assert "too few cases" in figures["auroc"]["not_applicable"]


def figure_value(figures, name):
    assert set(figures[name]) == {"value", "low", "high", "n"}, figures[name]
    assert figures[name]["low"] <= figures[name]["high"]
    return figures[name]["value"]


def test_every_figure_is_a_value_with_interval_or_a_reason():
    truth, p = drawn(400, 0)
    metrics = measure({"grouped": HeldOut(outcome_table(truth, p))}, CONFIG, 0)
    expected = {
        *("auroc", "average_precision", "ece", "calibration_slope"),
        *("log_loss", "log_loss_skill", "log_loss_vs_class_prior", "log_loss_vs_category_prior"),
        *("brier", "brier_skill", "brier_vs_class_prior", "brier_vs_category_prior"),
        *("overturned_rate", "mean_p_overturned"),
    }
    assert set(metrics["outcome"]["grouped"]) == expected
    for figures in (
        metrics["outcome"]["grouped"],
        *(metrics["baselines"][prior]["grouped"] for prior in metrics["baselines"]),
    ):
        for entry in figures.values():
            assert set(entry) in ({"value", "low", "high", "n"}, {"not_applicable"})
    assert set(metrics["baselines"]) == {"class_prior", "category_prior"}
    # A class prior that differs a little between folds would seem to rank; it does not.
    assert (
        "nothing to rank"
        in metrics["baselines"]["class_prior"]["grouped"]["auroc"]["not_applicable"]
    )
    assert metrics["deficiencies"]["grouped"] == {
        "not_applicable": "no labels, so no deficiency model"
    }


def test_points_are_scikit_learns():
    truth, p = drawn(500, 1)
    figures = measure({"grouped": HeldOut(outcome_table(truth, p))}, CONFIG, 0)["outcome"][
        "grouped"
    ]
    assert figure_value(figures, "auroc") == pytest.approx(roc_auc_score(truth, p), abs=1e-12)
    assert figure_value(figures, "average_precision") == pytest.approx(
        average_precision_score(truth, p), abs=1e-12
    )
    assert figure_value(figures, "log_loss") == pytest.approx(log_loss(truth, p), abs=1e-12)
    x = np.log(p / (1 - p))[:, None]
    slope = LogisticRegression(C=np.inf, tol=1e-8).fit(x, truth).coef_[0, 0]
    assert figure_value(figures, "calibration_slope") == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("ties", [False, True])
def test_resampled_ranking_equals_scikit_learn_under_the_same_weights(ties):
    rng = np.random.default_rng(2)
    truth, p = drawn(300, 2)
    p = p.round(1) if ties else p
    cases = rng.integers(0, 120, 300).astype(str)
    resamples = Resamples(cases.tolist(), 10, seed=3)
    auroc, average_precision = resamples.rank(truth, p)
    slopes = resamples.calibration_slope(truth, np.clip(p, 0.01, 0.99))
    x = np.log(np.clip(p, 0.01, 0.99) / (1 - np.clip(p, 0.01, 0.99)))[:, None]
    for column in range(11):
        weights = resamples.weights[resamples.case_of_item, column]
        assert auroc[column] == pytest.approx(roc_auc_score(truth, p, sample_weight=weights))
        assert average_precision[column] == pytest.approx(
            average_precision_score(truth, p, sample_weight=weights)
        )
        fitted = LogisticRegression(C=np.inf, tol=1e-8).fit(x, truth, sample_weight=weights)
        assert slopes[column] == pytest.approx(fitted.coef_[0, 0], rel=1e-3)


def test_calibration_slope_tells_a_bold_model_from_a_right_one():
    truth, p = drawn(3000, 4)
    bold = 1 / (1 + np.exp(-2 * np.log(p / (1 - p))))
    right = measure({"grouped": HeldOut(outcome_table(truth, p))}, CONFIG, 0)["outcome"]["grouped"]
    too_bold = measure({"grouped": HeldOut(outcome_table(truth, bold))}, CONFIG, 0)["outcome"][
        "grouped"
    ]
    assert right["calibration_slope"]["low"] < 1 < right["calibration_slope"]["high"]
    assert too_bold["calibration_slope"]["value"] == pytest.approx(
        right["calibration_slope"]["value"] / 2, rel=1e-6
    )
    assert too_bold["ece"]["low"] > right["ece"]["high"]


def test_separated_decisions_have_no_slope():
    truth = np.arange(200) < 40
    figures = measure(
        {"grouped": HeldOut(outcome_table(truth, np.where(truth, 0.9, 0.1)))}, CONFIG, 0
    )["outcome"]["grouped"]
    assert "not_applicable" in figures["calibration_slope"]
    assert figures["auroc"]["value"] == 1.0


def test_one_decision_only_is_a_reason_not_a_crash():
    metrics = measure(
        {"external": HeldOut(outcome_table([False] * 30, [0.1] * 30, class_prior=0.2))}, CONFIG, 0
    )
    assert metrics["outcome"]["external"]["auroc"] == {
        "not_applicable": "the held-out items hold one decision only"
    }
    assert (
        metrics["outcome"]["external"]["overturned_rate"]["high"] > 0.05
    )  # Wilson: 0 of 30 is no proof of 0


def test_with_next_to_no_overturned_case_nothing_is_claimed_against_the_prior():
    for n_overturned in (0, 4):
        truth = np.arange(60) < n_overturned
        metrics = measure(
            {"external": HeldOut(outcome_table(truth, [0.01] * 60, class_prior=0.2))}, CONFIG, 0
        )
        verdict = reach_verdict(metrics, Headline("external", "never seen"))
        assert (verdict.beats_class_prior, verdict.beats_category_prior) == (False, False)
        assert f"could not be compared ({n_overturned} cases of one decision" in verdict.sentence
        slice_ = metrics["slices"]["external"]["sex"]["female"]
        assert "value" not in slice_["log_loss_vs_class_prior"]
        assert slice_["mean_p_overturned"]["value"] == pytest.approx(0.01)


# --- intervals


def test_bootstrap_by_case_is_wider_than_by_item_where_items_of_a_case_agree():
    rng = np.random.default_rng(5)
    fate = rng.random(60) < 0.3
    truth, cases = fate.repeat(8), np.arange(60).astype(str).repeat(8)
    by_case = Resamples(cases.tolist(), 400, 0).mean(truth.astype(float))[1:]
    by_item = Resamples([str(number) for number in range(480)], 400, 0).mean(truth.astype(float))[
        1:
    ]
    # Eight copies of each fate: the standard error by case is the square root of eight times the
    # one by item.
    assert by_case.std() / by_item.std() == pytest.approx(np.sqrt(8), rel=0.15)


def test_bootstrap_interval_of_a_mean_is_the_normal_one():
    values = np.random.default_rng(6).normal(size=500)
    resampled = Resamples([str(number) for number in range(500)], 4000, 1).mean(values)
    figures = figure(resampled[0], resampled[1:], 500, 0.95)
    half = 1.96 * values.std() / np.sqrt(500)
    assert figures["low"] == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert figures["high"] == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_differences_are_paired():
    truth, p = drawn(800, 7)
    near = np.clip(p * 1.02, 0, 0.99)
    figures = measure(
        {"grouped": HeldOut(outcome_table(truth, near, category_prior=p))}, CONFIG, 0
    )["outcome"]["grouped"]
    width_of_difference = (
        figures["log_loss_vs_category_prior"]["high"] - figures["log_loss_vs_category_prior"]["low"]
    )
    assert width_of_difference < 0.1 * (figures["log_loss"]["high"] - figures["log_loss"]["low"])


def test_draws_of_many_cases_take_a_byte_each_and_give_the_same_figures(monkeypatch):
    truth, p = drawn(300, 4)
    cases = [f"C{number // 2}" for number in range(300)]

    def figures_of(resamples):
        ranked = resamples.rank(truth, p)
        return [resamples.mean(p), *ranked, resamples.calibration_slope(truth, p)]

    floats = Resamples(cases, 100, 0)
    monkeypatch.setattr("imrml.intervals._MOST_FLOATS", 999)
    small = Resamples(cases, 100, 0)
    assert small.weights.nbytes == floats.weights.nbytes / 8
    assert (small.weights == floats.weights).all()
    for found, expected in zip(figures_of(small), figures_of(floats), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_same_seed_same_figures():
    truth, p = drawn(200, 8)
    held = {"grouped": HeldOut(outcome_table(truth, p))}
    assert measure(held, CONFIG, 1) == measure(held, CONFIG, 1)
    assert measure(held, CONFIG, 1) != measure(held, CONFIG, 2)


# --- deficiencies


def test_deficiency_metrics_by_hand():
    ids = list(deficiency_ids())[:3]
    table = outcome_table([False] * 12 + [True], [0.1] * 12 + [0.6])
    labels = pd.DataFrame(
        [[True, False, False]] * 6 + [[False, True, True]] * 5 + [[False, False, False]],
        columns=ids,
    )
    p = pd.DataFrame([[0.9, 0.5, 0.1]] * 11 + [[0.2, 0.3, 0.4]], columns=ids)
    figures = measure({"grouped": HeldOut(table, labels, p, p)}, CONFIG, 0)["deficiencies"][
        "grouped"
    ]
    # First six: the true label stands first. Next five: the two true labels stand second and third.
    assert figures["hit_at_1"] == {
        "value": pytest.approx(6 / 11),
        "low": pytest.approx(0.25, abs=0.15),
        "high": pytest.approx(0.8, abs=0.15),
        "n": 11,
    }
    assert figures["hit_at_3"]["value"] == 1.0
    assert figures["lrap"]["value"] == pytest.approx((6 * 1 + 5 * (1 / 2 + 2 / 3) / 2) / 11)
    assert figures["micro_ap"]["n"] == 12
    assert figures["micro_ap_vs_category_prior"]["value"] == 0.0
    assert figures["labels"][ids[0]]["support"] == 6


def test_deficiency_points_are_scikit_learns_and_beat_the_prior():
    held = with_deficiencies()
    figures = measure({"grouped": held}, CONFIG, 0)["deficiencies"]["grouped"]
    truth, p = held.deficiency_labels.to_numpy(), held.p_deficiencies.to_numpy()
    labelled = truth.any(axis=1)
    assert figures["micro_ap"]["value"] == pytest.approx(
        average_precision_score(truth, p, average="micro")
    )
    assert figures["macro_ap"]["value"] == pytest.approx(
        average_precision_score(truth, p, average="macro")
    )
    assert figures["lrap"]["value"] == pytest.approx(
        label_ranking_average_precision_score(truth[labelled], p[labelled])
    )
    assert figures["macro_ap_vs_category_prior"]["low"] > 0
    assert figures["category_prior"]["macro_ap"]["value"] == pytest.approx(truth.mean())
    label = deficiency_ids()[9]
    assert figures["labels"][label]["support"] == int(held.deficiency_labels[label].sum())


def test_a_rare_label_has_no_average_precision():
    held = with_deficiencies()
    label = deficiency_ids()[0]
    held.deficiency_labels[label] = False
    held.deficiency_labels.iloc[:4, 0] = True
    figures = measure({"grouped": held}, CONFIG, 0)["deficiencies"]["grouped"]["labels"][label]
    assert figures["support"] == 4
    assert "at least 5" in figures["ap"]["not_applicable"]


# --- what comes in


def test_held_out_refuses_what_does_not_fit():
    table = outcome_table([True, False], [0.5, 0.5])
    with pytest.raises(TableError, match=r"lacks columns \['sex'\]"):
        HeldOut(table.drop(columns="sex"))
    with pytest.raises(TableError, match="p_overturned"):
        HeldOut(table.assign(p_overturned=[0.5, 1.5]))
    with pytest.raises(TableError, match="p_category_prior"):
        HeldOut(table.assign(p_category_prior=[0.5, None]))
    labels = pd.DataFrame({"weaning_required": [True]}, index=[0])
    with pytest.raises(TableError, match="no upheld item"):
        HeldOut(table, labels, labels.astype(float), labels.astype(float))
    fitting = labels.set_axis([1])
    with pytest.raises(TableError, match="must share"):
        HeldOut(table, fitting, fitting.astype(float), labels.astype(float))


def test_nothing_held_out_is_an_error():
    with pytest.raises(NotEnoughDataError, match="no items"):
        measure({"external": HeldOut(outcome_table([], [], class_prior=0.1))}, CONFIG, 0)


# --- known truth


def test_best_attainable_matches_the_entropy_and_is_reached_by_the_truth():
    truth, p = drawn(50_000, 15)
    best = best_attainable(p, truth)
    assert best["expected_log_loss"] == pytest.approx(log_loss(truth, p), abs=0.005)
    assert best["brier"] == pytest.approx(np.mean((truth - p) ** 2), abs=0.005)
    assert share_of_attainable(best["auroc"], best) == 1.0
    assert share_of_attainable(0.5, best) == 0.0
    with pytest.raises(NotEnoughDataError):
        best_attainable([0.1, 0.2], [False, False])
