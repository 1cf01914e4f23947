"""The only door to MLflow: runs, data sets, models and aliases, on an embedded SQLite database unless told otherwise."""

import io
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.config import Config, state_dir
from imrml.errors import ImrmlError, ModelError
from imrml.models import MODEL_FILES, load_model
from imrml.scoring import score
from imrml.submissions import SUBMISSION_COLUMNS, columns_at, sort_requests

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.tracking import MlflowClient

REQUIREMENTS = ("imrml", "scikit-learn", "pandas", "skops", "numpy", "scipy")

EXAMPLE_REQUEST = {
    "request_id": "example-1",
    "treatment": "Physical therapy 2 times a week for 6 weeks, right shoulder",
    "case_summary": "Invented example. A 44 year old warehouse worker with a right shoulder strain finished 6 visits and can "
    "reach overhead again; strength is still reduced.",
}
"""Fictional: it is stored beside every logged model."""


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
    """

    run_id: str
    tracking_uri: str
    model_name: str
    model_version: str
    alias: str


def tracking_uri() -> str:
    """Return ``MLFLOW_TRACKING_URI`` where it is set, else the SQLite database of the state folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or _embedded_uri()


def _embedded_uri() -> str:
    return f"sqlite:///{(state_dir() / 'mlflow.db').resolve()}"


