"""Labels of a person, not led by ours, written line by line for other commands to read."""

import io
import json
import re

import pandas as pd
import pytest

from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError
from imrml.labelling.annotation import (
    AnnotationResult,
    AnswerError,
    annotate_items,
    parse_ids,
    parse_quote,
    read_guide,
    write_answer,
)
from imrml.labelling.gold import parse_gold_items
from imrml.tables.files import read_table, write_table

FUNCTION, SCREEN, FINDINGS = (
    "no_functional_improvement",
    "opioid_monitoring_missing",
    "objective_findings_lacking",
)
NORCO = (
    "The guideline asks for a benefit. In this case, there is no record of functional improvement. "
    "He takes  it daily."
)
KNEE = "In this case, no red flag was found. The request for an MRI is not medically necessary."
ITEMS = pd.DataFrame(
    {
        "case_number": ["CM15-0000001", "CM15-0000002", "CM15-0000002", "CM15-0000003"],
        "item_number": [1, 1, 2, 1],
        "item": ["Norco 10/325mg #60", "MRI of the left knee", "Soma 350mg #30", "Cane"],
        "decision": ["upheld", "upheld", "overturned", "upheld"],
        "rationale": [NORCO, KNEE, "In this case, the drug helped.", ""],
    }
)


@pytest.fixture
def annotate(imrml, tmp_path, monkeypatch):
    write_table(ITEMS, tmp_path / "items.parquet")

    def converse(*answers, options=()):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))
        return imrml(
            "labels",
            "annotate",
            tmp_path / "items.parquet",
            "--gold",
            tmp_path / "gold.jsonl",
            *options,
        )

    converse.gold = tmp_path / "gold.jsonl"
    converse.items = tmp_path / "items.parquet"
    return converse


def kept(annotate):
    return {
        row["item_id"]: row
        for row in map(json.loads, annotate.gold.read_text(encoding="utf-8").splitlines())
    }


def test_answers_are_kept_for_check_and_train(annotate, imrml):
    done = annotate("1 3", "2", "takes it  daily", "objective", "no red flag")
    assert done.code == 0, done.err
    assert kept(annotate) == {
        "CM15-0000001#1": {
            "item_id": "CM15-0000001#1",
            "deficiencies": [FUNCTION, SCREEN],
            "evidence": {
                FUNCTION: "In this case, there is no record of functional improvement.",
                SCREEN: "takes  it daily",
            },
            "is_revised": False,
        },
        "CM15-0000002#1": {
            "item_id": "CM15-0000002#1",
            "deficiencies": [FINDINGS],
            "evidence": {FINDINGS: "no red flag"},
            "is_revised": False,
        },
    }
    assert annotate.gold.stat().st_mode & 0o777 == 0o600
    assert "2 answered, 0 left" in done.err
    assert "daily" not in done.err
    checked = imrml("labels", "check", annotate.items, "--gold", annotate.gold)
    assert re.search(
        r"micro F1 +0\.800 ", checked.out
    )  # we find two of the three, and nothing else
    assert "2 gold items of 2 cases" in checked.out


def test_what_the_labeller_found_shows_only_after_the_answer(annotate):
    done = annotate("none", "q")
    before, after = done.out.split("kept; the labeller differs")
    assert FUNCTION not in before
    assert "lacks" not in before
    assert re.search(rf"only the labeller: {FUNCTION} \(sentence 2\)", after)
    assert "the labeller found the same" in annotate(FINDINGS, "1").out


def test_a_conversation_goes_on_where_it_was_left(annotate):
    assert "1 answered, 1 left" in annotate("none", "q").err
    again = annotate("none")
    assert "1 of 2 upheld items with a rationale are left" in again.err
    assert "CM15-0000001" not in again.out
    assert len(kept(annotate)) == 2
    assert "0 of 2" in annotate().err


def test_back_replaces_an_answer_and_says_so(annotate):
    annotate("none", "b", "1", "2", "q")
    assert len(annotate.gold.read_text().splitlines()) == 1
    row = kept(annotate)["CM15-0000001#1"]
    assert (row["deficiencies"], row["is_revised"]) == ([FUNCTION], True)


def test_skip_and_the_end_of_the_input_keep_nothing(annotate):
    done = annotate("s", "1")
    assert (done.code, annotate.gold.exists()) == (0, False)
    assert "0 answered, 2 left" in done.err


