"""Who is learnt from and who is tested on: groups that stay together, and splits side by side.

Three splits: ``random`` (items dealt at random, for contrast only: it lets items of one case sit on
both sides), ``grouped`` (whole groups of cases) and ``time_forward`` (learn from cases decided
before a cutoff, test on cases received from it on).
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from datasketch import MinHash, MinHashLSH
from scipy.cluster.hierarchy import DisjointSet
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from imrml.config import EvaluationConfig, Split
from imrml.errors import NotEnoughDataError

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Folds = tuple[tuple[Ints, Ints], ...]
"""Pairs of row numbers: those to learn from and those to test on. No row is tested twice."""

_WORD = re.compile(r"[^\W\d_]+|\d+")
_SHINGLE_WORDS = 3
_MIN_WORDS = 8
"""A shorter narrative ("low back pain") says too little to call two cases the same."""
_N_PERMUTATIONS = 128


# --- groups ---------------------------------------------------------------------------------------


def group_cases(case_numbers: Sequence[str], summaries: Sequence[str], threshold: float) -> Ints:
    """Group items that must stay on one side of every split.

    Items of one case share a group, and so do cases whose case summaries are near-duplicates (one
    injured worker whose disputes went to review twice), directly or through a third case.

    Parameters
    ----------
    case_numbers, summaries : sequences of str, length n_items
        ``""`` as a summary is a duplicate of nothing.
    threshold : float
        Jaccard similarity of the sets of three-word sequences, digits masked, from which two
        summaries are near-duplicates.

    Returns
    -------
    ndarray of shape (n_items,)
        Group ids from 0, in order of first appearance.

    Examples
    --------
    >>> first = "A 51 year old cook slipped on a wet kitchen floor and hurt her left knee in May."
    >>> second = first.replace("51", "52")
    >>> summaries = [first, first, second, "Low back pain."]
    >>> group_cases(["A", "A", "B", "C"], summaries, 0.9).tolist()
    [0, 0, 0, 1]
    """
    clusters = cluster_summaries(summaries, threshold)
    joined: DisjointSet = DisjointSet()
    keys = [("case", str(case)) for case in case_numbers]
    for key, cluster in zip(keys, clusters, strict=True):
        joined.add(key)
        if cluster >= 0:
            joined.add(("cluster", int(cluster)))
            joined.merge(key, ("cluster", int(cluster)))
    return pd.factorize(pd.Series([joined[key] for key in keys], dtype=object))[0].astype(np.int64)


def cluster_summaries(summaries: Sequence[str], threshold: float) -> Ints:
    """Cluster near-duplicate case summaries.

    MinHash with locality-sensitive hashing (Broder 1997; ``datasketch``) proposes pairs, the exact
    similarity decides; :func:`group_cases` says which.

    Parameters
    ----------
    summaries : sequence of str, length n_items
        ``""`` is a duplicate of nothing.
    threshold : float
        Jaccard similarity from which two are near-duplicates, 0 to 1.

    Returns
    -------
    ndarray of shape (n_items,)
        Cluster ids from 0; -1 where a summary is too short to be compared.

    Examples
    --------
    >>> cluster_summaries(["Low back pain.", "Low back pain."], 0.9).tolist()
    [-1, -1]
    """
    unique_codes, unique = pd.factorize(pd.Series(list(summaries), dtype=object).fillna(""))
    shingles = list(_shingles(str(summary) for summary in unique))
    comparable = [number for number, hashes in enumerate(shingles) if len(hashes) > 0]
    joined: DisjointSet = DisjointSet(comparable)
    # Weighted towards finding every pair: a false proposal costs one exact comparison, a missed
    # pair is a leak.
    index = MinHashLSH(threshold=threshold, num_perm=_N_PERMUTATIONS, weights=(0.1, 0.9))
    signatures = MinHash.generator(
        (shingles[number].tolist() for number in comparable), num_perm=_N_PERMUTATIONS, hashfunc=int
    )
    for number, signature in zip(comparable, signatures, strict=True):
        for other in index.query(signature):
            if (
                not joined.connected(number, other)
                and _jaccard(shingles[number], shingles[other]) >= threshold
            ):
                joined.merge(number, other)
        index.insert(number, signature)
    cluster_of = np.full(len(unique) + 1, -1, dtype=np.int64)
    for number in comparable:
        cluster_of[number] = joined[number]
    return cluster_of[unique_codes]


def _shingles(summaries: Iterator[str]) -> Iterator[npt.NDArray[np.uint32]]:
    """Hash each summary's word sequences.

    Digits are masked, for dates and ages move between letters on one worker.
    """
    hashes: dict[str, int] = {}
    for summary in summaries:
        words = ["0" if word[0].isdigit() else word for word in _WORD.findall(summary.lower())]
        if len(words) < _MIN_WORDS:
            yield np.empty(0, dtype=np.uint32)
            continue
        for word in set(words) - hashes.keys():
            hashes[word] = zlib.crc32(word.encode())
        codes = np.array([hashes[word] for word in words], dtype=np.uint64)
        mixed = np.zeros(len(words) - _SHINGLE_WORDS + 1, dtype=np.uint64)
        for position in range(_SHINGLE_WORDS):
            # FNV-like mixing of neighbours, so that the order of the words counts.
            mixed = (
                mixed * np.uint64(1099511628211)
                + codes[position : len(codes) - _SHINGLE_WORDS + 1 + position]
            )
        yield np.unique((mixed >> np.uint64(16)).astype(np.uint32))


def _jaccard(left: npt.NDArray[np.uint32], right: npt.NDArray[np.uint32]) -> float:
    n_shared = len(np.intersect1d(left, right, assume_unique=True))
    return n_shared / (len(left) + len(right) - n_shared)


# --- splits ---------------------------------------------------------------------------------------


def make_splits(
    keys: pd.DataFrame, groups: Ints, overturned: npt.ArrayLike, config: EvaluationConfig, seed: int
) -> dict[Split, Folds | str]:
    """Make every split that the config asks for, or say why one is not applicable.

    Parameters
    ----------
    keys : DataFrame of shape (n_items, ...)
        ``case_number`` and, for ``time_forward``, ``received_on`` and ``decided_on`` (ISO dates) or
        ``decided_year``.
    groups : ndarray of shape (n_items,)
        From :func:`group_cases`.
    overturned : array of bool of shape (n_items,)
        The decision; used to deal decisions evenly, and to see that both are there to learn from.
    config : EvaluationConfig
        ``splits``, ``n_folds`` and ``test_fraction`` are used.
    seed : int
        Deals the folds.

    Returns
    -------
    dict
        By split, its folds or one sentence.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> years = [2014] * 5 + [2015] * 5
    >>> keys = pd.DataFrame({"case_number": list("ABCDEFGHIJ"), "decided_year": years})
    >>> config = load_config(overrides=["evaluation.n_folds=2", "evaluation.test_fraction=0.5"])
    >>> splits = make_splits(keys, np.arange(10), [True, False] * 5, config.evaluation, seed=0)
    >>> [(train.tolist(), test.tolist()) for train, test in splits["time_forward"]]
    [([0, 1, 2, 3, 4], [5, 6, 7, 8, 9])]
    """
    truth = np.asarray(overturned, dtype=bool)
    makers: dict[Split, Callable[[], Folds | str]] = {
        "random": lambda: _random_folds(truth, config.n_folds, seed),
        "grouped": lambda: _grouped_folds(truth, groups, config.n_folds, seed),
        "time_forward": lambda: _time_forward_folds(keys, groups, truth, config.test_fraction),
    }
    return {split: makers[split]() for split in dict.fromkeys(config.splits)}


def _random_folds(overturned: Bools, n_folds: int, seed: int) -> Folds | str:
    if min(overturned.sum(), (~overturned).sum()) < n_folds:
        return _too_few(int(overturned.sum()), int((~overturned).sum()), "items", n_folds)
    dealer = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return tuple(dealer.split(np.zeros(len(overturned)), overturned))


def _grouped_folds(overturned: Bools, groups: Ints, n_folds: int, seed: int) -> Folds | str:
    n_with = len(np.unique(groups[overturned]))
    n_without = len(np.unique(groups[~overturned]))
    if min(n_with, n_without) < n_folds:
        few = _too_few(n_with, n_without, "groups of cases", n_folds)
        return f"{few} (cases with nearly the same case summary are one group)"
    dealer = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    folds = tuple(dealer.split(np.zeros(len(overturned)), overturned, groups))
    if any(len(np.unique(overturned[train])) < 2 for train, _ in folds):
        return (
            f"a fold of {n_folds} would have one decision only to learn from: "
            "too few groups of cases, or one far too large"
        )
    return folds


def _too_few(n_overturned: int, n_upheld: int, unit: str, n_folds: int) -> str:
    return (
        f"{n_overturned} {unit} with an overturned and {n_upheld} with an upheld item "
        f"are too few for {n_folds} folds"
    )


def _time_forward_folds(
    keys: pd.DataFrame, groups: Ints, overturned: Bools, test_fraction: float
) -> Folds | str:
    received, decided = find_case_days(keys)
    cases = pd.DataFrame(
        {"case": pd.factorize(keys["case_number"])[0], "received": received, "decided": decided}
    )
    first_received = cases.groupby("case")["received"].min()
    candidates = np.unique(first_received.dropna())
    if not len(candidates):
        return "no case has the days it was received and decided on, nor a year of decision"
    n_cases = len(first_received)
    # The share tested falls as the cutoff moves on; take the cutoff whose share is nearest to the
    # one asked for.
    shares = 1 - np.searchsorted(np.sort(first_received.dropna()), candidates) / n_cases
    nearest_first = candidates[np.argsort(np.abs(shares - test_fraction), kind="stable")]
    for cutoff in nearest_first:
        train = (decided < cutoff).to_numpy()
        # A later case of a group that is learnt from is left out: groups never straddle.
        test = (received >= cutoff).to_numpy() & ~np.isin(groups, groups[train])
        if len(np.unique(overturned[train])) == 2 and test.any():
            return ((np.flatnonzero(train), np.flatnonzero(test)),)
    return (
        "at no cutoff do cases decided before it show both decisions "
        "while cases received from it on remain to test"
    )


def find_case_days(
    keys: pd.DataFrame,
) -> tuple["pd.Series[pd.Timestamp]", "pd.Series[pd.Timestamp]"]:
    """Find the first day each case can have been received and the last it can have been decided.

    Where at least half of the items hold both days, a case without the day it was received is never
    tested (NaT). Otherwise the year of the decision stands for both: its first and its last day.

    Parameters
    ----------
    keys : DataFrame of shape (n_items, ...)
        ``received_on`` and ``decided_on`` (ISO dates) or ``decided_year``.

    Returns
    -------
    received, decided : Series of datetime64, length n_items
        NaT where nothing is known.
    """
    received, decided = (_days(keys, name) for name in ("received_on", "decided_on"))
    years = (
        pd.to_numeric(keys["decided_year"], errors="coerce")
        if "decided_year" in keys
        else pd.Series(np.nan, keys.index)
    )
    years = years.astype("Float64").fillna(decided.dt.year.astype("Float64"))
    first, last = (
        pd.to_datetime(
            years.map(lambda year, day=day: f"{int(year):04d}-{day}", na_action="ignore"),
            errors="coerce",
        )
        for day in ("01-01", "12-31")
    )
    if (received.notna() & decided.notna()).mean() >= 0.5:
        return received, decided.fillna(last)
    return first, last


def _days(keys: pd.DataFrame, name: str) -> "pd.Series[pd.Timestamp]":
    if name not in keys:
        return pd.Series(pd.NaT, keys.index, dtype="datetime64[s]")
    return pd.to_datetime(keys[name], errors="coerce", format="ISO8601").astype("datetime64[s]")


# --- the headline ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Headline:
    """The split whose figures stand first, and why.

    Parameters
    ----------
    split : str
        ``time_forward`` or ``grouped``; ``external`` for a table that the model never saw.
    reason : str
        One sentence.
    """

    split: str
    reason: str


def choose_headline(
    splits: Mapping[Split, Folds | str],
    case_numbers: Sequence[str],
    overturned: npt.ArrayLike,
    config: EvaluationConfig,
) -> Headline:
    """Choose the split whose figures stand first.

    Time-forward where it holds enough overturned cases, else case-grouped; never random.

    Parameters
    ----------
    splits : mapping of split to Folds or str
        From :func:`make_splits`.
    case_numbers : sequence of str, length n_items
        The case of each item.
    overturned : array of bool of shape (n_items,)
        The decisions.
    config : EvaluationConfig
        Its ``min_overturned`` is used.

    Returns
    -------
    Headline

    Raises
    ------
    NotEnoughDataError
        Neither split could be made; the message says why for each.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> config = load_config().evaluation
    >>> folds = ((np.array([0]), np.array([1])),)
    >>> splits = {"grouped": folds, "time_forward": folds}
    >>> choose_headline(splits, ["A", "B"], [True, True], config).split
    'grouped'
    """
    cases, truth = np.asarray(case_numbers, dtype=object), np.asarray(overturned, dtype=bool)
    forward = splits.get("time_forward", "not asked for by config")
    if isinstance(forward, str):
        why = f"time-forward is not applicable: {forward}"
    else:
        n_learnt, n_tested = (_n_overturned_cases(cases, truth, forward, side) for side in (0, 1))
        counts = f"{n_learnt} overturned cases to learn from and {n_tested} to test on"
        if min(n_learnt, n_tested) >= config.min_overturned:
            return Headline(
                "time_forward",
                f"time-forward holds {counts}; {config.min_overturned} are needed on each side",
            )
        why = f"time-forward holds only {counts}; {config.min_overturned} are needed on each side"
    grouped = splits.get("grouped", "not asked for by config")
    if isinstance(grouped, str):
        raise NotEnoughDataError(
            f"no split can carry the headline: {why}; case-grouped is not applicable: {grouped}"
        )
    return Headline("grouped", why)


def _n_overturned_cases(
    cases: npt.NDArray[np.object_], overturned: Bools, folds: Folds, side: int
) -> int:
    rows = np.concatenate([fold[side] for fold in folds])
    return len(set(cases[rows[overturned[rows]]]))
