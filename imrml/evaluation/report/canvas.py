"""The canvas of a plot: inline SVG in the page's own colours."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

MODEL, PRIOR, OBSERVED = "#3f83c8", "#d08428", "#3f83c8"
ALT_TEXTS = {
    "reliability": (
        "Observed share overturned against predicted probability, with intervals; "
        "the tables below hold the figures."
    ),
    "roc": (
        "ROC curves of the model and the category prior; "
        "the table beside the priors holds both AUROC."
    ),
    "precision_recall": (
        "Precision against recall of the model and the category prior; "
        "average precision stands in the table."
    ),
    "risk_coverage": (
        "Log loss on the items kept, surest first, of the model and the category prior."
    ),
    "deficiencies": (
        "Average precision of each deficiency beside its category prior; "
        "the table below holds the figures."
    ),
    "categories": (
        "Observed share overturned and mean prediction by treatment category; "
        "the table below holds the figures."
    ),
    "learning_curve": (
        "Difference in log loss to both priors by share of cases learnt from; "
        "the table below holds the figures."
    ),
    "importance": "Log loss added by shuffling each section of the submission, with intervals.",
}
"""What a plot shows, for those who cannot see it."""
# Colours that stand for the page's own, in light and in dark; replaced after drawing.
INK, LINE = "#010203", "#040506"
_PAGE_COLOURS = {INK: "var(--ink)", LINE: "var(--line)"}
_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "font.family": "sans-serif",
    "svg.fonttype": "none",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
}


@contextmanager
def open_canvas(name: str, width: float, height: float) -> Iterator[tuple[Canvas, list[str]]]:
    """Open a canvas; when it closes, the list holds its SVG, in the page's colours.

    Parameters
    ----------
    name : str
        Key of ``ALT_TEXTS``; it seeds the ids of the SVG.
    width, height : float
        In inches.

    Yields
    ------
    canvas : Figure
        To draw on.
    finished : list of str
        Empty until the canvas is closed.
    """
    finished: list[str] = []
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        canvas = Canvas(figsize=(width, height), layout="constrained")
        yield canvas, finished
        buffer = io.StringIO()
        canvas.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
        )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    if words := ALT_TEXTS.get(name):
        svg = svg.replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1)
    svg = svg.replace("<svg ", f'<svg data-plot="{name}" ', 1)  # by which it is found again
    for drawn, colour in _PAGE_COLOURS.items():
        svg = svg.replace(drawn, colour)
    finished.append(svg)
