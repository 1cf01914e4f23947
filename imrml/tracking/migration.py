"""MLflow's database of the state folder, when a newer or an older MLflow meets it.

A newer MLflow changes the tables. That is done on a copy, which replaces the database in one step,
and the database as it was is kept beside it: killed at any moment, one of the two is in use, whole.
"""

import shlex
import sqlite3
from contextlib import closing
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from imrml.config import state_dir
from imrml.errors import TrackingError
from imrml.private_files import write_private
from imrml.tracking.location import own_database

_COPIES = "mlflow-before-*.db"


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database as it is at one moment, also while others write to it.

    Parameters
    ----------
    source : Path
        Database.
    target : Path
        Written whole or not at all.
    """

    def copy(temporary: Path) -> None:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True)) as old,
            closing(sqlite3.connect(temporary)) as new,
        ):
            old.backup(new)

    write_private(target, copy)


def migrate_database() -> None:
    """Bring the state folder's database to the installed MLflow, after a copy of it was kept.

    Raises
    ------
    TrackingError
        A newer MLflow has changed it: the message says which version, and both ways out.
    """
    path = own_database()
    if path is None or not path.exists() or (found := _find_revision(path)) in {None, _head()}:
        return
    _refuse_newer(path, str(found))
    with FileLock(state_dir() / "mlflow.lock", mode=0o600):
        found = _find_revision(path)
        if found in {None, _head()}:  # another process was first
            return
        copy_database(path, state_dir() / f"mlflow-before-{version('mlflow')}-{found}.db")
        write_private(path, lambda temporary: _upgrade_copy(path, temporary))


def _upgrade_copy(path: Path, temporary: Path) -> None:
    import sqlalchemy  # noqa: PLC0415 - MLflow's, and slow

    copy_database(path, temporary)
    engine = sqlalchemy.create_engine(f"sqlite:///{temporary}")
    try:
        _mlflow_database()._upgrade_db(engine)
    finally:
        engine.dispose()


def _find_revision(path: Path) -> str | None:
    """Read which schema a database has; None where MLflow has not been at it."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as stored:
        try:
            row = stored.execute("select version_num from alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError as error:
            raise TrackingError(
                f"{path}: no SQLite database, or damaged ({error}); restore it from a backup"
            ) from None
    return None if row is None else str(row[0])


def _scripts() -> Any:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return ScriptDirectory.from_config(_mlflow_database()._get_alembic_config(""))


def _mlflow_database() -> Any:
    from mlflow.store.db import utils  # noqa: PLC0415

    untyped: Any = utils
    return untyped


@cache
def _head() -> str:
    return str(_scripts().get_current_head())


@cache
def _known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())


def _refuse_newer(path: Path, found: str) -> None:
    """Raise where the installed MLflow is older than the one that last changed the tables."""
    if found in _known_revisions():
        return
    installed = version("mlflow")
    copies = sorted(state_dir().glob(_COPIES), key=lambda copy: copy.stat().st_mtime)
    usable = [copy for copy in copies if _find_revision(copy) in _known_revisions()]
    back = (
        f"or go back to the copy made before that upgrade, which lacks what came since: "
        f"`{shlex.join(['mv', str(usable[-1].resolve()), str(path)])}`"
        if usable
        else "or restore a backup made before that upgrade"
    )
    raise TrackingError(
        f"{path}: a newer MLflow than the installed {installed} has changed its tables (schema "
        f"{found}, which {installed} does not know; its own is {_head()}). MLflow was downgraded: "
        f"install the newer one again, {back}"
    )
