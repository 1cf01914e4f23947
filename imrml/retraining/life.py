"""One night's work: take in what is new, train a challenger, let the gate decide, move the champion last.

Every step leaves files that are whole: the item store is replaced in one step, a run that was logged half is replaced by the
next attempt, the champion's alias moves last and in one step, and what was decided is written down only after that. Killed at
any moment, the next run finds either nothing to do or the same work again.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.config import Config, state_dir
from imrml.evaluation.checks import VERDICT_CODE
from imrml.evaluation.report import write_report
from imrml.fitting import predict_held_out
from imrml.models import LoadedModel, load_model, save_model
from imrml.retraining.arrivals import is_dealt_with, remember, sign
from imrml.retraining.gate import Gate, judge_budgets, judge_checks, judge_window
from imrml.retraining.intake import take_in
from imrml.retraining.lock import sole_retrain
from imrml.tracking import fetch_model, list_versions, log_training, promote, registered_name
from imrml.tracking.registry import CHAMPION
from imrml.training import TrainingResult, train
from imrml.training_data import TrainingData, decided_years, hash_cases, prepare

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
        Cases and overturned items that the champion was not trained on.
    """

    verdict: str
    why: str
    gates: tuple[Gate, ...] = ()
    n_new_cases: int = 0
    n_new_overturned: int = 0


def find_new_cases(data: TrainingData, champion: LoadedModel | None) -> np.ndarray:
    """Mark the items of cases that the champion was not trained on, shape (n_items,)."""
    if champion is None:
        return np.ones(len(data.items), dtype=bool)
    seen = set(champion.manifest["training_cases"])
    return np.array([case not in seen and told not in seen for case, told in hash_cases(data)])


