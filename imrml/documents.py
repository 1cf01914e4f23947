r"""Bytes to text, with limits: text files in the usual encodings and PDF files with a text layer.

Line ends come back as ``"\n"``, page ends as ``"\f"``; nothing else of the text is touched, because a blank at the end of a
line tells :mod:`imrml.letters.layout` whether the line wraps.
"""

import glob
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imrml.config import LimitsConfig
from imrml.errors import DocumentError

SUFFIXES = (".pdf", ".txt")
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Document:
    r"""Text of one file.

    Parameters
    ----------
    source : str
        The file, as given.
    sha256 : str
        Hash of its bytes, in hexadecimal.
    text : str
        Lines end in ``"\n"``, pages in ``"\f"``.
    """

    source: str
    sha256: str
    text: str


def find_files(inputs: Iterable[str | Path]) -> Iterator[Path]:
    """Walk files, folders (recursively, sorted) and globs; a file named outright is taken whatever its ending.

    Raises
    ------
    DocumentError
        An input does not exist, or a folder or glob holds no ``.pdf`` and no ``.txt`` file.
    """
    for given in inputs:
        path = Path(given)
        if path.is_file():
            yield path
            continue
        if path.is_dir():
            names = list(path.rglob("*"))
        elif _GLOB.search(str(given)):
            names = [Path(name) for name in glob.glob(str(given), recursive=True)]  # noqa: PTH207 (absolute patterns)
        else:
            raise DocumentError("no_such_file", f"{given}: neither a file, a folder nor a glob; check the path")
        found = sorted(name for name in names if name.suffix.lower() in SUFFIXES and name.is_file())
        if not found:
            raise DocumentError("no_letters", f"{given}: holds no {' or '.join(SUFFIXES)} file; check the path")
        yield from found


def read_document(path: str | Path, limits: LimitsConfig) -> Document:
    """Read one file's text.

    Raises
    ------
    DocumentError
        With one of the reasons ``empty_file``, ``too_large``, ``too_many_pages``, ``damaged_pdf``, ``password_protected``,
        ``no_text_layer``, ``not_text``, ``unreadable``; the detail says what to do.

    Examples
    --------
    >>> import tempfile
    >>> from imrml.config import load_config
    >>> path = Path(tempfile.mkdtemp(), "letter.txt")
    >>> _ = path.write_text("Case Number: CM15-0000001", encoding="utf-16")
    >>> read_document(path, load_config().limits).text
    'Case Number: CM15-0000001'
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > limits.max_bytes:
            raise DocumentError("too_large", f"{size:,} bytes; at most {limits.max_bytes:,} (limits.max_bytes)")
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError("unreadable", f"{error.strerror or type(error).__name__}; check the file and its rights") from None
    return Document(str(path), hashlib.sha256(content).hexdigest(), read_text(content, limits))


def read_text(content: bytes, limits: LimitsConfig) -> str:
    r"""Read the text out of a file's bytes; see :func:`read_document`.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> read_text(b"one line\r\nanother", load_config().limits)
    'one line\nanother'
    """
    if not content.strip():
        raise DocumentError("empty_file", "holds nothing; send the letter again")
    text = _pdf_text(content, limits) if content[:1024].lstrip().startswith(b"%PDF") else _decode(content)
    if len(text) > limits.max_characters:
        raise DocumentError("too_large", f"{len(text):,} characters; at most {limits.max_characters:,} (limits.max_characters)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(content: bytes) -> str:
    for encoding in ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DocumentError("not_text", "neither a PDF nor text in UTF-8, UTF-16 or Windows-1252; export the letter as one of these")


def _pdf_text(content: bytes, limits: LimitsConfig) -> str:
    import pypdfium2  # noqa: PLC0415 (0.1 s that text letters need not pay)

    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentError("password_protected", "the PDF asks for a password; save a copy without one") from None
        raise DocumentError("damaged_pdf", "no PDF that can be opened, perhaps cut short; send the letter again") from None
    try:
        if len(pdf) > limits.max_pages:
            raise DocumentError("too_many_pages", f"{len(pdf)} pages; at most {limits.max_pages} (limits.max_pages)")
        pages = []
        for page in pdf:
            text_page = page.get_textpage()
            pages.append(text_page.get_text_bounded())
            text_page.close()
            page.close()
    except pypdfium2.PdfiumError:
        raise DocumentError("damaged_pdf", "a page cannot be read; send the letter again") from None
    finally:
        pdf.close()
    if not any(page.strip() for page in pages):
        raise DocumentError("no_text_layer", f"{len(pages)} pages without text, perhaps a scan; run OCR on it first")
    return "\f".join(pages)
