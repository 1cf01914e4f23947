"""What is expected to be best: the prior that tells how much categories differ, and the blend."""

from copy import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from model_factories import fictional_items, make_model
from scipy import sparse
from scipy.special import expit, logit

from imrml.config import load_config
from imrml.deficiencies import deficiency_ids
from imrml.labelling import label_items
from imrml.models import ReviewModel, load_model, save_model
from imrml.models.blend import CENTER, PriorBlend
from imrml.models.calibration import HeldOutScores, ScoreCalibrator, calibrate, calibration_folds
from imrml.models.deficiency import DeficiencyModel
from imrml.models.outcome import CalibratedClassifier
from imrml.models.priors import CategoryPrior
from imrml.submissions.frame import SubmissionFrame
from imrml.training.data import prepare

MANIFEST = {
    "model_version": "20260101.000000-0",
    "stage": "imr",
    "trained_on": "real",
    "training_cases": [],
    "verdict": "",
}

# --- the prior ----------------------------------------------------------------------------------


def test_where_categories_do_not_differ_the_prior_is_nearly_the_rate_overall() -> None:
    random = np.random.default_rng(0)
    categories = np.resize([f"category {number}" for number in range(20)], 2000)
    same = CategoryPrior(None).fit(categories, random.random(2000) < 0.3)
    assert np.abs(same.rates_ - same.rate_).max() < 0.04
    own = random.beta(1, 2, 20)[np.resize(np.arange(20), 2000)]
    apart = CategoryPrior(None).fit(categories, random.random(2000) < own)
    assert apart.shrinkage_ < 10 < 100 < same.shrinkage_
    raw = pd.Series(random.random(2000) < own).groupby(categories).mean()
    assert np.corrcoef(apart.rates_, raw)[0, 1] > 0.9


def test_a_letter_of_many_items_counts_once_in_a_category() -> None:
    categories, overturned = ["opioid"] * 30 + ["imaging"] * 30, [True] * 10 + [False] * 50
    one_letter = [0] * 10 + list(range(1, 51))
    alone = CategoryPrior(None).fit(categories, overturned)
    together = CategoryPrior(None).fit(categories, overturned, one_letter)
    assert alone.predict_proba(["opioid"])[0, 1] > together.predict_proba(["opioid"])[0, 1] + 0.05
    assert together.count(["opioid"]).tolist() == [30]


def test_no_interval_of_an_estimated_prior_rests_on_more_cases_than_there_are() -> None:
    prior = CategoryPrior(None).fit(["opioid", "imaging"] * 10, [True, False, False, True] * 5)
    low, high = prior.predict_interval(["surgery"], 0.9)[0]
    assert high - low > 0.3


# --- the weights --------------------------------------------------------------------------------


def held_out(knows: float, n_cases: int) -> tuple[HeldOutScores, np.ndarray, np.ndarray]:
    """Two items a case, and log-odds that know of each so much."""
    random, cases = np.random.default_rng(1), np.repeat(np.arange(n_cases), 2)
    signal = np.repeat(random.normal(size=n_cases), 2)
    y = random.random(2 * n_cases) < expit(2 * signal - 1)
    folds, _ = calibration_folds(y, cases, 3, 0)
    noise = np.repeat(random.normal(size=n_cases), 2)
    return HeldOutScores(folds, 2 * (knows * signal + (1 - knows) * noise) - 1), y, cases


@pytest.mark.parametrize(("knows", "least", "most"), [(1.0, 0.9, 1.0), (0.0, 0.0, 0.1)])
def test_many_cases_give_the_model_what_it_is_worth(
    knows: float, least: float, most: float
) -> None:
    scores, y, cases = held_out(knows, 2000)
    blend = PriorBlend(None).fit(scores, ["opioid"] * len(y), y, cases)
    assert least <= blend.weights_[2] <= most
    assert blend.weights_.sum() == pytest.approx(1)
    assert (blend.weights_ >= 0).all()


