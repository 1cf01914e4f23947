"""The state's open data on health plan reviews into the item table, and into failures."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from imrml.config import LimitsConfig
from imrml.corpus.item_table import PARSED_COLUMNS, item_table
from imrml.documents.reading import read_text
from imrml.errors import DocumentError, TableError
from imrml.phrases import pluralize
from imrml.submissions.columns import CODED_COLUMNS
from imrml.submissions.dmhc_codes import (
    is_passed_over,
    join_codes,
    map_heading,
    read_age_band,
    read_code,
    read_decision,
    read_sex,
)

_SEPARATORS = (",", ";", "\t")
_NEEDED = ("case_number", "decided_year", "treatment_category", "decision")
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
"""The reviews began in 2001; a year outside is a slip of the keyboard or of the columns."""
_EMPTY: dict[str, Any] = {column.name: "" for column in PARSED_COLUMNS if column.dtype == "string"}
_LONGEST_SHOWN = 40
"""Characters of an unknown decision that a failure may show.

The state's own words are shorter, a reviewer's findings longer.
"""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of a file of the state's data.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Item table with ``CODED_COLUMNS`` beside it.
    failures : list of dict
        Rows of the failures file; ``offset`` is the row's number, from 1 below the heading.
    unknown_headings : tuple of str
        Headings passed over because they are unknown.
    """

    items: pd.DataFrame
    failures: list[dict[str, Any]]
    unknown_headings: tuple[str, ...]


def read_dmhc(path: str | Path, limits: LimitsConfig) -> ImportedFile:
    r"""Read the state's file, whatever its heading style, separator and encoding.

    Read are ``Reference ID;Report Year;...`` and ``ReferenceID,ReportYear,...,Findings``, separated
    by ``,``, ``;`` or tabs, in UTF-8, UTF-16 or Windows-1252.

    Parameters
    ----------
    path : str or Path
        The file.
    limits : LimitsConfig
        Of one letter; the size of a file of many years is not among them.

    Returns
    -------
    ImportedFile
        At least one item.

    Raises
    ------
    TableError
        The file is absent, is no text, has no heading that is needed, or holds no row that can be
        read.

    Examples
    --------
    >>> import tempfile
    >>> from imrml.config import load_config
    >>> path = Path(tempfile.mkdtemp(), "state.csv")
    >>> _ = path.write_text(
    ...     "Reference ID;Report Year;Treatment Category;Treatment Sub Category;Determination\n"
    ...     "MN09-1;2009;Vision;;Upheld Decision of Health Plan\nMN09-2;2009;Vision;;Withdrawn"
    ... )
    >>> imported = read_dmhc(path, load_config().limits)
    >>> imported.items[["case_number", "treatment", "decided_year", "decision"]].to_dict("records")
    [{'case_number': 'MN09-1', 'treatment': 'Vision', 'decided_year': 2009, 'decision': 'upheld'}]
    >>> imported.failures[0]["reason"], imported.failures[0]["offset"]
    ('unknown_decision', 2)
    """
    try:
        content = Path(path).read_bytes()
        # A file holds the reviews of all years: the limits of one letter's text do not fit it.
        text = read_text(content, limits.model_copy(update={"max_characters": len(content) + 1}))
    except FileNotFoundError:
        raise TableError(f"{path}: no such file") from None
    except DocumentError as error:
        raise TableError(f"{path}: {error.detail}") from None
    table = _rows(text, path)
    headings = next(table, [])
    names = [map_heading(heading) for heading in headings]
    if absent := [name for name in _NEEDED if name not in names]:
        raise TableError(
            f"{path}: no heading for {', '.join(absent)} in the first line; expected the state's "
            "own headings (Reference ID, Report Year, ..., Determination) separated by , or ;"
        )
    rows, failures = _sort_rows(table, headings, names, str(path))
    if not rows:
        raise TableError(f"{path}: none of {pluralize(len(failures), 'row')} could be read")
    sha256 = hashlib.sha256(content).hexdigest()
    rows = [row | {"source": str(path), "source_sha256": sha256} for row in rows]
    coded = pd.DataFrame(rows, columns=[column.name for column in CODED_COLUMNS]).astype("str")
    unknown = (
        heading
        for heading, name in zip(headings, names, strict=True)
        if not name and not is_passed_over(heading)
    )
    return ImportedFile(item_table(rows).join(coded), failures, tuple(unknown))


