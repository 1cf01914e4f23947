"""The recipe seen from other sides: other deals of the folds, no case summary, fewer cases."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from imrml.config import Split
from imrml.evaluation.metrics.held_out import HeldOut, measure, measure_learning_curve
from imrml.evaluation.splits import Folds, make_splits
from imrml.submissions.extra_columns import programme_of_config
from imrml.submissions.frame import submission_frame
from imrml.training.fitting import TrainingRun, hold_out, report_nothing

_READ_FROM_SUMMARY = ("case_summary", "diagnosis", "age", "sex")
"""The narrative, and the columns that a letter's parser reads from it."""


def deal_grouped(run: TrainingRun, splits: Mapping[Split, Folds | str]) -> list[Folds]:
    """Deal the groups of cases to folds as often as config asks.

    Parameters
    ----------
    run : TrainingRun
        ``evaluation.n_repeats`` of its config counts the deals.
    splits : mapping of split to Folds or str
        From ``make_splits``; the first deal is theirs.

    Returns
    -------
    list of Folds
        Empty where there is no case-grouped split.
    """
    folds = splits.get("grouped", "not asked for")
    if isinstance(folds, str):
        return []
    data, config = run.data, run.config
    only_grouped = config.evaluation.model_copy(update={"splits": ["grouped"]})
    deals = [folds]
    for number in range(1, config.evaluation.n_repeats):
        dealt = make_splits(
            data.keys, data.groups, data.overturned, only_grouped, config.seed + number
        )["grouped"]
        if not isinstance(dealt, str):
            deals.append(dealt)
    return deals


def hold_out_deals(run: TrainingRun, deals: Sequence[Folds]) -> tuple[HeldOut, ...]:
    """Hold out the same items under several deals of the folds.

    Parameters
    ----------
    run : TrainingRun
        Its ``report`` stays silent.
    deals : sequence of Folds
        One or more.

    Returns
    -------
    tuple of HeldOut
        One a deal.
    """
    quiet = replace(run, report=report_nothing)
    return tuple(hold_out(quiet, folds) for folds in deals)


def _hold_out_as_one(run: TrainingRun, deals: Sequence[Folds]) -> HeldOut:
    first, *others = hold_out_deals(run, deals)
    return replace(first, repeats=tuple(others))


def measure_without_summary(run: TrainingRun, deals: Sequence[Folds]) -> dict[str, Any]:
    """Measure the outcome model without the narrative and what is read from it.

    The narrative is a proxy, written after the decision: the difference tells how much of the
    result rests on it.

    Parameters
    ----------
    run : TrainingRun
        The recipe and all items.
    deals : sequence of Folds
        Those of the headline split.

    Returns
    -------
    dict
        Figures of the outcome by metric.
    """
    config = run.config
    bare_items = run.data.items.drop(columns=list(_READ_FROM_SUMMARY), errors="ignore")
    bare = submission_frame(bare_items, config.stage, programme_of_config(config))
    without = replace(run, data=replace(run.data.without_labels, submissions=bare))
    held_out = {"grouped": _hold_out_as_one(without, deals)}
    figures: dict[str, Any] = measure(held_out, config.evaluation, config.seed)["outcome"][
        "grouped"
    ]
    return figures


def trace_learning_curve(
    run: TrainingRun,
    deals: Sequence[Folds],
    everything: HeldOut,
    finish: Callable[[float], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure models that learnt from a share of each fold's groups of cases.

    Parameters
    ----------
    run : TrainingRun
        ``evaluation.learning_curve`` of its config lists the shares, in (0, 1).
    deals : sequence of Folds
        Case-grouped.
    everything : HeldOut
        Of the same deals, learnt from all cases.
    finish : callable, optional
        Told of fits that are done, one on part of the cases as that part.

    Returns
    -------
    list of dict
        See :func:`imrml.evaluation.metrics.held_out.measure_learning_curve`; empty where config
        lists no share.
    """
    data, config = run.data, run.config
    if not config.evaluation.learning_curve:
        return []
    outcome_only = replace(run, data=data.without_labels)
    order = np.random.default_rng(config.seed).permutation(data.groups.max() + 1)[data.groups]
    held_out = {1.0: everything}
    for share in config.evaluation.learning_curve:
        parts = [_keep_share(folds, order, share) for folds in deals]
        if not all(_show_both_decisions(folds, data.overturned) for folds in parts):
            run.report(f"learning curve: {share:.0%} of the cases show one decision only")
            continue
        run.report(f"learning curve: {share:.0%} of the cases")
        held_out[share] = _hold_out_as_one(outcome_only, parts)
        finish(share * sum(map(len, parts)))
    return measure_learning_curve(held_out, config.evaluation, config.seed)


def _keep_share(folds: Folds, order: np.ndarray, share: float) -> Folds:
    """Keep the first groups of each fold.

    A share holds the smaller ones: the curve tells what more cases do, not other cases.
    """
    return tuple(
        (train[order[train] <= np.quantile(order[train], share)], test) for train, test in folds
    )


def _show_both_decisions(folds: Folds, overturned: np.ndarray) -> bool:
    return all(len(np.unique(overturned[train])) == 2 for train, _ in folds)
