"""Tracking: a run holds all figures, its model answers as the folder does, and no record's text."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import imrml
from imrml.config import state_dir
from imrml.errors import ModelError, TrackingError
from imrml.models import load_model
from imrml.scoring.prediction import score
from imrml.tables.files import read_table
from imrml.tracking import (
    EXAMPLE_REQUEST,
    check_database,
    discard_unfinished,
    list_aliases,
    list_moves,
    list_runs,
    list_versions,
    load_registered,
    log_training,
    promote,
    roll_back,
    tracking_uri,
    unfinished_moves,
    unfinished_runs,
)
from imrml.tracking.bundling import bundle_model
from imrml.tracking.connection import connected
from imrml.tracking.location import relocate

HEADLINES = {
    "auroc",
    "average_precision",
    "log_loss",
    "log_loss_vs_class_prior",
    "log_loss_vs_category_prior",
    "brier",
    "calibration_error",
    "calibration_slope",
    "deficiency_micro_ap",
    "deficiency_hit_at_3",
}

pytestmark = pytest.mark.filterwarnings(
    "ignore"
)  # MLflow's own dependencies warn; our tests of our code do not run here


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
    """The same run in a state folder of the test's own."""
    state, run = first
    shutil.copytree(state, state_dir(), dirs_exist_ok=True)
    relocate()
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
    shown, headline = run.data.metrics, metrics["outcome"]["grouped"]
    assert shown["log_loss"] == pytest.approx(headline["log_loss"]["value"])
    assert shown["calibration_error"] == pytest.approx(headline["ece"]["value"])
    assert shown["log_loss.low"] < shown["log_loss"] < shown["log_loss.high"]
    assert {*shown} >= HEADLINES
    assert len(shown) <= 40
    curve = client.get_metric_history(logged.run_id, "learning_curve.log_loss_vs_category_prior")
    assert [one.step for one in curve] == [50, 100]
    assert run.data.params["models.outcome.kind"] == "logistic"
    assert not [
        name for name in run.data.params if name.startswith(("tracking.", "evaluation.", "limits."))
    ]
    tags = run.data.tags
    assert tags["trained_on"] == "synthetic"
    assert (tags["evaluated_kind"], tags["shipped_kind"]) == (
        "logistic",
        "logistic, blended with both base rates",
    )
    # Three short sentences, then the verdict in full.
    assert tags["mlflow.note.content"].startswith("- On ")
    assert tags["mlflow.note.content"].endswith(load_model(line.model).manifest["verdict"])
    [output] = run.outputs.model_outputs
    shown = client.get_logged_model(output.model_id).tags["mlflow.note.content"]
    assert shown == tags["mlflow.note.content"]
    [dataset] = run.inputs.dataset_inputs
    assert metrics["data"]["fingerprint"].startswith(dataset.dataset.digest)
    files = {file.path for file in client.list_artifacts(logged.run_id)}
    assert files >= {
        "metrics.json",
        "report.html",
        "card.md",
        "config.yaml",
        "splits.yaml",
        "packages.yaml",
    }
    made_with = load_model(line.model).manifest["made_with"]
    assert run.data.tags["git_commit"] == made_with["git_commit"]
    assert len(made_with["git_commit"].removesuffix("-dirty")) in {4, 40}
    plots = {file.path for file in client.list_artifacts(logged.run_id, "plots")}
    assert {"plots/reliability.svg", "plots/learning_curve.svg"} <= plots
    assert json.loads(dataset.dataset.profile)["n_items"] == metrics["data"]["n_items"]
    types = {
        one["name"]: one["type"] for one in json.loads(dataset.dataset.schema)["mlflow_colspec"]
    }
    assert [types[name] for name in ("case_summary", "age")] == ["string", "double"]
    assert types["received_on"] == "datetime"
    version = client.get_model_version_by_alias("imrml-demo", "challenger")
    assert (str(version.version), version.run_id) == (logged.model_version, logged.run_id)
    card = (line.model / "card.md").read_text()
    assert version.description[:4000] == card[:4000]
    assert client.get_registered_model("imrml-demo").description == version.description
    experiment = client.get_experiment(run.info.experiment_id)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert "1 registered models" in check_database()


