"""Label any number of items straight into a table on disk: what ``imrml label`` does."""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from imrml import __version__
from imrml.config import Config, load_config
from imrml.corpus.item_table import require_columns
from imrml.corpus.reading import name_item_column, name_items, read_item_table
from imrml.determinations import require_decisions
from imrml.engines.mapping import Engine, map_ordered, require_engine
from imrml.errors import TableError, TableWarning, require_types
from imrml.features.own_words import in_words_of
from imrml.labelling.learned import LearnedPart, read_learned
from imrml.labelling.table import label_items
from imrml.own_tables import tables_now, using
from imrml.phrases import pluralize
from imrml.submissions.extra_columns import programme_of_config
from imrml.submissions.programmes import Programme
from imrml.tables.addresses import find_table, is_folder
from imrml.tables.arrow import choose_schema
from imrml.tables.files import table_format, write_table
from imrml.tables.folders import digest_rows
from imrml.tables.parts import (
    ParquetTable,
    cut_whole,
    map_to_table,
    order_by_case,
    require_apart,
    types_of,
)

_NEEDED = ("rationale", "decision")
_MOST_IN_ANY_ORDER = 100_000
"""Rows of a table that is put in order in memory where its cases are scattered."""


@dataclass(slots=True)
class LabelSummary:
    """What a run of :func:`label_to_table` labelled and wrote.

    Parameters
    ----------
    out : str
        The table that was written.
    n_items : int, default=0
        Its rows.
    n_upheld, n_labelled : int, default=0
        Upheld items, and those of them with a deficiency.
    n_held : int, default=0
        Parts that were there already and were not labelled again.
    """

    out: str
    n_items: int = 0
    n_upheld: int = 0
    n_labelled: int = 0
    n_held: int = 0

    def add(self, labelled: pd.DataFrame) -> None:
        """Count the items of a part.

        Parameters
        ----------
        labelled : DataFrame
            As ``label_items`` gives it.
        """
        upheld = labelled.loc[labelled["decision"] == "upheld", "deficiencies"]
        self.n_items += len(labelled)
        self.n_upheld += len(upheld)
        self.n_labelled += int((upheld.map(len) > 0).sum())

    def describe(self) -> str:
        """Say in a line how many upheld items have a deficiency.

        Returns
        -------
        str
            With both counts.

        Examples
        --------
        >>> LabelSummary("items.csv", 3, 2, 1).describe()
        '1 of 2 upheld items with a deficiency, written to items.csv'
        >>> LabelSummary("items/", 3, 2, 1, n_held=4).describe()
        '1 of 2 upheld items with a deficiency, written to items/; 4 parts held already'
        """
        labelled = f"{self.n_labelled:,} of {pluralize(self.n_upheld, 'upheld item')}"
        held = f"; {pluralize(self.n_held, 'part')} held already" if self.n_held else ""
        return f"{labelled} with a deficiency, written to {self.out}{held}"


