"""``imrml letters show`` and ``coverage``: what a person looks at."""

import faults
import pytest
from factories import FictionalItem, FictionalLetter
from typer.testing import CliRunner

from imrml.cli import app

RATIONALE = "There is no record of a urine drug screen. The drug is not medically necessary."


@pytest.fixture
def folder(tmp_path):
    items = [
        FictionalItem(rationale=RATIONALE),
        FictionalItem(item="Hand therapy", decision="Overturned", rationale="It helps."),
    ]
    (tmp_path / "a.txt").write_text(FictionalLetter(items=items).spaced(), encoding="utf-8")
    (tmp_path / "b.txt").write_text(
        FictionalLetter(header="Scanned at home").spaced(), encoding="utf-8"
    )
    (tmp_path / "c.txt").write_text("Total: 40 dollars, paid by the baker", encoding="utf-8")
    return tmp_path


def run(*words: str):
    return CliRunner().invoke(app, ["letters", *words], env={"COLUMNS": "200"})


def test_show_prints_facts_decisions_labels_and_evidence(folder):
    result = run("show", str(folder / "a.txt"))
    assert result.exit_code == 0
    for words in (
        "CM15-0099999",
        "F2b",
        "100.00 %",
        "1. UPHELD  Norco 10/325mg #60",
        "2. OVERTURNED  Hand therapy",
    ):
        assert words in result.stdout
    assert "[no record of a urine drug screen](1)" in result.stdout
    assert "(1) opioid_monitoring_missing" in result.stdout


def test_coverage_has_a_row_a_letter_and_names_what_is_left_over(folder):
    result = run("coverage", str(folder))
    assert result.exit_code == 0
    head, *rows = (line.split("\t") for line in result.stdout.splitlines())
    by_source = {row[0].rpartition("/")[2]: dict(zip(head, row, strict=True)) for row in rows}
    assert by_source.keys() == {"a.txt", "b.txt"}
    assert (
        by_source["a.txt"]["share_read"],
        by_source["a.txt"]["left_over"],
        by_source["a.txt"]["flags"],
    ) == ("1.0000", "", "")
    assert (by_source["b.txt"]["n_left_over"], by_source["b.txt"]["left_over"]) == ("13", "0-15")
    assert "1 of 2 letters read to the last character" in result.stderr
    assert "c.txt: not_a_letter" in result.stderr


def test_no_text_of_a_letter_goes_to_stderr(folder):
    for look in ("show", "coverage"):
        message = run(look, str(folder)).stderr
        assert not any(
            words in message for words in ("Scanned", "baker", "urine", "Norco", "dollars")
        )


def test_a_letter_that_kills_its_reader_costs_one_line(folder, monkeypatch):
    monkeypatch.setattr("imrml.corpus.batch._parse_letter_apart", faults.read_or_harm)
    (folder / "aa.txt").write_bytes(faults.CRASH)
    result = run("coverage", str(folder))
    assert result.exit_code == 0
    assert [line.split("\t")[0][-5:] for line in result.stdout.splitlines()[1:]] == [
        "a.txt",
        "b.txt",
    ]
    assert "aa.txt: crashed: the reading process died" in result.stderr


def test_a_letter_cut_in_copying_is_refused(folder):
    whole = (folder / "b.txt").read_text(encoding="utf-8")
    cut = whole.removesuffix(" is not medically necessary.\n") + "\n"
    assert cut != whole
    (folder / "b.txt").write_text(cut, encoding="utf-8")
    for look in ("coverage", "show"):
        result = run(look, str(folder / "b.txt"))
        assert (result.exit_code, result.stdout) == (1, "")
        assert "b.txt: cut_short" in result.stderr


def test_where_nothing_was_read_the_command_fails(folder):
    assert run("show", str(folder / "c.txt")).exit_code == 1


def test_letters_are_asked_for(folder):
    assert run("show").exit_code == 2
