"""Log-odds to probabilities by scikit-learn's calibrators, fitted on case-grouped folds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils.validation import check_is_fitted

from imrml.models.log_odds import to_log_odds

Folds = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]

METHODS = ("temperature", "sigmoid", "isotonic")
"""scikit-learn's, the fewest free numbers first; of equals the first is chosen."""


@dataclass(frozen=True, eq=False)
class HeldOutScores:
    """What items score under a model that never saw their cases.

    Parameters
    ----------
    folds : sequence of (train, held out)
        Row positions; each item is held out once.
    log_odds : ndarray of shape (n_items,)
        Calibrated on the other folds' held-out items.
    item_weights : ndarray of shape (n_items,), optional
        How much each item counts, 0 to 1, where old ones count less.
    """

    folds: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]
    log_odds: npt.NDArray[np.float64]
    item_weights: npt.NDArray[np.float64] | None = None


class Calibration(NamedTuple):
    """A calibrator with what was found on the way.

    Parameters
    ----------
    calibrator : ScoreCalibrator or None
        None where scores are to be read as log-odds.
    note : str
        Why there is none although one was asked for; ``""`` otherwise.
    held_out : HeldOutScores or None
        None where nobody asked, or cases were too few for folds.
    """

    calibrator: "ScoreCalibrator | None"
    note: str
    held_out: HeldOutScores | None


