"""Columns of a table of requests: which of ours each means, and what those that mean one hold."""

import re
from collections.abc import Collection, Sequence
from itertools import count
from typing import Any

import pandas as pd

from imrml.config import Stage
from imrml.phrases import pluralize
from imrml.submissions.cells import RawColumns
from imrml.submissions.columns import DERIVED_FROM
from imrml.submissions.headings import (
    AGE_AND_SEX,
    ONE_OF,
    find_synonym,
    fold_heading,
    rank_heading,
    spell_headings,
)
from imrml.submissions.programmes import Programme, columns_at

_LINE_NUMBER = re.compile(r"\d{0,4}")
_ALIASES = {"notes": "case_summary"}
"""Words of claims staff for our columns: they have notes, not a case summary."""


def own_name(heading: str, programme: Programme) -> str | None:
    """Name the column whose own name a heading bears, in whatever case.

    Parameters
    ----------
    heading : str
        As a table spells it.
    programme : Programme
        Whose reviews.

    Returns
    -------
    str or None
        None where the heading is none of our names.
    """
    if programme.extra_columns and (extra := _find_extra(heading, programme)):
        return extra
    folded = "_".join(heading.lower().split())
    name = _ALIASES.get(folded, folded)
    name = programme.map_heading(heading) or name
    return name if name in programme.known_columns else None


def _find_extra(heading: str, programme: Programme) -> str | None:
    folded = fold_heading(heading)
    names = (column.name for column in programme.extra_columns)
    return next((name for name in names if fold_heading(name) == folded), None)


def spell_columns(columns: Sequence[str], programme: Programme) -> list[str]:
    """Spell the columns of a table of requests in the ways that tables are headed.

    Parameters
    ----------
    columns : sequence of str
        Of ours, those that a table may have.
    programme : Programme
        Whose reviews; of ``DMHC`` with the headings of the state's own files.

    Returns
    -------
    list of str
        The columns themselves, then whatever else is read as one of them; each once.

    Examples
    --------
    >>> from imrml.submissions.programmes import LETTERS
    >>> spell_columns(["case_summary"], LETTERS)[:4]
    ['case_summary', 'notes', 'case summary', 'Case summary']
    """
    own = [*columns, *(alias for alias, name in _ALIASES.items() if name in columns)]
    spelled = [
        spell(name.replace("_", " "))
        for name in own
        for spell in (str, str.capitalize, str.title, str.upper)
    ]
    read_as = {*columns, AGE_AND_SEX}
    headings = (*own, *spelled, *programme.list_headings(), *spell_headings(columns))
    return [*dict.fromkeys(one for one in headings if name_column(one, programme) in read_as)]


def name_column(heading: str, programme: Programme) -> str | None:
    """Name the column that a heading means: by its own name, else by a synonym.

    Parameters
    ----------
    heading : str
        As a table spells it.
    programme : Programme
        Whose reviews.

    Returns
    -------
    str or None
        A column or ``AGE_AND_SEX``; None where nobody knows the heading.
    """
    name = own_name(heading, programme) or find_synonym(heading)
    return name if name == AGE_AND_SEX or name in programme.known_columns else None


def columns_by_name(table: pd.DataFrame, programme: Programme) -> dict[str, list[Any]]:
    """Tell which columns of a table mean each of ours, the one of our own name first.

    Parameters
    ----------
    table : DataFrame
        As somebody sent it.
    programme : Programme
        Whose reviews.

    Returns
    -------
    dict of str to list
        Columns of the table by ours, or by their own name where nobody knows them.
    """
    by_name: dict[str, list[Any]] = {}
    for given in table:
        name = name_column(str(given), programme) or str(given)
        for one in ("age", "sex") if name == AGE_AND_SEX else (name,):
            by_name.setdefault(one, []).append(given)

    def rank(given: Any) -> tuple[bool, int]:
        is_own = own_name(str(given), programme) is not None
        return str(given) not in by_name, -1 if is_own else rank_heading(str(given))

    return {name: sorted(columns, key=rank) for name, columns in by_name.items()}


def find_line_numbers(table: pd.DataFrame, by_name: dict[str, list[Any]]) -> str:
    """Name a column ``Item`` that numbers the lines beside a treatment, and leave it out.

    Parameters
    ----------
    table : DataFrame
        As somebody sent it.
    by_name : dict of str to list
        From :func:`columns_by_name`; loses the column.

    Returns
    -------
    str
        Its heading; ``""`` where there is none.
    """
    if "treatment" not in by_name or len(by_name.get("item", ())) != 1:
        return ""
    [heading] = by_name["item"]
    cells = RawColumns.of(table, [heading]) if table.columns.is_unique else None
    if cells is None or not all(_LINE_NUMBER.fullmatch(text) for text in cells.texts(heading)):
        return ""
    del by_name["item"]
    return str(heading)


