"""What is known before the review: the submission, its columns, and the only maker of the frame that features accept.

A submission reconstructed from a letter was written after the decision; :func:`submission_frame` removes from its narrative
what the reviewer could only say later, and for stage ``rfa`` also what utilization review said.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import not_
from typing import Any, Literal, NewType

import numpy as np
import pandas as pd

from imrml.cells import Cells, read_age, read_date, read_sex
from imrml.codes import join_codes, name_heading, read_age_band, read_code, split_codes
from imrml.config import Profile, Stage
from imrml.errors import LeakageError, TableError
from imrml.letter_signs import holds_determination
from imrml.narratives import derive_age, derive_diagnosis, derive_sex, remove_sentences
from imrml.wording import split_item

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

CODED_COLUMNS = (
    Column("treatment_category", "string", "the state's code", "rfa", "as coded, else read from the treatment"),
    Column("treatment_subcategory", "string", "the state's code", "rfa", ""),
    Column("diagnosis_category", "string", "the state's code", "rfa", "as coded, else read from the diagnosis"),
    Column("diagnosis_subcategory", "string", "the state's code", "rfa", ""),
    Column("age_band", "string", "0-10 | 11-20 ... 65+", "rfa", "as coded, else of the age"),
    Column("review_type", "string", "the state's code", "imr", "ground of the denial: medical necessity, experimental, urgent"),
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

_DATES = tuple(column.name for column in SUBMISSION_COLUMNS if column.dtype == "date")

LONGEST_NARRATIVE = 200_000
LONGEST_TEXT = 2_000
"""Characters of a request's narrative and of each other text; the longest in real letters are 4,794 and 774."""

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
    return tuple(column.name for column in columns_of(profile) if column.known_at in _KNOWN_AT_STAGE[stage])


# --- the frame that features accept ----------------------------------------------------------------------------------


