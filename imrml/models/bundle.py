"""A model as one archive to hand on, with a list of checksums that is held when it is opened."""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from imrml.errors import ModelError
from imrml.private_files import write_private

CONTENTS = "bundle.json"
"""Lists every other file of the archive with its size and SHA-256."""
_FORMAT = 1
_MOST_BYTES = 300_000_000  # of all files once inflated
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same files make the same archive, whenever it is made


def write_bundle(files: Mapping[str, bytes], path: Path) -> str:
    """Write files and the list of their checksums as one zip archive, whole or not at all.

    Parameters
    ----------
    files : mapping of str to bytes
        By name.
    path : Path
        Archive to write, mode 0600.

    Returns
    -------
    str
        SHA-256 of the archive, for who receives it to compare.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "model.zip")
    >>> len(write_bundle({"card.md": b"# A card"}, path)), read_bundle(path)
    (64, {'card.md': b'# A card'})
    """
    listed = {
        name: {"bytes": len(data), "sha256": _digest(data)} for name, data in sorted(files.items())
    }
    contents = json.dumps({"format": _FORMAT, "files": listed}, indent=2).encode() + b"\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, data in {CONTENTS: contents, **dict(sorted(files.items()))}.items():
            target.writestr(zipfile.ZipInfo(name, _LONG_AGO), data, zipfile.ZIP_DEFLATED)
    write_private(path, lambda target: target.write_bytes(archive.getvalue()))
    return _digest(archive.getvalue())


def read_bundle(path: Path) -> dict[str, bytes]:
    """Read an archive that :func:`write_bundle` wrote; every file must be as it was listed.

    Parameters
    ----------
    path : Path
        The archive.

    Returns
    -------
    dict of str to bytes
        Its files by name, without the list.

    Raises
    ------
    ModelError
        The file is no such archive, is damaged, or was changed since it was written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            n_bytes = sum(part.file_size for part in parts)
            files = (
                {part.filename: archive.read(part) for part in parts}
                if n_bytes <= _MOST_BYTES
                else {}
            )
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        zlib.error,
    ) as error:
        raise ModelError(
            f"{path}: no readable archive ({type(error).__name__}); ask for the bundle again"
        ) from None
    if n_bytes > _MOST_BYTES:
        raise ModelError(
            f"{path}: inflates to {n_bytes:,} bytes, at most {_MOST_BYTES:,} are read; ask for "
            "the bundle again"
        )
    listed = _listed(files.pop(CONTENTS, b""), path)
    if len(parts) != len(files) + 1 or files.keys() != listed.keys():
        odd = sorted(files.keys() ^ listed.keys()) or "a name twice"
        raise ModelError(
            f"{path}: holds other files than {CONTENTS} lists ({odd}); it was changed: ask for "
            "the bundle again"
        )
    if changed := [name for name, data in sorted(files.items()) if _digest(data) != listed[name]]:
        named = f"{', '.join(changed)} not as listed in {CONTENTS} (checksums differ)"
        raise ModelError(f"{path}: {named}; it was changed: ask for the bundle again")
    return files


def _listed(contents: bytes, path: Path) -> dict[str, str]:
    try:
        listed = json.loads(contents)
        if listed["format"] == _FORMAT:
            return {str(name): str(facts["sha256"]) for name, facts in listed["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise ModelError(
        f"{path}: no {CONTENTS} of a known format; expected an archive that `imrml bundle` wrote"
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
