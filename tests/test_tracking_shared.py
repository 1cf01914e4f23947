"""MLflow with others at it: deletions are named with the way back; and what is fetched of it."""

import pytest

from imrml.errors import TrackingError
from imrml.models import load_model
from imrml.tracking import deleted_experiments, fetch_model, log_training
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
