"""The labeller that config names: label, train and retrain label by it, and the card says so."""

import json

import numpy as np
import pandas as pd
import pytest
from support.nights import FAST, night_config

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


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Invented items, labelled by the cues."""
    folder = tmp_path_factory.mktemp("invented")
    write_corpus(60, 7, folder / "letters", truth=folder / "truth.parquet")
    known_later = ["source_kind", "facts", "deficiency_sentences", "deficiencies"]
    truth = read_table(folder / "truth.parquet")
    items = truth.drop(columns=[*known_later, *(name for name in truth if name.startswith("p_"))])
    path = folder / "items.parquet"
    write_table(label_items(items), path)
    return path


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.npz"
    write_learned(labeller_that_adds(ADDED), path)
    return path


def share_with(items: pd.DataFrame, id_: str) -> float:
    upheld = items[items["decision"] == "upheld"]
    return float(upheld["deficiencies"].map(lambda ids: id_ in ids).mean())


def test_train_labels_by_it_and_names_it(table, own, imrml, tmp_path):
    out = tmp_path / "model"
    settings = [f"--set={setting}" for setting in (*FAST, f"labelling.labeller={own}")]
    done = imrml("train", table, "--out", out, *settings, "--set=tracking.enabled=false")
    assert done.code == 0, done.err
    fingerprint = read_learned(own).fingerprint
    assert fingerprint == labeller_that_adds(ADDED).fingerprint
    manifest = json.loads((out / "model.json").read_text())
    assert manifest["data"]["labeller"] == fingerprint
    assert fingerprint in (out / "card.md").read_text()
    assert manifest["data"]["n_labelled"] == (read_table(table)["decision"] == "upheld").sum()


def test_train_on_gold_labels_does_not_name_it(table, own, imrml, tmp_path):
    items, gold, out = read_table(table), tmp_path / "gold.jsonl", tmp_path / "model"
    item_id = items["case_number"] + "#" + items["item_number"].astype(str)
    write_table(pd.DataFrame({"item_id": item_id, "deficiencies": items["deficiencies"]}), gold)
    settings = [f"--set={setting}" for setting in (*FAST, f"labelling.labeller={own}")]
    settings += ["--set=tracking.enabled=false"]
    done = imrml("train", table, "--labels", gold, "--out", out, *settings)
    assert done.code == 0, done.err
    assert "labeller" not in json.loads((out / "model.json").read_text())["data"]


def test_train_needs_rationales_to_label(table, own, imrml, tmp_path):
    write_table(read_table(table).drop(columns="rationale"), tmp_path / "bare.parquet")
    done = imrml("train", tmp_path / "bare.parquet", f"--set=labelling.labeller={own}")
    assert done.code != 0
    assert "rationale" in done.err


def test_retrain_labels_letters_and_tables_by_it(table, own, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_corpus(4, 5, inbox, truth=tmp_path / "truth.parquet")
    write_table(read_table(table), inbox / "older.parquet")
    config = night_config(inbox, f"labelling.labeller={own}")
    items = ingest(config).items
    in_letters = items["case_number"].isin(read_table(tmp_path / "truth.parquet")["case_number"])
    assert in_letters.any()
    assert share_with(items[in_letters], ADDED) == share_with(items[~in_letters], ADDED) == 1
    assert share_with(ingest(night_config(inbox)).items, ADDED) < 1
    outcome = retrain(config, is_dry_run=True)
    assert outcome.gates
    manifest = next(config_folder().glob("**/challenger/model.json"))
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


def test_without_a_labeller_the_cues_decide(table):
    items = read_table(table).head(20)
    by_config = label_as_configured(items, night_config(table.parent))
    assert by_config["deficiencies"].tolist() == label_items(items)["deficiencies"].tolist()


def test_a_labeller_that_is_absent_is_an_error(table, imrml, tmp_path):
    setting = f"--set=labelling.labeller={tmp_path / 'gone.npz'}"
    done = imrml("label", table, "--out", tmp_path / "labelled.parquet", setting)
    assert done.code != 0
    assert "labels learn" in done.err
    with pytest.raises(TableError):
        read_learned(tmp_path / "gone.npz")
