"""Each check with a guilty and an innocent example, and what it says where it cannot run."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from imrml.evaluation.checks.features import check_golden_column, check_golden_feature
from imrml.evaluation.checks.predictive_words import check_predictive_words
from imrml.evaluation.checks.splits import (
    check_better_than_prior,
    check_cases,
    check_near_duplicates,
    check_time_order,
)
from imrml.evaluation.checks.trials import (
    check_alarms,
    check_chance_labels,
    check_sections,
    check_swap,
)
from imrml.evaluation.checks.wording import (
    check_feature_names,
    check_outcome_phrases,
    check_removals,
)
from imrml.evaluation.splits import group_cases
from imrml.submissions.frame import submission_frame

NARRATIVE = (
    "The injured worker is a warehouse clerk who strained his lower back while lifting a crate of "
    "bottles and was treated with rest, heat and two weeks of modified duty before he returned to "
    "the same work."
)
OTHER = (
    "This case involves a school cook with wrist pain after years of kneading dough, whose night "
    "splints helped for a month until numbness of the thumb came back and a nerve study was asked "
    "for."
)


def rows_of(check):
    return tuple(finding.row for finding in check.findings)


def one_fold(train, test):
    return ((np.array(train), np.array(test)),)


# --- sides


def test_a_case_on_both_sides_is_found_with_its_rows():
    guilty = check_cases({"grouped": one_fold([0, 1], [2, 3])}, ["A", "B", "B", "C"])
    assert (guilty.status, rows_of(guilty)) == ("failed", (3,))
    assert (
        check_cases({"grouped": one_fold([0], [1, 2, 3])}, ["A", "B", "B", "C"]).status == "passed"
    )


def test_random_is_not_checked_and_alone_makes_the_check_not_applicable():
    check = check_cases(
        {"random": one_fold([0], [1]), "grouped": "too few", "time_forward": "no days"}, ["A", "A"]
    )
    assert check.status == "not_applicable"


def test_a_near_duplicate_summary_across_sides_is_found():
    copied = NARRATIVE.replace("two weeks", "2 weeks")
    guilty = check_near_duplicates(
        {"time_forward": one_fold([0, 1], [2])}, [NARRATIVE, OTHER, copied]
    )
    assert (guilty.status, rows_of(guilty)) == ("failed", (3,))
    assert "bottles" not in guilty.detail
    assert (
        check_near_duplicates({"grouped": one_fold([0], [1])}, [NARRATIVE, OTHER]).status
        == "passed"
    )
    assert (
        check_near_duplicates({"grouped": one_fold([0], [1])}, ["", ""]).status == "not_applicable"
    )


def test_a_summary_copied_into_a_longer_one_is_found_though_grouping_keeps_them_apart():
    longer = f"{NARRATIVE} {OTHER}"
    assert group_cases(["A", "B"], [NARRATIVE, longer], 0.9).tolist() == [0, 1]
    guilty = check_near_duplicates({"grouped": one_fold([0], [1])}, [NARRATIVE, longer])
    assert (guilty.status, rows_of(guilty)) == ("failed", (2,))


def test_learning_from_later_than_the_test_is_found():
    keys = pd.DataFrame(
        {
            "case_number": list("ABCD"),
            "received_on": ["2015-01-01", "2015-02-01", "2015-04-01", "2015-05-01"],
            "decided_on": ["2015-02-15", "2015-04-01", "2015-05-01", "2015-06-01"],
        }
    )
    guilty = check_time_order({"time_forward": one_fold([0, 1], [2, 3])}, keys)
    assert (guilty.status, rows_of(guilty)) == ("failed", (2,))
    assert check_time_order({"time_forward": one_fold([0], [2, 3])}, keys).status == "passed"
    assert check_time_order({"time_forward": "no days"}, keys).status == "not_applicable"
    assert check_time_order({"grouped": one_fold([0], [1])}, keys).status == "not_applicable"
    assert (
        check_time_order(
            {"time_forward": one_fold([0], [2])}, keys.assign(received_on=None, decided_on=None)
        ).status
        == "failed"
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
    assert (
        check_better_than_prior(
            {"outcome": {"grouped": {"log_loss_vs_class_prior": figure}}}, "grouped"
        ).status
        == status
    )


def test_a_split_that_was_not_measured_is_not_applicable():
    assert (
        check_better_than_prior(
            {"outcome": {"time_forward": {"not_applicable": "no days"}}}, "time_forward"
        ).status
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
            "received_on": pd.Timestamp("2015-01-01")
            + pd.to_timedelta(rng.integers(0, 300, 400), unit="D"),
            "case_summary": [" ".join(rng.choice(NARRATIVE.split(), 30)) for _ in range(400)],
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::9, "received_on"] = pd.NaT
    return frame, overturned, one_fold(range(200), range(200, 400))


def test_an_innocent_frame_passes(tested):
    check = check_golden_feature(*tested)
    assert (check.status, check.findings) == ("passed", ())


@pytest.mark.parametrize(
    ("column", "leak", "what"),
    [
        ("score", lambda truth: np.where(truth, 2.0, 1.0), "the value"),
        ("score", lambda truth: np.where(truth, 1.0, 2.0), "the value"),
        (
            "day",
            lambda truth: (
                pd.Timestamp("2015-01-01") + pd.to_timedelta(np.where(truth, 9, 1), unit="D")
            ),
            "the value",
        ),
        ("age", lambda truth: np.where(truth, 40.0, np.nan), "the presence"),
        ("letter", lambda truth: np.where(truth, "short", "long"), "the category"),
        (
            "note",
            lambda truth: [
                f"seen {n} times, {'granted again' if t else 'noted'}" for n, t in enumerate(truth)
            ],
            "a word",
        ),
    ],
)
def test_a_lone_feature_that_knows_the_decision_is_found_and_not_quoted(tested, column, leak, what):
    frame, overturned, folds = tested
    check = check_golden_feature(frame.assign(**{column: leak(overturned)}), overturned, folds)
    assert check.status == "failed"
    assert check.detail.startswith(f"{what}")
    assert repr(column) in check.detail
    assert "granted" not in check.detail
    assert all(row > 200 for row in rows_of(check))


def test_too_few_held_out_decisions_are_not_judged(tested):
    frame, _, folds = tested
    few = np.zeros(400, dtype=bool)
    few[[1, 2, 300, 301]] = True
    assert (
        check_golden_feature(frame.assign(score=few.astype(float)), few, folds).status
        == "not_applicable"
    )


# --- a word that tells a part


@pytest.fixture
def judged():
    """Six hundred cases of two items with one narrative; one item in ten is overturned by luck."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(600), 2)
    summaries = np.array(
        [" ".join(rng.choice(NARRATIVE.split(), 30)) for _ in range(600)], dtype=object
    )[groups]
    frame = pd.DataFrame(
        {
            "treatment": rng.choice(["MRI of the knee", "massage", "ibuprofen"], 1200),
            "case_summary": summaries,
        }
    )
    return frame.assign(received_on=pd.Timestamp("2015-01-01")), rng.random(1200) < 0.1, groups


