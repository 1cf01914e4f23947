"""Probabilities as log-odds, none of them endless."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logit

SUREST = 1e-4
"""No log-odds of the outcome are averaged beyond those of this probability; what an isotonic map
holds for certain counts as this probability of the contrary."""


def to_log_odds(p: npt.NDArray[Any], surest: float = SUREST) -> npt.NDArray[np.float64]:
    """Turn probabilities to log-odds, none of them endless.

    Parameters
    ----------
    p : ndarray
        Probabilities, 0 to 1; what lies outside counts as the nearest that is allowed.
    surest : float, default=0.0001
        No probability is nearer to 0 or 1.

    Returns
    -------
    ndarray
        Log-odds, of the same shape.

    Examples
    --------
    >>> to_log_odds(np.array([0.5, 1.0])).round(2).tolist()
    [0.0, 9.21]
    >>> to_log_odds(np.array([0.5, 1.2]), surest=0.01).round(2).tolist()
    [0.0, 4.6]
    """
    return np.asarray(logit(np.clip(p, surest, 1 - surest)))
