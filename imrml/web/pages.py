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
from imrml.explaining.precedents import category_name
from imrml.explaining.summary import plain_summary
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
from imrml.submissions.columns import columns_at
from imrml.submissions.requests import Requests
from imrml.tables.files import table_bytes
from imrml.web.charts import cut_text, draw_scale
from imrml.web.fields import NARRATIVE, fill, form_fields
from imrml.web.safety import COOKIE, TokenAuthenticator
from imrml.web.service import Answering, Explained, Scored
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
    "page_without_text": "Run text recognition (OCR) on all of it first, or type what it says.",
    "not_text": "Save it as PDF or as text.",
}
"""What a clerk can do about a file that cannot be read, by its reason."""


def capitalize_first(words: str) -> str:
    """Begin a sentence; what is in capitals stays so.

    Examples
    --------
    >>> capitalize_first("nerve tests (EMG, NCS)")
    'Nerve tests (EMG, NCS)'
    """
    return words[:1].upper() + words[1:]


def changes_of(explained: Explained) -> list[tuple[str, str, str]]:
    """List which figures a re-score moves as far as anybody can see: what, before, after."""
    together, explanation = explained.together, explained.explanation
    if together is None:
        return []
    moved = [("overturned", explanation.prediction["p_overturned"], together.p_overturned)]
    moved += [
        (found.name, found.p, together.p_deficiencies.get(found.id))
        for found in explanation.deficiencies
    ]
    told = [
        (words, percent(before), percent(after))
        for words, before, after in moved
        if before is not None and after is not None
    ]
    return [(words, before, after) for words, before, after in told if before != after]


class Pages:
    """Draws pages for one model.

    Parameters
    ----------
    answering : Answering
        The model.
    """

    def __init__(self, answering: Answering) -> None:
        fitted = answering.model.model
        self._is_demo = answering.is_demo
        self.fields = form_fields(fitted.stage, fitted.profile)
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
            "category": category_name,
            "counted": pluralize,
            "note": format_note,
            "rate": format_base_rate,
            "standing": compare_with_base_rate,
        }
        self._environment.globals |= {
            "p_meaning": P_MEANING,
            "decision_support": DECISION_SUPPORT,
            "law": LAW,
            "send_only": SEND_ONLY,
            "brief": BRIEF,
            "demo": DEMO if answering.is_demo else "",
            "names": {deficiency.id: deficiency.name for deficiency in taxonomy()},
            "version": version("imrml"),
            "verdict": answering.model.manifest["verdict"],
            "bare": False,
            "here": "",
        }

    def draw(self, template: str, status: int = 200, **words: Any) -> HTMLResponse:
        """Fill a template; every value is escaped."""
        return HTMLResponse(
            self._environment.get_template(f"{template}.html.j2").render(words), status
        )

    def fault(self, status: int, heading: str, fault: str) -> HTMLResponse:
        """Say that something went wrong."""
        return self.draw("fault", status, heading=heading, fault=fault)

    def in_words(self, refusal: str) -> str:
        """Say a refusal with the name that a field has on the page instead of its column's."""
        column, blank, rest = refusal.partition(" ")
        titles = {field.column: f"\u201c{field.title}\u201d" for field in self.fields}
        return f"{titles.get(column, capitalize_first(column))}{blank}{rest}."

    def _left_out(self, column: str) -> str:
        """Say of one request what of it counts for nothing; the form has neither unknown nor late columns."""
        [field] = (field for field in self.fields if field.column == column)
        expected = (
            "a date such as 02/10/2015" if field.kind == "date" else "an age in years, 0 to 120"
        )
        return f"\u201c{field.title}\u201d was left out, for it is not {expected}. Change the request to mend it."

    def start(
        self, values: Mapping[str, str], faults: Mapping[str, str], *, refusal: bool = False
    ) -> HTMLResponse:
        """Draw the form, empty or as it was sent."""
        status = 422 if faults else 200
        return self.draw(
            "start",
            status,
            here="/",
            fields=self.fields,
            values=values,
            faults=faults,
            refusal=refusal,
        )

    def result(
        self, values: Mapping[str, str], ticked: list[str], explained: Explained
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
            changes=changes_of(explained),
            summary=plain_summary(explanation, width=76),
            passed_over=[self._left_out(column) for _, column in explained.requests.unread],
        )

    def what_if(self, ticked: list[str], explained: Explained) -> HTMLResponse:
        """Draw the part of a result that a tick changes."""
        return self.draw(
            "what_if",
            explanation=explained.explanation,
            together=explained.together,
            changes=changes_of(explained),
            ticked=ticked,
        )

    def batch(
        self, scored: Scored | None = None, fault: str = "", max_rows: int = 0
    ) -> HTMLResponse:
        """Draw the form for a table, and below it what came of one."""
        columns = [
            field.column for field in self.fields if field.column not in ("treatment", NARRATIVE)
        ]
        words: dict[str, Any] = {
            "here": "/batch",
            "columns": columns,
            "fault": fault,
            "max_rows": max_rows,
        }
        if scored is not None:
            words |= {
                "rows": scored.rows(),
                "n_abstained": scored.columns["predicted"].count("abstain"),
                "refused": scored.requests.refused,
                "passed_over": _told(scored.requests),
                "downloads": [
                    (
                        words,
                        f"{'DEMO-' if self._is_demo else ''}predictions{ending}",
                        f"data:{kind};base64,{content}",
                    )
                    for words, ending, kind in _DOWNLOADS
                    if (content := _encoded(scored.predictions, ending))
                ],
            }
        return self.draw("batch", 422 if fault else 200, **words)


