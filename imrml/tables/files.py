"""Tables on disk: Parquet, JSON Lines, CSV or Excel, chosen by the file's ending.

``-`` is JSON Lines on stdin or stdout. A table may also be a folder of Parquet parts, a glob of
these, or lie at an address that ``fsspec`` knows (:mod:`imrml.tables.addresses`).

Lists (``deficiencies``, ``evidence``) are native in Parquet and JSON Lines, JSON text in CSV and
lines of a cell in Excel; reading gives lists back. CSV and Excel are safe to open in a spreadsheet
program (:mod:`imrml.tables.workbooks`). CSV is UTF-8, with a byte order mark or without. Other
encodings are refused: no byte tells Windows-1252 from the Mac OS Roman that Excel for Mac writes,
and apostrophes and degree signs would come out as other letters. Files of records are written with
mode 0600 and put in place in one step, so that a reader never sees half a table.
"""

import csv
import io
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.errors import TableError, require_types
from imrml.phrases import pluralize
from imrml.private_files import write_private
from imrml.tables.addresses import find_table, is_folder, is_remote, on_disk, open_storage
from imrml.tables.arrow import LIST_COLUMNS, plain_frame, write_parquet
from imrml.tables.clerk_tables import parse_lists, read_clerk_csv, read_clerk_workbook
from imrml.tables.folders import PartFolder
from imrml.tables.formats import WRITERS, to_json_lines
from imrml.tables.layout import IsKnown
from imrml.tables.parquet import IsWanted, iter_frames, read_frame, read_schema
from imrml.tables.workbooks import read_workbook, restore_field

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".xlsx": "xlsx",
}
_LARGEST = 2**63  # beyond which no column of whole numbers goes
# Half of a surrogate pair, which no file can hold: an escape of the upper half without the lower,
# or the lower alone.
_HALF_CHARACTER = re.compile(
    r"\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}",
    re.IGNORECASE,
)

csv.field_size_limit(2**31 - 1)  # how long a text may be, the reader of its column says


def table_format(path: str | Path) -> str:
    """Name the format that a path's ending stands for.

    Parameters
    ----------
    path : str or Path
        The file; ``-`` for stdin or stdout; a folder holds Parquet.

    Returns
    -------
    {'parquet', 'jsonl', 'csv', 'xlsx'}
        The format.

    Raises
    ------
    TableError
        The ending is unknown.

    Examples
    --------
    >>> table_format("items.parquet"), table_format("-")
    ('parquet', 'jsonl')
    >>> table_format("items.xls")
    Traceback (most recent call last):
    imrml.errors.TableError: items.xls: unknown ending '.xls';
    expected .parquet, .jsonl, .csv (with commas, semicolons or tabs) or .xlsx
    """
    if str(path) == "-":
        return "jsonl"
    if is_folder(path):
        return "parquet"
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise TableError(
            f"{path}: unknown ending {ending!r}; expected .parquet, .jsonl, .csv (with commas, "
            "semicolons or tabs) or .xlsx"
        )
    return ENDINGS[ending]


def read_table(
    path: str | Path, is_known: IsKnown | None = None, is_wanted: IsWanted | None = None
) -> pd.DataFrame:
    r"""Read a table.

    Row numbers in error messages count from 1; in CSV, the line after the header is row 1.

    Parameters
    ----------
    path : str or Path
        A file; a folder whose ``.parquet`` files are the parts of one table, or a glob of them; an
        address of ``fsspec`` such as ``s3://bucket/items/`` for any of these (extra ``fsspec``);
        ``-`` is JSON Lines on stdin.
    is_known : callable, optional
        As in :func:`parse_table`.
    is_wanted : callable, optional
        Decides by its heading whether a column is needed; other columns of Parquet files are not
        read.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        The table as stored; cells of a CSV are strings.

    Raises
    ------
    TableError
        The file is missing or empty, its extension is unknown, or a row cannot be read (the message
        gives its number).

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "requests.csv")
    >>> _ = path.write_text("treatment,age\nNorco #60,51\n")
    >>> read_table(path).to_dict("records")
    [{'treatment': 'Norco #60', 'age': '51'}]
    """
    require_types(
        "read_table",
        path=(path, str | PathLike),
        is_known=(is_known, Callable | None),
        is_wanted=(is_wanted, Callable | None),
    )
    if str(path) == "-":
        return _from_json_lines(sys.stdin.read().removeprefix("\ufeff"), path)
    files = find_table(path)
    if files.is_parquet:
        return read_frame(files, is_wanted)
    table_format(path)
    with files.open(files.paths[0]) as file:
        return parse_table(file.read(), str(path), is_known)


