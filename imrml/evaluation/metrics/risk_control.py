"""The confidence that keeps a stated error or precision: found on some cases, checked on others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binom, binomtest

from imrml.config import AbstentionConfig, EvaluationConfig
from imrml.errors import ConfigError
from imrml.intervals import Bools, Floats, Resamples, not_applicable, rate_figure

_N_STEPS = 20
MIN_ANSWERED_CASES = 5
"""A precision that fewer cases show is luck."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Independent held-out answers: how sure each was, and whether it was wrong.

    Parameters
    ----------
    confidence : ndarray of shape (n_answers,)
        Probability of the likelier decision.
    is_wrong : ndarray of bool of shape (n_answers,)
        The decision was the other one.
    """

    confidence: npt.NDArray[np.float64]
    is_wrong: npt.NDArray[np.bool_]


def find_confidence(calibration: Answers, max_error: float, level: float) -> float | None:
    """Find the lowest confidence from which answers keep a stated error, with a guarantee.

    Learn-then-Test (Angelopoulos, Bates, Candes, Jordan, Lei 2021, arXiv:2110.01052; risk control
    as in Bates et al. 2021, J. ACM 68(6)) by fixed-sequence testing: from the surest answers down,
    in steps that hang on the confidences alone, the exact binomial test of "the error exceeds
    max_error" must reject; the first step that does not ends the walk. Whatever the distribution,
    the error of the answers kept exceeds ``max_error`` in at most ``1 - level`` of all
    calibrations.

    Parameters
    ----------
    calibration : Answers
        Independent: one item a case.
    max_error : float
        Stated error among the answers given, between 0 and 1.
    level : float
        Of the guarantee, such as 0.9.

    Returns
    -------
    float or None
        None where not even the surest answers keep the error.

    Examples
    --------
    >>> sure, unsure = np.full(200, 0.95), np.full(200, 0.6)
    >>> wrong = np.concatenate([np.arange(200) < 4, np.arange(200) < 80])
    >>> find_confidence(Answers(np.concatenate([sure, unsure]), wrong), max_error=0.1, level=0.9)
    0.95
    >>> find_confidence(Answers(unsure, wrong[200:]), max_error=0.1, level=0.9) is None
    True
    """
    n = len(calibration.confidence)
    # With fewer answers the test could not reject even if all were right.
    fewest = int(np.ceil(np.log(1 - level) / np.log(1 - max_error)))
    if n < fewest:
        return None
    surest_first = np.sort(calibration.confidence)[::-1]
    lowest = None
    for n_kept in np.unique(np.linspace(fewest, n, _N_STEPS).astype(int)):
        confidence = float(surest_first[n_kept - 1])
        kept = calibration.confidence >= confidence  # equal confidences stay together
        if binom.cdf(calibration.is_wrong[kept].sum(), kept.sum(), max_error) > 1 - level:
            break
        lowest = confidence
    return lowest


def control_error(
    items: pd.DataFrame, column: str, threshold: float, stated: AbstentionConfig, seed: int
) -> dict[str, Any]:
    """Find the confidence on one half of the cases and check error and coverage on the other.

    Parameters
    ----------
    items : DataFrame
        ``HeldOut.outcome``.
    column : str
        Of the probabilities that ship: ``p_overturned`` or a prior's.
    threshold : float
        Probability from which the answer is "overturned".
    stated : AbstentionConfig
        Its ``max_error`` and ``error_level``.
    seed : int
        Deals the cases and draws one item of each, for items of a case share a fate.

    Returns
    -------
    dict
        ``max_error``, ``level``, ``min_confidence``, ``n_calibration``, ``coverage`` and ``error``
        on the ``n_test`` other cases with the error's exact interval; or why there is none.

    Raises
    ------
    ConfigError
        No error is stated.
    """
    max_error, level = stated.max_error, stated.error_level
    if max_error is None:
        raise ConfigError(
            "abstention.max_error: found null; state the share of wrong answers that is accepted"
        )
    drawn = items.sample(frac=1, random_state=seed).drop_duplicates("case_number")
    p = drawn[column].to_numpy(dtype=float)
    says_overturned = p >= threshold
    answers = Answers(
        np.where(says_overturned, p, 1 - p),
        says_overturned != drawn["overturned"].to_numpy(dtype=bool),
    )
    half = len(drawn) // 2
    calibration, test = (
        Answers(answers.confidence[rows], answers.is_wrong[rows])
        for rows in (slice(half), slice(half, None))
    )
    confidence = find_confidence(calibration, max_error, level)
    figures: dict[str, Any] = {
        "max_error": max_error,
        "level": level,
        "n_calibration": half,
        "n_test": len(drawn) - half,
    }
    if confidence is None:
        why = (
            f"no share of the answers keeps an error of {max_error:.0%} for certain on {half} cases"
        )
        return {**figures, "min_confidence": None, **not_applicable(why)}
    kept = test.confidence >= confidence
    n_kept, n_wrong = int(kept.sum()), int(test.is_wrong[kept].sum())
    figures |= {"min_confidence": confidence, "coverage": float(kept.mean())}
    if not n_kept:
        return {**figures, **not_applicable("none of the other cases is answered that surely")}
    interval = binomtest(n_wrong, n_kept).proportion_ci(0.95)
    error = {
        "value": n_wrong / n_kept,
        "low": float(interval.low),
        "high": float(interval.high),
        "n": n_kept,
    }
    return {**figures, "error": error}


def find_precise_threshold(
    p: Floats, overturned: Bools, cases: npt.NDArray[Any], target: float
) -> float | None:
    """Find the lowest probability from which on the share of overturned items reaches ``target``.

    Parameters
    ----------
    p, overturned, cases : arrays of shape (n_items,)
        Held-out probabilities, decisions (bool) and cases.
    target : float
        Between 0 and 1.

    Returns
    -------
    float or None
        None where no threshold reaches it among the items of at least ``MIN_ANSWERED_CASES`` cases.

    Examples
    --------
    >>> p, cases = np.linspace(0.01, 1, 100), np.arange(100)
    >>> find_precise_threshold(p, p > 0.8, cases, target=0.5)
    0.61
    >>> find_precise_threshold(p, p > 0.99, cases, target=0.5) is None
    True
    """
    order = np.argsort(-p, kind="stable")
    ranked = p[order]
    n_cases = np.cumsum(~pd.Series(cases[order]).duplicated().to_numpy())
    precision = np.cumsum(overturned[order]) / np.arange(1, len(p) + 1)
    is_end_of_tie = np.append(ranked[1:] != ranked[:-1], True)
    reached = np.flatnonzero(
        is_end_of_tie & (n_cases >= MIN_ANSWERED_CASES) & (precision >= target)
    )
    return float(ranked[reached[-1]]) if len(reached) else None


def control_precision(
    items: pd.DataFrame, column: str, target: float, stated: EvaluationConfig, seed: int
) -> dict[str, Any]:
    """Find the threshold that keeps a precision; check what either half finds on the other.

    Parameters
    ----------
    items : DataFrame
        ``HeldOut.outcome``.
    column : str
        Of the probabilities that ship: ``p_overturned`` or a prior's.
    target : float
        Share of the answers "overturned" that is to be right.
    stated : EvaluationConfig
        Its bootstrap.
    seed : int
        Deals the cases to halves.

    Returns
    -------
    dict
        ``target``, ``threshold`` (None where the target is out of reach), ``precision`` and
        ``recall`` of items that the threshold of the other half was tried on, with intervals by
        case, and ``n_answered`` of them; or why there are none.
    """
    p, overturned = items[column].to_numpy(dtype=float), items["overturned"].to_numpy(dtype=bool)
    case_numbers = items["case_number"].astype("str").tolist()
    codes, cases = pd.factorize(pd.Series(case_numbers))
    threshold = find_precise_threshold(p, overturned, codes, target)
    figures: dict[str, Any] = {"target": target, "threshold": threshold}
    half = np.random.default_rng(seed).permutation(np.arange(len(cases)) % 2)[codes]
    answered = np.zeros(len(p), dtype=bool)
    for side in (0, 1):
        searched, tried = half != side, half == side
        tried_at = find_precise_threshold(
            p[searched], overturned[searched], codes[searched], target
        )
        answered[tried] = False if tried_at is None else p[tried] >= tried_at
    if threshold is None:
        return {
            **figures,
            **not_applicable(
                f"no threshold makes {target:.0%} of the answers right "
                f"for {MIN_ANSWERED_CASES} cases"
            ),
        }
    if not answered.any():
        return {
            **figures,
            **not_applicable("a threshold that half of the cases give answers none of the others"),
        }
    resamples = Resamples(case_numbers, stated.n_bootstrap, seed)
    level = stated.interval_level
    return {
        **figures,
        "n_answered": int(answered.sum()),
        "precision": rate_figure(overturned[answered], resamples.of(answered), level),
        "recall": rate_figure(answered[overturned], resamples.of(overturned), level),
    }
