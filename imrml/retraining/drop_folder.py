"""Has anything arrived since the last retrain? Light to import: most nights the answer is no, and must be given at once."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from imrml.config import Config, state_dir
from imrml.errors import ConfigError
from imrml.private_files import write_private


def drop_folder(config: Config) -> Path:
    """Name the drop folder.

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


def fingerprint_inputs(config: Config) -> str:
    """Digest of config, versions and the names, sizes and times of the dropped files: the same digest means nothing is new.

    Times only tell files apart, so a clock that goes back does no harm.

    Examples
    --------
    >>> import tempfile
    >>> from imrml.config import load_config
    >>> folder = Path(tempfile.mkdtemp())
    >>> config = load_config(overrides=[f"retraining.drop_folder={folder}"])
    >>> before = fingerprint_inputs(config)
    >>> _ = folder.joinpath("letter.txt").write_text("...")
    >>> before == fingerprint_inputs(config)
    False
    """
    folder = drop_folder(config)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    facts = [
        (str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in files
    ]
    made_by = [
        version(package) for package in ("imrml", "scikit-learn")
    ]  # a champion of another version cannot be used
    return hashlib.sha256(json.dumps([config.model_dump(), made_by, facts]).encode()).hexdigest()


def _memory() -> Path:
    return state_dir() / "retrain.json"


def is_already_processed(signature: str) -> bool:
    """Whether the last retrain dealt with the same files under the same config."""
    try:
        return bool(json.loads(_memory().read_text(encoding="utf-8"))["signature"] == signature)
    except (
        OSError,
        ValueError,
        KeyError,
    ):  # before the first retrain, or killed while writing: there is work
        return False


def record_outcome(signature: str, outcome: Mapping[str, Any]) -> None:
    """Write down what was dealt with and what came of it; the last step of a retrain."""
    text = json.dumps({"signature": signature, "outcome": outcome}, indent=2) + "\n"
    write_private(_memory(), lambda target: target.write_text(text, encoding="utf-8"))
