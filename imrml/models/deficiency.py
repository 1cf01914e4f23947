"""P(deficiency | upheld): one logistic regression a label, on the same features as the outcome."""

from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from imrml.models.outcome import CategoryPrior, linear_model, one_thread

# Eighteen fits, for rates that are shown to the percent: each may stop earlier than the outcome's.
_STOP = 3e-5


class DeficiencyModel(BaseEstimator):
    """One-vs-rest logistic regression; a rare label keeps its category prior.

    Parameters
    ----------
    c : float
        Inverse strength of the L2 penalty.
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
    coefficients_ : ndarray of shape (n_labels, n_features)
        Zero where ``is_prior_``; ``intercepts_`` beside it.
    """

    def __init__(self, c: float, min_items: int, shrinkage: float) -> None:
        self.c = c
        self.min_items = min_items
        self.shrinkage = shrinkage

    def fit(self, X: Any, labels: Any, categories: Any) -> Self:
        """Fit on upheld items whose labels are known.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.
        labels : ndarray of bool of shape (n_items, n_labels)
            Which deficiencies the reviewer found.
        categories : sequence of str of shape (n_items,)
            Treatment category of each item.
        """
        X, labels = sparse.csr_matrix(X, dtype=np.float32), np.asarray(labels, dtype=bool)
        n_labels = labels.shape[1]
        self.priors_ = [CategoryPrior(self.shrinkage).fit(categories, label) for label in labels.T]
        self.is_prior_ = np.minimum(labels.sum(axis=0), (~labels).sum(axis=0)) < self.min_items
        self.coefficients_ = np.zeros((n_labels, X.shape[1]))
        self.intercepts_ = np.zeros(n_labels)
        for label in np.flatnonzero(~self.is_prior_):
            with one_thread():
                fitted = linear_model(self.c, stop=_STOP).fit(X, labels[:, label])
            self.coefficients_[label] = fitted.coef_[0]
            self.intercepts_[label] = fitted.intercept_[0]
        return self

    def predict_proba(self, X: Any, categories: Any) -> np.ndarray:
        """P(deficiency | upheld) of shape (n_items, n_labels)."""
        check_is_fitted(self)
        p_deficiency = expit(np.asarray(X @ self.coefficients_.T) + self.intercepts_)
        return np.where(self.is_prior_, self.predict_priors(categories), p_deficiency)

    def predict_priors(self, categories: Any) -> np.ndarray:
        """Shrunken rate of each label in each row's treatment category, shape (n_items, n_labels)."""
        check_is_fitted(self)
        return np.column_stack([prior.predict_proba(categories)[:, 1] for prior in self.priors_])
