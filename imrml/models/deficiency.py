"""P(deficiency | upheld): the category's rates, and a ridge regression blended with them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.optimize import nnls
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from imrml.models.deficiency_choice import SMALLEST_RATE, choose_by_folds
from imrml.models.linear import one_thread
from imrml.models.log_odds import to_log_odds
from imrml.models.normal_equations import PenalisedHessian
from imrml.models.priors import CategoryPrior

# Probabilities are shown to the percent.
_MOST_STEPS, _STOP = 300, 1e-3

PRIOR_SCALES = (
    ("category=", 0.58),
    ("dwc_category=", 0.41),
    ("hashed_treatment__", 0.58),
    ("hashed_summary__", 0.58),
    ("hashed_by_category__", 0.82),
    ("treatment", 0.13),
    ("clinical", 0.0),
    ("text", 0.0),
    ("spelling", 0.0),
)
"""What the deficiency model's penalty sees of features whose name begins so, else of their block;
the first that fits counts. The square is how far a block may move a label beforehand, beside the
reviewer's own scatter. What the letter says of the request by code is dozens of columns that move
together, hence so little of each; words count by their hash, and not a second time by the outcome
model's vocabulary (experiments/044-deficiency-ridge). Of what the record says by code only
documents count, each for the deficiencies that it answers: by all else a document added to the
notes could raise them (experiments/051-answers-never-raise)."""

MIN_SHOWN = 10
"""Items that must show a document, and as many that must not, before it moves anything."""
_ANSWER_SCALE = 0.4
"""What the penalty sees of a column that says that a document is shown
(experiments/051-answers-never-raise)."""

_LENT = 10.0
"""Items' worth of the rate overall mixed into that of a coarser category
(experiments/064-forecast-for-everyone)."""


class DeficiencyModel(BaseEstimator):
    """Ridge regression of all labels on the features, away from each label's rate.

    A rare label keeps its category prior.

    A regression of zeros and ones by least squares is the mean of a Gaussian process that all
    labels share, in which the scale of a feature says how far it may move a label beforehand. One
    logistic regression a label ranked as well, with a worse log loss
    (experiments/044-deficiency-ridge).

    A column that tells of a document which answers a label may lower that label, never raise it,
    and move no other: least squares under that constraint, together with all else. So long as
    nothing else in ``X`` tells of the document, it never raises the deficiency that it answers
    (experiments/051-answers-never-raise).

    Parameters
    ----------
    kind : {'category_prior', 'ridge'}
        With ``category_prior`` every label keeps its prior and ``X`` is not looked at. The config's
        default is ``ridge``.
    penalty : float
        Strength of the L2 penalty; 1, the config's default, is what the scale of the features is
        made for. With
        ``MIN_ITEMS_TO_CHOOSE`` items and known cases, folds of cases choose up to 16 times as much:
        the noisier the labels, the more.
    min_items : int
        A label that fewer items hold, or fewer lack, is predicted by its rate in the treatment
        category; 5 by default of the config.
    shrinkage : float
        Items' worth of the overall rate mixed into each category's; 5 by default of the config.
    ship : {'expected', 'distinguishable'}, default='expected'
        With ``expected`` the regression's log-odds are averaged with the prior's, by weights that
        folds of cases choose, one a label.

    Attributes
    ----------
    priors_, lenders_ : list of CategoryPrior
        One a label, of the categories and of their families.
    families_ : dict of str to str
        Coarser category of each category.
    is_prior_ : ndarray of bool of shape (n_labels,)
        Labels that are predicted by their prior.
    rates_ : ndarray of shape (n_labels,)
        Where the regression starts from: the share of the training items that hold each label, and
        above it what the documents that an item shows on average take off.
    penalty_ : float
        Strength that was used.
    weights_ : ndarray of shape (n_labels,)
        Of the regression's log-odds beside the prior's, 0 to 1.
    coefficients_ : ndarray of float32 of shape (n_labels, n_features)
        Probability that one unit of each feature adds; zero where ``is_prior_``.
    answers_ : ndarray of int
        Columns that tell of a document, of those that enough training items show and enough do not.

    Examples
    --------
    >>> X, labels = np.repeat(np.eye(2), 6, axis=0), np.repeat([[True], [False]], 6, axis=0)
    >>> model = DeficiencyModel(kind="ridge", penalty=1.0, min_items=5, shrinkage=5.0)
    >>> model = model.fit(X, labels, ["opioid"] * 12)
    >>> model.predict_proba(np.eye(2), ["opioid"] * 2).round(2).tolist()
    [[0.93], [0.07]]
    """

    def __init__(
        self,
        *,
        kind: str,
        penalty: float,
        min_items: int,
        shrinkage: float,
        ship: str = "expected",
    ) -> None:
        self.kind = kind
        self.penalty = penalty
        self.min_items = min_items
        self.shrinkage = shrinkage
        self.ship = ship

    def fit(
        self,
        X: Any,
        labels: Any,
        categories: Any,
        *,
        scale: Any = None,
        answers: Sequence[Sequence[int]] | None = None,
        cases: Any = None,
        families: Mapping[str, str] | None = None,
        weights: np.ndarray | None = None,
    ) -> Self:
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
            The penalty sees the features times this; what is below one is trusted less, what is
            zero not at all.
        answers : sequence of sequences of int, of shape (n_labels,), optional
            For each label the columns, of zeros and ones, that tell of a document which answers it;
            they have their own scale.
        cases : sequence of shape (n_items,), optional
            Case of each item; without them ``penalty`` is taken as it is.
        families : mapping of str to str, optional
            Coarser category of each category, whose rates lend a rare one their experience.
        weights : ndarray of shape (n_items, n_labels), optional
            How much each label counts in the regression, above 0; all alike by default. What
            documents take off is fitted as if they all did.

        Returns
        -------
        DeficiencyModel
            Itself.
        """
        labels = np.asarray(labels, dtype=bool)
        n_items, n_labels = labels.shape
        X = sparse.csr_matrix((n_items, 0) if self.kind == "category_prior" else X)
        answers = answers or [[]] * n_labels
        scale = np.ones(X.shape[1]) if scale is None else np.array(scale, dtype=float)
        document_columns = np.unique(np.array([*chain.from_iterable(answers)], dtype=int))
        scale[document_columns] = 0
        self.answers_ = _choose_answers(X, document_columns)
        shown = X[:, self.answers_].toarray()
        X, used = _scale_columns(X, scale)
        self._fit_rates(labels, categories, families or {}, weights)
        self.penalty_, self.weights_ = self.penalty, np.ones(n_labels)
        self.coefficients_ = np.zeros((n_labels, len(scale)), dtype=np.float32)
        learned = np.flatnonzero(~self.is_prior_)
        if not len(learned):
            return self
        moves = labels[:, learned] - self.rates_[learned]
        if cases is not None:
            self.penalty_, self.weights_[learned] = choose_by_folds(
                X,
                labels[:, learned],
                self.rates_[learned],
                np.asarray(categories),
                np.asarray(cases),
                penalty=self.penalty,
                shrinkage=self.shrinkage,
                is_blended=self.ship == "expected",
            )
        is_own = np.array([np.isin(self.answers_, own) for own in answers])[learned]
        average = shown.mean(axis=0)
        documents = _ANSWER_SCALE * (shown - average)
        by_words, in_words, taken_off = _regress(
            X,
            documents,
            moves,
            self.penalty_,
            is_own,
            None if weights is None else weights[:, learned],
        )
        self.coefficients_[np.ix_(learned, used)] = (by_words + in_words @ taken_off.T).T * scale[
            used
        ]
        self.coefficients_[np.ix_(learned, self.answers_)] = -_ANSWER_SCALE * taken_off
        self.rates_[learned] += _ANSWER_SCALE * taken_off @ average
        return self

    def _fit_rates(
        self,
        labels: np.ndarray,
        categories: Any,
        families: Mapping[str, str],
        weights: np.ndarray | None,
    ) -> None:
        """Fit the rates of categories and families, and find the labels that have nothing else."""
        self.priors_ = [CategoryPrior(self.shrinkage).fit(categories, label) for label in labels.T]
        self.families_ = dict(families)
        of_family = [self.families_.get(category, "") for category in categories]
        self.lenders_ = [CategoryPrior(_LENT).fit(of_family, label) for label in labels.T]
        n_rare = np.minimum(labels.sum(axis=0), (~labels).sum(axis=0))
        self.is_prior_ = (n_rare < self.min_items) | (self.kind == "category_prior")
        self.rates_ = np.average(labels, axis=0, weights=weights)

    def predict_proba(self, X: Any, categories: Any) -> np.ndarray:
        """Predict P(deficiency | upheld).

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features), or None
            Features; None where every label keeps its prior.
        categories : sequence of str of length n_items
            Treatment category of each item.

        Returns
        -------
        ndarray of shape (n_items, n_labels)
            Probabilities.
        """
        check_is_fitted(self)
        priors = self.predict_rates(categories)
        if self.is_prior_.all():
            return priors
        X = sparse.csr_matrix(X)
        shown = np.unique(X.indices)  # of a hundred thousand features a request shows a few hundred
        moved = self.rates_ + np.asarray(X[:, shown] @ self.coefficients_[:, shown].T)
        return np.where(self.is_prior_, priors, _average(moved, priors, self.weights_))

    def predict_rates(self, categories: Any) -> np.ndarray:
        """Give the rates that answer where the regression does not.

        Those of the treatment category, shrunk to the rates of its coarser category, which are
        shrunk to those overall: a category that is rare or new is no stranger.

        Parameters
        ----------
        categories : sequence of str of length n_items
            Treatment category of each item.

        Returns
        -------
        ndarray of shape (n_items, n_labels)
            Probabilities; those of :meth:`predict_priors` where no families are known.
        """
        names, places = np.unique(np.asarray(categories, dtype=str), return_inverse=True)
        families = [self.families_.get(name, "") for name in names.tolist()]
        lent = _rates_of(self.lenders_, families) - [prior.rate_ for prior in self.priors_]
        n_own = self.priors_[0].count(names.tolist())
        share = self.shrinkage / np.maximum(n_own + self.shrinkage, 1e-9)
        borrows = share * np.array([bool(family) for family in families])
        rates = self.predict_priors(names.tolist()) + borrows[:, None] * lent
        return np.asarray(rates[places])

    def predict_priors(self, categories: Any) -> np.ndarray:
        """Give the shrunken rate of each label in each item's treatment category: the baseline.

        Parameters
        ----------
        categories : sequence of str of length n_items
            Treatment category of each item.

        Returns
        -------
        ndarray of shape (n_items, n_labels)
            Probabilities.
        """
        check_is_fitted(self, "priors_")
        return _rates_of(self.priors_, categories)


