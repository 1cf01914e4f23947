"""Files of clerks to their parts: the pages of a form or report, a mail and what hangs on it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from imrml.config import LimitsConfig
from imrml.documents.forms import describe_picture, is_too_doubtful, read_pdf_pages
from imrml.documents.hypertext import read_html
from imrml.documents.kinds import find_kind
from imrml.documents.layout import PageLayout, lay_out_picture, lay_out_text
from imrml.documents.mail import Mail, read_mail, read_outlook_mail
from imrml.documents.ocr import read_images
from imrml.documents.office import read_rtf, read_word
from imrml.documents.packed import MOST_FILES, Packed, read_attached, read_zip
from imrml.documents.pdf import count_pictures
from imrml.documents.reading import read_text
from imrml.documents.tesseract import can_read_pictures
from imrml.errors import DocumentError, ImrmlError, MissingExtraError, RequestFileError

_DEEPEST = 3
"""Mails and archives that may hang on one another."""
_TEXT_TABLES = frozenset({".csv", ".tsv", ".tab"})
"""Endings of text that is a table; the reader of CSV finds what separates its fields."""
_PAGES_OF_OTHERS = 20
"""Pages that OCR is given time for where counting them would mean to read them."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """One document: a file, the text of a mail, an attachment, or a file of an archive.

    Parameters
    ----------
    name : str
        What messages call it; never the name of a file, which may be a patient's.
    pages : tuple of PageLayout
        In their order.
    unread : tuple of str, default=()
        What of it could not be read, and why.
    table : Packed or None, default=None
        A table that came with others, or under the name of no table; it has no pages.
    """

    name: str
    pages: tuple[PageLayout, ...]
    unread: tuple[str, ...] = ()
    table: Packed | None = None


def read_parts(
    content: bytes, limits: LimitsConfig, *, most_pictures: int | None = None
) -> list[FilePart]:
    """Read a file that somebody sends a request with.

    Parameters
    ----------
    content : bytes
        Of the file; its first bytes tell its kind.
    limits : LimitsConfig
        How large it may be, and each thing that hangs on a mail.
    most_pictures : int, optional
        Pages of a PDF that OCR may read; of a PDF with more of them none is read. Any number
        unless given.

    Returns
    -------
    list of FilePart
        The file, or the mail and its attachments, or the files of an archive or a PDF portfolio; of
        one of them that cannot be read, why.

    Raises
    ------
    DocumentError
        As :func:`imrml.documents.read_text`.
    RequestFileError
        The file is of a kind that is not read; the message names it.
    MissingExtraError
        What reads files of its kind is not installed.
    """
    return list(_Parts(limits, most_pictures).read(content, "the file", depth=0))


def count_ocr_pages(content: bytes, limits: LimitsConfig) -> int:
    """Count the pages that OCR will read, as far as a glance tells.

    Parameters
    ----------
    content : bytes
        Of the file.
    limits : LimitsConfig
        How large it may be.

    Returns
    -------
    int
        0 where there are none, or nothing can read them; of a mail, archive or picture a guess.

    Raises
    ------
    DocumentError
        As :func:`imrml.documents.pdf.count_pictures`.
    RequestFileError
        As :func:`read_parts`.
    """
    kind = find_kind(content)
    if kind not in {"pdf", "picture", "mail", "outlook", "zip"} or not can_read_pictures():
        return 0
    return count_pictures(content, limits) if kind == "pdf" else _PAGES_OF_OTHERS


class _Parts:
    """Reads the parts of one file."""

    def __init__(self, limits: LimitsConfig, most_pictures: int | None) -> None:
        self._limits = limits
        self._most_pictures = most_pictures
        self._is_in_archive = False

    def read(self, content: bytes, name: str, depth: int) -> Iterator[FilePart]:
        """Yield the parts of a file that hangs on ``depth`` others."""
        kind = find_kind(content)
        if kind in {"mail", "outlook", "zip"} and depth == _DEEPEST:
            raise RequestFileError(
                "mails or archives that hang on one another; send the inner one by itself"
            )
        if kind in {"mail", "outlook"}:
            mail = read_mail(content) if kind == "mail" else read_outlook_mail(content)
            yield from self._read_mail(mail, depth)
        elif kind == "zip":
            if self._is_in_archive:
                raise RequestFileError("an archive inside an archive; unpack it")
            self._is_in_archive = True
            try:
                files = read_zip(content, self._limits)
                yield from list(self._read_packed(files, name, "file", depth))
            finally:
                self._is_in_archive = False
        elif kind == "workbook":
            yield FilePart(name, (), table=Packed(".xlsx", content))
        elif kind == "pdf":
            yield from self._read_pdf(content, name, depth)
        elif kind == "picture":
            yield _read_picture(content, self._limits, name)
        elif kind == "word":
            page = _require_words(read_word(content, self._limits), "a Word file")
            yield FilePart(name, (page,))
        elif kind == "rtf":
            yield FilePart(name, (_require_words(read_rtf(content), "an RTF file"),))
        elif kind == "html":
            yield FilePart(name, (read_html(read_text(content, self._limits)),))
        else:
            text = read_text(content, self._limits)
            yield FilePart(name, tuple(lay_out_text(page) for page in text.split("\f")))

    def _read_mail(self, mail: Mail, depth: int) -> Iterator[FilePart]:
        texts = [(kind, text.replace("\r\n", "\n")) for kind, text in mail.texts]
        pages = tuple(
            read_html(text) if kind == "html" else lay_out_text(text) for kind, text in texts
        )
        n_left_out = len(mail.attachments) - MOST_FILES
        unread = (f"{n_left_out} more attachments",) if n_left_out > 0 else ()
        yield FilePart("the mail", pages, unread)
        yield from self._read_packed(mail.attachments[:MOST_FILES], "", "attachment", depth)

    def _read_pdf(self, content: bytes, name: str, depth: int) -> Iterator[FilePart]:
        """Yield the pages of a PDF and what is attached to it; of a portfolio that alone."""
        files, is_portfolio = read_attached(content, self._limits)
        if not is_portfolio:
            try:
                yield self._read_pages(content, name)
            except DocumentError as error:
                if not files:
                    raise
                yield FilePart(name, (), (error.detail,))
        if files and depth == _DEEPEST:
            yield FilePart(name, (), ("what is attached to it, for it is attached itself",))
        else:
            yield from self._read_packed(files, name, "attachment", depth)

    def _read_pages(self, content: bytes, name: str) -> FilePart:
        reads_pictures = self._most_pictures is None or (
            count_ocr_pages(content, self._limits) <= self._most_pictures
        )
        read = read_pdf_pages(content, self._limits, reads_pictures=reads_pictures)
        return FilePart(name, read.pages, read.unread)

    def _read_packed(
        self, files: Iterable[Packed], name: str, what: str, depth: int
    ) -> Iterator[FilePart]:
        """Yield the parts of files that came together; one that cannot be read says why."""
        for number, file in enumerate(files, start=1):
            own = f"{what} {number}"
            own = f"{name}, {own}" if name and depth else own
            if file.trouble:
                yield FilePart(own, (), (file.trouble,))
                continue
            try:
                if file.ending in _TEXT_TABLES and find_kind(file.content) == "text":
                    yield FilePart(own, (), table=Packed(".csv", file.content))
                else:
                    yield from list(self.read(file.content, own, depth + 1))
            except ImrmlError as error:
                words = error.detail if isinstance(error, DocumentError) else str(error)
                yield FilePart(own, (), (words,))


def _require_words(page: PageLayout, kind: str) -> PageLayout:
    if not page.lines:
        raise RequestFileError(f"{kind} without text, perhaps of pictures; save it as PDF")
    return page


def _read_picture(content: bytes, limits: LimitsConfig, name: str) -> FilePart:
    if not can_read_pictures():
        raise MissingExtraError(
            "a picture: reading it needs the extra 'ocr' and Tesseract itself; or type what it says"
        )
    pages = read_images(content, limits)
    unread = (words for page in pages for words in describe_picture(page))
    read = tuple(lay_out_picture(page) for page in pages if not is_too_doubtful(page))
    if not read:
        raise DocumentError("illegible_page", "too many words of the picture are in doubt")
    return FilePart(name, read, tuple(unread))
