"""Folds of cases: the same as scikit-learn's."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from imrml.evaluation.dealing import CaseDealer


@pytest.mark.parametrize("seed", range(12))
def test_cases_are_dealt_as_scikit_learn_deals_them(seed):
    random = np.random.default_rng(seed)
    n_items, n_folds = int(random.integers(40, 400)), int(random.integers(2, 7))
    groups = random.integers(0, max(n_items // 3, 20), n_items)
    y = random.random(n_items) < random.choice([0.1, 0.5])
    y[:n_folds], y[n_folds : 2 * n_folds] = True, False
    settings = {"n_splits": n_folds, "shuffle": True, "random_state": seed}
    ours, theirs = (
        [test.tolist() for _, test in dealer(**settings).split(y, y, groups)]
        for dealer in (CaseDealer, StratifiedGroupKFold)
    )
    assert ours == theirs
