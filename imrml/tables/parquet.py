"""Parquet read in parts of bounded size, from one file or from the parts of a folder.

Batches come from ``ParquetFile`` with a buffered stream and not from a scanner of
``pyarrow.dataset``, which decodes whole row groups: on a file of 100,000 rows in one row group,
as pandas writes it, the one took 94 MB and the other 529 MB.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.errors import TableError
from imrml.tables.addresses import TableFiles
from imrml.tables.arrow import plain_frame

if TYPE_CHECKING:
    import pyarrow as pa

IsWanted = Callable[[str], bool]
"""Tells whether the column of a heading is read."""
_BUFFER = 1 << 20  # bytes of a column that are read ahead


def read_schema(files: TableFiles) -> tuple["pa.Schema", int]:
    """Read what columns the parts of a table have together, and how many rows.

    Parameters
    ----------
    files : TableFiles
        Of Parquet.

    Returns
    -------
    schema : Schema
        Of all parts: a number that is whole in one and broken in another is a broken one.
    n_rows : int
        Rows of all parts.

    Raises
    ------
    TableError
        A part cannot be read, or has other columns than the first.
    """
    import pyarrow as pa  # noqa: PLC0415 - a start without Parquet does not wait for it

    schemas, n_rows = [], 0
    for path in files.paths:
        with _opened(files, path) as file:
            schemas.append(file.schema_arrow)
            n_rows += file.metadata.num_rows
        if set(schemas[-1].names) != set(schemas[0].names):
            differing = sorted(set(schemas[-1].names) ^ set(schemas[0].names))
            raise TableError(
                f"{files.name}: the parts {_short(files.paths[0])} and {_short(path)} differ in "
                f"{len(differing)} columns; write all parts of a table with the same columns"
            )
    try:
        return pa.unify_schemas(schemas, promote_options="permissive"), n_rows
    except pa.ArrowException:
        raise TableError(
            f"{files.name}: a column holds values of several kinds in its parts; "
            "write all parts of a table with one schema"
        ) from None


def iter_batches(
    files: TableFiles,
    n_rows: int,
    schema: "pa.Schema | None" = None,
    columns: Sequence[str] | None = None,
) -> Iterator["pa.Table"]:
    """Read the rows of a table in their order, a bounded number at a time.

    Parameters
    ----------
    files : TableFiles
        Of Parquet.
    n_rows : int
        Rows of a batch, at most.
    schema : Schema, optional
        As :func:`read_schema` gives it; it is asked where absent.
    columns : sequence of str, optional
        Only these are read, all unless given.

    Yields
    ------
    Table
        Of the schema's columns and types.
    """
    import pyarrow as pa  # noqa: PLC0415

    schema = read_schema(files)[0] if schema is None else schema
    wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
    for path in files.paths:
        with _opened(files, path) as file:
            for batch in file.iter_batches(n_rows, columns=wanted.names):
                table = pa.Table.from_batches([batch]).select(wanted.names)
                yield table.cast(wanted.with_metadata(table.schema.metadata))


def iter_frames(files: TableFiles, n_rows: int, schema: "pa.Schema") -> Iterator[pd.DataFrame]:
    """Read the rows of a table in their order as frames, a bounded number at a time.

    Parameters
    ----------
    files : TableFiles
        Of Parquet.
    n_rows : int
        Rows of a frame, at most.
    schema : Schema
        As :func:`read_schema` gives it.

    Yields
    ------
    DataFrame
        As :func:`imrml.read_table` gives the whole; whole numbers of which one is missing stay
        whole.
    """
    import pyarrow as pa  # noqa: PLC0415

    is_empty = True
    for table in iter_batches(files, n_rows, schema):
        is_empty = False
        frame = plain_frame(table.to_pandas(), schema)
        for field, column in zip(table.schema, table.columns, strict=True):
            # pandas would make 17 into 17.0 in those batches alone where another row has no number.
            is_float = field.name in frame and frame[field.name].dtype.kind == "f"
            if pa.types.is_integer(field.type) and is_float:
                whole: Any = pd.array(column.to_pylist(), dtype="Int64")
                frame[field.name] = whole
        yield frame
    if is_empty:
        yield plain_frame(schema.empty_table().to_pandas(), schema)


def read_frame(files: TableFiles, is_wanted: IsWanted | None = None) -> pd.DataFrame:
    """Read a whole table, or those of its columns that are wanted.

    Parameters
    ----------
    files : TableFiles
        Of Parquet.
    is_wanted : callable, optional
        Tells which columns are read, by their headings; all unless given.

    Returns
    -------
    DataFrame
        Days as ISO text.
    """
    import pyarrow as pa  # noqa: PLC0415

    schema, _ = read_schema(files)
    columns = None if is_wanted is None else [name for name in schema.names if is_wanted(name)]
    if not files.is_parted:
        with _opened(files, files.paths[0]) as file:
            frame = plain_frame(file.read(columns).to_pandas(), schema)
        # What Arrow keeps for its next table would stay for all of a training.
        pa.default_memory_pool().release_unused()
        return frame
    batches = list(iter_batches(files, 100_000, schema, columns))
    if not batches:
        names = schema.names if columns is None else columns
        table = pa.schema([schema.field(name) for name in names]).empty_table()
    else:
        table = pa.concat_tables([one.replace_schema_metadata(None) for one in batches])
        table = table.replace_schema_metadata(batches[0].schema.metadata)
    return plain_frame(table.to_pandas(), schema)


def _short(path: str) -> str:
    return path.rsplit("/", 1)[-1]


@contextmanager
def _opened(files: TableFiles, path: str) -> Iterator[Any]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with (
            files.open(path) as stream,
            pq.ParquetFile(stream, pre_buffer=False, buffer_size=_BUFFER) as file,
        ):
            yield file
    except (OSError, ValueError) as error:
        where = files.name if not files.is_parted else f"{files.name}: {_short(path)}"
        raise TableError(
            f"{where}: not a readable Parquet file ({type(error).__name__}); write it again"
        ) from None
