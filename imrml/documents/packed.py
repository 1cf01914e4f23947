"""Files packed into a zip or attached to a PDF: what somebody sends together, read from memory."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from imrml.config import LimitsConfig
from imrml.documents.pdf import open_pdf
from imrml.errors import DocumentError, RequestFileError

_ALWAYS_FINE = 1_000_000  # bytes: so little is no bomb, whatever its ratio
_CHUNK = 1 << 16
_LONGEST_ENDING = 6
MOST_FILES = 50
"""Files of a mail, an archive or a portfolio that are read."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file that came with others; its name is not kept, for it may be a patient's.

    Parameters
    ----------
    ending : str
        Of its name, such as ``.csv``; ``""`` where it has none.
    content : bytes
        Empty where it cannot be read.
    trouble : str, default=''
        Why it cannot be read.
    """

    ending: str
    content: bytes = field(default=b"", repr=False)
    trouble: str = ""


def ending_of(name: str | None) -> str:
    """Give the ending of a file's name.

    Parameters
    ----------
    name : str or None
        As somebody named it.

    Returns
    -------
    str
        In lower case, with its dot; ``""`` where there is none.

    Examples
    --------
    >>> ending_of("Requests of May.CSV"), ending_of("rfa"), ending_of(None)
    ('.csv', '', '')
    """
    _, dot, ending = (name or "").rpartition(".")
    is_one = bool(dot) and ending.isalnum() and len(ending) < _LONGEST_ENDING
    return f".{ending.lower()}" if is_one else ""


def read_zip(content: bytes, limits: LimitsConfig) -> Iterator[Packed]:
    """Read the files of a zip, each no larger than a file may be.

    Parameters
    ----------
    content : bytes
        Of the zip.
    limits : LimitsConfig
        How large a file may be, and how many times larger than it is packed.

    Yields
    ------
    Packed
        In the order of the zip; the last one says how many are left out.

    Raises
    ------
    RequestFileError
        The zip is damaged.
    DocumentError
        ``decompression_bomb``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if not _is_passed_over(one)]
            n_left = max(_ALWAYS_FINE, round(limits.max_ratio * len(content)))
            for member in members[:MOST_FILES]:
                packed = _read_member(archive, member, limits, n_left)
                n_left -= len(packed.content)
                yield packed
            if len(members) > MOST_FILES:
                more = f"{len(members) - MOST_FILES} more files; at most {MOST_FILES} are read"
                yield Packed("", trouble=more)
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError):
        raise RequestFileError("a damaged archive; send it again") from None


def _is_passed_over(member: zipfile.ZipInfo) -> bool:
    """Tell folders, and what macOS puts beside each file."""
    *folders, last = member.filename.split("/")
    return member.is_dir() or "__MACOSX" in folders or last.startswith("._")


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: LimitsConfig, n_left: int
) -> Packed:
    ending = ending_of(member.filename)
    if member.flag_bits & 0x1:
        return Packed(ending, trouble="packed with a password; send it without")
    # The other methods inflate without bound in zipfile.
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return Packed(ending, trouble="packed in an unusual way; unpack it and send it by itself")
    read = bytearray()
    try:
        with archive.open(member) as file:
            while chunk := file.read(_CHUNK):
                read += chunk
                if len(read) > n_left:
                    ratio = f"inflates to more than {limits.max_ratio:g} times its size"
                    raise DocumentError("decompression_bomb", ratio)
                if len(read) > limits.max_bytes:
                    most = f"larger than {limits.max_bytes:,} bytes (limits.max_bytes)"
                    return Packed(ending, trouble=most)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError, zlib.error):
        return Packed(ending, trouble="damaged; send it again")
    return Packed(ending, bytes(read))


def read_attached(content: bytes, limits: LimitsConfig) -> tuple[list[Packed], bool]:
    """Read the files attached to a PDF.

    Parameters
    ----------
    content : bytes
        Of the PDF.
    limits : LimitsConfig
        How large a file may be, and how many times larger than it is packed.

    Returns
    -------
    files : list of Packed
        Empty where none is attached.
    is_portfolio : bool
        Whether the pages of the PDF only stand in front of them.

    Raises
    ------
    DocumentError
        ``decompression_bomb``, or the PDF cannot be read.
    """
    import pypdfium2  # noqa: PLC0415 (0.1 s that other files need not pay)

    files: list[Packed] = []
    n_left = max(_ALWAYS_FINE, round(limits.max_ratio * len(content)))
    pdf = open_pdf(content, limits)
    try:
        n_files = pdf.count_attachments()
        for number in range(min(n_files, MOST_FILES)):
            try:
                attached = pdf.get_attachment(number)
                ending, inner = ending_of(attached.get_name()), bytes(attached.get_data())
            except pypdfium2.PdfiumError:
                files.append(Packed("", trouble="damaged; send it again"))
                continue
            n_left -= len(inner)
            if n_left < 0:
                ratio = f"inflates to more than {limits.max_ratio:g} times its size"
                raise DocumentError("decompression_bomb", ratio)
            if len(inner) > limits.max_bytes:
                most = f"larger than {limits.max_bytes:,} bytes (limits.max_bytes)"
                files.append(Packed(ending, trouble=most))
            else:
                files.append(Packed(ending, inner))
    finally:
        pdf.close()
    if n_files > MOST_FILES:
        more = f"{n_files - MOST_FILES} more files; at most {MOST_FILES} are read"
        files.append(Packed("", trouble=more))
    return files, bool(files) and _is_portfolio(content)


def _is_portfolio(content: bytes) -> bool:
    import pypdf  # noqa: PLC0415 (only for PDFs with attachments)

    try:
        catalog = pypdf.PdfReader(io.BytesIO(content), strict=False).root_object
    except (pypdf.errors.PyPdfError, ValueError, KeyError, AttributeError, TypeError):
        return False
    return "/Collection" in catalog
