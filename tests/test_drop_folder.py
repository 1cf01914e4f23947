"""A drop folder as real ones are, and cases that come in several versions."""

import json
import os
import time

import pandas as pd
import pytest
from nights import night_config, split_items

from imrml.config import load_config, state_dir
from imrml.corpus.batch import parse_letter_file
from imrml.documents import LetterFile
from imrml.errors import TableWarning
from imrml.letters.spans import ParsedLetter
from imrml.retraining.corrections import Arrivals, keep_newest, mark_determinations
from imrml.retraining.drop_folder import find_dropped_files, fingerprint_inputs
from imrml.retraining.intake import ingest
from imrml.synthetic import draw_letters, write_corpus
from imrml.tables.files import read_table, write_table

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn

STRAYS = (
    *(".hidden.txt", "~$items.csv", "._letter.pdf", "copy.pdf.part", "items.csv.failures.jsonl"),
    *(".items-ab12cd_x.parquet", "letter.txt~", "a.crdownload", ".sync/letter.txt", "b.csv.tmp"),
    *("$RECYCLE.BIN/letter.txt", "#recycle/items.csv", "lost+found/letter.pdf"),
    *("@eaDir/letter.pdf", "System Volume Information/letter.txt"),
)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "inbox"
    made.mkdir()
    return made


def names(files):
    return [path.name for path in (*files.letters, *files.tables)]


def test_what_is_no_letter_and_no_table_is_passed_over(folder):
    for name in STRAYS:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (folder / "folder.csv").mkdir()
    (folder / "folder.pdf").mkdir()
    (folder / "gone.txt").symlink_to(folder / "nowhere")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    (folder / "letter.TXT").write_text("x")
    (folder / "older.csv").write_text("x")
    (folder / "notes.docx").write_text("x")
    found = find_dropped_files(night_config(folder))
    assert names(found) == ["letter.TXT", "older.csv"]
    assert [path.name for path in found.others] == ["notes.docx"]


def test_a_stray_is_no_news(folder):
    config = night_config(folder)
    before = fingerprint_inputs(config)
    for name in STRAYS[:4]:
        (folder / name).write_text("x")
    assert fingerprint_inputs(config) == before


def test_a_file_that_still_grows_is_left_to_the_next_night(folder, monkeypatch):
    (folder / "grows.txt").write_text("x")
    (folder / "whole.txt").write_text("x")
    config = night_config(folder, "retraining.min_age_seconds=30")
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        with (folder / "grows.txt").open("a") as file:
            file.write("more")
        # as a copy that sets the times of its original
        os.utime(folder / "grows.txt", (1_500_000_000, 1_500_000_000))

    monkeypatch.setattr(time, "sleep", sleep)
    found = find_dropped_files(config)
    assert (names(found), found.n_waiting) == (["whole.txt"], 1)
    assert 0 < slept[0] <= 30


def test_an_old_file_is_not_waited_for(folder, monkeypatch):
    (folder / "old.txt").write_text("x")
    monkeypatch.setattr(time, "sleep", pytest.fail)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert names(find_dropped_files(load_config(overrides=[_of(folder)]))) == ["old.txt"]
    monkeypatch.setattr(time, "time", lambda: now - 3600)  # the clock went back
    assert names(find_dropped_files(load_config(overrides=[_of(folder)]))) == ["old.txt"]


def _of(folder):
    return f"retraining.drop_folder={folder}"


def test_a_bad_table_is_a_row_of_the_failures_and_the_letters_go_on(folder, line):
    write_corpus(3, 5, folder, truth=folder.parent / "truth.parquet")
    older, _ = split_items(line)
    write_table(older, folder / "good.parquet")
    write_table(older.drop(columns="decision"), folder / "without.jsonl")
    write_table(older.assign(decision="maybe"), folder / "wrong.csv")
    write_table(older.assign(item_number="first"), folder / "numbers.csv")
    nameless = older["case_number"].where(older.index > older.index[0])
    write_table(older.assign(case_number=nameless), folder / "nameless.parquet")
    (folder / "owner.parquet").write_bytes(b"no parquet")
    (folder / "empty.csv").write_bytes(b"")
    intake = ingest(night_config(folder))
    failures = read_table(intake.failures)
    assert sorted(failures["source"].str.rsplit("/").str[-1]) == [
        *("empty.csv", "nameless.parquet", "numbers.csv", "owner.parquet"),
        *("without.jsonl", "wrong.csv"),
    ]
    assert set(failures["reason"]) == {"bad_table"}
    assert intake.n_unread == 6
    in_letters = set(read_table(folder.parent / "truth.parquet")["case_number"])
    assert set(intake.items["case_number"]) == in_letters | set(older["case_number"])
    (folder / "owner.parquet").unlink()
    assert ingest(night_config(folder)).n_unread == 5


