"""How well held-out probabilities fit what was decided, beside both priors.

Points come from scikit-learn where it has the metric; every interval comes from the same resamples
of cases, so differences are paired. Names and signs:

- ``auroc``, ``average_precision``: ranking; chance is 0.5 and the base rate.
- ``log_loss`` (nats), ``brier``: proper scores; lower is better.
- ``log_loss_skill``, ``brier_skill``: 1 - score / score of the class prior; above 0 is better than
  the class prior.
- ``log_loss_vs_class_prior``, ``brier_vs_category_prior`` and so on: the score minus the prior's
  score on the same items; **below 0 is better than the prior**.
- ``ece``: mean distance of predicted and observed rate over at most ten bins of equal count. It is
  never below 0, so resamples mostly add to it: its interval leans upwards, and starts at the value
  where even the lowest lies above it.
- ``calibration_slope``: slope of the decision on the logit of p; 1 is right, below 1 too bold.
- ``overturned_rate``, ``mean_p_overturned``: observed and predicted rate.
- ``aurc``: mean log loss over shares of items kept, surest first; lower is better.
- ``micro_ap``, ``macro_ap``, ``hit_at_1``, ``hit_at_3``, ``lrap``: deficiencies, higher is better;
  ``micro_ap_vs_category_prior`` and so on: **above 0 is better than the prior**.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import xlogy
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from imrml.config import EvaluationConfig
from imrml.errors import NotEnoughDataError, TableError
from imrml.evaluation.metrics.deficiencies import measure_deficiencies
from imrml.evaluation.metrics.item_losses import losses
from imrml.evaluation.metrics.outcome import BASELINES, calibration_error, measure_outcome
from imrml.evaluation.metrics.power import state_power
from imrml.evaluation.metrics.reliability import measure_reliability, measure_risk_coverage
from imrml.evaluation.metrics.slices import measure_gaps, measure_slices
from imrml.evaluation.metrics.thresholds import measure_thresholds
from imrml.intervals import Figure, Floats, Resamples, figure, not_applicable

OUTCOME_COLUMNS = (
    "case_number",
    "item_number",
    "overturned",
    "p_overturned",
    "p_class_prior",
    "p_category_prior",
    "treatment_category",
    "age",
    "sex",
    "decided_year",
)
"""Columns of :attr:`HeldOut.outcome`."""
_PARTS = (
    "outcome",
    "baselines",
    "deficiencies",
    "slices",
    "slice_gaps",
    "reliability",
    "risk_coverage",
    "aurc",
    "importance",
    "held_out",
    "power",
    "thresholds",
)
"""What is measured of every split."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What a model said about items that it never saw, one row an item, beside what was decided.

    Parameters
    ----------
    outcome : DataFrame of shape (n_items, 10) or (n_items, 11)
        ``OUTCOME_COLUMNS``, and ``p_last_year`` where years are known: ``overturned`` is bool, the
        ``p_`` columns lie in [0, 1], ``age`` is in years or NaN, ``decided_year`` may be missing,
        and the index has no duplicates.
    deficiency_labels : DataFrame of bool, optional
        Columns are taxonomy ids; the index is that part of ``outcome.index`` that was upheld and
        labelled.
    p_deficiencies, p_deficiency_priors : DataFrame of float, optional
        Same shape: P(deficiency | upheld) of the model and of the category prior.
    shuffled : DataFrame of float, optional
        Same index as ``outcome``: P(overturned) after the columns of one section were shuffled
        between held-out items, a column ``SECTION#NUMBER`` for each shuffle.
    repeats : tuple of HeldOut
        The same items under other deals of folds; figures of outcome and deficiencies are averaged
        over them.
    chosen : tuple of mapping
        Settings that a search chose inside each fold, by dotted path; empty without a search.

    Raises
    ------
    TableError
        A column is missing, a probability is out of range, or the tables do not fit together.
    """

    outcome: pd.DataFrame
    deficiency_labels: pd.DataFrame | None = None
    p_deficiencies: pd.DataFrame | None = None
    p_deficiency_priors: pd.DataFrame | None = None
    shuffled: pd.DataFrame | None = None
    repeats: tuple["HeldOut", ...] = ()
    chosen: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        missing = [name for name in OUTCOME_COLUMNS if name not in self.outcome]
        if missing:
            raise TableError(f"held-out outcome table lacks columns {missing}")
        if not self.outcome.index.is_unique:
            raise TableError(
                "held-out outcome table: two rows share an index value; expected one row an item"
            )
        for name in ("p_overturned", "p_class_prior", "p_category_prior"):
            if not self.outcome[name].between(0, 1).all():
                raise TableError(
                    f"held-out outcome table: column {name!r} holds values "
                    "outside [0, 1] or missing ones"
                )
        if self.deficiency_labels is None:
            return
        labels = self.deficiency_labels
        if not labels.index.isin(
            self.outcome.index[~self.outcome["overturned"].astype(bool)]
        ).all():
            raise TableError(
                "held-out deficiency labels: a row is no upheld item of the outcome table"
            )
        for table in (self.p_deficiencies, self.p_deficiency_priors):
            if table is None or not (
                table.index.equals(labels.index) and table.columns.equals(labels.columns)
            ):
                raise TableError(
                    "held-out deficiencies: labels, probabilities and priors "
                    "must share index and columns"
                )


def measure(
    held_out: Mapping[str, HeldOut],
    config: EvaluationConfig,
    seed: int,
    cases_are: str = "letters",
) -> dict[str, Any]:
    """Measure held-out predictions on every split: most of what ``metrics.json`` holds.

    Parameters
    ----------
    held_out : mapping of split to HeldOut
        ``random``, ``grouped``, ``time_forward`` or ``external``.
    config : EvaluationConfig
        ``n_bootstrap`` and ``interval_level`` are used.
    seed : int
        Of the resamples.
    cases_are : str, default='letters'
        What the programme calls its cases.

    Returns
    -------
    dict
        ``outcome`` {SPLIT: {METRIC: FIGURE}}; ``baselines`` {NAME: {SPLIT: {METRIC: FIGURE}}} of
        class prior, category prior and last year's rate; ``deficiencies`` {SPLIT: {METRIC: FIGURE,
        "category_prior": {...}, "labels": {...}}}; ``slices`` {SPLIT: {column: {value: {METRIC:
        FIGURE}}}}; ``slice_gaps`` {SPLIT: {column: ...}}; ``reliability`` and ``risk_coverage``
        {SPLIT: [...]}; ``aurc`` {SPLIT: {METRIC: FIGURE}}; ``importance`` {SPLIT: {section:
        FIGURE}}; ``power`` {SPLIT: what these letters could show}; ``thresholds`` {SPLIT: [...]};
        ``held_out`` (counts by split); ``cases_are``; ``bootstrap`` (how the intervals were drawn).
    """
    metrics: dict[str, Any] = {
        **{part: {} for part in _PARTS},
        "cases_are": cases_are,
        "bootstrap": {
            "by": "case",
            "n_resamples": config.n_bootstrap,
            "interval_level": config.interval_level,
            "seed": seed,
        },
    }
    for split, held in held_out.items():
        if held.outcome.empty:
            raise NotEnoughDataError(f"split {split!r} holds no items to measure on")
        items = held.outcome
        resamples = Resamples(items["case_number"].astype(str).tolist(), config.n_bootstrap, seed)
        level = config.interval_level
        deals = _deals(held)
        metrics["outcome"][split] = measure_outcome(deals, "p_overturned", resamples, level)
        for baseline in BASELINES:
            if f"p_{baseline}" in items:
                figures = measure_outcome(deals, f"p_{baseline}", resamples, level)
                metrics["baselines"].setdefault(baseline, {})[split] = figures
        metrics["deficiencies"][split] = _measure_deficiencies(held, resamples, level)
        metrics["slices"][split], metrics["slice_gaps"][split] = (
            measure_slices(items, resamples, level),
            measure_gaps(items),
        )
        metrics["reliability"][split] = measure_reliability(items, resamples, level)
        metrics["risk_coverage"][split], metrics["aurc"][split] = measure_risk_coverage(
            items, resamples, level
        )
        if held.shuffled is not None:
            metrics["importance"][split] = _measure_importance(held, resamples, level)
        overturned = items["overturned"].astype(bool)
        metrics["held_out"][split] = {
            "n_items": len(items),
            "n_deals": len(deals),
            "n_cases": int(items["case_number"].nunique()),
            "n_overturned_items": int(overturned.sum()),
            "n_overturned_cases": int(items.loc[overturned, "case_number"].nunique()),
        }
        metrics["power"][split] = state_power(
            metrics["outcome"][split], metrics["held_out"][split], level, cases_are
        )
        metrics["thresholds"][split] = measure_thresholds(items, resamples, level)
    return metrics


def _measure_deficiencies(held: HeldOut, resamples: Resamples, level: float) -> dict[str, Any]:
    predicted = [
        (p, priors)
        for deal in (held, *held.repeats)
        if (p := deal.p_deficiencies) is not None
        and (priors := deal.p_deficiency_priors) is not None
    ]
    if held.deficiency_labels is None or not predicted:
        return not_applicable("no labels, so no deficiency model")
    # A fold that learnt from no labelled item says nothing of deficiencies.
    is_predicted = [held.deficiency_labels.index.isin(p.index) for p, _ in predicted]
    labels = held.deficiency_labels[np.all(is_predicted, axis=0)]
    if labels.empty:
        return not_applicable("no upheld and labelled item is held out")
    part = resamples.of(held.outcome.index.get_indexer(labels.index))
    deals = [(p.loc[labels.index], priors.loc[labels.index]) for p, priors in predicted]
    return measure_deficiencies(labels, deals, part, level)


def _deals(held: HeldOut) -> list[pd.DataFrame]:
    return [held.outcome, *(repeat.outcome.loc[held.outcome.index] for repeat in held.repeats)]


def _measure_importance(held: HeldOut, resamples: Resamples, level: float) -> dict[str, Figure]:
    """Measure what shuffling a section costs in log loss.

    Permutation importance by group of columns (Breiman 2001). Above zero, the model rests on the
    section. Sections share what they tell, so their costs do not add up.
    """
    assert held.shuffled is not None
    truth = held.outcome["overturned"].to_numpy(dtype=bool)
    own = losses(truth, held.outcome["p_overturned"].to_numpy(dtype=float))["log_loss"]
    shuffled = held.shuffled.loc[held.outcome.index]
    by_section: dict[str, list[Floats]] = {}
    for name in shuffled:
        section = str(name).rpartition("#")[0]
        log_loss_shuffled = losses(truth, shuffled[name].to_numpy(dtype=float))["log_loss"]
        by_section.setdefault(section, []).append(log_loss_shuffled)
    costs = {}
    for section, of_shuffles in by_section.items():
        means = resamples.mean(np.mean(of_shuffles, axis=0) - own)
        costs[section] = figure(means[0], means[1:], len(truth), level)
    return costs


def measure_learning_curve(
    held_out: Mapping[float, HeldOut], config: EvaluationConfig, seed: int
) -> list[dict[str, Any]]:
    """Measure the same held-out items under models that learnt from growing shares of the cases.

    Parameters
    ----------
    held_out : mapping of float to HeldOut
        By share of the cases, in (0, 1].
    config : EvaluationConfig
        ``n_bootstrap`` and ``interval_level`` are used.
    seed : int
        Of the resamples.

    Returns
    -------
    list of dict
        ``share``, and the figures ``auroc``, ``log_loss_vs_class_prior`` and
        ``log_loss_vs_category_prior``; each model is held against the priors of what it learnt from
        itself.
    """
    rows = []
    for share, held in sorted(held_out.items()):
        resamples = Resamples(
            held.outcome["case_number"].astype(str).tolist(), config.n_bootstrap, seed
        )
        figures = measure_outcome(_deals(held), "p_overturned", resamples, config.interval_level)
        shown = ("auroc", "log_loss_vs_class_prior", "log_loss_vs_category_prior")
        rows.append({"share": share, **{name: figures[name] for name in shown}})
    return rows


def compare(
    first: pd.DataFrame, second: pd.DataFrame, config: EvaluationConfig, seed: int
) -> dict[str, Figure]:
    """Compare two models on the same items, paired by case.

    Parameters
    ----------
    first, second : DataFrame of shape (n_items, n_columns)
        ``HeldOut.outcome`` of each model, with the same index.
    config : EvaluationConfig
        ``n_bootstrap`` and ``interval_level`` are used.
    seed : int
        Of the resamples.

    Returns
    -------
    dict
        ``log_loss``, ``brier``, ``auroc``, ``average_precision`` and ``ece``: the first model's
        minus the second's.
    """
    truth = first["overturned"].to_numpy(dtype=bool)
    p, other = (
        table.loc[first.index, "p_overturned"].to_numpy(dtype=float) for table in (first, second)
    )
    resamples = Resamples(first["case_number"].astype(str).tolist(), config.n_bootstrap, seed)
    differences: dict[str, Floats] = {
        score: resamples.mean(per_item - losses(truth, other)[score])
        for score, per_item in losses(truth, p).items()
    }
    for name, mine, theirs in zip(
        ("auroc", "average_precision"),
        resamples.rank(truth, p),
        resamples.rank(truth, other),
        strict=True,
    ):
        differences[name] = mine - theirs
    differences["ece"] = calibration_error(truth, p, resamples) - calibration_error(
        truth, other, resamples
    )
    return {
        name: figure(values[0], values[1:], len(truth), config.interval_level)
        for name, values in differences.items()
    }


# --- where the truth is known ---------------------------------------------------------------------


def best_attainable(p_true: npt.ArrayLike, overturned: npt.ArrayLike) -> dict[str, float]:
    """Compute what a model that knew every true probability would reach.

    Only a synthetic corpus can say.

    Parameters
    ----------
    p_true : array of shape (n_items,)
        True P(overturned) of each item.
    overturned : array of bool of shape (n_items,)
        What was drawn from it.

    Returns
    -------
    dict
        ``auroc``, ``log_loss`` (nats) and ``brier`` of the true probabilities on these decisions,
        and ``expected_log_loss``, the mean entropy: what the log loss would be on average over all
        decisions that could have been drawn.

    Raises
    ------
    NotEnoughDataError
        One decision only.

    Examples
    --------
    >>> best = best_attainable([0.1, 0.5, 0.5], [False, True, False])
    >>> {name: round(value, 3) for name, value in best.items()}
    {'auroc': 0.75, 'log_loss': 0.497, 'brier': 0.17, 'expected_log_loss': 0.57}
    """
    p, truth = np.asarray(p_true, dtype=float), np.asarray(overturned, dtype=bool)
    if len(np.unique(truth)) < 2:
        raise NotEnoughDataError(
            "best attainable AUROC: the items hold one decision only; both are needed"
        )
    return {
        "auroc": float(roc_auc_score(truth, p)),
        "log_loss": float(log_loss(truth, p, labels=[False, True])),
        "brier": float(brier_score_loss(truth, p)),
        "expected_log_loss": float(np.mean(-xlogy(p, p) - xlogy(1 - p, 1 - p))),
    }


def share_of_attainable(auroc: float, best: Mapping[str, float]) -> float:
    """Compute the share of the attainable ranking: (AUROC - 0.5) / (best AUROC - 0.5).

    Parameters
    ----------
    auroc : float
        The model's.
    best : mapping of str to float
        From :func:`best_attainable`.

    Returns
    -------
    float
        1 where the model reaches the best, 0 where it ranks like chance.

    Examples
    --------
    >>> round(share_of_attainable(0.74, {"auroc": 0.80}), 3)
    0.8
    """
    return (auroc - 0.5) / (best["auroc"] - 0.5)
