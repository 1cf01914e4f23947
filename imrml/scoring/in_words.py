"""What a prediction means, in sentences for people."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from imrml.phrases import percent, pluralize
from imrml.submissions.requests import Requests

P_MEANING = "P(overturned | denied and appealed)"
DECISION_SUPPORT = "decision support for people, never a disposition"
PLANNED = "planned, not yet in the record"
SEND_ONLY = "send only if true and in the record"
DEMO = "DEMO, invented data"
BRIEF = "the notes are too brief for more than the base rates of the treatment category"
BARE = (
    "besides what they document the notes are too brief: "
    "the deficiencies are those of the treatment category"
)
SOURCES = {
    "model": "as the model reads the text",
    "category": "the rates of its treatment category",
    "group": "the rates of the wider group of treatments that holds its category, of which too few "
    "past items are known",
    "all": "the rates of all treatments, for too few past items of its kind are known",
}
"""What the likely deficiencies rest on, by ``deficiency_source``."""
SUBMISSIONS = {"imr": "the IMR application", "rfa": "the RFA"}
"""What is sent after the prediction, by the model's stage."""
DEMO_NOTICE = f"{DEMO}: the model behind these figures knows no real letter."
LAW = "Labor Code 4610 reserves denials to physicians; SB 1120 says the like of AI in health plans"
SMALLEST_POINTS = 0.05  # would print as +0.0
_MOST_SPANS = 10
_OF_ALL = "the rate of all treatments, for no past item is of this category"
SAME_PROBABILITY = 1e-9  # a probability so near its category's base rate is that rate


def describe_refusals(refused: Sequence[tuple[int, str]]) -> list[tuple[str, int]]:
    """Say of each reason which rows it refuses, so that a table refused whole is one sentence.

    Parameters
    ----------
    refused : sequence of (int, str)
        Number of each refused row and why, in the order of the table.

    Returns
    -------
    list of (str, int)
        Rows and reason in words, and how many rows they are; in the order of the first rows.

    Examples
    --------
    >>> describe_refusals([(2, "too long"), (3, "decided"), (4, "decided"), (7, "decided")])
    [('row 2: too long', 1), ('rows 3 to 4, 7: decided', 3)]
    """
    rows_by_reason: dict[str, list[int]] = {}
    for number, reason in refused:
        rows_by_reason.setdefault(reason, []).append(number)
    return [
        (f"{'row' if len(rows) == 1 else 'rows'} {_list_rows(rows)}: {reason}", len(rows))
        for reason, rows in rows_by_reason.items()
    ]


