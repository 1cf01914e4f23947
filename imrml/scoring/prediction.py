"""Requests to the prediction table: probability, what to send, what is shown already, why, and when to say nothing."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd
from sklearn import config_context

from imrml.config import decision_threshold
from imrml.deficiencies import Deficiency, cues_that_show, taxonomy
from imrml.errors import ModelError
from imrml.features import FoundDocument, find_documents
from imrml.models import LoadedModel, ReviewModel
from imrml.scoring.in_words import BARE, BRIEF, DEMO, SAME_PROBABILITY, format_reasons
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.requests import Requests

RECORD_COLUMNS = ("diagnosis", "case_summary")
"""What a request says of the record."""

N_DEFICIENCIES = 3
N_REASONS = 6
_N_ROWS = 1_000  # scored at a time; features remember the texts of so many
PREDICTION_COLUMNS = (
    "request_id", "p_overturned", "p_low", "p_high", "predicted", "abstain_reason", "treatment_category", "base_rate",
    "n_base_rate", "deficiency_1", "deficiency_2", "deficiency_3", "p_deficiency_1", "p_deficiency_2", "p_deficiency_3",
    "send_before_submission", "already_shown", "reasons", "stage", "model_version", "trained_on",
)  # fmt: skip
"""Columns of the prediction table, in their order."""


def score(
    model: LoadedModel, requests: Requests, allow_demo: bool = False, n_reasons: int = N_REASONS
) -> pd.DataFrame:
    """Predict requests.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    requests : Requests
        As :func:`imrml.submissions.requests.sort_requests` gives it for the model's stage; refused
        rows are not in the result.
    allow_demo : bool, default=False
        Whether a model of invented data may answer.
    n_reasons : int, default=6
        At most this many reasons a request; with 0 none are looked for.

    Returns
    -------
    DataFrame of shape (n_scored, 21)
        ``PREDICTION_COLUMNS``. Probabilities lie between 0 and 1 and are missing, like the
        deficiencies, where ``predicted`` is ``abstain``; deficiencies are missing too where the
        model learned none. Lists of str in ``send_before_submission``, ``already_shown``
        ("document: quote") and ``reasons`` ("+4.2 points: what", see :func:`in_points`).

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
    dtypes: dict[str, type] = {
        name: float for name in PREDICTION_COLUMNS if name.startswith("p_") or name == "base_rate"
    }
    dtypes["n_base_rate"] = np.int64
    return pd.DataFrame(
        {
            name: np.array(values, dtypes[name]) if name in dtypes else values
            for name, values in columns.items()
        }
    )


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
        raise ModelError(
            f"{DEMO}: this model learned from invented letters and knows nothing of real ones; --allow-demo uses it"
        )
    columns: dict[str, list[Any]] = {}
    # Part by part: the features of a hundred thousand requests need not stand in memory at once,
    # and what was found in a text for the features is still at hand for its quotes.
    for start in range(0, max(len(requests.rows), 1), _N_ROWS):
        part = SubmissionFrame(requests.submissions.iloc[start : start + _N_ROWS])
        with config_context(
            assume_finite=True, skip_parameter_validation=True
        ):  # our own features and settings
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


def _score_part(
    fitted: ReviewModel, submissions: SubmissionFrame, n_reasons: int
) -> dict[str, Sequence[Any]]:
    inputs = fitted.read(submissions)
    p_overturned = fitted.predict_proba(inputs)[:, 1]
    interval = fitted.predict_interval(inputs)
    abstain_reasons = fitted.abstain_reasons(inputs)
    abstains = np.array([bool(reason) for reason in abstain_reasons], dtype=bool)
    base_rates = fitted.categories_.predict_proba(inputs.categories)[:, 1]
    predicted = _predicted(
        p_overturned, base_rates, fitted.class_rate_, decision_threshold(fitted.models)
    )
    likely = likely_deficiencies(fitted.predict_deficiencies(inputs), abstains)
    shown = [documents_shown(record) for record in _records(submissions)]
    moved = fitted.reasons(inputs, n_reasons) if n_reasons else [[] for _ in shown]
    says_enough = zip(inputs.is_too_short, inputs.has_enough_context, strict=True)
    notes = [
        BRIEF if is_too_short else "" if has_enough_context else BARE
        for is_too_short, has_enough_context in says_enough
    ]
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
            _documents_to_send([found for found, _ in row], there)
            for row, there in zip(likely, shown, strict=True)
        ],
        "already_shown": [
            [f"{document.document}: {document.quote}" for document in there] for there in shown
        ],
        "reasons": [
            []
            if abstains_here
            else [*([note] if note and n_reasons else []), *format_reasons(row, p)]
            for row, abstains_here, note, p in zip(
                moved, abstains, notes, p_overturned.tolist(), strict=True
            )
        ],
    }
    for place in range(N_DEFICIENCIES):
        columns[f"deficiency_{place + 1}"] = [row[place][0].id if row else None for row in likely]
        columns[f"p_deficiency_{place + 1}"] = [row[place][1] if row else np.nan for row in likely]
    return columns


def _predicted(
    p_overturned: np.ndarray, base_rates: np.ndarray, class_rate: float, threshold: float | None
) -> np.ndarray:
    if threshold is not None:
        return np.where(p_overturned >= threshold, "overturned", "upheld")
    # Where the probability is the category's base rate itself (the shipped prior), the rate overall
    # is what it can differ from.
    compared = np.where(
        np.isclose(p_overturned, base_rates, rtol=0, atol=SAME_PROBABILITY), class_rate, base_rates
    )
    return np.where(p_overturned > compared, "above_base_rate", "below_base_rate")


def likely_deficiencies(
    p_deficiencies: pd.DataFrame, abstains: np.ndarray
) -> list[list[tuple[Deficiency, float]]]:
    """List the likeliest deficiencies of each row with their probabilities; none where the row abstains or none were learned."""
    deficiencies = taxonomy()
    likely = []
    for p_row, abstains_here in zip(p_deficiencies.to_numpy(), abstains, strict=True):
        places = np.argsort(-p_row, kind="stable")[:N_DEFICIENCIES]
        is_known = not abstains_here and not np.isnan(p_row).any()
        likely.append(
            [(deficiencies[place], float(p_row[place])) for place in places] if is_known else []
        )
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
        [
            line
            for line in deficiency.send_before_submission
            if not _is_shown((deficiency.id, line), cues_shown)
        ]
        for deficiency in likely
    ]
    return list(
        dict.fromkeys(line for tier in zip_longest(*wanted) for line in tier if line is not None)
    )


def _is_shown(line: tuple[str, str], cues_shown: set[str]) -> bool:
    needed = cues_that_show().get(line)
    return needed is not None and needed <= cues_shown