def test_an_answer_that_cannot_be_read_is_asked_again(annotate):
    done = annotate(
        "99",
        "no",
        "bones",
        "1",
        "7",
        "words of nobody",
        "2",
        "q",
        options=["--item", "CM15-0000001"],
    )
    assert "99 is no number from 1 to 18" in done.out
    assert "'no' fits no_functional_improvement, no_pain_relief_documented" in " ".join(
        done.out.split()
    )
    assert "'bones' is no number" in done.out
    assert "7 is no sentence's number from 1 to 3" in done.out
    assert "do not stand in the rationale" in done.out
    assert kept(annotate)["CM15-0000001#1"]["deficiencies"] == [FUNCTION]


def test_guide_and_list_are_shown_on_request(annotate):
    done = annotate("l", "?", "q")
    assert "18  no_rationale_or_plan: no reason, goal or plan stated" in done.out
    assert "What never counts" in done.out


def test_the_guide_names_every_deficiency_and_no_other():
    words = set(re.findall(r"`([a-z_]+_[a-z_]+)`", read_guide()))
    assert words == set(deficiency_ids())


def test_files_that_hold_no_gold_labels_are_refused(annotate, imrml, tmp_path):
    annotate.gold.write_text('{"item": 1}\n')
    done = annotate("none")
    assert (done.code, done.out) == (1, "")
    assert "lacks ['item_id', 'deficiencies']" in done.err
    elsewhere = imrml("labels", "annotate", annotate.items, "--gold", tmp_path / "gold.csv")
    assert "ends in .jsonl" in elsewhere.err
    assert imrml("labels", "annotate", "-", "--gold", annotate.gold).code == 2


class Scripted:
    """A person whose answers are known before; what is shown is noted in its order."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.shown = []

    def show_item(self, trace, number, n_items):
        self.shown.append((trace.item_id, number, n_items))

    def ask(self, question):
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)

    def show_lines(self, lines):
        self.shown += lines

    def show_guide(self, text):
        self.shown.append(text)


def test_a_conversation_needs_no_terminal(tmp_path):
    person = Scripted("s", "b", "none")
    reports = []
    result = annotate_items(ITEMS, tmp_path / "gold.jsonl", person, report=reports.append)
    assert result == AnnotationResult(n_answered=1, n_left=1)
    assert reports == ["2 of 2 upheld items with a rationale are left to label"]
    assert [entry for entry in person.shown if isinstance(entry, tuple)] == [
        ("CM15-0000001#1", 1, 2),
        ("CM15-0000002#1", 2, 2),
        ("CM15-0000001#1", 1, 2),
        ("CM15-0000002#1", 2, 2),
    ]
    assert set(read_table(tmp_path / "gold.jsonl")["item_id"]) == {"CM15-0000001#1"}


def test_an_item_that_stands_twice_is_refused_before_a_question(tmp_path):
    person = Scripted("none")
    with pytest.raises(TableError, match="an item stands twice"):
        annotate_items(pd.concat([ITEMS, ITEMS]), tmp_path / "gold.jsonl", person)
    assert person.shown == []


def test_a_last_line_left_open_and_odd_line_ends_lose_nothing(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text('{"item_id": "A#1", "deficiencies": [], "evidence": {}}')
    path.chmod(0o644)
    write_answer(path, "A#2", {FUNCTION: "no gain\u2028was shown"}, is_revised=False)
    write_answer(path, "A#3", {}, is_revised=False)
    write_answer(path, "A#1", {SCREEN: "none sent"}, is_revised=True)
    read = parse_gold_items(read_table(path), "gold.jsonl")
    assert {item_id: set(item.deficiencies) for item_id, item in read.items()} == {
        "A#1": {SCREEN},
        "A#2": {FUNCTION},
        "A#3": set(),
    }
    assert read["A#2"].quotes == {FUNCTION: ("no gain\u2028was shown",)}
    assert path.stat().st_mode & 0o777 == 0o600


def test_ids_and_quotes_are_read_as_people_write_them():
    assert parse_ids("  3;1 , 1") == (FUNCTION, SCREEN)
    assert parse_ids("None") == ()
    assert parse_quote("IN THIS case,\nthere is", NORCO, []) == "In this case, there is"
    for answer in ("", "0", "none 1"):
        with pytest.raises(AnswerError):
            parse_ids(answer)
    with pytest.raises(AnswerError):
        parse_quote("0", NORCO, ["one"])
