"""The pages, drawn: one request, many requests, about the figures; all work without JavaScript."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

import pandas as pd
from starlette.responses import HTMLResponse

from imrml.deficiencies import deficiency_names
from imrml.errors import TableError
from imrml.explaining.explanation import Explanation, TextSection
from imrml.explaining.summary import format_summary
from imrml.features.names import name_category
from imrml.page_templates import open_templates
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
    describe_refusals,
    format_note,
)
from imrml.tables.files import table_bytes
from imrml.web.charts import cut_text, draw_scale
from imrml.web.codes import describe_codes
from imrml.web.fields import NARRATIVE, list_fields
from imrml.web.safety import format_size
from imrml.web.service import ExplainedItem, ExplainedRequest, ModelService, ScoredRequests

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


def list_changes(item: ExplainedItem) -> list[tuple[str, str, str]]:
    """List which figures a re-score moves as far as anybody can see.

    Parameters
    ----------
    item : ExplainedItem
        One item, with or without a re-score.

    Returns
    -------
    list of (str, str, str)
        What, before and after; figures that print alike are left out.
    """
    together, explanation = item.together, item.explanation
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
    max_form_bytes : int
        Size of a form with its file.
    """

    def __init__(self, service: ModelService, max_form_bytes: int) -> None:
        fitted = service.model.model
        self._is_demo = service.is_demo
        self.fields = list_fields(fitted.stage, fitted.programme)
        self._environment = open_templates(
            "imrml.web",
            "templates",
            percent=percent,
            capitalize_first=capitalize_first,
            category=name_category,
            compare=compare_with_base_rate,
            note=format_note,
            pluralize=pluralize,
        )
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
            "knows_withdrawn": service.knows_withdrawn,
            "names": deficiency_names(),
            "version": version("imrml"),
            "model_version": service.model.manifest["model_version"],
            "verdict": service.model.manifest["verdict"],
            "filled_columns": lambda values: [name for name, value in values.items() if value],
            "size_limit": format_size(max_form_bytes),
            "bare": False,
            "notes": (),
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
        text = self._environment.get_template(f"{template}.html.j2").render(
            words, today=datetime.now().astimezone().date()
        )
        return HTMLResponse(text, status)

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
        rest = rest.replace("over several rows", "over several requests")
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
        self,
        values: Mapping[str, str],
        problems: Mapping[str, str],
        *,
        refusal: bool = False,
        notes: Sequence[str] = (),
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
        notes : sequence of str, default=()
            What was read from a file, and what was not.

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
            notes=notes,
        )

    def result(
        self,
        values: Mapping[str, str],
        ticked: list[str],
        explained: ExplainedRequest,
        notes: Sequence[str] = (),
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
        notes : sequence of str, default=()
            What was read from a file, and what was not.

        Returns
        -------
        HTMLResponse
            A page.
        """
        items = _list_items(explained)
        first = explained.items[0].explanation
        return self.draw(
            "result",
            fields=self.fields,
            values=values,
            notes=notes,
            ticked=ticked,
            items=items,
            diagnoses=describe_codes(values.get("diagnosis", "")),
            planned=first.prediction["planned"],
            sections=_list_sections([item.explanation for item in explained.items]),
            summary=format_summary(_join_items(explained), width=56),
            ignored=[
                self._format_ignored(column)
                for column in dict.fromkeys(column for _, column in explained.requests.unread)
            ],
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
        return self.draw("what_if", items=_list_items(explained), ticked=ticked)

    def batch(
        self,
        scored: ScoredRequests | None = None,
        problem: str = "",
        max_rows: int = 0,
        notes: Sequence[str] = (),
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
        notes : sequence of str, default=()
            What was read from a file, and what was not.

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
            "notes": notes,
        }
        if scored is not None:
            words |= {
                "rows": scored.rows(),
                "n_abstained": scored.columns["predicted"].count("abstain"),
                "n_refused": len(scored.requests.refused),
                "refused": [
                    capitalize_first(words)
                    for words, _ in describe_refusals(scored.requests.refused)
                ],
                "ignored": [
                    f"{capitalize_first(sentence)}."
                    for sentence in describe_ignored_input(scored.requests, _name_column)
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


def _list_items(explained: ExplainedRequest) -> list[dict[str, Any]]:
    """List what is drawn of each item; ids of a page end in its number where there are several."""
    items: list[dict[str, Any]] = []
    diagnoses = [_diagnosis_of(item.explanation) for item in explained.items]
    for number, item in enumerate(explained.items, start=1):
        row = item.explanation.prediction
        scale = draw_scale(row["base_rate"], row["p_overturned"], row["p_low"], row["p_high"])
        items.append(
            {
                "number": number,
                "suffix": f"-{number}" if len(explained.items) > 1 else "",
                "explanation": item.explanation,
                "together": item.together,
                "changes": list_changes(item),
                "note": item.explanation.what_if_note,
                "scale": scale,
                "own_diagnosis": diagnoses[number - 1] if len(set(diagnoses)) > 1 else "",
            }
        )
    return items


def _name_column(column: str) -> str:
    """Name a column in words of a desk."""
    return "notes" if column == NARRATIVE else column.replace("_", " ")


def _diagnosis_of(explanation: Explanation) -> str:
    texts = (section.text for section in explanation.sections if section.column == "diagnosis")
    return next(texts, "")


def _join_items(explained: ExplainedRequest) -> Explanation:
    first, *others = (item.explanation for item in explained.items)
    return replace(first, further_items=tuple(others))


def _list_sections(explanations: Sequence[Explanation]) -> list[dict[str, Any]]:
    """List the texts with their marks; of several items only what is said of their documents."""
    is_one = len(explanations) == 1
    by_column: dict[str, dict[str, tuple[int, TextSection]]] = {}
    for number, explanation in enumerate(explanations, start=1):
        for section in explanation.sections:
            if section.text and (is_one or section.column != "treatment"):
                texts = by_column.setdefault(section.column, {})
                texts.setdefault(section.text, (number, section))
    sections = []
    for texts in by_column.values():
        for number, section in texts.values():
            marks = section.marks
            if not is_one:
                marks = tuple(mark for mark in marks if mark.kind in ("shown", "lacking"))
            title = section.title if len(texts) == 1 else f"{section.title} of item {number}"
            sections.append({"title": title, "pieces": cut_text(section.text, marks)})
    return sections


def _encode(predictions: pd.DataFrame, ending: str) -> str:
    """Write a file to be downloaded; ``""`` where a cell is longer than Excel holds."""
    try:
        return base64.b64encode(table_bytes(predictions, f"predictions{ending}")).decode("ascii")
    except TableError:
        return ""
