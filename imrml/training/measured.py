"""Items that a model is measured on: of a table in Parquet, only a part's texts are in memory."""

import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imrml.config import Config
from imrml.corpus.reading import name_item_column, name_items, read_item_table
from imrml.determinations import ITEM_COLUMNS
from imrml.errors import TableWarning
from imrml.submissions.extra_columns import programme_of_config
from imrml.submissions.frame import SubmissionFrame, submission_frame
from imrml.submissions.programmes import Programme
from imrml.tables.addresses import find_table
from imrml.tables.parts import PART_ROWS, ParquetTable
from imrml.training.data import TrainingData, prepare

_KEPT = {
    *("case_number", "item_number", "decision", "decided_year", "deficiencies", "evidence"),
    *(column.name for column in ITEM_COLUMNS if column.dtype == "date"),
}
"""Columns that are in memory for all rows: keys, days and labels."""


def is_measured(name: str) -> bool:
    """Tell whether a column of an item table is used to measure a model.

    Parameters
    ----------
    name : str
        Of the column.

    Returns
    -------
    bool
        False for the reviewer's words, which only labelling reads.

    Examples
    --------
    >>> is_measured("decision"), is_measured("rationale")
    (True, False)
    """
    return name not in {"rationale", "maximus_guideline", "supports", "supports_evidence"}


@dataclass(frozen=True)
class MeasuredItems:
    """An item table that is gone through in parts.

    Parameters
    ----------
    table : DataFrame of shape (n_items, n_columns)
        All rows; where ``stored`` is given, all but keys, days and labels is empty.
    stored : ParquetTable, optional
        The table on its disk.
    """

    table: pd.DataFrame
    stored: ParquetTable | None = None

    @classmethod
    def open(cls, items: pd.DataFrame | str | Path, config: Config) -> "MeasuredItems":
        """Read of a table what is needed of all rows.

        Parameters
        ----------
        items : DataFrame of shape (n_items, n_columns), str or Path
            Item table, or where it lies (:func:`imrml.read_table`). One in Parquet with our
            headings and an ``item_number`` is read in parts, any other whole.
        config : Config
            Of the model, with its columns.

        Returns
        -------
        MeasuredItems
        """
        if isinstance(items, pd.DataFrame):
            return cls(items)
        stored = _open_stored(items, programme_of_config(config))
        if stored is not None:
            table = _read_kept(stored)
            if table["item_number"].notna().any():
                return cls(table, stored)
        return cls(read_item_table(items, is_wanted=is_measured))

    def prepare(self, config: Config, labels: pd.DataFrame | None = None) -> TrainingData:
        """Check all rows.

        Parameters
        ----------
        config, labels
            As for :func:`imrml.training.data.prepare`.

        Returns
        -------
        TrainingData
            Its submissions are those of the table, which may be empty.
        """
        return prepare(self.table, config, labels, verb="evaluate")

    def parts(self, data: TrainingData, config: Config) -> Iterator[TrainingData]:
        """Go through the items, of each part with its submissions.

        Parameters
        ----------
        data : TrainingData
            From :meth:`prepare`.
        config : Config
            The same.

        Yields
        ------
        TrainingData
            Bounded in size; the index of its submissions counts through.
        """
        if self.stored is None:
            for start in range(0, len(data.items), PART_ROWS):
                yield data.take(np.arange(start, min(start + PART_ROWS, len(data.items))))
            return
        programme, start = programme_of_config(config), 0
        submitted = {column.name for column in programme.columns}
        names = [name for name in self.stored.schema.names if name in submitted]
        for frame in self.stored.select(names).frames():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", TableWarning)  # told of the whole table
                named = name_items(frame, programme)
            rows = np.arange(start, start + len(frame))
            submissions = submission_frame(named.set_axis(rows), config.stage, programme)
            yield replace(data.take(rows), submissions=SubmissionFrame(submissions))
            start += len(frame)


def _open_stored(items: str | Path, programme: Programme) -> ParquetTable | None:
    """Open a table whose parts read alone as they do in the whole; None for any other."""
    files = None if str(items) == "-" else find_table(items)
    if files is None or not files.is_parquet:
        return None
    stored = ParquetTable.open(files)
    names = stored.schema.names
    if any(name_item_column(name, programme) not in {None, name} for name in names):
        return None
    return stored if {"case_number", "item_number", "decision"} <= {*names} else None


def _read_kept(stored: ParquetTable) -> pd.DataFrame:
    """Read keys, days and labels of all rows; the other columns are there, and empty."""
    measured = [name for name in stored.schema.names if is_measured(name)]
    frames = []
    for frame in stored.select(name for name in measured if name in _KEPT).frames():
        reduced = {
            name: pd.Series([reduce(cell) for cell in frame[name]], frame.index, dtype=object)
            for name, reduce in (("deficiencies", _intern), ("evidence", _list_confidences))
            if name in frame
        }
        frames.append(frame.assign(**reduced))
    table = pd.concat(frames, ignore_index=True)
    empty = pd.Series("", table.index, dtype="str")
    return table.assign(**{name: empty for name in measured if name not in _KEPT})[measured]


def _intern(ids: Any) -> Any:
    """Hold the few ids that there are once."""
    if not isinstance(ids, (list, tuple, np.ndarray)):
        return ids
    return tuple(sys.intern(one) if isinstance(one, str) else one for one in ids)


def _list_confidences(spans: Any) -> Any:
    """Keep what of the evidence weighs labels, and no quote."""
    if not isinstance(spans, (list, tuple, np.ndarray)):
        return spans
    return [
        {"id": span["id"], "confidence": span["confidence"]}
        for span in spans
        if isinstance(span, Mapping) and "confidence" in span
    ]
