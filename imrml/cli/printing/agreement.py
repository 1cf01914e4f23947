"""How ``imrml labels check`` prints its figures: a line a deficiency, then those over all."""

from collections.abc import Iterator, Mapping
from typing import Any

from imrml.phrases import pluralize

_COLUMNS = ("precision", "recall", "f1")
_OVERALL = {
    "micro_precision": "micro precision",
    "micro_recall": "micro recall",
    "micro_f1": "micro F1",
    "macro_f1": "macro F1 (ids with 5 or more gold items)",
    "exact_share": "items with exactly the gold set",
    "evidence_share": "evidence overlaps the gold quote (token F1 0.5 or more)",
}


def print_agreement(agreement: Mapping[str, Any]) -> None:
    """Print figures on stdout.

    Parameters
    ----------
    agreement : mapping
        From :func:`~imrml.labelling.agreement.measure_agreement`.
    """
    print("\n".join(_agreement_lines(agreement)))


def _agreement_lines(agreement: Mapping[str, Any]) -> Iterator[str]:
    """Draw figures of :func:`~imrml.labelling.agreement.measure_agreement` for a terminal.

    Examples
    --------
    >>> share = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 8}
    >>> counts = {"n_items": 8, "n_cases": 5, "interval_level": 0.95, "labels": {}}
    >>> agreement = {**counts, **dict.fromkeys(_OVERALL, share)}
    >>> list(_agreement_lines(agreement))[2:4]
    ['micro precision                                         0.500 (0.250 to 0.750)',
     'micro recall                                            0.500 (0.250 to 0.750)']
    """
    yield (
        f"{'deficiency':<36}{'gold':>5}  "
        + "".join(f"{name:<24}" for name in ("precision", "recall", "F1")).rstrip()
    )
    for id_, row in agreement["labels"].items():
        yield (
            f"{id_:<36}{row['support']:>5,}  "
            + "".join(f"{_format_figure(row[name]):<24}" for name in _COLUMNS).rstrip()
        )
    yield ""
    for name, title in _OVERALL.items():
        yield f"{title:<56}{_format_figure(agreement[name])}"
    level = f"{100 * agreement['interval_level']:g} %"
    yield (
        f"{pluralize(agreement['n_items'], 'gold item')} of "
        f"{pluralize(agreement['n_cases'], 'case')}; "
        f"in brackets {level} intervals, bootstrapped by case"
    )


def _format_figure(figure: Mapping[str, Any]) -> str:
    if "value" not in figure:
        return "n/a"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
