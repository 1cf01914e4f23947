"""Tables that came with a mail, an archive or a portfolio, as rows of requests."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import pandas as pd

from imrml.documents.packed import Packed
from imrml.errors import TableError
from imrml.features.request_items import split_request
from imrml.submissions.columns import REFUSED_COLUMNS, SUBMISSION_COLUMNS
from imrml.submissions.frame import require_treatment
from imrml.submissions.programmes import LETTERS
from imrml.submissions.requests import is_known_heading, name_columns
from imrml.tables.files import parse_table

_COLUMNS = ("request_id", *(column.name for column in SUBMISSION_COLUMNS))


def read_attached_table(table: Packed) -> tuple[list[dict[str, str]], list[str]]:
    r"""Read the requests of a table, which stay as its rows say them.

    Nothing of what it came with is added to a row: rows may be of several claimants.

    Parameters
    ----------
    table : Packed
        As :func:`imrml.documents.parts.read_parts` gives it.

    Returns
    -------
    rows : list of dict of str to str
        A row an item.
    notes : list of str
        What was filled, passed over or counted otherwise.

    Raises
    ------
    TableError
        It cannot be read, names no treatment, or holds what is written after the decision.

    Examples
    --------
    >>> rows, _ = read_attached_table(Packed(".csv", b"Treatment,Dx\nMRI knee; Norco #60,strain\n"))
    >>> [(row["treatment"], row["diagnosis"]) for row in rows]
    [('MRI knee', 'strain'), ('Norco #60', 'strain')]
    """
    frame = parse_table(table.content, f"the table{table.ending}", is_known_heading)
    named = name_columns(frame, LETTERS)
    require_treatment(named, LETTERS)
    for name in REFUSED_COLUMNS:
        if name in named and any(map(_write, named[name])):
            raise TableError(
                f"column {name!r} is written by the reviewer after the decision; a request cannot "
                "hold it: remove it and send it again"
            )
    rows = [item for row in named.to_dict("records") for item in list_items(row)]
    written = [
        {name: text for name in _COLUMNS if name in row and (text := _write(row[name]))}
        for row in rows
    ]
    asking = [row for row in written if "treatment" in row or "item" in row]
    return asking, [*frame.attrs.get("notes", ())]


def list_items(row: dict[Hashable, Any]) -> Iterator[dict[Hashable, Any]]:
    """Yield the items of a row; a cell of ``item`` is one.

    Parameters
    ----------
    row : dict
        Of a table with our names.

    Yields
    ------
    dict
        The row with one treatment, and its ``item_number``.
    """
    treatment, given = row.get("treatment"), row.get("request_id")
    items: Sequence[str] = []
    if isinstance(treatment, str) and not isinstance(row.get("item"), str):
        items = split_request(treatment)
    if len(items) < 2:
        yield {**row, "item_number": 1}
        return
    named = given is not None and not pd.isna(given) and str(given).strip()
    for number, item in enumerate(items, start=1):
        own_id = {"request_id": f"{given}#{number}"} if named else {}
        yield {**row, "treatment": item, "item_number": number} | own_id


def _write(value: Any) -> str:
    """Write a cell as text; a whole number without a fraction."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
