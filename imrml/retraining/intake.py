"""What arrived in the drop folder, as one item table in the state folder.

The files themselves stay where they are. Letters (also in archives) are parsed once, by the hash of
their bytes, and labelled; item tables, such as ``imrml import dmhc`` writes, are read as ``imrml
train`` reads them, and keep their labels unless config names a labeller of rationales. Of a case
that stands in several of them, the newest determination counts
(:mod:`imrml.retraining.corrections`). A file that cannot be read costs nothing but itself. Cases
that were forgotten stay out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imrml.config import Config, state_dir
from imrml.corpus import (
    Journal,
    failure_table,
    item_table,
    parse_new,
    require_columns,
)
from imrml.corpus.reading import name_items, read_item_table
from imrml.determinations import require_case_numbers, require_decisions
from imrml.documents import LetterFile, walk_letters
from imrml.errors import DocumentError, ImrmlError, TableError
from imrml.labelling import label_as_configured
from imrml.retraining.corrections import Arrivals, keep_newest, mark_determinations
from imrml.retraining.drop_folder import DroppedFiles, find_dropped_files
from imrml.retraining.forgotten import Forgotten, read_forgotten
from imrml.submissions.extra_columns import programme_of_config
from imrml.tables.files import read_table, write_parts, write_table

ITEMS = "items.parquet"


@dataclass(frozen=True, slots=True)
class Intake:
    """What the state folder holds after taking in the drop folder.

    Parameters
    ----------
    items : DataFrame
        All items so far, labelled.
    n_unread : int
        Files of the drop folder that could not be read; ``failures`` says why.
    failures : Path
        Failures file.
    n_corrected : int, default=0
        Cases of which several determinations are known; the newest counts.
    """

    items: pd.DataFrame
    n_unread: int
    failures: Path
    n_corrected: int = 0


def ingest(config: Config, n_jobs: int = 1, files: DroppedFiles | None = None) -> Intake:
    """Bring the item table of the state folder up to date with the drop folder.

    Parameters
    ----------
    config : Config
        Names the drop folder; its ``limits`` hold for letters.
    n_jobs : int, default=1
        Worker processes.
    files : DroppedFiles, optional
        From :func:`~imrml.retraining.drop_folder.find_dropped_files`, which is asked where absent.

    Returns
    -------
    Intake
    """
    files = files or find_dropped_files(config)
    forgotten = read_forgotten()
    state = state_dir() / "intake"
    state.mkdir(mode=0o700, exist_ok=True)
    letters, failures = state / "letters.parquet", state / "failures.jsonl"
    parts, marks, present = [], [], []
    unread: list[dict[str, Any]] = []
    if files.letters:
        seen, unread = _parse_new(files, letters, config, n_jobs, forgotten)
    else:
        seen = []
    if letters.exists():
        table = read_table(letters)
        table = table[~_is_forgotten(table, forgotten)].reset_index(drop=True)
        of_letters = _mark_letters(table)
        parts.append(label_as_configured(table, config, n_jobs))
        marks.append(of_letters)
        present.append(_find_present(of_letters, seen))
    for path in files.tables:
        try:
            table = _read_items(path, config)
        except (ImrmlError, OSError) as error:
            unread.append(_describe_failure(path, error))
            continue
        table = table[~_is_forgotten(table, forgotten)].reset_index(drop=True)
        name = pd.Series(str(path.relative_to(files.folder)), index=table.index, dtype="str")
        if config.labelling.labeller is not None and "rationale" in table:
            table = label_as_configured(table, config, n_jobs)
        parts.append(table)
        marks.append(mark_determinations(table, name))
        present.append(marks[-1])
    unread = [row for row in unread if not forgotten.is_named_in(row["source"])]
    _write_failures(unread, failures)
    if not parts:
        return Intake(pd.DataFrame(), len(unread), failures)
    ledger = state / "arrivals.parquet"
    arrivals = Arrivals.read(ledger).note(pd.concat(present, ignore_index=True))
    items, n_corrected = keep_newest(
        pd.concat(parts, ignore_index=True), pd.concat(marks, ignore_index=True), arrivals
    )
    write_table(items, state / ITEMS)
    arrivals.write(ledger)
    return Intake(items, len(unread), failures, n_corrected)


def _is_forgotten(table: pd.DataFrame, forgotten: Forgotten) -> np.ndarray:
    if not forgotten.marks:
        return np.zeros(len(table), dtype=bool)
    known = {number: forgotten.holds(number) for number in table["case_number"].unique()}
    return table["case_number"].map(known).to_numpy(dtype=bool)


def _mark_letters(table: pd.DataFrame) -> pd.DataFrame:
    """Find the determinations of letters, each known by the hash of its bytes."""
    marks = mark_determinations(table, table["source"].astype("str"))
    return marks.assign(digest=table["source_sha256"].astype("str"))


def _find_present(marks: pd.DataFrame, seen: list[tuple[str, str]]) -> pd.DataFrame:
    """Find which letters lie in the drop folder now, and under which names."""
    files = pd.DataFrame(seen, columns=["source", "digest"], dtype="str")
    said = marks.drop(columns="source").drop_duplicates()
    return files.merge(said, on="digest", how="inner")


def _read_items(path: Path, config: Config) -> pd.DataFrame:
    """Read a table as `imrml train` does: headings, words and numbers of others are ours then."""
    table = name_items(read_item_table(path), programme_of_config(config), f"retrain: {path.name}")
    needed = ["case_number", "item_number", "decision"]
    require_columns(table, needed, f"retrain: {path.name}", takes_map=False)
    return _checked(table, path)


def _describe_failure(path: Path, error: Exception) -> dict[str, Any]:
    if isinstance(error, OSError):
        found = DocumentError("unreadable", error.strerror or type(error).__name__)
    else:
        found = DocumentError("bad_table", str(error))
    return {
        "source": str(path),
        "reason": found.reason,
        "detail": found.detail,
        "offset": found.offset,
    }


def _write_failures(unread: list[dict[str, Any]], failures: Path) -> None:
    if unread:
        write_parts([failure_table(unread)], failures)
    else:
        failures.unlink(missing_ok=True)  # of an earlier night


def _checked(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Say which file is at fault while that is still known."""
    require_case_numbers(table, f"retrain: {path.name}")
    require_decisions(table, f"retrain: {path.name}")
    try:
        return table.astype({"case_number": "str", "item_number": "int64"})
    except ValueError:
        raise TableError(
            f"retrain: {path.name}: item_number must hold whole numbers from 1"
        ) from None


def _parse_new(
    files: DroppedFiles, letters: Path, config: Config, n_jobs: int, forgotten: Forgotten
) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """Parse what the table of letters does not hold; an interrupted run goes on where it was.

    Returns
    -------
    seen : list of (str, str)
        Source and hash of each letter in the drop folder.
    unread : list of dict
        Rows of the failures file.
    """
    seen: list[tuple[str, str]] = []

    def note(found: Iterator[LetterFile]) -> Iterator[LetterFile]:
        for file in found:
            if not file.error:
                seen.append((file.source, file.sha256))
            yield file

    present = [path for path in files.letters if path.exists()]
    failures = letters.with_name("failures.jsonl")
    with Journal(str(letters), failures, resume=True, is_barred=forgotten.holds) as journal:
        walked = note(walk_letters(present, config.limits))
        for _ in parse_new(walked, journal, config.limits, n_jobs):
            pass
        unread = [
            row for rows in journal.failures() for row in rows if row["reason"] != "bad_table"
        ]
        if journal.count_items()[0]:
            write_parts(map(item_table, journal.rows()), letters)
        else:
            letters.unlink(missing_ok=True)
    journal.discard()
    return seen, unread
