"""A recipe fitted on some rows, and what it predicts for rows that it never saw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from imrml.config import Config
from imrml.engines import map_ordered
from imrml.evaluation.checks.sections import sections_of
from imrml.evaluation.metrics.held_out import HeldOut
from imrml.evaluation.splits import Folds
from imrml.models import ReviewModel
from imrml.submissions.frame import SubmissionFrame
from imrml.training.data import TrainingData, decided_years
from imrml.training.search import search

Report = Callable[[str], None]


def hold_out(  # noqa: PLR0917 - what every caller has at hand
    data: TrainingData,
    folds: Folds,
    config: Config,
    n_jobs: int,
    report: Report,
    n_shuffles: int = 0,
) -> HeldOut:
    """Fit the recipe of a config, its search included, on each fold's rows and predict the rows it holds out.

    With ``n_shuffles``, the held-out rows are predicted again with each section's columns shuffled
    between them.
    """
    bare = config.model_copy(update={"models": config.models.model_copy(update={"n_refits": 0})})
    # A search spreads its own fits; folds then wait for each other.
    n_jobs_outside, n_jobs_inside = (1, n_jobs) if config.search.space else (n_jobs, 1)
    fit = partial(_predict_fold, data, bare, n_shuffles, n_jobs_inside)
    parts = []
    for number, part in enumerate(map_ordered(fit, folds, n_jobs_outside), start=1):
        parts.append(part)
        report(f"fold {number} of {len(folds)}")
    return join_held_out(parts)


def _predict_fold(
    data: TrainingData,
    config: Config,
    n_shuffles: int,
    n_jobs: int,
    fold: tuple[np.ndarray, np.ndarray],
) -> HeldOut:
    train_rows, test_rows = fold
    chosen: tuple[Mapping[str, Any], ...] = ()
    if config.search.space:
        found = search(data.take(train_rows), config, n_jobs)
        config, chosen = found.config, (found.chosen,)
    model, unseen = fit_rows(data, config, train_rows), data.take(test_rows)
    held = predict_held_out(
        model, unseen, rates_by_year(data.take(train_rows), config.models.category_shrinkage)
    )
    held = replace(held, chosen=chosen)
    if not n_shuffles:
        return held
    random = np.random.default_rng(config.seed)
    shuffled = {}
    for section, columns in sections_of(unseen.submissions).items():
        for number in range(n_shuffles):
            mixed = unseen.submissions.copy()
            mixed[columns] = mixed[columns].iloc[random.permutation(len(mixed))].to_numpy()
            mixed = mixed.astype(unseen.submissions.dtypes.to_dict())
            shuffled[f"{section}#{number}"] = model.predict_proba(SubmissionFrame(mixed))[:, 1]
    return replace(held, shuffled=pd.DataFrame(shuffled, index=held.outcome.index))


def fit_rows(data: TrainingData, config: Config, rows: np.ndarray) -> ReviewModel:
    """Fit the settings of a config, as they stand, on some rows."""
    part = data.take(rows)
    return ReviewModel.from_config(config).fit(
        part.submissions,
        part.overturned,
        cases=part.groups,
        deficiencies=part.deficiencies,
        is_labelled=part.is_labelled,
        years=decided_years(part.keys),
    )


def rates_by_year(data: TrainingData, shrinkage: float) -> dict[int, float]:
    """Share overturned in each year of decision, shrunk to the share overall by so many items' worth of it."""
    decisions = pd.Series(data.overturned, dtype=float).groupby(decided_years(data.keys).to_numpy())
    rates = (decisions.sum() + shrinkage * data.overturned.mean()) / (decisions.size() + shrinkage)
    return {int(str(year).removesuffix(".0")): float(rate) for year, rate in rates.items()}


def predict_held_out(
    model: ReviewModel, data: TrainingData, year_rates: Mapping[int, float]
) -> HeldOut:
    """Predict items that a model never saw, beside the priors it learned and last year's rate where years are known."""
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
    """Rate of the latest year learnt from before an item's; the overall rate where there is none."""
    earlier = [known for known in year_rates if known < year]
    return year_rates[max(earlier)] if earlier else class_rate


def join_held_out(parts: Sequence[HeldOut]) -> HeldOut:
    """Put the folds of one split under each other."""

    def joined(name: str) -> pd.DataFrame | None:
        found = [frame for part in parts if (frame := getattr(part, name)) is not None]
        return pd.concat(found) if found else None

    return HeldOut(
        pd.concat([part.outcome for part in parts]),
        joined("deficiency_labels"),
        joined("p_deficiencies"),
        joined("p_deficiency_priors"),
        joined("shuffled"),
        chosen=tuple(settings for part in parts for settings in part.chosen),
    )