def half_of(rows):
    return rows & (np.cumsum(rows) % 2 == 0)


@pytest.mark.parametrize(
    ("column", "leak"),
    [
        (
            "case_summary",
            lambda frame, rows: frame["case_summary"].where(
                ~half_of(rows), frame["case_summary"] + " Seen again."
            ),
        ),
        (
            "treatment",
            lambda frame, rows: frame["treatment"].where(
                half_of(rows), frame["treatment"] + " please"
            ),
        ),
        ("received_on", lambda frame, rows: frame["received_on"].where(~half_of(rows))),
        ("claims_guideline", lambda frame, rows: np.where(half_of(rows), "ODG", "")),
    ],
)
def test_a_word_or_a_gap_in_half_of_the_overturned_items_is_found_and_not_quoted(
    judged, column, leak
):
    frame, overturned, groups = judged
    assert check_predictive_words(frame, overturned, groups).status == "passed"
    check = check_predictive_words(
        frame.assign(**{column: leak(frame, overturned)}), overturned, groups
    )
    assert check.status == "failed"
    assert repr(column) in check.detail
    assert not re.search("again|please|odg", check.detail, re.IGNORECASE)
    assert rows_of(check) == tuple(np.flatnonzero(half_of(overturned))[:5] + 1)


def test_a_word_that_most_but_not_only_overturned_cases_show_is_honest(judged):
    frame, overturned, groups = judged
    shows = half_of(overturned) | (
        ~overturned & (np.arange(1200) % 20 == 0)
    )  # half of the cases that show it were upheld
    marked = frame.assign(treatment=frame["treatment"] + np.where(shows, " urgently", ""))
    assert check_predictive_words(marked, overturned, groups).status == "passed"


