"""P(deficiency | upheld): the rates of the treatment category, or a ridge regression where that adds something."""

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit
from sklearn.utils.validation import check_is_fitted

from imrml.models.outcome import CategoryPrior, one_thread

PENALTIES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Strengths of the penalty to choose from, around the one that the scale of the features was made for."""
_LARGEST_SAMPLE = 2000
"""Items on which the penalty is chosen: more hardly move it, and the time grows with their cube."""
_SMALLEST_RATE = 0.005
"""No deficiency is surer, nor surer to be absent."""
# Probabilities are shown to the percent.
_STOP = 1e-3


class DeficiencyModel(BaseEstimator):
    """Ridge regression of all labels on the features, away from each label's rate; a rare label keeps its category prior.

    A regression of zeros and ones by least squares is the mean of a Gaussian process that all labels share, in which the scale of
    a feature says how much it may move beforehand: with few letters it falls back to rates of the treatment category, in steps
    that the letters choose. It ranked better than one logistic regression a label (experiments/044-deficiency-ridge).

    Parameters
    ----------
    kind : {'category_prior', 'ridge'}
        With ``category_prior`` every label keeps its prior and ``X`` is not looked at.
    min_items : int
        A label that fewer items hold, or fewer lack, is predicted by its rate in the treatment category.
    shrinkage : float
        Items' worth of the overall rate mixed into each category's.
    n_folds : int
        Case-grouped folds on which the penalty is chosen; with fewer cases it is 1.
    seed : int
        Starts the draw of the folds.

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
    penalty_ : float
        One of ``PENALTIES``.

    Examples
    --------
    >>> X, labels = np.repeat(np.eye(2), 6, axis=0), np.repeat([[True], [False]], 6, axis=0)
    >>> model = DeficiencyModel(kind="ridge", min_items=5, shrinkage=5.0, n_folds=3, seed=0)
    >>> model = model.fit(X, labels, ["opioid"] * 12, cases=np.arange(12))
    >>> model.predict_proba(np.eye(2), ["opioid"] * 2).round(2).tolist()
    [[0.98], [0.02]]
    """

    def __init__(self, *, kind: str, min_items: int, shrinkage: float, n_folds: int, seed: int) -> None:
        self.kind = kind
        self.min_items = min_items
        self.shrinkage = shrinkage
        self.n_folds = n_folds
        self.seed = seed

    def fit(self, X: Any, labels: Any, categories: Any, cases: Any, scale: Any = None) -> Self:
        """Fit on upheld items whose labels are known.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features), or None
            Features; not looked at where ``kind`` is ``category_prior``.
        labels : ndarray of bool of shape (n_items, n_labels)
            Which deficiencies the reviewer found.
        categories : sequence of str of shape (n_items,)
            Treatment category of each item.
        cases : sequence of shape (n_items,)
            Case of each item; folds keep it whole.
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
        self.penalty_ = 1.0
        learned = np.flatnonzero(~self.is_prior_)
        if len(learned):
            moves = labels[:, learned] - self.rates_[learned]
            with one_thread():
                self.penalty_ = self._choose_penalty(X, moves, np.asarray(cases))
                ridge = Ridge(self.penalty_, fit_intercept=False, solver="sparse_cg", tol=_STOP).fit(X, moves)
            self.coefficients_[learned] = np.reshape(ridge.coef_, (len(learned), -1)) * scale
        return self

    def _choose_penalty(self, X: sparse.csr_matrix, moves: np.ndarray, cases: np.ndarray) -> float:
        """Choose the penalty with the least squared error on held-out cases, all labels together."""
        rows = np.arange(len(cases))
        if len(rows) > _LARGEST_SAMPLE:
            some = GroupShuffleSplit(1, train_size=_LARGEST_SAMPLE / len(rows), random_state=self.seed)
            rows = next(some.split(rows, groups=cases))[0]
        if len(np.unique(cases[rows])) < self.n_folds:
            return 1.0
        folds = list(GroupKFold(self.n_folds, shuffle=True, random_state=self.seed).split(rows, groups=cases[rows]))
        # In terms of the items' likeness, which few hundred letters make small where the features are many.
        ridge = KernelRidge(kernel="precomputed")
        search = GridSearchCV(ridge, {"alpha": list(PENALTIES)}, scoring="neg_mean_squared_error", cv=folds, refit=False)
        search.fit((X[rows] @ X[rows].T).toarray(), moves[rows])
        return float(search.best_params_["alpha"])

    def predict_proba(self, X: Any, categories: Any) -> np.ndarray:
        """P(deficiency | upheld) of shape (n_items, n_labels)."""
        check_is_fitted(self)
        priors = self.predict_priors(categories)
        if self.is_prior_.all():
            return priors
        moved = np.clip(self.rates_ + np.asarray(X @ self.coefficients_.T), _SMALLEST_RATE, 1 - _SMALLEST_RATE)
        return np.where(self.is_prior_, priors, moved)

    def predict_priors(self, categories: Any) -> np.ndarray:
        """Shrunken rate of each label in each row's treatment category, shape (n_items, n_labels)."""
        check_is_fitted(self, "priors_")
        return np.column_stack([prior.predict_proba(categories)[:, 1] for prior in self.priors_])
