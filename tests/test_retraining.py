"""Retraining: nothing without news, the gate decides, a kill leaves a champion and work to do."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from imrml.config import load_config, state_dir
from imrml.errors import ConfigError, ImrmlError, ModelError
from imrml.explaining.precedents import open_precedents
from imrml.retraining import cycle
from imrml.retraining.cycle import KEPT, NOTHING_NEW, PROMOTED, retrain
from imrml.retraining.intake import ingest
from imrml.retraining.lock import interrupted_retrain, retrain_lock
from imrml.retraining.window import find_newer_cases, split_newest
from imrml.tables.files import read_table, write_table
from imrml.tracking import (
    check_database,
    list_moves,
    list_versions,
    load_registered,
    promote,
    roll_back,
    unfinished_runs,
)
from imrml.tracking.connection import connected
from imrml.training.data import prepare

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn

FAST = [
    *("models.outcome.kind=category_prior", "models.n_refits=0"),
    *("evaluation.n_folds=2", "evaluation.n_bootstrap=50", "evaluation.splits=[grouped]"),
    *("features.use_case_summary=false", "features.max_terms=100"),
    *("retraining.min_new_cases=20", "retraining.min_new_overturned=1"),
    *("retraining.gate.n_bootstrap=200", "retraining.min_age_seconds=0"),
    # a busy machine is no reason to keep the champion
    "retraining.gate.max_seconds_per_thousand=10000",
]


def test_a_refit_that_ships_what_was_not_compared_is_not_promoted(second_night, inbox, monkeypatch):
    folder, newer = inbox
    write_table(newer, folder / "newer.parquet")
    fit = cycle.train
    kinds = iter(["category_prior", "category_prior", "logistic"])  # two halves, then all

    def train(*args, **kwargs):
        result = fit(*args, **kwargs)
        return replace(result, manifest={**result.manifest, "outcome_kind": next(kinds)})

    lenient = second_night.retraining.gate.model_copy(
        update={
            "margin": -1.0,
            "calibration_tolerance": 1.0,
            "slice_tolerance": 1.0,
            "max_calibration_error": 0.9,
        }
    )
    config = second_night.model_copy(
        update={"retraining": second_night.retraining.model_copy(update={"gate": lenient})}
    )
    monkeypatch.setattr(cycle, "train", train)
    outcome = retrain(config)
    assert (outcome.verdict, champion()) == (KEPT, "1")
    assert [gate.name for gate in outcome.gates if not gate.passed] == ["outcome_kind"]
    assert "outcome kind" in outcome.why


def test_past_items_are_kept_before_the_champion_that_they_belong_to(config, monkeypatch):
    keeping = config.model_copy(
        update={"precedents": config.precedents.model_copy(update={"keep": True})}
    )
    kept_at_the_move = []

    def watched(*args, **kwargs):
        kept_at_the_move.extend(state_dir().glob("precedents-*"))
        return promote(*args, **kwargs)

    monkeypatch.setattr(cycle, "promote", watched)
    assert retrain(keeping).verdict == PROMOTED
    assert len(kept_at_the_move) == 1
    assert open_precedents(load_registered("models:/imrml-demo@champion").manifest) is not None


@pytest.fixture
def inbox(line, tmp_path):
    """A drop folder with the older cases of the invented corpus; the newer ones wait beside it."""
    return drop_older(line, tmp_path)


def drop_older(line, folder):
    items = read_table(line.items).drop(
        columns=["deficiencies", "evidence"]
    )  # the deficiency model is not what is tried here
    is_new = items["decided_on"] > sorted(items["decided_on"].dropna())[int(0.6 * len(items))]
    inbox = folder / "inbox"
    inbox.mkdir()
    write_table(items[~is_new], inbox / "older.parquet")
    return inbox, items[is_new]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """An empty MLflow database, made once: that takes longer than a test."""
    state = tmp_path_factory.mktemp("migrated") / ".imrml"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IMRML_HOME", str(state))
        check_database()
    return state / "mlflow.db"


@pytest.fixture
def config(inbox, database):
    shutil.copy(database, state_dir() / "mlflow.db")
    return load_config(overrides=[*FAST, f"retraining.drop_folder={inbox[0]}"])


@pytest.fixture(scope="module")
def first_night(line, database, tmp_path_factory):
    """A state folder after the first retrain, made once; its drop folder is no longer there."""
    folder = tmp_path_factory.mktemp("first")
    state = folder / ".imrml"
    state.mkdir()
    shutil.copy(database, state / "mlflow.db")
    drop_older(line, folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IMRML_HOME", str(state))
        assert (
            retrain(
                load_config(overrides=[*FAST, f"retraining.drop_folder={folder / 'inbox'}"])
            ).verdict
            == PROMOTED
        )
    return state


@pytest.fixture
def second_night(inbox, first_night):
    """The morning after: a champion, and the same letters in a drop folder of the test's own."""
    shutil.copytree(first_night, state_dir(), dirs_exist_ok=True)
    paths = (  # absolute, where MLflow keeps its artifacts
        ("experiments", "artifact_location"),
        ("runs", "artifact_uri"),
        ("model_versions", "source"),
        ("model_versions", "storage_location"),
        ("logged_models", "artifact_location"),
    )
    with closing(sqlite3.connect(state_dir() / "mlflow.db")) as stored:
        for table, column in paths:
            stored.execute(
                f"update {table} set {column} = replace({column}, ?, ?)",
                (str(first_night), str(state_dir())),
            )
        stored.commit()
    return load_config(overrides=[*FAST, f"retraining.drop_folder={inbox[0]}"])


