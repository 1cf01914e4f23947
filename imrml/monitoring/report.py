"""What monitoring leaves behind: a page and a document, of drift or of realised predictions."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure as Canvas

from imrml.monitoring.drift import Drift
from imrml.monitoring.rate_alarm import RateWatch
from imrml.monitoring.reconciliation import Realised
from imrml.monitoring.trends import Trends, name_months
from imrml.page_templates import open_templates
from imrml.phrases import pluralize
from imrml.private_files import write_private_text

REFERENCE, CURRENT = "#8a94a3", "#3f83c8"
_MOST_SHOWN = 12
"""Values or bins that one plot shows; the rest are the rarest."""


def write_drift(folder: Path, drift: Drift, watch: RateWatch | None) -> None:
    """Write the comparison of two tables; no text of a request, only shares of categories and bins.

    Parameters
    ----------
    folder : Path
        Made where absent.
    drift : Drift
        From :func:`imrml.monitoring.compare_facts`.
    watch : RateWatch or None
        The watch over the overturn rate, where both tables held decisions.
    """
    document = {
        "alarms": [asdict(alarm) for alarm in drift.alarms],
        "facts": drift.facts.to_dict("records"),
        "domain_auroc": drift.domain_auroc,
        "unknown_words": drift.unknown_words,
        "n_reference": drift.n_reference,
        "n_current": drift.n_current,
        "overturn_rate": None
        if watch is None
        else {"reference": watch.reference_rate, "fires_at": watch.fires_at},
    }
    shown = sorted(drift.shares, key=lambda name: -drift.facts.set_index("fact")["psi"][name])
    plots = [(name, _draw_shares(name, drift)) for name in shown]
    evidence = _draw_watch(watch) if watch is not None and len(watch.log_evidence) else None
    _write(
        folder,
        "drift",
        document,
        {**document, "plots": plots, "evidence": evidence, "watch": watch},
    )


def write_realised(
    folder: Path, realised: Realised, left_over: Sequence[Mapping[Any, Any]]
) -> None:
    """Write what became of predictions, over all and by month, and what could not be matched.

    Parameters
    ----------
    folder : Path
        Made where absent.
    realised : Realised
        From :func:`imrml.monitoring.measure_realised`.
    left_over : sequence of mapping
        Requests that match no item or several: ``request_id`` and ``why``.
    """
    months = realised.by_month.to_dict("records")
    months = [
        {
            key: None if isinstance(value, float) and np.isnan(value) else value
            for key, value in row.items()
        }
        for row in months
    ]
    document = {"overall": realised.overall, "by_month": months, "left_over": list(left_over)}
    _write(folder, "realised", document, document)


def write_trends(folder: Path, trends: Trends) -> None:
    """Write measures over months; no text of a record, only shares, and guidelines by name.

    Parameters
    ----------
    folder : Path
        Made where absent.
    trends : Trends
        From :func:`imrml.monitoring.find_trends`.
    """
    periods = trends.periods
    of_stable = name_months(periods.loc[periods["is_stable"], "period"])
    moved = [era.measure for era in trends.eras]
    measures = sorted(map(str, trends.measures), key=lambda name: name not in moved)
    document = {
        "eras": [asdict(era) for era in trends.eras],
        "stable": " to ".join(of_stable),
        "n_rows": int(periods["n"].sum()),
        "n_periods": len(periods),
        "sparse": describe_sparse(trends),
        "periods": periods.drop(columns="first").to_dict("records"),
        "values": trends.measures.to_dict("list"),
        "thresholds": trends.thresholds.to_dict("list"),
    }
    rows = [
        {
            "period": period,
            "n": int(periods["n"].iloc[number]),
            "is_sparse": bool(periods["is_sparse"].iloc[number]),
            "cells": [
                {
                    "value": trends.measures[name].iloc[number],
                    "beyond": trends.is_beyond[name].iloc[number],
                }
                for name in measures
            ],
        }
        for number, period in enumerate(periods["period"])
    ]
    plots = [(name, _draw_trend(name, trends)) for name in measures]
    context = {**document, "plots": plots, "rows": rows, "measures": measures}
    _write(folder, "trends", document, context)


def describe_sparse(trends: Trends) -> list[str]:
    """Say which periods have too few rows to tell anything.

    Parameters
    ----------
    trends : Trends
        From :func:`imrml.monitoring.find_trends`.

    Returns
    -------
    list of str
        A sentence each; empty where every period has enough.
    """
    sparse = trends.periods[trends.periods["is_sparse"]]
    return [
        f"{period}: {pluralize(n, 'row')}, fewer than monitoring.min_rows: shown, but too few to "
        "tell what moved"
        for period, n in zip(sparse["period"], sparse["n"], strict=True)
    ]


def _write(
    folder: Path, name: str, document: Mapping[str, Any], context: Mapping[str, Any]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    templates = open_templates("imrml.monitoring", pluralize=pluralize)
    page = templates.get_template(f"{name}.html.j2").render(**context)
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    write_private_text(folder / f"{name}.json", text)
    write_private_text(folder / f"{name}.html", page)


def _draw_shares(name: str, drift: Drift) -> Markup:
    shares = drift.shares[name]
    shown = shares.loc[
        shares.sum(axis=1).sort_values(ascending=False).index[:_MOST_SHOWN]
    ].sort_index()
    canvas = Canvas(figsize=(5.4, 0.6 + 0.34 * len(shown)), layout="constrained")
    axes = canvas.add_subplot()
    rows = np.arange(len(shown))
    axes.barh(rows - 0.2, shown["reference"], height=0.38, color=REFERENCE, label="reference")
    axes.barh(rows + 0.2, shown["current"], height=0.38, color=CURRENT, label="current")
    axes.set_yticks(rows, [str(value).replace("_", " ")[:42] for value in shown.index])
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False, fontsize=8)
    return _svg(canvas, f"{name}: shares of the commonest values, reference beside current")


def _draw_trend(name: str, trends: Trends) -> Markup:
    shares = trends.shares.get(name)
    canvas = Canvas(figsize=(9.2, 3.6 if shares is not None else 2.2), layout="constrained")
    panels = canvas.subplots(2 if shares is not None else 1, sharex=True, squeeze=False)[:, 0]
    at = np.arange(len(trends.periods))
    below = panels[-1]
    below.plot(at, trends.measures[name], color=CURRENT, marker="o", markersize=3)
    below.plot(at, trends.thresholds[name], color="#b3332b", linestyle="--", linewidth=1)
    beyond = np.flatnonzero(trends.is_beyond[name])
    below.plot(beyond, trends.measures[name].iloc[beyond], "o", color="#b3332b", markersize=5)
    below.set_ylim(bottom=0)
    below.set_ylabel("distance" if shares is not None else "share of news")
    if shares is not None:
        for value in shares:
            panels[0].plot(at, shares[value], linewidth=1.4, label=str(value)[:32])
        panels[0].set_ylabel("share of rows")
        panels[0].legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    for axes in panels:
        for number in np.flatnonzero(trends.periods["is_stable"]):
            axes.axvspan(number - 0.5, number + 0.5, color=REFERENCE, alpha=0.12, linewidth=0)
    every = max(len(at) // 12, 1)
    below.set_xticks(at[::every], [str(p).split()[0] for p in trends.periods["period"][::every]])
    below.tick_params(axis="x", labelsize=8, rotation=30)
    return _svg(canvas, f"{name} by month; shaded: stable, dashed: ordinary, red: beyond")


def _draw_watch(watch: RateWatch) -> Markup:
    canvas = Canvas(figsize=(8.4, 3.2), layout="constrained")
    axes = canvas.add_subplot()
    axes.plot(
        np.arange(1, len(watch.log_evidence) + 1), watch.log_evidence, color=CURRENT, linewidth=1.6
    )
    axes.axhline(watch.threshold, color="#b3332b", linestyle="--", linewidth=1)
    axes.set(xlabel="decisions since the reference", ylabel="log evidence of a change")
    if watch.fires_at is not None:
        axes.axvline(watch.fires_at, color="#b3332b", linewidth=1)
    return _svg(
        canvas,
        "evidence that the overturn rate has changed, after each decision; "
        "the dashed line is the alarm",
    )


def _svg(canvas: Canvas, words: str) -> Markup:
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": words, "svg.fonttype": "none"}):
        canvas.savefig(
            buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    svg = buffer.getvalue()
    drawn = Markup(svg[svg.index("<svg") + 4 :])  # noqa: S704 matplotlib escapes what it draws
    return Markup('<svg role="img" aria-label="{}"').format(words) + drawn
