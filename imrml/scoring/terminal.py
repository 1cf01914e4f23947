"""The prediction table as plain text for a terminal."""

import io
from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from imrml.deficiencies import taxonomy
from imrml.phrases import percent
from imrml.scoring.in_words import (
    DECISION_SUPPORT,
    DEMO,
    P_MEANING,
    SEND_ONLY,
    compare_with_base_rate,
    format_base_rate,
)
from imrml.scoring.prediction import N_DEFICIENCIES

# Checklist lines a request gets on a terminal; the table itself holds all of them.
_N_LINES = 3


_HEADINGS = {
    "request": 3,
    "treatment": 3,
    P_MEANING: 3,
    "likely faults if upheld": 5,
    f"before submission: {SEND_ONLY}": 9,
}
"""Columns of the terminal table with their shares of its width."""


def prediction_lines(predictions: pd.DataFrame, width: int = 120) -> Iterator[str]:
    """Draw predictions as a table of plain text, with what the figures mean below it.

    Parameters
    ----------
    predictions : DataFrame
        As :func:`score` gives it.
    width : int, default=120
        Characters a line may hold.
    """
    from rich.console import Console  # noqa: PLC0415 - scores that go to a file do not wait for it
    from rich.table import Table  # noqa: PLC0415

    table = Table(show_lines=True, expand=True)
    for heading, ratio in _HEADINGS.items():
        table.add_column(heading, ratio=ratio, overflow="fold")
    for row in predictions.to_dict("records"):
        category = str(row["treatment_category"]).replace("_", " ")
        named = f"{category}\nbase rate {format_base_rate(row)}"
        table.add_row(
            str(row["request_id"]), named, _p_words(row), _fault_words(row), _send_words(row)
        )
    text = io.StringIO()
    Console(file=text, width=width, color_system=None, highlight=False, markup=False).print(table)
    yield from text.getvalue().splitlines()
    if (predictions["trained_on"] == "synthetic").any():
        yield f"{DEMO}: the model behind these figures knows no real letter."
    yield f"{P_MEANING}: {DECISION_SUPPORT}."


def _p_words(row: dict[Hashable, Any]) -> str:
    if row["predicted"] == "abstain":
        return f"abstains: {row['abstain_reason']}"
    between = (
        "" if pd.isna(row["p_low"]) else f" ({percent(row['p_low'])} to {percent(row['p_high'])})"
    )
    return f"{percent(row['p_overturned'])}{between}\n{compare_with_base_rate(row)}"


def _fault_words(row: dict[Hashable, Any]) -> str:
    names = {deficiency.id: deficiency.name for deficiency in taxonomy()}
    found = (
        (row[f"deficiency_{place}"], row[f"p_deficiency_{place}"])
        for place in range(1, N_DEFICIENCIES + 1)
    )
    return "\n".join(
        f"{names[id_]} {percent(p_deficiency)}"
        for id_, p_deficiency in found
        if isinstance(id_, str)
    )


def _send_words(row: dict[Hashable, Any]) -> str:
    documents = row["send_before_submission"]
    more = [f"... and {len(documents) - _N_LINES} more"] if len(documents) > _N_LINES else []
    return "\n".join([*(f"- {document}" for document in documents[:_N_LINES]), *more])
