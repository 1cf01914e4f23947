"""Whether anything has arrived since the last retrain.

Light to import: most nights the answer is no, and must be given at once.
"""

import hashlib
import json
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from imrml.config import Config, state_dir
from imrml.documents.archives import ARCHIVE_ENDINGS, LETTER_ENDINGS
from imrml.errors import ConfigError
from imrml.private_files import write_private_text
from imrml.retraining.evidence import Challenge
from imrml.retraining.forgotten import digest_forgotten
from imrml.tables.addresses import MANIFEST, is_under_way
from imrml.tables.files import ENDINGS


def drop_folder(config: Config) -> Path:
    """Name the drop folder.

    Parameters
    ----------
    config : Config
        Its ``retraining.drop_folder``.

    Returns
    -------
    Path
        A folder that is there.

    Raises
    ------
    ConfigError
        Config names none, or there is no such folder.
    """
    given = config.retraining.drop_folder
    if given is None:
        raise ConfigError(
            "retraining.drop_folder: null; name the folder where new letters or item tables arrive"
        )
    folder = Path(given)
    if not folder.is_dir():
        raise ConfigError(
            f"retraining.drop_folder: {folder} is no folder; make it, or mend the config"
        )
    return folder


@dataclass(frozen=True, slots=True)
class DroppedFiles:
    """What lies in the drop folder and counts.

    Parameters
    ----------
    folder : Path
        The drop folder.
    letters, tables : tuple of Path
        Letters and archives of letters; item tables. Sorted by name.
    others : tuple of Path
        Files of other endings: nothing reads them.
    n_waiting : int
        Files that are still being written, and are left to the next retrain.
    """

    folder: Path
    letters: tuple[Path, ...]
    tables: tuple[Path, ...]
    others: tuple[Path, ...]
    n_waiting: int


def find_dropped_files(config: Config) -> DroppedFiles:
    """Look into the drop folder, and wait a moment for files that have only just changed.

    Passed over are hidden files and folders, recycle bins and snapshots of network drives, owner
    files and temporary ones of office programs (``~$``, ``._``), copies under way (``.part``),
    failures files, folders with the ending of a file, links to nothing, and folders of parts of
    which some are still to come: of one that is whole each part is an item table.

    Parameters
    ----------
    config : Config
        Names the drop folder and how long a file must have been unchanged.

    Returns
    -------
    DroppedFiles

    Examples
    --------
    >>> import tempfile
    >>> from imrml.config import load_config
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("a.txt", "~$a.xlsx", "._a.txt", "a.pdf.part", "b.failures.jsonl", "b.jsonl"):
    ...     folder.joinpath(name).touch()
    >>> asked = [f"retraining.drop_folder={folder}", "retraining.min_age_seconds=0"]
    >>> files = find_dropped_files(load_config(overrides=asked))
    >>> [path.name for path in (*files.letters, *files.tables, *files.others)]
    ['a.txt', 'b.jsonl']
    """
    folder, min_age = drop_folder(config), config.retraining.min_age_seconds
    before = _list_files(folder)
    now = time.time()
    # The clock of a network drive may be ahead: what changed long from now did not change just now.
    ages = {path: abs(now - changed) for path, (_, changed) in before.items()}
    young = [path for path, age in ages.items() if age < min_age]
    unsettled: set[Path] = set()
    if young:
        time.sleep(min_age - min(ages[path] for path in young))
        after = _list_files(folder)
        unsettled = {path for path, facts in after.items() if before.get(path) != facts}
        before = after
    settled = [path for path in sorted(before) if path not in unsettled]
    letters = [path for path in settled if path.name.lower().endswith(_LETTERS)]
    tables = [
        path for path in settled if path.suffix.lower() in ENDINGS and path not in set(letters)
    ]
    read = {*letters, *tables}
    others = [path for path in settled if path not in read]
    return DroppedFiles(folder, tuple(letters), tuple(tables), tuple(others), len(unsettled))


_LETTERS = (*LETTER_ENDINGS, *ARCHIVE_ENDINGS)
_ASIDE = {
    "$recycle.bin",
    "#recycle",
    "@recycle",
    "recycler",
    "#snapshot",
    "~snapshot",
    "@eadir",
    "system volume information",
    "lost+found",
}
"""Folders of a network drive where deleted and older files lie: what was withdrawn, for one."""
_UNDER_WAY = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp", ".temp", "~")