def killed(*args, **kwargs):
    raise KeyboardInterrupt


def champion():
    versions = list_versions()
    champions = versions[versions["aliases"].str.contains("champion")]
    return None if champions.empty else champions["version"].iloc[0]


def times_of_files():
    """Files of the state folder but the history, which grows, and the lock, which opens anew."""
    return sorted(
        (path, path.stat().st_mtime_ns)
        for path in state_dir().rglob("*")
        if path.is_file() and path.name not in ("nights.jsonl", "retrain.lock")
    )


def test_a_life_of_three_nights(inbox, config, imrml, tmp_path):
    folder, newer = inbox
    first = retrain(config)
    assert (first.verdict, champion()) == (PROMOTED, "1")
    settings = tmp_path / "retrain.yaml"
    settings.write_text(json.dumps(config.model_dump()))
    before = times_of_files()
    quiet = imrml("retrain", "--config", settings)
    assert quiet.code == 3
    assert "no file has arrived" in quiet.err
    assert times_of_files() == before
    write_table(newer, folder / "newer.jsonl")
    night = imrml("retrain", "--config", settings)
    assert night.code in {0, 5}
    assert night.out.splitlines()[1].startswith("log_loss\t")
    assert "challenger learns from" in night.err
    assert (champion() == "2") == (night.code == 0)
    assert len(list_moves("imrml-demo")) == (2 if night.code == 0 else 1)
    assert "Retrain of" in (state_dir() / "retrain.html").read_text()


def test_a_dry_run_moves_nothing(config):
    keeping = config.model_copy(
        update={"precedents": config.precedents.model_copy(update={"keep": True})}
    )
    outcome = retrain(keeping, is_dry_run=True)
    assert outcome.verdict == PROMOTED
    assert not list(state_dir().glob("precedents-*"))
    assert champion() is None
    assert retrain(config).verdict == PROMOTED
    assert champion() == "1"


def test_too_few_new_cases_are_not_worth_a_training(inbox, config):
    few = config.model_copy(
        update={"retraining": config.retraining.model_copy(update={"min_new_cases": 100_000})}
    )
    outcome = retrain(few)
    assert outcome.verdict == NOTHING_NEW
    assert "100,000" in outcome.why


