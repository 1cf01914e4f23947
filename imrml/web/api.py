"""The JSON API: the same validation, errors and figures as the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from pydantic.config import JsonDict
from starlette.requests import Request

from imrml.errors import RequestFileError
from imrml.scoring.in_words import DEMO, LAW
from imrml.scoring.request_files import require_requests
from imrml.submissions.programmes import columns_at
from imrml.submissions.requests import Requests
from imrml.web.safety import FILE_PATH, MarkupFreeResponse
from imrml.web.schemas import (
    ExplainAnswer,
    FileAnswer,
    Health,
    Meaning,
    ModelAnswer,
    Problem,
    ScoreAnswer,
    make_request_models,
    read_example_answer,
    read_example_problem,
)
from imrml.web.service import ExplainedItem, ModelService
from imrml.web.uploads import Reader, read_file

PROBLEMS = {
    400: "No readable JSON",
    401: "A token is needed",
    403: "Another site sent this",
    413: "Too large",
    422: "Not a table of requests, or the one request is refused",
}


_FILE: JsonDict = {"type": "string", "format": "binary"}
_FILE_BODY: JsonDict = {
    "required": True,
    "content": {
        "application/octet-stream": {"schema": _FILE},
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": _FILE}, "required": ["file"]}
        },
    },
}


def make_api_router(
    service: ModelService, reader: Reader, max_rows: int, *, needs_token: bool
) -> APIRouter:
    """Make the routes of the API for one model.

    Parameters
    ----------
    service : ModelService
        The model.
    reader : Reader
        Reads files.
    max_rows : int
        Requests that one call may hold.
    needs_token : bool
        Whether the description says so; :class:`imrml.web.safety.TokenGuard` is who asks for it.

    Returns
    -------
    APIRouter
        ``/healthz``, ``/api/model``, ``/api/score``, ``/api/score-file`` and ``/api/explain``.
    """
    described = [Depends(HTTPBearer(auto_error=False))] if needs_token else []
    router = APIRouter(default_response_class=MarkupFreeResponse, dependencies=described)
    fitted, manifest = service.model.model, service.model.manifest
    score_body, explain_body = make_request_models(fitted.stage, fitted.programme, max_rows)
    too_many: dict[int | str, dict[str, Any]] = {503: {"description": "Too many requests at once"}}
    meaning = Meaning(law=LAW, demo=DEMO if service.is_demo else None).model_dump()

    @router.get(
        "/healthz",
        response_model=Health,
        tags=["server"],
        summary="Whether the server answers",
        responses=_responses("/healthz"),
    )
    async def tell_health() -> MarkupFreeResponse:
        return MarkupFreeResponse({"status": "ok"})

    @router.get(
        "/api/model",
        response_model=ModelAnswer,
        tags=["model"],
        summary="The model that answers",
        responses=_responses("/api/model", 401),
    )
    async def tell_model() -> MarkupFreeResponse:
        columns = list(columns_at(fitted.stage, fitted.programme))
        return MarkupFreeResponse(
            {
                "model_version": manifest["model_version"],
                "trained_on": manifest["trained_on"],
                "verdict": manifest["verdict"],
                "learned_from_withdrawn": service.knows_withdrawn(),
                "stage": fitted.stage,
                "profile": fitted.profile,
                "columns": columns,
                "meaning": meaning,
            }
        )

    @router.post(
        "/api/score",
        response_model=ScoreAnswer,
        tags=["requests"],
        summary="Score requests",
        responses=_responses("/api/score", *PROBLEMS) | too_many,
    )
    async def score_requests(body: score_body) -> MarkupFreeResponse:  # type: ignore[valid-type]
        return MarkupFreeResponse(
            await service.run_on_thread(_score, service, body) | {"meaning": meaning}
        )

    @router.post(
        FILE_PATH,
        response_model=FileAnswer,
        tags=["requests"],
        summary="Score a filled form, a report or a mail",
        responses=_responses(FILE_PATH, 401, 403, 413, 422) | too_many,
        openapi_extra={"requestBody": _FILE_BODY},
    )
    async def score_file(request: Request) -> MarkupFreeResponse:
        parsed = require_requests(await reader.read_request(await read_file(request)))
        if len(parsed.rows) > max_rows:
            raise RequestFileError(f"holds {len(parsed.rows):,} requests, at most {max_rows:,}")
        return MarkupFreeResponse(
            {"not_read": list(parsed.unread), "left_out": list(parsed.left_out)}
            | {"requests": list(parsed.rows)}
            | await service.run_on_thread(_score_rows, service, parsed.rows)
            | {"meaning": meaning}
        )

    @router.post(
        "/api/explain",
        response_model=ExplainAnswer,
        tags=["requests"],
        summary="Explain one",
        responses=_responses("/api/explain", *PROBLEMS) | too_many,
    )
    async def explain_request(body: explain_body) -> MarkupFreeResponse:  # type: ignore[valid-type]
        return MarkupFreeResponse(
            await service.run_on_thread(_explain, service, body) | {"meaning": meaning}
        )

    return router


def _responses(path: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    """Describe the answer of a path and what may be wrong, with an example of each."""
    described: dict[int | str, dict[str, Any]] = {
        200: {"content": _example(read_example_answer(path))}
    }
    for status in problems:
        described[status] = {
            "model": Problem,
            "description": PROBLEMS[status],
            "content": _example(read_example_problem(status)),
        }
    return described


def _example(value: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"example": value}}


def _row(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(exclude_unset=True)


def _score(service: ModelService, body: Any) -> dict[str, Any]:
    return _score_rows(service, [_row(row) for row in body.requests])


def _score_rows(service: ModelService, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    scored = service.score(rows)
    refused = [{"row": number, "why": why} for number, why in scored.requests.refused]
    return {"predictions": scored.rows(), "refused": refused, **_ignored(scored.requests)}


def _explain(service: ModelService, body: Any) -> dict[str, Any]:
    explained = service.explain([_row(body.request)], body.if_shown)
    first, *others = explained.items
    explanation = replace(
        first.explanation, further_items=tuple(item.explanation for item in others)
    )
    return {
        "explanation": asdict(explanation),
        "if_shown": _if_shown(first),
        "further_if_shown": [_if_shown(item) for item in others],
        **_ignored(explained.requests),
    }


def _if_shown(item: ExplainedItem) -> dict[str, Any] | None:
    return asdict(item.together) if item.together else None


def _ignored(requests: Requests) -> dict[str, Any]:
    return {
        "unknown_columns": list(requests.unknown_columns),
        "absent_columns": list(requests.absent_columns),
        "late_columns": list(requests.late_columns),
        "unread": [{"row": number, "column": column} for number, column in requests.unread],
    }
