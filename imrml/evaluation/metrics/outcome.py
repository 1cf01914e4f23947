"""Figures of P(overturned), in every resample: ranking, proper scores, priors, calibration."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from imrml.evaluation.metrics.item_losses import calibration_bins, losses
from imrml.intervals import (
    Bools,
    Figure,
    Floats,
    Resamples,
    figure,
    not_applicable,
    rate_figure,
    ratio,
)

PRIORS = ("class_prior", "category_prior")
"""What a model must beat."""
BASELINES = (*PRIORS, "last_year", "model_alone")
"""What stands beside it: ``last_year`` gives the overall rate of the latest year before the item's
that was learnt from, ``model_alone`` what the model says before it is blended with the priors."""
MIN_DECISION_CASES = 5
"""Cases of each decision without which a difference to a prior is not given: with a handful of
overturned cases the bootstrap promises too much, and with none at all every lower probability would
seem better for certain."""


def measure_outcome(
    tables: Sequence[pd.DataFrame], column: str, resamples: Resamples, level: float
) -> dict[str, Figure]:
    """Measure one column of probabilities.

    Parameters
    ----------
    tables : sequence of DataFrame
        ``OUTCOME_COLUMNS`` of the same items in the same order, once for each deal of folds;
        figures are averaged over deals in the sample and in every resample, so repeats steady a
        figure and never count as more items.
    column : str
        ``p_overturned``, ``p_class_prior``, ...
    resamples : Resamples
        Of the items' cases.
    level : float
        Of the intervals.

    Returns
    -------
    dict of Figure
        By metric, as :mod:`imrml.evaluation.metrics.held_out` names them.
    """
    deals = [_resample(table, column, resamples) for table in tables]
    n = len(tables[0])
    figures: dict[str, Figure] = {}
    for name, first in deals[0].items():
        if isinstance(first, str):
            figures[name] = not_applicable(first)
        else:
            values: Floats = np.mean(
                [np.asarray(deal[name], dtype=float) for deal in deals], axis=0
            )
            figures[name] = figure(values[0], values[1:], n, level)
    if "value" in figures["ece"]:
        figures["ece"]["low"] = min(figures["ece"]["low"], figures["ece"]["value"])
    figures["overturned_rate"] = rate_figure(
        tables[0]["overturned"].to_numpy(dtype=bool), resamples, level
    )
    return figures


def _resample(items: pd.DataFrame, column: str, resamples: Resamples) -> dict[str, Floats | str]:
    """Compute every figure, shape (1 + n_resamples,), sample first; or say why there is none."""
    truth, p = items["overturned"].to_numpy(dtype=bool), items[column].to_numpy(dtype=float)
    own = losses(truth, p)
    why, unordered = explain_incomparable(items), explain_unordered(items, column)
    figures: dict[str, Floats | str] = {}
    figures["auroc"], figures["average_precision"] = (
        (unordered, unordered) if unordered else resamples.rank(truth, p)
    )
    prior_losses = {
        prior: losses(truth, items[f"p_{prior}"].to_numpy(dtype=float)) for prior in PRIORS
    }
    for score, per_item in own.items():
        mean = figures[score] = resamples.mean(per_item)
        if column != "p_class_prior":
            figures[f"{score}_skill"] = why or 1 - ratio(
                mean, resamples.mean(prior_losses["class_prior"][score])
            )
        for prior in PRIORS:
            if column == "p_overturned" or (prior == "class_prior" and column != "p_class_prior"):
                figures[f"{score}_vs_{prior}"] = why or resamples.mean(
                    per_item - prior_losses[prior][score]
                )
    figures["ece"] = calibration_error(truth, p, resamples)
    figures["calibration_slope"] = unordered or resamples.calibration_slope(truth, p)
    figures["mean_p_overturned"] = resamples.mean(p)
    return figures


def measure_ranking(items: pd.DataFrame, column: str, resamples: Resamples, level: float) -> Figure:
    """Measure the AUROC of one column.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``OUTCOME_COLUMNS``.
    column : str
        Of the probabilities.
    resamples : Resamples
        Of the items' cases.
    level : float
        Of the interval.

    Returns
    -------
    Figure
        Or why there is none: a prior that only differs between folds has no order to measure.
    """
    if why := explain_unordered(items, column):
        return not_applicable(why)
    auroc, _ = resamples.rank(
        items["overturned"].to_numpy(dtype=bool), items[column].to_numpy(dtype=float)
    )
    return figure(auroc[0], auroc[1:], len(items), level)


def explain_unordered(items: pd.DataFrame, column: str) -> str:
    """Say why a column of probabilities has no order.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``OUTCOME_COLUMNS``.
    column : str
        Of the probabilities.

    Returns
    -------
    str
        ``""`` where it has one.
    """
    same = np.array_equal(
        items[column].to_numpy(dtype=float), items["p_class_prior"].to_numpy(dtype=float)
    )
    if same:
        return "one probability for all items: nothing to rank or to fit a slope to"
    return "the held-out items hold one decision only" if items["overturned"].nunique() < 2 else ""


def explain_incomparable(items: pd.DataFrame) -> str:
    """Say why a difference to a prior would promise too much.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``case_number`` and ``overturned``.

    Returns
    -------
    str
        ``""`` where a difference may be given.
    """
    n_cases = items.groupby(items["overturned"].astype(bool))["case_number"].nunique()
    n_fewest = int(min(n_cases.get(decision, 0) for decision in (True, False)))
    if n_fewest < MIN_DECISION_CASES:
        return (
            f"{n_fewest} cases of one decision; at least {MIN_DECISION_CASES} "
            "are needed to compare with a prior"
        )
    return ""


def calibration_error(truth: Bools, p: Floats, resamples: Resamples) -> Floats:
    """Average the gap between prediction and rate over bins of equal count (ECE).

    Parameters
    ----------
    truth : ndarray of bool of shape (n_items,)
        The decisions.
    p : ndarray of shape (n_items,)
        P(overturned).
    resamples : Resamples
        Of the items' cases.

    Returns
    -------
    ndarray of shape (1 + n_resamples,)
        The sample first.
    """
    bins = calibration_bins(p)
    gaps = [
        np.abs(resamples.total(np.where(bins == number, truth - p, 0.0)))
        for number in range(bins.max() + 1)
    ]
    return ratio(np.sum(gaps, axis=0), resamples.n_items)
