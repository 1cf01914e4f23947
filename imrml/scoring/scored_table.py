"""Score any number of requests straight into a table on disk: what ``imrml score`` does."""

import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path

import pandas as pd

from imrml import __version__
from imrml.engines.mapping import Engine, require_engine
from imrml.errors import RefusedRequestWarning, TableError, require_types
from imrml.models.persistence import LoadedModel
from imrml.phrases import pluralize
from imrml.scoring.in_words import describe_refusals
from imrml.scoring.prediction import (
    N_ROWS,
    make_prediction_table,
    require_demo_allowed,
    score_columns,
    sort_items,
    warn_of_ignored_input,
)
from imrml.scoring.request_files import read_requests
from imrml.submissions.frame import SubmissionFrame, require_treatment
from imrml.submissions.programmes import Programme
from imrml.submissions.request_columns import columns_by_name
from imrml.submissions.requests import Requests
from imrml.tables.addresses import find_table, is_parquet_address
from imrml.tables.files import table_format
from imrml.tables.folders import digest_rows
from imrml.tables.parts import ParquetTable, map_to_table, require_apart

_NUMBER_IN_A_LIST = re.compile(r"#\d+$")
"""Ending of the request_id of an item of a cell that lists several."""
_MOST_WITH_TWICE = 100_000
"""Rows of a table that is read whole where a request id is empty or stands twice."""


@dataclass(slots=True)
class ScoreSummary:
    """What a run of :func:`score_to_table` scored and wrote.

    Parameters
    ----------
    out : str
        The table that was written.
    n_requests : int, default=0
        Rows of the submission table.
    n_items, n_abstained : int, default=0
        Rows of the prediction table, and those without a probability.
    n_held : int, default=0
        Parts that were there already and were not scored again.
    """

    out: str
    n_requests: int = 0
    n_items: int = 0
    n_abstained: int = 0
    n_held: int = 0

    def add(self, predictions: pd.DataFrame) -> None:
        """Count the items of a part.

        Parameters
        ----------
        predictions : DataFrame
            As :func:`imrml.score` gives it.
        """
        self.n_items += len(predictions)
        self.n_abstained += int((predictions["predicted"] == "abstain").sum())

    def describe(self) -> str:
        """Say in a line what was scored.

        Returns
        -------
        str

        Examples
        --------
        >>> ScoreSummary("predictions.csv", 3, 3, 1).describe()
        '2 items of 3 requests scored, 1 abstained, written to predictions.csv'
        """
        n_scored = self.n_items - self.n_abstained
        held = f"; {pluralize(self.n_held, 'part')} held already" if self.n_held else ""
        return (
            f"{pluralize(n_scored, 'item')} of {pluralize(self.n_requests, 'request')} scored, "
            f"{self.n_abstained:,} abstained, written to {self.out}{held}"
        )


def score_to_table(
    model: LoadedModel,
    requests: str | Path,
    out: str | Path,
    *,
    headings: Sequence[str] = (),
    allow_demo: bool = False,
    n_jobs: int = 1,
    engine: Engine = "local",
    resume: bool = False,
    progress: Callable[[Iterator[Requests]], Iterable[Requests]] = iter,
) -> ScoreSummary:
    """Score a submission table on disk, and write the prediction table.

    A table in Parquet with our headings, and with a ``request_id`` of its own for each row or with
    none at all, is read and written in parts, and memory is the same for any number of requests.
    Any other is read whole. Warns as :func:`imrml.score`, once for all parts.

    Parameters
    ----------
    model : LoadedModel
        As :func:`imrml.load_model` gives it.
    requests : str or Path
        Submission table, as :func:`imrml.read_table` takes it: a file, a folder of Parquet parts, a
        glob of them, or an address of ``fsspec``; or a form, a report or a mail, as
        :func:`imrml.read_requests` reads it.
    out : str or Path
        Prediction table to write. A name that ends with a slash is a folder of Parquet parts, and
        only such a folder can be resumed.
    headings : sequence of str, default=()
        What headings of a table mean, as ``HEADING=COLUMN``; common ones are known without it.
    allow_demo : bool, default=False
        Whether a model trained on synthetic data may be used.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.
    engine : {'local', 'dask'}, default='local'
        This machine, or the dask scheduler at ``DASK_SCHEDULER_ADDRESS``, part by part. The output
        is the same to the byte.
    resume : bool, default=False
        Keep the parts that an interrupted run wrote into the folder, and score the others. Where
        the input or the model changed since, that is said and nothing is mixed.
    progress : callable, optional
        Takes the parts and gives them on, as a progress bar does.

    Returns
    -------
    ScoreSummary

    Raises
    ------
    TableError
        No column names the treatment, a large table's request ids are not distinct, or the folder
        holds other parts than this run's.
    ModelError
        The model was trained on synthetic data and ``allow_demo`` is false.
    ConfigError
        ``resume`` without a folder, or dask is not installed.
    """
    require_types(
        "score_to_table",
        model=(model, LoadedModel),
        requests=(requests, str | PathLike),
        out=(out, str | PathLike),
        headings=(headings, Sequence),
        allow_demo=(allow_demo, bool),
        n_jobs=(n_jobs, int),
        engine=(engine, Engine),
        resume=(resume, bool),
        progress=(progress, Callable),
    )
    table_format(out)
    require_engine(engine)
    require_demo_allowed(model.manifest, allow_demo=allow_demo)
    streamed = None if headings else _open_in_parts(requests, out, model)
    ignored = _Ignored()
    if streamed is None:
        frames = iter([read_requests(requests, headings=headings, isolate=True)])
    else:
        columns = columns_by_name(_headings_of(streamed), model.model.programme)
        known = model.model.programme.known_columns
        ignored.unread_columns = tuple(name for name in columns if name not in known)
        frames = streamed.select(name for name in columns if name in known).frames()
    summary = ScoreSummary(str(out))
    parts = _sorted_parts(model, frames, ignored, summary)
    summary.n_held = map_to_table(
        partial(_score_part, model=model, allow_demo=allow_demo),
        progress(parts),
        out,
        summary.add,
        digest=_digest_requests,
        recipe=json.dumps(["score", __version__, model.manifest["model_version"]]),
        n_jobs=n_jobs,
        engine=engine,
        resume=resume,
    )
    ignored.warn()
    return summary


