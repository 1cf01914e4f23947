"""What folds of cases choose for the deficiency model: its penalty, and its weight beside rates."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from sklearn.model_selection import GroupKFold

from imrml.models.linear import one_thread
from imrml.models.log_odds import to_log_odds

SMALLEST_RATE = 0.01
"""No deficiency is surer, nor surer to be absent."""
MIN_ITEMS_TO_CHOOSE = 1000
"""Items from which the strength of the penalty is chosen. Of fewer, choosing costs more than it
gives (experiments/044, 052)."""
_STRENGTHS = (1.0, 2.0, 4.0, 8.0, 16.0)
_N_FOLDS_TO_CHOOSE = 3
_MOST_ITEMS_TO_CHOOSE = (
    2000  # the best strength does not depend on the number of items, the time to find it does
)
_CENTER, _CASES_OF_CENTER, _WEIGHTS = 0.9, 10.0, np.linspace(0, 1, 51)
"""Weight of the regression where folds say nothing, and how hard they must pull to move it: as for
the outcome, but for a regression that starts from rates itself (experiments/063-expected-model)."""
_LEAST_WEIGHT = 1e-9
_ROWS_AT_ONCE = 250

_Folds = list[tuple[np.ndarray, np.ndarray]]


def choose_by_folds(
    X: sparse.csr_matrix,
    labels: np.ndarray,
    rates: np.ndarray,
    categories: np.ndarray,
    cases: np.ndarray,
    *,
    penalty: float,
    shrinkage: float,
    is_blended: bool,
) -> tuple[float, np.ndarray]:
    """Choose the penalty, and for each label the weight of the regression, on held-out cases.

    What documents take off is left out: it moves few items. In terms of items instead of features
    the regression is a small dense one, which is solved once a fold and penalty for all labels.

    Parameters
    ----------
    X : sparse matrix of shape (n_items, n_features)
        Features at their scale.
    labels : ndarray of bool of shape (n_items, n_labels)
        Which deficiencies the reviewer found.
    rates : ndarray of shape (n_labels,)
        Where the regression starts from.
    categories, cases : ndarrays of shape (n_items,)
        Treatment category and case of each item.
    penalty : float
        The weakest that may be chosen.
    shrinkage : float
        Items' worth of the overall rate mixed into each category's.
    is_blended : bool
        Whether weights are wanted; they are 1 otherwise.

    Returns
    -------
    penalty : float
        With fewer than ``MIN_ITEMS_TO_CHOOSE`` items as given; else the one of the least squared
        error.
    weights : ndarray of shape (n_labels,)
        Of the regression's log-odds beside the category rate's, 0 to 1: those of the least log
        loss, drawn towards 0.9.
    """
    is_open = len(labels) >= MIN_ITEMS_TO_CHOOSE
    weights = np.ones(labels.shape[1])
    if not is_open and not is_blended:
        return penalty, weights
    rows = _choose_rows(cases)
    if len(np.unique(cases[rows])) < _N_FOLDS_TO_CHOOSE:
        return penalty, np.full(len(weights), _CENTER) if is_blended else weights
    labels, categories, cases = labels[rows], categories[rows], cases[rows]
    moves = labels - rates
    kernel = _multiply_by_itself(X[rows])
    folds: _Folds = list(GroupKFold(_N_FOLDS_TO_CHOOSE).split(kernel, groups=cases))
    penalties = [penalty * strength for strength in (_STRENGTHS if is_open else (1.0,))]
    with one_thread():
        held_out = _hold_out(kernel, moves, folds, penalties)
    errors = [
        np.mean([((moved[unseen] - moves[unseen]) ** 2).mean() for _, unseen in folds])
        for moved, _ in held_out
    ]
    best = int(np.argmin(errors))
    if is_blended:
        moved, of_ones = held_out[best]
        members = np.zeros((2, *labels.shape))
        for train, unseen in folds:
            # The regression starts from the rates of its own rows, and is linear in where it does.
            own = labels[train].mean(axis=0)
            started = own + moved[unseen] + of_ones[unseen, None] * (rates - own)
            members[:, unseen] = (
                to_log_odds(started, SMALLEST_RATE),
                to_log_odds(
                    _shrunken_rates(categories, labels, train, shrinkage)[unseen], SMALLEST_RATE
                ),
            )
        weights = _weigh(members, labels, len(np.unique(cases)))
    return penalties[best], weights


def _choose_rows(cases: np.ndarray) -> np.ndarray:
    """Choose items of whole cases, spread over all, on which settings are chosen."""
    _, number = np.unique(cases, return_inverse=True)
    step = -(-len(cases) // _MOST_ITEMS_TO_CHOOSE)
    return np.flatnonzero(number % step == 0)[:_MOST_ITEMS_TO_CHOOSE]


def _multiply_by_itself(X: sparse.csr_matrix) -> np.ndarray:
    """Multiply a matrix by its transpose, each pair of rows once; gives (n_items, n_items)."""
    n_items = X.shape[0]
    kernel = np.zeros((n_items, n_items))
    for start in range(0, n_items, _ROWS_AT_ONCE):
        end = min(start + _ROWS_AT_ONCE, n_items)
        kernel[start:end, :end] = (X[start:end] @ X[:end].T).toarray()
        kernel[:start, start:end] = kernel[start:end, :start].T
    return kernel


def _hold_out(
    kernel: np.ndarray, moves: np.ndarray, folds: _Folds, penalties: Sequence[float]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Predict each fold's moves by a regression on the others, and a column of ones likewise.

    Gives, for each penalty, arrays of shape (n_items, n_labels) and (n_items,).
    """
    right = np.column_stack([moves, np.ones(len(moves))])
    predicted = np.zeros((len(penalties), *right.shape))
    for train, unseen in folds:
        known, between = kernel[np.ix_(train, train)], kernel[np.ix_(unseen, train)]
        for of_penalty, penalty in zip(predicted, penalties, strict=True):
            ridge = known.copy()
            ridge[np.diag_indices_from(ridge)] += penalty
            factor = cho_factor(ridge, lower=True, overwrite_a=True, check_finite=False)
            by_item = cho_solve(factor, right[train], check_finite=False)
            of_penalty[unseen] = between @ by_item
    return [(of_penalty[:, :-1], of_penalty[:, -1]) for of_penalty in predicted]


def _shrunken_rates(
    categories: np.ndarray, labels: np.ndarray, train: np.ndarray, shrinkage: float
) -> np.ndarray:
    """Give each item, for each label, its category's rate among the rows to learn from."""
    codes, names = pd.factorize(categories)
    is_of = sparse.csr_matrix(
        (np.ones(len(train)), (codes[train], np.arange(len(train)))), (len(names), len(train))
    )
    own, counts = labels[train].mean(axis=0), is_of.sum(axis=1).A
    rests_on = np.maximum(counts + shrinkage, _LEAST_WEIGHT)
    shrunk = own + (is_of @ labels[train].astype(float) - counts * own) / rests_on
    return np.asarray(shrunk[codes])


def _weigh(members: np.ndarray, labels: np.ndarray, n_cases: int) -> np.ndarray:
    """Find for each label the weight of the first member of the least log loss."""
    costs = []
    for weight in _WEIGHTS:
        log_odds = weight * members[0] + (1 - weight) * members[1]
        losses = np.logaddexp(0, np.where(labels, -log_odds, log_odds)).mean(axis=0)
        costs.append(n_cases * losses + _CASES_OF_CENTER * (weight - _CENTER) ** 2)
    return np.asarray(_WEIGHTS[np.argmin(costs, axis=0)])
