"""P(overturned): two priors and a calibrated logistic regression, each with an interval.

All are scikit-learn classifiers with classes ``[False, True]`` for upheld and overturned. The priors read treatment categories,
the logistic regression reads the feature matrix.
"""

from contextlib import AbstractContextManager
from typing import Any, Self, cast

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import beta, norm
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from imrml.errors import NotEnoughDataError

# Where lbfgs stops by default, some probabilities were still up to 0.018 away from the optimum; here up to 0.002
# (experiments/004-interval-coverage).
_STOP = 1e-5
# A refit is one draw of many, so it may stop earlier.
_REFIT_STOP = 3e-5
# Smallest parameter of a Beta posterior: Jeffreys' prior, where a category never saw one of the decisions.
_JEFFREYS = 0.5


def one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra on one core while a model is fitted.

    The order of additions, hence the last digits of a fit, then does not hang on the number of cores, and fits side by side do
    not crowd each other out.

    Examples
    --------
    >>> with one_thread():
    ...     float(np.ones(3) @ np.ones(3))
    3.0
    """
    return cast("AbstractContextManager[Any]", threadpool_limits(1))


def linear_model(c: float, stop: float = _STOP) -> LogisticRegression:
    """Make the L2-penalised logistic regression that both models use; it stops where no slope of the mean loss exceeds ``stop``.

    ``c`` is the inverse strength of the penalty.

    Examples
    --------
    >>> linear_model(0.3).C
    0.3
    """
    return LogisticRegression(C=c, solver="lbfgs", tol=stop, max_iter=2000)


class ClassPrior(ClassifierMixin, BaseEstimator):
    """The training rate overall, whatever is asked.

    Attributes
    ----------
    rate_ : float
        Share of overturned items, 0 to 1.
    n_items_ : int
        Items it was counted on.

    Examples
    --------
    >>> prior = ClassPrior().fit(["opioid", "imaging"], [False, True])
    >>> prior.predict_proba(["surgery"]).tolist()
    [[0.5, 0.5]]
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: ARG002
        """Count ``y`` (bool, shape (n_items,)); ``X`` may be anything."""
        self.classes_ = np.array([False, True])
        self.n_items_ = len(y)
        self.rate_ = float(np.mean(y))
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(upheld), P(overturned) of shape (n_items, 2)."""
        check_is_fitted(self)
        return _two_columns(np.full(len(X), self.rate_))

    def predict(self, X: Any) -> np.ndarray:
        """Likelier decision, bool of shape (n_items,)."""
        return self.predict_proba(X)[:, 1] > 0.5

    def predict_interval(self, X: Any, level: float) -> np.ndarray:
        """Interval of the Beta posterior of the rate, shape (n_items, 2); ``level`` between 0 and 1."""
        rates = self.predict_proba(X)[:, 1]
        return _beta_interval(rates, np.full(len(rates), float(self.n_items_)), level)


class CategoryPrior(ClassifierMixin, BaseEstimator):
    """The training rate in each treatment category, shrunk to the rate overall; a category never seen gets the rate overall.

    Parameters
    ----------
    shrinkage : float
        Items' worth of the overall rate that is mixed into each category's.

    Attributes
    ----------
    rate_ : float
        Share overall.
    categories_ : list of str
        Treatment categories seen, sorted.
    n_by_category_ : ndarray of int of shape (n_categories,)
        Items of each.
    rates_ : ndarray of shape (n_categories,)
        Shrunk rate of each.

    Examples
    --------
    >>> prior = CategoryPrior(shrinkage=2.0).fit(["opioid"] * 2 + ["imaging"] * 2, [False, False, True, False])
    >>> prior.predict_proba(["opioid", "imaging", "surgery"])[:, 1].tolist()
    [0.125, 0.375, 0.25]
    >>> prior.count(["opioid", "surgery"]).tolist()
    [2, 0]
    """

    def __init__(self, shrinkage: float) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: Any, y: Any) -> Self:
        """Count ``y`` (bool) by the treatment categories ``X`` (str), both of shape (n_items,)."""
        y = np.asarray(y, dtype=float)
        self.classes_ = np.array([False, True])
        self.rate_ = float(y.mean())
        counts = pd.Series(y).groupby(np.asarray(X, dtype=object)).agg(["size", "sum"])
        self.categories_ = [str(category) for category in counts.index]
        self.n_by_category_ = counts["size"].to_numpy(dtype=np.int64)
        n_mixed = self.n_by_category_ + self.shrinkage
        self.rates_ = (counts["sum"].to_numpy(dtype=float) + self.shrinkage * self.rate_) / n_mixed
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(upheld), P(overturned) of shape (n_items, 2)."""
        check_is_fitted(self)
        by_category = dict(zip(self.categories_, self.rates_.tolist(), strict=True))
        return _two_columns(np.array([by_category.get(category, self.rate_) for category in X], dtype=float))

    def predict(self, X: Any) -> np.ndarray:
        """Likelier decision, bool of shape (n_items,)."""
        return self.predict_proba(X)[:, 1] > 0.5

    def count(self, X: Any) -> np.ndarray:
        """Training items in the category of each row, int of shape (n_items,)."""
        by_category = dict(zip(self.categories_, self.n_by_category_.tolist(), strict=True))
        return np.array([by_category.get(category, 0) for category in X], dtype=np.int64)

    def predict_interval(self, X: Any, level: float) -> np.ndarray:
        """Interval of the Beta posterior of each rate, shape (n_items, 2); ``level`` between 0 and 1.

        Items count as independent, so where a case brings many items of one category the interval is too narrow.
        """
        return _beta_interval(self.predict_proba(X)[:, 1], self.count(X) + self.shrinkage, level)


