"""Item table to model: every split is refitted whole, and the verdict says what it is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import numpy as np
import pandas as pd

from imrml.config import OUTCOME_KINDS, Config, Split
from imrml.engines.mapping import Engine, map_ordered
from imrml.errors import NotEnoughDataError
from imrml.evaluation import checks
from imrml.evaluation.metrics.held_out import HeldOut, measure
from imrml.evaluation.report.summary import format_summary, render_summary
from imrml.evaluation.report.verdict import Verdict, reach_verdict
from imrml.evaluation.splits import Folds, Headline, choose_headline, make_splits
from imrml.explaining.precedents import build_precedents
from imrml.features.own_words import in_words_of
from imrml.models import ReviewModel
from imrml.models.linear import one_thread
from imrml.models.persistence import require_savable
from imrml.phrases import pluralize
from imrml.submissions.programmes import programme_of
from imrml.text.cache import reading_once
from imrml.training.checks import run_checks
from imrml.training.contrasts import (
    deal_grouped,
    hold_out_deals,
    measure_without_summary,
    trace_learning_curve,
)
from imrml.training.data import (
    TrainingData,
    decided_years,
    list_case_hashes,
    list_passed_over,
    prepare,
)
from imrml.training.description import describe_splits, describe_training
from imrml.training.fitting import (
    Report,
    TrainingRun,
    fit_rows,
    hold_out,
    rates_by_year,
    report_nothing,
    without_refits,
)
from imrml.training.pace import Pace, count_fits, needs_bare_model
from imrml.training.search import SearchResult, search
from imrml.training.shipping import Shipped, select_shipped_model
from imrml.training.telling_columns import find_telling_columns
from imrml.training.terms import list_terms


@dataclass(frozen=True, repr=False, eq=False)
class TrainingResult:
    """A fitted model with everything that was found out about it.

    Parameters
    ----------
    model : ReviewModel
        Fitted on all items.
    manifest : dict of JSON types
        What a saved model carries: version, recipe, verdict, splits, facts on the data, hashes of
        the cases it was trained on.
    metrics : dict of JSON types
        See :func:`imrml.evaluation.metrics.held_out.measure`; with ``checks``, ``data`` and, where
        they apply, ``learning_curve``, ``search``, ``target_precision`` and ``risk_control``.
    held_out : mapping of split to HeldOut
        What was measured.
    verdict : Verdict
        Whether the recipe beats its priors.
    checks : sequence of Check
        Of leakage and of skill.
    precedents : DataFrame, optional
        Past items, where config keeps them.
    """

    model: ReviewModel
    manifest: dict[str, Any]
    metrics: dict[str, Any]
    held_out: Mapping[str, HeldOut]
    verdict: Verdict
    checks: Sequence[checks.Check]
    precedents: pd.DataFrame | None = None

    @property
    def is_synthetic(self) -> bool:
        """Whether a letter behind the model is invented.

        Returns
        -------
        bool
            True as soon as one case is.
        """
        return bool(self.manifest["trained_on"] == "synthetic")

    @property
    def _name(self) -> str:
        version, kind = self.manifest["model_version"], self.manifest["outcome_kind"]
        return f"TrainingResult: model {version}, {kind}"

    def __repr__(self) -> str:
        return format_summary(
            self._name, self.metrics, self.verdict, self.checks, is_synthetic=self.is_synthetic
        )

    def _repr_html_(self) -> str:
        """Summarise for a notebook: verdict, headline figures, failed checks, plots."""
        return render_summary(
            self._name,
            self.metrics,
            self.held_out,
            self.verdict,
            self.checks,
            is_synthetic=self.is_synthetic,
        )


@reading_once()
def train(
    items: pd.DataFrame,
    config: Config,
    labels: pd.DataFrame | None = None,
    n_jobs: int = 1,
    report: Report = report_nothing,
    *,
    engine: Engine = "local",
) -> TrainingResult:
    """Evaluate a recipe on every split, then fit on all items the model that the verdict allows.

    Outcome and deficiencies are blended with their priors, by weights that folds of cases choose
    inside every fit, and that ships (``models.ship: expected``). Where held-out log loss is not
    better than both priors', interval and all, manifest, report and every score say so; with
    ``models.ship: distinguishable`` the category prior ships then, and that of the deficiencies
    where their average precision does not beat it.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Item table with decisions; see :func:`imrml.training.data.prepare`.
    config : Config
        The recipe.
    labels : DataFrame, optional
        ``item_id`` (``CASE#NUMBER``) and ``deficiencies``, instead of the table's own.
    n_jobs : int, default=1
        Processes that fit folds side by side.
    report : callable, default=report_nothing
        Given, in words, what is going on.
    engine : {'local', 'dask'}, default='local'
        Who fits folds.

    Returns
    -------
    TrainingResult

    Raises
    ------
    TableError
        A column is absent, a decision is neither ``upheld`` nor ``overturned``, or an item stands
        twice.
    NotEnoughDataError
        Fewer than two items of either decision, or too few cases of either for any split that keeps
        cases together.
    """
    # Two threads that wait for each other's small products cost ten times the products themselves.
    with in_words_of(config), one_thread():
        data = prepare(items, config, labels)
        return _train(TrainingRun(data, config, n_jobs, report, engine), labels)


def _train(run: TrainingRun, labels: pd.DataFrame | None) -> TrainingResult:
    data, config, report = run.data, run.config, run.report
    _require_both_decisions(data.overturned)
    report(
        f"{pluralize(len(data.items), 'item')} of "
        f"{pluralize(data.keys['case_number'].nunique(), 'case')} "
        f"in {pluralize(data.groups.max() + 1, 'group')}"
    )

    if unread := list_passed_over(data.items, config):
        report(f"columns that no feature reads are passed over: {', '.join(unread)}")

    # 1. Deal the cases to folds, and choose the split whose figures stand first.
    splits = make_splits(data.keys, data.groups, data.overturned, config.evaluation, config.seed)
    headline = choose_headline(splits, data.cases.tolist(), data.overturned, config.evaluation)
    headline_folds = _folds_of(splits, headline)
    deals = deal_grouped(run, splits)
    pace = Pace(report, count_fits(config, splits, deals, headline_folds))
    run = replace(run, report=pace)

    _require_savable(run)

    # 2. Fit the whole recipe on each fold, and predict the items that it holds out.
    held_out = _hold_out_splits(run, splits, headline, deals, pace)

    # 3. Measure, and say what the figures mean.
    pace("measuring, with intervals bootstrapped by case")
    cases_are = programme_of(config.profile).cases_are
    metrics = measure(held_out, config.evaluation, config.seed, cases_are)
    metrics["outcome"] |= _reasons_not_applicable(splits)
    verdict = reach_verdict(metrics, headline)

    # 4. Look at the recipe from other sides: without the case summary, and with fewer cases.
    if needs_bare_model(config):
        pace("the same without the case summary, which is a proxy written after the fact")
        of_headline = deals if headline.split == "grouped" else [headline_folds]
        figures = measure_without_summary(run, of_headline)
        pace.finish(sum(map(len, of_headline)))
        metrics["baselines"]["without_case_summary"] = {headline.split: figures}
    if deals:
        metrics["learning_curve"] = trace_learning_curve(
            run, deals, held_out["grouped"], pace.finish
        )

    # 5. Search the settings, now on all items.
    tuned = config
    if config.search.space:
        searched = _tune(run)
        tuned = searched.config
        metrics["search"] = _describe_search(searched, config.search.method, held_out)

    # 6. Keep of the recipe what held-out cases bear out, and fit that on all items.
    shipped = select_shipped_model(
        tuned,
        held_out[headline.split],
        verdict,
        metrics["deficiencies"].get(headline.split, {}),
    )
    metrics |= shipped.figures
    model = _fit_all(run, shipped.config)

    # 7. Look for leaks, and say what was made of what.
    found_checks = [
        *run_checks(data, splits, headline_folds, model),
        checks.check_better_than_prior(metrics, headline.split),
    ]
    metrics["checks"] = [asdict(check) for check in found_checks]
    metrics["terms"] = list_terms(model, data, config.features.min_cases)
    metrics["data"] = describe_training(data, config, model, has_gold=labels is not None)
    return TrainingResult(
        model,
        _write_manifest(run, shipped, splits, metrics["data"]),
        metrics,
        held_out,
        shipped.verdict,
        found_checks,
        _list_precedents(data) if config.precedents.keep else None,
    )


def _require_both_decisions(overturned: np.ndarray) -> None:
    n_overturned, n_upheld = int(overturned.sum()), int((~overturned).sum())
    if min(n_overturned, n_upheld) < 2:
        raise NotEnoughDataError(
            "train needs upheld and overturned items, at least two of each; "
            f"found {n_upheld:,} upheld and {n_overturned:,} overturned"
        )


_FEW = 400
"""Items that a first, hasty fit of a user's own parts looks at."""


def _require_savable(run: TrainingRun) -> None:
    """Refuse parts of a user's own that could not be saved, before any fold is fitted."""
    models, features = run.config.models, run.config.features
    if models.outcome.kind in OUTCOME_KINDS and not features.transformers:
        return
    run.report("a first fit of your own parts, on few items, to see that they can be saved")
    data = run.data.without_labels
    rarer = np.flatnonzero(data.overturned == (data.overturned.mean() <= 0.5))[: _FEW // 4]
    others = np.setdiff1d(np.arange(len(data.items)), rarer)[: _FEW - len(rarer)]
    config = without_refits(run.config)
    require_savable(fit_rows(data, config, np.sort(np.append(rarer, others))))


def _hold_out_splits(
    run: TrainingRun,
    splits: Mapping[Split, Folds | str],
    headline: Headline,
    deals: Sequence[Folds],
    pace: Pace,
) -> dict[str, HeldOut]:
    """Hold out each split that could be made, the grouped one under every deal of its folds.

    Sections are shuffled where the headline rests.
    """
    held_out: dict[str, HeldOut] = {}
    for split, folds in splits.items():
        if isinstance(folds, str):
            run.report(f"split {split}: not applicable, {folds}")
            continue
        n_shuffles = run.config.evaluation.n_shuffles if split == headline.split else 0
        of_split = replace(run, report=partial(_report_split, pace, split))
        held_out[split] = hold_out(of_split, folds, n_shuffles)
    if len(deals) > 1:
        pace(f"split grouped: {len(deals) - 1} other deals of the folds")
        held_out["grouped"] = replace(held_out["grouped"], repeats=hold_out_deals(run, deals[1:]))
        pace.finish(sum(map(len, deals[1:])))
    return held_out


def _report_split(pace: Pace, split: str, done: str) -> None:
    pace.finish(1)
    pace(f"split {split}: {done}")


def _folds_of(splits: Mapping[Split, Folds | str], headline: Headline) -> Folds:
    folds = splits[cast(Split, headline.split)]
    assert not isinstance(folds, str)  # a split that was not made cannot carry the headline
    return folds


def _reasons_not_applicable(splits: Mapping[Split, Folds | str]) -> dict[str, dict[str, str]]:
    return {
        split: {"not_applicable": folds}
        for split, folds in splits.items()
        if isinstance(folds, str)
    }


def _tune(run: TrainingRun) -> SearchResult:
    run.report(f"search: {run.config.search.method}, on all items")
    return search(run.data, run.config, run.n_jobs)


def _describe_search(
    searched: SearchResult, method: str, held_out: Mapping[str, HeldOut]
) -> dict[str, Any]:
    """Say what was tried on all items, and what each fold that was measured chose by itself."""
    by_fold = [
        {"split": split, "fold": number, "settings": dict(settings)}
        for split, held in held_out.items()
        for number, settings in enumerate(held.chosen, start=1)
    ]
    return {**searched.describe(method), "by_fold": by_fold}


def _fit_all(run: TrainingRun, shipped: Config) -> ReviewModel:
    run.report(f"fitting the model that ships ({shipped.models.outcome.kind}) on all items")
    # In a worker again, where there are any: they have read these narratives before and remember
    # what they found.
    all_rows = np.arange(len(run.data.items))
    [model] = map_ordered(partial(fit_rows, run.data, shipped), [all_rows], run.n_jobs)
    model.expected_columns_ = find_telling_columns(model, run.data.submissions)
    return model


def _write_manifest(
    run: TrainingRun,
    shipped: Shipped,
    splits: Mapping[Split, Folds | str],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    data, config, now = run.data, run.config, datetime.now(UTC)
    return {
        "model_version": f"{now:%Y%m%d.%H%M%S}-{str(facts['fingerprint'])[:8]}",
        "created_on": f"{now:%Y-%m-%d}",
        "stage": config.stage,
        "trained_on": data.trained_on,
        "outcome_kind": shipped.config.models.outcome.kind,
        "verdict": shipped.verdict.sentence,
        "headline": shipped.verdict.headline.split,
        "recipe": config.model_dump(),
        "config": shipped.config.model_dump(),
        "splits": describe_splits(splits, data.keys),
        "data": facts,
        "year_rates": rates_by_year(data),
        "training_cases": list_case_hashes(data),
    }


def _list_precedents(data: TrainingData) -> pd.DataFrame:
    deficiencies: list[list[str] | None] = [None] * len(data.items)
    if data.deficiencies is not None:
        names = data.deficiencies.columns.to_numpy()
        rows = zip(data.deficiencies.to_numpy(dtype=bool), data.is_labelled, strict=True)
        deficiencies = [names[row].tolist() if is_labelled else None for row, is_labelled in rows]
    treatments = data.submissions["treatment"].to_list()
    years = decided_years(data.keys)
    return build_precedents(treatments, data.cases.tolist(), years, data.overturned, deficiencies)
