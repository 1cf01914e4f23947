"""What the figures mean, in one plain paragraph that stands first everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imrml.evaluation.metrics.outcome import PRIORS
from imrml.evaluation.splits import Headline
from imrml.intervals import Figure


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


def reach_verdict(metrics: Mapping[str, Any], headline: Headline) -> Verdict:
    """Put the paired log-loss differences to both priors into words.

    Examples
    --------
    >>> better = {"value": -0.02, "low": -0.03, "high": -0.01, "n": 900}
    >>> unsure = {"value": -0.001, "low": -0.01, "high": 0.008, "n": 900}
    >>> metrics = {"outcome": {"grouped": {"log_loss_vs_class_prior": better, "log_loss_vs_category_prior": unsure}},
    ...            "held_out": {"grouped": {"n_items": 900, "n_cases": 400, "n_overturned_items": 99, "n_overturned_cases": 50}},
    ...            "bootstrap": {"interval_level": 0.95}}
    >>> reach_verdict(metrics, Headline("grouped", "time-forward was not asked for")).beats_category_prior
    False
    """
    figures = metrics["outcome"][headline.split]
    counts = metrics["held_out"][headline.split]
    level = f"{metrics['bootstrap']['interval_level']:.0%}"
    differences = {prior: figures[f"log_loss_vs_{prior}"] for prior in PRIORS}
    beats = {
        prior: "value" in difference and difference["high"] < 0
        for prior, difference in differences.items()
    }
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
        f"Why this split: {headline.reason}.{_power_words(metrics, headline.split)}"
    )
    return Verdict(beats["class_prior"], beats["category_prior"], sentence, headline)


def _power_words(metrics: Mapping[str, Any], split: str) -> str:
    stated = metrics.get("power", {}).get(split)
    return f" {stated['sentence']}" if stated else ""


def _deficiencies_compared(figures: Mapping[str, Any], level: str) -> str:
    difference = figures.get("micro_ap_vs_category_prior", {})
    if "value" not in difference:
        return ""
    words = (
        "better than"
        if difference["low"] > 0
        else "worse than"
        if difference["high"] < 0
        else "not distinguishable from"
    )
    interval = f"{difference['value']:+.3f}, {level} interval {difference['low']:+.3f} to {difference['high']:+.3f}"
    return f"Deficiencies: {words} their category prior (average precision {interval}; above zero is better). "


def _compared(difference: Figure, prior: str, level: str, skill: Figure | None = None) -> str:
    if "value" not in difference:
        return f"Against the {prior}: could not be compared ({difference['not_applicable']})."
    interval = f"log loss differs by {difference['value']:+.4f}, {level} interval {difference['low']:+.4f} to {difference['high']:+.4f}"
    if difference["low"] <= 0 <= difference["high"]:
        return f"Against the {prior}: not distinguishable from the prior ({interval}; below zero is better)."
    if difference["low"] > 0:
        return f"Against the {prior}: worse than the prior ({interval}; below zero is better)."
    share = f", {skill['value']:.1%} less than the prior's" if skill and "value" in skill else ""
    return f"Against the {prior}: better ({interval}{share}; below zero is better)."


def describe_comparison(model_version: str, differences: Mapping[str, Figure], level: float) -> str:
    """Put the paired difference to another model into words; as :func:`imrml.evaluation.metrics.held_out.compare` gives it.

    Examples
    --------
    >>> describe_comparison("B", {"log_loss": {"value": -0.01, "low": -0.03, "high": 0.01, "n": 90}}, 0.95)
    'Against model B: not distinguishable (log loss -0.0100, 95% interval -0.0300 to +0.0100; below zero is better).'
    """
    difference = differences["log_loss"]
    words = (
        "better"
        if difference["high"] < 0
        else "worse"
        if difference["low"] > 0
        else "not distinguishable"
    )
    interval = f"log loss {difference['value']:+.4f}, {level:.0%} interval {difference['low']:+.4f} to {difference['high']:+.4f}"
    return f"Against model {model_version}: {words} ({interval}; below zero is better)."
