"""The logged model as MLflow calls it: predictions as by ``imrml score``, without a pickle."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.models import load_model
from imrml.scoring.prediction import make_prediction_table, score_columns, sort_items
from imrml.submissions.programmes import columns_at

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

EXAMPLE_REQUEST = {
    "request_id": "example-1",
    "treatment": "Physical therapy 2 times a week for 6 weeks, right shoulder",
    "case_summary": "Invented example. A 44 year old warehouse worker with a right shoulder strain "
    "finished 6 visits and can reach overhead again; strength is still reduced.",
}
"""Fictional: it is stored beside every logged model."""


def signature(model_dir: Path) -> "ModelSignature":
    """Describe input and output to MLflow: the treatment is needed, the stage's columns are taken.

    Parameters
    ----------
    model_dir : Path
        Folder of the model.

    Returns
    -------
    ModelSignature
        MLflow drops every column that it does not name.
    """
    from mlflow.models import ModelSignature, infer_signature  # noqa: PLC0415
    from mlflow.types import ColSpec, DataType, Schema  # noqa: PLC0415

    loaded = load_model(model_dir)
    known = [
        column
        for column in loaded.model.programme.columns
        if column.name in columns_at(loaded.model.stage, loaded.model.programme)
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
    """What MLflow calls: a submission table in, the prediction table out."""

    def __init__(self, folder: Path) -> None:
        self._loaded = load_model(folder)

    def predict(
        self,
        model_input: pd.DataFrame,
        params: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        requests = sort_items(self._loaded, model_input)
        return make_prediction_table(score_columns(self._loaded, requests, allow_demo=True))


def _load_pyfunc(path: str) -> _Scorer:
    """Load a logged model; MLflow finds this function by its name."""
    return _Scorer(Path(path))