def test_few_cases_hardly_move_the_weights_and_none_leave_them() -> None:
    scores, y, cases = held_out(0.0, 15)
    few = PriorBlend(None).fit(scores, ["opioid"] * len(y), y, cases)
    assert 0.3 < few.weights_[2] < CENTER[2]
    none = PriorBlend(None).fit(None, ["opioid"] * len(y), y, cases)
    assert none.weights_.tolist() == list(CENTER)
    assert "too few" in none.sentence


def test_a_model_that_knows_its_cases_by_heart_gets_no_weight_for_it() -> None:
    """Items of one letter share a number: where a fold parted a letter, it would tell all."""
    random, cases = np.random.default_rng(2), np.repeat(np.arange(300), 3)
    y = np.repeat(random.random(300) < 0.3, 3)
    parted = []

    def by_heart(train: np.ndarray, unseen: np.ndarray) -> np.ndarray:
        known = {case: y[train][cases[train] == case].mean() for case in set(cases[train])}
        parted.extend(case for case in cases[unseen] if case in known)
        return np.array([6 * known.get(case, random.random()) - 3 for case in cases[unseen]])

    found = calibrate(by_heart, y, cases, method="none", n_folds=3, seed=0, holds_out=True)
    assert found.held_out is not None
    assert not parted
    assert PriorBlend(None).fit(found.held_out, ["x"] * 900, y, cases).weights_[2] < 0.15


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_a_fold_is_calibrated_without_its_own_decisions(method: str) -> None:
    """What a fold's items score is a map that the other folds alone have made."""
    scores, y, cases = held_out(0.7, 300)
    given: dict[str, Any] = {"method": method, "n_folds": 3, "seed": 0}
    found = calibrate(
        lambda _, unseen: scores.log_odds[unseen], y, cases, **given, holds_out=True
    ).held_out
    assert found is not None
    for train, unseen in found.folds:
        assert not set(cases[train]) & set(cases[unseen])
        of_others = ScoreCalibrator(**given).fit(scores.log_odds[train], y[train], cases[train])
        p = np.clip(of_others.predict(scores.log_odds[unseen]), 1e-4, 1 - 1e-4)
        np.testing.assert_allclose(found.log_odds[unseen], logit(p))


# --- the composite ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def items() -> dict[str, Any]:
    return fictional_items()


@pytest.fixture(scope="module")
def blended(items: dict[str, Any]) -> ReviewModel:
    return make_model().fit(**items)


@pytest.fixture(scope="module")
def alone(items: dict[str, Any]) -> ReviewModel:
    return make_model("models.ship=distinguishable").fit(**items)


def test_the_answer_is_the_weighted_average_of_log_odds(
    items: dict[str, Any], blended: ReviewModel, alone: ReviewModel
) -> None:
    asked = items["X"]
    assert alone.blend_ is None
    assert blended.blend_ is not None
    p_alone = alone.predict_proba(asked)[:, 1]
    np.testing.assert_allclose(blended.predict_alone(asked)[:, 1], p_alone)
    rates = blended.base_rates(asked)["base_rate"].to_numpy()
    answers = ~blended.read(asked).is_too_short
    members = np.column_stack(
        [np.full(len(rates), logit(blended.class_rate_)), logit(rates), logit(p_alone)]
    )
    expected = expit(members @ blended.blend_.weights_)
    np.testing.assert_allclose(blended.predict_proba(asked)[answers, 1], expected[answers])


def test_the_interval_holds_the_blend_and_is_no_narrower_for_it(
    items: dict[str, Any], blended: ReviewModel, alone: ReviewModel
) -> None:
    asked = items["X"]
    p, ends = blended.predict_proba(asked)[:, 1], blended.predict_interval(asked)
    assert (ends[:, 0] <= p + 1e-12).all()
    assert (p <= ends[:, 1] + 1e-12).all()
    answers = ~blended.read(asked).is_too_short
    width = np.diff(logit(ends), axis=1)[answers]
    np.testing.assert_allclose(width, np.diff(logit(alone.predict_interval(asked)))[answers])


