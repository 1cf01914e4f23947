"""What each column is in Arrow: one schema a table, whatever its rows hold or leave empty."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import pandas as pd

from imrml.errors import TableError

if TYPE_CHECKING:
    import pyarrow as pa

TEXT_COLUMNS = (
    "case_number", "source", "source_sha256", "letter_format", "treatment", "diagnosis", "sex",
    "case_summary", "item", "authorized", "disputed", "priority", "claims_guideline",
    "treatment_category", "treatment_subcategory", "diagnosis_category", "diagnosis_subcategory",
    "age_band", "review_type", "reviewer_states", "reviewer_specialties", "decision",
    "maximus_guideline", "rationale", "request_id", "predicted", "abstain_reason", "deficiency_1",
    "deficiency_2", "deficiency_3", "stage", "model_version", "trained_on", "deficiency_source",
    "reason", "detail",
)  # fmt: skip
DATE_COLUMNS = ("date_of_injury", "received_on", "ur_denied_on", "assigned_on", "decided_on")
"""Days: ISO text in frames, date32 on disk."""
WHOLE_COLUMNS = ("item_number", "decided_year", "n_base_rate", "offset")
NUMBER_COLUMNS = (
    "age", "p_overturned", "p_low", "p_high", "base_rate", "p_deficiency_1", "p_deficiency_2",
    "p_deficiency_3",
)  # fmt: skip
TRUTH_COLUMNS = ("format_verified", "ocr")
LIST_COLUMNS = (
    "deficiencies",
    "evidence",
    "supports",
    "supports_evidence",
    "reasons",
    "send_before_submission",
    "already_shown",
    "planned",
)
"""Columns whose cells are lists: JSON text in CSV, lines of a cell in Excel."""


def column_types() -> dict[str, "pa.DataType"]:
    """Give the Arrow type of every column that our tables have.

    Returns
    -------
    dict of str to DataType
        By name: a column means the same in each table that has it.

    Examples
    --------
    >>> types = column_types()
    >>> str(types["received_on"]), str(types["age"])
    ('date32[day]', 'double')
    """
    import pyarrow as pa  # noqa: PLC0415 - a start that writes no Parquet does not wait for it

    text = pa.large_string()
    span = [("id", text), ("start", pa.int64()), ("end", pa.int64()), ("quote", text)]
    return {
        **dict.fromkeys(TEXT_COLUMNS, text),
        **dict.fromkeys(DATE_COLUMNS, pa.date32()),
        **dict.fromkeys(WHOLE_COLUMNS, pa.int64()),
        **dict.fromkeys(NUMBER_COLUMNS, pa.float64()),
        **dict.fromkeys(TRUTH_COLUMNS, pa.bool_()),
        **dict.fromkeys(LIST_COLUMNS, pa.list_(text)),
        "evidence": pa.list_(pa.struct([*span, ("confidence", pa.float64())])),
        "supports_evidence": pa.list_(pa.struct(span)),
    }


def write_parquet(
    parts: Iterable[pd.DataFrame],
    file: BinaryIO,
    types: "Mapping[str, pa.DataType] | None" = None,
) -> None:
    """Write the parts of a table by one schema.

    A column of ours that holds what its type does not (a clerk's ``in March`` under
    ``received_on``) is written as Arrow sees its first part.

    Parameters
    ----------
    parts : iterable of DataFrame
        Of the same columns.
    file : file open for writing bytes
        Where the table goes.
    types : mapping of str to DataType, optional
        As :func:`choose_schema` takes them.

    Raises
    ------
    TableError
        A later part holds what the first part's schema does not.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415

    frames = iter(parts)
    first = next(frames)
    schema = choose_schema(first, types)
    table = to_arrow(first, schema)
    with pq.ParquetWriter(file, table.schema) as writer:  # with pandas' own notes on the columns
        writer.write_table(table)
        for frame in frames:
            writer.write_table(to_arrow(frame, schema))


def choose_schema(
    frame: pd.DataFrame, types: "Mapping[str, pa.DataType] | None" = None
) -> "pa.Schema":
    """Choose the one schema by which all parts of a table are written.

    Parameters
    ----------
    frame : DataFrame
        The first part.
    types : mapping of str to DataType, optional
        Of columns that are not ours, where the table that they come from says so: what the first
        part holds of them may be nothing.

    Returns
    -------
    Schema
        Of all columns of the frame.

    Raises
    ------
    TableError
        Two columns share a name, or one holds values of several kinds.
    """
    import pyarrow as pa  # noqa: PLC0415

    first = _as_declared(frame)
    if not first.columns.is_unique:
        raise TableError("several columns share a name; give each a name of its own")
    return pa.schema([(str(name), _choose_type(first[name], types or {})) for name in first])


