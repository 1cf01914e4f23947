"""``imrml parse``: letters to an item table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from imrml.cli.console import console, require_jobs
from imrml.phrases import pluralize

if TYPE_CHECKING:
    from imrml.corpus import Journal


def parse_letters(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Letters: files, folders, globs, archives (.zip, .tar, .tar.gz); - for stdin.",
            metavar="PATH...",
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            help="Item table to write: .parquet, .jsonl or .csv; - for JSON Lines on stdout."
        ),
    ] = None,
    failures: Annotated[
        Path | None, typer.Option(help="Where unread letters go. [default: OUT.failures.jsonl]")
    ] = None,
    jobs: Annotated[
        int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")
    ] = 1,
    engine: Annotated[
        Literal["local", "dask"],
        typer.Option(
            help="Who works: this machine, or the dask scheduler at DASK_SCHEDULER_ADDRESS. Same output."
        ),
    ] = "local",
    submissions_only: Annotated[
        bool,
        typer.Option(
            "--submissions-only",
            help="Write a submission table for `score`: columns known before the review, without what the reviewer judged.",
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Keep what OUT or an interrupted run holds; read what is new or failed.",
        ),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 where any letter could not be read.")
    ] = False,
    show: Annotated[
        bool,
        typer.Option(
            "--show", help="Print each letter as read, with labels and evidence; write nothing."
        ),
    ] = False,
    coverage: Annotated[
        bool,
        typer.Option(
            "--coverage",
            help="Print how much of each letter was read, and where the rest stands; write nothing.",
        ),
    ] = False,
    config: Annotated[Path | None, typer.Option(help="Config file (limits).")] = None,
) -> None:
    """Parse letters into a table with one row per disputed item; what cannot be read goes to the failures file."""
    from imrml.config import load_config
    from imrml.corpus import Journal, failure_table, item_table, parse_new, submission_table
    from imrml.documents import walk_letters
    from imrml.engines import require_engine
    from imrml.errors import CheckFailedError
    from imrml.tables.files import write_parts

    if show or coverage:
        from imrml.cli.show import show_coverage, show_letters

        if out or submissions_only or (show and coverage):
            raise typer.BadParameter(
                "--show and --coverage print and write nothing: give one of them, and no --out"
            )
        look = show_letters if show else show_coverage
        look(paths, load_config(config).limits)
        return
    if submissions_only and resume:
        raise typer.BadParameter(
            "--resume goes on with an item table, which --submissions-only does not write: give one of them"
        )
    out, target = _require_targets(out, failures, is_resumed=resume)
    require_engine(engine)
    limits = load_config(config).limits
    files = walk_letters(paths, limits)
    # A journal with a name stays behind where a run is killed, and it holds the decisions.
    with Journal("-" if submissions_only else out, target, resume=resume) as journal:
        if journal.was_interrupted and not resume:
            console.tell(
                f"starting anew; --resume would have gone on with the interrupted run of {journal.path}"
            )
        for _ in console.show_progress(
            parse_new(files, journal, limits, jobs, engine), None, "parsing"
        ):
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
    _tell_result(journal, (n_items, n_unverified), out, target, reasons)
    if reasons and strict:
        raise CheckFailedError(
            f"parse --strict: {pluralize(sum(reasons.values()), 'letter')} could not be read; {target} says why"
        )


def _require_targets(
    out: str | None, failures: Path | None, *, is_resumed: bool
) -> tuple[str, Path]:
    """Give where items and failures go, or say why they cannot."""
    from imrml.errors import ImrmlError
    from imrml.tables.files import table_format

    if out is None:
        raise typer.BadParameter(
            "parse writes a table: give --out FILE, or --show or --coverage to look only"
        )
    table_format(out)
    target = failures or Path("failures.jsonl" if out == "-" else f"{out}.failures.jsonl")
    table_format(target)
    if str(target) == out:
        raise ImrmlError(f"parse: --out and --failures are both {out}; name two files")
    if is_resumed and out == "-":
        raise typer.BadParameter("--resume needs a file to go on with; --out is -")
    return out, target


def _tell_result(
    journal: "Journal", counts: tuple[int, int], out: str, target: Path, reasons: dict[str, int]
) -> None:
    """Say what was read and written; raises where nothing was."""
    from imrml.errors import ImrmlError

    n_items, n_unverified = counts
    n_read = journal.n_new + journal.n_held + journal.n_copies
    n_letters = n_read + journal.n_lost
    if not n_items:
        raise ImrmlError(
            f"parse: none of {pluralize(n_letters, 'letter')} could be read; {target} says why, {out} was not written"
        )
    console.tell(
        f"{n_read:,} of {pluralize(n_letters, 'letter')} read, {pluralize(n_items, 'item')}, written to {out}"
    )
    for n, what in (
        (journal.n_held, "held already and not parsed again"),
        (journal.n_copies, "copied from another letter, byte for byte, so in the table once"),
        (
            n_unverified,
            "of a format of which no real letter was seen: to be checked (format_verified)",
        ),
    ):
        if n:
            console.tell(f"{pluralize(n, 'letter')} {what}")
    if reasons:
        told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
        console.tell(
            f"{pluralize(sum(reasons.values()), 'letter')} not read ({told}): see {target}"
        )
