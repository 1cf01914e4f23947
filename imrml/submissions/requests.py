"""Requests as people send them: sorted into what can be scored and what is refused, and why."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import pandas as pd

from imrml.config import Stage
from imrml.errors import TableError
from imrml.phrases import pluralize
from imrml.submissions.cells import RawColumns, read_age, read_date
from imrml.submissions.columns import DATE_COLUMNS, REFUSED_COLUMNS
from imrml.submissions.extra_columns import read_extra
from imrml.submissions.frame import SubmissionFrame, frame_of_cells, require_treatment
from imrml.submissions.headings import HeadingMap, fold_heading
from imrml.submissions.letter_detection import holds_determination
from imrml.submissions.programmes import LETTERS, PROGRAMMES, Programme, columns_at
from imrml.submissions.request_columns import (
    columns_by_name,
    find_absent,
    find_line_numbers,
    merge_columns,
    name_column,
    number_claims,
    own_name,
    read_columns,
)

LONGEST_NARRATIVE = 200_000
LONGEST_TEXT = 2_000
"""Characters of a request's narrative and of each other text; the longest in real letters are 4,794
and 774."""


MOST_ITEMS = 25
"""Items that one cell may list."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Submissions as somebody sent them, sorted into what can be scored and what is refused.

    Parameters
    ----------
    request_ids : tuple of str
        One a scored item; no two are equal. Of a row of several items ``ID#1``, ``ID#2`` and so on.
    item_numbers : tuple of int
        Number of each item in its row, from 1.
    rows : tuple of int
        Row numbers of the scored items in the table as it came, from 1.
    submissions : SubmissionFrame of shape (n_scored, n_columns)
        What can be scored.
    read_as : tuple of (str, str)
        Headings that are read as columns of other names, and those columns.
    notes : tuple of str
        What was filled, passed over or counted otherwise while the table was read; never text of a
        record.
    refused : tuple of (int, str)
        Row number and why, for each row that holds a column known only after the review, a
        determination letter, a text that is too long, or the request id of a row above it.
    unknown_columns, late_columns : tuple of str
        Columns that were passed over because nobody knows them, or because they become known after
        the model's stage.
    unread : tuple of (int, str)
        Row number and column of each date that is neither ``YYYY-MM-DD`` nor ``MM/DD/YYYY``, each
        age that is none between 0 and 120 and each number of the owner's own that is none; the row
        is scored as if the field were empty.
    absent_columns : tuple of str, default=()
        Columns that the model learned from and the table lacks: missing in every row.
    """

    request_ids: tuple[str, ...]
    item_numbers: tuple[int, ...]
    rows: tuple[int, ...]
    submissions: SubmissionFrame
    read_as: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    refused: tuple[tuple[int, str], ...]
    unknown_columns: tuple[str, ...]
    late_columns: tuple[str, ...]
    unread: tuple[tuple[int, str], ...]
    absent_columns: tuple[str, ...] = ()


def sort_requests(
    table: pd.DataFrame,
    stage: Stage,
    programme: Programme = LETTERS,
    split: Callable[[str], Sequence[str]] | None = None,
    first_row: int = 1,
    *,
    expected: Collection[str] = (),
) -> Requests:
    """Sort a submission table into what can be scored at a stage and what is refused, and why.

    Parameters
    ----------
    table : DataFrame
        Requests as somebody sent them, a row each.
    stage : {'rfa', 'imr'}
        When the prediction is made.
    programme : Programme, default=LETTERS
        Whose reviews; of ``DMHC`` columns may also bear the headings of the state's own files.
    split : callable of str to sequence of str, optional
        Splits a cell of ``treatment`` into its items, such as ``imrml.split_request``; each is a
        row of its own, with everything else of its row in common. A cell of ``item`` stays whole.
    first_row : int, default=1
        Number of the first row, where the table is a part of a longer one.
    expected : collection of str, default=()
        Columns that the model learned from, besides the owner's own.

    Returns
    -------
    Requests
        What can be scored, and what was refused, ignored or not read.

    Raises
    ------
    TableError
        No column names what is asked for.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {
    ...         "treatment": ["Norco #60", "MRI of the knee"],
    ...         "rationale": [None, "The request is supported."],
    ...     }
    ... )
    >>> requests = sort_requests(table, "imr")
    >>> requests.rows, requests.refused[0][0]
    ((1,), 2)
    >>> requests.refused[0][1]
    "column 'rationale' is written by the reviewer after the decision; a request
    cannot hold it: remove it and score again"
    """
    known = programme.known_columns
    by_name = columns_by_name(table, programme)
    notes = list(table.attrs.get("notes", ()))
    if line_numbers := find_line_numbers(table, by_name):
        notes.append(f"{line_numbers} holds numbers alone, which are no item: passed over")
    require_treatment(by_name, programme)
    cells = RawColumns(
        {
            name: read_columns(table, name, columns, notes)
            for name, columns in by_name.items()
            if name in known
        },
        len(table),
    )
    given_ids = number_claims(cells.texts("request_id"), by_name.get("request_id", []), notes)
    items = _list_items(cells, None if programme.code_columns else split)
    refused = _refuse_rows(cells, items, given_ids, programme)
    rows = [number for number in range(1, len(table) + 1) if number not in refused]
    scored = [
        _ScoredItem(row, f"{given}#{number}" if len(items[row - 1]) > 1 else given, number, text)
        for row, given in zip(rows, _name_requests(rows, given_ids, first_row), strict=True)
        for number, text in enumerate(items[row - 1], start=1)
    ]
    places = [item.row - 1 for item in scored]
    kept = cells.take(places)
    if "treatment" in kept:
        kept = kept.assign({"treatment": [item.treatment or None for item in scored]})
    unread = set(_find_unread(kept, [item.row for item in scored], stage, programme))
    n_before = first_row - 1
    return Requests(
        request_ids=tuple(item.request_id for item in scored),
        item_numbers=tuple(item.number for item in scored),
        rows=tuple(item.row + n_before for item in scored),
        submissions=frame_of_cells(kept, table.index[places], stage, programme),
        read_as=tuple(
            (str(heading), name)
            for name, headings in by_name.items()
            for heading in headings
            if name in known and own_name(str(heading), programme) != name
        ),
        notes=tuple(notes),
        refused=tuple((row + n_before, why) for row, why in sorted(refused.items())),
        unknown_columns=tuple(str(name) for name in by_name if name not in known),
        late_columns=tuple(
            column.name
            for column in programme.columns
            if column.name in by_name and column.name not in columns_at(stage, programme)
        ),
        unread=tuple((row + n_before, column) for row, column in sorted(unread)),
        absent_columns=find_absent(by_name, stage, programme, expected),
    )


class _ScoredItem(NamedTuple):
    """An item that can be scored, and the number of its row, from 1."""

    row: int
    request_id: str
    number: int
    treatment: str


def name_columns(table: pd.DataFrame, programme: Programme) -> pd.DataFrame:
    """Give columns our names, whatever their case and blanks.

    Parameters
    ----------
    table : DataFrame
        As somebody sent it.
    programme : Programme
        Whose reviews.

    Returns
    -------
    DataFrame
        Where several columns mean one, a row holds the text of all of them; columns that nobody
        knows keep their names.

    Raises
    ------
    TableError
        A heading stands in several columns.

    Examples
    --------
    >>> list(
    ...     name_columns(
    ...         pd.DataFrame({"Treatment": ["MRI"], "Notes": ["Knee pain."], "Desk": [4]}), LETTERS
    ...     )
    ... )
    ['treatment', 'case_summary', 'Desk']
    """
    if twice := [str(name) for name in table.columns[table.columns.duplicated()].unique()]:
        raise TableError(f"several columns are named {', '.join(twice)}; give each its own name")
    by_name = columns_by_name(table, programme)
    named = table[[columns[0] for columns in by_name.values()]].set_axis(
        list(by_name), axis="columns"
    )
    for name, columns in by_name.items():
        if len(columns) > 1:
            named[name] = merge_columns(table, columns)
    return named


def is_known_heading(heading: str, said: HeadingMap = HeadingMap()) -> bool:  # noqa: B008 - frozen
    """Tell whether a heading names a column of a request, in any programme.

    Parameters
    ----------
    heading : str
        As a file spells it.
    said : HeadingMap, optional
        What somebody says that headings mean.

    Returns
    -------
    bool
        Whether it is known; so headings and separator of a table show.

    Examples
    --------
    >>> [is_known_heading(words) for words in ("DOI", "notes", "treatment;notes")]
    [True, True, False]
    """
    return said.find(heading) is not None or any(
        name_column(heading, programme) for programme in PROGRAMMES.values()
    )


def rename_headings(table: pd.DataFrame, said: HeadingMap) -> pd.DataFrame:
    """Give columns the names that somebody says they have.

    Parameters
    ----------
    table : DataFrame
        Requests as somebody sent them.
    said : HeadingMap
        Our columns by heading.

    Returns
    -------
    DataFrame
        With those columns renamed.

    Raises
    ------
    TableError
        The table has no column of such a heading.

    Examples
    --------
    >>> said = HeadingMap.parse(["Wanted=treatment"], LETTERS.known_columns)
    >>> list(rename_headings(pd.DataFrame({"wanted": ["MRI"]}), said))
    ['treatment']
    """
    names = {given: name for given in table if (name := said.find(str(given)))}
    found = {fold_heading(str(given)) for given in names}
    if absent := [heading for heading in said.columns if heading not in found]:
        raise TableError(
            f"--map: no column is headed {', '.join(map(repr, absent))}; "
            f"the table has {pluralize(len(table.columns), 'column')} of other headings"
        )
    renamed = table.rename(columns=names)
    mapped = ", ".join(f"{given} = {name}" for given, name in names.items())
    renamed.attrs["notes"] = [*table.attrs.get("notes", ()), *[f"as told: {mapped}"] * bool(names)]
    return renamed


def _refuse_rows(
    cells: RawColumns,
    items: Sequence[Sequence[str]],
    given_ids: Sequence[str],
    programme: Programme,
) -> dict[int, str]:
    """Say of each row that cannot be scored why; of several reasons the first."""
    refused: dict[int, str] = {}
    for found in (_find_late(cells), _find_long(cells, programme), _find_letters(cells)):
        for number, why in found:
            refused.setdefault(number, why)
    seen: dict[str, int] = {}
    for number, given in enumerate(given_ids, start=1):
        if given and number not in refused and seen.setdefault(given, number) != number:
            refused[number] = (
                f"request_id is that of row {seen[given]}; give each request its own and score "
                "again"
            )
    for number, why in _find_crowded(items, given_ids):
        refused.setdefault(number, why)
    return refused


def _find_late(cells: RawColumns) -> Iterator[tuple[int, str]]:
    late = [name for name in REFUSED_COLUMNS if name in cells]
    for number, row in enumerate(zip(*(cells.values(name) for name in late), strict=True), start=1):
        if filled := [name for name, value in zip(late, row, strict=True) if value is not None]:
            yield number, _refusal(", ".join(repr(name) for name in filled), len(filled))


def _find_long(cells: RawColumns, programme: Programme) -> Iterator[tuple[int, str]]:
    texts = (one for known in (*PROGRAMMES.values(), programme) for one in known.columns)
    for name in dict.fromkeys(column.name for column in texts if column.dtype == "string"):
        most = LONGEST_NARRATIVE if name == "case_summary" else LONGEST_TEXT
        for number, text in enumerate(cells.texts(name), start=1):
            if len(text) > most:
                yield (
                    number,
                    f"{name} holds {len(text):,} characters, at most {most:,} are read; shorten "
                    "it and score again",
                )


def _find_letters(cells: RawColumns) -> Iterator[tuple[int, str]]:
    for number, text in enumerate(cells.texts("case_summary"), start=1):
        if holds_determination(text):
            yield (
                number,
                (
                    "case_summary holds a final determination letter, which a reviewer writes "
                    "after the decision; give what was "
                    "known before it, such as the RFA and its report (imrml parse reads letters)"
                ),
            )


def _list_items(
    cells: RawColumns, split: Callable[[str], Sequence[str]] | None
) -> list[Sequence[str]]:
    """List the items of each row: one, unless its cell of ``treatment`` lists several."""
    treatments = cells.texts("treatment")
    if split is None:
        return [[treatment] for treatment in treatments]
    return [
        [treatment] if item or len(treatment) > LONGEST_TEXT else split(treatment) or [treatment]
        for treatment, item in zip(treatments, cells.texts("item"), strict=True)
    ]


def _find_crowded(
    items: Sequence[Sequence[str]], given_ids: Sequence[str]
) -> Iterator[tuple[int, str]]:
    taken = set(given_ids)
    for number, (row_items, given) in enumerate(zip(items, given_ids, strict=True), start=1):
        if len(row_items) > MOST_ITEMS:
            yield (
                number,
                f"treatment lists {len(row_items):,} items, at most {MOST_ITEMS} are read; spread "
                "them over several rows and score again",
            )
        elif len(row_items) > 1 and given:
            own_ids = {f"{given}#{place}" for place in range(1, len(row_items) + 1)}
            if not own_ids.isdisjoint(taken):
                yield (
                    number,
                    f"treatment lists {len(row_items)} items, and another row bears the request_id "
                    "that one of them would get; give each request its own and score again",
                )


def _find_unread(
    kept: RawColumns, rows: Sequence[int], stage: Stage, programme: Programme
) -> Iterator[tuple[int, str]]:
    for column in programme.extra_columns:
        values = zip(rows, kept.values(column.name), strict=True)
        yield from (
            (number, column.name)
            for number, value in values
            if value is not None and read_extra(column, value) is None
        )
    for name, read in {"age": read_age, **dict.fromkeys(DATE_COLUMNS, read_date)}.items():
        if name in columns_at(stage):
            values = zip(rows, kept.values(name), strict=True)
            yield from (
                (number, name)
                for number, value in values
                if value is not None and read(value) is None
            )


def _name_requests(rows: Sequence[int], given_ids: Sequence[str], first_row: int) -> Iterator[str]:
    """Yield an id a row: the given one, else ``request-`` and the next number that nobody took."""
    taken = set(given_ids)
    for row in rows:
        numbers = (f"request-{number}" for number in count(row + first_row - 1))
        name = given_ids[row - 1] or next(name for name in numbers if name not in taken)
        taken.add(name)
        yield name


def _refusal(names: str, n_columns: int) -> str:
    noun, verb, pronoun = ("column", "is", "it") if n_columns == 1 else ("columns", "are", "them")
    return (
        f"{noun} {names} {verb} written by the reviewer after the decision; a request cannot hold "
        f"{pronoun}: "
        f"remove {pronoun} and score again"
    )
