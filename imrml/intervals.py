"""Intervals by bootstrap over cases: one set of resamples, so that differences are paired.

Items of one case share a fate more often than not, so resampling items would draw intervals too
narrow. A resample is a weight per case (how often it was drawn); sums over items become one product
of matrices for all resamples at once.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.special import expit, logit
from scipy.stats import binomtest

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Figure = dict[str, Any]
"""``{"value", "low", "high", "n"}`` or ``{"not_applicable": why}``."""

_MIN_DEFINED = 0.9
"""Share of resamples in which a figure must be defined before an interval is drawn."""
_NEWTON_STEPS = 25
_MOST_FLOATS = 25_000_000
"""Weights that are held as floats. More take a byte each, which no case is drawn too often for: of
so many cases, none is drawn 256 times."""


class Resamples:
    """Draws of cases with replacement, as weights.

    Parameters
    ----------
    case_numbers : sequence of str, length n_items
        The case of each item.
    n_resamples : int
        How many draws; each holds as many cases as there are.
    seed : int
        Same seed, same draws.

    Attributes
    ----------
    weights : ndarray of shape (n_cases, 1 + n_resamples)
        How often each case was drawn; the first column is the sample itself. Of float, and of
        single bytes where floats would take 200 MB.

    Examples
    --------
    >>> resamples = Resamples(["A", "A", "B"], n_resamples=100, seed=0)
    >>> resamples.mean(np.array([1.0, 1.0, 0.0]))[0].round(3)
    np.float64(0.667)
    """

    def __init__(self, case_numbers: Sequence[str], n_resamples: int, seed: int) -> None:
        self.case_of_item, cases = pd.factorize(pd.Series(list(case_numbers), dtype=object))
        shape = len(cases), 1 + n_resamples
        is_large = len(cases) * (1 + n_resamples) > _MOST_FLOATS
        self.weights: npt.NDArray[Any] = np.ones(shape, dtype=np.uint8 if is_large else float)
        random, shares = np.random.default_rng(seed), np.full(len(cases), 1 / len(cases))
        for number in range(1, 1 + n_resamples):  # all at once take three times the memory
            self.weights[:, number] = random.multinomial(len(cases), shares)

    def of(self, rows: npt.NDArray[Any]) -> "Resamples":
        """Look at some of the items (a mask or row numbers, also repeated) under the same draws.

        Parameters
        ----------
        rows : ndarray of bool of shape (n_items,), or of int
            Which items.

        Returns
        -------
        Resamples
            Of those items, and of the cases that hold one.
        """
        part = object.__new__(Resamples)
        cases, part.case_of_item = np.unique(self.case_of_item[rows], return_inverse=True)
        part.weights = self.weights if len(cases) == len(self.weights) else self.weights[cases]
        return part

    @property
    def n_cases(self) -> int:
        """Number of different cases among the items looked at.

        Returns
        -------
        int
            At most as many as there are items.
        """
        return len(self.weights)

    @cached_property
    def n_items(self) -> Floats:
        """Number of items in the sample and in every resample.

        Returns
        -------
        ndarray of shape (1 + n_resamples,)
            Counts; the first is of the sample itself.
        """
        return self.total(np.ones(len(self.case_of_item)))

    def total(self, values: Floats) -> Floats:
        """Sum values over items in every resample.

        Parameters
        ----------
        values : ndarray of shape (n_items,)
            A number an item.

        Returns
        -------
        ndarray of shape (1 + n_resamples,)
            Sums; the first is of the sample itself.
        """
        by_case = np.bincount(self.case_of_item, values, minlength=len(self.weights))
        slices = self._slices(self.weights.shape[1])
        return np.concatenate([by_case @ self._floats(columns) for columns in slices])

    def _slices(self, most: int) -> Iterator[slice]:
        """Cut the resamples into slices, at most so wide, whose weights as floats are bounded."""
        n_cases, n_all = self.weights.shape
        width = max(1, min(most, _MOST_FLOATS // max(n_cases, 1)))
        return (slice(start, start + width) for start in range(0, n_all, width))

    def _floats(self, columns: slice) -> Floats:
        floats: Floats = self.weights[:, columns].astype(float, copy=False)
        return floats

    def mean(self, values: Floats) -> Floats:
        """Average values over items in every resample.

        Parameters
        ----------
        values : ndarray of shape (n_items,)
            A number an item.

        Returns
        -------
        ndarray of shape (1 + n_resamples,)
            Means; NaN where a resample holds no item.
        """
        return ratio(self.total(values), self.n_items)

    def rank(self, truth: Bools, scores: Floats) -> tuple[Floats, Floats]:
        """Compute AUROC and average precision in every resample, ties handled as scikit-learn does.

        Only score values that a positive holds matter: what lies between two of them is one sum of
        weights.

        Parameters
        ----------
        truth : ndarray of bool of shape (n_items,)
            Whether each item is a positive.
        scores : ndarray of shape (n_items,)
            The higher, the likelier a positive.

        Returns
        -------
        auroc, average_precision : ndarrays of shape (1 + n_resamples,)
            NaN where a resample holds one class only.
        """
        _, tie = np.unique(-scores, return_inverse=True)
        holds_positive = np.bincount(tie, truth) > 0
        step: npt.NDArray[np.int64] = (np.cumsum(holds_positive) - holds_positive)[tie]
        tied = holds_positive[tie]
        n_steps = int(holds_positive.sum())
        n_positive = self.total(truth.astype(float))
        n_negative = self.n_items - n_positive
        positive, tied_negative, lower_negative = (
            self._by_step(step, rows, n_steps)
            for rows in (truth, tied & ~truth, ~tied & (step < n_steps))
        )
        pairs_won, precision_sum = np.zeros_like(n_positive), np.zeros_like(n_positive)
        # The memory of the dense products is bounded too.
        for columns in self._slices(4_000_000 // max(n_steps, 1)):
            weights = self._floats(columns)
            hits, ties = positive @ weights, tied_negative @ weights
            above_or_tied = np.cumsum(lower_negative @ weights + ties, axis=0)
            pairs_won[columns] = (hits * (n_negative[columns] - above_or_tied + ties / 2)).sum(
                axis=0
            )
            n_hits = np.cumsum(hits, axis=0)
            precision = np.nan_to_num(ratio(n_hits, n_hits + above_or_tied))
            precision_sum[columns] = (hits * precision).sum(axis=0)
        average_precision = ratio(precision_sum, n_positive)
        average_precision[n_negative == 0] = np.nan
        return ratio(pairs_won, n_positive * n_negative), average_precision

    def _by_step(self, step: npt.NDArray[np.int64], rows: Bools, n_steps: int) -> Any:
        entries = (np.ones(int(rows.sum())), (step[rows], self.case_of_item[rows]))
        return csr_matrix(entries, shape=(n_steps, len(self.weights)))

    def calibration_slope(self, truth: Bools, p: Floats) -> Floats:
        """Fit truth on the logit of p by logistic regression in every resample.

        Newton's method, all resamples side by side; NaN where it does not settle (constant scores,
        decisions separated).

        Parameters
        ----------
        truth : ndarray of bool of shape (n_items,)
            Whether each item is a positive.
        p : ndarray of shape (n_items,)
            Predicted probabilities of a positive, 0 to 1.

        Returns
        -------
        ndarray of shape (1 + n_resamples,)
            The slopes.
        """
        x, y = logit(clipped(p)), truth.astype(float)
        slopes = np.full(self.weights.shape[1], np.nan)
        if np.ptp(x) < 1e-9:
            return slopes
        width = max(1, 2_000_000 // len(x))
        for start in range(0, len(slopes), width):
            columns = slice(start, start + width)
            weights = self.weights[self.case_of_item, columns].astype(float, copy=False)
            with np.errstate(
                over="ignore", invalid="ignore"
            ):  # slopes that run away become NaN, as announced
                slopes[columns] = _fit_slopes(x, y, weights)
        return slopes


def _fit_slopes(x: Floats, y: Floats, weights: Floats) -> Floats:
    base = np.clip(ratio(y @ weights, weights.sum(axis=0)), 1e-6, 1 - 1e-6)
    centre = x.mean()
    x = x - centre  # only the slope is asked for; centring keeps the two steps well apart
    intercept, slope = np.asarray(logit(base)), np.zeros(weights.shape[1])
    settled = np.zeros(weights.shape[1], dtype=bool)
    for _ in range(_NEWTON_STEPS):
        p = expit(intercept + np.outer(x, slope))
        error = weights * (y[:, None] - p)
        curvature = weights * p * (1 - p)
        g0, g1 = error.sum(axis=0), x @ error
        h00, h01, h11 = curvature.sum(axis=0), x @ curvature, (x * x) @ curvature
        determinant = h00 * h11 - h01 * h01
        step0, step1 = (
            ratio(h11 * g0 - h01 * g1, determinant),
            ratio(h00 * g1 - h01 * g0, determinant),
        )
        intercept, slope = intercept + step0, slope + step1
        settled = np.abs(step1) < 1e-8 * np.maximum(1, np.abs(slope))
        if (settled | ~np.isfinite(slope)).all():
            break
    return np.where(settled, slope, np.nan)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; NaN where the denominator is zero.

    Parameters
    ----------
    numerator, denominator : ndarray
        Of one shape.

    Returns
    -------
    ndarray
        Of the same shape.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    quotient: Floats = np.divide(
        numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator != 0
    )
    return quotient


def clipped(p: Floats) -> Floats:
    """Keep probabilities off 0 and 1 by the machine's precision, as scikit-learn's log loss does.

    Parameters
    ----------
    p : ndarray
        Probabilities, 0 to 1.

    Returns
    -------
    ndarray
        Of the same shape.
    """
    margin = float(np.finfo(np.float64).eps)
    return np.clip(p, margin, 1 - margin)


def figure(value: float, resampled: Floats, n: int, level: float) -> Figure:
    """Join a value to the percentile interval of its resamples.

    Parameters
    ----------
    value : float
        Measured on the sample.
    resampled : ndarray
        The same measure in every resample; NaN where undefined.
    n : int
        Items behind the value.
    level : float
        Of the interval, such as 0.95.

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure(0.5, np.linspace(0, 1, 101), n=40, level=0.5)
    {'value': 0.5, 'low': 0.25, 'high': 0.75, 'n': 40}
    >>> figure(0.5, np.array([0.4, np.nan]), n=40, level=0.9)
    {'not_applicable': 'too few cases: undefined in 1 of 2 resamples'}
    """
    if not np.isfinite(value):
        return not_applicable(
            "undefined on these items: one decision only, "
            "or scores that do not vary or that separate them"
        )
    defined = resampled[np.isfinite(resampled)]
    if len(defined) < _MIN_DEFINED * len(resampled):
        n_undefined = len(resampled) - len(defined)
        return not_applicable(
            f"too few cases: undefined in {n_undefined} of {len(resampled)} resamples"
        )
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return {"value": float(value), "low": float(low), "high": float(high), "n": int(n)}


def rate_figure(truth: Bools, resamples: Resamples, level: float) -> Figure:
    """Give the rate of a yes-or-no fact.

    Where all items agree, every resample agrees too and the bootstrap would claim certainty; then
    the interval is Wilson's (1927), counting cases instead of items.

    Parameters
    ----------
    truth : ndarray of bool of shape (n_items,)
        The fact.
    resamples : Resamples
        Of the items' cases.
    level : float
        Of the interval, such as 0.95.

    Returns
    -------
    Figure

    Examples
    --------
    >>> rate = rate_figure(np.zeros(8, dtype=bool), Resamples(list("ABCDEFGH"), 100, 0), 0.95)
    >>> rate["low"], round(rate["high"], 2)
    (0.0, 0.32)
    """
    means = resamples.mean(truth.astype(float))
    bootstrapped = figure(means[0], means[1:], len(truth), level)
    if truth.all() or not truth.any():
        n_cases = resamples.n_cases
        wilson = binomtest(n_cases if truth.all() else 0, n_cases).proportion_ci(
            level, method="wilson"
        )
        return {
            "value": float(means[0]),
            "low": float(wilson.low),
            "high": float(wilson.high),
            "n": len(truth),
        }
    return bootstrapped


def not_applicable(why: str) -> Figure:
    """Say why there is no figure.

    Parameters
    ----------
    why : str
        In words.

    Returns
    -------
    Figure

    Examples
    --------
    >>> not_applicable("no item is upheld")
    {'not_applicable': 'no item is upheld'}
    """
    return {"not_applicable": why}
