"""Is all well with the state folder and the registry? What is not, and what to do about it."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from imrml.config import state_dir
from imrml.errors import ModelError, OutdatedModelError, TableError, TrackingError
from imrml.retraining.lock import interrupted_retrain, is_at_work
from imrml.retraining.nights import describe_silence, read_nights
from imrml.retraining.withdrawn import describe_withdrawn
from imrml.tables.files import read_table
from imrml.tracking import (
    CHAMPION,
    PREVIOUS,
    deleted_experiments,
    describe_move,
    interrupted_runs,
    list_aliases,
    list_moves,
    load_registered,
    shown_tracking_uri,
    unfinished_moves,
    unfinished_runs,
)

MIN_FREE_BYTES = 200_000_000
_SLACK = timedelta(minutes=5)
"""By how much clocks of two machines may differ."""


def diagnose() -> Iterator[str]:
    """Look at the state folder, the registry with its models, unfinished work and the clock.

    Yields
    ------
    str
        What is wrong and what to do; nothing where all is well.
    """
    yield from _troubles_of_folder()
    if interruption := interrupted_retrain():
        yield interruption
    if silence := describe_silence():
        yield silence
    try:
        if move := describe_move():
            yield move
        yield from unfinished_moves()
        yield from interrupted_runs()
        yield from unfinished_runs()
        yield from deleted_experiments()
        aliases = list_aliases()
        for name, alias, version in aliases:
            yield from _troubles_of_model(
                name,
                alias,
                version,
                is_way_back=(alias == CHAMPION and _has_previous(aliases, name)),
            )
        names = sorted({name for name, _, _ in aliases})
        yield from dict.fromkeys(filter(None, map(describe_withdrawn, names)))
        yield from _troubles_of_clock(names)
    except TrackingError as error:
        yield (
            f"tracking: {error}; what was trained meanwhile stays on disk, "
            "and `imrml runs push` delivers it"
        )


def _troubles_of_folder() -> Iterator[str]:
    folder = state_dir()
    if not os.access(folder, os.W_OK):
        yield f"state folder {folder}: cannot be written; mend its rights"
    if (free := shutil.disk_usage(folder).free) < MIN_FREE_BYTES:
        yield (
            f"state folder {folder}: {free / 1e6:,.0f} MB left on its disk; "
            "make room before the next retrain"
        )
    items = folder / "intake" / "items.parquet"
    if items.exists():
        try:
            read_table(items)
        except TableError as error:
            yield (
                f"{error}: remove it; the next `imrml retrain` makes it again from the drop folder"
            )


def _has_previous(aliases: list[tuple[str, str, str]], name: str) -> bool:
    versions = {alias: version for of, alias, version in aliases if of == name}
    return versions.get(PREVIOUS) not in {None, versions.get(CHAMPION)}


def _troubles_of_model(name: str, alias: str, version: str, *, is_way_back: bool) -> Iterator[str]:
    where = f"{name} {alias} (version {version})"
    try:
        load_registered(f"models:/{name}/{version}")
    except OutdatedModelError as error:
        what = (
            "`imrml retrain` makes it again once letters arrive, "
            "or `imrml train` and `imrml registry promote`"
            if alias == CHAMPION
            else "it is no way back any more"
        )
        yield f"{where} cannot be used by this code: {error}; {what}"
    except ModelError as error:
        way_back = (
            f"`imrml registry rollback {name} --why ...`"
            if is_way_back
            else "`imrml train` and `imrml registry promote`"
        )
        yield f"{where} cannot be used: {error}; restore its files from a backup, or {way_back}"


def _troubles_of_clock(names: list[str]) -> Iterator[str]:
    now = datetime.now(UTC)
    known = [datetime.fromisoformat(move.when) for name in names for move in list_moves(name)]
    if known and max(known) > now + _SLACK:
        yield (
            f"clock: it is {now:%Y-%m-%d %H:%M} UTC now, but the champion was last moved at "
            f"{max(known):%Y-%m-%d %H:%M}: set the clock; "
            "nothing here depends on it but the dates shown"
        )


def examine_installation() -> dict[str, Any]:
    """Gather what ``imrml doctor`` tells, for a program.

    Returns
    -------
    dict
        ``imrml`` (version), ``packages`` (versions; None where not installed), ``state_folder``,
        ``tracking``, ``at_work``, ``last_retrain``, ``last_nights`` (of the history), ``to_do``
        and ``is_well``.
    """
    packages: dict[str, str | None] = {}
    for package in ("scikit-learn", "pandas", "mlflow", "skops", "pypdfium2"):
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            packages[package] = None
    to_do = list(diagnose())
    return {
        "imrml": version("imrml"),
        "packages": packages,
        "state_folder": str(state_dir().resolve()),
        "tracking": shown_tracking_uri(),
        "at_work": is_at_work(),
        "last_retrain": last_outcome(),
        "last_nights": [asdict(night) for night in read_nights()[-7:]],
        "to_do": to_do,
        "is_well": not to_do,
    }


def last_outcome() -> str | None:
    """Say what the last retrain came to.

    Returns
    -------
    str or None
        None before the first.
    """
    try:
        record = json.loads((state_dir() / "retrain.json").read_text(encoding="utf-8"))
        outcome = f"{record['outcome']['verdict']}: {record['outcome']['why']}"
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return f"{outcome} ({record['ended']})" if "ended" in record else outcome
