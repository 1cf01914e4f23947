"""Tables for other programs: one Arrow schema a table, and nothing that their writers refuse."""

import io
import re
import string

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_factories import served_model

from imrml.corpus.item_table import FAILURE_COLUMNS, failure_table, item_table, submission_table
from imrml.determinations import ITEM_COLUMNS
from imrml.errors import TableError
from imrml.labelling.table import label_items
from imrml.scoring.prediction import PREDICTION_COLUMNS, score
from imrml.submissions.columns import CODED_COLUMNS
from imrml.tables.arrow import column_types
from imrml.tables.files import iter_table, read_table, table_bytes, write_parts, write_table

ROW = {
    "case_number": "CM15-0000001",
    "item_number": 2,
    "format_verified": True,
    "item": "Norco #60",
    "case_summary": "He had PT in May.",
    "decision": "upheld",
    "rationale": "There is no record of functional improvement.",
    "received_on": "2015-03-04",
    "decided_year": 2015,
}
BARE = dict.fromkeys(ROW, None) | {
    "case_number": "CM15-2",
    "item_number": 1,
    "format_verified": True,
    "case_summary": "",
    "decision": "overturned",
    "rationale": "",
}
WANTED = {
    "string": pa.large_string(),
    "date": pa.date32(),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
    "bool": pa.bool_(),
}


def schema_of(frame: pd.DataFrame) -> pa.Schema:
    return pq.read_schema(io.BytesIO(table_bytes(frame, "a.parquet")))


def test_every_column_of_our_tables_has_its_type():
    types = column_types()
    for column in (*ITEM_COLUMNS, *CODED_COLUMNS):
        if column.dtype == "list":
            assert pa.types.is_list(types[column.name])
        else:
            assert types[column.name] == WANTED[column.dtype], column.name
    assert types.keys() >= {*PREDICTION_COLUMNS, *FAILURE_COLUMNS}


@pytest.mark.parametrize(
    "rows", [[ROW], [BARE], [BARE, ROW], []], ids=["full", "bare", "both", "none"]
)
def test_an_item_table_has_one_schema_whatever_its_rows_hold(rows):
    items = item_table(rows)
    for table in (items, label_items(items), submission_table(items)):
        for field in schema_of(table):
            assert field.type.equals(column_types()[field.name]), field


def test_predictions_and_failures_have_one_schema_whatever_their_rows_hold():
    model = served_model()
    for texts in (["MRI of the knee"], ["x", "Norco #60"]):
        requests = pd.DataFrame({"treatment": texts, "case_summary": ["", *texts[1:]]})
        predictions = score(model, requests, allow_demo=True)
        for table in (predictions, predictions.iloc[:0]):
            for field in schema_of(table):
                assert field.type.equals(column_types()[field.name]), field
    for rows in ([], [{"source": "a", "reason": "empty_file", "detail": "send it again"}]):
        assert schema_of(failure_table(rows)).field("offset").type == pa.int64()


def test_days_are_days_on_disk_and_iso_text_in_our_frames(tmp_path):
    path = tmp_path / "items.parquet"
    write_parts([item_table([BARE]), item_table([ROW])], path)
    assert pd.read_parquet(path)["received_on"].map(type).iloc[1].__name__ == "date"
    for back in (read_table(path), pd.concat(iter_table(path, 1))):
        assert back["received_on"].isna().tolist() == [True, False]
        assert back["received_on"].iloc[1] == "2015-03-04"
        assert (str(back["received_on"].dtype), back["decided_year"].iloc[1]) == ("str", 2015)


def test_labels_come_back_as_they_were(tmp_path):
    labelled = label_items(item_table([ROW, BARE]))
    write_table(labelled, tmp_path / "items.parquet")
    back = read_table(tmp_path / "items.parquet")
    assert [list(ids) for ids in back["deficiencies"]] == labelled["deficiencies"].to_list()
    assert [[*map(dict, spans)] for spans in back["evidence"]] == labelled["evidence"].to_list()


def test_a_column_that_holds_other_values_keeps_them():
    table = pd.DataFrame({"received_on": ["in March"], "age": ["forty"], "Desk": [None]})
    schema = schema_of(table)
    assert {str(field.type) for field in schema} == {"large_string"}
    assert pd.read_parquet(io.BytesIO(table_bytes(table, "a.parquet")))["age"].item() == "forty"


@pytest.mark.parametrize(
    "table", [pd.DataFrame({"Desk": [7, "north"]}), pd.DataFrame([[1, 2]], columns=["a", "a"])]
)
def test_what_parquet_cannot_hold_is_named_by_its_column(table):
    with pytest.raises(TableError) as caught:
        table_bytes(table, "a.parquet")
    assert "north" not in str(caught.value)


def test_a_later_part_of_another_kind_is_named_by_its_column(tmp_path):
    parts = [pd.DataFrame({"age": [7.0]}), pd.DataFrame({"age": ["Marigold"]})]
    with pytest.raises(
        TableError, match=r"columns \['age'\] hold values of several kinds"
    ) as caught:
        write_parts(parts, tmp_path / "a.parquet")
    assert "Marigold" not in str(caught.value)


REFUSED = [*map(chr, range(32)), "\ufffe", "\uffff"]
WORDS = st.text(st.sampled_from([*REFUSED, *string.ascii_letters, " ", "\n"]), max_size=30)


@settings(max_examples=25)
@given(text=WORDS)
def test_pandas_writes_our_tables_to_excel(text):
    row = ROW | {name: f"{text} {ROW[name]}" for name in ("item", "case_summary", "rationale")}
    items = label_items(item_table([row]))
    requests = pd.DataFrame({"treatment": ["Norco #60"], "notes": [f"CURES{text} was checked."]})
    predictions = score(served_model(), requests, allow_demo=True)
    for table in (items, predictions, failure_table([{"source": text, "reason": "x"}])):
        table.to_excel(io.BytesIO(), index=False)
        file = io.BytesIO()
        table.to_parquet(file)
        assert len(pd.read_parquet(file)) == 1
    kept = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", row["rationale"])
    assert items["rationale"].item() == kept
