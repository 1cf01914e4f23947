"""The plots of a report as pictures of their own, which MLflow shows beside a run."""

from pathlib import Path

_OPENING, _END = '<svg data-plot="', "</svg>"
_COLOURS = (
    "color:#1d2430;background:#fff;--paper:#fff;--ink:#1d2430;--soft:#5b6675;--line:#dfe3e9;"
    "--card:#f6f7f9;--good:#1f7a4d;--warn:#9a6200;--bad:#b3332b"
)
"""Those that the report's page gives its plots by day."""


def read_plots(report: Path) -> dict[str, str]:
    """Read the plots of a report.

    Parameters
    ----------
    report : Path
        ``report.html`` of a training.

    Returns
    -------
    dict of str to str
        SVG by name, such as ``reliability``; the first of each name.
    """
    parts = report.read_text(encoding="utf-8").split(_OPENING)[1:]
    plots: dict[str, str] = {}
    for part in parts:
        name, _, rest = part.partition('"')
        drawn = rest[: rest.index(_END)]
        plots.setdefault(name, f'<svg style="{_COLOURS}"{drawn}{_END}')
    return plots