def read_columns(
    table: pd.DataFrame, name: str, columns: Sequence[Any], notes: list[str]
) -> list[Any]:
    """List what columns that mean one hold: together, or of some the first that holds anything.

    Parameters
    ----------
    table : DataFrame
        As somebody sent it.
    name : str
        Our column.
    columns : sequence
        Those of the table that mean it.
    notes : list of str
        Gets a sentence of what is passed over.

    Returns
    -------
    list
        A value a row, None for all that stands for nothing.
    """
    is_own = ["_".join(str(column).lower().split()) == name for column in columns]
    if name not in ONE_OF or len(columns) == 1 or all(is_own):
        return merge_columns(table, columns)
    cells = RawColumns.of(table, columns)
    ranks = [rank_heading(str(column)) for column in columns]
    values: list[Any] = []
    passed_over: dict[str, int] = {}
    for row in zip(*(cells.values(column) for column in columns), strict=True):
        given = [(place, value) for place, value in enumerate(row) if value is not None]
        same = [place for place, _ in given if ranks[place] == ranks[given[0][0]]]
        texts = [str(row[place]) for place in same]
        values.append("\n".join(texts) if len(texts) > 1 else row[same[0]] if same else None)
        for place in (place for place, _ in given if place not in same):
            heading = str(columns[place])
            passed_over[heading] = passed_over.get(heading, 0) + 1
    notes += [
        f"{heading} passed over in {pluralize(n, 'row')}: another column names the {what}"
        for heading, n in passed_over.items()
        for what in (name.replace("_", " ").replace(" id", ""),)
    ]
    return values


def number_claims(given_ids: list[str], headings: Sequence[Any], notes: list[str]) -> list[str]:
    """Tell the rows of one claim apart, where its number stands for a request's own.

    Parameters
    ----------
    given_ids : list of str
        As given, a row each.
    headings : sequence
        Of the columns that they come from.
    notes : list of str
        Gets a sentence where numbers stand twice.

    Returns
    -------
    list of str
        No two are equal, unless they stand under ``request_id`` itself.
    """
    if not headings or "request_id" in {"_".join(str(one).lower().split()) for one in headings}:
        return given_ids
    n_rows: dict[str, int] = {}
    ids, taken = [], set(given_ids)
    for given in given_ids:
        n_rows[given] = n_rows.get(given, 0) + 1
        name = given
        if given and n_rows[given] > 1:
            names = (f"{given} ({number})" for number in count(n_rows[given]))
            name = next(one for one in names if one not in taken)
            taken.add(name)
        ids.append(name)
    n_twice = sum(bool(given) and n > 1 for given, n in n_rows.items())
    if n_twice:
        notes.append(
            f"{pluralize(n_twice, 'number')} of {headings[0]} in several rows: the later ones are "
            "told apart as (2), (3) and so on"
        )
    return ids


def merge_columns(table: pd.DataFrame, columns: Sequence[Any]) -> list[Any]:
    """List what columns that mean one hold together.

    Parameters
    ----------
    table : DataFrame
        As somebody sent it.
    columns : sequence
        Of the table.

    Returns
    -------
    list
        A value a row, None for all that stands for nothing.
    """
    cells = RawColumns.of(table, columns)
    if len(columns) == 1:
        return cells.values(columns[0])
    texts = zip(*(cells.texts(column) for column in columns), strict=True)
    return ["\n".join(dict.fromkeys(filter(None, parts))) or None for parts in texts]


def find_absent(
    columns: Collection[str], stage: Stage, programme: Programme, expected: Collection[str] = ()
) -> tuple[str, ...]:
    """Name the columns that a model learned from and a table lacks.

    Parameters
    ----------
    columns : collection of str
        Of the table, by our names.
    stage : {'rfa', 'imr'}
        When the prediction is made; what becomes known later is never asked for.
    programme : Programme
        With the owner's columns, each of which counts.
    expected : collection of str, default=()
        Others that count; one in whose place another is read is absent only where that is too.

    Returns
    -------
    tuple of str
        Names, in the order of the programme.

    Examples
    --------
    >>> from imrml.submissions.programmes import LETTERS
    >>> expected = ["treatment", "diagnosis", "case_summary", "received_on"]
    >>> find_absent(["treatment", "case_summary"], "imr", LETTERS, expected)
    ('received_on',)
    >>> find_absent(["treatment", "case_summary", "ur_denied_on"], "imr", LETTERS, expected)
    ()
    >>> find_absent(["item"], "rfa", LETTERS, expected)
    ('diagnosis', 'case_summary')
    """
    wanted = {*expected, *(column.name for column in programme.extra_columns)}
    return tuple(
        name
        for name in columns_at(stage, programme)
        if name in wanted and not {name, *DERIVED_FROM.get(name, ())} & {*columns}
    )
