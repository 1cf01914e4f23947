"""Members of zip and tar archives, and of PDF portfolios, as letters; nothing is unpacked to disk.

Nothing that an archive says of itself is believed.
Sizes are measured while inflating, names only become part of a source, links and archives inside
archives are refused. Whatever is wrong with one member is its own failure; what is wrong with the
archive ends it, and the members read before stay.
"""

import gzip
import io
import math
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from typing import IO, Literal

from imrml.config import LimitsConfig
from imrml.documents.pdf import open_pdf
from imrml.documents.reading import LetterFile
from imrml.documents.zip_parts import open_parts
from imrml.errors import DocumentError

Kind = Literal["zip", "gzip", "tar"]

LETTER_ENDINGS = (".pdf", ".txt")
ARCHIVE_ENDINGS = (".zip", ".tar", ".tgz", ".gz")
SNIFFED = 512
"""Bytes of a file's start that tell its kind: one tar header."""

_ALWAYS_FINE = 1_000_000  # bytes: so little is no bomb, whatever its ratio
_CHUNK = 1 << 16
_DRIVE = re.compile(r"[A-Za-z]:")


def archive_kind(head: bytes) -> Kind | None:
    r"""Tell by a file's first bytes whether it is an archive.

    Parameters
    ----------
    head : bytes
        At least ``SNIFFED`` of them, where the file has so many.

    Returns
    -------
    {'zip', 'gzip', 'tar'} or None
        None for anything else.

    Examples
    --------
    >>> archive_kind(b"PK\x03\x04"), archive_kind(b"%PDF-1.7")
    ('zip', None)
    """
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    return "tar" if head[257:262] == b"ustar" else None


def read_members(
    archive: IO[bytes], kind: Kind, source: str, limits: LimitsConfig
) -> Iterator[LetterFile]:
    """Yield the letters of an archive in its own order, one at a time.

    Files that are no letters by their ending are passed over.

    Parameters
    ----------
    archive : file object
        Open for reading bytes; seekable, at its start.
    kind : {"zip", "gzip", "tar"}
        As :func:`archive_kind` told it.
    source : str
        Name of the archive, first part of its members' names.
    limits : LimitsConfig
        ``max_bytes`` of a member once inflated; ``max_ratio`` of inflated over packed bytes, of a
        member and of the whole.

    Yields
    ------
    LetterFile
        Its bytes, or what is wrong with the member or the archive.
    """
    members = (
        _zip_members(archive, source, limits)
        if kind == "zip"
        else _tar_members(archive, kind, source, limits)
    )
    is_empty = True
    try:
        for member in members:
            is_empty = False
            yield member
    except DocumentError as error:
        yield LetterFile(source, error=error)
    except MemoryError:
        raise
    except Exception as error:  # (damaged archives raise whatever their bytes happen to break)
        yield LetterFile(
            source,
            error=DocumentError(
                "damaged_archive", f"the archive cannot be read on ({type(error).__name__})"
            ),
        )
    else:
        if is_empty:
            yield LetterFile(
                source, error=DocumentError("no_letters", "the archive holds no letter")
            )


def read_attachments(content: bytes, source: str, limits: LimitsConfig) -> list[LetterFile]:
    """Read the letters that are attached to a PDF, as a portfolio holds them.

    Parameters
    ----------
    content : bytes
        Of the PDF.
    source : str
        Its name, first part of theirs.
    limits : LimitsConfig
        As of :func:`read_members`.

    Returns
    -------
    list of LetterFile
        Empty where none is attached; what is no letter by its ending is passed over.

    Raises
    ------
    DocumentError
        ``decompression_bomb``, or as of :func:`imrml.documents.pdf.open_pdf`.
    """
    import pypdfium2  # noqa: PLC0415 (0.1 s that text letters need not pay)

    letters: list[LetterFile] = []
    n_inflated = 0
    pdf = open_pdf(content, limits)
    try:
        for number in range(pdf.count_attachments()):
            try:
                attached = pdf.get_attachment(number)
                name = attached.get_name()
                if _is_passed_over(name):
                    continue
                inner = bytes(attached.get_data())
            except pypdfium2.PdfiumError:
                error = DocumentError("damaged_archive", f"attachment {number + 1} cannot be read")
                letters.append(LetterFile(f"{source}!{number + 1}", error=error))
                continue
            n_inflated += len(inner)
            if n_inflated > max(_ALWAYS_FINE, limits.max_ratio * len(content)):
                raise _bomb(limits)
            letter_source = printable(f"{source}!{name}")
            refusal = _refusal(name, is_plain=True)
            letters.append(
                LetterFile(letter_source, error=refusal)
                if refusal
                else _read_member(letter_source, io.BytesIO(inner), math.inf, limits)
            )
    finally:
        pdf.close()
    return letters


def _is_passed_over(name: str) -> bool:
    *folders, last = name.split("/")  # no Path: it costs as much as inflating a short letter
    # What macOS puts beside each file has the file's own ending.
    is_shadow = last.startswith("._") or "__MACOSX" in folders
    return is_shadow or not last.lower().endswith((*LETTER_ENDINGS, *ARCHIVE_ENDINGS))


def _refusal(name: str, *, is_plain: bool) -> DocumentError | None:
    """Say why a member is not even opened."""
    parts = name.replace("\\", "/").split("/")
    is_absolute = len(parts) > 1 and not parts[0]
    if is_absolute or ".." in parts or _DRIVE.match(name):
        return DocumentError("unsafe_path", "the member's name leads out of the archive")
    if not is_plain:
        return DocumentError("unsafe_path", "the member is a link or a device, not a file")
    if name.lower().endswith(ARCHIVE_ENDINGS):
        return DocumentError("nested_archive", "an archive inside an archive")
    return None


