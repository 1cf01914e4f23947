"""Nested settings and figures under dotted names, as MLflow holds parameters and metrics."""

import re
from collections.abc import Mapping
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
