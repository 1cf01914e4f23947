"""Tracking: a run holds all that was found out, its model answers as the folder does, no text of a record goes there."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from imrml.config import load_config, state_dir
from imrml.errors import ModelError
from imrml.models import load_model
from imrml.scoring import score
from imrml.submissions import sort_requests
from imrml.tables import read_table
from imrml.tracking import EXAMPLE_REQUEST, check_database, fetch_model, log_training, tracking_uri

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own dependencies warn; our tests of our code do not run here


@pytest.fixture
def logged(line, tmp_path):
    config = load_config(overrides=["tracking.registered_model=imrml-imr"])
    loaded = load_model(line.model)
    metrics = json.loads((line.model / "metrics.json").read_text())
    keys = read_table(line.items)[["case_number", "item_number", "decision"]]
    folder = shutil.copytree(line.model, tmp_path / "model")
    (folder / "items.csv").write_text("a file of the user's that happens to lie there")
    return log_training(folder, loaded.manifest, metrics, config, keys)


def test_a_run_holds_config_data_metrics_report_and_model(logged, line):
    import mlflow

    assert tracking_uri().startswith("sqlite:///")
    client = mlflow.MlflowClient(tracking_uri())
    run = client.get_run(logged.run_id)
    metrics = json.loads((line.model / "metrics.json").read_text())
    assert run.data.metrics["outcome.grouped.log_loss"] == pytest.approx(metrics["outcome"]["grouped"]["log_loss"]["value"])
    assert run.data.metrics["outcome.grouped.log_loss.low"] < run.data.metrics["outcome.grouped.log_loss.high"]
    assert run.data.params["models.outcome.kind"] == "logistic"
    assert run.data.tags["trained_on"] == "synthetic"
    [dataset] = run.inputs.dataset_inputs
    assert metrics["data"]["fingerprint"].startswith(dataset.dataset.digest)
    files = {file.path for file in client.list_artifacts(logged.run_id)}
    assert files >= {"metrics.json", "report.html", "card.md", "config.yaml"}
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


def test_no_text_of_a_record_reaches_the_state_folder(logged, line):
    items = read_table(line.items)
    summaries = [" ".join(text.split()[6:12]) for text in items["case_summary"][:50]]
    files = [path for path in Path(state_dir()).rglob("*") if path.is_file()]
    assert any(path.name == "model.skops" for path in files)
    for path in files:
        content = path.read_bytes()
        assert b"happens to lie there" not in content
        assert not [words for words in summaries if len(words) > 25 and words.encode() in content]


def test_an_absent_model_says_where_it_was_looked_for():
    with pytest.raises(ModelError, match="not found at sqlite"):
        fetch_model("models:/imrml-imr@champion")
