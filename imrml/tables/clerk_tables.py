"""Tables of requests as clerks send them, as CSV or as workbooks."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from imrml.errors import TableError
from imrml.phrases import pluralize
from imrml.tables.arrow import LIST_COLUMNS
from imrml.tables.layout import IsKnown, Sheet, choose_sheet, tabulate
from imrml.tables.sheets import read_sheets
from imrml.tables.workbooks import read_list, restore_field

_STATED_SEPARATOR = re.compile(r"\"?sep=(.)\"?\r?\n", re.IGNORECASE)
_TEXT_FORMULA = re.compile(r'="([^"]{0,999})"')
"""What programs write so that a number keeps its noughts."""
_FORMULA = re.compile(r"=\s?[A-Za-z0-9(+\-'$@\[\"]")
_MOST_NAMED = 20
"""Lines with formulas that a note names."""
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""Between the fields of a CSV; Excel writes semicolons where the comma is the decimal sign."""


def read_clerk_workbook(data: bytes, name: str, is_known: IsKnown) -> pd.DataFrame:
    """Read the table of requests of a workbook, from whichever sheet holds it.

    Parameters
    ----------
    data : bytes
        The workbook.
    name : str
        What error messages call it.
    is_known : callable
        Tells whether a heading is known.

    Returns
    -------
    DataFrame
        Its notes stand in ``attrs["notes"]``.

    Raises
    ------
    TableError
        It cannot be read, or only wrongly.
    """
    sheets = read_sheets(data, name)
    if not any(sheet.rows for sheet in sheets):
        raise TableError(
            f"{name}: its sheets are empty; expected a row of column names and rows below it"
        )
    return _from_sheet(choose_sheet(sheets, is_known), name, is_known, "")


def read_clerk_csv(text: str, name: str, is_known: IsKnown) -> pd.DataFrame:
    """Read the table of requests of a CSV, whatever separates its fields.

    Parameters
    ----------
    text : str
        The CSV.
    name : str
        What error messages call it.
    is_known : callable
        Tells whether a heading is known.

    Returns
    -------
    DataFrame
        Of text; its notes stand in ``attrs["notes"]``.

    Raises
    ------
    TableError
        It cannot be read, or only wrongly.
    """
    stated = _STATED_SEPARATOR.match(text)
    if stated:
        text = text[stated.end() :]
    asked = [stated[1]] if stated else list(SEPARATORS)
    n_before = 1 if stated else 0
    sheets = {separator: _read_fields(text, separator, n_before) for separator in asked}
    # Of equals the first, a comma.
    separator = max(
        sheets, key=lambda one: choose_sheet([sheets[one]], is_known).count_known(is_known)
    )
    sheet = sheets[separator]
    if sheet.trouble:
        raise TableError(f"{name}: not a readable CSV ({sheet.trouble})")
    if not any(sheet.rows):
        raise TableError(f"{name}: not a readable CSV (it is empty)")
    fields = SEPARATORS.get(separator, repr(separator))
    frame = _from_sheet(sheet, name, is_known, fields)
    lists = frame.columns.intersection(list(LIST_COLUMNS))
    texts = frame.columns.difference(lists)
    frame[texts] = frame[texts].astype(object).where(frame[texts].notna(), "")
    return frame


def _read_fields(text: str, separator: str, n_before: int) -> Sheet:
    """Read the fields of a CSV; formulas are not computed, and ``="0012"`` is the text 0012.

    ``n_before`` lines of the file stand before the text.
    """
    rows: list[list[Any]] = []
    formulas: list[int] = []
    trouble = ""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in lines:
            formulas += [
                n_before + lines.line_num
                for field in row
                if _FORMULA.match(field) and not _TEXT_FORMULA.fullmatch(field)
            ]
            rows.append([_read_field(field) for field in row])
    except csv.Error as error:
        trouble = f"{error}, after {pluralize(len(rows), 'line')}"
    notes = []
    if formulas:
        places = list(dict.fromkeys(formulas))
        more = f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
        notes.append(
            f"{pluralize(len(formulas), 'formula')} not computed, in "
            f"{'line' if len(places) == 1 else 'lines'} "
            f"{', '.join(map(str, places[:_MOST_NAMED]))}{more}: "
            f"{'it counts' if len(formulas) == 1 else 'they count'} as empty; write what is meant "
            "without the sign ="
        )
    return Sheet(rows, notes, trouble=trouble)


def _read_field(field: str) -> str | None:
    if text := _TEXT_FORMULA.fullmatch(field):
        return text[1]
    return None if _FORMULA.match(field) else restore_field(field)


def _from_sheet(sheet: Sheet, name: str, is_known: IsKnown, fields: str) -> pd.DataFrame:
    names, rows, notes = tabulate(sheet, is_known, name, fields)
    frame = pd.DataFrame(rows, columns=pd.Index(names, dtype=object), dtype=object)
    for column in set(LIST_COLUMNS) & set(names):
        if fields:
            frame[column] = parse_lists(frame[column], column, name)
        else:
            frame[column] = pd.Series(map(read_list, frame[column]), dtype=object)
    frame.attrs["notes"] = notes
    return frame


def parse_lists(cells: pd.Series, column: str, path: str | Path) -> list[Any]:
    """Read the lists of a column of a CSV.

    Parameters
    ----------
    cells : Series of str
        JSON, or nothing.
    column, path : str
        For messages.

    Returns
    -------
    list of list, or None
        None for an empty cell.

    Raises
    ------
    TableError
        A cell is no JSON.
    """
    try:
        return [json.loads(cell) if cell else None for cell in cells]  # blank: nobody looked
    except json.JSONDecodeError:
        raise TableError(f"{path}: column {column!r} must hold JSON lists") from None
