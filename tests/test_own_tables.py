"""Item tables of other people's making: read as kindly as requests, and refused without a cell."""

import traceback
import warnings

import pandas as pd
import pytest
from conftest import SMALL
from hypothesis import given, settings
from hypothesis import strategies as st

from imrml.config import load_config
from imrml.corpus.reading import name_item_column, name_items, read_item_table
from imrml.errors import ImrmlError, TableError, TableWarning
from imrml.labelling.table import label_items
from imrml.submissions.programmes import DMHC
from imrml.tables.files import write_table
from imrml.training.data import prepare
from imrml.training.out_of_fold import split_items

MARKER = "Zebedee-Quux"
"""Stands in cells, and may stand in no message."""
CLERKS = """sep=;
"Case #";"Tx requested";"Clinical notes";"IMR outcome";"Date of Decision";Desk
A-1;Norco 10/325, #60;Pain of the low back.;Overturned;3/4/2015;4
A-1;MRI of the knee;Locking for six weeks.;UPHELD;3/4/2015;4
A-2;"1. PT 6 visits
2. TENS unit";Shoulder strain.;denial upheld;3/5/15;4
"""


def quietly(table: pd.DataFrame, **known) -> tuple[pd.DataFrame, str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        items = name_items(table, **known)
    return items, "\n".join(str(one.message) for one in caught)


def test_a_clerks_csv_is_an_item_table(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text(CLERKS, encoding="utf-8")
    items, told = quietly(read_item_table(path))
    assert items["case_number"].tolist() == ["A-1", "A-1", "A-2", "A-2"]
    assert items["item_number"].tolist() == [1, 2, 1, 2]
    assert items["decision"].tolist() == ["overturned", "upheld", "upheld", "upheld"]
    assert items["treatment"].tolist()[2:] == ["PT 6 visits", "TENS unit"]
    assert items["decided_on"].tolist()[0] == "2015-03-04"
    assert "Tx requested = treatment" in told
    assert "IMR outcome = decision" in told
    assert "1 row that list several items" in told
    assert "Norco" not in told


def test_a_table_in_our_words_stays_as_it_is(line):
    from imrml.tables.files import read_table

    items = read_table(line.items)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert name_items(items) is items


@pytest.mark.parametrize(
    ("heading", "cells", "decisions"),
    [
        ("Decision", [1, 0], ["overturned", "upheld"]),
        ("decision", ["1", "0"], ["overturned", "upheld"]),
        ("target", [1.0, 0.0], ["overturned", "upheld"]),
        ("decision", [True, False], ["overturned", "upheld"]),
        ("Overturned (0/1)", [1, 0], ["overturned", "upheld"]),
        ("Overturned?", ["Yes", "no"], ["overturned", "upheld"]),
        ("Upheld", ["Y", "N"], ["upheld", "overturned"]),
        ("Is upheld", [1, 0], ["upheld", "overturned"]),
        ("Outcome", ["Reversed", "affirmed"], ["overturned", "upheld"]),
        ("Outcome", ["Denial Overturned ", "Denial upheld."], ["overturned", "upheld"]),
        (
            "Determination",
            ["Overturned Decision of Health Plan", "Upheld Decision of Health Plan"],
            ["overturned", "upheld"],
        ),
    ],
)
def test_decisions_in_other_words(heading, cells, decisions):
    items, _ = quietly(pd.DataFrame({"case_number": ["A", "B"], "item": "MRI", heading: cells}))
    assert items["decision"].tolist() == decisions


@pytest.mark.parametrize(
    "words", ["approved", "denied", "modified", "yes", "partly overturned", "n/a"]
)
def test_words_that_may_be_somebody_elses_decision_are_no_decision(words):
    table = pd.DataFrame({"case_number": ["A"], "item": ["MRI"], "decision": [words]})
    refusal = pytest.raises(TableError, match=r"1 of 1 rows holds something else, .*, row 1: write")
    with pytest.warns(TableWarning), refusal:
        prepare(table, load_config())


@pytest.mark.parametrize("blank", [None, float("nan"), "", "  "])
def test_a_row_without_a_decision_is_no_row_of_another_decision(blank):
    table = pd.DataFrame(
        {"case_number": [*"ABCDEFGH"], "item": "MRI", "decision": ["upheld", *[blank] * 7]}
    )
    message = r"7 of 8 rows hold none, rows 2, 3, 4, 5, 6 and 2 more: .* leave the rows out"
    with pytest.warns(TableWarning), pytest.raises(TableError, match=message):
        prepare(table, load_config())


def test_a_table_without_case_numbers_is_told_to_number_its_cases():
    table = pd.DataFrame({"item": ["MRI"], "decision": ["upheld"]})
    with pytest.raises(TableError, match=r"the column 'case_number'; .*or add it"):
        prepare(table, load_config())


def test_a_table_without_a_treatment_is_told_how_to_name_it():
    table = pd.DataFrame({"case_number": ["A"], "Leistung": ["MRI"], "decision": ["upheld"]})
    with pytest.warns(TableWarning), pytest.raises(TableError, match='--map "HEADING=treatment"'):
        prepare(table, load_config())


@pytest.mark.parametrize(
    "cells", [["1.", "2)"], ["Item 1", "Item 2 of 2"], ["#1", "1/2"], [1.0, 2.0]]
)
def test_numbers_of_items_in_other_forms(cells):
    table = {"Case No": ["A", "B"], "Item #": cells, "treatment": "MRI", "decision": "upheld"}
    items, _ = quietly(pd.DataFrame(table))
    assert set(items["item_number"]) <= {1, 2}


def test_a_column_item_that_numbers_the_lines_is_the_items_number():
    table = {"Case": ["A", "A"], "Item": [1, 2], "Tx": ["MRI", "PT"], "Decision": ["upheld"] * 2}
    items, told = quietly(pd.DataFrame(table))
    assert items["item_number"].tolist() == [1, 2]
    assert "Item = item_number" in told


@pytest.mark.parametrize("heading", ["Findings", "Justification", "Medical necessity", "Report"])
def test_headings_over_which_a_reviewer_may_have_written_count_for_nothing(heading):
    assert name_item_column(heading) is None
    assert name_item_column("Findings", DMHC) == "rationale"


def test_beside_our_own_name_another_heading_stays_a_column_of_its_own():
    table = {"case_number": ["A"], "item_number": [1], "item": ["MRI"], "decision": ["upheld"]}
    items = pd.DataFrame({**table, "result": ["x"], "line": [7], "Procedure": ["y"]})
    named, told = quietly(items)
    assert [*named] == [*table, "result", "line", "treatment"]
    assert "Procedure = treatment" in told
    assert named["result"].tolist() == ["x"]


def test_what_somebody_says_of_a_heading_counts_first(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("case;Wanted;Findings;result\nA;MRI;Knee locks.;0\n", encoding="utf-8")
    items, _ = quietly(read_item_table(path, ["Wanted=treatment", "Findings=case_summary"]))
    assert items.loc[0, ["treatment", "case_summary", "decision"]].tolist() == [
        "MRI",
        "Knee locks.",
        "upheld",
    ]


def test_a_missing_column_is_named_with_what_to_say(imrml, tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("case;treatment;verdict\nA;MRI;upheld\n", encoding="utf-8")
    run = imrml("train", path, "--out", tmp_path / "model")
    assert run.code == 1
    assert '--map "HEADING=decision"' in run.err


def test_a_clerks_table_is_split_and_trained_on_as_ours_is(imrml, line, tmp_path):
    from imrml.tables.files import read_table

    items = read_table(line.items)
    clerks = pd.DataFrame(
        {
            "IMR Case Number": items["case_number"],
            "TX REQUESTED": items["item"],
            "Clinical Notes": items["case_summary"],
            "Date of decision": pd.to_datetime(items["decided_on"]).dt.strftime("%m/%d/%Y"),
            "Overturned?": (items["decision"] == "overturned").map({True: "Yes", False: "No"}),
        }
    )
    path = tmp_path / "clerks.csv"
    clerks.to_csv(path, sep=";", index=False)
    settings = [f"--set={one}" for one in [*SMALL, "evaluation.splits=[grouped]"]]
    run = imrml("train", path, "--out", tmp_path / "model", *settings)
    assert run.code == 0, run.err
    assert "Overturned?: no = upheld, yes = overturned" in run.err
    assert (tmp_path / "model" / "report.html").is_file()
    with pytest.warns(TableWarning):
        cut = split_items(read_item_table(path), load_config())
    assert {"case_number", "decision", "treatment"} <= {*cut.train}
    dates = cut.train["decided_on"].dropna()  # some letters hold none
    assert not dates.empty
    assert dates.str.fullmatch(r"\d{4}-\d\d-\d\d").all()


# --- no error holds a cell ----------------------------------------------------------------------

CELLS = st.sampled_from(
    [MARKER, f"{MARKER} 3", f"={MARKER}", f"1. {MARKER}\n2. {MARKER}", "", 7, 1.5, None, "upheld"]
)
HEADINGS = st.lists(
    st.sampled_from(
        ["case_number", "Case #", "item_number", "decision", "Outcome", "treatment", "item", "age",
         "received_on", "decided_on", "decided_year", "deficiencies", "evidence", "Desk",
         "rationale"]
    ),
    min_size=1,
    max_size=7,
    unique=True,
)  # fmt: skip


@st.composite
def bad_tables(draw) -> pd.DataFrame:
    headings, n_rows = draw(HEADINGS), draw(st.integers(1, 4))
    return pd.DataFrame(
        {name: draw(st.lists(CELLS, min_size=n_rows, max_size=n_rows)) for name in headings},
        dtype=object,
    )


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "xlsx"])
@settings(max_examples=40)
@given(table=bad_tables())
def test_no_error_about_a_bad_table_holds_a_cell(tmp_path_factory, ending, table):
    path = tmp_path_factory.getbasetemp() / f"bad.{ending}"

    def read_and_prepare() -> None:
        write_table(table, path)
        prepare(read_item_table(path), load_config())

    works = (lambda: prepare(table, load_config()), lambda: label_items(table), read_and_prepare)
    for work in works:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            error = error_of(work)
        if error is not None:
            # What pandas or Arrow said of a cell does not hang on for a traceback to show either.
            assert MARKER not in "".join(traceback.format_exception_only(error))
            assert error.__cause__ is None
            assert error.__suppress_context__ or error.__context__ is None
        assert not any(MARKER in str(one.message) for one in caught)


def error_of(work) -> ImrmlError | None:
    """What a piece of work raises of ours; whatever else it raises is a fault."""
    try:
        work()
    except ImrmlError as error:
        return error
    return None