def _rates_of(priors: Sequence[CategoryPrior], categories: Iterable[str]) -> np.ndarray:
    """Give the rate of each label in some categories, which all priors were counted on."""
    # The last row is for a category that was never seen.
    rates = np.array([[*prior.rates_, prior.rate_] for prior in priors]).T
    places = {category: place for place, category in enumerate(priors[0].categories_)}
    return np.asarray(rates[[places.get(category, -1) for category in categories]])


def _average(moved: np.ndarray, priors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average in log-odds; both stay within what is allowed to be sure."""
    return np.asarray(
        expit(
            weights * to_log_odds(moved, SMALLEST_RATE)
            + (1 - weights) * to_log_odds(priors, SMALLEST_RATE)
        )
    )


def _choose_answers(X: sparse.csr_matrix, columns: np.ndarray) -> np.ndarray:
    """Choose of columns that tell of a document those that enough items show and enough do not."""
    n_shown = np.diff(sparse.csc_matrix(X)[:, columns].indptr)
    chosen: np.ndarray = columns[(n_shown >= MIN_SHOWN) & (X.shape[0] - n_shown >= MIN_SHOWN)]
    return chosen


def _scale_columns(X: sparse.csr_matrix, scale: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Scale columns, and keep those with anything in them: of words one bucket in five has."""
    scaled = sparse.csc_matrix(X @ sparse.diags_array(scale))
    scaled.eliminate_zeros()
    used = np.flatnonzero(np.diff(scaled.indptr))
    return sparse.csr_matrix(scaled[:, used]), used


def _regress(  # noqa: PLR0917 - of one fit
    X: sparse.csr_matrix,
    documents: np.ndarray,
    moves: np.ndarray,
    penalty: float,
    is_own: np.ndarray,
    weights: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Regress what moves labels on words and documents together.

    Parameters
    ----------
    X : sparse matrix of shape (n_items, n_features)
        Words, scaled.
    documents : ndarray of shape (n_items, n_documents)
        Documents shown above their rates, scaled.
    moves : ndarray of shape (n_items, n_labels)
        Labels above their rates.
    penalty : float
        Of words and documents alike.
    is_own : ndarray of bool of shape (n_labels, n_documents)
        Documents that count for each label.
    weights : ndarray of shape (n_items, n_labels) or None
        How much each label counts.

    Returns
    -------
    by_words : ndarray of shape (n_features, n_labels)
        Coefficients of a regression on the words alone.
    in_words : ndarray of shape (n_features, n_documents)
        Those of the documents on the words.
    taken_off : ndarray of shape (n_labels, n_documents)
        What each document takes off each label.
    """
    n_items, n_features = X.shape
    with one_thread():
        transposed = sparse.csr_matrix(X.T)
        pull = np.full((n_features, 1), penalty)
        ridge = PenalisedHessian(X, transposed, np.ones((n_items, 1)), pull)
        own, pulled = ridge, moves
        if weights is not None:
            own, pulled = PenalisedHessian(X, transposed, weights, pull), weights * moves
        by_words = own.solve(transposed @ pulled, n_steps=_MOST_STEPS, stop=_STOP)
        # Each moves a label by little, so it need not be known as well; there are three times as
        # many.
        in_words = ridge.solve(transposed @ documents, n_steps=_MOST_STEPS, stop=10 * _STOP)
        taken_off = _taken_off(
            documents, documents - X @ in_words, moves - X @ by_words, penalty, is_own
        )
    return by_words, in_words, taken_off


def _taken_off(
    documents: np.ndarray,
    documents_left: np.ndarray,
    labels_left: np.ndarray,
    penalty: float,
    is_own: np.ndarray,
) -> np.ndarray:
    """Find how much each document takes off each label where all are fitted together.

    Parameters
    ----------
    documents : ndarray of shape (n_items, n_documents)
        Documents shown above their rates.
    documents_left, labels_left : ndarrays of shape (n_items, n_documents) and (n_items, n_labels)
        What a ridge regression on the words leaves of the documents, and of the labels above their
        rates.
    penalty : float
        Of words and documents alike.
    is_own : ndarray of bool of shape (n_labels, n_documents)
        Documents that count for each label.

    Returns
    -------
    ndarray of shape (n_labels, n_documents)
        Never negative.
    """
    taken_off = np.zeros(is_own.shape)
    # Fitted together, the best words for given documents are those that fit what the documents
    # leave; so what is to be made small is a quadratic form of the few documents of a label, under
    # the constraint that none is below zero.
    form = documents.T @ documents_left + penalty * np.eye(documents.shape[1])
    slopes = documents.T @ labels_left
    for label, own in enumerate(map(np.flatnonzero, is_own)):
        if len(own):
            values, vectors = np.linalg.eigh((form + form.T)[np.ix_(own, own)] / 2)
            root = np.sqrt(
                np.maximum(values, penalty)
            )  # no smaller, but for the steps that the solver has left out
            taken_off[label, own] = nnls(
                root[:, None] * vectors.T, -(vectors.T @ slopes[own, label]) / root
            )[0]
    return taken_off
