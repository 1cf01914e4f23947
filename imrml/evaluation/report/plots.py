"""The report's plots: inline SVG in the page's own colours, drawn from figures and scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.metrics import precision_recall_curve, roc_curve

from imrml.deficiencies import deficiency_names
from imrml.evaluation.report.canvas import INK, MODEL, OBSERVED, PRIOR, open_canvas
from imrml.features.names import name_category

_WIDTH, _HEIGHT = 5.4, 4.2


def draw_reliability(items: pd.DataFrame, bins: Sequence[Mapping[str, Any]]) -> str:
    """Draw observed against predicted rate in bins of equal count, above a histogram of both.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``p_overturned``.
    bins : sequence of mapping
        From :func:`imrml.evaluation.metrics.reliability.measure_reliability`.

    Returns
    -------
    str
        SVG.
    """
    with open_canvas("reliability", _WIDTH, _HEIGHT + 1) as (canvas, finished):
        grid = canvas.add_gridspec(2, 1, height_ratios=[3.4, 1], hspace=0.08)
        above = canvas.add_subplot(grid[0])
        below = canvas.add_subplot(grid[1], sharex=above)
        p = items["p_overturned"].to_numpy(dtype=float)
        # The few items beyond the last percentile would squeeze all bins into a corner; the last
        # bar counts them.
        highest = min(
            1.0,
            1.06
            * max(
                float(np.quantile(p, 0.99)), *(row["overturned_rate"]["high"] for row in bins), 0.05
            ),
        )
        above.plot(
            [0, highest],
            [0, highest],
            color=INK,
            linewidth=1,
            linestyle=":",
            label="perfectly calibrated",
        )
        _draw_intervals(
            above,
            [row["mean_p_overturned"] for row in bins],
            [row["overturned_rate"] for row in bins],
        )
        above.set(xlim=(0, highest), ylim=(0, highest), ylabel="observed share overturned")
        above.tick_params(labelbottom=False)
        above.legend(loc="upper left")
        below.hist(
            np.minimum(p, highest),
            bins=np.linspace(0, highest, 31).tolist(),
            color=MODEL,
            alpha=0.75,
        )
        below.set(
            xlabel="predicted P(overturned)"
            + (", last bar: and above" if p.max() > highest else ""),
            ylabel="items",
        )
    return finished[0]


def _draw_intervals(axes: Axes, x: Sequence[float], figures: Sequence[Mapping[str, float]]) -> None:
    values = [figure["value"] for figure in figures]
    reach = [
        [max(0.0, figure["value"] - figure["low"]) for figure in figures],
        [max(0.0, figure["high"] - figure["value"]) for figure in figures],
    ]
    axes.errorbar(
        x,
        values,
        yerr=reach,
        fmt="o",
        markersize=5,
        color=MODEL,
        elinewidth=1.3,
        label="model, with interval",
    )


def draw_roc(items: pd.DataFrame, figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw the share of overturned items that are marked against that of upheld items.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``HeldOut.outcome``.
    figures : mapping of str to mapping
        Figures of ``model`` and ``category prior`` by metric.

    Returns
    -------
    str
        SVG.
    """
    with open_canvas("roc", _WIDTH, _HEIGHT) as (canvas, finished):
        axes = canvas.add_subplot()
        for column, name, colour in _scored(items):
            fall_out, recall, _ = roc_curve(items["overturned"], items[column])
            axes.plot(
                fall_out,
                recall,
                color=colour,
                label=f"{name} (AUROC {_value(figures[name]['auroc'])})",
            )
        axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=":", label="chance (0.5)")
        axes.set(
            xlabel="upheld items marked",
            ylabel="overturned items found",
            xlim=(0, 1),
            ylim=(0, 1.01),
        )
        axes.legend(loc="lower right")
    return finished[0]


