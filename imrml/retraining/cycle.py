"""One night's work: take in what is new, train a challenger, let the gate decide, promote.

Every step leaves files that are whole: the item store is replaced in one step, a run that was
logged half is replaced by the next attempt, the champion's alias moves last and in one step, and
what was decided is written down only after that. Killed at any moment, the next run finds either
nothing to do or the same work again.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.config import Config, state_dir
from imrml.errors import NotEnoughDataError, TrackingError
from imrml.evaluation.checks.splits import VERDICT_CODE
from imrml.explaining.precedents import keep_precedents
from imrml.features.own_words import in_words_of
from imrml.models import load_model
from imrml.models.trust import trusted_types, trusting
from imrml.phrases import pluralize
from imrml.private_files import remove_leftovers
from imrml.retraining.champion import (
    FORGOTTEN,
    Champion,
    answer_together,
    find_champion,
    fingerprint_recipe,
    is_champion_usable,
    must_forget,
    name_learned,
    with_own_recipe,
)
from imrml.retraining.drop_folder import (
    DroppedFiles,
    find_dropped_files,
    fingerprint_inputs,
    is_already_processed,
    record_outcome,
    recorded_champion,
)
from imrml.retraining.gate import (
    GateResult,
    judge_budgets,
    judge_checks,
    judge_held_out,
    judge_kind,
    judge_window,
)
from imrml.retraining.intake import Intake, ingest
from imrml.retraining.lock import retrain_lock
from imrml.retraining.new_cases import NewCases
from imrml.retraining.outcome import KEPT, NOTHING_NEW, PROMOTED, Outcome
from imrml.retraining.recalibration import find_offset, write_recalibrated
from imrml.retraining.window import (
    find_new_cases,
    find_newer_cases,
    hold_apart,
    split_in_order,
    split_newest,
)
from imrml.tracking import discard_unfinished, end_interrupted_runs, log_training, promote
from imrml.tracking.trained import save_training
from imrml.training.data import TrainingData, prepare
from imrml.training.fitting import Report, report_nothing
from imrml.training.run import TrainingResult, train

_LATENCY_ROWS = 1000
_OWN_RECIPE_PARTS = 2
"""Of the window, when the champion's own recipe asks: the later one is judged by a challenger that
has learned from the earlier, so that what the new cases bring is compared, and not only what ships
without them (experiments/070-two-years-of-nights). Another recipe is shown to be better on what the
champion knew, as one challenger on a window that grows."""


@dataclass(frozen=True, eq=False)
class _RetrainRun:
    """What every step of one retrain has at hand.

    Parameters
    ----------
    config : Config
        Recipe, drop folder and gate.
    n_jobs : int
        Worker processes.
    report : callable
        Given, in words, what is going on.
    is_dry_run : bool
        Log nothing and move nothing.
    is_backfill : bool
        New cases of the champion's own period count too.
    """

    config: Config
    n_jobs: int
    report: Report
    is_dry_run: bool
    is_backfill: bool = False

    @property
    def challenger(self) -> Path:
        """Folder of the refitted model, which stays there until it is logged whole."""
        return state_dir() / "challenger"

    def train(self, items: pd.DataFrame) -> TrainingResult:
        """Evaluate and fit the recipe."""
        return train(items, self.config, n_jobs=self.n_jobs, report=self.report)


def retrain(
    config: Config,
    n_jobs: int = 1,
    report: Report = report_nothing,
    *,
    is_dry_run: bool = False,
    is_backfill: bool = False,
) -> Outcome:
    """Take in what is new, and replace the champion if the gate lets the challenger pass.

    Parameters
    ----------
    config : Config
        Recipe, drop folder and gate.
    n_jobs : int, default=1
        Worker processes; -1 for one a core.
    report : callable, default=report_nothing
        Given, in words, what is going on.
    is_dry_run : bool, default=False
        Compare and report, but log nothing and move nothing.
    is_backfill : bool, default=False
        Learn from cases decided in the champion's own period too; those of a part of them, which
        neither model is fitted on, are compared on.

    Returns
    -------
    Outcome

    Raises
    ------
    ImrmlError
        Another retrain is at work, MLflow is away, or the data do not allow a training; nothing was
        moved.
    """
    run = _RetrainRun(config, n_jobs, report, is_dry_run, is_backfill)
    with retrain_lock(), trusting(trusted_types(config)), in_words_of(config):
        for folder in (state_dir(), state_dir() / "intake", run.challenger):
            remove_leftovers(folder)  # of a retrain that was killed
        if not is_dry_run:
            _end_interrupted_runs(report)
        files = find_dropped_files(config)
        if files.n_waiting:
            waiting = pluralize(files.n_waiting, "file")
            report(f"{waiting} still being written: left to the next retrain")
        signature = fingerprint_inputs(config, files) + ("-backfill" if is_backfill else "")
        if is_already_processed(signature) and is_champion_usable(config):
            why = "no file has arrived, and the config is the same, since the last retrain"
            return Outcome(NOTHING_NEW, why, champion=recorded_champion(), is_untouched=True)
        intake = _take_in(run, files)
        outcome = replace(
            _retrain(run, intake.items),
            n_corrected=intake.n_corrected,
            n_unread=intake.n_unread,
            is_backfill=is_backfill,
        )
        if not is_dry_run:
            _record(run, signature, outcome)
        return outcome


def _end_interrupted_runs(report: Report) -> None:
    with suppress(TrackingError):  # a night without news does not need MLflow
        for ended in end_interrupted_runs():
            report(ended)


def _retrain(run: _RetrainRun, items: pd.DataFrame) -> Outcome:
    """Go through the steps; each may end the retrain."""
    # 1. What arrived is taken in.
    if items.empty:
        return Outcome(NOTHING_NEW, "the drop folder holds no item yet")

    # 2. See whether enough of it is new.
    data = prepare(items, run.config)
    champion = find_champion(data, run.config, run.report)
    arrivals = _find_arrivals(data, champion, run)
    is_to_refit = must_forget(champion, run.config, run.report)
    if is_to_refit:
        run = _take_own_recipe(run, champion)
        data = prepare(items, run.config)
    if not is_to_refit and (lacking := _say_what_lacks(run, arrivals)):
        return _follow_rate(run, arrivals) or arrivals.conclude(NOTHING_NEW, lacking)

    # 3. Compare the recipe with the champion on the newest items.
    gates: tuple[GateResult, ...] = ()
    compared_kind = None
    if champion.model is not None and not is_to_refit:
        gates, compared_kind = _compare_recipe(run, arrivals)
        if failed := _name_failed(gates):
            why = f"the challenger did not pass the gate on {_name_window(run)} ({failed})"
            return _follow_rate(run, arrivals, gates) or arrivals.conclude(KEPT, why, gates)

    # 4. Fit the recipe again, on all items.
    with in_words_of(run.config):
        result = _refit(run, items)

    # 5. Judge the refitted model itself.
    if compared_kind is not None:
        gates += (judge_kind(compared_kind, str(result.manifest["outcome_kind"])),)
    gates += _judge_refit(run, result, data)
    if failed := _name_failed(gates):
        why = f"the refitted model did not pass its checks ({failed})"
        return arrivals.conclude(KEPT, why, gates)

    # 6. Log it, and move the champion last.
    why = FORGOTTEN if is_to_refit else _say_why_promoted(run, champion)
    version = None if run.is_dry_run else _install(run, champion, f"retrain: {why}", result)
    return arrivals.conclude(PROMOTED, why, gates, version, keeps_recipe=is_to_refit)


# --- 1. take in -----------------------------------------------------------------------------------


def _take_in(run: _RetrainRun, files: DroppedFiles) -> Intake:
    intake = ingest(run.config, run.n_jobs, files)
    if intake.n_corrected:
        cases = pluralize(intake.n_corrected, "case")
        run.report(f"{cases} with several determinations: the newest counts, with all its items")
    if intake.n_unread:
        unread = pluralize(intake.n_unread, "file")
        run.report(f"{unread} could not be read: {intake.failures} says why")
    return intake


# --- 2. is there anything new? --------------------------------------------------------------------


def _find_arrivals(data: TrainingData, champion: Champion, run: _RetrainRun) -> NewCases:
    is_new = find_new_cases(data, champion.model)
    counts_all = champion.model is None or run.is_backfill
    is_newer = is_new if counts_all else find_newer_cases(data, is_new)
    arrivals = NewCases(data, is_new, is_newer, champion, fingerprint_recipe(run.config))
    is_cut = arrivals.n_newer_cases > run.config.retraining.max_window_cases
    if champion.model is None or run.is_backfill or is_cut:
        return arrivals
    return replace(arrivals, window=name_learned(champion.model))


def _take_own_recipe(run: _RetrainRun, champion: Champion) -> _RetrainRun:
    """Refit without comparison by the champion's own recipe only; another one has to be shown."""
    if champion.model is None or champion.is_own_recipe:
        return run
    run.report(
        "the champion is made again by its own recipe; that of the config is compared with it once "
        "newer cases have arrived"
    )
    return replace(run, config=with_own_recipe(champion.model, run.config))


