"""Letters to an item table and a table of failures: one pass, in order, on any number of workers; nothing is lost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from imrml.config import LimitsConfig
from imrml.determinations import DETERMINATION_COLUMNS, KEY_COLUMNS
from imrml.documents import read_document
from imrml.engines import map_ordered
from imrml.errors import DocumentError, TableError
from imrml.letters.parsing import case_rows, parse_letter
from imrml.submissions import SUBMISSION_COLUMNS, Column

PARSED_COLUMNS: tuple[Column, ...] = (
    *KEY_COLUMNS,
    *SUBMISSION_COLUMNS,
    *(column for column in DETERMINATION_COLUMNS if column.dtype != "list"),
)
"""Columns of the item table before labelling adds its two."""

FAILURE_COLUMNS = ("source", "reason", "detail", "offset")


@dataclass(frozen=True, slots=True)
class ParsedLetter:
    """What became of one file: its items' rows, or the row of the failures file.

    Parameters
    ----------
    source : str
        The file, as given.
    rows : tuple of dict
        Rows of the item table; empty where the letter was not read.
    failure : dict or None
        ``source``, ``reason``, ``detail``, ``offset``; never text of the letter.
    """

    source: str
    rows: tuple[dict[str, Any], ...]
    failure: dict[str, Any] | None


def parse_file(path: Path, limits: LimitsConfig) -> ParsedLetter:
    """Read and parse one file; whatever is wrong with it becomes its failure row.

    Examples
    --------
    >>> import tempfile
    >>> from imrml.config import load_config
    >>> path = Path(tempfile.mkdtemp(), "invoice.txt")
    >>> _ = path.write_text("Total: 40 dollars")
    >>> parse_file(path, load_config().limits).failure["reason"]
    'not_a_letter'
    """
    try:
        document = read_document(path, limits)
        case = parse_letter(document.text, fallback_case_number=path.stem)
    except DocumentError as error:
        failure = {"source": str(path), "reason": error.reason, "detail": error.detail, "offset": error.offset}
        return ParsedLetter(str(path), (), failure)
    return ParsedLetter(str(path), tuple(case_rows(case, document.source, document.sha256)), None)


def parse_files(paths: Iterable[Path], limits: LimitsConfig, n_jobs: int = 1) -> Iterator[ParsedLetter]:
    """Parse files in their order, ``n_jobs`` at a time; the results are yielded as they come, none is kept."""
    yield from map_ordered(partial(parse_file, limits=limits), paths, n_jobs)


def item_table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Put parsed rows into the item table's columns and dtypes; dates stay ISO text, null where absent.

    Examples
    --------
    >>> item_table([]).columns[:2].to_list(), str(item_table([])["decided_year"].dtype)
    (['case_number', 'item_number'], 'Int64')
    """
    frame = pd.DataFrame(list(rows), columns=[column.name for column in PARSED_COLUMNS])
    # "str" keeps an absent date a plain NaN on the way through Parquet, which "string" would turn into pd.NA.
    is_text = {"string": "str", "date": "str"}
    return frame.astype({column.name: is_text.get(column.dtype, column.dtype) for column in PARSED_COLUMNS})


def failure_table(failures: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Put failure rows into the columns of the failures file."""
    return pd.DataFrame(list(failures), columns=list(FAILURE_COLUMNS)).astype({"offset": "Int64"})


def require_columns(items: pd.DataFrame, names: Iterable[str], command: str) -> None:
    """Raise unless an item table has the columns that a command uses.

    Raises
    ------
    TableError
        Names what is absent and what was found.

    Examples
    --------
    >>> require_columns(pd.DataFrame({"item": []}), ["item", "decision"], "train")
    Traceback (most recent call last):
    imrml.errors.TableError: train needs the column 'decision'; found only: item
    """
    absent = [name for name in names if name not in items]
    if absent:
        noun = "column" if len(absent) == 1 else "columns"
        found = ", ".join(map(str, items.columns))
        raise TableError(f"{command} needs the {noun} {', '.join(map(repr, absent))}; found only: {found}")
