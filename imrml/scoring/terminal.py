"""The prediction table as plain text for a terminal."""

import io
import textwrap
from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from imrml.deficiencies import deficiency_names
from imrml.features.names import name_category
from imrml.phrases import percent
from imrml.scoring.in_words import (
    DECISION_SUPPORT,
    DEMO_NOTICE,
    P_MEANING,
    PLANNED,
    SEND_ONLY,
    SOURCES,
    SUBMISSIONS,
    compare_with_base_rate,
    format_base_rate,
)
from imrml.scoring.prediction import N_DEFICIENCIES

# Checklist lines a request gets on a terminal; the table itself holds all of them.
_N_LINES = 3
_MOST_CHARACTERS = 120  # of a treatment on a terminal
_HEADINGS = {
    "request": 3,
    "treatment": 3,
    P_MEANING: 3,
    "likely faults if upheld": 5,
    "before {submission}: {send_only}": 9,
}
"""Columns of the terminal table with their shares of its width."""


def format_predictions(predictions: pd.DataFrame, width: int = 120) -> Iterator[str]:
    """Draw predictions as a table of plain text, with what the figures mean below it.

    Parameters
    ----------
    predictions : DataFrame of shape (n_scored, 25)
        As :func:`imrml.scoring.prediction.score` gives it.
    width : int, default=120
        Characters a line may hold.

    Yields
    ------
    str
        A line, without its end.
    """
    from rich.console import Console  # noqa: PLC0415 - scores that go to a file do not wait for it
    from rich.table import Table  # noqa: PLC0415

    table = Table(show_lines=True, expand=True)
    stages = predictions["stage"].unique()
    submission = SUBMISSIONS[stages[0]] if len(stages) == 1 else "submission"
    for heading, ratio in _HEADINGS.items():
        words = heading.format(submission=submission, send_only=SEND_ONLY)
        table.add_column(words, ratio=ratio, overflow="fold")
    for row in predictions.to_dict("records"):
        category = name_category(str(row["treatment_category"]))
        table.add_row(
            str(row["request_id"]),
            f"{_shorten(row['treatment'])}\n{category}\nbase rate: {format_base_rate(row)}",
            _format_probability(row),
            _format_deficiencies(row),
            _format_documents(row),
        )
    text = io.StringIO()
    Console(file=text, width=width, color_system=None, highlight=False, markup=False).print(table)
    yield from text.getvalue().splitlines()
    if (predictions["trained_on"] == "synthetic").any():
        yield DEMO_NOTICE
    yield f"{P_MEANING}: {DECISION_SUPPORT}."


def _shorten(treatment: str) -> str:
    return textwrap.shorten(treatment, _MOST_CHARACTERS, placeholder=" ...")


def _format_probability(row: dict[Hashable, Any]) -> str:
    if row["predicted"] == "abstain":
        return f"abstains: {row['abstain_reason']}"
    figure = percent(row["p_overturned"])
    if not pd.isna(row["p_low"]):
        figure += f" ({percent(row['p_low'])} to {percent(row['p_high'])})"
    return f"{figure}\n{compare_with_base_rate(row)}"


def _format_deficiencies(row: dict[Hashable, Any]) -> str:
    names = deficiency_names()
    lines = []
    for place in range(1, N_DEFICIENCIES + 1):
        id_ = row[f"deficiency_{place}"]
        if isinstance(id_, str):
            lines.append(f"{names[id_]} {percent(row[f'p_deficiency_{place}'])}")
    if lines and row["deficiency_source"] != "model":
        lines.append(f"({SOURCES[row['deficiency_source']]})")
    return "\n".join(lines)


def _format_documents(row: dict[Hashable, Any]) -> str:
    documents = row["send_before_submission"]
    lines = [f"- {document}" for document in documents[:_N_LINES]]
    if len(documents) > _N_LINES:
        lines.append(f"... and {len(documents) - _N_LINES} more")
    lines += [f"{PLANNED}: {quoted}" for quoted in row["planned"]]
    return "\n".join(lines)
