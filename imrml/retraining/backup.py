"""The state folder as one file, made while a retrain may be at work, and put back at any place.

What a retrain writes, it replaces whole, and a champion's files never change once its alias points
to them. So a copy is consistent if what says "all files so far are dealt with" is copied first, the
database at one moment after it, and the files that the database names after that.
"""

import hashlib
import json
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from imrml.config import state_dir
from imrml.errors import ImrmlError, ModelError
from imrml.private_files import is_temporary, write_private, write_private_text
from imrml.tracking import (
    CHAMPION,
    find_alias_folders,
    list_aliases,
    load_registered,
    own_database,
    relocate,
)
from imrml.tracking.migration import copy_database

_CONTENTS = "contents.json"
_FORMAT = 1
_DATABASE = "mlflow.db"
_RECORD = "retrain.json"
_MADE = "backups.json"
_LEFT_OUT = frozenset({"retrain.lock", "retrain.owner.json", "mlflow.lock", _CONTENTS})
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds, or what was restored.

    Parameters
    ----------
    path : Path
        The file.
    n_files, n_bytes : int
        Files of the state folder in it, and their bytes.
    made_on : str
        UTC, ISO, to the second.
    models : tuple of str
        Aliases whose model is in it, ``NAME@ALIAS``.
    """

    path: Path
    n_files: int
    n_bytes: int
    made_on: str
    models: tuple[str, ...]


def back_up(out: str | Path) -> Backup:
    """Write the state folder as one checked file, mode 0600; a retrain may be at work.

    Parameters
    ----------
    out : str or Path
        File to write, outside the state folder: ``.zip``. It holds **health data**.

    Returns
    -------
    Backup

    Raises
    ------
    ImrmlError
        The file would lie in the state folder or has another ending, there is nothing to back up,
        or an alias has no files: a backup that lacks a model is none.
    """
    target, state = Path(out).absolute(), state_dir().resolve()
    if target.suffix.lower() != ".zip":
        raise ImrmlError(f"backup: {out} must end in .zip")
    if state in (target.resolve(), *target.resolve().parents):
        raise ImrmlError(f"backup: {out} lies in the state folder; name a place outside {state}")
    if not any(_files(state)):
        raise ImrmlError(f"backup: {state} holds nothing yet; see IMRML_HOME")
    _note_backup(target)
    made: list[Backup] = []
    write_private(target, lambda temporary: made.append(_write(temporary, target, state)))
    return made[0]


def list_backups() -> list[Path]:
    """List the backups made of this state folder that are still where they were written.

    Returns
    -------
    list of Path
        Of those on a disk that is here.
    """
    return [path for path in _recorded_backups() if path.is_file()]


def count_moved_backups() -> int:
    """Count the backups made of this state folder that are no longer where they were written.

    Returns
    -------
    int
        Deleted ones among them: nobody knows.
    """
    return sum(not path.is_file() for path in _recorded_backups())


def _recorded_backups() -> list[Path]:
    try:
        return [*map(Path, json.loads((state_dir() / _MADE).read_text(encoding="utf-8")))]
    except (OSError, ValueError):
        return []


def _note_backup(target: Path) -> None:
    """Write down where a backup goes, so that `imrml forget` can name it."""
    known = sorted({*map(str, _recorded_backups()), str(target)})
    text = json.dumps(known, indent=1) + "\n"
    write_private_text(state_dir() / _MADE, text)


def _write(temporary: Path, target: Path, state: Path) -> Backup:
    digests: dict[str, str] = {}
    n_bytes = 0
    made_on = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with (
        tempfile.TemporaryDirectory(dir=temporary.parent, prefix=f".{target.stem}-") as beside,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        snapshot = Path(beside, _DATABASE)

        def add(name: str, path: Path) -> None:
            nonlocal n_bytes
            try:
                source = path.open("rb")
            except FileNotFoundError:  # a retrain at work has removed or replaced it
                return
            digest = hashlib.sha256()
            with source, archive.open(_entry(name), "w", force_zip64=True) as entry:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    entry.write(chunk)
                    n_bytes += len(chunk)
            digests[name] = digest.hexdigest()

        if (state / _RECORD).exists():
            add(_RECORD, state / _RECORD)
        models: dict[str, Path] = {}
        if own_database() is not None and (state / _DATABASE).exists():
            copy_database(state / _DATABASE, snapshot)
            add(_DATABASE, snapshot)
            models = find_alias_folders(snapshot)
        for path in _files(state):
            name = path.relative_to(state).as_posix()
            if name not in digests and not name.startswith(f"{_DATABASE}-"):
                add(name, path)
        for model, folder in models.items():
            _require_files(model, folder, digests)
        contents = {
            "format": _FORMAT,
            "imrml": version("imrml"),
            "made_on": made_on,
            "models": sorted(models),
            "files": digests,
        }
        archive.writestr(_entry(_CONTENTS), json.dumps(contents, indent=1))
    with zipfile.ZipFile(temporary) as written:
        _check(written, target)
    return Backup(target, len(digests), n_bytes, made_on, tuple(sorted(models)))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _files(state: Path) -> Iterator[Path]:
    """List the files of a state folder that mean something once nobody is at work in it."""
    for path in sorted(state.rglob("*")):
        parts = path.relative_to(state).parts
        if (
            path.is_file()
            and not path.is_symlink()
            and path.name not in _LEFT_OUT
            and not any(is_temporary(part) for part in parts)
        ):
            yield path


def _require_files(model: str, folder: Path, digests: dict[str, str]) -> None:
    inside = f"artifacts/{folder.as_posix()}/"
    if not any(name.startswith(inside) and name.endswith("model.json") for name in digests):
        raise ImrmlError(
            f"backup: the files of {model} are not in the state folder; nothing was written. "
            "See `imrml doctor`, mend that first (`imrml doctor --relocate` fetches what an "
            "earlier version wrote elsewhere)"
        )


def _check(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """Read every file of an archive and compare it with its checksum."""
    try:
        contents = json.loads(archive.read(_CONTENTS))
        wanted = dict(contents["files"])
        if contents["format"] != _FORMAT:
            raise ImrmlError(
                f"{path}: a backup of format {contents['format']}, this version reads {_FORMAT}; "
                f"restore it with imrml {contents['imrml']}"
            )
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile):
        raise ImrmlError(f"{path}: no backup of imrml, or damaged ({_CONTENTS})") from None
    present = set(archive.namelist()) - {_CONTENTS}
    if present != wanted.keys() or not all(map(_is_safe, present)):
        raise ImrmlError(f"{path}: damaged: it does not hold the files that it lists")
    for name, expected in wanted.items():
        digest = hashlib.sha256()
        try:
            with archive.open(name) as entry:
                while chunk := entry.read(_CHUNK):
                    digest.update(chunk)
        except (zipfile.BadZipFile, OSError, EOFError, zlib.error):
            raise ImrmlError(f"{path}: damaged: {name} cannot be read") from None
        if digest.hexdigest() != expected:
            raise ImrmlError(f"{path}: damaged: {name} is not what was backed up")
    return dict(contents)


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name


def restore(backup: str | Path) -> Backup:
    """Put a backup back as the state folder, at whatever place that is now.

    Every file is checked before anything is in place; the folder then appears in one step.

    Parameters
    ----------
    backup : str or Path
        File that :func:`back_up` wrote.

    Returns
    -------
    Backup

    Raises
    ------
    ImrmlError
        It is no backup or damaged, or the state folder holds something: nothing is overwritten.
    ModelError
        The champion cannot be loaded by this code; the folder is in place, and the message says so.
    """
    path, state = Path(backup), state_dir().resolve()
    if held := sorted(each.name for each in state.iterdir()):
        raise ImrmlError(
            f"restore: {state} holds {held[0]} and {len(held) - 1} more; move it away first, "
            "or name another place by IMRML_HOME"
        )
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise ImrmlError(f"{path}: no backup of imrml, or damaged") from None
    for left in state.parent.glob(f".{state.name}-restoring-*"):  # of one that was killed
        shutil.rmtree(left, ignore_errors=True)
    with archive:
        contents = _check(archive, path)
        fresh = Path(tempfile.mkdtemp(dir=state.parent, prefix=f".{state.name}-restoring-"))
        try:
            for name in contents["files"]:
                target = fresh / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with archive.open(name) as source, target.open("xb") as sink:
                    shutil.copyfileobj(source, sink, _CHUNK)
                target.chmod(0o600)
            _check_database(fresh / _DATABASE, path)
            if own_database() is not None and (fresh / _DATABASE).exists():
                relocate(fresh / _DATABASE)
            fresh.chmod(0o700)
            fresh.rename(state)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    _load_champions(state)
    sizes = [each.stat().st_size for each in _files(state)]
    return Backup(path, len(sizes), sum(sizes), contents["made_on"], tuple(contents["models"]))


def _check_database(database: Path, path: Path) -> None:
    if not database.exists():
        return
    with closing(sqlite3.connect(database)) as stored:
        if stored.execute("pragma integrity_check").fetchone() != ("ok",):
            raise ImrmlError(f"{path}: damaged: its database is not whole")


def _load_champions(state: Path) -> None:
    if own_database() is None:
        return
    for name, alias, number in list_aliases():
        if alias == CHAMPION:
            try:
                load_registered(f"models:/{name}/{number}")
            except ModelError as error:
                raise ModelError(
                    f"restore: {state} is in place, but {name}@{CHAMPION} cannot be used: {error}; "
                    "see `imrml doctor`"
                ) from None
