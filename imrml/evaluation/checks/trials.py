"""Checks of a recipe under trial: a swap, a section alone, chance labels, planted leaks."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from imrml.config import Stage
from imrml.evaluation.checks.splits import Check, Finding, at_rows, explain_too_few
from imrml.evaluation.metrics.power import estimate_auroc_error
from imrml.intervals import Resamples, figure
from imrml.submissions.columns import CODED_COLUMNS, SUBMISSION_COLUMNS
from imrml.submissions.frame import submission_frame

KNOWABLE_AUROC = 0.9
"""No section of a submission ranks better for certain. On invented letters, whose probabilities are
known, the best that all of them together can reach is 0.86 (experiments/003-synthetic-yardstick);
on real ones nobody came near."""
CHANCE = 0.03
"""Reach of the AUROC around 0.5 that chance labels are granted at least."""
_ERRORS_GRANTED = 3


# --- from later to earlier ------------------------------------------------------------------------


def check_swap(
    items: pd.DataFrame,
    stage: Stage,
    make_frame: Callable[[pd.DataFrame, Stage], pd.DataFrame] = submission_frame,
    declared: Collection[str] = (),
) -> Check:
    """Check that what is made of items stays the same when what is known only later is swapped.

    Swapped are the decision and everything else known only after it, keys, and columns that nobody
    knows or declared.

    Parameters
    ----------
    items : DataFrame
        Item table with columns known only after the review.
    stage : {'rfa', 'imr'}
        When predictions are made.
    make_frame : callable
        The maker under test: of submission frames, or of the feature matrix of a fitted model.
    declared : collection of str
        Custom columns, which are known at the stage.

    Returns
    -------
    Check

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["Norco #60", "MRI"], "rationale": ["lacking", "supported"]})
    >>> check_swap(items, "imr").status
    'passed'
    >>> check_swap(items, "imr", lambda items, stage: items).status
    'failed'
    """
    code, title = "swap_test", "Swapping what is known only later changes no submission"
    ours = {column.name for column in SUBMISSION_COLUMNS + CODED_COLUMNS}
    before_review = ours.union(declared)
    later = [str(name) for name in items if name not in before_review]
    if not later or len(items) < 2:
        return Check(
            code,
            title,
            "not_applicable",
            "needs two items and a column that is not known before the review",
        )
    before = items.reset_index(drop=True)
    after = before.copy()
    for name in later:
        after[name] = pd.Series(
            [*before[name].iloc[1:], before[name].iloc[0]], dtype=before[name].dtype
        )
    if _in_words(before[later]).equals(_in_words(after[later])):
        return Check(
            code,
            title,
            "not_applicable",
            "all items share what is known only later: a swap changes nothing",
        )
    frames = [_in_words(make_frame(table, stage)) for table in (before, after)]
    if not (
        frames[0].index.equals(frames[1].index) and frames[0].columns.equals(frames[1].columns)
    ):
        return Check(
            code, title, "failed", "the swap changes which rows or columns the frame holds"
        )
    changed = np.flatnonzero((frames[0] != frames[1]).any(axis=1))
    if len(changed):
        names = [
            str(name) for name in frames[0].columns if (frames[0][name] != frames[1][name]).any()
        ]
        return Check(
            code,
            title,
            "failed",
            f"{len(changed)} rows change in columns {names}",
            at_rows(changed.tolist(), names[0]),
        )
    return Check(code, title, "passed", f"{len(later)} columns swapped between {len(items)} items")


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the words of each value in its place, so that any two can be compared."""
    values = {name: list(map(repr, frame[name].to_numpy(dtype=object))) for name in frame}
    return pd.DataFrame(values, frame.index)


# --- models fitted to be looked at ----------------------------------------------------------------


