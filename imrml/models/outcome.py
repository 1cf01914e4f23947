"""P(overturned) by a calibrated logistic regression, and what all models of the features share.

All are scikit-learn classifiers with classes ``[False, True]`` for upheld and overturned.
"""

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.special import expit, ndtri
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from imrml.errors import NotEnoughDataError
from imrml.models.bootstrap_refits import refit_on_other_cases
from imrml.models.calibration import HeldOutScores, ScoreCalibrator, calibrate
from imrml.models.linear import STOP, linear_model, one_thread
from imrml.models.priors import two_columns

# Of the folds that the two numbers of a calibrator come from, once items are many: half of the time
# (048-interval-and-cost).
_STOP_OF_FOLDS, _MANY_ITEMS = 1e-4, 10_000
# What a fact weighs differs from item to item by about this share of its weight, which no spread of
# refits tells: chosen so that the interval holds the truth of invented letters as often as it says
# (experiments/048-interval-and-cost).
_SCATTER = 0.25


class CalibratedClassifier(ClassifierMixin, BaseEstimator):
    """What all models of the feature matrix share: scores that are mapped to probabilities.

    Attributes
    ----------
    rate_ : float
        Share of overturned training items: the answer where scores are no log-odds and could not be
        calibrated.
    calibrator_ : ScoreCalibrator or None
        None where scores are read as log-odds, or where cases were too few.
    calibration_note_ : str
        Why there is none although it was asked for; ``""`` otherwise.
    mean_ : ndarray of shape (n_features,)
        The average training item.
    """

    gives_interval = False
    calibrator_: ScoreCalibrator | None

    @property
    def gives_log_odds(self) -> bool:
        """Whether scores are log-odds as they stand.

        Returns
        -------
        bool
            Else they are only mapped to probabilities by a calibrator.
        """
        return True

    def fit(self, X: Any, y: Any, cases: Any, **known: Any) -> Self:
        """Fit the model and its calibrator.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.
        y : array of bool of shape (n_items,)
            Whether each item was overturned.
        cases : array of shape (n_items,)
            Case of each item.
        **known : Any
            What else a kind needs to know of the items or the features.

        Returns
        -------
        CalibratedClassifier
            Itself.

        Raises
        ------
        NotEnoughDataError
            ``y`` holds one decision only.
        """
        self._fit(X, y, cases, holds_out=False, **known)
        return self

    def fit_and_hold_out(self, X: Any, y: Any, cases: Any, **known: Any) -> HeldOutScores | None:
        """Fit as :meth:`fit` does, and score each item without its case besides.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.
        y : array of bool of shape (n_items,)
            Whether each item was overturned.
        cases : array of shape (n_items,)
            Case of each item.
        **known : Any
            What else a kind needs to know of the items or the features.

        Returns
        -------
        HeldOutScores or None
            None where cases are too few for folds.
        """
        return self._fit(X, y, cases, holds_out=True, **known)

    @abstractmethod
    def _fit(self, X: Any, y: Any, cases: Any, *, holds_out: bool) -> HeldOutScores | None:
        """Fit, and hold out each fold's cases if asked."""

    def _learn_items(
        self, X: Any, y: Any, cases: Any
    ) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
        """Check what is fitted on; gives matrix, decisions (bool) and a number for each case."""
        y = np.asarray(y, dtype=bool)
        if y.all() or not y.any():
            raise NotEnoughDataError(
                f"the outcome model needs upheld and overturned items; found {y.sum()} overturned "
                f"of {len(y)}"
            )
        X = sparse.csr_matrix(X)
        self.classes_ = np.array([False, True])
        self.rate_ = float(y.mean())
        self.mean_ = np.asarray(X.mean(axis=0)).ravel()
        return X, y, np.unique(np.asarray(cases, dtype=str), return_inverse=True)[1]

    @abstractmethod
    def scores(self, X: Any) -> np.ndarray:
        """Score items: log-odds before calibration where ``gives_log_odds``.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_items,)
            Higher is likelier overturned.
        """

    def coefficients(self) -> np.ndarray | None:
        """Tell what each feature adds to the score.

        Returns
        -------
        ndarray of shape (n_features,) or None
            None where the score is no sum over features.
        """
        return None

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict calibrated probabilities.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_items, 2)
            P(upheld), P(overturned).
        """
        check_is_fitted(self)
        return two_columns(self._calibrated(self.scores(X)))

    def predict(self, X: Any) -> np.ndarray:
        """Give the likelier decision.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.

        Returns
        -------
        ndarray of bool of shape (n_items,)
            Whether "overturned" is likelier.
        """
        return self.predict_proba(X)[:, 1] > 0.5

    def predict_interval(self, X: Any, level: float) -> np.ndarray:  # noqa: ARG002 the signature of those that have one
        """Give no interval for P(overturned): this kind has none.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.
        level : float
            Between 0 and 1; not looked at.

        Returns
        -------
        ndarray of shape (n_items, 2)
            NaN.
        """
        check_is_fitted(self)
        return np.full((X.shape[0], 2), np.nan)

    def contributions(self, X: Any) -> sparse.csr_matrix:
        """Give the calibrated log-odds that each feature adds to those of the average item.

        Only features that the item shows count, so that a reason is always something that stands in
        the request. An isotonic map has no slope; there, the scores are those before calibration.
        Nothing where the score is no sum over features.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.

        Returns
        -------
        sparse matrix of shape (n_items, n_features)
            Empty where the score is no sum over features.
        """
        matrix, coefficients = sparse.csr_matrix(X, dtype=float, copy=True), self.coefficients()
        if coefficients is None:
            return sparse.csr_matrix(matrix.shape)
        away = matrix.data - self.mean_[matrix.indices]
        matrix.data = away * coefficients[matrix.indices] * self._line()[0]
        return matrix

    def _calibrated(self, scores: np.ndarray) -> np.ndarray:
        if self.calibrator_ is not None:
            return self.calibrator_.predict(scores)
        if self.gives_log_odds:
            return np.asarray(expit(scores), dtype=float)
        return np.full(len(scores), self.rate_)

    def _line(self) -> tuple[float, float]:
        """Slope and offset from scores to calibrated log-odds; an isotonic map has neither."""
        if self.calibrator_ is None:
            return 1.0 if self.gives_log_odds else 0.0, 0.0
        return self.calibrator_.line or (1.0, 0.0)


class CalibratedLogistic(CalibratedClassifier):
    """L2-penalised logistic regression, calibrated on case-grouped folds, with refits by case.

    Parameters
    ----------
    c : float
        Inverse strength of the penalty; 0.3 by default of the config.
    calibration : {'none', 'sigmoid', 'isotonic', 'temperature', 'auto'}
        How the scores that each fold's held-out cases receive are mapped to probabilities; see
        ``ScoreCalibrator``. The config's default is ``sigmoid``.
    calibration_folds : int
        Folds that never part the items of a case; 3 by default of the config.
    n_refits : int
        Refits on resampled cases behind the interval, 20 by default of the config; with fewer than
        two there is none.
    seed : int
        Starts the draws of folds and refits.
    class_weight : {'balanced'} or None, default=None
        With ``balanced`` both decisions weigh the same together; the calibration undoes the shift
        of the probabilities.

    Attributes
    ----------
    linear_ : LogisticRegression
        Fitted on all items.
    coefficient_moves_ : ndarray of float32 of shape (n_refits, n_features)
        What each refit adds to the coefficients.
    intercept_moves_ : ndarray of float32 of shape (n_refits,)
        What each refit adds to the intercept.

    Examples
    --------
    >>> X, y = sparse.csr_matrix(np.eye(2)[[0, 0, 1, 1] * 20]), np.array([1, 1, 0, 1] * 20)
    >>> settings = {"c": 1.0, "calibration": "none", "calibration_folds": 3, "n_refits": 0}
    >>> model = CalibratedLogistic(**settings, seed=0).fit(X, y, cases=np.arange(80))
    >>> model.predict_proba(sparse.csr_matrix(np.eye(2)))[:, 1].round(1).tolist()
    [1.0, 0.5]
    >>> CalibratedLogistic(**settings, seed=0).fit(X, np.ones(80), cases=np.arange(80))
    Traceback (most recent call last):
    imrml.errors.NotEnoughDataError: the outcome model needs upheld and overturned items; ...
    """

    gives_interval = True

    def __init__(  # noqa: PLR0917 - the section of a config
        self,
        c: float,
        calibration: str,
        calibration_folds: int,
        n_refits: int,
        seed: int,
        class_weight: str | None = None,
    ) -> None:
        self.c = c
        self.calibration = calibration
        self.calibration_folds = calibration_folds
        self.n_refits = n_refits
        self.seed = seed
        self.class_weight = class_weight

    @property
    def gives_log_odds(self) -> bool:
        """Whether scores are log-odds as they stand.

        Returns
        -------
        bool
            Balanced classes shift them.
        """
        return getattr(self, "class_weight", None) is None

    def _fit(self, X: Any, y: Any, cases: Any, *, holds_out: bool) -> HeldOutScores | None:
        X, y, case_codes = self._learn_items(X, y, cases)

        def fit_linear(rows: np.ndarray, stop: float) -> LogisticRegression:
            return linear_model(self.c, stop, self.class_weight).fit(X[rows], y[rows])

        stop_of_folds = _STOP_OF_FOLDS if len(y) >= _MANY_ITEMS else STOP

        with one_thread():
            calibration = calibrate(
                lambda train, held_out: fit_linear(train, stop_of_folds).decision_function(
                    X[held_out]
                ),
                y,
                case_codes,
                method=self.calibration,
                n_folds=self.calibration_folds,
                seed=self.seed,
                gives_log_odds=self.gives_log_odds,
                holds_out=holds_out,
            )
            self.calibrator_, self.calibration_note_, held_out = calibration
            self.linear_ = fit_linear(np.arange(len(y)), STOP)
            self._refit(X, y, case_codes)
        return held_out

    def scores(self, X: Any) -> np.ndarray:
        """Give the log-odds before calibration.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_items,)
            Log-odds.
        """
        # As its decision_function, without a look at each value of a matrix of our own.
        return np.asarray(X @ self.linear_.coef_.T + self.linear_.intercept_).ravel()

    def coefficients(self) -> np.ndarray:
        """Tell what each feature adds to the log-odds.

        Returns
        -------
        ndarray of shape (n_features,)
            Log-odds a unit.
        """
        return np.asarray(self.linear_.coef_[0])

    def _refit(self, X: sparse.csr_matrix, y: np.ndarray, case_codes: np.ndarray) -> None:
        """Refit on resampled cases; the features stay as they are."""
        moved = refit_on_other_cases(
            X,
            y,
            case_codes,
            item_weights=compute_sample_weight(self.class_weight, y),
            start=np.append(self.linear_.coef_[0], self.linear_.intercept_),
            c=self.c,
            n_refits=self.n_refits,
            seed=self.seed,
        )
        self.coefficient_moves_ = moved[:, :-1].astype(np.float32)
        self.intercept_moves_ = moved[:, -1].astype(np.float32)

    def predict_interval(self, X: Any, level: float) -> np.ndarray:
        """Give an interval for P(overturned), which holds the score.

        A normal interval in log-odds: around the refits' mean, because few overturned items pull
        the fit up, and as wide as the refits spread and as weights differ from item to item: what
        much is said of is off by more. Twenty refits hold too few for percentiles. It holds the
        score. How often it holds the truth of invented letters: experiments/004-interval-coverage
        and 048-interval-and-cost.

        Parameters
        ----------
        X : sparse matrix of shape (n_items, n_features)
            Features.
        level : float
            How often the interval should hold the truth, between 0 and 1.

        Returns
        -------
        ndarray of shape (n_items, 2)
            Lower and upper end; NaN with fewer than two refits.
        """
        check_is_fitted(self)
        log_odds = self.scores(X)
        is_uncalibrated = self.calibrator_ is None and not self.gives_log_odds
        if self.n_refits < 2 or is_uncalibrated:
            return np.full((len(log_odds), 2), np.nan)
        shown = np.unique(X.indices)  # of a hundred thousand crosses a request bears a hundred
        moves = (
            np.asarray(X[:, shown] @ self.coefficient_moves_[:, shown].T.astype(float))
            + self.intercept_moves_
        )
        # A calibrator that flattens the scores was itself estimated from few cases: it moves the
        # middle, never narrows the rest (narrowed, 90 % intervals of 150 letters held the truth for
        # half of the items; experiments/004-interval-coverage).
        has_line = self.calibrator_ is None or self.calibrator_.line is not None
        slope, offset = self._line()
        stretch = max(1.0, slope) if has_line else 1.0
        scatter = _SCATTER * np.sqrt(sparse.csr_matrix(X).power(2) @ self.coefficients() ** 2)
        reach = ndtri((1 + level) / 2) * stretch * np.hypot(moves.std(axis=1, ddof=1), scatter)
        middle = slope * log_odds + offset + stretch * moves.mean(axis=1)
        to_probability = expit if has_line else self._calibrated
        p = self._calibrated(log_odds)
        return np.column_stack(
            [
                np.minimum(to_probability(middle - reach), p),
                np.maximum(to_probability(middle + reach), p),
            ]
        )
