"""The newest cases, on which champion and challenger are compared, and what is older."""

import numpy as np
import pandas as pd

from imrml.models import LoadedModel
from imrml.training.data import TrainingData, decided_years, hash_cases

_MOST = 0.99
"""Share of the champion's items that must be older than a window."""


def find_new_cases(data: TrainingData, champion: LoadedModel | None) -> np.ndarray:
    """Mark the items of cases that the champion was not trained on.

    Parameters
    ----------
    data : TrainingData
        All items.
    champion : LoadedModel or None
        None: all are new.

    Returns
    -------
    ndarray of bool of shape (n_items,)
    """
    if champion is None:
        return np.ones(len(data.items), dtype=bool)
    seen = set(champion.manifest["training_cases"])
    return np.array([seen.isdisjoint(hashes) for hashes in hash_cases(data)])


def find_decision_days(data: TrainingData) -> pd.Series:
    """Find the day of each decision; the last of its year where only that is known.

    Parameters
    ----------
    data : TrainingData
        All items.

    Returns
    -------
    Series of datetime64, length n_items
        NaT where neither is known.
    """
    decided = pd.to_datetime(data.keys["decided_on"], errors="coerce", format="ISO8601")
    return decided.fillna(
        pd.to_datetime(
            decided_years(data.keys).map("{:.0f}-12-31".format, na_action="ignore"), errors="coerce"
        )
    )


def find_newer_cases(data: TrainingData, is_new: np.ndarray) -> np.ndarray:
    """Mark new items that were decided after what the champion learned from.

    On them champion and challenger can be compared. A letter that arrives years late is learned
    from, but a window that reaches back to it would leave the challenger next to nothing to learn
    from. "After" is later than 99 in 100 of the champion's items: a few wrong dates do not stop the
    clock.

    Parameters
    ----------
    data : TrainingData
        All items.
    is_new : ndarray of bool of shape (n_items,)
        From :func:`find_new_cases`.

    Returns
    -------
    ndarray of bool of shape (n_items,)
    """
    days = find_decision_days(data)
    seen = days[~is_new].dropna()
    if seen.empty:
        return is_new & days.notna().to_numpy()
    return is_new & (days >= seen.quantile(_MOST)).to_numpy()


def hold_apart(
    data: TrainingData, is_new: np.ndarray, max_cases: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Hold half of the new cases apart, whenever they were decided; the rest may be learned from.

    Letters that arrive late fall into the champion's own period, where no window is newer than what
    it learned from. It has not seen these cases all the same, so a random half can judge both.

    Parameters
    ----------
    data : TrainingData
        All items.
    is_new : ndarray of bool of shape (n_items,)
        From :func:`find_new_cases`.
    max_cases : int
        Groups of cases that the window holds at most.
    seed : int
        Of the draw.

    Returns
    -------
    past, window : ndarrays of int
        Rows. Groups that hold a case the champion knows are in the past, whole.
    """
    groups = pd.DataFrame({"group": data.groups, "is_new": is_new}).groupby("group")["is_new"].all()
    new = groups.index[groups]
    drawn = np.random.default_rng(seed).permutation(new)[: min(len(new) // 2, max_cases)]
    in_window = np.isin(data.groups, drawn)
    return np.flatnonzero(~in_window), np.flatnonzero(in_window)


def split_newest(
    data: TrainingData, is_newer: np.ndarray, max_cases: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut off the window of the latest newer cases; what is older may be learned from.

    Parameters
    ----------
    data : TrainingData
        All items.
    is_newer : ndarray of bool of shape (n_items,)
        From :func:`find_newer_cases`.
    max_cases : int
        Groups of cases that the window holds at most.

    Returns
    -------
    past, window : ndarrays of int
        Rows. Groups that reach into the window (near-duplicates) are not in the past.
    """
    day = find_decision_days(data)
    cases = (
        pd.DataFrame({"group": data.groups, "day": day, "is_newer": is_newer})
        .groupby("group")
        .agg({"day": "max", "is_newer": "all"})
    )
    newest = (
        cases[cases["is_newer"] & cases["day"].notna()]
        .sort_values("day", kind="stable")
        .index[-max_cases:]
    )
    in_window = np.isin(data.groups, newest)
    if not in_window.any():
        return np.arange(len(data.items)), np.array([], dtype=np.int64)
    from_day = day[in_window].min()
    is_past = ~in_window & (day <= from_day).to_numpy()
    return np.flatnonzero(is_past), np.flatnonzero(in_window)


def split_in_order(data: TrainingData, window: np.ndarray, n_parts: int) -> list[np.ndarray]:
    """Cut a window into parts of as many cases, in the order in which they were decided.

    A challenger that judges a later part may learn from the earlier ones.

    Parameters
    ----------
    data : TrainingData
        All items.
    window : ndarray of int
        Rows; from :func:`split_newest` or :func:`hold_apart`.
    n_parts : int
        How many; fewer where the window holds fewer groups of cases.

    Returns
    -------
    list of ndarray of int
        Rows of each part. A group is in one of them, whole.
    """
    groups = pd.Series(data.groups[window])
    last_day = find_decision_days(data).iloc[window].groupby(groups.to_numpy(), sort=False).max()
    in_order = last_day.sort_values(kind="stable").index.to_numpy()
    parts = np.array_split(in_order, min(n_parts, len(in_order)))
    return [window[groups.isin(part).to_numpy()] for part in parts]
