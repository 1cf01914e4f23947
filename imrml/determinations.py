"""What is known only after the review, and the item table that joins it to the submission.

Nothing in ``features``, ``models`` or ``scoring`` may import this module (an import-linter contract
says so).
"""

from dataclasses import dataclass
from typing import Literal

from imrml.submissions.columns import SUBMISSION_COLUMNS, Column, Submission

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