def test_a_table_that_train_reads_is_read_here_too(folder):
    said = "Claim #;Tx;Outcome\nA-1;Norco #60;1\nA-1;MRI of the knee;0\n"
    (folder / "clerk.csv").write_text(said)
    (folder / "less.csv").write_text("Claim #;Tx\nB-1;Norco #60\n")
    with pytest.warns(TableWarning, match=r"clerk.csv: read as: Claim # = case_number"):
        intake = ingest(night_config(folder))
    found = intake.items[["case_number", "item_number", "decision"]].to_dict("split")["data"]
    assert found == [["A-1", 1, "overturned"], ["A-1", 2, "upheld"]]
    [detail] = read_table(intake.failures)["detail"]
    assert "'decision'" in detail
    assert "--map" not in detail  # which the retrain does not have


# --- corrections ----------------------------------------------------------------------------------


def rows(case, decided_on, *decisions, **more):
    return [
        {
            "case_number": case,
            "item_number": number,
            "treatment": f"visit {number}",
            "decision": decision,
            "decided_on": decided_on,
            **more,
        }
        for number, decision in enumerate(decisions, 1)
    ]


def drop(folder, name, *determinations):
    table = [row for determination in determinations for row in determination]
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in table))


def taken(folder):
    items = ingest(night_config(folder)).items
    return {
        case: of_case.sort_values("item_number")["decision"].tolist()
        for case, of_case in items.groupby("case_number")
    }


OLD = rows("C-1", "2015-03-01", "upheld", "upheld", "upheld")
NEW = rows("C-1", "2015-04-01", "overturned")


def test_a_newer_determination_replaces_all_items(folder):
    drop(folder, "z.jsonl", OLD)
    assert taken(folder) == {"C-1": ["upheld"] * 3}
    drop(folder, "a.jsonl", NEW)
    assert taken(folder) == {"C-1": ["overturned"]}
    assert ingest(night_config(folder)).n_corrected == 1


@pytest.mark.parametrize("names_", [("a.jsonl", "b.jsonl"), ("b.jsonl", "a.jsonl")])
def test_versions_that_arrive_together_are_ordered_by_date_not_by_name(folder, names_):
    for name, version in zip(names_, (OLD, NEW), strict=True):
        drop(folder, name, version)
    assert taken(folder) == {"C-1": ["overturned"]}


def test_an_older_letter_that_arrives_late_corrects_nothing(folder):
    drop(folder, "a.jsonl", NEW)
    taken(folder)
    drop(folder, "b.jsonl", OLD)
    assert taken(folder) == {"C-1": ["overturned"]}


@pytest.mark.parametrize("day", ["2015-03-01", None])
def test_of_one_day_the_last_to_arrive_counts_also_back_and_forth(folder, day):
    first, second = rows("C-1", day, "upheld", "upheld"), rows("C-1", day, "overturned")
    other = rows("C-2", day, "upheld")
    for version, wanted in [(first, 2), (second, 1), (first, 2), (second, 1)]:
        drop(folder, "a.jsonl", version, other)
        assert len(taken(folder)["C-1"]) == wanted
    drop(folder, "0.jsonl", first)  # the same again, under another name
    assert len(taken(folder)["C-1"]) == 2
    drop(folder, "a.jsonl", second, other, rows("C-3", day, "upheld"))  # C-1 did not change
    assert len(taken(folder)["C-1"]) == 2


def test_a_version_that_was_away_for_a_night_has_come_anew(folder):
    drop(folder, "a.jsonl", rows("C-1", None, "upheld", "upheld"))
    taken(folder)
    drop(folder, "b.jsonl", rows("C-1", None, "overturned"))
    assert taken(folder) == {"C-1": ["overturned"]}
    held = (folder / "a.jsonl").read_bytes()
    (folder / "a.jsonl").unlink()
    taken(folder)
    (folder / "a.jsonl").write_bytes(held)
    assert taken(folder) == {"C-1": ["upheld", "upheld"]}