@contextmanager
def _connected() -> Iterator["MlflowClient"]:
    """Connect quietly: no telemetry, no progress bars of its own, and its dependencies' warnings are not ours to mend."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # A dead server shall be told within seconds, not after MLflow's minutes of retries.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import logging  # noqa: PLC0415

        import mlflow  # noqa: PLC0415 (0.65 s that only commands which track anything need to pay)
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        uri, given = tracking_uri(), os.environ.get("MLFLOW_TRACKING_URI")
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        try:
            yield mlflow.MlflowClient()
        except (MlflowException, SQLAlchemyError) as error:
            why = str(error).splitlines()[0][:300]
            raise ImrmlError(f"MLflow at {uri}: {why}; check MLFLOW_TRACKING_URI") from None
        finally:  # set_tracking_uri also sets the variable, which would then look like somebody's wish
            if given is None:
                os.environ.pop("MLFLOW_TRACKING_URI", None)


def log_training(
    model_dir: Path, manifest: Mapping[str, Any], metrics: Mapping[str, Any], config: Config, keys: pd.DataFrame
) -> LoggedRun:
    """Log one training: config, dataset fingerprint, metrics of every split, report, card and model; register the model.

    Parameters
    ----------
    model_dir : Path
        Folder with the model, ``metrics.json``, ``report.html`` and ``card.md``; none of them holds text of a record.
    manifest, metrics : mapping
        As :func:`imrml.training.train` gives them.
    config : Config
        The recipe, logged as parameters and as a file.
    keys : DataFrame
        Keys of the training items; only their schema, count and digest are logged.

    Returns
    -------
    LoggedRun
    """
    with _connected() as client:
        import mlflow  # noqa: PLC0415
        from mlflow.data.pandas_dataset import from_pandas  # noqa: PLC0415

        experiment = client.get_experiment_by_name(config.tracking.experiment)
        experiment_id = (
            experiment.experiment_id
            if experiment
            else client.create_experiment(config.tracking.experiment, artifact_location=_artifact_location())
        )
        facts = manifest["data"]
        with mlflow.start_run(experiment_id=experiment_id, run_name=str(manifest["model_version"])) as run:
            mlflow.log_params(_flat(config.model_dump()))
            mlflow.log_dict(config.model_dump(), "config.yaml")
            dataset = from_pandas(keys, name=f"items-{facts['trained_on']}", digest=str(facts["fingerprint"])[:32])
            mlflow.log_input(dataset, context="training")
            mlflow.set_tags(
                {
                    "dataset_fingerprint": facts["fingerprint"],
                    "trained_on": manifest["trained_on"],
                    "stage": manifest["stage"],
                    "outcome_kind": manifest["outcome_kind"],
                    "verdict": manifest["verdict"],
                    "model_version": manifest["model_version"],
                }
            )
            mlflow.log_metrics(_flat_figures(metrics))
            for name in ("metrics.json", "report.html", "card.md"):
                mlflow.log_artifact(str(model_dir / name))
            name = registered_name(config, manifest)
            # Only these two files: whatever else lies in the folder may hold records.
            with _staged(model_dir) as staged, redirect_stderr(io.StringIO()):  # which hides MLflow's announcements
                info = mlflow.pyfunc.log_model(
                    name="model",
                    loader_module="imrml.tracking",
                    data_path=str(staged),
                    signature=_signature(model_dir),
                    input_example=pd.DataFrame([EXAMPLE_REQUEST]),
                    pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
                    registered_model_name=name,
                )
        number = str(info.registered_model_version)
        client.set_registered_model_alias(name, config.tracking.alias, number)
        return LoggedRun(run.info.run_id, tracking_uri(), name, number, config.tracking.alias)


def registered_name(config: Config, manifest: Mapping[str, Any]) -> str:
    """Name the registered model: what learned from invented letters never gets the name of a real model.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> registered_name(load_config(), {"trained_on": "real"}), registered_name(load_config(), {"trained_on": "synthetic"})
    ('imrml-imr', 'imrml-demo')
    """
    if manifest["trained_on"] == "synthetic":
        return "imrml-demo"
    return config.tracking.registered_model or f"imrml-{config.stage}"


@contextmanager
def _staged(model_dir: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as temporary:
        staged = Path(temporary, "model")
        staged.mkdir()
        for name in MODEL_FILES:
            shutil.copy(model_dir / name, staged / name)
        yield staged


def _artifact_location() -> str | None:
    """Keep artifacts in the state folder beside any database; a server knows its own place."""
    if tracking_uri().startswith("http"):
        return None
    folder = state_dir() / "artifacts"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder.resolve().as_uri()


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
            walk(inner, f"{path}.{key}" if path else str(key))

    for block in ("outcome", "baselines", "deficiencies"):
        walk(metrics.get(block, {}), block)
    return flat


def _signature(model_dir: Path) -> "ModelSignature":
    """Ask for the treatment alone; every other column known at the stage is optional."""
    from mlflow.models import ModelSignature, infer_signature  # noqa: PLC0415
    from mlflow.types import ColSpec, DataType, Schema  # noqa: PLC0415

    loaded = load_model(model_dir)
    known = [column for column in SUBMISSION_COLUMNS if column.name in columns_at(loaded.manifest["stage"])]
    specs = [
        ColSpec(DataType.double if column.name == "age" else DataType.string, column.name, required=column.name == "treatment")
        for column in known
    ]
    predictions = _Scorer(model_dir).predict(pd.DataFrame([EXAMPLE_REQUEST]))
    outputs = infer_signature(predictions).inputs
    return ModelSignature(Schema([ColSpec(DataType.string, "request_id", required=False), *specs]), outputs)


class _Scorer:
    """What MLflow calls: a submission table in, the prediction table out, as ``imrml score`` gives it."""

    def __init__(self, folder: Path) -> None:
        self._loaded = load_model(folder)

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        requests = sort_requests(model_input, self._loaded.manifest["stage"])
        return score(self._loaded, requests, allow_demo=True)


def _load_pyfunc(path: str) -> _Scorer:
    """Load a logged model; MLflow finds this function by its name."""
    return _Scorer(Path(path))


def fetch_model(uri: str) -> Path:
    """Bring a model's folder from the registry or a run to this machine.

    Parameters
    ----------
    uri : str
        ``models:/imrml-imr@champion``, ``models:/imrml-imr/3`` or ``runs:/ID/model``.

    Raises
    ------
    ModelError
        The registry holds no such model, alias or version.
    """
    with _connected():
        import mlflow  # noqa: PLC0415
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            folder = Path(mlflow.artifacts.download_artifacts(uri))
        except MlflowException as error:
            raise ModelError(f"{uri}: not found at {tracking_uri()} ({error.error_code}); see `imrml doctor`") from None
    found = sorted(folder.rglob("model.json"))
    if not found:
        raise ModelError(f"{uri}: holds no imrml model (no model.json)")
    return found[0].parent


def check_database() -> str:
    """Reach the tracking database or server and say how many registered models it holds."""
    with _connected() as client:
        return f"{tracking_uri()}: {len(client.search_registered_models())} registered models"
