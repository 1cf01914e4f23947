"""Workbooks as clerks have them: every sheet, with what is hidden, merged or a formula."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from imrml.errors import TableError
from imrml.phrases import pluralize
from imrml.tables.layout import Sheet
from imrml.tables.workbooks import MOST_CELLS, open_workbook, read_cell, unreadable

# Of a sheet's XML, what openpyxl does not tell where it reads row by row.
_ROW = re.compile(r"<(?:\w{1,20}:)?row\b[^>]{0,900}>")
_ROW_NUMBER = re.compile(r'\sr="(\d{1,7})"')
_HIDDEN = re.compile(r'\shidden="(?:1|true)"')
_MERGED = re.compile(
    r'<(?:\w{1,20}:)?mergeCell\b[^>]{0,100}\sref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"'
)
_FORMULA = re.compile(r"<(?:\w{1,20}:)?f[\s/>]")
_ZEROS = re.compile(r"0{2,20}")
_PIECE = 1 << 20
_LONGEST_MARK = 1_000


def read_sheets(data: bytes, name: str) -> list[Sheet]:
    """Read every sheet of a workbook as it stands, and what its reader must be told of it.

    Formulas are never computed: the value counts that was last computed, and where there is none
    the cell is empty and told. Cells that are merged over rows are read for each of them.

    Parameters
    ----------
    data : bytes
        The workbook.
    name : str
        What error messages call it.

    Returns
    -------
    list of Sheet
        In their order, with those that are hidden.

    Raises
    ------
    TableError
        The bytes are no workbook, or hold more than can be read.
    """
    try:
        return _read_sheets(data, name)
    except TableError:
        raise
    except Exception as error:
        raise unreadable(name, error) from None


def _read_sheets(data: bytes, name: str) -> list[Sheet]:
    workbook = open_workbook(data, name, data_only=True)
    sheets, n_cells = [], 0
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # what a file says of its size need not be true
        rows: list[list[Any]] = []
        for cells in sheet.iter_rows():
            rows.append([_restore_zeros(cell) for cell in cells])
            n_cells += len(cells) + 1
            if n_cells > MOST_CELLS:
                raise TableError(f"{name}: holds more than {MOST_CELLS:,} cells; split it")
        sheets.append(Sheet(rows, is_hidden=sheet.sheet_state != "visible"))
    paths = [str(getattr(sheet, "_worksheet_path", "")) for sheet in workbook.worksheets]
    workbook.close()
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        marks = [_read_marks(parts, path) for path in paths]
    for sheet, found in zip(sheets, marks, strict=True):
        sheet.hidden = frozenset(found.hidden)
        _fill_merged(sheet, found.merged)
    if any(found.has_formulas for found in marks):
        _tell_formulas(sheets, open_workbook(data, name, data_only=False))
    return sheets


@dataclass(slots=True)
class _Marks:
    """What the XML of a sheet marks: hidden rows, merged cells, and whether it has formulas."""

    hidden: list[int] = field(default_factory=list)
    merged: list[tuple[str, str, str]] = field(default_factory=list)
    has_formulas: bool = False


def _read_marks(parts: zipfile.ZipFile, path: str) -> _Marks:
    """Read the marks of a sheet a piece of its XML at a time, which may inflate to gigabytes."""
    marks = _Marks()
    if path not in parts.namelist():
        return marks
    place = -1
    for xml in _read_pieces(parts, path):
        for match in _ROW.finditer(xml):
            number = _ROW_NUMBER.search(match[0])
            place = int(number[1]) - 1 if number else place + 1
            if _HIDDEN.search(match[0]):
                marks.hidden.append(place)
        marks.merged += [(one[1], one[2], one[3]) for one in _MERGED.finditer(xml)]
        marks.has_formulas = marks.has_formulas or _FORMULA.search(xml) is not None
    return marks


def _read_pieces(parts: zipfile.ZipFile, path: str) -> Iterator[str]:
    """Yield the XML of a sheet in pieces that end where a mark does.

    Marks alone are read, whose bytes are letters in every encoding.
    """
    left = ""
    with parts.open(path) as file:
        while piece := file.read(_PIECE):
            whole, end, left = (left + piece.decode("latin-1")).rpartition(">")
            yield whole + end
            left = left[max(left.rfind("<"), len(left) - _LONGEST_MARK) :]
    yield left


def _restore_zeros(cell: Any) -> Any:
    """Read a cell; a number that the program shows with noughts before it keeps them."""
    value = cell.value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        shown = str(cell.number_format or "")
        return str(value).zfill(len(shown)) if _ZEROS.fullmatch(shown) else value
    return read_cell(value)


def _fill_merged(sheet: Sheet, merged: Iterable[tuple[str, str, str]]) -> None:
    from openpyxl.utils import column_index_from_string  # noqa: PLC0415 - only who reads Excel pays

    n_filled = 0
    for letters, top, bottom in merged:
        column = column_index_from_string(letters) - 1
        first, last = int(top) - 1, min(int(bottom), len(sheet.rows))
        if not 0 <= first < len(sheet.rows) or column >= len(sheet.rows[first]):
            continue
        value = sheet.rows[first][column]
        for row in sheet.rows[first + 1 : last]:
            row.extend([None] * (column + 1 - len(row)))
            if value is not None and row[column] is None:
                row[column] = value
                n_filled += 1
    if n_filled:
        sheet.notes.append(
            f"{pluralize(n_filled, 'cell')} merged with the one above filled with what it holds"
        )


def _tell_formulas(sheets: list[Sheet], workbook: Any) -> None:
    for read, sheet in zip(sheets, workbook.worksheets, strict=True):
        sheet.reset_dimensions()
        without = []
        for place, cells in enumerate(sheet.iter_rows()):
            row = read.rows[place]
            without += [
                f"{cell.column_letter}{cell.row}"
                for column, cell in enumerate(cells)
                if cell.data_type == "f" and (column >= len(row) or row[column] is None)
            ]
        if without:
            more = f" and {len(without) - 20} more" if len(without) > 20 else ""
            read.notes.append(
                "formulas are not computed, and the file holds no value of those in "
                f"{', '.join(without[:20])}{more}: they count as empty; save it in the spreadsheet "
                "program first"
            )
    workbook.close()