def test_the_window_is_newer_than_all_that_is_learned_from(line):
    data = prepare(read_table(line.items), load_config(overrides=FAST))
    past, newest = split_newest(data, np.ones(len(data.items), dtype=bool), max_cases=60)
    days = data.keys["decided_on"].to_numpy()
    assert len(past) > 100
    assert max(days[past]) <= min(days[newest])
    assert not set(data.groups[past]) & set(data.groups[newest])
    assert len(set(data.cases[newest])) >= 60


def test_a_letter_that_arrives_years_late_does_not_reach_back_the_window(line):
    data = prepare(read_table(line.items), load_config(overrides=FAST))
    days = pd.to_datetime(data.keys["decided_on"])
    is_new = (days > days.quantile(0.8)).to_numpy() | (days == days.min()).to_numpy()
    is_newer = find_newer_cases(data, is_new)
    assert is_newer.sum() == (days > days.quantile(0.8)).sum()
    past, _ = split_newest(data, is_newer, max_cases=5000)
    assert len(past) > 0.7 * len(
        data.items
    )  # with the late letter in the window, next to nothing would be left
    assert set(np.flatnonzero(is_new & ~is_newer)) <= set(past)
    wrong = days.where(np.arange(len(days)) != days[~is_new].index[0], pd.Timestamp("2050-01-01"))
    data.keys["decided_on"] = wrong.dt.strftime("%Y-%m-%d")
    assert (
        find_newer_cases(data, is_new).sum() == is_newer.sum()
    )  # one wrong date does not stop the clock


@pytest.mark.parametrize(
    "step", ["ingest", "train", "save_training", "log_training", "promote", "record_outcome"]
)
def test_killed_at_any_step_the_next_night_finishes_the_work(config, monkeypatch, step):
    with monkeypatch.context() as patched:
        patched.setattr(cycle, step, killed)
        with pytest.raises(KeyboardInterrupt):
            retrain(config)
    assert champion() == ("1" if step == "record_outcome" else None)
    again = retrain(config)
    assert again.verdict == (NOTHING_NEW if step == "record_outcome" else PROMOTED)
    assert champion() is not None
    assert interrupted_retrain() is None


def test_a_second_retrain_is_told_who_is_at_it(config):
    with retrain_lock(), pytest.raises(ImrmlError, match=r"process \d+ on .* is at it"):
        retrain(config)
    assert retrain(config).verdict == PROMOTED


def test_a_champion_that_was_damaged_stops_the_retrain(inbox, second_night):
    for model in state_dir().rglob("artifacts/**/model.skops"):
        model.write_bytes(model.read_bytes()[:-1])
    write_table(inbox[1], inbox[0] / "newer.parquet")
    with pytest.raises(ImrmlError, match="checksums differ"):
        retrain(second_night)
    assert champion() == "1"


def make_outdated(path, **recipe):
    """Let a model look as if other code had made it."""
    manifest = json.loads(path.read_text())
    manifest["made_with"]["code"] = "of other code"
    manifest["answers"]["p_overturned"][0] += 0.01
    manifest["recipe"]["models"]["category_shrinkage"] = recipe.get(
        "shrinkage", manifest["recipe"]["models"]["category_shrinkage"]
    )
    path.write_text(json.dumps(manifest))


def test_a_champion_of_other_code_is_made_again_by_its_own_recipe_only(second_night, inbox):
    [manifest] = state_dir().rglob("artifacts/**/model.json")
    write_table(inbox[1].head(1), inbox[0] / "one.parquet")
    make_outdated(manifest, shrinkage=1.0)
    with pytest.raises(ModelError, match=r"another recipe .models\.category_shrinkage."):
        retrain(second_night)
    assert champion() == "1"
    make_outdated(manifest, shrinkage=second_night.models.category_shrinkage)
    outcome = retrain(second_night)
    assert (outcome.verdict, champion()) == (PROMOTED, "2")
    assert outcome.why == "other code made the champion, so it could not be used"


def test_a_champion_of_another_stage_is_never_compared(second_night, inbox):
    write_table(inbox[1], inbox[0] / "newer.parquet")
    with pytest.raises(ModelError, match=r"of stage and profile .'imr', 'letters'."):
        retrain(second_night.model_copy(update={"stage": "rfa"}))
    assert champion() == "1"


