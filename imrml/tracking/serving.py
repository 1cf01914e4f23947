"""The logged model as MLflow calls it: the prediction table of ``imrml score``, from files that hold no pickle."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.models import load_model
from imrml.scoring.prediction import make_prediction_table, score_columns
from imrml.submissions.columns import columns_at, columns_of
from imrml.submissions.requests import sort_requests

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

EXAMPLE_REQUEST = {
    "request_id": "example-1",
    "treatment": "Physical therapy 2 times a week for 6 weeks, right shoulder",
    "case_summary": "Invented example. A 44 year old warehouse worker with a right shoulder strain finished 6 visits and can "
    "reach overhead again; strength is still reduced.",
}
"""Fictional: it is stored beside every logged model."""


def signature(model_dir: Path) -> "ModelSignature":
    """Ask for the treatment alone; every other column known at the stage is optional, and any other is dropped by MLflow."""
    from mlflow.models import ModelSignature, infer_signature  # noqa: PLC0415
    from mlflow.types import ColSpec, DataType, Schema  # noqa: PLC0415

    loaded = load_model(model_dir)
    known = [
        column
        for column in columns_of(loaded.model.profile)
        if column.name in columns_at(loaded.model.stage, loaded.model.profile)
    ]
    specs = [
        ColSpec(
            DataType.double if column.name == "age" else DataType.string,
            column.name,
            required=column.name == "treatment",
        )
        for column in known
    ]
    predictions = _Scorer(model_dir).predict(pd.DataFrame([EXAMPLE_REQUEST]))
    outputs = infer_signature(predictions).inputs
    return ModelSignature(
        Schema([ColSpec(DataType.string, "request_id", required=False), *specs]), outputs
    )


class _Scorer:
    """What MLflow calls: a submission table in, the prediction table out, as ``imrml score`` gives it."""

    def __init__(self, folder: Path) -> None:
        self._loaded = load_model(folder)

    def predict(
        self,
        model_input: pd.DataFrame,
        params: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        requests = sort_requests(
            model_input, self._loaded.manifest["stage"], self._loaded.model.profile
        )
        return make_prediction_table(score_columns(self._loaded, requests, allow_demo=True))


def _load_pyfunc(path: str) -> _Scorer:
    """Load a logged model; MLflow finds this function by its name."""
    return _Scorer(Path(path))
