"""How well a model's held-out probabilities fit what was decided, beside both priors, with intervals by case.

Points come from scikit-learn where it has the metric; every interval comes from the same resamples of cases, so differences
are paired. Names and signs:

- ``auroc``, ``average_precision``: ranking; chance is 0.5 and the base rate.
- ``log_loss`` (nats), ``brier``: proper scores; lower is better.
- ``log_loss_skill``, ``brier_skill``: 1 - score / score of the class prior; above 0 is better than the class prior.
- ``log_loss_vs_class_prior``, ``brier_vs_category_prior`` and so on: the score minus the prior's score on the same items;
  **below 0 is better than the prior**.
- ``ece``: mean distance of predicted and observed rate over at most ten bins of equal count. It is never below 0, so
  resamples mostly add to it: its interval leans upwards, and starts at the value where even the lowest lies above it.
- ``calibration_slope``: slope of the decision on the logit of p; 1 is right, below 1 too bold.
- ``overturned_rate``, ``mean_p_overturned``: observed and predicted rate.
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
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from imrml.config import EvaluationConfig
from imrml.errors import NotEnoughDataError, TableError
from imrml.evaluation.deficiency_metrics import measure_deficiencies
from imrml.evaluation.item_scores import calibration_bins, losses
from imrml.evaluation.resampling import Bools, Figure, Floats, Resamples, figure, not_applicable, rate_figure, ratio
from imrml.evaluation.splits import Headline

OUTCOME_COLUMNS = (
    "case_number", "item_number", "overturned", "p_overturned", "p_class_prior", "p_category_prior", "treatment_category",
    "age", "sex", "decided_year",
)  # fmt: skip
"""Columns of :attr:`HeldOut.outcome`."""

PRIORS = ("class_prior", "category_prior")
MIN_SLICE_ITEMS = 10
"""Smaller slices are hidden: noise, and close to a person."""
MIN_DECISION_CASES = 5
"""Cases of each decision without which a difference to a prior is not given: with a handful of overturned cases the bootstrap
promises too much, and with none at all every lower probability would seem better for certain."""
COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
AGE_BANDS = ((30, "0-29"), (40, "30-39"), (50, "40-49"), (60, "50-59"), (200, "60 and over"))
"""First age (years) above each band, and its name."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What a model said about items that it never saw, one row an item, beside what was decided.

    Parameters
    ----------
    outcome : DataFrame of shape (n_items, 10)
        ``OUTCOME_COLUMNS``: ``overturned`` is bool, the three ``p_`` columns lie in [0, 1], ``age`` is in years or NaN,
        ``decided_year`` may be missing, and the index has no duplicates.
    deficiency_labels : DataFrame of bool, optional
        Columns are taxonomy ids; the index is that part of ``outcome.index`` that was upheld and labelled.
    p_deficiencies, p_deficiency_priors : DataFrame of float, optional
        Same shape: P(deficiency | upheld) of the model and of the category prior.

    Raises
    ------
    TableError
        A column is missing, a probability is out of range, or the tables do not fit together.
    """

    outcome: pd.DataFrame
    deficiency_labels: pd.DataFrame | None = None
    p_deficiencies: pd.DataFrame | None = None
    p_deficiency_priors: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        missing = [name for name in OUTCOME_COLUMNS if name not in self.outcome]
        if missing:
            raise TableError(f"held-out outcome table lacks columns {missing}")
        if not self.outcome.index.is_unique:
            raise TableError("held-out outcome table: two rows share an index value; expected one row an item")
        for name in ("p_overturned", "p_class_prior", "p_category_prior"):
            if not self.outcome[name].between(0, 1).all():
                raise TableError(f"held-out outcome table: column {name!r} holds values outside [0, 1] or missing ones")
        if self.deficiency_labels is None:
            return
        labels = self.deficiency_labels
        if not labels.index.isin(self.outcome.index[~self.outcome["overturned"].astype(bool)]).all():
            raise TableError("held-out deficiency labels: a row is no upheld item of the outcome table")
        for table in (self.p_deficiencies, self.p_deficiency_priors):
            if table is None or not (table.index.equals(labels.index) and table.columns.equals(labels.columns)):
                raise TableError("held-out deficiencies: labels, probabilities and priors must share index and columns")


def measure(held_out: Mapping[str, HeldOut], config: EvaluationConfig, seed: int) -> dict[str, Any]:
    """Measure held-out predictions on every split: the content of ``metrics.json`` but for its checks and facts on the data.

    Parameters
    ----------
    held_out : mapping of split to HeldOut
        ``random``, ``grouped``, ``time_forward`` or ``external``.
    config : EvaluationConfig
        ``n_bootstrap`` and ``interval_level`` are used.
    seed : int
        Of the resamples.

    Returns
    -------
    dict
        ``outcome`` {SPLIT: {METRIC: FIGURE}}; ``baselines`` {class_prior | category_prior: {SPLIT: {METRIC: FIGURE}}};
        ``deficiencies`` {SPLIT: {METRIC: FIGURE, "category_prior": {...}, "labels": {...}}}; ``slices``
        {SPLIT: {column: {value: {METRIC: FIGURE}}}}; ``reliability`` and ``risk_coverage`` {SPLIT: [...]}; ``held_out``
        (counts by split); ``bootstrap`` (how the intervals were drawn).
    """
    metrics: dict[str, Any] = {
        "outcome": {}, "baselines": {name: {} for name in PRIORS}, "deficiencies": {}, "slices": {},
        "reliability": {}, "risk_coverage": {}, "held_out": {},
        "bootstrap": {"by": "case", "n_resamples": config.n_bootstrap, "interval_level": config.interval_level, "seed": seed},
    }  # fmt: skip
    for split, held in held_out.items():
        if held.outcome.empty:
            raise NotEnoughDataError(f"split {split!r} holds no items to measure on")
        items = held.outcome
        resamples = Resamples(items["case_number"].astype(str).tolist(), config.n_bootstrap, seed)
        level = config.interval_level
        metrics["outcome"][split] = _measure_outcome(items, "p_overturned", resamples, level)
        for prior in PRIORS:
            metrics["baselines"][prior][split] = _measure_outcome(items, f"p_{prior}", resamples, level)
        metrics["deficiencies"][split] = _measure_deficiencies(held, resamples, level)
        metrics["slices"][split] = _measure_slices(items, resamples, level)
        metrics["reliability"][split] = _measure_reliability(items, resamples, level)
        metrics["risk_coverage"][split] = _measure_risk_coverage(items, resamples, level)
        overturned = items["overturned"].astype(bool)
        metrics["held_out"][split] = {
            "n_items": len(items),
            "n_cases": int(items["case_number"].nunique()),
            "n_overturned_items": int(overturned.sum()),
            "n_overturned_cases": int(items.loc[overturned, "case_number"].nunique()),
        }
    return metrics


# --- the outcome -----------------------------------------------------------------------------------------------------


def _measure_outcome(items: pd.DataFrame, column: str, resamples: Resamples, level: float) -> dict[str, Figure]:
    truth = items["overturned"].to_numpy(dtype=bool)
    p = items[column].to_numpy(dtype=float)
    n = len(items)
    own = losses(truth, p)
    points = {"log_loss": log_loss(truth, p, labels=[False, True]), "brier": brier_score_loss(truth, p)}
    figures: dict[str, Figure] = dict(_ranking(items, column, resamples, level))
    prior_losses = {prior: losses(truth, items[f"p_{prior}"].to_numpy(dtype=float)) for prior in PRIORS}
    why = _why_incomparable(items)
    for score, per_item in own.items():
        resampled = resamples.mean(per_item)
        figures[score] = figure(points[score], resampled[1:], n, level)
        if column != "p_class_prior":
            skill = 1 - ratio(resampled, resamples.mean(prior_losses["class_prior"][score]))
            figures[f"{score}_skill"] = not_applicable(why) if why else figure(skill[0], skill[1:], n, level)
        for prior in PRIORS:
            if column == "p_overturned" or (column, prior) == ("p_category_prior", "class_prior"):
                difference = resamples.mean(per_item - prior_losses[prior][score])
                given = not_applicable(why) if why else figure(difference[0], difference[1:], n, level)
                figures[f"{score}_vs_{prior}"] = given
    error = calibration_error(truth, p, resamples)
    figures["ece"] = figure(error[0], error[1:], n, level)
    if "value" in figures["ece"]:
        figures["ece"]["low"] = min(figures["ece"]["low"], figures["ece"]["value"])
    figures["calibration_slope"] = _calibration_slope(items, column, resamples, level)
    mean_p = resamples.mean(p)
    figures["overturned_rate"] = rate_figure(truth, resamples, level)
    figures["mean_p_overturned"] = figure(mean_p[0], mean_p[1:], n, level)
    return figures


def _ranking(items: pd.DataFrame, column: str, resamples: Resamples, level: float) -> dict[str, Figure]:
    """Measure what depends on the order of the scores; a prior that only differs between folds has no order to measure."""
    truth, p = items["overturned"].to_numpy(dtype=bool), items[column].to_numpy(dtype=float)
    if why := _why_unordered(items, column):
        return {name: not_applicable(why) for name in ("auroc", "average_precision")}
    auroc, average_precision = resamples.rank(truth, p)
    return {
        "auroc": figure(roc_auc_score(truth, p), auroc[1:], len(p), level),
        "average_precision": figure(average_precision_score(truth, p), average_precision[1:], len(p), level),
    }


def _calibration_slope(items: pd.DataFrame, column: str, resamples: Resamples, level: float) -> Figure:
    if why := _why_unordered(items, column):
        return not_applicable(why)
    slopes = resamples.calibration_slope(items["overturned"].to_numpy(dtype=bool), items[column].to_numpy(dtype=float))
    return figure(slopes[0], slopes[1:], len(items), level)


def _why_unordered(items: pd.DataFrame, column: str) -> str:
    if np.array_equal(items[column].to_numpy(dtype=float), items["p_class_prior"].to_numpy(dtype=float)):
        return "one probability for all items: nothing to rank or to fit a slope to"
    return "the held-out items hold one decision only" if items["overturned"].nunique() < 2 else ""


def _why_incomparable(items: pd.DataFrame) -> str:
    n_cases = items.groupby(items["overturned"].astype(bool))["case_number"].nunique()
    n_fewest = int(min(n_cases.get(decision, 0) for decision in (True, False)))
    if n_fewest < MIN_DECISION_CASES:
        return f"{n_fewest} cases of one decision; at least {MIN_DECISION_CASES} are needed to compare with a prior"
    return ""


def calibration_error(truth: Bools, p: Floats, resamples: Resamples) -> Floats:
    """Average the gap between prediction and rate over bins of equal count (ECE), in the sample and every resample."""
    bins = calibration_bins(p)
    gaps = [np.abs(resamples.total(np.where(bins == number, truth - p, 0.0))) for number in range(bins.max() + 1)]
    return ratio(np.sum(gaps, axis=0), resamples.n_items)


# --- parts of the items ----------------------------------------------------------------------------------------------


def age_band(age: float) -> str:
    """Name an age's band.

    Examples
    --------
    >>> age_band(29.0), age_band(30.0), age_band(float("nan"))
    ('0-29', '30-39', 'unknown')
    """
    return next((name for below, name in AGE_BANDS if age < below), "unknown")


def _measure_slices(items: pd.DataFrame, resamples: Resamples, level: float) -> dict[str, dict[str, dict[str, Any]]]:
    years = pd.to_numeric(items["decided_year"], errors="coerce")
    columns = {
        "treatment_category": items["treatment_category"].fillna("").astype(str).replace("", "unknown"),
        "sex": items["sex"].fillna("").astype(str).replace("", "unknown"),
        "age_band": pd.to_numeric(items["age"], errors="coerce").astype(float).map(age_band),
        "decided_year": years.map(lambda year: str(int(year)), na_action="ignore").astype(object).fillna("unknown"),
    }
    slices: dict[str, dict[str, dict[str, Any]]] = {}
    for name, values in columns.items():
        slices[name] = {}
        for value in sorted(values.unique()):
            rows = (values == value).to_numpy()
            if rows.sum() < MIN_SLICE_ITEMS:
                slices[name][value] = {"n": int(rows.sum()), **not_applicable(f"fewer than {MIN_SLICE_ITEMS} items: hidden")}
                continue
            slices[name][value] = {"n": int(rows.sum()), **_measure_slice(items[rows], resamples.of(rows), level)}
    return slices


def _measure_slice(items: pd.DataFrame, resamples: Resamples, level: float) -> dict[str, Figure]:
    truth, p = items["overturned"].to_numpy(dtype=bool), items["p_overturned"].to_numpy(dtype=float)
    per_item = losses(truth, p)["log_loss"]
    averages = {"mean_p_overturned": p, "log_loss": per_item}
    for prior in PRIORS:
        averages[f"log_loss_vs_{prior}"] = per_item - losses(truth, items[f"p_{prior}"].to_numpy(dtype=float))["log_loss"]
    figures = {
        "overturned_rate": rate_figure(truth, resamples, level),
        "auroc": _ranking(items, "p_overturned", resamples, level)["auroc"],
    }
    why = _why_incomparable(items)
    for name, values in averages.items():
        means = resamples.mean(values)
        hidden = why and "_vs_" in name
        figures[name] = not_applicable(why) if hidden else figure(means[0], means[1:], len(items), level)
    return figures


def _measure_reliability(items: pd.DataFrame, resamples: Resamples, level: float) -> list[dict[str, Any]]:
    truth, p = items["overturned"].to_numpy(dtype=bool), items["p_overturned"].to_numpy(dtype=float)
    bins = calibration_bins(p)
    return [
        {
            "mean_p_overturned": float(p[bins == number].mean()),
            "overturned_rate": rate_figure(truth[bins == number], resamples.of(bins == number), level),
        }
        for number in range(bins.max() + 1)
    ]


def _measure_risk_coverage(items: pd.DataFrame, resamples: Resamples, level: float) -> list[dict[str, Any]]:
    """Measure the log loss on the items of which the model is surest, beside the category prior's on the same items."""
    truth, p = items["overturned"].to_numpy(dtype=bool), items["p_overturned"].to_numpy(dtype=float)
    own = losses(truth, p)["log_loss"]
    prior = losses(truth, items["p_category_prior"].to_numpy(dtype=float))["log_loss"]
    surest_first = np.argsort(-np.maximum(p, 1 - p), kind="stable")
    rows = []
    for coverage in COVERAGES:
        kept = surest_first[: max(1, round(coverage * len(items)))]
        among = resamples.of(kept)
        means = {
            "log_loss": among.mean(own[kept]),
            "category_prior_log_loss": among.mean(prior[kept]),
            "log_loss_vs_category_prior": among.mean(own[kept] - prior[kept]),
        }
        figures = {name: figure(values[0], values[1:], len(kept), level) for name, values in means.items()}
        rows.append({"coverage": coverage, **figures, "overturned_rate": rate_figure(truth[kept], among, level)})
    return rows


