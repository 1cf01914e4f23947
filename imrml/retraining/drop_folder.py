"""Whether anything has arrived since the last retrain.

Light to import: most nights the answer is no, and must be given at once.
"""

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


def fingerprint_inputs(config: Config) -> str:
    """Digest config, versions and dropped files: the same digest means that nothing is new.

    Of the files, names, sizes and times count. Times only tell files apart, so a clock that goes
    back does no harm.

    Parameters
    ----------
    config : Config
        Names the drop folder.

    Returns
    -------
    str
        Hexadecimal.

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
    # A champion of another version cannot be used.
    made_by = [version(package) for package in ("imrml", "scikit-learn")]
    return hashlib.sha256(json.dumps([config.model_dump(), made_by, facts]).encode()).hexdigest()


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


def record_outcome(signature: str, outcome: Mapping[str, Any]) -> None:
    """Write down what was dealt with and what came of it; the last step of a retrain.

    Parameters
    ----------
    signature : str
        From :func:`fingerprint_inputs`.
    outcome : mapping of JSON types
        What came of it.
    """
    text = json.dumps({"signature": signature, "outcome": outcome}, indent=2) + "\n"
    write_private(_memory(), lambda target: target.write_text(text, encoding="utf-8"))
