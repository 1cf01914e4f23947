"""Every check for leakage: those that training runs, and those that need fits of their own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from imrml.config import PRIOR_KINDS, Config, Split
from imrml.errors import NotEnoughDataError, require_types
from imrml.evaluation import checks
from imrml.evaluation.checks.predictive_words import check_predictive_words
from imrml.evaluation.checks.sections import empty_columns, name_sections
from imrml.evaluation.checks.splits import Check
from imrml.evaluation.splits import Folds, make_splits
from imrml.features.own_words import in_words_of
from imrml.models import LoadedModel, ReviewModel
from imrml.submissions.frame import submission_frame
from imrml.training.checks import run_checks
from imrml.training.data import TrainingData, prepare
from imrml.training.fitting import (
    Report,
    TrainingRun,
    fit_rows,
    hold_out,
    report_nothing,
    without_refits,
)
from imrml.training.search import without_search

MOST_ITEMS = 5_000
"""Extra fits look at whole cases up to this many items: an AUROC to a hundredth or two."""
_N_FOLDS = 3
_LOOSE_C = 10.0
"""Inverse penalty at which a section shows what it knows: strong ones hide what few words do."""
_TITLES = {
    "golden_feature": "No lone feature tells the decision",
    "golden_column": "No lone column of the feature matrix tells the decision",
    "section_knows_too_much": (
        "No section of the submission ranks better than a submission can know"
    ),
    "chance_labels": "Decisions dealt at random by case cannot be told",
}
"""Checks that need a fit, by code."""


def check_leaks(
    items: pd.DataFrame,
    config: Config,
    model: LoadedModel | ReviewModel | None = None,
    n_jobs: int = 1,
    report: Report = report_nothing,
) -> list[Check]:
    """Run every check for leakage on a table, a config and optionally a fitted model.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Item table with decisions; see :func:`imrml.training.data.prepare`.
    config : Config
        Settings of the model; ``search`` is ignored, since a leak shows under any settings.
    model : LoadedModel or ReviewModel, optional
        The model whose features are checked. By default, one is fitted on a fold of the table.
    n_jobs : int, default=1
        Processes that fit folds in parallel; -1 for one per core.
    report : callable, default=report_nothing
        Called with progress messages.

    Returns
    -------
    list of Check
        Those of :func:`imrml.training.checks.run_checks`; then ``golden_column``,
        ``section_knows_too_much``, ``chance_labels`` and ``alarms_fire``. Findings name rows,
        columns and features, and hold no text of a record.

    Raises
    ------
    TableError
        A column is missing, a decision is neither ``upheld`` nor ``overturned``, or an item occurs
        twice.
    NotEnoughDataError
        No model is given, and the table holds too few cases of either decision to fit one.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> decisions = ["upheld", "upheld", "overturned"] * 20
    >>> items = pd.DataFrame({
    ...     "case_number": [f"C{number}" for number in range(60)], "item_number": 1,
    ...     "treatment": [f"MRI of the knee: {decision}" for decision in decisions],
    ...     "decision": decisions})
    >>> config = load_config(overrides=["models.outcome.kind=category_prior"])
    >>> checks = check_leaks(items, config)
    >>> [check.code for check in checks if check.status == "failed"]
    ['outcome_phrases', 'golden_feature']
    """
    require_types(
        "check_leaks",
        items=(items, pd.DataFrame),
        config=(config, Config),
        model=(model, LoadedModel | ReviewModel | None),
        n_jobs=(n_jobs, int),
        report=(report, Callable),
    )
    given = model.model if isinstance(model, LoadedModel) else model
    with in_words_of(config):
        data = prepare(items, config, verb="leakcheck").without_labels
        return _check_leaks(TrainingRun(data, without_search(config), n_jobs, report), given)


def _check_leaks(run: TrainingRun, given: ReviewModel | None) -> list[Check]:
    data, config, report = run.data, run.config, run.report
    splits = make_splits(data.keys, data.groups, data.overturned, config.evaluation, config.seed)
    folds = _folds_for_fits(data, config)
    report("looking at the table")
    if isinstance(folds, str):
        return _check_without_fits(data, splits, folds, given)
    train_rows, test_rows = folds[0]
    fitted = fit_rows(data, without_refits(config), train_rows)
    looked_at = given or fitted
    at_table = run_checks(data, splits, folds, looked_at)
    golden_column = _check_golden_column(fitted, data.take(test_rows))
    sections = _check_sections(run, folds)
    report("fitting on decisions dealt at random")
    chance_labels = _check_chance_labels(run)
    alarms = _check_alarms_fire(data, folds, looked_at)
    return [*at_table, golden_column, sections, chance_labels, alarms]


def name_failed(checks: Sequence[Check]) -> list[str]:
    """Name the checks that failed.

    Parameters
    ----------
    checks : sequence of Check
        From :func:`check_leaks`.

    Returns
    -------
    list of str
        Codes; empty where all is well.
    """
    return [check.code for check in checks if check.status == "failed"]


def _check_without_fits(
    data: TrainingData, splits: Mapping[Split, Folds | str], why: str, model: ReviewModel | None
) -> list[Check]:
    if model is None:
        raise NotEnoughDataError(
            f"leakcheck: no model can be fitted to look at, {why}; give --model or more cases"
        )
    needing_fits = [Check(code, title, "not_applicable", why) for code, title in _TITLES.items()]
    alarms = _check_alarms_fire(data, why, model)
    return [*run_checks(data, splits, why, model), *needing_fits, alarms]


def _not_applicable(code: str, why: str) -> Check:
    return Check(code, _TITLES[code], "not_applicable", why)


def _folds_for_fits(data: TrainingData, config: Config) -> Folds | str:
    """Deal whole groups of cases to a few folds, of a part of the table where it is large."""
    drawn = np.random.default_rng(config.seed).permutation(data.groups.max() + 1)
    n_by_group = np.bincount(data.groups)[drawn]
    n_groups = max(1, int(np.searchsorted(np.cumsum(n_by_group), MOST_ITEMS)))
    rows = np.flatnonzero(np.isin(data.groups, drawn[:n_groups]))
    few = config.evaluation.model_copy(update={"n_folds": _N_FOLDS, "splits": ["grouped"]})
    folds = make_splits(
        data.keys.iloc[rows], data.groups[rows], data.overturned[rows], few, config.seed
    )["grouped"]
    if isinstance(folds, str):
        return folds
    return tuple((rows[train], rows[test]) for train, test in folds)


def _check_golden_column(fitted: ReviewModel, unseen: TrainingData) -> Check:
    matrix = fitted.read(unseen.submissions).matrix
    if matrix is None:
        return _not_applicable(
            "golden_column", "the model is made of priors alone and has no features"
        )
    return checks.check_golden_column(matrix, fitted.name_features().tolist(), unseen.overturned)


def _check_sections(run: TrainingRun, folds: Folds) -> Check:
    """Fit on each section alone and on all but it: an AUROC too high is a section that knows."""
    data, config = run.data, run.config
    if config.models.outcome.kind in PRIOR_KINDS:
        return _not_applicable(
            "section_knows_too_much", "a prior reads no more than the treatment's category"
        )
    outcome = config.models.outcome.model_copy(update={"c": max(config.models.outcome.c, _LOOSE_C)})
    loose = config.model_copy(
        update={"models": config.models.model_copy(update={"outcome": outcome})}
    )
    predicted = {}
    for name, columns in _columns_to_empty(data).items():
        run.report(f"fitting: {name}")
        part = replace(data, submissions=empty_columns(data.submissions, columns))
        emptied = TrainingRun(part, loose, run.n_jobs)
        predicted[name] = hold_out(emptied, folds).outcome
    tested_items = predicted["everything"]
    held_out = {
        name: table.loc[tested_items.index, "p_overturned"].to_numpy()
        for name, table in predicted.items()
    }
    cases = tested_items["case_number"].astype("str").tolist()
    return checks.check_sections(
        held_out, tested_items["overturned"], cases, config.evaluation.n_bootstrap, config.seed
    )


def _columns_to_empty(data: TrainingData) -> dict[str, list[str]]:
    """List the columns to empty for each fit, by what the fit then looks at."""
    emptied = {"everything": list[str]()}
    for section, columns in name_sections(data.submissions).items():
        others = [str(column) for column in data.submissions if column not in columns]
        emptied[f"{section} alone"] = others
        emptied[f"without {section}"] = columns
    return emptied


def _check_chance_labels(run: TrainingRun) -> Check:
    data, config = run.data, run.config
    if config.models.outcome.kind == "class_prior":
        return _not_applicable("chance_labels", "the class prior gives all items one probability")
    codes = pd.factorize(data.keys["case_number"])[0]
    n_cases = codes.max() + 1
    n_overturned = round(data.overturned.mean() * n_cases)
    random = np.random.default_rng(config.seed + 1)
    dealt = random.permutation(np.arange(n_cases) < n_overturned)
    chance = replace(data, overturned=dealt[codes])
    folds = _folds_for_fits(chance, config)
    if isinstance(folds, str):
        return _not_applicable("chance_labels", folds)
    held = hold_out(TrainingRun(chance, config, run.n_jobs), folds).outcome
    return checks.check_chance_labels(
        held["overturned"], held["p_overturned"], held["case_number"].nunique()
    )


# --- leaks planted on purpose ---------------------------------------------------------------------


def _check_alarms_fire(data: TrainingData, folds: Folds | str, model: ReviewModel) -> Check:
    """Plant each leak in a copy of the table, and see that the check that should catch it fires."""
    submissions, overturned = data.submissions, data.overturned
    treatments = submissions["treatment"]
    is_rarer = overturned == (overturned.mean() <= 0.5)
    decisions = np.where(overturned, "overturned", "upheld")
    judged = "He limps. Work status was not documented."
    marked = treatments + np.where(is_rarer, " zanzibarine", "")
    by_plant = {
        "the decision behind the treatment": checks.check_outcome_phrases(
            submissions.assign(treatment=treatments + ": " + decisions)
        ),
        "a judgement in the narrative": checks.check_removals(
            submissions.assign(case_summary=judged), model.stage
        ),
        "a feature named after the decision": checks.check_feature_names(["summary__upheld"]),
        "a word wherever the rarer decision stands": check_predictive_words(
            pd.DataFrame({"treatment": marked}), overturned, data.groups
        ),
    }
    if overturned.any() and not overturned.all():  # a swap among equal decisions shows nothing
        by_plant["a frame that holds the decision"] = checks.check_swap(
            data.items,
            model.stage,
            lambda items, stage: submission_frame(items, stage, model.programme).assign(
                canary=items["decision"]
            ),
            [column.name for column in model.programme.extra_columns],
        )
    if not isinstance(folds, str):
        train, test = folds[0]
        crossed: Folds = ((np.append(train, test[0]), test),)
        summaries = submissions["case_summary"].tolist()
        by_plant |= {
            "a column made of the decision": checks.check_golden_feature(
                submissions[["treatment"]].assign(canary=overturned.astype(float)),
                overturned,
                folds,
            ),
            "a case on both sides": checks.check_cases({"grouped": crossed}, data.cases.tolist()),
            "a narrative on both sides": checks.check_near_duplicates(
                {"grouped": crossed}, [summaries[test[0]]] * len(summaries)
            ),
        }
    return checks.check_alarms(by_plant)
