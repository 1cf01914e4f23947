"""Experiments of MLflow, and runs that begin in them before their work."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from imrml.errors import TrackingError
from imrml.tracking.connection import artifact_location, connected

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_KIND_TAG = "mlflow.experimentKind"


def find_experiment(client: "MlflowClient", name: str) -> str:
    """Find an experiment by its name, or make it.

    Parameters
    ----------
    client : MlflowClient
        Of the tracking server.
    name : str
        Of the experiment.

    Returns
    -------
    str
        Its id.
    """
    known = client.get_experiment_by_name(name)
    if known:
        return str(known.experiment_id)
    made = client.create_experiment(name, artifact_location=artifact_location())
    # What MLflow's page then shows first: runs and models, not traces.
    client.set_experiment_tag(made, _KIND_TAG, "custom_model_development")
    return str(made)


@contextmanager
def running_training(experiment: str) -> Iterator[str | None]:
    """Start the run of a training before its work, and let it fail where the work fails.

    Parameters
    ----------
    experiment : str
        Name of the MLflow experiment.

    Yields
    ------
    str or None
        Id of the run, to be logged by :func:`~imrml.tracking.runs.log_training`; None where MLflow
        cannot be reached, which that function then says.
    """
    run_id = None
    with suppress(TrackingError), connected() as client:
        experiment_id = find_experiment(client, experiment)
        run_id = client.create_run(experiment_id, run_name="training").info.run_id
    try:
        yield run_id
    except BaseException as error:
        status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        with suppress(TrackingError), connected() as client:
            if run_id is not None:
                # The kind alone: what it says may be long, and is on the console.
                client.set_tag(run_id, "failed_with", type(error).__name__)
                client.set_terminated(run_id, status)
        raise
