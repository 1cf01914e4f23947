r"""Bytes to text, with limits: text files in the usual encodings and PDF files.

Line ends come back as ``"\n"``, page ends as ``"\f"``, a hyphen at a line's end as a hyphen, a
blank and a line end, whatever sign the PDF's reader gave. Nothing else of the text is touched,
because a blank at the end of a line tells :mod:`imrml.letters.cleaning` whether the line wraps. The
one repair is of mojibake, and only where it is certain.
"""

import codecs
import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO

from imrml.config import LimitsConfig
from imrml.documents.ocr import SURE_NUMBER, OcrPage
from imrml.documents.pdf import read_pdf
from imrml.errors import DocumentError
from imrml.phrases import pluralize

# UTF-8 that was read as Windows-1252 and saved: the first byte of a sequence as a letter, then what
# its next byte became.
_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4]"
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_SNIFFED, _FEWEST_SNIFFED = 2_000, 40
_SIGNS, _LONG_DOSE = ".,;:()", 10
"""Characters of a dose that is sure where it stands surely at another place."""
# How PDFium writes a hyphen at a line's end, with the line's end or in its place.
_HYPHEN_AT_LINE_END = re.compile("[\x02\ufffe] ?\n?")


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


@dataclass(frozen=True, slots=True)
class DocumentText:
    r"""Text of a document, and which of it was read from pictures.

    Parameters
    ----------
    text : str
        Lines end in ``"\n"``, pages in ``"\f"``; its ``repr`` leaves it out, for logs show that.
    ocr_pages : tuple of OcrPage
        Pages that OCR read, with its confidence.
    doubtful : tuple of (int, int)
        Where words stand in ``text``, half open, of which OCR is not sure.
    n_attached : int
        Files that are attached to a PDF, as to a portfolio.
    has_ocr_layer : bool
        Whether OCR laid the text over the picture of a page: its confidence is not known.
    """

    text: str = field(repr=False)
    ocr_pages: tuple[OcrPage, ...] = ()
    doubtful: tuple[tuple[int, int], ...] = ()
    n_attached: int = 0
    has_ocr_layer: bool = False


@dataclass(frozen=True)
class LetterFile:
    """One letter as it came, not read yet: its bytes, or why there are none.

    Parameters
    ----------
    source : str
        Path of the file; a member of an archive is ``ARCHIVE!MEMBER``.
    content : bytes
        Empty where there is an error; its ``repr`` leaves it out, for logs show that.
    error : DocumentError, optional
        What kept the bytes from being read.

    Examples
    --------
    >>> LetterFile("letters.zip!2015/CM15-0000001.pdf", b"").stem
    'CM15-0000001'
    """

    source: str
    content: bytes = field(default=b"", repr=False)
    error: DocumentError | None = None

    @property
    def stem(self) -> str:
        """Name of the file or member without folder and ending.

        Returns
        -------
        str
            ``letter`` of ``batch.zip!2019/letter.pdf``.
        """
        return PurePosixPath(self.source.rpartition("!")[2]).stem

    @cached_property
    def sha256(self) -> str:
        """Hash of the bytes, in hexadecimal.

        Returns
        -------
        str
            64 digits.
        """
        return hashlib.sha256(self.content).hexdigest()


def read_document(path: str | Path, limits: LimitsConfig) -> Document:
    """Read one file's text.

    Parameters
    ----------
    path : str or Path
        A PDF with a text layer, or plain text.
    limits : LimitsConfig
        How large it may be.

    Returns
    -------
    Document
        The text, and the hash of the bytes.

    Raises
    ------
    DocumentError
        With its reason (:data:`imrml.errors.REASONS`); the detail says what to do.

    Examples
    --------
    >>> import tempfile
    >>> from imrml.config import load_config
    >>> path = Path(tempfile.mkdtemp(), "letter.txt")
    >>> _ = path.write_text("Case Number: CM15-0000001", encoding="utf-16")
    >>> read_document(path, load_config().limits).text
    'Case Number: CM15-0000001'
    """
    content = read_bytes(Path(path), limits)
    return Document(str(path), hashlib.sha256(content).hexdigest(), read_text(content, limits))


