"""Submissions: nothing known after the review gets in, and requests as people send them are sorted."""

import pandas as pd
import pytest
from factories import SUMMARY, partly_authorized
from hypothesis import given
from hypothesis import strategies as st

from imrml.errors import LeakageError, TableError
from imrml.submissions import (
    REFUSED_COLUMNS,
    columns_at,
    remove_sentences,
    require_submission_columns,
    sort_requests,
    submission_frame,
)

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
    told = submission_frame(ITEMS, "rfa").loc[7, "case_summary"]
    assert "Utilization" not in told
    assert "twenty pounds" in told
    assert "Utilization" in submission_frame(ITEMS, "imr").loc[7, "case_summary"]
    assert submission_frame(ITEMS, "imr").loc[7, "disputed"] == "Massage, 8 visits"


@pytest.mark.parametrize("stage", ["rfa", "imr"])
def test_swapping_what_is_known_after_changes_nothing(stage):
    swapped = ITEMS.assign(**dict.fromkeys(REFUSED_COLUMNS, "something else"))
    pd.testing.assert_frame_equal(submission_frame(ITEMS, stage), submission_frame(swapped, stage))


@pytest.mark.parametrize(
    "judgement",
    [
        "Portions of the progress notes were illegible.",
        "Work status was not documented.",
        "There is no documentation of a home program.",
        "The packet did not include an x-ray report.",
        "It is unclear how many visits were done.",
        "The provider failed to document a pain score.",
    ],
)
def test_reviewer_judgements_go_always(judgement):
    assert (
        remove_sentences(f"He lifts ten pounds. {judgement} He sleeps badly.", "imr") == "He lifts ten pounds. He sleeps badly."
    )


def test_modified_duty_is_a_work_status():
    told = "She works modified duty. The claims administrator modified the request."
    assert remove_sentences(told, "rfa") == "She works modified duty."


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_removal_only_removes(text):
    kept = remove_sentences(text, "rfa")
    assert len(kept) <= len(text)
    assert set(kept.split()) <= set(" ".join(text.split()).split()) | set(kept.split(" "))


def test_a_frame_made_elsewhere_is_refused():
    with pytest.raises(LeakageError, match="rationale"):
        require_submission_columns(["treatment", "rationale"], "imr")


def test_without_any_treatment_column():
    with pytest.raises(TableError, match="'treatment'"):
        submission_frame(pd.DataFrame({"diagnosis": ["strain"]}), "imr")


def test_requests_are_sorted_row_by_row():
    table = pd.DataFrame(
        [
            {"request_id": "a", "treatment": "Norco #60", "notes": "A 50 year old man."},
            {"treatment": "MRI", "rationale": "The request is supported.", "decided_on": "2015-01-01"},
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
    table = pd.DataFrame({"treatment": ["MRI"], "claims_guideline": ["Decision based on MTUS."], "case_number": ["CM15-0000001"]})
    assert sort_requests(table, "rfa").late_columns == ("claims_guideline",)
    assert sort_requests(table, "imr").late_columns == ()
    assert sort_requests(table, "rfa").unknown_columns == ()
