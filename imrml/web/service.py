"""One model and the requests that come for it: what the command line calls, on threads apart."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd
from starlette.exceptions import HTTPException

from imrml.errors import ImrmlError, ModelError
from imrml.explaining.explainer import RequestExplainer, make_explainers
from imrml.explaining.explanation import Explanation
from imrml.explaining.precedents import Precedents
from imrml.explaining.what_if import JointWhatIf
from imrml.features import forget_texts
from imrml.models import LoadedModel
from imrml.scoring.prediction import (
    make_prediction_table,
    require_demo_allowed,
    score_columns,
    sort_items,
)
from imrml.submissions.requests import Requests
from imrml.tables.formats import plain_rows
from imrml.web.settings import ServeSettings

Output = TypeVar("Output")
BUSY = "Too many requests are waiting. Try again in a minute."
TOO_SLOW = (
    "This was not answered within {:.0f} seconds. Send fewer requests, or shorter ones, at once."
)


def _call_and_forget(function: Callable[..., Output], *arguments: Any) -> Output:
    try:
        return function(*arguments)
    finally:
        forget_texts()


def _as_table(rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    return rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), dtype=object)


TRIAL: dict[str, str | int] = {
    "request_id": "a-17",
    "treatment": "Physical therapy 2 times a week for 6 weeks, right shoulder",
    "diagnosis": "M75.41 impingement syndrome of right shoulder",
    "case_summary": "Invented. A 44 year old warehouse worker with a right shoulder strain "
    "finished 6 visits and can reach overhead again; strength is still reduced. "
    "Home exercises are done daily.",
    "age": 44,
    "sex": "female",
}
"""Fictional: what a model answers before it is served, and the example of the API."""


@dataclass(frozen=True, slots=True)
class ScoredRequests:
    """A table of requests, answered.

    Parameters
    ----------
    requests : Requests
        What was scored, refused and ignored.
    columns : mapping of str to list
        As :func:`imrml.scoring.prediction.score_columns` gives them.
    """

    requests: Requests
    columns: Mapping[str, list[Any]]

    @property
    def predictions(self) -> pd.DataFrame:
        """The prediction table.

        Returns
        -------
        DataFrame
            A row each request that was scored.
        """
        return make_prediction_table(self.columns)

    def rows(self) -> list[dict[str, Any]]:
        """Give the predictions as JSON Lines would hold them.

        Returns
        -------
        list of dict
            A row each.
        """
        return list(plain_rows(self.columns))


@dataclass(frozen=True, slots=True)
class ExplainedItem:
    """One item of a request, answered in full.

    Parameters
    ----------
    explanation : Explanation
        As :func:`imrml.explaining.explain` gives it.
    together : JointWhatIf or None
        The re-score, where something was toggled that can be.
    """

    explanation: Explanation
    together: JointWhatIf | None


@dataclass(frozen=True, slots=True)
class ExplainedRequest:
    """One request, answered in full, item by item.

    Parameters
    ----------
    requests : Requests
        The request, sorted.
    items : tuple of ExplainedItem
        At least one.
    """

    requests: Requests
    items: tuple[ExplainedItem, ...]


class ModelService:
    """Scores and explains with one model.

    Parameters
    ----------
    model : LoadedModel
        The only one that is served.
    past_items : Precedents or None
        Past items to set beside an explanation.
    settings : ServeSettings
        How many requests are worked on at once, how many wait, and how long.
    allow_demo : bool
        Whether a model of invented data may answer.
    knows_withdrawn : callable, optional
        Whether the model learned from a letter that was withdrawn since.

    Raises
    ------
    ModelError
        The model was trained on invented data and ``allow_demo`` is false, or it cannot answer a
        request of its own kind.
    """

    def __init__(
        self,
        model: LoadedModel,
        past_items: Precedents | None,
        settings: ServeSettings,
        *,
        allow_demo: bool,
        knows_withdrawn: Callable[[], bool] = lambda: False,
    ) -> None:
        require_demo_allowed(model.manifest, allow_demo=allow_demo)
        self.model = model
        self.past_items = past_items
        self.knows_withdrawn = knows_withdrawn
        self._settings = settings
        self._threads: ThreadPoolExecutor | None = None
        self._n_open = 0
        self._try_out()

    def _try_out(self) -> None:
        """Answer a fictional request, so that nobody is the first to meet a failure or waits."""
        try:
            self.explain([TRIAL])
        except Exception as error:
            raise ModelError(
                f"the model cannot answer ({type(error).__name__}): "
                "another state of imrml made it; train it again with this one"
            ) from error
        finally:
            forget_texts()

    @property
    def is_demo(self) -> bool:
        """Whether the model learned from invented data.

        Returns
        -------
        bool
            True where the manifest says ``synthetic``.
        """
        return bool(self.model.manifest["trained_on"] == "synthetic")

    async def run_on_thread(self, function: Callable[..., Output], *arguments: Any) -> Output:
        """Call a function that computes, away from the event loop, and forget the texts it read.

        Parameters
        ----------
        function : callable
            What to call.
        *arguments : Any
            Its arguments.

        Returns
        -------
        Any
            What it returns.

        Raises
        ------
        HTTPException
            503: too many requests wait, or it took too long.
        """
        settings = self._settings
        if self._n_open >= settings.n_at_once + settings.max_waiting:
            raise HTTPException(503, BUSY, {"Retry-After": "60"})
        if self._threads is None:
            self._threads = ThreadPoolExecutor(settings.n_at_once, "imrml")
        self._n_open += 1
        try:
            # A thread cannot be stopped: it keeps its place until it ends, so that never more than
            # n_at_once run, and what still waits is never begun.
            future = self._threads.submit(_call_and_forget, function, *arguments)
            return await asyncio.wait_for(asyncio.wrap_future(future), settings.max_seconds)
        except TimeoutError:
            raise HTTPException(
                503, TOO_SLOW.format(settings.max_seconds), {"Retry-After": "60"}
            ) from None
        finally:
            self._n_open -= 1

    def stop(self) -> None:
        """Begin nothing that still waits."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    def score(self, rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> ScoredRequests:
        """Score a table of requests.

        Parameters
        ----------
        rows : sequence of mapping, or DataFrame
            A submission table.

        Returns
        -------
        ScoredRequests
            Predictions, and what was refused and ignored.
        """
        requests = sort_items(self.model, _as_table(rows))
        return ScoredRequests(requests, score_columns(self.model, requests, allow_demo=True))

    def explain(
        self, rows: Sequence[Mapping[str, Any]], if_shown: Sequence[str] = ()
    ) -> ExplainedRequest:
        """Explain one request, and predict it again as if its text also showed some documents.

        Parameters
        ----------
        rows : sequence of mapping
            The request, by column; its cell of ``treatment`` may list several items. More than one
            where items differ in more than their treatment.
        if_shown : sequence of str, default=()
            Lines of its checklists, each of which counts for every item that asks for it; any
            that none asks for is left out.

        Returns
        -------
        ExplainedRequest
            The explanation of each item, and its second prediction where there is one.

        Raises
        ------
        ImrmlError
            The request is refused; the message says why.
        """
        requests = sort_items(self.model, _as_table(rows))
        for _, reason in requests.refused:
            raise ImrmlError(reason)
        explainers = make_explainers(self.model, requests, allow_demo=True)
        return ExplainedRequest(
            requests, tuple(self._explain_item(explainer, if_shown) for explainer in explainers)
        )

    def _explain_item(self, explainer: RequestExplainer, if_shown: Sequence[str]) -> ExplainedItem:
        explanation = explainer.explain(self.past_items)
        asked = {
            line.document
            for deficiency in explanation.deficiencies
            for line in deficiency.checklist
            if line.what_if
        }
        chosen = [document for document in dict.fromkeys(if_shown) if document in asked]
        return ExplainedItem(explanation, explainer.what_if_together(chosen) if chosen else None)