def test_reasons_of_a_blend_count_by_its_weights(
    items: dict[str, Any], blended: ReviewModel, alone: ReviewModel
) -> None:
    """All that moves an item, and what moves it not at all, add up to the blend's log-odds."""
    asked = SubmissionFrame(items["X"].iloc[:40])
    inputs, rates = blended.read(asked), blended.base_rates(asked)["base_rate"].to_numpy()
    assert blended.blend_ is not None
    _, of_category, of_model = blended.blend_.weights_
    by_rate = of_category * (logit(rates) - logit(blended.class_rate_))
    of_alone = alone.reasons(asked, 1000)
    assert isinstance(blended.outcome_, CalibratedClassifier)
    for row, reasons in enumerate(blended.reasons(asked, 1000)):
        if inputs.is_too_short[row]:
            continue
        moved = dict(reasons)
        told = moved.pop("how often items of its treatment category are overturned", 0.0)
        assert told == pytest.approx(by_rate[row], abs=0.005)
        for what, by in of_alone[row]:
            assert moved.get(what, 0.0) == pytest.approx(of_model * by, abs=0.005)


def test_an_offset_moves_what_no_reason_names(
    items: dict[str, Any], blended: ReviewModel, tmp_path
) -> None:
    """What moves an item, added to what all items share, is its log-odds; the offset is shared."""
    asked = SubmissionFrame(items["X"].iloc[:40])
    answers = ~blended.read(asked).is_too_short
    shared, given = [], []
    for offset in (0.0, 0.7):
        moved = copy(blended)
        moved.offset_ = offset
        loaded = load_model(save_model(moved, tmp_path / str(offset), MANIFEST)).model
        reasons = loaded.reasons(asked, 10_000)
        by = np.array([sum(log_odds for _, log_odds in of_item) for of_item in reasons])
        shared.append((logit(loaded.predict_proba(asked)[:, 1]) - by)[answers])
        given.append([of_item for of_item, answer in zip(reasons, answers, strict=True) if answer])
    assert given[0] == given[1]
    np.testing.assert_allclose(shared[1] - shared[0], 0.7)


def test_a_blend_survives_its_file(items: dict[str, Any], blended: ReviewModel, tmp_path) -> None:
    loaded = load_model(save_model(blended, tmp_path, MANIFEST)).model
    assert loaded.blend_ is not None
    assert blended.blend_ is not None
    assert loaded.blend_.weights_.tolist() == blended.blend_.weights_.tolist()
    asked = items["X"]
    np.testing.assert_array_equal(loaded.predict_proba(asked), blended.predict_proba(asked))
    assert any("averaged in log-odds" in note for note in loaded.notes)


# --- deficiencies -------------------------------------------------------------------------------


def noisy_deficiencies(knows: bool) -> tuple[sparse.csr_matrix, np.ndarray, list[str], np.ndarray]:
    """Six hundred items of two hundred cases, with a label that their features tell or not."""
    random = np.random.default_rng(3)
    X = random.normal(size=(600, 40)) * 0.3
    categories = np.resize(["opioid", "imaging"], 600)
    if knows:
        X[:, 0], X[:, 1] = random.normal(size=600), categories == "opioid"
    p = np.where(categories == "opioid", 0.7, 0.2)
    told = expit(logit(p) + (3 * X[:, 0] if knows else 0))
    labels = random.random((600, 1)) < told[:, None]
    return sparse.csr_matrix(X), labels, categories.tolist(), np.repeat(np.arange(200), 3)