def _say_what_lacks(run: _RetrainRun, arrivals: NewCases) -> str | None:
    """Say why what arrived is not worth a training; None where it is."""
    asked = run.config.retraining
    n_cases, n_overturned = arrivals.n_newer_cases, arrivals.n_newer_overturned
    if n_cases >= asked.min_new_cases and n_overturned >= asked.min_new_overturned:
        return None
    why = (
        f"{n_cases:,} new cases with {n_overturned:,} overturned items; worth a training are "
        f"{asked.min_new_cases:,} with {asked.min_new_overturned:,}"
    )
    if arrivals.n_older_cases:
        why += (
            f"; {arrivals.n_older_cases:,} more were decided before what the champion learned "
            "from, and wait for newer ones; `imrml retrain --backfill` learns from them now"
        )
    return why


# --- 3. compare -----------------------------------------------------------------------------------


def _compare_recipe(run: _RetrainRun, arrivals: NewCases) -> tuple[tuple[GateResult, ...], str]:
    """Judge a recipe against the champion on the newest window.

    Returns
    -------
    gates : tuple of GateResult
        See :func:`imrml.retraining.gate.judge_window`.
    outcome_kind : str
        Kind of outcome model that was judged, on the last part: the recipe's own, or the category
        prior where its held-out cases showed no more.

    Raises
    ------
    NotEnoughDataError
        What is older than the window cannot be learned from, or there is no window.
    """
    data, asked, champion = arrivals.data, run.config.retraining, arrivals.champion
    if run.is_backfill:
        past, window = hold_apart(data, arrivals.is_new, asked.max_window_cases, run.config.seed)
    else:
        past, window = split_newest(data, arrivals.is_newer, asked.max_window_cases)
    if not len(window):
        raise NotEnoughDataError(
            "retrain: no newer case stands by itself; all share narratives with older ones"
        )
    n_parts = _OWN_RECIPE_PARTS if champion.is_own_recipe else 1
    parts, judged = split_in_order(data, window, n_parts), []
    for number, part in enumerate(parts, start=1):
        run.report(
            f"window: {pluralize(len(part), 'item')} that neither model was fitted on "
            f"(part {number} of {len(parts)}); challenger learns from {len(past):,} others"
        )
        challenger = run.train(data.items.iloc[past])
        judged.append(answer_together(challenger.model, champion, data.take(part)))
        past = np.sort(np.concatenate([past, part]))
    compared = pd.concat(judged, ignore_index=True)
    number, challenge = arrivals.challenge
    gates = judge_window(
        compared,
        asked.gate,
        run.config.seed,
        number,
        challenge.carried,
        is_own_recipe=champion.is_own_recipe,
    )
    return gates, str(challenger.manifest["outcome_kind"])


