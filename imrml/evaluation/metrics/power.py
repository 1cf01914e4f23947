"""What the data at hand could show at all: how many letters a given ranking or a given gain needs.

Planning by formula, before anything is fitted or beside it: a verdict of "not distinguishable" says
little where nothing could have been distinguished.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from imrml.evaluation.metrics.outcome import PRIORS
from imrml.intervals import Figure, not_applicable

SHOWN_AUROC = 0.65
SHOWN_GAIN = 0.01
"""Nats of log loss."""
POWER, LEVEL = 0.8, 0.95
"""Chance to show a difference, and level of the interval that must leave out that there is none."""
_FEWEST = 30
"""Cases below which the normal curve that all counts rest on says nothing."""
_ROUNDING = 1e-9
"""Width of an interval below which a difference does not vary at all."""


def estimate_auroc_error(auroc: float, n_positive: float, n_negative: float) -> float:
    """Estimate the standard error of an AUROC.

    Hanley and McNeil 1982, Radiology 143(1), equation 1.

    Parameters
    ----------
    auroc : float
        True area, 0 to 1.
    n_positive, n_negative : float
        Independent items of each decision.

    Returns
    -------
    float

    Examples
    --------
    >>> round(estimate_auroc_error(0.5, 23, 97), 3)
    0.067
    """
    q1, q2 = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    variance = (
        auroc * (1 - auroc)
        + (n_positive - 1) * (q1 - auroc**2)
        + (n_negative - 1) * (q2 - auroc**2)
    )
    return float(np.sqrt(variance / (n_positive * n_negative)))


def count_for_auroc(auroc: float, positive_share: float) -> int:
    """Count the independent items that tell an AUROC from 0.5.

    Hanley and McNeil 1982, equation 5; two-sided.

    Parameters
    ----------
    auroc : float
        What should be shown, above 0.5.
    positive_share : float
        Share of positives among the items, between 0 and 1.

    Returns
    -------
    int

    Examples
    --------
    >>> count_for_auroc(0.65, 0.5), count_for_auroc(0.65, 0.11)
    (114, 302)
    """
    z_level, z_power = norm.ppf((1 + LEVEL) / 2), norm.ppf(POWER)

    def missing(n_items: float) -> float:
        sides = n_items * positive_share, n_items * (1 - positive_share)
        return float(
            auroc
            - 0.5
            - z_level * estimate_auroc_error(0.5, *sides)
            - z_power * estimate_auroc_error(auroc, *sides)
        )

    fewest = 2 / min(positive_share, 1 - positive_share)
    return int(np.ceil(brentq(missing, fewest, 1e9)))


def count_for_gain(gain: float, deviation: float) -> int:
    """Count the independent cases that tell a mean paired difference from 0.

    ((z_level + z_power) deviation / gain)^2.

    Parameters
    ----------
    gain, deviation : float
        Mean difference, and standard deviation of the difference between cases, in one unit.

    Returns
    -------
    int

    Examples
    --------
    >>> count_for_gain(0.01, 0.1)
    785
    """
    return int(np.ceil(((norm.ppf((1 + LEVEL) / 2) + norm.ppf(POWER)) * deviation / gain) ** 2))


def state_power(
    outcome: Mapping[str, Figure],
    counts: Mapping[str, int],
    interval_level: float,
    cases_are: str = "letters",
) -> dict[str, Any]:
    """State how many letters would show an AUROC of 0.65, a gain of 0.01, and the gain seen here.

    Gains are in log loss over the category prior; that seen here is over both priors, and left out
    where there is none. Letters, not items: items of one letter mostly share their
    fate and their narrative, so for the AUROC a letter counts once, which errs on the side of more
    letters. For the gain, the error that the interval of the paired difference tells, bootstrapped
    by case, is scaled to the number of letters.

    Parameters
    ----------
    outcome : mapping
        Figures of one split.
    counts : mapping
        ``n_cases``, ``n_overturned_cases``.
    interval_level : float
        Of the figures' intervals.
    cases_are : str, default='letters'
        What the programme calls its cases.

    Returns
    -------
    dict
        ``auroc``, ``log_loss`` and ``log_loss_seen``: each {"shows", "n_letters", "n_letters_here"}
        or {"not_applicable": why}; ``sentence``.

    Examples
    --------
    >>> outcome = {"auroc": {"value": 0.6, "low": 0.48, "high": 0.72, "n": 262},
    ...            "log_loss_vs_category_prior": {"value": 0.0, "low": -0.03, "high": 0.03}}
    >>> counts = {"n_cases": 120, "n_overturned_cases": 23}
    >>> stated = state_power(outcome, counts, 0.95)
    >>> stated["auroc"]["n_letters"], stated["log_loss"]["n_letters"]
    (189, 2207)
    """
    n_cases, n_overturned = counts["n_cases"], counts["n_overturned_cases"]
    stated: dict[str, Any] = {}
    if "value" not in outcome["auroc"]:
        stated["auroc"] = not_applicable(outcome["auroc"]["not_applicable"])
    elif n_overturned == n_cases:
        stated["auroc"] = not_applicable("every case holds an overturned item")
    else:
        n_letters = count_for_auroc(SHOWN_AUROC, n_overturned / n_cases)
        stated["auroc"] = {"shows": SHOWN_AUROC, "n_letters": n_letters, "n_letters_here": n_cases}
    difference = outcome["log_loss_vs_category_prior"]
    if "value" not in difference:
        stated["log_loss"] = not_applicable(difference["not_applicable"])
    elif not _varies(difference):  # the model is that prior: no number of cases would show a gain
        stated["log_loss"] = not_applicable("the difference to the category prior does not vary")
    else:
        deviation = _error(difference, interval_level) * np.sqrt(n_cases)
        stated["log_loss"] = {
            "shows": SHOWN_GAIN,
            "n_letters": count_for_gain(SHOWN_GAIN, deviation),
            "n_letters_here": n_cases,
        }
    stated["log_loss_seen"] = _settle(outcome, n_cases, interval_level)
    return {**stated, "sentence": _in_words(stated, n_cases, cases_are)}


def _settle(outcome: Mapping[str, Figure], n_cases: int, interval_level: float) -> dict[str, Any]:
    """State how many letters would tell the gain seen here from none, over both priors."""
    by_prior = [outcome.get(f"log_loss_vs_{prior}", {}) for prior in PRIORS]
    if any("value" not in difference for difference in by_prior):
        return not_applicable("a difference to a prior could not be given")
    smallest = max(by_prior, key=lambda difference: difference["value"])
    if smallest["value"] >= 0:
        return not_applicable("no gain over both priors is seen")
    n_letters = [
        count_letters(difference, n_cases, interval_level)
        for difference in by_prior
        if _varies(difference)
    ]
    if not n_letters:
        return not_applicable("the differences to the priors do not vary")
    return {
        "shows": round(-smallest["value"], 4),
        "n_letters": max(n_letters),
        "n_letters_here": n_cases,
    }


def _varies(difference: Figure) -> bool:
    return bool(difference["high"] - difference["low"] > _ROUNDING)


def count_letters(difference: Figure, n_cases: int, interval_level: float) -> int:
    """Count the letters that would tell a paired difference, as it is seen here, from none.

    Parameters
    ----------
    difference : mapping
        ``value``, not zero, and the ends of its interval, bootstrapped by case.
    n_cases : int
        Letters that it was found on.
    interval_level : float
        Of the interval.

    Returns
    -------
    int

    Examples
    --------
    >>> count_letters({"value": -0.01, "low": -0.03, "high": 0.01}, 100, 0.95)
    818
    """
    deviation = _error(difference, interval_level) * np.sqrt(n_cases)
    return count_for_gain(abs(difference["value"]), deviation)


def _error(figure: Figure, interval_level: float) -> float:
    return float((figure["high"] - figure["low"]) / (2.0 * norm.ppf((1 + interval_level) / 2)))


def _in_words(stated: Mapping[str, Mapping[str, Any]], n_cases: int, cases_are: str) -> str:
    needs = {
        "auroc": f"an AUROC of {SHOWN_AUROC} instead of 0.5",
        "log_loss": f"a gain of {SHOWN_GAIN} in log loss over the category prior",
        "log_loss_seen": "the gain seen here over both priors",
    }
    statements = []
    for name, need in stated.items():
        if "n_letters" in need:
            enough = "enough" if n_cases >= need["n_letters"] else "too few"
            n_letters = need["n_letters"]
            how_many = f"about {n_letters:,}" if n_letters >= _FEWEST else f"fewer than {_FEWEST}"
            statements.append(
                f"{needs[name]} would show with {how_many} {cases_are} ({enough} here)"
            )
    if not statements:
        why = "; ".join(stated[name]["not_applicable"] for name in ("auroc", "log_loss"))
        return f"What these {cases_are} could show cannot be reckoned: {why}."
    return (
        f"With {POWER:.0%} power, {', '.join(statements)}; "
        f"these figures rest on {n_cases:,} {cases_are}."
    )
