"""P(overturned) by other classifiers of scikit-learn, each calibrated on case-grouped folds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from imrml.errors import ConfigError
from imrml.models.calibration import HeldOutScores, calibrate, calibration_folds
from imrml.models.linear import linear_model, one_thread
from imrml.models.outcome import CalibratedClassifier
from imrml.models.own_estimators import (
    fit_estimator,
    give_log_odds,
    is_own,
    make_estimator,
    score_items,
)


class CalibratedEstimator(CalibratedClassifier):
    """A linear support vector machine, complement naive Bayes, trees, a stack, or a user's own.

    None of them has an interval.

    Parameters
    ----------
    settings : mapping
        Section ``models.outcome`` of the config; its ``kind`` is ``linear_svc``, ``complement_nb``,
        ``hist_gradient_boosting`` or ``stacked``, which is the logistic regression alone where
        cases are too few for folds, or names a user's classifier, made with ``params``. By
        default of the config ``c`` is 0.3 (inverse strength of the penalty), ``alpha`` 1 (of naive
        Bayes), ``calibration`` ``sigmoid`` on 3 folds, ``class_weight`` null, and the trees are 60
        of at most 8 leaves.
    n_facts : int
        Features that are facts; they come first. What follows are terms, which the trees see
        reduced to a few dimensions.
    seed : int
        Starts every random draw.

    Attributes
    ----------
    estimator_ : scikit-learn classifier
        Fitted on all items.
    is_probabilistic_ : bool
        Whether it knows probabilities; absent unless it is a user's own.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> settings = load_config(
    ...     overrides=["models.outcome.kind=complement_nb"]
    ... ).models.outcome.model_dump()
    >>> X = sparse.csr_matrix([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]] * 10)
    >>> fitted = CalibratedEstimator(settings, 0, 0).fit(
    ...     X, [True, False, False, False] * 10, cases=np.arange(40)
    ... )
    >>> fitted.predict_proba(X[:2])[:, 1].round(2).tolist()
    [0.47, 0.03]
    """

    def __init__(self, settings: Mapping[str, Any], n_facts: int, seed: int) -> None:
        self.settings = settings
        self.n_facts = n_facts
        self.seed = seed

    @property
    def gives_log_odds(self) -> bool:
        """Whether scores are log-odds as they stand.

        Distances to a margin are none, nor is what balanced classes shift. Naive Bayes counts every
        word that moves with another twice: its log-odds cost 0.53 of log loss on real letters
        (experiments/040-model-kinds).

        Returns
        -------
        bool
            Only trees and stacks without class weights give them, and owners' classifiers that
            know probabilities.
        """
        if is_own(self.settings["kind"]):
            return self.is_probabilistic_
        return (
            self.settings["kind"] not in ("linear_svc", "complement_nb")
            and self.settings["class_weight"] is None
        )

    def _fit(self, X: Any, y: Any, cases: Any, *, holds_out: bool) -> HeldOutScores | None:
        X, y, case_codes = self._learn_items(X, y, cases)
        if is_own(self.settings["kind"]):
            made = make_estimator(self.settings["kind"], self.settings["params"], self.seed)
            self.is_probabilistic_ = give_log_odds(made)
            if not self.is_probabilistic_ and self.settings["calibration"] == "none":
                raise ConfigError(
                    f"models.outcome.calibration: scores of {self.settings['kind']} are no "
                    "probabilities; expected sigmoid, isotonic, temperature or auto"
                )

        def fit_rows(rows: npt.NDArray[np.int64]) -> ClassifierMixin:
            estimator = self._make(X.shape[1], y[rows], case_codes[rows])
            if is_own(self.settings["kind"]):
                return fit_estimator(estimator, X[rows], y[rows])
            estimator.fit(X[rows], y[rows])
            # The folds of a stack are rows of its training items: of no use later.
            return (
                estimator.set_params(cv=None)
                if isinstance(estimator, StackingClassifier)
                else estimator
            )

        with one_thread():
            calibration = calibrate(
                lambda train, held_out: self._score(fit_rows(train), X[held_out]),
                y,
                case_codes,
                method=self.settings["calibration"],
                n_folds=self.settings["calibration_folds"],
                seed=self.seed,
                gives_log_odds=self.gives_log_odds,
                holds_out=holds_out,
            )
            self.calibrator_, self.calibration_note_, held_out = calibration
            self.estimator_ = fit_rows(np.arange(len(y)))
        return held_out

    def scores(self, X: Any) -> np.ndarray:
        """Score items before calibration.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_items,)
            Higher is likelier overturned.
        """
        with one_thread():
            return self._score(self.estimator_, sparse.csr_matrix(X))

    def coefficients(self) -> np.ndarray | None:
        """Tell what each feature adds to the score.

        Returns
        -------
        ndarray of shape (n_features,) or None
            None for trees and stacks, and for owners' classifiers that are no sum either.
        """
        if isinstance(self.estimator_, LinearSVC):
            return np.asarray(self.estimator_.coef_[0])
        if isinstance(self.estimator_, ComplementNB):
            return np.asarray(
                self.estimator_.feature_log_prob_[1] - self.estimator_.feature_log_prob_[0]
            )
        coefficients = getattr(self.estimator_, "coef_", None)
        if is_own(self.settings["kind"]) and coefficients is not None:
            one_row = np.atleast_2d(np.asarray(coefficients, dtype=float))
            return np.asarray(one_row[0]) if one_row.shape == (1, len(self.mean_)) else None
        return None

    def _score(self, estimator: Any, X: sparse.csr_matrix) -> npt.NDArray[np.float64]:
        if is_own(self.settings["kind"]):
            return score_items(estimator, X)
        return _score(estimator, X)

    def _make(self, n_features: int, y: npt.NDArray[np.bool_], cases: npt.NDArray[Any]) -> Any:
        settings, kind = self.settings, self.settings["kind"]
        if is_own(kind):
            return make_estimator(kind, settings["params"], self.seed)
        if kind == "linear_svc":
            return LinearSVC(
                C=settings["c"],
                class_weight=settings["class_weight"],
                random_state=self.seed,
                max_iter=10_000,
                tol=1e-3,
            )
        if kind == "complement_nb":
            return ComplementNB(alpha=settings["alpha"])
        if kind == "hist_gradient_boosting":
            return self._make_trees(n_features)
        members = [
            ("logistic", linear_model(settings["c"], class_weight=settings["class_weight"])),
            ("complement_nb", ComplementNB(alpha=settings["alpha"])),
            ("hist_gradient_boosting", self._make_trees(n_features)),
        ]
        folds, _ = calibration_folds(y, cases, settings["calibration_folds"], self.seed)
        if not folds:
            return members[0][1]
        stacked = StackingClassifier(members, LogisticRegression(), cv=folds)
        return stacked.set_output(transform="default")  # whatever sklearn.set_config asks for

    def _make_trees(self, n_features: int) -> Pipeline:
        trees = {
            name: value
            for name, value in self.settings["boosting"].items()
            if name != "n_components"
        }
        n_terms = n_features - self.n_facts
        n_components = min(self.settings["boosting"]["n_components"], n_terms)
        few_and_dense = ColumnTransformer(
            [
                ("facts", "passthrough", slice(0, self.n_facts)),
                (
                    "terms",
                    TruncatedSVD(n_components, random_state=self.seed),
                    slice(self.n_facts, None),
                ),
            ],
            sparse_threshold=0.0,
        ).set_output(transform="default")  # whatever sklearn.set_config asks for
        # Stopping early would hold out items whose case is learned from.
        boosted = HistGradientBoostingClassifier(
            early_stopping=False,
            class_weight=self.settings["class_weight"],
            random_state=self.seed,
            **trees,
        )
        return Pipeline([("few_and_dense", few_and_dense), ("boosted", boosted)])


def _score(estimator: Any, X: sparse.csr_matrix) -> np.ndarray:
    if hasattr(estimator, "decision_function"):
        return np.asarray(estimator.decision_function(X), dtype=float)
    log_p = estimator.predict_log_proba(X)
    return np.asarray(log_p[:, 1] - log_p[:, 0], dtype=float)