def split_newest(data: TrainingData, is_new: np.ndarray, max_cases: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut off the newest window: new cases, the latest ``max_cases`` of them; what is older than all of it may be learned from.

    Returns
    -------
    past, window : ndarrays of int
        Rows. Groups that reach into the window (near-duplicates) are not in the past.
    """
    decided = pd.to_datetime(data.keys["decided_on"], errors="coerce", format="ISO8601")
    day = decided.fillna(pd.to_datetime(decided_years(data.keys).map("{:.0f}-12-31".format, na_action="ignore"), errors="coerce"))
    cases = (
        pd.DataFrame({"group": data.groups, "day": day, "is_new": is_new}).groupby("group").agg({"day": "max", "is_new": "all"})
    )
    newest = cases[cases["is_new"] & cases["day"].notna()].sort_values("day", kind="stable").index[-max_cases:]
    in_window = np.isin(data.groups, newest)
    if not in_window.any():
        return np.arange(len(data.items)), np.array([], dtype=np.int64)
    from_day = cases.loc[newest, "day"].min()
    is_past = ~in_window & (day <= from_day).to_numpy()
    return np.flatnonzero(is_past), np.flatnonzero(in_window)


def compare_recipe(
    data: TrainingData, is_new: np.ndarray, champion: LoadedModel, config: Config, *, n_jobs: int, report: Report
) -> tuple[Gate, ...]:
    """Judge a recipe against the champion on the newest window.

    Raises
    ------
    NotEnoughDataError
        What is older than the window cannot be learned from.
    """
    chosen = config.retraining
    past, window = split_newest(data, is_new, chosen.max_window_cases)
    report(f"window: {len(window):,} items that neither model was fitted on; challenger learns from {len(past):,} older items")
    fitted = train(data.items.iloc[past], config, n_jobs=n_jobs, report=report).model
    unseen = data.take(window)
    after, before = (predict_held_out(model, unseen, {}).outcome for model in (fitted, champion.model))
    compared = after.rename(columns={"p_overturned": "p_challenger"}).assign(p_champion=before["p_overturned"])
    return judge_window(compared, chosen.gate, config.seed)


def judge_refit(result: TrainingResult, folder: Path, data: TrainingData, config: Config) -> tuple[Gate, ...]:
    """Judge the refitted recipe itself: leakage checks, size of its file, time to score."""
    rows = np.arange(min(_LATENCY_ROWS, len(data.items)))
    loaded = load_model(folder)
    some = data.take(rows).submissions
    loaded.model.predict_proba(some[:1])
    start = time.perf_counter()
    loaded.model.predict_proba(some)
    seconds = (time.perf_counter() - start) * _LATENCY_ROWS / len(rows)
    leaks = [check for check in result.checks if check.code != VERDICT_CODE]
    n_bytes = (folder / "model.skops").stat().st_size
    return judge_checks(leaks), *judge_budgets(n_bytes, seconds, config.retraining.gate)


def retrain(config: Config, n_jobs: int = 1, report: Report = lambda _: None, *, is_dry_run: bool = False) -> Outcome:
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
        Another retrain is at work, MLflow is away, or the data do not allow a training; nothing was moved.
    """
    with sole_retrain():
        signature = sign(config)
        if is_dealt_with(signature):
            return Outcome(NOTHING_NEW, "no file has arrived, and the config is the same, since the last retrain")
        outcome = _retrain(config, n_jobs, report, is_dry_run=is_dry_run)
        if not is_dry_run:
            remember(signature, asdict(outcome))
        return outcome


def _retrain(config: Config, n_jobs: int, report: Report, *, is_dry_run: bool) -> Outcome:
    intake = take_in(config, n_jobs)
    if intake.n_unread:
        report(f"{intake.n_unread:,} letters could not be read: {intake.failures} says why")
    if intake.items.empty:
        return Outcome(NOTHING_NEW, "the drop folder holds no item yet")
    data = prepare(intake.items, config)
    name = registered_name(config.model_dump(), {"trained_on": data.trained_on})
    champion = _champion(name)
    is_new = find_new_cases(data, champion)
    n_new_cases = int(pd.Series(data.cases[is_new]).nunique())
    n_new_overturned = int(data.overturned[is_new].sum())
    concluded = partial(Outcome, n_new_cases=n_new_cases, n_new_overturned=n_new_overturned)
    chosen = config.retraining
    if n_new_cases < chosen.min_new_cases or n_new_overturned < chosen.min_new_overturned:
        why = (
            f"{n_new_cases:,} new cases with {n_new_overturned:,} overturned items; worth a training are "
            f"{chosen.min_new_cases:,} with {chosen.min_new_overturned:,}"
        )
        return concluded(NOTHING_NEW, why)
    gates: tuple[Gate, ...] = ()
    if champion is not None:
        gates = compare_recipe(data, is_new, champion, config, n_jobs=n_jobs, report=report)
        if not all(gate.passed for gate in gates):
            return concluded(KEPT, "the challenger was not shown to be better on the newest items", gates)
    report("refitting the recipe on all items")
    result = train(intake.items, config, n_jobs=n_jobs, report=report)
    folder = state_dir() / "challenger"
    save_model(result.model, folder, result.manifest)
    write_report(
        folder, result.metrics, result.held_out, result.verdict, result.manifest["data"], result.checks,
        is_synthetic=result.manifest["trained_on"] == "synthetic",
    )  # fmt: skip
    gates += judge_refit(result, folder, data, config)
    if not all(gate.passed for gate in gates):
        return concluded(KEPT, "the refitted model did not pass its checks", gates)
    why = "the challenger is better on the newest items" if champion else "there was no champion yet"
    if not is_dry_run:
        run = log_training(folder)
        if run.model_version != _number(name, CHAMPION):  # a run killed after the move comes by here again
            promote(name, f"retrain: {why}", run.model_version, who="imrml retrain")
    return concluded(PROMOTED, why, gates)


def _champion(name: str) -> LoadedModel | None:
    """Load the champion, its files verified; None where there is none yet."""
    return None if _number(name, CHAMPION) is None else load_model(fetch_model(f"models:/{name}@{CHAMPION}"))


def _number(name: str, alias: str) -> str | None:
    """Look up the version that an alias points to."""
    versions = list_versions()
    found = versions[(versions["name"] == name) & versions["aliases"].str.split(", ").map(lambda names: alias in names)]
    return None if found.empty else str(found["version"].iloc[0])
