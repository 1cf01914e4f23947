"""The pages: one request, many requests, about the figures. Every one works without JavaScript."""

import base64
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pandas as pd
from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from imrml.deficiencies import taxonomy
from imrml.errors import DocumentError, ImrmlError, TableError
from imrml.explaining.precedents import name_category
from imrml.explaining.summary import format_summary
from imrml.phrases import percent, pluralize
from imrml.scoring.in_words import (
    BRIEF,
    DECISION_SUPPORT,
    DEMO,
    LAW,
    P_MEANING,
    SEND_ONLY,
    compare_with_base_rate,
    describe_ignored_input,
    format_base_rate,
    format_note,
)
from imrml.submissions.programmes import columns_at
from imrml.tables.files import table_bytes
from imrml.web.charts import cut_text, draw_scale
from imrml.web.fields import NARRATIVE, fill_fields, list_fields
from imrml.web.safety import COOKIE, TokenAuthenticator
from imrml.web.service import ExplainedRequest, ModelService, ScoredRequests
from imrml.web.uploads import Form, Reader, read_form

_DOWNLOADS = (
    ("Excel", ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("CSV", ".csv", "text/csv"),
)
PASTE = "Paste its text instead."
REMEDIES = {
    "damaged_pdf": "Save it again as PDF, or paste its text.",
    "password_protected": "Save a copy without a password.",
    "no_text_layer": "Run text recognition (OCR) on it first, or type what it says.",
    "not_text": "Save it as PDF or as text.",
}
"""What a clerk can do about a file that cannot be read, by its reason."""


def capitalize_first(words: str) -> str:
    """Begin a sentence; what is in capitals stays so.

    Parameters
    ----------
    words : str
        A sentence or its beginning.

    Returns
    -------
    str
        The same with a capital.

    Examples
    --------
    >>> capitalize_first("nerve tests (EMG, NCS)")
    'Nerve tests (EMG, NCS)'
    """
    return words[:1].upper() + words[1:]


def list_changes(explained: ExplainedRequest) -> list[tuple[str, str, str]]:
    """List which figures a re-score moves as far as anybody can see.

    Parameters
    ----------
    explained : ExplainedRequest
        One request, with or without a re-score.

    Returns
    -------
    list of (str, str, str)
        What, before and after; figures that print alike are left out.
    """
    together, explanation = explained.together, explained.explanation
    if together is None:
        return []
    figures = [("overturned", explanation.prediction["p_overturned"], together.p_overturned)]
    for deficiency in explanation.deficiencies:
        after = together.p_deficiencies.get(deficiency.id)
        figures.append((deficiency.name, deficiency.p, after))
    changes = []
    for words, before, after in figures:
        if before is None or after is None or percent(before) == percent(after):
            continue
        changes.append((words, percent(before), percent(after)))
    return changes


class Pages:
    """Draws pages for one model.

    Parameters
    ----------
    service : ModelService
        The model.
    """

    def __init__(self, service: ModelService) -> None:
        fitted = service.model.model
        self._is_demo = service.is_demo
        self.fields = list_fields(fitted.stage, fitted.programme)
        self._environment = Environment(
            loader=PackageLoader("imrml.web"),
            autoescape=True,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self._environment.filters |= {
            "percent": percent,
            "capitalize_first": capitalize_first,
            "category": name_category,
            "compare": compare_with_base_rate,
            "note": format_note,
            "pluralize": pluralize,
            "rate": format_base_rate,
        }
        self._environment.globals |= {
            "p_meaning": P_MEANING,
            "decision_support": DECISION_SUPPORT,
            "law": LAW,
            "send_only": SEND_ONLY,
            "brief": BRIEF,
            "demo": DEMO if service.is_demo else "",
            "names": {deficiency.id: deficiency.name for deficiency in taxonomy()},
            "version": version("imrml"),
            "verdict": service.model.manifest["verdict"],
            "bare": False,
            "here": "",
        }

    def draw(self, template: str, status: int = 200, **words: Any) -> HTMLResponse:
        """Fill a template; every value is escaped.

        Parameters
        ----------
        template : str
            Its name, without endings.
        status : int, default=200
            Of the answer.
        **words : Any
            What the template asks for.

        Returns
        -------
        HTMLResponse
            A page, or a part of one.
        """
        return HTMLResponse(
            self._environment.get_template(f"{template}.html.j2").render(words), status
        )

    def problem(self, status: int, heading: str, problem: str) -> HTMLResponse:
        """Say that something went wrong."""
        return self.draw("problem", status, heading=heading, problem=problem)

    def format_refusal(self, refusal: str) -> str:
        """Say a refusal with the name that a field has on the page instead of its column's."""
        column, blank, rest = refusal.partition(" ")
        titles = {field.column: f"\u201c{field.title}\u201d" for field in self.fields}
        return f"{titles.get(column, capitalize_first(column))}{blank}{rest}."

    def _format_ignored(self, column: str) -> str:
        """Say that a field of the form counts for nothing."""
        [field] = (field for field in self.fields if field.column == column)
        expected = (
            "a date such as 02/10/2015" if field.kind == "date" else "an age in years, 0 to 120"
        )
        return (
            f"\u201c{field.title}\u201d was left out, for it is not {expected}. "
            "Change the request to mend it."
        )

    def start(
        self, values: Mapping[str, str], problems: Mapping[str, str], *, refusal: bool = False
    ) -> HTMLResponse:
        """Draw the form, empty or as it was sent."""
        status = 422 if problems else 200
        return self.draw(
            "start",
            status,
            here="/",
            fields=self.fields,
            values=values,
            problems=problems,
            refusal=refusal,
        )

    def result(
        self, values: Mapping[str, str], ticked: list[str], explained: ExplainedRequest
    ) -> HTMLResponse:
        """Draw one request with its answer."""
        explanation = explained.explanation
        row = explanation.prediction
        scale = draw_scale(row["base_rate"], row["p_overturned"], row["p_low"], row["p_high"])
        sections = [
            {"title": section.title, "pieces": cut_text(section.text, section.marks)}
            for section in explanation.sections
            if section.text
        ]
        return self.draw(
            "result",
            fields=self.fields,
            values=values,
            ticked=ticked,
            explanation=explanation,
            together=explained.together,
            sections=sections,
            scale=scale,
            changes=list_changes(explained),
            summary=format_summary(explanation, width=76),
            ignored=[self._format_ignored(column) for _, column in explained.requests.unread],
        )

    def what_if(self, ticked: list[str], explained: ExplainedRequest) -> HTMLResponse:
        """Draw the part of a result that a tick changes."""
        return self.draw(
            "what_if",
            explanation=explained.explanation,
            together=explained.together,
            changes=list_changes(explained),
            ticked=ticked,
        )

    def batch(
        self, scored: ScoredRequests | None = None, problem: str = "", max_rows: int = 0
    ) -> HTMLResponse:
        """Draw the form for a table, and below it what came of one."""
        columns = [
            field.column for field in self.fields if field.column not in ("treatment", NARRATIVE)
        ]
        words: dict[str, Any] = {
            "here": "/batch",
            "columns": columns,
            "problem": problem,
            "max_rows": max_rows,
        }
        if scored is not None:
            words |= {
                "rows": scored.rows(),
                "n_abstained": scored.columns["predicted"].count("abstain"),
                "refused": scored.requests.refused,
                "ignored": [
                    f"{capitalize_first(sentence)}."
                    for sentence in describe_ignored_input(scored.requests)
                ],
                "downloads": self._list_downloads(scored.predictions),
            }
        return self.draw("batch", 422 if problem else 200, **words)

    def _list_downloads(self, predictions: pd.DataFrame) -> list[tuple[str, str, str]]:
        """List the files that can be downloaded: what, name and address."""
        prefix = "DEMO-" if self._is_demo else ""
        downloads = []
        for words, ending, kind in _DOWNLOADS:
            if content := _encode(predictions, ending):
                name, address = f"{prefix}predictions{ending}", f"data:{kind};base64,{content}"
                downloads.append((words, name, address))
        return downloads


def _encode(predictions: pd.DataFrame, ending: str) -> str:
    """Write a file to be downloaded; ``""`` where a cell is longer than Excel holds."""
    try:
        return base64.b64encode(table_bytes(predictions, f"predictions{ending}")).decode("ascii")
    except TableError:
        return ""


def _read_values(form: Form) -> dict[str, str]:
    """Read the fields; browsers send line ends as two characters."""
    return {name: form.first(name).replace("\r\n", "\n") for name in form.fields}


def make_pages(
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
    manifest = service.model.manifest

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
        report = ""
        if form.upload:
            try:
                report = await reader.read_document(form.upload)
            except DocumentError as error:
                return pages.start(
                    _read_values(form),
                    {"report": f"The file: {error.found}. {REMEDIES.get(error.reason, PASTE)}"},
                )
        values = fill_fields(_read_values(form), report, pages.fields)
        if not values["treatment"]:
            needed = "Name the treatment that is requested; everything else may be empty."
            return pages.start(values, {"treatment": needed})
        ticked = form.fields.get("shown", [])
        try:
            return await service.run_on_thread(_result, pages, service, values, ticked)
        except ImrmlError as error:
            return pages.start(values, {"request": pages.format_refusal(str(error))}, refusal=True)

    @router.post("/what-if")
    async def show_what_if(request: Request) -> Response:
        form = await read_form(request)
        values = fill_fields(_read_values(form), "", pages.fields)
        ticked = form.fields.get("shown", [])
        explained = await service.run_on_thread(service.explain, values, ticked)
        return pages.what_if(ticked, explained)

    @router.get("/batch")
    async def show_batch() -> Response:
        return pages.batch(max_rows=max_rows)

    @router.post("/batch")
    async def score_batch(request: Request) -> Response:
        form = await read_form(request)
        if form.upload is None:
            return pages.batch(problem="No file was chosen, or it is empty.", max_rows=max_rows)
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

    @router.get("/about")
    async def show_about() -> Response:
        fitted = service.model.model
        facts = [
            ("version", manifest["model_version"]),
            ("learned from", "invented letters" if service.is_demo else "real letters"),
            (
                "predicts",
                "before utilization review"
                if fitted.stage == "rfa"
                else "after the denial, before the application",
            ),
            ("reads", ", ".join(columns_at(fitted.stage, fitted.programme))),
        ]
        return pages.draw("about", here="/about", facts=facts)

    @router.get("/sign-in")
    async def show_sign_in() -> Response:
        return pages.draw("sign_in", bare=True, problem="")

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        given = (await read_form(request)).first("token")
        if authenticator is not None and not authenticator.knows(given):
            return pages.draw("sign_in", 401, bare=True, problem="That is not the token.")
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

    return router


def _result(
    pages: Pages, service: ModelService, values: dict[str, str], ticked: list[str]
) -> Response:
    return pages.result(values, ticked, service.explain(values, ticked))
