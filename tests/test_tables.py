"""Tables: what was written comes back, bad rows are named, nobody reads half a table."""

import csv
import io
import zipfile

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from imrml.errors import TableError
from imrml.private_files import write_private
from imrml.tables.files import iter_table, parse_table, read_table, table_bytes, write_table
from imrml.tables.workbooks import neutralize_field, restore_field

KNOWN = frozenset({"treatment", "notes", "age"}).__contains__
TABLE = pd.DataFrame(
    {
        "case_number": ["CM15-0000001", "00042"],
        "age": pd.array([47.0, None], dtype="Float64"),
        "deficiencies": [["request_not_specific"], []],
        "evidence": [[{"id": "request_not_specific", "start": 0, "end": 4, "quote": "café"}], []],
    }
)


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv", "xlsx"])
def test_round_trip(tmp_path, ending):
    path = tmp_path / f"table.{ending}"
    write_table(TABLE, path)
    back = read_table(path)
    assert back["case_number"].to_list() == ["CM15-0000001", "00042"]
    assert [list(ids) for ids in back["deficiencies"]] == TABLE["deficiencies"].to_list()
    assert [[dict(span) for span in spans] for spans in back["evidence"]] == TABLE[
        "evidence"
    ].to_list()


def test_whole_numbers_stay_whole_beside_rows_without_them():
    rows = (
        b'{"request_id": 17, "share": 0.5, "large": 1}\n'
        b'{"treatment": "MRI", "share": 2, "large": 99999999999999999999}'
    )
    table = parse_table(rows, "requests.jsonl")
    assert [str(value) for value in table["request_id"].dropna()] == ["17"]
    assert table["share"].tolist() == [0.5, 2.0]
    assert int(table["large"][1]) == 99999999999999999999


