"""How well P(deficiency | upheld) ranks what reviewers found wrong, beside the category's rates."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from imrml.intervals import Bools, Floats, Resamples, figure, not_applicable

MIN_LABEL_ITEMS = 5
"""A label with fewer items has no average precision, and is left out of ``macro_ap``."""
HITS_AT = (1, 3)


def measure_deficiencies(
    labels: pd.DataFrame,
    deals: Sequence[tuple[pd.DataFrame, pd.DataFrame]],
    resamples: Resamples,
    level: float,
) -> dict[str, Any]:
    """Measure the ranking of deficiencies, the prior's, and their paired differences.

    Parameters
    ----------
    labels : DataFrame of bool of shape (n_items, n_labels)
        Upheld and labelled items.
    deals : sequence of pairs of DataFrame of float, same shape
        P(deficiency | upheld) of the model and of the category prior, for each deal of the folds;
        figures are averaged over the deals, in the sample and in every resample, so deals steady a
        figure and never count as more items.
    resamples : Resamples
        Of the same items.
    level : float
        Of the intervals.

    Returns
    -------
    dict
        ``micro_ap`` and ``macro_ap`` over all items; ``hit_at_1``, ``hit_at_3`` (a true label among
        the first k) and ``lrap`` over the items that hold a label; each also as
        ``..._vs_category_prior`` (above zero: better than the prior); ``category_prior`` with the
        prior's own figures; ``labels`` with, by id, ``ap``, ``prior_ap``, ``ap_vs_prior`` and
        ``support`` (items that hold it).
    """
    truth = labels.to_numpy(dtype=bool)
    held = _Held(truth, resamples)
    model, prior = (held.averaged(tables) for tables in zip(*deals, strict=True))
    names = {name: held.n_items(name) for name in model if not name.startswith("ap:")}
    figures: dict[str, Any] = {
        name: figure(model[name][0], model[name][1:], n, level) for name, n in names.items()
    }
    for name, n in names.items():
        difference = model[name] - prior[name]
        figures[f"{name}_vs_category_prior"] = figure(difference[0], difference[1:], n, level)
    figures["category_prior"] = {
        name: figure(prior[name][0], prior[name][1:], n, level) for name, n in names.items()
    }
    figures["labels"] = {}
    for label, support, position in zip(
        labels.columns, truth.sum(axis=0).tolist(), range(truth.shape[1]), strict=True
    ):
        why = not_applicable(
            f"{support} of {len(truth)} items hold it; at least {MIN_LABEL_ITEMS} must, and not all"
        )
        by_name = dict.fromkeys(("ap", "prior_ap", "ap_vs_prior"), why)
        if position in held.positions:
            own, rate = model[f"ap:{position}"], prior[f"ap:{position}"]
            by_name = {
                name: figure(values[0], values[1:], len(truth), level)
                for name, values in (("ap", own), ("prior_ap", rate), ("ap_vs_prior", own - rate))
            }
        figures["labels"][str(label)] = {"support": support, **by_name}
    return figures


class _Held:
    """The labels of held-out items, and what does not depend on who predicts them."""

    def __init__(self, truth: Bools, resamples: Resamples) -> None:
        self.truth, self.resamples = truth, resamples
        self.labelled = np.flatnonzero(truth.any(axis=1))
        supports = truth.sum(axis=0)
        self.positions = np.flatnonzero((supports >= MIN_LABEL_ITEMS) & (supports < len(truth)))

    def n_items(self, name: str) -> int:
        return len(self.truth) if name in {"micro_ap", "macro_ap"} else len(self.labelled)

    def averaged(self, deals: Sequence[pd.DataFrame]) -> dict[str, Floats]:
        """Average what is measured over deals of the folds."""
        by_deal = [self.measured(scores.to_numpy(dtype=float)) for scores in deals]
        return {name: np.mean([deal[name] for deal in by_deal], axis=0) for name in by_deal[0]}

    def measured(self, scores: Floats) -> dict[str, Floats]:
        """Measure scores in the sample (first) and in every resample."""
        n_labels = self.truth.shape[1]
        cells = self.resamples.of(np.repeat(np.arange(len(self.truth)), n_labels))
        micro = cells.rank(self.truth.ravel(), scores.ravel())[1]
        if self.truth.any():
            micro[0] = average_precision_score(self.truth, scores, average="micro")
        measured = {"micro_ap": micro}
        for position in self.positions:
            column = self.truth[:, position], scores[:, position]
            measured[f"ap:{position}"] = self.resamples.rank(*column)[1]
            measured[f"ap:{position}"][0] = average_precision_score(*column)
        by_label = np.array([measured[f"ap:{position}"] for position in self.positions]).reshape(
            len(self.positions), len(micro)
        )
        n_defined = np.isfinite(by_label).sum(axis=0)
        measured["macro_ap"] = np.divide(
            np.nansum(by_label, axis=0),
            n_defined,
            out=np.full(len(micro), np.nan),
            where=n_defined > 0,
        )
        among = self.resamples.of(self.labelled)
        truth, scores = self.truth[self.labelled], scores[self.labelled]
        best_first = np.argsort(-scores, axis=1, kind="stable")
        for k in HITS_AT:
            hits = np.take_along_axis(truth, best_first[:, :k], axis=1).any(axis=1)
            measured[f"hit_at_{k}"] = among.mean(hits.astype(float))
        measured["lrap"] = among.mean(_label_ranking_precision(truth, scores))
        return measured


def _label_ranking_precision(truth: Bools, scores: Floats) -> Floats:
    """Compute each item's label-ranking average precision.

    scikit-learn has its mean only, at a hundred times the cost.
    """
    at_or_above = scores[:, None, :] >= scores[:, :, None]
    ranks = at_or_above.sum(axis=2)
    true_ranks = (at_or_above & truth[:, None, :]).sum(axis=2)
    precision: Floats = np.where(truth, true_ranks / ranks, 0.0).sum(axis=1)
    averaged: Floats = precision / np.maximum(truth.sum(axis=1), 1)
    return averaged