def _score_part(part: Requests, model: LoadedModel, *, allow_demo: bool) -> pd.DataFrame:
    return make_prediction_table(score_columns(model, part, allow_demo=allow_demo))


def _digest_requests(part: Requests, recipe: str) -> str:
    named = pd.DataFrame(part.submissions).assign(
        request_id=list(part.request_ids), item_number=list(part.item_numbers)
    )
    return digest_rows(named, recipe)


def _sorted_parts(
    model: LoadedModel,
    frames: Iterable[pd.DataFrame],
    ignored: "_Ignored",
    summary: ScoreSummary,
) -> Iterator[Requests]:
    """Sort requests, and cut what can be scored into parts of bounded size."""
    for frame in frames:
        requests = sort_items(model, frame, first_row=summary.n_requests + 1)
        summary.n_requests += len(frame)
        ignored.add(requests)
        for start in range(0, max(len(requests.rows), 1), N_ROWS):
            rows = slice(start, start + N_ROWS)
            yield replace(
                requests,
                request_ids=requests.request_ids[rows],
                item_numbers=requests.item_numbers[rows],
                rows=requests.rows[rows],
                submissions=SubmissionFrame(requests.submissions.iloc[rows]),
                notes=(),
                refused=(),
                unread=(),
            )


@dataclass(slots=True)
class _Ignored:
    """What of all parts counts for nothing, and which rows are refused."""

    unread_columns: tuple[str, ...] = ()
    _together: Requests | None = None

    def add(self, requests: Requests) -> None:
        before = self._together
        facts = replace(
            requests,
            request_ids=(),
            item_numbers=(),
            rows=(),
            submissions=SubmissionFrame(requests.submissions.iloc[:0]),
        )
        if before is not None:
            facts = replace(
                facts,
                notes=tuple(dict.fromkeys((*before.notes, *facts.notes))),
                refused=(*before.refused, *facts.refused),
                unread=(*before.unread, *facts.unread),
            )
        self._together = facts

    def warn(self) -> None:
        if (requests := self._together) is None:
            return
        unknown = dict.fromkeys((*requests.unknown_columns, *self.unread_columns))
        warn_of_ignored_input(replace(requests, unknown_columns=tuple(unknown)), stacklevel=3)
        for message, n_requests in describe_refusals(requests.refused):
            warnings.warn(RefusedRequestWarning(message, n_requests), stacklevel=3)


def _open_in_parts(
    requests: str | Path, out: str | Path, model: LoadedModel
) -> ParquetTable | None:
    """Open a table that can be read in parts; None for one that has to be read whole."""
    if not is_parquet_address(requests):
        return None
    files = find_table(requests)
    require_apart(files, out)
    table = ParquetTable.open(files)
    programme: Programme = model.model.programme
    by_name = columns_by_name(_headings_of(table), programme)
    if any([str(one) for one in given] != [name] for name, given in by_name.items()):
        return None
    require_treatment(by_name, programme)
    # Items of a cell that lists several are named after its row: another row may bear such a name.
    if "request_id" not in by_name or table.is_distinct("request_id", ending=_NUMBER_IN_A_LIST):
        return table
    if table.n_rows > _MOST_WITH_TWICE:
        raise TableError(
            f"{requests}: some request_id is empty or stands twice; give each request its own, or "
            "leave the column out, and score again"
        )
    return None


def _headings_of(table: ParquetTable) -> pd.DataFrame:
    return pd.DataFrame(columns=table.schema.names)
