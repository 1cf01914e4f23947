"""Corpus: letters to tables; what cannot be read is counted and kept, whoever works."""

import re
import subprocess
import sys

import pandas as pd
import pytest
from factories import FictionalItem, FictionalLetter

from imrml.config import load_config
from imrml.corpus import (
    PARSED_COLUMNS,
    Journal,
    failure_table,
    item_table,
    parse_file,
    parse_letters,
    parse_new,
    parse_to_table,
    submission_table,
)
from imrml.determinations import DETERMINATION_COLUMNS, ITEM_COLUMNS, KEY_COLUMNS, Item
from imrml.documents import walk_letters
from imrml.errors import ImrmlError
from imrml.letters.parsing import case_rows, parse_letter
from imrml.submissions.columns import IGNORED_COLUMNS, REFUSED_COLUMNS, SUBMISSION_COLUMNS
from imrml.submissions.frame import submission_frame
from imrml.submissions.requests import sort_requests
from imrml.synthetic import draw_letters
from imrml.tables.files import read_table, write_table

LIMITS = load_config().limits


@pytest.fixture
def folder(tmp_path):
    letters = tmp_path / "letters"
    letters.mkdir()
    (letters / "1.txt").write_text(
        FictionalLetter(items=[FictionalItem(), FictionalItem(item="Soma 350mg #30")]).spaced()
    )
    (letters / "2.txt").write_text("Not a letter at all.")
    (letters / "3.txt").write_text(FictionalLetter(header="").doubled())
    (letters / "4.txt").write_bytes(b"")
    return letters


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_letters_become_rows_and_failures_in_order(folder, n_jobs):
    with Journal("-", folder / "none.jsonl", resume=False) as journal:
        parsed = list(parse_new(walk_letters([folder], LIMITS), journal, LIMITS, n_jobs))
        assert [row for part in journal.rows() for row in part] == [
            row for letter in parsed for row in letter.rows
        ]
    items = item_table(row for letter in parsed for row in letter.rows)
    failures = failure_table(letter.failure for letter in parsed if letter.failure)
    assert items[["case_number", "item_number"]].to_numpy().tolist() == [
        ["CM15-0099999", 1],
        ["CM15-0099999", 2],
        ["3", 1],
    ]
    assert failures["reason"].to_list() == ["not_a_letter", "empty_file"]
    assert [letter.source for letter in parsed] == [str(path) for path in sorted(folder.iterdir())]
    assert items["decided_year"].to_list()[:2] == [2015, 2015]
    assert pd.isna(items["decided_year"][2])
    assert items["source_sha256"].str.len().eq(64).all()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_letters_in_memory_are_those_on_disk(folder, tmp_path, n_jobs):
    (folder / "5.txt").write_bytes((folder / "1.txt").read_bytes())
    parsed = parse_letters([folder / "1.txt", folder], n_jobs=n_jobs)
    summary = parse_to_table([folder / "1.txt", folder], tmp_path / "items.jsonl", n_jobs=n_jobs)
    write_table(parsed.items, tmp_path / "memory.jsonl")
    write_table(parsed.failures, tmp_path / "failures.jsonl")
    assert (tmp_path / "memory.jsonl").read_bytes() == (tmp_path / "items.jsonl").read_bytes()
    assert (tmp_path / "failures.jsonl").read_bytes() == summary.failures.read_bytes()
    assert (summary.n_new, summary.n_copies, summary.n_lost, summary.n_items) == (2, 2, 2, 3)
    assert summary.reasons == {"empty_file": 1, "not_a_letter": 1}
    assert repr(parsed) == "ParsedLetters(3 items, 2 failures)"


def test_one_path_is_taken_as_it_is_and_limits_are_the_config_s(folder):
    config = load_config(overrides=["limits.max_items=1"])
    parsed = parse_letters(str(folder / "1.txt"), config)
    assert (len(parsed.items), parsed.failures["reason"].to_list()) == (0, ["too_many_items"])


def test_a_table_says_what_was_held_and_what_is_new(folder, tmp_path):
    out = tmp_path / "items.csv"
    parse_to_table(folder / "3.txt", out)
    passed = []

    def watch(outcomes):
        for outcome in outcomes:
            passed.append(outcome.source)
            yield outcome

    summary = parse_to_table(folder, out, resume=True, progress=watch)
    assert (summary.n_held, summary.n_new, summary.n_lost) == (1, 1, 2)
    assert passed == [str(folder / name) for name in ("1.txt", "2.txt", "4.txt")]
    assert summary.describe().splitlines() == [
        f"2 of 4 letters read, 3 items, written to {out}",
        "1 letter held already and not parsed again",
        f"2 letters not read (1 empty_file, 1 not_a_letter): see {out}.failures.jsonl",
    ]


