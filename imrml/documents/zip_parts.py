"""A zip of any number of members, opened a part of its directory at a time.

``zipfile`` holds the whole directory, more than half a kilobyte a member. Here its records are cut
into parts, and each part is given to ``zipfile`` as the directory of a zip of its own; what a
record says, ``zipfile`` reads.
"""

import io
import struct
import zipfile
from collections.abc import Iterator
from typing import IO

# APPNOTE.TXT of PKWARE: 4.3.12 (a record of the directory), 4.3.14 to 4.3.16 (its end).
_RECORD = struct.Struct("<4s24x3H12x")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_END_64_LOCATOR = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
_RECORD_SIGN, _END_64_SIGN, _LOCATOR_SIGN, _END_SIGN = (
    b"PK\x01\x02",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"PK\x05\x06",
)
_LONGEST_COMMENT = 0xFFFF
_PART = 1 << 18
"""Bytes of a part of the directory: more than the longest record, some 3,000 usual ones."""


class _PartOfZip(io.RawIOBase):
    """The members of a zip, and behind them a directory of some of them."""

    def __init__(self, file: IO[bytes], start: int, directory: bytes) -> None:
        self._file = file
        self._start = start  # of the directory
        self._directory = directory
        self._at = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origins = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._at,
            io.SEEK_END: self._start + len(self._directory),
        }
        self._at = origins[whence] + offset
        if self._at < 0:
            raise OSError("before the start")
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        if self._at >= self._start:
            content = self._directory[self._at - self._start :][: size if size >= 0 else None]
        else:
            n_left = self._start - self._at
            self._file.seek(self._at)
            content = self._file.read(min(size, n_left) if size >= 0 else n_left)
        self._at += len(content)
        return content


def open_parts(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Yield a zip as zips of some thousand members each, in the order of its directory.

    Parameters
    ----------
    file : file object
        Open for reading bytes; seekable.

    Yields
    ------
    zipfile.ZipFile
        Open until the next one is asked for.

    Raises
    ------
    zipfile.BadZipFile
        The directory is absent or damaged; the parts before the damage have been yielded.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> with zipfile.ZipFile(file, "w") as archive:
    ...     for number in range(5000):
    ...         archive.writestr(f"{number}.txt", "a letter")
    >>> sizes = [len(part.infolist()) for part in open_parts(file)]
    >>> len(sizes) > 1, sum(sizes)
    (True, 5000)
    """
    start, n_bytes, stated = _find_directory(file)
    at, end = start, start + n_bytes
    while at < end:
        file.seek(at)
        records, n_records = _whole_records(file.read(min(_PART, end - at)))
        last = (
            _END_64.pack(
                _END_64_SIGN,
                _END_64.size - 12,
                45,
                45,
                0,
                0,
                n_records,
                n_records,
                len(records),
                stated,
            ),
            _END_64_LOCATOR.pack(_LOCATOR_SIGN, 0, stated + len(records), 1),
            _END.pack(_END_SIGN, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0),
        )
        with zipfile.ZipFile(_PartOfZip(file, start, b"".join((records, *last)))) as part:
            yield part
        at += len(records)


def _find_directory(file: IO[bytes]) -> tuple[int, int, int]:
    """Give start and size of the directory, and where the zip says it starts.

    Other bytes may stand before the zip.
    """
    n_bytes = file.seek(0, io.SEEK_END)
    tail_start = max(
        0, n_bytes - _END.size - _LONGEST_COMMENT - _END_64_LOCATOR.size - _END_64.size
    )
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(_END_SIGN)
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("no end of the directory")
    *_, size, stated, _ = _END.unpack_from(tail, at)
    if tail[max(0, at - _END_64_LOCATOR.size) : at].startswith(_LOCATOR_SIGN):
        at -= _END_64_LOCATOR.size + _END_64.size
        if at < 0 or not tail.startswith(_END_64_SIGN, at):
            raise zipfile.BadZipFile("no end of the large directory")
        *_, size, stated = _END_64.unpack_from(tail, at)
    start = tail_start + at - size
    if start < 0 or start < stated:
        raise zipfile.BadZipFile("the directory starts before the zip")
    return start, size, stated


def _whole_records(directory: bytes) -> tuple[bytes, int]:
    """Take the records that stand whole in a stretch of the directory, and count them."""
    at = n_records = 0
    while at + _RECORD.size <= len(directory):
        sign, *lengths = _RECORD.unpack_from(directory, at)
        end = at + _RECORD.size + sum(lengths)
        if sign != _RECORD_SIGN:
            raise zipfile.BadZipFile("no record where the directory should have one")
        if end > len(directory):
            break
        at = end
        n_records += 1
    if not n_records:
        raise zipfile.BadZipFile("the directory breaks off")
    return directory[:at], n_records
