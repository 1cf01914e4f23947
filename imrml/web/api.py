"""The JSON API: the same validation, errors and figures as the command line."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.responses import JSONResponse

from imrml.scoring import DEMO, LAW
from imrml.submissions import Requests, columns_at
from imrml.web.answering import Answering
from imrml.web.schemas import ExplainAnswer, Health, Meaning, ModelAnswer, Problem, ScoreAnswer, request_models


class MarkupFreeResponse(JSONResponse):
    """JSON in which no character can begin a tag, whoever takes it for something else."""

    def render(self, content: Any) -> bytes:
        """Write JSON with ``<``, ``>`` and ``&`` as escapes."""
        text = super().render(content)
        for character in (b"<", b">", b"&"):
            text = text.replace(character, b"\\u%04x" % ord(character))
        return text


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "No readable JSON"},
    401: {"model": Problem, "description": "A token is needed"},
    403: {"model": Problem, "description": "Another site sent this"},
    413: {"model": Problem, "description": "Too large"},
    422: {"model": Problem, "description": "Not a table of requests, or the one request is refused"},
    503: {"description": "Too many requests at once"},
}


def make_router(answering: Answering, max_rows: int, *, needs_token: bool) -> APIRouter:
    """Make the routes of the API for one model.

    Parameters
    ----------
    answering : Answering
        The model.
    max_rows : int
        Requests that one call may hold.
    needs_token : bool
        Whether the description says so; :class:`imrml.web.safety.Token` is who asks for it.
    """
    described = [Depends(HTTPBearer(auto_error=False))] if needs_token else []
    router = APIRouter(default_response_class=MarkupFreeResponse, dependencies=described)
    fitted, manifest = answering.model.model, answering.model.manifest
    score_body, explain_body = request_models(fitted.stage, fitted.profile, max_rows)
    meaning = Meaning(law=LAW, demo=DEMO if answering.is_demo else None).model_dump()

    @router.get("/healthz", response_model=Health, tags=["server"], summary="Whether the server answers")
    async def tell_health() -> MarkupFreeResponse:
        return MarkupFreeResponse({"status": "ok"})

    @router.get("/api/model", response_model=ModelAnswer, tags=["model"], summary="The model that answers", responses=_only(401))
    async def tell_model() -> MarkupFreeResponse:
        told = {name: manifest[name] for name in ("model_version", "trained_on", "verdict")}
        columns = list(columns_at(fitted.stage, fitted.profile))
        return MarkupFreeResponse(
            {**told, "stage": fitted.stage, "profile": fitted.profile, "columns": columns, "meaning": meaning}
        )

    @router.post("/api/score", response_model=ScoreAnswer, tags=["requests"], summary="Score requests", responses=PROBLEMS)
    async def score_requests(body: score_body) -> MarkupFreeResponse:  # type: ignore[valid-type]
        return MarkupFreeResponse(await answering.on_a_thread(_score, answering, body) | {"meaning": meaning})

    @router.post("/api/explain", response_model=ExplainAnswer, tags=["requests"], summary="Explain one", responses=PROBLEMS)
    async def explain_request(body: explain_body) -> MarkupFreeResponse:  # type: ignore[valid-type]
        return MarkupFreeResponse(await answering.on_a_thread(_explain, answering, body) | {"meaning": meaning})

    return router


def _only(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: PROBLEMS[status] for status in statuses}


def _row(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(exclude_unset=True)


def _score(answering: Answering, body: Any) -> dict[str, Any]:
    scored = answering.score([_row(row) for row in body.requests])
    refused = [{"row": number, "why": why} for number, why in scored.requests.refused]
    return {"predictions": scored.rows(), "refused": refused, **_passed_over(scored.requests)}


def _explain(answering: Answering, body: Any) -> dict[str, Any]:
    explained = answering.explain(_row(body.request), body.if_shown)
    together = explained.together and asdict(explained.together)
    return {"explanation": asdict(explained.explanation), "if_shown": together, **_passed_over(explained.requests)}


def _passed_over(requests: Requests) -> dict[str, Any]:
    return {
        "unknown_columns": list(requests.unknown_columns),
        "late_columns": list(requests.late_columns),
        "unread": [{"row": number, "column": column} for number, column in requests.unread],
    }
