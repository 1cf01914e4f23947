"""Files of clerks to their parts: the pages of a form or report, a mail and what hangs on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from imrml.config import LimitsConfig
from imrml.documents.forms import read_pdf_pages
from imrml.documents.hypertext import read_html
from imrml.documents.kinds import find_kind
from imrml.documents.layout import PageLayout, lay_out_text
from imrml.documents.mail import MOST_ATTACHMENTS, Mail, read_mail, read_outlook_mail
from imrml.documents.office import read_rtf, read_word
from imrml.documents.reading import read_text
from imrml.errors import DocumentError, ImrmlError, MissingExtraError, RequestFileError

_DEEPEST = 3
"""Mails that may hang on one another."""


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
        How large it may be, and each thing that hangs on a mail.

    Returns
    -------
    list of FilePart
        The file, or the mail and its attachments; of an attachment that cannot be read, why.

    Raises
    ------
    DocumentError
        As :func:`imrml.documents.read_text`.
    RequestFileError
        The file is of a kind that is not read; the message names it.
    MissingExtraError
        What reads files of its kind is not installed.
    """
    return list(_read(content, limits, "the file", depth=0))


def _read(content: bytes, limits: LimitsConfig, name: str, depth: int) -> Iterator[FilePart]:
    kind = find_kind(content)
    if kind in {"mail", "outlook"}:
        if depth == _DEEPEST:
            raise RequestFileError("mails that hang on one another; send the inner one by itself")
        mail = read_mail(content) if kind == "mail" else read_outlook_mail(content)
        yield from _read_mail(mail, limits, depth)
    elif kind == "pdf":
        read = read_pdf_pages(content, limits)
        yield FilePart(name, read.pages, read.unread)
    elif kind == "picture":
        yield _read_picture(content, limits, name)
    elif kind == "word":
        yield FilePart(name, (_require_words(read_word(content, limits), "a Word file"),))
    elif kind == "rtf":
        yield FilePart(name, (_require_words(read_rtf(content), "an RTF file"),))
    elif kind == "html":
        yield FilePart(name, (read_html(read_text(content, limits)),))
    else:
        text = read_text(content, limits)
        yield FilePart(name, tuple(lay_out_text(page) for page in text.split("\f")))


def _require_words(page: PageLayout, kind: str) -> PageLayout:
    if not page.lines:
        raise RequestFileError(f"{kind} without text, perhaps of pictures; save it as PDF")
    return page


def _read_mail(mail: Mail, limits: LimitsConfig, depth: int) -> Iterator[FilePart]:
    texts = [(kind, text.replace("\r\n", "\n")) for kind, text in mail.texts]
    pages = tuple(read_html(text) if kind == "html" else lay_out_text(text) for kind, text in texts)
    n_left_out = len(mail.attachments) - MOST_ATTACHMENTS
    unread = (f"{n_left_out} more attachments",) if n_left_out > 0 else ()
    yield FilePart("the mail", pages, unread)
    for number, content in enumerate(mail.attachments[:MOST_ATTACHMENTS], start=1):
        name = f"attachment {number}"
        try:
            yield from list(_read(content, limits, name, depth + 1))
        except ImrmlError as error:
            words = error.detail if isinstance(error, DocumentError) else str(error)
            yield FilePart(name, (), (words,))


def _read_picture(content: bytes, limits: LimitsConfig, name: str) -> FilePart:
    if find_spec("imrml.documents.ocr") is None:
        raise MissingExtraError("a picture: reading it needs the extra 'ocr'; or type what it says")
    pages = import_module("imrml.documents.ocr").read_images(content, limits)
    return FilePart(name, tuple(lay_out_text(page.text) for page in pages))