def test_the_logged_model_answers_as_the_folder_does(logged, line):
    import mlflow

    uri = f"models:/{logged.model_name}@{logged.alias}"
    mlflow.set_registry_uri(tracking_uri())
    served = mlflow.pyfunc.load_model(uri).predict(pd.DataFrame([EXAMPLE_REQUEST]))
    folder = load_model(line.model)
    local = score(folder, pd.DataFrame([EXAMPLE_REQUEST]), allow_demo=True)
    pd.testing.assert_frame_equal(served, local)
    fetched = load_registered(uri)
    assert fetched.manifest["model_version"] == folder.manifest["model_version"]


def test_the_front_door_opens_folder_bundle_and_registry(logged, line, tmp_path):
    bundled = bundle_model(line.model, tmp_path / "model.zip")
    addresses = [line.model, bundled.path, f"models:/{logged.model_name}@{logged.alias}"]
    versions = {imrml.load_model(address).manifest["model_version"] for address in addresses}
    assert versions == {load_model(line.model).manifest["model_version"]}


def test_no_pickle_is_read_on_the_way_to_an_answer(logged, monkeypatch):
    import pickle

    import mlflow

    mlflow.set_registry_uri(tracking_uri())

    def refuse(*args, **kwargs):
        raise AssertionError("a pickle was opened")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    served = mlflow.pyfunc.load_model(f"models:/{logged.model_name}@{logged.alias}")
    assert len(served.predict(pd.DataFrame([EXAMPLE_REQUEST]))) == 1


