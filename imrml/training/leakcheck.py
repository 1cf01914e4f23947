"""Item table and recipe to a list of named checks: everything that training checks, and what only extra fits can show."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from imrml.config import Config
from imrml.errors import NotEnoughDataError
from imrml.evaluation import checks
from imrml.evaluation.checks.sections import empty_columns, sections_of
from imrml.evaluation.checks.splits import Check
from imrml.evaluation.checks.telling_words import check_predictive_words
from imrml.evaluation.splits import Folds, make_splits
from imrml.models import ReviewModel
from imrml.submissions.frame import submission_frame
from imrml.training.checks import run_checks
from imrml.training.data import TrainingData, prepare
from imrml.training.fitting import Report, fit_rows, hold_out
from imrml.training.search import without_search

MOST_ITEMS = 5_000
"""Extra fits look at whole cases up to this many items: enough for an AUROC to a hundredth or two."""
_N_FOLDS = 3
_LOOSE_C = 10.0
"""Inverse penalty at which a section shows what it knows: a strong one would hide a leak that few words carry."""


def check_leaks(
    items: pd.DataFrame,
    config: Config,
    model: ReviewModel | None = None,
    n_jobs: int = 1,
    report: Report = lambda _: None,
) -> list[Check]:
    """Run every check for leakage on a table, a recipe and, where given, a fitted model.

    Parameters
    ----------
    items : DataFrame
        Item table with decisions.
    config : Config
        The recipe.
    model : ReviewModel, optional
        Fitted; its features are looked at. Without it, one is fitted on a fold of the table.
    n_jobs : int, default=1
        Processes that fit folds side by side.
    report : callable
        Told, in words, what is going on.

    Returns
    -------
    list of Check
        Those of :func:`imrml.training.checks.run_checks`; then ``golden_column``,
        ``section_knows_too_much``, ``chance_labels`` and ``planted_leaks_ring``.
    """
    config = without_search(config)  # a leak shows under any settings
    data = prepare(items, config).without_labels
    splits = make_splits(data.keys, data.groups, data.overturned, config.evaluation, config.seed)
    folds = _folds_for_fits(data, config)
    report("looking at the table")
    if isinstance(folds, str):
        if model is None:
            raise NotEnoughDataError(
                f"leakcheck: no model can be fitted to look at, {folds}; give --model or more cases"
            )
        tried = [
            Check(code, title, "not_applicable", folds)
            for code, title in (
                ("golden_feature", "No lone feature tells the decision"),
                ("golden_column", "No lone column of the feature matrix tells the decision"),
                (
                    "section_knows_too_much",
                    "No section of the submission ranks better than a submission can know",
                ),
                ("chance_labels", "Decisions dealt at random by case cannot be told"),
            )
        ]
        return [
            *run_checks(data, splits, folds, model),
            *tried,
            _check_alarms_fire(data, folds, model),
        ]
    train_rows, test_rows = folds[0]
    fitted = fit_rows(data, _without_intervals(config), train_rows)
    looked_at = model or fitted
    found = run_checks(data, splits, folds, looked_at)
    found.append(_check_golden_column(fitted, data.take(test_rows)))
    found.append(_check_sections(data, folds, config, n_jobs, report))
    report("fitting on decisions dealt at random")
    found.append(_check_chance_labels(data, config, n_jobs))
    return [*found, _check_alarms_fire(data, folds, looked_at)]


def name_failed(found: Sequence[Check]) -> list[str]:
    """Name the checks that failed.

    Parameters
    ----------
    found : sequence of Check
        From :func:`check_leaks`.

    Returns
    -------
    list of str
        Codes; empty where all is well.
    """
    return [check.code for check in found if check.status == "failed"]


def _without_intervals(config: Config) -> Config:
    return config.model_copy(update={"models": config.models.model_copy(update={"n_refits": 0})})


def _folds_for_fits(data: TrainingData, config: Config) -> Folds | str:
    """Deal whole groups of cases to a few folds, of a part of the table where it is large."""
    drawn = np.random.default_rng(config.seed).permutation(data.groups.max() + 1)
    n_by_group = np.bincount(data.groups)[drawn]
    rows = np.flatnonzero(
        np.isin(
            data.groups, drawn[: max(1, int(np.searchsorted(np.cumsum(n_by_group), MOST_ITEMS)))]
        )
    )
    few = config.evaluation.model_copy(update={"n_folds": _N_FOLDS, "splits": ["grouped"]})
    folds = make_splits(
        data.keys.iloc[rows], data.groups[rows], data.overturned[rows], few, config.seed
    )["grouped"]
    return (
        folds
        if isinstance(folds, str)
        else tuple((rows[train], rows[test]) for train, test in folds)
    )


def _check_golden_column(fitted: ReviewModel, unseen: TrainingData) -> Check:
    matrix = fitted.read(unseen.submissions).matrix
    if matrix is None:
        title = "No lone column of the feature matrix tells the decision"
        return Check(
            "golden_column",
            title,
            "not_applicable",
            "the model is made of priors alone and has no features",
        )
    return checks.check_golden_column(matrix, fitted.name_features().tolist(), unseen.overturned)


def _check_sections(
    data: TrainingData, folds: Folds, config: Config, n_jobs: int, report: Report
) -> Check:
    """Fit on each section alone and on all but it; an AUROC above what a submission can know is a section that was told."""
    if config.models.outcome.kind.endswith("_prior"):
        title = "No section of the submission ranks better than a submission can know"
        return Check(
            "section_knows_too_much",
            title,
            "not_applicable",
            "a prior reads no more than the treatment's category",
        )
    outcome = config.models.outcome.model_copy(update={"c": max(config.models.outcome.c, _LOOSE_C)})
    loose = config.model_copy(
        update={"models": config.models.model_copy(update={"outcome": outcome})}
    )
    sections = sections_of(data.submissions)
    emptied = {"everything": list[str]()}
    for name, columns in sections.items():
        emptied[f"{name} alone"] = [
            str(column) for column in data.submissions if column not in columns
        ]
        emptied[f"without {name}"] = columns
    predicted = {}
    for name, columns in emptied.items():
        report(f"fitting: {name}")
        part = replace(data, submissions=empty_columns(data.submissions, columns))
        predicted[name] = hold_out(part, folds, loose, n_jobs, lambda _: None).outcome
    tested_items = predicted["everything"]
    held_out = {
        name: table.loc[tested_items.index, "p_overturned"].to_numpy()
        for name, table in predicted.items()
    }
    cases = tested_items["case_number"].astype("str").tolist()
    return checks.check_sections(
        held_out, tested_items["overturned"], cases, config.evaluation.n_bootstrap, config.seed
    )


def _check_chance_labels(data: TrainingData, config: Config, n_jobs: int) -> Check:
    title = "Decisions dealt at random by case cannot be told"
    if config.models.outcome.kind == "class_prior":
        return Check(
            "chance_labels",
            title,
            "not_applicable",
            "the class prior gives all items one probability",
        )
    codes = pd.factorize(data.keys["case_number"])[0]
    rate = data.overturned.mean()
    dealt = np.random.default_rng(config.seed + 1).permutation(
        np.arange(codes.max() + 1) < round(rate * (codes.max() + 1))
    )
    chance = replace(data, overturned=dealt[codes])
    folds = _folds_for_fits(chance, config)
    if isinstance(folds, str):
        return Check("chance_labels", title, "not_applicable", folds)
    held = hold_out(chance, folds, config, n_jobs, lambda _: None).outcome
    return checks.check_chance_labels(
        held["overturned"], held["p_overturned"], held["case_number"].nunique()
    )


# --- leaks planted on purpose ----------------------------------------------------------------------------------------


def _check_alarms_fire(data: TrainingData, folds: Folds | str, model: ReviewModel) -> Check:
    """Plant each leak in a copy of the table, and see that the check that should catch it rings."""
    told = np.where(data.overturned, "overturned", "upheld")
    is_rarer = data.overturned == (data.overturned.mean() <= 0.5)
    rung: dict[str, Callable[[], Check]] = {
        "the decision behind the treatment": lambda: checks.check_outcome_phrases(
            data.submissions.assign(treatment=data.submissions["treatment"] + ": " + told)
        ),
        "a judgement in the narrative": lambda: checks.check_removals(
            data.submissions.assign(case_summary="He limps. Work status was not documented."),
            model.stage,
        ),
        "a feature named after the decision": lambda: checks.check_feature_names(
            ["summary__upheld"]
        ),
        "a word wherever the rarer decision stands": lambda: check_predictive_words(
            pd.DataFrame(
                {
                    "treatment": data.submissions["treatment"]
                    + np.where(is_rarer, " zanzibarine", "")
                }
            ),
            data.overturned,
            data.groups,
        ),
    }
    if (
        data.overturned.any() and not data.overturned.all()
    ):  # a swap among equal decisions shows nothing
        rung["a frame that holds the decision"] = lambda: checks.check_swap(
            data.items,
            model.stage,
            lambda items, stage: submission_frame(items, stage).assign(told=items["decision"]),
        )
    if not isinstance(folds, str):
        train, test = folds[0]
        crossed: Folds = ((np.append(train, test[0]), test),)
        summaries = data.submissions["case_summary"].tolist()
        rung |= {
            "a column made of the decision": lambda: checks.check_golden_feature(
                data.submissions[["treatment"]].assign(canary=data.overturned.astype(float)),
                data.overturned,
                folds,
            ),
            "a case on both sides": lambda: checks.check_cases(
                {"grouped": crossed}, data.cases.tolist()
            ),
            "a narrative on both sides": lambda: checks.check_near_duplicates(
                {"grouped": crossed}, [summaries[test[0]]] * len(summaries)
            ),
        }
    return checks.check_alarms({plant: ring() for plant, ring in rung.items()})
