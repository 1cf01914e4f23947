"""What stands in a cell of somebody's table: text, an age, a sex, a day, or nothing."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

import pandas as pd

from imrml.errors import TableError

OLDEST = 120
"""Years; beyond, a number is no age."""
_YEARS = r"\s{0,3}-?\s{0,3}(?:y(?:ea)?rs?|y)?[\s./-]{0,3}(?:o(?:ld)?)?\.?"
_AGE = re.compile(
    rf"(?:age:?\s{{0,3}})?(\d{{1,3}}(?:\.\d)?){_YEARS}(?:[\s/,-]{{0,3}}(?:m|f|male|female))?"
    r"|(?:m|f|male|female)[\s/,-]{0,3}(\d{1,3})",
    re.IGNORECASE,
)
_SEX_BESIDE_AGE = re.compile(
    rf"\d{{1,3}}{_YEARS}[\s/,-]{{0,3}}(m|f|male|female)|(m|f|male|female)[\s/,-]{{0,3}}\d{{1,3}}",
    re.IGNORECASE,
)
_SERIAL = re.compile(r"[1-7]\d{4}")
"""From 1927 to 2119, as spreadsheet programs count days."""
_LAST_OF_2000S = 68
_DAY_ZERO = date(1899, 12, 30)
_SHORT_DATE = re.compile(
    r"(?P<month>\d{1,2})[/.-](?P<day>\d{1,2})[/.-](?P<year>\d{4}|\d{2})(?:\s{1,3}\d{1,2}:\d{2}.{0,10})?"
)
_AROUND_DATE = re.compile(
    r"^(?:mon|tues?|wed(?:nes|s)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b|(?<=\d)(?:st|nd|rd|th)\b|[,.-]",
    re.IGNORECASE,
)
_SEPTEMBER = re.compile(r"\bsept\b", re.IGNORECASE)
"""As many write it; no calendar of a computer does."""
_NAMED_DATES = (
    "%B %d %Y", "%b %d %Y", "%d %b %Y", "%d %B %Y", "%b %d %y", "%d %b %y", "%Y/%m/%d",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawColumns:
    """What the cells of a table hold, read once; a column that is absent holds nothing.

    Parameters
    ----------
    by_column : mapping of str to list
        Values of each column, None for all that stands for nothing.
    n_rows : int
        Length of each list.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [44, " ", None], "treatment": [" Norco", 97110, float("nan")]})
    >>> cells = RawColumns.of(table, ["age", "treatment", "sex"])
    >>> cells.values("age"), cells.texts("treatment"), cells.take([1, 0]).texts("sex")
    ([44, None, None], ['Norco', '97110', ''], ['', ''])
    """

    by_column: Mapping[str, list[Any]]
    n_rows: int

    @classmethod
    def of(cls, table: pd.DataFrame, names: Iterable[str]) -> Self:
        """Read those of the named columns that a table has.

        Parameters
        ----------
        table : DataFrame
            Any.
        names : iterable of str
            Columns that are asked for.

        Returns
        -------
        RawColumns
            With the columns that the table has.

        Raises
        ------
        TableError
            A table has more than one column of a name that is asked for.
        """
        names = list(names)
        for name in () if table.columns.is_unique else names:
            if (n_columns := int((table.columns == name).sum())) > 1:
                raise TableError(
                    f"{n_columns} columns are named {name!r}; give each a name of its own"
                )
        read = {
            name: [value if _is_given(value) else None for value in table[name]]
            for name in names
            if name in table
        }
        return cls(read, len(table))

    def __contains__(self, name: str) -> bool:
        """Tell whether the table has a column."""
        return name in self.by_column

    def values(self, name: str) -> list[Any]:
        """List what a column holds, None for all that stands for nothing.

        Parameters
        ----------
        name : str
            Column.

        Returns
        -------
        list
            One value a row.
        """
        return self.by_column.get(name) or [None] * self.n_rows

    def texts(self, name: str) -> list[str]:
        """List what a column holds as text, ``""`` for all that stands for nothing.

        Parameters
        ----------
        name : str
            Column.

        Returns
        -------
        list of str
            One text a row.
        """
        return ["" if value is None else str(value).strip() for value in self.values(name)]

    def take(self, rows: Sequence[int]) -> "RawColumns":
        """Give some rows alone, by their positions.

        Parameters
        ----------
        rows : sequence of int
            Positions, from 0.

        Returns
        -------
        RawColumns
            Those rows, in that order.
        """
        return RawColumns(
            {name: [values[row] for row in rows] for name, values in self.by_column.items()},
            len(rows),
        )

    def assign(self, columns: Mapping[str, list[Any]]) -> "RawColumns":
        """Put columns in the place of those of the same names, or beside.

        Parameters
        ----------
        columns : mapping of str to list
            Values by column, one a row.

        Returns
        -------
        RawColumns
            With those columns.
        """
        return RawColumns({**self.by_column, **columns}, self.n_rows)


def _is_given(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    if pd.api.types.is_scalar(value):
        return not pd.isna(value)
    return not hasattr(value, "__len__") or len(value) > 0


def read_sex(given: str) -> str:
    """Read ``female`` or ``male`` from a word, or from a sex beside an age.

    Parameters
    ----------
    given : str
        The word.

    Returns
    -------
    str
        ``""`` where it is neither.

    Examples
    --------
    >>> read_sex("F"), read_sex("44/M"), read_sex("44 y/o female"), read_sex("unknown")
    ('female', 'male', 'female', '')
    """
    if match := _SEX_BESIDE_AGE.fullmatch(given.strip()):
        given = match[1] or match[2]
    return {"f": "female", "m": "male"}.get(given[:1].lower(), "")


def read_age(value: Any) -> float | None:
    """Read an age in years.

    Parameters
    ----------
    value : object
        What a cell holds: a number, or words such as ``44 y/o``, also beside a sex.

    Returns
    -------
    float or None
        None where the value is no number from 0 to 120.

    Examples
    --------
    >>> [read_age(value) for value in ("44", "44 y/o", "44-year-old", "F/44", "forty")]
    [44.0, 44.0, 44.0, 44.0, None]
    """
    if isinstance(value, str) and (match := _AGE.fullmatch(value.strip())):
        value = match[1] or match[2]
    try:
        age = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return age if 0 <= age <= OLDEST else None


def read_date(value: Any) -> date | None:
    """Read a day from a date, an ISO date with or without a time of day, or a US date.

    A day as spreadsheet programs count it is read too: days since the end of 1899.

    Parameters
    ----------
    value : object
        What a cell holds.

    Returns
    -------
    date or None
        None where the value is none of these.

    Examples
    --------
    >>> read_date("03/01/2014"), read_date("2014-03-01T10:00:00Z"), read_date("in March")
    (datetime.date(2014, 3, 1), datetime.date(2014, 3, 1), None)
    >>> read_date(41699), read_date("3/1/14"), read_date("Mar 1, 2014"), read_date("1-Mar-14")
    (datetime.date(2014, 3, 1), datetime.date(2014, 3, 1), datetime.date(2014, 3, 1),
    datetime.date(2014, 3, 1))
    >>> read_date("Sept. 3rd, 2014"), read_date("Wed, Sep 3, 2014"), read_date("10/325")
    (datetime.date(2014, 9, 3), datetime.date(2014, 9, 3), None)
    """
    if isinstance(value, date):
        return value.date() if isinstance(value, datetime) else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    words = str(value).strip()
    if _SERIAL.fullmatch(words):
        return _DAY_ZERO + timedelta(days=int(words))
    try:
        return datetime.fromisoformat(words).date()
    except ValueError:
        return _read_us_date(words)


def _read_us_date(words: str) -> date | None:
    """Read a date with the month first; 69 to 99 are years of the last century."""
    short = _SHORT_DATE.fullmatch(words)
    if short:
        month, day, year = (int(short[name]) for name in ("month", "day", "year"))
        if len(short["year"]) == 2:
            year += 1900 if year > _LAST_OF_2000S else 2000
        try:
            return date(year, month, day)
        except ValueError:
            return None
    plain = _SEPTEMBER.sub("Sep", " ".join(_AROUND_DATE.sub(" ", words).split()))
    for form in _NAMED_DATES:
        try:
            return datetime.strptime(plain, form).date()
        except ValueError:
            continue
    return None
