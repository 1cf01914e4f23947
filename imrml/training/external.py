"""A model measured on items of cases that it was not trained on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from imrml.config import Config
from imrml.errors import NotEnoughDataError
from imrml.evaluation.metrics.held_out import HeldOut, compare, measure
from imrml.evaluation.report.verdict import Verdict, compared_with, verdict
from imrml.evaluation.splits import Headline
from imrml.models import LoadedModel
from imrml.training.data import describe_data, hash_cases, prepare
from imrml.training.fitting import predict_held_out


def evaluate(
    loaded: LoadedModel,
    items: pd.DataFrame,
    config: Config,
    labels: pd.DataFrame | None = None,
    against: LoadedModel | None = None,
) -> tuple[dict[str, Any], Mapping[str, HeldOut], Verdict, int]:
    """Measure a model on items of cases that it was not trained on (split ``external``).

    Parameters
    ----------
    loaded : LoadedModel
        The model.
    items, config, labels
        See :func:`prepare`.
    against : LoadedModel, optional
        Another model, compared on the items that neither saw, paired by case:
        ``metrics["against"]``.

    Returns
    -------
    metrics, held_out, told, n_left_out
        The last counts the items of cases that a model was trained on.

    Raises
    ------
    NotEnoughDataError
        No item of any other case is left.
    """
    data = prepare(items, config, labels)
    seen = {
        case for model in (loaded, against) if model for case in model.manifest["training_cases"]
    }
    rows = np.flatnonzero(
        [case not in seen and told not in seen for case, told in hash_cases(data)]
    )
    if not len(rows):
        raise NotEnoughDataError(
            "evaluate: the model was trained on every case of the table; nothing is left to measure"
        )
    unseen = data.take(rows)
    held = predict_held_out(loaded.model, unseen, _year_rates(loaded))
    metrics = measure({"external": held}, config.evaluation, config.seed)
    metrics["checks"] = []
    metrics["data"] = {**describe_data(unseen), "n_items_left_out": len(data.items) - len(rows)}
    told = verdict(metrics, Headline("external", "the model was trained on none of these cases"))
    if against:
        own_config = config.model_copy(update={"stage": against.manifest["stage"]})
        other = predict_held_out(
            against.model, prepare(items, own_config).take(rows), _year_rates(against)
        )
        figures = compare(held.outcome, other.outcome, config.evaluation, config.seed)
        version = str(against.manifest["model_version"])
        metrics["against"] = {
            "model_version": version,
            "stage": against.manifest["stage"],
            **figures,
        }
        told = replace(
            told,
            sentence=f"{told.sentence} {compared_with(version, figures, config.evaluation.interval_level)}",
        )
    return metrics, {"external": held}, told, len(data.items) - len(rows)


def _year_rates(loaded: LoadedModel) -> dict[int, float]:
    return {int(year): rate for year, rate in loaded.manifest.get("year_rates", {}).items()}
