"""A search over settings as MLflow shows it: one run for the search, one nested run a trial."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from imrml.provenance import describe_environment
from imrml.tracking.connection import connected
from imrml.tracking.runs import MAX_PARAM, describe_dataset, find_experiment, flatten, flatten_figures, link_to


def log_search(recipe: Mapping[str, Any], data: Mapping[str, Any], trials: Sequence[Mapping[str, Any]]) -> str:
    """Log a search: its resolved config, data set and commit on the parent run, each trial on a child run.

    Parameters
    ----------
    recipe : mapping
        The config that the search started from (``config.model_dump()``); ``tracking.experiment`` says where the runs go.
    data : mapping
        Facts about the items, from :func:`imrml.training_data.describe_data`.
    trials : sequence of mapping
        A row a trial: ``settings`` (dotted path to value, what the trial changed) and ``figures`` (nested FIGUREs, or plain
        numbers by name). Other keys are kept in ``trials.json``. The first is shown as the best: give them best first.

    Returns
    -------
    str
        Page of the parent run, or the command that shows it.

    Raises
    ------
    TrackingError
        MLflow cannot be reached; the trials are still in the caller's hands.
    """
    made_with = describe_environment()
    with connected() as client:
        import mlflow  # noqa: PLC0415

        experiment_id = find_experiment(client, recipe["tracking"]["experiment"])
        tags = {
            "kind": "search",
            "n_trials": str(len(trials)),
            "stage": recipe["stage"],
            "git_commit": made_with["git_commit"],
            "dataset_fingerprint": data["fingerprint"],
        }
        with mlflow.start_run(experiment_id=experiment_id, run_name=f"search of {len(trials)}", tags=tags) as parent:
            client.log_inputs(parent.info.run_id, [describe_dataset(data)])
            mlflow.log_dict(dict(recipe), "config.yaml")
            mlflow.log_dict(made_with["packages"], "packages.yaml")
            mlflow.log_text(json.dumps(list(trials), indent=1, default=str) + "\n", "trials.json")
            for number, trial in enumerate(trials, start=1):
                with mlflow.start_run(
                    experiment_id=experiment_id, run_name=f"trial {number}", nested=True, tags={"kind": "trial"}
                ):
                    _log_trial(trial)
            if trials:
                _log_trial(trials[0])
        return link_to(experiment_id, parent.info.run_id)


def _log_trial(trial: Mapping[str, Any]) -> None:
    import mlflow  # noqa: PLC0415

    mlflow.log_params({key: str(value)[:MAX_PARAM] for key, value in flatten(trial["settings"]).items()})
    plain = {key: {"value": value} if isinstance(value, (int, float)) else value for key, value in trial["figures"].items()}
    mlflow.log_metrics(flatten_figures(plain))
