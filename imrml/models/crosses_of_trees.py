"""Boosted trees that see the year of a decision, told in crosses of codes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Ridge

_PULL = 0.5
"""Strength of the penalty on the crosses that repeat the trees. 0.03 to 3 made the forecasts of
2003 to 2008 no different when averaged (experiments/088-year-meets-codes)."""
_STOP = 1e-3
_MOST_CODES = 255
"""As many codes of a column as the trees of scikit-learn can tell apart."""

_Floats = npt.NDArray[np.float64]


def fit_trees_in_crosses(
    X: sparse.csr_matrix,
    y: npt.NDArray[np.bool_],
    years_ago: _Floats,
    *,
    memberships: npt.NDArray[np.bool_],
    scales: _Floats,
    boosting: Mapping[str, Any],
    seed: int,
) -> tuple[_Floats, float]:
    """Fit boosted trees on codes and years, and the crosses that come nearest to their answer.

    Trees read which codes are decided otherwise than they used to be. Every review is then asked of
    them as if it were of the newest year, which is what a request is nearest to, and a ridge
    regression on the crosses repeats what they say: what is kept is a coefficient a cross, and no
    year beyond those seen is ever asked about.

    Parameters
    ----------
    X : sparse matrix of shape (n_items, n_features)
        1 where a review bears all codes of a cross.
    y : ndarray of bool of shape (n_items,)
        Decisions.
    years_ago : ndarray of shape (n_items,)
        Years before the newest decision.
    memberships : ndarray of bool of shape (n_features, n_code_columns)
        The columns of each cross.
    scales : ndarray of shape (n_features,)
        Standard deviation that the coefficient of each cross has beforehand; 0 leaves it out.
    boosting : mapping
        Settings of the trees, as ``models.outcome.boosting`` of the config.
    seed : int
        Starts the draws of the trees.

    Returns
    -------
    coefficients : ndarray of shape (n_features,)
        What each cross adds to the log-odds.
    intercept : float
        Log-odds of a review that bears none.

    Examples
    --------
    A code that is overturned of late, and was upheld before:

    >>> codes, years_ago = np.arange(400) % 2, np.repeat([3.0, 2.0, 1.0, 0.0], 100)
    >>> y = (codes == 0) & (years_ago < 2) | (np.arange(400) % 7 == 0)
    >>> coefficients, intercept = fit_trees_in_crosses(
    ...     sparse.csr_matrix(np.eye(2)[codes]), y, years_ago,
    ...     memberships=np.ones((2, 1), dtype=bool), scales=np.ones(2), seed=0,
    ...     boosting={"max_iter": 60, "learning_rate": 0.1, "max_leaf_nodes": 4},
    ... )
    >>> (coefficients + intercept > 0).tolist()
    [True, False]
    """
    codes = _number_codes(X, memberships)
    trees = HistGradientBoostingClassifier(
        categorical_features=list(range(codes.shape[1])),
        # Stopping early would hold out items whose case is learned from.
        early_stopping=False,
        random_state=seed,
        **{name: value for name, value in boosting.items() if name != "n_components"},
    )
    trees.fit(np.column_stack([codes, -years_ago]), y)
    newest = trees.decision_function(np.column_stack([codes, np.zeros(len(codes))]))
    kept = np.flatnonzero(scales)
    scaled = sparse.csr_matrix(X[:, kept] @ sparse.diags(scales[kept]))
    told = Ridge(alpha=_PULL, solver="sparse_cg", tol=_STOP).fit(scaled, newest)
    coefficients = np.zeros(X.shape[1])
    coefficients[kept] = told.coef_ * scales[kept]
    return coefficients, float(told.intercept_)


def _number_codes(X: sparse.csr_matrix, memberships: npt.NDArray[np.bool_]) -> _Floats:
    """Give a number to the code of each column; NaN where it is rare, absent or not known.

    A column none of whose codes is known is left out.
    """
    is_single, n_bearing = memberships.sum(axis=1) == 1, np.asarray(X.sum(axis=0)).ravel()
    columns = []
    for is_of_column in memberships.T:
        singles = np.flatnonzero(is_single & is_of_column)
        common = singles[np.argsort(-n_bearing[singles], kind="stable")][:_MOST_CODES]
        if len(common):
            numbers = np.asarray(X[:, common] @ np.arange(1.0, len(common) + 1)).ravel()
            columns.append(np.where(numbers > 0, numbers - 1, np.nan))
    return np.column_stack(columns) if columns else np.empty((X.shape[0], 0))
