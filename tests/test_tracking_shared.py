"""MLflow with others at it: what they delete is named, with the way back."""

import pytest

from imrml.errors import TrackingError
from imrml.tracking import deleted_experiments, log_training
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