def check_sections(
    held_out: Mapping[str, npt.ArrayLike],
    overturned: npt.ArrayLike,
    case_numbers: Sequence[str],
    n_resamples: int,
    seed: int,
) -> Check:
    """Check that no section ranks held-out items better than a submission can know, nor all do.

    Parameters
    ----------
    held_out : mapping of str to array of shape (n_items,)
        P(overturned) of models fitted on one section alone, or with one left out, by a name that
        says so.
    overturned : array of bool of shape (n_items,)
        The decisions.
    case_numbers : sequence of str, length n_items
        The case of each item.
    n_resamples, seed : int
        Of the bootstrap by case; the check fires where even the lower end of a ranking lies above
        ``KNOWABLE_AUROC``.

    Returns
    -------
    Check
    """
    code, title = (
        "section_knows_too_much",
        "No section of the submission ranks better than a submission can know",
    )
    truth = np.asarray(overturned, dtype=bool)
    if why := explain_too_few(truth):
        return Check(code, title, "not_applicable", why)
    resamples = Resamples(list(case_numbers), n_resamples, seed)
    rankings, guilty = [], []
    for name, p in held_out.items():
        auroc, _ = resamples.rank(truth, np.asarray(p, dtype=float))
        ranking = figure(auroc[0], auroc[1:], len(truth), 0.95)
        rankings.append(f"{name} {auroc[0]:.3f}")
        if ranking.get("low", 0.0) > KNOWABLE_AUROC:
            guilty.append(Finding(name))
    return Check(
        code,
        title,
        "failed" if guilty else "passed",
        f"AUROC: {', '.join(rankings)}",
        tuple(guilty),
    )


def check_chance_labels(overturned: npt.ArrayLike, p: npt.ArrayLike, n_cases: int) -> Check:
    """Check that decisions dealt at random cannot be told.

    A recipe that tells them has seen the answer, or a case on both sides. The check fires only at a
    ranking above chance. One below is the price of leaving out: a fold with many
    overturned items is held against models that learnt from fewer, which on small tables shows.

    Parameters
    ----------
    overturned : array of bool of shape (n_items,)
        Decisions dealt at random, the same for all items of a case.
    p : array of shape (n_items,)
        P(overturned) of held-out items, of the recipe under test.
    n_cases : int
        What the error of the AUROC is reckoned by: items of a case share one draw.

    Returns
    -------
    Check

    Examples
    --------
    >>> check_chance_labels([True, False] * 500, np.linspace(0, 1, 1000), n_cases=1000).status
    'passed'
    >>> check_chance_labels([True, False] * 500, [0.8, 0.3] * 500, n_cases=1000).status
    'failed'
    """
    code, title = "chance_labels", "Decisions dealt at random by case cannot be told"
    truth = np.asarray(overturned, dtype=bool)
    if why := explain_too_few(truth):
        return Check(code, title, "not_applicable", why)
    auroc = float(roc_auc_score(truth, np.asarray(p, dtype=float)))
    reach = max(
        CHANCE,
        _ERRORS_GRANTED
        * estimate_auroc_error(
            0.5, n_cases * float(truth.mean()), n_cases * float((~truth).mean())
        ),
    )
    detail = f"AUROC {auroc:.3f}; up to {0.5 + reach:.3f} is chance with {n_cases} cases"
    return Check(code, title, "failed" if auroc > 0.5 + reach else "passed", detail)


def check_alarms(by_plant: Mapping[str, Check]) -> Check:
    """Check that alarms fire: one that stays silent at a leak planted on purpose is a finding.

    Parameters
    ----------
    by_plant : mapping of str to Check
        By name of the planted leak, the result of the check that should catch it; one that is not
        applicable proves nothing.

    Returns
    -------
    Check

    Examples
    --------
    >>> from imrml.evaluation.checks.wording import check_feature_names
    >>> fired, silent = map(check_feature_names, (["summary__upheld"], ["summary__knee"]))
    >>> check_alarms({"a named feature": fired}).status
    'passed'
    >>> str(check_alarms({"a named feature": silent}).findings[0])
    'a named feature: outcome_words_in_features stayed silent'
    """
    code, title = "alarms_fire", "Leaks planted on purpose are found"
    tried = {plant: check for plant, check in by_plant.items() if check.status != "not_applicable"}
    if not tried:
        return Check(code, title, "not_applicable", "no check could run on this table")
    silent = tuple(
        Finding(f"{plant}: {check.code} stayed silent")
        for plant, check in tried.items()
        if check.status == "passed"
    )
    return Check(
        code, title, "failed" if silent else "passed", f"planted: {', '.join(tried)}", silent
    )
