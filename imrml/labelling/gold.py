"""Gold labels: what a careful reader found in each item, and the ids that join them to items."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError


@dataclass(frozen=True, slots=True)
class GoldItem:
    """What a reader found in one item.

    Parameters
    ----------
    item_id : str
        ``CASE#NUMBER``.
    deficiencies : frozenset of str
        Ids of the taxonomy; empty where the reader found none.
    quotes : dict of str to tuple of str
        The words that say so, by id; ids without a quote are absent.
    """

    item_id: str
    deficiencies: frozenset[str]
    quotes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def item_ids(items: pd.DataFrame) -> list[str]:
    """Name each item of an item table ``CASE#NUMBER``.

    Parameters
    ----------
    items : DataFrame
        Item table with ``case_number`` and ``item_number``.

    Returns
    -------
    list of str
        One id a row, in the table's order.

    Raises
    ------
    TableError
        A column is missing, or a row has no case number or an item number that is no whole number.

    Examples
    --------
    >>> item_ids(pd.DataFrame({"case_number": ["CM15-0000001"], "item_number": ["2"]}))
    ['CM15-0000001#2']
    """
    if missing := [name for name in ("case_number", "item_number") if name not in items]:
        raise TableError(
            f"item table: lacks {missing}; expected the columns 'case_number' and 'item_number', "
            "as `imrml parse` writes"
        )
    ids = []
    for row, (case, number) in enumerate(
        zip(items["case_number"], items["item_number"], strict=True), start=1
    ):
        whole = str(number).removesuffix(".0")
        if pd.isna(case) or not str(case).strip() or not whole.isdecimal():
            raise TableError(
                f"item table: row {row}: case_number is empty or item_number no whole number; "
                "write both, as `imrml parse` does"
            )
        ids.append(f"{case}#{int(whole)}")
    return ids


def parse_gold_items(table: pd.DataFrame, name: str) -> dict[str, GoldItem]:
    """Check a table of gold labels and give its rows by item.

    Parameters
    ----------
    table : DataFrame
        ``item_id`` and ``deficiencies`` (list of ids); ``evidence`` where quotes are known: ``{id:
        quote}``, or a list of ``{"id", "quote"}``.
    name : str
        Of the file, for error messages.

    Returns
    -------
    dict of str to GoldItem
        By ``CASE#NUMBER``, in the table's order.

    Raises
    ------
    TableError
        A column is missing, an item stands twice, or a row holds no list of known ids.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "item_id": ["CM15-0000001#1"],
    ...     "deficiencies": [["request_not_specific"]],
    ...     "evidence": [{"request_not_specific": "the dose was not given"}],
    ... })
    >>> parse_gold_items(table, "gold.jsonl")["CM15-0000001#1"].quotes
    {'request_not_specific': ('the dose was not given',)}
    """
    if missing := [column for column in ("item_id", "deficiencies") if column not in table]:
        raise TableError(
            f"{name}: lacks {missing}; expected one object a line with item_id (CASE#NUMBER) "
            "and deficiencies (ids)"
        )
    known = set(deficiency_ids())
    evidence = table["evidence"].tolist() if "evidence" in table else [None] * len(table)
    gold: dict[str, GoldItem] = {}
    for row, (raw_id, ids, quotes) in enumerate(
        zip(table["item_id"], table["deficiencies"], evidence, strict=True), start=1
    ):
        item_id = str(raw_id)
        if not isinstance(ids, (list, tuple, np.ndarray)):
            raise TableError(
                f"{name}: row {row}: deficiencies is {type(ids).__name__}; "
                "expected a list of ids, [] for none"
            )
        if unknown := sorted({str(id_) for id_ in ids} - known):
            raise TableError(
                f"{name}: row {row}: {unknown} are no deficiency ids; "
                f"known: {', '.join(deficiency_ids())}"
            )
        if item_id in gold:
            raise TableError(f"{name}: row {row}: {item_id} stands twice; keep one of the two")
        gold[item_id] = GoldItem(item_id, frozenset(map(str, ids)), _quotes_by_id(quotes))
    return gold


def _quotes_by_id(evidence: Any) -> dict[str, tuple[str, ...]]:
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(evidence, Mapping):
        pairs = evidence.items()
    elif isinstance(evidence, (list, tuple, np.ndarray)):
        pairs = [(one.get("id"), one.get("quote")) for one in evidence if isinstance(one, Mapping)]
    quotes: dict[str, tuple[str, ...]] = {}
    for id_, quote in pairs:
        if isinstance(quote, str) and quote.strip():  # Parquet fills absent ids with null
            quotes[str(id_)] = (*quotes.get(str(id_), ()), quote)
    return quotes
