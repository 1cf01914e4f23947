"""Kinds of files, told by their first bytes; what is refused is named."""

import io
import re
import zipfile
from typing import Literal

from imrml.documents.mail import is_mail, is_outlook_mail
from imrml.errors import RequestFileError

FileKind = Literal[
    "pdf", "word", "rtf", "html", "mail", "outlook", "picture", "workbook", "zip", "text"
]

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"II*\0", b"MM\0*")
_HTML = re.compile(r"<!doctype\s{1,9}html|<(?:html|body|table|div|p)\b", re.IGNORECASE)
# "{", "[{" or "[" before a name or text in quotes; no letter begins so.
_JSON = re.compile(rb"[{\[]\s{0,99}(?:[{\[]\s{0,99})?\"")
_BEGINNING = 1_024
_MOST_NAMES = 5_000
_AS_PDF = "save it as PDF or .docx"
# First bytes of other kinds, and what the file is.
_REFUSED_STARTS = (
    (b"GIF8", "a GIF picture; save it as PNG or PDF"),
    (b"BM", "a BMP picture; save it as PNG or PDF"),
    (b"RIFF", "a WebP picture or a sound; send what it says as PDF or text"),
    (b"\x1f\x8b", "a packed file (gzip); unpack it and send what is in it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it and send what is in it"),
    (b"Rar!", "a RAR archive; unpack it and send what is in it"),
    (b"ID3", "a sound; type what it says"),
    (b"OggS", "a sound; type what it says"),
    (b"\x30\x26\xb2\x75", "a sound or film of Windows; type what it says"),
    (b"%!PS", "PostScript; save it as PDF"),
    (b"\xffWPC", f"a WordPerfect file; {_AS_PDF}"),
    (b"\x78\x9f\x3e\x22", "the winmail.dat of an Outlook mail; ask for its attachments as PDF"),
    (b"MZ", "a program; it is not opened"),
)
_COMPOUND_STREAMS = (
    ("WordDocument", f"an old Word file (.doc); {_AS_PDF}"),
    ("Workbook", "an old Excel file (.xls); save it as .xlsx or CSV UTF-8"),
    ("Book", "an old Excel file (.xls); save it as .xlsx or CSV UTF-8"),
    ("PowerPoint Document", "an old PowerPoint file (.ppt); save it as PDF"),
    ("EncryptedPackage", "an Office file with a password; save a copy without"),
)


def find_kind(content: bytes) -> FileKind:
    r"""Tell the kind of a file by what it holds, whatever its name says.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    {'pdf', 'word', 'rtf', 'html', 'mail', 'outlook', 'picture', 'workbook', 'zip', 'text'}
        ``text`` where nothing tells another.

    Raises
    ------
    RequestFileError
        It is of a kind that is not read; the message names it.

    Examples
    --------
    >>> find_kind(rb"{\rtf1 Norco}"), find_kind(b"%PDF-1.7"), find_kind(b"Treatment: MRI")
    ('rtf', 'pdf', 'text')
    """
    head = content[:_BEGINNING]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(content)
    if head.startswith(_COMPOUND):
        return _kind_of_compound(content)
    if head.startswith(_PICTURES):
        return "picture"
    if b"%PDF-" in head:
        return "pdf"
    _refuse(head)
    return _kind_of_text(content)


def _refuse(head: bytes) -> None:
    if head[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"}:
        raise RequestFileError("a photograph of a phone (HEIC); save it as JPEG or PDF")
    if head[4:8] == b"ftyp":
        raise RequestFileError("a film or a sound; type what it says")
    for start, words in _REFUSED_STARTS:
        if head.startswith(start):
            raise RequestFileError(words)


def _kind_of_text(content: bytes) -> FileKind:
    bare = content[:_BEGINNING].removeprefix(b"\xef\xbb\xbf").lstrip()
    if bare.startswith(rb"{\rtf"):
        return "rtf"
    if bare.startswith(b"<") and _HTML.search(bare.decode("latin-1")):
        return "html"
    if bare.startswith(b"<?xml"):
        raise RequestFileError("an XML file; send what it says as PDF or text")
    if _JSON.match(bare):
        raise RequestFileError(
            "JSON under the name of no table; save its requests as .jsonl, one object a line"
        )
    return "mail" if is_mail(content) else "text"


def _kind_of_zip(content: bytes) -> FileKind:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = {member.filename for member in archive.infolist()[:_MOST_NAMES]}
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError):
        raise RequestFileError("a damaged Office file or archive; send it again") from None
    if "word/document.xml" in names:
        return "word"
    if any(name.startswith("word/document") for name in names):
        raise RequestFileError(f"a Word file of an unusual build; {_AS_PDF}")
    kinds = {
        "xl/workbook.bin": "a binary Excel file (.xlsb); save it as .xlsx",
        "ppt/presentation.xml": "a PowerPoint file; save it as PDF",
        "content.xml": f"an OpenDocument file; {_AS_PDF}",
        "Index/Document.iwa": f"a file of Pages or Numbers; {_AS_PDF}",
    }
    if "xl/workbook.xml" in names:
        return "workbook"
    if words := next((words for name, words in kinds.items() if name in names), None):
        raise RequestFileError(words)
    return "zip"


def _kind_of_compound(content: bytes) -> FileKind:
    if is_outlook_mail(content):
        return "outlook"
    for stream, words in _COMPOUND_STREAMS:
        if stream.encode("utf-16-le") in content:
            raise RequestFileError(words)
    raise RequestFileError(f"an old Office file; {_AS_PDF}")
