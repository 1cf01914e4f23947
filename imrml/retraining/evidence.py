"""Evidence that one model is better than another: valid at any number of cases, and at every look.

A bound read off resamples, or off a spread and a normal curve, is too tight where few cases are
overturned: a challenger whose probabilities are a little too low gains a little on most cases and
loses much on few, and a window that happens to hold none of those looks like a proof
(experiments/085-own-recipe-by-chance). Bets against "it is no better" ask for no such curve.
"""

from dataclasses import dataclass, replace

import numpy as np

from imrml.intervals import Floats

_STAKES = np.array([0.4, 0.2, 0.1])
"""Shares of the wealth that are bet on a case, per nat. With log loss the share that wins fastest
is 1/2 where the challenger's probabilities are the true ones, and less the more it errs itself."""
_MOST_AT_RISK = 0.9
"""Of the wealth, in the case that can cost most: no bet can be lost whole."""
_MAX_LOG_ODDS = 300.0
"""The exponential of much more is infinite."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A recipe that is to be shown better than the champion's, looked at again and again.

    Parameters
    ----------
    recipe : str
        Fingerprint.
    window : str
        On which it was looked at last; one window only grows.
    odds : float, default=1.0
        There, at the last look.
    carried : float, default=1.0
        Of the windows before, which share no case with it: such odds multiply.
    """

    recipe: str
    window: str
    odds: float = 1.0
    carried: float = 1.0

    @property
    def total(self) -> float:
        """Odds of all windows so far.

        Returns
        -------
        float
        """
        return min(self.carried * self.odds, float(np.exp(_MAX_LOG_ODDS)))


def resume(challenges: tuple[Challenge, ...], recipe: str, window: str) -> tuple[int, Challenge]:
    """Find the challenge that a look goes on with, or begin another.

    Where the window has begun anew, what was shown in earlier ones is carried on. A challenge that
    has lost by then is given up for a new one, which spends error of its own.

    Parameters
    ----------
    challenges : tuple of Challenge
        Of the champion's recipe so far.
    recipe, window : str
        Of the look.

    Returns
    -------
    number : int
        Of the challenge, from 1: see :func:`spend_error`.
    challenge : Challenge
        As it was before the look.

    Examples
    --------
    >>> before = (Challenge("b", "1", odds=3.0), Challenge("c", "1", odds=0.5))
    >>> resume(before, "b", "2")
    (1, Challenge(recipe='b', window='2', odds=1.0, carried=3.0))
    >>> resume(before, "c", "2")[0], resume(before, "c", "1")[0]
    (3, 2)
    """
    own = [(n, each) for n, each in enumerate(challenges, start=1) if each.recipe == recipe]
    if own:
        number, last = own[-1]
        if last.window == window:
            return number, last
        if last.total > 1:
            return number, Challenge(recipe, window, carried=last.total)
    return len(challenges) + 1, Challenge(recipe, window)


def settle(
    challenges: tuple[Challenge, ...], number: int, challenge: Challenge, odds: float
) -> tuple[Challenge, ...]:
    """Write down what a look has shown.

    Parameters
    ----------
    challenges : tuple of Challenge
        Of the champion's recipe so far.
    number : int
        Of the challenge that was looked at.
    challenge : Challenge
        As it was before the look.
    odds : float
        On its window, as the look found them.

    Returns
    -------
    tuple of Challenge
    """
    return (*challenges[: number - 1], replace(challenge, odds=odds), *challenges[number:])


def weigh_evidence(worse_by: Floats, at_most: Floats, case_of_item: np.ndarray) -> float:
    """Give the odds against a challenger that is no better than the champion.

    They are the wealth of somebody who began with 1 and bet on each case that the challenger's loss
    is lower, at odds that are fair or worse if on average it is not. Such a wealth ever reaches W
    with a probability of at most 1 / W (Ville's inequality), whatever the distribution, however few
    the cases and however often one looks while more cases come. The wealth is the mean of that
    under three stakes, a case is one bet whatever its items have in common, and stakes are set by
    what is known before the decisions.

    Parameters
    ----------
    worse_by : ndarray of shape (n_items,)
        Loss of the challenger less that of the champion.
    at_most : ndarray of shape (n_items,)
        The same under that of both decisions which is worse for the challenger.
    case_of_item : ndarray of int of shape (n_items,)
        Number of each item's case, from 0.

    Returns
    -------
    float
        An e-value; 1 where nothing speaks either way.

    References
    ----------
    Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting, Journal
    of the Royal Statistical Society B 86; Henzi and Ziegel (2022), Valid sequential inference on
    probability forecast performance, Biometrika 109.

    Examples
    --------
    >>> gains = np.full(40, -0.1)
    >>> round(weigh_evidence(gains, at_most=np.full(40, 1.0), case_of_item=np.arange(40)), 2)
    2.83
    """
    lost, could_be_lost = (np.bincount(case_of_item, each) for each in (worse_by, at_most))
    most = max(float(could_be_lost.max()), np.finfo(float).tiny)
    stakes = np.minimum(_STAKES, _MOST_AT_RISK / most)
    log_odds = np.log1p(-np.outer(stakes, lost)).sum(axis=1)
    return float(np.exp(np.minimum(log_odds, _MAX_LOG_ODDS)).mean())


def spend_error(confidence: float, number: int) -> float:
    """Give the share of the error that one of many challenges of a champion's recipe may spend.

    The shares of any number of challenges add up to no more than the whole error, whatever they
    have in common (union bound): a recipe that is challenged again and again is replaced by chance
    no more often than by a single challenge. One challenge may be looked at every night, since
    :func:`weigh_evidence` holds at every look.

    Parameters
    ----------
    confidence : float
        Of all challenges together, one-sided.
    number : int
        Of this challenge, from 1.

    Returns
    -------
    float
        Error of this challenge.

    Examples
    --------
    >>> round(spend_error(0.8, 1), 4), round(spend_error(0.8, 10), 4)
    (0.1216, 0.0012)
    >>> sum(spend_error(0.8, number) for number in range(1, 100_000)) < 0.2
    True
    """
    return (1 - confidence) * 6 / (np.pi**2 * number**2)
