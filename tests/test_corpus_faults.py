"""Faults: every reason, workers that die, runs that are killed; each costs one row only."""

import io
import re
import subprocess
import sys
import zipfile

import faults
import fsspec
import pytest
from factories import SUMMARY, FictionalItem, FictionalLetter, render
from paper import draw_pdf, draw_picture
from test_documents import make_pdf
from test_letters_golden import load

from imrml.corpus import Journal
from imrml.errors import REASONS
from imrml.tables.files import read_table

GOOD = FictionalLetter().spaced()
TIGHT = {
    "max_bytes": 60_000,
    "max_characters": 40_000,
    "max_pages": 3,
    "max_items": 3,
    "max_ratio": 20.0,
    "max_seconds": 600.0,
}


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def letter(**parts) -> bytes:
    return FictionalLetter(**parts).spaced().encode()


def contradictory() -> bytes:
    """Upheld by its first sentence, overturned by its second."""
    paragraphs = load("F1a-one-item")[0]
    first = next(i for i, paragraph in enumerate(paragraphs) if "is not medically" in paragraph)
    paragraphs[first] = paragraphs[first].replace("is not medically", "is medically")
    return render(paragraphs, "spaced").encode()


BROKEN: dict[str, tuple[str, bytes]] = {
    "empty_file": ("empty.txt", b""),
    "too_large": ("large.txt", GOOD.encode() * 40),
    "too_many_pages": ("pages.pdf", make_pdf([["page"]] * 4)),
    "too_many_items": ("items.txt", letter(items=[FictionalItem()] * 4)),
    "damaged_pdf": ("damaged.pdf", make_pdf([["page"]])[:-200]),
    "password_protected": ("locked.pdf", make_pdf([["secret"]], password="open")),
    "no_text_layer": ("scan.pdf", make_pdf([[]])),
    "page_without_text": (
        "mixed.pdf",
        draw_pdf(
            [["page"], []], stamp=lambda canvas, page, n: page == 2 and draw_picture(canvas, 590)
        ),
    ),
    "not_text": ("picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    "not_a_letter": ("invoice.txt", b"An invoice for a baker."),
    "unknown_format": ("half.txt", GOOD[: GOOD.index("IMR ISSUES")].encode()),
    "no_items": ("no-items.txt", GOOD[: GOOD.index("Norco")].encode()),
    "item_without_outcome": ("open.txt", letter(items=[FictionalItem(decision="pending")])),
    "contradictory_outcomes": ("both.txt", contradictory()),
    "contradictory_case_numbers": (
        "stamped.txt",
        b"Case Number: CM15-0000077\n\n" + letter(),
    ),
    "item_without_rationale": (
        "hole.txt",
        letter(items=[FictionalItem(rationale=""), FictionalItem()]),
    ),
    "cut_short": ("cut.txt", letter().removesuffix(b" not medically necessary.\n")),
    "lost_item": ("second.txt", letter(items=[FictionalItem("2. Norco 10/325mg")])),
    "misread_item": ("glued.txt", letter(items=[FictionalItem("The patient is well. Norco")])),
    "misread_summary": (
        "swapped.txt",
        letter(summary=f"{SUMMARY} Thus, Norco is not medically necessary."),
    ),
    "pages_out_of_order": (
        "order.txt",
        b"Page 1 of 3\f" + letter() + b"\fPage 3 of 3",
    ),
    "garbled_text": (
        "garbled.txt",
        letter(summary="zkw vqj xrp " * 90),
    ),
    "damaged_archive": ("damaged.zip", zipped({"a.txt": GOOD.encode()})[:-30]),
    "decompression_bomb": ("bomb.zip", zipped({"a.txt": bytes(1_500_000)})),
    "unsafe_path": ("unsafe.zip", zipped({"../a.txt": GOOD.encode()})),
    "nested_archive": ("nested.zip", zipped({"in.zip": zipped({"a.txt": GOOD.encode()})})),
    "no_letters": ("none.zip", zipped({"a.doc": b""})),
    "crashed": ("crash.txt", faults.CRASH),
    "too_slow": ("stopped.txt", faults.STOPPED),
    "unreadable": ("lzma.zip", b""),  # written below
}

ELSEWHERE = {"illegible_page", "doubtful_reading", "unreadable_picture", "bad_table"}
"""Of pages read by OCR (test_ocr.py) and of a drop folder's tables (test_drop_folder.py)."""


@pytest.fixture
def parse(imrml, tmp_path, monkeypatch):
    """Parse with tight limits and a parser that a letter can harm."""
    monkeypatch.setattr("imrml.corpus.batch._parse_to_outcome", faults.parse_or_harm)
    limits = tmp_path / "limits.yaml"
    limits.write_text(
        "limits:\n" + "".join(f"  {name}: {value}\n" for name, value in TIGHT.items())
    )
    return lambda *arguments: imrml("parse", *arguments, "--config", limits)


def write_broken(folder) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in BROKEN.values():
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "lzma.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", GOOD)


