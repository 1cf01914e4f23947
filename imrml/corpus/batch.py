"""Letters to parsed letters, in workers that may die of one without harm to the others."""

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from imrml.config import LimitsConfig
from imrml.corpus.journal import Journal
from imrml.documents import LetterFile, read_text
from imrml.engines import Engine, WorkerFailure, map_isolated
from imrml.errors import DocumentError
from imrml.letters.parsing import case_rows, read_letter
from imrml.letters.spans import ParsedLetter


@dataclass(frozen=True, slots=True)
class LetterOutcome:
    """What became of one letter: its items' rows, or the row of the failures file.

    Parameters
    ----------
    source : str
        The file or the archive's member.
    sha256 : str
        Hash of its bytes, in hexadecimal.
    rows : tuple of dict
        Rows of the item table; empty where the letter was not read.
    failure : dict or None
        ``source``, ``reason``, ``detail``, ``offset``; never text of the letter.
    """

    source: str
    sha256: str
    rows: tuple[dict[str, Any], ...]
    failure: dict[str, Any] | None = None


def parse_file(file: LetterFile, limits: LimitsConfig) -> LetterOutcome:
    """Read and parse one letter; whatever is wrong with it becomes its failure row.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> parse_file(LetterFile("invoice.txt", b"Total: 40 dollars"), load_config().limits).failure["reason"]
    'not_a_letter'
    """
    found = read_file(file, limits)
    if isinstance(found, DocumentError):
        return _lost(file, found)
    return LetterOutcome(
        file.source, file.sha256, tuple(case_rows(found.case, file.source, file.sha256))
    )


def read_file(file: LetterFile, limits: LimitsConfig) -> ParsedLetter | DocumentError:
    """Read one letter, or say what is wrong with it.

    Examples
    --------
    >>> from imrml.config import load_config
    >>> read_file(LetterFile("invoice.txt", b"Total: 40 dollars"), load_config().limits).reason
    'not_a_letter'
    """
    if file.error:
        return file.error
    try:
        reading = read_letter(read_text(file.content, limits), fallback_case_number=file.stem)
    except DocumentError as error:
        return error
    except Exception as error:  # a fault of ours must cost one letter only; its message could hold text of the letter
        at = traceback.extract_tb(error.__traceback__)[-1]
        return DocumentError(
            "crashed", f"{type(error).__name__} in {Path(at.filename).name}, line {at.lineno}"
        )
    n_items = len(reading.case.items)
    if n_items > limits.max_items:
        return DocumentError(
            "too_many_items", f"{n_items:,} items; at most {limits.max_items:,} (limits.max_items)"
        )
    return reading


def _lost(file: LetterFile, error: DocumentError) -> LetterOutcome:
    failure = {
        "source": file.source,
        "reason": error.reason,
        "detail": error.detail,
        "offset": error.offset,
    }
    return LetterOutcome(file.source, file.sha256, (), failure)


def _lost_with_worker(file: LetterFile, trouble: WorkerFailure, seen: str) -> LetterOutcome:
    return _lost(file, DocumentError(trouble, seen))


def parse_new(
    files: Iterable[LetterFile],
    journal: Journal,
    limits: LimitsConfig,
    n_jobs: int = 1,
    engine: Engine = "local",
) -> Iterator[LetterOutcome]:
    """Parse what the journal does not hold yet, in order, keep each there, and yield it."""
    parse = partial(parse_file, limits=limits)
    new = (
        file
        for file in files
        if journal.is_new(file.source, file.sha256 if not file.error else None)
    )
    for letter in map_isolated(
        parse,
        new,
        _lost_with_worker,
        n_jobs=n_jobs,
        max_seconds=limits.max_seconds,
        size=lambda file: len(file.content),
        engine=engine,
    ):
        journal.keep(letter.sha256, letter.rows, letter.failure)
        yield letter


def read_files(
    files: Iterable[LetterFile], limits: LimitsConfig
) -> Iterator[tuple[str, ParsedLetter | DocumentError]]:
    """Read letters in a worker, in order; yield the source of each with its reading, or what is wrong with it."""
    read = partial(_read_with_source, limits=limits)
    return map_isolated(
        read,
        files,
        lambda file, trouble, seen: (file.source, DocumentError(trouble, seen)),
        max_seconds=limits.max_seconds,
        size=lambda file: len(file.content),
    )


def _read_with_source(
    file: LetterFile, limits: LimitsConfig
) -> tuple[str, ParsedLetter | DocumentError]:
    return file.source, read_file(file, limits)