def test_a_clock_that_goes_back_changes_nothing_but_dates(second_night, inbox, monkeypatch):
    import time

    from imrml.retraining.health import diagnose

    real = time.time

    class Behind(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(real() - 40 * 86400, tz)

    monkeypatch.setattr(time, "time", lambda: real() - 40 * 86400)
    for module in ("training.run", "tracking.registry", "retraining.lock", "retraining.health"):
        monkeypatch.setattr(f"imrml.{module}.datetime", Behind)
    [message] = diagnose()
    assert message.startswith("clock: it is ")
    newer = inbox[0] / "newer.parquet"
    write_table(inbox[1], newer)
    os.utime(newer, (0, 0))
    outcome = retrain(second_night)
    assert outcome.gates
    assert champion() == ("2" if outcome.verdict == PROMOTED else "1")
    assert retrain(second_night).verdict == NOTHING_NEW
    assert [move.to_version for move in list_moves("imrml-demo")][-1] == champion()


def test_a_disk_that_is_full_after_the_move_does_not_undo_it(config, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    messages = []
    with monkeypatch.context() as patched:
        patched.setattr(cycle, "record_outcome", full)
        assert retrain(config, report=messages.append).verdict == PROMOTED
    assert "No space left on device" in messages[-1]
    assert retrain(config).verdict == NOTHING_NEW
    assert champion() == "1"


def test_what_a_killed_retrain_left_behind_is_cleared_away(config, monkeypatch):
    import mlflow

    with monkeypatch.context() as patched:
        patched.setattr(mlflow, "log_metrics", killed)
        with pytest.raises(KeyboardInterrupt):
            retrain(config)
    half = state_dir() / "intake" / ".items-ab12cd34.parquet"
    half.write_text("half a table of records")
    assert len(unfinished_runs()) == 1
    assert retrain(config).verdict == PROMOTED
    assert unfinished_runs() == []
    assert not half.exists()


def test_a_dropped_table_at_fault_is_named(config, inbox):
    write_table(inbox[1].assign(item_number="one"), inbox[0] / "odd.csv")
    assert "odd.csv: item_number must hold whole numbers" in only_failure(ingest(config))
    write_table(inbox[1].assign(decision="John Doe won"), inbox[0] / "odd.csv")
    detail = only_failure(ingest(config))
    assert "odd.csv: decision must be" in detail
    assert "rows 1, 2, 3, 4, 5 and " in detail
    assert "John" not in detail


def only_failure(intake):
    (detail,) = read_table(intake.failures)["detail"]
    return detail


def test_a_champion_that_was_rolled_back_is_not_promoted_again_without_news(second_night):
    with pytest.raises(ImrmlError, match="is the champion already"):
        promote("imrml-demo", "again", version="1")
    with connected() as client:  # the same files as one more version
        first = client.get_model_version("imrml-demo", "1")
        client.create_model_version("imrml-demo", first.source, run_id=first.run_id)
    promote("imrml-demo", "try it", version="2")
    roll_back("imrml-demo", "it was no good")
    outcome = retrain(second_night)
    assert (outcome.verdict, champion()) == (NOTHING_NEW, "1")


def test_the_config_must_name_a_drop_folder(tmp_path):
    with pytest.raises(ConfigError, match="name the folder"):
        retrain(load_config())
    with pytest.raises(ConfigError, match="is no folder"):
        retrain(load_config(overrides=[f"retraining.drop_folder={tmp_path / 'absent'}"]))


def test_letters_in_the_drop_folder_are_parsed_once_and_labelled(line, tmp_path):
    config = load_config(overrides=[*FAST, f"retraining.drop_folder={line.letters}"])
    taken = ingest(config)
    assert len(taken.items) == len(read_table(line.items))
    assert taken.items["deficiencies"].map(len).sum() > 0
    again = ingest(config)
    pd.testing.assert_frame_equal(again.items, taken.items)
