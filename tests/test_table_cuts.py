"""Parts of a table: where they are cut, and what their columns hold."""

from itertools import pairwise

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from imrml.tables.files import iter_table, write_table
from imrml.tables.parts import cut_whole


@given(
    cases=st.lists(st.sampled_from(["A", "B", "", None]), max_size=30),
    n_rows=st.integers(1, 5),
    batch=st.integers(1, 7),
)
def test_no_case_is_cut_and_the_batches_do_not_matter(cases, n_rows, batch):
    frame = pd.DataFrame({"case_number": pd.Series(cases, dtype=object), "row": range(len(cases))})
    batches = [frame.iloc[at : at + batch] for at in range(0, len(frame), batch)] or [frame]
    parts = list(cut_whole(batches, n_rows=n_rows))
    assert [part["row"].to_list() for part in parts] == [
        part["row"].to_list() for part in cut_whole([frame], n_rows=n_rows)
    ]
    assert [row for part in parts for row in part["row"]] == list(range(len(cases)))
    for before, after in pairwise(parts):
        assert len(before) >= n_rows
        last, first = before["case_number"].iloc[-1], after["case_number"].iloc[0]
        assert not last or not first or last != first


def test_whole_numbers_stay_whole_where_one_part_lacks_some(tmp_path):
    table = pd.DataFrame({"Desk": pd.array([1, None, 3], dtype="Int64"), "item": ["a", "b", "c"]})
    write_table(table, tmp_path / "a.parquet")
    first, second = iter_table(tmp_path / "a.parquet", 2)
    assert [str(part["Desk"].iloc[0]) for part in (first, second)] == ["1", "3"]