def parse_table(data: bytes, name: str, is_known: IsKnown | None = None) -> pd.DataFrame:
    r"""Parse a table from bytes, as :func:`read_table` does from a file; nothing is written.

    Parameters
    ----------
    data : bytes
        What the file holds.
    name : str
        Its name; the ending chooses the format, and error messages begin with it.
    is_known : callable, optional
        Tells whether a heading is known. With it, a CSV or workbook is read as clerks have them:
        separated by commas, semicolons or tabs, whichever makes most of the headings known, or as a
        first line ``sep=;`` says; with titles above the headings, on whichever sheet holds them,
        with short rows, totals below and errors of formulas. What was filled or passed over stands
        in ``attrs["notes"]`` of the frame, sentences that hold headings and numbers of rows alone.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        The table as stored; cells of a CSV are strings.

    Raises
    ------
    TableError
        As :func:`read_table`.

    Examples
    --------
    >>> parse_table(b"treatment,age\nNorco #60,51\n", "requests.csv").to_dict("records")
    [{'treatment': 'Norco #60', 'age': '51'}]
    >>> is_known = {"treatment", "age"}.__contains__
    >>> data = b"treatment;age\nNorco, #60;51\n"
    >>> parse_table(data, "requests.csv", is_known).to_dict("records")
    [{'treatment': 'Norco, #60', 'age': '51'}]
    """
    format_ = table_format(name)
    if format_ == "parquet":
        import pyarrow.parquet as pq  # noqa: PLC0415 - a start without Parquet does not wait

        try:
            return plain_frame(pd.read_parquet(io.BytesIO(data)), pq.read_schema(io.BytesIO(data)))
        except (OSError, ValueError) as error:
            raise TableError(
                f"{name}: not a readable Parquet file ({type(error).__name__}); write it again"
            ) from None
    if format_ == "xlsx" and is_known:
        return read_clerk_workbook(data, name, is_known)
    if format_ == "xlsx":
        return read_workbook(data, name, LIST_COLUMNS)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableError(
            f"{name}: not UTF-8 at byte {error.start}, in line {line}; save it again as UTF-8 "
            "(in Excel: Save As, CSV UTF-8), or as .xlsx"
        ) from None
    if format_ == "csv" and is_known:
        return read_clerk_csv(text, name, is_known)
    return _from_csv(text, name) if format_ == "csv" else _from_json_lines(text, name)


