"""A model measured on items of cases that it was not trained on."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imrml.config import Config, FeaturesConfig
from imrml.errors import NotEnoughDataError, RequestWarning, require_types
from imrml.evaluation.metrics.held_out import HeldOut, compare, measure
from imrml.evaluation.report.summary import format_summary, render_summary
from imrml.evaluation.report.verdict import Verdict, describe_comparison, reach_verdict
from imrml.evaluation.report.write import write_report
from imrml.evaluation.splits import Headline
from imrml.models import LoadedModel
from imrml.phrases import pluralize
from imrml.submissions.programmes import programme_of
from imrml.submissions.request_columns import find_absent
from imrml.training.data import TrainingData, hash_cases
from imrml.training.description import describe_data, hash_rows
from imrml.training.fitting import join_held_out, predict_held_out
from imrml.training.measured import MeasuredItems


@dataclass(frozen=True, repr=False, eq=False)
class Evaluation:
    """What a model showed on items of cases that it was not trained on.

    Parameters
    ----------
    metrics : dict of JSON types
        See :func:`imrml.evaluation.metrics.held_out.measure`, of split ``external``; with ``data``
        and, beside another model, ``against``.
    held_out : mapping of split to HeldOut
        What was measured.
    verdict : Verdict
        Whether the model beats its priors.
    n_left_out : int
        Items of cases that a model was trained on.
    is_synthetic : bool, default=False
        Letters behind the model or the items are invented.
    """

    metrics: dict[str, Any]
    held_out: Mapping[str, HeldOut]
    verdict: Verdict
    n_left_out: int
    is_synthetic: bool = False

    def __repr__(self) -> str:
        return format_summary(
            f"Evaluation: {pluralize(self.n_left_out, 'item')} left out",
            self.metrics,
            self.verdict,
            is_synthetic=self.is_synthetic,
        )

    def _repr_html_(self) -> str:
        """Summarise for a notebook: verdict, headline figures, plots."""
        return render_summary(
            "Evaluation", self.metrics, self.held_out, self.verdict, is_synthetic=self.is_synthetic
        )


def evaluate(
    model: LoadedModel,
    items: pd.DataFrame | str | Path,
    config: Config | None = None,
    labels: pd.DataFrame | None = None,
    *,
    against: LoadedModel | None = None,
    out: str | Path | None = None,
) -> Evaluation:
    """Evaluate a model on items of cases that it was not trained on (split ``external``).

    Parameters
    ----------
    model : LoadedModel
        The model with its manifest.
    items : DataFrame of shape (n_items, n_columns), str or Path
        Item table with decisions; see :func:`imrml.training.data.prepare`. Or its
        path, as for :func:`imrml.read_table`: Parquet files with standard headings are then read in
        parts, to bound memory.
    config : Config, optional
        Only its stage, seed and ``evaluation`` are used. By default, the settings of the model.
    labels : DataFrame, optional
        ``item_id`` (``CASE#NUMBER``) and ``deficiencies``, instead of the table's own.
    against : LoadedModel, optional
        Another model, compared on the items that neither saw, paired by case:
        ``metrics["against"]``.
    out : str or Path, optional
        Folder for ``metrics.json``, ``report.html`` and ``card.md``; by default nothing is
        written.

    Returns
    -------
    Evaluation

    Raises
    ------
    TableError
        A column is missing, a decision is neither ``upheld`` nor ``overturned``, or an item occurs
        twice.
    NotEnoughDataError
        No item of another case is left.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> from imrml.models import ReviewModel
    >>> config = load_config()
    >>> model = LoadedModel(ReviewModel.from_config(config), {"config": config.model_dump()})
    >>> evaluate(model, pd.DataFrame({"case_number": ["CM15-1"], "item_number": [1]}))
    Traceback (most recent call last):
    imrml.errors.TableError: ...
    """
    require_types(
        "evaluate",
        model=(model, LoadedModel),
        items=(items, pd.DataFrame | str | PathLike),
        config=(config, Config | None),
        labels=(labels, pd.DataFrame | None),
        against=(against, LoadedModel | None),
        out=(out, str | PathLike | None),
    )
    config = _as_read_by(model, config or Config.model_validate(model.manifest["config"]))
    with model.model.in_own_words():
        return _evaluate(model, items, config, labels, against, out)


def _as_read_by(model: LoadedModel, config: Config) -> Config:
    """Give a config the columns and the words that a model reads by."""
    features = FeaturesConfig.model_validate(model.model.settings("features"))
    return config.model_copy(update={"features": features, "deficiencies": model.model.taxonomy})


def _evaluate(  # noqa: PLR0917 - as evaluate
    model: LoadedModel,
    items: pd.DataFrame | str | Path,
    config: Config,
    labels: pd.DataFrame | None,
    against: LoadedModel | None,
    out: str | Path | None,
) -> Evaluation:
    measured = MeasuredItems.open(items, config)
    data = measured.prepare(config, labels)
    models = [model] if against is None else [model, against]
    _warn_of_absent(models, data)
    predicted = _predict_unseen(model, measured, data, config, models)
    held, rows = predicted.held, predicted.rows
    unseen = data.take(rows)
    held_out, n_left_out = {"external": held}, len(data.items) - len(rows)
    metrics = measure(
        held_out, config.evaluation, config.seed, programme_of(config.profile).cases_are
    )
    metrics["checks"] = []
    metrics["data"] = {**describe_data(unseen, predicted.hashes), "n_items_left_out": n_left_out}
    headline = Headline("external", "the model was trained on none of these cases")
    verdict = reach_verdict(metrics, headline)
    if against is not None:
        metrics["against"] = _compare_with(against, measured, rows, held, config)
        comparison = describe_comparison(
            str(against.manifest["model_version"]),
            metrics["against"],
            config.evaluation.interval_level,
        )
        verdict = replace(verdict, sentence=f"{verdict.sentence} {comparison}")
    is_synthetic = "synthetic" in {model.manifest["trained_on"], unseen.trained_on}
    if out is not None:
        made = {
            "model": str(model.manifest["model_version"]),
            "measured on": f"{datetime.now(UTC):%Y-%m-%d}",
        }
        write_report(
            Path(out),
            metrics,
            held_out,
            verdict,
            metrics["data"],
            [],
            is_synthetic=is_synthetic,
            made=made,
        )
    return Evaluation(metrics, held_out, verdict, n_left_out, is_synthetic)


def _warn_of_absent(models: list[LoadedModel], data: TrainingData) -> None:
    """Warn once of columns that a model learned from and the table lacks."""
    columns = [*map(str, data.items)]
    readers = [one.model for one in models]
    absent = [
        find_absent(columns, one.stage, one.programme, one.expected_columns_) for one in readers
    ]
    if names := [*dict.fromkeys(chain.from_iterable(absent))]:
        warnings.warn(
            "evaluate: columns that the model learned from and the table lacks: "
            f"{', '.join(names)}",
            RequestWarning,
            stacklevel=4,
        )


@dataclass(frozen=True)
class _Predicted:
    """What is kept of the items that a model never saw: figures, places and hashes, no text."""

    held: HeldOut
    rows: np.ndarray
    hashes: np.ndarray


def _predict_unseen(
    model: LoadedModel,
    measured: MeasuredItems,
    data: TrainingData,
    config: Config,
    models: list[LoadedModel],
) -> _Predicted:
    """Predict items of cases that no model was trained on, under their own number or another."""
    seen = {case for one in models for case in one.manifest["training_cases"]}
    year_rates = _year_rates(model)
    held, rows, hashes, start = [], [], [], 0
    for part in measured.parts(data, config):
        is_unseen = [seen.isdisjoint(of_case) for of_case in hash_cases(part)]
        found = np.flatnonzero(is_unseen)
        if len(found):
            unseen = part.take(found)
            held.append(predict_held_out(model.model, unseen, year_rates))
            rows.append(start + found)
            hashes.append(hash_rows(unseen))
        start += len(is_unseen)
    if not rows:
        raise NotEnoughDataError(
            "evaluate: the model was trained on every case of the table; nothing is left to measure"
        )
    return _Predicted(join_held_out(held), np.concatenate(rows), np.concatenate(hashes))


def _compare_with(
    against: LoadedModel,
    measured: MeasuredItems,
    rows: np.ndarray,
    held: HeldOut,
    config: Config,
) -> dict[str, Any]:
    """Compare with another model, which reads the same rows as its own stage knows them."""
    stage = against.manifest["stage"]
    theirs = _as_read_by(against, config.model_copy(update={"stage": stage}))
    year_rates, others, start = _year_rates(against), [], 0
    with against.model.in_own_words():
        for part in measured.parts(measured.prepare(theirs), theirs):
            among = rows[(rows >= start) & (rows < start + len(part.items))] - start
            if len(among):
                others.append(predict_held_out(against.model, part.take(among), year_rates))
            start += len(part.items)
    other = join_held_out(others)
    return {
        "model_version": str(against.manifest["model_version"]),
        "stage": stage,
        **compare(held.outcome, other.outcome, config.evaluation, config.seed),
    }


def _year_rates(model: LoadedModel) -> dict[int, float]:
    return {int(year): rate for year, rate in model.manifest.get("year_rates", {}).items()}