class ScoreCalibrator(BaseEstimator):
    """One of scikit-learn's maps from a score to a probability.

    Parameters
    ----------
    method : {'none', 'sigmoid', 'isotonic', 'temperature', 'auto'}
        ``auto`` takes the one whose held-out log loss is least: each is fitted on the scores of all
        folds but one and measured on that one. ``none`` reads scores as log-odds. The config's
        default is ``sigmoid``.
    n_folds : int
        Folds of ``auto``, which never part the items of a case; 3 by default of the config.
    seed : int
        Deals the folds.
    gives_log_odds : bool, default=True
        Whether the scores are log-odds as they stand, so that ``auto`` may also take ``none``.

    Attributes
    ----------
    method_ : str
        The one that was fitted.
    losses_ : dict of str to float
        Held-out log loss of each that ``auto`` compared; empty otherwise.
    map_ : object or None
        scikit-learn's calibrator; None for ``none``.

    Examples
    --------
    >>> scores, truth = (
    ...     np.array([-3.0, -2.0, 2.0, 3.0] * 20),
    ...     np.array([False, True, False, True] * 20),
    ... )
    >>> calibrator = ScoreCalibrator("temperature", 3, 0).fit(scores, truth, np.arange(80))
    >>> calibrator.predict([-2.0, 0.0, 2.0]).round(2).tolist()
    [0.42, 0.5, 0.58]
    """

    def __init__(self, method: str, n_folds: int, seed: int, gives_log_odds: bool = True) -> None:
        self.method = method
        self.n_folds = n_folds
        self.seed = seed
        self.gives_log_odds = gives_log_odds

    def fit(
        self, scores: npt.NDArray[np.float64], y: npt.NDArray[np.bool_], cases: npt.NDArray[Any]
    ) -> Self:
        """Fit on scores that held-out items received.

        Parameters
        ----------
        scores : ndarray of shape (n_items,)
            Scores.
        y : ndarray of bool of shape (n_items,)
            Whether each item was overturned.
        cases : ndarray of shape (n_items,)
            Case of each item.

        Returns
        -------
        ScoreCalibrator
            Itself.
        """
        self.losses_: dict[str, float] = {}
        self.method_ = self.method
        if self.method == "auto":
            self.losses_ = self._compare(scores, y, cases)
            # Where cases are too few for folds of folds, the map with a slope and an offset is the
            # safe one.
            self.method_ = min(self.losses_, key=self.losses_.__getitem__, default="sigmoid")
        self.map_ = _fit_map(self.method_, scores, y)
        return self

    def _compare(
        self, scores: npt.NDArray[np.float64], y: npt.NDArray[np.bool_], cases: npt.NDArray[Any]
    ) -> dict[str, float]:
        folds, _ = calibration_folds(y, cases, self.n_folds, self.seed)
        if not folds:
            return {}
        losses = {}
        for method in ("none", *METHODS) if self.gives_log_odds else METHODS:
            p_held_out = np.zeros(len(y))
            for train, held_out in folds:
                p_held_out[held_out] = _apply_map(
                    _fit_map(method, scores[train], y[train]), scores[held_out]
                )
            losses[method] = float(log_loss(y, p_held_out, labels=[False, True]))
        return losses

    def predict(self, scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map scores to probabilities.

        Parameters
        ----------
        scores : array-like of shape (n_items,)
            Scores.

        Returns
        -------
        ndarray of shape (n_items,)
            P(overturned).
        """
        check_is_fitted(self)
        return _apply_map(self.map_, np.asarray(scores, dtype=float))

    @property
    def line(self) -> tuple[float, float] | None:
        """Slope and offset from scores to log-odds.

        Returns
        -------
        (float, float) or None
            None for an isotonic map, which is no line.
        """
        if self.method_ == "sigmoid":
            return -float(self.map_.a_), -float(self.map_.b_)
        if self.method_ == "temperature":  # of the two log-odds -x and x
            return 2 * float(self.map_.beta_), 0.0
        return None if self.method_ == "isotonic" else (1.0, 0.0)


def _fit_map(method: str, scores: npt.NDArray[np.float64], y: npt.NDArray[np.bool_]) -> Any:
    if method == "none":
        return None
    as_it_stands = LogisticRegression()
    as_it_stands.classes_, as_it_stands.n_features_in_ = np.array([False, True]), 1
    as_it_stands.coef_, as_it_stands.intercept_ = np.ones((1, 1)), np.zeros(1)
    calibrated = CalibratedClassifierCV(FrozenEstimator(as_it_stands), method=method, cv=2).fit(
        scores[:, None], y
    )
    return calibrated.calibrated_classifiers_[0].calibrators[0]


def _apply_map(fitted: Any, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if fitted is None:
        return np.asarray(expit(scores), dtype=float)
    p = np.asarray(fitted.predict(scores), dtype=float)
    return p[:, 1] if p.ndim == 2 else p  # temperature scaling tells both classes


def calibrate(
    make_scores: Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float64]],
    y: npt.NDArray[np.bool_],
    cases: npt.NDArray[Any],
    *,
    method: str,
    n_folds: int,
    seed: int,
    gives_log_odds: bool = True,
    holds_out: bool = False,
) -> Calibration:
    """Fit a calibrator on what each fold's held-out cases score.

    Parameters
    ----------
    make_scores : callable
        Given the row positions to fit on and to score, gives the scores of the latter.
    y, cases : ndarray of shape (n_items,)
        Decisions (bool) and cases.
    method, n_folds, seed, gives_log_odds
        See :class:`ScoreCalibrator`.
    holds_out : bool, default=False
        Whether the held-out items' own log-odds are wanted too.

    Returns
    -------
    Calibration
        Calibrator, note, and held-out log-odds.
    """
    if method == "none" and not holds_out:
        return Calibration(None, "", None)
    folds, note = calibration_folds(y, cases, n_folds, seed)
    if not folds:
        return Calibration(None, "" if method == "none" else note, None)
    scores = score_folds(make_scores, folds, len(y))
    calibrator, note = None, ""
    if method != "none":
        calibrator = ScoreCalibrator(method, n_folds, seed, gives_log_odds).fit(scores, y, cases)
        if calibrator.line is not None and calibrator.line[0] <= 0:
            # Held-out items score the wrong way round: there is no signal, and a calibrator would
            # invert every reason.
            calibrator = None
            note = (
                "not calibrated: on the folds' held-out cases higher scores were overturned less "
                "often"
            )
    if not holds_out:
        return Calibration(calibrator, note, None)
    log_odds = scores
    if calibrator is not None:
        method = calibrator.method_
        p = score_folds(
            lambda train, unseen: _apply_map(
                _fit_map(method, scores[train], y[train]), scores[unseen]
            ),
            folds,
            len(y),
        )
        log_odds = to_log_odds(p)
    elif not gives_log_odds:  # without a calibrator the model answers with the rate
        log_odds = np.full(len(y), logit(y.mean()))
    return Calibration(calibrator, note, HeldOutScores(folds, log_odds))


def score_folds(
    make_scores: Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float64]],
    folds: Folds,
    n_items: int,
) -> npt.NDArray[np.float64]:
    """Score every item by what was fitted on the folds that do not hold its case.

    Parameters
    ----------
    make_scores : callable
        Given the row positions to fit on and to score, gives the scores of the latter.
    folds : list of (train, held out)
        From :func:`calibration_folds`.
    n_items : int
        Of all folds together.

    Returns
    -------
    ndarray of shape (n_items,)
        Scores.
    """
    scores = np.zeros(n_items)
    for train, held_out in folds:
        scores[held_out] = make_scores(train, held_out)
    return scores


def calibration_folds(
    y: np.ndarray, cases: np.ndarray, n_folds: int, seed: int
) -> tuple[Folds, str]:
    """Make folds that keep each case whole and hold both decisions on both sides.

    Parameters
    ----------
    y : ndarray of bool of shape (n_items,)
        Whether each item is overturned.
    cases : ndarray of shape (n_items,)
        Case of each item.
    n_folds, seed : int
        Number of folds and start of the draw.

    Returns
    -------
    folds : list of (train, held out) row positions
        Empty where such folds cannot be made.
    note : str
        Why not; ``""`` where they can.

    Examples
    --------
    >>> folds, note = calibration_folds(np.array([True, False] * 6), np.arange(12) // 2, 3, 0)
    >>> len(folds), note
    (3, '')
    >>> calibration_folds(np.array([True, False, False]), np.arange(3), 3, 0)[1]
    'not calibrated: 3 folds need 3 cases of either decision; found 1 overturned and 2 upheld'
    """
    n_overturned, n_upheld = len(np.unique(cases[y])), len(np.unique(cases[~y]))
    note = (
        f"not calibrated: {n_folds} folds need {n_folds} cases of either decision; "
        f"found {n_overturned} overturned and {n_upheld} upheld"
    )
    if min(n_overturned, n_upheld) < n_folds:
        return [], note
    folds = list(
        StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(
            np.zeros(len(y)), y, groups=cases
        )
    )
    if all(0 < y[rows].sum() < len(rows) for fold in folds for rows in fold):
        return folds, ""
    return [], f"{note}, but in a fold only one decision"
