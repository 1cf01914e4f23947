"""Page and API as one application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from imrml.config import load_config
from imrml.errors import ImrmlError
from imrml.explaining.precedents import Precedents
from imrml.models import LoadedModel
from imrml.scoring.in_words import DECISION_SUPPORT, LAW, P_MEANING
from imrml.submissions.columns import CODED_COLUMNS, SUBMISSION_COLUMNS
from imrml.web.api import make_api_router
from imrml.web.page_routes import make_page_router
from imrml.web.pages import Pages
from imrml.web.safety import (
    BodyLimit,
    SameOrigin,
    Shield,
    TokenAuthenticator,
    TokenGuard,
    is_program,
    make_json_error,
)
from imrml.web.service import ModelService
from imrml.web.settings import ServeSettings
from imrml.web.uploads import Reader

_HEADINGS = {
    403: "This is refused",
    404: "There is no such page",
    405: "That is not how this page is called",
    413: "This is too large",
    422: "This cannot be answered",
    500: "Something went wrong",
    503: "The server is busy",
}
_SENTENCES = {
    404: "The address may be mistyped, or it is of another version. Nothing of yours is lost.",
    405: "Open the page itself and send its form there.",
}
"""For what Starlette says in two words."""


_N_PROBLEMS = 20
_OUR_NAMES = frozenset(
    {
        "requests",
        "request",
        "if_shown",
        "request_id",
        *(column.name for column in SUBMISSION_COLUMNS + CODED_COLUMNS),
    }
)


def create_app(
    model: LoadedModel,
    settings: ServeSettings | None = None,
    *,
    past_items: Precedents | None = None,
    allow_demo: bool = False,
    knows_withdrawn: Callable[[], bool] = lambda: False,
) -> FastAPI:
    """Make the application that serves one model.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.models.load_model` gives it.
    settings : ServeSettings, optional
        Who may reach it; loopback without a token by default.
    past_items : Precedents, optional
        Past items to set beside an explanation.
    allow_demo : bool, default=False
        Whether a model of invented data may answer.
    knows_withdrawn : callable, optional
        Asked at every page whether the model learned from a letter that was withdrawn since.

    Returns
    -------
    FastAPI
        An ASGI application.

    Raises
    ------
    ModelError
        The model was trained on invented data and ``allow_demo`` is false.
    """
    settings = settings or ServeSettings()
    service = ModelService(
        model, past_items, settings, allow_demo=allow_demo, knows_withdrawn=knows_withdrawn
    )
    reader = Reader(load_config().limits)
    pages = Pages(service, settings.max_form_bytes)
    authenticator = TokenAuthenticator(settings.token) if settings.token else None

    def tell(path: str, status: int, what: str) -> Response:
        return (
            make_json_error(status, what)
            if is_program(path)
            else pages.problem(status, _HEADINGS.get(status, "This did not work"), what)
        )

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        # Only where there are any: a server of ours alone makes nobody wait.
        has_own_words = bool(service.model.model.settings("features")["vocabularies"])
        with service.model.model.in_own_words() if has_own_words else nullcontext():
            yield
        reader.stop()
        service.stop()

    guards = [
        Middleware(Shield, tell=tell),
        Middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts), www_redirect=False),
        Middleware(SameOrigin, tell=tell),
        *([Middleware(TokenGuard, authenticator=authenticator)] if authenticator else []),
        Middleware(
            BodyLimit,
            max_json_bytes=settings.max_json_bytes,
            max_form_bytes=settings.max_form_bytes,
            tell=tell,
        ),
    ]
    app = FastAPI(
        title="imrml",
        version=version("imrml"),
        description=f"{P_MEANING}: {DECISION_SUPPORT}. {LAW}.",
        docs_url=None,  # they load scripts from another origin
        redoc_url=None,
        middleware=guards,
        lifespan=life,
    )
    app.mount(
        "/static",
        StaticFiles(directory=str(Path(str(files("imrml.web")), "static"))),
        name="static",
    )
    app.include_router(
        make_api_router(service, reader, settings.max_rows, needs_token=authenticator is not None)
    )
    app.include_router(make_page_router(pages, service, reader, authenticator, settings.max_rows))

    @app.exception_handler(RequestValidationError)
    async def tell_invalid(_: Request, error: RequestValidationError) -> Response:
        return make_json_error(422, _format_validation(error))

    @app.exception_handler(ImrmlError)
    async def tell_refused(request: Request, error: ImrmlError) -> Response:
        return tell(request.url.path, 422, str(error))

    @app.exception_handler(HTTPException)
    async def tell_http(request: Request, error: HTTPException) -> Response:
        what = _SENTENCES.get(error.status_code, error.detail)
        answer = tell(request.url.path, error.status_code, what)
        answer.headers.update(error.headers or {})
        return answer

    return app


def _format_validation(error: RequestValidationError) -> str:
    """Name each place and what is wrong with it, without the value that stands there."""
    problems: dict[str, str] = {}
    for problem in error.errors():
        if problem["type"] == "json_invalid":
            return "the body is no JSON"
        # The name of an unknown column is the sender's own text.
        parts = [part for part in problem["loc"][1:] if isinstance(part, int) or part in _OUR_NAMES]
        place = ".".join(map(str, parts)) or "the body"
        words = problem["msg"].removeprefix("Value error, ")
        problems.setdefault(place, f"{place}: {words[0].lower()}{words[1:]}")
    return "; ".join([*problems.values()][:_N_PROBLEMS])
