"""What marking the likeliest items would find, and what it would cost."""

from typing import Any

import numpy as np
import pandas as pd

from imrml.intervals import Resamples, figure, ratio

SHARES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
"""Of the items, those marked: the likeliest to be overturned."""
COST_RATIOS = (2, 5, 10)
"""How many items marked needlessly a missed overturned one costs."""
_FEWEST = 5


def measure_thresholds(
    items: pd.DataFrame, resamples: Resamples, level: float
) -> list[dict[str, Any]]:
    """Measure what items from some probability on would find, a row a share of the items.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``overturned`` and ``p_overturned``, held out.
    resamples : Resamples
        Of the same items, by case.
    level : float
        Of the intervals.

    Returns
    -------
    list of dict
        ``share`` of the items that is marked, ties with the last one included; ``p_from``, their
        least probability; ``precision`` and ``recall`` (FIGUREs); ``cost``, by ratio the mean cost
        of 100 items, of which one marked needlessly costs 1 and a missed overturned one the ratio.

    Examples
    --------
    >>> items = pd.DataFrame({"p_overturned": np.arange(100) / 100, "overturned": [False] * 80
    ...                       + [True] * 20})
    >>> rows = measure_thresholds(items, Resamples([*map(str, range(100))], 20, 0), 0.95)
    >>> rows[-1]["share"], rows[-1]["recall"]["value"], rows[-1]["cost"]["5"]
    (0.5, 1.0, 30.0)
    """
    p = items["p_overturned"].to_numpy(dtype=float)
    truth = items["overturned"].to_numpy(dtype=bool)
    if truth.all() or not truth.any():
        return []
    ranked = np.sort(p)[::-1]
    rows: list[dict[str, Any]] = []
    for wanted in SHARES:
        n_marked = round(wanted * len(p))
        if n_marked < _FEWEST:
            continue
        least = ranked[n_marked - 1]
        marked = p >= least
        hits = resamples.total((marked & truth).astype(float))
        precision = ratio(hits, resamples.total(marked.astype(float)))
        recall = ratio(hits, resamples.total(truth.astype(float)))
        n_needless, n_missed = int((marked & ~truth).sum()), int((truth & ~marked).sum())
        rows.append(
            {
                "share": float(marked.mean()),
                "p_from": float(least),
                "precision": figure(precision[0], precision[1:], int(marked.sum()), level),
                "recall": figure(recall[0], recall[1:], int(truth.sum()), level),
                "cost": {
                    str(costs): 100 * (n_needless + costs * n_missed) / len(p)
                    for costs in COST_RATIOS
                },
            }
        )
    return rows
