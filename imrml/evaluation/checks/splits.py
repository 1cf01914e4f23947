"""Named checks that fire when an evaluation cannot be believed; here, those of splits.

A check that cannot run says ``not_applicable`` and never counts as passed. Findings name rows,
columns and features, never text of a record.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from datasketch import MinHash, MinHashLSH

from imrml.config import Split
from imrml.evaluation.splits import Folds, find_case_days

Status = Literal["passed", "failed", "not_applicable"]

VERDICT_CODE = "better_than_prior"
"""The one check that speaks of skill; all others fire at leakage."""
MOST_FINDINGS = 20
"""Findings a check lists; its detail counts all of them."""
MIN_DECISIONS = 10
"""Held-out items of each decision without which a lone feature splits them by luck."""

COPIED_SHARE = 0.8
"""Share of the shorter summary's word pairs from which two summaries count as copies. On 120 real
letters no two different cases share more than 0.69, on 700 invented ones 0.50."""
_LEAST_PAIRS = 8
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a check found something.

    Parameters
    ----------
    where : str
        Column of the table or name of a feature.
    row : int, optional
        Row of the item table, from 1.
    start, end : int, optional
        Span in the row's text of that column; the text itself is never shown.

    Examples
    --------
    >>> str(Finding("case_summary", row=3, start=10, end=18)), str(Finding("summary__upheld"))
    ('row 3, case_summary, characters 10 to 18', 'summary__upheld')
    """

    where: str
    row: int | None = None
    start: int | None = None
    end: int | None = None

    def __str__(self) -> str:
        """Say where, for people."""
        row = "" if self.row is None else f"row {self.row}, "
        span = "" if self.start is None else f", characters {self.start} to {self.end}"
        return f"{row}{self.where}{span}"


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
        ``not_applicable`` where the check could not run; it never counts as passed.
    detail : str
        What was found, or why the check could not run; no text of a record.
    findings : tuple of Finding
        The first guilty places.
    """

    code: str
    title: str
    status: Status
    detail: str
    findings: tuple[Finding, ...] = ()


def explain_too_few(overturned: npt.NDArray[np.bool_]) -> str:
    """Say why held-out decisions are too few to be told apart by anything but luck.

    Parameters
    ----------
    overturned : ndarray of bool of shape (n_items,)
        The decisions.

    Returns
    -------
    str
        ``""`` where there are enough.
    """
    if min(overturned.sum(), (~overturned).sum()) >= MIN_DECISIONS:
        return ""
    return f"fewer than {MIN_DECISIONS} held-out items of one decision"


def at_rows(rows: Sequence[int], where: str) -> tuple[Finding, ...]:
    """Turn positions into findings in one column.

    Parameters
    ----------
    rows : sequence of int
        Positions, from 0; one that stands twice counts once.
    where : str
        Name of the column.

    Returns
    -------
    tuple of Finding
        The first ``MOST_FINDINGS``, with rows from 1.

    Examples
    --------
    >>> [str(finding) for finding in at_rows([0, 4, 4], "age")]
    ['row 1, age', 'row 5, age']
    """
    return tuple(Finding(where, row=int(row) + 1) for row in dict.fromkeys(rows))[:MOST_FINDINGS]


# --- skill ----------------------------------------------------------------------------------------


def check_better_than_prior(metrics: Mapping[str, Any], split: str) -> Check:
    """Check that the model's log loss lies below the class prior's, interval and all.

    Parameters
    ----------
    metrics : mapping
        From :func:`imrml.evaluation.metrics.held_out.measure`.
    split : str
        The headline split.

    Returns
    -------
    Check
    """
    code, title = VERDICT_CODE, "The model is better than its class prior"
    difference = (
        metrics["outcome"]
        .get(split, {})
        .get("log_loss_vs_class_prior", {"not_applicable": "split not measured"})
    )
    if "value" not in difference:
        return Check(code, title, "not_applicable", f"{split}: {difference['not_applicable']}")
    interval = f"{difference['low']:+.4f} to {difference['high']:+.4f}"
    detail = f"{_name(split)}: log loss {difference['value']:+.4f} ({interval}) to the prior"
    return Check(code, title, "passed" if difference["high"] < 0 else "failed", detail)


# --- between the sides of a split -----------------------------------------------------------------


def check_cases(splits: Mapping[Split, Folds | str], case_numbers: Sequence[str]) -> Check:
    """Check that no case has items on both sides of a split.

    Parameters
    ----------
    splits : mapping of split to Folds or str
        From ``make_splits``; ``random`` is there for contrast and not checked.
    case_numbers : sequence of str, length n_items
        The case of each item.

    Returns
    -------
    Check

    Examples
    --------
    >>> folds = ((np.array([0, 1]), np.array([2])),)
    >>> check_cases({"grouped": folds}, ["A", "B", "B"]).detail
    'grouped: 1 of 1 tested items share their case with an item learnt from'
    """
    codes = pd.factorize(pd.Series(list(case_numbers), dtype=object))[0]
    shared = {
        split: [test[np.isin(codes[test], codes[train])] for train, test in folds]
        for split, folds in _kept_together(splits)
    }
    return _judge_sides(
        "case_on_both_sides",
        "No case on both sides of a split",
        splits,
        shared,
        ("case", "case_number"),
    )


def check_near_duplicates(splits: Mapping[Split, Folds | str], summaries: Sequence[str]) -> Check:
    """Check that no tested item's case summary is copied from, or into, one learnt from.

    Groups were made by the Jaccard similarity of three-word sequences with digits masked
    (``splits.group_cases``). So that the check does not repeat what it checks, it looks at another
    unit and another measure: word pairs with their digits, and the share of the shorter summary's
    pairs that the longer one holds, which sees a summary copied into a longer one. MinHash
    (``datasketch``) proposes pairs of summaries, the exact share decides.

    Parameters
    ----------
    splits : mapping of split to Folds or str
        From ``make_splits``; ``random`` is there for contrast and not checked.
    summaries : sequence of str, length n_items
        The case summary of each item.

    Returns
    -------
    Check

    Examples
    --------
    >>> short = "the cook slipped on a wet kitchen floor and hurt her left knee in may of that year"
    >>> longer = short + " and again in june when she carried a tray"
    >>> folds = ((np.array([0]), np.array([1])),)
    >>> check_near_duplicates({"grouped": folds}, [short, longer]).status
    'failed'
    """
    code, title = (
        "near_duplicate_on_both_sides",
        "No near-duplicate case summary on both sides of a split",
    )
    codes, different = pd.factorize(
        pd.Series(list(summaries), dtype=object).fillna("").map(str.lower)
    )
    pairs = _copied_pairs([_word_pairs(str(text)) for text in different])
    if pairs is None:
        return Check(code, title, "not_applicable", "no case summary is long enough to be compared")
    shared = {
        split: [_copied_rows(codes, pairs, *fold) for fold in folds]
        for split, folds in _kept_together(splits)
    }
    return _judge_sides(
        code, title, splits, shared, ("near-duplicate case summary", "case_summary")
    )


def _word_pairs(text: str) -> frozenset[int]:
    words = _WORD.findall(text)
    return frozenset(zlib.crc32(f"{first} {second}".encode()) for first, second in pairwise(words))


def _copied_pairs(summaries: Sequence[frozenset[int]]) -> npt.NDArray[np.int64] | None:
    """List pairs of summaries of which one holds most of the other, each also with itself.

    Returns
    -------
    ndarray of shape (n_pairs, 2), or None
        Positions; None where no summary is long enough.
    """
    comparable = [number for number, pairs in enumerate(summaries) if len(pairs) >= _LEAST_PAIRS]
    if not comparable:
        return None
    copied = [(number, number) for number in comparable]
    index = MinHashLSH(threshold=0.5, num_perm=64, weights=(0.1, 0.9))
    signatures = MinHash.generator(
        (list(summaries[number]) for number in comparable), num_perm=64, seed=7, hashfunc=int
    )
    for number, signature in zip(comparable, signatures, strict=True):
        for other in index.query(signature):
            n_shared = len(summaries[number] & summaries[other])
            if n_shared >= COPIED_SHARE * min(len(summaries[number]), len(summaries[other])):
                copied.append((number, other))
        index.insert(number, signature)
    return np.array(copied, dtype=np.int64)


def _copied_rows(
    codes: npt.NDArray[Any],
    pairs: npt.NDArray[np.int64],
    train: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    learnt = np.unique(codes[train])
    left, right = pairs.T
    guilty = np.union1d(left[np.isin(right, learnt)], right[np.isin(left, learnt)])
    return test[np.isin(codes[test], guilty)]


def _kept_together(splits: Mapping[Split, Folds | str]) -> list[tuple[Split, Folds]]:
    return [
        (split, folds)
        for split, folds in splits.items()
        if split != "random" and not isinstance(folds, str)
    ]


def _judge_sides(
    code: str,
    title: str,
    splits: Mapping[Split, Folds | str],
    shared: Mapping[Split, Sequence[npt.NDArray[np.int64]]],
    words: tuple[str, str],
) -> Check:
    if not shared:
        return Check(code, title, "not_applicable", "no split that keeps groups together was made")
    details, guilty = [], []
    for split, folds in _kept_together(splits):
        if n_shared := sum(map(len, shared[split])):
            n_tested = sum(len(test) for _, test in folds)
            details.append(
                f"{split}: {n_shared} of {n_tested} tested items share their {words[0]} "
                "with an item learnt from"
            )
            guilty.extend(np.concatenate(shared[split]).tolist())
    if details:
        return Check(code, title, "failed", "; ".join(details), at_rows(guilty, words[1]))
    return Check(code, title, "passed", f"checked on {', '.join(map(_name, shared))}")


def check_time_order(splits: Mapping[Split, Folds | str], keys: pd.DataFrame) -> Check:
    """Check that time-forward learns from nothing decided after the first tested case came in.

    Parameters
    ----------
    splits : mapping of split to Folds or str
        From ``make_splits``.
    keys : DataFrame of shape (n_items, ...)
        The same keys.

    Returns
    -------
    Check
    """
    code, title = (
        "train_before_test",
        "Everything learnt from was decided before anything tested was received",
    )
    folds = splits.get("time_forward", "time-forward was not asked for")
    if isinstance(folds, str):
        return Check(code, title, "not_applicable", folds)
    received, decided = find_case_days(keys)
    guilty: list[int] = []
    for train, test in folds:
        first_tested, last_learnt = received.iloc[test], decided.iloc[train]
        if first_tested.isna().any() or last_learnt.isna().any():
            return Check(code, title, "failed", "rows without a day stand on a side of the split")
        guilty.extend(train[(last_learnt >= first_tested.min()).to_numpy()].tolist())
    if guilty:
        detail = (
            f"{len(guilty)} items learnt from were decided on or after the day "
            "the first tested case was received"
        )
        return Check(code, title, "failed", detail, at_rows(guilty, "decided_on"))
    return Check(code, title, "passed", f"{sum(len(test) for _, test in folds)} tested items")


def _name(split: str) -> str:
    """Name a split as people write it."""
    return split.replace("_", "-")
