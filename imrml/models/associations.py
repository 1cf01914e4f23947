"""How often denials were overturned where a record showed a line of the checklist: associations."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from imrml.deficiencies import cues_that_show
from imrml.models.deficiency import MIN_SHOWN
from imrml.models.linear import linear_model, one_thread
from imrml.models.log_odds import to_log_odds

_C = 1.0  # inverse strength of the penalty: a line that few items show moves little
_SMALLEST_RATE = 0.005


def checklist_lines() -> tuple[tuple[str, str], ...]:
    """List the lines of the checklist that a record can be seen to answer.

    Returns
    -------
    tuple of (str, str)
        Deficiency id and line, in the checklist's order.

    Examples
    --------
    >>> checklist_lines()[0][0]
    'no_functional_improvement'
    """
    return tuple(cues_that_show())


def lines_shown(matrix: Any, names: np.ndarray) -> np.ndarray:
    """Tell which lines of the checklist the record of each item shows.

    Parameters
    ----------
    matrix : sparse matrix of shape (n_items, n_features)
        Features, the ``shows=...`` columns among them.
    names : ndarray of str of shape (n_features,)
        Their names.

    Returns
    -------
    ndarray of bool of shape (n_items, n_lines)
        In the order of :func:`checklist_lines`.
    """
    places = {name: place for place, name in enumerate(names.tolist())}
    columns, needed = sparse.csc_matrix(matrix), cues_that_show()
    if not checklist_lines():  # a user's taxonomy may have none that cues show
        return np.zeros((columns.shape[0], 0), dtype=bool)
    return np.column_stack(
        [
            np.logical_and.reduce(
                [columns[:, [places[f"shows={cue}"]]].toarray()[:, 0] > 0 for cue in needed[line]]
            )
            for line in checklist_lines()
        ]
    )


class ChecklistAssociations(BaseEstimator):
    """Log-odds of being overturned with a line of the checklist shown, against it not shown.

    One regression on all lines.

    The outcome model itself cannot be asked by setting its columns, because its words speak for the
    same documents (experiments/050-documented-answers). The deficiency model can: it reads no word
    of what a record documents.

    Attributes
    ----------
    outcome_log_odds_ : ndarray of shape (n_lines,)
        Of either sign; NaN where fewer than ``MIN_SHOWN`` items show the line, or fewer do not.
    """

    def fit(self, is_shown: Any, overturned: Any, category_rates: Any) -> Self:
        """Fit on training items.

        Parameters
        ----------
        is_shown : ndarray of bool of shape (n_items, n_lines)
            Whether the record shows all that a line of :func:`checklist_lines` wants.
        overturned, category_rates : ndarrays of shape (n_items,)
            Decisions, and the rate overturned in each item's treatment category.

        Returns
        -------
        ChecklistAssociations
            Itself.
        """
        is_shown, overturned = (np.asarray(given, dtype=bool) for given in (is_shown, overturned))
        self.outcome_log_odds_: np.ndarray = np.full(is_shown.shape[1], np.nan)
        n_shown = is_shown.sum(axis=0)
        known = np.flatnonzero((n_shown >= MIN_SHOWN) & (len(is_shown) - n_shown >= MIN_SHOWN))
        if len(known) and overturned.any() and not overturned.all():
            expected = to_log_odds(category_rates, _SMALLEST_RATE)
            with one_thread():
                fitted = linear_model(_C).fit(
                    np.column_stack([is_shown[:, known], expected]), overturned
                )
            self.outcome_log_odds_[known] = fitted.coef_[0, :-1]
        return self

    def move(self, p: float, lines: Sequence[int]) -> float:
        """Give P(overturned) with some lines shown besides; lines not known of move nothing.

        Parameters
        ----------
        p : float
            Probability as it is, 0 to 1.
        lines : sequence of int
            Places in :func:`checklist_lines`.

        Returns
        -------
        float
            Probability, 0 to 1.
        """
        check_is_fitted(self)
        by = float(np.nansum(self.outcome_log_odds_[list(lines)])) if lines else 0.0
        return p if by == 0 else float(expit(logit(p) + by))