def test_many_items_of_few_cases_are_no_proof(judged):
    frame, overturned, groups = judged
    leaky = frame.assign(treatment=frame["treatment"] + np.where(overturned, " please", ""))
    check = check_predictive_words(leaky, overturned, groups // 60)
    assert check.status == "not_applicable"
    assert (
        check_predictive_words(leaky, np.zeros(1200, dtype=bool), groups).status == "not_applicable"
    )


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
        return submission_frame(table, stage).assign(
            n_words=table["rationale"].str.split().str.len()
        )

    guilty = check_swap(items, "imr", leaky)
    assert guilty.status == "failed"
    assert "['n_words']" in guilty.detail
    assert guilty.findings

    def choosy(table, stage):
        return submission_frame(table[table["decision"] == "upheld"], stage)

    assert check_swap(items, "imr", choosy).status == "failed"
    assert check_swap(items[["item"]], "imr").status == "not_applicable"
    assert (
        check_swap(
            items.assign(
                case_number="A", decision="upheld", rationale="Same.", deficiencies=[[]] * 3
            ),
            "imr",
        ).status
        == "not_applicable"
    )


def test_keys_and_unknown_columns_must_change_no_submission_either():
    items = pd.DataFrame(
        {"case_number": ["A", "B"], "item": ["massage", "MRI"], "told": ["upheld", "overturned"]}
    )

    def keyed(table, stage):
        return submission_frame(table, stage).assign(n=table["case_number"].map({"A": 1, "B": 2}))

    assert check_swap(items, "imr").status == "passed"
    assert check_swap(items, "imr", keyed).status == "failed"


# --- words


def test_words_of_a_decision_are_found_by_span_and_told_without_text():
    frame = pd.DataFrame(
        {
            "treatment": ["MRI", "Norco"],
            "case_summary": ["", "The baker limps. The IMR was OVERTURNED in May."],
        }
    )
    check = check_outcome_phrases(frame)
    assert [(f.row, f.where, f.start, f.end) for f in check.findings] == [
        (2, "case_summary", 29, 39)
    ]
    assert "baker" not in check.detail
    assert (
        check_outcome_phrases(
            frame.assign(case_summary="Denied by utilization review in May.")
        ).status
        == "passed"
    )


def test_a_sentence_that_a_stage_may_not_see_is_found():
    frame = pd.DataFrame({"case_summary": ["He limps. The request was denied on 6/1/15."]})
    assert check_removals(frame, "rfa").status == "failed"
    assert check_removals(frame, "imr").status == "passed"
    assert check_removals(frame.drop(columns="case_summary"), "imr").status == "not_applicable"


def test_features_named_after_a_decision_are_found_heaviest_first():
    names = ["summary__knee", "treatment__upheld", "summary__overturned in"]
    check = check_feature_names(names, [3.0, 0.1, -2.0])
    assert [finding.where for finding in check.findings] == [
        "summary__overturned in",
        "treatment__upheld",
    ]
    assert "number 2 by weight" in check.detail
    assert check_feature_names(["summary__held up"]).status == "passed"
    assert check_feature_names([]).status == "not_applicable"


# --- values


def test_a_golden_column_of_the_matrix_is_found_by_name():
    rng = np.random.default_rng(0)
    truth = rng.random(500) < 0.2
    noise = sparse.random(500, 300, density=0.05, random_state=0, format="csr")
    names = [f"noise={number}" for number in range(300)]
    assert check_golden_column(noise, names, truth).status == "passed"
    for leak in (truth * 1.0, np.where(truth, 0.1, 0.2)):
        check = check_golden_column(
            sparse.hstack([noise, sparse.csr_matrix(leak[:, None])]).tocsr(),
            [*names, "leak"],
            truth,
        )
        assert (check.status, [finding.where for finding in check.findings]) == ("failed", ["leak"])
    assert check_golden_column(noise, names, np.zeros(500, dtype=bool)).status == "not_applicable"


def test_a_section_that_ranks_too_well_is_found_and_a_good_one_is_not():
    rng = np.random.default_rng(1)
    truth = rng.random(400) < 0.3
    cases = [f"C{number // 2}" for number in range(400)]
    p = {
        "record alone": rng.random(400) + truth * 0.4,
        "request alone": rng.random(400) + truth * 2.0,
    }
    check = check_sections(p, truth, cases, n_resamples=100, seed=0)
    assert (check.status, [finding.where for finding in check.findings]) == (
        "failed",
        ["request alone"],
    )
    assert (
        check_sections(p, truth & False, cases, n_resamples=100, seed=0).status == "not_applicable"
    )


def test_chance_labels_that_can_be_told_ring_and_bad_luck_does_not():
    rng = np.random.default_rng(2)
    truth = rng.random(20_000) < 0.11
    p = rng.random(20_000)
    assert check_chance_labels(truth, p, n_cases=10_000).status == "passed"
    assert check_chance_labels(truth, p + 0.1 * truth, n_cases=10_000).status == "failed"
    assert check_chance_labels(truth, p - 0.1 * truth, n_cases=10_000).status == "passed"
    assert check_chance_labels(truth[:20], p[:20], n_cases=20).status == "not_applicable"


def test_a_silent_alarm_is_a_finding():
    fires, silent = check_feature_names(["summary__upheld"]), check_feature_names(["summary__knee"])
    assert check_alarms({"a word": fires}).status == "passed"
    check = check_alarms({"a word": fires, "another": silent})
    assert check.status == "failed"
    assert "another" in str(check.findings[0])
    assert check_alarms({"a word": check_feature_names([])}).status == "not_applicable"
