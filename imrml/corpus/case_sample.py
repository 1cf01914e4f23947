"""A sample of the cases of an item table, for tables that no machine's memory holds.

Drawn are the cases whose numbers hash lowest: the same cases whatever the order of the rows or the
number of parts, and a smaller sample is a part of a larger one.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.config import Config
from imrml.corpus.reading import name_item_column, read_item_table
from imrml.tables.addresses import find_table, is_parquet_address
from imrml.tables.parts import ParquetTable


def sample_cases(
    items: pd.DataFrame, config: Config, report: Callable[[str], None] = lambda _: None
) -> pd.DataFrame:
    """Keep the items of at most ``most_cases`` cases, all items of each.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Item table, with whatever heading over its case numbers.
    config : Config
        Its ``most_cases`` and ``seed`` count.
    report : callable, optional
        Told, in words, what was drawn.

    Returns
    -------
    DataFrame
        Itself where it holds no more.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> items = pd.DataFrame({"case_number": [f"C{row // 2}" for row in range(600)]})
    >>> sampled = sample_cases(items, load_config(overrides=["most_cases=100"]))
    >>> sampled["case_number"].nunique(), len(sampled)
    (100, 200)
    """
    column = _find_cases(items.columns)
    if config.most_cases is None or column is None:
        return items
    hashes = _hash_cases(items[column], config.seed)
    limit = _find_limit([np.unique(hashes)], config.most_cases, report)
    return items if limit is None else items[hashes <= limit].reset_index(drop=True)


def read_sampled(
    path: str | Path,
    config: Config,
    headings: Sequence[str] = (),
    report: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Read an item table, of one in Parquet no more than the cases that are drawn.

    Parameters
    ----------
    path : str or Path
        As :func:`imrml.read_table` takes it.
    config : Config
        Its ``most_cases`` and ``seed`` count.
    headings : sequence of str, default=()
        What headings mean, as ``HEADING=COLUMN``.
    report : callable, optional
        Told, in words, what was drawn.

    Returns
    -------
    DataFrame of shape (n_items, n_columns)
        What :func:`sample_cases` keeps of the whole table.
    """
    if config.most_cases is None or headings or not is_parquet_address(path):
        return sample_cases(read_item_table(path, headings), config, report)
    table = ParquetTable.open(find_table(path))
    column = _find_cases(table.schema.names)
    if column is None:
        return read_item_table(path)
    cases = table.select([column]).frames()
    hashes = [np.unique(_hash_cases(part[column], config.seed)) for part in cases]
    limit = _find_limit(hashes, config.most_cases, report)
    if limit is None:
        return read_item_table(path)
    parts = (part[_hash_cases(part[column], config.seed) <= limit] for part in table.frames())
    return pd.concat(list(parts), ignore_index=True)


def _find_cases(headings: Iterable[Hashable]) -> str | None:
    names = [str(heading) for heading in headings]
    if "case_number" in names:
        return "case_number"
    return next((name for name in names if name_item_column(name) == "case_number"), None)


def _hash_cases(cases: pd.Series, seed: int) -> np.ndarray:
    texts = cases.astype("str").to_numpy(dtype=object)
    hashes: np.ndarray = pd.util.hash_array(
        texts, hash_key=f"{seed % 10**16:016d}", categorize=False
    )
    return hashes


def _find_limit(
    hashes: list[np.ndarray], most: int, report: Callable[[str], None]
) -> np.uint64 | None:
    """Find the largest hash that is drawn; None where all are."""
    distinct = np.unique(np.concatenate(hashes))
    if len(distinct) <= most:
        return None
    report(f"a sample of {most:,} of {len(distinct):,} cases (most_cases)")
    limit: np.uint64 = distinct[most - 1]
    return limit