class CalibratedLogistic(ClassifierMixin, BaseEstimator):
    """L2-penalised logistic regression, calibrated on case-grouped folds, with bootstrap refits by case.

    Parameters
    ----------
    c : float
        Inverse strength of the penalty.
    calibration : {'none', 'sigmoid', 'isotonic'}
        How the scores that each fold's held-out cases receive are mapped to probabilities.
    calibration_folds : int
        Folds that never part the items of a case.
    n_refits : int
        Refits on resampled cases behind the interval; with fewer than two there is none.
    seed : int
        Starts the draws of folds and refits.

    Attributes
    ----------
    linear_ : LogisticRegression
        Fitted on all items.
    calibrator_ : object or None
        scikit-learn's map from log-odds to probability.
    calibration_note_ : str
        Why there is none although it was asked for; ``""`` otherwise.
    refit_coefficients_ : ndarray of float32 of shape (n_refits, n_features)
        And ``refit_intercepts_`` of shape (n_refits,).
    """

    def __init__(self, c: float, calibration: str, calibration_folds: int, n_refits: int, seed: int) -> None:
        self.c = c
        self.calibration = calibration
        self.calibration_folds = calibration_folds
        self.n_refits = n_refits
        self.seed = seed

    def fit(self, X: Any, y: Any, cases: Any) -> Self:
        """Fit on a sparse matrix (n_items, n_features), decisions (bool) and case numbers, both of shape (n_items,).

        Raises
        ------
        NotEnoughDataError
            ``y`` holds one decision only.
        """
        y = np.asarray(y, dtype=bool)
        if y.all() or not y.any():
            raise NotEnoughDataError(
                f"the outcome model needs upheld and overturned items; found {y.sum()} overturned of {len(y)}"
            )
        X = sparse.csr_matrix(X)
        self.classes_ = np.array([False, True])
        _, case_codes = np.unique(np.asarray(cases, dtype=str), return_inverse=True)
        self.linear_ = linear_model(self.c)
        self.calibrator_ = None
        self.calibration_note_ = ""
        folds: list[tuple[np.ndarray, np.ndarray]] = []
        if self.calibration != "none":
            folds, self.calibration_note_ = calibration_folds(y, case_codes, self.calibration_folds, self.seed)
        self.mean_ = np.asarray(X.mean(axis=0)).ravel()
        with one_thread():
            if folds:
                # ensemble=False: one linear model on all items, one calibrator on what the folds' held-out items scored.
                calibrated = CalibratedClassifierCV(self.linear_, method=self.calibration, cv=folds, ensemble=False).fit(X, y)
                self.linear_ = calibrated.calibrated_classifiers_[0].estimator
                self.calibrator_ = calibrated.calibrated_classifiers_[0].calibrators[0]
                if self.calibration == "sigmoid" and self._line()[0] <= 0:
                    # Held-out items score the wrong way round: there is no signal, and a calibrator would invert every reason.
                    self.calibrator_ = None
                    self.calibration_note_ = (
                        "not calibrated: on the folds' held-out cases higher scores were overturned less often"
                    )
            else:
                self.linear_.fit(X, y)
            self._refit(X, y, case_codes)
        return self

    def _refit(self, X: sparse.csr_matrix, y: np.ndarray, case_codes: np.ndarray) -> None:
        """Refit on resampled cases; the features stay as they are."""
        self.refit_coefficients_ = np.zeros((self.n_refits, X.shape[1]), dtype=np.float32)
        self.refit_intercepts_ = np.zeros(self.n_refits, dtype=np.float32)
        random = np.random.default_rng(self.seed)
        n_cases = int(case_codes.max()) + 1
        for number in range(self.n_refits):
            weights = np.zeros(len(y))
            while not weights[y].any() or not weights[~y].any():
                weights = np.bincount(random.integers(0, n_cases, n_cases), minlength=n_cases)[case_codes].astype(float)
            center = random.normal(scale=np.sqrt(self.c), size=X.shape[1])
            start = np.append(self.linear_.coef_[0], self.linear_.intercept_)
            coefficients = refit_around(center, X, y, weights=weights, c=self.c, start=start)
            self.refit_coefficients_[number], self.refit_intercepts_[number] = coefficients[:-1], coefficients[-1]

    def predict_proba(self, X: Any) -> np.ndarray:
        """P(upheld), P(overturned) of shape (n_items, 2)."""
        check_is_fitted(self)
        return _two_columns(self._calibrated(self.linear_.decision_function(X)))

    def predict(self, X: Any) -> np.ndarray:
        """Likelier decision, bool of shape (n_items,)."""
        return self.predict_proba(X)[:, 1] > 0.5

    def predict_interval(self, X: Any, level: float) -> np.ndarray:
        """Interval for P(overturned), shape (n_items, 2); NaN with fewer than two refits; ``level`` between 0 and 1.

        The spread of the refits' log-odds around the point estimate, mapped to probabilities. Twenty refits hold too few for
        percentiles: those held the truth of invented letters less often than normal quantiles, in narrower intervals. How often
        either does, by size and by what is sent: experiments/004-interval-coverage.
        """
        check_is_fitted(self)
        log_odds = self.linear_.decision_function(X)
        if self.n_refits < 2:
            return np.full((len(log_odds), 2), np.nan)
        refits = np.asarray(X @ self.refit_coefficients_.T) + self.refit_intercepts_
        reach = norm.ppf((1 + level) / 2) * refits.std(axis=1, ddof=1)
        if self.calibration == "isotonic":
            return np.column_stack([self._calibrated(log_odds - reach), self._calibrated(log_odds + reach)])
        # A calibrator that flattens the scores was itself estimated from few cases: it moves the middle, never narrows the rest
        # (narrowed, 90 % intervals of 150 letters held the truth for half of the items; experiments/004-interval-coverage).
        slope, offset = self._line()
        middle, reach = slope * log_odds + offset, reach * max(1.0, slope)
        return np.column_stack([expit(middle - reach), expit(middle + reach)])

    def contributions(self, X: Any) -> sparse.csr_matrix:
        """Calibrated log-odds that each feature an item shows adds to the average item's, shape (n_items, n_features).

        Only features that the item shows count, so that a reason is always something that stands in the request. An isotonic
        map has no slope; there, the log-odds are those before calibration.
        """
        matrix = sparse.csr_matrix(X, dtype=float, copy=True)
        matrix.data = (matrix.data - self.mean_[matrix.indices]) * self.linear_.coef_[0][matrix.indices] * self._line()[0]
        return matrix

    def _calibrated(self, log_odds: np.ndarray) -> np.ndarray:
        if self.calibrator_ is not None:
            return np.asarray(self.calibrator_.predict(log_odds), dtype=float)
        return np.asarray(expit(log_odds), dtype=float)

    def _line(self) -> tuple[float, float]:
        """Slope and offset from log-odds to calibrated log-odds; an isotonic map has neither."""
        if self.calibrator_ is None or self.calibration == "isotonic":
            return 1.0, 0.0
        return -float(self.calibrator_.a_), -float(self.calibrator_.b_)


