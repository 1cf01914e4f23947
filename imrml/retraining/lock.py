"""One retrain at a time: the operating system holds the lock, so it dies with its process."""

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
from imrml.private_files import write_private_text

_LOCK_TIMEOUT_SECONDS = 2.0
"""``imrml doctor`` holds the lock for a moment; a retrain takes minutes."""


def _lock(timeout: float) -> FileLock:
    return FileLock(state_dir() / "retrain.lock", timeout=timeout, mode=0o600)


def _owner() -> Path:
    return state_dir() / "retrain.owner.json"


@contextmanager
def retrain_lock(who: str = "retrain") -> Iterator[None]:
    """Hold the lock, or say who does and since when; a retrain that fails leaves word of why.

    Parameters
    ----------
    who : str, default='retrain'
        What asks, for the message; only a retrain leaves word of itself.

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
            f"{who}: {_describe(_read_owner())} is at it; wait for it to end"
        ) from None
    if who != "retrain":
        try:
            yield
        finally:
            lock.release()
        return
    owner = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    try:
        _sign(owner)
        yield
        _owner().unlink(missing_ok=True)
    except ImrmlError as error:  # its words hold no text of a record; those of other errors may
        _sign({**owner, "failed": str(error)})
        raise
    except Exception as error:
        why = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else f"{type(error).__name__} (--debug shows where)"
        )
        _sign({**owner, "failed": why})
        raise
    finally:
        lock.release()


def _sign(owner: dict[str, Any]) -> None:
    try:
        write_private_text(_owner(), json.dumps(owner))
    except (
        OSError
    ):  # a full disk: the lock holds without a signature, and the retrain fails elsewhere
        return


def _read_owner() -> dict[str, Any]:
    try:
        owner = json.loads(_owner().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # somebody holds the lock and has not signed yet
        return {}
    return owner if isinstance(owner, dict) and {"pid", "host", "since"} <= set(owner) else {}


def _describe(owner: dict[str, Any]) -> str:
    if not owner:
        return "another process"
    age = datetime.now(UTC) - datetime.fromisoformat(owner["since"])
    minutes = age.total_seconds() / 60
    how_long = (
        f"{minutes:,.0f} min ago"
        if minutes >= 0
        else "which the clock has not reached again: it went back"
    )
    return f"process {owner['pid']} on {owner['host']}, since {owner['since']} ({how_long}),"


def interrupted_retrain() -> str | None:
    """Describe a retrain that was killed, or that failed.

    Returns
    -------
    str or None
        None where the last one ended well, or one is at work.
    """
    try:
        with _lock(0):
            owner = _read_owner()
    except Timeout:
        return None
    if "failed" in owner:
        return (
            f"the last retrain ({owner['since']}) failed: {owner['failed']}; "
            "once that is mended, the next one does the work"
        )
    if owner:
        return (
            f"the retrain of {_describe(owner)} was interrupted; "
            "the next `imrml retrain` finishes its work"
        )
    return None


def is_at_work() -> str | None:
    """Say who is retraining just now.

    Returns
    -------
    str or None
        None where nobody is.
    """
    try:
        with _lock(0):
            return None
    except Timeout:
        return f"{_describe(_read_owner())} is retraining"