def _rows(text: str, path: str | Path) -> Iterator[list[str]]:
    """Yield the heading and every row that is not blank.

    The separator is the one that makes most of the heading known.
    """
    heading = text.partition("\n")[0].strip("\r")
    separator = max(
        _SEPARATORS,
        key=lambda mark: len({map_heading(part.strip('"')) for part in heading.split(mark)}),
    )
    try:
        yield from (
            row
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator)
            if any(row)
        )
    except csv.Error as error:
        raise TableError(f"{path}: not a readable CSV ({error})") from None


def _sort_rows(
    table: Iterator[list[str]], headings: Sequence[str], names: Sequence[str | None], source: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Make a row of the item table of each that can stand there, else one of the failures file."""
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(table, start=1):
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        # A year may come from a spreadsheet's column of numbers.
        row["decided_year"] = row.get("decided_year", "").removesuffix(".0")
        is_ragged = len(cells) != len(headings)
        fault = _ragged(len(cells), len(headings)) if is_ragged else _find_fault(row, seen)
        if fault:
            reason, detail = fault
            detail = f"row {number}: {detail}"
            failures.append(
                {"source": source, "reason": reason, "detail": detail, "offset": number}
            )
            continue
        seen[row["case_number"]] = number
        rows.append(_item(row))
    return rows, failures


def _ragged(n_fields: int, n_headings: int) -> tuple[str, str]:
    return (
        "ragged_row",
        f"{pluralize(n_fields, 'field')}, the heading has {n_headings}; "
        "quote fields that hold the separator",
    )


def _find_fault(row: dict[str, str], seen: dict[str, int]) -> tuple[str, str] | None:
    """Say why a row cannot stand in the item table: reason and detail of its failure."""
    reference, year, decision = (row[name] for name in ("case_number", "decided_year", "decision"))
    if not reference:
        return "no_reference", "the reference id is empty"
    if reference in seen:
        return "copy", f"its reference id stands in row {seen[reference]} too"
    if not (year.isdecimal() and _FIRST_YEAR <= int(year) <= _LAST_YEAR):
        return "unknown_year", f"the report year is none between {_FIRST_YEAR} and {_LAST_YEAR}"
    if read_decision(decision) is None:
        shown = (
            f"{decision!r}"
            if len(decision) <= _LONGEST_SHOWN
            else f"a text of {len(decision):,} characters"
        )
        return "unknown_decision", f"the determination is {shown}; expected upheld or overturned"
    return None


def _item(row: dict[str, str]) -> dict[str, Any]:
    codes = {column.name: read_code(row.get(column.name, "")) for column in CODED_COLUMNS}
    codes["age_band"] = read_age_band(row.get("age_band", ""))
    return (
        _EMPTY
        | codes
        | {
            "case_number": row["case_number"],
            "item_number": 1,
            "format_verified": False,
            "ocr": False,
            "decided_year": int(row["decided_year"]),
            "treatment": join_codes(codes["treatment_category"], codes["treatment_subcategory"]),
            "diagnosis": join_codes(codes["diagnosis_category"], codes["diagnosis_subcategory"]),
            "sex": read_sex(row.get("sex", "")),
            "priority": read_code(row.get("priority", "")).lower(),
            "decision": read_decision(row["decision"]),
            "rationale": row.get("rationale", ""),
        }
    )


def count_reasons(failures: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Count failures by their reason.

    Parameters
    ----------
    failures : sequence of dict
        Rows of the failures file.

    Returns
    -------
    dict of str to int
        The most frequent first.
    """
    return dict(Counter(failure["reason"] for failure in failures).most_common())
