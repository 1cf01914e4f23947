"""The pages, drawn: one request, many requests, about the figures; all work without JavaScript."""

import base64
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from imrml.deficiencies import deficiency_names
from imrml.errors import TableError
from imrml.explaining.summary import format_summary
from imrml.features.names import name_category
from imrml.phrases import percent, pluralize
from imrml.scoring.in_words import (
    BRIEF,
    DECISION_SUPPORT,
    DEMO,
    LAW,
    P_MEANING,
    PLANNED,
    SEND_ONLY,
    SOURCES,
    SUBMISSIONS,
    compare_with_base_rate,
    describe_ignored_input,
    format_note,
)
from imrml.tables.files import table_bytes
from imrml.web.charts import cut_text, draw_scale
from imrml.web.fields import NARRATIVE, list_fields
from imrml.web.service import ExplainedRequest, ModelService, ScoredRequests

_DOWNLOADS = (
    ("Excel", ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("CSV", ".csv", "text/csv"),
)


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
        }
        self._environment.globals |= {
            "p_meaning": P_MEANING,
            "decision_support": DECISION_SUPPORT,
            "law": LAW,
            "send_only": SEND_ONLY,
            "sources": SOURCES,
            "submissions": SUBMISSIONS,
            "planned_title": PLANNED,
            "brief": BRIEF,
            "demo": DEMO if service.is_demo else "",
            "names": deficiency_names(),
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
        """Say that something went wrong.

        Parameters
        ----------
        status : int
            Of the answer, 400 or above.
        heading, problem : str
            What happened, in a few words and in full.

        Returns
        -------
        HTMLResponse
            A page.
        """
        return self.draw("problem", status, heading=heading, problem=problem)

    def format_refusal(self, refusal: str) -> str:
        """Say a refusal with the name that a field has on the page instead of its column's.

        Parameters
        ----------
        refusal : str
            As sorting requests words it; it may begin with a column.

        Returns
        -------
        str
            A sentence.
        """
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
        """Draw the form, empty or as it was sent.

        Parameters
        ----------
        values : mapping of str to str
            What stands in the fields, by column.
        problems : mapping of str to str
            What is wrong, by column, ``report`` or ``request``.
        refusal : bool, default=False
            Whether the request itself is refused.

        Returns
        -------
        HTMLResponse
            A page, with status 422 where there are problems.
        """
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
        """Draw one request with its answer.

        Parameters
        ----------
        values : mapping of str to str
            What stands in the fields, by column.
        ticked : list of str
            Lines of the checklist that are ticked.
        explained : ExplainedRequest
            The answer.

        Returns
        -------
        HTMLResponse
            A page.
        """
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
        """Draw the part of a result that a tick changes.

        Parameters
        ----------
        ticked : list of str
            Lines of the checklist that are ticked.
        explained : ExplainedRequest
            The answer.

        Returns
        -------
        HTMLResponse
            A part of a page.
        """
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
        """Draw the form for a table, and below it what came of one.

        Parameters
        ----------
        scored : ScoredRequests, optional
            A table with its answers.
        problem : str, default=""
            Why a table is not answered.
        max_rows : int
            Requests that a table may hold.

        Returns
        -------
        HTMLResponse
            A page, with status 422 where there is a problem.
        """
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
