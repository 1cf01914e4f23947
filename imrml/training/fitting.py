"""A recipe fitted on some rows, and what it predicts for rows that it never saw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from imrml.config import Config
from imrml.engines.mapping import Engine, map_ordered
from imrml.evaluation.checks.sections import name_sections
from imrml.evaluation.metrics.held_out import HeldOut
from imrml.evaluation.splits import Folds
from imrml.models import ReviewModel
from imrml.submissions.frame import SubmissionFrame
from imrml.text.cache import reading_once
from imrml.training.data import TrainingData, decided_years
from imrml.training.search import search

Report = Callable[[str], None]
"""Given, in words, what is going on."""


def report_nothing(message: str) -> None:
    """Say nothing; unlike a lambda it can be sent to a worker process.

    Parameters
    ----------
    message : str
        Dropped.
    """


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """What every step of one training has at hand.

    Parameters
    ----------
    data : TrainingData
        The items to learn from.
    config : Config
        The recipe.
    n_jobs : int, default=1
        Processes that fit folds side by side.
    report : callable, default=report_nothing
        Given, in words, what is going on.
    engine : {'local', 'dask'}, default='local'
        Who fits folds: processes of this machine, or workers of dask, to each of which the items
        travel once. The figures are the same.
    """

    data: TrainingData
    config: Config
    n_jobs: int = 1
    report: Report = report_nothing
    engine: Engine = "local"


def hold_out(run: TrainingRun, folds: Folds, n_shuffles: int = 0) -> HeldOut:
    """Fit a recipe, its search included, on each fold's rows and predict the rows it holds out.

    Parameters
    ----------
    run : TrainingRun
        Its ``report`` is given each fold that is done.
    folds : Folds
        Rows to learn from and rows to predict.
    n_shuffles : int, default=0
        How often the held-out rows are predicted again with each section's columns shuffled between
        them.

    Returns
    -------
    HeldOut
        Of all folds, in their order.
    """
    # A search spreads its own fits; folds then wait for each other.
    searches = bool(run.config.search.space)
    n_jobs_outside, n_jobs_inside = (1, run.n_jobs) if searches else (run.n_jobs, 1)
    engine: Engine = "local" if searches else run.engine
    in_fold = TrainingRun(run.data, without_refits(run.config), n_jobs_inside)
    predict = partial(_predict_fold, in_fold, n_shuffles)
    parts = []
    for number, part in enumerate(map_ordered(predict, folds, n_jobs_outside, engine), start=1):
        parts.append(part)
        run.report(f"fold {number} of {len(folds)}")
    return join_held_out(parts)


def without_refits(config: Config) -> Config:
    """Leave out the bootstrap refits, which give a prediction its interval and no figure anything.

    Parameters
    ----------
    config : Config
        The recipe.

    Returns
    -------
    Config
        The same with ``models.n_refits`` 0.
    """
    return config.model_copy(update={"models": config.models.model_copy(update={"n_refits": 0})})


@reading_once()
def _predict_fold(
    run: TrainingRun, n_shuffles: int, fold: tuple[np.ndarray, np.ndarray]
) -> HeldOut:
    train_rows, test_rows = fold
    learnt_from, unseen = run.data.take(train_rows), run.data.take(test_rows)
    config = run.config
    chosen: tuple[Mapping[str, Any], ...] = ()
    if config.search.space:
        searched = search(learnt_from, config, run.n_jobs)
        config, chosen = searched.config, (searched.chosen,)
    model = fit_rows(run.data, config, train_rows)
    year_rates = rates_by_year(learnt_from)
    held = replace(predict_held_out(model, unseen, year_rates), chosen=chosen)
    if not n_shuffles:
        return held
    return replace(held, shuffled=_predict_shuffled(model, unseen, n_shuffles, config.seed))


def _predict_shuffled(
    model: ReviewModel, unseen: TrainingData, n_shuffles: int, seed: int
) -> pd.DataFrame:
    """Predict with the columns of each section shuffled between items, a column a shuffle."""
    random = np.random.default_rng(seed)
    submissions = unseen.submissions
    predicted = {}
    for section, columns in name_sections(submissions).items():
        for number in range(n_shuffles):
            shuffled = submissions.copy()
            shuffled[columns] = shuffled[columns].iloc[random.permutation(len(shuffled))].to_numpy()
            frame = SubmissionFrame(shuffled.astype(submissions.dtypes.to_dict()))
            predicted[f"{section}#{number}"] = model.predict_proba(frame)[:, 1]
    return pd.DataFrame(predicted, index=submissions.index)


@reading_once()
def fit_rows(data: TrainingData, config: Config, rows: np.ndarray) -> ReviewModel:
    """Fit the settings of a config, as they stand, on some rows.

    Parameters
    ----------
    data : TrainingData
        The table.
    config : Config
        The recipe; a search in it is not run.
    rows : ndarray of int of shape (n_rows,)
        Positions.

    Returns
    -------
    ReviewModel
    """
    part = data.take(rows)
    return ReviewModel.from_config(config).fit(
        part.submissions,
        part.overturned,
        cases=part.groups,
        deficiencies=part.deficiencies,
        is_labelled=part.is_labelled,
        label_weights=part.label_weights,
        years=decided_years(part.keys),
    )


def rates_by_year(data: TrainingData, shrinkage: float = 20.0) -> dict[int, float]:
    """Compute the share overturned in each year of decision, shrunk to the share overall.

    Parameters
    ----------
    data : TrainingData
        The table.
    shrinkage : float, default=20
        Items' worth of the share overall that is added to each year.

    Returns
    -------
    dict of int to float
    """
    decisions = pd.Series(data.overturned, dtype=float).groupby(decided_years(data.keys).to_numpy())
    rates = (decisions.sum() + shrinkage * data.overturned.mean()) / (decisions.size() + shrinkage)
    return {int(str(year).removesuffix(".0")): float(rate) for year, rate in rates.items()}


def predict_held_out(
    model: ReviewModel, data: TrainingData, year_rates: Mapping[int, float]
) -> HeldOut:
    """Predict items that a model never saw, beside its priors and last year's rate.

    Parameters
    ----------
    model : ReviewModel
        Fitted.
    data : TrainingData
        The items.
    year_rates : mapping of int to float
        From :func:`rates_by_year`, of what the model was fitted on.

    Returns
    -------
    HeldOut
    """
    inputs = model.read(data.submissions)
    rates = model.base_rates(inputs)
    years = decided_years(data.keys)
    outcome = pd.DataFrame(
        {
            "case_number": data.cases,
            "item_number": data.keys["item_number"].to_numpy(),
            "overturned": data.overturned,
            "p_overturned": model.predict_proba(inputs)[:, 1],
            "p_class_prior": model.class_rate_,
            "p_category_prior": rates["base_rate"].to_numpy(),
            "p_last_year": [_last_year(year, year_rates, model.class_rate_) for year in years],
            "treatment_category": rates["treatment_category"].to_numpy(),
            "age": data.submissions["age"].to_numpy(),
            "sex": data.submissions["sex"].to_numpy(),
            "decided_year": years.to_numpy(),
        },
        index=data.submissions.index,
    )
    if model.blend_ is not None:
        outcome["p_model_alone"] = model.predict_alone(inputs)[:, 1]
    if "age_band" in data.submissions:  # the state codes ages
        outcome["age_band"] = data.submissions["age_band"].to_numpy()
    if data.deficiencies is None or not data.is_labelled.any() or not model.predicts_deficiencies:
        return HeldOut(outcome)
    labels, p_deficiencies, priors = (
        data.deficiencies,
        model.predict_deficiencies(inputs),
        model.deficiency_priors(inputs),
    )
    return HeldOut(
        outcome,
        labels[data.is_labelled],
        p_deficiencies[data.is_labelled],
        priors[data.is_labelled],
    )


def _last_year(year: float, year_rates: Mapping[int, float], class_rate: float) -> float:
    """Look up the latest year learnt from before an item's; the overall rate where none is."""
    earlier = [known for known in year_rates if known < year]
    return year_rates[max(earlier)] if earlier else class_rate


def join_held_out(parts: Sequence[HeldOut]) -> HeldOut:
    """Put the folds of one split under each other.

    Parameters
    ----------
    parts : sequence of HeldOut
        One a fold.

    Returns
    -------
    HeldOut
    """

    def joined(name: str) -> pd.DataFrame | None:
        frames = [frame for part in parts if (frame := getattr(part, name)) is not None]
        return pd.concat(frames) if frames else None

    return HeldOut(
        pd.concat([part.outcome for part in parts]),
        joined("deficiency_labels"),
        joined("p_deficiencies"),
        joined("p_deficiency_priors"),
        joined("shuffled"),
        chosen=tuple(settings for part in parts for settings in part.chosen),
    )
