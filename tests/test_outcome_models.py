"""P(overturned): priors and the calibrated logistic regression."""

from typing import Any

import numpy as np
import pytest
from model_factories import known_truth
from scipy import sparse
from sklearn.base import clone

from imrml.errors import NotEnoughDataError
from imrml.models.calibration import calibration_folds
from imrml.models.outcome import CalibratedLogistic
from imrml.models.priors import CategoryPrior, ClassPrior


def test_category_prior_mixes_the_class_prior_into_small_categories() -> None:
    categories = ["opioid"] * 90 + ["imaging"] * 10
    overturned = np.array([False] * 90 + [True] * 10)
    prior = CategoryPrior(shrinkage=10.0).fit(categories, overturned)
    opioid, imaging, unseen = prior.predict_proba(["opioid", "imaging", "surgery"])[:, 1]
    assert opioid == pytest.approx((0 + 10 * 0.1) / 100)
    assert imaging == pytest.approx((10 + 10 * 0.1) / 20)
    assert unseen == pytest.approx(0.1)
    assert prior.count(["opioid", "imaging", "surgery"]).tolist() == [90, 10, 0]


@pytest.mark.parametrize(
    "prior", [ClassPrior(), CategoryPrior(shrinkage=20.0), CategoryPrior(shrinkage=0.0)]
)
def test_interval_of_a_prior_holds_its_rate_and_narrows_with_more_items(prior: Any) -> None:
    widths = []
    for n_items in (20, 2000):
        prior.fit(["opioid"] * n_items + ["imaging"] * n_items, np.arange(2 * n_items) % 10 == 0)
        asked = ["opioid", "imaging", "surgery"]
        (low, high), rates = prior.predict_interval(asked, 0.9).T, prior.predict_proba(asked)[:, 1]
        assert ((low >= 0) & (low <= rates) & (rates <= high) & (high <= 1)).all()
        widths.append((high - low)[0])
    assert widths[1] < widths[0] / 5


def test_priors_are_scikit_learn_classifiers() -> None:
    for prior in (ClassPrior(), CategoryPrior(shrinkage=3.0)):
        fitted = clone(prior).fit(["opioid", "imaging"], [True, True])
        assert fitted.classes_.tolist() == [0, 1]
        assert fitted.predict(["opioid"]).tolist() == [True]


def make_logistic(**settings: Any) -> CalibratedLogistic:
    usual = {"c": 0.3, "calibration": "sigmoid", "calibration_folds": 3, "n_refits": 20, "seed": 3}
    return CalibratedLogistic(**usual | settings)


