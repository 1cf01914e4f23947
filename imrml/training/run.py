"""Item table to model and verdict: every split is refitted whole, and what ships is what the verdict allows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import numpy as np
import pandas as pd

from imrml.config import Config, ModelsConfig, Split, decision_threshold
from imrml.engines import map_ordered
from imrml.errors import NotEnoughDataError
from imrml.evaluation import checks
from imrml.evaluation.metrics.held_out import HeldOut, measure, measure_learning_curve
from imrml.evaluation.metrics.risk_control import control_error, control_precision
from imrml.evaluation.report.verdict import Verdict, verdict
from imrml.evaluation.splits import Folds, Headline, headline, make_splits
from imrml.explaining.precedents import build_precedents
from imrml.models import ReviewModel
from imrml.submissions.frame import submission_frame
from imrml.training.checks import run_checks
from imrml.training.data import (
    TrainingData,
    case_hashes,
    decided_years,
    describe_data,
    hash_text,
    prepare,
)
from imrml.training.fitting import Report, fit_rows, hold_out, rates_by_year
from imrml.training.search import search


@dataclass(frozen=True)
class TrainingResult:
    """A fitted model with everything that was found out about it."""

    model: ReviewModel
    manifest: dict[str, Any]
    metrics: dict[str, Any]
    held_out: Mapping[str, HeldOut]
    verdict: Verdict
    checks: Sequence[checks.Check]
    precedents: pd.DataFrame | None = None


def train(
    items: pd.DataFrame,
    config: Config,
    labels: pd.DataFrame | None = None,
    n_jobs: int = 1,
    report: Report = lambda _: None,
) -> TrainingResult:
    """Evaluate the recipe of a config on every split, then fit on all items the model that the verdict allows.

    Where held-out log loss is not better than both priors', interval and all, the shrunken category
    prior is what ships, and manifest, report and every score say so. The deficiency model has a
    rule of its own: its average precision must beat the category prior's, interval and all.

    Parameters
    ----------
    items, labels
        See :func:`prepare`.
    config : Config
        The recipe.
    n_jobs : int, default=1
        Processes that fit folds side by side.
    report : callable
        Told, in words, what is going on.

    Raises
    ------
    NotEnoughDataError
        Fewer than two items of either decision, or too few cases of either for any split that keeps
        cases together.
    """
    data = prepare(items, config, labels)
    n_by_decision = pd.Series(data.overturned).groupby(data.overturned).size()
    if len(n_by_decision) < 2 or n_by_decision.min() < 2:
        counts = {("overturned" if key else "upheld"): int(n) for key, n in n_by_decision.items()}
        raise NotEnoughDataError(
            f"training needs upheld and overturned items, at least two of each; found {counts}"
        )
    report(
        f"{len(data.items):,} items of {data.keys['case_number'].nunique():,} cases in {data.groups.max() + 1:,} groups"
    )
    splits = make_splits(data.keys, data.groups, data.overturned, config.evaluation, config.seed)
    chosen = headline(splits, data.cases.tolist(), data.overturned, config.evaluation)
    held_out: dict[str, HeldOut] = {}
    for split, folds in splits.items():
        if isinstance(folds, str):
            report(f"split {split}: not applicable, {folds}")
        else:
            n_shuffles = config.evaluation.n_shuffles if split == chosen.split else 0
            held_out[split] = hold_out(
                data, folds, config, n_jobs, partial(_report_split, report, split), n_shuffles
            )
    deals = (
        _deal_grouped(data, grouped, config)
        if isinstance(grouped := splits.get("grouped", ""), tuple)
        else []
    )
    if len(deals) > 1:
        report(f"split grouped: {len(deals) - 1} other deals of the folds")
        held_out["grouped"] = replace(
            held_out["grouped"], repeats=_hold_out_deals(data, deals[1:], config, n_jobs)
        )
    report("measuring, with intervals bootstrapped by case")
    metrics = measure(held_out, config.evaluation, config.seed)
    told = verdict(metrics, chosen)
    for split, folds in splits.items():
        if isinstance(folds, str):
            metrics["outcome"][split] = {"not_applicable": folds}
    if config.features.use_case_summary and not config.models.outcome.kind.endswith("_prior"):
        shown = deals if chosen.split == "grouped" else [_folds_of(splits, chosen)]
        report("the same without the case summary, which is a proxy written after the fact")
        metrics["baselines"]["without_case_summary"] = {
            chosen.split: _measure_without_summary(data, shown, config, n_jobs)
        }
    if deals:
        metrics["learning_curve"] = _measure_learning_curve(
            data, deals, held_out["grouped"], config, n_jobs, report
        )
    settled = (
        _tune(data, config, held_out, metrics, n_jobs, report) if config.search.space else config
    )
    shipped, told = _select_shipped_model(settled, held_out[chosen.split], told, metrics, chosen)
    report(f"fitting the model that ships ({shipped.models.outcome.kind}) on all items")
    # In a worker again, where there are any: they have read these narratives before and remember
    # what they found.
    [model] = map_ordered(partial(fit_rows, data, shipped), [np.arange(len(data.items))], n_jobs)
    found = [
        *run_checks(data, splits, _folds_of(splits, chosen), model),
        checks.check_better_than_prior(metrics, chosen.split),
    ]
    metrics["checks"] = [asdict(check) for check in found]
    facts = {
        **describe_data(data),
        "stage": config.stage,
        "ships": shipped.models.outcome.kind,
        "notes": list(model.notes),
    }
    metrics["data"] = facts
    fingerprint = str(facts["fingerprint"])
    now = datetime.now(UTC)
    manifest = {
        "model_version": f"{now:%Y%m%d.%H%M%S}-{fingerprint[:8]}",
        "created_on": f"{now:%Y-%m-%d}",
        "stage": config.stage,
        "trained_on": data.trained_on,
        "outcome_kind": shipped.models.outcome.kind,
        "verdict": told.sentence,
        "headline": chosen.split,
        "recipe": config.model_dump(),
        "config": shipped.model_dump(),
        "splits": describe_splits(splits, data.keys),
        "data": facts,
        "year_rates": rates_by_year(data, config.models.category_shrinkage),
        "training_cases": case_hashes(data),
    }
    return TrainingResult(
        model,
        manifest,
        metrics,
        held_out,
        told,
        found,
        _precedents_of(data) if config.precedents.keep else None,
    )


def _precedents_of(data: TrainingData) -> pd.DataFrame:
    found: list[list[str] | None] = [None] * len(data.items)
    if data.deficiencies is not None:
        names = data.deficiencies.columns.to_numpy()
        rows = zip(data.deficiencies.to_numpy(dtype=bool), data.is_labelled, strict=True)
        found = [names[row].tolist() if is_labelled else None for row, is_labelled in rows]
    treatments = data.submissions["treatment"].to_list()
    return build_precedents(
        treatments, data.cases.tolist(), decided_years(data.keys), data.overturned, found
    )


def _tune(  # noqa: PLR0917 - what training has at hand
    data: TrainingData,
    config: Config,
    held_out: Mapping[str, HeldOut],
    metrics: dict[str, Any],
    n_jobs: int,
    report: Report,
) -> Config:
    """Search on all items; what was tried, and what each fold that was measured chose by itself, goes into ``metrics``."""
    report(f"search: {config.search.method}, on all items")
    found = search(data, config, n_jobs)
    by_fold = [
        {"split": split, "fold": number, "settings": dict(settings)}
        for split, held in held_out.items()
        for number, settings in enumerate(held.chosen, start=1)
    ]
    metrics["search"] = {**found.describe(config.search.method), "by_fold": by_fold}
    return found.config


def _select_shipped_model(
    config: Config, held: HeldOut, told: Verdict, metrics: dict[str, Any], chosen: Headline
) -> tuple[Config, Verdict]:
    """Replace by the category prior what held-out cases did not bear out; what was found on the way goes into ``metrics``."""
    models, kind = config.models, config.models.outcome.kind
    if not told.beats_priors and not kind.endswith("_prior"):
        models = models.model_copy(
            update={"outcome": models.outcome.model_copy(update={"kind": "category_prior"})}
        )
        not_kept = f"The saved model gives the category prior; the figures are of {kind}, which was not kept."
        told = replace(told, sentence=f"{told.sentence} {not_kept}")
    if models.deficiency.kind == "ridge" and not _beats_prior(
        metrics["deficiencies"].get(chosen.split, {})
    ):
        models = models.model_copy(
            update={"deficiency": models.deficiency.model_copy(update={"kind": "category_prior"})}
        )
    if models.target_precision is not None:
        found = control_precision(
            held.outcome,
            _shipped_column(models),
            models.target_precision,
            config.evaluation,
            config.seed,
        )
        metrics["target_precision"], models = (
            found,
            models.model_copy(update={"threshold": found["threshold"]}),
        )
    shipped = config.model_copy(update={"models": models})
    if config.abstention.max_error is not None:
        metrics["risk_control"], shipped = _control_error(held, shipped)
    return shipped, told


def _control_error(held: HeldOut, shipped: Config) -> tuple[dict[str, Any], Config]:
    """Find the confidence that keeps the stated error of what ships; without one, the model that ships answers nothing."""
    threshold, stated = decision_threshold(shipped.models.model_dump()), shipped.abstention
    column = _shipped_column(shipped.models)
    found = control_error(
        held.outcome, column, 0.5 if threshold is None else threshold, stated, shipped.seed
    )
    least = 1.0 if found["min_confidence"] is None else found["min_confidence"]
    return found, shipped.model_copy(
        update={"abstention": stated.model_copy(update={"min_confidence": least})}
    )


def _shipped_column(models: ModelsConfig) -> str:
    """Name the held-out probabilities of the kind that ships."""
    return f"p_{models.outcome.kind}" if models.outcome.kind.endswith("_prior") else "p_overturned"


def _beats_prior(deficiencies: Mapping[str, Any]) -> bool:
    """Whether the ranking of deficiencies is better than the category prior's, interval and all."""
    return bool(deficiencies.get("micro_ap_vs_category_prior", {}).get("low", 0.0) > 0)