def label_to_table(
    items: str | Path,
    out: str | Path,
    config: Config | None = None,
    *,
    headings: Sequence[str] = (),
    n_jobs: int = 1,
    engine: Engine = "local",
    resume: bool = False,
    progress: Callable[[Iterator[pd.DataFrame]], Iterable[pd.DataFrame]] = iter,
) -> LabelSummary:
    """Label an item table on disk by the labeller that config names, and write it.

    A table in Parquet with our headings is read and written in parts, and memory is the same for
    any number of items. It has to hold the rows of a case one after another, as ``imrml parse``
    writes them, for items of one letter lean on each other; where they are scattered it is put in
    order in memory, if it has at most 100,000 rows. Tables in other formats, or with headings of
    others, are read whole. Warns with a :class:`~imrml.errors.TableWarning` of what was read as
    what.

    Parameters
    ----------
    items : str or Path
        Item table with ``rationale`` and ``decision``, as :func:`imrml.read_table` takes it: a
        file, a folder of Parquet parts, a glob of them, or an address of ``fsspec``.
    out : str or Path
        Table to write. A name that ends with a slash is a folder of Parquet parts, and only such a
        folder can be resumed.
    config : Config, optional
        Names the labeller and the taxonomy; the defaults unless given.
    headings : sequence of str, default=()
        What headings mean, as ``HEADING=COLUMN``; common ones are known without it.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.
    engine : {'local', 'dask'}, default='local'
        This machine, or the dask scheduler at ``DASK_SCHEDULER_ADDRESS``, part by part. The output
        is the same to the byte.
    resume : bool, default=False
        Keep the parts that an interrupted run wrote into the folder, and label the others. Where
        the input or the labeller changed since, that is said and nothing is mixed.
    progress : callable, optional
        Takes the parts and gives them on, as a progress bar does.

    Returns
    -------
    LabelSummary

    Raises
    ------
    TableError
        A column is missing, a decision is neither ``upheld`` nor ``overturned``, the rows of a case
        are scattered over a large table, or the folder holds other parts than this run's.
    ConfigError
        ``resume`` without a folder, or dask is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from imrml.tables import read_table
    >>> folder = Path(tempfile.mkdtemp())
    >>> rows = {"decision": ["upheld"], "rationale": ["No record of functional improvement."]}
    >>> write_table(pd.DataFrame(rows), folder / "items.parquet")
    >>> label_to_table(folder / "items.parquet", folder / "labelled.parquet").n_labelled
    1
    >>> read_table(folder / "labelled.parquet")["deficiencies"].map(list).to_list()
    [['no_functional_improvement']]
    """
    require_types(
        "label_to_table",
        items=(items, str | PathLike),
        out=(out, str | PathLike),
        config=(config, Config | None),
        headings=(headings, Sequence),
        n_jobs=(n_jobs, int),
        engine=(engine, Engine),
        resume=(resume, bool),
        progress=(progress, Callable),
    )
    config = config or load_config()
    table_format(out)
    require_engine(engine)
    programme = programme_of_config(config)
    summary = LabelSummary(str(out))
    with in_words_of(config):
        path = config.labelling.labeller
        learned = None if path is None else read_learned(path)
        label = partial(_label_part, learned=learned, tables=tables_now())
        frames: Iterable[pd.DataFrame]
        if streamed := None if headings else _open_in_order(items, out, programme):
            frames = _name_and_check(streamed.frames(), programme)
            types = types_of(streamed.schema)
        else:
            table, order = _put_in_order(
                name_items(read_item_table(items, headings), programme, "label")
            )
            if not is_folder(out):
                parts = progress(cut_whole([table]))
                labelled = pd.concat(map_ordered(label, parts, n_jobs, engine), ignore_index=True)
                summary.add(labelled)
                write_table(labelled.iloc[np.argsort(order)].reset_index(drop=True), out)
                return summary
            if (order != np.arange(len(order))).any():
                raise _refuse_scattered(items)
            frames, types = [table], types_of(choose_schema(table))
        summary.n_held = map_to_table(
            label,
            progress(cut_whole(frames)),
            out,
            summary.add,
            digest=digest_rows,
            recipe=_recipe_of(config),
            types=types,
            n_jobs=n_jobs,
            engine=engine,
            resume=resume,
        )
    return summary


def _open_in_order(items: str | Path, out: str | Path, programme: Programme) -> ParquetTable | None:
    """Open a table that can be read in parts; None for one that has to be read whole."""
    files = None if str(items) == "-" else find_table(items)
    if files is None or not files.is_parquet:
        return None
    require_apart(files, out)
    table = ParquetTable.open(files)
    names = table.schema.names
    if any(name_item_column(name, programme) not in {None, name} for name in names):
        return None
    require_columns(table.schema.empty_table().to_pandas(), _NEEDED, "label")
    if "case_number" not in names:
        return table
    if "item_number" not in names:  # rows are counted, and cells that list several are split
        return None
    if table.keeps_together("case_number"):
        return table
    if table.n_rows > _MOST_IN_ANY_ORDER:
        raise _refuse_scattered(items)
    return None


def _put_in_order(items: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Put the rows of each case one after another; the order tells where each of them stood."""
    require_columns(items, _NEEDED, "label")
    require_decisions(items, "label")
    order = order_by_case(items)
    return items.iloc[order].reset_index(drop=True), order


def _refuse_scattered(items: str | Path) -> TableError:
    return TableError(
        f"{items}: the rows of a case_number do not follow each other, and items of one letter "
        "are labelled together; sort the table by case_number and item_number, and label again"
    )


def _name_and_check(frames: Iterable[pd.DataFrame], programme: Programme) -> Iterator[pd.DataFrame]:
    """Read the words and numbers of parts as those of a whole table; each warning comes once."""
    warned: set[str] = set()
    n_before = 0
    for frame in frames:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", TableWarning)
            named = name_items(frame, programme, "label")
        for message in dict.fromkeys(str(one.message) for one in caught):
            if message not in warned:
                warned.add(message)
                where = f"from row {n_before + 1:,}: " if n_before else ""
                warnings.warn(where + message, TableWarning, stacklevel=2)
        require_decisions(named, "label", n_before + 1)
        n_before += len(frame)
        yield named


def _label_part(
    part: pd.DataFrame, learned: LearnedPart | None, tables: Mapping[str, str]
) -> pd.DataFrame:
    with using(tables):  # a worker process knows of none
        return label_items(part, 1, learned)


def _recipe_of(config: Config) -> str:
    labeller = config.labelling.labeller
    fitted = "" if labeller is None else hashlib.sha256(Path(labeller).read_bytes()).hexdigest()
    return json.dumps(["label", __version__, fitted, tables_now()], sort_keys=True)
