"""The short form of a report: a few lines for a console, a piece of HTML for a notebook."""

from collections.abc import Mapping, Sequence
from typing import Any

from imrml.evaluation.checks.splits import Check
from imrml.evaluation.metrics.held_out import HeldOut
from imrml.evaluation.report.verdict import Verdict
from imrml.evaluation.report.write import (
    BANNER,
    SPLIT_NAMES,
    draw_pictures,
    format_figure,
    make_environment,
)

_SHOWN = {
    "overturned_rate": "overturned",
    "auroc": "AUROC",
    "log_loss_vs_class_prior": "log loss - class prior's",
    "log_loss_vs_category_prior": "log loss - category prior's",
}
"""Figures of the headline split that a summary shows."""


def format_summary(
    name: str,
    metrics: Mapping[str, Any],
    verdict: Verdict,
    checks: Sequence[Check] = (),
    *,
    is_synthetic: bool,
) -> str:
    """Say in a few lines what was measured, what it came to, and which checks failed.

    Parameters
    ----------
    name : str
        First line.
    metrics : mapping
        From ``measure``.
    verdict : Verdict
        Names the split.
    checks : sequence of Check
        Counted by status.
    is_synthetic : bool
        The data are invented: the summary says so.

    Returns
    -------
    str
        At most eight lines, without text of a record.
    """
    split = verdict.headline.split
    counts = metrics["held_out"][split]
    lines = [
        f"split {SPLIT_NAMES[split]}: {counts['n_items']:,} held-out items "
        f"of {counts['n_cases']:,} cases",
        *(
            f"{title}: {format_figure(metrics['outcome'][split][metric], metric)}"
            for metric, title in _SHOWN.items()
        ),
        f"beats both priors: {'yes' if verdict.beats_priors else 'not shown'}",
    ]
    if checks:
        failed = [check.code for check in checks if check.status == "failed"]
        lines.append(f"checks failed: {', '.join(failed) or 'none'} (of {len(checks)})")
    first = f"{name} (invented data)" if is_synthetic else name
    return "\n  ".join([first, *lines])


def render_summary(
    name: str,
    metrics: Mapping[str, Any],
    held_out: Mapping[str, HeldOut],
    verdict: Verdict,
    checks: Sequence[Check] = (),
    *,
    is_synthetic: bool,
) -> str:
    """Render verdict, headline figures, failed checks and plots for a notebook.

    Parameters
    ----------
    name : str
        Heading.
    metrics : mapping
        From ``measure``.
    held_out : mapping of split to HeldOut
        What was measured; only numbers of it are drawn.
    verdict : Verdict
        Stands first.
    checks : sequence of Check
        Those that failed are named.
    is_synthetic : bool
        The data are invented: the summary says so.

    Returns
    -------
    str
        One ``div`` with a style of its own, in the notebook's colours.
    """
    template = make_environment().get_template("summary.html.j2")
    return template.render(
        name=name,
        banner=BANNER if is_synthetic else "",
        verdict=verdict,
        said_first=verdict.sentence,
        counts=metrics["held_out"][verdict.headline.split],
        headline_figures=metrics["outcome"][verdict.headline.split],
        split_name=SPLIT_NAMES[verdict.headline.split],
        level=f"{metrics['bootstrap']['interval_level']:.0%}",
        failed=[check for check in checks if check.status == "failed"],
        n_checks=len(checks),
        pictures=draw_pictures(metrics, held_out, verdict),
    )
