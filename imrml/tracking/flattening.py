"""Nested settings and figures under dotted names, as MLflow holds parameters and metrics."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_NOT_IN_METRIC_NAMES = re.compile(r"[^\w\-. :/]")


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name nested values by their dotted path.

    Parameters
    ----------
    nested : mapping
        Mappings inside are entered, whatever else is a value.
    prefix : str, default=''
        Put before each path.

    Returns
    -------
    dict of str to object
        Values by path.

    Examples
    --------
    >>> flatten({"models": {"outcome": {"c": 1.0}}})
    {'models.outcome.c': 1.0}
    """
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def flatten_figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Name each figure by its dotted path, its bounds beside it; what does not apply is left out.

    Parameters
    ----------
    metrics : mapping
        Nested; FIGUREs at its ends.

    Returns
    -------
    dict of str to float
        Such as ``outcome.time_forward.auroc``.

    Examples
    --------
    >>> auroc = {"value": 0.7, "low": 0.6, "high": 0.8, "n": 40}
    >>> flatten_figures({"grouped": {"auroc": auroc}})
    {'grouped.auroc': 0.7, 'grouped.auroc.low': 0.6, 'grouped.auroc.high': 0.8}
    """
    flat: dict[str, float] = {}

    def walk(node: object, path: str) -> None:
        if not isinstance(node, Mapping):
            return
        if isinstance(node.get("value"), (int, float)):
            flat[path] = float(node["value"])
            flat.update(
                {
                    f"{path}.{end}": float(node[end])
                    for end in ("low", "high")
                    if isinstance(node.get(end), (int, float))
                }
            )
            return
        for key, inner in node.items():
            # MLflow refuses a name with a comma, and the state's codes hold some.
            part = _NOT_IN_METRIC_NAMES.sub("_", str(key))
            walk(inner, f"{path}.{part}" if path else part)

    walk(metrics, "")
    return flat


_HEADLINES = {
    "auroc": "auroc",
    "average_precision": "average_precision",
    "log_loss": "log_loss",
    "log_loss_vs_class_prior": "log_loss_vs_class_prior",
    "log_loss_vs_category_prior": "log_loss_vs_category_prior",
    "brier": "brier",
    "ece": "calibration_error",
    "calibration_slope": "calibration_slope",
}
_DEFICIENCY_HEADLINES = {
    "micro_ap": "deficiency_micro_ap",
    "hit_at_3": "deficiency_hit_at_3",
}
_BESIDE = ("auroc", "log_loss_vs_category_prior")
"""Figures of the splits beside the headline's."""
LEARNING_CURVE = "log_loss_vs_category_prior"
"""Figure of the learning curve that MLflow holds step by step."""
SHAPES_THE_FIT = ("profile", "stage", "seed", "features", "models", "search")
"""Sections and keys of a recipe by which fitted models differ; the rest is in ``config.yaml``."""


def headline_figures(metrics: Mapping[str, Any], split: str) -> dict[str, float]:
    """Name the ten headline figures plainly, their bounds and two of each other split beside them.

    Parameters
    ----------
    metrics : mapping
        As ``metrics.json`` holds them.
    split : str
        Whose figures are the headline.

    Returns
    -------
    dict of str to float
        At most 36: ``auroc``, ``auroc.low``, ``auroc.high``, ``random.auroc``, ...

    Examples
    --------
    >>> auroc = {"value": 0.7, "low": 0.6, "high": 0.8, "n": 40}
    >>> headline_figures({"outcome": {"grouped": {"auroc": auroc, "rare": auroc}}}, "grouped")
    {'auroc': 0.7, 'auroc.low': 0.6, 'auroc.high': 0.8}
    """
    outcome, deficiencies = metrics.get("outcome", {}), metrics.get("deficiencies", {})
    chosen = _rename(outcome.get(split, {}), _HEADLINES)
    chosen |= _rename(deficiencies.get(split, {}), _DEFICIENCY_HEADLINES)
    beside = {
        other: {name: {"value": figures.get(name, {}).get("value")} for name in _BESIDE}
        for other, figures in outcome.items()
        if other != split
    }
    return flatten_figures(chosen | beside)


def _rename(figures: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: figures[name] for name, ours in names.items() if name in figures}


def learning_steps(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, float]]:
    """Give the learning curve as steps of one metric.

    Parameters
    ----------
    rows : sequence of mapping
        ``learning_curve`` of ``metrics.json``.

    Returns
    -------
    list of (int, float)
        Cases learnt from in percent, and how much the log loss then differs from the category
        prior's.

    Examples
    --------
    >>> learning_steps([{"share": 0.5, LEARNING_CURVE: {"value": -0.03}}])
    [(50, -0.03)]
    """
    return [
        (round(100 * row["share"]), float(row[LEARNING_CURVE]["value"]))
        for row in rows
        if isinstance(row.get(LEARNING_CURVE, {}).get("value"), float)
    ]


def fit_parameters(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Name the settings that shape the fit by their dotted path.

    Parameters
    ----------
    recipe : mapping
        Config by section.

    Returns
    -------
    dict of str to object
        Without where things are kept and how they are measured; of a search only where one is run.

    Examples
    --------
    >>> fit_parameters({"seed": 1, "tracking": {"alias": "challenger"}, "search": {"space": None}})
    {'seed': 1}
    """
    shaping = {name: recipe[name] for name in SHAPES_THE_FIT if name in recipe}
    if not (shaping.get("search") or {}).get("space"):
        shaping.pop("search", None)
    return flatten(shaping)
