"""The logged model as MLflow calls it: predictions as by ``imrml score``, without a pickle."""

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.errors import DemoModelWarning, ModelError
from imrml.models import LoadedModel, load_model
from imrml.scoring.in_words import DEMO
from imrml.scoring.prediction import PREDICTION_COLUMNS, score
from imrml.submissions.programmes import columns_at
from imrml.submissions.request_columns import spell_columns
from imrml.tables.arrow import column_types

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

EXAMPLE_REQUEST = {
    "request_id": "example-1",
    "treatment": "Physical therapy 2 times a week for 6 weeks, right shoulder",
    "case_summary": "Invented example. A 44 year old warehouse worker with a right shoulder strain "
    "finished 6 visits and can reach overhead again; strength is still reduced.",
}
"""Fictional: it is stored beside every logged model."""

TABLE, OVERTURNED = "table", "overturned"
"""What a loaded model answers, by ``model_config={"answer": ...}``."""
ALLOW_DEMO = "IMRML_ALLOW_DEMO"
"""Environment variable that, set to 1, lets a served model of invented data answer."""
_SERVED_FROM = "__pyfunc_model_path__"
"""Environment variable in which MLflow tells its scoring server where the model lies."""


def make_example(own_columns: Iterable[str] = ()) -> pd.DataFrame:
    """Make a table of one fictional request.

    Parameters
    ----------
    own_columns : iterable of str, default=()
        Columns of the owner's own that the model reads; empty in the example.

    Returns
    -------
    DataFrame of shape (1, n_columns)
        The request.
    """
    return pd.DataFrame([EXAMPLE_REQUEST | dict.fromkeys(own_columns)])


def signature(model_dir: Path) -> "ModelSignature":
    """Describe input and output to MLflow: each column and heading is taken and none is needed.

    MLflow drops every column that its input does not name, with a line in its log, and converts
    what bears a type. So all headings are named by which ``imrml score`` knows a column, each
    optional and without a type: a table without a treatment is refused by the model itself, which
    says what it needs.

    What comes out is told by the declared type of each column, never by an example: in one that is
    empty there (no document planned, nothing withheld) MLflow would see a column of any type, which
    its ``spark_udf`` cannot carry.

    Parameters
    ----------
    model_dir : Path
        Folder of the model.

    Returns
    -------
    ModelSignature
        Input by name, and the prediction table.
    """
    import pyarrow as pa  # noqa: PLC0415
    from mlflow.models import ModelSignature  # noqa: PLC0415
    from mlflow.types import ColSpec, DataType, Schema  # noqa: PLC0415
    from mlflow.types.schema import AnyType, Array  # noqa: PLC0415

    loaded = load_model(model_dir)
    programme = loaded.model.programme
    columns = ["request_id", *columns_at(loaded.model.stage, programme)]
    whatever: Any = AnyType  # which has no types of its own
    inputs = Schema(
        [ColSpec(whatever(), name, required=False) for name in spell_columns(columns, programme)]
    )
    types: dict[Any, Any] = {
        pa.large_string(): DataType.string,
        pa.float64(): DataType.double,
        pa.int64(): DataType.long,
        pa.list_(pa.large_string()): Array(DataType.string),
    }
    declared = column_types()
    outputs = Schema(
        [ColSpec(types[declared[name]], name, required=False) for name in PREDICTION_COLUMNS]
    )
    return ModelSignature(inputs, outputs)


class _Scorer:
    """What MLflow calls: a submission table in, the prediction table out.

    ``mlflow.models.evaluate`` measures a classifier by its classes, so a model that is loaded with
    ``model_config={"answer": "overturned"}`` gives these instead, a row a request.
    """

    def __init__(self, loaded: LoadedModel, answer: str) -> None:
        if answer not in {TABLE, OVERTURNED}:
            raise ModelError(
                f"model_config: answer is {answer!r}; expected {TABLE!r} or {OVERTURNED!r}"
            )
        self._loaded = loaded
        self._answer = answer

    def predict(
        self,
        model_input: pd.DataFrame,
        params: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame | pd.Series:
        if self._answer == OVERTURNED:
            decisions = self._loaded.model.predict(model_input)
            return pd.Series(decisions, model_input.index, dtype=bool, name=OVERTURNED)
        return score(self._loaded, model_input, allow_demo=True)


def _load_pyfunc(path: str, model_config: Mapping[str, Any] | None = None) -> _Scorer:
    """Load a logged model; MLflow finds this function by its name."""
    loaded = load_model(Path(path))
    if loaded.manifest["trained_on"] == "synthetic" and os.environ.get(ALLOW_DEMO) != "1":
        said = f"{DEMO}: this model learned from invented letters and knows nothing of real ones"
        if _SERVED_FROM in os.environ:
            raise ModelError(f"{said}; it is served only where {ALLOW_DEMO}=1 is set")
        warnings.warn(said, DemoModelWarning, stacklevel=2)
    return _Scorer(loaded, str((model_config or {}).get("answer", TABLE)))
