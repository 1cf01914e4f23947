"""Corpus: letters to tables; what cannot be read is counted and kept, whatever the number of workers."""

import re

import pandas as pd
import pytest
from factories import FictionalItem, FictionalLetter

from imrml.config import load_config
from imrml.corpus import PARSED_COLUMNS, Journal, failure_table, item_table, parse_file, parse_new
from imrml.determinations import DETERMINATION_COLUMNS, ITEM_COLUMNS, KEY_COLUMNS, Item
from imrml.documents import walk_letters
from imrml.letters.parsing import parse_letter
from imrml.submissions import IGNORED_COLUMNS, REFUSED_COLUMNS
from imrml.synthetic import draw_letters
from imrml.tables import read_table, write_table

LIMITS = load_config().limits


@pytest.fixture
def folder(tmp_path):
    letters = tmp_path / "letters"
    letters.mkdir()
    (letters / "1.txt").write_text(FictionalLetter(items=[FictionalItem(), FictionalItem(item="Soma 350mg #30")]).spaced())
    (letters / "2.txt").write_text("Not a letter at all.")
    (letters / "3.txt").write_text(FictionalLetter(header="").doubled())
    (letters / "4.txt").write_bytes(b"")
    return letters


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_letters_become_rows_and_failures_in_order(folder, n_jobs):
    with Journal("-", folder / "none.jsonl", resume=False) as journal:
        parsed = list(parse_new(walk_letters([folder], LIMITS), journal, LIMITS, n_jobs))
        assert [row for part in journal.rows() for row in part] == [row for letter in parsed for row in letter.rows]
    items = item_table(row for letter in parsed for row in letter.rows)
    failures = failure_table(letter.failure for letter in parsed if letter.failure)
    assert items[["case_number", "item_number"]].to_numpy().tolist() == [["CM15-0099999", 1], ["CM15-0099999", 2], ["3", 1]]
    assert failures["reason"].to_list() == ["not_a_letter", "empty_file"]
    assert [letter.source for letter in parsed] == [str(path) for path in sorted(folder.iterdir())]
    assert items["decided_year"].to_list()[:2] == [2015, 2015]
    assert pd.isna(items["decided_year"][2])
    assert items["source_sha256"].str.len().eq(64).all()


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


def bare(value: object) -> str:
    """Letters and digits only: damage moves blanks and hyphens, never those."""
    return re.sub(r"[^a-z0-9]", "", str(value).lower())


@pytest.mark.parametrize(("damage_share", "least"), [(0.0, 1.0), (1.0, 0.995)])
def test_invented_letters_come_back_as_their_truth(damage_share, least):
    n_items, n_right = 0, 0
    for letter in draw_letters(300, 5, damage_share):
        case = parse_letter(letter.text, letter.case.case_number)
        assert (case.case_number, case.letter_format, len(case.items)) == (
            letter.case.case_number,
            letter.case.letter_format,
            len(letter.case.items),
        )
        for found, true in zip(case.items, letter.case.items, strict=True):
            n_items += 1
            if damage_share:
                n_right += [bare(part) for part in parts(found)] == [bare(part) for part in parts(true)]
            else:
                n_right += found == true
    assert n_items > 300
    assert n_right >= least * n_items


def parts(item: Item) -> list[object]:
    return [getattr(half, name) for half in (item.submission, item.determination) for name in half.__slots__]
