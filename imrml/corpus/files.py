"""Inputs to an item table on disk with a failures file beside it; a killed run can be resumed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imrml.config import LimitsConfig
from imrml.corpus.batch import LetterOutcome, parse_new
from imrml.corpus.dmhc import ImportedFile, count_reasons, read_dmhc
from imrml.corpus.item_table import failure_table, item_table, submission_table
from imrml.corpus.journal import Journal
from imrml.documents import walk_letters
from imrml.engines import Engine, require_engine
from imrml.errors import ImrmlError
from imrml.phrases import pluralize
from imrml.tables.files import table_format, write_parts, write_table

Show = Callable[[Iterable[LetterOutcome]], Iterable[LetterOutcome]]


@dataclass(frozen=True, slots=True)
class ParsedFiles:
    """What a run of parsing wrote.

    Parameters
    ----------
    out, failures : str, Path
        Item table, and failures file; the latter is absent where every letter was read.
    n_letters, n_read : int
        Letters looked at, and those read, held or copied.
    n_held, n_copies : int
        Letters that an earlier run had parsed; letters that are another's, byte for byte.
    n_items, n_unverified : int
        Rows of the table; letters of a format of which no real letter was seen.
    reasons : dict of str to int
        Letters not read, by reason, the most frequent first.
    """

    out: str
    failures: Path
    n_letters: int
    n_read: int
    n_held: int
    n_copies: int
    n_items: int
    n_unverified: int
    reasons: dict[str, int]

    @property
    def n_failures(self) -> int:
        """Rows of the failures file."""
        return sum(self.reasons.values())


def parse_to_file(
    paths: Sequence[str],
    out: str,
    limits: LimitsConfig,
    *,
    failures: Path | None = None,
    n_jobs: int = 1,
    engine: Engine = "local",
    submissions_only: bool = False,
    resume: bool = False,
    report: Callable[[str], None] = lambda _: None,
    show: Show = lambda letters: letters,
) -> ParsedFiles:
    """Parse letters into a table on disk; what cannot be read becomes a row of the failures file.

    A journal beside the table keeps what was parsed, so that memory is the same for any number of
    letters and a killed run can go on.

    Parameters
    ----------
    paths : sequence of str
        Files, folders, globs, archives; ``"-"`` for stdin.
    out : str
        Item table to write, by its ending; ``"-"`` for JSON Lines on stdout.
    limits : LimitsConfig
        Of one letter.
    failures : Path, optional
        Failures file; ``OUT.failures.jsonl`` where absent.
    n_jobs : int, default=1
        Worker processes; -1 for one a core.
    engine : {'local', 'dask'}, default='local'
        Who works.
    submissions_only : bool, default=False
        Write a submission table: columns known before the review.
    resume : bool, default=False
        Keep what ``out`` or an interrupted run holds, and read what is new or failed.
    report : callable, optional
        Told, in words, what a caller should know.
    show : callable, optional
        Lets the letters by, for a bar of progress.

    Returns
    -------
    ParsedFiles
        Counts.

    Raises
    ------
    ImrmlError
        No letter could be read, another run writes the same table, or both files are one.
    TableError
        The ending of a file is unknown.
    """
    target = _failures_file(out, failures, "parse")
    require_engine(engine)
    files = walk_letters(paths, limits)
    # A journal with a name stays behind where a run is killed, and it holds the decisions.
    with Journal("-" if submissions_only else out, target, resume=resume) as journal:
        if journal.was_interrupted and not resume:
            report(
                "starting anew; --resume would have gone on with the interrupted run of "
                f"{journal.path}"
            )
        for _ in show(parse_new(files, journal, limits, n_jobs, engine)):
            pass
        reasons = journal.count_reasons()
        n_items, n_unverified = journal.count_items()
        if reasons:
            write_parts(map(failure_table, journal.failures()), target)
        else:
            target.unlink(missing_ok=True)  # of an earlier run
        if n_items:
            parts = map(item_table, journal.rows())
            write_parts(map(submission_table, parts) if submissions_only else parts, out)
    journal.discard()
    n_read = journal.n_new + journal.n_held + journal.n_copies
    n_letters = n_read + journal.n_lost
    if not n_items:
        raise ImrmlError(
            f"parse: none of {pluralize(n_letters, 'letter')} could be read; {target} says why, "
            f"{out} was not written"
        )
    return ParsedFiles(
        out=out,
        failures=target,
        n_letters=n_letters,
        n_read=n_read,
        n_held=journal.n_held,
        n_copies=journal.n_copies,
        n_items=n_items,
        n_unverified=n_unverified,
        reasons=reasons,
    )


def describe_parsed(parsed: ParsedFiles) -> list[str]:
    """Say in sentences what was read, written and not read.

    Parameters
    ----------
    parsed : ParsedFiles
        From :func:`parse_to_file`.

    Returns
    -------
    list of str
        One or more; no text of a letter.

    Examples
    --------
    >>> describe_parsed(ParsedFiles("a.csv", Path("f.jsonl"), 3, 2, 0, 0, 4, 0, {"empty_file": 1}))
    ['2 of 3 letters read, 4 items, written to a.csv', '1 letter not read (1 empty_file): see f.jsonl']
    """
    sentences = [
        f"{parsed.n_read:,} of {pluralize(parsed.n_letters, 'letter')} read, "
        f"{pluralize(parsed.n_items, 'item')}, written to {parsed.out}"
    ]
    for n, what in (
        (parsed.n_held, "held already and not parsed again"),
        (parsed.n_copies, "copied from another letter, byte for byte, so in the table once"),
        (
            parsed.n_unverified,
            "of a format of which no real letter was seen: to be checked (format_verified)",
        ),
    ):
        if n:
            sentences.append(f"{pluralize(n, 'letter')} {what}")
    if parsed.reasons:
        counts = ", ".join(f"{n:,} {reason}" for reason, n in parsed.reasons.items())
        sentences.append(
            f"{pluralize(parsed.n_failures, 'letter')} not read ({counts}): see {parsed.failures}"
        )
    return sentences


def import_to_file(
    file: Path, out: str, limits: LimitsConfig, *, failures: Path | None = None
) -> tuple[ImportedFile, Path]:
    """Read the state's open data on health plan reviews into an item table on disk.

    Parameters
    ----------
    file : Path
        The state's CSV.
    out : str
        Item table to write, by its ending; ``"-"`` for JSON Lines on stdout.
    limits : LimitsConfig
        Of one text.
    failures : Path, optional
        Failures file; ``OUT.failures.jsonl`` where absent.

    Returns
    -------
    imported : ImportedFile
        What was read.
    failures : Path
        The failures file; absent where every row was read.

    Raises
    ------
    ImrmlError
        ``out`` and ``failures`` are one file.
    TableError
        The file cannot be read, or the ending of another is unknown.
    """
    target = _failures_file(out, failures, "import dmhc")
    imported = read_dmhc(file, limits)
    target.unlink(missing_ok=True)  # of an earlier run
    if imported.failures:
        write_table(failure_table(imported.failures), target)
    write_table(imported.items, out)
    return imported, target


def describe_imported(imported: ImportedFile, out: str, failures: Path) -> list[str]:
    """Say in sentences what was read, passed over and not read.

    Parameters
    ----------
    imported : ImportedFile
        From :func:`import_to_file`.
    out : str
        The item table.
    failures : Path
        The failures file.

    Returns
    -------
    list of str
        One or more.
    """
    years = imported.items["decided_year"]
    sentences = [
        f"{pluralize(len(imported.items), 'review')} of {years.min()} to {years.max()} read, "
        f"written to {out}"
    ]
    if imported.unknown_headings:
        sentences.append(
            f"columns passed over because nobody knows them: {', '.join(imported.unknown_headings)}"
        )
    if imported.failures:
        counts = ", ".join(
            f"{n} {reason}" for reason, n in count_reasons(imported.failures).items()
        )
        sentences.append(
            f"{pluralize(len(imported.failures), 'row')} not read ({counts}): see {failures}"
        )
    return sentences


def _failures_file(out: str, failures: Path | None, command: str) -> Path:
    """Name the failures file; raises, before any work, where a table cannot be written."""
    table_format(out)
    target = failures or Path("failures.jsonl" if out == "-" else f"{out}.failures.jsonl")
    table_format(target)
    if str(target) == out:
        raise ImrmlError(f"{command}: --out and --failures are both {out}; name two files")
    return target
