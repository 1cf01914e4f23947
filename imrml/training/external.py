"""A model measured on items of cases that it was not trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imrml.config import Config, FeaturesConfig
from imrml.errors import NotEnoughDataError, require_types
from imrml.evaluation.metrics.held_out import HeldOut, compare, measure
from imrml.evaluation.report.summary import format_summary, render_summary
from imrml.evaluation.report.verdict import Verdict, describe_comparison, reach_verdict
from imrml.evaluation.report.write import write_report
from imrml.evaluation.splits import Headline
from imrml.models import LoadedModel
from imrml.phrases import pluralize
from imrml.submissions.programmes import programme_of
from imrml.training.data import TrainingData, describe_data, hash_cases, prepare
from imrml.training.fitting import predict_held_out


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
    items: pd.DataFrame,
    config: Config | None = None,
    labels: pd.DataFrame | None = None,
    *,
    against: LoadedModel | None = None,
    out: str | Path | None = None,
) -> Evaluation:
    """Measure a model on items of cases that it was not trained on (split ``external``).

    Parameters
    ----------
    model : LoadedModel
        The model with its manifest.
    items : DataFrame of shape (n_items, n_columns)
        Item table with decisions; see :func:`imrml.training.data.prepare`.
    config : Config, optional
        Its stage, seed and ``evaluation`` count; the model's own recipe where left out.
    labels : DataFrame, optional
        ``item_id`` (``CASE#NUMBER``) and ``deficiencies``, instead of the table's own.
    against : LoadedModel, optional
        Another model, compared on the items that neither saw, paired by case:
        ``metrics["against"]``.
    out : str or Path, optional
        Folder for ``metrics.json``, ``report.html`` and ``card.md``; nothing is written where left
        out.

    Returns
    -------
    Evaluation

    Raises
    ------
    TableError
        A column is absent, a decision is neither ``upheld`` nor ``overturned``, or an item stands
        twice.
    NotEnoughDataError
        No item of any other case is left.

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
        items=(items, pd.DataFrame),
        config=(config, Config | None),
        labels=(labels, pd.DataFrame | None),
        against=(against, LoadedModel | None),
        out=(out, str | PathLike | None),
    )
    config = _as_read_by(model, config or Config.model_validate(model.manifest["config"]))
    with model.model.in_own_words():
        return _evaluate(model, items, config, labels, against, out)


def is_measured(name: str) -> bool:
    """Tell whether a column of an item table is used to measure a model.

    Parameters
    ----------
    name : str
        Of the column.

    Returns
    -------
    bool
        False for the reviewer's words, which only labelling reads.

    Examples
    --------
    >>> is_measured("decision"), is_measured("rationale")
    (True, False)
    """
    return name not in {"rationale", "maximus_guideline", "supports", "supports_evidence"}


def _as_read_by(model: LoadedModel, config: Config) -> Config:
    """Give a config the columns and the words that a model reads by."""
    features = FeaturesConfig.model_validate(model.model.settings("features"))
    return config.model_copy(update={"features": features, "deficiencies": model.model.taxonomy})


def _evaluate(  # noqa: PLR0917 - as evaluate
    model: LoadedModel,
    items: pd.DataFrame,
    config: Config,
    labels: pd.DataFrame | None,
    against: LoadedModel | None,
    out: str | Path | None,
) -> Evaluation:
    data = prepare(items, config, labels, verb="evaluate")
    models = [model] if against is None else [model, against]
    rows = _find_unseen(data, models)
    unseen = data.take(rows)
    held = predict_held_out(model.model, unseen, _year_rates(model))
    held_out, n_left_out = {"external": held}, len(data.items) - len(rows)
    metrics = measure(
        held_out, config.evaluation, config.seed, programme_of(config.profile).cases_are
    )
    metrics["checks"] = []
    metrics["data"] = {**describe_data(unseen), "n_items_left_out": n_left_out}
    headline = Headline("external", "the model was trained on none of these cases")
    verdict = reach_verdict(metrics, headline)
    if against is not None:
        metrics["against"] = _compare_with(against, data.items, rows, held, config)
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


def _find_unseen(data: TrainingData, models: list[LoadedModel]) -> np.ndarray:
    """Find the rows of cases that no model was trained on, under their own number or another."""
    seen = {case for model in models for case in model.manifest["training_cases"]}
    is_unseen = [seen.isdisjoint(hashes) for hashes in hash_cases(data)]
    if not any(is_unseen):
        raise NotEnoughDataError(
            "evaluate: the model was trained on every case of the table; nothing is left to measure"
        )
    return np.flatnonzero(is_unseen)


def _compare_with(
    against: LoadedModel, items: pd.DataFrame, rows: np.ndarray, held: HeldOut, config: Config
) -> dict[str, Any]:
    """Compare with another model, which reads the same rows as its own stage knows them."""
    stage = against.manifest["stage"]
    theirs = _as_read_by(against, config.model_copy(update={"stage": stage}))
    with against.model.in_own_words():
        seen_by_other = prepare(items, theirs, verb="evaluate").take(rows)
        other = predict_held_out(against.model, seen_by_other, _year_rates(against))
    return {
        "model_version": str(against.manifest["model_version"]),
        "stage": stage,
        **compare(held.outcome, other.outcome, config.evaluation, config.seed),
    }


def _year_rates(model: LoadedModel) -> dict[int, float]:
    return {int(year): rate for year, rate in model.manifest.get("year_rates", {}).items()}
