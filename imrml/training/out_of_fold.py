"""Held-out predictions as a table, and item tables cut into what is learnt from and tested on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from imrml.config import Config
from imrml.deficiencies import deficiency_ids
from imrml.errors import require_types
from imrml.evaluation.metrics.held_out import HeldOut
from imrml.evaluation.splits import choose_headline, make_splits
from imrml.training.data import prepare


def list_out_of_fold(held_out: Mapping[str, HeldOut]) -> pd.DataFrame:
    """List what each split predicted for the items that it held out.

    Parameters
    ----------
    held_out : mapping of split to HeldOut
        As a training found them.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        ``split``, ``case_number``, ``item_number``, ``overturned``, the probabilities of model and
        priors, and ``p_`` with the id of each deficiency where items are labelled. Rows stand by
        split and item, an item at most once in each.

    Examples
    --------
    >>> item = {"case_number": "A", "item_number": 1, "overturned": 0, "p_overturned": 0.2}
    >>> item |= {"p_class_prior": 0.1, "p_category_prior": 0.1, "treatment_category": "opioid"}
    >>> item |= {"age": 44.0, "sex": "F", "decided_year": 2017}
    >>> held = {"grouped": HeldOut(pd.DataFrame([item]))}
    >>> list_out_of_fold(held)[["split", "p_overturned"]].to_dict("records")
    [{'split': 'grouped', 'p_overturned': 0.2}]
    """
    parts = []
    for split, held in held_out.items():
        part = held.outcome.copy()
        part.insert(0, "split", split)
        if held.p_deficiencies is not None:
            ranked = held.p_deficiencies[list(deficiency_ids())].add_prefix("p_")
            part = part.join(ranked[~ranked.index.duplicated()])
        parts.append(part.sort_values(["case_number", "item_number"]))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True, eq=False)
class ItemSplit:
    """An item table cut in two, no case on both sides.

    Parameters
    ----------
    train, test : DataFrame
        Rows of the table, as they came.
    split : {'time_forward', 'grouped'}
        How it was cut.
    reason : str
        Why so.
    n_left_out : int
        Rows on neither side: cases that were open at the cutoff, or near-duplicates of others.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    split: str
    reason: str
    n_left_out: int


def split_items(items: pd.DataFrame, config: Config) -> ItemSplit:
    """Cut an item table forward in time where it holds enough cases, else by case.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Item table with decisions.
    config : Config
        ``evaluation.test_fraction``, ``n_folds`` and ``min_overturned`` count, stage and seed.

    Returns
    -------
    ItemSplit
        As the headline of a training would be cut; by case it is the first fold that is tested.

    Raises
    ------
    TableError
        A column is absent, or a row holds what cannot be learned from.
    NotEnoughDataError
        Too few cases of either decision.
    """
    require_types("split_items", items=(items, pd.DataFrame), config=(config, Config))
    data = prepare(items, config, verb="split")
    splits = make_splits(data.keys, data.groups, data.overturned, config.evaluation, config.seed)
    headline = choose_headline(splits, data.cases.tolist(), data.overturned, config.evaluation)
    folds = splits["time_forward" if headline.split == "time_forward" else "grouped"]
    assert not isinstance(folds, str)  # a split that was not made cannot carry the headline
    train, test = (data.items.iloc[np.sort(rows)] for rows in folds[0])
    n_left_out = len(data.items) - len(train) - len(test)
    return ItemSplit(train, test, headline.split, headline.reason, n_left_out)
