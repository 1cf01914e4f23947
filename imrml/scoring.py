"""Requests to the prediction table: probability, what to send, what is shown already, why, and when to say nothing."""

import io
from collections.abc import Hashable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd
import yaml
from rich.console import Console
from rich.table import Table

from imrml.config import decision_threshold
from imrml.deficiencies import Deficiency, taxonomy
from imrml.errors import ModelError
from imrml.features import FoundDocument, find_documents
from imrml.models import LoadedModel
from imrml.submissions import Requests, SubmissionFrame

P_MEANING = "P(overturned | denied and appealed)"
DECISION_SUPPORT = "decision support for people, never a disposition"
SEND_ONLY = "send only if true and in the record"
DEMO = "DEMO, invented data"
BRIEF = "the notes are too brief for more than the base rates of the treatment category"

N_DEFICIENCIES = 3
N_REASONS = 6
# Checklist lines a request gets on a terminal; the table itself holds all of them.
_N_LINES = 3
PREDICTION_COLUMNS = (
    "request_id", "p_overturned", "p_low", "p_high", "predicted", "abstain_reason", "treatment_category", "base_rate",
    "n_base_rate", "deficiency_1", "deficiency_2", "deficiency_3", "p_deficiency_1", "p_deficiency_2", "p_deficiency_3",
    "send_before_submission", "already_shown", "reasons", "stage", "model_version", "trained_on",
)  # fmt: skip
"""Columns of the prediction table, in their order."""


def score(model: LoadedModel, requests: Requests, allow_demo: bool = False) -> pd.DataFrame:
    """Predict requests.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    requests : Requests
        As :func:`imrml.submissions.sort_requests` gives it for the model's stage; refused rows are not in the result.
    allow_demo : bool, default=False
        Whether a model of invented data may answer.

    Returns
    -------
    DataFrame of shape (n_scored, 21)
        ``PREDICTION_COLUMNS``. Probabilities lie between 0 and 1 and are missing, like the deficiencies, where ``predicted``
        is ``abstain``; deficiencies are missing too where the model learned none. Lists of str in ``send_before_submission``,
        ``already_shown`` ("document: quote") and ``reasons`` ("+0.42 what": log-odds against the average item).

    Raises
    ------
    ModelError
        The model was trained on invented data and ``allow_demo`` is false.
    LeakageError
        The requests were sorted for another stage.
    """
    manifest, fitted = model.manifest, model.model
    if manifest["trained_on"] == "synthetic" and not allow_demo:
        raise ModelError(f"{DEMO}: this model learned from invented letters and knows nothing of real ones; --allow-demo uses it")
    inputs = fitted.read(requests.submissions)
    rates = fitted.base_rates(inputs)
    p_overturned = fitted.predict_proba(inputs)[:, 1]
    interval = fitted.predict_interval(inputs)
    abstain_reasons = fitted.abstain_reasons(inputs)
    abstains = np.array([bool(reason) for reason in abstain_reasons], dtype=bool)
    base_rates = rates["base_rate"].to_numpy()
    predicted = _predicted(p_overturned, base_rates, fitted.class_rate_, decision_threshold(fitted.models))
    likely = _likely_deficiencies(fitted.predict_deficiencies(inputs), abstains)
    shown = [_documents_shown(record) for record in _records(requests.submissions)]
    reasons = fitted.reasons(inputs, N_REASONS)
    columns = {
        "request_id": list(requests.request_ids),
        "p_overturned": np.where(abstains, np.nan, p_overturned),
        "p_low": np.where(abstains, np.nan, interval[:, 0]),
        "p_high": np.where(abstains, np.nan, interval[:, 1]),
        "predicted": np.where(abstains, "abstain", predicted),
        "abstain_reason": abstain_reasons,
        "treatment_category": rates["treatment_category"].to_list(),
        "base_rate": base_rates,
        "n_base_rate": rates["n_base_rate"].to_numpy(),
        "send_before_submission": [
            _documents_to_send([found for found, _ in row], there) for row, there in zip(likely, shown, strict=True)
        ],
        "already_shown": [[f"{document.document}: {document.quote}" for document in there] for there in shown],
        "reasons": [
            [] if abstains_here else [*([BRIEF] if is_brief else []), *(f"{by:+.2f} {what}" for what, by in row)]
            for row, abstains_here, is_brief in zip(reasons, abstains, inputs.is_brief, strict=True)
        ],
        "stage": fitted.stage,
        "model_version": manifest["model_version"],
        "trained_on": manifest["trained_on"],
    }
    for place in range(N_DEFICIENCIES):
        columns[f"deficiency_{place + 1}"] = [row[place][0].id if row else None for row in likely]
        columns[f"p_deficiency_{place + 1}"] = np.array([row[place][1] if row else np.nan for row in likely], dtype=float)
    return pd.DataFrame(columns)[list(PREDICTION_COLUMNS)]


