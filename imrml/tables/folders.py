"""A table written as a folder of Parquet parts, each whole or not there, so that a run goes on.

A part's name holds its number and, where it was computed from rows of another table, a digest of
those rows and of what they were read by: a part that is there needs no looking into. The manifest
says by what the parts are made, and how many they are once all are there; a folder that is not
whole is read by nobody (:mod:`imrml.tables.addresses`).
"""

import base64
import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from imrml.errors import TableError
from imrml.private_files import remove_leftovers, write_private
from imrml.tables.addresses import (
    MANIFEST,
    TableFiles,
    is_remote,
    on_disk,
    open_storage,
)
from imrml.tables.arrow import choose_schema, to_arrow
from imrml.tables.parquet import read_frame

if TYPE_CHECKING:
    import pyarrow as pa

_PART = re.compile(r"part-(\d{6,9})(?:-([0-9a-f]{16}))?\.parquet")


def digest_rows(frame: pd.DataFrame, recipe: str = "") -> str:
    """Digest the rows that a part is computed from, and what they are read by.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Rows of the input.
    recipe : str, default=''
        What else the part depends on, such as a model's version.

    Returns
    -------
    str
        16 hexadecimal digits.

    Examples
    --------
    >>> rows = pd.DataFrame({"rationale": ["It is denied."]})
    >>> digest_rows(rows) == digest_rows(rows.copy()), digest_rows(rows) == digest_rows(rows, "2")
    (True, False)
    """
    import pyarrow as pa  # noqa: PLC0415 - a start without Parquet does not wait for it

    table = to_arrow(frame, choose_schema(frame)).replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return hashlib.sha256(recipe.encode() + b"\0" + sink.getvalue().to_pybytes()).hexdigest()[:16]


