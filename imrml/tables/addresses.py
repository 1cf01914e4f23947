"""Where a table lies: one file, a folder of Parquet parts, a glob, or an address of fsspec."""

import json
import os
import re
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any, BinaryIO

from imrml.errors import TableError
from imrml.extras import require_extra

MANIFEST = "_manifest.json"
"""In a folder of parts that imrml writes: by what it was made, and whether it is whole."""
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]{1,30})://", re.IGNORECASE)
_ON_DISK = re.compile(r"(?:file|local)://", re.IGNORECASE)
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The files of one table, on this disk or elsewhere.

    Parameters
    ----------
    name : str
        What the user called it; error messages begin with it.
    paths : tuple of str
        One, or the parts in their order.
    is_parted : bool
        Whether they are Parquet parts, be there one of them or many.
    storage : object, optional
        An ``fsspec`` file system; None for this machine's own disk.
    """

    name: str
    paths: tuple[str, ...]
    is_parted: bool
    storage: Any = None

    @property
    def is_parquet(self) -> bool:
        """Whether the table is held in Parquet, which is read column by column and in parts.

        Returns
        -------
        bool
        """
        return self.is_parted or self.paths[0].lower().endswith(".parquet")

    def open(self, path: str) -> BinaryIO:
        """Open one of the files for reading.

        Parameters
        ----------
        path : str
            One of ``paths``.

        Returns
        -------
        file open for reading bytes
        """
        if self.storage is None:
            return Path(path).open("rb")
        opened: BinaryIO = self.storage.open(path)
        return opened


def is_remote(path: str | Path) -> bool:
    """Tell whether a path is an address that is not on this machine's own disk.

    Parameters
    ----------
    path : str or Path
        As given.

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_remote(path) for path in ("s3://bucket/items/", "file:///data/items", "C:/items.csv")]
    [True, False, False]
    """
    return bool(_ADDRESS.match(str(path))) and not _ON_DISK.match(str(path))


def on_disk(path: str | Path) -> str:
    """Give a path on this disk without the ``file://`` that it may begin with.

    Parameters
    ----------
    path : str or Path
        As given.

    Returns
    -------
    str

    Examples
    --------
    >>> on_disk("file:///data/items"), on_disk("items.csv")
    ('/data/items', 'items.csv')
    """
    return _ON_DISK.sub("", str(path), count=1)


def open_storage(address: str) -> tuple[Any, str]:
    """Reach the storage of an address.

    Parameters
    ----------
    address : str
        Such as ``s3://bucket/items/``.

    Returns
    -------
    storage : object
        An ``fsspec`` file system.
    path : str
        The address as that storage spells it.

    Raises
    ------
    TableError
        Nothing reads addresses of this kind, or the storage cannot be reached.
    MissingExtraError
        The extra ``fsspec`` is not installed.
    """
    require_extra("fsspec", f"{_kind_of(address)}:// addresses")
    from fsspec.core import url_to_fs  # noqa: PLC0415 - only where asked for

    try:
        storage, path = url_to_fs(address)
    except (ImportError, ValueError, OSError) as error:
        raise TableError(
            f"{_kind_of(address)}://: no storage of this kind can be reached "
            f"({type(error).__name__}); install what fsspec needs for it (s3fs for s3://, "
            "adlfs for az://, gcsfs for gs://), and look at its credentials"
        ) from None
    return storage, str(path)


def _kind_of(address: str) -> str:
    kind = _ADDRESS.match(address)
    return kind[1] if kind else "file"


def find_table(path: str | Path) -> TableFiles:
    """Find the files of a table.

    Parameters
    ----------
    path : str or Path
        A file; a folder whose ``.parquet`` files are the parts of one table, in the order of their
        names; a glob of such files; or an address of ``fsspec`` for any of these.

    Returns
    -------
    TableFiles

    Raises
    ------
    TableError
        There is no such file, a folder or glob holds no part, or the folder is not whole: a run
        that wrote it was interrupted.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("part-2.parquet", "part-1.parquet", "_SUCCESS"):
    ...     folder.joinpath(name).touch()
    >>> [Path(part).name for part in find_table(folder).paths]
    ['part-1.parquet', 'part-2.parquet']
    """
    name = str(path)
    try:
        return _find_remote(name) if is_remote(name) else _find_on_disk(name)
    except OSError as error:
        if not is_remote(name):
            raise
        raise TableError(
            f"{name}: cannot be reached ({type(error).__name__}); "
            "look at the address, the network and the credentials"
        ) from None


def _find_on_disk(name: str) -> TableFiles:
    path = on_disk(name)
    if Path(path).is_dir():
        parts = sorted(str(each) for each in Path(path).iterdir() if _is_part(each.name))
        manifest = Path(path, MANIFEST)
        text = manifest.read_text(encoding="utf-8") if manifest.is_file() else None
        return _parts_of_folder(name, parts, text)
    if not Path(path).is_file() and _GLOB.search(path):
        return _parts_of_glob(name, sorted(glob(path)))  # noqa: PTH207 - may be absolute
    if not Path(path).is_file():
        raise TableError(f"{name}: no such file")
    return TableFiles(name, (path,), is_parted=False)


def _find_remote(name: str) -> TableFiles:
    storage, path = open_storage(name)
    if storage.isdir(path):
        parts = sorted(
            each for each in map(str, storage.ls(path, detail=False)) if _is_part(_base(each))
        )
        manifest = f"{path.rstrip('/')}/{MANIFEST}"
        text = storage.cat_file(manifest).decode("utf-8") if storage.isfile(manifest) else None
        return _parts_of_folder(name, parts, text, storage)
    if not storage.isfile(path) and _GLOB.search(path):
        return _parts_of_glob(name, sorted(map(str, storage.glob(path))), storage)
    if not storage.isfile(path):
        raise TableError(f"{name}: no such file")
    return TableFiles(name, (path,), is_parted=False, storage=storage)


def _base(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]


def _is_part(name: str) -> bool:
    return name.lower().endswith(".parquet") and not name.startswith((".", "_"))


def _parts_of_folder(
    name: str, found: list[str], manifest: str | None, storage: Any = None
) -> TableFiles:
    if manifest is not None:
        _require_whole(name, len(found), manifest)
    if not found:
        raise TableError(
            f"{name}: a folder without .parquet files; expected the parts of one table in it"
        )
    return TableFiles(name, tuple(found), is_parted=True, storage=storage)


def _parts_of_glob(name: str, found: list[str], storage: Any = None) -> TableFiles:
    if not found:
        raise TableError(f"{name}: no file has such a name")
    if others := [each for each in found if not each.lower().endswith(".parquet")]:
        raise TableError(
            f"{name}: {_base(others[0])} is no .parquet file; several files make one table only "
            "where all are Parquet"
        )
    return TableFiles(name, tuple(found), is_parted=True, storage=storage)


def is_under_way(folder: Path) -> bool:
    """Tell whether a folder of parts is still being written, or its run was interrupted.

    Parameters
    ----------
    folder : Path
        On this disk.

    Returns
    -------
    bool
        False for a folder without a manifest: it is somebody else's.
    """
    try:
        n_found = sum(_is_part(path.name) for path in folder.iterdir())
        manifest = folder.joinpath(MANIFEST).read_text(encoding="utf-8")
        _require_whole(str(folder), n_found, manifest)
    except FileNotFoundError:
        return False
    except TableError:
        return True
    return False


def _require_whole(name: str, n_found: int, manifest: str) -> None:
    try:
        n_parts = json.loads(manifest)["n_parts"]
    except (ValueError, KeyError, TypeError):
        raise TableError(f"{name}: its {MANIFEST} is damaged; write the folder again") from None
    if n_parts is None:
        raise TableError(
            f"{name}: not whole: the run that writes it is under way or was interrupted; "
            "finish it with --resume"
        )
    if n_parts != n_found:
        raise TableError(
            f"{name}: {n_found} parts of {n_parts}; some were removed or added: write it again"
        )


def is_there(path: str | Path) -> bool:
    """Tell whether there is a file or a folder.

    Parameters
    ----------
    path : str or Path
        On this disk, or an address.

    Returns
    -------
    bool
    """
    if not is_remote(path):
        return Path(on_disk(path)).exists()
    storage, there = open_storage(str(path))
    return bool(storage.exists(there))


def remove_file(path: str | Path) -> None:
    """Remove a file, if there is one.

    Parameters
    ----------
    path : str or Path
        On this disk, or an address.
    """
    if not is_remote(path):
        Path(on_disk(path)).unlink(missing_ok=True)
    elif is_there(path):
        storage, there = open_storage(str(path))
        storage.rm_file(there)


def is_folder(path: str | Path) -> bool:
    """Tell whether what is written to a path becomes a folder of parts.

    Parameters
    ----------
    path : str or Path
        As given for a table to write.

    Returns
    -------
    bool
        True for a name that ends with a slash, and for a folder that is there.

    Examples
    --------
    >>> is_folder("labelled/"), is_folder("s3://bucket/labelled/"), is_folder("labelled.csv")
    (True, True, False)
    """
    name = str(path)
    if name.endswith(("/", os.sep)):
        return True
    return not is_remote(name) and Path(on_disk(name)).is_dir()


def is_parquet_address(path: str | Path) -> bool:
    """Tell whether a path names a table in Parquet: a file, a folder or a glob of its parts.

    Parameters
    ----------
    path : str or Path
        As given for a table to read.

    Returns
    -------
    bool
        False for a document or a table of another format, and for stdin.

    Examples
    --------
    >>> [is_parquet_address(path) for path in ("parts/*.parquet", "s3://bucket/in/", "rfa.pdf")]
    [True, True, False]
    """
    return str(path).lower().endswith(".parquet") or is_folder(path)
