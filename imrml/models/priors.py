"""P(overturned) by counting: the rate overall, and the rate in each treatment category.

Both are scikit-learn classifiers with classes ``[False, True]`` for upheld and overturned.
"""

from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import betaln, softmax
from scipy.stats import beta
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

# Smallest parameter of a Beta posterior: Jeffreys' prior, where a category never saw one of the
# decisions.
_JEFFREYS = 0.5
# Shrinkages, in cases, that an estimate weighs by how likely they make the decisions: from one at
# which categories share next to nothing to one at which they hardly differ.
_SHRINKAGES = np.geomspace(1.0, 1000.0, 61)


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
        """Count the decisions.

        Parameters
        ----------
        X : sequence of length n_items
            Not looked at.
        y : array of bool of shape (n_items,)
            Whether each item was overturned.

        Returns
        -------
        ClassPrior
            Itself.
        """
        self.classes_ = np.array([False, True])
        self.n_items_ = len(y)
        self.rate_ = float(np.mean(y))
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Give the rate for each item.

        Parameters
        ----------
        X : sequence of length n_items
            Not looked at.

        Returns
        -------
        ndarray of shape (n_items, 2)
            P(upheld), P(overturned).
        """
        check_is_fitted(self)
        return two_columns(np.full(len(X), self.rate_))

    def predict(self, X: Any) -> np.ndarray:
        """Give the likelier decision.

        Parameters
        ----------
        X : sequence of length n_items
            Not looked at.

        Returns
        -------
        ndarray of bool of shape (n_items,)
            Whether "overturned" is likelier.
        """
        return self.predict_proba(X)[:, 1] > 0.5

    def predict_interval(self, X: Any, level: float) -> np.ndarray:
        """Give the interval of the Beta posterior of the rate.

        Parameters
        ----------
        X : sequence of length n_items
            Not looked at.
        level : float
            Share of the posterior inside, between 0 and 1.

        Returns
        -------
        ndarray of shape (n_items, 2)
            Lower and upper end.
        """
        rates = self.predict_proba(X)[:, 1]
        return _beta_interval(rates, np.full(len(rates), float(self.n_items_)), level)


class CategoryPrior(ClassifierMixin, BaseEstimator):
    """The training rate in each treatment category, shrunk to the rate overall.

    Without a stated shrinkage it is an empirical Bayes estimate: rates of categories are draws of
    one Beta distribution, whose spread is told by how much the categories of these cases differ
    (beta-binomial; each case counts once in a category, with the share of its items that was
    overturned, because items of one letter mostly share their fate). Where they differ no more than
    chance would have it, every category gets nearly the rate overall. The rates are averaged over
    the spreads that the cases allow, because the likeliest one jumps from one extreme to the other
    when a few letters are exchanged (experiments/063-expected-model).

    A category never seen gets the rate overall.

    Parameters
    ----------
    shrinkage : float or None
        Items' worth of the overall rate that is mixed into each category's; None, the config's
        default for the outcome, estimates it.

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
    shrinkage_ : float
        As stated; else the geometric mean of the estimate, in cases.
    weight_by_category_ : ndarray of shape (n_categories,)
        Observations that each rate rests on: its own and those that the shrinkage lends it, never
        more than there are in all where that is estimated.
    weight_elsewhere_ : float
        The same for a category never seen.

    Examples
    --------
    >>> prior = CategoryPrior(shrinkage=2.0).fit(
    ...     ["opioid"] * 2 + ["imaging"] * 2, [False, False, True, False]
    ... )
    >>> prior.predict_proba(["opioid", "imaging", "surgery"])[:, 1].tolist()
    [0.125, 0.375, 0.25]
    >>> prior.count(["opioid", "surgery"]).tolist()
    [2, 0]

    Categories that differ keep their own rates, others get the rate overall:

    >>> names = ["opioid"] * 100 + ["imaging"] * 100
    >>> CategoryPrior(None).fit(names, [True] * 80 + [False] * 100 + [True] * 20).rates_.round(2)
    array([0.21, 0.79])
    >>> CategoryPrior(None).fit(names, [True, False] * 100).rates_.round(2)
    array([0.5, 0.5])
    """

    def __init__(self, shrinkage: float | None) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: Any, y: Any, cases: Any = None) -> Self:
        """Count the decisions in each category.

        Parameters
        ----------
        X : sequence of str of length n_items
            Treatment categories.
        y : array of bool of shape (n_items,)
            Whether each item was overturned.
        cases : array of shape (n_items,), optional
            Case of each item, for an estimate of the shrinkage; without it each is its own.

        Returns
        -------
        CategoryPrior
            Itself.
        """
        y = np.asarray(y, dtype=float)
        self.classes_ = np.array([False, True])
        self.rate_ = float(y.mean())
        categories = np.asarray(X, dtype=object)
        codes, names = pd.factorize(categories, sort=True)
        self.categories_ = [str(category) for category in names]
        self.n_by_category_ = np.bincount(codes, minlength=len(names)).astype(np.int64)
        if self.shrinkage is None:
            case_of_item = np.arange(len(y)) if cases is None else np.asarray(cases)
            shares = pd.Series(y).groupby([categories, case_of_item]).mean()
            by_case = shares.groupby(level=0).agg(["size", "sum"])
            self.rates_, self.shrinkage_ = self._estimate(
                by_case["size"].to_numpy(float), by_case["sum"].to_numpy(float)
            )
            n_cases = len(np.unique(case_of_item))
            self.weight_elsewhere_ = min(self.shrinkage_, n_cases)
            rests_on = by_case["size"].to_numpy(float) + self.shrinkage_
            self.weight_by_category_ = np.minimum(rests_on, n_cases)
            return self
        self.shrinkage_ = self.weight_elsewhere_ = float(self.shrinkage)
        self.weight_by_category_ = self.n_by_category_ + self.shrinkage_
        n_overturned = np.bincount(codes, y, minlength=len(names))
        overturned = n_overturned + self.shrinkage_ * self.rate_
        self.rates_ = overturned / self.weight_by_category_
        return self

    def _estimate(self, n_cases: np.ndarray, n_overturned: np.ndarray) -> tuple[np.ndarray, float]:
        """Average rates over shrinkages, each weighed by the likelihood of the decisions."""
        n_cases, n_overturned = n_cases[:, None], n_overturned[:, None]
        rate = float(np.clip(n_overturned.sum() / n_cases.sum(), 1e-6, 1 - 1e-6))
        hits, misses = _SHRINKAGES * rate, _SHRINKAGES * (1 - rate)
        log_likelihoods = betaln(hits + n_overturned, misses + n_cases - n_overturned)
        weights = softmax((log_likelihoods - betaln(hits, misses)).sum(axis=0))
        shrunk = (n_overturned + _SHRINKAGES * self.rate_) / (n_cases + _SHRINKAGES)
        return shrunk @ weights, float(np.exp(weights @ np.log(_SHRINKAGES)))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Give each item the rate of its category.

        Parameters
        ----------
        X : sequence of str of length n_items
            Treatment categories.

        Returns
        -------
        ndarray of shape (n_items, 2)
            P(upheld), P(overturned).
        """
        if not hasattr(self, "rates_"):  # to ask scikit-learn takes longer than to answer
            check_is_fitted(self)
        by_category = dict(zip(self.categories_, self.rates_.tolist(), strict=True))
        return two_columns(
            np.array([by_category.get(category, self.rate_) for category in X], dtype=float)
        )

    def predict(self, X: Any) -> np.ndarray:
        """Give the likelier decision.

        Parameters
        ----------
        X : sequence of str of length n_items
            Treatment categories.

        Returns
        -------
        ndarray of bool of shape (n_items,)
            Whether "overturned" is likelier.
        """
        return self.predict_proba(X)[:, 1] > 0.5

    def count(self, X: Any) -> np.ndarray:
        """Count the training items in each item's category.

        Parameters
        ----------
        X : sequence of str of length n_items
            Treatment categories.

        Returns
        -------
        ndarray of int of shape (n_items,)
            0 for a category never seen.
        """
        by_category = dict(zip(self.categories_, self.n_by_category_.tolist(), strict=True))
        return np.array([by_category.get(category, 0) for category in X], dtype=np.int64)

    def predict_interval(self, X: Any, level: float) -> np.ndarray:
        """Give the interval of the Beta posterior of each item's rate.

        With a stated shrinkage items count as independent, so where a case brings many items of one
        category the interval is too narrow; an estimated one counts cases.

        Parameters
        ----------
        X : sequence of str of length n_items
            Treatment categories.
        level : float
            Share of the posterior inside, between 0 and 1.

        Returns
        -------
        ndarray of shape (n_items, 2)
            Lower and upper end.
        """
        weights = dict(zip(self.categories_, self.weight_by_category_.tolist(), strict=True))
        rests_on = np.array(
            [weights.get(category, self.weight_elsewhere_) for category in X], dtype=float
        )
        return _beta_interval(self.predict_proba(X)[:, 1], rests_on, level)


def two_columns(p_overturned: np.ndarray) -> np.ndarray:
    """Put the probabilities of both decisions side by side, as scikit-learn's classifiers do.

    Parameters
    ----------
    p_overturned : ndarray of shape (n_items,)
        Probabilities.

    Returns
    -------
    ndarray of shape (n_items, 2)
        P(upheld), P(overturned).
    """
    return np.column_stack([1 - p_overturned, p_overturned])


def _beta_interval(rates: np.ndarray, n_items: np.ndarray, level: float) -> np.ndarray:
    """Interval of Beta(rate * n, (1 - rate) * n), widened to hold the rate."""
    hits, misses = (
        np.maximum(rates * n_items, _JEFFREYS),
        np.maximum((1 - rates) * n_items, _JEFFREYS),
    )
    low, high = beta.ppf((1 - level) / 2, hits, misses), beta.ppf((1 + level) / 2, hits, misses)
    return np.column_stack([np.minimum(low, rates), np.maximum(high, rates)])
