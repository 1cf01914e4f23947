"""A watched retrain: whatever becomes of a night is written down, counted, and handed on.

The history is ``nights.jsonl`` in the state folder, a line a night, also of nights that failed or
brought nothing; it holds figures and our own messages, no text of a record.
"""

import json
import os
import subprocess
import sys
import uuid
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from imrml.config import Config, state_dir
from imrml.errors import ImrmlError
from imrml.masking import mask_secrets
from imrml.phrases import pluralize
from imrml.private_files import write_private_text
from imrml.retraining.cycle import retrain
from imrml.retraining.outcome import KEPT, NOTHING_NEW, PROMOTED, Outcome
from imrml.training.fitting import Report, report_nothing

EXIT_CODES = {PROMOTED: 0, NOTHING_NEW: 3, KEPT: 5}
FAILED = "failed"
_MAX_NIGHTS = 2000
_MAX_HOOK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Night:
    """What became of one retrain.

    Parameters
    ----------
    started, ended : str
        UTC, ISO, to the second.
    seconds : float
        From one to the other.
    run_id : str
        The same in the log.
    exit_code : int
        0 promoted, 3 nothing new, 5 champion kept; any other: it failed.
    verdict, why : str
        In a word, ``failed`` too; in a sentence.
    n_new_cases : int
        Cases newer than what the champion learned from.
    champion : str or None
        ``NAME/VERSION`` in use from then on; None where there is none, or the night failed.
    max_days : float or None
        How old the last success may become, by the config of that night.
    """

    started: str
    ended: str
    seconds: float
    run_id: str
    exit_code: int
    verdict: str
    why: str
    n_new_cases: int
    champion: str | None
    max_days: float | None

    @property
    def ended_well(self) -> bool:
        """Whether it did not fail.

        Returns
        -------
        bool
        """
        return self.verdict != FAILED


def run_night(
    config: Config,
    n_jobs: int = 1,
    report: Report = report_nothing,
    *,
    is_dry_run: bool = False,
    is_backfill: bool = False,
    run_id: str | None = None,
) -> Outcome:
    """Retrain, write down what became of it, and tell whoever config names.

    Parameters
    ----------
    config : Config
        Recipe, drop folder, gate, and whom to tell.
    n_jobs : int, default=1
        Worker processes; -1 for one a core.
    report : callable, default=report_nothing
        Given, in words, what is going on.
    is_dry_run : bool, default=False
        Compare and report, but log nothing, move nothing and tell nobody.
    is_backfill : bool, default=False
        As by :func:`~imrml.retraining.cycle.retrain`.
    run_id : str, optional
        Stands in the history; made where absent.

    Returns
    -------
    Outcome

    Raises
    ------
    ImrmlError
        As by :func:`~imrml.retraining.cycle.retrain`; that the night failed is written down.
    """
    if is_dry_run:
        return retrain(config, n_jobs, report, is_dry_run=True, is_backfill=is_backfill)
    started, name = datetime.now(UTC), run_id or uuid.uuid4().hex[:12]
    try:
        outcome = retrain(config, n_jobs, report, is_backfill=is_backfill)
    except Exception as error:
        # Words of errors that are not ours may quote a record.
        why = str(error) if isinstance(error, ImrmlError) else type(error).__name__
        code = error.exit_code if isinstance(error, ImrmlError) else 1
        night = _make_night(started, name, code, Outcome(FAILED, why), config)
        _keep(night, config, report)
        _run_hook(config.retraining.on_failure, "on_failure", night, report)
        raise
    night = _make_night(started, name, EXIT_CODES[outcome.verdict], outcome, config)
    _keep(night, config, report)
    if outcome.verdict == PROMOTED:
        _run_hook(config.retraining.on_promotion, "on_promotion", night, report)
    return outcome


def _make_night(
    started: datetime, run_id: str, exit_code: int, outcome: Outcome, config: Config
) -> Night:
    ended = datetime.now(UTC)
    return Night(
        _stamp(started),
        _stamp(ended),
        round((ended - started).total_seconds(), 1),
        run_id,
        exit_code,
        outcome.verdict,
        mask_secrets(outcome.why),
        outcome.n_new_cases,
        None if outcome.champion is None else "/".join(outcome.champion),
        config.retraining.max_days_without_success,
    )


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _history() -> Path:
    return state_dir() / "nights.jsonl"


def _keep(night: Night, config: Config, report: Report) -> None:
    """Write history and Prometheus file; where a disk is full, the night itself still counts."""
    try:
        lines = [json.dumps(asdict(each)) for each in [*read_nights()[-_MAX_NIGHTS + 1 :], night]]
        text = "\n".join(lines) + "\n"
        write_private_text(_history(), text)
        if config.retraining.prometheus_file is not None:
            _write_prometheus(Path(config.retraining.prometheus_file), night)
    except OSError as error:
        report(f"the night could not be written down ({error.strerror}): see the disk")


