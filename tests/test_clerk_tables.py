"""Tables as clerks have them: read right or refused, and nothing dropped silently."""

import pandas as pd
import pytest
from clerk_csvs import CSVS
from clerk_tables import MERGES, NORCO, PT, WORKBOOKS, change_part, workbook

from imrml.errors import TableError
from imrml.features import split_request
from imrml.scoring.in_words import describe_ignored_input
from imrml.submissions.headings import HeadingMap
from imrml.submissions.programmes import LETTERS
from imrml.submissions.requests import is_known_heading, rename_headings, sort_requests
from imrml.tables import sheets
from imrml.tables.files import parse_table


def read(table):
    frame = parse_table(table.data, table.file, is_known_heading)
    return sort_requests(frame, "imr", split=split_request)


def check(table):
    if table.refused:
        with pytest.raises(TableError, match=table.refused):
            read(table)
        return
    requests = read(table)
    frame = requests.submissions.assign(request_id=list(requests.request_ids))
    assert len(frame) == len(table.rows)
    for row, expected in zip(frame.to_dict("records"), table.rows, strict=True):
        for column, value in expected.items():
            found = row[column]
            if column in ("date_of_injury", "age"):
                found = None if pd.isna(found) else found
            if column == "date_of_injury" and found is not None:
                found = found.date().isoformat()
            assert found == value, column
    said = "; ".join([*describe_ignored_input(requests), f"refused {len(requests.refused)}"])
    for words in table.notes:
        assert words in said


@pytest.mark.parametrize("table", [*CSVS, *WORKBOOKS], ids=lambda table: table.name)
def test_a_clerks_table_is_read_right_or_refused(table):
    check(table)


@pytest.mark.parametrize("table", WORKBOOKS, ids=lambda table: table.name)
def test_marks_are_read_across_the_pieces_of_a_sheet(table, monkeypatch):
    monkeypatch.setattr(sheets, "_PIECE", 7)
    check(table)


def test_somebody_says_what_a_heading_means():
    data = workbook([["Wanted", "Seen by", "Comments"], [PT, "Dr. Roe", "pain"]])
    said = HeadingMap.parse(["Wanted=treatment", "comments = Notes"], LETTERS.known_columns)
    frame = rename_headings(
        parse_table(data, "a.xlsx", lambda heading: is_known_heading(heading, said)), said
    )
    requests = sort_requests(frame, "imr")
    assert requests.submissions[["treatment", "case_summary"]].to_dict("records") == [
        {"treatment": PT, "case_summary": "pain"}
    ]
    notes = "; ".join(describe_ignored_input(requests))
    assert "as told: Wanted = treatment, Comments = case_summary" in notes
    assert "because they are unknown: Seen by" in notes


@pytest.mark.parametrize(
    ("saying", "message"),
    [
        ("treatment", "is no mapping"),
        ("=treatment", "is no mapping"),
        ("Wanted=wish", "'wish' is no column of a request; expected one of"),
    ],
)
def test_a_mapping_that_says_nothing_is_refused(saying, message):
    with pytest.raises(TableError, match=message):
        HeadingMap.parse([saying], LETTERS.known_columns)


def test_a_mapping_of_a_heading_that_is_not_there_is_refused():
    said = HeadingMap.parse(["Wanted=treatment"], LETTERS.known_columns)
    with pytest.raises(TableError, match="no column is headed 'wanted'; the table has 1 column"):
        rename_headings(pd.DataFrame({"Asked": [NORCO]}), said)


def test_a_workbook_that_merges_a_million_rows_is_read_as_it_stands():
    made = workbook([["Treatment", "Age"], [PT, 44]])
    data = change_part(made, "xl/worksheets/sheet1.xml", b"</sheetData>", MERGES)
    requests = sort_requests(parse_table(data, "a.xlsx", is_known_heading), "imr")
    assert requests.submissions["treatment"].to_list() == [PT]


def test_the_value_that_was_last_computed_counts():
    made = workbook([["Treatment", "Age"], [PT, "=40+4"]])
    data = change_part(
        made, "xl/worksheets/sheet1.xml", b"<f>40+4</f><v></v>", b"<f>40+4</f><v>44</v>"
    )
    requests = sort_requests(parse_table(data, "a.xlsx", is_known_heading), "imr")
    assert requests.submissions["age"].to_list() == [44.0]
    assert not requests.notes
