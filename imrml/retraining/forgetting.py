"""Cases are forgotten: by intake, past items and every training to come.

First it is written down, by a keyed hash, that they are to stay out; then they are taken out. So a
process that is killed in between leaves cases that no training sees again, and the same command, or
the next retrain, does the rest.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from imrml.config import state_dir
from imrml.corpus import Journal, item_table
from imrml.corpus.journal import JOURNALS
from imrml.errors import ImrmlError
from imrml.explaining.precedents import remove_precedents
from imrml.phrases import pluralize
from imrml.private_files import remove_leftovers
from imrml.retraining.backup import count_moved_backups, list_backups
from imrml.retraining.forgotten import (
    Erasure,
    Forgotten,
    normalize,
    read_forgotten,
    write_forgotten,
)
from imrml.retraining.intake import ITEMS
from imrml.retraining.lock import retrain_lock
from imrml.retraining.withdrawn import REFIT, read_manifests
from imrml.tables.files import read_table, write_parts, write_table
from imrml.tracking import list_versions
from imrml.training.data import hash_text


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What was forgotten, and what its owner has to delete.

    Parameters
    ----------
    n_cases, n_items : int
        Cases named; rows of items that the state folder held of them.
    files : tuple of str
        Letters and tables that hold them, still in the drop folder when last looked at.
    backups : tuple of str
        Backups that hold them.
    models : tuple of str
        ``NAME/VERSION (aliases)`` that learned from them.
    n_moved_backups : int
        Backups that are no longer where they were written, and may hold them.
    n_without_items : int
        Cases named of which the state folder held no item: a number may be mistyped.
    """

    n_cases: int
    n_items: int
    files: tuple[str, ...]
    backups: tuple[str, ...]
    models: tuple[str, ...]
    n_moved_backups: int
    n_without_items: int

    @property
    def is_known(self) -> bool:
        """Whether anything held one of them.

        Returns
        -------
        bool
        """
        return bool(self.n_items or self.files or self.backups or self.models)


