"""P(deficiency | upheld): the rates of the treatment category, or a ridge regression where that adds something."""

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from imrml.models.normal_equations import PenalisedHessian
from imrml.models.outcome import CategoryPrior, one_thread

_SMALLEST_RATE = 0.01
"""No deficiency is surer, nor surer to be absent."""
# Probabilities are shown to the percent.
_MOST_STEPS, _STOP = 300, 1e-3


class DeficiencyModel(BaseEstimator):
    """Ridge regression of all labels on the features, away from each label's rate; a rare label keeps its category prior.

    A regression of zeros and ones by least squares is the mean of a Gaussian process that all labels share, in which the scale of
    a feature says how far it may move a label beforehand. One logistic regression a label ranked as well, with a worse log loss
    (experiments/044-deficiency-ridge).

    Parameters
    ----------
    kind : {'category_prior', 'ridge'}
        With ``category_prior`` every label keeps its prior and ``X`` is not looked at.
    penalty : float
        Strength of the L2 penalty; 1 is what the scale of the features is made for.
    min_items : int
        A label that fewer items hold, or fewer lack, is predicted by its rate in the treatment category.
    shrinkage : float
        Items' worth of the overall rate mixed into each category's.

    Attributes
    ----------
    priors_ : list of CategoryPrior
        One a label.
    is_prior_ : ndarray of bool of shape (n_labels,)
        Labels that are predicted by their prior.
    rates_ : ndarray of shape (n_labels,)
        Share of the training items that hold each label: where the regression starts from.
    coefficients_ : ndarray of float32 of shape (n_labels, n_features)
        Probability that one unit of each feature adds; zero where ``is_prior_``.

    Examples
    --------
    >>> X, labels = np.repeat(np.eye(2), 6, axis=0), np.repeat([[True], [False]], 6, axis=0)
    >>> model = DeficiencyModel(kind="ridge", penalty=1.0, min_items=5, shrinkage=5.0)
    >>> model = model.fit(X, labels, ["opioid"] * 12)
    >>> model.predict_proba(np.eye(2), ["opioid"] * 2).round(2).tolist()
    [[0.93], [0.07]]
    """

    def __init__(self, *, kind: str, penalty: float, min_items: int, shrinkage: float) -> None:
        self.kind = kind
        self.penalty = penalty
        self.min_items = min_items
        self.shrinkage = shrinkage

    def fit(self, X: Any, labels: Any, categories: Any, scale: Any = None) -> Self:
        """Fit on upheld items whose labels are known.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features), or None
            Features; not looked at where ``kind`` is ``category_prior``.
        labels : ndarray of bool of shape (n_items, n_labels)
            Which deficiencies the reviewer found.
        categories : sequence of str of shape (n_items,)
            Treatment category of each item.
        scale : ndarray of shape (n_features,), optional
            The penalty sees the features times this; what is below one is trusted less, what is zero not at all.
        """
        labels = np.asarray(labels, dtype=bool)
        X = sparse.csr_matrix((len(labels), 0)) if self.kind == "category_prior" else sparse.csr_matrix(X)
        scale = np.ones(X.shape[1]) if scale is None else np.asarray(scale, dtype=float)
        X = sparse.csr_matrix(X @ sparse.diags_array(scale))
        self.priors_ = [CategoryPrior(self.shrinkage).fit(categories, label) for label in labels.T]
        n_rare = np.minimum(labels.sum(axis=0), (~labels).sum(axis=0))
        self.is_prior_ = (n_rare < self.min_items) | (self.kind == "category_prior")
        self.rates_ = labels.mean(axis=0)
        self.coefficients_ = np.zeros((labels.shape[1], X.shape[1]), dtype=np.float32)
        learned = np.flatnonzero(~self.is_prior_)
        if len(learned):
            moves = labels[:, learned] - self.rates_[learned]
            with one_thread():
                transposed = sparse.csr_matrix(X.T)
                ridge = PenalisedHessian(X, transposed, np.ones((len(labels), 1)), np.full((X.shape[1], 1), self.penalty))
                found = ridge.solve(transposed @ moves, n_steps=_MOST_STEPS, stop=_STOP)
            self.coefficients_[learned] = found.T * scale
        return self

    def predict_proba(self, X: Any, categories: Any) -> np.ndarray:
        """P(deficiency | upheld) of shape (n_items, n_labels)."""
        check_is_fitted(self)
        priors = self.predict_priors(categories)
        if self.is_prior_.all():
            return priors
        X = sparse.csr_matrix(X)
        shown = np.unique(X.indices)  # of a hundred thousand features a request shows a few hundred
        moved = self.rates_ + np.asarray(X[:, shown] @ self.coefficients_[:, shown].T)
        return np.where(self.is_prior_, priors, np.clip(moved, _SMALLEST_RATE, 1 - _SMALLEST_RATE))

    def predict_priors(self, categories: Any) -> np.ndarray:
        """Shrunken rate of each label in each row's treatment category, shape (n_items, n_labels)."""
        check_is_fitted(self, "priors_")
        # All were counted on the same categories; the last row is for one that was never seen.
        rates = np.array([[*prior.rates_, prior.rate_] for prior in self.priors_]).T
        places = {category: place for place, category in enumerate(self.priors_[0].categories_)}
        return np.asarray(rates[[places.get(category, -1) for category in categories]])
