"""Small named checks that ring when an evaluation cannot be believed: leakage between sides, from later, or from nowhere.

A check that cannot run says ``not_applicable`` and never counts as passed. Details name rows and columns, never text of a record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score

from imrml.config import Split, Stage
from imrml.determinations import DETERMINATION_COLUMNS
from imrml.evaluation.splits import Folds, case_days, cluster_summaries
from imrml.submissions import submission_frame

Status = Literal["passed", "failed", "not_applicable"]

VERDICT_CODE = "better_than_prior"
"""The one check that speaks of skill; all others ring for leakage."""
GOLDEN_AUROC = 0.95
MIN_DECISIONS = 10
"""Held-out items of each decision without which a lone feature splits them by luck."""
_MAX_ROWS = 20
_PLAIN_SHARE = 0.5
"""A text column with fewer different values than this share of its rows is a category, else free text."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found.

    Parameters
    ----------
    code : str
        Stable name in lower snake case.
    title : str
        What should hold, for people.
    status : {'passed', 'failed', 'not_applicable'}
    detail : str
        What was found; no text of a record.
    rows : tuple of int
        Positions (from 0) of the first guilty rows in the table checked.
    """

    code: str
    title: str
    status: Status
    detail: str
    rows: tuple[int, ...] = ()


# --- between the sides of a split ------------------------------------------------------------------------------------


def check_cases(splits: Mapping[Split, Folds | str], case_numbers: Sequence[str]) -> Check:
    """Check that no case has items on both sides of a split (``random`` is there for contrast and not checked).

    Examples
    --------
    >>> folds = ((np.array([0, 1]), np.array([2])),)
    >>> check_cases({"grouped": folds}, ["A", "B", "B"]).detail
    'grouped: 1 of 1 tested items share their case with an item learnt from'
    """
    codes = pd.factorize(pd.Series(list(case_numbers), dtype=object))[0]
    return _check_sides("case_on_both_sides", "No case on both sides of a split", splits, codes, "case")


def check_near_duplicates(splits: Mapping[Split, Folds | str], summaries: Sequence[str], threshold: float) -> Check:
    """Check that no tested item's case summary is a near-duplicate of one learnt from; see ``splits.cluster_summaries``."""
    code, title = "near_duplicate_on_both_sides", "No near-duplicate case summary on both sides of a split"
    clusters = cluster_summaries(summaries, threshold)
    if (clusters < 0).all():
        return Check(code, title, "not_applicable", "no case summary is long enough to be compared")
    return _check_sides(code, title, splits, clusters, "near-duplicate case summary")


def _check_sides(code: str, title: str, splits: Mapping[Split, Folds | str], ids: npt.NDArray[Any], what: str) -> Check:
    checked, findings, guilty = [], [], []
    for split, folds in splits.items():
        if split == "random" or isinstance(folds, str):
            continue
        checked.append(split)
        shared = [test[(ids[test] >= 0) & np.isin(ids[test], ids[train])] for train, test in folds]
        if n_shared := sum(map(len, shared)):
            n_tested = sum(len(test) for _, test in folds)
            findings.append(f"{split}: {n_shared} of {n_tested} tested items share their {what} with an item learnt from")
            guilty.extend(np.concatenate(shared).tolist())
    if not checked:
        return Check(code, title, "not_applicable", "no split that keeps groups together was made")
    if findings:
        return Check(code, title, "failed", "; ".join(findings), tuple(guilty[:_MAX_ROWS]))
    return Check(code, title, "passed", f"checked on {', '.join(checked)}")


def check_time_order(splits: Mapping[Split, Folds | str], keys: pd.DataFrame) -> Check:
    """Check that time-forward learns from nothing decided on or after the day the first tested case was received.

    Parameters
    ----------
    splits : mapping
        From ``make_splits``.
    keys : DataFrame
        The same keys.
    """
    code, title = "train_before_test", "Everything learnt from was decided before anything tested was received"
    folds = splits.get("time_forward", "time-forward was not asked for")
    if isinstance(folds, str):
        return Check(code, title, "not_applicable", folds)
    received, decided = case_days(keys)
    guilty: list[int] = []
    for train, test in folds:
        first_tested, last_learnt = received.iloc[test], decided.iloc[train]
        if first_tested.isna().any() or last_learnt.isna().any():
            return Check(code, title, "failed", "rows without a day stand on a side of the split")
        guilty.extend(train[(last_learnt >= first_tested.min()).to_numpy()].tolist())
    if guilty:
        detail = f"{len(guilty)} items learnt from were decided on or after the day the first tested case was received"
        return Check(code, title, "failed", detail, tuple(guilty[:_MAX_ROWS]))
    return Check(code, title, "passed", f"{sum(len(test) for _, test in folds)} tested items")


# --- the model and its features --------------------------------------------------------------------------------------


def check_better_than_prior(metrics: Mapping[str, Any], split: str) -> Check:
    """Check that the model's log loss lies below the class prior's, interval and all."""
    code, title = VERDICT_CODE, "The model is better than its class prior"
    difference = metrics["outcome"].get(split, {}).get("log_loss_vs_class_prior", {"not_applicable": "split not measured"})
    if "value" not in difference:
        return Check(code, title, "not_applicable", f"{split}: {difference['not_applicable']}")
    detail = f"{split}: log loss {difference['value']:+.4f} ({difference['low']:+.4f} to {difference['high']:+.4f}) to the prior"
    return Check(code, title, "passed" if difference["high"] < 0 else "failed", detail)