def test_every_reason_has_its_row_and_says_what_to_do(parse, tmp_path):
    write_broken(tmp_path / "letters")
    (tmp_path / "letters" / "good.txt").write_text(GOOD)
    done = parse(tmp_path / "letters", "--out", tmp_path / "items.csv", "--strict")
    assert done.code == 4, done.err
    assert f"1 of {len(BROKEN) + 1} letters read" in done.err
    rows = {
        row["reason"]: row
        for row in read_table(tmp_path / "items.csv.failures.jsonl").to_dict("records")
    }
    assert set(rows) == set(BROKEN) == set(REASONS) - ELSEWHERE
    for reason, row in rows.items():
        assert BROKEN[reason][0] in row["source"]
        assert row["detail"].endswith(f"; {REASONS[reason]}")
        assert not re.search("baker|Norco|secret", row["detail"])


def test_a_fault_of_the_parser_costs_one_row_and_tells_no_text(imrml, tmp_path, monkeypatch):
    monkeypatch.setattr("imrml.corpus.batch._parse_to_outcome", faults.parse_or_fail)
    (tmp_path / "a.txt").write_bytes(faults.FAIL + b" of a baker")
    done = imrml("parse", tmp_path / "a.txt", "--out", tmp_path / "items.csv")
    assert done.code == 1
    [row] = read_table(tmp_path / "items.csv.failures.jsonl").to_dict("records")
    assert row["reason"] == "crashed"
    assert row["detail"].startswith("RecursionError in faults.py, line")
    assert "baker" not in row["detail"] + done.err


def test_every_engine_writes_the_same_files(parse, folder, tmp_path):
    (folder / "6b.txt").write_bytes(faults.CRASH)
    for engine in ("local", "dask"):
        done = parse(folder, "--out", tmp_path / f"{engine}.jsonl", "--engine", engine, "--jobs", 2)
        assert "12 of 15 letters read" in done.err
    assert results(tmp_path / "dask.jsonl") == results(tmp_path / "local.jsonl")


