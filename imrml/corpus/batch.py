"""Letters to parsed letters, in workers that may die of one without harm to the others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from imrml.config import Config, LimitsConfig, load_config
from imrml.corpus.item_table import failure_table, item_table
from imrml.corpus.journal import Journal
from imrml.documents.archives import read_attachments
from imrml.documents.files import walk_letters
from imrml.documents.pdf import count_pictures
from imrml.documents.reading import LetterFile, read_content
from imrml.documents.tesseract import can_read_pictures
from imrml.engines.mapping import Engine, Longer, WorkerFailure, map_isolated, require_engine
from imrml.errors import DocumentError, require_each, require_types
from imrml.letters.endings import is_cut_in_copying
from imrml.letters.parsing import OF_COVER_SHEETS, case_rows, parse_letter
from imrml.letters.spans import ParsedLetter
from imrml.phrases import pluralize

_Looked = tuple[str, ParsedLetter | DocumentError, tuple[LetterFile, ...]]
"""A file, what it says or what is wrong with it, and what is attached to it."""
_OF_PICTURES = ("no_text_layer", "page_without_text")


@dataclass(frozen=True, slots=True)
class LetterOutcome:
    """What became of one file: the rows of its items, or why there are none.

    Parameters
    ----------
    source : str
        The file or the archive's member.
    sha256 : str
        Hash of its bytes, in hexadecimal.
    rows : tuple of dict
        Rows of the item table; empty where the letter could not be parsed.
    failure : dict or None
        Row of the failures file: ``source``, ``reason``, ``detail``, ``offset``; never text of the
        letter.
    attached : tuple of LetterFile
        What is attached to a PDF: to be parsed in its stead where it is no letter itself, else
        beside it.
    """

    source: str
    sha256: str
    rows: tuple[dict[str, Any], ...]
    failure: dict[str, Any] | None = None
    attached: tuple[LetterFile, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ParsedLetters:
    """The items of many letters, and what could not be parsed.

    Parameters
    ----------
    items : DataFrame of shape (n_items, n_columns)
        Item table: one row a disputed item, in the order of the files; the columns are
        :data:`imrml.corpus.PARSED_COLUMNS`.
    failures : DataFrame of shape (n_failures, 4)
        One row a file: ``source``, ``reason`` (of :data:`imrml.errors.REASONS`), ``detail``, which
        says what to do, and ``offset``, where the trouble starts.
    """

    items: pd.DataFrame
    failures: pd.DataFrame

    def __repr__(self) -> str:
        n_items, n_failures = len(self.items), len(self.failures)
        return f"ParsedLetters({pluralize(n_items, 'item')}, {pluralize(n_failures, 'failure')})"


def parse_letters(
    paths: str | Path | Iterable[str | Path],
    config: Config | None = None,
    *,
    n_jobs: int = 1,
    engine: Engine = "local",
) -> ParsedLetters:
    """Parse letters into a table with one row per disputed item.

    Each letter is parsed in a worker process. A letter that cannot be parsed becomes a row of the
    failures table and does not affect the others. Identical files are parsed once. As with any use
    of processes, a script should call this under ``if __name__ == "__main__":``.

    Parameters
    ----------
    paths : str, Path or iterable of these
        Files, folders, globs and archives (``.zip``, ``.tar``, ``.tar.gz``) of letters in PDF or
        plain text; ``"-"`` for one of them on stdin. Pages that are pictures need the extra
        ``ocr``.
    config : Config, optional
        Its ``limits`` say how large one letter may be and how long it may take, each page once more
        that OCR reads; the defaults unless given.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.
    engine : {'local', 'dask'}, default='local'
        This machine, or the dask scheduler at ``DASK_SCHEDULER_ADDRESS``. The result is the same.

    Returns
    -------
    ParsedLetters
        Both tables may be empty.

    Raises
    ------
    ImrmlError
        A path does not exist, or a folder or glob holds nothing to read.
    ConfigError
        dask is not installed or does not answer.

    See Also
    --------
    imrml.corpus.parse_to_table : Any number of letters straight to disk, resumable.
    imrml.letters.parse_letter : One letter, with the place of every field.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "letter-7.txt").write_text('''HOW THE IMR FINAL DETERMINATION WAS MADE
    ... State(s) of Licensure: Oregon
    ... CLINICAL CASE SUMMARY
    ... A 40 year old cook burned her hand.
    ... IMR ISSUES, DECISIONS AND RATIONALES
    ... Hand therapy, 6 visits: Overturned
    ... Claims Administrator guideline: Decision based on MTUS.
    ... MAXIMUS guideline: Decision based on MTUS.
    ... Decision rationale: The visits are supported.''')
    >>> _ = (folder / "invoice.txt").write_text("Total: 40 dollars")
    >>> parsed = parse_letters(folder)
    >>> parsed
    ParsedLetters(1 item, 1 failure)
    >>> parsed.items[["case_number", "item_number", "item", "decision"]].to_dict("records")
    [{'case_number': 'letter-7', 'item_number': 1, 'item': 'Hand therapy, 6 visits',
      'decision': 'overturned'}]
    >>> parsed.failures["reason"].to_list()
    ['not_a_letter']
    """
    require_types(
        "parse_letters",
        paths=(paths, str | PathLike | Iterable),
        config=(config, Config | None),
        n_jobs=(n_jobs, int),
        engine=(engine, Engine),
    )
    inputs = [paths] if isinstance(paths, str | PathLike) else list(paths)
    require_each("parse_letters", "paths", inputs, str | PathLike)
    require_engine(engine)
    limits = (config or load_config()).limits
    files = walk_letters(inputs, limits)
    rows: dict[str, tuple[dict[str, Any], ...]] = {}
    failures: list[dict[str, Any]] = []
    for outcome in _parse_isolated(files, limits, n_jobs, engine):
        if outcome.failure:
            failures.append(outcome.failure)
        else:
            rows.setdefault(outcome.sha256, outcome.rows)
    return ParsedLetters(
        item_table(row for of_letter in rows.values() for row in of_letter),
        failure_table(failures),
    )


def parse_new(
    files: Iterable[LetterFile],
    journal: Journal,
    limits: LimitsConfig,
    n_jobs: int = 1,
    engine: Engine = "local",
) -> Iterator[LetterOutcome]:
    """Parse what the journal does not hold yet, in order, keep each there, and yield it.

    Parameters
    ----------
    files : iterable of LetterFile
        Consumed lazily.
    journal : Journal
        Open.
    limits : LimitsConfig
        Of one letter.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.
    engine : {'local', 'dask'}, default='local'
        Who works.

    Yields
    ------
    LetterOutcome
        Of each file that is new or failed before.
    """
    new = (
        file
        for file in files
        if journal.is_new(file.source, file.sha256 if not file.error else None)
    )
    for outcome in _parse_isolated(new, limits, n_jobs, engine):
        journal.keep(outcome.sha256, outcome.rows, outcome.failure)
        yield outcome


def parse_file(file: LetterFile, limits: LimitsConfig) -> LetterOutcome:
    """Parse one file; whatever is wrong with it becomes its failure row.

    Parameters
    ----------
    file : LetterFile
        The letter as it came.
    limits : LimitsConfig
        Of one letter.

    Returns
    -------
    LetterOutcome
        With rows or with a failure.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> invoice = LetterFile("invoice.txt", b"Total: 40 dollars")
    >>> parse_file(invoice, load_config().limits).failure["reason"]
    'not_a_letter'
    """
    return _outcome(file, parse_letter_file(file, limits))


def parse_letter_file(
    file: LetterFile, limits: LimitsConfig, *, reads_pictures: bool = True
) -> ParsedLetter | DocumentError:
    """Parse one file with the place of every field, or say what is wrong with it.

    Parameters
    ----------
    file : LetterFile
        The letter as it came.
    limits : LimitsConfig
        Of one letter.
    reads_pictures : bool, default=True
        Whether pages that are pictures are read by OCR, where it is installed.

    Returns
    -------
    ParsedLetter or DocumentError
        The error is given, not raised, for it has to leave the worker whole.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> invoice = LetterFile("invoice.txt", b"Total: 40 dollars")
    >>> parse_letter_file(invoice, load_config().limits).reason
    'not_a_letter'
    """
    if file.error:
        return file.error
    try:
        document = read_content(file.content, limits, reads_pictures=reads_pictures)
        letter = parse_letter(document, fallback_case_number=file.stem)
    except DocumentError as error:
        return error
    except Exception as error:
        return DocumentError.of_crash(error)
    if is_cut_in_copying(file.content, letter):
        return DocumentError(
            "cut_short", "the text stops within the last rationale, amid a sentence"
        )
    n_items = len(letter.case.items)
    if n_items > limits.max_items:
        return DocumentError(
            "too_many_items", f"{n_items:,} items; at most {limits.max_items:,} (limits.max_items)"
        )
    return letter


def parse_letter_files(
    files: Iterable[LetterFile], limits: LimitsConfig
) -> Iterator[tuple[str, ParsedLetter | DocumentError]]:
    """Parse files in a worker, in order, with the place of every field.

    Parameters
    ----------
    files : iterable of LetterFile
        Consumed lazily.
    limits : LimitsConfig
        Of one letter.

    Returns
    -------
    iterator of (str, ParsedLetter or DocumentError)
        The file, and what it says or what is wrong with it.
    """
    for source, letter, attached in _parse_letters_apart(files, limits):
        if not attached or isinstance(letter, ParsedLetter):
            yield source, letter
        for of_attached, inner, _ in _parse_letters_apart(attached, limits) if attached else ():
            is_enclosure = isinstance(inner, DocumentError) and inner.reason in OF_COVER_SHEETS
            if not (is_enclosure and isinstance(letter, ParsedLetter)):
                yield of_attached, inner


def _parse_letters_apart(files: Iterable[LetterFile], limits: LimitsConfig) -> Iterator[_Looked]:
    return map_isolated(
        partial(_parse_letter_apart, limits=limits),
        files,
        lambda file, failure, detail: (file.source, DocumentError(failure, detail), ()),
        max_seconds=limits.max_seconds,
        size=_size,
    )


def _parse_isolated(
    files: Iterable[LetterFile], limits: LimitsConfig, n_jobs: int, engine: Engine
) -> Iterator[LetterOutcome]:
    """Parse files in workers, and before each PDF the letters that are attached to it."""
    for outcome in _parse_apart(files, limits, n_jobs, engine):
        attached = (
            _parse_apart(outcome.attached, limits, n_jobs, engine) if outcome.attached else ()
        )
        for of_attached in attached:
            if of_attached.attached and not of_attached.rows:
                nested = DocumentError("nested_archive", "a portfolio inside a portfolio")
                yield _lost(LetterFile(of_attached.source), nested)
            elif not (outcome.rows and _is_enclosure(of_attached.failure)):
                yield replace(of_attached, attached=())
        if outcome.rows or not outcome.attached:
            yield replace(outcome, attached=())


def _is_enclosure(failure: dict[str, Any] | None) -> bool:
    """Tell what hangs on a letter and is none: no failure, for nobody took it for one."""
    return failure is not None and failure["reason"] in OF_COVER_SHEETS


def _parse_apart(
    files: Iterable[LetterFile], limits: LimitsConfig, n_jobs: int, engine: Engine
) -> Iterator[LetterOutcome]:
    return map_isolated(
        partial(_parse_to_outcome, limits=limits),
        files,
        _lost_with_worker,
        n_jobs=n_jobs,
        max_seconds=limits.max_seconds,
        size=_size,
        engine=engine,
    )


def _size(file: LetterFile) -> int:
    return len(file.content)


def _parse_letter_apart(file: LetterFile, limits: LimitsConfig) -> _Looked | Longer:
    """Read a file without OCR, or ask for the time that OCR of its pages may take."""
    letter = parse_letter_file(file, limits, reads_pictures=False)
    try:
        attached = _read_attached(file, letter, limits)
    except DocumentError as error:
        return file.source, error, ()
    n_pictures = 0 if attached else _n_pictures(file, letter, limits)
    if n_pictures:
        return Longer(1 + n_pictures, partial(_parse_letter_whole, limits=limits))
    return file.source, letter, attached


def _parse_letter_whole(file: LetterFile, limits: LimitsConfig) -> _Looked:
    return file.source, parse_letter_file(file, limits), ()


def _parse_to_outcome(file: LetterFile, limits: LimitsConfig) -> LetterOutcome | Longer:
    """Parse as :func:`_parse_letter_apart`, to rows that travel lighter than places of fields."""
    looked = _parse_letter_apart(file, limits)
    if isinstance(looked, Longer):
        return Longer(looked.n, partial(parse_file, limits=limits))
    _, letter, attached = looked
    if attached and isinstance(letter, DocumentError):
        return LetterOutcome(file.source, file.sha256, (), attached=attached)
    return replace(_outcome(file, letter), attached=attached)


def _read_attached(
    file: LetterFile, letter: ParsedLetter | DocumentError, limits: LimitsConfig
) -> tuple[LetterFile, ...]:
    """Read what is attached to a PDF that is a letter, or the cover sheet of some."""
    may_hold = (
        letter.reason in OF_COVER_SHEETS
        if isinstance(letter, DocumentError)
        else letter.n_attached > 0
    )
    if not may_hold or b"%PDF-" not in file.content[:1024]:
        return ()
    return tuple(read_attachments(file.content, file.source, limits))


def _n_pictures(
    file: LetterFile, letter: ParsedLetter | DocumentError, limits: LimitsConfig
) -> int:
    """Count the pages of a file that could not be read but that OCR can read here."""
    is_picture = isinstance(letter, DocumentError) and letter.reason in _OF_PICTURES
    return count_pictures(file.content, limits) if is_picture and can_read_pictures() else 0


def _outcome(file: LetterFile, letter: ParsedLetter | DocumentError) -> LetterOutcome:
    if isinstance(letter, DocumentError):
        return _lost(file, letter)
    return LetterOutcome(
        file.source, file.sha256, tuple(case_rows(letter.case, file.source, file.sha256))
    )


def _lost(file: LetterFile, error: DocumentError) -> LetterOutcome:
    failure = {
        "source": file.source,
        "reason": error.reason,
        "detail": error.detail,
        "offset": error.offset,
    }
    return LetterOutcome(file.source, file.sha256, (), failure)


def _lost_with_worker(file: LetterFile, failure: WorkerFailure, detail: str) -> LetterOutcome:
    return _lost(file, DocumentError(failure, detail))