def forget(case_numbers: Sequence[str], why: str) -> Forgetting:
    """Remove cases from the state folder, and keep them out.

    Parameters
    ----------
    case_numbers : sequence of str
        As in letters and tables, in capitals or not.
    why : str
        Written down, with the time and the count, but not whose.

    Returns
    -------
    Forgetting

    Raises
    ------
    ImrmlError
        No case or no reason, a reason that names a case, or a retrain is at work.
    TrackingError
        MLflow is away, so that nothing is known of its models; nothing was forgotten yet.
    """
    wanted = {normalize(number) for number in case_numbers} - {""}
    if not wanted or not why.strip():
        raise ImrmlError("forget: name at least one case, and say why (--why)")
    if any(number in why.upper() for number in wanted):
        raise ImrmlError("forget: the reason is kept, so it must not name the case")
    with retrain_lock("forget"):
        hashes = {hash_text(number) for number in (*wanted, *map(str.strip, case_numbers))}
        models = _find_models(hashes)
        forgotten = read_forgotten()
        erasure = Erasure(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", why.strip(), len(wanted))
        addresses = [address for address, _ in models]
        forgotten = forgotten.adding(wanted, addresses, erasure, hashes)
        write_forgotten(forgotten)
        files, gone = _purge(forgotten, hashes)
        backups = tuple(str(path) for path in list_backups() if _holds(path, wanted))
    named = tuple(f"{address} ({aliases})" if aliases else address for address, aliases in models)
    n_held = gone["case_number"].nunique() if len(gone) else 0
    return Forgetting(
        len(wanted),
        len(gone),
        files,
        backups,
        named,
        count_moved_backups(),
        max(0, len(wanted) - n_held),
    )


def _find_models(hashes: set[str]) -> list[tuple[str, str]]:
    """Find registered versions whose training saw one of the cases, with their aliases."""
    versions = list_versions()
    return [
        (address, aliases)
        for (address, manifest), aliases in zip(
            read_manifests(versions), versions["aliases"], strict=True
        )
        if not hashes.isdisjoint(manifest.get("training_cases", ()))
    ]


def _purge(forgotten: Forgotten, hashes: set[str]) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Take forgotten cases out of every file of the state folder; the files, and the items gone."""
    state = state_dir()
    intake = state / "intake"
    for folder in (state, intake, state / "challenger"):
        if folder.is_dir():
            remove_leftovers(folder)
    # Of a killed retrain, and of killed runs of `imrml parse`.
    for journal in (*intake.glob("*.journal"), *state.glob(f"{JOURNALS}/*.journal")):
        journal.unlink(missing_ok=True)
    files = _purge_arrivals(intake / "arrivals.parquet", forgotten)
    gone = _purge_items(intake / ITEMS, forgotten)
    _purge_precedents(gone)
    _purge_failures(intake / "failures.jsonl", forgotten)
    files |= _purge_letters(intake / "letters.parquet", intake / "failures.jsonl", forgotten)
    _discard_challenger(state / "challenger", hashes)
    return tuple(sorted(files)), gone


def _purge_arrivals(path: Path, forgotten: Forgotten) -> set[str]:
    if not path.exists():
        return set()
    table = read_table(path)
    gone = _mark(table, forgotten)
    if gone.any():
        write_table(table[~gone].reset_index(drop=True), path)
    return set(table.loc[gone & table["is_present"].astype("bool"), "source"])


def _mark(table: pd.DataFrame, forgotten: Forgotten) -> pd.Series:
    return table["case_number"].astype("str").map(forgotten.holds).astype("bool")


def _purge_items(path: Path, forgotten: Forgotten) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame()
    table = read_table(path)
    gone = _mark(table, forgotten)
    if gone.all():
        path.unlink()
    elif gone.any():
        write_table(table[~gone].reset_index(drop=True), path)
    return table[gone]


def _purge_failures(path: Path, forgotten: Forgotten) -> None:
    """Take out files that could not be read and have the number of such a case in their name."""
    if not path.exists():
        return
    table = read_table(path)
    gone = table["source"].astype("str").map(forgotten.is_named_in).astype("bool")
    if gone.all():
        path.unlink()
    elif gone.any():
        write_table(table[~gone].reset_index(drop=True), path)


def _purge_letters(letters: Path, failures: Path, forgotten: Forgotten) -> set[str]:
    """Write letters anew without them; the sources that held them."""
    if not letters.exists():
        return set()
    table = read_table(letters)
    sources = set(table.loc[_mark(table, forgotten), "source"].astype("str"))
    if not sources:
        return set()
    with Journal(str(letters), failures, resume=True, is_barred=forgotten.holds) as journal:
        rows_left = journal.count_items()[0]
        if rows_left:
            write_parts(map(item_table, journal.rows()), letters)
    if not rows_left:
        letters.unlink()
    journal.discard()
    return {source for source in sources if Path(source.partition("!")[0]).exists()}


def _purge_precedents(gone: pd.DataFrame) -> None:
    if gone.empty:
        return
    decided = (
        pd.to_datetime(gone["decided_on"], errors="coerce", format="ISO8601").dt.year
        if "decided_on" in gone
        else pd.Series(index=gone.index, dtype="float64")
    )
    if "decided_year" in gone:
        decided = decided.fillna(pd.to_numeric(gone["decided_year"], errors="coerce"))
    years = [None if pd.isna(year) else int(year) for year in decided]
    worded = gone.reindex(columns=["treatment", "item"])
    wordings = [
        [cell for cell in cells if isinstance(cell, str) and cell]
        for cells in worded.itertuples(index=False, name=None)
    ]
    for path in state_dir().glob("precedents-*.parquet"):
        past = read_table(path)
        left = remove_precedents(past, wordings, years, gone["decision"].tolist())
        if len(left) < len(past):
            write_table(left, path)


def _discard_challenger(folder: Path, hashes: set[str]) -> None:
    """Remove a challenger that waits and had learned from them: it must not be promoted."""
    try:
        manifest = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if not hashes.isdisjoint(manifest.get("training_cases", ())):
        shutil.rmtree(folder)


def _holds(backup: Path, wanted: set[str]) -> bool:
    """Whether a backup's intake holds one of the cases."""
    try:
        with zipfile.ZipFile(backup) as archive, tempfile.TemporaryDirectory() as folder:
            for name in (f"intake/{ITEMS}", "intake/letters.parquet", "intake/arrivals.parquet"):
                if name in archive.namelist():
                    numbers = read_table(archive.extract(name, folder))["case_number"]
                    if not wanted.isdisjoint(numbers.astype("str").map(normalize)):
                        return True
    except (OSError, zipfile.BadZipFile, ImrmlError, KeyError):
        return True  # what cannot be read may hold them
    return False


def describe_forgetting(done: Forgetting) -> Iterator[str]:
    """Say what was removed, and what is left to the owner of letters, backups and models.

    Parameters
    ----------
    done : Forgetting
        From :func:`forget`.

    Yields
    ------
    str
        A line.
    """
    cases, items = pluralize(done.n_cases, "case"), pluralize(done.n_items, "item")
    yield f"forgotten: {cases}, {items} removed from the state folder"
    if not done.is_known:
        yield "nothing here held it; it stays out from now on: see that the number is right"
    elif done.n_items and done.n_without_items:
        cases = pluralize(done.n_cases, "case")
        yield (
            f"of {done.n_without_items} of {cases} no item was here: see that the numbers are right"
        )
    for path in done.files:
        yield f"delete it, or its rows: {path} (it is not read again, but it lies there)"
    for path in done.backups:
        yield f"delete it: {path}, a backup that holds it"
    if done.n_moved_backups:
        moved = pluralize(done.n_moved_backups, "backup")
        yield f"{moved} no longer where written: if you still have them elsewhere, they may hold it"
    for model in done.models:
        yield (
            f"learned from it: {model}; {REFIT}, and "
            "older versions stay in the registry until you delete them there"
        )
