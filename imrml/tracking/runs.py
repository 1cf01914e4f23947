"""One MLflow run a training: all that was found out, read from the folder that it wrote.

Because all of it lies in that folder, a run that a dead server refused is delivered later by the
same function.
"""

import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imrml.errors import ModelError, TrackingError
from imrml.masking import MASK
from imrml.models import MODEL_FILES, load_model
from imrml.submissions.columns import SUBMISSION_COLUMNS
from imrml.tracking.connection import connected
from imrml.tracking.experiments import find_experiment
from imrml.tracking.flattening import (
    LEARNING_CURVE,
    fit_parameters,
    flatten_figures,
    headline_figures,
    learning_steps,
)
from imrml.tracking.location import shown_tracking_uri
from imrml.tracking.ownership import OWN_RUNS, require_own_name
from imrml.tracking.plots import read_plots
from imrml.tracking.serving import TABLE, make_example, signature
from imrml.tracking.shipping_code import list_requirements, package_code

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ARTIFACTS = ("metrics.json", "report.html", "card.md")
"""Files of a model's folder that go to MLflow beside the model; none holds text of a record."""

_DESCRIPTION = "mlflow.note.content"
"""Tag that MLflow's pages of a run and of a model show as its description."""
_MAX_PARAM, _MAX_DESCRIPTION = 500, 5_000
"""Characters of a parameter's value and of a description that every MLflow store takes."""
_COLUMN_TYPES = {"Float64": "double", "date": "datetime", "string": "string"}


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """Where a run went.

    Parameters
    ----------
    run_id : str
        MLflow's id.
    tracking_uri : str
        Database or server, without user and password.
    model_name, model_version, alias : str
        In the registry.
    link : str
        Page of the run, or the command that shows it.
    """

    run_id: str
    tracking_uri: str
    model_name: str
    model_version: str
    alias: str
    link: str


def log_training(model_dir: Path, run_id: str | None = None) -> LoggedRun:
    """Log one training and register its model.

    Logged are config, commit, data set, packages, splits, the headline figures (all others are in
    ``metrics.json``), report, plots, card and model. A training that was logged whole is not logged
    again; what an interrupted attempt left behind is deleted first.

    Parameters
    ----------
    model_dir : Path
        Folder with the model, ``metrics.json``, ``report.html`` and ``card.md``, as
        :func:`imrml.tracking.trained.train` writes them.
    run_id : str, optional
        Run that :func:`~imrml.tracking.experiments.running_training` started; a new one is started
        without it.

    Returns
    -------
    LoggedRun
        Where it went.

    Raises
    ------
    TrackingError
        MLflow cannot be reached, or the registered model's name is somebody else's; the folder
        stays as it is and may be delivered later.
    ModelError
        The folder holds no whole training.
    """
    manifest = dict(load_model(model_dir).manifest)
    if absent := [name for name in ARTIFACTS if not (model_dir / name).is_file()]:
        raise ModelError(
            f"{model_dir}: no {', '.join(absent)}; expected a folder that `imrml train --out` wrote"
        )
    metrics = json.loads((model_dir / "metrics.json").read_text(encoding="utf-8"))
    recipe = manifest["recipe"]
    name, alias = registered_name(recipe, manifest), recipe["tracking"]["alias"]
    with connected() as client:
        require_own_name(client, name)
        experiment_id = find_experiment(client, recipe["tracking"]["experiment"])
        whole_id = _keep_whole_run(client, experiment_id, manifest["model_version"]) or _log_run(
            client, experiment_id, run_id, model_dir, manifest, metrics
        )
        # Only a whole run gets a number in the registry, and only a number gets the alias.
        version = _register(client, name, whole_id, str(manifest["model_version"]), alias)
        _describe(client, name, version, (model_dir / "card.md").read_text(encoding="utf-8"))
        return LoggedRun(
            whole_id, shown_tracking_uri(), name, version, alias, _link_to(experiment_id, whole_id)
        )


