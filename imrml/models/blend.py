"""P(overturned) expected to be best: a model's log-odds averaged with those of both priors."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from imrml.models.calibration import HeldOutScores
from imrml.models.linear import one_thread
from imrml.models.log_odds import SUREST, to_log_odds
from imrml.models.priors import CategoryPrior

MEMBERS = ("class_prior", "category_prior", "model")
"""What is averaged, in the order of the weights."""
CENTER = (0.125, 0.125, 0.75)
"""Weights where folds say nothing."""
_CASES_OF_CENTER = 10.0
"""How hard the folds must pull: a squared distance of one from the center costs as much as ten nats
over all cases. Freely chosen weights cost more on 158 letters than they gave
(experiments/063-expected-model)."""

_Floats = npt.NDArray[np.float64]


class PriorBlend(BaseEstimator):
    """Weighted average, in log-odds, of class prior, category prior and a model.

    The weights are not negative and sum to one. They are those of the least log loss on what folds
    of cases hold out, drawn towards three quarters for the model: a few hundred letters cannot tell
    them well, some thousands can.

    Parameters
    ----------
    shrinkage : float or None
        Of the category prior, which is counted anew in each fold.

    Attributes
    ----------
    weights_ : ndarray of shape (3,)
        Of ``MEMBERS``.
    is_chosen_ : bool
        Whether folds chose them; else cases were too few and they are ``CENTER``.

    Examples
    --------
    >>> y, cases = np.arange(400) % 4 == 0, np.arange(400)
    >>> folds = [(np.arange(400) % 2 == side, np.arange(400) % 2 != side) for side in (0, 1)]
    >>> folds = [tuple(map(np.flatnonzero, fold)) for fold in folds]
    >>> y[1::8] = True
    >>> knows, guesses = np.where(y, 1.0, -2.0), np.resize([1.0, -2.0, -2.0], 400)
    >>> for scores in (knows, guesses):
    ...     held_out = HeldOutScores(folds, scores)
    ...     blend = PriorBlend(None).fit(held_out, ["opioid"] * 400, y, cases)
    ...     print(bool(blend.weights_[2] > 0.5))
    True
    False
    """

    def __init__(self, shrinkage: float | None) -> None:
        self.shrinkage = shrinkage

    def fit(
        self,
        held_out: HeldOutScores | None,
        categories: Sequence[str],
        y: npt.NDArray[np.bool_],
        cases: npt.NDArray[Any],
    ) -> Self:
        """Choose the weights.

        Parameters
        ----------
        held_out : HeldOutScores or None
            Log-odds that the model gave items of cases that it was not fitted on, and the folds;
            None where cases were too few for folds.
        categories : sequence of str of length n_items
            Treatment category of each item.
        y : ndarray of bool of shape (n_items,)
            Decisions.
        cases : ndarray of shape (n_items,)
            Case of each item.

        Returns
        -------
        PriorBlend
            Itself.
        """
        self.weights_, self.is_chosen_ = np.array(CENTER), held_out is not None
        if held_out is None:
            return self
        names = np.asarray(categories, dtype=object)
        members = np.zeros((len(y), len(MEMBERS)))
        for train, unseen in held_out.folds:
            prior = CategoryPrior(self.shrinkage).fit(names[train], y[train], cases[train])
            members[unseen] = stack_log_odds(
                prior.rate_, prior.predict_proba(names[unseen])[:, 1], held_out.log_odds[unseen]
            )
        counts = np.ones(len(y)) if held_out.item_weights is None else held_out.item_weights
        per_item = counts * len(np.unique(cases)) / len(y)

        def cost(weights: _Floats) -> tuple[float, _Floats]:
            log_odds, away = members @ weights, weights - CENTER
            losses = np.logaddexp(0, np.where(y, -log_odds, log_odds))
            slope = members.T @ (per_item * (expit(log_odds) - y))
            return (
                float(per_item @ losses + _CASES_OF_CENTER * away @ away),
                slope + 2 * _CASES_OF_CENTER * away,
            )

        with one_thread():
            found = minimize(
                cost,
                np.array(CENTER),
                jac=True,
                method="SLSQP",
                bounds=[(0.0, 1.0)] * len(MEMBERS),
                constraints={
                    "type": "eq",
                    "fun": lambda weights: weights.sum() - 1,
                    "jac": np.ones_like,
                },
            )
        weights = np.clip(found.x, 0.0, None)
        self.weights_ = weights / weights.sum()
        return self

    def average(self, class_rate: float, category_rates: _Floats, log_odds: _Floats) -> _Floats:
        """Average the log-odds of some items.

        Parameters
        ----------
        class_rate : float
            Share of overturned training items.
        category_rates : ndarray of shape (n_items,)
            The category prior's probabilities.
        log_odds : ndarray of shape (n_items,)
            The model's.

        Returns
        -------
        ndarray of shape (n_items,)
            Log-odds.
        """
        check_is_fitted(self)
        members = stack_log_odds(class_rate, category_rates, log_odds)
        # Not a matrix product, whose last digit hangs on how many items are asked about.
        of_class, of_category, of_model = (members * self.weights_).T
        blended: _Floats = of_class + of_category + of_model
        return blended

    @property
    def sentence(self) -> str:
        """What is averaged, in words.

        Returns
        -------
        str
            One sentence.
        """
        of_class, of_category, of_model = (f"{weight:.0%}" for weight in self.weights_)
        words = (
            f"the answer is {of_model} the model's, {of_category} the rate of the treatment "
            f"category and {of_class} the rate overall, averaged in log-odds"
        )
        return words if self.is_chosen_ else f"{words}; cases are too few to choose these weights"


def stack_log_odds(class_rate: float, category_rates: _Floats, log_odds: _Floats) -> _Floats:
    """Put the log-odds of the members side by side.

    Parameters
    ----------
    class_rate : float
        Share overturned.
    category_rates : ndarray of shape (n_items,)
        The category prior's probabilities.
    log_odds : ndarray of shape (n_items,)
        The model's.

    Returns
    -------
    ndarray of shape (n_items, 3)
        In the order of ``MEMBERS``; none beyond what a probability of 0.0001 or 0.9999 means.
    """
    return np.column_stack(
        [
            np.full(len(log_odds), to_log_odds(np.array(class_rate))),
            to_log_odds(category_rates),
            np.clip(log_odds, logit(SUREST), -logit(SUREST)),
        ]
    )
