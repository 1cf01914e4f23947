"""Tables of requests as clerks have them, each with what it says, judged before any run."""

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


def _row(treatment: str, **fields: Any) -> dict[str, Any]:
    return {"treatment": treatment, **fields}


PT, MRI, NORCO = "PT 2x6 L shoulder", "MRI lumbar spine w/o", "Norco 10/325 #60"
TABLES = [
    ClerkTable(
        "plain",
        "a.csv",
        f"treatment,diagnosis,age\n{PT},M75.41,51\n{MRI},LBP,44\n".encode(),
        (_row(PT, diagnosis="M75.41", age=51.0), _row(MRI, diagnosis="LBP", age=44.0)),
    ),
    ClerkTable(
        "words of claims staff",
        "a.csv",
        f"Claim #,Tx requested,DOI,Claimant age,Dx,ICD-10,Report\n"
        f"WC-1,{PT},3/14/2023,44,shoulder pain,M75.41,six visits so far\n".encode(),
        (
            _row(
                PT,
                request_id="WC-1",
                date_of_injury="2023-03-14",
                age=44.0,
                diagnosis="shoulder pain\nM75.41",
                case_summary="six visits so far",
            ),
        ),
        notes=("Tx requested = treatment", "Claim # = request_id", "Report = case_summary"),
    ),
    ClerkTable(
        "a title above",
        "a.csv",
        f"Open requests May 2024,,\n,,\nTreatment Requested,Dx,Age\n{PT},LBP,44\n".encode(),
        (_row(PT, diagnosis="LBP", age=44.0),),
        notes=("1 title row",),
    ),
    ClerkTable(
        "a title of one field",
        "a.csv",
        f"Weekly UR list\nPrepared for the desk\n\nTreatment,Dx,Age\n{PT},LBP,44\n".encode(),
        (_row(PT, age=44.0),),
        notes=("2 title rows",),
    ),
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
        (_row(MRI, diagnosis="LBP", age=44.0),),
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
        (_row(NORCO, request_id="C7", diagnosis="LBP", case_summary="UDS ok"),),
    ),
    ClerkTable(
        "two rows of headings, nothing merged",
        "a.csv",
        f"Claim #,Request,,Notes\n,Treatment,Dx,\nC7,{NORCO},LBP,UDS ok\n".encode(),
        (_row(NORCO, request_id="C7", diagnosis="LBP", case_summary="UDS ok"),),
    ),
    ClerkTable(
        "a cover sheet first",
        "a.xlsx",
        workbook(
            [["Instructions"], ["Fill in the next sheet"]], [["Treatment", "DOI"], [PT, 44999]]
        ),
        (_row(PT, date_of_injury="2023-03-14"),),
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
        (_row(PT, age=44.0),),
        notes=("sheet 2 is hidden and passed over",),
    ),
    ClerkTable(
        "two sheets of requests",
        "a.xlsx",
        workbook([["Treatment", "Age"], [PT, 44]], [["Treatment", "Age"], [MRI, 51]]),
        (_row(PT, age=44.0),),
        notes=("sheet 2 has known headings too",),
    ),
    ClerkTable(
        "hidden rows",
        "a.xlsx",
        workbook([["Treatment", "Age"], [PT, 44], [MRI, 51]], change=_hide_rows(3)),
        (_row(PT), _row(MRI)),
        notes=("hidden rows are read all the same: 2",),
    ),
    ClerkTable(
        "semicolons",
        "a.csv",
        f"Treatment;Dx;Age\n{PT};LBP, chronic;44\n".encode(),
        (_row(PT, diagnosis="LBP, chronic", age=44.0),),
    ),
    ClerkTable(
        "a stated separator",
        "a.csv",
        f"sep=;\r\nTreatment;Dx;Age\r\n{PT};LBP, chronic;44\r\n".encode(),
        (_row(PT, diagnosis="LBP, chronic", age=44.0),),
    ),
    ClerkTable(
        "a stated separator that is none of the usual",
        "a.csv",
        f"sep=|\nTreatment|Dx\n{PT}|LBP, chronic; severe\n".encode(),
        (_row(PT, diagnosis="LBP, chronic; severe"),),
    ),
    ClerkTable(
        "tabs",
        "a.csv",
        f"Tx\tDx\tGender\n{PT}\tLBP\tF\n".encode(),
        (_row(PT, diagnosis="LBP", sex="female"),),
    ),
    ClerkTable(
        "a claim number with noughts as text",
        "a.csv",
        f'Claim Number,Treatment\n="000123",{PT}\n"=""000124""",{MRI}\n'.encode(),
        (_row(PT, request_id="000123"), _row(MRI, request_id="000124")),
    ),
    ClerkTable(
        "a claim number with noughts by its format",
        "a.xlsx",
        workbook([["Claim No.", "Treatment"], [123, PT]], change=_format({"A2": "000000"})),
        (_row(PT, request_id="000123"),),
    ),
    ClerkTable(
        "one claim in several rows",
        "a.csv",
        f"Claim #,Treatment\nWC1,{PT}\nWC1,{MRI}\nWC2,{NORCO}\n".encode(),
        (
            _row(PT, request_id="WC1"),
            _row(MRI, request_id="WC1 (2)"),
            _row(NORCO, request_id="WC2"),
        ),
        notes=("told apart",),
    ),
    ClerkTable(
        "a claim merged over its requests",
        "a.xlsx",
        workbook(
            [["Claim #", "Tx", "Dx"], ["WC1", PT, "LBP"], [None, MRI, None]],
            change=_merge("A2:A3", "C2:C3"),
        ),
        (_row(PT, request_id="WC1", diagnosis="LBP"), _row(MRI, diagnosis="LBP")),
        notes=("merged with the one above",),
    ),
    ClerkTable(
        "request and claim numbers",
        "a.csv",
        f"Claim #,Request #,Treatment\nWC1,R1,{PT}\nWC1,R2,{MRI}\n".encode(),
        (_row(PT, request_id="R1"), _row(MRI, request_id="R2")),
        notes=("Claim # passed over in 2 rows",),
    ),
    ClerkTable(
        "short rows",
        "a.csv",
        f"Treatment,Dx,Age,Notes\n{PT},LBP\n{MRI},LBP,44,pain\n".encode(),
        (_row(PT, diagnosis="LBP"), _row(MRI, age=44.0, case_summary="pain")),
        notes=("1 short row",),
    ),
    ClerkTable(
        "a comma that nobody quoted",
        "a.csv",
        f"Treatment,Dx,Age\n{PT},LBP, chronic,44\n".encode(),
        refused="row 1 has 4 fields, the header 3",
    ),
    ClerkTable(
        "commas at the end of rows",
        "a.csv",
        f"Treatment,Dx,Age,,\n{PT},LBP,44,,\n".encode(),
        (_row(PT, diagnosis="LBP", age=44.0),),
    ),
    ClerkTable(
        "a column without a heading",
        "a.xlsx",
        workbook([["Treatment", None, "Age"], [PT, "left side", 44]]),
        (_row(PT, age=44.0),),
        notes=("column 2 without a heading",),
    ),
    ClerkTable(
        "errors of formulas",
        "a.csv",
        f"Treatment,Dx,Age\n{PT},#N/A,44\n{MRI},LBP,#REF!\n".encode(),
        (_row(PT, diagnosis=""), _row(MRI, diagnosis="LBP")),
        notes=("row 1 Dx: #N/A", "row 2 Age: #REF!"),
    ),
    ClerkTable(
        "formulas that nobody computed",
        "a.xlsx",
        workbook([["Treatment", "Dx"], [PT, "=VLOOKUP(A2,codes,2)"], [MRI, "LBP"]]),
        (_row(PT, diagnosis=""), _row(MRI, diagnosis="LBP")),
        notes=("B2: they count as empty",),
    ),
    ClerkTable(
        "formulas in a CSV",
        "a.csv",
        f'Treatment,Dx\n{PT},"=VLOOKUP(A2,codes,2)"\n'.encode(),
        (_row(PT, diagnosis=""),),
        notes=("1 formula not computed",),
    ),
    ClerkTable(
        "ages in words",
        "a.csv",
        f"Treatment,Age\n{PT},44 y/o\n{MRI},51yo\n{NORCO},63 years old\nCane,38 yrs\n".encode(),
        (_row(PT, age=44.0), _row(MRI, age=51.0), _row(NORCO, age=63.0), _row("Cane", age=38.0)),
    ),
    ClerkTable(
        "age and sex in one column",
        "a.csv",
        f"Treatment,Age/Sex\n{PT},44/M\n{MRI},51 F\n{NORCO},F/29\n".encode(),
        (
            _row(PT, age=44.0, sex="male"),
            _row(MRI, age=51.0, sex="female"),
            _row(NORCO, age=29.0, sex="female"),
        ),
    ),
    ClerkTable(
        "dates of every kind",
        "a.csv",
        f"Treatment,Date of Injury\n{PT},3/4/2023\n{MRI},03-04-23\n{NORCO},Mar 4 2023\n"
        "Cane,4-Mar-2023\nTENS,2023-03-04\nUDS,44989\n".encode(),
        tuple(
            _row(one, date_of_injury="2023-03-04")
            for one in (PT, MRI, NORCO, "Cane", "TENS", "UDS")
        ),
    ),
    ClerkTable(
        "dates in a workbook",
        "a.xlsx",
        workbook(
            [["Treatment", "DOI"], [PT, datetime(2023, 3, 4)], [MRI, 44989], [NORCO, "3/4/23"]]
        ),
        tuple(_row(one, date_of_injury="2023-03-04") for one in (PT, MRI, NORCO)),
    ),
    ClerkTable(
        "what is no date",
        "a.csv",
        f"Treatment,DOI\n{PT},CT 1/1/20-5/5/22\n{MRI},13/45/2023\n".encode(),
        (_row(PT, date_of_injury=None), _row(MRI, date_of_injury=None)),
        notes=("row 1 date_of_injury, row 2 date_of_injury",),
    ),
    ClerkTable(
        "totals and remarks below",
        "a.csv",
        (
            f"Treatment,Dx,Age\n{PT},LBP,44\n{MRI},LBP,51\nTotal: 2,,\nPrepared by the UR desk,,\n"
        ).encode(),
        (_row(PT), _row(MRI)),
        notes=("2 rows of totals or remarks",),
    ),
    ClerkTable(
        "a total knee is no total",
        "a.csv",
        b"Treatment,Dx,Age\nTotal knee replacement,,\nTotal hip arthroplasty right,,\n",
        (_row("Total knee replacement"), _row("Total hip arthroplasty right")),
    ),
    ClerkTable(
        "headings again on each page",
        "a.csv",
        f"Treatment,Dx\n{PT},LBP\nTreatment,Dx\n{MRI},LBP\n".encode(),
        (_row(PT), _row(MRI)),
        notes=("1 row with the headings again",),
    ),
    ClerkTable(
        "another table below",
        "a.csv",
        f"Treatment,Dx,Age\n{PT},LBP,44\n\nClaim #,DOI,Gender\nWC1,3/4/2023,F\n".encode(),
        refused="headings again, of another table",
    ),
    ClerkTable(
        "no headings",
        "a.csv",
        f"{PT},LBP,44\n{MRI},LBP,51\n".encode(),
        refused="no 'treatment'",
    ),
    ClerkTable(
        "headings down the first column",
        "a.xlsx",
        workbook([["Treatment", PT], ["Dx", "LBP"], ["Age", 44], ["DOI", "3/4/2023"]]),
        (_row(PT, diagnosis="LBP", age=44.0, date_of_injury="2023-03-04"),),
        notes=("one below the other",),
    ),
    ClerkTable(
        "a treatment twice",
        "a.csv",
        f"Treatment,Treatment,Age\n{PT},{MRI},44\n".encode(),
        refused="share a name|columns are named",
    ),
    ClerkTable(
        "medications and procedures in columns of their own",
        "a.csv",
        f"Claim #,Medication,Procedure\nWC1,{NORCO},\nWC2,,{MRI}\n".encode(),
        (_row(NORCO, request_id="WC1"), _row(MRI, request_id="WC2")),
    ),
    ClerkTable(
        "a code beside the words",
        "a.csv",
        f"Service requested,CPT,Dx\n{MRI},72148,LBP\n".encode(),
        (_row(MRI, diagnosis="LBP"),),
        notes=("CPT passed over in 1 row",),
    ),
    ClerkTable(
        "codes alone",
        "a.xlsx",
        workbook([["CPT Code", "ICD-10 Code"], [72148, "M54.16"], ["97110 x 12", "M75.41"]]),
        (_row("72148", diagnosis="M54.16"), _row("97110 x 12", diagnosis="M75.41")),
    ),
    ClerkTable(
        "line numbers under Item",
        "a.csv",
        f"Item,Treatment,Dx\n1,{PT},LBP\n2,{MRI},LBP\n".encode(),
        (_row(PT, item=PT), _row(MRI, item=MRI)),
        notes=("Item holds numbers alone",),
    ),
    ClerkTable(
        "headings with signs and brackets",
        "a.csv",
        f"*Treatment Requested (required),D.O.I. (mm/dd/yyyy),Diagnosis(es):\n"
        f"{PT},3/4/2023,LBP\n".encode(),
        (_row(PT, date_of_injury="2023-03-04", diagnosis="LBP"),),
    ),
    ClerkTable(
        "headings over two lines of a cell",
        "a.xlsx",
        workbook([["Treatment\nRequested", "Date of\nInjury"], [PT, "3/4/2023"]]),
        (_row(PT, date_of_injury="2023-03-04"),),
    ),
    ClerkTable(
        "what only the reviewer knows",
        "a.csv",
        f"Treatment,Decision\n{PT},Overturned\n{MRI},\n".encode(),
        (_row(MRI),),
        notes=("refused 1",),
    ),
    ClerkTable(
        "columns that could be anything",
        "a.csv",
        (
            f"Treatment,Status,Comments,Body part,Adjuster\n{PT},open,call back,shoulder,J. Doe\n"
        ).encode(),
        (_row(PT, case_summary=""),),
        notes=("nobody knows them: Status, Comments, Body part, Adjuster",),
    ),
    ClerkTable(
        "several items in a cell",
        "a.csv",
        f'Claim #,Treatment\nWC1,"1. {PT}\n2. {MRI}"\nWC2,{NORCO}\n'.encode(),
        (
            _row(PT, request_id="WC1#1"),
            _row(MRI, request_id="WC1#2"),
            _row(NORCO, request_id="WC2"),
        ),
    ),
    ClerkTable(
        "blank rows between",
        "a.xlsx",
        workbook([["Treatment", "Age"], [PT, 44], [None, None], [MRI, 51], [None, " "]]),
        (_row(PT), _row(MRI)),
    ),
    ClerkTable(
        "numbers that a program made decimal",
        "a.xlsx",
        workbook([["Claim #", "Treatment", "Age"], [70012.0, PT, 44.0]]),
        (_row(PT, request_id="70012", age=44.0),),
    ),
    ClerkTable(
        "an unclosed quote",
        "a.csv",
        f'Treatment,Notes\n{PT},"pain in the back\n{MRI},ok\n'.encode(),
        refused="not a readable CSV",
    ),
    ClerkTable(
        "old encodings",
        "a.csv",
        f"Treatment,Notes\n{PT},José has pain\n".encode("cp1252"),
        refused="not UTF-8",
    ),
    ClerkTable(
        "a byte order mark",
        "a.csv",
        f"Treatment,Notes\n{PT},José has pain\n".encode("utf-8-sig"),
        (_row(PT, case_summary="José has pain"),),
    ),
    ClerkTable(
        "an empty table",
        "a.csv",
        b"Treatment,Dx,Age\n",
        (),
    ),
    ClerkTable(
        "a group title between rows",
        "a.csv",
        f"Claim #,Treatment,Dx\nDr. Smith,,\nWC1,{PT},LBP\n".encode(),
        (_row("", request_id="Dr. Smith"), _row(PT, request_id="WC1")),
    ),
    ClerkTable(
        "notes with lines and commas",
        "a.csv",
        f'Treatment,Notes\n{PT},"pain 7/10, worse at night\nHEP given"\n'.encode(),
        (_row(PT, case_summary="pain 7/10, worse at night\nHEP given"),),
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
            _row(
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
        (_row(PT, request_id="W1", age=44.0), _row(MRI, request_id="W2", age=51.0)),
    ),
    ClerkTable(
        "camel case",
        "a.csv",
        f"ClaimNumber,TreatmentRequested,DateOfInjury\nA,{PT},3/4/2023\n".encode(),
        (_row(PT, request_id="A", date_of_injury="2023-03-04"),),
    ),
    ClerkTable(
        "arrow in notes",
        "a.csv",
        f"Treatment,Notes\n{PT},=> 50% relief\n{MRI},+SLR left\nCane,- no falls\n".encode(),
        (
            _row(PT, case_summary="=> 50% relief"),
            _row(MRI, case_summary="+SLR left"),
            _row("Cane", case_summary="- no falls"),
        ),
    ),
    ClerkTable(
        "typed error",
        "a.xlsx",
        workbook([["Treatment", "Dx"], [PT, "x"]], change=_break),
        (_row(PT, diagnosis=""),),
        notes=("#N/A",),
    ),
    ClerkTable(
        "json lines",
        "a.jsonl",
        (b'{"Claim #":"7","Tx requested":"' + PT.encode() + b'","Claimant age":44}\n'),
        (_row(PT, request_id="7", age=44.0),),
    ),
    ClerkTable(
        "time of day",
        "a.csv",
        f"Treatment,DOI\n{PT},3/4/2023 0:00\n{MRI},2023-03-04 00:00:00\n".encode(),
        (_row(PT, date_of_injury="2023-03-04"), _row(MRI, date_of_injury="2023-03-04")),
    ),
    ClerkTable("list alone", "a.csv", f"{PT}\n{MRI}\n".encode(), refused="no 'treatment'"),
    ClerkTable(
        "list with heading",
        "a.csv",
        f"Treatment requested\n{PT}\n{MRI}\n".encode(),
        (_row(PT), _row(MRI)),
    ),
    ClerkTable(
        "stars below",
        "a.xlsx",
        workbook([["Treatment", "Dx"], [PT, "LBP"], ["*** END OF REPORT ***", None]]),
        (_row(PT),),
    ),
    ClerkTable(
        "total with number",
        "a.xlsx",
        workbook([["Treatment", "Dx", "Age"], [PT, "LBP", 44], ["Total", None, 1]]),
        (_row(PT),),
    ),
    ClerkTable(
        "more ages",
        "a.csv",
        (
            f"Treatment,Age\n{PT},44yrs\n{MRI},44 y.o.\nCane,44-yo\nTENS,Age: 44\nUDS,"
            "44.0\nCBC,fifty\n"
        ).encode(),
        (
            _row(PT, age=44.0),
            _row(MRI, age=44.0),
            _row("Cane", age=44.0),
            _row("TENS", age=44.0),
            _row("UDS", age=44.0),
            _row("CBC", age=None),
        ),
        notes=("row 6 age",),
    ),
    ClerkTable(
        "month alone",
        "a.csv",
        f"Treatment,DOI\n{PT},03/2019\n".encode(),
        (_row(PT, date_of_injury=None),),
        notes=("row 1 date_of_injury",),
    ),
    ClerkTable(
        "requested and approved",
        "a.csv",
        f"Requested,Approved\n{PT},N\n".encode(),
        (_row(PT),),
        notes=("Approved",),
    ),
    ClerkTable(
        "field without heading in CSV",
        "a.csv",
        f"Treatment,,Age\n{PT},left,44\n".encode(),
        (_row(PT, age=44.0),),
        notes=("column 2 without a heading",),
    ),
    ClerkTable(
        "slashes",
        "a.csv",
        (
            "Claim/File #,Treatment / Service Requested,Date of Injury/Illness,"
            f"Age (yrs),Sex (M/F),Diagnosis & ICD-10,Medical Notes/Report\n7,{PT},"
            "3/4/2023,44,F,LBP M54.5,pain\n"
        ).encode(),
        (
            _row(
                PT,
                request_id="7",
                date_of_injury="2023-03-04",
                age=44.0,
                sex="female",
                diagnosis="LBP M54.5",
                case_summary="pain",
            ),
        ),
    ),
    ClerkTable(
        "numbered diagnoses",
        "a.csv",
        f"Tx,Dx1,Dx2,ICD-10 #1\n{PT},LBP,knee pain,M54.5\n".encode(),
        (_row(PT, diagnosis="LBP\nknee pain\nM54.5"),),
    ),
    ClerkTable(
        "numbered treatments",
        "a.csv",
        f"Claim #,Treatment 1,Treatment 2\nW1,{PT},{MRI}\nW2,{NORCO},\n".encode(),
        (_row(PT, request_id="W1#1"), _row(MRI, request_id="W1#2"), _row(NORCO, request_id="W2")),
    ),
    ClerkTable(
        "quantity beside",
        "a.csv",
        b"Medication,Qty,Dx\nNorco 10/325,60,LBP\n",
        (_row("Norco 10/325"),),
        notes=("Qty",),
    ),
    ClerkTable(
        "names and phones",
        "a.csv",
        (
            "Injured Worker,Claim No,Employer,DOB,Requesting Physician,"
            f"Procedure/Service\nDoe,7,X,1/1/70,Roe,{MRI}\n"
        ).encode(),
        (_row(MRI, request_id="7"),),
        notes=("Injured Worker, Employer, DOB, Requesting Physician",),
    ),
    ClerkTable(
        "RFA",
        "a.csv",
        f"RFA #,Request for Authorization,Dx Code\nR1,{MRI},M54.5\n".encode(),
        (_row(MRI, request_id="R1", diagnosis="M54.5"),),
    ),
    ClerkTable(
        "Spanish", "a.csv", f"Tratamiento,Edad\n{MRI},44\n".encode(), refused="no 'treatment'"
    ),
    ClerkTable(
        "mac line ends",
        "a.csv",
        f"Treatment,Age\r{PT},44\r{MRI},51\r".encode(),
        (_row(PT, age=44.0), _row(MRI, age=51.0)),
    ),
    ClerkTable(
        "blanks around",
        "a.csv",
        f" TREATMENT , AGE \n {PT} , 44 \n".encode(),
        (_row(PT, age=44.0),),
    ),
    ClerkTable(
        "whole lines quoted",
        "a.csv",
        f'"Treatment,Age"\n"{PT},44"\n'.encode(),
        refused="no 'treatment'",
    ),
    ClerkTable(
        "merged over columns in data",
        "a.xlsx",
        workbook([["Treatment", "Dx", "Age"], [PT, None, 44]], change=_merge("A2:B2")),
        (_row(PT, age=44.0, diagnosis=""),),
    ),
    ClerkTable(
        "stray cell right",
        "a.xlsx",
        workbook([["Treatment", "Age"], [PT, 44, None, None, "called 5/6"]]),
        (_row(PT, age=44.0),),
        notes=("without a heading",),
    ),
    ClerkTable(
        "title like a heading",
        "a.csv",
        f"Requests,,\nTreatment,Dx,Age\n{PT},LBP,44\n".encode(),
        (_row(PT, age=44.0),),
    ),
    ClerkTable(
        "units below headings",
        "a.csv",
        f"Treatment,Age,DOI\n(as on RFA),(years),(mm/dd/yyyy)\n{PT},44,3/4/2023\n".encode(),
        (_row(PT, age=44.0),),
    ),
    ClerkTable(
        "only hidden sheet has it",
        "a.xlsx",
        workbook([["Pivot"], [1]], [["Treatment", "Age"], [PT, 44]], change=_hide_sheet(1)),
        (_row(PT, age=44.0),),
        notes=("hidden and read",),
    ),
    ClerkTable(
        "key value with one request, colons",
        "a.csv",
        f"Claim #:,W1\nTreatment:,{PT}\nAge:,44\n".encode(),
        (_row(PT, request_id="W1", age=44.0),),
    ),
    ClerkTable(
        "dashes for empty",
        "a.csv",
        f"Treatment,Age,DOI,Dx\n{PT},-,N/A,--\n".encode(),
        (_row(PT, age=None, date_of_injury=None),),
    ),
]
