"""What spreadsheet programs need: cells that never run as formulas, workbooks in and out.

A text cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line's end is run as a formula
by spreadsheet programs, also where it came from a file (CWE-1236). Every such cell is written with
an apostrophe before it, in CSV and in Excel; our own reader takes it off again. Numbers are written
as they are. A program that separates by semicolons or tabs, as Excel does in much of Europe, takes
our CSV apart inside its cells, where a quote no longer holds it together: there an apostrophe also
stands before a sign that follows a semicolon, a tab or a line's end.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any, BinaryIO

import pandas as pd

from imrml.errors import TableError
from imrml.phrases import pluralize

# A cell that begins with apostrophes before such a sign gets one more, so that taking one off
# always restores it. The wide signs are turned into the narrow ones by some programs.
_RUNS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NEUTRAL = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_RUNS_INSIDE = re.compile(r"([;\t\r\n])('*[=+\-@＝＋－＠])")
_NEUTRAL_INSIDE = re.compile(r"([;\t\r\n])'('*[=+\-@＝＋－＠])")
# What no XML file can hold, hence no workbook.
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CARRIAGE_RETURN = "_x000D_"

LONGEST_CELL = 32_767
"""Characters; what Excel holds at most."""
_MOST_BYTES = 500_000_000  # of a workbook once inflated
MOST_CELLS = 20_000_000


def neutralize(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet program would run.

    Parameters
    ----------
    text : str
        Of a cell.

    Returns
    -------
    str
        As a spreadsheet program shows it.

    Examples
    --------
    >>> [neutralize(text) for text in ("=1+1", "Norco", "'=1+1", "-5")]
    ["'=1+1", 'Norco', "''=1+1", "'-5"]
    """
    return f"'{text}" if _RUNS.match(text) else text


def restore(text: str) -> str:
    """Take off the apostrophe that :func:`neutralize` put on.

    Parameters
    ----------
    text : str
        Of a cell.

    Returns
    -------
    str
        As it was.

    Examples
    --------
    >>> [restore(neutralize(text)) for text in ("=1+1", "Norco", "'=1+1", "'tis")]
    ['=1+1', 'Norco', "'=1+1", "'tis"]
    """
    return text[1:] if _NEUTRAL.match(text) else text


def neutralize_field(text: str) -> str:
    r"""Put apostrophes into a field of a CSV so that it never runs, whatever the separator.

    Parameters
    ----------
    text : str
        Of a field.

    Returns
    -------
    str
        As a spreadsheet program shows it.

    Examples
    --------
    >>> [neutralize_field(text) for text in ("=1+1", "Norco;=1+1;", "- PT\n- MRI", "L4-5; twice")]
    ["'=1+1", "Norco;'=1+1;", "'- PT\n'- MRI", 'L4-5; twice']
    """
    return neutralize(_RUNS_INSIDE.sub(r"\1'\2", text))


def restore_field(text: str) -> str:
    r"""Take off the apostrophes that :func:`neutralize_field` put in.

    Parameters
    ----------
    text : str
        Of a field.

    Returns
    -------
    str
        As it was.

    Examples
    --------
    >>> restore_field(neutralize_field("- PT\n'- MRI;=1+1"))
    "- PT\n'- MRI;=1+1"
    """
    return _NEUTRAL_INSIDE.sub(r"\1\2", restore(text))


def replace_unwritable(value: Any) -> Any:
    r"""Replace the characters that no workbook can hold; the length stays the same.

    Parameters
    ----------
    value : object
        A text, a list of them, or what else a cell holds.

    Returns
    -------
    object
        With U+FFFD for each of them: what pandas' writers of Excel take.

    Examples
    --------
    >>> replace_unwritable(["L4-5\x0b\x00 pain", 7]) == ["L4-5\ufffd\ufffd pain", 7]
    True
    """
    if isinstance(value, str):
        # A look at each character tells nearly all texts, in half the time.
        return value if value.isprintable() else _NO_XML.sub("\ufffd", value)
    return [replace_unwritable(one) for one in value] if isinstance(value, list) else value


