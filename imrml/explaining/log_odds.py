"""The log-odds of an answer as a sum: where it begins, what moved it, and all that is left."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from imrml.explaining.explanation import Contribution
from imrml.models import ReviewModel
from imrml.models.inputs import Inputs
from imrml.scoring.in_words import compute_points

N_CONTRIBUTIONS = 12
_SUREST = 1e-15
"""No log-odds are told beyond those of this probability."""


@dataclass(frozen=True, slots=True)
class LogOddsSum:
    """What adds up to the log-odds of an answer.

    Parameters
    ----------
    base : float
        Of the average training item.
    contributions : tuple of Contribution
        Strongest first.
    rest : float
        What the request does not show, what moved less, and the curve of a calibration that is no
        line.
    """

    base: float
    contributions: tuple[Contribution, ...]
    rest: float


def sum_log_odds(model: ReviewModel, inputs: Inputs, p: float) -> LogOddsSum:
    """Take the log-odds of one answer apart.

    Parameters
    ----------
    model : ReviewModel
        That answered.
    inputs : Inputs
        Of one request.
    p : float
        The answer.

    Returns
    -------
    LogOddsSum
    """
    contributions = [
        Contribution(words, compute_points(p, log_odds), log_odds)
        for words, log_odds in model.reasons(inputs, N_CONTRIBUTIONS)[0]
    ]
    base = float(model.base_log_odds(inputs)[0])
    moved = sum(one.log_odds for one in contributions)
    return LogOddsSum(
        base,
        tuple(sorted(contributions, key=lambda one: -abs(one.points))),
        float(logit(np.clip(p, _SUREST, 1 - _SUREST))) - base - moved,
    )
