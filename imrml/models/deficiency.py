"""P(deficiency | upheld): the rates of the treatment category, and one logistic regression a label where that adds something."""

from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted

from imrml.models.outcome import CategoryPrior, linear_model, one_thread

# Eighteen fits and those of the folds, for rates that are shown to the percent: each may stop earlier than the outcome's.
_STOP = 3e-5
SHARES = (0.25, 0.5, 0.75, 1.0)
"""Weights that the regression may get."""
_SMALLEST_RATE = 0.005
"""Log-odds of rates nearer to 0 or 1 would outweigh everything else that is known of an item."""


class DeficiencyModel(BaseEstimator):
    """One-vs-rest logistic regression blended with the category prior; a rare label keeps its prior.

    The log-odds of both are averaged; which share the regression gets is chosen on case-grouped folds, once for all labels: with
    few letters the prior counts for more, with many the regression does. A classifier chain and other shapes were compared in
    experiments/021-deficiency-model.

    Parameters
    ----------
    kind : {'category_prior', 'logistic'}
        With ``category_prior`` every label keeps its prior and ``X`` is not looked at.
    c : float
        Inverse strength of the L2 penalty.
    min_items : int
        A label that fewer items hold, or fewer lack, is predicted by its rate in the treatment category.
    shrinkage : float
        Items' worth of the overall rate mixed into each category's.
    n_folds : int
        Folds behind the share; with fewer cases it is one half.
    seed : int
        Starts the draw of the folds.

    Attributes
    ----------
    priors_ : list of CategoryPrior
        One a label.
    is_prior_ : ndarray of bool of shape (n_labels,)
        Labels that are predicted by their prior.
    coefficients_ : ndarray of shape (n_labels, n_features)
        Zero where ``is_prior_``; ``intercepts_`` beside it.
    share_ : float
        Weight of the regression's log-odds, one of ``SHARES``; the prior's has the rest.
    """

    def __init__(self, *, kind: str, c: float, min_items: int, shrinkage: float, n_folds: int, seed: int) -> None:
        self.kind = kind
        self.c = c
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
            The penalty sees the features times this; what is below one is trusted less.
        """
        labels = np.asarray(labels, dtype=bool)
        if self.kind == "category_prior":
            X = sparse.csr_matrix((len(labels), 0))
        scale = np.ones(X.shape[1]) if scale is None else np.asarray(scale, dtype=float)
        X = sparse.csr_matrix(X @ sparse.diags_array(scale))
        categories, cases = np.asarray(categories, dtype=object), np.asarray(cases)
        n_rare = np.minimum(labels.sum(axis=0), (~labels).sum(axis=0))
        self.is_prior_ = (n_rare < self.min_items) | (self.kind == "category_prior")
        self.share_ = 0.5
        if not self.is_prior_.all() and len(np.unique(cases)) >= self.n_folds:
            self.share_ = self._choose_share(X, labels, categories, cases)
        self._fit_labels(X, labels, categories)
        self.coefficients_ *= scale.astype(np.float32)
        return self

    def _choose_share(self, X: Any, labels: np.ndarray, categories: np.ndarray, cases: np.ndarray) -> float:
        """Choose the share with the least log loss on held-out items, all labels together."""
        learned = np.flatnonzero(~self.is_prior_)
        losses = np.zeros(len(SHARES))
        for train, held_out in GroupKFold(self.n_folds, shuffle=True, random_state=self.seed).split(X, groups=cases):
            part = clone(self)
            n_held = labels[train].sum(axis=0)
            part.is_prior_ = self.is_prior_ | (n_held == 0) | (n_held == len(train))
            part._fit_labels(X[train], labels[train], categories[train])
            signs = np.where(labels[held_out], 1.0, -1.0)[:, learned]
            for position, share in enumerate(SHARES):
                log_odds = part._log_odds(X[held_out], categories[held_out], share)[:, learned]
                losses[position] += np.logaddexp(0, -signs * log_odds).sum()
        return SHARES[int(losses.argmin())]

    def _fit_labels(self, X: Any, labels: np.ndarray, categories: np.ndarray) -> None:
        self.priors_ = [CategoryPrior(self.shrinkage).fit(categories, label) for label in labels.T]
        self.coefficients_: np.ndarray = np.zeros((labels.shape[1], X.shape[1]), dtype=np.float32)
        self.intercepts_ = np.zeros(labels.shape[1])
        for label in np.flatnonzero(~self.is_prior_):
            with one_thread():
                fitted = linear_model(self.c, stop=_STOP).fit(X, labels[:, label])
            self.coefficients_[label] = fitted.coef_[0]
            self.intercepts_[label] = fitted.intercept_[0]

    def _log_odds(self, X: Any, categories: Any, share: float) -> np.ndarray:
        prior = logit(np.clip(self.predict_priors(categories), _SMALLEST_RATE, 1 - _SMALLEST_RATE))
        own = np.asarray(X @ self.coefficients_.T) + self.intercepts_
        return np.asarray(share * own + (1 - share) * prior)

    def predict_proba(self, X: Any, categories: Any) -> np.ndarray:
        """P(deficiency | upheld) of shape (n_items, n_labels)."""
        check_is_fitted(self)
        priors = self.predict_priors(categories)
        if self.is_prior_.all():
            return priors
        return np.where(self.is_prior_, priors, expit(self._log_odds(X, categories, self.share_)))

    def predict_priors(self, categories: Any) -> np.ndarray:
        """Shrunken rate of each label in each row's treatment category, shape (n_items, n_labels)."""
        check_is_fitted(self, "priors_")
        return np.column_stack([prior.predict_proba(categories)[:, 1] for prior in self.priors_])