def check_golden_feature(frame: pd.DataFrame, overturned: npt.ArrayLike, folds: Folds) -> Check:
    """Check that no lone feature tells the decision on held-out items: AUROC above 0.95 means that it knows it.

    Looked at are numbers and days, whether a value is there at all, categories (by their rate in the rows learnt from), and
    single words and pairs of words of free text.

    Parameters
    ----------
    frame : DataFrame of shape (n_items, n_columns)
        What the model sees, such as the submission frame.
    overturned : array of bool of shape (n_items,)
        The decisions.
    folds : Folds
        Of one split.
    """
    code, title = "golden_feature", "No lone feature tells the decision"
    truth = np.asarray(overturned, dtype=bool)
    tested = np.concatenate([test for _, test in folds])
    if min(truth[tested].sum(), (~truth[tested]).sum()) < MIN_DECISIONS:
        return Check(code, title, "not_applicable", f"fewer than {MIN_DECISIONS} held-out items of one decision")
    findings, guilty = [], []
    for name in frame.columns:
        for what, scores in _lone_features(frame[name], truth, folds):
            auroc = roc_auc_score(truth[tested], scores)
            if max(auroc, 1 - auroc) > GOLDEN_AUROC:
                findings.append(f"{what} of column {name!r}: AUROC {max(auroc, 1 - auroc):.3f}")
                marked = scores > scores.min() if auroc > 0.5 else scores < scores.max()
                guilty.extend(tested[marked].tolist())
                break
    if findings:
        return Check(code, title, "failed", "; ".join(findings), tuple(guilty[:_MAX_ROWS]))
    return Check(code, title, "passed", f"{frame.shape[1]} columns, {len(tested)} held-out items")


def _lone_features(
    column: "pd.Series[Any]", overturned: npt.NDArray[np.bool_], folds: Folds
) -> list[tuple[str, npt.NDArray[np.float64]]]:
    """Score the tested rows, in the order of the folds, by one column in every way it can be read alone."""
    tested = np.concatenate([test for _, test in folds])
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        missing = column.isna().to_numpy()
        is_day = pd.api.types.is_datetime64_any_dtype(column)
        values = ((column - pd.Timestamp(0)).dt.total_seconds() if is_day else column).to_numpy(dtype=float, na_value=np.nan)
        values = np.where(missing, np.median(values[~missing]) if (~missing).any() else 0.0, values)
        return [("the value", values[tested]), ("the presence", (~missing).astype(float)[tested])]
    texts = column.fillna("").astype(str)
    features = [("the presence", (texts != "").to_numpy(dtype=float)[tested])]
    if texts.nunique() < _PLAIN_SHARE * len(texts):
        rates = []
        for train, test in folds:
            rate = pd.Series(overturned[train], dtype=float).groupby(texts.iloc[train].to_numpy()).mean()
            rates.append(texts.iloc[test].map(rate).fillna(overturned[train].mean()).to_numpy(dtype=float))
        features.append(("the category", np.concatenate(rates)))
    term = _strongest_term(texts.iloc[tested], overturned[tested])
    return features if term is None else [*features, ("a word or pair of words", term)]


def _strongest_term(texts: "pd.Series[str]", overturned: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64] | None:
    """Find the word or pair whose presence alone ranks best; for presence, AUROC is (1 + rate among one - among other) / 2."""
    try:
        # A term above the limit is in, or missing from, nine tenths of the rarer decision, so rare terms need no look.
        found = CountVectorizer(ngram_range=(1, 2), binary=True, min_df=MIN_DECISIONS // 2, max_features=50_000).fit_transform(
            texts
        )
    except ValueError:  # no word in enough rows
        return None
    rates = [np.asarray(found[rows].mean(axis=0)).ravel() for rows in (overturned, ~overturned)]
    strongest = int(np.argmax(np.abs(rates[0] - rates[1])))
    return np.asarray(found[:, [strongest]].todense(), dtype=float).ravel()


# --- from later to earlier -------------------------------------------------------------------------------------------


def check_swap(
    items: pd.DataFrame, stage: Stage, make_frame: Callable[[pd.DataFrame, Stage], pd.DataFrame] = submission_frame
) -> Check:
    """Check that the submission frame stays the same when what was known only later is swapped between items.

    Parameters
    ----------
    items : DataFrame
        Item table with columns known only after the review.
    stage : {'rfa', 'imr'}
        When predictions are made.
    make_frame : callable
        The maker under test.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["Norco #60", "MRI"], "rationale": ["not supported", "supported"]})
    >>> check_swap(items, "imr").status
    'passed'
    >>> check_swap(items, "imr", lambda items, stage: items).status
    'failed'
    """
    code, title = "swap_test", "Swapping what is known only later changes no submission"
    later = [column.name for column in DETERMINATION_COLUMNS if column.name in items]
    if not later or len(items) < 2:
        return Check(code, title, "not_applicable", "needs two items and a column known only after the review")
    before = items.reset_index(drop=True)
    after = before.copy()
    for name in later:
        after[name] = pd.Series([*before[name].iloc[1:], before[name].iloc[0]], dtype=before[name].dtype)
    if before[later].map(repr).equals(after[later].map(repr)):
        return Check(code, title, "not_applicable", "all items share what is known only later: a swap changes nothing")
    frames = [make_frame(table, stage).map(repr) for table in (before, after)]
    if not (frames[0].index.equals(frames[1].index) and frames[0].columns.equals(frames[1].columns)):
        return Check(code, title, "failed", "the swap changes which rows or columns the frame holds")
    changed = np.flatnonzero((frames[0] != frames[1]).any(axis=1))
    if len(changed):
        names = [str(name) for name in frames[0].columns if (frames[0][name] != frames[1][name]).any()]
        return Check(code, title, "failed", f"{len(changed)} rows change in columns {names}", tuple(changed[:_MAX_ROWS].tolist()))
    return Check(code, title, "passed", f"{len(later)} columns swapped between {len(items)} items")