def describe_splits(splits: Mapping[Split, Folds | str], keys: pd.DataFrame) -> dict[str, Any]:
    """Say how each split was cut: items on either side of each fold, and a digest that tells whether two runs cut alike."""
    items = (keys["case_number"].astype("str") + "#" + keys["item_number"].astype("str")).to_numpy()
    return {
        split: {"not_applicable": folds}
        if isinstance(folds, str)
        else {
            "n_train": [len(train_rows) for train_rows, _ in folds],
            "n_test": [len(test_rows) for _, test_rows in folds],
            "digest": hash_text(
                "\n".join(" ".join(sorted(items[test_rows])) for _, test_rows in folds)
            ),
        }
        for split, folds in splits.items()
    }


def _folds_of(splits: Mapping[Split, Folds | str], chosen: Headline) -> Folds:
    folds = splits[cast(Split, chosen.split)]
    assert not isinstance(folds, str)  # a split that was not made cannot carry the headline
    return folds


def _measure_without_summary(
    data: TrainingData, deals: Sequence[Folds], config: Config, n_jobs: int
) -> dict[str, Any]:
    """Measure the outcome model without the narrative and what is read from it: how much of the result rests on the proxy."""
    told = ["case_summary", "diagnosis", "age", "sex"]
    bare = submission_frame(data.items.drop(columns=told, errors="ignore"), config.stage)
    without = replace(data.without_labels, submissions=bare)
    first, *others = _hold_out_deals(without, deals, config, n_jobs)
    figures: dict[str, Any] = measure(
        {"grouped": replace(first, repeats=tuple(others))}, config.evaluation, config.seed
    )["outcome"]["grouped"]
    return figures


