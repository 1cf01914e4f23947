"""MLflow with others at it: deletions are named with the way back; and what is fetched of it."""

import pytest
from nights import make_inbox, night_config

from imrml.config import load_config
from imrml.errors import TrackingError
from imrml.models import load_model
from imrml.retraining.cycle import retrain
from imrml.tables.files import read_table
from imrml.tracking import (
    alias_version,
    deleted_experiments,
    fetch_model,
    list_aliases,
    list_runs,
    list_versions,
    log_training,
    train,
    unfinished_runs,
)
from imrml.tracking.connection import connected

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn


def test_a_deleted_experiment_is_named_with_the_way_back(line):
    logged = log_training(line.model)
    with connected() as client:
        experiment = client.get_experiment_by_name("imrml")
        client.delete_experiment(experiment.experiment_id)
    way_back = f"mlflow experiments restore --experiment-id {experiment.experiment_id}"
    with pytest.raises(TrackingError, match=way_back):
        log_training(line.model)
    assert [way_back in sentence for sentence in deleted_experiments()] == [True]
    with connected() as client:
        client.restore_experiment(experiment.experiment_id)
    assert deleted_experiments() == []
    assert log_training(line.model).run_id == logged.run_id


def test_an_answer_fetches_the_model_and_not_the_code_that_lies_beside_it(line, tmp_path):
    run = log_training(line.model)
    target = tmp_path / "fetched"
    fetched = fetch_model(f"models:/{run.model_name}@{run.alias}", target)
    named = {path.name for path in target.rglob("*") if path.is_file()}
    assert named == {path.name for path in fetched.iterdir()}
    assert load_model(fetched).manifest["model_version"]


def register_foreign(client, name):
    """Register a version as others do: from a run of theirs, with tags that we use, too."""
    tags = {"model_version": "3.2", "dataset_fingerprint": "theirs"}
    known = client.get_experiment_by_name("imrml")
    experiment = known.experiment_id if known else client.create_experiment("imrml")
    run = client.create_run(experiment, tags=tags)
    client.create_registered_model(name)
    client.create_model_version(name, "file:///nowhere", run.info.run_id, tags=tags)
    client.set_registered_model_alias(name, "champion", "1")
    return run.info.run_id


def test_what_others_track_is_not_listed_whatever_they_name_their_tags(line):
    with connected() as client:
        run_id = register_foreign(client, "credit-risk")  # and it is still running
        logged = log_training(line.model)
        assert list_versions()["name"].tolist() == [logged.model_name]
        assert {name for name, *_ in list_aliases()} == {logged.model_name}
        assert unfinished_runs() == []
        client.set_terminated(run_id)
        assert list_runs("imrml")["run_id"].tolist() == [logged.run_id]
        assert "credit-risk" in {model.name for model in client.search_registered_models()}


def test_an_experiment_that_others_deleted_is_none_of_ours(line):
    with connected() as client:
        run_id = register_foreign(client, "credit-risk")
        client.delete_experiment(client.get_run(run_id).info.experiment_id)
        assert deleted_experiments() == []


def test_a_training_is_refused_before_its_fit_where_the_name_is_somebody_elses(
    line, tmp_path, monkeypatch
):
    with connected() as client:
        register_foreign(client, "imrml-demo")
    monkeypatch.setattr("imrml.tracking.trained.fit_and_evaluate", pytest.fail)
    items, out = read_table(line.items), tmp_path / "model"
    config = load_config()
    with pytest.raises(TrackingError, match=r"somebody else.*1 version, none of this.*registered"):
        train(items, config, out=out)
    assert not out.exists()
    with connected() as client:
        known = client.get_experiment_by_name("imrml")
        assert len(client.search_runs([known.experiment_id])) == 1  # theirs


def test_a_retrain_is_refused_before_its_fit_where_the_name_is_somebody_elses(
    line, tmp_path, monkeypatch
):
    inbox = make_inbox(line, tmp_path)
    with connected() as client:
        register_foreign(client, "imrml-demo")
    monkeypatch.setattr("imrml.retraining.cycle.train", pytest.fail)
    with pytest.raises(TrackingError, match=r"somebody else.*tracking\.registered_model"):
        retrain(night_config(inbox))


def test_a_name_that_is_somebody_elses_is_refused_before_anything_is_logged(line):
    name = "imrml-demo"
    with connected() as client:
        register_foreign(client, name)
        for act in (lambda: log_training(line.model), lambda: alias_version(name, "champion")):
            with pytest.raises(TrackingError, match=r"somebody else.*tracking\.registered_model"):
                act()
        assert list_runs("imrml").empty
        assert len(client.search_model_versions(f"name = '{name}'")) == 1
