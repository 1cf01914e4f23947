"""What is known only after the review, and the item table that joins it to the submission.

Nothing in ``features``, ``models`` or ``scoring`` may import this module (an import-linter contract
says so).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from imrml.errors import TableError
from imrml.submissions.columns import SUBMISSION_COLUMNS, Column, Submission

if TYPE_CHECKING:  # parsing a letter needs no pandas
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

Decision = Literal["upheld", "overturned"]

SYNTHETIC_PREFIX = "SY"
SYNTHETIC_CASE_NUMBER = rf"{SYNTHETIC_PREFIX}\d{{2}}-\d{{7}}"
"""Invented cases are numbered SY15-0000001, real ones CM15-0000001: no table can lose the fact."""

KEY_COLUMNS = (
    Column(
        "case_number",
        "string",
        "",
        "key",
        "CM15-0012345; the file's stem where the letter has none",
    ),
    Column(
        "item_number", "int64", "count from 1", "key", "position among the letter's disputed items"
    ),
    Column("source", "string", "", "key", "file the letter came from, as given"),
    Column("source_sha256", "string", "hex", "key", "hash of the file's bytes"),
    Column("letter_format", "string", "", "key", "F0 F1a F1b F2a F2b F2c"),
    Column(
        "format_verified", "bool", "", "key", "whether a real letter of this format was ever parsed"
    ),
    Column("ocr", "bool", "", "key", "whether a page of the letter is a picture, read by OCR"),
    Column(
        "decided_year",
        "Int64",
        "year",
        "key",
        "year of the decision, or of the report for other programmes",
    ),
)
"""Keys and provenance: never features."""

DETERMINATION_COLUMNS = (
    Column("assigned_on", "date", "ISO date", "determination", "day the case reached the reviewer"),
    Column("decided_on", "date", "ISO date", "determination", "day of the final determination"),
    Column("reviewer_states", "string", "comma-separated", "determination", "states of licensure"),
    Column(
        "reviewer_specialties",
        "string",
        "comma-separated",
        "determination",
        "certifications and specialties",
    ),
    Column(
        "decision", "string", "upheld | overturned", "determination", "what became of the denial"
    ),
    Column("maximus_guideline", "string", "", "determination", "guideline the reviewer cites"),
    Column("rationale", "string", "", "determination", "why"),
    Column(
        "deficiencies",
        "list",
        "taxonomy ids",
        "determination",
        "added by labelling; upheld items only",
    ),
    Column(
        "evidence",
        "list",
        "{id, start, end, quote, confidence}",
        "determination",
        "spans into the rationale; how often such a label is the reader's too",
    ),
    Column(
        "supports",
        "list",
        "taxonomy ids",
        "determination",
        "answered, as labelling finds; overturned items only",
    ),
    Column(
        "supports_evidence",
        "list",
        "{id, start, end, quote}",
        "determination",
        "spans into the rationale",
    ),
)
"""Known only after the review; the last two are added by :mod:`imrml.labelling`."""

ITEM_COLUMNS = (*KEY_COLUMNS, *SUBMISSION_COLUMNS, *DETERMINATION_COLUMNS)


@dataclass(frozen=True, slots=True)
class Determination:
    """What the reviewer decided about one item, and why. Known only on ``decided_on``.

    Parameters
    ----------
    decision : {'upheld', 'overturned'}
        What became of the denial (Labor Code 4610.6).
    maximus_guideline, rationale : str
        The reviewer's citation and reasoning, on one line each; ``""`` where the letter has none.
    assigned_on, decided_on : str or None
        ISO dates.
    reviewer_states, reviewer_specialties : str
        Comma-separated, as worded.
    """

    decision: Decision
    maximus_guideline: str = ""
    rationale: str = ""
    assigned_on: str | None = None
    decided_on: str | None = None
    reviewer_states: str = ""
    reviewer_specialties: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One disputed treatment or service: what was submitted and what was decided.

    Parameters
    ----------
    item_number : int
        From 1, in the letter's order.
    submission : Submission
        What was known before the review.
    determination : Determination
        What was known only after it.
    """

    item_number: int
    submission: Submission
    determination: Determination