def _predicted(p_overturned: np.ndarray, base_rates: np.ndarray, class_rate: float, threshold: float | None) -> np.ndarray:
    if threshold is not None:
        return np.where(p_overturned >= threshold, "overturned", "upheld")
    # Where the probability is the category's base rate itself (the shipped prior), the rate overall is what it can differ from.
    compared = np.where(np.isclose(p_overturned, base_rates, rtol=0, atol=1e-9), class_rate, base_rates)
    return np.where(p_overturned > compared, "above_base_rate", "below_base_rate")


def _likely_deficiencies(p_deficiencies: pd.DataFrame, abstains: np.ndarray) -> list[list[tuple[Deficiency, float]]]:
    """List the likeliest deficiencies of each row with their probabilities; none where the row abstains or none were learned."""
    deficiencies = taxonomy()
    likely = []
    for p_row, abstains_here in zip(p_deficiencies.to_numpy(), abstains, strict=True):
        places = np.argsort(-p_row, kind="stable")[:N_DEFICIENCIES]
        is_known = not abstains_here and not np.isnan(p_row).any()
        likely.append([(deficiencies[place], float(p_row[place])) for place in places] if is_known else [])
    return likely


def _records(submissions: SubmissionFrame) -> list[str]:
    """Join what a request says of the record; a blank line keeps a sentence from running on into the next column.

    The treatment stays out: a request for a urine drug screen does not show one.
    """
    columns = [name for name in ("diagnosis", "case_summary") if name in submissions]
    return ["\n\n".join(text for text in row if text) for row in submissions[columns].itertuples(index=False)]


def _documents_shown(record: str) -> list[FoundDocument]:
    """Find what a record shows, each cue once, by its first mention that is not negated."""
    shown: dict[str, FoundDocument] = {}
    for found in find_documents(record):
        if not found.is_negated:
            shown.setdefault(found.cue, found)
    return list(shown.values())


@cache
def cues_that_show() -> dict[tuple[str, str], frozenset[str]]:
    """Read which cues must all be shown before a line of a deficiency's checklist is left off.

    Examples
    --------
    >>> sorted(cues_that_show()["opioid_monitoring_missing", "The signed pain agreement"])
    ['pain_agreement']
    """
    table = yaml.safe_load(files("imrml").joinpath("scoring.yaml").read_text(encoding="utf-8"))
    return {(id_, document): frozenset(cues) for id_, lines in table.items() for document, cues in lines.items()}


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
    table = Table(show_lines=True, expand=True)
    for heading, ratio in _HEADINGS.items():
        table.add_column(heading, ratio=ratio, overflow="fold")
    for row in predictions.to_dict("records"):
        category = str(row["treatment_category"]).replace("_", " ")
        named = f"{category}\nbase rate {row['base_rate']:.0%} of {row['n_base_rate']} items"
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
    between = "" if pd.isna(row["p_low"]) else f" ({row['p_low']:.0%} to {row['p_high']:.0%})"
    return f"{row['p_overturned']:.0%}{between}\n{str(row['predicted']).replace('_', ' ')}"


def _fault_words(row: dict[Hashable, Any]) -> str:
    names = {deficiency.id: deficiency.name for deficiency in taxonomy()}
    found = ((row[f"deficiency_{place}"], row[f"p_deficiency_{place}"]) for place in range(1, N_DEFICIENCIES + 1))
    return "\n".join(f"{names[id_]} {p_deficiency:.0%}" for id_, p_deficiency in found if isinstance(id_, str))


def _send_words(row: dict[Hashable, Any]) -> str:
    documents = row["send_before_submission"]
    more = [f"... and {len(documents) - _N_LINES} more"] if len(documents) > _N_LINES else []
    return "\n".join([*(f"- {document}" for document in documents[:_N_LINES]), *more])
