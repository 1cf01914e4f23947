"""Read item tables of any origin: recognize their headings, and normalize words and numbers."""

import re
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from imrml.determinations import ITEM_COLUMNS
from imrml.errors import TableWarning
from imrml.features import split_request
from imrml.phrases import pluralize
from imrml.submissions.cells import RawColumns, read_date
from imrml.submissions.dmhc_codes import read_decision
from imrml.submissions.headings import AGE_AND_SEX, HeadingMap, find_synonym, fold_heading
from imrml.submissions.programmes import LETTERS, PROGRAMMES, Programme
from imrml.submissions.request_columns import (
    find_line_numbers,
    own_name,
    read_columns,
)
from imrml.submissions.requests import rename_headings
from imrml.tables.files import read_table
from imrml.yaml_tables import read_yaml

_DATES = tuple(column.name for column in ITEM_COLUMNS if column.dtype == "date")
_KNOWN = frozenset(column.name for column in ITEM_COLUMNS)
_ITEM_NUMBER = re.compile(
    r"(?:item|line)?\s{0,2}(?:no\.?|number)?\s{0,2}#?\s{0,2}(\d{1,4})(?:\.0)?[.):]?"
    r"(?:\s{0,2}(?:of|/)\s{0,2}\d{1,4})?",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\n|(?<!\w)#?\d{1,2}[.)]\s")
"""What a cell that lists several items holds; all others are not looked at closer."""
_YES, _NO = frozenset({"yes", "y", "true", "t", "1"}), frozenset({"no", "n", "false", "f", "0"})
_SAYS_UPHELD = re.compile(r"\bupheld\b")
_SAYS_OVERTURNED = re.compile(r"\boverturned\b")


@cache
def _words() -> dict[str, Any]:
    return dict(read_yaml("imrml.corpus", "item_headings.yaml"))


@cache
def _columns_by_heading() -> dict[str, str]:
    ours = {fold_heading(name): name for name in _KNOWN}
    return ours | {
        fold_heading(heading): column
        for column, headings in _words()["headings"].items()
        for heading in headings
    }


@cache
def _passed_over() -> frozenset[str]:
    return frozenset(map(fold_heading, _words()["passed_over"]))


@cache
def _decisions() -> dict[str, str]:
    return {word: decision for decision, words in _words()["decisions"].items() for word in words}


def name_item_column(heading: str, programme: Programme = LETTERS) -> str | None:
    """Name the column of an item table that a heading means.

    Parameters
    ----------
    heading : str
        As a table spells it.
    programme : Programme, default=LETTERS
        Whose reviews.

    Returns
    -------
    str or None
        None where nobody knows the heading, or where it may stand above the reviewer's words.

    Examples
    --------
    >>> [name_item_column(one) for one in ("Decision", "Outcome", "Tx requested", "Findings")]
    ['decision', 'decision', 'treatment', None]
    """
    folded = fold_heading(heading)
    if own := own_name(heading, programme):
        return own if own != "request_id" else None
    if folded in _passed_over():
        return None
    if named := _columns_by_heading().get(folded):
        return named
    meant = find_synonym(heading)
    known = {column.name for column in programme.columns}
    return meant if meant in known or meant == AGE_AND_SEX else None


def is_item_heading(heading: str) -> bool:
    """Tell whether a heading names a column of an item table, in any programme.

    Parameters
    ----------
    heading : str
        As a file spells it.

    Returns
    -------
    bool
        So headings and separator of a CSV show.
    """
    return any(name_item_column(heading, one) for one in PROGRAMMES.values())


def read_item_table(
    path: str | Path,
    headings: Sequence[str] = (),
    is_wanted: Callable[[str], bool] | None = None,
) -> pd.DataFrame:
    r"""Read an item table, in a CSV or workbook whatever its separator and where its headings are.

    Parameters
    ----------
    path : str or Path
        As :func:`imrml.read_table` takes it: a file, a folder of Parquet parts, a glob of them, an
        address of ``fsspec``, or ``-``.
    headings : sequence of str, default=()
        What headings mean, as ``HEADING=COLUMN``; common ones are known without it.
    is_wanted : callable, optional
        Tells by its name among ours whether a column is used: of Parquet the others are not read.

    Returns
    -------
    DataFrame of shape (n_items, n_columns)
        With the headings of the file, but for those in ``headings``; :func:`name_items` names them.

    Raises
    ------
    TableError
        It cannot be read, or ``headings`` name none of it.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "items.csv")
    >>> _ = path.write_text("Case #;Tx;Outcome\nA-1;Norco, 60;1\n")
    >>> read_item_table(path).to_dict("records")
    [{'Case #': 'A-1', 'Tx': 'Norco, 60', 'Outcome': '1'}]
    """
    known = frozenset(name for one in PROGRAMMES.values() for name in one.known_columns)
    said = HeadingMap.parse(headings, known)

    def is_read(heading: str) -> bool:
        name = said.find(heading) or name_item_column(heading) or heading
        return name == AGE_AND_SEX or is_wanted is None or is_wanted(name)

    table = read_table(
        path,
        lambda heading: said.find(heading) is not None or is_item_heading(heading),
        None if is_wanted is None else is_read,
    )
    return rename_headings(table, said) if headings else table


def name_items(
    items: pd.DataFrame, programme: Programme = LETTERS, command: str = "item table"
) -> pd.DataFrame:
    """Give an item table our headings, words and numbers; one that has them stays as it is.

    Warns with one :class:`~imrml.errors.TableWarning` of what was read as what, in headings and
    numbers alone, never text of a record.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        As somebody made it.
    programme : Programme, default=LETTERS
        Whose reviews.
    command : str, default='item table'
        Who reads it; the warning begins with it.

    Returns
    -------
    DataFrame of shape (n_items or more, n_columns)
        Columns that nobody knows are kept. Where no ``item_number`` is given, items are counted
        within their case, and a cell that lists several becomes a row each.

    Examples
    --------
    >>> import warnings
    >>> table = pd.DataFrame({"Claim #": ["A", "A"], "Tx": ["MRI", "Norco"], "Outcome": [1, 0]})
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     items = name_items(table)
    >>> items.to_dict("records")[0]
    {'case_number': 'A', 'treatment': 'MRI', 'decision': 'overturned', 'item_number': 1}
    >>> print(str(caught[0].message).split("; ")[0])
    item table: read as: Claim # = case_number, Tx = treatment, Outcome = decision
    """
    notes = list(items.attrs.get("notes", ()))
    named, heading = _name_columns(items, programme, notes)
    named = _read_dates(_number_items(named, notes), notes)
    if "decision" in named:
        named = _read_decisions(named, heading, notes)
    if named is not items:
        named.attrs["notes"] = []  # they are told now
    if notes:
        warnings.warn(f"{command}: {'; '.join(notes)}", TableWarning, stacklevel=3)
    return named


def _name_columns(
    items: pd.DataFrame, programme: Programme, notes: list[str]
) -> tuple[pd.DataFrame, str]:
    """Name columns; gives the heading of the decisions too, which may say what 1 means."""
    if not items.columns.is_unique:
        return items, ""
    by_name = _headings_by_name(items, programme)
    heading = str(by_name.get("decision", [""])[0])
    if all([str(one) for one in columns] == [name] for name, columns in by_name.items()):
        return items, heading
    submitted = {column.name for column in programme.columns}
    renamed = {
        name: items[given[0]]
        if name not in submitted or len(given) == 1
        else pd.Series(read_columns(items, name, given, notes), items.index, dtype=object)
        for name, given in by_name.items()
    }
    read_as = [
        f"{given} = {name}"
        for name, all_given in by_name.items()
        for given in (all_given if name in submitted else all_given[:1])
        if str(given) != name
    ]
    notes.append(f"read as: {', '.join(read_as)}")
    beside = [
        str(one) for name, given in by_name.items() if name not in submitted for one in given[1:]
    ]
    if beside:
        notes.append(f"passed over beside a column that means the same: {', '.join(beside)}")
    return pd.DataFrame(renamed, items.index), heading


def _headings_by_name(items: pd.DataFrame, programme: Programme) -> dict[str, list[Any]]:
    """List the headings that mean each column, its own name first."""
    by_name: dict[str, list[Any]] = {}
    known = _KNOWN | {column.name for column in programme.columns}
    ours = known & {str(given) for given in items}
    for given in items:
        meant = str(given) if str(given) in ours else name_item_column(str(given), programme)
        # Beside our own name, another heading of that meaning is a column of its own.
        name = None if meant in ours and str(given) not in ours else meant
        for one in ("age", "sex") if name == AGE_AND_SEX else (name or str(given),):
            by_name.setdefault(one, []).append(given)
    for name, headings in by_name.items():
        headings.sort(key=lambda given, name=name: str(given) != name)  # type: ignore[misc]
    if (numbers := find_line_numbers(items, by_name)) and "item_number" not in by_name:
        by_name["item_number"] = [numbers]
    return by_name


def _number_items(items: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    if "case_number" not in items or items.empty:
        return items
    if "item_number" in items and items["item_number"].notna().any():
        if pd.api.types.is_integer_dtype(items["item_number"]):
            return items
        matches = [_ITEM_NUMBER.fullmatch(str(cell).strip()) for cell in items["item_number"]]
        read = [
            int(match[1]) if match else cell
            for match, cell in zip(matches, items["item_number"], strict=True)
        ]
        return items.assign(item_number=pd.Series(read, items.index, dtype=object))
    items = _split_lists(items, notes)
    cases = items["case_number"].astype("str")
    counted = items.groupby(cases, sort=False, dropna=False).cumcount() + 1
    notes.append("no item_number: the rows of each case_number are counted in their order")
    return items.assign(item_number=counted.astype("int64"))


def _split_lists(items: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Make a row of each item that a cell lists, with all else of its row in common."""
    name = "treatment" if "treatment" in items else "item"
    if name not in items:
        return items
    cells = RawColumns.of(items, [name]).texts(name)
    listed = [split_request(cell) if _LISTED.search(cell) else [cell] for cell in cells]
    if all(len(one) == 1 and one[0] == cell for one, cell in zip(listed, cells, strict=True)):
        return items
    rows = [row for row, one in enumerate(listed) for _ in one or [""]]
    n_split = sum(len(one) > 1 for one in listed)
    if n_split:
        notes.append(
            f"{pluralize(n_split, 'row')} that list several items: each item has the row's decision"
        )
    split = items.iloc[rows].reset_index(drop=True)
    return split.assign(**{name: [item for one in listed for item in one or [""]]})


def _read_dates(items: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Write days in words or as spreadsheets count them as ISO dates."""
    turned = {}
    for name in items.columns.intersection(list(_DATES)):
        if pd.api.types.is_datetime64_any_dtype(items[name]):
            continue
        cells = RawColumns.of(items, [name]).values(name)
        read = {cell: read_date(cell) for cell in set(map(_hashable, cells)) if cell is not None}
        days = [
            None if cell is None or (day := read[_hashable(cell)]) is None else day.isoformat()
            for cell in cells
        ]
        unread = [
            row for row, cell in enumerate(cells, 1) if cell is not None and not days[row - 1]
        ]
        if unread:
            notes.append(
                f"{name} is no date in {pluralize(len(unread), 'row')}, first in {unread[:5]} "
                "(from 1): counted as empty"
            )
        if days != cells:
            turned[name] = pd.Series(days, items.index, dtype="str")
    return items.assign(**turned) if turned else items


def _hashable(cell: Any) -> Any:
    return cell if isinstance(cell, str | int | float) or hasattr(cell, "isoformat") else str(cell)


def _read_decisions(items: pd.DataFrame, heading: str, notes: list[str]) -> pd.DataFrame:
    """Write decisions in our words; under a heading that says "upheld", yes and 1 mean upheld."""
    column = items["decision"]
    if column.isin(["upheld", "overturned"]).all():
        return items
    folded = fold_heading(heading)
    yes = "upheld" if _SAYS_UPHELD.search(folded) else "overturned"
    no = "overturned" if yes == "upheld" else "upheld"
    said = _SAYS_UPHELD.search(folded) or _SAYS_OVERTURNED.search(folded)
    read: Callable[[str], str | None] = _decisions().get
    counts: dict[str, str] = {}
    decisions = []
    for cell in column:
        word = _plain_word(cell)
        meant = read(word) or read_decision(word) or None
        is_number = word in {"0", "1"} or isinstance(cell, bool)
        if meant is None and (said or is_number) and word in _YES | _NO:
            meant = yes if word in _YES else no
            counts[word] = meant
        decisions.append(meant or cell)
    if counts:
        words = ", ".join(f"{word} = {meant}" for word, meant in sorted(counts.items()))
        notes.append(f"{heading}: {words}")
    return items.assign(decision=pd.Series(decisions, items.index, dtype=object))


def _plain_word(cell: Any) -> str:
    word = " ".join(str(cell).lower().split())
    return word.removesuffix(".0").removesuffix(".")