@dataclass(frozen=True, slots=True)
class Case:
    """What one letter says.

    Parameters
    ----------
    case_number : str
        As printed (``CM15-0012345``), else the stem of the file's name.
    letter_format : str
        Id of the format in ``letters/formats.py``.
    format_verified : bool
        Whether a real letter of that format was ever parsed.
    items : tuple of Item
        In the letter's order, at least one.
    ocr : bool, default=False
        Whether a page of the letter was read from a picture.
    """

    case_number: str
    letter_format: str
    format_verified: bool
    items: tuple[Item, ...]
    ocr: bool = False


def require_case_numbers(items: "pd.DataFrame", who: str) -> None:
    """Raise unless each item of a table has a case number: those without would be one case.

    Parameters
    ----------
    items : DataFrame
        The table, in our words, with ``case_number``.
    who : str
        Command, and file where it has several; the message begins with it.

    Raises
    ------
    TableError
        Says how many rows have none, and where the first ones are.

    Examples
    --------
    >>> import pandas as pd
    >>> require_case_numbers(pd.DataFrame({"case_number": ["A-1", " "]}), "train")
    Traceback (most recent call last):
    imrml.errors.TableError: train: case_number is empty in 1 of 2 rows, row 2:
    write it, or leave the row out
    """
    column = items["case_number"]
    is_blank = (column.isna() | column.astype("str").str.strip().eq("")).to_numpy()
    if is_blank.any():
        named, noun = _name_rows(is_blank)
        raise TableError(
            f"{who}: case_number is empty in {is_blank.sum():,} of {len(items):,} rows, {named}: "
            f"write it, or leave the {noun} out"
        )


def require_decisions(items: "pd.DataFrame", who: str, first_row: int = 1) -> None:
    """Raise unless each item of a table was upheld or overturned.

    Parameters
    ----------
    items : DataFrame
        The table, in our words.
    who : str
        Command, and file where it has several; the message begins with it.
    first_row : int, default=1
        Number of the first row, where the table is a part of a longer one.

    Raises
    ------
    TableError
        Says how many rows hold no decision, or something else, and where the first ones are; never
        what they hold.

    Examples
    --------
    >>> import pandas as pd
    >>> require_decisions(pd.DataFrame({"decision": ["upheld", None]}), "train")
    Traceback (most recent call last):
    imrml.errors.TableError: train: decision must be 'upheld' or 'overturned'
    (in a file also 0 or 1); 1 of 2 rows holds none, row 2: write one of these, or leave the row out
    """
    column = items["decision"]
    is_unread = ~column.isin(["upheld", "overturned"]).to_numpy()
    if not is_unread.any():
        return
    unread = column[is_unread]
    is_blank = unread.isna() | unread.astype("str").str.strip().eq("")
    other = "something else, such as utilization review's"
    found = "none" if is_blank.all() else f"none or {other}" if is_blank.any() else other
    named, noun = _name_rows(is_unread, first_row)
    part = f" from row {first_row:,} on" if first_row > 1 else ""
    raise TableError(
        f"{who}: decision must be 'upheld' or 'overturned' (in a file also 0 or 1); "
        f"{is_unread.sum():,} of {len(items):,} rows{part} {'hold' if noun == 'rows' else 'holds'} "
        f"{found}, {named}: write one of these, or leave the {noun} out"
    )


def _name_rows(is_meant: "npt.NDArray[np.bool_]", first_row: int = 1) -> tuple[str, str]:
    """Name the first few of some rows by number, and give the noun for all of them."""
    rows = [str(place + first_row) for place in is_meant.nonzero()[0]]
    noun = "rows" if len(rows) > 1 else "row"
    more = f" and {len(rows) - 5:,} more" if len(rows) > 5 else ""
    return f"{noun} {', '.join(rows[:5])}{more}", noun