def _report_split(report: Report, split: str, done: str) -> None:
    report(f"split {split}: {done}")


def _deal_grouped(data: TrainingData, folds: Folds, config: Config) -> list[Folds]:
    """Deal the groups of cases to folds as often as config asks; the first deal is given."""
    only_grouped = config.evaluation.model_copy(update={"splits": ["grouped"]})
    deals = [folds]
    for number in range(1, config.evaluation.n_repeats):
        dealt = make_splits(
            data.keys, data.groups, data.overturned, only_grouped, config.seed + number
        )["grouped"]
        deals += [] if isinstance(dealt, str) else [dealt]
    return deals


def _hold_out_deals(
    data: TrainingData, deals: Sequence[Folds], config: Config, n_jobs: int
) -> tuple[HeldOut, ...]:
    return tuple(hold_out(data, folds, config, n_jobs, lambda _: None) for folds in deals)


def _measure_learning_curve(  # noqa: PLR0917 - what every caller has at hand
    data: TrainingData,
    deals: Sequence[Folds],
    everything: HeldOut,
    config: Config,
    n_jobs: int,
    report: Report,
) -> list[dict[str, Any]]:
    """Measure case-grouped figures of models that learnt from a share of each fold's groups of cases."""
    if not config.evaluation.learning_curve:
        return []
    order = np.random.default_rng(config.seed).permutation(data.groups.max() + 1)[data.groups]
    held_out = {1.0: everything}
    for share in config.evaluation.learning_curve:
        # Each share holds the smaller ones: the curve tells more cases, not other cases.
        parts = [
            tuple(
                (train[order[train] <= np.quantile(order[train], share)], test)
                for train, test in deal
            )
            for deal in deals
        ]
        if any(len(np.unique(data.overturned[train])) < 2 for part in parts for train, _ in part):
            report(f"learning curve: {share:.0%} of the cases show one decision only")
            continue
        report(f"learning curve: {share:.0%} of the cases")
        first, *others = _hold_out_deals(data.without_labels, parts, config, n_jobs)
        held_out[share] = replace(first, repeats=tuple(others))
    return measure_learning_curve(held_out, config.evaluation, config.seed)
