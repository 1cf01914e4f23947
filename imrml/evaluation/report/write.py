"""What an evaluation leaves behind, without text of a record: figures, report and card."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from imrml.deficiencies import deficiency_names
from imrml.evaluation.checks.splits import VERDICT_CODE, Check
from imrml.evaluation.metrics.held_out import HeldOut
from imrml.evaluation.metrics.slices import MIN_SLICE_ITEMS
from imrml.evaluation.report import plots
from imrml.evaluation.report.verdict import Verdict, state_briefly
from imrml.features.names import name_category
from imrml.page_templates import open_templates
from imrml.private_files import write_private_text

BANNER = (
    "DEMO, invented data: a yardstick with a known optimum, never evidence of skill on real letters"
)
METRIC_NAMES = {
    "auroc": "AUROC (chance 0.5)",
    "average_precision": "average precision (chance: base rate)",
    "log_loss": "log loss",
    "log_loss_skill": "log loss skill to the class prior",
    "log_loss_vs_class_prior": "log loss minus class prior's",
    "log_loss_vs_category_prior": "log loss minus category prior's",
    "brier": "Brier score",
    "brier_skill": "Brier skill to the class prior",
    "brier_vs_class_prior": "Brier minus class prior's",
    "brier_vs_category_prior": "Brier minus category prior's",
    "ece": "calibration error (ECE)",
    "calibration_slope": "calibration slope (right: 1)",
    "overturned_rate": "observed share overturned",
    "mean_p_overturned": "mean prediction",
}
DEFICIENCY_METRIC_NAMES = {
    "micro_ap": "average precision, micro",
    "macro_ap": "average precision, macro",
    "hit_at_1": "a true one is named first",
    "hit_at_3": "a true one is among the first three",
    "lrap": "label ranking average precision",
}
SLICE_NAMES = {
    "treatment_category": "treatment category",
    "sex": "sex",
    "age_band": "age (years)",
    "decided_year": "year of decision",
}
SPLIT_NAMES = {
    "random": "random (contrast only)",
    "grouped": "case-grouped",
    "time_forward": "time-forward",
    "external": "external",
}
FEW_OVERTURNED = 30
"""Overturned cases below which a split beside the headline is greyed."""
LABEL_AGREEMENT = (
    "0.83 micro F1 on 74 letters that nobody tuned on, and 0.846 on 87 letters while they were "
    "unread (protocol: cues are written from some folds of cases and judged on the others, "
    "experiments/061-unread-labels); more on letters that its cues were written from is memory"
)
"""What labels are worth, wherever figures rest on them."""

_RATES = frozenset(
    {
        "overturned_rate",
        "mean_p_overturned",
        "hit_at_1",
        "hit_at_3",
        "log_loss_skill",
        "brier_skill",
    }
)


def write_report(  # noqa: PLR0917 - the parts of one report, in the order in which they were made
    folder: Path,
    metrics: Mapping[str, Any],
    held_out: Mapping[str, HeldOut],
    verdict: Verdict,
    data_facts: Mapping[str, Any],
    checks: Sequence[Check],
    *,
    is_synthetic: bool,
    made: Mapping[str, str] | None = None,
) -> None:
    """Write ``metrics.json``, ``report.html`` and ``card.md``, each readable by its owner only.

    Parameters
    ----------
    folder : Path
        Made where absent.
    metrics : dict
        From ``measure``; more ``baselines`` (such as a model without the case summary) may have
        been added.
    held_out : mapping of split to HeldOut
        What was measured; only numbers of it are drawn.
    verdict : Verdict
        Stands first.
    data_facts : dict of JSON types
        Facts on the data and the model by name: ``stage``, ``n_cases``, ``n_items``, splits that
        were not applicable and why, ... Never text of a record.
    checks : sequence of Check
        Shown with their status.
    is_synthetic : bool
        The data are invented: everything written says so.
    made : mapping of str to str, optional
        What stands above the verdict: which model and run these figures are of, and when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    brief = state_briefly(metrics, verdict, str(data_facts.get("ships", "")))
    document = {
        **metrics,
        "headline": asdict(verdict.headline),
        "verdict": {
            "beats_class_prior": verdict.beats_class_prior,
            "beats_category_prior": verdict.beats_category_prior,
            "brief": brief,
            "sentence": verdict.sentence,
        },
        "checks": [asdict(check) for check in checks],
        "data": dict(data_facts),
        "is_synthetic": is_synthetic,
    }
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    write_private_text(folder / "metrics.json", text)
    environment = make_environment()
    context = {
        **document,
        "checks": checks,
        "verdict": verdict,
        "split": verdict.headline.split,
        "said_first": " ".join(brief),
        "made": dict(made or {}),
        "verdict_code": VERDICT_CODE,
        "banner": BANNER if is_synthetic else "",
        "metric_names": METRIC_NAMES,
        "deficiency_metric_names": DEFICIENCY_METRIC_NAMES,
        "slice_names": SLICE_NAMES,
        "split_names": SPLIT_NAMES,
        "min_slice_items": MIN_SLICE_ITEMS,
        "deficiency_names": deficiency_names(),
        "label_agreement": LABEL_AGREEMENT,
        "weak_splits": find_weak_splits(metrics, verdict.headline.split),
        "level": f"{metrics['bootstrap']['interval_level']:.0%}",
    }
    for name in ("report.html", "card.md"):
        pictures = draw_pictures(metrics, held_out, verdict) if name == "report.html" else {}
        page = environment.get_template(f"{name}.j2").render(**context, pictures=pictures)
        write_private_text(folder / name, page)


