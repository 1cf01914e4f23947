"""One retrain at a time: the operating system holds the lock, so it is gone when its process is, however that ended."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from imrml.config import state_dir
from imrml.errors import ImrmlError
from imrml.private_files import write_private

_LOCK_TIMEOUT_SECONDS = 2.0
"""``imrml doctor`` holds the lock for a moment; a retrain takes minutes."""


def _lock(timeout: float) -> FileLock:
    return FileLock(state_dir() / "retrain.lock", timeout=timeout, mode=0o600)


def _owner() -> Path:
    return state_dir() / "retrain.owner.json"


@contextmanager
def retrain_lock() -> Iterator[None]:
    """Hold the lock, or say who does and since when; a retrain that fails leaves word of why.

    Raises
    ------
    ImrmlError
        Another process is at it.
    """
    lock = _lock(_LOCK_TIMEOUT_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        raise ImrmlError(
            f"retrain: {_describe(_read_owner())} is at it; wait for it to end"
        ) from None
    told = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    try:
        _sign(told)
        yield
        _owner().unlink(missing_ok=True)
    except ImrmlError as error:  # its words hold no text of a record; those of other errors may
        _sign({**told, "failed": str(error)})
        raise
    except Exception as error:
        why = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else f"{type(error).__name__} (--debug shows where)"
        )
        _sign({**told, "failed": why})
        raise
    finally:
        lock.release()


def _sign(told: dict[str, Any]) -> None:
    try:
        write_private(
            _owner(), lambda target: target.write_text(json.dumps(told), encoding="utf-8")
        )
    except OSError:  # a full disk: the lock holds without a signature, and the error that matters is told elsewhere
        return


def _read_owner() -> dict[str, Any]:
    try:
        told = json.loads(_owner().read_text(encoding="utf-8"))
        return told if isinstance(told, dict) and {"pid", "host", "since"} <= set(told) else {}
    except (OSError, ValueError):  # somebody holds the lock and has not signed yet
        return {}


def _describe(told: dict[str, Any]) -> str:
    if not told:
        return "another process"
    age = datetime.now(UTC) - datetime.fromisoformat(told["since"])
    minutes = age.total_seconds() / 60
    how_long = (
        f"{minutes:,.0f} min ago"
        if minutes >= 0
        else "which the clock has not reached again: it went back"
    )
    return f"process {told['pid']} on {told['host']}, since {told['since']} ({how_long}),"


def interrupted_retrain() -> str | None:
    """Tell of a retrain that was killed, or that failed; None where the last one ended well, or one is at work."""
    try:
        with _lock(0):
            told = _read_owner()
    except Timeout:
        return None
    if "failed" in told:
        return f"the last retrain ({told['since']}) failed: {told['failed']}; once that is mended, the next one does the work"
    if told:
        return f"the retrain of {_describe(told)} was interrupted; the next `imrml retrain` finishes its work"
    return None


def is_unsettled() -> bool:
    """Whether a retrain is at work, or one was killed or failed and none has ended well since."""
    return _owner().exists()


def is_at_work() -> str | None:
    """Tell who is retraining just now; None where nobody is."""
    try:
        with _lock(0):
            return None
    except Timeout:
        return f"{_describe(_read_owner())} is retraining"
