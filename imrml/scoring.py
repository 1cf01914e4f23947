"""Requests to the prediction table: probability, what to send, what is shown already, why, and when to say nothing."""

import io
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd
from sklearn import config_context

from imrml.config import decision_threshold
from imrml.counts import counted
from imrml.deficiencies import Deficiency, cues_that_show, taxonomy
from imrml.errors import ModelError
from imrml.features import FoundDocument, find_documents
from imrml.models import LoadedModel, ReviewModel
from imrml.submissions import Requests, SubmissionFrame

P_MEANING = "P(overturned | denied and appealed)"
DECISION_SUPPORT = "decision support for people, never a disposition"
SEND_ONLY = "send only if true and in the record"
DEMO = "DEMO, invented data"
BRIEF = "the notes are too brief for more than the base rates of the treatment category"
BARE = "besides what they document the notes are too brief: the deficiencies are those of the treatment category"

LAW = "Labor Code 4610 reserves denials to physicians; SB 1120 says the like of AI in health plans"
RECORD_COLUMNS = ("diagnosis", "case_summary")
"""What a request says of the record."""

N_DEFICIENCIES = 3
N_REASONS = 6
_N_ROWS = 1_000  # scored at a time; features remember the texts of so many
_SMALLEST_POINTS = 0.05  # would print as +0.0
_OF_ALL = "the rate of all treatments, for no past item is of this category"
_SAME = 1e-9  # a probability so near its category's base rate is that rate
# Checklist lines a request gets on a terminal; the table itself holds all of them.
_N_LINES = 3
PREDICTION_COLUMNS = (
    "request_id", "p_overturned", "p_low", "p_high", "predicted", "abstain_reason", "treatment_category", "base_rate",
    "n_base_rate", "deficiency_1", "deficiency_2", "deficiency_3", "p_deficiency_1", "p_deficiency_2", "p_deficiency_3",
    "send_before_submission", "already_shown", "reasons", "stage", "model_version", "trained_on",
)  # fmt: skip
"""Columns of the prediction table, in their order."""


def score(model: LoadedModel, requests: Requests, allow_demo: bool = False, n_reasons: int = N_REASONS) -> pd.DataFrame:
    """Predict requests.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    requests : Requests
        As :func:`imrml.submissions.sort_requests` gives it for the model's stage; refused rows are not in the result.
    allow_demo : bool, default=False
        Whether a model of invented data may answer.
    n_reasons : int, default=6
        At most this many reasons a request; with 0 none are looked for.

    Returns
    -------
    DataFrame of shape (n_scored, 21)
        ``PREDICTION_COLUMNS``. Probabilities lie between 0 and 1 and are missing, like the deficiencies, where ``predicted``
        is ``abstain``; deficiencies are missing too where the model learned none. Lists of str in ``send_before_submission``,
        ``already_shown`` ("document: quote") and ``reasons`` ("+4.2 points: what", see :func:`in_points`).

    Raises
    ------
    ModelError
        The model was trained on invented data and ``allow_demo`` is false.
    LeakageError
        The requests were sorted for another stage.
    """
    return prediction_table(score_columns(model, requests, allow_demo, n_reasons))