def _log_run(  # noqa: PLR0917 (of one training)
    client: "MlflowClient",
    experiment_id: str,
    run_id: str | None,
    model_dir: Path,
    manifest: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> str:
    """Log figures, artifacts and the model in one run, new unless its id is given; give its id."""
    import mlflow  # noqa: PLC0415

    recipe, packages = manifest["recipe"], manifest["made_with"]["packages"]
    # Born with its tags, or given them at once: a run that is killed can be told by them.
    title, tags = str(manifest["model_version"]), _tags(manifest, metrics)
    given: dict[str, Any] = {"experiment_id": experiment_id, "run_name": title, "tags": tags}
    with mlflow.start_run(run_id) if run_id else mlflow.start_run(**given) as run:
        mlflow.set_tags({**tags, "mlflow.runName": title})
        client.log_inputs(run.info.run_id, [_describe_dataset(manifest["data"])])
        mlflow.log_params(
            {key: str(value)[:_MAX_PARAM] for key, value in fit_parameters(recipe).items()}
        )
        mlflow.log_dict(recipe, "config.yaml")
        mlflow.log_dict(manifest["splits"], "splits.yaml")
        mlflow.log_dict(packages, "packages.yaml")
        mlflow.log_metrics(headline_figures(metrics, manifest["headline"]))
        for step, value in learning_steps(metrics.get("learning_curve", [])):
            mlflow.log_metric(f"learning_curve.{LEARNING_CURVE}", value, step=step)
        log_trials(experiment_id, metrics.get("search", {}).get("rows", []))
        for file in ARTIFACTS:
            mlflow.log_artifact(str(model_dir / file))
        for plot, drawn in read_plots(model_dir / "report.html").items():
            mlflow.log_text(drawn, f"plots/{plot}.svg")
        # Only the model's own files: whatever else lies in the folder may hold records.
        with (
            _staged(model_dir) as staged,
            package_code() as code_paths,
            redirect_stderr(io.StringIO()),  # which hides MLflow's announcements
        ):
            mlflow.pyfunc.log_model(
                name="model",
                loader_module="imrml.tracking.serving",
                data_path=str(staged),
                signature=signature(model_dir),
                input_example=make_example(recipe["features"]["extra_columns"]),
                code_paths=code_paths,
                model_config={"answer": TABLE},
                pip_requirements=list_requirements(packages),
                # The model's page shows it as its description, as the run's page does.
                tags={_DESCRIPTION: tags[_DESCRIPTION]},
            )
    return str(run.info.run_id)


def fetch_reports(name: str, version: str, folder: Path) -> None:
    """Fetch figures, report and card of the run behind a registered version.

    Parameters
    ----------
    name, version : str
        In the registry.
    folder : Path
        Where to.

    Raises
    ------
    TrackingError
        MLflow is away, or the run has none.
    """
    with connected() as client:
        run_id = client.get_model_version(name, version).run_id
        if run_id is None:
            raise TrackingError(
                f"model {name!r} version {version}: registered without a run, expected one that"
                " holds its report and card; train and register it again"
            )
        for file in ARTIFACTS:
            client.download_artifacts(run_id, file, str(folder))


def _describe(client: "MlflowClient", name: str, version: str, card: str) -> None:
    """Put the card on the version, and on the registered model where an alias names it."""
    more = "\n\n(the rest is in card.md of the run)"
    if len(card) > _MAX_DESCRIPTION:
        card = card[: _MAX_DESCRIPTION - len(more)] + more
    client.update_model_version(name, version, description=card)
    if version in {str(one) for one in client.get_registered_model(name).aliases.values()}:
        client.update_registered_model(name, description=card)


def log_trials(experiment_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Log each candidate of a search as a run below the one that is going on.

    Parameters
    ----------
    experiment_id : str
        Of the run that is going on.
    rows : sequence of mapping
        One a candidate, as ``metrics["search"]["rows"]`` lists them: ``candidate`` (its number),
        ``settings`` (path to value) and figures, which are plain numbers or FIGUREs by name;
        ``is_chosen`` becomes a tag.
    """
    import mlflow  # noqa: PLC0415

    for row in rows:
        tags = {"kind": "trial", "is_chosen": str(bool(row.get("is_chosen"))).lower()}
        figures = {
            name: figure if isinstance(figure, Mapping) else {"value": figure}
            for name, figure in row.items()
            if name not in ("candidate", "settings", "is_chosen")
        }
        with mlflow.start_run(
            experiment_id=experiment_id,
            run_name=f"candidate {row['candidate']}",
            nested=True,
            tags=tags,
        ):
            mlflow.log_params(
                {key: str(value)[:_MAX_PARAM] for key, value in row["settings"].items()}
            )
            mlflow.log_metrics(flatten_figures(figures))


def _keep_whole_run(client: "MlflowClient", experiment_id: str, model_version: str) -> str | None:
    """Find the run of a training that was logged whole, and delete interrupted attempts."""
    whole = None
    for run in client.search_runs([experiment_id], f"tags.model_version = '{model_version}'"):
        if run.info.status == "FINISHED":
            whole = str(run.info.run_id)
        else:
            for below in client.search_runs(
                [experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
            ):
                client.delete_run(below.info.run_id)
            client.delete_run(run.info.run_id)
    return whole


def _register(
    client: "MlflowClient", name: str, run_id: str, model_version: str, alias: str
) -> str:
    """Give the model of a run its number and the alias, unless an earlier attempt came so far."""
    import mlflow  # noqa: PLC0415

    known = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    if known:
        number = str(known[0].version)
    else:
        with redirect_stderr(io.StringIO()):
            number = str(
                mlflow.register_model(
                    f"runs:/{run_id}/model", name, tags={"model_version": model_version}
                ).version
            )
    holder = client.get_registered_model(name).aliases.get(alias)
    if holder is None or int(holder) < int(
        number
    ):  # an old training that is pushed again takes the alias from no later one
        client.set_registered_model_alias(name, alias, number)
    return number


def discard_unfinished(model_dir: Path) -> None:
    """Delete what an interrupted attempt to log a folder's training left behind in MLflow.

    Parameters
    ----------
    model_dir : Path
        As for :func:`log_training`; a folder without a readable ``model.json`` was never logged.
    """
    try:
        manifest = json.loads((model_dir / "model.json").read_text(encoding="utf-8"))
        experiment, model_version = (
            manifest["recipe"]["tracking"]["experiment"],
            manifest["model_version"],
        )
    except (OSError, ValueError, KeyError):
        return
    with connected() as client:
        if known := client.get_experiment_by_name(experiment):
            _keep_whole_run(client, known.experiment_id, model_version)


def unfinished_runs() -> list[str]:
    """Find trainings that were not logged to their end: their process was killed, or is at it.

    Returns
    -------
    list of str
        A sentence each.
    """
    with connected() as client:
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        unfinished = client.search_runs(
            experiments, f"attributes.status != 'FINISHED' and {OWN_RUNS}"
        )
    return [
        f"run {run.info.run_id} (model {run.data.tags['model_version']}) was not logged to its "
        "end; if no training is at work, "
        f"`imrml runs push` its folder, or `mlflow runs delete --run-id {run.info.run_id}`"
        for run in unfinished
    ]


def registered_name(recipe: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Name the registered model; what learned from invented letters never gets a real one's name.

    Parameters
    ----------
    recipe : mapping
        Config by section, with ``stage`` and ``tracking``.
    manifest : mapping
        With ``trained_on``.

    Returns
    -------
    str
        Such as ``imrml-imr``.

    Examples
    --------
    >>> recipe = {"stage": "imr", "tracking": {"registered_model": None}}
    >>> [registered_name(recipe, {"trained_on": kind}) for kind in ("real", "synthetic")]
    ['imrml-imr', 'imrml-demo']
    """
    if manifest["trained_on"] == "synthetic":
        return "imrml-demo"
    return str(recipe["tracking"]["registered_model"] or f"imrml-{recipe['stage']}")


def _tags(manifest: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, str]:
    facts, brief = manifest["data"], metrics["verdict"].get("brief", [])
    return {
        "dataset_fingerprint": facts["fingerprint"],
        "n_items": str(facts["n_items"]),
        "trained_on": manifest["trained_on"],
        "stage": manifest["stage"],
        "outcome_kind": manifest["outcome_kind"],
        "evaluated_kind": manifest["recipe"]["models"]["outcome"]["kind"],
        "shipped_kind": manifest["data"].get("ships", manifest["outcome_kind"]),
        "split": manifest["headline"],
        "verdict": manifest["verdict"],
        "model_version": manifest["model_version"],
        "git_commit": manifest["made_with"]["git_commit"],
        "python": manifest["made_with"]["python"],
        # Markdown, which the run's page shows first.
        _DESCRIPTION: "\n".join(
            [*(f"- {sentence}" for sentence in brief), "", str(manifest["verdict"])]
        ),
        # Of the package, not of the folder one stands in, which MLflow would note.
        "mlflow.source.git.commit": manifest["made_with"]["git_commit"],
        "mlflow.source.name": "imrml train",
    }


def _describe_dataset(facts: Mapping[str, Any]) -> Any:
    """Describe the training items to MLflow: schema, counts and fingerprint, without any item."""
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415

    types = {column.name: _COLUMN_TYPES[column.dtype] for column in SUBMISSION_COLUMNS}
    schema = {
        "mlflow_colspec": [
            {"name": name, "type": types.get(name, "string"), "required": False}
            for name in facts["columns"]
        ]
    }
    counts = {key: facts[key] for key in ("n_items", "n_cases", "n_overturned", "n_labelled")}
    dataset = Dataset(
        name=f"items-{facts['trained_on']}",
        digest=str(facts["fingerprint"])[:32],
        source_type="local",
        source=json.dumps({"uri": "not recorded: item tables are health data"}),
        schema=json.dumps(schema),
        profile=json.dumps(counts),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _link_to(experiment_id: str, run_id: str) -> str:
    """Give the page of a run, or the command that shows it."""
    uri = shown_tracking_uri()
    if uri.startswith("http"):
        uri = uri.replace(f"{MASK}@", "")  # a browser would send the mask as the user
        return f"{uri.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"
    return f"mlflow ui --backend-store-uri {uri}, then #/experiments/{experiment_id}/runs/{run_id}"


@contextmanager
def _staged(model_dir: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as temporary:
        staged = Path(temporary, "model")
        staged.mkdir()
        for name in MODEL_FILES:
            shutil.copy(model_dir / name, staged / name)
        yield staged