def _name_window(run: _RetrainRun) -> str:
    return "new items held apart" if run.is_backfill else "the newest items"


def _name_failed(gates: Sequence[GateResult]) -> str:
    return ", ".join(gate.name.replace("_", " ") for gate in gates if not gate.passed)


# --- 4. refit -------------------------------------------------------------------------------------


def _refit(run: _RetrainRun, items: pd.DataFrame) -> TrainingResult:
    run.report("refitting the recipe on all items")
    result = run.train(items)
    discard_unfinished(run.challenger)
    save_training(result, run.challenger)
    return result


# --- 5. judge -------------------------------------------------------------------------------------


def _judge_refit(
    run: _RetrainRun, result: TrainingResult, data: TrainingData
) -> tuple[GateResult, ...]:
    """Judge calibration on held-out cases, leakage checks, size of the file, time to score."""
    leaks = [check for check in result.checks if check.code != VERDICT_CODE]
    n_bytes = (run.challenger / "model.skops").stat().st_size
    gate, manifest = run.config.retraining.gate, result.manifest
    return (
        judge_held_out(result.metrics, manifest["headline"], manifest["outcome_kind"], gate),
        judge_checks(leaks),
        *judge_budgets(n_bytes, _seconds_per_thousand(run, data), gate),
    )