def test_where_no_letter_can_be_parsed_only_the_failures_are_written(folder, tmp_path):
    with pytest.raises(ImrmlError, match="none of 1 letter could be read"):
        parse_to_table(folder / "2.txt", tmp_path / "items.csv")
    assert [path.name for path in tmp_path.glob("items*")] == ["items.csv.failures.jsonl"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"out": "-", "resume": True}, "resume"),
        ({"out": "a.csv", "resume": True, "submissions_only": True}, "submissions-only"),
        ({"out": "a.csv", "failures": "a.csv"}, "name two files"),
        ({"out": "a.doc"}, "a.doc"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(folder, settings, said):
    with pytest.raises(ImrmlError, match=said):
        parse_to_table(folder, **settings)


def test_a_script_that_does_not_protect_its_main_module_is_told(folder, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"from imrml.corpus import parse_letters\nparse_letters({str(folder)!r})\n")
    done = subprocess.run(
        [sys.executable, script], check=False, timeout=120, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert 'under `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_item_tables_survive_the_disk(folder, tmp_path, ending):
    rows = [row for file in walk_letters([folder], LIMITS) for row in parse_file(file, LIMITS).rows]
    items = item_table(rows)
    write_table(items, tmp_path / f"items.{ending}")
    back = read_table(tmp_path / f"items.{ending}")
    assert back.columns.to_list() == [column.name for column in PARSED_COLUMNS]
    for name in ("case_number", "item", "rationale", "decision"):
        assert back[name].to_list() == items[name].to_list()
    assert back["date_of_injury"].fillna("").to_list() == ["2014-01-15", "2014-01-15", ""]
    assert (tmp_path / f"items.{ending}").stat().st_mode & 0o777 == 0o600


def test_what_is_refused_and_ignored_is_what_the_item_table_calls_so():
    assert tuple(column.name for column in DETERMINATION_COLUMNS) == REFUSED_COLUMNS
    assert tuple(column.name for column in KEY_COLUMNS) == IGNORED_COLUMNS
    assert len({column.name for column in ITEM_COLUMNS}) == len(ITEM_COLUMNS)


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv", "xlsx"])
def test_submissions_hold_nothing_known_after_the_decision(imrml, folder, tmp_path, ending):
    (folder / "5.txt").write_text(
        FictionalLetter(
            summary="A 51 year old roofer. Portions of the notes were illegible. PT helped."
        ).spaced()
    )
    out = tmp_path / f"requests.{ending}"
    done = imrml("parse", folder, "--out", out, "--submissions-only")
    assert "3 of 5 letters read, 4 items" in done.err
    table = read_table(out)
    assert table.columns.to_list() == [
        "request_id",
        *(column.name for column in SUBMISSION_COLUMNS),
    ]
    assert table["request_id"].to_list() == [
        "CM15-0099999#1",
        "CM15-0099999#2",
        "3#1",
        "CM15-0099999#1",
    ]
    assert table["case_summary"].to_list()[-1] == "A 51 year old roofer. PT helped."
    assert out.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("stage", ["rfa", "imr"])
def test_submissions_are_scored_as_the_items_that_they_come_from(stage):
    rows = [
        row for letter in draw_letters(100, 6, 0.5) for row in case_rows(letter.case, "a.txt", "00")
    ]
    items = item_table(rows)
    requests = sort_requests(submission_table(items), stage)
    assert (requests.refused, requests.unknown_columns) == ((), ())
    pd.testing.assert_frame_equal(requests.submissions, submission_frame(items, stage))


def test_submissions_only_fits_no_other_way_of_writing(imrml, folder, tmp_path):
    out = tmp_path / "a.csv"
    assert imrml("parse", folder, "--submissions-only", "--out", out, "--resume").code == 2
    assert imrml("parse", folder, "--submissions-only").code == 2


def bare(value: object) -> str:
    """Letters and digits only: damage moves blanks and hyphens, never those."""
    return re.sub(r"[^a-z0-9]", "", str(value).lower())


@pytest.mark.parametrize(("damage_share", "least"), [(0.0, 1.0), (1.0, 0.995)])
def test_invented_letters_come_back_as_their_truth(damage_share, least):
    n_items, n_right = 0, 0
    for letter in draw_letters(300, 5, damage_share):
        case = parse_letter(letter.text, fallback_case_number=letter.case.case_number).case
        assert (case.case_number, case.letter_format, len(case.items)) == (
            letter.case.case_number,
            letter.case.letter_format,
            len(letter.case.items),
        )
        for item, true in zip(case.items, letter.case.items, strict=True):
            n_items += 1
            if damage_share:
                n_right += [bare(part) for part in parts(item)] == [
                    bare(part) for part in parts(true)
                ]
            else:
                n_right += item == true
    assert n_items > 300
    assert n_right >= least * n_items


def parts(item: Item) -> list[object]:
    return [
        getattr(half, name)
        for half in (item.submission, item.determination)
        for name in half.__slots__
    ]
