"""How far labels agree with a careful reader's: precision, recall, F1, and the same evidence."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from imrml.config import Config, load_config
from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError
from imrml.intervals import (
    Bools,
    Figure,
    Floats,
    Resamples,
    figure,
    not_applicable,
    rate_figure,
    ratio,
)
from imrml.labelling.gold import GoldItem, item_ids, parse_gold_items
from imrml.labelling.table import label_items
from imrml.tables.files import read_table

MIN_MACRO_ITEMS = 5
"""Macro F1 is over the ids that at least this many gold items hold."""
MIN_TOKEN_F1 = 0.5
"""Two quotes with at least this token F1 point at the same words."""
DISAGREEMENT_COLUMNS = ("item_id", "id", "kind", "start", "end", "quote")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """How far the labels of an item table agree with gold labels.

    Parameters
    ----------
    figures : dict
        As :func:`measure_agreement` gives them.
    disagreements : DataFrame
        As :func:`list_disagreements` gives them: one row a label that only one side gave.
    """

    figures: dict[str, Any]
    disagreements: pd.DataFrame


def check_labels(
    items: pd.DataFrame,
    gold: pd.DataFrame | str | Path,
    config: Config | None = None,
    *,
    n_jobs: int = 1,
) -> LabelAgreement:
    """Label items and compare the labels with gold labels: what ``imrml labels check`` does.

    Parameters
    ----------
    items : DataFrame
        Item table with ``case_number``, ``item_number``, ``rationale`` and ``decision``.
    gold : DataFrame, str or Path
        Gold labels, or the file that holds them: ``item_id`` (``CASE#NUMBER``), ``deficiencies``
        and, where known, ``evidence``.
    config : Config, optional
        Seed, number of resamples and level of the intervals; by default the shipped settings.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.

    Returns
    -------
    LabelAgreement
        Figures with intervals, and the labels that only one side gave.

    Raises
    ------
    TableError
        A column is missing, gold labels cannot be read, or they are of none of these items.

    Examples
    --------
    >>> items = pd.DataFrame({
    ...     "case_number": ["CM15-1"],
    ...     "item_number": [1],
    ...     "decision": ["upheld"],
    ...     "rationale": ["There is no record of functional improvement."],
    ... })
    >>> gold = pd.DataFrame({"item_id": ["CM15-1#1"], "deficiencies": [["weaning_indicated"]]})
    >>> agreement = check_labels(items, gold)
    >>> agreement.figures["micro_f1"]["value"], agreement.disagreements["kind"].tolist()
    (0.0, ['false', 'missed'])
    """
    table, name = (
        (gold, "gold labels") if isinstance(gold, pd.DataFrame) else (read_table(gold), str(gold))
    )
    gold_items = parse_gold_items(table, name)
    item_ids(items)  # refused before labelling, which is the slow part
    config = load_config() if config is None else config
    labelled = label_items(items, n_jobs)
    figures = measure_agreement(
        labelled,
        gold_items,
        config.evaluation.n_bootstrap,
        config.seed,
        config.evaluation.interval_level,
    )
    return LabelAgreement(figures, list_disagreements(labelled, gold_items))


def measure_agreement(
    labelled: pd.DataFrame, gold: Mapping[str, GoldItem], n_resamples: int, seed: int, level: float
) -> dict[str, Any]:
    """Compare labels with gold labels, on the gold items.

    A gold item that has no row in the table counts as one without labels.

    Parameters
    ----------
    labelled : DataFrame
        Item table with ``case_number``, ``item_number``, ``deficiencies`` and ``evidence``.
    gold : dict of str to GoldItem
        From :func:`~imrml.labelling.gold.parse_gold_items`.
    n_resamples, seed : int
        Of the bootstrap by case.
    level : float
        Of the intervals, between 0 and 1, such as 0.95.

    Returns
    -------
    dict
        ``n_items``, ``n_cases``, ``n_absent`` (gold items without a row), ``interval_level``; the
        figures ``micro_precision``, ``micro_recall``, ``micro_f1``, ``macro_f1`` (over ids with at
        least 5 gold items), ``exact_share`` (items with exactly the gold set) and
        ``evidence_share`` (labels of both sides whose quotes have a token F1 of at least 0.5);
        ``labels``, by id: ``support`` (gold items that hold it), ``precision``, ``recall``, ``f1``.
        Where the bootstrap cannot tell, because all agree or too few cases hold a label, the
        interval is Wilson's (1927), counting cases.

    Raises
    ------
    TableError
        No gold item is in the table, or one stands there twice.

    Examples
    --------
    >>> labelled = pd.DataFrame({
    ...     "case_number": ["CM15-1", "CM15-2"],
    ...     "item_number": [1, 1],
    ...     "deficiencies": [["weaning_indicated"], ["weaning_indicated", "request_not_specific"]],
    ...     "evidence": [[], []],
    ... })
    >>> weaning = frozenset({"weaning_indicated"})
    >>> gold = {id_: GoldItem(id_, weaning) for id_ in ("CM15-1#1", "CM15-2#1")}
    >>> figures = measure_agreement(labelled, gold, n_resamples=100, seed=0, level=0.95)
    >>> figures["micro_f1"]["value"]
    0.8
    >>> figures["labels"]["request_not_specific"]["precision"]["value"]
    0.0
    """
    rows = _rows_by_item(labelled, gold)
    ids = deficiency_ids()
    wanted = _membership([item.deficiencies for item in gold.values()], ids)
    given = _membership([rows[item_id][0] if item_id in rows else () for item_id in gold], ids)
    resamples = Resamples([item_id.rpartition("#")[0] for item_id in gold], n_resamples, seed)
    labels = {
        id_: {
            "support": int(wanted[:, column].sum()),
            **_precision_recall_f1(wanted[:, [column]], given[:, [column]], resamples, level),
        }
        for column, id_ in enumerate(ids)
        if (wanted[:, column] | given[:, column]).any()
    }
    micro = _precision_recall_f1(wanted, given, resamples, level)
    return {
        "n_items": len(gold),
        "n_cases": resamples.n_cases,
        "n_absent": len(gold) - len(rows),
        "interval_level": level,
        **{f"micro_{name}": score for name, score in micro.items()},
        "macro_f1": _macro_f1(wanted, given, resamples, level),
        "exact_share": _share((wanted == given).all(axis=1), resamples, level),
        "evidence_share": _evidence_share(rows, gold, resamples, level),
        "labels": labels,
    }


def list_disagreements(labelled: pd.DataFrame, gold: Mapping[str, GoldItem]) -> pd.DataFrame:
    """List each label that only one side gave, for review.

    Parameters
    ----------
    labelled : DataFrame
        Item table with ``case_number``, ``item_number``, ``deficiencies`` and ``evidence``.
    gold : dict of str to GoldItem
        From :func:`~imrml.labelling.gold.parse_gold_items`.

    Returns
    -------
    DataFrame
        ``item_id``, ``id``, ``kind`` (``missed``: only the gold labels have it; ``false``: only
        ours), and for a false one the span into the rationale that raised it (``start``, ``end``,
        ``quote``), for a missed one the gold quote where known.

    Raises
    ------
    TableError
        No gold item is in the table, or one stands there twice.

    Examples
    --------
    >>> labelled = pd.DataFrame({
    ...     "case_number": ["CM15-1"],
    ...     "item_number": [1],
    ...     "deficiencies": [[]],
    ...     "evidence": [[]],
    ... })
    >>> gold = {"CM15-1#1": GoldItem("CM15-1#1", frozenset({"weaning_indicated"}))}
    >>> list_disagreements(labelled, gold)[["item_id", "id", "kind"]].to_dict("records")
    [{'item_id': 'CM15-1#1', 'id': 'weaning_indicated', 'kind': 'missed'}]
    """
    rows = _rows_by_item(labelled, gold)
    rank = {id_: place for place, id_ in enumerate(deficiency_ids())}
    listed: list[dict[str, Any]] = []
    for item_id, item in gold.items():
        ours, spans = rows.get(item_id, (frozenset(), ()))
        for id_ in sorted(ours ^ item.deficiencies, key=rank.__getitem__):
            if id_ in item.deficiencies:
                listed += [
                    {"item_id": item_id, "id": id_, "kind": "missed", "quote": quote}
                    for quote in item.quotes.get(id_, ("",))
                ]
            else:
                listed += [
                    {**span, "item_id": item_id, "kind": "false"}
                    for span in spans
                    if span["id"] == id_
                ]
    return pd.DataFrame(listed, columns=list(DISAGREEMENT_COLUMNS)).astype(
        {"start": "Int64", "end": "Int64"}
    )


def token_f1(first: str, second: str) -> float:
    """Compare two quotes by the words that they share, whatever their order and case.

    Parameters
    ----------
    first, second : str
        Quotes; each word counts as often as it stands.

    Returns
    -------
    float
        F1 of the shared words, 0 to 1; 0 where neither holds a word.

    Examples
    --------
    >>> round(token_f1("no urine drug screen", "A urine drug screen was not sent."), 2)
    0.55
    """
    one, other = (Counter(_WORD.findall(text.lower())) for text in (first, second))
    return 2 * (one & other).total() / max(one.total() + other.total(), 1)


def _rows_by_item(
    labelled: pd.DataFrame, gold: Mapping[str, GoldItem]
) -> dict[str, tuple[frozenset[str], Sequence[Any]]]:
    """Give the ids and spans of each gold item that has a row."""
    rows: dict[str, tuple[frozenset[str], Sequence[Any]]] = {}
    for item_id, ids, spans in zip(
        item_ids(labelled), labelled["deficiencies"], labelled["evidence"], strict=True
    ):
        if item_id in rows:
            raise TableError(
                f"item table: {item_id} stands twice, so its gold labels could be compared with "
                "either; keep one row"
            )
        if item_id in gold:
            rows[item_id] = frozenset(ids), spans
    if not rows:
        raise TableError(
            f"gold: none of its {len(gold):,} item_id is CASE#NUMBER of an item of the table; "
            "is it of other letters?"
        )
    return rows


def _membership(sets: Sequence[Any], ids: Sequence[str]) -> Bools:
    return np.array([[id_ in held for id_ in ids] for held in sets], dtype=bool)


def _precision_recall_f1(
    wanted: Bools, given: Bools, resamples: Resamples, level: float
) -> dict[str, Figure]:
    hit = wanted & given

    def share(among: Bools, why_not: str) -> Figure:
        items, _ = np.nonzero(among)
        return (
            _share(hit[among], resamples.of(items), level)
            if len(items)
            else not_applicable(why_not)
        )

    agreed = share(wanted | given, "neither side gave the label")
    return {
        "precision": share(given, "no item was given the label"),
        "recall": share(wanted, "no gold item holds the label"),
        # F1 grows with the share of agreement among all labels given (Jaccard's), so its interval
        # is that one's, carried over.
        "f1": {
            name: 2 * x / (1 + x) if name in {"value", "low", "high"} else x
            for name, x in agreed.items()
        },
    }


def _macro_f1(wanted: Bools, given: Bools, resamples: Resamples, level: float) -> Figure:
    columns = np.flatnonzero(wanted.sum(axis=0) >= MIN_MACRO_ITEMS)
    if not len(columns):
        return not_applicable(f"no id is held by {MIN_MACRO_ITEMS} gold items")
    hits, claims = wanted & given, wanted.astype(float) + given
    by_id = [
        2
        * ratio(resamples.total(hits[:, column].astype(float)), resamples.total(claims[:, column]))
        for column in columns
    ]
    # Labels that nobody gave in a resample count 0, as scikit-learn and the gold's own check count
    # them.
    macro: Floats = np.nan_to_num(by_id).mean(axis=0)
    return figure(macro[0], macro[1:], len(columns), level)


def _share(truth: Bools, resamples: Resamples, level: float) -> Figure:
    """Give a share whose interval is Wilson's, counting cases, where the bootstrap has none."""
    bootstrapped = rate_figure(truth, resamples, level)
    if "value" in bootstrapped:
        return bootstrapped
    share, n_cases = float(truth.mean()), resamples.n_cases
    wilson = binomtest(round(share * n_cases), n_cases).proportion_ci(level, method="wilson")
    return {"value": share, "low": float(wilson.low), "high": float(wilson.high), "n": len(truth)}


def _evidence_share(
    rows: Mapping[str, tuple[frozenset[str], Sequence[Any]]],
    gold: Mapping[str, GoldItem],
    resamples: Resamples,
    level: float,
) -> Figure:
    items: list[int] = []
    same: list[bool] = []
    for place, (item_id, item) in enumerate(gold.items()):
        ours, spans = rows.get(item_id, (frozenset(), ()))
        for id_ in ours & item.deficiencies & item.quotes.keys():
            scores = [
                token_f1(span["quote"], quote)
                for span in spans
                if span["id"] == id_
                for quote in item.quotes[id_]
            ]
            items.append(place)
            same.append(max(scores, default=0.0) >= MIN_TOKEN_F1)
    if not items:
        return not_applicable("no label that both sides gave has a gold quote")
    return _share(np.array(same), resamples.of(np.array(items)), level)
