"""Deficiencies over a corpus, by treatment category, year and guideline; no text of a record."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from scipy.stats import binomtest

from imrml.config import Config, load_config
from imrml.deficiencies import deficiency_ids, deficiency_names
from imrml.determinations import SYNTHETIC_CASE_NUMBER
from imrml.errors import NotEnoughDataError, TableError
from imrml.evaluation.report.write import BANNER
from imrml.features.treatment import treatment_category
from imrml.features.utilization_review import guideline_families
from imrml.features.vocabulary import read_vocabulary
from imrml.intervals import Bools, Figure, not_applicable
from imrml.labelling import corpus_plots
from imrml.labelling.table import label_items
from imrml.page_templates import open_templates
from imrml.private_files import write_private_text

_MIN_CELL_ITEMS = 10
"""Shares of a smaller group are hidden: they would show single letters, and chance."""
_GROUPINGS = {
    "treatment_category": "treatment category",
    "decided_year": "year of decision",
    "guideline_family": "guideline that the reviewer cites",
}
_GROUPERS: dict[str, tuple[tuple[str, ...], Callable[[str], Sequence[str]]]] = {
    "treatment_category": (("treatment", "item"), lambda text: (treatment_category(text),)),
    "decided_year": (("decided_year", "decided_on"), lambda text: (text[:4],)),
    "guideline_family": (("maximus_guideline",), guideline_families),
}
_FAMILY_NAMES = {
    "mtus": "MTUS",
    "acoem": "ACOEM",
    "odg": "ODG",
    "other": "other",
    "none": "none cited",
}


def report_labels(
    items: pd.DataFrame, folder: str | Path, config: Config | None = None, *, n_jobs: int = 1
) -> Path:
    """Label items and report on the corpus: what ``imrml labels report`` does.

    Parameters
    ----------
    items : DataFrame
        Item table with ``case_number``, ``rationale`` and ``decision``; other columns make groups,
        as in :func:`measure_corpus`.
    folder : str or Path
        For ``report.html`` and ``figures.json``; made where absent.
    config : Config, optional
        Level of the intervals; by default the shipped settings.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    TableError
        A column is missing, or a decision is unknown.
    NotEnoughDataError
        No item is upheld.
    """
    config = load_config() if config is None else config
    labelled = label_items(items, n_jobs)
    return write_corpus_report(Path(folder), labelled, config.evaluation.interval_level)


def measure_corpus(labelled: pd.DataFrame, level: float) -> dict[str, Any]:
    """Count deficiencies over a labelled item table.

    Parameters
    ----------
    labelled : DataFrame
        ``case_number``, ``decision``, ``deficiencies``; what else there is of ``treatment`` or
        ``item``, ``decided_year`` or ``decided_on``, ``maximus_guideline`` and ``supports`` (ids
        that the reviewer found answered) makes groups.
    level : float
        Of the intervals, between 0 and 1, such as 0.95.

    Returns
    -------
    dict
        ``data`` with counts; ``overall``: by id the share of upheld items that hold it; ``groups``:
        the same by grouping and value (an item that cites two guidelines counts in both);
        ``together``: by id, the share of its items that also hold each other id; ``supports``: by
        treatment category, shares of overturned items. A share is ``{"value", "low", "high", "n",
        "k"}``, its interval Wilson's (1927), counting cases because items of one letter share
        reasons; groups of fewer than 10 items are ``{"n": n}`` alone; what the table has no column
        for is ``{"not_applicable": why}``.

    Raises
    ------
    TableError
        The table has no column ``case_number``.
    NotEnoughDataError
        No item is upheld.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "case_number": ["CM15-1", "CM15-2"],
    ...     "decision": ["upheld", "upheld"],
    ...     "deficiencies": [["weaning_indicated"], []],
    ... })
    >>> figures = measure_corpus(table, 0.95)
    >>> figures["overall"]["weaning_indicated"]["value"], figures["groups"]["decided_year"]
    (0.5, {'not_applicable': 'the table has none of the columns decided_year, decided_on'})
    """
    if "case_number" not in labelled:
        raise TableError(
            "item table: lacks ['case_number']; intervals count cases, as `imrml parse` writes them"
        )
    upheld = labelled[labelled["decision"] == "upheld"]
    if upheld.empty:
        raise NotEnoughDataError(
            "report on labels: no item is upheld; deficiencies are reasons for upholding, so there "
            "is nothing to count"
        )
    overturned = labelled[labelled["decision"] == "overturned"]
    held = _membership(upheld["deficiencies"])
    n_labels = held.sum(axis=1)
    return {
        "data": {
            "n_items": len(labelled),
            "n_cases": int(labelled["case_number"].nunique()),
            "n_upheld": len(upheld),
            "n_overturned": len(overturned),
            "n_upheld_by_number_of_deficiencies": {
                name: int((n_labels == n).sum()) for n, name in enumerate(["0", "1", "2"])
            }
            | {"3 or more": int((n_labels >= 3).sum())},
        },
        "overall": _shares(held, upheld["case_number"], level),
        "groups": {
            name: _measure_groups(_groups_of(upheld, name), held, upheld["case_number"], level)
            for name in _GROUPINGS
        },
        "together": {
            id_: _shares_or_count(
                held[held[:, column]], upheld["case_number"][held[:, column]], level
            )
            for column, id_ in enumerate(deficiency_ids())
        },
        "supports": _measure_supports(overturned, level),
    }


def write_corpus_report(folder: Path, labelled: pd.DataFrame, level: float) -> Path:
    """Write ``report.html`` and ``figures.json`` into a folder, each readable by its owner only.

    Parameters
    ----------
    folder : Path
        Made where absent.
    labelled : DataFrame
        As for :func:`measure_corpus`.
    level : float
        Of the intervals, between 0 and 1.

    Returns
    -------
    Path
        Of ``report.html``.
    """
    figures = measure_corpus(labelled, level)
    is_synthetic = bool(
        labelled["case_number"].astype(str).str.fullmatch(SYNTHETIC_CASE_NUMBER).any()
    )
    templates = open_templates("imrml.labelling", share=_format_share, most=_most_frequent)
    names = deficiency_names()
    values = {
        "treatment_category": {
            row["category"]: row["name"] for row in read_vocabulary("treatment_categories")
        },
        "guideline_family": _FAMILY_NAMES,
        "decided_year": {},
    }
    # The SVG is matplotlib's own, which escapes every label.
    drawn = corpus_plots.draw_corpus(figures, names, values)
    pictures = {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704
    page = templates.get_template("corpus_report.html.j2").render(
        data=figures["data"],
        overall=figures["overall"],
        groups_of=figures["groups"],
        together_with_others=_without_themselves(figures["together"]),
        supports=figures["supports"],
        pictures=pictures,
        names=names,
        values=values,
        groupings=_GROUPINGS,
        min_cell_items=_MIN_CELL_ITEMS,
        level=f"{level:.0%}",
        banner=BANNER if is_synthetic else "",
    )
    folder.mkdir(parents=True, exist_ok=True)
    text = (
        json.dumps(
            {**figures, "interval_level": level, "is_synthetic": is_synthetic},
            indent=2,
            allow_nan=False,
        )
        + "\n"
    )
    write_private_text(folder / "figures.json", text)
    path = folder / "report.html"
    write_private_text(path, page)
    return path


def _format_share(figure: Mapping[str, Any]) -> str:
    """Write a share with its interval, in percent.

    Examples
    --------
    >>> _format_share({"value": 0.25, "low": 0.101, "high": 0.5, "n": 12, "k": 3})
    '25 % (10 to 50)'
    """
    value = 100 * figure["value"]
    style = ".1f" if 0 < value < 1 else ".0f"
    return f"{value:{style}} % ({100 * figure['low']:{style}} to {100 * figure['high']:.0f})"


def _most_frequent(shares: Mapping[str, Figure], n: int) -> list[tuple[str, Figure]]:
    """Give the ids held most often, without those that nobody holds.

    Examples
    --------
    >>> _most_frequent({"a": {"k": 1}, "b": {"k": 3}, "c": {"k": 0}}, 2)
    [('b', {'k': 3}), ('a', {'k': 1})]
    """
    return sorted(
        ((id_, figure) for id_, figure in shares.items() if figure["k"]),
        key=lambda pair: -pair[1]["k"],
    )[:n]


def _without_themselves(together: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out that an item that holds a deficiency holds it."""
    others = {}
    for id_, group in together.items():
        others[id_] = dict(group)
        if "shares" in group:
            shares = group["shares"].items()
            others[id_]["shares"] = {other: share for other, share in shares if other != id_}
    return others