def test_stdin_and_stdout_speak_json_lines(capsys, monkeypatch):
    write_table(TABLE, "-")
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith('{"case_number": "CM15-0000001", "age": 47.0')
    assert '"age": null' in out
    monkeypatch.setattr("sys.stdin", io.StringIO(out))
    assert read_table("-")["case_number"].to_list() == ["CM15-0000001", "00042"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": ', "row 2 is no JSON"),
        ("a.jsonl", '{"a": 1}\n[1]', "row 2 is a list"),
        ("a.jsonl", "\n\n", "holds no rows"),
        ("a.jsonl", '{"a": "\\ud800"}', "row 1 holds half a character"),
        (
            "a.csv",
            "treatment,notes\nNorco #60 for pain,low back pain, failed PT\n",
            "row 1 has 3 fields, the header 2",
        ),
        (
            "a.csv",
            "treatment;notes\nNorco;pain; failed PT\n",
            "the header 2; quote fields that hold semicolons",
        ),
        ("a.csv", "", "not a readable CSV"),
        ("a.csv", "deficiencies\nnot json\n", "'deficiencies' must hold JSON lists"),
        ("a.parquet", "no parquet", "not a readable Parquet file"),
        ("a.docx", "x", "unknown ending"),
    ],
)
def test_bad_tables_say_where(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(TableError, match=message):
        read_table(tmp_path / name, KNOWN)


def test_not_utf8_says_at_which_byte(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a\ncaf\xe9\n")
    with pytest.raises(TableError, match=r"byte 5, in line 2; .*CSV UTF-8"):
        read_table(tmp_path / "a.csv")


def test_absent_file():
    with pytest.raises(TableError, match="no such file"):
        read_table("absent.csv")


def test_a_failed_write_leaves_the_old_table(tmp_path):
    path = tmp_path / "table.csv"
    write_table(TABLE, path)
    before = path.read_bytes()

    def fail(target):
        target.write_text("half a table")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_private(path, fail)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_blank_cell_says_that_nobody_looked(tmp_path):
    (tmp_path / "a.csv").write_text("item_number,deficiencies\n1,[]\n2,\n")
    assert read_table(tmp_path / "a.csv")["deficiencies"].to_list() == [[], None]


def test_whole_characters_beyond_the_basic_plane_are_read(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": "\\ud83d\\ude00"}')
    assert read_table(tmp_path / "a.jsonl")["a"].to_list() == ["\U0001f600"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_csv_is_separated_by_what_makes_its_headings_known(separator, mark, end):
    rows = [
        ["notes", "desk", "treatment"],
        ["7/10, worse; then 5\t, better;;", "", "Norco"],
        ["caf\xe9, b; c", "4", "MRI"],
    ]
    text = end.join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    table = parse_table(mark + text.encode(), "a.csv", KNOWN)
    assert [table.columns.to_list(), *table.to_numpy().tolist()] == rows


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("treatment\nMRI; knee\nPT; knee\n", ["treatment"]),
        ("treatment,old;name\nMRI,x\n", ["treatment", "old;name"]),
        ('treatment,"notes;age"\nMRI,x\n', ["treatment", "notes;age"]),
        ("a;b\n1;2\n", ["a;b"]),
        ("'=1;treatment;notes\n1;2;3\n", ["=1", "treatment", "notes"]),
    ],
)
def test_what_stands_below_the_headings_separates_nothing(text, columns):
    assert parse_table(text.encode(), "a.csv", KNOWN).columns.to_list() == columns


def test_without_known_headings_a_csv_is_separated_by_commas():
    assert parse_table(b"treatment;notes\n1;2\n", "a.csv").columns.to_list() == ["treatment;notes"]


def test_a_text_longer_than_the_csv_module_expects_is_read():
    assert parse_table(f"notes\n{'a b ' * 50_000}\n".encode(), "a.csv")[
        "notes"
    ].str.len().to_list() == [200_000]


# --- spreadsheets ---------------------------------------------------------------------------------

FORMULAS = [
    "=1+1",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\tx",
    "\rx",
    '=HYPERLINK("http://a.example")',
    "'=1",
    "''",
    "'tis",
    "plain",
    "- a",
]
SPLIT = ["Norco;=1+1;", "PT\n- MRI\r\n- X", "a\t@b;'+c;''-d", "-a;;=b", "L4-5; 2 x 6", "a;\t=1"]


def test_no_cell_of_a_csv_is_a_formula_and_ours_come_back():
    table = pd.DataFrame({"notes": FORMULAS, "=1+1": FORMULAS, "change": [-1.5] * len(FORMULAS)})
    data = table_bytes(table, "a.csv")
    cells = [
        cell
        for row in csv.reader(io.StringIO(data.decode(), newline=""))
        for cell in row
        if cell != "-1.5"
    ]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    back = parse_table(data, "a.csv")
    assert back["notes"].to_list() == back["=1+1"].to_list() == FORMULAS
    assert back["change"].astype(float).to_list() == table["change"].to_list()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_program_that_takes_a_csv_apart_otherwise_finds_a_formula(separator):
    data = table_bytes(
        pd.DataFrame({"id": range(len(SPLIT)), "notes": SPLIT, "a;=1": SPLIT}), "a.csv"
    )
    # as the crudest program would: a quote within a field holds nothing together
    fields = [field for line in data.decode().splitlines() for field in line.split(separator)]
    assert not [field for field in fields if field.lstrip('"').startswith(("=", "+", "-", "@"))]
    back = parse_table(data, "a.csv")
    assert back["notes"].to_list() == back["a;=1"].to_list() == SPLIT


def test_no_cell_of_a_workbook_is_a_formula_and_ours_come_back():
    table = pd.DataFrame({"notes": FORMULAS, "=1+1": FORMULAS, "change": [-1.5] * len(FORMULAS)})
    data = table_bytes(table, "a.xlsx")
    cells = [cell for row in load_workbook(io.BytesIO(data)).active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert not [
        cell
        for cell in cells
        if cell.data_type == "s" and cell.value.startswith(("=", "+", "-", "@", "\t", "\r"))
    ]
    back = parse_table(data, "a.xlsx")
    assert back["notes"].to_list() == back["=1+1"].to_list() == FORMULAS
    assert back["change"].to_list() == table["change"].to_list()


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
        min_size=1,
        max_size=3,
    )
)
def test_any_text_survives_the_way_through_a_csv(texts):
    back = parse_table(table_bytes(pd.DataFrame({"notes": texts}), "a.csv"), "a.csv")
    assert back["notes"].to_list() == texts


@given(st.text(";\t\r\n'=+-@x", min_size=1))
def test_apostrophes_against_formulas_come_off_again(text):
    assert restore_field(neutralize_field(text)) == text


def test_a_part_of_a_csv_is_restored_too(tmp_path):
    write_table(pd.DataFrame({"notes": FORMULAS}), tmp_path / "a.csv")
    parts = list(iter_table(tmp_path / "a.csv", n_rows=5))
    assert [len(part) for part in parts] == [5, 5, 2]
    assert [text for part in parts for text in part["notes"]] == FORMULAS


def workbook(*rows):
    made, file = Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    made.save(file)
    return file.getvalue()


def test_a_workbook_as_people_make_it():
    data = workbook(
        ["Treatment", "age", "date of injury", "deficiencies"],
        ["Norco #60", 51, pd.Timestamp(2015, 2, 10), "request_not_specific\nweaning_indicated"],
        ["MRI", None, "2/10/2015", None],
        [None, None, None, None],
    )
    table = parse_table(data, "a.xlsx")
    assert table.iloc[0].to_list() == [
        "Norco #60",
        51,
        "2015-02-10",
        ["request_not_specific", "weaning_indicated"],
    ]
    assert table["date of injury"].to_list() == ["2015-02-10", "2/10/2015"]
    assert table["deficiencies"].to_list()[1] is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK no workbook", "not a readable Excel workbook"),
        (workbook(), "its first sheet is empty"),
        (workbook(["a", "a"], [1, 2]), "columns 1, 2 .from 1. share a name"),
        (workbook(["a", None, "b"], [1, 2, 3]), "has no name"),
        (workbook(["a"], [1], [1, 2]), "row 2 has cells beyond the 1 named column;"),
    ],
)
def test_a_bad_workbook_says_why(data, message):
    with pytest.raises(TableError, match=message):
        parse_table(data, "a.xlsx")


def test_a_workbook_that_inflates_beyond_measure_is_not_read(monkeypatch):
    monkeypatch.setattr("imrml.tables.workbooks._MOST_BYTES", 1_000)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/workbook.xml", b"0" * 100_000)
    with pytest.raises(TableError, match="inflates to 100,000 bytes"):
        parse_table(file.getvalue(), "a.xlsx")


def test_a_text_that_excel_cannot_hold_is_refused_not_cut():
    with pytest.raises(TableError, match="row 1 holds 40,000 characters in 'notes'"):
        table_bytes(pd.DataFrame({"notes": ["a" * 40_000]}), "a.xlsx")


def test_control_characters_do_not_break_a_workbook():
    back = parse_table(table_bytes(pd.DataFrame({"notes": ["a\x00b\x1bc"]}), "a.xlsx"), "a.xlsx")
    assert back["notes"].to_list() == ["a\ufffdb\ufffdc"]
