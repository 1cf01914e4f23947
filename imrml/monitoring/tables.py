"""Whole tables watched: requests against earlier ones, predictions against later letters."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.config import Config
from imrml.errors import NotEnoughDataError
from imrml.features.own_words import in_words_of
from imrml.models.persistence import LoadedModel
from imrml.monitoring.drift import Drift, compare_facts, name_categories
from imrml.monitoring.rate_alarm import RateWatch, watch_rate
from imrml.monitoring.reconciliation import Realised, match_predictions, measure_realised
from imrml.monitoring.report import write_drift, write_realised
from imrml.monitoring.table_facts import TableFacts, read_facts
from imrml.phrases import pluralize
from imrml.submissions.extra_columns import programme_of_config
from imrml.submissions.frame import SubmissionFrame, submission_frame
from imrml.submissions.headings import AGE_AND_SEX
from imrml.submissions.programmes import columns_at
from imrml.submissions.request_columns import name_column
from imrml.submissions.requests import is_known_heading, name_columns
from imrml.tables.addresses import find_table
from imrml.tables.files import read_table
from imrml.tables.parts import ParquetTable


@dataclass(frozen=True, slots=True)
class TableComparison:
    """How two tables of requests differ.

    Parameters
    ----------
    drift : Drift
        Of what is known before the review.
    watch : RateWatch or None
        Of the overturn rate; None where the tables cannot tell.
    why_not_watched : str
        Why not, where both tables hold decisions; else empty.
    alarms : DataFrame of shape (n_alarms, 4)
        ``fact``, ``measure``, ``found`` and ``threshold`` of each alarm.
    """

    drift: Drift
    watch: RateWatch | None
    why_not_watched: str
    alarms: pd.DataFrame


RECONCILED = frozenset({"case_number", "item_number", "decision", "decided_on", "deficiencies"})
"""Columns of an item table that :func:`reconcile` uses."""
_OF_DECISIONS = ("decision", "decided_on", "decided_year", "case_number")


def choose_compared(config: Config, model: LoadedModel | None = None) -> Callable[[str], bool]:
    """Choose the columns that :func:`compare_tables` uses.

    Parameters
    ----------
    config : Config
        Its stage counts.
    model : LoadedModel, optional
        Its stage and programme count instead.

    Returns
    -------
    callable
        Tells of a heading whether its column is used.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> is_compared = choose_compared(load_config())
    >>> [name for name in ("item", "Notes", "rationale", "decision") if is_compared(name)]
    ['item', 'Notes', 'decision']
    """
    stage, programme = config.stage, programme_of_config(config)
    if model is not None:
        stage, programme = model.model.stage, model.model.programme
    used = {*columns_at(stage, programme), *_OF_DECISIONS, "treatment", "item", AGE_AND_SEX}
    return lambda heading: (name_column(heading, programme) or heading) in used


def compare_tables(
    reference: pd.DataFrame | str | Path,
    current: pd.DataFrame | str | Path,
    config: Config,
    model: LoadedModel | None = None,
    *,
    out: Path | None = None,
) -> TableComparison:
    """Compare requests of now with those of before, and their decisions where both hold some.

    Parameters
    ----------
    reference, current : DataFrame of shape (n_items, n_columns), str or Path
        Submissions or items of the time the model learned from, and of now; columns may have the
        names that claims staff give them. Or where they lie, as :func:`imrml.read_table` takes it:
        Parquet is read part by part then, and of each row only a few facts are kept.
    config : Config
        Stage and thresholds; stage and programme are the model's where one is given.
    model : LoadedModel, optional
        Its predictions are compared too.
    out : Path, optional
        Folder for ``drift.json`` and ``drift.html``.

    Returns
    -------
    TableComparison
        Distances, and the alarms among them.

    Raises
    ------
    TableError
        A table lacks the treatment, or holds what cannot be read.
    """
    programme = programme_of_config(config) if model is None else model.model.programme
    with in_words_of(config) if model is None else model.model.in_own_words():
        before = _read_side(reference, config, model, half_is_known=True)
        after = _read_side(current, config, model, known=before.facts.known)
        drift = compare_facts(
            before.facts,
            after.facts,
            config.monitoring,
            config.seed,
            None if model is None else (before.p_overturned, after.p_overturned),
            own_categories=name_categories(programme.extra_columns),
        )
    watch, why_not_watched = _watch_decisions(before.decisions, after.decisions, config)
    if out is not None:
        write_drift(out, drift, watch)
    rows = [(alarm.fact, alarm.measure, alarm.found, alarm.threshold) for alarm in drift.alarms]
    if watch is not None and watch.fires_at is not None:
        n_decisions, rate = float(watch.fires_at), config.monitoring.false_alarm_rate
        rows.append(("overturn rate", "decisions until it fired", n_decisions, rate))
    alarms = pd.DataFrame(rows, columns=["fact", "measure", "found", "threshold"])
    return TableComparison(drift, watch, why_not_watched, alarms)


@dataclass(frozen=True)
class _Side:
    """What is kept of one of the two tables: a few facts and numbers of each row, no text."""

    facts: TableFacts
    decisions: pd.DataFrame
    p_overturned: np.ndarray


def _read_side(
    table: pd.DataFrame | str | Path,
    config: Config,
    model: LoadedModel | None,
    *,
    known: Iterable[str] = (),
    half_is_known: bool = False,
) -> _Side:
    stage, programme = config.stage, programme_of_config(config)
    if model is not None:
        stage, programme = model.model.stage, model.model.programme
    frames, n_rows = _open_frames(table, choose_compared(config, model))
    decisions, predictions = [], []

    def submissions() -> Iterator[SubmissionFrame]:
        for frame in frames:
            # As `imrml score` reads them: requests of staff name their columns otherwise.
            named = name_columns(frame, programme)
            decisions.append(named[[name for name in _OF_DECISIONS if name in named]])
            submitted = submission_frame(named, stage, programme)
            if model is not None:
                predictions.append(model.model.predict_proba(submitted)[:, 1])
            yield submitted

    facts = read_facts(
        submissions(),
        programme.extra_columns,
        known=known,
        n_learned=n_rows // 2 if half_is_known else 0,
    )
    together = pd.concat(decisions, ignore_index=True)
    return _Side(facts, together, np.concatenate([np.empty(0), *predictions]))


def _open_frames(
    table: pd.DataFrame | str | Path, is_used: Callable[[str], bool]
) -> tuple[Iterable[pd.DataFrame], int]:
    """Give a table as frames that are read one after another, and how many rows they have."""
    if not isinstance(table, pd.DataFrame):
        files = None if str(table) == "-" else find_table(table)
        if files is not None and files.is_parquet:
            stored = ParquetTable.open(files)
            used = stored.select(name for name in stored.schema.names if is_used(name))
            return used.frames(), used.n_rows
        table = read_table(table, is_known_heading, is_used)
    return [table], len(table)


def _watch_decisions(
    reference: pd.DataFrame, current: pd.DataFrame, config: Config
) -> tuple[RateWatch | None, str]:
    if "decision" not in reference or "decision" not in current:
        return None, ""
    before, after = _decisions_in_order(reference), _decisions_in_order(current)
    if before.nunique() < 2:
        return None, (
            "the overturn rate is not watched: the reference table needs decisions of both kinds"
        )
    settings = config.monitoring
    watch = watch_rate(
        int(before.sum()),
        len(before),
        after.to_numpy(),
        settings.false_alarm_rate,
        settings.rate_shift,
    )
    return watch, ""


def _decisions_in_order(items: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each decided item was overturned, in order: by day, else by year and case number."""
    decided = items[items["decision"].isin(["upheld", "overturned"])]  # the others wait for theirs
    keys = [name for name in ("decided_on", "decided_year", "case_number") if name in decided]
    in_order = decided.sort_values(keys, kind="stable") if keys else decided
    return in_order["decision"] == "overturned"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What became of stored predictions.

    Parameters
    ----------
    realised : Realised
        Figures, overall and by month.
    n_matched, n_left_over : int
        Predictions with an item, and those without.
    """

    realised: Realised
    n_matched: int
    n_left_over: int


def reconcile(
    predictions: pd.DataFrame,
    items: pd.DataFrame,
    link: pd.DataFrame | None = None,
    *,
    out: Path | None = None,
) -> Reconciliation:
    """Measure stored predictions against the decisions of later letters.

    Parameters
    ----------
    predictions : DataFrame of shape (n_predictions, n_columns)
        As ``imrml score`` wrote it.
    items : DataFrame of shape (n_items, n_columns)
        Item table with the decisions since.
    link : DataFrame, optional
        ``request_id`` and ``item_id`` (``CASE#NUMBER``); without it, ids are the same.
    out : Path, optional
        Folder for ``realised.json`` and ``realised.html``.

    Returns
    -------
    Reconciliation
        Figures, and how many predictions they rest on.

    Raises
    ------
    NotEnoughDataError
        No prediction has an item.
    TableError
        A table lacks a column, or an id stands twice.
    """
    matched, left_over = match_predictions(predictions, items, link)
    if matched.empty:
        raise NotEnoughDataError(
            f"reconcile: none of {pluralize(len(left_over), 'prediction')} has an item; give --link"
        )
    realised = measure_realised(matched, seed=0)
    if out is not None:
        write_realised(out, realised, left_over.to_dict("records"))
    return Reconciliation(realised, len(matched), len(left_over))
