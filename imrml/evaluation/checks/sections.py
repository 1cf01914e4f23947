"""Sections of a submission: left out, tried alone or shuffled, they show what a model rests on."""

from collections.abc import Iterable

import pandas as pd

from imrml.submissions.columns import CODED_COLUMNS
from imrml.submissions.frame import SubmissionFrame

_SECTIONS = {
    "request": ("treatment", "item"),
    "record": ("case_summary", "diagnosis", "age", "sex", "date_of_injury"),
    "utilization review": (
        "authorized",
        "disputed",
        "received_on",
        "ur_denied_on",
        "priority",
        "claims_guideline",
    ),
}


def name_sections(submissions: SubmissionFrame) -> dict[str, list[str]]:
    """Name the sections that a frame holds, each with its columns.

    Parameters
    ----------
    submissions : SubmissionFrame of shape (n_items, n_columns)
        What features see.

    Returns
    -------
    dict of str to list of str
        Columns by section; each custom column is a section.

    Examples
    --------
    >>> columns = {"treatment": ["MRI"], "diagnosis_category": ["M54"], "visits": [4]}
    >>> name_sections(pd.DataFrame(columns))
    {'request': ['treatment'], 'coded': ['diagnosis_category'], 'own visits': ['visits']}
    """
    sections = {
        name: [column for column in columns if column in submissions]
        for name, columns in _SECTIONS.items()
    }
    sections["coded"] = [one.name for one in CODED_COLUMNS if one.name in submissions]
    known = {column for columns in sections.values() for column in columns}
    sections |= {f"own {name}": [str(name)] for name in submissions if name not in known}
    return {name: columns for name, columns in sections.items() if columns}


def empty_columns(submissions: SubmissionFrame, columns: Iterable[str]) -> SubmissionFrame:
    """Empty columns: ``""`` for text, missing for numbers and days.

    Parameters
    ----------
    submissions : SubmissionFrame of shape (n_items, n_columns)
        What features see.
    columns : iterable of str
        Names of columns to empty.

    Returns
    -------
    SubmissionFrame of shape (n_items, n_columns)

    Examples
    --------
    >>> frame = pd.DataFrame({"treatment": ["MRI"], "age": [51.0]})
    >>> empty_columns(frame, ["treatment", "age"]).to_dict("records")
    [{'treatment': '', 'age': nan}]
    """
    emptied = {
        name: pd.Series(
            "" if pd.api.types.is_string_dtype(submissions[name]) else None, submissions.index
        ).astype(submissions[name].dtype)
        for name in columns
    }
    return SubmissionFrame(submissions.assign(**emptied))