def test_a_deficiency_regression_is_weighed_by_what_it_shows() -> None:
    weights = {}
    for knows in (True, False):
        X, labels, categories, cases = noisy_deficiencies(knows)
        given = {"kind": "ridge", "penalty": 1.0, "min_items": 5, "shrinkage": 5.0}
        fitted = DeficiencyModel(**given).fit(X, labels, categories, cases=cases)
        [weights[knows]] = fitted.weights_
        alone = DeficiencyModel(**given, ship="distinguishable")
        assert alone.fit(X, labels, categories, cases=cases).weights_.tolist() == [1.0]
        p, priors = fitted.predict_proba(X, categories), fitted.predict_priors(categories)
        by_regression = alone.predict_proba(X, categories)
        between = logit(priors) + fitted.weights_ * (logit(by_regression) - logit(priors))
        np.testing.assert_allclose(p, expit(between))
    assert weights[False] < 0.5 < 0.8 < weights[True]


def test_a_rare_category_borrows_from_its_family_and_a_common_one_does_not() -> None:
    categories = ["opioid"] * 60 + ["nsaid"] * 60 + ["imaging"] * 100
    labels = np.array([[True]] * 110 + [[False]] * 110)
    families = {"opioid": "drugs", "nsaid": "drugs", "topical": "drugs"}
    given = {"kind": "category_prior", "penalty": 1.0, "min_items": 5, "shrinkage": 5.0}
    fitted = DeficiencyModel(**given).fit(None, labels, categories, families=families)
    asked = ["opioid", "topical", "imaging", "surgery"]
    rates, priors = fitted.predict_rates(asked)[:, 0], fitted.predict_priors(asked)[:, 0]
    assert rates[1] > priors[1] + 0.2
    assert abs(rates[0] - priors[0]) < 0.05
    assert rates[2:].tolist() == priors[2:].tolist()
    np.testing.assert_array_equal(fitted.predict_proba(None, asked)[:, 0], rates)


def test_a_label_counts_by_its_confidence() -> None:
    X, labels, categories, cases = noisy_deficiencies(knows=True)
    given = {"kind": "ridge", "penalty": 1.0, "min_items": 5, "shrinkage": 5.0}
    of_sure = np.arange(600) < 300
    wrong = np.where(of_sure[:, None], labels, ~labels)
    weights = np.where(of_sure, 1.0, 0.05)[:, None]
    trusting = DeficiencyModel(**given).fit(X, wrong, categories, cases=cases)
    wary = DeficiencyModel(**given).fit(X, wrong, categories, cases=cases, weights=weights)
    assert wary.coefficients_[0, 0] > 3 * abs(trusting.coefficients_[0, 0])
    alike = DeficiencyModel(**given).fit(X, labels, categories, weights=np.ones((600, 1)))
    plain = DeficiencyModel(**given).fit(X, labels, categories)
    np.testing.assert_allclose(alike.coefficients_, plain.coefficients_, atol=1e-6)


def test_the_confidence_of_labels_reaches_the_table_that_is_learned_from() -> None:
    items = pd.DataFrame(
        {
            "case_number": ["CM15-0000001", "CM15-0000002", "CM15-0000003"],
            "item_number": 1,
            "treatment": "Norco 10/325mg #60",
            "case_summary": "",
            "decision": ["upheld", "upheld", "overturned"],
            "rationale": [
                "There is no documentation of functional improvement.",
                "It is denied.",
                "It is supported.",
            ],
        }
    )
    labelled, config = label_items(items), load_config()
    data = prepare(labelled, config)
    assert data.label_weights is not None
    place = deficiency_ids().index("no_functional_improvement")
    [confidence] = {span["confidence"] for span in labelled["evidence"][0]}
    assert data.label_weights[0, place] == confidence < 1
    assert (np.delete(data.label_weights[0], place) == 1).all()
    assert (data.label_weights[1:] == 1).all()
    gold = pd.DataFrame(
        {"item_id": ["CM15-0000001#1"], "deficiencies": [["no_functional_improvement"]]}
    )
    assert prepare(labelled, config, gold).label_weights is None
    assert prepare(labelled.drop(columns="evidence"), config).label_weights is None
