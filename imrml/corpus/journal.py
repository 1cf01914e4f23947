"""What was parsed so far, on disk: a killed run goes on, and memory stays the same.

The journal is an SQLite file beside the output, or in the state folder where that is written to an
address, mode 0600; it goes away once the output is in place. Letters already held come first, new
ones after them in the order of the inputs. What was not read is read again by the next run that
resumes: its cause may be gone. A letter is known by the hash of its bytes; its copies are counted,
not kept.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from imrml.config import state_dir
from imrml.corpus.item_table import PARSED_COLUMNS, item_rows
from imrml.errors import ImrmlError, TableError
from imrml.tables.addresses import is_remote, is_there, on_disk
from imrml.tables.files import iter_table, read_table

JOURNALS = "journals"
"""Folder of the state folder for journals of outputs that are elsewhere."""
_SECONDS_AT_RISK = 0.5
"""How much work a killed run may lose: writing to disk more often costs more than it saves."""

_SCHEMA = """
    CREATE TABLE letters (
        position INTEGER PRIMARY KEY, sha256 TEXT UNIQUE NOT NULL, source TEXT NOT NULL,
        n_items INTEGER NOT NULL, is_verified INTEGER NOT NULL, rows TEXT NOT NULL
    );
    CREATE TABLE failures (
        position INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, reason TEXT NOT NULL,
        detail TEXT NOT NULL, "offset" INTEGER
    );
    CREATE INDEX failures_by_source ON failures (source);
    CREATE TABLE columns AS SELECT '{columns}' AS names;
"""
_COLUMNS = ",".join(column.name for column in PARSED_COLUMNS)
_PART_ROWS = 1000
"""Rows that are held at once; a letter's stay together."""


def _place(out: str) -> Path:
    """Give the path of a journal: beside the output, or in the state folder for one elsewhere.

    It holds what letters say, so it lies in no folder that is called after an address.
    """
    name = out.rstrip("/")
    if not is_remote(out):
        return Path(f"{on_disk(name)}.journal")
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return state_dir() / JOURNALS / f"{digest}.journal"


