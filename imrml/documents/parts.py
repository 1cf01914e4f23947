"""Files of clerks to their parts: the pages of a form or report, a mail and what hangs on it."""

from collections.abc import Iterator
from dataclasses import dataclass

from imrml.config import LimitsConfig
from imrml.documents.forms import read_pdf_pages
from imrml.documents.layout import PageLayout, lay_out_text
from imrml.documents.reading import read_text


@dataclass(frozen=True, slots=True)
class FilePart:
    """One document: a file, the text of a mail, or one of its attachments.

    Parameters
    ----------
    name : str
        What messages call it; never the name of a file, which may be a patient's.
    pages : tuple of PageLayout
        In their order.
    unread : tuple of str, default=()
        What of it could not be read, and why.
    """

    name: str
    pages: tuple[PageLayout, ...]
    unread: tuple[str, ...] = ()


def read_parts(content: bytes, limits: LimitsConfig) -> list[FilePart]:
    """Read a file that somebody sends a request with.

    Parameters
    ----------
    content : bytes
        Of the file; its first bytes tell its kind.
    limits : LimitsConfig
        How large it may be.

    Returns
    -------
    list of FilePart
        The file, or the mail and its attachments.

    Raises
    ------
    DocumentError
        As :func:`imrml.documents.read_text`.
    RequestFileError
        The file is of a kind that is not read; the message names it.
    """
    return list(_read(content, limits))


def _read(content: bytes, limits: LimitsConfig) -> Iterator[FilePart]:
    if b"%PDF-" in content[:1024]:
        read = read_pdf_pages(content, limits)
        yield FilePart("the PDF", read.pages, read.unread)
        return
    text = read_text(content, limits)
    yield FilePart("the text", tuple(lay_out_text(page) for page in text.split("\f")))
