"""Workbooks of requests as clerks have them, each with what it says, judged before any run."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openpyxl import Workbook


@dataclass(frozen=True)
class ClerkTable:
    """A file, and what of it must be read: some fields of each row, or why it is refused."""

    name: str
    file: str
    data: bytes
    rows: tuple[dict[str, Any], ...] = ()
    refused: str = ""
    notes: tuple[str, ...] = ()


def workbook(*sheets: list[list[Any]], change: Callable[[Workbook], None] | None = None) -> bytes:
    """Write a workbook of sheets; ``change`` may hide, merge or format what it likes."""
    made = Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets, start=1):
        sheet = made.create_sheet(f"Sheet{number}")
        for row in rows:
            sheet.append(row)
    if change:
        change(made)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


MERGES = (
    b'</sheetData><mergeCells count="2"><mergeCell ref="A1:XFD1048576"/>'
    b'<mergeCell ref="A2:A1048576"/></mergeCells>'
)


def change_part(workbook: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """Change the bytes of one part of a workbook."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts, zipfile.ZipFile(file, "w") as changed:
        for part in parts.infolist():
            content = parts.read(part)
            if part.filename == name:
                assert old in content
                content = content.replace(old, new)
            changed.writestr(part, content)
    return file.getvalue()


def _hide_sheet(number: int) -> Callable[[Workbook], None]:
    def change(made: Workbook) -> None:
        made.worksheets[number].sheet_state = "hidden"

    return change


def _hide_rows(*rows: int) -> Callable[[Workbook], None]:
    def change(made: Workbook) -> None:
        for row in rows:
            made.worksheets[0].row_dimensions[row].hidden = True

    return change


def _merge(*ranges: str) -> Callable[[Workbook], None]:
    def change(made: Workbook) -> None:
        for one in ranges:
            made.worksheets[0].merge_cells(one)

    return change


def _format(cells: dict[str, str]) -> Callable[[Workbook], None]:
    def change(made: Workbook) -> None:
        for place, shown in cells.items():
            made.worksheets[0][place].number_format = shown

    return change


def _break(made: Workbook) -> None:
    made.worksheets[0]["B2"].data_type = "e"
    made.worksheets[0]["B2"].value = "#N/A"


def row_of(treatment: str, **fields: Any) -> dict[str, Any]:
    return {"treatment": treatment, **fields}


