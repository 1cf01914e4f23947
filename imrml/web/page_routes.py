"""The routes of the pages: forms in, pages out."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from imrml.errors import (
    DeterminationFoundError,
    DocumentError,
    ImrmlError,
    MissingExtraError,
    RequestFileError,
)
from imrml.phrases import pluralize
from imrml.submissions.request_files import ParsedFile
from imrml.web.fields import NARRATIVE, fill_fields
from imrml.web.items import split_by_item
from imrml.web.kinds import advise_on_report, advise_on_table
from imrml.web.pages import Pages
from imrml.web.request_files import describe_file, fill_from_file
from imrml.web.safety import COOKIE, TokenAuthenticator
from imrml.web.service import ModelService
from imrml.web.throttle import TooManyTriesError, read_address
from imrml.web.uploads import Form, Reader, read_form

PASTE = "Paste its text instead."
REMEDIES = {
    "damaged_pdf": "Save it again as PDF, or paste its text.",
    "password_protected": "Save a copy without a password.",
    "no_text_layer": "Run text recognition (OCR) on it first, or type what it says.",
    "page_without_text": "Run text recognition (OCR) on all of it first, or type what it says.",
    "not_text": "Save it as PDF or as text.",
}
"""What a clerk can do about a file that cannot be read, by its reason."""


def _format_unread(error: DocumentError, name: str) -> str:
    """Say why a file cannot be read and what to do; a kind that is never read comes first."""
    if advice := advise_on_report(name):
        return advice
    return f"The file: {error.found}. {REMEDIES.get(error.reason, PASTE)}"


def _refuse_table(parsed: ParsedFile) -> ParsedFile:
    """Refuse a file with a table, whose rows may be of several people, as one request."""
    if parsed.n_of_tables:
        rows = pluralize(parsed.n_of_tables, "request")
        raise RequestFileError(
            f"it holds a table of {rows}; send the table itself under \u201cMany requests\u201d"
        )
    return parsed


def _read_values(form: Form) -> dict[str, str]:
    """Read the fields; browsers send line ends as two characters."""
    return {name: form.first(name).replace("\r\n", "\n") for name in form.fields}


def make_page_router(
    pages: Pages,
    service: ModelService,
    reader: Reader,
    authenticator: TokenAuthenticator | None,
    max_rows: int,
) -> APIRouter:
    """Make the routes of the pages.

    Parameters
    ----------
    pages : Pages
        Draws them.
    service : ModelService
        The model.
    reader : Reader
        Reads uploads.
    authenticator : TokenAuthenticator or None
        Knows the token, where one is needed.
    max_rows : int
        Requests that a table may hold.

    Returns
    -------
    APIRouter
        Routes of forms, results and signing in.
    """
    router = APIRouter(include_in_schema=False)
    _add_one_request(router, pages, service, reader)
    _add_batch(router, pages, service, reader, max_rows)
    _add_about(router, pages, service)
    _add_sign_in(router, pages, authenticator)
    return router


def _add_one_request(
    router: APIRouter, pages: Pages, service: ModelService, reader: Reader
) -> None:
    @router.get("/")
    async def show_form() -> Response:
        return pages.start({}, {})

    @router.get("/result")
    @router.get("/what-if")
    async def show_form_again() -> Response:
        return RedirectResponse("/", 303)  # a result is not kept, so there is none to come back to

    @router.post("/result")
    async def show_result(request: Request) -> Response:
        form = await read_form(request)
        values = fill_fields(_read_values(form), pages.fields)
        notes: list[str] = []
        if form.upload:
            try:
                parsed = _refuse_table(await reader.read_request(form.upload))
            except DeterminationFoundError as error:
                refusal = pages.format_refusal(f"{NARRATIVE} {error}")
                return pages.start(values, {"request": refusal}, refusal=True)
            except DocumentError as error:
                problem = _format_unread(error, form.upload.name)
                return pages.start(_read_values(form), {"report": problem})
            except (MissingExtraError, RequestFileError) as error:
                problem = advise_on_report(form.upload.name) or f"The file: {error}."
                return pages.start(_read_values(form), {"report": problem})
            values = fill_from_file(values, parsed, pages.fields)
            notes = describe_file(parsed)
        if not values["treatment"]:
            needed = "Name the treatment that is requested; everything else may be empty."
            return pages.start(values, {"treatment": needed}, notes=notes)
        ticked = form.fields.get("shown", [])
        try:
            rows = split_by_item(values)
            explained = await service.run_on_thread(service.explain, rows, ticked)
            return await service.run_on_thread(pages.result, values, ticked, explained, notes)
        except ImrmlError as error:
            refusal = pages.format_refusal(str(error))
            return pages.start(values, {"request": refusal}, refusal=True, notes=notes)

    @router.post("/what-if")
    async def show_what_if(request: Request) -> Response:
        form = await read_form(request)
        values = fill_fields(_read_values(form), pages.fields)
        ticked = form.fields.get("shown", [])
        rows = split_by_item(values)
        explained = await service.run_on_thread(service.explain, rows, ticked)
        return pages.what_if(ticked, explained)


def _add_batch(
    router: APIRouter, pages: Pages, service: ModelService, reader: Reader, max_rows: int
) -> None:
    @router.get("/batch")
    async def show_batch() -> Response:
        return pages.batch(max_rows=max_rows)

    @router.post("/batch")
    async def score_batch(request: Request) -> Response:
        form = await read_form(request)
        if form.upload is None:
            return pages.batch(problem="No file was chosen, or it is empty.", max_rows=max_rows)
        if advice := advise_on_table(form.upload.name):
            return pages.batch(problem=advice, max_rows=max_rows)
        try:
            table = await reader.read_table(form.upload)
            if len(table) > max_rows:
                too_many = (
                    f"It holds {len(table):,} requests, at most {max_rows:,} are scored here; "
                    "`imrml score` takes any number."
                )
                return pages.batch(problem=too_many, max_rows=max_rows)
            return await service.run_on_thread(
                lambda: pages.batch(service.score(table), max_rows=max_rows)
            )
        except ImrmlError as error:
            return pages.batch(problem=f"{error}.", max_rows=max_rows)


def _add_about(router: APIRouter, pages: Pages, service: ModelService) -> None:
    @router.get("/about")
    async def show_about() -> Response:
        fitted = service.model.model
        facts = [
            ("version", service.model.manifest["model_version"]),
            ("learned from", "invented letters" if service.is_demo else "real letters"),
            (
                "predicts",
                "before utilization review"
                if fitted.stage == "rfa"
                else "after the denial, before the application",
            ),
            ("reads", ", ".join(field.title.lower() for field in pages.fields)),
        ]
        return pages.draw("about", here="/about", facts=facts)


def _add_sign_in(router: APIRouter, pages: Pages, authenticator: TokenAuthenticator | None) -> None:
    @router.get("/sign-in")
    async def show_sign_in() -> Response:
        return pages.draw("sign_in", bare=True, problem="")

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        given = (await read_form(request)).first("token")
        try:
            if authenticator and not authenticator.admits(given, read_address(request)):
                return pages.draw("sign_in", 401, bare=True, problem="That is not the token.")
        except TooManyTriesError as error:
            page = pages.draw("sign_in", 429, bare=True, problem=str(error))
            page.headers["Retry-After"] = str(error.seconds)
            return page
        answer = RedirectResponse("/", 303)
        if authenticator is not None:
            answer.set_cookie(
                COOKIE,
                authenticator.make_pass(),
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
                path="/",
            )
        return answer