def _from_json_lines(text: str, path: str | Path) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate((row for row in text.split("\n") if row.strip()), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise TableError(
                f"{path}: row {number} is no JSON ({error.msg} at character {error.pos})"
            ) from None
        if not isinstance(row, dict):
            raise TableError(
                f"{path}: row {number} is a {type(row).__name__}; expected one JSON object a line"
            )
        if _HALF_CHARACTER.search(line):
            raise TableError(
                f"{path}: row {number} holds half a character (\\ud800 to \\udfff); "
                "write it again as UTF-8"
            )
        rows.append(row)
    if not rows:
        raise TableError(f"{path}: holds no rows; expected one JSON object a line")
    frame = pd.DataFrame(rows)
    # pandas makes 17 into 17.0 where another row has no such number, and so an id into another one.
    for column in frame.select_dtypes("float").columns:
        values = [row.get(column) for row in rows]
        if all(value is None or (type(value) is int and abs(value) < _LARGEST) for value in values):
            frame[column] = pd.array(values, dtype="Int64")
    return frame


def _from_csv(text: str, path: str | Path) -> pd.DataFrame:
    # pandas shifts or drops the fields of a row that has more of them than the header: an unquoted
    # comma in the notes.
    rows = csv.reader(io.StringIO(text, newline=""))
    n_columns = len(next(rows, []))
    for number, row in enumerate((row for row in rows if row), start=1):
        if len(row) != n_columns:
            width = f"{pluralize(len(row), 'field')}, the header {n_columns}"
            raise TableError(f"{path}: row {number} has {width}; quote fields that hold commas")
    try:
        frame = pd.read_csv(
            io.StringIO(text, newline=""),
            dtype=str,
            keep_default_na=False,
            index_col=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableError(f"{path}: not a readable CSV ({error})") from None
    frame = _restored(frame)
    for column in set(LIST_COLUMNS) & set(frame.columns):
        frame[column] = parse_lists(frame[column], column, path)
    return frame


def _restored(frame: pd.DataFrame) -> pd.DataFrame:
    texts = frame.map(restore_field)
    return texts.set_axis([restore_field(str(name)) for name in frame.columns], axis="columns")


def iter_table(path: str | Path, n_rows: int = 1000) -> Iterator[pd.DataFrame]:
    """Read a table in parts.

    Parameters
    ----------
    path : str or Path
        As :func:`read_table` takes it.
    n_rows : int, default=1000
        Rows of a part, at most.

    Yields
    ------
    DataFrame of shape (n_rows, n_columns)
        The next part; the cells of a CSV are text.

    Raises
    ------
    TableError
        As :func:`read_table`.
    """
    files = find_table(path)
    if files.is_parquet:
        yield from iter_frames(files, n_rows, read_schema(files)[0])
        return
    format_ = table_format(path)
    if format_ == "xlsx":
        table = read_table(path)
        yield from (table.iloc[start : start + n_rows] for start in range(0, len(table), n_rows))
        return
    # a carriage return within a cell is kept
    with io.TextIOWrapper(files.open(files.paths[0]), encoding="utf-8", newline="") as lines:
        if format_ == "csv":
            with pd.read_csv(lines, dtype=str, keep_default_na=False, chunksize=n_rows) as parts:
                yield from map(_restored, parts)
        else:
            while part := "".join(islice(lines, n_rows)):
                yield _from_json_lines(part, path)


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table whole or not at all, readable by its owner only (it may hold health data).

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        The table.
    path : str or Path
        File to write, its format by its ending; ``-`` for JSON Lines on stdout. A name that ends
        with a slash is a folder of Parquet parts; an address of ``fsspec`` may stand for either.
        Missing parent folders are created, so that an hour of work is not lost to a missing one.

    Raises
    ------
    TableError
        The ending is unknown.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "items.csv")
    >>> items = {"case_number": ["CM15-1"], "deficiencies": [["request_not_specific"]]}
    >>> write_table(pd.DataFrame(items), path)
    >>> read_table(path).to_dict("records")
    [{'case_number': 'CM15-1', 'deficiencies': ['request_not_specific']}]
    """
    require_types("write_table", frame=(frame, pd.DataFrame), path=(path, str | PathLike))
    write_parts([frame], path)


def write_parts(
    parts: Iterable[pd.DataFrame],
    path: str | Path,
    types: "Mapping[str, pa.DataType] | None" = None,
) -> None:
    """Write a table that comes in parts; never more than one is held.

    Parameters
    ----------
    parts : iterable of DataFrame
        Of the same columns and dtypes.
    path : str or Path
        As for :func:`write_table`.
    types : mapping of str to DataType, optional
        What columns that are not ours hold, of which the first part may hold nothing; for Parquet.

    Raises
    ------
    TableError
        The ending is unknown.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "items.parquet")
    >>> write_parts((pd.DataFrame({"item_number": [number]}) for number in (1, 2)), path)
    >>> read_table(path)["item_number"].to_list()
    [1, 2]
    """
    if str(path) == "-":
        for frame in parts:
            sys.stdout.write(to_json_lines(frame))
        return
    if is_folder(path):
        folder = PartFolder(path, types=types)
        for number, frame in enumerate(parts):
            folder.write(number, frame)
        folder.finish()
        return
    format_ = table_format(path)

    def fill(target: Path) -> None:
        with target.open("wb") as file:
            if format_ == "parquet":
                write_parquet(parts, file, types)
            else:
                WRITERS[format_](parts, file)

    if not is_remote(path):
        write_private(on_disk(path), fill)
        return
    storage, target = open_storage(str(path))
    with tempfile.TemporaryDirectory() as folder_here:
        local = Path(folder_here, "table")
        fill(local)
        storage.makedirs(storage._parent(target), exist_ok=True)
        storage.put_file(str(local), target)


def table_bytes(frame: pd.DataFrame, name: str) -> bytes:
    r"""Give the bytes of the file that :func:`write_table` would write.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        The table.
    name : str
        Its ending chooses the format.

    Returns
    -------
    bytes
        What the file would hold.

    Raises
    ------
    TableError
        The ending is unknown.

    Examples
    --------
    >>> table_bytes(pd.DataFrame({"treatment": ["=1+1"]}), "requests.csv")
    b"treatment\n'=1+1\n"
    """
    file = io.BytesIO()
    WRITERS[table_format(name)]([frame], file)
    return file.getvalue()
