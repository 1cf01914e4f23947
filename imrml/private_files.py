"""Files that only their owner may read, written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any


def write_private(path: str | Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then move it into place, mode 0600.

    Parameters
    ----------
    path : str or Path
        File to write; folders are made where absent, an older file is replaced.
    write : callable
        Takes the temporary path and fills it; whatever it raises leaves ``path`` as it was.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o600)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_private_text(path: str | Path, text: str) -> None:
    """Write a text file as :func:`write_private` does.

    Parameters
    ----------
    path : str or Path
        File to write.
    text : str
        All that it holds, in UTF-8.
    """
    write_private(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def is_temporary(name: str) -> bool:
    """Whether a file or folder bears the name of one that is being written.

    Parameters
    ----------
    name : str
        Without its folder.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_temporary(".items-ab12cd_x.parquet"), is_temporary("items.parquet")
    (True, False)
    """
    return fnmatchcase(name, ".*-????????*")


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of :func:`write_private` whose process was killed.

    Parameters
    ----------
    folder : Path
        Nobody else may be writing there.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> folder.joinpath(".items-ab12cd_x.parquet").touch(), folder.joinpath("items.parquet").touch()
    (None, None)
    >>> remove_leftovers(folder)
    >>> [path.name for path in folder.iterdir()]
    ['items.parquet']
    """
    for path in folder.glob(".*"):
        if is_temporary(path.name) and path.is_file():
            path.unlink(missing_ok=True)
