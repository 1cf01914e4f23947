"""Columns and dtypes of the item table and of the failures file."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd

from imrml.determinations import DETERMINATION_COLUMNS, KEY_COLUMNS
from imrml.errors import TableError
from imrml.submissions.columns import SUBMISSION_COLUMNS, Column
from imrml.submissions.narratives import remove_sentences
from imrml.tables.workbooks import replace_unwritable

PARSED_COLUMNS: tuple[Column, ...] = (
    *KEY_COLUMNS,
    *SUBMISSION_COLUMNS,
    *(column for column in DETERMINATION_COLUMNS if column.dtype != "list"),
)
"""Columns of the item table before labelling adds its own."""

FAILURE_COLUMNS = ("source", "reason", "detail", "offset")


def item_table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Put parsed rows into the item table's columns and dtypes.

    Parameters
    ----------
    rows : iterable of dict
        As :func:`imrml.letters.case_rows` yields them.

    Returns
    -------
    DataFrame of shape (n_items, n_columns)
        With ``PARSED_COLUMNS``; dates stay ISO text, null where absent, and characters that no
        workbook can hold are U+FFFD.

    Examples
    --------
    >>> item_table([]).columns[:2].to_list(), str(item_table([])["decided_year"].dtype)
    (['case_number', 'item_number'], 'Int64')
    """
    frame = pd.DataFrame(list(rows), columns=[column.name for column in PARSED_COLUMNS])
    for column in PARSED_COLUMNS:
        if column.dtype == "string":
            frame[column.name] = replace_unwritable(frame[column.name].tolist())
    # "str" keeps an absent date a plain NaN on the way through Parquet, which "string" would turn
    # into pd.NA.
    is_text = {"string": "str", "date": "str"}
    return frame.astype(
        {column.name: is_text.get(column.dtype, column.dtype) for column in PARSED_COLUMNS}
    )


def submission_table(items: pd.DataFrame) -> pd.DataFrame:
    """Keep of an item table what was known before the review: a table that ``imrml score`` takes.

    Parameters
    ----------
    items : DataFrame
        As :func:`item_table` makes it.

    Returns
    -------
    DataFrame of shape (n_items, 1 + n_submission_columns)
        ``request_id`` (``CASE#NUMBER``, by which ``imrml reconcile`` finds the item again) and the
        columns of ``SUBMISSION_COLUMNS``; the sentences of ``case_summary`` in which the reviewer
        judges the record are left out. What is left of it was still written after the decision.

    Examples
    --------
    >>> row = {
    ...     "case_number": "CM15-0000001",
    ...     "item_number": 2,
    ...     "format_verified": True,
    ...     "item": "Norco #60",
    ...     "case_summary": "He had PT in May. Portions of the notes were illegible.",
    ...     "decision": "upheld",
    ... }
    >>> submissions = submission_table(item_table([row]))
    >>> submissions[["request_id", "item", "case_summary"]].to_dict("records")
    [{'request_id': 'CM15-0000001#2', 'item': 'Norco #60', 'case_summary': 'He had PT in May.'}]
    >>> "decision" in submissions
    False
    """
    submissions = items[[column.name for column in SUBMISSION_COLUMNS]].copy()
    summaries = {
        summary: remove_sentences(summary, "imr") for summary in items["case_summary"].unique()
    }
    submissions["case_summary"] = items["case_summary"].map(summaries)
    submissions.insert(
        0, "request_id", items["case_number"] + "#" + items["item_number"].astype("str")
    )
    return submissions


def item_rows(items: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Take an item table apart into rows as :func:`item_table` takes them.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        From whatever file it was read: CSV and Excel have lost the dtypes.

    Yields
    ------
    dict of str to value
        By ``PARSED_COLUMNS``.

    Examples
    --------
    >>> from_csv = pd.DataFrame([dict.fromkeys((column.name for column in PARSED_COLUMNS), "")])
    >>> [row] = item_rows(from_csv.assign(item_number="2", format_verified="False"))
    >>> row["item_number"], row["format_verified"], row["item"], row["decided_on"], row["age"]
    (2, False, '', None, None)
    """
    readers = [(column.name, _READERS[column.dtype]) for column in PARSED_COLUMNS]
    for row in items.to_dict("records"):
        yield {name: None if pd.isna(row[name]) else read(row[name]) for name, read in readers}


_READERS: dict[str, Callable[[Any], Any]] = {
    "string": str,
    "date": lambda cell: str(cell) or None,
    "int64": int,
    "Int64": lambda cell: None if cell == "" else int(float(cell)),
    "Float64": lambda cell: None if cell == "" else float(cell),
    "bool": lambda cell: str(cell) == "True",
}


def failure_table(failures: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Put failure rows into the columns of the failures file.

    Parameters
    ----------
    failures : iterable of dict
        As :class:`imrml.corpus.LetterOutcome` has them.

    Returns
    -------
    DataFrame of shape (n_failures, 4)
        With ``FAILURE_COLUMNS``.
    """
    rows = [
        {name: replace_unwritable(cell) for name, cell in failure.items()} for failure in failures
    ]
    return pd.DataFrame(rows, columns=list(FAILURE_COLUMNS)).astype({"offset": "Int64"})


def require_columns(
    items: pd.DataFrame, names: Iterable[str], command: str, *, takes_map: bool = True
) -> None:
    """Raise unless an item table has the columns that a command uses.

    Parameters
    ----------
    items : DataFrame
        The table.
    names : iterable of str
        Columns that must be there.
    command : str
        Who needs them; the message begins with it.
    takes_map : bool, default=True
        Whether it has ``--map``, which the message then names.

    Raises
    ------
    TableError
        Names what is absent, and which columns of the item table were found: another heading may be
        the first row of a table without headings, and so a record's text.

    Examples
    --------
    >>> items = pd.DataFrame({"item": [], "MRI of the knee": []})
    >>> require_columns(items, ["item", "decision"], "train")
    Traceback (most recent call last):
    imrml.errors.TableError: train needs the column 'decision'; found only: item,
    and 1 under other headings; say which heading is meant: --map "HEADING=decision"
    """
    absent = [name for name in names if name not in items]
    if absent:
        noun = "column" if len(absent) == 1 else "columns"
        known = [column.name for column in PARSED_COLUMNS if column.name in items]
        n_others = len(items.columns) - len(known)
        others = f"{n_others} under other headings"
        if known and n_others:
            others = f"{', '.join(known)}, and {others}"
        headings = others if n_others else ", ".join(known) or "no column"
        advice = "write that heading over the column that is meant"
        if takes_map:
            advice = f'say which heading is meant: --map "HEADING={absent[0]}"'
            if absent[0] == "case_number":
                advice += ", or add it: a number a case, or a row where cases are unknown"
        raise TableError(
            f"{command} needs the {noun} {', '.join(map(repr, absent))}; found only: {headings}; "
            f"{advice}"
        )
