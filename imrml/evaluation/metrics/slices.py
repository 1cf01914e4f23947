"""Figures of slices: treatment category, sex, age band, year of decision. Small ones are hidden."""

from typing import Any

import numpy as np
import pandas as pd

from imrml.evaluation.metrics.item_losses import losses
from imrml.evaluation.metrics.outcome import PRIORS, explain_incomparable, measure_ranking
from imrml.intervals import Figure, Resamples, figure, not_applicable, rate_figure

MIN_SLICE_ITEMS = 10
"""Smaller slices are hidden: noise, and close to a person."""
AGE_BANDS = ((30, "0-29"), (40, "30-39"), (50, "40-49"), (60, "50-59"), (200, "60 and over"))
"""First age (years) above each band, and its name."""


def age_band(age: float) -> str:
    """Name an age's band.

    Parameters
    ----------
    age : float
        In years, or NaN.

    Returns
    -------
    str

    Examples
    --------
    >>> age_band(29.0), age_band(30.0), age_band(float("nan"))
    ('0-29', '30-39', 'unknown')
    """
    return next((name for below, name in AGE_BANDS if age < below), "unknown")


def assign_slices(items: pd.DataFrame) -> "dict[str, pd.Series[str]]":
    """Assign each item to a slice of each kind, ``"unknown"`` where nothing says which.

    Parameters
    ----------
    items : DataFrame
        ``treatment_category``, ``sex``, ``age`` (years), ``decided_year`` and, where the state
        codes ages, ``age_band``.

    Returns
    -------
    dict of str to Series
        ``treatment_category``, ``sex``, ``age_band`` (the state's own code where there is one) and
        ``decided_year``.

    Examples
    --------
    >>> items = pd.DataFrame({"treatment_category": ["mri", None], "sex": ["", "female"],
    ...                       "age": [44.0, None], "age_band": ["", "65+"],
    ...                       "decided_year": [2014, None]})
    >>> {name: values.tolist() for name, values in assign_slices(items).items()}["age_band"]
    ['40-49', '65+']
    """
    years = pd.to_numeric(items["decided_year"], errors="coerce")
    bands = pd.to_numeric(items["age"], errors="coerce").astype(float).map(age_band)
    if "age_band" in items:
        coded = items["age_band"].fillna("").astype(str)
        bands = coded.where(coded != "", bands)
    return {
        "treatment_category": items["treatment_category"]
        .fillna("")
        .astype(str)
        .replace("", "unknown"),
        "sex": items["sex"].fillna("").astype(str).replace("", "unknown"),
        "age_band": bands,
        "decided_year": years.map(lambda year: str(int(year)), na_action="ignore")
        .astype(object)
        .fillna("unknown"),
    }


def measure_slices(
    items: pd.DataFrame, resamples: Resamples, level: float
) -> dict[str, dict[str, dict[str, Any]]]:
    """Measure each slice that is not hidden.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``HeldOut.outcome``.
    resamples : Resamples
        Of the items' cases.
    level : float
        Of the intervals.

    Returns
    -------
    dict
        {column: {value: {"n", METRIC: FIGURE}}}, or why a slice is hidden.
    """
    columns = assign_slices(items)
    slices: dict[str, dict[str, dict[str, Any]]] = {}
    for name, values in columns.items():
        slices[name] = {}
        for value in sorted(values.unique()):
            rows = (values == value).to_numpy()
            if rows.sum() < MIN_SLICE_ITEMS:
                slices[name][value] = {
                    "n": int(rows.sum()),
                    **not_applicable(f"fewer than {MIN_SLICE_ITEMS} items: hidden"),
                }
                continue
            slices[name][value] = {
                "n": int(rows.sum()),
                **_measure_slice(items[rows], resamples.of(rows), level),
            }
    return slices


def _measure_slice(items: pd.DataFrame, resamples: Resamples, level: float) -> dict[str, Figure]:
    truth, p = items["overturned"].to_numpy(dtype=bool), items["p_overturned"].to_numpy(dtype=float)
    per_item = losses(truth, p)["log_loss"]
    averages = {"mean_p_overturned": p, "log_loss": per_item}
    for prior in PRIORS:
        averages[f"log_loss_vs_{prior}"] = (
            per_item - losses(truth, items[f"p_{prior}"].to_numpy(dtype=float))["log_loss"]
        )
    figures = {
        "overturned_rate": rate_figure(truth, resamples, level),
        "auroc": measure_ranking(items, "p_overturned", resamples, level),
    }
    why = explain_incomparable(items)
    for name, values in averages.items():
        means = resamples.mean(values)
        hidden = why and "_vs_" in name
        figures[name] = (
            not_applicable(why) if hidden else figure(means[0], means[1:], len(items), level)
        )
    return figures


def measure_gaps(items: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Measure how far slices lie apart: the widest difference of each figure between two slices.

    Hidden slices are left out. ``overturned_rate`` is what was decided, ``mean_p_overturned`` what
    was predicted, ``excess`` the mean prediction minus the rate: a wide gap there says that the
    model is too high for some people and too low for others. Groups and differences are fairlearn's
    (``MetricFrame``; Bird et al. 2020). Widest gaps grow with the number of slices and shrink with
    their size.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``HeldOut.outcome``.

    Returns
    -------
    dict
        By column: ``n_slices`` and each figure's gap, or why there is none.
    """
    from fairlearn.metrics import MetricFrame, mean_prediction  # noqa: PLC0415 - seconds to import, needed here only

    truth, p = items["overturned"].astype(float), items["p_overturned"].astype(float)
    measures = {
        "overturned_rate": lambda y_true, y_pred: float(np.mean(y_true)),  # noqa: ARG005 - fairlearn's signature
        "mean_p_overturned": mean_prediction,
        "excess": lambda y_true, y_pred: float(np.mean(y_pred) - np.mean(y_true)),
    }
    gaps: dict[str, dict[str, Any]] = {}
    for name, values in assign_slices(items).items():
        shown = values.map(values.value_counts()) >= MIN_SLICE_ITEMS
        shown &= values != "unknown"
        n_slices = values[shown].nunique()
        if n_slices < 2:
            gaps[name] = not_applicable("fewer than two slices to compare")
            continue
        frame = MetricFrame(
            metrics=measures, y_true=truth[shown], y_pred=p[shown], sensitive_features=values[shown]
        )
        gaps[name] = {
            "n_slices": int(n_slices),
            **{metric: float(gap) for metric, gap in frame.difference().items()},
        }
    return gaps
