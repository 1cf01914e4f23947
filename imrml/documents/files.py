"""Files, folders, globs, archives and stdin to letters, one at a time, always in one order."""

import glob
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from imrml.config import LimitsConfig
from imrml.documents.archives import (
    ARCHIVE_ENDINGS,
    LETTER_ENDINGS,
    SNIFFED,
    archive_kind,
    printable,
    read_members,
)
from imrml.documents.reading import LetterFile, read_whole
from imrml.errors import DocumentError, ImrmlError

STDIN = "stdin"
"""What a letter from stdin is called where files have a name."""

_GLOB = re.compile(r"[*?\[]")


def walk_letters(inputs: Iterable[str | Path], limits: LimitsConfig) -> Iterator[LetterFile]:
    """Yield each letter of files, folders (recursively), globs, archives and stdin (``-``).

    A folder's files come sorted by name, then those of its folders; an archive's members in their
    own order. A file named outright is taken whatever its ending; whether it is an archive, its
    first bytes tell.

    Parameters
    ----------
    inputs : iterable of str or Path
        What to read.
    limits : LimitsConfig
        Of one letter, and of an archive's inflation.

    Returns
    -------
    iterator of LetterFile
        Each with its bytes, or why there are none.

    Raises
    ------
    ImrmlError
        Before anything is read: an input does not exist, or a folder or glob holds nothing to read.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("b.txt", "a.txt", "notes.doc"):
    ...     _ = folder.joinpath(name).write_text(name)
    >>> [letter.stem for letter in walk_letters([folder], load_config().limits)]
    ['a', 'b']
    """
    inputs = list(inputs)
    for given in inputs:
        if str(given) != "-":
            _require_letters(given)
    return (letter for given in inputs for letter in _letters_of(given, limits))


def _require_letters(given: str | Path) -> None:
    if not os.path.lexists(given) and not _GLOB.search(str(given)):
        raise ImrmlError(f"{given}: neither a file, a folder nor a glob; check the path")
    if next(_find(given), None) is None:
        endings = ", ".join((*LETTER_ENDINGS, *ARCHIVE_ENDINGS))
        raise ImrmlError(f"{given}: holds no file ending in {endings}; check the path")


def _find(given: str | Path) -> Iterator[Path | OSError]:
    path = Path(given)
    if path.is_file():
        yield path
    elif path.is_dir():
        refused: list[OSError] = []
        for folder, folders, names in os.walk(path, onerror=refused.append):
            yield from refused
            refused.clear()
            folders.sort()
            wanted = (Path(folder, name) for name in sorted(names) if _is_wanted(name))
            yield from (path for path in wanted if path.is_file())
        yield from refused
    else:
        names = sorted(glob.glob(str(given), recursive=True))  # noqa: PTH207 (absolute patterns)
        yield from (Path(name) for name in names if _is_wanted(name) and Path(name).is_file())


def _is_wanted(name: str) -> bool:
    return name.lower().endswith((*LETTER_ENDINGS, *ARCHIVE_ENDINGS)) and not Path(
        name
    ).name.startswith("._")


def _letters_of(given: str | Path, limits: LimitsConfig) -> Iterator[LetterFile]:
    if str(given) == "-":
        yield from _letters_of_stdin(sys.stdin.buffer, limits)
        return
    for path in _find(given):
        if isinstance(path, OSError):
            yield LetterFile(printable(str(path.filename)), error=_unreadable(path))
        else:
            yield from _letters_in(path, limits)


def _letters_in(path: Path, limits: LimitsConfig) -> Iterator[LetterFile]:
    source = printable(str(path))
    try:
        with path.open("rb") as file:
            head = file.read(SNIFFED)
            kind = archive_kind(head)
            if kind:
                yield from read_members(file, kind, source, limits)
                return
            content = read_whole(file, limits, head)
        yield LetterFile(source, content)
    except DocumentError as error:
        yield LetterFile(source, error=error)
    except OSError as error:
        yield LetterFile(source, error=_unreadable(error))


def _letters_of_stdin(stdin: IO[bytes], limits: LimitsConfig) -> Iterator[LetterFile]:
    head = stdin.read(limits.max_bytes + 1)
    kind = archive_kind(head[:SNIFFED])
    if kind:
        with tempfile.TemporaryFile() as file:  # a zip's directory is at its end
            file.write(head)
            shutil.copyfileobj(stdin, file)
            file.seek(0)
            yield from read_members(file, kind, STDIN, limits)
    elif len(head) > limits.max_bytes:
        yield LetterFile(
            STDIN,
            error=DocumentError(
                "too_large",
                f"more than {limits.max_bytes:,} bytes; no more are read (limits.max_bytes)",
            ),
        )
    else:
        yield LetterFile(STDIN, head)


def _unreadable(error: OSError) -> DocumentError:
    return DocumentError("unreadable", error.strerror or type(error).__name__)
