"""What is known before the review, column by column: dtype, unit and when it becomes known."""

from dataclasses import dataclass
from typing import Literal

KnownAt = Literal["key", "rfa", "proxy", "imr", "determination"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its dtype, unit, and the moment its value becomes known.

    Parameters
    ----------
    name, dtype, unit : str
        As written to disk.
    known_at : {'key', 'rfa', 'proxy', 'imr', 'determination'}
        ``proxy`` stands for the attached report but is written after the fact.
    note : str
        Meaning.
    """

    name: str
    dtype: str
    unit: str
    known_at: KnownAt
    note: str


ExtraKind = Literal["number", "category", "text", "date"]
EXTRA_DTYPES: dict[ExtraKind, str] = {
    "number": "Float64",
    "category": "string",
    "text": "string",
    "date": "date",
}


@dataclass(frozen=True, slots=True)
class ExtraColumn(Column):
    """A column of an owner's own, as ``features.extra_columns`` of a config declares it.

    Parameters
    ----------
    kind : {'number', 'category', 'text', 'date'}
        How features read it.
    """

    kind: ExtraKind


SUBMISSION_COLUMNS = (
    Column("treatment", "string", "", "rfa", "what was asked for first"),
    Column("diagnosis", "string", "", "rfa", "as given, else derived from the narrative"),
    Column("age", "Float64", "years", "rfa", "as given, else derived from the narrative"),
    Column("sex", "string", "female | male", "rfa", "as given, else derived from the narrative"),
    Column("date_of_injury", "date", "ISO date", "rfa", ""),
    Column("case_summary", "string", "", "proxy", "narrative of the record"),
    Column("item", "string", "", "imr", "the disputed item as worded, without its outcome"),
    Column("authorized", "string", "", "imr", "part that the claims administrator authorized"),
    Column("disputed", "string", "", "imr", "part still in dispute"),
    Column("received_on", "date", "ISO date", "imr", "day the IMR application was received"),
    Column("ur_denied_on", "date", "ISO date", "imr", "day of the utilization review denial"),
    Column("priority", "string", "standard | expedited", "imr", ""),
    Column("claims_guideline", "string", "", "imr", "guideline the claims administrator cites"),
)

CODED_COLUMNS = (
    Column(
        "treatment_category",
        "string",
        "the state's code",
        "rfa",
        "as coded, else read from the treatment",
    ),
    Column("treatment_subcategory", "string", "the state's code", "rfa", ""),
    Column(
        "diagnosis_category",
        "string",
        "the state's code",
        "rfa",
        "as coded, else read from the diagnosis",
    ),
    Column("diagnosis_subcategory", "string", "the state's code", "rfa", ""),
    Column("age_band", "string", "0-10 | 11-20 ... 65+", "rfa", "as coded, else of the age"),
    Column(
        "review_type",
        "string",
        "the state's code",
        "imr",
        "ground of the denial: medical necessity, experimental, urgent",
    ),
)
"""What the programme ``dmhc`` adds to ``SUBMISSION_COLUMNS``."""

REFUSED_COLUMNS = (
    "assigned_on", "decided_on", "reviewer_states", "reviewer_specialties", "decision",
    "maximus_guideline", "rationale", "deficiencies", "evidence", "supports", "supports_evidence",
)  # fmt: skip
"""Names of the columns known only after the review; a request that holds one is refused."""

IGNORED_COLUMNS = (
    "case_number",
    "item_number",
    "source",
    "source_sha256",
    "letter_format",
    "format_verified",
    "ocr",
    "decided_year",
)
"""Keys of the item table: passed over in a request, never features."""

PEOPLE_COLUMNS = ("age", "age_band", "sex")
"""What tells of the injured person; features only where ``features.use_age_and_sex`` asks."""

DERIVED_FROM = {
    "treatment": ("item",),
    "item": ("treatment",),
    "authorized": ("item",),
    "disputed": ("item",),
    "diagnosis": ("case_summary",),
    "received_on": ("ur_denied_on",),
    "ur_denied_on": ("received_on",),
    "age": ("case_summary",),
    "sex": ("case_summary",),
    "treatment_category": ("treatment",),
    "treatment_subcategory": ("treatment",),
    "diagnosis_category": ("diagnosis",),
    "diagnosis_subcategory": ("diagnosis",),
    "age_band": ("age",),
}
"""Columns that are read from others where a table lacks them, and those others: features count from
one day of a submission, and before the application that of the denial alone is known."""

DATE_COLUMNS = tuple(column.name for column in SUBMISSION_COLUMNS if column.dtype == "date")


@dataclass(frozen=True, slots=True)
class Submission:
    """What is known about one item before the review; see ``SUBMISSION_COLUMNS`` for each field.

    Examples
    --------
    >>> Submission(treatment="Norco 10/325mg #60").priority
    ''
    """

    treatment: str
    diagnosis: str = ""
    age: float | None = None
    sex: str = ""
    date_of_injury: str | None = None
    case_summary: str = ""
    item: str = ""
    authorized: str = ""
    disputed: str = ""
    received_on: str | None = None
    ur_denied_on: str | None = None
    priority: str = ""
    claims_guideline: str = ""