def test_an_engine_that_is_not_installed_leaves_nothing_behind(
    imrml, folder, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = imrml("parse", folder, "--out", tmp_path / "items.csv", "--engine", "dask")
    assert (done.code, "pip install 'imrml[dask]'" in done.err) == (2, True)
    assert not list(tmp_path.glob("items*"))


# --- copies and resuming -------------------------------------------------------------------------


def numbered(number: int) -> str:
    return GOOD.replace("CM15-0099999", f"CM15-{number:07}")


@pytest.fixture
def folder(tmp_path):
    """Twelve good letters, two of them in an archive, and two that are none."""
    letters = tmp_path / "letters"
    letters.mkdir()
    for number in range(10):
        (letters / f"{number}.txt").write_text(numbered(number))
    (letters / "5b.txt").write_text("Not a letter at all.")
    (letters / "7b.txt").write_bytes(b"")
    (letters / "8b.zip").write_bytes(
        zipped({f"{number}.txt": numbered(number).encode() for number in (20, 21)})
    )
    return letters


def results(out) -> tuple[bytes, bytes]:
    return out.read_bytes(), out.with_name(f"{out.name}.failures.jsonl").read_bytes()


def cases(out) -> list[str]:
    return read_table(out)["case_number"].str[-2:].to_list()


def test_a_copy_of_a_letter_is_told_and_stands_once(imrml, folder, tmp_path):
    (folder / "9b.txt").write_bytes((folder / "1.txt").read_bytes())
    (folder / "9c.zip").write_bytes(
        zipped({"copy.txt": (folder / "1.txt").read_bytes(), "empty.txt": b""})
    )
    done = imrml("parse", folder, "--out", tmp_path / "items.csv")
    assert "2 letters copied from another letter" in done.err
    assert len(read_table(tmp_path / "items.csv")) == 12
    # two empty files are two letters that are missing
    assert (
        list(read_table(tmp_path / "items.csv.failures.jsonl")["reason"]).count("empty_file") == 2
    )


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_resuming_what_is_complete_changes_nothing(imrml, folder, tmp_path, ending):
    out = tmp_path / f"items.{ending}"
    imrml("parse", folder, "--out", out)
    before = results(out)
    done = imrml("parse", folder, "--out", out, "--resume")
    assert "12 of 14 letters read, 12 items" in done.err
    assert "12 letters held already" in done.err
    assert "copied" not in done.err
    assert results(out) == before
    assert not list(tmp_path.glob("*journal*"))


def test_resuming_adds_new_letters_behind_and_tries_failed_ones_again(imrml, folder, tmp_path):
    out = tmp_path / "items.csv"
    imrml("parse", folder, "--out", out)
    (folder / "0.txt").unlink()
    (folder / "00.txt").write_text(numbered(30))
    (folder / "7b.txt").write_text(numbered(31))
    done = imrml("parse", folder, "--out", out, "--resume")
    assert "13 of 14 letters read, 14 items" in done.err
    assert cases(out) == [
        "00",
        "01",
        "02",
        "03",
        "04",
        "05",
        "06",
        "07",
        "08",
        "20",
        "21",
        "09",
        "30",
        "31",
    ]
    assert read_table(f"{out}.failures.jsonl")["reason"].to_list() == ["not_a_letter"]
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.txt").write_text(numbered(40))
    imrml("parse", tmp_path / "more", "--out", out, "--resume")
    assert cases(out)[-1] == "40"
    assert len(cases(out)) == 15
    assert read_table(f"{out}.failures.jsonl")["reason"].to_list() == ["not_a_letter"]


def test_what_cannot_be_resumed_is_left_alone(imrml, folder, tmp_path):
    out = tmp_path / "items.jsonl"
    imrml("parse", folder, "--out", out)
    imrml("label", out, "--out", out)
    before = out.read_bytes()
    done = imrml("parse", folder, "--out", out, "--resume")
    assert done.code == 1
    assert "cannot be resumed" in done.err
    assert out.read_bytes() == before
    assert imrml("parse", folder, "--out", "-", "--resume").code == 2


# A run that kills itself: after eight letters, between failures file and output, with the output in
# place beside its journal.
DEATHS = {
    "in the middle": "after(journal.Journal, 'keep', 8)",
    "before the output": "after(files, 'write_private', 1)",
    "after the output": "after(files, 'write_private', 2)",
}
KILLED = """
import os, signal
from imrml.cli import main
from imrml.corpus import journal
from imrml.tables import files

def after(owner, name, n):
    function = getattr(owner, name)
    def counted(*arguments, **named):
        nonlocal n
        result = function(*arguments, **named)
        n -= 1
        if n == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, counted)

if __name__ == "__main__":
    journal._SECONDS_AT_RISK = 0
    {death}
    main()
"""


def run_to_death(tmp_path, death: str, *arguments: object) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED.format(death=death))
    done = subprocess.run(
        [sys.executable, script, "parse", *map(str, arguments)],
        check=False,
        timeout=600,
        capture_output=True,
    )
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("death", DEATHS)
def test_killed_and_resumed_is_as_if_undisturbed(imrml, folder, tmp_path, death):
    out, other = tmp_path / "items.jsonl", tmp_path / "undisturbed.jsonl"
    imrml("parse", folder, "--out", other)
    run_to_death(tmp_path, DEATHS[death], folder, "--out", out)
    journal = tmp_path / "items.jsonl.journal"
    assert journal.stat().st_mode & 0o777 == 0o600
    done = imrml("parse", folder, "--out", out, "--resume")
    assert "held already" in done.err
    assert results(out) == results(other)
    assert not list(tmp_path.glob("*journal*"))