def write_workbook(
    parts: Iterable[pd.DataFrame], file: BinaryIO, list_columns: Sequence[str]
) -> None:
    """Write one sheet; a list becomes a cell of lines.

    Parameters
    ----------
    parts : iterable of DataFrame
        Of the same columns.
    file : file open for writing bytes
        Where the workbook goes.
    list_columns : sequence of str
        Columns that hold lists.

    Raises
    ------
    TableError
        A cell is longer than Excel holds.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - only who asks for Excel pays for it
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("imrml")
    sheet.freeze_panes = "B2"
    bold, plain, wrapped = Font(bold=True), Font(), Alignment(wrap_text=True, vertical="top")
    try:
        for row in _rows_to_write(parts, list_columns):
            cells = []
            for style, value in row:
                cell = WriteOnlyCell(sheet, value)
                if isinstance(value, str):
                    cell.data_type = "s"  # text also where openpyxl would see a formula
                    cell.font, cell.alignment = (bold if style == "name" else plain), wrapped
                elif style == "share":
                    cell.number_format = "0.0%"
                cells.append(cell)
            sheet.append(cells)
    except TableError:
        sheet.close()
        raise
    workbook.save(file)


def _rows_to_write(
    parts: Iterable[pd.DataFrame], list_columns: Sequence[str]
) -> Iterator[list[tuple[str, Any]]]:
    """Yield each cell of each row with its style: a column's name, a share, or anything else."""
    n_rows = 0
    for number, part in enumerate(parts):
        names = list(map(str, part.columns))
        if number == 0:
            yield [("name", _cell_text(name, 0, name)) for name in names]
        for row in part.itertuples(index=False, name=None):
            n_rows += 1
            cells = []
            for name, value in zip(names, row, strict=True):
                plain = _lines(value) if name in list_columns else _plain_cell(value)
                style = (
                    "share"
                    if isinstance(plain, float) and name.startswith(("p_", "base_rate"))
                    else ""
                )
                cells.append(
                    (style, _cell_text(plain, n_rows, name) if isinstance(plain, str) else plain)
                )
            yield cells


def read_workbook(data: bytes, name: str, list_columns: Sequence[str]) -> pd.DataFrame:
    """Read the first sheet of a workbook; its first row names the columns.

    Numbers stay numbers, days become ISO dates, and of formulas the value counts that was last
    computed.

    Parameters
    ----------
    data : bytes
        The workbook.
    name : str
        What error messages call it.
    list_columns : sequence of str
        Columns whose cells become lists.

    Returns
    -------
    DataFrame
        A row for each row below the first.

    Raises
    ------
    TableError
        The bytes are no workbook, hold more than can be read, or a row holds more cells than there
        are column names.
    """
    try:
        rows = _read_rows(data, name)
    except TableError:
        raise
    except Exception as error:
        raise unreadable(name, error) from None
    if not rows:
        raise TableError(
            f"{name}: its first sheet is empty; expected a row of column names and rows below it"
        )
    names = [str(cell) for cell in rows[0]]
    if twice := [place for place, column in enumerate(names, start=1) if names.count(column) > 1]:
        raise TableError(
            f"{name}: columns {', '.join(map(str, twice))} (from 1) share a name; give each its own"
        )
    frame = pd.DataFrame(rows[1:], columns=names, dtype=object)
    for column in set(list_columns) & set(names):
        frame[column] = pd.Series(map(read_list, frame[column]), dtype=object)
    return frame


def _read_rows(data: bytes, name: str) -> list[tuple[Any, ...]]:
    workbook = open_workbook(data, name, data_only=True)
    if not workbook.worksheets:
        return []
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # what a file says of its size need not be true
    rows: list[tuple[Any, ...]] = []
    width = n_cells = n_filled = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True)):
        row = tuple(read_cell(cell) for cell in cells)
        if number == 0:
            width = max(
                (place for place, cell in enumerate(row, start=1) if cell is not None), default=0
            )
            if any(cell is None for cell in row[:width]):
                raise TableError(
                    f"{name}: a column of its first row has no name; "
                    "name each column in the first row"
                )
        if any(cell is not None for cell in row[width:]):
            raise TableError(
                f"{name}: row {number} has cells beyond the {pluralize(width, 'named column')}; "
                "name each column in the first row"
            )
        n_cells += len(row) + 1
        if n_cells > MOST_CELLS:
            raise TableError(f"{name}: holds more than {MOST_CELLS:,} cells; split it")
        rows.append((*row[:width], *[None] * (width - len(row))))
        if any(cell is not None for cell in row):
            n_filled = len(rows)
    workbook.close()
    return rows[:n_filled]  # sheets often end in rows that hold formats only


