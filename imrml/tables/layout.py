"""Tables as clerks have them: where the headings stand, and what is no row of the table."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from imrml.errors import TableError
from imrml.phrases import pluralize

IsKnown = Callable[[str], bool]
"""Tells whether a heading names a column that is known."""
_LONGEST_HEADING, _MOST_DIGITS = 40, 2
_MOST_ABOVE = 50
"""Rows from the top among which the headings are looked for."""
_FOOTER = re.compile(
    # All of the cell, so that a total knee replacement is none.
    r"[\s*=_-]{0,9}(?:(?:grand |sub-?)?totals?"
    r"(?: (?:number|of|requests?|items?|rows?|records?|count)){0,4}"
    r"\s{0,3}[:=]?\s{0,3}[\d,.$]{0,20}"
    r"|page \d{1,5}(?: of \d{1,5})?"
    r"|end of (?:report|list|table|file|data)\b.{0,80}"
    r"|(?:prepared|printed|generated|created|exported) (?:by|on|at)\b.{0,200}"
    r"|confidential\b.{0,400}|legend:.{0,400}|source:.{0,400})"
    r"[\s*=_-]{0,9}",
    re.IGNORECASE,
)
ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)
"""What a spreadsheet program writes where a formula has no value."""


@dataclass(slots=True)
class Sheet:
    """Cells as they stand, before anybody knows which of them are headings.

    Parameters
    ----------
    rows : list of list
        None for what is empty.
    notes : list of str
        What a reader must be told of it.
    hidden : frozenset of int
        Places of rows that the program hides, from 0.
    is_hidden : bool
        Whether the sheet itself is hidden.
    trouble : str
        Why it could not be read to its end.
    """

    rows: list[list[Any]]
    notes: list[str] = field(default_factory=list)
    hidden: frozenset[int] = frozenset()
    is_hidden: bool = False
    trouble: str = ""

    def count_known(self, is_known: IsKnown) -> int:
        """Count the known headings of the row that holds most of them.

        Parameters
        ----------
        is_known : callable
            Tells whether a heading is known.

        Returns
        -------
        int
            0 where no row names anything known.
        """
        return find_headings(stand_upright(self, is_known).rows, is_known).n_known


@dataclass(frozen=True, slots=True)
class Headings:
    """Where the headings of a sheet stand.

    Parameters
    ----------
    place : int
        Row that holds them, from 0.
    names : tuple of str
        One a column; ``""`` for a column without.
    n_known : int
        How many different ones are known.
    """

    place: int
    names: tuple[str, ...]
    n_known: int


def find_headings(rows: Sequence[Sequence[Any]], is_known: IsKnown) -> Headings:
    """Find the row that names the columns: of the first fifty, the first that names most known.

    Where a title is merged over some columns and a second row names those, both together do.

    Parameters
    ----------
    rows : sequence of sequence
        Of a sheet.
    is_known : callable
        Tells whether a heading is known.

    Returns
    -------
    Headings
        The first row that is not empty where no row names anything known.

    Examples
    --------
    >>> rows = [["Requests in May", None], [None, None], ["Treatment", "Age"], ["Norco", 51]]
    >>> find_headings(rows, {"Treatment", "Age"}.__contains__)
    Headings(place=2, names=('Treatment', 'Age'), n_known=2)
    """
    first = next((place for place, row in enumerate(rows) if any(map(_is_given, row))), 0)
    best = _make_headings(rows, first, None, is_known)
    for place in range(first, min(len(rows), first + _MOST_ABOVE)):
        above = rows[place - 1] if place else None
        for other in (None, above):
            headings = _make_headings(rows, place, other, is_known)
            if headings.n_known > best.n_known:
                best = headings
    return best


def _make_headings(
    rows: Sequence[Sequence[Any]], place: int, above: Sequence[Any] | None, is_known: IsKnown
) -> Headings:
    row = list(rows[place]) if rows else []
    if above is not None:
        row += [None] * (len(above) - len(row))
        upper = [*above, *[None] * (len(row) - len(above))]
        row = [own if _is_given(own) else over for own, over in zip(row, upper, strict=True)]
    names = tuple(str(cell).strip() if _is_given(cell) else "" for cell in row)
    known = {name.lower() for name in names if name and is_known(name)}
    return Headings(place, names, len(known))


def _is_given(cell: Any) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def stand_upright(sheet: Sheet, is_known: IsKnown) -> Sheet:
    """Turn a sheet whose headings stand one below the other in its first column.

    Parameters
    ----------
    sheet : Sheet
        Of any kind.
    is_known : callable
        Tells whether a heading is known.

    Returns
    -------
    Sheet
        Turned, with a note; the same where a row names as much.
    """
    rows = sheet.rows[:_MOST_ABOVE]
    first = [row[0] if row else None for row in rows]
    n_known = len({str(cell) for cell in first if _is_given(cell) and is_known(str(cell))})
    if n_known < 2 or n_known <= find_headings(rows, is_known).n_known:
        return sheet
    width = max(map(len, sheet.rows))
    if len(sheet.rows) > _MOST_ABOVE or width < 2:
        return sheet
    full = [[*row, *[None] * (width - len(row))] for row in sheet.rows if any(map(_is_given, row))]
    turned = [list(column) for column in zip(*full, strict=True)]
    return Sheet(
        turned,
        [*sheet.notes, "headings stand one below the other; each further column is a request"],
        is_hidden=sheet.is_hidden,
    )


def choose_sheet(sheets: Sequence[Sheet], is_known: IsKnown) -> Sheet:
    """Choose the sheet that holds the headings, and tell of the others.

    Parameters
    ----------
    sheets : sequence of Sheet
        Of a workbook, at least one.
    is_known : callable
        Tells whether a heading is known.

    Returns
    -------
    Sheet
        The visible one with most known headings, the first of equals; a hidden one only where no
        visible one has any.
    """
    known = [sheet.count_known(is_known) for sheet in sheets]
    is_hidden = [sheet.is_hidden for sheet in sheets]
    places = [place for place in range(len(sheets)) if known[place]]
    places = [place for place in places if not is_hidden[place]] or places
    places = places or [place for place in range(len(sheets)) if not is_hidden[place]] or [0]
    chosen = max(places, key=lambda place: (known[place], -place))
    notes = []
    for place, sheet in enumerate(sheets):
        if place == chosen or not any(any(map(_is_given, row)) for row in sheet.rows):
            continue
        which = f"sheet {place + 1}"
        if sheet.is_hidden:
            notes.append(f"{which} is hidden and passed over")
        elif known[place] > 1:
            notes.append(
                f"{which} has known headings too and is passed over; save it as a file of its own"
            )
        else:
            notes.append(f"{which} has no known headings and is passed over")
    if sheets[chosen].is_hidden:
        notes.append(f"sheet {chosen + 1} is hidden and read, for no other has known headings")
    elif chosen and known[chosen]:
        notes.append(f"sheet {chosen + 1} is read")
    return replace(sheets[chosen], notes=[*notes, *sheets[chosen].notes])


def tabulate(
    sheet: Sheet, is_known: IsKnown, name: str, fields: str = ""
) -> tuple[list[str], list[list[Any]], list[str]]:
    """Take the table out of a sheet: headings, rows, and what a reader must be told.

    Parameters
    ----------
    sheet : Sheet
        With titles above, totals below and whatever else clerks have.
    is_known : callable
        Tells whether a heading is known.
    name : str
        Of the file, for messages.
    fields : str, default=""
        What separates the fields of a row, where text that holds it could shift them: a row longer
        than the headings is then refused.

    Returns
    -------
    names : list of str
        One a column, all different.
    rows : list of list
        As long as ``names``; None for what is empty.
    notes : list of str
        What was filled, passed over or read in spite of being hidden.

    Raises
    ------
    TableError
        A known heading stands twice, a row is longer than the headings, or another table stands
        below the first.
    """
    sheet = stand_upright(sheet, is_known)
    headings = find_headings(sheet.rows, is_known)
    names, notes = _name_columns(headings, sheet, is_known, name), list(sheet.notes)
    if n_above := sum(any(map(_is_given, row)) for row in sheet.rows[: headings.place]):
        notes.append(f"{pluralize(n_above, 'title row')} above the headings passed over")
    rows: list[list[Any]] = []
    # Of one table alone: what cells hold is not kept.
    is_heading = lru_cache(maxsize=1000)(is_known)
    n_filled, hidden, footers, repeats = 0, [], [], []
    below = enumerate(sheet.rows[headings.place + 1 :], start=headings.place + 1)
    for place, cells in below:
        if not any(map(_is_given, cells)):
            continue
        number = len(rows) + 1
        if len(cells) > len(headings.names) and _width(cells) > len(headings.names) and fields:
            raise TableError(
                f"{name}: row {number} has {pluralize(_width(cells), 'field')}, the header "
                f"{len(headings.names)}; quote fields that hold {fields}"
            )
        if not rows and place == headings.place + 1 and _is_hint(cells):
            notes.append("a row of hints below the headings passed over")
            continue
        if _repeats(cells, headings):
            repeats.append(number)
            continue
        if len(names) > 1 and _is_footer(cells):
            footers.append(number)
            continue
        _require_no_second_table(cells, headings, is_heading, f"{name}: row {number}")
        n_filled += len(cells) < len(names)
        if place in sheet.hidden:
            hidden.append(number)
        row = [*cells[: len(names)], *[None] * (len(names) - len(cells))]
        rows.append(_take_errors(row, names, number, notes))
    notes += _tell_rows(n_filled, hidden, footers, repeats)
    return names, rows, notes


def _name_columns(headings: Headings, sheet: Sheet, is_known: IsKnown, name: str) -> list[str]:
    below = sheet.rows[headings.place + 1 :]
    width = len(headings.names)
    if headings.n_known:
        width = max([width, *map(_width, below)])
    given = [*headings.names, *[""] * (width - len(headings.names))]
    names: list[str] = []
    for place, heading in enumerate(given):
        twice = [other for other, one in enumerate(given, start=1) if one == heading and heading]
        if len(twice) > 1 and is_known(heading):
            raise TableError(
                f"{name}: columns {', '.join(map(str, twice))} (from 1) share a name; "
                "give each its own"
            )
        unnamed = heading or f"column {place + 1} without a heading"
        names.append(f"{unnamed} ({place + 1})" if unnamed in names else unnamed)
    # What has neither a heading nor a cell is no column.
    while names and not given[len(names) - 1]:
        place = len(names) - 1
        if any(place < len(row) and _is_given(row[place]) for row in below):
            break
        names.pop()
    return names


def _width(cells: Sequence[Any]) -> int:
    return max((place for place, cell in enumerate(cells, start=1) if _is_given(cell)), default=0)


def _repeats(cells: Sequence[Any], headings: Headings) -> bool:
    words = [str(cell).strip() if _is_given(cell) else "" for cell in cells]
    own = list(headings.names)
    size = max(len(words), len(own))
    return [*words, *[""] * (size - len(words))] == [*own, *[""] * (size - len(own))]


def _is_hint(cells: Sequence[Any]) -> bool:
    given = [str(cell).strip() for cell in cells if _is_given(cell)]
    return len(given) > 1 and all(cell[0] == "(" and cell[-1] == ")" for cell in given)


def _is_footer(cells: Sequence[Any]) -> bool:
    given = [cell for cell in cells if _is_given(cell)]
    words = [cell for cell in given if isinstance(cell, str)]
    return len(given) <= 2 and len(words) >= 1 and _FOOTER.fullmatch(words[0]) is not None


def _require_no_second_table(
    cells: Sequence[Any], headings: Headings, is_heading: IsKnown, where: str
) -> None:
    words = [cell.strip() for cell in cells if isinstance(cell, str)]
    short = [
        word
        for word in words
        if 0 < len(word) <= _LONGEST_HEADING and sum(map(str.isdigit, word)) <= _MOST_DIGITS
    ]
    least = max(2, headings.n_known // 2, _width(cells) // 2 + 1)
    known: set[str] = set()
    for place, word in enumerate(short):
        if len(known) + len(short) - place < least:
            return
        if is_heading(word):
            known.add(word.lower())
    if len(known) >= least:
        raise TableError(f"{where} holds headings again, of another table; save it apart")


def _take_errors(row: list[Any], names: list[str], number: int, notes: list[str]) -> list[Any]:
    for place, cell in enumerate(row):
        if isinstance(cell, str) and cell.strip() in ERRORS:
            notes.append(f"row {number} {names[place]}: {cell.strip()} counts as empty")
            row[place] = None
    return row


def _tell_rows(
    n_filled: int, hidden: list[int], footers: list[int], repeats: list[int]
) -> Iterator[str]:
    if n_filled:
        yield f"{pluralize(n_filled, 'short row')} filled with empty cells"
    if hidden:
        yield f"hidden rows are read all the same: {', '.join(map(str, hidden[:20]))}"
    if footers:
        yield f"{pluralize(len(footers), 'row')} of totals or remarks passed over"
    if repeats:
        yield f"{pluralize(len(repeats), 'row')} with the headings again passed over"
