"""One night's work: take in what is new, train a challenger, let the gate decide, move the champion last.

Every step leaves files that are whole: the item store is replaced in one step, a run that was
logged half is replaced by the next attempt, the champion's alias moves last and in one step, and
what was decided is written down only after that. Killed at any moment, the next run finds either
nothing to do or the same work again.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.config import Config, state_dir
from imrml.errors import ModelError, NotEnoughDataError, OutdatedModelError, TrackingError
from imrml.evaluation.checks.splits import VERDICT_CODE
from imrml.evaluation.report.write import write_report
from imrml.explaining.precedents import keep_precedents
from imrml.models import LoadedModel, load_model, save_model
from imrml.phrases import pluralize
from imrml.private_files import remove_leftovers
from imrml.retraining.drop_folder import fingerprint_inputs, is_already_processed, record_outcome
from imrml.retraining.gate import (
    GateResult,
    judge_budgets,
    judge_checks,
    judge_held_out,
    judge_kind,
    judge_window,
)
from imrml.retraining.intake import ITEMS, ingest
from imrml.retraining.lock import retrain_lock
from imrml.retraining.window import find_new_cases, find_newer_cases, split_newest
from imrml.tracking import (
    CHAMPION,
    alias_version,
    discard_unfinished,
    flatten,
    load_registered,
    log_training,
    promote,
    registered_name,
)
from imrml.training.data import TrainingData, prepare
from imrml.training.fitting import predict_held_out
from imrml.training.run import TrainingResult, train

Report = Callable[[str], None]
PROMOTED, KEPT, NOTHING_NEW = "promoted", "champion kept", "nothing new"
_LATENCY_ROWS = 1000


@dataclass(frozen=True)
class Outcome:
    """What a retrain did.

    Parameters
    ----------
    verdict : {'promoted', 'champion kept', 'nothing new'}
        In a word.
    why : str
        In a sentence.
    gates : tuple of Gate
        Empty where nothing was compared.
    n_new_cases, n_new_overturned : int
        Cases and overturned items that the champion was not trained on, decided after those it was
        trained on.
    """

    verdict: str
    why: str
    gates: tuple[GateResult, ...] = ()
    n_new_cases: int = 0
    n_new_overturned: int = 0


def compare_recipe(
    data: TrainingData,
    is_newer: np.ndarray,
    champion: LoadedModel,
    config: Config,
    *,
    n_jobs: int,
    report: Report,
) -> tuple[tuple[GateResult, ...], str]:
    """Judge a recipe against the champion on the newest window.

    Returns
    -------
    gates : tuple of Gate
        What :func:`imrml.retraining.gate.judge_window` found.
    outcome_kind : str
        Kind of outcome model that was judged: the recipe's own, or the category prior where its
        held-out cases showed no more.

    Raises
    ------
    NotEnoughDataError
        What is older than the window cannot be learned from, or there is no window.
    """
    chosen = config.retraining
    past, window = split_newest(data, is_newer, chosen.max_window_cases)
    if not len(window):
        raise NotEnoughDataError(
            "retrain: no newer case stands by itself; all share narratives with older ones"
        )
    report(
        f"window: {len(window):,} items that neither model was fitted on; challenger learns from {len(past):,} older items"
    )
    fitted = train(data.items.iloc[past], config, n_jobs=n_jobs, report=report)
    unseen = data.take(window)
    after, before = (
        predict_held_out(model, unseen, {}).outcome for model in (fitted.model, champion.model)
    )
    compared = after.rename(columns={"p_overturned": "p_challenger"}).assign(
        p_champion=before["p_overturned"]
    )
    return judge_window(compared, chosen.gate, config.seed), str(fitted.manifest["outcome_kind"])


def judge_refit(
    result: TrainingResult, folder: Path, data: TrainingData, config: Config
) -> tuple[GateResult, ...]:
    """Judge the refitted recipe itself: calibration on held-out cases, leakage checks, size of its file, time to score."""
    rows = np.arange(min(_LATENCY_ROWS, len(data.items)))
    loaded = load_model(folder)
    some = data.take(rows).submissions
    loaded.model.predict_proba(some[:1])
    start = time.perf_counter()
    loaded.model.predict_proba(some)
    seconds = (time.perf_counter() - start) * _LATENCY_ROWS / len(rows)
    leaks = [check for check in result.checks if check.code != VERDICT_CODE]
    n_bytes = (folder / "model.skops").stat().st_size
    gate, manifest = config.retraining.gate, result.manifest
    return (
        judge_held_out(result.metrics, manifest["headline"], manifest["outcome_kind"], gate),
        judge_checks(leaks),
        *judge_budgets(n_bytes, seconds, gate),
    )


def retrain(
    config: Config, n_jobs: int = 1, report: Report = lambda _: None, *, is_dry_run: bool = False
) -> Outcome:
    """Take in what is new, and replace the champion if the gate lets the challenger pass.

    Parameters
    ----------
    config : Config
        Recipe, drop folder and gate.
    n_jobs : int, default=1
        Worker processes.
    report : callable
        Told, in words, what is going on.
    is_dry_run : bool, default=False
        Compare and report, but log nothing and move nothing.

    Returns
    -------
    Outcome

    Raises
    ------
    ImrmlError
        Another retrain is at work, MLflow is away, or the data do not allow a training; nothing was
        moved.
    """
    with retrain_lock():
        for folder in (state_dir(), state_dir() / "intake", _challenger()):
            remove_leftovers(folder)  # of a retrain that was killed
        signature = fingerprint_inputs(config)
        if is_already_processed(signature):
            return Outcome(
                NOTHING_NEW,
                "no file has arrived, and the config is the same, since the last retrain",
            )
        outcome = _retrain(config, n_jobs, report, is_dry_run=is_dry_run)
        if not is_dry_run:
            try:
                record_outcome(signature, asdict(outcome))
            except (
                OSError
            ) as error:  # what was decided is done: the next retrain finds that out by itself
                report(
                    f"the outcome could not be written down ({error.strerror}); the next retrain looks at the same files again"
                )
        return outcome


def _retrain(config: Config, n_jobs: int, report: Report, *, is_dry_run: bool) -> Outcome:
    intake = ingest(config, n_jobs)
    if intake.n_unread:
        report(
            f"{pluralize(intake.n_unread, 'letter')} could not be read: {intake.failures} says why"
        )
    if intake.items.empty:
        return Outcome(NOTHING_NEW, "the drop folder holds no item yet")
    data = prepare(intake.items, config)
    name = registered_name(config.model_dump(), {"trained_on": data.trained_on})
    version = alias_version(name, CHAMPION)
    champion = None if version is None else _open_champion(name, version, config, report)
    is_new = find_new_cases(data, champion)
    is_newer = find_newer_cases(data, is_new) if champion is not None else is_new
    n_new_cases = int(pd.Series(data.cases[is_newer]).nunique())
    n_new_overturned = int(data.overturned[is_newer].sum())
    concluded = partial(Outcome, n_new_cases=n_new_cases, n_new_overturned=n_new_overturned)
    chosen = config.retraining
    if n_new_cases < chosen.min_new_cases or n_new_overturned < chosen.min_new_overturned:
        n_older = int(pd.Series(data.cases[is_new & ~is_newer]).nunique())
        why = (
            f"{n_new_cases:,} new cases with {n_new_overturned:,} overturned items; worth a training are "
            f"{chosen.min_new_cases:,} with {chosen.min_new_overturned:,}"
            + (
                f"; {n_older:,} more were decided before what the champion learned from, and wait for newer ones"
                if n_older
                else ""
            )
        )
        return concluded(NOTHING_NEW, why)
    gates: tuple[GateResult, ...] = ()
    judged = None
    if champion is not None:
        gates, judged = compare_recipe(
            data, is_newer, champion, config, n_jobs=n_jobs, report=report
        )
        if failed := _name_failed(gates):
            return concluded(
                KEPT, f"the challenger did not pass the gate on the newest items ({failed})", gates
            )
    report("refitting the recipe on all items")
    result = train(intake.items, config, n_jobs=n_jobs, report=report)
    folder = _challenger()
    discard_unfinished(folder)
    save_model(result.model, folder, result.manifest)
    write_report(
        folder, result.metrics, result.held_out, result.verdict, result.manifest["data"], result.checks,
        is_synthetic=result.manifest["trained_on"] == "synthetic",
    )  # fmt: skip
    if judged is not None:
        gates += (judge_kind(judged, str(result.manifest["outcome_kind"])),)
    gates += judge_refit(result, folder, data, config)
    if failed := _name_failed(gates):
        return concluded(KEPT, f"the refitted model did not pass its checks ({failed})", gates)
    if champion is not None:
        why = "the challenger passed the gate on the newest items"
    elif version is not None:
        why = "other code made the champion, so it could not be used"
    else:
        why = "there was no champion yet"
    if not is_dry_run:
        _install(result, folder, name, f"retrain: {why}", instead_of=version)
    return concluded(PROMOTED, why, gates)


def _open_champion(name: str, version: str, config: Config, report: Report) -> LoadedModel | None:
    """Open the champion, if it may be compared with what config asks for; None where other code made it from the same recipe."""
    try:
        champion = load_registered(f"models:/{name}/{version}")
    except OutdatedModelError as error:
        _require_same_recipe(error, config)
        report(f"{error}: its recipe is fitted again")
        return None
    _require_comparable(name, champion, config)
    return champion


def _install(
    result: TrainingResult, folder: Path, name: str, why: str, instead_of: str | None
) -> None:
    """Log the challenger and make it the champion, which is the last step."""
    try:
        run = log_training(folder)
        if result.precedents is not None:  # before the move: no champion is ever without them
            keep_precedents(result.precedents, result.manifest)
        promote(name, why, run.model_version, who="imrml retrain", instead_of=instead_of)
    except TrackingError as error:
        raise TrackingError(
            f"{error}\nthe challenger and its figures are kept in {folder}; the next retrain tries again"
        ) from None


def _name_failed(gates: Sequence[GateResult]) -> str:
    return ", ".join(gate.name.replace("_", " ") for gate in gates if not gate.passed)


def _challenger() -> Path:
    return state_dir() / "challenger"


def _require_same_recipe(error: OutdatedModelError, config: Config) -> None:
    """Refuse to replace, unseen, a champion that cannot be asked any more by another recipe: nothing was compared."""
    asked = config.model_dump()
    for section in ("stage", "profile", "features", "models"):
        made_with, now = (
            flatten({section: error.recipe.get(section)}),
            flatten({section: asked[section]}),
        )
        # Settings that only one of the two versions knows are no decision of anybody's.
        if differ := sorted(
            key for key in made_with.keys() & now.keys() if made_with[key] != now[key]
        ):
            raise ModelError(
                f"{error}\nthe config has another recipe ({', '.join(differ)}), and nothing can be compared: set it back for one "
                f"retrain, or `imrml train {state_dir() / 'intake' / ITEMS}` and `imrml registry promote`"
            )


def _require_comparable(name: str, champion: LoadedModel, config: Config) -> None:
    """Refuse to compare models of different stages or programmes: they see different things."""
    own, asked = (champion.model.stage, champion.model.profile), (config.stage, config.profile)
    if own != asked:
        raise ModelError(
            f"retrain: the champion of {name} is of stage and profile {own}, the config asks for {asked}; "
            "name another tracking.registered_model"
        )