def prediction_table(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Make the table of what :func:`score_columns` gives."""
    dtypes: dict[str, type] = {name: float for name in PREDICTION_COLUMNS if name.startswith("p_") or name == "base_rate"}
    dtypes["n_base_rate"] = np.int64
    return pd.DataFrame({name: np.array(values, dtypes[name]) if name in dtypes else values for name, values in columns.items()})


def score_columns(
    model: LoadedModel, requests: Requests, allow_demo: bool = False, n_reasons: int = N_REASONS
) -> dict[str, list[Any]]:
    """Predict requests as :func:`score` does, and give the columns of its table as lists, for who wants no frame.

    Parameters
    ----------
    model, requests, allow_demo, n_reasons
        As of :func:`score`.

    Returns
    -------
    dict of str to list of length n_scored
        ``PREDICTION_COLUMNS`` in their order; what is missing is NaN or None.

    Raises
    ------
    ModelError, LeakageError
        As :func:`score`.
    """
    manifest = model.manifest
    if manifest["trained_on"] == "synthetic" and not allow_demo:
        raise ModelError(f"{DEMO}: this model learned from invented letters and knows nothing of real ones; --allow-demo uses it")
    columns: dict[str, list[Any]] = {}
    # Part by part: the features of a hundred thousand requests need not stand in memory at once, and what was found in a
    # text for the features is still at hand for its quotes.
    for start in range(0, max(len(requests.rows), 1), _N_ROWS):
        part = SubmissionFrame(requests.submissions.iloc[start : start + _N_ROWS])
        with config_context(assume_finite=True, skip_parameter_validation=True):  # our own features and settings
            scored = _score_part(model.model, part, n_reasons)
        for name, values in scored.items():
            columns.setdefault(name, []).extend(values)
    n_scored = len(requests.rows)
    columns |= {
        "request_id": list(requests.request_ids),
        "stage": [model.model.stage] * n_scored,
        "model_version": [manifest["model_version"]] * n_scored,
        "trained_on": [manifest["trained_on"]] * n_scored,
    }
    return {name: columns[name] for name in PREDICTION_COLUMNS}


def _score_part(fitted: ReviewModel, submissions: SubmissionFrame, n_reasons: int) -> dict[str, Sequence[Any]]:
    inputs = fitted.read(submissions)
    p_overturned = fitted.predict_proba(inputs)[:, 1]
    interval = fitted.predict_interval(inputs)
    abstain_reasons = fitted.abstain_reasons(inputs)
    abstains = np.array([bool(reason) for reason in abstain_reasons], dtype=bool)
    base_rates = fitted.categories_.predict_proba(inputs.categories)[:, 1]
    predicted = _predicted(p_overturned, base_rates, fitted.class_rate_, decision_threshold(fitted.models))
    likely = likely_deficiencies(fitted.predict_deficiencies(inputs), abstains)
    shown = [documents_shown(record) for record in _records(submissions)]
    moved = fitted.reasons(inputs, n_reasons) if n_reasons else [[] for _ in shown]
    says_enough = zip(inputs.is_brief, inputs.has_background, strict=True)
    notes = [BRIEF if is_brief else "" if has_background else BARE for is_brief, has_background in says_enough]
    columns: dict[str, Sequence[Any]] = {
        "p_overturned": np.where(abstains, np.nan, p_overturned).tolist(),
        "p_low": np.where(abstains, np.nan, interval[:, 0]).tolist(),
        "p_high": np.where(abstains, np.nan, interval[:, 1]).tolist(),
        "predicted": np.where(abstains, "abstain", predicted).tolist(),
        "abstain_reason": abstain_reasons,
        "treatment_category": inputs.categories,
        "base_rate": base_rates.tolist(),
        "n_base_rate": fitted.categories_.count(inputs.categories).tolist(),
        "send_before_submission": [
            _documents_to_send([found for found, _ in row], there) for row, there in zip(likely, shown, strict=True)
        ],
        "already_shown": [[f"{document.document}: {document.quote}" for document in there] for there in shown],
        "reasons": [
            [] if abstains_here else [*([note] if note and n_reasons else []), *_reason_words(row, p)]
            for row, abstains_here, note, p in zip(moved, abstains, notes, p_overturned.tolist(), strict=True)
        ],
    }
    for place in range(N_DEFICIENCIES):
        columns[f"deficiency_{place + 1}"] = [row[place][0].id if row else None for row in likely]
        columns[f"p_deficiency_{place + 1}"] = [row[place][1] if row else np.nan for row in likely]
    return columns


def in_points(p: float, log_odds: float) -> float:
    """Say in percentage points how much lower a probability would be without what moved its log-odds.

    Parameters
    ----------
    p : float
        Probability, 0 to 1.
    log_odds : float
        What moved it, signed.

    Examples
    --------
    >>> round(in_points(0.5, 1.1), 1), in_points(0.2, 0.0), in_points(1.0, 0.3)
    (25.0, 0.0, 0.0)
    """
    if not 0 < p < 1:
        return 0.0
    odds = p / (1 - p) * math.exp(-log_odds)
    return 100 * (p - odds / (1 + odds))


def _reason_words(moved: Sequence[tuple[str, float]], p: float) -> list[str]:
    in_order = sorted(((in_points(p, by), what) for what, by in moved), key=lambda reason: -abs(reason[0]))
    return [f"{points:+.1f} points: {what}" for points, what in in_order if abs(points) >= _SMALLEST_POINTS]


def _predicted(p_overturned: np.ndarray, base_rates: np.ndarray, class_rate: float, threshold: float | None) -> np.ndarray:
    if threshold is not None:
        return np.where(p_overturned >= threshold, "overturned", "upheld")
    # Where the probability is the category's base rate itself (the shipped prior), the rate overall is what it can differ from.
    compared = np.where(np.isclose(p_overturned, base_rates, rtol=0, atol=_SAME), class_rate, base_rates)
    return np.where(p_overturned > compared, "above_base_rate", "below_base_rate")


def likely_deficiencies(p_deficiencies: pd.DataFrame, abstains: np.ndarray) -> list[list[tuple[Deficiency, float]]]:
    """List the likeliest deficiencies of each row with their probabilities; none where the row abstains or none were learned."""
    deficiencies = taxonomy()
    likely = []
    for p_row, abstains_here in zip(p_deficiencies.to_numpy(), abstains, strict=True):
        places = np.argsort(-p_row, kind="stable")[:N_DEFICIENCIES]
        is_known = not abstains_here and not np.isnan(p_row).any()
        likely.append([(deficiencies[place], float(p_row[place])) for place in places] if is_known else [])
    return likely


def _records(submissions: SubmissionFrame) -> Iterator[tuple[str, ...]]:
    """Give what each request says of the record.

    The treatment stays out: a request for a urine drug screen does not show one.
    """
    columns = [name for name in RECORD_COLUMNS if name in submissions]
    return zip(*(submissions[name] for name in columns), strict=True)


def documents_shown(record: Sequence[str]) -> list[FoundDocument]:
    """Find what the texts of a record show, each cue once, by its first mention that is not negated."""
    shown: dict[str, FoundDocument] = {}
    for text in record:
        for found in find_documents(text):
            if not found.is_negated:
                shown.setdefault(found.cue, found)
    return list(shown.values())


def _documents_to_send(likely: Sequence[Deficiency], shown: Sequence[FoundDocument]) -> list[str]:
    """List what answers the likely deficiencies, without what the record shows: the first line of each, then the second ..."""
    cues_shown = {found.cue for found in shown}
    wanted = [
        [line for line in deficiency.send_before_submission if not _is_shown((deficiency.id, line), cues_shown)]
        for deficiency in likely
    ]
    return list(dict.fromkeys(line for tier in zip_longest(*wanted) for line in tier if line is not None))


def _is_shown(line: tuple[str, str], cues_shown: set[str]) -> bool:
    needed = cues_that_show().get(line)
    return needed is not None and needed <= cues_shown


def told_passed_over(requests: Requests) -> list[str]:
    """Say in sentences which columns and cells of a table count for nothing, and why.

    Examples
    --------
    >>> from imrml.submissions import sort_requests
    >>> told_passed_over(sort_requests(pd.DataFrame({"treatment": ["Norco #60"], "colour": ["blue"], "age": ["old"]}), "imr"))
    ['columns passed over because nobody knows them: colour',
     'left empty, for want of a date (YYYY-MM-DD or MM/DD/YYYY) or an age (0 to 120): row 1 age']
    """
    told = []
    if requests.unknown_columns:
        told.append(f"columns passed over because nobody knows them: {', '.join(requests.unknown_columns)}")
    if requests.late_columns:
        named = ", ".join(requests.late_columns)
        told.append(f"columns passed over because they become known after the model's stage: {named}")
    if requests.unread:
        cells = ", ".join(f"row {number} {column}" for number, column in requests.unread)
        told.append(f"left empty, for want of a date (YYYY-MM-DD or MM/DD/YYYY) or an age (0 to 120): {cells}")
    return told


# --- in words --------------------------------------------------------------------------------------------------------


def percent(value: float) -> str:
    """Write a probability for people; what is not certain is never written as 0 or 100 %.

    Examples
    --------
    >>> percent(0.144), percent(0.004), percent(0.0), percent(0.998)
    ('14%', 'under 1%', '0%', 'over 99%')
    """
    if 0.995 <= value < 1:
        return "over 99%"
    return "under 1%" if 0 < value < 0.005 else f"{value:.0%}"


def standing(row: Mapping[Any, Any]) -> str:
    """Say where a probability stands, and whether surely, in words that are no disposition; ``""`` where there is none.

    Parameters
    ----------
    row : mapping
        Of the prediction table.

    Examples
    --------
    >>> standing({"predicted": "below_base_rate", "p_overturned": 0.08, "base_rate": 0.08})
    "the category's base rate itself"
    >>> standing({"predicted": "upheld", "p_overturned": 0.2, "base_rate": 0.1})
    'below the threshold that this model is set to'
    """
    if row["predicted"] in ("overturned", "upheld"):
        return f"{'at or above' if row['predicted'] == 'overturned' else 'below'} the threshold that this model is set to"
    if row["predicted"] == "abstain":
        return ""
    if _is_base_rate(row):
        return "the category's base rate itself"
    return str(row["predicted"]).replace("_", " ") + (", not surely" if _holds_base_rate(row) else "")


def interval_words(row: Mapping[Any, Any]) -> str:
    """Say what the interval means for who has to act; ``""`` where there is no probability.

    Parameters
    ----------
    row : mapping
        Of the prediction table.

    Examples
    --------
    >>> interval_words({"predicted": "above_base_rate", "p_overturned": 0.2, "p_low": 0.004, "p_high": 0.94, "base_rate": 0.09})
    "The figure is uncertain: ... between under 1% and 94%. The category's rate of 9% lies between them, so ..."
    """
    if row["predicted"] == "abstain":
        return ""
    if pd.isna(row["p_low"]):
        return "This kind of model gives no interval: nothing says how sure the figure is."
    low, high, rate = percent(row["p_low"]), percent(row["p_high"]), percent(row["base_rate"])
    if _is_base_rate(row):
        return (
            f"The figure is the category's rate, which lies between {low} and {high} with 90% confidence; nothing in this "
            "request moved it."
        )
    told = f"The figure is uncertain: learned from other letters of the same kind, it would mostly lie between {low} and {high}."
    if _holds_base_rate(row):
        return (
            f"{told} The category's rate of {rate} lies between them, so the figure does not tell this request from others of "
            "its category: lean on what to send more than on the figure."
        )
    side = "above" if row["p_low"] > row["base_rate"] else "below"
    return f"{told} All of that is {side} the category's rate of {rate}."


def rate_words(row: Mapping[Any, Any]) -> str:
    """Say a category's base rate and what it rests on.

    Parameters
    ----------
    row : mapping
        Of the prediction table.

    Examples
    --------
    >>> rate_words({"base_rate": 0.18, "n_base_rate": 1190}), rate_words({"base_rate": 0.11, "n_base_rate": 0})
    ('18% (1,190 past items)', '11% (the rate of all treatments, for no past item is of this category)')
    """
    rests_on = counted(row["n_base_rate"], "past item") if row["n_base_rate"] else _OF_ALL
    return f"{percent(row['base_rate'])} ({rests_on})"


def note_words(row: Mapping[Any, Any]) -> str:
    """Say in a few words what somebody must know who reads only the figure.

    Parameters
    ----------
    row : mapping
        Of the prediction table.

    Examples
    --------
    >>> note_words({"predicted": "above_base_rate", "p_overturned": 0.2, "p_low": 0.004, "p_high": 0.94, "base_rate": 0.09})
    'not told from others of its category'
    """
    if row["predicted"] == "abstain" or _is_base_rate(row):
        return str(row["abstain_reason"]) or standing(row)
    return "not told from others of its category" if _holds_base_rate(row) else ""


def _holds_base_rate(row: Mapping[Any, Any]) -> bool:
    return not pd.isna(row["p_low"]) and bool(row["p_low"] <= row["base_rate"] <= row["p_high"])


def _is_base_rate(row: Mapping[Any, Any]) -> bool:
    return math.isclose(row["p_overturned"], row["base_rate"], rel_tol=0, abs_tol=_SAME)


# --- for a terminal --------------------------------------------------------------------------------------------------


_HEADINGS = {"request": 3, "treatment": 3, P_MEANING: 3, "likely faults if upheld": 5, f"before submission: {SEND_ONLY}": 9}
"""Columns of the terminal table with their shares of its width."""


def prediction_lines(predictions: pd.DataFrame, width: int = 120) -> Iterator[str]:
    """Draw predictions as a table of plain text, with what the figures mean below it.

    Parameters
    ----------
    predictions : DataFrame
        As :func:`score` gives it.
    width : int, default=120
        Characters a line may hold.
    """
    from rich.console import Console  # noqa: PLC0415 - scores that go to a file do not wait for it
    from rich.table import Table  # noqa: PLC0415

    table = Table(show_lines=True, expand=True)
    for heading, ratio in _HEADINGS.items():
        table.add_column(heading, ratio=ratio, overflow="fold")
    for row in predictions.to_dict("records"):
        category = str(row["treatment_category"]).replace("_", " ")
        named = f"{category}\nbase rate {rate_words(row)}"
        table.add_row(str(row["request_id"]), named, _p_words(row), _fault_words(row), _send_words(row))
    text = io.StringIO()
    Console(file=text, width=width, color_system=None, highlight=False, markup=False).print(table)
    yield from text.getvalue().splitlines()
    if (predictions["trained_on"] == "synthetic").any():
        yield f"{DEMO}: the model behind these figures knows no real letter."
    yield f"{P_MEANING}: {DECISION_SUPPORT}."


def _p_words(row: dict[Hashable, Any]) -> str:
    if row["predicted"] == "abstain":
        return f"abstains: {row['abstain_reason']}"
    between = "" if pd.isna(row["p_low"]) else f" ({percent(row['p_low'])} to {percent(row['p_high'])})"
    return f"{percent(row['p_overturned'])}{between}\n{standing(row)}"


def _fault_words(row: dict[Hashable, Any]) -> str:
    names = {deficiency.id: deficiency.name for deficiency in taxonomy()}
    found = ((row[f"deficiency_{place}"], row[f"p_deficiency_{place}"]) for place in range(1, N_DEFICIENCIES + 1))
    return "\n".join(f"{names[id_]} {percent(p_deficiency)}" for id_, p_deficiency in found if isinstance(id_, str))


def _send_words(row: dict[Hashable, Any]) -> str:
    documents = row["send_before_submission"]
    more = [f"... and {len(documents) - _N_LINES} more"] if len(documents) > _N_LINES else []
    return "\n".join([*(f"- {document}" for document in documents[:_N_LINES]), *more])
