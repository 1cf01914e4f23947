"""What arrived in the drop folder, as one item table in the state folder.

The files themselves stay where they are. Letters (also in archives) are parsed once, by the hash of
their bytes, and labelled; item tables (``.parquet``, ``.jsonl``, ``.csv``), such as ``imrml import
dmhc`` writes, are taken as they are. An item that stands twice counts once: as the last table by
name has it, before any letter.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from imrml.config import Config, state_dir
from imrml.corpus import Journal, failure_table, item_table, parse_new, require_columns
from imrml.documents import ARCHIVE_ENDINGS, LETTER_ENDINGS, walk_letters
from imrml.errors import TableError
from imrml.labelling import label_items
from imrml.retraining.drop_folder import drop_folder
from imrml.tables.files import ENDINGS, read_table, write_parts, write_table

ITEMS = "items.parquet"


@dataclass(frozen=True, slots=True)
class Intake:
    """What the state folder holds after taking in the drop folder.

    Parameters
    ----------
    items : DataFrame
        All items so far, labelled.
    n_unread : int
        Letters of the drop folder that could not be read; ``failures`` says why.
    failures : Path
        Failures file.
    """

    items: pd.DataFrame
    n_unread: int
    failures: Path


def ingest(config: Config, n_jobs: int = 1) -> Intake:
    """Bring the item table of the state folder up to date with the drop folder.

    Parameters
    ----------
    config : Config
        Names the drop folder; its ``limits`` hold for letters.
    n_jobs : int, default=1
        Worker processes.

    Returns
    -------
    Intake

    Raises
    ------
    TableError
        A dropped table is no item table, or cannot be read.
    """
    folder = drop_folder(config)
    state = state_dir() / "intake"
    state.mkdir(mode=0o700, exist_ok=True)
    letters, failures = state / "letters.parquet", state / "failures.jsonl"
    parts = []
    if any(
        path.name.lower().endswith((*LETTER_ENDINGS, *ARCHIVE_ENDINGS))
        for path in folder.rglob("*")
    ):
        _parse_new(folder, letters, failures, config, n_jobs)
    if letters.exists():
        parts.append(label_items(read_table(letters), n_jobs=n_jobs))
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS):
        table = read_table(path)
        require_columns(table, ["case_number", "item_number", "decision"], f"retrain: {path.name}")
        parts.append(_checked(table, path))
    n_unread = len(read_table(failures)) if failures.exists() else 0
    if not parts:
        return Intake(pd.DataFrame(), n_unread, failures)
    items = pd.concat(parts, ignore_index=True).drop_duplicates(
        ["case_number", "item_number"], keep="last", ignore_index=True
    )
    write_table(items, state / ITEMS)
    return Intake(items, n_unread, failures)


def _checked(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Say which file is at fault while that is still known."""
    wrong = np.flatnonzero(~table["decision"].isin(["upheld", "overturned"]))
    if len(wrong):
        rows = [int(row) + 1 for row in wrong[:5]]
        raise TableError(
            f"retrain: {path.name}: decision must be 'upheld' or 'overturned'; "
            f"rows {rows} (from 1) hold something else; mend the table or remove it"
        )
    try:
        return table.astype({"case_number": "str", "item_number": "int64"})
    except ValueError:
        raise TableError(
            f"retrain: {path.name}: item_number must hold whole numbers from 1; "
            "mend the table or remove it"
        ) from None


def _parse_new(folder: Path, letters: Path, failures: Path, config: Config, n_jobs: int) -> None:
    """Parse what the table of letters does not hold; an interrupted run goes on where it was."""
    with Journal(str(letters), failures, resume=True) as journal:
        for _ in parse_new(walk_letters([folder], config.limits), journal, config.limits, n_jobs):
            pass
        if journal.count_reasons():
            write_parts(map(failure_table, journal.failures()), failures)
        else:
            failures.unlink(missing_ok=True)  # of an earlier night
        if journal.count_items()[0]:
            write_parts(map(item_table, journal.rows()), letters)
    journal.discard()
