"""Tracking: a run holds all that was found out, its model answers as the folder does, no text of a record goes there."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from imrml.config import state_dir
from imrml.errors import ModelError, TrackingError
from imrml.models import load_model
from imrml.scoring import score
from imrml.submissions import sort_requests
from imrml.tables import read_table
from imrml.tracking import (
    EXAMPLE_REQUEST,
    check_database,
    fetch_model,
    list_moves,
    list_runs,
    list_versions,
    log_training,
    promote,
    roll_back,
    tracking_uri,
    unfinished_moves,
)
from imrml.tracking.connection import connected

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn; our tests of our code do not run here


@pytest.fixture
def folder(line, tmp_path):
    copied = shutil.copytree(line.model, tmp_path / "model")
    (copied / "items.csv").write_text("a file of the user's that happens to lie there")
    return copied


@pytest.fixture(scope="module")
def first(line, tmp_path_factory):
    """One training, logged once for the module: the state folder and the run."""
    state = tmp_path_factory.mktemp("tracked") / ".imrml"
    folder = shutil.copytree(line.model, state.parent / "model")
    (folder / "items.csv").write_text("a file of the user's that happens to lie there")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IMRML_HOME", str(state))
        return state, log_training(folder)


@pytest.fixture
def logged(first):
    """The same run in a database of the test's own; its artifacts lie where they were logged."""
    state, run = first
    shutil.copy(state / "mlflow.db", state_dir() / "mlflow.db")
    return run


def register_again(run):
    """Register the same files as one more version, the new challenger."""
    with connected() as client:
        source = client.get_model_version(run.model_name, run.model_version).source
        version = client.create_model_version(run.model_name, source, run_id=run.run_id).version
        client.set_registered_model_alias(run.model_name, "challenger", version)
    return str(version)


def test_a_run_holds_config_data_metrics_report_and_model(logged, line):
    import mlflow

    assert tracking_uri().startswith("sqlite:///")
    client = mlflow.MlflowClient(tracking_uri(), tracking_uri())
    run = client.get_run(logged.run_id)
    metrics = json.loads((line.model / "metrics.json").read_text())
    assert run.data.metrics["outcome.grouped.log_loss"] == pytest.approx(metrics["outcome"]["grouped"]["log_loss"]["value"])
    assert run.data.metrics["outcome.grouped.log_loss.low"] < run.data.metrics["outcome.grouped.log_loss.high"]
    assert run.data.params["models.outcome.kind"] == "logistic"
    assert run.data.tags["trained_on"] == "synthetic"
    [dataset] = run.inputs.dataset_inputs
    assert metrics["data"]["fingerprint"].startswith(dataset.dataset.digest)
    files = {file.path for file in client.list_artifacts(logged.run_id)}
    assert files >= {"metrics.json", "report.html", "card.md", "config.yaml", "splits.yaml", "packages.yaml"}
    assert len(run.data.tags["git_commit"]) in {4, 40}
    assert json.loads(dataset.dataset.profile)["n_items"] == metrics["data"]["n_items"]
    assert "case_summary" in dataset.dataset.schema
    version = client.get_model_version_by_alias("imrml-demo", "challenger")
    assert (str(version.version), version.run_id) == (logged.model_version, logged.run_id)
    assert "1 registered models" in check_database()


def test_the_logged_model_answers_as_the_folder_does(logged, line):
    import mlflow

    uri = f"models:/{logged.model_name}@{logged.alias}"
    mlflow.set_registry_uri(tracking_uri())
    served = mlflow.pyfunc.load_model(uri).predict(pd.DataFrame([EXAMPLE_REQUEST]))
    folder = load_model(line.model)
    local = score(folder, sort_requests(pd.DataFrame([EXAMPLE_REQUEST]), "imr"), allow_demo=True)
    pd.testing.assert_frame_equal(served, local)
    fetched = load_model(fetch_model(uri))
    assert fetched.manifest["model_version"] == folder.manifest["model_version"]


def test_no_text_of_a_record_reaches_the_state_folder(first, line):
    items = read_table(line.items)
    summaries = [" ".join(text.split()[6:12]) for text in items["case_summary"][:50]]
    files = [path for path in Path(first[0]).rglob("*") if path.is_file()]
    assert any(path.name == "model.skops" for path in files)
    for path in files:
        content = path.read_bytes()
        assert b"happens to lie there" not in content
        assert not [words for words in summaries if len(words) > 25 and words.encode() in content]


