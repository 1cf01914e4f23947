"""What is known before the review, column by column: dtype, unit and the moment a value becomes known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from imrml.config import Profile, Stage
from imrml.errors import LeakageError

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
"""What the profile ``dmhc`` adds to ``SUBMISSION_COLUMNS``."""

REFUSED_COLUMNS = (
    "assigned_on", "decided_on", "reviewer_states", "reviewer_specialties", "decision", "maximus_guideline", "rationale",
    "deficiencies", "evidence", "supports", "supports_evidence",
)  # fmt: skip
"""Names of the columns known only after the review; a request that holds one is refused."""

IGNORED_COLUMNS = (
    "case_number",
    "item_number",
    "source",
    "source_sha256",
    "letter_format",
    "format_verified",
    "decided_year",
)
"""Keys of the item table: passed over in a request, never features."""

NAMING_TREATMENT: dict[Profile, tuple[str, ...]] = {
    "letters": ("treatment", "item"),
    "dmhc": ("treatment", "item", "treatment_category"),
}
"""Columns of which a table must have one."""

DATE_COLUMNS = tuple(column.name for column in SUBMISSION_COLUMNS if column.dtype == "date")

_KNOWN_AT_STAGE: dict[Stage, frozenset[str]] = {
    "rfa": frozenset({"rfa", "proxy"}),
    "imr": frozenset({"rfa", "proxy", "imr"}),
}


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


def columns_of(profile: Profile) -> tuple[Column, ...]:
    """Give the submission columns of a profile, whatever the stage."""
    return SUBMISSION_COLUMNS + CODED_COLUMNS if profile == "dmhc" else SUBMISSION_COLUMNS


def columns_at(stage: Stage, profile: Profile = "letters") -> tuple[str, ...]:
    """Name the submission columns of a profile that are known at a stage.

    Examples
    --------
    >>> "claims_guideline" in columns_at("rfa"), "claims_guideline" in columns_at("imr")
    (False, True)
    """
    return tuple(
        column.name for column in columns_of(profile) if column.known_at in _KNOWN_AT_STAGE[stage]
    )


def known_columns(profile: Profile) -> frozenset[str]:
    """Name every column that a request of a profile may bear, whether it is used, passed over or refused."""
    return frozenset(
        {
            "request_id",
            *(column.name for column in columns_of(profile)),
            *REFUSED_COLUMNS,
            *IGNORED_COLUMNS,
        }
    )


def require_submission_columns(
    columns: Sequence[str], stage: Stage, profile: Profile = "letters"
) -> None:
    """Raise unless columns are exactly those known at the stage: the alarm that rings where a frame was made elsewhere.

    Raises
    ------
    LeakageError
        Names the columns that do not belong and those that are absent.

    Examples
    --------
    >>> require_submission_columns([*columns_at("imr"), "rationale"], "imr")
    Traceback (most recent call last):
    imrml.errors.LeakageError: columns ['rationale'] are not known at stage 'imr'; make the frame with submission_frame()
    """
    known = columns_at(stage, profile)
    foreign = [name for name in columns if name not in known]
    absent = [name for name in known if name not in columns]
    faults = [f"columns {foreign} are not known at stage {stage!r}"] * bool(foreign)
    faults += [f"columns {absent} of stage {stage!r} are absent"] * bool(absent)
    if faults:
        raise LeakageError(f"{' and '.join(faults)}; make the frame with submission_frame()")
