"""What is known before the review: the submission, its columns, and the only maker of the frame that features accept.

A submission reconstructed from a letter was written after the decision; :func:`submission_frame` removes from its narrative
what the reviewer could only say later, and for stage ``rfa`` also what utilization review said.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NewType

import pandas as pd

from imrml.config import Stage
from imrml.errors import LeakageError, TableError
from imrml.sentences import split_sentences

KnownAt = Literal["key", "rfa", "proxy", "imr", "determination"]
SubmissionFrame = NewType("SubmissionFrame", pd.DataFrame)
"""A frame made by :func:`submission_frame`: the only thing that features, models and scoring accept."""


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

REFUSED_COLUMNS = (
    "assigned_on", "decided_on", "reviewer_states", "reviewer_specialties", "decision", "maximus_guideline", "rationale",
    "deficiencies", "evidence",
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


def columns_at(stage: Stage) -> tuple[str, ...]:
    """Name the submission columns that are known at a stage.

    Examples
    --------
    >>> "claims_guideline" in columns_at("rfa"), "claims_guideline" in columns_at("imr")
    (False, True)
    """
    return tuple(column.name for column in SUBMISSION_COLUMNS if column.known_at in _KNOWN_AT_STAGE[stage])


# --- one request in several parts ------------------------------------------------------------------------------------

# "Massage 12 visits was the original request. Massage 4 visits was authorized by the Claims Administrator. The remaining ...
# portion of the original request, Massage 8 visits is"
_PART_AUTHORIZED = re.compile(
    r"^(?P<treatment>.+?),? (?:was|were) the original request\.?\s+(?P<authorized>.+?),? (?:was|were) authorized by the Claims "
    r"Administrator\.?\s+The remaining IMR[- ]eligible portion of the original request"
    r",?\s*(?P<disputed>.+?)(?:,?\s+(?:is|are))?$",
    re.IGNORECASE | re.DOTALL,
)
# "Purchase of a walker was the original request. The Claims Administrator authorized a walker for one month, leaving the
# original request IMR eligible. The original request, purchase of a walker is"
_OTHER_AUTHORIZED = re.compile(
    r"^(?P<treatment>.+?),? (?:was|were) the original request\.?\s+The Claims Administrator authorized (?P<authorized>.+?),? "
    r"leaving the original request IMR[- ]eligible\.?\s+The original request"
    r",?\s*(?P<disputed>.+?)(?:,?\s+(?:is|are))?$",
    re.IGNORECASE | re.DOTALL,
)


def split_item(item: str) -> tuple[str, str, str]:
    """Split an item as worded into what was first asked for, what was authorized and what is disputed.

    Returns
    -------
    treatment, authorized, disputed : str
        The last two are ``""`` unless the claims administrator authorized a part (about one item in ten).

    Examples
    --------
    >>> split_item("Purchase of a cane was the original request. The Claims Administrator authorized a cane for one month, "
    ...            "leaving the original request IMR eligible. The original request, purchase of a cane is")
    ('Purchase of a cane', 'a cane for one month', 'purchase of a cane')
    >>> split_item("Norco 10/325mg #60")
    ('Norco 10/325mg #60', '', '')
    """
    for pattern in (_PART_AUTHORIZED, _OTHER_AUTHORIZED):
        if match := pattern.match(item):
            return match["treatment"].strip(), match["authorized"].strip(), match["disputed"].strip()
    return item, "", ""


# --- what the narrative tells ----------------------------------------------------------------------------------------

_AGE = re.compile(r"\b(\d{1,3})\s*-?\s*(?:years?|yrs?|y)[\s.-]*(?:old|o\b)|\baged?\s+(\d{1,3})\b", re.IGNORECASE)
_SEX = re.compile(r"\b(?:(female|woman|she|her|hers)|(male|man|he|his|him))\b", re.IGNORECASE)


def _split_anywhere(words: str) -> str:
    """Turn words into a regex that also finds them split by an extractor: "diagn oses", "incl- uded"."""
    return "|".join("[- ]{0,2}".join(word) for word in words.split())


_DIAGNOSIS = re.compile(
    rf"\b(?:{_split_anywhere('diagnosis diagnoses diagnosed assessment impression')})s?\b"
    rf"(?:\s+(?:{_split_anywhere('includes included including include consisted consist')}"
    r"|was|were|are|is|of|as|with|for|to|have|has|been|and)\b)*"
    r"\s*:?\s*(?P<what>[^.;]{3,300})",
    re.IGNORECASE,
)


def derive_age(narrative: str) -> float | None:
    """Read the age in years from a narrative; None where it tells none between 10 and 110.

    Examples
    --------
    >>> derive_age("The injured worker is a 47-year-old female."), derive_age("A right-handed cook.")
    (47.0, None)
    """
    for match in _AGE.finditer(narrative):
        age = int(match[1] or match[2])
        if 10 <= age <= 110:
            return float(age)
    return None


def derive_sex(narrative: str) -> str:
    """Read the sex from a narrative's first telling word: ``"female"``, ``"male"`` or ``""``.

    Examples
    --------
    >>> derive_sex("A 47-year-old woman who fell"), derive_sex("The applicant fell")
    ('female', '')
    """
    match = _SEX.search(narrative)
    return "" if match is None else "female" if match[1] else "male"


def derive_diagnosis(narrative: str) -> str:
    """Read the diagnoses from a narrative; ``""`` where no sentence names any.

    Examples
    --------
    >>> derive_diagnosis("She was seen in May. Diagnoses included lumbar strain and insomnia. PT was ordered.")
    'lumbar strain and insomnia'
    """
    match = _DIAGNOSIS.search(narrative)
    return match["what"].strip() if match else ""


# The reviewer's judgement of the record, which nobody could know before: "Portions of the notes were illegible."
_JUDGES_THE_RECORD = re.compile(
    r"\billegib"
    r"|\bnot (?:legible|documented|provided|submitted|specified|included|indicated|noted|stated|discussed|described)\b"
    r"|\bnot clear(?:ly)?\b"
    r"|\bunclear\b|\bdid not (?:include|document|indicate|specify|provide|mention|discuss|describe|address)"
    r"|\b(?:no|lack of|without|insufficient|absence of) (?:\w+ ){0,3}"
    r"(?:documentation|documented|mention|rationale|indication|discussion)\b"
    r"|\bfail(?:s|ed|ure)? to (?:document|provide|include|specify|mention|indicate)"
    r"|\b(?:available|provided|submitted|sent|supplied) for (?:this )?review\b"
    r"|\bno (?:other )?(?:medical )?(?:records|reports?|notes)\b"
    r"|\bincomplete (?:record|document|report)",
    re.IGNORECASE,
)
# What utilization review said (DOMAIN 5); "modified duty" is a work status, not a UR decision.
_TELLS_UR = re.compile(
    r"\butili[sz]ation (?:review|management)\b|\bUR\b|\bnon-?\s?certif|\bcertifie[ds]\b|\bcertification of\b"
    r"|\bclaims administrator\b|\bphysician advis[eo]r\b|\b(?:denied|denial|deny)\b|\bmedically necessary\b"
    r"|\bmodified\b(?! (?:duty|duties|work|job|activit))"
    r"|\bweaning (?:purposes|is recommended)|\bpartially (?:approved|authorized)|\badverse determination",
    re.IGNORECASE,
)


def remove_sentences(narrative: str, stage: Stage) -> str:
    """Remove from a narrative the sentences that nobody could have written at the stage.

    Sentences in which the reviewer judges the record go always; sentences that tell what utilization review decided go for
    stage ``rfa``. Shown before and after on every model card, because what stays is still a proxy.

    Examples
    --------
    >>> told = "He had PT in May. Portions of the notes were illegible. Utilization review denied more PT on 6/1/15."
    >>> remove_sentences(told, "imr")
    'He had PT in May. Utilization review denied more PT on 6/1/15.'
    >>> remove_sentences(told, "rfa")
    'He had PT in May.'
    """
    kept = (
        sentence.text
        for sentence in split_sentences(narrative)
        if not _JUDGES_THE_RECORD.search(sentence.text) and not (stage == "rfa" and _TELLS_UR.search(sentence.text))
    )
    return " ".join(kept)


# --- the frame that features accept ----------------------------------------------------------------------------------


def submission_frame(items: pd.DataFrame, stage: Stage) -> SubmissionFrame:
    """Make the frame that features accept, from an item table or a submission table.

    Holds exactly the columns known at the stage, in their fixed order, with the index of ``items``. What is absent is derived
    (``treatment`` from ``item``; ``age``, ``sex``, ``diagnosis`` from the narrative) or empty; keys and everything known only
    after the review are left behind.

    Parameters
    ----------
    items : DataFrame
        Any table with a ``treatment`` or an ``item`` column.
    stage : {'rfa', 'imr'}
        When the prediction is made.

    Returns
    -------
    SubmissionFrame of shape (n_items, n_columns)
        Text columns are strings without missing values, ``age`` is float with NaN, dates are ``datetime64`` with NaT.

    Raises
    ------
    TableError
        Neither ``treatment`` nor ``item`` is a column.

    Examples
    --------
    >>> items = pd.DataFrame({"item": ["Norco 10/325mg #60"], "case_summary": ["A 51 year old man."], "rationale": ["..."]})
    >>> frame = submission_frame(items, "imr")
    >>> frame[["treatment", "age", "sex"]].to_dict("records"), "rationale" in frame
    ([{'treatment': 'Norco 10/325mg #60', 'age': 51.0, 'sex': 'male'}], False)
    """
    if "treatment" not in items and "item" not in items:
        raise TableError(f"no 'treatment' and no 'item' column among {sorted(map(str, items.columns))[:20]}; one is needed")
    text = {column.name: _texts(items, column.name) for column in SUBMISSION_COLUMNS if column.dtype == "string"}
    parts = [split_item(item) for item in text["item"]]
    for position, name in enumerate(("treatment", "authorized", "disputed")):
        text[name] = [given or part[position] for given, part in zip(text[name], parts, strict=True)]
    text["item"] = [given or treatment for given, treatment in zip(text["item"], text["treatment"], strict=True)]
    summaries = text["case_summary"]
    text["case_summary"] = [remove_sentences(summary, stage) for summary in summaries]
    text["sex"] = [_sex(given) or derive_sex(summary) for given, summary in zip(text["sex"], summaries, strict=True)]
    text["diagnosis"] = [
        given or derive_diagnosis(summary) for given, summary in zip(text["diagnosis"], text["case_summary"], strict=True)
    ]
    frame = pd.DataFrame(text, index=items.index).astype("str")
    given_ages = pd.to_numeric(items["age"], errors="coerce") if "age" in items else pd.Series(float("nan"), items.index)
    derived_ages = pd.Series([derive_age(summary) for summary in summaries], items.index, dtype=float)
    frame["age"] = given_ages.astype(float).fillna(derived_ages)
    for column in SUBMISSION_COLUMNS:
        if column.dtype == "date":
            dates = items[column.name] if column.name in items else pd.Series(pd.NaT, items.index)
            frame[column.name] = pd.to_datetime(dates, errors="coerce", format="ISO8601").astype("datetime64[s]")
    return SubmissionFrame(frame[list(columns_at(stage))])


def _texts(items: pd.DataFrame, name: str) -> list[str]:
    if name not in items:
        return [""] * len(items)
    return ["" if value is None or value != value else str(value).strip() for value in items[name]]


def _sex(given: str) -> str:
    return {"f": "female", "m": "male"}.get(given[:1].lower(), "")


# --- requests as they come -------------------------------------------------------------------------------------------

_ALIASES = {"notes": "case_summary"}
"""Words of claims staff for our columns: they have notes, not a case summary."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Submissions as somebody sent them, sorted into what can be scored and what is refused.

    Parameters
    ----------
    request_ids : tuple of str
        One a scored row.
    rows : tuple of int
        Row numbers of the scored rows in the table as it came, from 1.
    submissions : SubmissionFrame of shape (n_scored, n_columns)
        What can be scored.
    refused : tuple of (int, str)
        Row number and why, for each row that holds a column known only after the review.
    unknown_columns, late_columns : tuple of str
        Columns that were passed over because nobody knows them, or because they become known after the model's stage.
    """

    request_ids: tuple[str, ...]
    rows: tuple[int, ...]
    submissions: SubmissionFrame
    refused: tuple[tuple[int, str], ...]
    unknown_columns: tuple[str, ...]
    late_columns: tuple[str, ...]


def sort_requests(table: pd.DataFrame, stage: Stage) -> Requests:
    """Sort a submission table into what can be scored at a stage and what is refused, and why.

    Examples
    --------
    >>> table = pd.DataFrame({"treatment": ["Norco #60", "MRI of the knee"], "rationale": [None, "The request is supported."]})
    >>> requests = sort_requests(table, "imr")
    >>> requests.rows, requests.refused[0][0]
    ((1,), 2)
    >>> requests.refused[0][1]
    "column 'rationale' is written by the reviewer after the decision; a request cannot hold it: remove it and score again"
    """
    table = table.rename(columns={alias: name for alias, name in _ALIASES.items() if name not in table})
    late = [name for name in REFUSED_COLUMNS if name in table]
    refused = []
    for number, row in enumerate(table[late].to_dict("records"), start=1):
        if found := [name for name in late if _is_given(row[name])]:
            names = ", ".join(repr(name) for name in found)
            refused.append((number, _refusal(names, len(found))))
    refused_rows = {number for number, _ in refused}
    rows = [number for number in range(1, len(table) + 1) if number not in refused_rows]
    kept = table.iloc[[number - 1 for number in rows]]
    all_columns = [column.name for column in SUBMISSION_COLUMNS]
    known = {*all_columns, *REFUSED_COLUMNS, *IGNORED_COLUMNS, "request_id"}
    ids = _texts(kept, "request_id")
    return Requests(
        request_ids=tuple(given or f"request-{number}" for given, number in zip(ids, rows, strict=True)),
        rows=tuple(rows),
        submissions=submission_frame(kept, stage),
        refused=tuple(refused),
        unknown_columns=tuple(str(name) for name in table if name not in known),
        late_columns=tuple(name for name in all_columns if name in table and name not in columns_at(stage)),
    )


def _refusal(names: str, n_columns: int) -> str:
    noun, verb, pronoun = ("column", "is", "it") if n_columns == 1 else ("columns", "are", "them")
    return (
        f"{noun} {names} {verb} written by the reviewer after the decision; a request cannot hold {pronoun}: "
        f"remove {pronoun} and score again"
    )


def _is_given(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    if value is None or isinstance(value, float):
        return value is not None and value == value
    return not hasattr(value, "__len__") or len(value) > 0


def require_submission_columns(columns: Sequence[str], stage: Stage) -> None:
    """Raise unless columns are exactly those known at the stage: the alarm that rings where a frame was made elsewhere.

    Raises
    ------
    LeakageError
        Names the columns that do not belong.

    Examples
    --------
    >>> require_submission_columns([*columns_at("imr"), "rationale"], "imr")
    Traceback (most recent call last):
    imrml.errors.LeakageError: columns ['rationale'] are not known at stage 'imr'; make the frame with submission_frame()
    """
    foreign = [name for name in columns if name not in columns_at(stage)]
    if foreign:
        raise LeakageError(f"columns {foreign} are not known at stage {stage!r}; make the frame with submission_frame()")