PT, MRI, NORCO = "PT 2x6 L shoulder", "MRI lumbar spine w/o", "Norco 10/325 #60"
WORKBOOKS = [
    ClerkTable(
        "a merged title in a workbook",
        "a.xlsx",
        workbook(
            [
                ["Requests for review", None, None],
                [None, None, None],
                ["Requested treatment", "Diagnosis", "Patient age"],
                [MRI, "LBP", 44],
            ],
            change=_merge("A1:C1"),
        ),
        (row_of(MRI, diagnosis="LBP", age=44.0),),
        notes=("1 title row",),
    ),
    ClerkTable(
        "two rows of headings, the upper merged over both",
        "a.xlsx",
        workbook(
            [
                ["Claim #", "Request", None, "Notes"],
                [None, "Treatment", "Dx", None],
                ["C7", NORCO, "LBP", "UDS ok"],
            ],
            change=_merge("A1:A2", "B1:C1", "D1:D2"),
        ),
        (row_of(NORCO, request_id="C7", diagnosis="LBP", case_summary="UDS ok"),),
    ),
    ClerkTable(
        "a cover sheet first",
        "a.xlsx",
        workbook(
            [["Instructions"], ["Fill in the next sheet"]], [["Treatment", "DOI"], [PT, 44999]]
        ),
        (row_of(PT, date_of_injury="2023-03-14"),),
        notes=("sheet 1 has no known headings", "sheet 2 is read"),
    ),
    ClerkTable(
        "a hidden sheet beside",
        "a.xlsx",
        workbook(
            [["Treatment", "Age"], [PT, 44]],
            [["Treatment", "Age", "Dx"], ["old request", 1, "x"]],
            change=_hide_sheet(1),
        ),
        (row_of(PT, age=44.0),),
        notes=("sheet 2 is hidden and passed over",),
    ),
    ClerkTable(
        "two sheets of requests",
        "a.xlsx",
        workbook([["Treatment", "Age"], [PT, 44]], [["Treatment", "Age"], [MRI, 51]]),
        (row_of(PT, age=44.0),),
        notes=("sheet 2 has known headings too",),
    ),
    ClerkTable(
        "hidden rows",
        "a.xlsx",
        workbook([["Treatment", "Age"], [PT, 44], [MRI, 51]], change=_hide_rows(3)),
        (row_of(PT), row_of(MRI)),
        notes=("hidden rows are read all the same: 2",),
    ),
    ClerkTable(
        "a claim number with noughts by its format",
        "a.xlsx",
        workbook([["Claim No.", "Treatment"], [123, PT]], change=_format({"A2": "000000"})),
        (row_of(PT, request_id="000123"),),
    ),
    ClerkTable(
        "a claim merged over its requests",
        "a.xlsx",
        workbook(
            [["Claim #", "Tx", "Dx"], ["WC1", PT, "LBP"], [None, MRI, None]],
            change=_merge("A2:A3", "C2:C3"),
        ),
        (row_of(PT, request_id="WC1", diagnosis="LBP"), row_of(MRI, diagnosis="LBP")),
        notes=("merged with the one above",),
    ),
    ClerkTable(
        "a column without a heading",
        "a.xlsx",
        workbook([["Treatment", None, "Age"], [PT, "left side", 44]]),
        (row_of(PT, age=44.0),),
        notes=("column 2 without a heading",),
    ),
    ClerkTable(
        "formulas that nobody computed",
        "a.xlsx",
        workbook([["Treatment", "Dx"], [PT, "=VLOOKUP(A2,codes,2)"], [MRI, "LBP"]]),
        (row_of(PT, diagnosis=""), row_of(MRI, diagnosis="LBP")),
        notes=("B2: they count as empty",),
    ),
    ClerkTable(
        "dates in a workbook",
        "a.xlsx",
        workbook(
            [["Treatment", "DOI"], [PT, datetime(2023, 3, 4)], [MRI, 44989], [NORCO, "3/4/23"]]
        ),
        tuple(row_of(one, date_of_injury="2023-03-04") for one in (PT, MRI, NORCO)),
    ),
    ClerkTable(
        "headings down the first column",
        "a.xlsx",
        workbook([["Treatment", PT], ["Dx", "LBP"], ["Age", 44], ["DOI", "3/4/2023"]]),
        (row_of(PT, diagnosis="LBP", age=44.0, date_of_injury="2023-03-04"),),
        notes=("one below the other",),
    ),
    ClerkTable(
        "codes alone",
        "a.xlsx",
        workbook([["CPT Code", "ICD-10 Code"], [72148, "M54.16"], ["97110 x 12", "M75.41"]]),
        (row_of("72148", diagnosis="M54.16"), row_of("97110 x 12", diagnosis="M75.41")),
    ),
    ClerkTable(
        "headings over two lines of a cell",
        "a.xlsx",
        workbook([["Treatment\nRequested", "Date of\nInjury"], [PT, "3/4/2023"]]),
        (row_of(PT, date_of_injury="2023-03-04"),),
    ),
    ClerkTable(
        "blank rows between",
        "a.xlsx",
        workbook([["Treatment", "Age"], [PT, 44], [None, None], [MRI, 51], [None, " "]]),
        (row_of(PT), row_of(MRI)),
    ),
    ClerkTable(
        "numbers that a program made decimal",
        "a.xlsx",
        workbook([["Claim #", "Treatment", "Age"], [70012.0, PT, 44.0]]),
        (row_of(PT, request_id="70012", age=44.0),),
    ),
    ClerkTable(
        "a wide table with a date printed above",
        "a.xlsx",
        workbook(
            [
                ["UR log", None, None, "Printed: 5/6/2024", None, None],
                ["Adjuster:", "J. Doe", None, None, None, None],
                [
                    "Claim Number",
                    "Injured Worker Age",
                    "DOI",
                    "Service Requested",
                    "Dx",
                    "Clinical Notes",
                ],
                ["A1", 60, datetime(2019, 1, 2), MRI, "LBP", "pain"],
            ]
        ),
        (
            row_of(
                MRI,
                request_id="A1",
                age=60.0,
                date_of_injury="2019-01-02",
                diagnosis="LBP",
                case_summary="pain",
            ),
        ),
        notes=("2 title rows",),
    ),
    ClerkTable(
        "table begins in column B, row 4",
        "a.xlsx",
        workbook(
            [
                [None],
                [None, "UR worklist"],
                [None],
                [None, "Claim #", "Tx Requested", "Age"],
                [None, "W1", PT, 44],
                [None, "W2", MRI, 51],
            ]
        ),
        (row_of(PT, request_id="W1", age=44.0), row_of(MRI, request_id="W2", age=51.0)),
    ),
    ClerkTable(
        "typed error",
        "a.xlsx",
        workbook([["Treatment", "Dx"], [PT, "x"]], change=_break),
        (row_of(PT, diagnosis=""),),
        notes=("#N/A",),
    ),
    ClerkTable(
        "stars below",
        "a.xlsx",
        workbook([["Treatment", "Dx"], [PT, "LBP"], ["*** END OF REPORT ***", None]]),
        (row_of(PT),),
    ),
    ClerkTable(
        "total with number",
        "a.xlsx",
        workbook([["Treatment", "Dx", "Age"], [PT, "LBP", 44], ["Total", None, 1]]),
        (row_of(PT),),
    ),
    ClerkTable(
        "merged over columns in data",
        "a.xlsx",
        workbook([["Treatment", "Dx", "Age"], [PT, None, 44]], change=_merge("A2:B2")),
        (row_of(PT, age=44.0, diagnosis=""),),
    ),
    ClerkTable(
        "stray cell right",
        "a.xlsx",
        workbook([["Treatment", "Age"], [PT, 44, None, None, "called 5/6"]]),
        (row_of(PT, age=44.0),),
        notes=("without a heading",),
    ),
    ClerkTable(
        "only hidden sheet has it",
        "a.xlsx",
        workbook([["Pivot"], [1]], [["Treatment", "Age"], [PT, 44]], change=_hide_sheet(1)),
        (row_of(PT, age=44.0),),
        notes=("hidden and read",),
    ),
]