class PartFolder:
    """A folder of parts that is being written.

    Parameters
    ----------
    path : str or Path
        Folder, on this disk or at an address of ``fsspec``; made where absent.
    recipe : str, default=''
        What makes the parts what they are beside their input; parts of another recipe are never
        gone on with.
    resume : bool, default=False
        Keep the parts that are there. Without it the parts of an earlier run are removed, and those
        of anybody else are refused.
    types : mapping of str to DataType, optional
        As :func:`imrml.tables.arrow.choose_schema` takes them.

    Raises
    ------
    TableError
        The folder holds parts of another table or recipe.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "labelled")
    >>> folder = PartFolder(path)
    >>> folder.write(0, pd.DataFrame({"item": ["MRI"]}))
    >>> folder.finish()
    >>> sorted(each.name for each in path.iterdir())
    ['_manifest.json', 'part-000000.parquet']
    """

    def __init__(
        self,
        path: str | Path,
        recipe: str = "",
        *,
        resume: bool = False,
        types: "Mapping[str, pa.DataType] | None" = None,
    ) -> None:
        self.name = str(path)
        self._types = types
        self._recipe = hashlib.sha256(recipe.encode()).hexdigest()[:16]
        self._schema: pa.Schema | None = None
        self._written: set[str] = set()
        self._storage: Any = None
        self._folder = on_disk(self.name).rstrip("/") or "/"
        if is_remote(self.name):
            self._storage, folder = open_storage(self.name)
            self._folder = folder.rstrip("/")
        held, manifest = self._list(), self._read(MANIFEST)
        if manifest is None and held:
            raise TableError(
                f"{self.name}: holds {len(held)} .parquet files that no run of imrml wrote; "
                "name another folder"
            )
        if resume and manifest is not None:
            self._go_on(manifest)
        else:
            self._write_manifest(None)
            for name in held:
                self._remove(name)
            held = []
        self._held = self._number(held)

    def holds(self, number: int, digest: str) -> bool:
        """Tell whether a part is there already.

        Parameters
        ----------
        number : int
            Of the part, from 0.
        digest : str
            From :func:`digest_rows`.

        Returns
        -------
        bool

        Raises
        ------
        TableError
            It is there, but made of other rows: the input has changed.
        """
        name = self._held.get(number)
        if name is None:
            return False
        if name != _name_part(number, digest):
            raise TableError(
                f"{self.name}: part {number} was made of other rows, so the input has changed "
                "since; run without --resume, or into another folder"
            )
        self._written.add(name)
        return True

    def read(self, number: int) -> pd.DataFrame:
        """Read a part that is there.

        Parameters
        ----------
        number : int
            Of the part, from 0.

        Returns
        -------
        DataFrame
        """
        return read_frame(self._files(self._held[number]))

    def write(self, number: int, frame: pd.DataFrame, digest: str = "") -> None:
        """Write a part under a temporary name, and put it in place.

        Parameters
        ----------
        number : int
            Of the part, from 0.
        frame : DataFrame
            Of the same columns as all others.
        digest : str, default=''
            From :func:`digest_rows`.

        Raises
        ------
        TableError
            It holds what the first part's schema does not.
        """
        import pyarrow.parquet as pq  # noqa: PLC0415

        if self._schema is None:
            self._schema = choose_schema(frame, self._types)
            self._write_manifest(None)
        table, name = to_arrow(frame, self._schema), _name_part(number, digest)
        buffer = io.BytesIO()
        pq.write_table(table, buffer)
        self._write(name, buffer.getvalue())
        self._written.add(name)

    def finish(self) -> None:
        """Say that all parts are there.

        Raises
        ------
        TableError
            There are others too: another run writes the same folder, or the input is shorter now.
        """
        if set(self._list()) != self._written:
            raise TableError(
                f"{self.name}: holds other parts than this run's: another run wrote there, or the "
                "input has become shorter; run without --resume, or into another folder"
            )
        self._write_manifest(len(self._written))

    def _go_on(self, manifest: bytes) -> None:
        """Take over the recipe and the schema of the parts that are there."""
        import pyarrow as pa  # noqa: PLC0415

        try:
            facts = json.loads(manifest)
            recipe, schema = facts["recipe"], base64.b64decode(facts["schema"])
        except (ValueError, KeyError, TypeError):
            recipe = schema = None
        if recipe != self._recipe:
            raise TableError(
                f"{self.name}: its parts were made by other settings, another model or another "
                "version of imrml; run without --resume, or into another folder"
            )
        self._schema = pa.ipc.read_schema(pa.py_buffer(schema)) if schema else None
        self._write_manifest(None)

    def _write_manifest(self, n_parts: int | None) -> None:
        schema = b"" if self._schema is None else self._schema.serialize().to_pybytes()
        facts = {
            "made_by": "imrml",
            "recipe": self._recipe,
            "n_parts": n_parts,
            "schema": base64.b64encode(schema).decode(),
        }
        self._write(MANIFEST, json.dumps(facts).encode())

    def _number(self, names: list[str]) -> dict[int, str]:
        matches = [_PART.fullmatch(name) for name in names]
        if not all(matches):
            raise TableError(f"{self.name}: holds .parquet files that are no parts; remove them")
        return {int(match[1]): match[0] for match in matches if match}

    def _files(self, name: str) -> TableFiles:
        return TableFiles(self.name, (f"{self._folder}/{name}",), False, self._storage)

    # --- this disk, or a storage that fsspec knows ---

    def _list(self) -> list[str]:
        if self._storage is None:
            folder = Path(self._folder)
            if not folder.is_dir():
                return []
            remove_leftovers(folder)
            names = [path.name for path in folder.iterdir()]
        else:
            self._storage.invalidate_cache()
            if not self._storage.isdir(self._folder):
                return []
            paths = self._storage.ls(self._folder, detail=False)
            names = [str(path).rsplit("/", 1)[-1] for path in paths]
        return sorted(name for name in names if name.endswith(".parquet"))

    def _read(self, name: str) -> bytes | None:
        path = f"{self._folder}/{name}"
        if self._storage is None:
            return Path(path).read_bytes() if Path(path).is_file() else None
        return bytes(self._storage.cat_file(path)) if self._storage.isfile(path) else None

    def _write(self, name: str, content: bytes) -> None:
        path = f"{self._folder}/{name}"
        if self._storage is None:
            write_private(path, lambda temporary: temporary.write_bytes(content))
        else:  # one object, which is there whole or not at all
            self._storage.makedirs(self._folder, exist_ok=True)
            self._storage.pipe_file(path, content)

    def _remove(self, name: str) -> None:
        path = f"{self._folder}/{name}"
        if self._storage is None:
            Path(path).unlink()
        else:
            self._storage.rm_file(path)


def _name_part(number: int, digest: str) -> str:
    return f"part-{number:06d}{f'-{digest}' * bool(digest)}.parquet"
