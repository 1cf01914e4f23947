"""Runs whose process was killed: MLflow goes on showing them as running until somebody ends them.

Each training that is at it holds a file in the state folder locked; the operating system lets go of
it when the process dies, however it dies. The run bears the file's name as a tag.
"""

import os
import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from imrml.config import state_dir
from imrml.tracking.connection import connected

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

MARK_TAG = "imrml.mark"
"""Tag of a run that names the file its process holds."""


class Terminated(BaseException):
    """The process was asked to end (SIGTERM), as ``docker stop`` and job schedulers ask."""


@contextmanager
def ending_runs_when_terminated() -> Iterator[None]:
    """Let SIGTERM end the work by an exception first, so that its run is ended too, then as ever.

    Only where nobody else handles it, and in the main thread, which alone may.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(*_: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    except Terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _marks() -> Path:
    return state_dir() / "trainings"


@contextmanager
def marked() -> Iterator[str]:
    """Hold a mark as long as a training is at work, so that its run can be told from a dead one.

    Where the training fails, the mark stays until :func:`end_interrupted_runs` has looked whether
    its run was ended.

    Yields
    ------
    str
        The mark, for the tag ``MARK_TAG``.
    """
    mark = uuid.uuid4().hex
    _marks().mkdir(mode=0o700, exist_ok=True)
    path = _marks() / mark
    with FileLock(path, mode=0o600):
        yield mark
    path.unlink(missing_ok=True)


def _list_left() -> list[Path]:
    """List the marks that no process holds."""
    left = []
    for path in sorted(_marks().glob("*")):
        with suppress(Timeout), FileLock(path, timeout=0, mode=0o600):
            left.append(path)
    return left


def _list_running(client: "MlflowClient", marks: list[Path]) -> list[Any]:
    """List runs that bear one of the marks and were never ended, with those below them."""
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = []
    for mark in marks:
        of_mark = client.search_runs(experiments, f"tags.`{MARK_TAG}` = '{mark.name}'")
        for run in of_mark:
            below = f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
            runs += [run, *client.search_runs(experiments, below)]
    return [run for run in runs if run.info.status == "RUNNING"]


def interrupted_runs() -> list[str]:
    """Find runs of MLflow whose process was killed.

    Returns
    -------
    list of str
        A sentence each.
    """
    if not (left := _list_left()):
        return []
    with connected() as client:
        return [
            f"run {run.info.run_id} is shown as running, but its process was killed; the next "
            "`imrml train` or `imrml retrain` ends it"
            for run in _list_running(client, left)
        ]


def end_interrupted_runs() -> list[str]:
    """End the runs of MLflow whose process was killed, as ``KILLED``.

    Returns
    -------
    list of str
        A sentence for each.
    """
    if not (left := _list_left()):
        return []
    with connected() as client:
        ended = [run.info.run_id for run in _list_running(client, left)]
        for run_id in ended:
            client.set_terminated(run_id, "KILLED")
    for mark in left:
        mark.unlink(missing_ok=True)
    return [f"run {run_id}, whose process was killed, is ended as KILLED" for run_id in ended]