def make_environment() -> Environment:
    """Make the environment of this package's templates, which escapes what goes into HTML.

    Returns
    -------
    Environment
        With the filters ``figure``, ``plain``, ``fact`` and ``slice_name``.
    """
    return open_templates(
        "imrml.evaluation.report",
        figure=format_figure,
        plain=_plain,
        fact=_fact,
        slice_name=_slice_name,
    )


def format_figure(figure: Mapping[str, Any] | None, metric: str = "") -> str:
    """Put a figure with its interval into words.

    Parameters
    ----------
    figure : mapping or None
        ``value``, ``low`` and ``high``, or ``not_applicable``.
    metric : str, default=""
        Its name, which says whether it is a share or a difference.

    Returns
    -------
    str
        ``""`` for None.

    Examples
    --------
    >>> format_figure({"value": 0.1234, "low": 0.1, "high": 0.15, "n": 40}, "overturned_rate")
    '12.3% (10.0 to 15.0)'
    >>> format_figure({"value": 0.1, "low": -0.0001, "high": 0.2, "n": 40}, "brier_skill")
    '10.0% (0.0 to 20.0)'
    >>> difference = {"value": -0.0123, "low": -0.02, "high": 0.01, "n": 40}
    >>> format_figure(difference, "log_loss_vs_class_prior")
    '-0.0123 (-0.0200 to +0.0100)'
    >>> format_figure({"not_applicable": "one decision only"})
    'n/a'
    """
    if figure is None or "value" not in figure:
        return "n/a" if figure is not None else ""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if metric in _RATES:
        return f"{100 * value:z.1f}% ({100 * low:z.1f} to {100 * high:z.1f})"
    style = "+z.4f" if "_vs_" in metric else "z.3f"
    return f"{value:{style}} ({low:{style}} to {high:{style}})"


def find_weak_splits(metrics: Mapping[str, Any], headline: str) -> dict[str, str]:
    """Name the splits that hold too few overturned cases to be believed.

    Parameters
    ----------
    metrics : mapping
        From ``measure``.
    headline : str
        The split that stands first, and is not named.

    Returns
    -------
    dict of str to str
        By split, how many overturned cases it holds.

    Examples
    --------
    >>> counts = {"grouped": {"n_overturned_cases": 40}, "time_forward": {"n_overturned_cases": 2}}
    >>> find_weak_splits({"held_out": counts}, "grouped")
    {'time_forward': 'not the headline: 2 overturned cases'}
    """
    return {
        split: f"not the headline: {counts['n_overturned_cases']} overturned cases"
        for split, counts in metrics["held_out"].items()
        if split not in {headline, "random"} and counts["n_overturned_cases"] < FEW_OVERTURNED
    }


def _plain(name: str) -> str:
    return name.removeprefix("n_").replace("_", " ")


def _slice_name(name: str) -> str:
    """Give a slice's words: a treatment category by its name, all else as it stands."""
    return _plain(name_category(name))


def _fact(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{_plain(str(key))}: {_fact(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        facts = [_fact(inner) for inner in value]
        # Sentences hold commas of their own; between them a comma would not end one.
        return ("; " if any(", " in fact for fact in facts) else ", ").join(facts)
    return str(value)


def draw_pictures(
    metrics: Mapping[str, Any], held_out: Mapping[str, HeldOut], verdict: Verdict
) -> dict[str, Markup]:
    """Draw what can be drawn of the headline split.

    Parameters
    ----------
    metrics : mapping
        From ``measure``.
    held_out : mapping of split to HeldOut
        What was measured.
    verdict : Verdict
        Names the split.

    Returns
    -------
    dict of str to Markup
        By name of the plot, its SVG.
    """
    split = verdict.headline.split
    items = held_out[split].outcome
    figures = {
        "model": metrics["outcome"][split],
        "category prior": metrics["baselines"]["category_prior"][split],
    }
    drawn = {
        "reliability": plots.draw_reliability(items, metrics["reliability"][split]),
        "risk_coverage": plots.draw_risk_coverage(metrics["risk_coverage"][split]),
    }
    curve = metrics.get("learning_curve", [])
    if len(curve) > 1 and any("value" in row["log_loss_vs_class_prior"] for row in curve):
        drawn["learning_curve"] = plots.draw_learning_curve(curve)
    importance = metrics["importance"].get(split, {})
    if any("value" in cost for cost in importance.values()):
        drawn["importance"] = plots.draw_importance(importance)
    if items["overturned"].nunique() == 2:
        drawn["roc"] = plots.draw_roc(items, figures)
        drawn["precision_recall"] = plots.draw_precision_recall(items, figures)
    categories = metrics["slices"][split]["treatment_category"]
    if any("overturned_rate" in category for category in categories.values()):
        drawn["categories"] = plots.draw_categories(categories)
    labels = metrics["deficiencies"][split].get("labels", {})
    if any("value" in label["ap"] for label in labels.values()):
        drawn["deficiencies"] = plots.draw_deficiencies(labels)
    # The SVG is matplotlib's own, which escapes every label.
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704
