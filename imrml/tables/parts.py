"""Tables worked on in parts of bounded size: read, mapped over workers, written as they come."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from imrml.engines.mapping import Engine, map_ordered
from imrml.errors import ConfigError, TableError
from imrml.tables.addresses import TableFiles, is_folder, is_remote, on_disk
from imrml.tables.files import write_parts
from imrml.tables.folders import PartFolder
from imrml.tables.parquet import iter_batches, iter_frames, read_schema

if TYPE_CHECKING:
    import pyarrow as pa

Part = TypeVar("Part")

PART_ROWS = 500
"""Rows of a part, and more only where a case has more: a second of labelling."""


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A table in Parquet of which only a part is in memory at a time.

    Parameters
    ----------
    files : TableFiles
        Where it lies.
    schema : Schema
        Of all parts.
    n_rows : int
        Of all parts.
    """

    files: TableFiles
    schema: "pa.Schema"
    n_rows: int

    @classmethod
    def open(cls, files: TableFiles) -> "ParquetTable":
        """Look at the columns and rows of a table.

        Parameters
        ----------
        files : TableFiles
            Of Parquet.

        Returns
        -------
        ParquetTable
        """
        return cls(files, *read_schema(files))

    def frames(self) -> Iterator[pd.DataFrame]:
        """Read the rows in their order.

        Returns
        -------
        iterator of DataFrame
        """
        return iter_frames(self.files, PART_ROWS, self.schema)

    def keeps_together(self, column: str) -> bool:
        """Tell whether equal values of a column stand in rows that follow each other.

        Parameters
        ----------
        column : str
            Of text; only it is read.

        Returns
        -------
        bool
            Empty cells count for nothing.
        """
        starts, last = [], ""
        for cells in self._cells_of(column):
            before = np.array([last, *cells[:-1]], dtype=object)
            starts.append(_hash_texts(cells[(cells != before) & (cells != "")]))
            last = cells[-1]
        return _are_distinct(starts)

    def is_distinct(self, column: str, *, ending: re.Pattern[str] | None = None) -> bool:
        """Tell whether no cell of a column is empty and no two are equal.

        Parameters
        ----------
        column : str
            Of text; only it is read.
        ending : re.Pattern, optional
            What stands before such an ending may be no other cell either.

        Returns
        -------
        bool
        """
        hashes, beginnings = [], []
        for cells in self._cells_of(column):
            if (cells == "").any():
                return False
            hashes.append(_hash_texts(cells))
            if ending is not None:
                begun = np.array([ending.sub("", cell) for cell in cells], dtype=object)
                beginnings.append(np.unique(_hash_texts(begun[begun != cells])))
        begun_alike = np.unique(np.concatenate([*beginnings, np.array([], dtype=np.uint64)]))
        return _are_distinct([*hashes, begun_alike])

    def select(self, columns: Iterable[str]) -> "ParquetTable":
        """Keep some columns: the others are not read.

        Parameters
        ----------
        columns : iterable of str
            In the order wanted.

        Returns
        -------
        ParquetTable
        """
        import pyarrow as pa  # noqa: PLC0415 - a start without Parquet does not wait for it

        fields = [self.schema.field(name) for name in columns]
        return ParquetTable(self.files, pa.schema(fields), self.n_rows)

    def _cells_of(self, column: str) -> Iterator[np.ndarray]:
        """Read a column alone, what is no text as ``""``."""
        for table in iter_batches(self.files, 50_000, self.schema, [column]):
            values = table.column(0).to_pylist()
            cells = np.array([one if _is_key(one) else "" for one in values], dtype=object)
            if len(cells):
                yield cells


def _hash_texts(cells: np.ndarray) -> np.ndarray:
    """Hash texts to 8 bytes each: the ids of six million items themselves would take ten times it.

    Of so many, two hash alike in one of a million tables, which then counts as one out of order.
    """
    hashes: np.ndarray = pd.util.hash_array(cells, categorize=False)
    return hashes


def _are_distinct(hashes: list[np.ndarray]) -> bool:
    together = np.concatenate([np.array([], dtype=np.uint64), *hashes])
    return len(np.unique(together)) == len(together)


def types_of(schema: "pa.Schema") -> dict[str, "pa.DataType"]:
    """Give what each column of a schema is.

    Parameters
    ----------
    schema : Schema
        Of a table.

    Returns
    -------
    dict of str to DataType
        By name.
    """
    return {field.name: field.type for field in schema}


def _is_key(value: object) -> bool:
    return isinstance(value, str) and value != ""


def require_apart(files: TableFiles, out: str | Path) -> None:
    """Refuse to write a folder of parts that are the input.

    Parameters
    ----------
    files : TableFiles
        What is read.
    out : str or Path
        What is to be written.

    Raises
    ------
    TableError
        The folder holds the input, which would be removed before it is read.
    """
    if not is_folder(out) or is_remote(out) != (files.storage is not None):
        return
    target = str(out).split("://", 1)[-1].rstrip("/") if is_remote(out) else None
    for path in files.paths:
        folder = path.rsplit("/", 1)[0].strip("/") if target else Path(path).resolve().parent
        if folder == (target.strip("/") if target else Path(on_disk(out)).resolve()):
            raise TableError(f"{out}: holds the table that is read; name another folder for --out")


