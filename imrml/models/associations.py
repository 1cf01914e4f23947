"""How often a fault was found where the record showed what answers it: an association, stated apart from the probabilities."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from imrml.deficiencies import cues_that_show, deficiency_ids
from imrml.models.outcome import linear_model, one_thread

MIN_ITEMS = 10
"""Training items that must show a line, and as many that must not, before anything is said of it."""
_C = 1.0  # inverse strength of the penalty: a line that few items show moves little
_SMALLEST_RATE = 0.005


def checklist_lines() -> tuple[tuple[str, str], ...]:
    """List the lines that a record can be seen to answer: (deficiency id, line), in the checklist's order.

    Examples
    --------
    >>> checklist_lines()[0][0]
    'no_functional_improvement'
    """
    return tuple(cues_that_show())


def lines_shown(matrix: Any, names: np.ndarray) -> np.ndarray:
    """Tell which lines of the checklist the record of each row of a feature matrix shows, bool of shape (n_items, n_lines).

    Parameters
    ----------
    matrix : sparse matrix of shape (n_items, n_features)
        Features, the ``shows=...`` columns among them.
    names : ndarray of str of shape (n_features,)
        Their names.
    """
    places = {name: place for place, name in enumerate(names.tolist())}
    columns, needed = sparse.csc_matrix(matrix), cues_that_show()
    return np.column_stack(
        [
            np.logical_and.reduce([columns[:, [places[f"shows={cue}"]]].toarray()[:, 0] > 0 for cue in needed[line]])
            for line in checklist_lines()
        ]
    )


class ChecklistAssociations(BaseEstimator):
    """Log-odds of being faulted, and of being overturned, with a line of the checklist shown, against it not shown.

    One logistic regression a deficiency on all its lines together, beside the deficiency's rate in the treatment category, and
    one for the outcome on all lines. A line that goes with more faults of the very kind it answers is left out of its regression:
    that says who sends it, not what it does. The deficiency model itself cannot be asked by setting its columns, because its
    words speak for the same documents (experiments/050-documented-answers).

    Attributes
    ----------
    deficiency_log_odds_ : ndarray of shape (n_lines,)
        Never above 0; NaN where fewer than ``MIN_ITEMS`` labelled items show the line, or fewer do not, or its deficiency is
        predicted by a prior.
    outcome_log_odds_ : ndarray of shape (n_lines,)
        Of either sign; NaN where too few items show the line or do not.
    n_shown_ : ndarray of int of shape (n_lines,)
        Labelled items that show it.
    n_items_ : int
        Labelled items.
    """

    def fit(  # noqa: PLR0917 - both halves of what is known of each item
        self,
        is_shown: Any,
        overturned: Any,
        category_rates: Any,
        labelled: Any,
        labels: Any,
        label_rates: Any,
        is_prior: Any,
    ) -> Self:
        """Fit on training items.

        Parameters
        ----------
        is_shown : ndarray of bool of shape (n_items, n_lines)
            Whether the record shows all that a line of :func:`checklist_lines` wants.
        overturned, category_rates : ndarrays of shape (n_items,)
            Decisions, and the rate overturned in each item's treatment category.
        labelled : ndarray of int of shape (n_labelled,)
            Rows whose deficiencies are known.
        labels, label_rates : ndarrays of shape (n_labelled, 18)
            Deficiencies (bool), and their rates in each item's treatment category.
        is_prior : ndarray of bool of shape (18,)
            Deficiencies of which nothing is said.
        """
        is_shown, overturned, labels = (np.asarray(given, dtype=bool) for given in (is_shown, overturned, labels))
        of_labelled = is_shown[labelled]
        self.n_items_ = len(labelled)
        self.n_shown_ = of_labelled.sum(axis=0)
        self.deficiency_log_odds_: np.ndarray = np.full(is_shown.shape[1], np.nan)
        ids = [id_ for id_, _ in checklist_lines()]
        for label, id_ in enumerate(deficiency_ids()):
            lines = [line for line in np.flatnonzero(_is_known(of_labelled)) if ids[line] == id_]
            if lines and not is_prior[label]:
                rates = np.asarray(label_rates)[:, label]
                self.deficiency_log_odds_[lines] = _lowering(of_labelled[:, lines], labels[:, label], rates)
        self.outcome_log_odds_: np.ndarray = np.full(is_shown.shape[1], np.nan)
        known = np.flatnonzero(_is_known(is_shown))
        if len(known) and overturned.any() and not overturned.all():
            self.outcome_log_odds_[known] = _log_odds(is_shown[:, known], overturned, np.asarray(category_rates))
        return self

    def move(self, p: float, lines: Sequence[int], log_odds: np.ndarray) -> float:
        """Give the probability with some lines shown besides; lines of which nothing is known move nothing.

        Parameters
        ----------
        p : float
            Probability as it is, 0 to 1.
        lines : sequence of int
            Places in :func:`checklist_lines`.
        log_odds : ndarray of shape (n_lines,)
            One of the two attributes.
        """
        check_is_fitted(self)
        by = float(np.nansum(log_odds[list(lines)])) if lines else 0.0
        return p if by == 0 else float(expit(logit(p) + by))


def _is_known(is_shown: np.ndarray) -> np.ndarray:
    n_shown = is_shown.sum(axis=0)
    return np.asarray((n_shown >= MIN_ITEMS) & (len(is_shown) - n_shown >= MIN_ITEMS))


def _lowering(is_shown: np.ndarray, label: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Fit without the lines of the wrong sign, until none has it."""
    log_odds = np.zeros(is_shown.shape[1])
    kept = np.arange(is_shown.shape[1])
    while len(kept):
        found = _log_odds(is_shown[:, kept], label, rates)
        if (found <= 0).all():
            log_odds[kept] = found
            break
        kept = kept[found <= 0]
    return log_odds


def _log_odds(is_shown: np.ndarray, y: np.ndarray, rates: np.ndarray) -> np.ndarray:
    expected = logit(np.clip(rates, _SMALLEST_RATE, 1 - _SMALLEST_RATE))
    with one_thread():
        fitted = linear_model(_C).fit(np.column_stack([is_shown, expected]), y)
    return np.asarray(fitted.coef_[0, :-1])
