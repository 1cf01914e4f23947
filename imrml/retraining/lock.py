"""One retrain at a time: the operating system holds the lock, so it is gone when its process is, however that ended."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from imrml.config import state_dir
from imrml.errors import ImrmlError


@contextmanager
def sole_retrain() -> Iterator[None]:
    """Hold the lock, or say who does and since when.

    Raises
    ------
    ImrmlError
        Another process is at it.
    """
    lock = FileLock(state_dir() / "retrain.lock", timeout=0, mode=0o600)
    owner = state_dir() / "retrain.owner.json"
    try:
        lock.acquire()
    except Timeout:
        raise ImrmlError(f"retrain: {_describe(owner)} is at it; wait for it to end") from None
    try:
        since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        owner.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}), encoding="utf-8")
        yield
        owner.unlink(missing_ok=True)
    finally:
        lock.release()


def _describe(owner: Path) -> str:
    try:
        told = json.loads(owner.read_text(encoding="utf-8"))
        return f"process {told['pid']} on {told['host']}, since {told['since']},"
    except (OSError, ValueError, KeyError):  # it holds the lock and has not signed yet
        return "another process"


def interrupted_retrain() -> str | None:
    """Tell of a retrain that ended without signing off; None where the last one ended by itself, or one is at work."""
    owner = state_dir() / "retrain.owner.json"
    lock = FileLock(state_dir() / "retrain.lock", timeout=0, mode=0o600)
    try:
        with lock:
            if owner.exists():
                return f"the retrain of {_describe(owner)} was interrupted; the next `imrml retrain` finishes its work"
    except Timeout:
        return None
    return None
