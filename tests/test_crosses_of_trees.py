"""Boosted trees that see the year, told in crosses of codes."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone

from imrml.features.coded import CodedFeatures
from imrml.models.crosses import CrossesLogistic
from imrml.models.crosses_of_trees import fit_trees_in_crosses
from imrml.submissions.frame import submission_frame
from imrml.submissions.programmes import DMHC

BOOSTING = {"max_iter": 100, "learning_rate": 0.1, "max_leaf_nodes": 8, "min_samples_leaf": 10}
MEMBER = {
    "shares": dict.fromkeys(
        ["treatment_category", "treatment_subcategory", "diagnosis_category",
         "diagnosis_subcategory", "review_type"], 0.5,
    ),
    "singles": 0.4, "max_order": 2, "c": 0.6, "half_life_years": None, "weight": 1.0,
}  # fmt: skip


def coded(treatments):
    frame = submission_frame(pd.DataFrame({"treatment": treatments}), "imr", DMHC)
    codes = CodedFeatures("imr", False, max_order=2, min_cases=5, min_cross_cases=2).fit(frame)
    known = {"memberships": codes.memberships(), "code_columns": codes.code_columns_}
    return codes.transform(frame), known


@pytest.fixture
def turned():
    """Glasses were upheld for six years and are overturned in the seventh; dental work is even."""
    random = np.random.default_rng(0)
    years = np.repeat(np.arange(2001.0, 2008.0), 200)
    is_glasses = random.random(len(years)) < 0.5
    rate = np.where(is_glasses, np.where(years == 2007, 0.9, 0.1), 0.5)
    X, known = coded(np.where(is_glasses, "Vision: Glasses", "Dental: Crown").tolist())
    return X, random.random(len(years)) < rate, known | {"years": years}, is_glasses


def fit(turned, **settings):
    X, y, known, _ = turned
    model = CrossesLogistic([MEMBER], n_refits=0, seed=0, boosting=BOOSTING, **settings)
    return clone(model).fit(X, y, np.arange(len(y)), **known)


def test_trees_tell_which_code_is_decided_otherwise_of_late(turned):
    X, _, _, is_glasses = turned
    without, with_trees = (
        fit(turned, trees_share=share).predict_proba(X)[:, 1] for share in (0.0, 0.9)
    )
    assert without[is_glasses].mean() < 0.4
    assert with_trees[is_glasses].mean() > 0.7
    assert abs(with_trees[~is_glasses].mean() - 0.5) < 0.1


def test_trees_count_by_their_share_and_log_odds_stay_a_sum_over_crosses(turned):
    X = turned[0]
    none, half, most = (fit(turned, trees_share=share) for share in (0.0, 0.45, 0.9))
    assert half.scores(X) == pytest.approx((none.scores(X) + most.scores(X)) / 2, abs=1e-6)
    average = half.scores(sparse.csr_matrix(half.mean_))
    away = (X.toarray() - half.mean_) * half.coefficients()
    assert half.scores(X) == pytest.approx(average + away.sum(axis=1))
    shown = half.contributions(X).toarray()
    assert shown == pytest.approx(np.where(X.toarray() > 0, away, 0.0))


def test_years_that_are_not_known_count_as_the_newest(turned):
    X, y, known, is_glasses = turned
    lost = known | {"years": np.where(known["years"] == 2007, np.nan, known["years"] - 1)}
    p = fit((X, y, lost, is_glasses), trees_share=0.9).predict_proba(X)[:, 1]
    nowhere = known | {"years": np.full(len(y), np.nan)}
    p_nowhere = fit((X, y, nowhere, is_glasses), trees_share=0.9).predict_proba(X)[:, 1]
    assert p_nowhere[is_glasses].mean() == pytest.approx(y[is_glasses].mean(), abs=0.05)
    assert p[is_glasses].mean() > p_nowhere[is_glasses].mean()


def test_more_codes_than_trees_can_tell_apart_are_learned_from():
    places = np.append(np.arange(300).repeat(2), np.zeros(200, dtype=int))
    y = (places == 0) | (np.arange(800) % 2 == 0)
    coefficients, intercept = fit_trees_in_crosses(
        sparse.csr_matrix(np.eye(300)[places]), y, np.zeros(800), seed=0, boosting=BOOSTING,
        memberships=np.ones((300, 1), dtype=bool), scales=np.ones(300),
    )  # fmt: skip
    p = expit(coefficients + intercept)
    assert p[0] > 0.8
    assert p[1:].mean() < 0.7


def test_a_column_without_a_known_code_is_left_out():
    X = sparse.csr_matrix(np.eye(2)[np.arange(100) % 2])
    memberships = np.array([[True, False], [True, False]])
    coefficients, _ = fit_trees_in_crosses(
        X, np.arange(100) % 2 == 0, np.zeros(100), memberships=memberships, scales=np.ones(2),
        boosting=BOOSTING, seed=0,
    )  # fmt: skip
    assert coefficients[0] > coefficients[1]