def test_without_a_day_on_one_side_arrival_decides(folder):
    drop(folder, "a.jsonl", NEW)
    taken(folder)
    drop(folder, "b.jsonl", rows("C-1", None, "upheld", "upheld"))
    assert taken(folder) == {"C-1": ["upheld", "upheld"]}


def test_a_row_without_a_day_belongs_to_its_case(folder):
    drop(folder, "a.jsonl", [NEW[0], {**rows("C-1", None, "", "upheld")[1]}])
    assert taken(folder) == {"C-1": ["overturned", "upheld"]}


LETTER = """HOW THE IMR FINAL DETERMINATION WAS MADE
State(s) of Licensure: Oregon
CLINICAL CASE SUMMARY
A 40 year old cook burned her hand.
IMR ISSUES, DECISIONS AND RATIONALES
"""
ITEM = """{treatment}: {decision}
Claims Administrator guideline: Decision based on MTUS.
MAXIMUS guideline: Decision based on MTUS.
Decision rationale: The visits are supported by the notes.
"""


def letter(*decisions):
    return LETTER + "".join(
        ITEM.format(treatment=f"Hand therapy, {n + 5} visits", decision=decision)
        for n, decision in enumerate(decisions)
    )


def test_letters_obey_the_same_rule_also_back_and_forth(folder):
    first, second = letter("Upheld", "Upheld"), letter("Overturned")
    for version, wanted in [(first, 2), (second, 1), (first, 2), (second, 1)]:
        (folder / "CM15-0000001.txt").write_text(version)
        assert len(taken(folder)["CM15-0000001"]) == wanted
    drop(folder, "table.jsonl", rows("CM15-0000001", None, "upheld", "upheld", "upheld"))
    assert len(taken(folder)["CM15-0000001"]) == 3


def test_the_newest_is_one_whole_determination_whatever_the_order():
    versions = pd.DataFrame([*OLD, *NEW, *rows("C-2", "2015-01-01", "upheld", "upheld")])
    wanted = [("C-1", 1, "overturned"), ("C-2", 1, "upheld"), ("C-2", 2, "upheld")]
    for seed in range(5):
        items = versions.sample(frac=1, random_state=seed).reset_index(drop=True)
        marks = mark_determinations(items, pd.Series("a", index=items.index))
        arrivals = Arrivals.read(state_dir() / "absent.parquet").note(marks)
        kept, n_corrected = keep_newest(items, marks, arrivals)
        found = kept[["case_number", "item_number", "decision"]].itertuples(index=False, name=None)
        assert (sorted(found), n_corrected) == (wanted, 1)


@pytest.mark.parametrize(("at_line_end", "most"), [(False, 0.03), (True, 0.06)])
def test_a_text_letter_cut_at_any_tenth_is_refused(at_line_end, most):
    """But where it stops at the end of a sentence, in a format that names no item beforehand."""
    limits = load_config().limits
    n_cut, n_taken = 0, 0
    for letter in draw_letters(25, 41, 0.2):
        for tenth in range(1, 10):
            text = letter.text[: len(letter.text) * tenth // 10]
            if at_line_end:
                text = text[: text.rfind("\n") + 1]
            parsed = parse_letter_file(LetterFile("a.txt", text.encode()), limits)
            n_cut += 1
            n_taken += isinstance(parsed, ParsedLetter)
    assert n_taken / n_cut <= most


@pytest.mark.parametrize("letter_format", ["F0", "F1a"])
def test_items_are_counted_against_those_named_beforehand(letter_format):
    limits = load_config().limits
    for letter in draw_letters(12, 41, 0.0, letter_format):
        for tenth in range(1, 10):
            text = letter.text[: len(letter.text) * tenth // 10]
            parsed = parse_letter_file(LetterFile("a.txt", text.encode()), limits)
            if isinstance(parsed, ParsedLetter):
                assert len(parsed.case.items) == len(letter.case.items)


def test_a_whole_text_letter_is_taken():
    limits = load_config().limits
    for letter in draw_letters(60, 43, 0.2):
        parsed = parse_letter_file(LetterFile("a.txt", letter.text.encode()), limits)
        assert isinstance(parsed, ParsedLetter), letter.case.case_number
