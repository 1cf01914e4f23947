"""The only maker of the frame that features accept.

A submission reconstructed from a letter was written after the decision; :func:`submission_frame`
removes from its narrative what the reviewer could only say later, and for stage ``rfa`` also what
utilization review said.
"""

from collections.abc import Iterable
from itertools import compress
from operator import not_
from typing import Any, NewType

import numpy as np
import pandas as pd

from imrml.config import Stage
from imrml.errors import TableError
from imrml.submissions.cells import RawColumns, read_age, read_date, read_sex
from imrml.submissions.columns import DATE_COLUMNS
from imrml.submissions.extra_columns import frame_extra
from imrml.submissions.items import split_item
from imrml.submissions.narratives import derive_age, derive_diagnosis, derive_sex, remove_sentences
from imrml.submissions.programmes import LETTERS, Programme, columns_at

SubmissionFrame = NewType("SubmissionFrame", pd.DataFrame)
"""A frame made by :func:`submission_frame`: the only thing that features, models and scoring
accept."""


def submission_frame(
    items: pd.DataFrame, stage: Stage, programme: Programme = LETTERS
) -> SubmissionFrame:
    """Make the frame that features accept, from an item table or a submission table.

    Holds exactly the columns known at the stage, in their fixed order, with the index of ``items``.
    What is absent is derived (``treatment`` from ``item``; ``age``, ``sex``, ``diagnosis`` from the
    narrative) or empty; keys and everything known only after the review are left behind.

    Parameters
    ----------
    items : DataFrame
        Any table with a ``treatment`` or an ``item`` column, or of ``DMHC`` with a
        ``treatment_category``.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme, default=LETTERS
        Whose reviews.

    Returns
    -------
    SubmissionFrame of shape (n_items, n_columns)
        Text columns are strings without missing values, ``age`` is float with NaN, dates are
        ``datetime64`` with NaT.

    Raises
    ------
    TableError
        Neither ``treatment`` nor ``item`` is a column.

    Examples
    --------
    >>> items = pd.DataFrame(
    ...     {
    ...         "item": ["Norco 10/325mg #60"],
    ...         "case_summary": ["A 51 year old man."],
    ...         "rationale": ["..."],
    ...     }
    ... )
    >>> frame = submission_frame(items, "imr")
    >>> frame[["treatment", "age", "sex"]].to_dict("records"), "rationale" in frame
    ([{'treatment': 'Norco 10/325mg #60', 'age': 51.0, 'sex': 'male'}], False)
    """
    require_treatment(items, programme)
    return frame_of_cells(
        RawColumns.of(items, [column.name for column in programme.columns]),
        items.index,
        stage,
        programme,
    )


def require_treatment(columns: Iterable[Any], programme: Programme) -> None:
    """Raise unless one of the columns names what is asked for.

    Parameters
    ----------
    columns : iterable of str
        Names of a table's columns.
    programme : Programme
        Whose reviews.

    Raises
    ------
    TableError
        None of them does; the known columns are named.
    """
    if not set(columns) & {*programme.treatment_columns}:
        named = " and ".join(f"no {name!r}" for name in programme.treatment_columns)
        # Another heading may be the first row of a table without headings, and so a record's text.
        known = sorted(programme.known_columns & {*map(str, columns)})
        n_others = len([*columns]) - len(known)
        present = [*known, f"{n_others} under other headings"] if n_others else known
        headings = ", ".join(present) or "no column"
        raise TableError(
            f"{named} column; found: {headings}; one is needed: write 'treatment' over the column "
            'that says what was requested (on the command line: --map "HEADING=treatment")'
        )


def frame_of_cells(
    cells: RawColumns, index: pd.Index, stage: Stage, programme: Programme
) -> SubmissionFrame:
    """Make the frame of :func:`submission_frame` from cells read already.

    Parameters
    ----------
    cells : RawColumns
        Of the columns of the programme, those that the table has.
    index : Index of length n_items
        Of the frame.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme
        Whose reviews.

    Returns
    -------
    SubmissionFrame of shape (n_items, n_columns)
        As :func:`submission_frame` gives it.
    """
    cells = programme.fill_cells(cells)
    text = {
        column.name: cells.texts(column.name)
        for column in programme.columns
        if column.dtype == "string" and column not in programme.extra_columns
    }
    parts = [split_item(item) for item in text["item"]]
    for position, name in enumerate(("treatment", "authorized", "disputed")):
        text[name] = [
            given or part[position] for given, part in zip(text[name], parts, strict=True)
        ]
    text["item"] = [
        given or treatment for given, treatment in zip(text["item"], text["treatment"], strict=True)
    ]
    summaries = text["case_summary"]
    # The items of one case share their narrative, so each is read once.
    kept = {summary: remove_sentences(summary, stage) for summary in set(summaries)}
    text["case_summary"] = [kept[summary] for summary in summaries]
    text["sex"] = [
        read_sex(given) or derive_sex(summary)
        for given, summary in zip(text["sex"], summaries, strict=True)
    ]
    diagnoses = {
        summary: derive_diagnosis(summary)
        for summary in set(compress(summaries, map(not_, text["diagnosis"])))
    }
    text["diagnosis"] = [
        given or diagnoses[summary]
        for given, summary in zip(text["diagnosis"], summaries, strict=True)
    ]
    ages = [read_age(value) for value in cells.values("age")]
    columns: dict[str, Any] = {name: pd.array(texts, dtype="str") for name, texts in text.items()}
    told_ages = [
        derive_age(summary) if age is None else age
        for age, summary in zip(ages, summaries, strict=True)
    ]
    columns["age"] = np.array(told_ages, dtype=float)
    columns |= {
        name: np.array([read_date(value) for value in cells.values(name)], dtype="datetime64[s]")
        for name in DATE_COLUMNS
    }
    columns |= frame_extra(cells, programme.extra_columns)
    return SubmissionFrame(
        pd.DataFrame({name: columns[name] for name in columns_at(stage, programme)}, index)
    )