def _seconds_per_thousand(run: _RetrainRun, data: TrainingData) -> float:
    """Time the saved model on submissions of the table; a busy machine makes no model slow."""
    model = load_model(run.challenger).model
    rows = np.arange(min(_LATENCY_ROWS, len(data.items)))
    submissions = data.take(rows).submissions
    model.predict_proba(submissions[:1])
    start = time.process_time()
    model.predict_proba(submissions)
    return (time.process_time() - start) * _LATENCY_ROWS / len(rows)


# --- 6. install -----------------------------------------------------------------------------------


def _say_why_promoted(run: _RetrainRun, champion: Champion) -> str:
    if champion.model is not None:
        return f"the challenger passed the gate on {_name_window(run)}"
    if champion.version is not None:
        return "other code made the champion, so it could not be used"
    return "there was no champion yet"


def _install(
    run: _RetrainRun, champion: Champion, why: str, result: TrainingResult | None = None
) -> str:
    """Log the challenger and make it the champion, which is the last step; its version."""
    try:
        logged = log_training(run.challenger)
        # before the move: no champion is ever without them
        if result is not None and result.precedents is not None:
            keep_precedents(result.precedents, result.manifest)
        move = promote(
            champion.name,
            why,
            logged.model_version,
            who="imrml retrain",
            instead_of=champion.version,
        )
    except TrackingError as error:
        raise TrackingError(
            f"{error}\nthe challenger and its figures are kept in {run.challenger}; "
            "the next retrain tries again"
        ) from None
    return move.to_version


def _follow_rate(
    run: _RetrainRun, arrivals: NewCases, gates: tuple[GateResult, ...] = ()
) -> Outcome | None:
    """Move the champion's offset where config says so and enough has been decided; else None."""
    champion, variance = arrivals.champion, run.config.retraining.follow_rate
    if variance is None or champion.model is None or champion.version is None:
        return None
    found = find_offset(champion.model, arrivals.data, arrivals.is_newer, variance)
    if not found.is_due:
        return None
    version = None
    if not run.is_dry_run:
        discard_unfinished(run.challenger)
        write_recalibrated(champion.model, champion.name, champion.version, found, run.challenger)
        version = _install(run, champion, f"retrain: {found}")
    return arrivals.conclude(PROMOTED, str(found), gates, version, keeps_recipe=True)


# --- 7. record ------------------------------------------------------------------------------------


def _record(run: _RetrainRun, signature: str, outcome: Outcome) -> None:
    """Write down what was decided; where that fails, the next retrain finds it out by itself."""
    try:
        record_outcome(signature, asdict(outcome))
    except OSError as error:
        run.report(
            f"the outcome could not be written down ({error.strerror}); "
            "the next retrain looks at the same files again"
        )
