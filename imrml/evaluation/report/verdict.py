"""What the figures mean, in one plain paragraph that stands first everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imrml.evaluation.metrics.outcome import PRIORS
from imrml.evaluation.metrics.power import count_letters
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
        """Whether both priors are beaten; to beat only the worse of them shows nothing.

        Returns
        -------
        bool
            True where the class prior and the category prior are both beaten.
        """
        return self.beats_class_prior and self.beats_category_prior


def reach_verdict(metrics: Mapping[str, Any], headline: Headline) -> Verdict:
    """Put the paired log-loss differences to both priors into words.

    Parameters
    ----------
    metrics : mapping
        From :func:`imrml.evaluation.metrics.held_out.measure`.
    headline : Headline
        The split to judge by.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> better = {"value": -0.02, "low": -0.03, "high": -0.01, "n": 900}
    >>> unsure = {"value": -0.001, "low": -0.01, "high": 0.008, "n": 900}
    >>> figures = {"log_loss_vs_class_prior": better, "log_loss_vs_category_prior": unsure}
    >>> counts = {"n_items": 900, "n_cases": 400, "n_overturned_items": 99,
    ...           "n_overturned_cases": 50}
    >>> metrics = {"outcome": {"grouped": figures}, "held_out": {"grouped": counts},
    ...            "bootstrap": {"interval_level": 0.95}, "cases_are": "letters"}
    >>> headline = Headline("grouped", "time-forward was not asked for")
    >>> reach_verdict(metrics, headline).beats_category_prior
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
        advice = (
            "It beats only the weaker of the two base rates, which is no skill: "
            "a base rate serves as well."
        )
    else:
        advice = (
            "Nothing here shows that the base rate of the treatment category, which is simpler, "
            "is worse."
        )
    skill = figures.get("log_loss_skill")
    deficiencies = metrics.get("deficiencies", {}).get(headline.split, {})
    n_cases = counts["n_cases"]
    sentence = (
        f"Measured on {counts['n_items']:,} held-out items of {counts['n_cases']:,} cases "
        f"({counts['n_overturned_items']:,} items of {counts['n_overturned_cases']:,} cases "
        f"overturned), split {headline.split.replace('_', '-')}. "
        f"{_format_difference(differences['class_prior'], 'class prior', level, skill)} "
        f"{_format_difference(differences['category_prior'], 'category prior', level)} {advice} "
        f"{_format_deficiencies(deficiencies, n_cases, metrics)}"
        f"Why this split: {headline.reason}.{_format_power(metrics, headline.split)}"
    )
    return Verdict(beats["class_prior"], beats["category_prior"], sentence, headline)


def state_briefly(metrics: Mapping[str, Any], verdict: Verdict, ships: str) -> list[str]:
    """Say in three short sentences what was shown, and what ships.

    Parameters
    ----------
    metrics : mapping
        From :func:`imrml.evaluation.metrics.held_out.measure`.
    verdict : Verdict
        What it comes to.
    ships : str
        The kind of model that answers; ``""`` where none was made.

    Returns
    -------
    list of str
        On the outcome, on the deficiencies, on what answers; two where one has nothing to say.
    """
    split = verdict.headline.split
    counts, figures = metrics["held_out"][split], metrics["outcome"][split]
    difference = figures["log_loss_vs_category_prior"]
    on = f"On {counts['n_items']:,} held-out items of {counts['n_cases']:,} {metrics['cases_are']}"
    if verdict.beats_priors:
        gain = -difference["value"]
        first = f"{on}, the model beats both base rates (log loss {gain:.3f} below the category's)."
    elif "value" not in difference:
        first = f"{on}, nothing could be compared: {difference['not_applicable']}."
    elif difference["low"] > 0:
        first = f"{on}, the model does worse than the base rate of the treatment category."
    elif verdict.beats_class_prior:
        first = f"{on}, the model beats the overall base rate, but not surely the category's."
    else:
        first = f"{on}, the model is not shown to beat the base rates."
    ranked = metrics["deficiencies"].get(split, {}).get("micro_ap_vs_category_prior", {})
    second = ""
    if "value" in ranked:
        ranks = (
            "ranks deficiencies better"
            if ranked["low"] > 0
            else "ranks deficiencies worse"
            if ranked["high"] < 0
            else "is not shown to rank deficiencies better"
        )
        gain = f"average precision {ranked['value']:+.3f}"
        second = f"It {ranks} than their rates in the category do ({gain})."
    third = f"What ships: {ships.replace('_', ' ')}." if ships else ""
    return [sentence for sentence in (first, second, third) if sentence]


def _format_power(metrics: Mapping[str, Any], split: str) -> str:
    stated = metrics.get("power", {}).get(split)
    return f" {stated['sentence']}" if stated else ""


def _format_deficiencies(
    figures: Mapping[str, Any], n_cases: int, metrics: Mapping[str, Any]
) -> str:
    interval_level: float = metrics["bootstrap"]["interval_level"]
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
    interval, settled = _format_interval(difference, f"{interval_level:.0%}", ".3f"), ""
    if difference["low"] <= 0 < difference["value"]:
        n_letters = count_letters(difference, n_cases, interval_level)
        settled = f"; such a gain would show with about {n_letters:,} {metrics['cases_are']}"
    return (
        f"Deficiencies: {words} their category prior "
        f"(average precision {interval}; above zero is better{settled}). "
    )


def _format_interval(figure: Figure, level: str, digits: str) -> str:
    value, low, high = (f"{figure[part]:+{digits}}" for part in ("value", "low", "high"))
    return f"{value}, {level} interval {low} to {high}"


def _format_difference(
    difference: Figure, prior: str, level: str, skill: Figure | None = None
) -> str:
    if "value" not in difference:
        return f"Against the {prior}: could not be compared ({difference['not_applicable']})."
    words, share = "better", ""
    if difference["low"] <= 0 <= difference["high"]:
        words = "not distinguishable from the prior"
    elif difference["low"] > 0:
        words = "worse than the prior"
    elif skill and "value" in skill:
        share = f", {skill['value']:.1%} less than the prior's"
    interval = f"log loss differs by {_format_interval(difference, level, '.4f')}{share}"
    return f"Against the {prior}: {words} ({interval}; below zero is better)."


def describe_comparison(model_version: str, differences: Mapping[str, Figure], level: float) -> str:
    """Put the paired difference to another model into words.

    Parameters
    ----------
    model_version : str
        Of the other model.
    differences : mapping of str to Figure
        From :func:`imrml.evaluation.metrics.held_out.compare`.
    level : float
        Of the intervals, such as 0.95.

    Returns
    -------
    str

    Examples
    --------
    >>> difference = {"value": -0.01, "low": -0.03, "high": -0.01, "n": 90}
    >>> describe_comparison("B", {"log_loss": difference}, 0.95)
    'Against model B: better (log loss -0.0100, 95% interval -0.0300 to -0.0100; below zero is
    better).'
    """
    difference = differences["log_loss"]
    words = (
        "better"
        if difference["high"] < 0
        else "worse"
        if difference["low"] > 0
        else "not distinguishable"
    )
    interval = f"log loss {_format_interval(difference, f'{level:.0%}', '.4f')}"
    return f"Against model {model_version}: {words} ({interval}; below zero is better)."