def to_arrow(frame: pd.DataFrame, schema: "pa.Schema") -> "pa.Table":
    """Turn a part of a table into Arrow by the schema of all.

    Parameters
    ----------
    frame : DataFrame
        With the schema's columns.
    schema : Schema
        As :func:`choose_schema` gives it.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        A column is absent, or holds what its type does not.
    """
    return _to_arrow(_as_declared(frame), schema)


def _choose_type(column: pd.Series, types: "Mapping[str, pa.DataType]") -> "pa.DataType | None":
    """Choose the declared type where the column fits it, else the one that Arrow sees."""
    import pyarrow as pa  # noqa: PLC0415

    declared = column_types().get(str(column.name), types.get(str(column.name)))
    if declared is not None and _fits(column, declared):
        return declared
    if not _fits(column, None):
        raise _refuse_mixed([str(column.name)])
    seen = pa.Array.from_pandas(column).type
    return pa.large_string() if seen == pa.null() else seen


def _to_arrow(frame: pd.DataFrame, schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    try:
        return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    except (pa.ArrowException, KeyError):
        absent = [name for name in schema.names if name not in frame]
        if absent:
            raise TableError(f"a later part of the table lacks the columns {absent}") from None
        unfit = [field.name for field in schema if not _fits(frame[field.name], field.type)]
        raise _refuse_mixed(unfit) from None


def _refuse_mixed(names: list[str]) -> TableError:
    """Make the error for columns of mixed values; Arrow's own words would hold a cell."""
    return TableError(
        f"columns {names} hold values of several kinds; give each one kind of value, or write "
        ".jsonl, which takes any"
    )


def _fits(column: pd.Series, declared: "pa.DataType | None") -> bool:
    import pyarrow as pa  # noqa: PLC0415

    try:
        pa.Array.from_pandas(column, type=declared)
    except pa.ArrowException:
        return False
    return True


def _as_declared(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn text that stands for days and numbers into them, where all of a column does."""
    readers: list[tuple[tuple[str, ...], Callable[[str], Any]]] = [
        (DATE_COLUMNS, date.fromisoformat),
        (WHOLE_COLUMNS, int),
        (NUMBER_COLUMNS, float),
    ]
    turned: dict[str, Any] = {}
    for names, read in readers:
        for name in frame.columns.intersection(list(names)):
            if frame[name].dtype == object or pd.api.types.is_string_dtype(frame[name]):
                with suppress(TypeError, ValueError):
                    cells = [_read(cell, read) for cell in frame[name]]
                    turned[name] = pd.Series(cells, frame.index, dtype=object)
            elif name in DATE_COLUMNS and pd.api.types.is_datetime64_any_dtype(frame[name]):
                turned[name] = frame[name].dt.date
    return frame.assign(**turned) if turned else frame


def _read(cell: Any, read: Callable[[str], Any]) -> Any:
    if isinstance(cell, str):
        return read(cell) if cell.strip() else None
    if isinstance(cell, datetime):
        return cell.date()
    return None if pd.api.types.is_scalar(cell) and pd.isna(cell) else cell


def plain_frame(frame: pd.DataFrame, schema: "pa.Schema") -> pd.DataFrame:
    """Give a table read from Parquet as all other formats give it: days as ISO text.

    Parameters
    ----------
    frame : DataFrame
        As pandas reads it.
    schema : Schema
        Of the file.

    Returns
    -------
    DataFrame
        Confidences that nobody stated are left out of its ``evidence``.
    """
    import pyarrow as pa  # noqa: PLC0415

    turned: dict[str, Any] = {}
    for field in schema:
        if field.name not in frame:
            continue
        if pa.types.is_date(field.type):
            days = [None if day is None else day.isoformat() for day in frame[field.name]]
            turned[field.name] = pd.Series(days, frame.index, dtype="str")
        elif field.name == "evidence" and pa.types.is_list(field.type):
            turned[field.name] = pd.Series(
                [
                    None if spans is None else [_without_none(span) for span in spans]
                    for spans in frame[field.name]
                ],
                frame.index,
                dtype=object,
            )
    return frame.assign(**turned) if turned else frame


def _without_none(span: Any) -> Any:
    if isinstance(span, dict) and span.get("confidence", 0) is None:
        return {key: value for key, value in span.items() if key != "confidence"}
    return span