def read_bytes(path: Path, limits: LimitsConfig) -> bytes:
    """Read a file that is no larger than one letter may be.

    Parameters
    ----------
    path : Path
        The file.
    limits : LimitsConfig
        How large it may be.

    Returns
    -------
    bytes
        All of it.

    Raises
    ------
    DocumentError
        ``too_large`` or ``unreadable``.
    """
    try:
        with path.open("rb") as file:
            return read_whole(file, limits)
    except OSError as error:
        raise DocumentError("unreadable", error.strerror or type(error).__name__) from None


def read_whole(file: IO[bytes], limits: LimitsConfig, head: bytes = b"") -> bytes:
    """Read an open file that is no larger than one letter may be.

    Parameters
    ----------
    file : file open for reading bytes
        A file of this machine.
    limits : LimitsConfig
        How large it may be.
    head : bytes, default=b""
        What was read of it before.

    Returns
    -------
    bytes
        All of it.

    Raises
    ------
    DocumentError
        ``too_large``.
    """
    size = os.fstat(file.fileno()).st_size
    # As much memory is taken as is asked for: that of the limit costs more than a letter's reading.
    content = head + file.read(max(0, min(size, limits.max_bytes) + 1 - len(head)))
    if size < len(content) <= limits.max_bytes:  # of what grows, or has no size, as a pipe
        content += file.read(limits.max_bytes + 1 - len(content))
    if len(content) > limits.max_bytes:
        size = max(size, len(content))
        raise DocumentError(
            "too_large", f"{size:,} bytes; at most {limits.max_bytes:,} (limits.max_bytes)"
        )
    return content


def read_text(content: bytes, limits: LimitsConfig) -> str:
    r"""Read the text out of a file's bytes.

    Parameters
    ----------
    content : bytes
        Of a PDF with a text layer, or of plain text in UTF-8, UTF-16 or Windows-1252.
    limits : LimitsConfig
        How large it may be.

    Returns
    -------
    str
        Lines end in ``"\n"``, pages in ``"\f"``.

    Raises
    ------
    DocumentError
        With its reason (:data:`imrml.errors.REASONS`); the detail says what to do.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> read_text(b"one line\r\nanother", load_config().limits)
    'one line\nanother'
    """
    return read_content(content, limits).text


def read_content(
    content: bytes, limits: LimitsConfig, *, reads_pictures: bool = True
) -> DocumentText:
    r"""Read the text out of a file's bytes, and say which of it was read from pictures.

    Parameters
    ----------
    content : bytes
        As :func:`read_text` takes them.
    limits : LimitsConfig
        How large it may be, and how long OCR may take for one page.
    reads_pictures : bool, default=True
        Whether pages that are pictures are read by OCR, where it is installed.

    Returns
    -------
    DocumentText
        Lines end in ``"\n"``, pages in ``"\f"``.

    Raises
    ------
    DocumentError
        As :func:`read_text`.
    """
    if not content.strip():
        raise DocumentError(
            "empty_file",
            f"{pluralize(len(content), 'byte')}, nothing but blanks"
            if content
            else "holds nothing",
        )
    is_pdf = b"%PDF-" in content[:1024]
    if is_pdf:
        pdf = read_pdf(content, limits, reads_pictures=reads_pictures)
        read = replace(
            join_pages(pdf.pages), n_attached=pdf.n_attached, has_ocr_layer=pdf.has_ocr_layer
        )
    else:
        read = DocumentText(repair_mojibake(_normalize(_decode(content))))
    n_characters = len(read.text)
    if n_characters > limits.max_characters:
        raise DocumentError(
            "too_large",
            f"{n_characters:,} characters; at most {limits.max_characters:,} "
            "(limits.max_characters)",
        )
    return read


