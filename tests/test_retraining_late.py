"""Letters that come late or come again: learned from by --backfill, and told in the report."""

import pytest
from nights import night_config, split_items, write_config

from imrml.config import state_dir
from imrml.retraining.cycle import PROMOTED, retrain
from imrml.tables.files import write_table
from imrml.tracking import list_versions, load_registered

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn


@pytest.fixture
def late(line, tmp_path):
    """A champion of two thirds of the older cases; the others arrive late."""
    older, _ = split_items(line)
    number = older["case_number"].str[-7:].astype(int)
    is_late = number % 3 == 0
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_table(older[~is_late], inbox / "older.parquet")
    assert retrain(night_config(inbox)).verdict == PROMOTED
    write_table(older[is_late], inbox / "late.parquet")
    return inbox, older[is_late]


def test_late_letters_wait_until_backfill_learns_from_them(late, imrml, tmp_path):
    inbox, items = late
    config = write_config(tmp_path / "retrain.yaml", inbox)
    waits = imrml("retrain", "--config", config)
    assert waits.code == 3
    assert "decided before what the champion learned from" in waits.err
    night = imrml("retrain", "--config", config, "--backfill")
    assert night.code in {0, 5}, night.err
    assert "neither model was fitted on" in night.err
    assert "log_loss" in night.out
    page = (state_dir() / "retrain.html").read_text()
    assert "were new, whenever they were decided" in page
    assert "newest items" not in page + night.out
    again = imrml("retrain", "--config", config, "--backfill")
    assert again.code in ({3} if night.code == 0 else {3, 5})
    if night.code == 0:
        assert len(list_versions()) == 2
        known = load_registered("models:/imrml-demo@champion").manifest["training_cases"]
        first = load_registered("models:/imrml-demo/1").manifest["training_cases"]
        assert len(known) - len(first) >= items["case_number"].nunique()


def test_corrections_and_unread_files_are_told_in_the_report(late, imrml, tmp_path):
    inbox, items = late
    dated = items[items["decided_on"].fillna("") != ""]
    case = dated[dated["case_number"] == dated["case_number"].iloc[0]].head(1)
    write_table(case.assign(decided_on="2017-12-24"), inbox / "corrected.parquet")
    (inbox / "bad.csv").write_text("case_number,decision\nX,maybe\n")
    run = imrml("retrain", "--config", write_config(tmp_path / "retrain.yaml", inbox))
    assert run.code in {0, 3, 5}, run.err
    page = (state_dir() / "retrain.html").read_text()
    assert "1 case has several determinations: the newest" in page
    assert "1 file of the drop folder could not be read" in page
    assert case["case_number"].iloc[0] not in page
