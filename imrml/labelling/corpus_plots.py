"""Plots of the corpus report: shares with intervals, and tables of shares as shaded cells."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from markupsafe import escape
from matplotlib.colors import LinearSegmentedColormap

from imrml.evaluation.report.canvas import OBSERVED, open_canvas

# From nothing to nearly full colour, so that a cell is read on white, on dark and on paper.
_SHADES = LinearSegmentedColormap.from_list("shades", [f"{OBSERVED}00", f"{OBSERVED}d9"])
_WIDTH = 12.4


def draw_corpus(
    figures: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Draw the figures of a corpus, where enough items are behind them.

    Parameters
    ----------
    figures : dict
        From :func:`~imrml.labelling.corpus_report.measure_corpus`.
    names : dict of str to str
        Of deficiencies, by id.
    values : dict of str to dict
        Names of a grouping's values, by grouping; a value without one stands for itself.

    Returns
    -------
    dict of str to str
        SVG by ``overall``, ``together``, ``supports`` and the names of groupings; with a text that
        says what is drawn.
    """
    drawn = {"overall": _draw_shares(figures["overall"], names)}
    for grouping, groups in figures["groups"].items():
        rows = _rows(groups, values[grouping])
        # One year alone is the overall plot again.
        fewest = 2 if grouping == "decided_year" else 1
        if len(rows) >= fewest:
            drawn[grouping] = _draw_cells(
                grouping, rows, names, f"Share of upheld items with each deficiency, by {grouping}"
            )
    together = _rows(figures["together"], names)
    if together:
        drawn["together"] = _draw_cells(
            "together",
            together,
            names,
            "Share of the items of one deficiency that hold another",
            names,
        )
    if "by_category" in figures["supports"] and (
        rows := _rows(figures["supports"]["by_category"], values["treatment_category"])
    ):
        drawn["supports"] = _draw_cells(
            "supports",
            rows,
            names,
            "Share of overturned items in which each deficiency was answered",
        )
    return drawn


_Row = tuple[str, int, Mapping[str, Mapping[str, Any]]]


def _rows(groups: Mapping[str, Any], names: Mapping[str, str]) -> list[_Row]:
    if "not_applicable" in groups:
        return []
    return [
        (names.get(value, value), group["n"], group["shares"])
        for value, group in groups.items()
        if "shares" in group
    ]


def _draw_shares(shares: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> str:
    rows = sorted(
        ((names[id_], share) for id_, share in shares.items()), key=lambda row: row[1]["value"]
    )
    with open_canvas("overall", _WIDTH * 0.85, 0.9 + 0.29 * len(rows)) as (canvas, finished):
        axes = canvas.add_subplot()
        heights = np.arange(len(rows))
        percents = [100 * share["value"] for _, share in rows]
        reach = [
            [100 * (share["value"] - share["low"]) for _, share in rows],
            [100 * (share["high"] - share["value"]) for _, share in rows],
        ]
        axes.errorbar(
            percents, heights, xerr=reach, fmt="o", markersize=5, color=OBSERVED, elinewidth=1.3
        )
        axes.set_yticks(heights, [f"{name}  ({share['k']:,})" for name, share in rows])
        axes.set(xlabel="% of upheld items, with interval", ylim=(-0.7, len(rows) - 0.3))
        axes.set_xlim(left=0)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
    first = rows[-1]
    return _with_words(
        finished[0],
        "Share of upheld items with each deficiency; most often "
        f"{first[0]}, {100 * first[1]['value']:.0f} %",
    )


def _draw_cells(
    name: str,
    rows: Sequence[_Row],
    names: Mapping[str, str],
    words: str,
    without: Mapping[str, str] | None = None,
) -> str:
    """Draw shares in percent, a row a group and a column a deficiency.

    Cells of a row with itself stay empty.
    """
    ids = list(names)
    percents: npt.NDArray[np.float64] = np.array(
        [[100 * shares[id_]["value"] for id_ in ids] for _, _, shares in rows]
    )
    if without is not None:
        for row, (label, _, _) in enumerate(rows):
            percents[row, [names[id_] == label for id_ in ids]] = np.nan
    with open_canvas(name, _WIDTH, 2.6 + 0.32 * len(rows)) as (canvas, finished):
        axes = canvas.add_subplot()
        axes.pcolormesh(
            percents,
            cmap=_SHADES,
            vmin=0,
            vmax=max(20.0, float(np.nanmax(percents))),
            edgecolors=mpl.rcParams["grid.color"],
            linewidth=0.5,
        )
        for row, column in np.argwhere(np.nan_to_num(percents) >= 0.5):
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{percents[row, column]:.0f}",
                ha="center",
                va="center",
                fontsize=9,
            )
        axes.set_xticks(
            np.arange(len(ids)) + 0.5,
            [names[id_] for id_ in ids],
            rotation=40,
            ha="left",
            rotation_mode="anchor",
        )
        axes.set_yticks(
            np.arange(len(rows)) + 0.5, [f"{label}  (n = {n:,})" for label, n, _ in rows]
        )
        axes.set(ylim=(len(rows), 0))
        axes.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
        axes.grid(visible=False)
    return _with_words(
        finished[0],
        f"{words.replace('_', ' ')}, in percent; the table below tells the most frequent",
    )


def _with_words(svg: str, words: str) -> str:
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(words)}" ', 1)
