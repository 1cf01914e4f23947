"""Each check with a guilty and an innocent example, and what it says where it cannot run."""

import numpy as np
import pandas as pd
import pytest

from imrml.evaluation.checks import (
    check_better_than_prior,
    check_cases,
    check_golden_feature,
    check_near_duplicates,
    check_swap,
    check_time_order,
)
from imrml.submissions import submission_frame

NARRATIVE = (
    "The injured worker is a warehouse clerk who strained his lower back while lifting a crate of bottles and was treated "
    "with rest, heat and two weeks of modified duty before he returned to the same work."
)
OTHER = (
    "This case involves a school cook with wrist pain after years of kneading dough, whose night splints helped for a month "
    "until numbness of the thumb came back and a nerve study was asked for."
)


def one_fold(train, test):
    return ((np.array(train), np.array(test)),)


# --- sides


def test_a_case_on_both_sides_is_found_with_its_rows():
    guilty = check_cases({"grouped": one_fold([0, 1], [2, 3])}, ["A", "B", "B", "C"])
    assert (guilty.status, guilty.rows) == ("failed", (2,))
    assert check_cases({"grouped": one_fold([0], [1, 2, 3])}, ["A", "B", "B", "C"]).status == "passed"


def test_random_is_not_checked_and_alone_makes_the_check_not_applicable():
    found = check_cases({"random": one_fold([0], [1]), "grouped": "too few", "time_forward": "no days"}, ["A", "A"])
    assert found.status == "not_applicable"


def test_a_near_duplicate_summary_across_sides_is_found():
    copied = NARRATIVE.replace("two weeks", "2 weeks")
    guilty = check_near_duplicates({"time_forward": one_fold([0, 1], [2])}, [NARRATIVE, OTHER, copied], 0.7)
    assert (guilty.status, guilty.rows) == ("failed", (2,))
    assert "bottles" not in guilty.detail
    assert check_near_duplicates({"grouped": one_fold([0], [1])}, [NARRATIVE, OTHER], 0.7).status == "passed"
    assert check_near_duplicates({"grouped": one_fold([0], [1])}, ["", ""], 0.7).status == "not_applicable"


def test_learning_from_later_than_the_test_is_found():
    keys = pd.DataFrame(
        {
            "case_number": list("ABCD"),
            "received_on": ["2015-01-01", "2015-02-01", "2015-04-01", "2015-05-01"],
            "decided_on": ["2015-02-15", "2015-04-01", "2015-05-01", "2015-06-01"],
        }
    )
    guilty = check_time_order({"time_forward": one_fold([0, 1], [2, 3])}, keys)
    assert (guilty.status, guilty.rows) == ("failed", (1,))
    assert check_time_order({"time_forward": one_fold([0], [2, 3])}, keys).status == "passed"
    assert check_time_order({"time_forward": "no days"}, keys).status == "not_applicable"
    assert check_time_order({"grouped": one_fold([0], [1])}, keys).status == "not_applicable"
    assert (
        check_time_order({"time_forward": one_fold([0], [2])}, keys.assign(received_on=None, decided_on=None)).status == "failed"
    )


# --- the model


@pytest.mark.parametrize(
    ("figure", "status"),
    [
        ({"value": -0.02, "low": -0.03, "high": -0.01, "n": 100}, "passed"),
        ({"value": -0.02, "low": -0.05, "high": 0.01, "n": 100}, "failed"),
        ({"value": 0.02, "low": 0.01, "high": 0.03, "n": 100}, "failed"),
        ({"not_applicable": "too few cases"}, "not_applicable"),
    ],
)
def test_a_model_no_better_than_its_prior_fails(figure, status):
    assert check_better_than_prior({"outcome": {"grouped": {"log_loss_vs_class_prior": figure}}}, "grouped").status == status


def test_a_split_that_was_not_measured_is_not_applicable():
    assert (
        check_better_than_prior({"outcome": {"time_forward": {"not_applicable": "no days"}}}, "time_forward").status
        == "not_applicable"
    )
    assert check_better_than_prior({"outcome": {}}, "grouped").status == "not_applicable"


# --- golden features


@pytest.fixture
def tested():
    rng = np.random.default_rng(0)
    overturned = rng.random(400) < 0.2
    frame = pd.DataFrame(
        {
            "treatment": rng.choice(["MRI of the knee", "massage", "ibuprofen"], 400),
            "age": rng.normal(45, 10, 400),
            "received_on": pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 300, 400), unit="D"),
            "case_summary": [" ".join(rng.choice(NARRATIVE.split(), 30)) for _ in range(400)],
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "received_on"] = pd.NaT
    return frame, overturned, one_fold(range(200), range(200, 400))


def test_an_innocent_frame_passes(tested):
    found = check_golden_feature(*tested)
    assert (found.status, found.rows) == ("passed", ())


@pytest.mark.parametrize(
    ("column", "leak", "what"),
    [
        ("score", lambda truth: np.where(truth, 2.0, 1.0), "the value"),
        ("score", lambda truth: np.where(truth, 1.0, 2.0), "the value"),
        ("day", lambda truth: pd.Timestamp("2015-01-01") + pd.to_timedelta(np.where(truth, 9, 1), unit="D"), "the value"),
        ("age", lambda truth: np.where(truth, 40.0, np.nan), "the presence"),
        ("letter", lambda truth: np.where(truth, "short", "long"), "the category"),
        ("note", lambda truth: [f"seen {n} times, {'granted again' if t else 'noted'}" for n, t in enumerate(truth)], "a word"),
    ],
)
def test_a_lone_feature_that_knows_the_decision_is_found_and_not_quoted(tested, column, leak, what):
    frame, overturned, folds = tested
    found = check_golden_feature(frame.assign(**{column: leak(overturned)}), overturned, folds)
    assert found.status == "failed"
    assert found.detail.startswith(f"{what}")
    assert repr(column) in found.detail
    assert "granted" not in found.detail
    assert all(row >= 200 for row in found.rows)


def test_too_few_held_out_decisions_are_not_judged(tested):
    frame, _, folds = tested
    few = np.zeros(400, dtype=bool)
    few[[1, 2, 300, 301]] = True
    assert check_golden_feature(frame.assign(score=few.astype(float)), few, folds).status == "not_applicable"


# --- swap


def test_swapping_what_is_known_later_must_change_no_submission():
    items = pd.DataFrame(
        {
            "case_number": ["A", "B", "C"],
            "item": ["massage", "MRI of the knee", "ibuprofen"],
            "case_summary": [NARRATIVE, OTHER, ""],
            "decision": ["upheld", "overturned", "upheld"],
            "rationale": ["No gain was shown.", "The knee locks.", "Long use."],
            "deficiencies": [["no_functional_improvement"], [], ["long_term_use"]],
        },
        index=[7, 8, 9],
    )
    assert check_swap(items, "imr").status == "passed"

    def leaky(table, stage):
        return submission_frame(table, stage).assign(n_words=table["rationale"].str.split().str.len())

    guilty = check_swap(items, "imr", leaky)
    assert guilty.status == "failed"
    assert "['n_words']" in guilty.detail
    assert guilty.rows

    def choosy(table, stage):
        return submission_frame(table[table["decision"] == "upheld"], stage)

    assert check_swap(items, "imr", choosy).status == "failed"
    assert check_swap(items[["case_number", "item"]], "imr").status == "not_applicable"
    assert check_swap(items.assign(decision="upheld", rationale="Same.", deficiencies=[[]] * 3), "imr").status == "not_applicable"
