"""A forgotten case leaves no byte in the state folder, comes in no more, and is learned no more."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from nights import files_of, make_inbox, night_config

from imrml.config import state_dir
from imrml.corpus.journal import JOURNALS
from imrml.errors import ImrmlError, TrackingError
from imrml.retraining.backup import back_up
from imrml.retraining.cycle import NOTHING_NEW, PROMOTED, retrain
from imrml.retraining.forgetting import forget
from imrml.retraining.forgotten import watch_withdrawn
from imrml.retraining.intake import ingest
from imrml.retraining.withdrawn import WITHDRAWN_COLUMN, list_versions_marked
from imrml.tables.files import read_table, write_table
from imrml.tracking import load_registered, relocate
from imrml.training.data import hash_text

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn

CASE = "CM15-9919191"
WORDS = ("quokkatherapy", "zyzzyvation")
LETTER = f"""HOW THE IMR FINAL DETERMINATION WAS MADE
State(s) of Licensure: Oregon
CLINICAL CASE SUMMARY
A 40 year old cook burned her hand and asked for {WORDS[0]} at once.
IMR ISSUES, DECISIONS AND RATIONALES
{WORDS[1]} of the hand, 6 visits: Overturned
Claims Administrator guideline: Decision based on MTUS.
MAXIMUS guideline: Decision based on MTUS.
Decision rationale: The visits are supported by the notes.
"""
MARKERS = (CASE, CASE.lower(), *WORDS)


@pytest.fixture(scope="module")
def first_night(line, tmp_path_factory):
    """After a first night with a letter and a table that hold the case."""
    folder = tmp_path_factory.mktemp("forget")
    inbox = make_inbox(line, folder)
    (inbox / f"{CASE}.txt").write_text(LETTER)
    row = read_table(inbox / "older.parquet").head(1)
    table = row.assign(case_number=CASE, item_number=2, decided_on=None, case_summary=WORDS[0])
    write_table(table.assign(treatment=WORDS[1]), inbox / "second.jsonl")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IMRML_HOME", str(folder / "state"))
        assert retrain(night_config(inbox, "precedents.keep=true")).verdict == PROMOTED
    return folder


@pytest.fixture
def inbox(first_night, tmp_path):
    shutil.copytree(first_night / "state", state_dir(), dirs_exist_ok=True)
    return shutil.copytree(first_night / "inbox", tmp_path / "inbox")


def holding(marker_free=MARKERS):
    return {
        name
        for name, content in files_of(state_dir()).items()
        if any(marker.encode() in content for marker in marker_free) or _in_table(name)
    }


def _in_table(name):
    if not name.endswith((".parquet", ".jsonl")):
        return False
    table = read_table(state_dir() / name).astype("str")
    return table.map(lambda cell: any(marker in str(cell) for marker in MARKERS)).any(axis=None)


def test_no_byte_of_a_forgotten_case_stays_and_it_comes_in_no_more(imrml, inbox, tmp_path):
    of_a_killed_parse = state_dir() / JOURNALS / "items.journal"
    of_a_killed_parse.parent.mkdir()
    of_a_killed_parse.write_text(CASE)
    assert any("items" in name for name in holding())
    backup = back_up(tmp_path / "backup.zip").path
    run = imrml("forget", CASE.lower(), "--why", "court order of 2 May")
    assert run.code == 0, run.err
    assert holding() == set()
    assert str(backup) in run.out
    assert "second.jsonl" in run.out
    assert "imrml-demo/1 (challenger, champion)" in run.out
    assert "court order of 2 May" in (state_dir() / "forgotten.json").read_text()
    items = ingest(night_config(inbox)).items
    assert CASE not in set(items["case_number"])
    (inbox / "again.txt").write_text(f"Case Number: {CASE}\n{LETTER}")
    ingest(night_config(inbox))
    assert holding() == set()


@pytest.mark.parametrize("has_letters", [True, False])
def test_an_unread_file_that_bears_the_number_is_named_no_more(tmp_path, has_letters):
    dropped = tmp_path / "inbox"
    dropped.mkdir()
    if has_letters:
        (dropped / "a.txt").write_text(f"Case Number: CM15-0000002\n{LETTER}")
    (dropped / f"Doe_{CASE} (copy).txt").write_text("Lunch is at noon.")
    (dropped / f"{CASE}.csv").write_text("case_number,decision\nX,maybe\n")
    (dropped / "other.txt").write_text("Lunch is at one.")
    config, failures = night_config(dropped), state_dir() / "intake" / "failures.jsonl"
    ingest(config)
    assert len(read_table(failures)) == 3
    forget([CASE], "asked for")
    assert read_table(failures)["source"].tolist() == [str(dropped / "other.txt")]
    ingest(config)
    assert read_table(failures)["source"].tolist() == [str(dropped / "other.txt")]


def test_the_champion_that_learned_from_it_is_refitted_where_config_says_so(inbox):
    config = night_config(inbox, "precedents.keep=true")
    assert retrain(config).verdict == NOTHING_NEW
    knows = hash_text(CASE)
    assert knows in load_registered("models:/imrml-demo@champion").manifest["training_cases"]
    forget([CASE], "asked for")
    assert retrain(config).verdict == NOTHING_NEW
    refit = night_config(inbox, "retraining.refit_forgotten=true")
    outcome = retrain(refit)
    assert outcome.verdict == PROMOTED, outcome
    assert "forgotten" in outcome.why
    champion = load_registered("models:/imrml-demo@champion").manifest
    assert knows not in champion["training_cases"]
    assert retrain(refit).verdict == NOTHING_NEW
    assert holding() == set()


def test_until_it_is_refitted_whatever_speaks_of_the_champion_says_so(imrml, inbox):
    relocate()
    learned = "champion (version 1) learned from a case that was withdrawn since"
    assert imrml("doctor").code == 0
    assert WITHDRAWN_COLUMN not in imrml("registry", "list").out
    has_learned = watch_withdrawn(load_registered("models:/imrml-demo@champion").manifest)
    assert not has_learned()
    forget(["CM15-0000000"], "a slip")  # nobody learned from it
    assert imrml("doctor").code == 0
    assert not has_learned()
    forget([CASE], "asked for")
    assert has_learned()  # a server that has been up since
    found = imrml("doctor")
    assert (found.code, learned in found.out) == (4, True)
    assert "retraining.refit_forgotten: true makes the champion again" in found.out
    found = imrml("doctor", "--json")
    assert (found.code, learned in found.out) == (4, True)
    [row] = list_versions_marked().to_dict("records")
    assert (row["version"], row[WITHDRAWN_COLUMN]) == ("1", "yes")
    messages = []
    config = night_config(inbox, "precedents.keep=true")
    retrain(config, report=messages.append)
    assert any("refit_forgotten: true" in message for message in messages)
    retrain(night_config(inbox, "retraining.refit_forgotten=true"))
    assert imrml("doctor").code == 0
    listed = list_versions_marked("imrml-demo").set_index("version")[WITHDRAWN_COLUMN]
    assert listed.to_dict() == {"2": "", "1": "yes"}
    done = imrml("registry", "rollback", "imrml-demo", "--why", "odd scores")
    assert (done.code, learned in done.err) == (0, True)
    promote = ("registry", "promote", "imrml-demo", "--why", "better so", "--version")
    assert "withdrawn" not in imrml(*promote, "2").err
    assert learned in imrml(*promote, "1").err
    assert imrml("doctor").code == 4
    assert CASE not in imrml("registry", "list", "imrml-demo").out


def test_a_model_made_of_the_same_cases_after_the_erasure_is_known_too(inbox):
    forget([CASE], "asked for")
    manifest = load_registered("models:/imrml-demo@champion").manifest
    assert watch_withdrawn(manifest)()
    others = [case for case in manifest["training_cases"] if case != hash_text(CASE)]
    assert others
    assert not watch_withdrawn({"training_cases": others})()


def test_a_damaged_record_is_a_thing_to_do_and_no_end_of_the_doctor(imrml, inbox):
    (state_dir() / "forgotten.json").write_text("{")
    found = imrml("doctor")
    assert found.code == 4
    assert found.out.count("restore it from a backup") == 1


def test_a_number_that_nothing_holds_and_backups_that_were_moved_are_told(imrml, inbox, tmp_path):
    for name in ("first.zip", "second.zip"):
        back_up(tmp_path / name)
    (tmp_path / "first.zip").rename(tmp_path / "elsewhere.zip")
    back_up(tmp_path / "second.zip")  # notes itself, and forgets no other
    run = imrml("forget", "CM15-0000000", "--why", "a slip")
    assert run.code == 0, run.err
    assert "nothing here held it" in run.out
    assert "1 backup no longer where written" in run.out
    run = imrml("forget", CASE, "CM15-0000009", "--why", "asked for")
    assert "nothing here held it" not in run.out
    assert "of 1 of 2 cases no item was here" in run.out
    assert str(tmp_path / "second.zip") in run.out


def test_what_is_kept_of_past_items_is_one_less(inbox):
    (path,) = state_dir().glob("precedents-*.parquet")
    before = read_table(path)
    gone = forget([CASE], "asked for")
    assert len(read_table(path)) == len(before) - gone.n_items


@pytest.mark.parametrize(
    ("cases", "why"), [([], "x"), ([" "], "x"), ([CASE], " "), ([CASE], f"as {CASE} asked")]
)
def test_a_reason_is_asked_for_and_names_no_case(cases, why):
    with pytest.raises(ImrmlError):
        forget(cases, why)
    assert not (state_dir() / "forgotten.json").exists()


def test_where_models_cannot_be_looked_at_nothing_is_forgotten(inbox, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingError):
        forget([CASE], "asked for")
    assert not (state_dir() / "forgotten.json").exists()


def test_a_damaged_record_stops_the_intake(inbox):
    (state_dir() / "forgotten.json").write_text("{")
    with pytest.raises(ImrmlError, match="restore it"):
        ingest(night_config(inbox))


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.8])
def test_killed_at_any_moment_the_same_command_does_the_rest(inbox, seconds):
    program = (
        "import sys; from imrml.retraining.forgetting import forget; print('ready', flush=True); "
        f"forget([{CASE!r}], 'asked for')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env=dict(os.environ)
    )
    assert process.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    if (state_dir() / "forgotten.json").exists():
        assert CASE not in set(ingest(night_config(inbox)).items["case_number"])
    forget([CASE], "asked for")
    assert holding() == set()
    load_registered("models:/imrml-demo@champion")