def _read_member(
    source: str, member: IO[bytes], n_packed: float, limits: LimitsConfig
) -> LetterFile:
    """Inflate one member of ``n_packed`` bytes, as far as the limits allow."""
    content = bytearray()
    while chunk := member.read(_CHUNK):
        content += chunk
        if len(content) > min(limits.max_bytes, max(_ALWAYS_FINE, limits.max_ratio * n_packed)):
            if len(content) > limits.max_ratio * n_packed:
                return LetterFile(source, error=_bomb(limits))
            excess = f"inflates to more than {limits.max_bytes:,} bytes (limits.max_bytes)"
            return LetterFile(source, error=DocumentError("too_large", excess))
    if archive_kind(bytes(content[:SNIFFED])):
        return LetterFile(
            source,
            error=DocumentError(
                "nested_archive", "an archive inside an archive, under another ending"
            ),
        )
    return LetterFile(source, bytes(content))


def _bomb(limits: LimitsConfig) -> DocumentError:
    return DocumentError(
        "decompression_bomb",
        f"inflates to more than {limits.max_ratio:g} times its size (limits.max_ratio)",
    )


def printable(name: str) -> str:
    r"""Write out what is no character, so that every table can hold the name of a file.

    Parameters
    ----------
    name : str
        As the system gives it.

    Returns
    -------
    str
        That UTF-8 can hold.

    Examples
    --------
    >>> printable("letter-\udcff.txt")
    'letter-\\udcff.txt'
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


# --- zip -----------------------------------------------------------------------------------------


def _zip_members(file: IO[bytes], source: str, limits: LimitsConfig) -> Iterator[LetterFile]:
    n_packed = file.seek(0, 2)
    n_inflated = 0
    members = ((part, info) for part in open_parts(file) for info in part.infolist())
    for archive, info in members:
        if info.is_dir() or _is_passed_over(info.filename):
            continue
        name = printable(f"{source}!{info.filename}")
        letter = _zip_member(archive, info, name, min(info.compress_size, n_packed), limits)
        yield letter
        n_inflated += len(letter.content)
        if n_inflated > max(_ALWAYS_FINE, limits.max_ratio * n_packed):
            raise _bomb(limits)


def _zip_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, n_packed: int, limits: LimitsConfig
) -> LetterFile:
    mode = info.external_attr >> 16
    error = _refusal(info.filename, is_plain=stat.S_IFMT(mode) in {0, stat.S_IFREG})
    if error is None and info.flag_bits & 0x1:
        error = DocumentError("password_protected", "the member is encrypted")
    # The other methods inflate without bound in zipfile.
    if error is None and info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        error = DocumentError(
            "unreadable", f"the member is packed by method {info.compress_type}, not deflated"
        )
    if error:
        return LetterFile(name, error=error)
    try:
        with archive.open(info) as member:
            return _read_member(name, member, n_packed, limits)
    except MemoryError:
        raise
    except Exception as trouble:  # as above
        return LetterFile(
            name,
            error=DocumentError(
                "damaged_archive", f"the member cannot be inflated ({type(trouble).__name__})"
            ),
        )


# --- tar -----------------------------------------------------------------------------------------


class _Tape:
    """The inflated bytes of a tar file, read forward only and measured on the way."""

    def __init__(self, file: IO[bytes], kind: Kind, limits: LimitsConfig) -> None:
        self._packed = file
        self._inflated = gzip.GzipFile(fileobj=file) if kind == "gzip" else file
        self._limits = limits
        self.last = b""

    def read(self, size: int) -> bytes:
        if size > _ALWAYS_FINE:  # letters are read in chunks, only a header is read whole
            raise DocumentError("damaged_archive", f"a header of {size:,} bytes")
        self.last = self._inflated.read(size)
        if self.tell() > max(_ALWAYS_FINE, self._limits.max_ratio * self._packed.tell()):
            raise _bomb(self._limits)
        return self.last

    def tell(self) -> int:
        return self._inflated.tell()

    def seek(self, position: int) -> int:
        if self._inflated is self._packed:
            return self._inflated.seek(position)
        while (left := position - self.tell()) > 0 and self.read(min(left, _CHUNK)):
            pass
        return self.tell()


def _tar_members(
    file: IO[bytes], kind: Kind, source: str, limits: LimitsConfig
) -> Iterator[LetterFile]:
    file.seek(0)
    tape = _Tape(file, kind, limits)
    with tarfile.open(fileobj=tape, mode="r:") as archive:  # type: ignore[call-overload]
        while (info := archive.next()) is not None:
            archive.members.clear()  # or it remembers every one of them
            if info.isdir() or _is_passed_over(info.name):
                continue
            name = printable(f"{source}!{info.name}")
            error = _refusal(info.name, is_plain=info.isreg())
            if error is None and info.issparse():
                error = DocumentError("decompression_bomb", "a sparse file, most of it holes")
            if error:
                yield LetterFile(name, error=error)
                continue
            member = archive.extractfile(info)
            assert member is not None  # it is a regular file
            yield _read_member(name, member, math.inf, limits)  # the tape holds the ratio
        # tarfile takes a broken header, and no header at all, for the end.
        if tape.last != bytes(tarfile.BLOCKSIZE):
            raise DocumentError(
                "damaged_archive", "the archive breaks off without its end mark", tape.tell()
            )
