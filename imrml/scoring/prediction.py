"""Requests to the prediction table: a probability, why, what is shown, what to send, or silence."""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pandas as pd
from sklearn import config_context

from imrml.errors import ModelError, RefusedRequestWarning, RequestWarning, require_types
from imrml.features import FoundDocument, find_documents, split_request
from imrml.features.counting import reading_columns_once, texts_of
from imrml.models import LoadedModel, ReviewModel
from imrml.models.abstention import decision_threshold
from imrml.models.inputs import Inputs
from imrml.scoring.checklist import (
    RECORD_COLUMNS,
    list_documents_to_send,
    rank_deficiencies,
    read_submission_days,
    select_planned,
    select_shown,
)
from imrml.scoring.in_words import (
    BARE,
    BRIEF,
    DEMO,
    SAME_PROBABILITY,
    describe_ignored_input,
    describe_refusals,
    format_reasons,
)
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.requests import Requests, sort_requests
from imrml.tables.workbooks import replace_unwritable

N_DEFICIENCIES = 3
N_REASONS = 6
N_ROWS = 1_000
"""Scored at a time: features remember the texts of so many."""
PREDICTION_COLUMNS = (
    "request_id",
    "p_overturned",
    "p_low",
    "p_high",
    "predicted",
    "abstain_reason",
    "treatment_category",
    "base_rate",
    "n_base_rate",
    "deficiency_1",
    "deficiency_2",
    "deficiency_3",
    "p_deficiency_1",
    "p_deficiency_2",
    "p_deficiency_3",
    "send_before_submission",
    "already_shown",
    "reasons",
    "stage",
    "model_version",
    "trained_on",
    "item_number",
    "treatment",
    "planned",
    "deficiency_source",
)
"""Columns of the prediction table, in their order."""


def score(
    model: LoadedModel,
    requests: pd.DataFrame,
    *,
    allow_demo: bool = False,
    n_reasons: int = N_REASONS,
) -> pd.DataFrame:
    """Predict requests.

    Emits one :class:`~imrml.errors.RequestWarning` naming columns and cells that are ignored, and
    one :class:`~imrml.errors.RefusedRequestWarning` per reason for which rows are refused.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    requests : DataFrame of shape (n_requests, n_columns)
        Submission table with ``treatment`` or ``item``, and any other known columns. A treatment
        that lists several items (:func:`imrml.split_request`) gives one row per item, ``ID#1``,
        ``ID#2`` and so on; an ``item`` is never split.
    allow_demo : bool, default=False
        Whether a model trained on synthetic data may be used.
    n_reasons : int, default=6
        Maximum number of reasons per request; 0 to skip them.

    Returns
    -------
    DataFrame of shape (n_scored, 25)
        The columns ``PREDICTION_COLUMNS``, without refused rows. ``p_overturned`` and its interval
        lie between 0 and 1 and are missing where ``predicted`` is ``abstain``. Every row has
        deficiencies, unless the model learned none; ``deficiency_source`` says where they come
        from: the ``model``, if it could use the text, else the rates of the treatment
        ``category``, its ``group`` or ``all`` treatments, the narrowest that is available. Lists of
        str in ``send_before_submission``, ``already_shown`` and ``planned`` ("document: quote") and
        ``reasons`` ("+4.2 points: what", see :func:`~imrml.scoring.in_words.compute_points`).

    Raises
    ------
    TableError
        No column names the treatment.
    ModelError
        The model was trained on synthetic data and ``allow_demo`` is false.

    Examples
    --------
    A model that knows no more than the rate of each treatment category:

    >>> from imrml.config import load_config
    >>> from imrml.models import ReviewModel
    >>> from imrml.submissions import submission_frame
    >>> past = pd.DataFrame({"treatment": ["Norco #60", "MRI of the knee"] * 20})
    >>> priors = ["models.outcome.kind=category_prior", "abstention.max_unknown_words=null"]
    >>> fitted = ReviewModel.from_config(load_config(overrides=priors))
    >>> fitted = fitted.fit(submission_frame(past, "imr"), [False, True] * 20, list(range(40)))
    >>> manifest = {"stage": "imr", "trained_on": "real", "model_version": "20260101.000000-0"}
    >>> model = LoadedModel(fitted, manifest)
    >>> requests = pd.DataFrame({"treatment": ["Norco 10/325mg #120", "MRI of the left knee"]})
    >>> score(model, requests)[["request_id", "treatment_category", "predicted"]]
      request_id treatment_category  predicted
    0  request-1             opioid  base_rate
    1  request-2            imaging  base_rate
    """
    require_types(
        "score",
        model=(model, LoadedModel),
        requests=(requests, pd.DataFrame),
        allow_demo=(allow_demo, bool),
        n_reasons=(n_reasons, int),
    )
    sorted_requests = sort_items(model, requests)
    columns = score_columns(model, sorted_requests, allow_demo=allow_demo, n_reasons=n_reasons)
    warn_of_ignored_input(sorted_requests, stacklevel=2)
    for message, n_requests in describe_refusals(sorted_requests.refused):
        warnings.warn(RefusedRequestWarning(message, n_requests), stacklevel=2)
    return make_prediction_table(columns)


