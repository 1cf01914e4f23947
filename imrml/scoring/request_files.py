"""Files of clerks to the submission table: forms, reports, mails and tables, one row an item."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from imrml.config import Config, LimitsConfig, load_config
from imrml.documents.kinds import find_kind
from imrml.documents.packed import Packed
from imrml.documents.parts import FilePart, count_ocr_pages, read_parts
from imrml.documents.reading import read_bytes, read_text
from imrml.engines.mapping import Longer, map_isolated
from imrml.errors import (
    DeterminationFoundError,
    DocumentError,
    ImrmlError,
    RefusedRequestWarning,
    RequestFileError,
    RequestWarning,
    TableError,
    require_each,
    require_types,
)
from imrml.features.request_items import split_request
from imrml.scoring.attached_tables import list_items, read_attached_table
from imrml.submissions.columns import SUBMISSION_COLUMNS
from imrml.submissions.frame import require_treatment
from imrml.submissions.headings import HeadingMap
from imrml.submissions.letter_detection import holds_determination
from imrml.submissions.programmes import LETTERS, PROGRAMMES
from imrml.submissions.request_columns import name_column
from imrml.submissions.request_files import ParsedFile, parse_request_parts
from imrml.submissions.requests import is_known_heading, name_columns, rename_headings
from imrml.tables.addresses import is_folder
from imrml.tables.files import ENDINGS, read_table

NO_REQUEST = (
    "nothing in it names what is asked for; write a line that begins with 'Treatment:', or a "
    "table with a column 'treatment'"
)
DETERMINATION = (
    "holds a final determination letter, which a reviewer writes after the decision; give what was "
    "known before it, such as the RFA and its report (imrml parse reads letters)"
)
_COLUMNS = ("source", "item_number", "request_id", *(column.name for column in SUBMISSION_COLUMNS))


def is_table(path: str | Path) -> bool:
    """Tell whether a path names a table, by its ending.

    Parameters
    ----------
    path : str or Path
        The file; ``-`` is JSON Lines on stdin, a folder holds Parquet parts.

    Returns
    -------
    bool
        False for a document, such as a form or a mail.

    Examples
    --------
    >>> is_table("requests.csv"), is_table("rfa.pdf")
    (True, False)
    """
    return str(path) == "-" or is_folder(path) or Path(path).suffix.lower() in ENDINGS


def read_requests(
    path: str | Path,
    config: Config | None = None,
    *,
    headings: Sequence[str] = (),
    isolate: bool = False,
) -> pd.DataFrame:
    r"""Read the requests in one file: a form, a report, an email, an archive or a table.

    A filled DWC Form RFA gives one row per line, a Form IMR one per listed service, a report or
    email one per item in its labelled lines, with the rest as notes. A table is read as
    :func:`imrml.read_table` reads it; so is a text whose first line is headings between tabs.
    Emits a :class:`~imrml.errors.RequestWarning` for each page and field that could not be read,
    for content that fits no column, and for cells that are read otherwise than they stand, such
    as formulas.

    Parameters
    ----------
    path : str or Path
        The file; its content tells its kind, the ending only whether it is a table.
    config : Config, optional
        Its ``limits`` say how large a file may be; the defaults unless given.
    headings : sequence of str, default=()
        What headings of a table mean, as ``HEADING=COLUMN``; common headings are known without it.
    isolate : bool, default=False
        Whether a document is read in a worker process, which it may crash or keep busy for no
        longer than the limits allow. As with every use of processes, a script that asks for it
        should do so under ``if __name__ == "__main__":``.

    Returns
    -------
    DataFrame of shape (n_items, n_columns)
        A submission table, as :func:`imrml.score` takes it: ``source``, ``item_number``,
        ``treatment`` and whatever else the file tells.

    Raises
    ------
    TableError
        The table cannot be read, or ``headings`` name none of it.
    RequestFileError
        The file is damaged, too large, a picture or of a kind that is not read, its papers are of
        several claimants, or nothing in it asks for anything.
    MissingExtraError
        What reads files of its kind is not installed.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "request.txt")
    >>> _ = path.write_text("Dx: knee strain\nTreatment: MRI left knee\nLocking for six weeks.")
    >>> row = read_requests(path).loc[0]
    >>> row["treatment"], row["diagnosis"], row["case_summary"]
    ('MRI left knee', 'knee strain', 'Locking for six weeks.')
    """
    require_types(
        "read_requests",
        path=(path, str | PathLike),
        config=(config, Config | None),
        headings=(headings, Sequence),
        isolate=(isolate, bool),
    )
    require_each("read_requests", "headings", headings, str)
    if is_table(path):
        table = _read_as_told(path, headings)
        _warn_of_table(path, table)
        return table
    if headings:
        raise TableError(f"{path}: --map names headings of a table, and this file is none")
    limits = (config or load_config()).limits
    [outcome] = _parse_isolated([path], limits) if isolate else [_parse_path(path, limits)]
    if isinstance(outcome, DocumentError | RequestFileError):
        raise RequestFileError(f"{path}: {_describe(outcome)}")
    if isinstance(outcome, ImrmlError):
        raise outcome
    _warn(path, outcome)
    return _table_of([(str(path), outcome)])


def _read_as_told(path: str | Path, headings: Sequence[str]) -> pd.DataFrame:
    known = frozenset[str]().union(*(one.known_columns for one in PROGRAMMES.values()))
    said = HeadingMap.parse(headings, known)
    return rename_headings(read_table(path, partial(is_known_heading, said=said)), said)


def read_request_files(
    paths: Iterable[str | Path], config: Config | None = None, *, headings: Sequence[str] = ()
) -> pd.DataFrame:
    """Read the requests of several files, each document in a worker process.

    Columns of tables get our names, and a cell that lists several treatments a row each. Warns as
    :func:`read_requests`, and with a :class:`~imrml.errors.RefusedRequestWarning` of each file that
    cannot be read. As with every use of processes, a script that calls this should do so under
    ``if __name__ == "__main__":``.

    Parameters
    ----------
    paths : iterable of str or Path
        Documents and tables.
    config : Config, optional
        Its ``limits`` say how large a file may be and how long it may take; the defaults unless
        given.
    headings : sequence of str, default=()
        What headings of the tables mean, as ``HEADING=COLUMN``.

    Returns
    -------
    DataFrame of shape (n_items, n_columns)
        The rows of all files, in their order.
    """
    paths = list(paths)
    limits = (config or load_config()).limits
    documents = [path for path in paths if not is_table(path)]
    parsed = dict(zip(documents, _parse_isolated(documents, limits), strict=True))
    frames: list[pd.DataFrame] = []
    for path in paths:
        outcome = parsed[path] if path in parsed else _read_items(path, headings)
        if isinstance(outcome, ImrmlError):
            warnings.warn(f"{path}: {_describe(outcome)}", RefusedRequestWarning, stacklevel=2)
        elif isinstance(outcome, pd.DataFrame):
            frames.append(outcome)
        else:
            frames.append(_table_of([(str(path), outcome)]))
            _warn(path, outcome)
    if not frames:
        return _table_of([])
    table = pd.concat(frames, ignore_index=True)
    for name in table.columns[[len(set(map(type, table[name].dropna()))) > 1 for name in table]]:
        # A column of one file may hold numbers and of another text, which no Parquet file can.
        table[name] = [None if pd.isna(value) else str(value) for value in table[name]]
    return table


def _warn(path: str | Path, parsed: ParsedFile) -> None:
    for note in list_notes(parsed):
        warnings.warn(f"{path}: {note}", RequestWarning, stacklevel=3)


def parse_request_file(
    content: bytes, limits: LimitsConfig, *, most_pictures: int | None = None
) -> ParsedFile:
    """Parse what a document asks for.

    Parameters
    ----------
    content : bytes
        Of the file.
    limits : LimitsConfig
        How large it may be.
    most_pictures : int, optional
        As in :func:`imrml.documents.parts.read_parts`.

    Returns
    -------
    ParsedFile
        Without rows where nothing says what is asked for.

    Raises
    ------
    DocumentError
        The file is damaged, too large or a picture.
    RequestFileError
        The file is of a kind that is not read.
    DeterminationFoundError
        It holds a letter that was written after the decision.
    """
    if table := _find_tabbed_table(content, limits):
        parts = [FilePart("the file", (), table=table)]
    else:
        parts = read_parts(content, limits, most_pictures=most_pictures)
    text = "\n".join(page.text for part in parts for page in part.pages)
    if holds_determination(text):
        raise DeterminationFoundError(DETERMINATION)
    parsed = parse_request_parts(parts, split_request)
    return _add_tables(replace(parsed, unread=(*_list_unread(parts), *parsed.unread)), parts)


def _find_tabbed_table(content: bytes, limits: LimitsConfig) -> Packed | None:
    """Find a table in a text whose first line is headings between tabs, as programs export them.

    Two of them are known, and one names the treatment: a label with a tab before what it says is
    no heading.
    """
    if b"\t" not in content or find_kind(content) != "text":
        return None
    text = read_text(content, limits)
    headings = text.lstrip().partition("\n")[0].split("\t")
    names = {name_column(heading, LETTERS) for heading in headings} - {None}
    if len(names) < 2 or names.isdisjoint({"treatment", "item"}):
        return None
    return Packed(".csv", text.encode("utf-8"))


def _add_tables(parsed: ParsedFile, parts: Sequence[FilePart]) -> ParsedFile:
    """Add the rows of tables that came along, each as it stands there."""
    rows: list[dict[str, str]] = []
    unread: list[str] = []
    notes: list[str] = []
    for part in parts:
        if part.table is None:
            continue
        place = f"{part.name}: " if len(parts) > 1 else ""
        try:
            read, of_table = read_attached_table(part.table)
        except TableError as error:
            unread.append(f"{place}{error}")
            continue
        rows += read
        notes += [f"{place}{note}" for note in of_table]
    if rows and not parsed.rows and any(page.text.strip() for part in parts for page in part.pages):
        notes.append("the text that came with the table is added to none of its rows")
    return replace(
        parsed,
        rows=(*parsed.rows, *rows),
        unread=(*parsed.unread, *unread),
        notes=tuple(notes),
        n_of_tables=len(rows),
    )


def require_requests(parsed: ParsedFile) -> ParsedFile:
    """Raise where a file asks for nothing.

    Parameters
    ----------
    parsed : ParsedFile
        What the file says.

    Returns
    -------
    ParsedFile
        The same.

    Raises
    ------
    RequestFileError
        It has no row; what of it could not be read is named.
    """
    if not parsed.rows:
        unread = "".join(f"; {words}" for words in parsed.unread)
        raise RequestFileError(NO_REQUEST + unread)
    return parsed


def list_notes(parsed: ParsedFile) -> list[str]:
    """Say what of a file could not be read, and what has no column.

    Parameters
    ----------
    parsed : ParsedFile
        What the file says.

    Returns
    -------
    list of str
        Empty where all of it counts.

    Examples
    --------
    >>> list_notes(ParsedFile((), {}, ("claim number",), ("page 2 of 2 holds no text",)))
    ['not read: page 2 of 2 holds no text', 'left out, for no column holds it: claim number']
    """
    notes = [*parsed.notes, *(f"not read: {words}" for words in parsed.unread)]
    if parsed.left_out:
        notes.append(f"left out, for no column holds it: {', '.join(parsed.left_out)}")
    return notes


def _list_unread(parts: Sequence[FilePart]) -> list[str]:
    return [
        f"{part.name}: {words}" if len(parts) > 1 else words
        for part in parts
        for words in part.unread
    ]


def _parse_isolated(
    paths: Sequence[str | Path], limits: LimitsConfig
) -> Iterator[ParsedFile | ImrmlError]:
    return map_isolated(
        partial(_parse_in_time, limits=limits),
        paths,
        lambda _, failure, detail: DocumentError(failure, detail),
        max_seconds=limits.max_seconds,
    )


def _parse_in_time(path: str | Path, limits: LimitsConfig) -> ParsedFile | ImrmlError | Longer:
    """Parse a document at once, or ask for the time that its pictures take."""
    try:
        n_pages = count_ocr_pages(read_bytes(Path(path), limits), limits)
    except ImrmlError as error:
        return error
    if n_pages:
        return Longer(1 + n_pages, partial(_parse_path, limits=limits))
    return _parse_path(path, limits)


def _parse_path(path: str | Path, limits: LimitsConfig) -> ParsedFile | ImrmlError:
    """Parse a document; an error is given, not raised, for it has to leave the worker whole."""
    try:
        return require_requests(parse_request_file(read_bytes(Path(path), limits), limits))
    except ImrmlError as error:
        return error
    except Exception as error:
        return DocumentError.of_crash(error)


def _read_items(path: str | Path, headings: Sequence[str]) -> pd.DataFrame | ImrmlError:
    """Read a table with our names and a row an item."""
    try:
        table = _read_as_told(path, headings)
        named = name_columns(table, LETTERS)
        require_treatment(named, LETTERS)
    except ImrmlError as error:
        return error
    _warn_of_table(path, table)
    rows = [item for row in named.to_dict("records") for item in list_items(row)]
    source = {} if "source" in named else {"source": str(path)}
    return pd.DataFrame([{**source, **row} for row in rows], dtype=object)


def _warn_of_table(path: str | Path, table: pd.DataFrame) -> None:
    """Tell what of a table was filled, passed over or counted otherwise, so that no score does."""
    for note in table.attrs.pop("notes", ()):
        warnings.warn(f"{path}: {note}", RequestWarning, stacklevel=3)


def _describe(error: ImrmlError) -> str:
    return error.detail if isinstance(error, DocumentError) else str(error)


def _table_of(files: Iterable[tuple[str, ParsedFile]]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {"source": source, "item_number": number, **row}
        for source, parsed in files
        for number, row in enumerate(parsed.rows, start=1)
    ]
    named = {name for row in rows for name in row} | {"source", "item_number", "treatment"}
    columns = {name: [row.get(name) for row in rows] for name in _COLUMNS if name in named}
    return pd.DataFrame(columns)
