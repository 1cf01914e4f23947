"""Whether a probability means what it says, and what answering only the surest items gains."""

from typing import Any

import numpy as np
import pandas as pd

from imrml.evaluation.metrics.item_losses import calibration_bins, losses
from imrml.intervals import Figure, Floats, Resamples, figure, rate_figure

COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def measure_reliability(
    items: pd.DataFrame, resamples: Resamples, level: float
) -> list[dict[str, Any]]:
    """Measure the observed rate beside the mean prediction, in bins of equal count.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``overturned`` and ``p_overturned``.
    resamples : Resamples
        Of the items' cases.
    level : float
        Of the intervals.

    Returns
    -------
    list of dict
        A bin each, ``mean_p_overturned`` and the figure ``overturned_rate``.
    """
    truth, p = items["overturned"].to_numpy(dtype=bool), items["p_overturned"].to_numpy(dtype=float)
    bins = calibration_bins(p)
    return [
        {
            "mean_p_overturned": float(p[bins == number].mean()),
            "overturned_rate": rate_figure(
                truth[bins == number], resamples.of(bins == number), level
            ),
        }
        for number in range(bins.max() + 1)
    ]


def measure_risk_coverage(
    items: pd.DataFrame, resamples: Resamples, level: float
) -> tuple[list[dict[str, Any]], dict[str, Figure]]:
    """Measure the log loss on the surest items, beside the category prior's on the same items.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``overturned``, ``p_overturned`` and ``p_category_prior``.
    resamples : Resamples
        Of the items' cases.
    level : float
        Of the intervals.

    Returns
    -------
    rows : list of dict
        By ``coverage``, the share of items kept.
    area : dict of Figure
        The mean over these shares (area under the risk-coverage curve, AURC; Geifman and El-Yaniv
        2017) of ``log_loss``, ``category_prior_log_loss`` and their difference.
    """
    truth, p = items["overturned"].to_numpy(dtype=bool), items["p_overturned"].to_numpy(dtype=float)
    own = losses(truth, p)["log_loss"]
    prior = losses(truth, items["p_category_prior"].to_numpy(dtype=float))["log_loss"]
    surest_first = np.argsort(-np.maximum(p, 1 - p), kind="stable")
    rows = []
    risks: dict[str, list[Floats]] = {}
    for coverage in COVERAGES:
        kept = surest_first[: max(1, round(coverage * len(items)))]
        among = resamples.of(kept)
        means = {
            "log_loss": among.mean(own[kept]),
            "category_prior_log_loss": among.mean(prior[kept]),
            "log_loss_vs_category_prior": among.mean(own[kept] - prior[kept]),
        }
        for name, values in means.items():
            risks.setdefault(name, []).append(values)
        figures = {
            name: figure(values[0], values[1:], len(kept), level) for name, values in means.items()
        }
        rows.append(
            {
                "coverage": coverage,
                **figures,
                "overturned_rate": rate_figure(truth[kept], among, level),
            }
        )
    areas = {name: np.mean(values, axis=0) for name, values in risks.items()}
    return rows, {
        name: figure(values[0], values[1:], len(items), level) for name, values in areas.items()
    }