def test_a_model_loaded_from_the_registry_leaves_no_copy_behind(logged, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    assert (
        load_registered(f"models:/{logged.model_name}@{logged.alias}").manifest["trained_on"]
        == "synthetic"
    )
    assert list(scratch.iterdir()) == []


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
        load_registered("models:/imrml-imr@champion")


def test_a_training_is_logged_once(logged, line):
    assert log_training(line.model).run_id == logged.run_id
    runs = list_runs("imrml")
    assert runs["run_id"].tolist() == [logged.run_id]
    assert runs["log_loss_low"][0] < runs["log_loss"][0] < runs["log_loss_high"][0]


def test_an_interrupted_log_is_replaced_by_a_whole_one(folder, monkeypatch):
    import mlflow

    with monkeypatch.context() as patched:
        patched.setattr(mlflow.pyfunc, "log_model", killed)
        with pytest.raises(KeyboardInterrupt):
            log_training(folder)
    assert list_runs("imrml").empty
    run = log_training(folder)
    assert list_runs("imrml")["run_id"].tolist() == [run.run_id]
    assert list_versions()["version"].tolist() == ["1"]


def test_a_run_killed_before_it_was_registered_is_registered_and_not_logged_again(
    folder, monkeypatch
):
    import mlflow

    with monkeypatch.context() as patched:
        patched.setattr(mlflow, "register_model", killed)
        with pytest.raises(KeyboardInterrupt):
            log_training(folder)
    [run_id] = list_runs("imrml")["run_id"]
    assert list_versions().empty
    assert log_training(folder).run_id == run_id
    assert list_versions()[["version", "aliases"]].to_numpy().tolist() == [["1", "challenger"]]


def killed(*args, **kwargs):
    raise KeyboardInterrupt


def test_a_run_that_was_not_logged_to_its_end_is_told_and_can_be_discarded(folder, monkeypatch):
    import mlflow

    with monkeypatch.context() as patched:
        patched.setattr(mlflow, "log_metrics", killed)
        with pytest.raises(KeyboardInterrupt):
            log_training(folder)
    [told] = unfinished_runs()
    assert "`imrml runs push` its folder" in told
    discard_unfinished(folder)
    assert unfinished_runs() == []
    discard_unfinished(folder.parent)  # no model there: nothing to do


def test_an_old_training_pushed_again_takes_the_alias_from_no_later_one(logged, line):
    later = register_again(logged)
    assert log_training(line.model).model_version in {"1", later}
    assert aliases(logged.model_name) == {later: "challenger"}


def test_a_search_is_a_run_with_its_candidates_below_it(folder, monkeypatch):
    import mlflow

    path = folder / "metrics.json"
    metrics = json.loads(path.read_text())
    rows = [
        {
            "candidate": number,
            "settings": {"models.outcome.c": c},
            "log_loss": c,
            "rank": number + 1,
            "is_chosen": number == 1,
        }
        for number, c in enumerate((0.3, 1.0, 3.0))
    ]
    path.write_text(json.dumps({**metrics, "search": {"method": "grid", "rows": rows}}))
    client = mlflow.MlflowClient(tracking_uri(), tracking_uri())
    with monkeypatch.context() as patched:
        patched.setattr(mlflow, "log_artifact", killed)  # once the candidates are logged
        with pytest.raises(KeyboardInterrupt):
            log_training(folder)
    run = log_training(folder)
    experiment = client.get_run(run.run_id).info.experiment_id
    trials = client.search_runs(
        [experiment], "tags.kind = 'trial'"
    )  # those of the interrupted attempt are gone
    assert {trial.data.tags["mlflow.parentRunId"] for trial in trials} == {run.run_id}
    losses = {
        trial.data.params["models.outcome.c"]: trial.data.metrics["log_loss"] for trial in trials
    }
    assert losses == {"0.3": 0.3, "1.0": 1.0, "3.0": 3.0}
    assert [
        trial.data.metrics["rank"] for trial in trials if trial.data.tags["is_chosen"] == "true"
    ] == [2]
    assert list_runs("imrml", n_runs=1)["run_id"].tolist() == [
        run.run_id
    ]  # candidates are no trainings


def test_a_model_that_somebody_registered_without_a_run_hides_no_other(logged):
    with connected() as client:
        client.create_registered_model("theirs")
        client.create_model_version("theirs", "file:///nowhere")
        client.set_registered_model_tag("theirs", "move-0001", "of the furniture")
        client.set_registered_model_alias("theirs", "champion", "1")
        client.set_registered_model_tag("imrml-demo", "move-x", "{}")
    assert list_versions()["name"].tolist() == ["imrml-demo"]
    assert list_versions("theirs")["outcome_kind"].map(bool).tolist() == [False]
    assert {name for name, _, _ in list_aliases()} == {"imrml-demo"}
    assert unfinished_moves() == []
    assert list_moves("imrml-demo") == ()


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
    return {
        version: names
        for version, names in zip(versions["version"], versions["aliases"], strict=True)
        if names
    }


@pytest.mark.parametrize("killed_at", ["set_registered_model_tag", "set_registered_model_alias"])
def test_a_move_killed_on_its_way_leaves_the_old_champion_and_can_be_finished(
    logged, monkeypatch, killed_at
):
    import mlflow

    register_again(logged)
    name = logged.model_name
    promote(name, "first model", version="1")

    with monkeypatch.context() as patched:
        patched.setattr(mlflow.MlflowClient, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            promote(name, "better", version="2")
    assert aliases(name)["1"].startswith("champion")
    assert len(unfinished_moves()) == (killed_at == "set_registered_model_alias")
    promote(name, "better", version="2")
    assert "champion" in aliases(name)["2"]
    assert unfinished_moves() == []


def test_a_rollback_killed_on_its_way_is_finished_by_another(logged, monkeypatch):
    import mlflow

    register_again(logged)
    name = logged.model_name
    promote(name, "first", version="1")
    promote(name, "better", version="2")
    set_alias = mlflow.MlflowClient.set_registered_model_alias

    def set_previous_only(client, name, alias, version):
        return set_alias(client, name, alias, version) if alias == "previous" else killed()

    with monkeypatch.context() as patched:
        patched.setattr(mlflow.MlflowClient, "set_registered_model_alias", set_previous_only)
        with pytest.raises(KeyboardInterrupt):
            roll_back(name, "odd scores")
    assert aliases(name) == {"2": "challenger, champion, previous"}
    assert "rollback to version 1 was interrupted" in unfinished_moves()[0]
    assert roll_back(name, "odd scores").to_version == "1"
    assert aliases(name) == {"2": "challenger, previous", "1": "champion"}


def test_what_was_decided_about_one_champion_holds_for_no_other(logged):
    second = register_again(logged)
    promote(logged.model_name, "first", version="1")
    with pytest.raises(ModelError, match="version 1 is the champion by now, not None"):
        promote(logged.model_name, "better", version=second, instead_of=None)
    assert promote(logged.model_name, "better", version=second, instead_of="1").to_version == second


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
    assert (
        "instead of version 1" in imrml("registry", "promote", "imrml-demo", "--why", "better").err
    )
    listed = imrml("registry", "list", "imrml-demo").out
    assert "challenger, champion" in listed
    assert ": better" in listed
    assert (
        "version 1 is the champion again"
        in imrml("registry", "rollback", "imrml-demo", "--why", "odd").err
    )
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