@pytest.mark.parametrize("place", ["memory://imrml-parse/items.jsonl", "memory://imrml-parse/a/"])
def test_an_output_elsewhere_leaves_nothing_in_the_working_folder(
    imrml, folder, tmp_path, monkeypatch, place
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("IMRML_HOME", str(tmp_path / "state"))
    imrml("parse", folder, "--out", tmp_path / "items.jsonl")
    parsed = read_table(tmp_path / "items.jsonl")
    try:
        imrml("parse", folder / "3.txt", folder / "0.txt", "--out", place)
        (folder / "3.txt").unlink()
        done = imrml("parse", folder, "--out", place, "--resume")
        assert "1 letter held already" in done.err
        assert set(read_table(place)["case_number"]) == set(parsed["case_number"])
        failures = f"{place.rstrip('/')}.failures.jsonl"
        assert failures in done.err
        assert read_table(failures)["reason"].to_list() == (
            read_table(tmp_path / "items.jsonl.failures.jsonl")["reason"].to_list()
        )
    finally:
        fsspec.filesystem("memory").rm("/imrml-parse", recursive=True)
    assert not list((tmp_path / "here").iterdir())
    assert not list(tmp_path.glob("state/**/*.journal"))


def test_a_file_address_is_a_path_of_this_disk(imrml, folder, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    out, other = tmp_path / "items.jsonl", tmp_path / "other.jsonl"
    imrml("parse", folder, "--out", other)
    run_to_death(tmp_path, DEATHS["in the middle"], folder, "--out", f"file://{out}")
    assert out.with_name("items.jsonl.journal").exists()
    assert "held already" in imrml("parse", folder, "--out", f"file://{out}", "--resume").err
    assert results(out) == results(other)
    assert not list((tmp_path / "here").iterdir())


def test_a_killed_run_for_submissions_leaves_no_decision_behind(folder, tmp_path):
    run_to_death(
        tmp_path,
        DEATHS["in the middle"],
        folder,
        "--out",
        tmp_path / "requests.jsonl",
        "--submissions-only",
    )
    assert not list(tmp_path.glob("requests*"))


def test_without_resume_an_interrupted_run_starts_anew(imrml, folder, tmp_path):
    out = tmp_path / "items.jsonl"
    run_to_death(tmp_path, DEATHS["in the middle"], folder, "--out", out)
    (folder / "0.txt").unlink()
    done = imrml("parse", folder, "--out", out)
    assert "starting anew" in done.err
    assert cases(out)[0] == "01"


def test_a_run_killed_while_it_adds_to_an_output_loses_nothing(imrml, folder, tmp_path):
    out = tmp_path / "items.csv"
    imrml("parse", folder / "3.txt", "--out", out)
    run_to_death(tmp_path, DEATHS["in the middle"], folder, "--out", out, "--resume")
    assert cases(out) == ["03"]
    imrml("parse", folder, "--out", out, "--resume")
    assert cases(out) == ["03", "00", "01", "02", "04", "05", "06", "07", "08", "20", "21", "09"]


def test_two_runs_do_not_write_one_output(imrml, folder, tmp_path):
    out = tmp_path / "items.csv"
    with Journal(str(out), tmp_path / "failures.jsonl", resume=False):
        done = imrml("parse", folder, "--out", out)
    assert done.code == 1
    assert "another run is writing" in done.err


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_journal_that_is_none_is_told(imrml, folder, tmp_path, resume):
    (tmp_path / "items.csv.journal").write_text("something else" * 100)
    done = imrml("parse", folder, "--out", tmp_path / "items.csv", *resume)
    assert done.code == 1
    assert "not a journal" in done.err


def test_a_journal_of_other_columns_is_not_resumed(imrml, folder, tmp_path, monkeypatch):
    out = tmp_path / "items.csv"
    monkeypatch.setattr("imrml.corpus.journal._COLUMNS", "case_number")
    with Journal(str(out), tmp_path / "failures.jsonl", resume=False):
        pass
    monkeypatch.undo()
    assert "another version" in imrml("parse", folder, "--out", out, "--resume").err