def draw_precision_recall(items: pd.DataFrame, figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw precision against recall beside the base rate, which is what chance reaches.

    Parameters
    ----------
    items : DataFrame of shape (n_items, ...)
        ``HeldOut.outcome``.
    figures : mapping of str to mapping
        Figures of ``model`` and ``category prior`` by metric.

    Returns
    -------
    str
        SVG.
    """
    with open_canvas("precision_recall", _WIDTH, _HEIGHT) as (canvas, finished):
        axes = canvas.add_subplot()
        base_rate = float(items["overturned"].mean())
        for column, name, colour in _scored(items):
            precision, recall, _ = precision_recall_curve(items["overturned"], items[column])
            label = f"{name} (average precision {_value(figures[name]['average_precision'])})"
            # The curve's first points rest on a handful of items; the step shape keeps them honest.
            axes.step(recall, precision, where="post", color=colour, label=label)
        axes.axhline(
            base_rate, color=INK, linewidth=1, linestyle=":", label=f"base rate ({base_rate:.3f})"
        )
        axes.set(
            xlabel="overturned items found (recall)",
            ylabel="of those marked, overturned",
            xlim=(0, 1),
            ylim=(0, 1.01),
        )
        axes.legend(loc="upper right")
    return finished[0]


def draw_risk_coverage(rows: Sequence[Mapping[str, Any]]) -> str:
    """Draw the log loss on the surest items, beside the category prior's on the same items.

    Parameters
    ----------
    rows : sequence of mapping
        From :func:`imrml.evaluation.metrics.reliability.measure_risk_coverage`.

    Returns
    -------
    str
        SVG.
    """
    with open_canvas("risk_coverage", _WIDTH, _HEIGHT) as (canvas, finished):
        axes = canvas.add_subplot()
        for name, label, colour in (
            ("log_loss", "model", MODEL),
            ("category_prior_log_loss", "category prior", PRIOR),
        ):
            known = [row for row in rows if "value" in row[name]]
            coverage = [row["coverage"] for row in known]
            axes.plot(
                coverage,
                [row[name]["value"] for row in known],
                color=colour,
                marker="o",
                markersize=3.5,
                label=label,
            )
            lows, highs = ([row[name][side] for row in known] for side in ("low", "high"))
            axes.fill_between(coverage, lows, highs, color=colour, alpha=0.15, linewidth=0)
        axes.set(
            xlabel="share of items kept, surest first",
            ylabel="log loss on the kept items (nats)",
            xlim=(0, 1.02),
        )
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left")
    return finished[0]


def draw_deficiencies(labels: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw each deficiency's average precision with interval beside its category prior's.

    Parameters
    ----------
    labels : mapping of str to mapping
        Figures of each deficiency, by its id.

    Returns
    -------
    str
        SVG.
    """
    names = deficiency_names()
    known = sorted(
        (
            (names.get(label, label), figures)
            for label, figures in labels.items()
            if "value" in figures["ap"]
        ),
        key=lambda pair: pair[1]["ap"]["value"],
    )
    rows = [
        (f"{name}  (n = {figures['support']:,})", figures["ap"], figures["prior_ap"].get("value"))
        for name, figures in known
    ]
    return _draw_rows("deficiencies", rows, ("average precision", "model", "category prior"))


def draw_categories(slices: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw each treatment category's observed rate with interval beside the mean prediction.

    Parameters
    ----------
    slices : mapping of str to mapping
        Figures of each treatment category.

    Returns
    -------
    str
        SVG.
    """
    known = sorted(
        ((name, figures) for name, figures in slices.items() if "overturned_rate" in figures),
        key=lambda pair: pair[1]["overturned_rate"]["value"],
    )
    rows = [
        (
            f"{name_category(name).replace('_', ' ')}  (n = {figures['n']:,})",
            figures["overturned_rate"],
            figures["mean_p_overturned"].get("value"),
        )
        for name, figures in known
    ]
    return _draw_rows(
        "categories", rows, ("share overturned", "observed, with interval", "mean prediction")
    )


def draw_learning_curve(rows: Sequence[Mapping[str, Any]]) -> str:
    """Draw the difference in log loss to both priors by share of cases; below zero is better.

    Parameters
    ----------
    rows : sequence of mapping
        From :func:`imrml.evaluation.metrics.held_out.measure_learning_curve`.

    Returns
    -------
    str
        SVG.
    """
    with open_canvas("learning_curve", _WIDTH, _HEIGHT) as (canvas, finished):
        axes = canvas.add_subplot()
        for prior, colour, marker, nudge in (
            ("class_prior", MODEL, "o", -0.008),
            ("category_prior", PRIOR, "D", 0.008),
        ):
            known = [row for row in rows if "value" in row[f"log_loss_vs_{prior}"]]
            differences = [row[f"log_loss_vs_{prior}"] for row in known]
            values = [figure["value"] for figure in differences]
            reach = [
                [max(0.0, figure["value"] - figure["low"]) for figure in differences],
                [max(0.0, figure["high"] - figure["value"]) for figure in differences],
            ]
            shares = [row["share"] + nudge for row in known]
            axes.errorbar(
                shares,
                values,
                yerr=reach,
                marker=marker,
                color=colour,
                elinewidth=1.1,
                label=f"minus {prior.replace('_', ' ')}'s",
            )
        axes.axhline(0, color=INK, linewidth=1, linestyle=":")
        axes.set(
            xlabel="share of the cases learnt from",
            ylabel="log loss minus the prior's (nats)",
            xlim=(0, 1.05),
        )
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return finished[0]


def draw_importance(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Draw what shuffling each section of the submission costs in log loss.

    Parameters
    ----------
    figures : mapping of str to Figure
        Cost in log loss by section.

    Returns
    -------
    str
        SVG.
    """
    known = sorted(
        ((name, cost) for name, cost in figures.items() if "value" in cost),
        key=lambda pair: pair[1]["value"],
    )
    rows = [(name, cost, None) for name, cost in known]
    return _draw_rows(
        "importance",
        rows,
        ("log loss added by shuffling the section (nats)", "cost, with interval", ""),
        least=None,
    )


def _draw_rows(
    name: str,
    rows: Sequence[tuple[str, Mapping[str, float], float | None]],
    words: tuple[str, str, str],
    least: float | None = 0.0,
) -> str:
    with open_canvas(name, 2 * _WIDTH, 1.2 + 0.3 * max(len(rows), 2)) as (canvas, finished):
        axes = canvas.add_subplot()
        heights = np.arange(len(rows))
        values = [figure["value"] for _, figure, _ in rows]
        reach = [
            [max(0.0, figure["value"] - figure["low"]) for _, figure, _ in rows],
            [max(0.0, figure["high"] - figure["value"]) for _, figure, _ in rows],
        ]
        axes.errorbar(
            values,
            heights,
            xerr=reach,
            fmt="o",
            markersize=5,
            color=OBSERVED,
            elinewidth=1.3,
            label=words[1],
        )
        beside = [
            (other, height)
            for height, (_, _, other) in zip(heights, rows, strict=True)
            if other is not None
        ]
        if beside:
            across, up = np.array(beside, dtype=float).T
            axes.scatter(across, up, marker="D", s=26, color=PRIOR, label=words[2], zorder=3)
        axes.set_yticks(heights, [label for label, _, _ in rows])
        axes.set(xlabel=words[0], ylim=(-0.7, len(rows) - 0.3))
        if least is None:
            axes.axvline(0, color=INK, linewidth=1, linestyle=":")
        else:
            axes.set_xlim(left=least)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    return finished[0]


def _scored(items: pd.DataFrame) -> tuple[tuple[str, str, str], ...]:
    model = ("p_overturned", "model", MODEL)
    return (
        (model, ("p_category_prior", "category prior", PRIOR))
        if np.ptp(items["p_category_prior"]) > 0
        else (model,)
    )


def _value(figure: Mapping[str, Any]) -> str:
    return f"{figure['value']:.3f}" if "value" in figure else "n/a"
