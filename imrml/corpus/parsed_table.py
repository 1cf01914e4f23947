"""Parse any number of letters straight into a table on disk: what ``imrml parse`` does."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imrml.config import Config, load_config
from imrml.corpus.batch import LetterOutcome, parse_new
from imrml.corpus.item_table import failure_table, item_table, submission_table
from imrml.corpus.journal import Journal
from imrml.documents.files import walk_letters
from imrml.engines.mapping import Engine, require_engine
from imrml.errors import ConfigError, ImrmlError
from imrml.phrases import pluralize
from imrml.tables.addresses import is_remote, on_disk, remove_file
from imrml.tables.files import table_format, write_parts


@dataclass(frozen=True, slots=True)
class ParseSummary:
    """What a run of :func:`parse_to_table` read and wrote.

    Parameters
    ----------
    out : str
        The table that was written.
    failures : str or Path
        The failures file; absent where every letter was parsed.
    n_new, n_held, n_copies, n_lost : int
        Letters of this run: parsed, held already, copied from another byte for byte, so in the
        table once, and those that could not be parsed.
    n_items : int
        Rows of the table.
    n_unverified : int
        Letters of a format of which no real letter was ever seen.
    reasons : dict of str to int
        Rows of the failures file by reason, the most frequent first; with ``resume``, those of
        earlier runs too.
    """

    out: str
    failures: str | Path
    n_new: int
    n_held: int
    n_copies: int
    n_lost: int
    n_items: int
    n_unverified: int
    reasons: dict[str, int]

    def describe(self) -> str:
        """Say in lines of prose what was read and written.

        Returns
        -------
        str
            One line, and one more for each count that asks for a look.

        Examples
        --------
        >>> reasons = {"not_a_letter": 2}
        >>> failures = Path("items.csv.failures.jsonl")
        >>> print(ParseSummary("items.csv", failures, 3, 0, 1, 2, 7, 0, reasons).describe())
        4 of 6 letters read, 7 items, written to items.csv
        1 letter copied from another letter, byte for byte, so in the table once
        2 letters not read (2 not_a_letter): see items.csv.failures.jsonl
        """
        n_read = self.n_new + self.n_held + self.n_copies
        noted = (
            (self.n_held, "held already and not parsed again"),
            (self.n_copies, "copied from another letter, byte for byte, so in the table once"),
            (
                self.n_unverified,
                "of a format of which no real letter was seen: to be checked (format_verified)",
            ),
        )
        lines = [
            f"{n_read:,} of {pluralize(n_read + self.n_lost, 'letter')} read, "
            f"{pluralize(self.n_items, 'item')}, written to {self.out}",
            *(f"{pluralize(n, 'letter')} {what}" for n, what in noted if n),
        ]
        if self.reasons:
            n_failures = pluralize(sum(self.reasons.values()), "letter")
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.reasons.items())
            lines.append(f"{n_failures} not read ({reasons}): see {self.failures}")
        return "\n".join(lines)


def parse_to_table(
    paths: str | Path | Iterable[str | Path],
    out: str | Path,
    config: Config | None = None,
    *,
    failures: str | Path | None = None,
    n_jobs: int = 1,
    engine: Engine = "local",
    resume: bool = False,
    submissions_only: bool = False,
    report: Callable[[str], None] = lambda _: None,
    progress: Callable[[Iterator[LetterOutcome]], Iterable[LetterOutcome]] = iter,
) -> ParseSummary:
    """Parse letters into a table on disk; memory is the same for any number of them.

    Parameters
    ----------
    paths : str, Path or iterable of these
        As :func:`imrml.corpus.parse_letters` takes them.
    out : str or Path
        Item table to write: ``.parquet``, ``.jsonl`` or ``.csv``, also at an address of ``fsspec``;
        ``"-"`` for JSON Lines on stdout. Beside it, or in the state folder where it is elsewhere,
        stands a journal while the run lasts, and after one that was killed.
    config : Config, optional
        Its ``limits`` say how large one letter may be and how long it may take; the defaults unless
        given.
    failures : str or Path, optional
        Where the letters go that could not be parsed; ``OUT.failures.jsonl`` unless given.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.
    engine : {'local', 'dask'}, default='local'
        This machine, or the dask scheduler at ``DASK_SCHEDULER_ADDRESS``. The output is the same.
    resume : bool, default=False
        Keep what ``out`` or an interrupted run holds; parse what is new or failed.
    submissions_only : bool, default=False
        Write a submission table, see :func:`imrml.corpus.submission_table`.
    report : callable, optional
        Takes a message that does not wait for the summary.
    progress : callable, optional
        Takes the outcomes and gives them on, as a progress bar does.

    Returns
    -------
    ParseSummary
        At least one item was written.

    Raises
    ------
    ConfigError
        Two settings contradict each other, or dask is not installed.
    ImrmlError
        A path does not exist; another run writes the same table; or no letter could be parsed, and
        only the failures were written.
    TableError
        An ending is unknown, or the table to resume is of other columns.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "invoice.txt").write_text("Total: 40 dollars")
    >>> parse_to_table(folder, folder / "items.csv")
    Traceback (most recent call last):
    imrml.errors.ImrmlError: parse: none of 1 letter could be read; .../items.csv.failures.jsonl
    says why, .../items.csv was not written
    """
    out = str(out)
    target = _require_targets(out, failures, resume=resume, submissions_only=submissions_only)
    require_engine(engine)
    limits = (config or load_config()).limits
    files = walk_letters([paths] if isinstance(paths, str | Path) else paths, limits)
    # A journal with a name stays behind where a run is killed, and it holds the decisions.
    with Journal("-" if submissions_only else out, target, resume=resume) as journal:
        if journal.was_interrupted and not resume:
            report(
                "starting anew; --resume would have gone on with the interrupted run of "
                f"{journal.path}"
            )
        for _ in progress(parse_new(files, journal, limits, n_jobs, engine)):
            pass
        reasons = journal.count_reasons()
        n_items, n_unverified = journal.count_items()
        if reasons:
            write_parts(map(failure_table, journal.failures()), target)
        else:
            remove_file(target)  # of an earlier run
        if n_items:
            parts = map(item_table, journal.rows())
            write_parts(map(submission_table, parts) if submissions_only else parts, out)
    journal.discard()
    if not n_items:
        raise ImrmlError(
            f"parse: none of {pluralize(journal.n_lost, 'letter')} could be read; "
            f"{target} says why, {out} was not written"
        )
    return ParseSummary(
        out,
        target,
        journal.n_new,
        journal.n_held,
        journal.n_copies,
        journal.n_lost,
        n_items,
        n_unverified,
        reasons,
    )


def _require_targets(
    out: str, failures: str | Path | None, *, resume: bool, submissions_only: bool
) -> str | Path:
    """Give where failures go, or say why items and failures cannot be written as told."""
    if resume and out == "-":
        raise ConfigError("--resume needs a file to go on with; --out is -")
    if resume and submissions_only:
        raise ConfigError(
            "--resume goes on with an item table, which --submissions-only does not write: "
            "give one of them"
        )
    return choose_failures_file(out, failures, "parse")


def choose_failures_file(out: str, failures: str | Path | None, command: str) -> str | Path:
    """Choose where what could not be read goes, before any work.

    Parameters
    ----------
    out : str
        The table that is made of what can be read; ``"-"`` for stdout.
    failures : str or Path, optional
        As the user said; ``OUT.failures.jsonl``, beside the output or at its address, unless given.
    command : str
        Who asks; error messages begin with it.

    Returns
    -------
    str or Path
        An address, or a path on this disk.

    Raises
    ------
    ImrmlError
        ``out`` and ``failures`` are one file.
    TableError
        An ending is unknown.

    Examples
    --------
    >>> choose_failures_file("s3://bucket/items/", None, "parse")
    's3://bucket/items.failures.jsonl'
    """
    default = "failures.jsonl" if out == "-" else f"{out.rstrip('/')}.failures.jsonl"
    target = str(failures or default)
    table_format(out)
    table_format(target)
    if target == out:
        raise ImrmlError(f"{command}: --out and --failures are both {out}; name two files")
    return target if is_remote(target) else Path(on_disk(target))