def submission_frame(items: pd.DataFrame, stage: Stage, profile: Profile = "letters") -> SubmissionFrame:
    """Make the frame that features accept, from an item table or a submission table.

    Holds exactly the columns known at the stage, in their fixed order, with the index of ``items``. What is absent is derived
    (``treatment`` from ``item``; ``age``, ``sex``, ``diagnosis`` from the narrative) or empty; keys and everything known only
    after the review are left behind.

    Parameters
    ----------
    items : DataFrame
        Any table with a ``treatment`` or an ``item`` column, or of profile ``dmhc`` with a ``treatment_category``.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    profile : {'letters', 'dmhc'}
        Whose reviews.

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
    _require_treatment(items, profile)
    return _frame(Cells.of(items, [column.name for column in columns_of(profile)]), items.index, stage, profile)


def _require_treatment(columns: Iterable[Any], profile: Profile) -> None:
    if not set(columns) & {*NAMING_TREATMENT[profile]}:
        named = " and ".join(f"no {name!r}" for name in NAMING_TREATMENT[profile])
        # Another heading may be the first row of a table without headings, and so a record's text.
        known = sorted(_known_columns(profile) & {*map(str, columns)})
        n_others = len([*columns]) - len(known)
        found = ", ".join([*known, *([f"{n_others} under other headings"] if n_others else [])]) or "no column"
        raise TableError(f"{named} column; found: {found}; one is needed")


def _frame(cells: Cells, index: pd.Index, stage: Stage, profile: Profile) -> SubmissionFrame:
    if profile == "dmhc":
        cells = _with_codes(cells)
    text = {column.name: cells.texts(column.name) for column in columns_of(profile) if column.dtype == "string"}
    parts = [split_item(item) for item in text["item"]]
    for position, name in enumerate(("treatment", "authorized", "disputed")):
        text[name] = [given or part[position] for given, part in zip(text[name], parts, strict=True)]
    text["item"] = [given or treatment for given, treatment in zip(text["item"], text["treatment"], strict=True)]
    summaries = text["case_summary"]
    # The items of one case share their narrative, so each is read once.
    told = {summary: remove_sentences(summary, stage) for summary in set(summaries)}
    text["case_summary"] = [told[summary] for summary in summaries]
    text["sex"] = [read_sex(given) or derive_sex(summary) for given, summary in zip(text["sex"], summaries, strict=True)]
    diagnoses = {summary: derive_diagnosis(summary) for summary in set(compress(summaries, map(not_, text["diagnosis"])))}
    text["diagnosis"] = [given or diagnoses[summary] for given, summary in zip(text["diagnosis"], summaries, strict=True)]
    ages = [read_age(value) for value in cells.values("age")]
    columns: dict[str, Any] = {name: pd.array(texts, dtype="str") for name, texts in text.items()}
    told_ages = [derive_age(summary) if age is None else age for age, summary in zip(ages, summaries, strict=True)]
    columns["age"] = np.array(told_ages, dtype=float)
    columns |= {name: np.array([read_date(value) for value in cells.values(name)], dtype="datetime64[s]") for name in _DATES}
    return SubmissionFrame(pd.DataFrame({name: columns[name] for name in columns_at(stage, profile)}, index))


def _with_codes(cells: Cells) -> Cells:
    """Fill the codes from the text of treatment and diagnosis where they are absent, and that text from the codes."""
    filled: dict[str, list[str]] = {}
    for name in ("treatment", "diagnosis"):
        category, subcategory = columns = f"{name}_category", f"{name}_subcategory"
        texts = cells.texts(name)
        coded = zip(*(map(read_code, cells.texts(column)) for column in columns), strict=True)
        codes = [given if any(given) else split_codes(text) for given, text in zip(coded, texts, strict=True)]
        filled[name] = [text or join_codes(*code) for text, code in zip(texts, codes, strict=True)]
        filled[category], filled[subcategory] = ([code[place] for code in codes] for place in (0, 1))
    ages = ["" if age is None else f"{age:.0f}" for age in map(read_age, cells.values("age"))]
    bands = [read_age_band(band or age) for band, age in zip(cells.texts("age_band"), ages, strict=True)]
    return cells.assign({**filled, "age_band": bands, "review_type": list(map(read_code, cells.texts("review_type")))})


# --- requests as they come -------------------------------------------------------------------------------------------

_ALIASES = {"notes": "case_summary"}
"""Words of claims staff for our columns: they have notes, not a case summary."""


def _known_columns(profile: Profile) -> frozenset[str]:
    return frozenset({"request_id", *(column.name for column in columns_of(profile)), *REFUSED_COLUMNS, *IGNORED_COLUMNS})


@dataclass(frozen=True, slots=True)
class Requests:
    """Submissions as somebody sent them, sorted into what can be scored and what is refused.

    Parameters
    ----------
    request_ids : tuple of str
        One a scored row; no two are equal.
    rows : tuple of int
        Row numbers of the scored rows in the table as it came, from 1.
    submissions : SubmissionFrame of shape (n_scored, n_columns)
        What can be scored.
    refused : tuple of (int, str)
        Row number and why, for each row that holds a column known only after the review, a determination letter, a text that
        is too long, or the request id of a row above it.
    unknown_columns, late_columns : tuple of str
        Columns that were passed over because nobody knows them, or because they become known after the model's stage.
    unread : tuple of (int, str)
        Row number and column of each date that is neither ``YYYY-MM-DD`` nor ``MM/DD/YYYY`` and each age that is none between
        0 and 120; the row is scored as if the field were empty.
    """

    request_ids: tuple[str, ...]
    rows: tuple[int, ...]
    submissions: SubmissionFrame
    refused: tuple[tuple[int, str], ...]
    unknown_columns: tuple[str, ...]
    late_columns: tuple[str, ...]
    unread: tuple[tuple[int, str], ...]


def sort_requests(table: pd.DataFrame, stage: Stage, profile: Profile = "letters") -> Requests:
    """Sort a submission table into what can be scored at a stage and what is refused, and why.

    In profile ``dmhc`` columns may also bear the headings of the state's own files.

    Examples
    --------
    >>> table = pd.DataFrame({"treatment": ["Norco #60", "MRI of the knee"], "rationale": [None, "The request is supported."]})
    >>> requests = sort_requests(table, "imr")
    >>> requests.rows, requests.refused[0][0]
    ((1,), 2)
    >>> requests.refused[0][1]
    "column 'rationale' is written by the reviewer after the decision; a request cannot hold it: remove it and score again"
    """
    known = _known_columns(profile)
    by_name = _columns_by_name(table, profile)
    _require_treatment(by_name, profile)
    cells = Cells({name: _merged(table, columns) for name, columns in by_name.items() if name in known}, len(table))
    given_ids = cells.texts("request_id")
    refused: dict[int, str] = {}
    for find in (_find_late, _find_long, _find_letters):
        for number, why in find(cells):
            refused.setdefault(number, why)
    seen: dict[str, int] = {}
    for number, given in enumerate(given_ids, start=1):
        if given and number not in refused and seen.setdefault(given, number) != number:
            refused[number] = f"request_id is that of row {seen[given]}; give each request its own and score again"
    rows = [number for number in range(1, len(table) + 1) if number not in refused]
    places = [number - 1 for number in rows]
    kept = cells.take(places)
    all_columns = [column.name for column in columns_of(profile)]
    return Requests(
        request_ids=tuple(_name_requests(rows, given_ids)),
        rows=tuple(rows),
        submissions=_frame(kept, table.index[places], stage, profile),
        refused=tuple(sorted(refused.items())),
        unknown_columns=tuple(str(name) for name in by_name if name not in known),
        late_columns=tuple(name for name in all_columns if name in by_name and name not in columns_at(stage, profile)),
        unread=tuple(sorted(_find_unread(kept, rows, stage))),
    )


def name_columns(table: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Give columns our names, whatever their case and blanks; where several mean one, a row holds the text of all of them.

    Examples
    --------
    >>> list(name_columns(pd.DataFrame({"Treatment": ["MRI"], "Notes": ["Knee pain."], "Desk": [4]}), "letters"))
    ['treatment', 'case_summary', 'Desk']
    """
    by_name = _columns_by_name(table, profile)
    named = table[[columns[0] for columns in by_name.values()]].set_axis(list(by_name), axis="columns")
    for name, columns in by_name.items():
        if len(columns) > 1:
            named[name] = _merged(table, columns)
    return named