def test_logistic_regression_finds_the_truth_and_its_interval_holds_it_as_often_as_stated() -> None:
    X, y, _ = known_truth(2000)
    asked, _, p_true = known_truth(1000, seed=2)
    fitted = make_logistic().fit(X, y, cases=np.arange(2000) // 2)
    p_found = fitted.predict_proba(asked)[:, 1]
    low, high = fitted.predict_interval(asked, 0.9).T
    assert np.sqrt(np.mean((p_found - p_true) ** 2)) < 0.6 * p_true.std()
    assert ((low <= p_found) & (p_found <= high)).all()
    assert 0.83 < np.mean((low <= p_true) & (p_true <= high)) < 0.98


def test_interval_widens_where_a_case_repeats_its_items() -> None:
    X, y, _ = known_truth(300)
    repeated, y_repeated = sparse.vstack([X] * 6).tocsr(), np.tile(y, 6)
    by_case = make_logistic(calibration="none").fit(
        repeated, y_repeated, cases=np.tile(np.arange(300), 6)
    )
    by_item = make_logistic(calibration="none").fit(repeated, y_repeated, cases=np.arange(1800))
    widths = [np.diff(fitted.predict_interval(X, 0.9)).mean() for fitted in (by_case, by_item)]
    assert widths[0] > 1.3 * widths[1]


@pytest.mark.parametrize("calibration", ["none", "sigmoid", "isotonic", "temperature", "auto"])
def test_every_calibration_gives_probabilities_inside_their_interval(calibration: str) -> None:
    X, y, _ = known_truth(400)
    fitted = make_logistic(calibration=calibration).fit(X, y, cases=np.arange(400) // 2)
    p_overturned, interval = fitted.predict_proba(X)[:, 1], fitted.predict_interval(X, 0.9)
    assert fitted.calibration_note_ == ""
    assert (fitted.calibrator_ is None) == (calibration == "none")
    assert ((interval[:, 0] <= p_overturned) & (p_overturned <= interval[:, 1])).all()
    assert interval.min() >= 0
    assert interval.max() <= 1


def test_the_same_seed_gives_the_same_model() -> None:
    X, y, _ = known_truth(300)
    first, second = (make_logistic(n_refits=3).fit(X, y, cases=np.arange(300)) for _ in range(2))
    assert np.array_equal(first.predict_interval(X, 0.9), second.predict_interval(X, 0.9))
    other = make_logistic(n_refits=3, seed=4).fit(X, y, cases=np.arange(300))
    assert not np.array_equal(first.predict_interval(X, 0.9), other.predict_interval(X, 0.9))


def test_without_refits_there_is_no_interval() -> None:
    X, y, _ = known_truth(100)
    assert np.isnan(
        make_logistic(n_refits=0).fit(X, y, cases=np.arange(100)).predict_interval(X, 0.9)
    ).all()


def test_calibration_folds_part_no_case_and_hold_both_decisions() -> None:
    _, y, _ = known_truth(200)
    cases = np.arange(200) // 4
    folds, note = calibration_folds(y, cases, 3, seed=0)
    assert note == ""
    assert sorted(np.concatenate([held_out for _, held_out in folds])) == list(range(200))
    for train, held_out in folds:
        assert not set(cases[train]) & set(cases[held_out])
        assert 0 < y[held_out].sum() < len(held_out)


def test_too_few_overturned_cases_leave_the_model_uncalibrated_and_say_so() -> None:
    X, _, _ = known_truth(60)
    y = np.zeros(60, dtype=bool)
    y[:6] = True
    fitted = make_logistic().fit(X, y, cases=np.arange(60) // 3)
    assert fitted.calibrator_ is None
    assert fitted.calibration_note_.startswith(
        "not calibrated: 3 folds need 3 cases of either decision; found 2 overturned"
    )
    with pytest.raises(NotEnoughDataError, match="found 0 overturned of 60"):
        make_logistic().fit(X, np.zeros(60, dtype=bool), cases=np.arange(60))


def test_a_calibration_that_would_turn_the_scores_round_is_left_out() -> None:
    # Each case is one word, and decisions balance within it: what folds learn from the others
    # points the wrong way.
    cases = np.arange(400) // 2
    y = np.tile([True, False], 200)
    signs = np.where(cases % 2 == 0, 1.0, -1.0)[:, None]
    X = sparse.csr_matrix(signs * np.random.default_rng(5).normal(size=(400, 3)) * 0.1)
    inverted = [make_logistic(n_refits=0, seed=seed).fit(X, y, cases=cases) for seed in range(6)]
    notes = {fitted.calibration_note_ for fitted in inverted} - {""}
    assert notes == {
        "not calibrated: on the folds' held-out cases higher scores were overturned less often"
    }
    assert all(
        (fitted.calibrator_ is None) == bool(fitted.calibration_note_) for fitted in inverted
    )


@pytest.mark.parametrize("calibration", ["none", "sigmoid"])
def test_contributions_add_up_to_the_distance_from_the_average_item(calibration: str) -> None:
    X, y, _ = known_truth(300)
    X.data *= np.random.default_rng(0).random(X.nnz)
    full = sparse.csr_matrix(
        X.toarray() + 1e-12
    )  # every feature shown, so that none is left out of the sum
    fitted = make_logistic(calibration=calibration, n_refits=0).fit(full, y, cases=np.arange(300))
    p_overturned = fitted.predict_proba(
        sparse.vstack([full, sparse.csr_matrix(full.mean(axis=0))])
    )[:, 1]
    log_odds = np.log(p_overturned / (1 - p_overturned))
    moved = fitted.contributions(full).sum(axis=1).A1
    assert moved == pytest.approx(log_odds[:-1] - log_odds[-1], abs=1e-6)
    assert (fitted.contributions(X) != 0).sum() <= X.nnz
