"""The verdict: what is said of a model, and what these letters could show at all."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from test_evaluation_metrics import CONFIG, drawn, outcome_table

from imrml.evaluation.metrics.held_out import HeldOut, measure
from imrml.evaluation.metrics.power import count_for_auroc, estimate_auroc_error, state_power
from imrml.evaluation.report.verdict import reach_verdict
from imrml.evaluation.splits import Headline

# --- what these letters could show


def test_the_stated_number_of_letters_has_the_stated_power():
    n_letters = count_for_auroc(0.65, 0.2)
    rng = np.random.default_rng(21)
    shift = np.sqrt(2) * norm.ppf(0.65)  # two normals so far apart have this area
    shown = 0
    for _ in range(300):
        truth = np.arange(n_letters) < round(0.2 * n_letters)
        auroc = roc_auc_score(truth, rng.normal(size=n_letters) + shift * truth)
        shown += auroc - 1.96 * estimate_auroc_error(0.5, truth.sum(), (~truth).sum()) > 0.5
    assert 0.72 < shown / 300 < 0.88


def test_power_counts_letters_and_says_whether_these_are_enough():
    truth, p = drawn(2000, 22)
    many = measure({"grouped": HeldOut(outcome_table(truth, p))}, CONFIG, 0)["power"]["grouped"]
    few = measure(
        {"grouped": HeldOut(outcome_table(truth, p, cases=[f"C{n // 20}" for n in range(2000)]))},
        CONFIG,
        0,
    )["power"]["grouped"]
    assert "(enough here)" in many["sentence"]
    assert few["auroc"]["n_letters_here"] == 100
    one = measure(
        {"external": HeldOut(outcome_table([False] * 30, [0.1] * 30, class_prior=0.2))}, CONFIG, 0
    )["power"]["external"]
    assert "cannot be reckoned" in one["sentence"]


def test_power_says_nothing_of_a_gain_over_the_prior_that_the_model_is():
    truth, _ = drawn(600, 23)
    prior = np.full(600, truth.mean())
    stated = measure(
        {"grouped": HeldOut(outcome_table(truth, prior, category_prior=prior))}, CONFIG, 0
    )["power"]["grouped"]
    assert stated["log_loss"] == {
        "not_applicable": "the difference to the category prior does not vary"
    }
    assert "would show" not in stated["sentence"]
    assert "does not vary" in stated["sentence"]


@pytest.mark.parametrize(
    ("width", "said"), [(2e-5, "fewer than 30 letters (enough here)"), (0.02, "about")]
)
def test_power_counts_no_letters_where_the_normal_curve_says_nothing(width, said):
    outcome = {
        "auroc": {"not_applicable": "one decision only"},
        "log_loss_vs_category_prior": {"value": 0.0, "low": -width / 2, "high": width / 2},
    }
    sentence = state_power(outcome, {"n_cases": 120, "n_overturned_cases": 23}, 0.95)["sentence"]
    assert f"over the category prior would show with {said}" in sentence


# --- the verdict


def test_a_random_model_is_not_distinguishable_from_the_prior():
    truth, _ = drawn(600, 12)
    noise = truth.mean() * np.exp(0.02 * np.random.default_rng(13).normal(size=600))
    verdict = reach_verdict(
        measure({"grouped": HeldOut(outcome_table(truth, noise))}, CONFIG, 0),
        Headline("grouped", "no days are known"),
    )
    assert not verdict.beats_class_prior
    assert not verdict.beats_category_prior
    assert verdict.sentence.count("not distinguishable from the prior") == 2
    assert "Nothing here shows that the base rate" in verdict.sentence
    assert "no days are known" in verdict.sentence


def test_a_good_model_beats_both_priors_and_a_harmful_one_is_called_worse():
    truth, p = drawn(1500, 14)
    good = reach_verdict(
        measure({"grouped": HeldOut(outcome_table(truth, p))}, CONFIG, 0), Headline("grouped", "x")
    )
    assert (good.beats_class_prior, good.beats_category_prior) == (True, True)
    assert "not distinguishable" not in good.sentence
    shuffled = reach_verdict(
        measure({"grouped": HeldOut(outcome_table(truth, p[::-1]))}, CONFIG, 0),
        Headline("grouped", "x"),
    )
    assert not shuffled.beats_class_prior
    assert "worse than the prior" in shuffled.sentence
