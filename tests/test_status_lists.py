"""Sentences of notes judged by people who saw no rule, and what may be wrong of them at most.

The lists are fictional and written for this project: mixed notes, the shorthand of clerks, the
plain speech of patients and interpreters, chart notes, reports in prose, and what case managers,
reviewers and therapists write; and lists in the kinds of a few samples. Figures of each before its
rules were mended: experiments/067-status-lists.
"""

import json

import pytest
from judged_lists import DATA

from imrml.features import find_documents, parse_treatment

MOST_WRONG, MOST_MISSED = 0.03, 0.10
UNREAD = tuple(f"status_samples_{number}" for number in (4, 7, 16, 17))
"""Read by nobody, and the learned part knows nothing of them (experiment 091)."""
MOST_OF_UNREAD = (0.05, 0.12)


def _rows(name: str) -> list[dict]:
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    "name",
    [
        "status_mixed",
        "status_shorthand",
        "status_plain_speech",
        "status_clerks",
        "status_reports",
        "status_case_managers",
        "status_own",
        "status_samples_1",
        "status_samples_2",
        "status_samples_3",
        "status_samples_4",
        "status_samples_5",
        "status_samples_6",
        "status_samples_7",
        "status_samples_8",
        "status_samples_9",
        "status_samples_10",
        "status_samples_11",
        "status_samples_12",
        "status_samples_13",
        "status_samples_14",
        "status_samples_15",
        "status_samples_16",
        "status_samples_17",
        "status_prose",
        "status_samples_own",
    ],
)
def test_few_sentences_of_a_list_are_wrongly_shown_or_missed(name: str) -> None:
    is_unread = name in UNREAD
    most_wrong, most_missed = MOST_OF_UNREAD if is_unread else (MOST_WRONG, MOST_MISSED)
    rows = _rows(name)
    shown = [{one.cue for one in find_documents(row["text"]) if one.is_shown} for row in rows]
    answers = [
        (row["shown"], not cues.isdisjoint(row["cues"]), row["text"])
        for row, cues in zip(rows, shown, strict=True)
    ]
    wrong = [text for is_there, is_shown, text in answers if is_shown and not is_there]
    missed = [text for is_there, is_shown, text in answers if is_there and not is_shown]
    n_there = sum(is_there for is_there, _, _ in answers)
    assert len(wrong) <= most_wrong * (len(rows) - n_there), "unread" if is_unread else wrong
    assert len(missed) <= most_missed * n_there, "unread" if is_unread else missed


@pytest.mark.parametrize("name", ["status_samples_1", "status_clerks", "status_reports"])
@pytest.mark.parametrize("ending", [" in {}.", " in {}, per the note.", " since {}."])
def test_the_month_of_may_is_no_possibility(name: str, ending: str) -> None:
    for text in [row["text"].rstrip(" .") for row in _rows(name) if row["shown"]]:
        of_month = [
            {one.cue for one in find_documents(text + ending.format(month)) if one.is_shown}
            for month in ("May", "June")
        ]
        assert of_month[0] == of_month[1], text


@pytest.mark.parametrize("row", _rows("request_lines_misspelt"), ids=lambda row: row["text"])
def test_a_misspelt_or_short_line_has_its_category(row: dict[str, str]) -> None:
    assert parse_treatment(row["text"]).category == row["category"]


@pytest.mark.parametrize(
    ("word", "stays"),
    [
        ("physician visit", "evaluation_management"),
        ("orthopedist appointment", "evaluation_management"),
        ("physical therpy 12 visits", "physical_therapy"),
        ("acupunture", "acupuncture"),
    ],
)
def test_only_slips_of_services_are_spelt_right(word: str, stays: str) -> None:
    assert parse_treatment(word).category == stays
