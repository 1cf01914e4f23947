"""P(overturned) by counting: the rate overall, and the rate in each treatment category.

Both are scikit-learn classifiers with classes ``[False, True]`` for upheld and overturned.
"""

from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.stats import beta
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

# Smallest parameter of a Beta posterior: Jeffreys' prior, where a category never saw one of the
# decisions.
_JEFFREYS = 0.5


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

    A category never seen gets the rate overall.

    Parameters
    ----------
    shrinkage : float
        Items' worth of the overall rate that is mixed into each category's; 20 by default of the
        config.

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
    >>> prior = CategoryPrior(shrinkage=2.0).fit(
    ...     ["opioid"] * 2 + ["imaging"] * 2, [False, False, True, False]
    ... )
    >>> prior.predict_proba(["opioid", "imaging", "surgery"])[:, 1].tolist()
    [0.125, 0.375, 0.25]
    >>> prior.count(["opioid", "surgery"]).tolist()
    [2, 0]
    """

    def __init__(self, shrinkage: float) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: Any, y: Any) -> Self:
        """Count the decisions in each category.

        Parameters
        ----------
        X : sequence of str of length n_items
            Treatment categories.
        y : array of bool of shape (n_items,)
            Whether each item was overturned.

        Returns
        -------
        CategoryPrior
            Itself.
        """
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

        Items count as independent, so where a case brings many items of one category the interval
        is too narrow.

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
        return _beta_interval(self.predict_proba(X)[:, 1], self.count(X) + self.shrinkage, level)


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
