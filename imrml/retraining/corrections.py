"""Several determinations of one case: the newest replaces the others, whole.

A case may be decided anew, corrected, or sent again. All items of a case come from one
determination: the one decided last; of those decided on the same day, or where a day is unknown,
the one that arrived last. Letters and item tables obey the same rule.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from imrml.tables.files import read_table, write_table

_KEY = ("source", "case_number", "day", "digest")
_TYPES = {**dict.fromkeys(_KEY, "str"), "arrival": "int64", "is_present": "bool"}


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When each determination came into the drop folder, in counts, not in times.

    Parameters
    ----------
    table : DataFrame of shape (n_determinations, 6)
        ``source`` (file), ``case_number``, ``day`` (of the decision, ISO, or ``""``), ``digest`` of
        what it says, ``arrival`` (a number that grows), ``is_present`` (in the drop folder at the
        last look).
    """

    table: pd.DataFrame

    @classmethod
    def read(cls, path: Path) -> "Arrivals":
        """Read what :meth:`write` wrote.

        Parameters
        ----------
        path : Path
            Absent before the first look.

        Returns
        -------
        Arrivals
        """
        if not path.exists():
            return cls(pd.DataFrame(columns=list(_TYPES)).astype(_TYPES))
        return cls(read_table(path)[list(_TYPES)].astype(_TYPES))

    def write(self, path: Path) -> None:
        """Write it, mode 0600.

        Parameters
        ----------
        path : Path
            Replaced in one step.
        """
        write_table(self.table, path)

    def note(self, present: pd.DataFrame) -> "Arrivals":
        """Give what is new since the last look its number, in the order of the rows.

        What was there before and says the same keeps its number; what was changed, or was away at
        the last look, has come anew.

        Parameters
        ----------
        present : DataFrame of shape (n_present, 4)
            ``source``, ``case_number``, ``day``, ``digest`` of what is in the drop folder now.

        Returns
        -------
        Arrivals
        """
        key = list(_KEY)
        present = present[key].drop_duplicates(ignore_index=True)
        was_there = self.table[self.table["is_present"]]
        held = dict(zip(_tuples(was_there, key), was_there["arrival"], strict=True))
        last = int(self.table["arrival"].max()) if len(self.table) else 0
        arrivals = []
        for determination in _tuples(present, key):
            if determination not in held:
                last += 1
            arrivals.append(held.get(determination, last))
        now = present.assign(arrival=arrivals, is_present=True)
        gone = self.table.assign(is_present=False)
        table = pd.concat([now, gone]).drop_duplicates(key, keep="first", ignore_index=True)
        return Arrivals(table.astype(_TYPES))


def _tuples(table: pd.DataFrame, columns: list[str]) -> list[tuple[str, ...]]:
    return list(table[columns].itertuples(index=False, name=None))


def mark_determinations(items: pd.DataFrame, source: pd.Series) -> pd.DataFrame:
    """Find the determinations of a table: rows of one case, decided on one day, of one letter.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        With ``case_number``; ``decided_on`` and ``source_sha256`` where known.
    source : Series of str, length n_items
        File in the drop folder.

    Returns
    -------
    DataFrame of shape (n_items, 4)
        ``source``, ``case_number``, ``day``, ``digest``, with the index of ``items``.
    """
    cases = items["case_number"].astype("str")
    letter = _read_column(items, "source_sha256").fillna("").astype("str")
    days = pd.to_datetime(_read_column(items, "decided_on"), errors="coerce", format="ISO8601")
    # One letter is one determination; and a row without a date belongs to its case's last one.
    of_letter = days.groupby([source, cases, letter]).transform("max")
    days = days.where(days.notna() & (letter == ""), of_letter)
    marks = pd.DataFrame(
        {
            "source": source,
            "case_number": cases,
            "day": days.dt.strftime("%Y-%m-%d").fillna("").astype("str"),
        }
    )
    rows = items.drop(columns="source", errors="ignore").itertuples(index=False, name=None)
    content = pd.Series(map(repr, rows), index=items.index, dtype="object")
    digests = content.groupby([source, cases, marks["day"], letter]).agg(
        lambda rows: hashlib.sha256("\x1e".join(sorted(rows)).encode()).hexdigest()
    )
    of_row = zip(source, cases, marks["day"], letter, strict=True)
    return marks.assign(digest=[digests[each] for each in of_row])


def _read_column(items: pd.DataFrame, name: str) -> pd.Series:
    absent = pd.Series(None, index=items.index, dtype="object")
    return items.get(name, absent)


def keep_newest(
    items: pd.DataFrame, marks: pd.DataFrame, arrivals: Arrivals
) -> tuple[pd.DataFrame, int]:
    """Keep, of each case, the items of its newest determination.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Of letters and tables.
    marks : DataFrame of shape (n_items, 4)
        From :func:`mark_determinations`; rows as in ``items``.
    arrivals : Arrivals
        That knows all of them.

    Returns
    -------
    items : DataFrame
        In their order; an item that stands twice in one determination counts as it stands last.
    n_corrected : int
        Cases of which several determinations are known.
    """
    key = ["case_number", "day", "digest"]
    latest = arrivals.table.groupby(key)["arrival"].max()
    determinations = marks.drop_duplicates(key)[key].reset_index(drop=True)
    determinations["arrival"] = [int(latest.get(each, 0)) for each in _tuples(determinations, key)]
    is_dated = determinations.groupby("case_number")["day"].transform("min") != ""
    # Where one of a case's determinations has no day, days say nothing.
    ordered = determinations.assign(day_told=determinations["day"].where(is_dated, ""))
    newest = ordered.sort_values(["day_told", "arrival"]).drop_duplicates(
        "case_number", keep="last"
    )
    is_another = determinations["case_number"].duplicated()
    n_corrected = int(determinations.loc[is_another, "case_number"].nunique())
    wanted = set(_tuples(newest, key))
    is_wanted = [determination in wanted for determination in _tuples(marks, key)]
    kept = items[is_wanted].drop_duplicates(
        ["case_number", "item_number"], keep="last", ignore_index=True
    )
    return kept, n_corrected
