"""The labeller that config names: label, train and retrain label by it, and the card says so."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL
from support.nights import night_config

from imrml.deficiencies import deficiency_ids
from imrml.errors import TableError
from imrml.labelling import LearnedPart, label_as_configured, label_items, write_learned
from imrml.labelling.learned import N_BUCKETS, read_learned
from imrml.retraining.cycle import retrain
from imrml.retraining.drop_folder import fingerprint_inputs
from imrml.retraining.intake import ingest
from imrml.synthetic import write_corpus
from imrml.tables.files import read_table, write_table

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn

ADDED = "weaning_indicated"


def labeller_that_adds(id_: str) -> LearnedPart:
    """Give one that adds an id to every item with a sentence, and leaves all else to the cues."""
    offsets = np.tile([-1e3, 1e3], (len(deficiency_ids()), 1))
    offsets[deficiency_ids().index(id_)] = 1e3
    n_ids = len(deficiency_ids())
    return LearnedPart(
        np.zeros((N_BUCKETS, n_ids), np.float32),
        np.zeros(n_ids, np.float32),
        np.zeros((2, 2)),
        offsets,
    )


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.npz"
    write_learned(labeller_that_adds(ADDED), path)
    return path


def share_with(items: pd.DataFrame, id_: str) -> float:
    upheld = items[items["decision"] == "upheld"]
    return float(upheld["deficiencies"].map(lambda ids: id_ in ids).mean())


def test_train_labels_by_it_and_names_it(line, own, imrml, tmp_path):
    out = tmp_path / "model"
    settings = [f"--set={setting}" for setting in (*SMALL, f"labelling.labeller={own}")]
    done = imrml("train", line.items, "--out", out, *settings, "--set=tracking.enabled=false")
    assert done.code == 0, done.err
    fingerprint = read_learned(own).fingerprint
    assert fingerprint == labeller_that_adds(ADDED).fingerprint
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["data"]["labeller"] == fingerprint
    assert fingerprint in (out / "card.md").read_text()
    plain = json.loads((line.model / "manifest.json").read_text())
    assert "labeller" not in plain["data"]
    assert manifest["data"]["fingerprint"] != plain["data"]["fingerprint"]


def test_train_on_gold_labels_does_not_name_it(line, own, imrml, tmp_path):
    items, gold, out = read_table(line.items), tmp_path / "gold.jsonl", tmp_path / "model"
    item_id = items["case_number"] + "#" + items["item_number"].astype(str)
    write_table(pd.DataFrame({"item_id": item_id, "deficiencies": items["deficiencies"]}), gold)
    settings = [f"--set={setting}" for setting in (*SMALL, f"labelling.labeller={own}")]
    settings += ["--set=tracking.enabled=false"]
    done = imrml("train", line.items, "--labels", gold, "--out", out, *settings)
    assert done.code == 0, done.err
    assert "labeller" not in json.loads((out / "manifest.json").read_text())["data"]


def test_train_needs_rationales_to_label(line, own, imrml, tmp_path):
    write_table(read_table(line.items).drop(columns="rationale"), tmp_path / "bare.parquet")
    done = imrml("train", tmp_path / "bare.parquet", f"--set=labelling.labeller={own}")
    assert done.code != 0
    assert "rationale" in done.err


def test_retrain_labels_letters_and_tables_by_it(line, own, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_corpus(4, 5, inbox, truth=tmp_path / "truth.parquet")
    write_table(read_table(line.items), inbox / "older.parquet")
    config = night_config(inbox, f"labelling.labeller={own}")
    items = ingest(config).items
    in_letters = items["case_number"].isin(read_table(tmp_path / "truth.parquet")["case_number"])
    assert in_letters.any()
    assert share_with(items[in_letters], ADDED) == share_with(items[~in_letters], ADDED) == 1
    assert share_with(ingest(night_config(inbox)).items, ADDED) < 1
    outcome = retrain(config, is_dry_run=True)
    assert outcome.gates
    manifest = next(config_folder().glob("**/challenger/manifest.json"))
    assert json.loads(manifest.read_text())["data"]["labeller"] == read_learned(own).fingerprint


def config_folder():
    from imrml.config import state_dir

    return state_dir()


def test_another_labeller_is_news_for_retrain(own, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    config = night_config(inbox, f"labelling.labeller={own}")
    before = fingerprint_inputs(config)
    assert fingerprint_inputs(config) == before
    write_learned(labeller_that_adds("insufficient_records"), own)
    assert fingerprint_inputs(config) != before


def test_without_a_labeller_the_cues_decide(line):
    items = read_table(line.items).head(20)
    by_config = label_as_configured(items, night_config(line.items.parent))
    assert by_config["deficiencies"].tolist() == label_items(items)["deficiencies"].tolist()


def test_a_labeller_that_is_absent_is_an_error(line, imrml, tmp_path):
    setting = f"--set=labelling.labeller={tmp_path / 'gone.npz'}"
    done = imrml("label", line.items, "--out", tmp_path / "labelled.parquet", setting)
    assert done.code != 0
    assert "labels learn" in done.err
    with pytest.raises(TableError):
        read_learned(tmp_path / "gone.npz")
