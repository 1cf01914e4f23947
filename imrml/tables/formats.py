"""Tables into each format: what Parquet, CSV, JSON Lines and Excel hold of a table."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import pandas as pd

from imrml.tables.arrow import LIST_COLUMNS, write_parquet
from imrml.tables.workbooks import neutralize_field, write_workbook


def _write_csv(parts: Iterable[pd.DataFrame], file: BinaryIO) -> None:
    file.writelines(
        _to_csv(frame, has_header=number == 0).encode("utf-8") for number, frame in enumerate(parts)
    )


def _write_json_lines(parts: Iterable[pd.DataFrame], file: BinaryIO) -> None:
    file.writelines(to_json_lines(frame).encode("utf-8") for frame in parts)


def _write_xlsx(parts: Iterable[pd.DataFrame], file: BinaryIO) -> None:
    write_workbook(parts, file, LIST_COLUMNS)


WRITERS: dict[str, Callable[[Iterable[pd.DataFrame], BinaryIO], None]] = {
    "parquet": write_parquet,
    "csv": _write_csv,
    "jsonl": _write_json_lines,
    "xlsx": _write_xlsx,
}
"""What writes the parts of a table into an open file, by format."""


def _to_csv(frame: pd.DataFrame, *, has_header: bool) -> str:
    flat = frame.copy()
    for column in set(LIST_COLUMNS) & set(flat.columns):
        flat[column] = [json.dumps(_plain(cell)) for cell in flat[column]]
    breaks_lines = False
    for column in flat.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in flat.dtypes]]:
        flat[column] = [
            neutralize_field(cell) if isinstance(cell, str) else cell for cell in flat[column]
        ]
        breaks_lines |= any("\r" in cell for cell in flat[column] if isinstance(cell, str))
    flat = flat.set_axis([neutralize_field(str(name)) for name in flat.columns], axis="columns")
    # Left to itself the writer quotes a line feed, but not a carriage return, which ends a line for
    # most readers.
    if breaks_lines:
        return flat.to_csv(index=False, header=has_header, quoting=csv.QUOTE_NONNUMERIC)
    return flat.to_csv(index=False, header=has_header)


def to_json_lines(frame: pd.DataFrame) -> str:
    """Write a table as JSON Lines.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        The table.

    Returns
    -------
    str
        One object a line.
    """
    return "".join(
        json.dumps(row, ensure_ascii=False) + "\n"
        for row in plain_rows({name: column.tolist() for name, column in frame.items()})
    )


def plain_rows(columns: Mapping[Any, Sequence[Any]]) -> Iterator[dict[Any, Any]]:
    """Give the rows of a table as JSON Lines hold them.

    Parameters
    ----------
    columns : mapping of str to sequence of length n_rows
        What each column holds.

    Returns
    -------
    iterator of dict
        The rows, of values that JSON holds.

    Examples
    --------
    >>> list(plain_rows({"age": [44.0, float("nan")], "reasons": [["pain"], []]}))
    [{'age': 44.0, 'reasons': ['pain']}, {'age': None, 'reasons': []}]
    """
    plain = [[_plain(value) for value in values] for values in columns.values()]
    return (dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True))


def _plain(value: Any) -> Any:
    """Turn numpy, pandas and missing values into what JSON holds."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return None if pd.isna(value) else value.isoformat() if hasattr(value, "isoformat") else value
