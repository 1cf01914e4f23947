"""Kinds of outcome model beside the default: calibrated by case, honest about their limits."""

from typing import Any

import numpy as np
import pytest
from model_factories import TELLING, fictional_items, make_model
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.metrics import log_loss, roc_auc_score

from imrml.config import load_config
from imrml.errors import ConfigError, NotEnoughDataError
from imrml.models import ReviewModel
from imrml.models.calibration import ScoreCalibrator, calibrate
from imrml.models.estimators import CalibratedEstimator
from imrml.models.outcome import CalibratedLogistic

KINDS = ("linear_svc", "complement_nb", "hist_gradient_boosting", "stacked")
N_FACTS = 20


def make_estimator(kind: str, *overrides: str) -> CalibratedEstimator:
    few = ["models.outcome.boosting.max_iter=20", "models.outcome.boosting.n_components=6"]
    settings = load_config(
        overrides=[f"models.outcome.kind={kind}", *few, *overrides]
    ).models.outcome.model_dump()
    return CalibratedEstimator(settings, N_FACTS, seed=3)


def drawn(
    n_items: int, seed: int = 1, offset: float = -1.5
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Facts and terms, decisions, and the probabilities that they were drawn with."""
    random = np.random.default_rng(seed)
    X = sparse.csr_matrix((random.random((n_items, 40)) < 0.2).astype(float))
    p_true = expit(X @ np.random.default_rng(7).normal(scale=1.2, size=40) + offset)
    return X, random.random(n_items) < p_true, p_true


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_finds_a_planted_truth_and_tells_probabilities(kind: str) -> None:
    X, y, _ = drawn(900)
    asked, truth, p_true = drawn(900, seed=2)
    fitted = clone(make_estimator(kind)).fit(X, y, cases=np.arange(900) // 2)
    p = fitted.predict_proba(asked)
    assert p.sum(axis=1) == pytest.approx(1)
    assert roc_auc_score(truth, p[:, 1]) > 0.5 + 0.6 * (roc_auc_score(truth, p_true) - 0.5)
    assert log_loss(truth, p[:, 1]) < log_loss(truth, np.full(900, y.mean()))
    assert fitted.predict(asked).tolist() == (p[:, 1] > 0.5).tolist()
    assert np.isnan(fitted.predict_interval(asked, 0.9)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_answers(kind: str) -> None:
    X, y, _ = drawn(200)
    first, second = (
        make_estimator(kind).fit(X, y, cases=np.arange(200)).predict_proba(X) for _ in range(2)
    )
    assert np.array_equal(first, second)


@pytest.mark.parametrize("kind", ["linear_svc", "complement_nb"])
def test_reasons_add_up_to_what_the_score_moved(kind: str) -> None:
    X, y, _ = drawn(400)
    fitted = make_estimator(kind, "models.outcome.calibration=temperature").fit(
        X, y, cases=np.arange(400)
    )
    moved = np.asarray(fitted.contributions(X).sum(axis=1)).ravel()
    log_odds = logit(fitted.predict_proba(X)[:, 1])
    coefficients = fitted.coefficients()
    assert coefficients is not None
    # What an item does not show moves its log-odds too, but is no reason.
    slope = 2 * fitted.calibrator_.map_.beta_
    absent = (X.toarray() == 0) @ (fitted.mean_ * coefficients) * slope
    assert np.ptp(log_odds - moved + absent) < 1e-9


@pytest.mark.parametrize("kind", ["hist_gradient_boosting", "stacked"])
def test_what_is_no_sum_gives_no_reasons(kind: str) -> None:
    X, y, _ = drawn(200)
    fitted = make_estimator(kind).fit(X, y, cases=np.arange(200))
    assert fitted.coefficients() is None
    assert fitted.contributions(X).nnz == 0
    assert fitted.contributions(X).shape == X.shape


def test_a_stack_learns_its_weights_from_cases_that_its_members_did_not_see() -> None:
    # Every case repeats one item: whoever saw one of its items knows the others.
    random = np.random.default_rng(0)
    X = sparse.csr_matrix((random.random((60, 40)) < 0.3).astype(float))
    repeated = sparse.vstack([X] * 6).tocsr()
    y = np.tile(random.random(60) < 0.4, 6)
    asked, truth, _ = drawn(600, seed=5)
    fitted = make_estimator("stacked", "models.outcome.calibration=none").fit(
        repeated, y, cases=np.tile(np.arange(60), 6)
    )
    leaky = make_estimator("stacked", "models.outcome.calibration=none").fit(
        repeated, y, cases=np.arange(360)
    )
    spread = [model.predict_proba(asked)[:, 1].std() for model in (fitted, leaky)]
    assert spread[0] < 0.6 * spread[1]
    assert len(truth) == 600


def test_balanced_classes_move_no_probability_away_from_the_base_rate() -> None:
    X, y, _ = drawn(1200, offset=-3.0)
    cases = np.arange(1200)
    balanced = make_estimator("hist_gradient_boosting", "models.outcome.class_weight=balanced").fit(
        X, y, cases=cases
    )
    settings = {
        "c": 0.3,
        "calibration": "sigmoid",
        "calibration_folds": 3,
        "n_refits": 0,
        "seed": 0,
    }
    logistic = CalibratedLogistic(class_weight="balanced", **settings).fit(X, y, cases=cases)
    for fitted in (balanced, logistic):
        assert expit(fitted.scores(X)).mean() > 1.5 * y.mean()
        assert fitted.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), rel=0.15)


@pytest.mark.parametrize("kind", ["linear_svc", "complement_nb", "stacked"])
def test_scores_that_nothing_could_calibrate_are_not_sold_as_probabilities(kind: str) -> None:
    X, y, _ = drawn(40)
    y[:] = False
    y[:2] = True
    fitted = make_estimator(kind).fit(X, y, cases=np.arange(40))
    assert "found 2 overturned" in fitted.calibration_note_
    p = fitted.predict_proba(X)[:, 1]
    if kind != "stacked":
        assert np.array_equal(p, np.full(40, 0.05))
        assert not fitted.contributions(X).data.any()
    else:
        assert p.std() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_one_decision_is_not_enough(kind: str) -> None:
    X, y, _ = drawn(20)
    with pytest.raises(NotEnoughDataError, match="0 overturned of 20"):
        make_estimator(kind).fit(X, np.zeros_like(y), cases=np.arange(20))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["models.outcome.kind=linear_svc", "models.outcome.calibration=none"],
            r"models\.outcome\.calibration: .*no probabilities",
        ),
        (
            ["models.outcome.kind=complement_nb", "models.outcome.calibration=none"],
            r"scores of complement_nb",
        ),
        (
            ["models.outcome.class_weight=balanced", "models.outcome.calibration=temperature"],
            r"calibration: .*shift it back",
        ),
        (
            ["models.outcome.kind=complement_nb", "models.outcome.class_weight=balanced"],
            r"class_weight: .*already",
        ),
        (["models.outcome.kind=forest"], r"models\.outcome\.kind: found 'forest'"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(overrides=overrides)


# --- calibrators --------------------------------------------------------------------------------


def scored(
    factor: float, shift: float, n_items: int = 3000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores ``factor`` times too large and ``shift`` too high, decisions, true probabilities."""
    random = np.random.default_rng(0)
    log_odds = random.normal(-1, 1.5, n_items)
    return factor * log_odds + shift, random.random(n_items) < expit(log_odds), expit(log_odds)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature", "auto"])
def test_scores_that_are_too_sure_are_put_right(method: str) -> None:
    scores, y, p_true = scored(3.0, 0.0)
    fitted = ScoreCalibrator(method, 3, 0).fit(scores, y, np.arange(len(y)))
    assert (
        np.abs(fitted.predict(scores) - p_true).mean()
        < 0.25 * np.abs(expit(scores) - p_true).mean()
    )


def test_the_choice_is_made_by_held_out_log_loss() -> None:
    scores, y, _ = scored(3.0, 4.0)
    fitted = ScoreCalibrator("auto", 3, 0).fit(scores, y, np.arange(len(y)))
    assert fitted.method_ in {"sigmoid", "isotonic"}  # the others have no offset
    assert fitted.losses_[fitted.method_] == min(fitted.losses_.values())
    assert set(fitted.losses_) == {"none", "temperature", "sigmoid", "isotonic"}
    assert (
        "none"
        not in ScoreCalibrator("auto", 3, 0, gives_log_odds=False)
        .fit(scores, y, np.arange(len(y)))
        .losses_
    )
    right, decisions, _ = scored(1.0, 0.0)
    assert (
        ScoreCalibrator("auto", 3, 0).fit(right, decisions, np.arange(len(y))).method_ != "isotonic"
    )


def test_with_few_cases_the_choice_falls_back_to_slope_and_offset() -> None:
    y = np.array([True] * 30 + [False] * 30)
    fitted = ScoreCalibrator("auto", 3, 0).fit(np.linspace(2, -2, 60), y, np.repeat([0, 1], 30))
    assert (fitted.method_, fitted.losses_) == ("sigmoid", {})


@pytest.mark.parametrize("method", ["sigmoid", "temperature"])
def test_the_line_is_what_the_map_does(method: str) -> None:
    scores, y, _ = scored(2.0, 0.0)
    fitted = ScoreCalibrator(method, 3, 0).fit(scores, y, np.arange(len(y)))
    slope, offset = fitted.line
    assert expit(slope * scores + offset) == pytest.approx(fitted.predict(scores))


def test_scores_that_rank_the_wrong_way_round_are_not_calibrated() -> None:
    scores, y, _ = scored(-1.0, 0.0)
    given: dict[str, Any] = {"method": "sigmoid", "n_folds": 3, "seed": 0}
    assert calibrate(lambda _, held_out: scores[held_out], y, np.arange(len(y)), **given)[0] is None
    calibrator, note, _ = calibrate(
        lambda _, held_out: -scores[held_out], y, np.arange(len(y)), **given
    )
    assert (calibrator is not None, note) == (True, "")


# --- as part of the model that users hold -------------------------------------------------------


@pytest.fixture(scope="module")
def items() -> dict[str, Any]:
    return fictional_items()


@pytest.mark.parametrize("kind", KINDS)
def test_the_review_model_says_what_a_kind_lacks(kind: str, items: dict[str, Any]) -> None:
    fitted: ReviewModel = make_model(f"models.outcome.kind={kind}", "models.outcome.c=1").fit(
        **items
    )
    p = fitted.predict_proba(items["X"])[:, 1]
    assert roc_auc_score(items["y"], p) > 0.65
    assert any(note.startswith("no interval") for note in fitted.notes)
    is_sum = kind in {"linear_svc", "complement_nb"}
    assert any(note.startswith("no reasons") for note in fitted.notes) is not is_sum
    named = [what for row in fitted.reasons(items["X"], 3) for what, _ in row]
    assert any(TELLING in what for what in named) is is_sum
    assert set(fitted.abstain_reasons(items["X"])) == {""}
