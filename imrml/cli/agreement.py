"""How ``imrml label --check`` prints its figures: one line a deficiency, then those over all of them."""

from collections.abc import Iterator, Mapping
from typing import Any

_COLUMNS = ("precision", "recall", "f1")
_OVERALL = {
    "micro_precision": "micro precision",
    "micro_recall": "micro recall",
    "micro_f1": "micro F1",
    "macro_f1": "macro F1 (ids with 5 or more gold items)",
    "exact_share": "items with exactly the gold set",
    "evidence_share": "evidence overlaps the gold quote (token F1 0.5 or more)",
}


def agreement_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Word what :func:`~imrml.labelling.agreement.measure_agreement` found, as a table for a terminal.

    Examples
    --------
    >>> share = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 8}
    >>> found = {"n_items": 8, "n_cases": 5, "interval_level": 0.95, "labels": {}, **dict.fromkeys(_OVERALL, share)}
    >>> list(agreement_lines(found))[2:4]
    ['micro precision                                         0.500 (0.250 to 0.750)',
     'micro recall                                            0.500 (0.250 to 0.750)']
    """
    yield (
        f"{'deficiency':<36}{'gold':>5}  "
        + "".join(f"{name:<24}" for name in ("precision", "recall", "F1")).rstrip()
    )
    for id_, row in found["labels"].items():
        yield (
            f"{id_:<36}{row['support']:>5,}  "
            + "".join(f"{_worded(row[name]):<24}" for name in _COLUMNS).rstrip()
        )
    yield ""
    for name, title in _OVERALL.items():
        yield f"{title:<56}{_worded(found[name])}"
    level = f"{100 * found['interval_level']:g} %"
    yield f"{found['n_items']:,} gold items of {found['n_cases']:,} cases; in brackets {level} intervals, bootstrapped by case"


def _worded(figure: Mapping[str, Any]) -> str:
    if "value" not in figure:
        return "n/a"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
