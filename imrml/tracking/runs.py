"""One MLflow run a training: everything that was found out, read from the folder that the training wrote.

Because all of it lies in that folder, a run that a dead server refused is delivered later by the same function.
"""

import io
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.errors import ModelError
from imrml.models import MODEL_FILES, load_model
from imrml.tracking.connection import artifact_location, connected, tracking_uri
from imrml.tracking.serving import EXAMPLE_REQUEST, signature

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

REQUIREMENTS = ("imrml", "scikit-learn", "pandas", "skops", "numpy", "scipy")
ARTIFACTS = ("metrics.json", "report.html", "card.md")
"""Files of a model's folder that go to MLflow beside the model; none holds text of a record."""

_NOT_IN_METRIC_NAMES = re.compile(r"[^\w\-. :/]")
_MAX_PARAM = 500
"""Characters of a parameter's value that every MLflow store takes."""


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """Where a run went.

    Parameters
    ----------
    run_id : str
        MLflow's id.
    tracking_uri : str
        Database or server.
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


def log_training(model_dir: Path) -> LoggedRun:
    """Log one training: config, commit, data set, packages, splits, metrics, report, card and model; register the model.

    A training that was logged whole is not logged again; what an interrupted attempt left behind is deleted first.

    Parameters
    ----------
    model_dir : Path
        Folder with the model, ``metrics.json``, ``report.html`` and ``card.md``, as :func:`imrml.training.train` found them.

    Raises
    ------
    TrackingError
        MLflow cannot be reached; the folder stays as it is and may be delivered later.
    ModelError
        The folder holds no whole training.
    """
    manifest = dict(load_model(model_dir).manifest)
    if absent := [name for name in ARTIFACTS if not (model_dir / name).is_file()]:
        raise ModelError(f"{model_dir}: no {', '.join(absent)}; expected a folder that `imrml train --out` wrote")
    metrics = json.loads((model_dir / "metrics.json").read_text(encoding="utf-8"))
    recipe = manifest["recipe"]
    name, alias = registered_name(recipe, manifest), recipe["tracking"]["alias"]
    with connected() as client:
        import mlflow  # noqa: PLC0415

        experiment_id = _experiment(client, recipe["tracking"]["experiment"])
        for run in _runs_of(client, experiment_id, manifest["model_version"]):
            if found := _registered(client, name, run):
                return LoggedRun(run.info.run_id, tracking_uri(), name, found, alias, _link(experiment_id, run.info.run_id))
            client.delete_run(run.info.run_id)
        with mlflow.start_run(experiment_id=experiment_id, run_name=str(manifest["model_version"])) as run:
            run_id = run.info.run_id
            mlflow.set_tags(_tags(manifest))
            client.log_inputs(run_id, [_dataset(manifest["data"])])
            mlflow.log_params({key: str(value)[:_MAX_PARAM] for key, value in _flat(recipe).items()})
            mlflow.log_dict(recipe, "config.yaml")
            mlflow.log_dict(manifest["splits"], "splits.yaml")
            mlflow.log_dict({package: version(package) for package in REQUIREMENTS}, "packages.yaml")
            mlflow.log_metrics(_flat_figures(metrics))
            for file in ARTIFACTS:
                mlflow.log_artifact(str(model_dir / file))
            # Only the model's own files: whatever else lies in the folder may hold records.
            with _staged(model_dir) as staged, redirect_stderr(io.StringIO()):  # which hides MLflow's announcements
                info = mlflow.pyfunc.log_model(
                    name="model",
                    loader_module="imrml.tracking.serving",
                    data_path=str(staged),
                    signature=signature(model_dir),
                    input_example=pd.DataFrame([EXAMPLE_REQUEST]),
                    pip_requirements=[f"{package}=={version(package)}" for package in REQUIREMENTS],
                    registered_model_name=name,
                )
            number = str(info.registered_model_version)
            client.set_model_version_tag(name, number, "model_version", str(manifest["model_version"]))
            client.set_registered_model_alias(name, alias, number)
        return LoggedRun(run_id, tracking_uri(), name, number, alias, _link(experiment_id, run_id))


def registered_name(recipe: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Name the registered model: what learned from invented letters never gets the name of a real model.

    Examples
    --------
    >>> recipe = {"stage": "imr", "tracking": {"registered_model": None}}
    >>> registered_name(recipe, {"trained_on": "real"}), registered_name(recipe, {"trained_on": "synthetic"})
    ('imrml-imr', 'imrml-demo')
    """
    if manifest["trained_on"] == "synthetic":
        return "imrml-demo"
    return str(recipe["tracking"]["registered_model"] or f"imrml-{recipe['stage']}")


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
        ``model_version``, ``run_id``, ``stage``, ``trained_on``, ``outcome_kind``, ``n_items``, ``split`` (of the headline),
        ``log_loss`` with ``log_loss_low`` and ``log_loss_high``, ``auroc``, ``ece`` and the ``verdict``, a row a run.
    """
    with connected() as client:
        found = client.get_experiment_by_name(experiment)
        runs = (
            []
            if found is None
            else client.search_runs([found.experiment_id], "attributes.status = 'FINISHED'", max_results=n_runs)
        )
    rows = []
    for run in runs:
        tags, figures = run.data.tags, run.data.metrics
        if "model_version" not in tags:  # somebody else's run in the same experiment
            continue
        prefix = f"outcome.{tags.get('split', '')}"
        rows.append(
            {
                "model_version": tags["model_version"],
                "run_id": run.info.run_id,
                **{key: tags.get(key, "") for key in ("stage", "trained_on", "outcome_kind", "n_items", "split")},
                "log_loss": figures.get(f"{prefix}.log_loss"),
                "log_loss_low": figures.get(f"{prefix}.log_loss.low"),
                "log_loss_high": figures.get(f"{prefix}.log_loss.high"),
                "auroc": figures.get(f"{prefix}.auroc"),
                "ece": figures.get(f"{prefix}.ece"),
                "verdict": tags.get("verdict", ""),
            }
        )
    return pd.DataFrame(rows)


def _experiment(client: "MlflowClient", name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name, artifact_location=artifact_location()))


def _runs_of(client: "MlflowClient", experiment_id: str, model_version: str) -> list["Run"]:
    return list(client.search_runs([experiment_id], f"tags.model_version = '{model_version}'"))


def _registered(client: "MlflowClient", name: str, run: "Run") -> str | None:
    """Tell the registry's number for a run that was logged whole; None where it was interrupted."""
    if run.info.status != "FINISHED":
        return None
    versions = client.search_model_versions(f"name = '{name}' and run_id = '{run.info.run_id}'")
    return str(versions[0].version) if versions else None


