"""Workbooks as clerks have them: every sheet, with what is hidden, merged or a formula."""

import io
import re
import zipfile
from collections.abc import Iterator
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
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            n_bytes = sum(part.file_size for part in parts.infolist())
        return _read_sheets(data, name, n_bytes)
    except TableError:
        raise
    except Exception as error:
        raise unreadable(name, error) from None


def _read_sheets(data: bytes, name: str, n_bytes: int) -> list[Sheet]:
    workbook = open_workbook(data, name, n_bytes, data_only=True)
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
        xml = [_read_part(parts, path) for path in paths]
    for sheet, part in zip(sheets, xml, strict=True):
        sheet.hidden = frozenset(_find_hidden_rows(part))
        _fill_merged(sheet, part)
    if any(_FORMULA.search(part) for part in xml):
        _tell_formulas(sheets, open_workbook(data, name, n_bytes, data_only=False))
    return sheets


def _read_part(parts: zipfile.ZipFile, path: str) -> str:
    """Read the XML of a sheet; of its marks alone, whose bytes are letters in every encoding."""
    return parts.read(path).decode("latin-1") if path in parts.namelist() else ""


def _restore_zeros(cell: Any) -> Any:
    """Read a cell; a number that the program shows with noughts before it keeps them."""
    value = cell.value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        shown = str(cell.number_format or "")
        return str(value).zfill(len(shown)) if _ZEROS.fullmatch(shown) else value
    return read_cell(value)


def _find_hidden_rows(xml: str) -> Iterator[int]:
    place = -1
    for match in _ROW.finditer(xml):
        number = _ROW_NUMBER.search(match[0])
        place = int(number[1]) - 1 if number else place + 1
        if _HIDDEN.search(match[0]):
            yield place


def _fill_merged(sheet: Sheet, xml: str) -> None:
    n_filled = 0
    for match in _MERGED.finditer(xml):
        column = _column_number(match[1])
        first, last = int(match[2]) - 1, min(int(match[3]), len(sheet.rows))
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


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


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