class Journal:
    """The letters of one output, kept as they are parsed; a context manager.

    Parameters
    ----------
    out : str
        The item table that is being made; ``"-"`` has a journal without a name.
    failures : str or Path
        Its failures file, read where ``resume`` finds a complete output.
    resume : bool
        Go on with the journal of an interrupted run, else with the output and failures that are
        there; else start anew.

    is_barred : callable, optional
        Takes a case number; letters of a case for which it is true are never held.

    Raises
    ------
    ImrmlError
        Another run is writing the same output, or there is something that cannot be resumed.

    Examples
    --------
    >>> with Journal("-", Path("failures.jsonl"), resume=False) as journal:
    ...     journal.is_new("a.txt", "00")
    True
    """

    def __init__(
        self,
        out: str,
        failures: str | Path,
        *,
        resume: bool,
        is_barred: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._is_barred = is_barred
        self.path = None if out == "-" else _place(out)
        self.n_new = self.n_held = self.n_copies = self.n_lost = 0
        try:
            self._database = self._open()
            self.was_interrupted = bool(
                self._all("SELECT 1 FROM sqlite_master WHERE name = 'columns'")
            )
        except sqlite3.OperationalError:
            raise ImrmlError(
                f"{self.path}: in use, another run is writing {out}; wait for it"
            ) from None
        except sqlite3.DatabaseError:
            raise ImrmlError(
                f"{self.path}: not a journal of imrml, or damaged; "
                "remove it and run without --resume"
            ) from None
        if self.was_interrupted and resume:
            if self._all("SELECT names FROM columns") != [(_COLUMNS,)]:
                raise ImrmlError(
                    f"{self.path}: made by another version of imrml; run without --resume"
                )
        else:
            self._start(out if resume else None, failures)
        [(self._n_old_letters,)] = self._all("SELECT ifnull(max(position), 0) FROM letters")
        [(self._n_old_failures,)] = self._all("SELECT ifnull(max(position), 0) FROM failures")
        self._committed = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run("COMMIT")
        self._database.close()

    def _open(self) -> sqlite3.Connection:
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(self.path or "", isolation_level=None, timeout=0)
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        return database

    def _start(self, out: str | None, failures: str | Path) -> None:
        """Make the tables and take over a complete output.

        All in one step: a journal that has tables has everything.
        """
        for name in ("letters", "failures", "columns"):
            self._run(f"DROP TABLE IF EXISTS {name}")
        for statement in _SCHEMA.format(columns=_COLUMNS).split(";"):
            self._run(statement)
        if out and is_there(out):
            self._take_over(out)
            if is_there(failures):
                for row in read_table(failures).to_dict("records"):
                    offset = pd.to_numeric(row["offset"], errors="coerce")
                    names = ("source", "reason", "detail")
                    self._fail(
                        {name: row[name] for name in names}
                        | {"offset": None if pd.isna(offset) else int(offset)}
                    )
        self._run("COMMIT")
        self._run("BEGIN EXCLUSIVE")

    def _take_over(self, out: str) -> None:
        def rows() -> Iterator[dict[str, Any]]:
            for part in iter_table(out):
                if ",".join(part.columns) != _COLUMNS:
                    raise TableError(
                        f"{out}: its columns are not those that parse writes, "
                        "so it cannot be resumed; name another"
                    )
                yield from item_rows(part)

        for sha256, of_letter in groupby(rows(), lambda row: str(row["source_sha256"])):
            self._hold(sha256, list(of_letter))

    def is_new(self, source: str, sha256: str | None) -> bool:
        """Tell whether a letter is still to be parsed, and count it if not.

        Parameters
        ----------
        source : str
            Its file.
        sha256 : str or None
            Hash of its bytes; None where they could not be read.

        Returns
        -------
        bool
            False for one that is held, under this name or another.
        """
        if self._n_old_failures:
            self._run(
                "DELETE FROM failures WHERE source = ? AND position <= ?",
                source,
                self._n_old_failures,
            )
        held = self._all("SELECT position, source FROM letters WHERE sha256 = ?", sha256)
        for position, held_source in held:
            is_the_same = held_source == source and position <= self._n_old_letters
            self.n_held += is_the_same
            self.n_copies += not is_the_same
        return not held

    def keep(
        self, sha256: str, rows: Sequence[dict[str, Any]], failure: dict[str, Any] | None
    ) -> None:
        """Keep what became of a letter.

        Parameters
        ----------
        sha256 : str
            Hash of its bytes.
        rows : sequence of dict
            Of the item table.
        failure : dict or None
            Of the failures file, where there are no rows.
        """
        if failure:
            self._fail(failure)
            self.n_lost += 1
        elif self._hold(sha256, rows):
            self.n_new += 1
        else:
            self.n_copies += 1
        if time.monotonic() - self._committed > _SECONDS_AT_RISK:
            self._run("COMMIT")
            self._run("BEGIN EXCLUSIVE")
            self._committed = time.monotonic()

    def _hold(self, sha256: str, rows: Sequence[dict[str, Any]]) -> bool:
        if self._is_barred(rows[0]["case_number"]):
            return False
        facts = (
            sha256,
            rows[0]["source"],
            len(rows),
            all(row["format_verified"] for row in rows),
            json.dumps(rows),
        )
        insert = (
            "INSERT OR IGNORE INTO letters (sha256, source, n_items, is_verified, rows) "
            "VALUES (?, ?, ?, ?, ?)"
        )
        return self._run(insert, *facts).rowcount == 1

    def _fail(self, failure: dict[str, Any]) -> None:
        insert = (
            'INSERT INTO failures (source, reason, detail, "offset") '
            "VALUES (:source, :reason, :detail, :offset)"
        )
        self._database.execute(insert, failure)

    def rows(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the item table's rows, part by part.

        Yields
        ------
        list of dict
            At least one.
        """
        part: list[dict[str, Any]] = []
        for (rows,) in self._database.execute("SELECT rows FROM letters ORDER BY position"):
            part += json.loads(rows)
            if len(part) >= _PART_ROWS:
                yield part
                part = []
        if part:
            yield part

    def failures(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the failures file's rows, part by part.

        Yields
        ------
        list of dict
            At least one.
        """
        cursor = self._database.execute(
            'SELECT source, reason, detail, "offset" FROM failures ORDER BY position'
        )
        while part := cursor.fetchmany(_PART_ROWS):
            yield [
                dict(zip(("source", "reason", "detail", "offset"), row, strict=True))
                for row in part
            ]

    def count_items(self) -> tuple[int, int]:
        """Count the rows of the item table, and the letters to be checked.

        Returns
        -------
        n_items : int
            Rows.
        n_unverified : int
            Letters of a format of which no real letter was seen.
        """
        [counts] = self._all(
            "SELECT ifnull(sum(n_items), 0), ifnull(sum(NOT is_verified), 0) FROM letters"
        )
        return int(counts[0]), int(counts[1])

    def count_reasons(self) -> dict[str, int]:
        """Count the letters that were not read.

        Returns
        -------
        dict of str to int
            By reason, the most frequent first.
        """
        return dict(
            self._all(
                "SELECT reason, count(*) AS n FROM failures GROUP BY reason ORDER BY n DESC, reason"
            )
        )

    def discard(self) -> None:
        """Remove the journal once it is closed: the output is in place, or there is none."""
        if self.path:
            self.path.unlink(missing_ok=True)

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._database.execute(statement, values)

    def _all(self, query: str, *values: object) -> list[Any]:
        return self._run(query, *values).fetchall()
