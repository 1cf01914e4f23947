"""Tables: what comes back is what was written, bad rows are named by number, a reader never sees half a table."""

import io

import pandas as pd
import pytest

from imrml.errors import TableError
from imrml.tables import read_table, write_private, write_table

TABLE = pd.DataFrame(
    {
        "case_number": ["CM15-0000001", "00042"],
        "age": pd.array([47.0, None], dtype="Float64"),
        "deficiencies": [["request_not_specific"], []],
        "evidence": [[{"id": "request_not_specific", "start": 0, "end": 4, "quote": "café"}], []],
    }
)


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_round_trip(tmp_path, ending):
    path = tmp_path / f"table.{ending}"
    write_table(TABLE, path)
    back = read_table(path)
    assert back["case_number"].to_list() == ["CM15-0000001", "00042"]
    assert [list(ids) for ids in back["deficiencies"]] == TABLE["deficiencies"].to_list()
    assert [[dict(span) for span in spans] for spans in back["evidence"]] == TABLE["evidence"].to_list()


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
        ("a.csv", "treatment,notes\nNorco #60 for pain,low back pain, failed PT\n", "row 1 has 3 fields, the header 2"),
        ("a.csv", "", "not a readable CSV"),
        ("a.csv", "deficiencies\nnot json\n", "'deficiencies' must hold JSON lists"),
        ("a.parquet", "no parquet", "not a readable Parquet file"),
        ("a.docx", "x", "unknown ending"),
    ],
)
def test_bad_tables_say_where(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(TableError, match=message):
        read_table(tmp_path / name)


def test_not_utf8_says_at_which_byte(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a\ncaf\xe9\n")
    with pytest.raises(TableError, match="byte 5"):
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