def cut_whole(frames: Iterable[pd.DataFrame], n_rows: int = PART_ROWS) -> Iterator[pd.DataFrame]:
    """Cut a table into parts of about one size, never between two rows of a case.

    Parameters
    ----------
    frames : iterable of DataFrame
        The rows in their order, those of a ``case_number`` one after another; where that is absent
        or empty, each row stands for itself.
    n_rows : int, default=500
        Rows of a part; more where a case does not end there.

    Yields
    ------
    DataFrame
        The parts are the same however the rows came in frames; their index counts from 0.

    Examples
    --------
    >>> rows = pd.DataFrame({"case_number": ["A", "B", "B", "C"]})
    >>> [part["case_number"].to_list() for part in cut_whole([rows], n_rows=2)]
    [['A', 'B', 'B'], ['C']]
    """
    held: pd.DataFrame | None = None
    for frame in frames:
        held = frame if held is None else pd.concat([held, frame], ignore_index=True)
        while (end := _find_end(held, n_rows)) is not None:
            yield held.iloc[:end].reset_index(drop=True)
            held = held.iloc[end:]
    if held is not None:
        yield held.reset_index(drop=True)


def _find_end(frame: pd.DataFrame, n_rows: int) -> int | None:
    """Find the first place after so many rows at which a part may end; None if more must come."""
    if len(frame) <= n_rows:
        return None
    if "case_number" not in frame:
        return n_rows
    cases = frame["case_number"].array
    for place in range(n_rows, len(frame)):
        before, case = cases[place - 1], cases[place]
        if not _is_key(case) or not _is_key(before) or str(case) != str(before):
            return place
    return None


def order_by_case(frame: pd.DataFrame) -> np.ndarray:
    """Give the order in which the rows of each case follow each other, cases as they first come.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        In any order; where ``case_number`` is absent or empty, each row stands for itself.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        Places of the rows, from 0.

    Examples
    --------
    >>> order_by_case(pd.DataFrame({"case_number": ["A", "B", "A", None]})).tolist()
    [0, 2, 1, 3]
    """
    if "case_number" not in frame:
        return np.arange(len(frame))
    cases = frame["case_number"].tolist()
    keys = [case if _is_key(case) else place for place, case in enumerate(cases)]
    return np.argsort(pd.factorize(pd.Series(keys, dtype=object))[0], kind="stable")


def map_to_table(
    function: Callable[[Part], pd.DataFrame],
    parts: Iterable[Part],
    out: str | Path,
    see: Callable[[pd.DataFrame], None],
    *,
    digest: Callable[[Part, str], str],
    recipe: str = "",
    types: "Mapping[str, pa.DataType] | None" = None,
    n_jobs: int = 1,
    engine: Engine = "local",
    resume: bool = False,
) -> int:
    """Write what becomes of each part of a table, as it comes and in order.

    Parameters
    ----------
    function : callable
        Picklable; takes a part and gives what is written of it.
    parts : iterable
        Consumed a few ahead.
    out : str or Path
        File, or a folder of parts (:func:`imrml.tables.addresses.is_folder`).
    see : callable
        Takes each frame that is written, or was there already.
    digest : callable
        Takes a part and the recipe, as :func:`imrml.tables.folders.digest_rows` does.
    recipe : str, default=''
        What the output depends on beside the parts.
    types : mapping of str to DataType, optional
        Of the columns that are not ours.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.
    engine : {'local', 'dask'}, default='local'
        Who works; the output is the same.
    resume : bool, default=False
        Keep the parts that the folder holds.

    Returns
    -------
    int
        Parts that were there already.

    Raises
    ------
    ConfigError
        ``resume`` without a folder.
    TableError
        As :class:`imrml.tables.folders.PartFolder`.
    """
    if not is_folder(out):
        if resume:
            raise ConfigError(
                f"--resume goes on with a folder of parts, and --out is {out}; name a folder, "
                "with a slash at its end"
            )
        write_parts(_seen(map_ordered(function, parts, n_jobs, engine), see), out, types)
        return 0
    folder = PartFolder(out, recipe, resume=resume, types=types)
    keys: deque[tuple[int, str]] = deque()
    n_held = 0

    def select_new() -> Iterator[Part]:
        nonlocal n_held
        for number, part in enumerate(parts):
            digested = digest(part, recipe)
            if folder.holds(number, digested):
                n_held += 1
                see(folder.read(number))
            else:
                keys.append((number, digested))
                yield part

    for frame in _seen(map_ordered(function, select_new(), n_jobs, engine), see):
        number, digested = keys.popleft()
        folder.write(number, frame, digested)
    folder.finish()
    return n_held


def _seen(
    frames: Iterable[pd.DataFrame], see: Callable[[pd.DataFrame], None]
) -> Iterator[pd.DataFrame]:
    for frame in frames:
        see(frame)
        yield frame