def sort_items(model: LoadedModel, requests: pd.DataFrame, *, first_row: int = 1) -> Requests:
    """Sort requests for a model, a cell that lists several treatments into its items.

    Parameters
    ----------
    model : LoadedModel
        For whose stage and programme.
    requests : DataFrame of shape (n_requests, n_columns)
        Submission table.
    first_row : int, default=1
        Number of its first row in what is told of rows.

    Returns
    -------
    Requests
        What can be scored, an item each, and what is refused.

    Raises
    ------
    TableError
        No column names the treatment.
    """
    stage, programme = model.manifest["stage"], model.model.programme
    expected = model.model.expected_columns_
    with model.model.in_own_words():
        return sort_requests(
            requests, stage, programme, split_request, first_row, expected=expected
        )


def warn_of_ignored_input(requests: Requests, stacklevel: int) -> None:
    """Warn once of columns and cells that count for nothing, if there are any.

    Parameters
    ----------
    requests : Requests
        As sorted.
    stacklevel : int
        Frames up to the call that the warning names; 1 is the caller of this function.
    """
    if ignored := describe_ignored_input(requests):
        warnings.warn("; ".join(ignored), RequestWarning, stacklevel=stacklevel + 1)


def make_prediction_table(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Make the prediction table of its columns.

    Parameters
    ----------
    columns : mapping of str to sequence of length n_scored
        As :func:`score_columns` gives them.

    Returns
    -------
    DataFrame of shape (n_scored, 25)
        As :func:`score` gives it.
    """
    dtypes: dict[str, type] = {
        name: float for name in PREDICTION_COLUMNS if name.startswith("p_") or name == "base_rate"
    }
    dtypes["n_base_rate"] = dtypes["item_number"] = np.int64
    return pd.DataFrame(
        {
            name: np.array(values, dtypes[name]) if name in dtypes else replace_unwritable(values)
            for name, values in columns.items()
        }
    )


def score_columns(
    model: LoadedModel,
    requests: Requests,
    *,
    allow_demo: bool = False,
    n_reasons: int = N_REASONS,
) -> dict[str, list[Any]]:
    """Predict requests that are sorted already, and give columns as lists, without a frame.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    requests : Requests
        As :func:`imrml.submissions.requests.sort_requests` gives it for the model's stage.
    allow_demo : bool, default=False
        Whether a model trained on synthetic data may be used.
    n_reasons : int, default=6
        Maximum number of reasons per request; 0 to skip them.

    Returns
    -------
    dict of str to list of length n_scored
        ``PREDICTION_COLUMNS`` in their order; what is missing is NaN or None.

    Raises
    ------
    ModelError
        The model was trained on synthetic data and ``allow_demo`` is false.
    LeakageError
        The requests were sorted for another stage.
    """
    require_demo_allowed(model.manifest, allow_demo=allow_demo)
    columns: dict[str, list[Any]] = {name: [] for name in PREDICTION_COLUMNS}
    # Part by part: the features of a hundred thousand requests need not stand in memory at once,
    # and what was found in a text for the features is still at hand for its quotes.
    for start in range(0, max(len(requests.rows), 1), N_ROWS):
        part = slice(start, start + N_ROWS)
        with skip_checks(), model.model.in_own_words(), reading_columns_once():
            inputs = model.model.read(SubmissionFrame(requests.submissions.iloc[part]))
            scored = score_inputs(
                model,
                inputs,
                requests.request_ids[part],
                n_reasons,
                item_numbers=requests.item_numbers[part],
            )
        for name, values in scored.items():
            columns[name].extend(values)
    return columns


def require_demo_allowed(manifest: Mapping[str, Any], *, allow_demo: bool) -> None:
    """Refuse a model of invented data unless it is allowed.

    Parameters
    ----------
    manifest : mapping
        Of the model.
    allow_demo : bool
        Whether a model trained on synthetic data may be used.

    Raises
    ------
    ModelError
        It learned from invented data and may not answer.
    """
    if manifest["trained_on"] == "synthetic" and not allow_demo:
        raise ModelError(
            f"{DEMO}: this model learned from invented letters and knows nothing of real ones; "
            "allow_demo=True (--allow-demo) uses it"
        )


def skip_checks() -> AbstractContextManager[None]:
    """Let scikit-learn trust its input while the features and settings are our own.

    Returns
    -------
    context manager
        Within it, neither finiteness nor parameters are checked.
    """
    context: AbstractContextManager[None] = config_context(
        assume_finite=True, skip_parameter_validation=True
    )
    return context


def score_inputs(
    model: LoadedModel,
    inputs: Inputs,
    request_ids: Sequence[str],
    n_reasons: int = N_REASONS,
    *,
    item_numbers: Sequence[int] | None = None,
) -> dict[str, Sequence[Any]]:
    """Predict requests whose features are read already.

    Parameters
    ----------
    model : LoadedModel
        Whose ``read`` gave the inputs.
    inputs : Inputs
        Of ``n_scored`` requests.
    request_ids : sequence of str of shape (n_scored,)
        Their names.
    n_reasons : int, default=6
        Maximum number of reasons per request; 0 to skip them.
    item_numbers : sequence of int of shape (n_scored,), optional
        Number of each item in its row; 1 where not given.

    Returns
    -------
    dict of str to sequence of length n_scored
        ``PREDICTION_COLUMNS`` in their order; what is missing is NaN or None.
    """
    fitted = model.model
    probabilities, interval = fitted.predict_with_interval(inputs)
    p_overturned = probabilities[:, 1]
    abstain_reasons = fitted.abstain_reasons(inputs)
    abstains = np.array([bool(reason) for reason in abstain_reasons], dtype=bool)
    base_rates = fitted.categories_.predict_proba(inputs.categories)[:, 1]
    predicted = _predict_words(
        p_overturned, base_rates, decision_threshold(fitted.settings("models"))
    )
    p_deficiencies, sources = fitted.answer_deficiencies(inputs, abstains)
    likely = rank_deficiencies(p_deficiencies, inputs.categories)
    shown, planned = _find_documents(inputs.submissions)
    n_scored = len(inputs.categories)
    columns: dict[str, Sequence[Any]] = {
        "request_id": request_ids,
        "p_overturned": np.where(abstains, np.nan, p_overturned).tolist(),
        "p_low": np.where(abstains, np.nan, interval[:, 0]).tolist(),
        "p_high": np.where(abstains, np.nan, interval[:, 1]).tolist(),
        "predicted": np.where(abstains, "abstain", predicted).tolist(),
        "abstain_reason": abstain_reasons,
        "treatment_category": inputs.categories,
        "base_rate": base_rates.tolist(),
        "n_base_rate": fitted.categories_.count(inputs.categories).tolist(),
        "send_before_submission": [
            list_documents_to_send(
                [deficiency for deficiency, _ in row],
                {document.cue for document in documents},
                category,
                N_DEFICIENCIES,
            )
            for row, documents, category in zip(likely, shown, inputs.categories, strict=True)
        ],
        "already_shown": _quote_documents(shown),
        "reasons": _list_reasons(fitted, inputs, abstains, p_overturned, n_reasons),
        "stage": [fitted.stage] * n_scored,
        "model_version": [model.manifest["model_version"]] * n_scored,
        "trained_on": [model.manifest["trained_on"]] * n_scored,
        "item_number": list(item_numbers or [1] * n_scored),
        "treatment": list(texts_of(inputs.submissions, "treatment")),
        "planned": _quote_documents(planned),
        "deficiency_source": [
            source if row else None for source, row in zip(sources, likely, strict=True)
        ],
    }
    for place in range(N_DEFICIENCIES):  # a user's taxonomy may hold fewer
        ranked = [row[place] if place < len(row) else (None, np.nan) for row in likely]
        columns[f"deficiency_{place + 1}"] = [one and one.id for one, _ in ranked]
        columns[f"p_deficiency_{place + 1}"] = [p for _, p in ranked]
    return {name: columns[name] for name in PREDICTION_COLUMNS}


def _predict_words(
    p_overturned: np.ndarray, base_rates: np.ndarray, threshold: float | None
) -> np.ndarray:
    if threshold is not None:
        return np.where(p_overturned >= threshold, "overturned", "upheld")
    side = np.where(p_overturned > base_rates, "above_base_rate", "below_base_rate")
    is_base_rate = np.abs(p_overturned - base_rates) <= SAME_PROBABILITY
    return np.where(is_base_rate, "base_rate", side)


def _find_documents(
    submissions: SubmissionFrame,
) -> tuple[list[list[FoundDocument]], list[list[FoundDocument]]]:
    """Find what the record of each request shows, and what it only plans."""
    columns = [name for name in RECORD_COLUMNS if name in submissions]
    shown, planned = [], []
    days = read_submission_days(submissions)
    for day, *texts in zip(days, *(texts_of(submissions, name) for name in columns), strict=True):
        documents = {name: find_documents(text) for name, text in zip(columns, texts, strict=True)}
        shown.append([document for _, document in select_shown(documents, day)])
        planned.append(select_planned(documents))
    return shown, planned


def _quote_documents(rows: list[list[FoundDocument]]) -> list[list[str]]:
    return [[f"{document.document}: {document.quote}" for document in row] for row in rows]


def _list_reasons(
    fitted: ReviewModel,
    inputs: Inputs,
    abstains: np.ndarray,
    p_overturned: np.ndarray,
    n_reasons: int,
) -> list[list[str]]:
    """Say what moved each score, after a note where the notes say little."""
    if not n_reasons:
        return [[] for _ in inputs.categories]
    reasons = []
    for moved, abstains_here, is_too_short, has_enough_context, p in zip(
        fitted.reasons(inputs, n_reasons),
        abstains,
        inputs.is_too_short,
        inputs.has_enough_context,
        p_overturned.tolist(),
        strict=True,
    ):
        note = BRIEF if is_too_short else "" if has_enough_context else BARE
        spoken = [note] if note else []
        reasons.append([] if abstains_here else [*spoken, *format_reasons(moved, p)])
    return reasons