def _list_rows(numbers: Sequence[int]) -> str:
    """Write ascending numbers, those that follow each other as one span; at most ten spans."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1][1:] = [number]
        else:
            spans.append([number])
    listed = [" to ".join(f"{number:,}" for number in span) for span in spans[:_MOST_SPANS]]
    n_left = sum(span[-1] - span[0] + 1 for span in spans[_MOST_SPANS:])
    return ", ".join(listed) + (f" and {n_left:,} more" if n_left else "")


def compute_points(p: float, log_odds: float) -> float:
    """Compute how much lower a probability would be without what moved its log-odds.

    Parameters
    ----------
    p : float
        Probability, 0 to 1.
    log_odds : float
        What moved it, signed.

    Returns
    -------
    float
        Percentage points, signed.

    Examples
    --------
    >>> round(compute_points(0.5, 1.1), 1), compute_points(0.2, 0.0), compute_points(1.0, 0.3)
    (25.0, 0.0, 0.0)
    """
    if not 0 < p < 1:
        return 0.0
    odds = p / (1 - p) * math.exp(-log_odds)
    return 100 * (p - odds / (1 + odds))


def format_reasons(moved: Sequence[tuple[str, float]], p: float) -> list[str]:
    """Say what moved a score; what would print as nothing is left out.

    Parameters
    ----------
    moved : sequence of (str, float)
        What moved it, each with its signed log-odds.
    p : float
        Probability, 0 to 1.

    Returns
    -------
    list of str
        Strongest first.

    Examples
    --------
    >>> format_reasons([("shows: home exercise", 0.1), ("over a guideline number", -0.4)], 0.2)
    ['-7.2 points: over a guideline number', '+1.6 points: shows: home exercise']
    """
    reasons = [(compute_points(p, log_odds), what) for what, log_odds in moved]
    return [
        f"{points:+.1f} points: {what}"
        for points, what in sorted(reasons, key=lambda reason: -abs(reason[0]))
        if abs(points) >= SMALLEST_POINTS
    ]


def describe_ignored_input(requests: Requests, name: Callable[[str], str] = str) -> list[str]:
    """Say in sentences how a table was read: which headings as what, and what counts for nothing.

    Parameters
    ----------
    requests : Requests
        As sorted.
    name : callable of str to str, optional
        Names a column; as tables do unless given.

    Returns
    -------
    list of str
        Empty where all of the table counts.

    Examples
    --------
    >>> from imrml.submissions.requests import sort_requests
    >>> table = pd.DataFrame({"treatment": ["Norco #60"], "colour": ["blue"], "age": ["old"]})
    >>> describe_ignored_input(sort_requests(table, "imr"))
    ['columns passed over because they are unknown: colour',
     'left empty, for want of a date (...), an age (0 to 120) or a number: row 1 age']
    """
    sentences = list(requests.notes)
    if requests.read_as:
        named = ", ".join(f"{heading} = {name(column)}" for heading, column in requests.read_as)
        sentences.insert(0, f"headings read as: {named}")
    if requests.unknown_columns:
        named = ", ".join(requests.unknown_columns)
        sentences.append(f"columns passed over because they are unknown: {named}")
    if requests.absent_columns:
        named = ", ".join(map(name, requests.absent_columns))
        sentences.append(f"columns that the model learned from and the table lacks: {named}")
    if requests.late_columns:
        named = ", ".join(map(name, requests.late_columns))
        sentences.append(
            f"columns passed over because they become known after the model's stage: {named}"
        )
    if requests.unread:
        cells = ", ".join(f"row {number} {name(column)}" for number, column in requests.unread)
        sentences.append(
            "left empty, for want of a date (YYYY-MM-DD or MM/DD/YYYY), "
            f"an age (0 to 120) or a number: {cells}"
        )
    return sentences


def compare_with_base_rate(row: Mapping[Any, Any]) -> str:
    """Say where a probability stands, and whether surely, in words that are no disposition.

    Parameters
    ----------
    row : mapping
        Of the prediction table.

    Returns
    -------
    str
        ``""`` where there is no probability.

    Examples
    --------
    >>> row = {"predicted": "base_rate", "p_overturned": 0.08, "base_rate": 0.08}
    >>> compare_with_base_rate(row)
    "the category's base rate itself"
    >>> compare_with_base_rate(row | {"predicted": "upheld"})
    'below the threshold that this model is set to'
    """
    if row["predicted"] in ("overturned", "upheld"):
        side = "at or above" if row["predicted"] == "overturned" else "below"
        return f"{side} the threshold that this model is set to"
    if row["predicted"] == "abstain":
        return ""
    if row["predicted"] == "base_rate":
        return "the category's base rate itself"
    doubt = ", not surely" if _holds_base_rate(row) else ""
    return str(row["predicted"]).replace("_", " ") + doubt


def format_interval(row: Mapping[Any, Any]) -> str:
    """Say what the interval means for who has to act.

    Parameters
    ----------
    row : mapping
        Of the prediction table.

    Returns
    -------
    str
        ``""`` where there is no probability.

    Examples
    --------
    >>> row = {"predicted": "above_base_rate", "p_overturned": 0.2, "base_rate": 0.09}
    >>> format_interval(row | {"p_low": 0.004, "p_high": 0.94})
    "The figure is uncertain: ... between under 1% and 94%. The category's rate of 9% lies ..."
    """
    if row["predicted"] == "abstain":
        return ""
    if pd.isna(row["p_low"]):
        return "This kind of model gives no interval: nothing says how sure the figure is."
    low, high, rate = percent(row["p_low"]), percent(row["p_high"]), percent(row["base_rate"])
    if _is_base_rate(row):
        return (
            f"The figure is the category's rate, which lies between {low} and {high} "
            "with 90% confidence; beyond its category nothing in this request moves it on balance."
        )
    uncertain = (
        "The figure is uncertain: learned from other letters of the same kind, "
        f"it would mostly lie between {low} and {high}."
    )
    if _holds_base_rate(row):
        return (
            f"{uncertain} The category's rate of {rate} lies between them, "
            "so the figure does not tell this request from others of its category: "
            "lean on what to send more than on the figure."
        )
    side = "above" if row["p_low"] > row["base_rate"] else "below"
    return f"{uncertain} All of that is {side} the category's rate of {rate}."


def format_base_rate(
    row: Mapping[Any, Any], n_overturned: int | None = None, class_rate: float | None = None
) -> str:
    """Say a category's base rate, that it is an estimate, and what it rests on.

    A rate is drawn toward the rate of all treatments, the more the fewer past items it rests on, so
    it is no share of them: where they are known, the bare count stands beside it.

    Parameters
    ----------
    row : mapping
        Of the prediction table.
    n_overturned : int, optional
        Past items of the category that were overturned.
    class_rate : float, optional
        Share overturned of all past items, 0 to 1.

    Returns
    -------
    str
        The rate, and what it rests on.

    Examples
    --------
    >>> format_base_rate({"base_rate": 0.26, "n_base_rate": 16}, 7, 0.11)
    'estimate 26%, drawn toward 11% overall; in the letters 7 of 16'
    >>> format_base_rate({"base_rate": 0.18, "n_base_rate": 1190})
    'estimate 18%, from 1,190 past items'
    >>> format_base_rate({"base_rate": 0.11, "n_base_rate": 0})
    '11%, the rate of all treatments, for no past item is of this category'
    """
    rate = percent(row["base_rate"])
    if not row["n_base_rate"]:
        return f"{rate}, {_OF_ALL}"
    if n_overturned is None or class_rate is None:
        return f"estimate {rate}, from {pluralize(row['n_base_rate'], 'past item')}"
    return (
        f"estimate {rate}, drawn toward {percent(class_rate)} overall; "
        f"in the letters {n_overturned:,} of {row['n_base_rate']:,}"
    )


def format_note(row: Mapping[Any, Any]) -> str:
    """Say in a few words what somebody must know who reads only the figure.

    Parameters
    ----------
    row : mapping
        Of the prediction table.

    Returns
    -------
    str
        ``""`` where the figure speaks for itself.

    Examples
    --------
    >>> row = {"predicted": "above_base_rate", "p_overturned": 0.2, "base_rate": 0.09}
    >>> format_note(row | {"p_low": 0.004, "p_high": 0.94})
    'not told from others of its category'
    """
    if row["predicted"] == "abstain" or _is_base_rate(row):
        return str(row["abstain_reason"]) or compare_with_base_rate(row)
    return "not told from others of its category" if _holds_base_rate(row) else ""


def _holds_base_rate(row: Mapping[Any, Any]) -> bool:
    return not pd.isna(row["p_low"]) and bool(row["p_low"] <= row["base_rate"] <= row["p_high"])


def _is_base_rate(row: Mapping[Any, Any]) -> bool:
    return math.isclose(row["p_overturned"], row["base_rate"], rel_tol=0, abs_tol=SAME_PROBABILITY)
