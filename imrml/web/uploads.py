"""Forms and files as browsers send them: held in memory, and read where a crash harms nobody."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import pandas as pd
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from imrml.config import LimitsConfig
from imrml.documents.parts import count_ocr_pages
from imrml.engines.mapping import Guard, Longer
from imrml.errors import DocumentError, ImrmlError, TableError
from imrml.scoring.request_files import parse_request_file
from imrml.submissions.request_files import ParsedFile
from imrml.submissions.requests import is_known_heading
from imrml.tables.files import parse_table

# It tells the log at which byte a form broke off, which is one of the sender's
# (experiments/055-hostile-web).
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

_MAX_FIELD_BYTES = 2_000_000
_MAX_FIELDS = 200
_MAX_READER_BYTES = 4_000_000_000  # address space, most of which libraries only reserve
_MOST_PICTURES = 8
"""Pages that OCR reads of an upload: more would take longer than anybody waits."""
TABLE_ENDINGS = (".csv", ".xlsx", ".jsonl")
"""Tables that may be uploaded."""


class _InMemoryParser(MultiPartParser):
    """Never spools an upload to disk: :class:`imrml.web.safety.BodyLimit` bounds its size."""

    spool_max_size = 2**62


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came.

    Parameters
    ----------
    name : str
        As the browser tells it.
    content : bytes
        Never empty.
    """

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """Fields and the one file of a form.

    Parameters
    ----------
    fields : dict of str to list of str
        Every value of each field, in their order.
    upload : Upload or None
        The file, if one was chosen.
    """

    fields: dict[str, list[str]]
    upload: Upload | None = None

    def first(self, name: str) -> str:
        """Give a field's first value.

        Parameters
        ----------
        name : str
            Of the field.

        Returns
        -------
        str
            Without blanks around it; ``""`` where the field is absent.
        """
        return next(iter(self.fields.get(name, ())), "").strip()


async def read_form(request: Request) -> Form:
    """Read a form, with or without a file, into memory.

    Parameters
    ----------
    request : Request
        Whose body is the form.

    Returns
    -------
    Form
        Its fields and its file.

    Raises
    ------
    ImrmlError
        It is no form, or has more or longer fields than the page sends.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            parser = _InMemoryParser(
                request.headers,
                request.stream(),
                max_files=1,
                max_fields=_MAX_FIELDS,
                max_part_size=_MAX_FIELD_BYTES,
            )
            data = await parser.parse()
        else:
            limits = {"max_fields": _MAX_FIELDS, "max_part_size": _MAX_FIELD_BYTES}
            data = await FormParser(request.headers, request.stream(), **limits).parse()
    except MultiPartException:
        raise ImrmlError(
            "the form could not be read; it may hold too much text. "
            "Open the page again, or send a file"
        ) from None
    return await _sorted(data)


async def read_file(request: Request) -> Upload:
    """Read the one file that a program sends, as a form's file or as the body itself.

    Parameters
    ----------
    request : Request
        Whose body holds it.

    Returns
    -------
    Upload
        The file.

    Raises
    ------
    ImrmlError
        It is absent or empty.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        upload = (await read_form(request)).upload
    else:
        upload = Upload("", await request.body())
    if upload is None or not upload.content:
        raise ImrmlError("no file, or an empty one")
    return upload


async def _sorted(data: FormData) -> Form:
    fields: dict[str, list[str]] = {}
    upload = None
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            await value.close()
            upload = Upload(value.filename or "", content) if content else None
        else:
            fields.setdefault(name, []).append(value)
    return Form(fields, upload)


class Reader:
    """Reads uploads in a process apart, which may die or be stopped; the next one is a new one.

    Parameters
    ----------
    limits : LimitsConfig
        Size of a document and seconds that reading one may take.
    """

    def __init__(self, limits: LimitsConfig) -> None:
        self._limits = limits
        self._guard: Guard[Any] = Guard(_read, limits.max_seconds, _MAX_READER_BYTES)

    async def read_request(self, upload: Upload) -> ParsedFile:
        """Read what a form, a report or a mail asks for.

        Parameters
        ----------
        upload : Upload
            The file.

        Returns
        -------
        ParsedFile
            Its requests, and what of it could not be read.

        Raises
        ------
        DocumentError
            As :func:`imrml.documents.read_text`, or ``crashed``, or ``too_slow``.
        RequestFileError
            Its kind is not read; the message names it.
        """
        parsed: ParsedFile = await self._call(upload.content, "", self._limits)
        return parsed

    async def read_table(self, upload: Upload) -> pd.DataFrame:
        """Read a table of requests.

        Parameters
        ----------
        upload : Upload
            The file, of a name that ends as ``TABLE_ENDINGS``.

        Returns
        -------
        DataFrame
            As it stands.

        Raises
        ------
        TableError
            As :func:`imrml.tables.files.parse_table`, or its kind is not taken here.
        DocumentError
            ``crashed`` or ``too_slow``.
        """
        if not upload.name.lower().endswith(TABLE_ENDINGS):
            raise TableError(
                "the file is no table that is read here; "
                f"expected a name that ends in {', '.join(TABLE_ENDINGS)}"
            )
        # Its name goes no further: it may be a patient's.
        name = "table" + upload.name[upload.name.rindex(".") :].lower()
        table: pd.DataFrame = await self._call(upload.content, name, self._limits)
        return table

    async def _call(self, *arguments: object) -> Any:
        try:
            read = await asyncio.wrap_future(self._guard.call(*arguments))
            if isinstance(read, Longer):
                longer = self._guard.call(*arguments, read.n, times=read.n)
                read = await asyncio.wrap_future(longer)
        except ImrmlError:
            raise
        except Exception as error:
            # An error of ours costs one upload; its message could hold text of the file.
            reason = self._guard.trouble(error) or ("crashed", type(error).__name__)
            raise DocumentError(*reason) from None
        return read

    def stop(self) -> None:
        """End the process."""
        self._guard.stop()


def _read(
    content: bytes,
    table_name: str,
    limits: LimitsConfig,
    times: int = 0,
) -> ParsedFile | pd.DataFrame | Longer:
    """Read an upload at once, or ask for the time that its pictures take: the limit a page."""
    if table_name:
        return parse_table(content, table_name, is_known_heading)
    n_pages = 0 if times else min(count_ocr_pages(content, limits), _MOST_PICTURES)
    if n_pages:
        return Longer(1 + n_pages, _read)
    return parse_request_file(content, limits, most_pictures=_MOST_PICTURES)