def _encoded(predictions: pd.DataFrame, ending: str) -> str:
    """Write a file to be downloaded; ``""`` where a cell is longer than Excel holds."""
    try:
        return base64.b64encode(table_bytes(predictions, f"predictions{ending}")).decode("ascii")
    except TableError:
        return ""


def _told(requests: Requests) -> list[str]:
    return [f"{capitalize_first(sentence)}." for sentence in describe_ignored_input(requests)]


def _values(form: Form) -> dict[str, str]:
    """Read the fields; browsers send line ends as two characters."""
    return {name: form.first(name).replace("\r\n", "\n") for name in form.fields}


def make_pages(
    pages: Pages,
    answering: Answering,
    reader: Reader,
    gate: TokenAuthenticator | None,
    max_rows: int,
) -> APIRouter:
    """Make the routes of the pages.

    Parameters
    ----------
    pages : Pages
        Draws them.
    answering : Answering
        The model.
    reader : Reader
        Reads uploads.
    gate : Gate or None
        Knows the token, where one is needed.
    max_rows : int
        Requests that a table may hold.
    """
    router = APIRouter(include_in_schema=False)
    manifest = answering.model.manifest

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
                    _values(form),
                    {"report": f"The file: {error.found}. {REMEDIES.get(error.reason, PASTE)}"},
                )
        values = fill(_values(form), report, pages.fields)
        if not values["treatment"]:
            return pages.start(
                values,
                {
                    "treatment": "Name the treatment that is requested; everything else may be empty."
                },
            )
        ticked = form.fields.get("shown", [])
        try:
            return await answering.on_a_thread(_result, pages, answering, values, ticked)
        except ImrmlError as error:
            return pages.start(values, {"request": pages.in_words(str(error))}, refusal=True)

    @router.post("/what-if")
    async def show_what_if(request: Request) -> Response:
        form = await read_form(request)
        values = fill(_values(form), "", pages.fields)
        ticked = form.fields.get("shown", [])
        explained = await answering.on_a_thread(answering.explain, values, ticked)
        return pages.what_if(ticked, explained)

    @router.get("/batch")
    async def show_batch() -> Response:
        return pages.batch(max_rows=max_rows)

    @router.post("/batch")
    async def score_batch(request: Request) -> Response:
        form = await read_form(request)
        if form.upload is None:
            return pages.batch(fault="No file was chosen, or it is empty.", max_rows=max_rows)
        try:
            table = await reader.read_table(form.upload)
            if len(table) > max_rows:
                told = f"It holds {len(table):,} requests, at most {max_rows:,} are scored here; `imrml score` takes any number."
                return pages.batch(fault=told, max_rows=max_rows)
            return await answering.on_a_thread(
                lambda: pages.batch(answering.score(table), max_rows=max_rows)
            )
        except ImrmlError as error:
            return pages.batch(fault=f"{error}.", max_rows=max_rows)

    @router.get("/about")
    async def show_about() -> Response:
        fitted = answering.model.model
        facts = [
            ("version", manifest["model_version"]),
            ("learned from", "invented letters" if answering.is_demo else "real letters"),
            (
                "predicts",
                "before utilization review"
                if fitted.stage == "rfa"
                else "after the denial, before the application",
            ),
            ("reads", ", ".join(columns_at(fitted.stage, fitted.profile))),
        ]
        return pages.draw("about", here="/about", facts=facts)

    @router.get("/sign-in")
    async def show_sign_in() -> Response:
        return pages.draw("sign_in", bare=True, fault="")

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        given = (await read_form(request)).first("token")
        if gate is not None and not gate.knows(given):
            return pages.draw("sign_in", 401, bare=True, fault="That is not the token.")
        answer = RedirectResponse("/", 303)
        if gate is not None:
            answer.set_cookie(
                COOKIE,
                gate.make_pass(),
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
                path="/",
            )
        return answer

    return router


def _result(
    pages: Pages, answering: Answering, values: dict[str, str], ticked: list[str]
) -> Response:
    return pages.result(values, ticked, answering.explain(values, ticked))