def _tags(manifest: Mapping[str, Any]) -> dict[str, str]:
    facts = manifest["data"]
    return {
        "dataset_fingerprint": facts["fingerprint"],
        "n_items": str(facts["n_items"]),
        "trained_on": manifest["trained_on"],
        "stage": manifest["stage"],
        "outcome_kind": manifest["outcome_kind"],
        "split": manifest["headline"],
        "verdict": manifest["verdict"],
        "model_version": manifest["model_version"],
        "git_commit": _git_commit(),
    }


def _git_commit() -> str:
    """Commit of the folder in which the training runs (config and code of a project), ``"none"`` outside any checkout."""
    try:
        asked = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607 as on PATH
    except FileNotFoundError:
        return "none"
    return asked.stdout.strip() or "none"


def _dataset(facts: Mapping[str, Any]) -> Any:
    """Describe the training items to MLflow without any of them: schema, counts and the fingerprint as digest."""
    from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415

    schema = {"mlflow_colspec": [{"name": name, "type": "string", "required": False} for name in facts["columns"]]}
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


def _link(experiment_id: str, run_id: str) -> str:
    uri = tracking_uri()
    if uri.startswith("http"):
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


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _flat_figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Name each figure ``outcome.time_forward.auroc`` with its bounds beside it; what does not apply is left out."""
    flat: dict[str, float] = {}

    def walk(node: object, path: str) -> None:
        if not isinstance(node, Mapping):
            return
        if isinstance(node.get("value"), (int, float)):
            flat[path] = float(node["value"])
            flat.update({f"{path}.{end}": float(node[end]) for end in ("low", "high") if isinstance(node.get(end), (int, float))})
            return
        for key, inner in node.items():
            # MLflow refuses a name with a comma, and the state's codes hold some.
            part = _NOT_IN_METRIC_NAMES.sub("_", str(key))
            walk(inner, f"{path}.{part}" if path else part)

    for block in ("outcome", "baselines", "deficiencies", "slices"):
        walk(metrics.get(block, {}), block)
    return flat