def _list_files(folder: Path) -> dict[Path, tuple[int, float]]:
    """Give size and last change of each file that may count."""
    facts = {}
    unfinished = {path.parent for path in folder.rglob(MANIFEST) if is_under_way(path.parent)}
    for path in folder.rglob("*"):
        if not _may_count(path.relative_to(folder)) or path.parent in unfinished:
            continue
        try:
            status = path.stat()
        except OSError:  # a link to nothing, or removed meanwhile
            continue
        if stat.S_ISREG(status.st_mode):
            # The time of the last change of any kind too: copying may set the other one back.
            facts[path] = (status.st_size, max(status.st_mtime, status.st_ctime))
    return facts


def _may_count(path: Path) -> bool:
    name = path.name.lower()
    return not (
        any(part.startswith(".") or part.lower() in _ASIDE for part in path.parts)
        or name.startswith("~$")
        or name == MANIFEST
        or name.endswith(_UNDER_WAY)
        or ".failures." in name
    )


def fingerprint_inputs(config: Config, files: DroppedFiles | None = None) -> str:
    """Digest config, versions and dropped files: the same digest means that nothing is new.

    Of the files, and of the labeller that config names, names, sizes and times count. Times only
    tell files apart, so a clock that goes back does no harm. Cases that were forgotten since count
    as news.

    Parameters
    ----------
    config : Config
        Names the drop folder.
    files : DroppedFiles, optional
        From :func:`find_dropped_files`, which is asked where absent.

    Returns
    -------
    str
        Hexadecimal.

    Examples
    --------
    >>> import tempfile
    >>> from imrml.config import load_config
    >>> folder = Path(tempfile.mkdtemp())
    >>> asked = [f"retraining.drop_folder={folder}", "retraining.min_age_seconds=0"]
    >>> config = load_config(overrides=asked)
    >>> before = fingerprint_inputs(config)
    >>> _ = folder.joinpath("letter.txt").write_text("...")
    >>> before == fingerprint_inputs(config)
    False
    """
    files = files or find_dropped_files(config)
    facts = []
    for path in (*files.letters, *files.tables):
        with suppress(OSError):
            facts.append((str(path.relative_to(files.folder)), *_sign(path)))
    if config.labelling.labeller is not None:
        with suppress(OSError):  # labelling will say that it is absent
            facts.append(("labeller", *_sign(Path(config.labelling.labeller))))
    # A champion of another version cannot be used.
    made_by = [version(package) for package in ("imrml", "scikit-learn")]
    known = [config.model_dump(), made_by, facts, digest_forgotten()]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _sign(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _memory() -> Path:
    return state_dir() / "retrain.json"


def is_already_processed(signature: str) -> bool:
    """Whether the last retrain dealt with the same files under the same config.

    Parameters
    ----------
    signature : str
        From :func:`fingerprint_inputs`.

    Returns
    -------
    bool
    """
    try:
        return bool(json.loads(_memory().read_text(encoding="utf-8"))["signature"] == signature)
    except (OSError, ValueError, KeyError):
        return False  # before the first retrain, or killed while writing: there is work


def recorded_champion() -> tuple[str, str] | None:
    """Read which model was in use when the last retrain ended.

    Returns
    -------
    tuple of (str, str) or None
        Registered model and version; None where there was none, or before the first retrain.
    """
    try:
        name, number = json.loads(_memory().read_text(encoding="utf-8"))["outcome"]["champion"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(name), str(number)


def recorded_challenges() -> tuple[Challenge, ...]:
    """Read which challenges of the champion's recipe had spent error by the last retrain.

    Returns
    -------
    tuple of Challenge
        Versions before counted looks: each of theirs is a challenge of nobody's.
    """
    try:
        outcome = json.loads(_memory().read_text(encoding="utf-8"))["outcome"]
        if "challenges" in outcome:
            return tuple(Challenge(**each) for each in outcome["challenges"])
        return (Challenge("", ""),) * int(outcome["n_looks"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def recorded_first() -> str | None:
    """Read with which version the recipe of the champion began.

    Returns
    -------
    str or None
        None where that was not written down.
    """
    try:
        first = json.loads(_memory().read_text(encoding="utf-8"))["outcome"]["first_version"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if first is None else str(first)


def record_outcome(signature: str, outcome: Mapping[str, Any]) -> None:
    """Write down what was dealt with and what came of it; the last step of a retrain.

    Parameters
    ----------
    signature : str
        From :func:`fingerprint_inputs`.
    outcome : mapping of JSON types
        What came of it.
    """
    ended = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    record = {"signature": signature, "ended": ended, "outcome": outcome}
    text = json.dumps(record, indent=2) + "\n"
    write_private_text(_memory(), text)
