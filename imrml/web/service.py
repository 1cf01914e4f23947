"""One model and the requests that come for it: the same functions as the command line calls, on threads of their own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd
from anyio import CapacityLimiter, to_thread

from imrml.errors import ImrmlError, ModelError
from imrml.explaining.explanation import Explanation, explain
from imrml.explaining.precedents import Precedents
from imrml.explaining.what_if import JointWhatIf, what_if_note, what_if_together
from imrml.features import forget_texts
from imrml.models import LoadedModel
from imrml.scoring.in_words import DEMO
from imrml.scoring.prediction import prediction_table, score_columns
from imrml.submissions.requests import Requests, sort_requests
from imrml.tables.files import plain_rows

Output = TypeVar("Output")

TRIAL: dict[str, str | int] = {
    "request_id": "a-17",
    "treatment": "Physical therapy 2 times a week for 6 weeks, right shoulder",
    "diagnosis": "M75.41 impingement syndrome of right shoulder",
    "case_summary": "Invented. A 44 year old warehouse worker with a right shoulder strain finished 6 visits and can reach "
    "overhead again; strength is still reduced. Home exercises are done daily.",
    "age": 44,
    "sex": "female",
}
"""Fictional: what a model answers before it is served, and the example of the API."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A table of requests, answered.

    Parameters
    ----------
    requests : Requests
        What was scored, refused and passed over.
    columns : mapping of str to list
        As :func:`imrml.scoring.prediction.score_columns` gives them.
    """

    requests: Requests
    columns: Mapping[str, list[Any]]

    @property
    def predictions(self) -> pd.DataFrame:
        """The prediction table."""
        return prediction_table(self.columns)

    def rows(self) -> list[dict[str, Any]]:
        """Give the predictions as JSON Lines would hold them."""
        return list(plain_rows(self.columns))


class Answering:
    """Scores and explains.

    Parameters
    ----------
    model : LoadedModel
        The only one that is served.
    precedents : Precedents or None
        Past items to set beside an explanation.
    n_at_once : int
        Requests that are worked on at once; the others wait.
    allow_demo : bool
        Whether a model of invented data may answer.

    Raises
    ------
    ModelError
        The model was trained on invented data and ``allow_demo`` is false, or it cannot answer a
        request of its own kind.
    """

    def __init__(
        self, model: LoadedModel, precedents: Precedents | None, n_at_once: int, *, allow_demo: bool
    ) -> None:
        if model.manifest["trained_on"] == "synthetic" and not allow_demo:
            raise ModelError(
                f"{DEMO}: this model learned from invented letters and knows nothing of real ones; --allow-demo uses it"
            )
        self.model = model
        self.precedents = precedents
        self._n_at_once = n_at_once
        self._limiter: CapacityLimiter | None = None
        self._try_out()

    def _try_out(self) -> None:
        """Answer a fictional request: what cannot be answered, nobody should be the first to learn of, nor wait for imports."""
        try:
            self.explain(TRIAL)
        except Exception as error:
            raise ModelError(
                f"the model cannot answer ({type(error).__name__}): another state of imrml made it; train it again with this one"
            ) from error
        finally:
            forget_texts()

    @property
    def is_demo(self) -> bool:
        """Whether the model learned from invented data."""
        return bool(self.model.manifest["trained_on"] == "synthetic")

    async def on_a_thread(self, function: Callable[..., Output], *arguments: Any) -> Output:
        """Call a function that computes, away from the event loop; what it remembered of texts is forgotten."""
        if self._limiter is None:  # belongs to the event loop, which runs only now
            self._limiter = CapacityLimiter(self._n_at_once)
        try:
            return await to_thread.run_sync(function, *arguments, limiter=self._limiter)
        finally:
            forget_texts()

    def sort(self, rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> Requests:
        """Sort requests as the command line does."""
        table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), dtype=object)
        return sort_requests(table, self.model.manifest["stage"], self.model.model.programme)

    def score(self, rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> Scored:
        """Score a table of requests."""
        requests = self.sort(rows)
        return Scored(requests, score_columns(self.model, requests, allow_demo=True))

    def explain(self, row: Mapping[str, Any], if_shown: Sequence[str] = ()) -> "Explained":
        """Explain one request, and re-score it as if its text also showed some documents.

        Raises
        ------
        ImrmlError
            The request is refused; the message says why.
        """
        requests = self.sort([row])
        if requests.refused:
            raise ImrmlError(requests.refused[0][1])
        explanation = explain(self.model, requests, 0, allow_demo=True, precedents=self.precedents)
        together = None
        if if_shown and not what_if_note(self.model, requests, 0):
            asked = {
                line.document
                for found in explanation.deficiencies
                for line in found.checklist
                if line.what_if
            }
            if chosen := [document for document in dict.fromkeys(if_shown) if document in asked]:
                together = what_if_together(self.model, requests, 0, chosen)
        return Explained(requests, explanation, together)


@dataclass(frozen=True, slots=True)
class Explained:
    """One request, answered in full.

    Parameters
    ----------
    requests : Requests
        The request, sorted.
    explanation : Explanation
        As :func:`imrml.explaining.explanation.explain` gives it.
    together : Together or None
        The re-score, where something was toggled that can be.
    """

    requests: Requests
    explanation: Explanation
    together: JointWhatIf | None