def join_pages(pages: Sequence[str | OcrPage]) -> DocumentText:
    r"""Join pages to the text of a document.

    Parameters
    ----------
    pages : sequence of str or OcrPage
        Text as it stands in the file, or as OCR read it.

    Returns
    -------
    DocumentText
        Pages end in ``"\f"``.

    Examples
    --------
    >>> join_pages(["One.", OcrPage(2, "Tvvo.", 92.0, ((0, 5),))]).doubtful
    ((5, 10),)
    """
    texts: list[str] = []
    doubtful: list[tuple[int, int]] = []
    ocr_pages = tuple(page for page in pages if isinstance(page, OcrPage))
    sure = _sure_doses(pages) if ocr_pages else frozenset()
    at = 0
    for page in pages:
        if isinstance(page, OcrPage):
            doubtful += [
                (at + start, at + end)
                for start, end in page.doubtful
                if page.text[start:end].strip(_SIGNS) not in sure
            ]
            texts.append(page.text)
        else:
            texts.append(_normalize(page))
        at += len(texts[-1]) + 1
    return DocumentText("\f".join(texts), ocr_pages, tuple(doubtful))


def _sure_doses(pages: Iterable[str | OcrPage]) -> frozenset[str]:
    """Give the doses that stand surely at one place, so that OCR may read them at another.

    They are so long that nothing else is likely to be read as one of them; no date is among them.
    """
    words: list[str] = []
    for page in pages:
        if isinstance(page, OcrPage):
            words += [word.text for word in page.words if word.confidence >= SURE_NUMBER]
        else:
            words += page.split()
    return frozenset(
        dose
        for word in words
        if len(dose := word.strip(_SIGNS)) >= _LONG_DOSE
        and any(map(str.isdigit, dose))
        and any(map(str.isalpha, dose))
    )


def _normalize(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x02" in text or "\ufffe" in text:
        text = _HYPHEN_AT_LINE_END.sub("- \n", text)
    return text


def _decode(content: bytes) -> str:
    encoding = _utf_16_of(content)
    try:
        text = (
            content.decode(encoding)
            if encoding
            else content.removeprefix(codecs.BOM_UTF8).decode(errors="imrml.windows_1252")
        )
    except UnicodeDecodeError:
        raise DocumentError(
            "not_text", "neither a PDF nor text in an encoding that is known"
        ) from None
    if "\0" in text:
        raise DocumentError("not_text", "holds NUL characters, as pictures and office files do")
    return text


def _utf_16_of(content: bytes) -> str:
    """Tell UTF-16 by its mark, or by every second byte of its beginning being NUL; "" for other."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = content[:_SNIFFED]
    if b"\0" not in head or len(head) < _FEWEST_SNIFFED or len(content) % 2:
        return ""
    n_even, n_odd = head[::2].count(0), head[1::2].count(0)
    if min(n_even, n_odd) == 0 and max(n_even, n_odd) > 0.3 * len(head):
        return "utf-16-le" if n_odd else "utf-16-be"
    return ""


def _decode_as_windows(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Windows-1252: a file in it, or stray bytes in UTF-8."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252"), error.end


codecs.register_error("imrml.windows_1252", _decode_as_windows)


def repair_mojibake(text: str) -> str:
    r"""Undo UTF-8 that was read as Windows-1252, in lines that hold its signs.

    Every other line stays as it is. Quotes, ligatures and the width of characters are the letter's
    own and are never changed.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        With as many lines.

    Examples
    --------
    >>> repair_mojibake("47Â° and cafÃ©, â€œquotedâ€\x9d")
    '47° and café, “quoted”'
    >>> repair_mojibake("47° and café, “quoted”")
    '47° and café, “quoted”'
    """
    if text.isascii() or not _MOJIBAKE.search(text):
        return text
    import ftfy  # noqa: PLC0415 (for the few letters that need it)

    only_encoding = ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        replace_lossy_sequences=False,
        fix_c1_controls=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )
    lines = text.split("\n")
    return "\n".join(
        ftfy.fix_encoding(line, only_encoding) if _MOJIBAKE.search(line) else line for line in lines
    )
