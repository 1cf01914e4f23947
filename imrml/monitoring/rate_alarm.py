"""Ask after every decision whether the overturn rate still agrees with the reference.

Looking again after each decision is what a test with a fixed sample may not do. The evidence here
is a Bayes factor between two beta-binomial models of the decisions so far: under the null, the rate
is the reference's, as uncertain as its counts leave it; under the alternative it has moved by
something like ``shift``. Under the null that factor is a nonnegative martingale that starts at 1,
so by Ville's inequality it ever reaches ``1 / false_alarm_rate`` with at most that probability,
however often one looks (Ville 1939; Robbins 1970, Annals of Mathematical Statistics 41).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln


@dataclass(frozen=True, slots=True)
class RateWatch:
    """What the decisions say about the rate, one after the other.

    Parameters
    ----------
    reference_rate : float
        Share of overturned items in the reference.
    log_evidence : ndarray of shape (n_decisions,)
        Logarithm of the Bayes factor after each decision.
    threshold : float
        Logarithm from which the alarm fires.
    """

    reference_rate: float
    log_evidence: npt.NDArray[np.float64]
    threshold: float

    @property
    def fires_at(self) -> int | None:
        """Number of decisions after which the alarm fired first.

        Returns
        -------
        int or None
            From 1; None where it did not fire.
        """
        is_over = self.log_evidence >= self.threshold
        return int(np.argmax(is_over)) + 1 if is_over.any() else None


def watch_rate(
    n_overturned: int,
    n_reference: int,
    overturned: npt.ArrayLike,
    false_alarm_rate: float = 0.05,
    shift: float = 0.08,
) -> RateWatch:
    """Watch decisions in the order in which they came.

    Parameters
    ----------
    n_overturned, n_reference : int
        Counts of the reference.
    overturned : array-like of bool of shape (n_decisions,)
        Decisions since, oldest first.
    false_alarm_rate : float, default=0.05
        Probability that the alarm ever fires while nothing has changed.
    shift : float, default=0.08
        Standard deviation of the changes one wants to hear of.

    Returns
    -------
    RateWatch

    Raises
    ------
    ValueError
        The reference holds one decision only.

    Examples
    --------
    >>> stays = watch_rate(100, 1000, [True] + [False] * 9)
    >>> moves = watch_rate(100, 1000, [True, False] * 40)
    >>> stays.fires_at is None, moves.fires_at < 40
    (True, True)
    """
    if not 0 < n_overturned < n_reference:
        raise ValueError(
            "the reference needs decisions of both kinds; "
            f"found {n_overturned} overturned of {n_reference}"
        )
    hits = np.cumsum(np.asarray(overturned, dtype=np.int64))
    misses = np.arange(1, len(hits) + 1) - hits
    rate = n_overturned / n_reference
    same = (n_overturned + 0.5, n_reference - n_overturned + 0.5)
    # A beta distribution around the reference's rate with the standard deviation `shift`, never
    # narrower than the null itself.
    weight = min(max(rate * (1 - rate) / shift**2 - 1, 1.0), float(n_reference))
    moved = (rate * weight, (1 - rate) * weight)
    log_evidence = _log_marginal(moved, hits, misses) - _log_marginal(same, hits, misses)
    return RateWatch(rate, log_evidence, float(-np.log(false_alarm_rate)))


def _log_marginal(
    prior: tuple[float, float], hits: npt.NDArray[np.int64], misses: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    marginal: npt.NDArray[np.float64] = betaln(prior[0] + hits, prior[1] + misses) - betaln(*prior)
    return marginal
