"""Submissions: nothing known after the review gets in; requests as people send them are sorted."""

from datetime import date

import pandas as pd
import pytest
from factories import SUMMARY, partly_authorized

from imrml.errors import LeakageError, TableError
from imrml.submissions.columns import REFUSED_COLUMNS
from imrml.submissions.frame import submission_frame
from imrml.submissions.items import split_item
from imrml.submissions.programmes import columns_at, require_submission_columns
from imrml.submissions.requests import LONGEST_NARRATIVE, LONGEST_TEXT, sort_requests

ITEMS = pd.DataFrame(
    {
        "case_number": ["CM15-0000001"],
        "item_number": [1],
        "item": [partly_authorized("Massage, 12 visits", "Massage, 4 visits", "Massage, 8 visits")],
        "case_summary": [SUMMARY],
        "claims_guideline": ["Decision based on MTUS."],
        "ur_denied_on": ["2015-02-10"],
        "decided_on": ["2015-03-30"],
        "rationale": ["secret reasons"],
        "decision": ["upheld"],
    },
    index=[7],
)  # fmt: skip


@pytest.mark.parametrize("stage", ["rfa", "imr"])
def test_the_frame_holds_exactly_the_stage(stage):
    frame = submission_frame(ITEMS, stage)
    assert tuple(frame.columns) == columns_at(stage)
    assert not set(frame.columns) & set(REFUSED_COLUMNS)
    assert frame.index.to_list() == [7]
    assert "secret" not in frame.to_csv()
    assert frame.loc[7, "treatment"] == "Massage, 12 visits"
    require_submission_columns(list(frame.columns), stage)


def test_the_rfa_stage_knows_nothing_of_utilization_review():
    summary = submission_frame(ITEMS, "rfa").loc[7, "case_summary"]
    assert "Utilization" not in summary
    assert "twenty pounds" in summary
    assert "Utilization" in submission_frame(ITEMS, "imr").loc[7, "case_summary"]
    assert submission_frame(ITEMS, "imr").loc[7, "disputed"] == "Massage, 8 visits"


@pytest.mark.parametrize("stage", ["rfa", "imr"])
def test_swapping_what_is_known_after_changes_nothing(stage):
    swapped = ITEMS.assign(**dict.fromkeys(REFUSED_COLUMNS, "something else"))
    pd.testing.assert_frame_equal(submission_frame(ITEMS, stage), submission_frame(swapped, stage))


def test_a_frame_made_elsewhere_is_refused():
    with pytest.raises(LeakageError, match="rationale"):
        require_submission_columns([*columns_at("imr"), "rationale"], "imr")


def test_a_frame_of_another_stage_is_refused_in_our_words():
    with pytest.raises(
        LeakageError, match=r"\['item', .*'claims_guideline'\] of stage 'imr' are absent"
    ):
        require_submission_columns(list(columns_at("rfa")), "imr")
    with pytest.raises(
        LeakageError,
        match=r"'rationale'\] are not known at stage 'rfa' and columns \['treatment'\] of stage",
    ):
        require_submission_columns([*columns_at("rfa")[1:], "rationale"], "rfa")


def test_without_any_treatment_column():
    with pytest.raises(TableError, match="'treatment'"):
        submission_frame(pd.DataFrame({"diagnosis": ["strain"]}), "imr")


def test_requests_are_sorted_row_by_row():
    table = pd.DataFrame(
        [
            {"request_id": "a", "treatment": "Norco #60", "notes": "A 50 year old man."},
            {
                "treatment": "MRI",
                "rationale": "The request is supported.",
                "decided_on": "2015-01-01",
            },
            {"treatment": "", "favourite_colour": "green"},
            {"treatment": "X-ray", "rationale": ""},
        ]
    )
    requests = sort_requests(table, "rfa")
    assert requests.rows == (1, 3, 4)
    assert requests.request_ids == ("a", "request-3", "request-4")
    [(row, why)] = requests.refused
    assert row == 2
    assert "'decided_on', 'rationale'" in why
    assert "after the decision" in why
    assert requests.unknown_columns == ("favourite_colour",)
    assert requests.submissions["case_summary"].to_list()[0] == "A 50 year old man."
    assert requests.submissions["age"].to_list()[0] == 50


def test_columns_of_a_later_stage_are_named():
    table = pd.DataFrame(
        {
            "treatment": ["MRI"],
            "claims_guideline": ["Decision based on MTUS."],
            "case_number": ["CM15-0000001"],
        }
    )
    assert sort_requests(table, "rfa").late_columns == ("claims_guideline",)
    assert sort_requests(table, "imr").late_columns == ()
    assert sort_requests(table, "rfa").unknown_columns == ()


