"""How far labels agree with a careful reader's: precision, recall and F1 by deficiency, and whether the evidence is the same."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

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
from imrml.labelling.gold import GoldItem, item_ids

MIN_MACRO_ITEMS = 5
"""Macro F1 is over the ids that at least so many gold items hold."""
MIN_TOKEN_F1 = 0.5
"""Two quotes with at least this token F1 point at the same words."""
DISAGREEMENT_COLUMNS = ("item_id", "id", "kind", "start", "end", "quote")
_WORD = re.compile(r"\w+")


def measure_agreement(
    labelled: pd.DataFrame, gold: Mapping[str, GoldItem], n_resamples: int, seed: int, level: float
) -> dict[str, Any]:
    """Compare labels with gold labels, on the gold items; one that has no row in the table counts as without labels.

    Parameters
    ----------
    labelled : DataFrame
        Item table with ``case_number``, ``item_number``, ``deficiencies`` and ``evidence``.
    gold : dict of str to GoldItem
        From :func:`~imrml.labelling.gold.read_gold_items`.
    n_resamples, seed : int
        Of the bootstrap by case.
    level : float
        Of the intervals, such as 0.95.

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
    >>> labelled = pd.DataFrame({"case_number": ["CM15-1", "CM15-2"], "item_number": [1, 1], "evidence": [[], []],
    ...                          "deficiencies": [["weaning_indicated"], ["weaning_indicated", "request_not_specific"]]})
    >>> gold = {"CM15-1#1": GoldItem("CM15-1#1", frozenset({"weaning_indicated"})),
    ...         "CM15-2#1": GoldItem("CM15-2#1", frozenset({"weaning_indicated"}))}
    >>> found = measure_agreement(labelled, gold, n_resamples=100, seed=0, level=0.95)
    >>> found["micro_f1"]["value"], found["labels"]["request_not_specific"]["precision"]["value"]
    (0.8, 0.0)
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
        **{f"micro_{name}": found for name, found in micro.items()},
        "macro_f1": _macro_f1(wanted, given, resamples, level),
        "exact_share": _share((wanted == given).all(axis=1), resamples, level),
        "evidence_share": _evidence_share(rows, gold, resamples, level),
        "labels": labels,
    }


def list_disagreements(labelled: pd.DataFrame, gold: Mapping[str, GoldItem]) -> pd.DataFrame:
    """List each label that only one side gave, for review.

    Returns
    -------
    DataFrame
        ``item_id``, ``id``, ``kind`` (``missed``: only the gold labels have it; ``false``: only
        ours), and for a false one the span into the rationale that raised it (``start``, ``end``,
        ``quote``), for a missed one the gold quote where known.

    Examples
    --------
    >>> labelled = pd.DataFrame({"case_number": ["CM15-1"], "item_number": [1], "deficiencies": [[]], "evidence": [[]]})
    >>> gold = {"CM15-1#1": GoldItem("CM15-1#1", frozenset({"weaning_indicated"}))}
    >>> list_disagreements(labelled, gold)[["item_id", "id", "kind"]].to_dict("records")
    [{'item_id': 'CM15-1#1', 'id': 'weaning_indicated', 'kind': 'missed'}]
    """
    rows = _rows_by_item(labelled, gold)
    rank = {id_: place for place, id_ in enumerate(deficiency_ids())}
    found: list[dict[str, Any]] = []
    for item_id, item in gold.items():
        ours, spans = rows.get(item_id, (frozenset(), ()))
        for id_ in sorted(ours ^ item.deficiencies, key=rank.__getitem__):
            if id_ in item.deficiencies:
                quotes = item.quotes.get(id_, ("",))
                found += [
                    {"item_id": item_id, "id": id_, "kind": "missed", "quote": quote}
                    for quote in quotes
                ]
            else:
                found += [
                    {**span, "item_id": item_id, "kind": "false"}
                    for span in spans
                    if span["id"] == id_
                ]
    return pd.DataFrame(found, columns=list(DISAGREEMENT_COLUMNS)).astype(
        {"start": "Int64", "end": "Int64"}
    )


def token_f1(first: str, second: str) -> float:
    """Compare two quotes by the words that they share, whatever their order and case.

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
                f"item table: {item_id} stands twice, so its gold labels could be compared with either; keep one row"
            )
        if item_id in gold:
            rows[item_id] = frozenset(ids), spans
    if not rows:
        raise TableError(
            f"gold: none of its {len(gold):,} item_id is CASE#NUMBER of an item of the table; is it of other letters?"
        )
    return rows


def _membership(sets: Sequence[Any], ids: Sequence[str]) -> Bools:
    return np.array([[id_ in found for id_ in ids] for found in sets], dtype=bool)


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
    found = rate_figure(truth, resamples, level)
    if "value" in found:
        return found
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
            quotes = [span["quote"] for span in spans if span["id"] == id_]
            best = max(
                (token_f1(quote, said) for quote in quotes for said in item.quotes[id_]),
                default=0.0,
            )
            items.append(place)
            same.append(best >= MIN_TOKEN_F1)
    if not items:
        return not_applicable("no label that both sides gave has a gold quote")
    return _share(np.array(same), resamples.of(np.array(items)), level)
