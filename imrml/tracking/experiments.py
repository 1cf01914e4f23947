"""Experiments of MLflow, and runs that begin in them before their work."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pandas as pd

from imrml.errors import TrackingError
from imrml.tracking.connection import artifact_location, connected
from imrml.tracking.interrupted import (
    MARK_TAG,
    Terminated,
    ending_runs_when_terminated,
    marked,
)
from imrml.tracking.location import shown_tracking_uri
from imrml.tracking.ownership import OWN_RUNS

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

    Raises
    ------
    TrackingError
        It was deleted in MLflow; says how it is restored.
    """
    known = client.get_experiment_by_name(name)
    if known:
        if known.lifecycle_stage == "deleted":
            raise TrackingError(describe_deleted(name, known.experiment_id))
        return str(known.experiment_id)
    made = client.create_experiment(name, artifact_location=artifact_location())
    # What MLflow's page then shows first: runs and models, not traces.
    client.set_experiment_tag(made, _KIND_TAG, "custom_model_development")
    return str(made)


def describe_deleted(name: str, experiment_id: str) -> str:
    """Say that an experiment was deleted in MLflow, and how it is restored.

    Parameters
    ----------
    name, experiment_id : str
        Of the experiment.

    Returns
    -------
    str
    """
    return (
        f"experiment {name} was deleted at {shown_tracking_uri()}, nothing can be logged to it: "
        f"restore it with `mlflow experiments restore --experiment-id {experiment_id}` (with "
        "MLFLOW_TRACKING_URI set to that place), or name another by tracking.experiment"
    )


def deleted_experiments() -> list[str]:
    """Find experiments that hold trainings of this program and were deleted in MLflow.

    Returns
    -------
    list of str
        A sentence each, with the command that restores it.
    """
    with connected() as client:
        from mlflow.entities import ViewType  # noqa: PLC0415

        return [
            describe_deleted(experiment.name, experiment.experiment_id)
            for experiment in client.search_experiments(view_type=ViewType.DELETED_ONLY)
            if client.search_runs(
                [experiment.experiment_id],
                OWN_RUNS,
                run_view_type=ViewType.ALL,
                max_results=1,
            )
        ]


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
    with ending_runs_when_terminated(), marked() as mark:
        with suppress(TrackingError), connected() as client:
            experiment_id = find_experiment(client, experiment)
            tags = {MARK_TAG: mark}
            run_id = client.create_run(experiment_id, run_name="training", tags=tags).info.run_id
        try:
            yield run_id
        except BaseException as error:
            is_killed = isinstance(error, KeyboardInterrupt | Terminated)
            status = "KILLED" if is_killed else "FAILED"
            with suppress(TrackingError), connected() as client:
                if run_id is not None:
                    # The kind alone: what it says may be long, and is on the console.
                    client.set_tag(run_id, "failed_with", type(error).__name__)
                    client.set_terminated(run_id, status)
            raise


def list_runs(experiment: str, n_runs: int = 20) -> pd.DataFrame:
    """List the latest trainings of an experiment with their headline figures, newest first.

    Parameters
    ----------
    experiment : str
        Name of the MLflow experiment.
    n_runs : int, default=20
        At most so many.

    Returns
    -------
    DataFrame
        ``model_version``, ``run_id``, ``stage``, ``trained_on``, ``outcome_kind``, ``n_items``,
        ``split`` (of the headline), ``log_loss`` with ``log_loss_low`` and ``log_loss_high``,
        ``auroc`` and ``ece``, a row a run; the verdict, a paragraph, is a tag of the run.
    """
    with connected() as client:
        known = client.get_experiment_by_name(experiment)
        runs = (
            []
            if known is None
            # Runs without a model are trials of a search, or somebody else's in the same
            # experiment.
            else client.search_runs(
                [known.experiment_id],
                f"attributes.status = 'FINISHED' and {OWN_RUNS}",
                max_results=n_runs,
            )
        )
    rows = []
    for run in runs:
        tags, figures = run.data.tags, run.data.metrics
        rows.append(
            {
                "model_version": tags["model_version"],
                "run_id": run.info.run_id,
                **{
                    key: tags.get(key, "")
                    for key in ("stage", "trained_on", "outcome_kind", "n_items", "split")
                },
                "log_loss": figures.get("log_loss"),
                "log_loss_low": figures.get("log_loss.low"),
                "log_loss_high": figures.get("log_loss.high"),
                "auroc": figures.get("auroc"),
                "ece": figures.get("calibration_error"),
            }
        )
    return pd.DataFrame(rows)
