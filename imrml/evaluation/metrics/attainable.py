"""How far a model is from the best that anyone could do, which only an invented corpus can tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from imrml.evaluation.metrics.held_out import best_attainable, share_of_attainable


@dataclass(frozen=True, slots=True)
class AttainableShare:
    """A model beside one that knew every true probability.

    Parameters
    ----------
    best_auroc, best_log_loss : float
        Of the true probabilities on the held-out decisions.
    auroc, log_loss : float
        Of the model on the same items.
    n_items : int
        Held-out items.
    share : float
        Share of the attainable ranking that the model reaches: 1 is all of it.
    """

    best_auroc: float
    best_log_loss: float
    auroc: float
    log_loss: float
    n_items: int
    share: float


def compare_with_attainable(
    held_out: pd.DataFrame, truth: pd.DataFrame, figures: Mapping[str, Any]
) -> AttainableShare:
    """Compare a model's held-out figures with the best attainable ones.

    Parameters
    ----------
    held_out : DataFrame of shape (n_items, n_columns)
        ``HeldOut.outcome`` of a split: ``case_number``, ``item_number``, ``overturned``.
    truth : DataFrame of shape (n_invented_items, n_columns)
        Truth file of the invented corpus: ``case_number``, ``item_number``, ``p_attainable``.
    figures : mapping
        ``metrics["outcome"]`` of the same split, with ``auroc`` and ``log_loss``.

    Returns
    -------
    AttainableShare
        Both, and the share of the attainable ranking.

    Examples
    --------
    >>> keys = {"case_number": ["CM15-1", "CM15-2", "CM15-3"], "item_number": [1, 1, 1]}
    >>> held_out = pd.DataFrame({**keys, "overturned": [False, True, False]})
    >>> truth = pd.DataFrame({**keys, "p_attainable": [0.1, 0.5, 0.2]})
    >>> figures = {"auroc": {"value": 0.75}, "log_loss": {"value": 0.6}}
    >>> compare_with_attainable(held_out, truth, figures).share
    0.5
    """
    known = truth[["case_number", "item_number", "p_attainable"]].astype({"item_number": "int64"})
    joined = held_out.merge(known, on=["case_number", "item_number"], validate="one_to_one")
    best = best_attainable(joined["p_attainable"], joined["overturned"])
    auroc, log_loss = figures["auroc"]["value"], figures["log_loss"]["value"]
    share = share_of_attainable(auroc, best)
    return AttainableShare(best["auroc"], best["log_loss"], auroc, log_loss, len(joined), share)
