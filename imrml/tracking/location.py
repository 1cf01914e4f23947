"""Where MLflow lives, and where its files are after the state folder was moved or copied.

MLflow stores absolute addresses of artifacts. Until ``imrml doctor --relocate`` has rewritten them,
whatever lay in the old place is looked for, and written, in the state folder itself.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from imrml.config import state_dir
from imrml.errors import TrackingError
from imrml.masking import mask_secrets

_ARTIFACTS = "artifacts"
_PLACES = (
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
)
"""Where the database says that files of a run or a model lie."""


def tracking_uri() -> str:
    """Say where MLflow lives.

    Returns
    -------
    str
        ``MLFLOW_TRACKING_URI`` where it is set, else the SQLite database of the state folder.
    """
    return (
        os.environ.get("MLFLOW_TRACKING_URI")
        or f"sqlite:///{(state_dir() / 'mlflow.db').resolve()}"
    )


def shown_tracking_uri() -> str:
    """Say where MLflow lives, as it may be shown and written down.

    Returns
    -------
    str
        :func:`tracking_uri` without user and password.
    """
    return mask_secrets(tracking_uri())


def own_database() -> Path | None:
    """Name the SQLite database in the state folder, if that is where MLflow lives.

    Returns
    -------
    Path or None
        Absolute, perhaps not there yet; None where ``MLFLOW_TRACKING_URI`` names another.
    """
    own = (state_dir() / "mlflow.db").resolve()
    address = tracking_uri()
    if not address.startswith("sqlite:///"):
        return None
    return own if Path(address.removeprefix("sqlite:///")).resolve() == own else None


def artifacts_dir() -> Path:
    """Name the state folder's own place of artifacts.

    Returns
    -------
    Path
        Absolute; perhaps not there yet.
    """
    return (state_dir() / _ARTIFACTS).resolve()


def find_former_places(database: Path | None = None) -> list[str]:
    """List where the state folder was when trainings were tracked in it.

    Parameters
    ----------
    database : Path, optional
        MLflow's database; the state folder's own where absent.

    Returns
    -------
    list of str
        ``file:`` addresses of artifact folders other than its own; empty where it was not moved, or
        where tracking lives elsewhere.
    """
    path = database or own_database()
    if path is None or not path.exists():
        return []
    own = artifacts_dir().as_uri()
    try:
        with closing(_open(path)) as stored:
            rows = stored.execute(
                "select distinct artifact_location from experiments where artifact_location like ?",
                (f"file:%/{_ARTIFACTS}",),
            ).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # MLflow has not been at it yet
            return []
        raise TrackingError(f"{path}: cannot be read ({error}); see its rights and disk") from None
    except sqlite3.DatabaseError as error:
        raise TrackingError(f"{path}: damaged ({error}); restore it from a backup") from None
    return sorted({str(place) for (place,) in rows} - {own})


def _open(path: Path) -> sqlite3.Connection:
    """Open to read; what a killed process left half written is rolled back, so not read-only."""
    try:
        return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)
    except sqlite3.Error as error:
        raise TrackingError(f"{path}: cannot be opened ({error}); see its rights") from None


def to_own_place(address: str, former: list[str]) -> str:
    """Give the address in the state folder of what an old address names.

    Parameters
    ----------
    address : str
        ``file:`` address of an artifact.
    former : list of str
        From :func:`find_former_places`.

    Returns
    -------
    str
        The address itself where it lies in none of them.

    Examples
    --------
    >>> moved = to_own_place("file:///old/artifacts/7/model", ["file:///old/artifacts"])
    >>> moved.startswith("file:///old"), moved.endswith("/artifacts/7/model")
    (False, True)
    """
    for place in former:
        if address == place or address.startswith(f"{place}/"):
            return artifacts_dir().as_uri() + address.removeprefix(place)
    return address


@contextmanager
def own_files_first() -> Iterator[None]:
    """Let MLflow read and write artifacts of a moved state folder where the folder is now."""
    former = find_former_places()
    if not former:
        yield
        return
    from mlflow.store.artifact import artifact_repository_registry  # noqa: PLC0415
    from mlflow.store.artifact.local_artifact_repo import (  # noqa: PLC0415
        LocalArtifactRepository,
    )

    def open_own(artifact_uri: str, **given: Any) -> Any:
        return LocalArtifactRepository(to_own_place(artifact_uri, former), **given)

    known: Any = artifact_repository_registry._artifact_repository_registry
    before = known.get_registered_artifact_repositories()["file"]
    known.register("file", open_own)
    try:
        yield
    finally:
        known.register("file", before)


def describe_move() -> str | None:
    """Say that the state folder was moved or copied, and what makes that permanent.

    Returns
    -------
    str or None
        None where it is where its database says.
    """
    former = find_former_places()
    if not former:
        return None
    places = ", ".join(str(_to_path(place).parent) for place in former)
    return (
        f"state folder {state_dir().resolve()}: moved or copied from {places}; it answers from its "
        "own files and leaves that place alone; `imrml doctor --relocate` makes it permanent"
    )


def relocate(database: Path | None = None) -> int:
    """Write into the database where the state folder is now, in one transaction.

    Files that an earlier version of this program wrote into the old place, because the database
    said so, are copied from there first; nothing there is changed. Killed at any moment, the
    database holds the old addresses or the new ones, and both lead to the folder's own files.

    Parameters
    ----------
    database : Path, optional
        A copy of MLflow's database, of which addresses alone are rewritten; the state folder's own
        where absent.

    Returns
    -------
    int
        Addresses that were rewritten; 0 where there was nothing to do.

    Raises
    ------
    TrackingError
        Tracking lives elsewhere, or the database cannot be written.
    """
    path = database or own_database()
    if path is None:
        raise TrackingError(
            "doctor --relocate: MLFLOW_TRACKING_URI names another database or server, which knows "
            "nothing of where this state folder is; unset it, or move that server's files by its "
            "own means"
        )
    former = find_former_places(path)
    if not former:
        return 0
    if database is None:
        _fetch_strays(path, former)
    own = artifacts_dir().as_uri()
    try:
        with closing(sqlite3.connect(path, timeout=20)) as stored, stored:
            return sum(_replace_place(stored, place, own) for place in former)
    except sqlite3.Error as error:
        raise TrackingError(
            f"doctor --relocate: {path} cannot be written ({error}); nothing was changed"
        ) from None


def _replace_place(stored: sqlite3.Connection, place: str, own: str) -> int:
    """Write one place for another wherever it stands whole, and count the addresses."""
    n_rewritten = 0
    for table, column in _text_columns(stored):
        for old, new in ((f"{place}/", f"{own}/"), (f'{place}"', f'{own}"')):
            n_rewritten += stored.execute(
                f'update "{table}" set "{column}" = replace("{column}", ?, ?) '  # noqa: S608
                f'where instr("{column}", ?) > 0',
                (old, new, old),
            ).rowcount
        n_rewritten += stored.execute(
            f'update "{table}" set "{column}" = ? where "{column}" = ?',  # noqa: S608
            (own, place),
        ).rowcount
    return n_rewritten


def _text_columns(stored: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = stored.execute("select name from sqlite_master where type = 'table'").fetchall()
    return [
        (table, name)
        for (table,) in tables
        for _, name, kind, *_ in stored.execute(f'pragma table_info("{table}")')
        if "CHAR" in kind.upper() or "TEXT" in kind.upper()
    ]


def _fetch_strays(path: Path, former: list[str]) -> None:
    """Copy what lies in the old place only, each folder whole or not at all."""
    with closing(_open(path)) as stored:
        addresses = {
            str(address)
            for table, column in _PLACES
            for (address,) in stored.execute(
                f"select distinct {column} from {table} where {column} like 'file:%'"  # noqa: S608
            )
        }
    for address in sorted(addresses):
        source, target = _to_path(address), _to_path(to_own_place(address, former))
        if source == target or target.exists() or not source.is_dir():
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=artifacts_dir(), prefix=".fetched-") as folder:
            shutil.copytree(source, Path(folder, "whole"))
            Path(folder, "whole").rename(target)


def _to_path(address: str) -> Path:
    return Path(unquote(urlsplit(address).path))


def find_alias_folders(database: Path) -> dict[str, Path]:
    """Find where, below the artifact folder, the files of each alias's model lie.

    Parameters
    ----------
    database : Path
        MLflow's database, or a copy of it.

    Returns
    -------
    dict of str to Path
        Relative to the artifact folder, by ``"NAME@ALIAS"``; without models kept elsewhere.
    """
    with closing(_open(database)) as stored:
        tables = {table for (table,) in stored.execute("select name from sqlite_master")}
        if "registered_model_aliases" not in tables:
            return {}
        rows = stored.execute(
            "select a.name, a.alias, coalesce(v.storage_location, v.source) "
            "from registered_model_aliases a join model_versions v "
            "on v.name = a.name and v.version = a.version"
        ).fetchall()
    roots = [*find_former_places(database), artifacts_dir().as_uri()]
    return {
        f"{name}@{alias}": Path(unquote(str(address).removeprefix(root).lstrip("/")))
        for name, alias, address in rows
        for root in roots
        if str(address).startswith(f"{root}/")
    }