def _membership(lists: Iterable[Any]) -> Bools:
    rows = []
    for ids in lists:
        held = set(map(str, ids)) if isinstance(ids, (list, tuple, np.ndarray)) else set()
        rows.append([id_ in held for id_ in deficiency_ids()])
    return np.array(rows, dtype=bool).reshape(-1, len(deficiency_ids()))


def _shares(held: Bools, cases: pd.Series, level: float) -> dict[str, Figure]:
    n_cases = int(cases.nunique())
    shares = {}
    for column, id_ in enumerate(deficiency_ids()):
        value = float(held[:, column].mean())
        interval = binomtest(round(value * n_cases), n_cases).proportion_ci(level, method="wilson")
        shares[id_] = {
            "value": value,
            "low": min(float(interval.low), value),
            "high": max(float(interval.high), value),
            "n": len(held),
            "k": int(held[:, column].sum()),
        }
    return shares


def _shares_or_count(held: Bools, cases: pd.Series, level: float) -> dict[str, Any]:
    group: dict[str, Any] = {"n": len(held)}
    if len(held) >= _MIN_CELL_ITEMS:
        group["shares"] = _shares(held, cases, level)
    return group


def _measure_groups(
    groups: list[Sequence[str]] | Figure, held: Bools, cases: pd.Series, level: float
) -> dict[str, Any]:
    """Give the shares of each group, largest group first (years in order)."""
    if isinstance(groups, dict):
        return groups
    pairs = pd.DataFrame(
        [(value, row) for row, values in enumerate(groups) for value in values],
        columns=["value", "row"],
    )
    rows_by_value = {str(value): part["row"].to_numpy() for value, part in pairs.groupby("value")}
    in_order = sorted(
        rows_by_value,
        key=lambda value: (0 if value.isdecimal() else -len(rows_by_value[value]), value),
    )
    shares = {}
    for value in in_order:
        rows = rows_by_value[value]
        shares[value] = _shares_or_count(held[rows], cases.iloc[rows], level)
    return shares


def _groups_of(items: pd.DataFrame, grouping: str) -> list[Sequence[str]] | Figure:
    """Name the groups that each item is in; empty where its column is blank."""
    columns, name_groups = _GROUPERS[grouping]
    column = next((column for column in columns if column in items), None)
    if column is None:
        return not_applicable(f"the table has none of the columns {', '.join(columns)}")
    texts = items[column].astype("object").where(items[column].notna(), "").astype(str).str.strip()
    return [name_groups(text) if text else () for text in texts]


def _measure_supports(overturned: pd.DataFrame, level: float) -> dict[str, Any]:
    if "supports" not in overturned:
        return not_applicable("the table has no column supports")
    if overturned.empty:
        return not_applicable("no item is overturned")
    held = _membership(overturned["supports"])
    by_category = _measure_groups(
        _groups_of(overturned, "treatment_category"), held, overturned["case_number"], level
    )
    return {
        "overall": _shares_or_count(held, overturned["case_number"], level),
        "by_category": by_category,
    }