def refit_around(
    center: np.ndarray, X: sparse.csr_matrix, y: np.ndarray, *, weights: np.ndarray, c: float, start: np.ndarray
) -> np.ndarray:
    """Fit on weighted items with a penalty that pulls towards ``center`` instead of zero; coefficients, then the intercept.

    With the center drawn from the prior that the penalty stands for, a refit is a draw from the posterior
    (randomize-then-optimize; Bardsley et al. 2014, SIAM J. Sci. Comput. 36(4)). Refits that all pull towards zero agree about
    every term that the items hardly speak of, and their 90 % intervals held the truth of only 0.48 to 0.70 of invented items
    (experiments/004-interval-coverage).
    """
    signs = np.where(y, 1.0, -1.0)
    n_items = weights.sum()

    def loss_and_slope(point: np.ndarray) -> tuple[float, np.ndarray]:
        margins = signs * (X @ point[:-1] + point[-1])
        pull = (point[:-1] - center) / c
        residuals = -weights * signs * expit(-margins)
        loss = weights @ np.logaddexp(0, -margins) + c * (pull @ pull) / 2
        return loss / n_items, np.append(X.T @ residuals + pull, residuals.sum()) / n_items

    return np.asarray(
        minimize(loss_and_slope, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": _REFIT_STOP}).x
    )


def calibration_folds(
    y: np.ndarray, cases: np.ndarray, n_folds: int, seed: int
) -> tuple[list[tuple[np.ndarray, np.ndarray]], str]:
    """Make folds that keep each case whole and hold both decisions on both sides.

    Parameters
    ----------
    y : ndarray of bool of shape (n_items,)
        Whether each item is overturned.
    cases : ndarray of shape (n_items,)
        Case of each item.
    n_folds, seed : int
        Number of folds and start of the draw.

    Returns
    -------
    folds : list of (train, held out) row positions
        Empty where such folds cannot be made.
    note : str
        Why not; ``""`` where they can.

    Examples
    --------
    >>> folds, note = calibration_folds(np.array([True, False] * 6), np.arange(12) // 2, 3, 0)
    >>> len(folds), note
    (3, '')
    >>> calibration_folds(np.array([True, False, False]), np.arange(3), 3, 0)[1]
    'not calibrated: 3 folds need 3 cases of either decision; found 1 overturned and 2 upheld'
    """
    n_overturned, n_upheld = len(np.unique(cases[y])), len(np.unique(cases[~y]))
    note = (
        f"not calibrated: {n_folds} folds need {n_folds} cases of either decision; "
        f"found {n_overturned} overturned and {n_upheld} upheld"
    )
    if min(n_overturned, n_upheld) < n_folds:
        return [], note
    folds = list(StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(np.zeros(len(y)), y, groups=cases))
    if all(0 < y[rows].sum() < len(rows) for fold in folds for rows in fold):
        return folds, ""
    return [], f"{note}, but in a fold only one decision"


def _two_columns(p_overturned: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - p_overturned, p_overturned])


def _beta_interval(rates: np.ndarray, n_items: np.ndarray, level: float) -> np.ndarray:
    """Interval of Beta(rate * n, (1 - rate) * n), widened to hold the rate."""
    hits, misses = np.maximum(rates * n_items, _JEFFREYS), np.maximum((1 - rates) * n_items, _JEFFREYS)
    low, high = beta.ppf((1 - level) / 2, hits, misses), beta.ppf((1 + level) / 2, hits, misses)
    return np.column_stack([np.minimum(low, rates), np.maximum(high, rates)])