def unreadable(name: str, error: Exception) -> TableError:
    """Make the error for whatever openpyxl meets in a file that only looks like a workbook.

    Parameters
    ----------
    name : str
        Of the file.
    error : Exception
        What it met.

    Returns
    -------
    TableError
        To be raised.
    """
    return TableError(
        f"{name}: not a readable Excel workbook ({type(error).__name__}); save it as .xlsx again"
    )


def open_workbook(data: bytes, name: str, *, data_only: bool) -> Any:
    """Open a workbook to be read row by row.

    Parameters
    ----------
    data : bytes
        The workbook.
    name : str
        Of the file.
    data_only : bool
        Whether values stand where formulas do.

    Returns
    -------
    openpyxl.Workbook
        To be closed.

    Raises
    ------
    TableError
        It inflates to more than is read.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - only who reads Excel pays for it

    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        n_bytes = sum(part.file_size for part in parts.infolist())
    if n_bytes > _MOST_BYTES:
        raise TableError(
            f"{name}: inflates to {n_bytes:,} bytes, at most {_MOST_BYTES:,} are read; split it"
        )
    return load_workbook(io.BytesIO(data), read_only=True, data_only=data_only, keep_links=False)


def read_cell(cell: Any) -> Any:
    """Read what a cell holds: a number, a day as ISO date, text, or None.

    Parameters
    ----------
    cell : object
        Its value.

    Returns
    -------
    object
        None for what is empty.
    """
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, str):
        return restore(cell.replace(_CARRIAGE_RETURN, "\r")) or None
    return cell if isinstance(cell, int | float | bool) else None


def _plain_cell(value: Any) -> Any:
    if isinstance(value, str | bool | int | float):
        return None if isinstance(value, float) and pd.isna(value) else value
    if hasattr(value, "isoformat") and not pd.isna(value):
        return str(value.isoformat()).removesuffix("T00:00:00")
    if hasattr(value, "item"):
        return _plain_cell(value.item())
    return None if value is None or value is pd.NA or value is pd.NaT else str(value)


def _cell_text(text: str, number: int, column: str) -> str:
    if len(text) > LONGEST_CELL:
        raise TableError(
            f"row {number} holds {len(text):,} characters in {column!r}, "
            f"Excel at most {LONGEST_CELL:,}; write .csv or .parquet"
        )
    return str(replace_unwritable(neutralize(text))).replace("\r", _CARRIAGE_RETURN)


def _lines(cell: Any) -> str | None:
    """Write a list as lines that people read; as JSON where lines would give another list back."""
    if isinstance(cell, str) or not hasattr(
        cell, "__len__"
    ):  # what a column of lists need not hold
        return None if _plain_cell(cell) is None else str(cell)
    elements = list(cell)
    are_lines = elements and all(
        isinstance(one, str) and one and "\n" not in one and "\r" not in one for one in elements
    )
    if are_lines and not elements[0].startswith("["):
        return "\n".join(elements)
    return json.dumps(
        [one.tolist() if hasattr(one, "tolist") else one for one in elements], ensure_ascii=False
    )


def read_list(cell: Any) -> list[Any] | None:
    """Read the list that a cell of lines or of JSON stands for.

    Parameters
    ----------
    cell : object
        Of a column of lists.

    Returns
    -------
    list or None
        None where the cell is empty.
    """
    if cell is None:
        return None
    text = str(cell)
    if text.startswith("["):
        try:
            parsed = json.loads(text)
        except json.JSONDecodeError:
            parsed = None
        if isinstance(parsed, list):
            return parsed
    return text.split("\n")
