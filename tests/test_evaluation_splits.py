"""Groups and splits: what belongs together stays together, and nothing is learnt from later."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imrml.config import load_config
from imrml.errors import NotEnoughDataError
from imrml.evaluation.splits import (
    choose_headline,
    cluster_summaries,
    find_case_days,
    group_cases,
    make_splits,
)

WORDS = [
    f"{first}{second}"
    for first in "bdfgklmnprst"
    for second in ("ana", "eko", "iru", "osa", "uli", "ave", "ido", "oby")
]


def evaluation_config(**settings_):
    return load_config(
        overrides=[f"evaluation.{name}={value}" for name, value in settings_.items()]
    ).evaluation


def narrative(seed, n_words=120):
    return " ".join(np.random.default_rng(seed).choice(WORDS, n_words))


def dated_keys(n_cases, items_per_case=2, seed=0):
    """Cases received one a day, decided 20 to 40 days later."""
    rng = np.random.default_rng(seed)
    received = pd.Timestamp("2015-01-01") + pd.to_timedelta(np.arange(n_cases), unit="D")
    decided = received + pd.to_timedelta(rng.integers(20, 41, n_cases), unit="D")
    cases = pd.DataFrame(
        {
            "case_number": [f"CM15-{number:07d}" for number in range(n_cases)],
            "received_on": received.strftime("%Y-%m-%d"),
            "decided_on": decided.strftime("%Y-%m-%d"),
        }
    )
    return cases.loc[cases.index.repeat(items_per_case)].reset_index(drop=True)


# --- groups


def test_items_of_a_case_and_near_duplicate_summaries_share_a_group():
    text = narrative(1)
    words = text.split()
    words[50] = "changed"
    groups = group_cases(["A", "A", "B", "C"], [text, text, " ".join(words), narrative(2)], 0.9)
    assert groups.tolist() == [0, 0, 0, 1]


def test_a_copied_narrative_with_new_dates_and_ages_is_a_near_duplicate():
    summary = narrative(3) + " on 3/14/2015 at age 47 " + narrative(4)
    again = summary.replace("3/14/2015", "11/2/2016").replace("47", "49")
    assert len(set(group_cases(["A", "B"], [summary, again], 0.9))) == 1


def test_groups_join_through_a_third_case():
    first = narrative(5, 200).split()
    middle = [*first[:95], "changed", *first[96:]]
    last = [*middle[:150], "changed", "twice", *middle[152:]]
    texts = [" ".join(words) for words in (first, last, middle)]
    assert len(set(cluster_summaries([texts[0], texts[1]], 0.955))) == 2
    assert len(set(cluster_summaries(texts, 0.955))) == 1


def test_absent_and_short_summaries_join_nobody():
    assert group_cases(
        ["A", "B", "C", "D"], ["", "", "Low back pain.", "Low back pain."], 0.9
    ).tolist() == [0, 1, 2, 3]
    assert group_cases(["A", "A"], ["", "Low back pain."], 0.9).tolist() == [0, 0]


def test_half_a_narrative_in_common_is_no_near_duplicate():
    half = narrative(6, 60)
    assert (
        len(
            set(
                group_cases(
                    ["A", "B"], [f"{half} {narrative(7, 60)}", f"{half} {narrative(8, 60)}"], 0.9
                )
            )
        )
        == 2
    )


# --- folds


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n_cases=st.integers(20, 60), rate=st.floats(0.2, 0.6))
def test_grouped_and_time_forward_never_straddle(seed, n_cases, rate):
    rng = np.random.default_rng(seed)
    keys = dated_keys(n_cases, seed=seed)
    groups = rng.integers(0, n_cases, n_cases).repeat(2)  # some groups hold cases far apart in time
    overturned = rng.random(len(keys)) < rate
    splits = make_splits(keys, groups, overturned, evaluation_config(n_folds=3), seed)
    for split in ("grouped", "time_forward"):
        if isinstance(splits[split], str):
            continue
        tested = np.concatenate([test for _, test in splits[split]])
        assert len(tested) == len(set(tested.tolist()))
        for train, test in splits[split]:
            assert not set(groups[train]) & set(groups[test])
            assert not set(train.tolist()) & set(test.tolist())
    if not isinstance(splits["grouped"], str):
        assert sorted(np.concatenate([test for _, test in splits["grouped"]]).tolist()) == list(
            range(len(keys))
        )


def test_random_tests_every_item_once_and_splits_cases():
    keys = dated_keys(40)
    overturned = np.arange(80) % 5 == 0
    folds = make_splits(keys, np.arange(40).repeat(2), overturned, evaluation_config(), 0)["random"]
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(80))
    cases = keys["case_number"].to_numpy()
    assert any(set(cases[train]) & set(cases[test]) for train, test in folds)


def test_too_few_overturned_items_are_a_sentence_not_an_error():
    keys = dated_keys(20)
    overturned = np.zeros(40, dtype=bool)
    overturned[:3] = True
    splits = make_splits(keys, np.arange(20).repeat(2), overturned, evaluation_config(), 0)
    assert (
        splits["random"]
        == "3 items with an overturned and 37 with an upheld item are too few for 5 folds"
    )
    assert splits["grouped"].startswith("2 groups of cases")
    assert "nearly the same case summary" in splits["grouped"]


def test_only_the_splits_that_config_names_are_made():
    config = evaluation_config(splits="[grouped]")
    assert list(
        make_splits(dated_keys(20), np.arange(20).repeat(2), np.arange(40) % 3 == 0, config, 0)
    ) == ["grouped"]


# --- time


def test_time_forward_learns_from_decided_before_and_tests_on_received_after_a_cutoff():
    keys = dated_keys(200)
    overturned = np.arange(400) % 7 == 0
    ((train, test),) = make_splits(
        keys, np.arange(200).repeat(2), overturned, evaluation_config(), 0
    )["time_forward"]
    received, decided = (pd.to_datetime(keys[name]) for name in ("received_on", "decided_on"))
    cutoff = received.iloc[test].min()
    assert decided.iloc[train].max() < cutoff
    assert keys["case_number"].iloc[test].nunique() / 200 == pytest.approx(0.3, abs=0.01)
    assert set(train) == set(np.flatnonzero(decided < cutoff))
    # Cases under review on that day are on neither side.
    assert len(train) + len(test) < len(keys)


def test_time_forward_leaves_out_later_cases_of_a_group_it_learns_from():
    keys = dated_keys(200, items_per_case=1)
    groups = np.arange(200)
    groups[199] = groups[0]
    ((train, test),) = make_splits(keys, groups, np.arange(200) % 7 == 0, evaluation_config(), 0)[
        "time_forward"
    ]
    assert 0 in train
    assert 199 not in test


def test_without_days_the_year_of_the_decision_stands_for_both():
    keys = pd.DataFrame(
        {
            "case_number": list("ABCDEFGHIJ"),
            "decided_year": [2013, 2013, 2014, 2014, 2014, 2015, 2015, 2016, 2016, None],
        }
    )
    ((train, test),) = make_splits(keys, np.arange(10), [True, False] * 5, evaluation_config(), 0)[
        "time_forward"
    ]
    years = keys["decided_year"]
    assert years.iloc[train].max() < years.iloc[test].min()
    assert 9 not in train
    assert 9 not in test


def test_a_case_without_the_day_it_was_received_is_learnt_from_but_never_tested():
    keys = dated_keys(100, items_per_case=1)
    keys.loc[[0, 99], "received_on"] = None
    received, decided = find_case_days(keys)
    assert received.isna().tolist() == [number in {0, 99} for number in range(100)]
    ((train, test),) = make_splits(
        keys, np.arange(100), np.arange(100) % 4 == 0, evaluation_config(), 0
    )["time_forward"]
    assert 0 in train
    assert 99 not in test
    assert decided.notna().all()


def test_no_dates_at_all_make_time_forward_not_applicable():
    keys = pd.DataFrame(
        {
            "case_number": list("ABCD"),
            "received_on": [None] * 4,
            "decided_on": [None] * 4,
            "decided_year": [None] * 4,
        }
    )
    assert (
        "nor a year"
        in make_splits(keys, np.arange(4), [True, False] * 2, evaluation_config(), 0)[
            "time_forward"
        ]
    )


# --- the headline


def test_headline_counts_overturned_cases_not_items():
    cases = ["A"] * 40 + ["B"] * 40
    folds = ((np.arange(40), np.arange(40, 80)),)
    chosen = choose_headline(
        {"time_forward": folds, "grouped": folds}, cases, [True] * 80, evaluation_config()
    )
    assert chosen.split == "grouped"
    assert "1 overturned cases to learn from and 1 to test on" in chosen.reason


def test_headline_is_time_forward_where_both_sides_hold_enough():
    folds = ((np.arange(30), np.arange(30, 60)),)
    cases = [f"case {number}" for number in range(60)]
    assert (
        choose_headline(
            {"time_forward": folds, "grouped": folds}, cases, [True] * 60, evaluation_config()
        ).split
        == "time_forward"
    )
    assert (
        choose_headline(
            {"time_forward": folds, "grouped": folds},
            cases,
            [False, *[True] * 59],
            evaluation_config(),
        ).split
        == "grouped"
    )


def test_random_never_carries_the_headline():
    folds = ((np.arange(30), np.arange(30, 60)),)
    with pytest.raises(NotEnoughDataError, match=r"no split can carry the headline.*no days"):
        choose_headline(
            {"random": folds, "time_forward": "no days"},
            ["A"] * 60,
            [True] * 60,
            evaluation_config(),
        )
