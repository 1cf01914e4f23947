"""A comparison of recipes in MLflow: one run, and one below it a recipe."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from imrml.config import Config
from imrml.tracking.connection import connected
from imrml.tracking.experiments import find_experiment
from imrml.tracking.flattening import fit_parameters

_MAX_PARAM = 500


def log_comparison(table: pd.DataFrame, configs: Mapping[str, Config]) -> str | None:
    """Log a comparison.

    Parameters
    ----------
    table : DataFrame
        As :func:`imrml.training.comparing.compare_recipes` gives it.
    configs : mapping of str to Config
        Recipes by name; the first names the MLflow experiment.

    Returns
    -------
    str or None
        Id of the run above those of the recipes; None where the first recipe tracks nothing.

    Raises
    ------
    TrackingError
        MLflow cannot be reached.
    """
    tracking = next(iter(configs.values())).tracking
    if not tracking.enabled:
        return None
    with connected() as client:
        import mlflow  # noqa: PLC0415

        at: dict[str, Any] = {"experiment_id": find_experiment(client, tracking.experiment)}
        with mlflow.start_run(**at, run_name="comparison", tags={"kind": "comparison"}) as parent:
            mlflow.log_text(table.to_csv(index=False), "leaderboard.csv")
            for row in table.to_dict("records"):
                name = str(row["name"])
                tags = {"kind": "compared", "split": str(row["split"])}
                with mlflow.start_run(**at, run_name=name, nested=True, tags=tags):
                    parameters = fit_parameters(configs[name].model_dump())
                    mlflow.log_params(
                        {key: str(one)[:_MAX_PARAM] for key, one in parameters.items()}
                    )
                    mlflow.log_metrics(
                        {
                            str(key): float(value)
                            for key, value in row.items()
                            if isinstance(value, float) and value == value
                        }
                    )
        return str(parent.info.run_id)