def test_an_absent_model_says_where_it_was_looked_for():
    with pytest.raises(ModelError, match="not found at sqlite"):
        fetch_model("models:/imrml-imr@champion")


def test_a_training_is_logged_once(logged, line):
    assert log_training(line.model).run_id == logged.run_id
    runs = list_runs("imrml")
    assert runs["run_id"].tolist() == [logged.run_id]
    assert runs["log_loss_low"][0] < runs["log_loss"][0] < runs["log_loss_high"][0]


def test_an_interrupted_log_is_replaced_by_a_whole_one(folder, monkeypatch):
    import mlflow

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mlflow.pyfunc, "log_model", killed)
        with pytest.raises(KeyboardInterrupt):
            log_training(folder)
    assert list_runs("imrml").empty
    run = log_training(folder)
    assert list_runs("imrml")["run_id"].tolist() == [run.run_id]
    assert list_versions()["version"].tolist() == ["1"]


def test_moves_of_the_champion_are_written_down_and_can_be_undone(logged):
    second = register_again(logged)
    name = logged.model_name
    assert promote(name, "first model", version="1", who="ann").from_version is None
    moved = promote(name, "better log loss")
    assert (moved.from_version, moved.to_version) == ("1", second)
    assert aliases(name) == {"2": "challenger, champion", "1": "previous"}
    back = roll_back(name, "staff report odd scores", who="ben")
    assert aliases(name) == {"2": "challenger, previous", "1": "champion"}
    assert [move.who for move in list_moves(name)][::2] == ["ann", "ben"]
    assert list_moves(name)[-1] == back
    assert unfinished_moves() == []


def aliases(name):
    versions = list_versions(name)
    return {version: names for version, names in zip(versions["version"], versions["aliases"], strict=True) if names}


@pytest.mark.parametrize("killed_at", ["set_registered_model_tag", "set_registered_model_alias"])
def test_a_move_killed_on_its_way_leaves_the_old_champion_and_can_be_finished(logged, monkeypatch, killed_at):
    import mlflow

    register_again(logged)
    name = logged.model_name
    promote(name, "first model", version="1")

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mlflow.MlflowClient, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            promote(name, "better", version="2")
    assert aliases(name)["1"].startswith("champion")
    assert len(unfinished_moves()) == (killed_at == "set_registered_model_alias")
    promote(name, "better", version="2")
    assert "champion" in aliases(name)["2"]
    assert unfinished_moves() == []


def test_a_damaged_version_is_never_promoted(logged, monkeypatch):
    monkeypatch.setattr(Path, "read_bytes", lambda path, read=Path.read_bytes: read(path)[:-1])
    with pytest.raises(ModelError, match="checksums differ"):
        promote(logged.model_name, "new")
    assert aliases(logged.model_name) == {"1": "challenger"}


@pytest.mark.parametrize(
    ("move", "message"),
    [
        (lambda name: promote("imrml-xyz", "why"), "no such registered model"),
        (lambda name: promote(name, "why", version="9"), "not found"),
        (lambda name: roll_back(name, "why"), "no earlier champion"),
        (lambda name: [promote(name, "why"), promote(name, "why")], "is the champion already"),
    ],
)
def test_a_move_that_cannot_be_made_says_why(logged, move, message):
    with pytest.raises(ModelError, match=message):
        move(logged.model_name)


def test_the_commands_list_move_and_undo(imrml, logged):
    register_again(logged)
    assert imrml("registry", "promote", "imrml-demo", "--why", "first", "--version", "1").code == 0
    assert "instead of version 1" in imrml("registry", "promote", "imrml-demo", "--why", "better").err
    listed = imrml("registry", "list", "imrml-demo").out
    assert "challenger, champion" in listed
    assert ": better" in listed
    assert "version 1 is the champion again" in imrml("registry", "rollback", "imrml-demo", "--why", "odd").err
    runs = imrml("runs").out.splitlines()
    assert len(runs) == 2
    assert logged.run_id in runs[1]


def test_a_server_that_is_away_loses_nothing(imrml, folder, monkeypatch):
    with monkeypatch.context() as away:
        away.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        with pytest.raises(TrackingError, match="check MLFLOW_TRACKING_URI"):
            log_training(folder)
        assert imrml("runs", "push", folder).code == 1
    pushed = imrml("runs", "push", folder)
    assert pushed.code == 0
    assert "models:/imrml-demo@challenger (version 1)" in pushed.err
