"""Gold labels: what a careful reader found in each item, one row an item, and the ids that join them to an item table."""

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

    Raises
    ------
    TableError
        A row has no case number, or an item number that is no whole number.

    Examples
    --------
    >>> item_ids(pd.DataFrame({"case_number": ["CM15-0000001"], "item_number": ["2"]}))
    ['CM15-0000001#2']
    """
    ids = []
    for row, (case, number) in enumerate(
        zip(items["case_number"], items["item_number"], strict=True), start=1
    ):
        whole = str(number).removesuffix(".0")
        if pd.isna(case) or not str(case).strip() or not whole.isdecimal():
            raise TableError(
                f"item table: row {row}: case_number is empty or item_number no whole number; write both, as `imrml parse` does"
            )
        ids.append(f"{case}#{int(whole)}")
    return ids


def read_gold_items(table: pd.DataFrame, name: str) -> dict[str, GoldItem]:
    """Read a table of gold labels, by item.

    Parameters
    ----------
    table : DataFrame
        ``item_id`` and ``deficiencies`` (list of ids); ``evidence`` where quotes are known: ``{id:
        quote}``, or a list of ``{"id", "quote"}``.
    name : str
        Of the file, for error messages.

    Raises
    ------
    TableError
        A column is missing, an item stands twice, or a row holds no list of known ids.

    Examples
    --------
    >>> table = pd.DataFrame({"item_id": ["CM15-0000001#1"], "deficiencies": [["request_not_specific"]],
    ...                       "evidence": [{"request_not_specific": "the dose was not given"}]})
    >>> read_gold_items(table, "gold.jsonl")["CM15-0000001#1"].quotes
    {'request_not_specific': ('the dose was not given',)}
    """
    if missing := [column for column in ("item_id", "deficiencies") if column not in table]:
        raise TableError(
            f"{name}: lacks {missing}; expected one object a line with item_id (CASE#NUMBER) and deficiencies (ids)"
        )
    known = set(deficiency_ids())
    evidence = table["evidence"].tolist() if "evidence" in table else [None] * len(table)
    found: dict[str, GoldItem] = {}
    for row, (given, ids, said) in enumerate(
        zip(table["item_id"], table["deficiencies"], evidence, strict=True), start=1
    ):
        item_id = str(given)
        if not isinstance(ids, (list, tuple, np.ndarray)):
            raise TableError(
                f"{name}: row {row}: deficiencies is {type(ids).__name__}; expected a list of ids, [] for none"
            )
        if unknown := sorted({str(id_) for id_ in ids} - known):
            raise TableError(
                f"{name}: row {row}: {unknown} are no deficiency ids; known: {', '.join(deficiency_ids())}"
            )
        if item_id in found:
            raise TableError(f"{name}: row {row}: {item_id} stands twice; keep one of the two")
        found[item_id] = GoldItem(item_id, frozenset(map(str, ids)), _quotes(said))
    return found


def _quotes(said: Any) -> dict[str, tuple[str, ...]]:
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(said, Mapping):
        pairs = said.items()
    elif isinstance(said, (list, tuple, np.ndarray)):
        pairs = [(one.get("id"), one.get("quote")) for one in said if isinstance(one, Mapping)]
    quotes: dict[str, tuple[str, ...]] = {}
    for id_, quote in pairs:
        if isinstance(quote, str) and quote.strip():  # Parquet fills absent ids with null
            quotes[str(id_)] = (*quotes.get(str(id_), ()), quote)
    return quotes