def _measure_deficiencies(held: HeldOut, resamples: Resamples, level: float) -> dict[str, Any]:
    labels, p, priors = held.deficiency_labels, held.p_deficiencies, held.p_deficiency_priors
    if labels is None or p is None or priors is None:
        return not_applicable("no labels, so no deficiency model")
    if labels.empty:
        return not_applicable("no upheld and labelled item is held out")
    part = resamples.of(held.outcome.index.get_indexer(labels.index))
    return measure_deficiencies(labels, p, priors, part, level)


# --- in words --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a model beats its priors, in one plain paragraph.

    Parameters
    ----------
    beats_class_prior, beats_category_prior : bool
        The whole interval of the paired log-loss difference lies below zero.
    sentence : str
        For people.
    headline : Headline
        The split it rests on.
    """

    beats_class_prior: bool
    beats_category_prior: bool
    sentence: str
    headline: Headline

    @property
    def beats_priors(self) -> bool:
        """Whether both priors are beaten; a model that beats only the worse of them has shown nothing."""
        return self.beats_class_prior and self.beats_category_prior


def verdict(metrics: Mapping[str, Any], headline: Headline) -> Verdict:
    """Put the paired log-loss differences to both priors into words.

    Examples
    --------
    >>> better = {"value": -0.02, "low": -0.03, "high": -0.01, "n": 900}
    >>> unsure = {"value": -0.001, "low": -0.01, "high": 0.008, "n": 900}
    >>> metrics = {"outcome": {"grouped": {"log_loss_vs_class_prior": better, "log_loss_vs_category_prior": unsure}},
    ...            "held_out": {"grouped": {"n_items": 900, "n_cases": 400, "n_overturned_items": 99, "n_overturned_cases": 50}},
    ...            "bootstrap": {"interval_level": 0.95}}
    >>> verdict(metrics, Headline("grouped", "time-forward was not asked for")).beats_category_prior
    False
    """
    figures = metrics["outcome"][headline.split]
    counts = metrics["held_out"][headline.split]
    level = f"{metrics['bootstrap']['interval_level']:.0%}"
    differences = {prior: figures[f"log_loss_vs_{prior}"] for prior in PRIORS}
    beats = {prior: "value" in difference and difference["high"] < 0 for prior, difference in differences.items()}
    if all(beats.values()):
        advice = "It earns its place beside the base rate of the treatment category."
    elif beats["category_prior"]:
        advice = "It beats only the weaker of the two base rates, which is no skill: a base rate serves as well."
    else:
        advice = "Use the base rate of the treatment category instead: it is simpler, and nothing here shows that it is worse."
    sentence = (
        f"Measured on {counts['n_items']:,} held-out items of {counts['n_cases']:,} cases "
        f"({counts['n_overturned_items']:,} items of {counts['n_overturned_cases']:,} cases overturned), "
        f"split {headline.split.replace('_', '-')}. "
        f"{_compared(differences['class_prior'], 'class prior', level, figures.get('log_loss_skill'))} "
        f"{_compared(differences['category_prior'], 'category prior', level)} {advice} "
        f"{_deficiencies_compared(metrics.get('deficiencies', {}).get(headline.split, {}), level)}"
        f"Why this split: {headline.reason}."
    )
    return Verdict(beats["class_prior"], beats["category_prior"], sentence, headline)


def _deficiencies_compared(figures: Mapping[str, Any], level: str) -> str:
    difference = figures.get("micro_ap_vs_category_prior", {})
    if "value" not in difference:
        return ""
    words = "better than" if difference["low"] > 0 else "worse than" if difference["high"] < 0 else "not distinguishable from"
    interval = f"{difference['value']:+.3f}, {level} interval {difference['low']:+.3f} to {difference['high']:+.3f}"
    return f"Deficiencies: {words} their category prior (average precision {interval}; above zero is better). "


def _compared(difference: Figure, prior: str, level: str, skill: Figure | None = None) -> str:
    if "value" not in difference:
        return f"Against the {prior}: could not be compared ({difference['not_applicable']})."
    interval = (
        f"log loss differs by {difference['value']:+.4f}, {level} interval {difference['low']:+.4f} to {difference['high']:+.4f}"
    )
    if difference["low"] <= 0 <= difference["high"]:
        return f"Against the {prior}: not distinguishable from the prior ({interval}; below zero is better)."
    if difference["low"] > 0:
        return f"Against the {prior}: worse than the prior ({interval}; below zero is better)."
    share = f", {skill['value']:.1%} less than the prior's" if skill and "value" in skill else ""
    return f"Against the {prior}: better ({interval}{share}; below zero is better)."


# --- where the truth is known ----------------------------------------------------------------------------------------


def best_attainable(p_true: npt.ArrayLike, overturned: npt.ArrayLike) -> dict[str, float]:
    """Tell what a model that knew every true probability would reach: only a synthetic corpus can say.

    Parameters
    ----------
    p_true : array of shape (n_items,)
        True P(overturned) of each item.
    overturned : array of bool of shape (n_items,)
        What was drawn from it.

    Returns
    -------
    dict
        ``auroc``, ``log_loss`` (nats) and ``brier`` of the true probabilities on these decisions, and ``expected_log_loss``, the
        mean entropy: what the log loss would be on average over all decisions that could have been drawn.

    Raises
    ------
    NotEnoughDataError
        One decision only.

    Examples
    --------
    >>> {name: round(value, 3) for name, value in best_attainable([0.1, 0.5, 0.5], [False, True, False]).items()}
    {'auroc': 0.75, 'log_loss': 0.497, 'brier': 0.17, 'expected_log_loss': 0.57}
    """
    p, truth = np.asarray(p_true, dtype=float), np.asarray(overturned, dtype=bool)
    if len(np.unique(truth)) < 2:
        raise NotEnoughDataError("best attainable AUROC: the items hold one decision only; both are needed")
    return {
        "auroc": float(roc_auc_score(truth, p)),
        "log_loss": float(log_loss(truth, p, labels=[False, True])),
        "brier": float(brier_score_loss(truth, p)),
        "expected_log_loss": float(np.mean(-xlogy(p, p) - xlogy(1 - p, 1 - p))),
    }


def share_of_attainable(auroc: float, best: Mapping[str, float]) -> float:
    """Tell which share of the attainable ranking a model reaches: (AUROC - 0.5) / (best AUROC - 0.5).

    Examples
    --------
    >>> round(share_of_attainable(0.74, {"auroc": 0.80}), 3)
    0.8
    """
    return (auroc - 0.5) / (best["auroc"] - 0.5)
