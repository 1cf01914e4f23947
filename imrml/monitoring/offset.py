"""By how much all forecasts of a model are off just now, followed decision by decision.

The overturn rate moves by a few hundredths a year, and no year tells the next; what is decided
meanwhile does. The offset, in log-odds, is taken for a random walk that starts at 0: each batch of
decisions moves it as far as its count allows (an extended Kalman filter, one Newton solution a
batch). Ranks of items stay as they are.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

BATCH = 50
"""Decisions that are taken in together."""
START_SPREAD = 0.22
"""Standard deviation, in log-odds, of the offset of a model that has just learned. The yearly
offsets of the state's reviews of 2002 to 2007 spread by 0.20 (experiments/023-dmhc-yearly-rate)."""
_NEWTON_STEPS = 10
_SUREST = 1e-4


def estimate_offset(
    p_overturned: npt.ArrayLike, overturned: npt.ArrayLike, variance_per_thousand: float
) -> float:
    """Estimate by how much a model's log-odds lie below what was decided since it learned.

    Parameters
    ----------
    p_overturned : array-like of float of shape (n_items,)
        Its forecasts of items that it was not fitted on, oldest first.
    overturned : array-like of bool of shape (n_items,)
        What was decided.
    variance_per_thousand : float
        By how much the walk spreads in a thousand decisions, as a variance in log-odds.

    Returns
    -------
    float
        To be added to the log-odds of the next forecast; 0 without any decision.

    Examples
    --------
    >>> estimate_offset([], [], 0.1)
    0.0
    >>> low, high = [0.3] * 400, [True, False] * 200
    >>> 0.5 < estimate_offset(low, high, 0.1) < 0.85  # from 0.3 to 0.5 it would be 0.847
    True
    """
    forecasts = np.clip(np.asarray(p_overturned, dtype=float), _SUREST, 1 - _SUREST)
    log_odds, decided = logit(forecasts), np.asarray(overturned, dtype=float)
    offset, variance = 0.0, START_SPREAD**2
    for start in range(0, len(log_odds), BATCH):
        scores, hits = log_odds[start : start + BATCH], decided[start : start + BATCH]
        variance += variance_per_thousand * len(scores) / 1000
        before = offset
        for _ in range(_NEWTON_STEPS):
            p = expit(scores + offset)
            slope = (hits - p).sum() - (offset - before) / variance
            offset += float(slope / ((p * (1 - p)).sum() + 1 / variance))
        p = expit(scores + offset)
        variance = float(1 / ((p * (1 - p)).sum() + 1 / variance))
    return offset