def names_column(heading: str) -> bool:
    """Tell whether a heading names a column of a request, in any profile; so does the separator of a CSV show.

    Examples
    --------
    >>> names_column("Date of Injury"), names_column("notes"), names_column("treatment;notes")
    (True, True, False)
    """
    return any(_name_column(heading, profile) for profile in NAMING_TREATMENT)


def _name_column(heading: str, profile: Profile) -> str | None:
    folded = "_".join(heading.lower().split())
    name = _ALIASES.get(folded, folded)
    if profile == "dmhc":
        name = name_heading(heading) or name
    return name if name in _known_columns(profile) else None


def _columns_by_name(table: pd.DataFrame, profile: Profile) -> dict[str, list[Any]]:
    """Tell which columns of a table mean each of ours, the one of our own name first; others stand under their own name."""
    by_name: dict[str, list[Any]] = {}
    for given in table:
        by_name.setdefault(_name_column(str(given), profile) or str(given), []).append(given)
    return {name: sorted(columns, key=name.__ne__) for name, columns in by_name.items()}


def _merged(table: pd.DataFrame, columns: Sequence[Any]) -> list[Any]:
    """List what columns that mean one hold together."""
    cells = Cells.of(table, columns)
    if len(columns) == 1:
        return cells.values(columns[0])
    texts = zip(*(cells.texts(column) for column in columns), strict=True)
    return ["\n".join(dict.fromkeys(filter(None, parts))) or None for parts in texts]


def _find_late(cells: Cells) -> Iterator[tuple[int, str]]:
    late = [name for name in REFUSED_COLUMNS if name in cells]
    for number, row in enumerate(zip(*(cells.values(name) for name in late), strict=True), start=1):
        if found := [name for name, value in zip(late, row, strict=True) if value is not None]:
            yield number, _refusal(", ".join(repr(name) for name in found), len(found))


def _find_long(cells: Cells) -> Iterator[tuple[int, str]]:
    for name in (column.name for column in SUBMISSION_COLUMNS + CODED_COLUMNS if column.dtype == "string"):
        most = LONGEST_NARRATIVE if name == "case_summary" else LONGEST_TEXT
        for number, text in enumerate(cells.texts(name), start=1):
            if len(text) > most:
                yield number, f"{name} holds {len(text):,} characters, at most {most:,} are read; shorten it and score again"


def _find_letters(cells: Cells) -> Iterator[tuple[int, str]]:
    for number, text in enumerate(cells.texts("case_summary"), start=1):
        if holds_determination(text):
            yield (
                number,
                (
                    "case_summary holds a final determination letter, which a reviewer writes after the decision; give what was "
                    "known before it, such as the RFA and its report (imrml parse reads letters)"
                ),
            )


def _find_unread(kept: Cells, rows: Sequence[int], stage: Stage) -> Iterator[tuple[int, str]]:
    for name, read in {"age": read_age, **dict.fromkeys(_DATES, read_date)}.items():
        if name in columns_at(stage):
            values = zip(rows, kept.values(name), strict=True)
            yield from ((number, name) for number, value in values if value is not None and read(value) is None)


def _name_requests(rows: Sequence[int], given_ids: Sequence[str]) -> Iterator[str]:
    """Yield an id a row: the given one, else ``request-`` and the row's number or the next that nobody took."""
    taken = set(given_ids)
    for row in rows:
        numbers = (f"request-{number}" for number in count(row))
        name = given_ids[row - 1] or next(name for name in numbers if name not in taken)
        taken.add(name)
        yield name


def _refusal(names: str, n_columns: int) -> str:
    noun, verb, pronoun = ("column", "is", "it") if n_columns == 1 else ("columns", "are", "them")
    return (
        f"{noun} {names} {verb} written by the reviewer after the decision; a request cannot hold {pronoun}: "
        f"remove {pronoun} and score again"
    )


def require_submission_columns(columns: Sequence[str], stage: Stage, profile: Profile = "letters") -> None:
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