def test_the_diagnosis_is_the_same_at_both_stages():
    narrative = (
        "The request was denied, as the diagnosis of radiculopathy was not shown. Diagnosis: "
        "lumbar strain."
    )
    for stage in ("rfa", "imr"):
        assert (
            submission_frame(
                pd.DataFrame({"treatment": ["MRI"], "case_summary": [narrative]}), stage
            )["diagnosis"].item()
            == "lumbar strain"
        )


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([pd.NaT, pd.NaT]),
        pd.Series([pd.NA, pd.NA], dtype="string"),
        pd.Series([None, None], dtype=object),
        pd.Series([[], ()]),
        pd.Series([float("nan"), " "], dtype=object),
    ],
)
def test_an_empty_late_column_refuses_nobody(column):
    table = pd.DataFrame(
        {
            "treatment": pd.Series(["MRI", pd.NA], dtype="string"),
            "decided_on": column,
            "age": pd.Series([44, pd.NA], dtype="Int64"),
        }
    )
    requests = sort_requests(table, "imr")
    assert requests.refused == ()
    assert requests.submissions["treatment"].to_list() == ["MRI", ""]
    assert requests.submissions["age"].fillna(-1).to_list() == [44, -1]


def test_dates_are_read_in_iso_and_us_form_and_the_rest_is_told():
    given = [
        "2015-05-01",
        "2015-05-01T23:30:00Z",
        "05/01/2015",
        "5/1/2015",
        "2015-05-01 10:00:00-08:00",
        date(2015, 5, 1),
        pd.Timestamp("2015-05-01", tz="UTC"),
    ]
    unread = ["last May", "13/45/2015", 4.5]
    table = pd.DataFrame({"treatment": "MRI", "date_of_injury": [*given, *unread, None, ""]})
    requests = sort_requests(table, "rfa")
    dates = requests.submissions["date_of_injury"]
    assert dates.dtype == "datetime64[s]"
    assert dates[: len(given)].eq(pd.Timestamp("2015-05-01")).all()
    assert dates[len(given) :].isna().all()
    assert requests.unread == tuple((len(given) + number, "date_of_injury") for number in (1, 2, 3))


def test_what_is_no_age_is_told_and_read_from_the_narrative_instead():
    table = pd.DataFrame(
        {
            "treatment": "MRI",
            "age": [400, -3, "forty", 0, 120, None],
            "notes": ["", "A 50 year old man.", "", "", "", ""],
        }
    )
    requests = sort_requests(table, "imr")
    assert requests.submissions["age"].fillna(-1).to_list() == [-1, 50, -1, 0, 120, -1]
    assert requests.unread == ((1, "age"), (2, "age"), (3, "age"))


def test_no_two_requests_have_one_id():
    requests = sort_requests(
        pd.DataFrame({"request_id": ["request-2", "", "a", "a", None], "treatment": "MRI"}), "imr"
    )
    assert requests.request_ids == ("request-2", "request-3", "a", "request-5")
    [(row, why)] = requests.refused
    assert row == 4
    assert "row 3" in why


def test_notes_and_case_summaries_fill_each_other():
    table = pd.DataFrame(
        {
            "treatment": "MRI",
            "notes": ["He limps.", "", "He limps."],
            "case_summary": ["", "She fell.", "He fell."],
        }
    )
    requests = sort_requests(table, "imr")
    assert requests.submissions["case_summary"].to_list() == [
        "He limps.",
        "She fell.",
        "He fell.\nHe limps.",
    ]
    assert requests.unknown_columns == ()


def test_a_text_that_is_too_long_is_refused_with_its_row():
    table = pd.DataFrame(
        {
            "treatment": ["x" * LONGEST_TEXT, "x" * (LONGEST_TEXT + 1), "MRI"],
            "case_summary": ["x" * LONGEST_NARRATIVE, "", "x" * (LONGEST_NARRATIVE + 1)],
        }
    )
    requests = sort_requests(table, "imr")
    assert requests.rows == (1,)
    assert [row for row, _ in requests.refused] == [2, 3]
    assert "treatment holds 2,001 characters, at most 2,000" in requests.refused[0][1]
    assert "case_summary holds 200,001" in requests.refused[1][1]


def test_a_long_item_is_left_whole():
    item = "was the original request. was authorized by the Claims Administrator. " * 3000
    assert split_item(item) == (item, "", "")


def test_names_of_columns_may_be_written_otherwise():
    table = pd.DataFrame(
        [
            {
                "Treatment": "MRI",
                " Notes ": "Fell in May.",
                "case_summary": "Seen in June.",
                "Date of Injury": "2015-05-01",
            },
            {"Treatment": "MRI", "RATIONALE": "It is supported.", "rationale": ""},
        ]
    )
    requests = sort_requests(table, "imr")
    assert [row for row, _ in requests.refused] == [2]
    assert requests.unknown_columns == ()
    [submission] = requests.submissions.to_dict("records")
    assert (submission["treatment"], submission["date_of_injury"]) == (
        "MRI",
        pd.Timestamp("2015-05-01"),
    )
    assert "Fell in May." in submission["case_summary"]
    assert "Seen in June." in submission["case_summary"]


def test_a_name_that_two_columns_bear_is_refused():
    table = pd.DataFrame([["Norco", "MRI"], ["Soma", "EMG"]], columns=["treatment", "treatment"])
    with pytest.raises(TableError, match="2 columns are named 'treatment'"):
        submission_frame(table, "imr")
    with pytest.raises(TableError, match="2 columns are named 'treatment'"):
        sort_requests(table, "imr")


def test_a_table_without_headings_is_refused_without_its_words():
    with pytest.raises(TableError, match="1 under other headings") as refused:
        sort_requests(pd.DataFrame({"MRI left knee; J. Public has pain": ["CT head"]}), "imr")
    assert "Public" not in str(refused.value)