def read_nights() -> list[Night]:
    """Read the history.

    Returns
    -------
    list of Night
        Oldest first; lines that are damaged are passed over.
    """
    try:
        lines = _history().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    nights = []
    names = {field.name for field in fields(Night)}
    for line in lines:
        try:
            stored = json.loads(line)
            nights.append(Night(**{name: stored[name] for name in names}))
        except (ValueError, KeyError, TypeError):
            continue
    return nights


def list_nights(last: int = 20) -> pd.DataFrame:
    """List the last nights, newest first.

    Parameters
    ----------
    last : int, default=20
        At most so many.

    Returns
    -------
    DataFrame
        ``started``, ``seconds``, ``exit_code``, ``verdict``, ``n_new_cases``, ``champion``,
        ``run_id`` and ``why``, a row a night.
    """
    columns = [
        *("started", "seconds", "exit_code", "verdict", "n_new_cases", "champion", "run_id", "why")
    ]
    rows = [asdict(night) for night in reversed(read_nights()[-last:])]
    return pd.DataFrame(rows, columns=[field.name for field in fields(Night)])[columns]


def describe_silence(now: datetime | None = None) -> str | None:
    """Say that the last retrain that did not fail is older than config allows.

    Parameters
    ----------
    now : datetime, optional
        With its time zone; this moment where absent.

    Returns
    -------
    str or None
        None where all is well, nothing is to be watched, or no night was ever run.
    """
    nights = read_nights()
    if not nights or (max_days := nights[-1].max_days) is None:
        return None
    ended_well = [night for night in nights if night.ended_well]
    since = datetime.fromisoformat((ended_well or nights)[-1 if ended_well else 0].ended)
    age = (now or datetime.now(UTC)) - since
    if age <= timedelta(days=max_days):
        return None
    what = "the last retrain that did not fail ended" if ended_well else "no retrain ended well"
    return (
        f"nights: {what} {'' if ended_well else 'since '}{since:%Y-%m-%d %H:%M} UTC, "
        f"{pluralize(age.days, 'day')} ago; {max_days:g} are allowed "
        "(retraining.max_days_without_success): see `imrml nights`, and whether its job still runs"
    )


_METRICS = {
    "last_run_timestamp_seconds": "When the last retrain ended.",
    "last_success_timestamp_seconds": "When the last retrain that did not fail ended.",
    "last_exit_code": "0 promoted, 3 nothing new, 5 champion kept, others failed.",
    "last_duration_seconds": "How long it took.",
    "last_new_cases": "Cases newer than what the champion learned from.",
    "max_seconds_without_success": "What config allows.",
}


def _write_prometheus(path: Path, night: Night) -> None:
    """Write figures for the text file collector of node_exporter, in one step, for all to read."""
    ended_well = [each for each in read_nights() if each.ended_well]
    values = {
        "last_run_timestamp_seconds": _seconds(night.ended),
        "last_success_timestamp_seconds": _seconds(ended_well[-1].ended) if ended_well else None,
        "last_exit_code": night.exit_code,
        "last_duration_seconds": night.seconds,
        "last_new_cases": night.n_new_cases,
        "max_seconds_without_success": None if night.max_days is None else night.max_days * 86400,
    }
    lines = []
    for name, value in values.items():
        if value is not None:
            lines += [
                f"# HELP imrml_retrain_{name} {_METRICS[name]}",
                f"# TYPE imrml_retrain_{name} gauge",
                f"imrml_retrain_{name} {value:.15g}",
            ]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")  # an ending that nobody collects
    try:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _run_hook(command: list[str] | None, name: str, night: Night, report: Report) -> None:
    """Run a command of config; that it fails changes nothing but what is reported."""
    if not command:
        return
    facts = {
        "IMRML_RUN_ID": night.run_id,
        "IMRML_EXIT_CODE": str(night.exit_code),
        "IMRML_VERDICT": night.verdict,
        "IMRML_CHAMPION": night.champion or "",
    }
    message = f"imrml retrain: {night.verdict}: {night.why}\n"
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, without a shell
            command,
            input=message,
            text=True,
            stdout=sys.stderr if _has_descriptor() else subprocess.DEVNULL,
            env=os.environ | facts,
            timeout=_MAX_HOOK_SECONDS,
            check=False,
        )
        trouble = f"ended with {done.returncode}" if done.returncode else None
    except subprocess.TimeoutExpired:
        trouble = f"took longer than {_MAX_HOOK_SECONDS} s and was ended"
    except OSError as error:
        trouble = f"cannot be run ({error.strerror})"
    if trouble:
        report(f"retraining.{name}: {command[0]} {trouble}; the retrain itself is as it was")


def _has_descriptor() -> bool:
    try:
        sys.stderr.fileno()
    except (OSError, AttributeError, ValueError):
        return False
    return True
