"""``imrml parse``: letters to an item table."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console, require_jobs


def parse_letters(
    paths: Annotated[
        list[str],
        typer.Argument(help="Letters: files, folders, globs, archives (.zip, .tar, .tar.gz); - for stdin.", metavar="PATH..."),
    ],
    out: Annotated[
        str | None, typer.Option(help="Item table to write: .parquet, .jsonl or .csv; - for JSON Lines on stdout.")
    ] = None,
    failures: Annotated[Path | None, typer.Option(help="Where unread letters go. [default: OUT.failures.jsonl]")] = None,
    jobs: Annotated[int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")] = 1,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Keep what OUT or an interrupted run holds; read what is new or failed."),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 where any letter could not be read.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print each letter as read, with labels and evidence; write nothing.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Print how much of each letter was read, and where the rest stands; write nothing.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="Config file (limits).")] = None,
) -> None:
    """Parse letters into a table with one row per disputed item; what cannot be read goes to the failures file."""
    from imrml.config import load_config
    from imrml.corpus import Journal, failure_table, item_table, parse_new
    from imrml.documents import walk_letters
    from imrml.errors import CheckFailedError, ImrmlError
    from imrml.tables import write_parts

    if show or coverage:
        from imrml.cli.show import show_coverage, show_letters

        if out or (show and coverage):
            raise typer.BadParameter("--show and --coverage print and write nothing: give one of them, and no --out")
        look = show_letters if show else show_coverage
        look(paths, load_config(config).limits)
        return
    out, target = _require_targets(out, failures, is_resumed=resume)
    limits = load_config(config).limits
    files = walk_letters(paths, limits)
    with Journal(out, target, resume=resume) as journal:
        if journal.was_interrupted and not resume:
            console.tell(f"starting anew; --resume would have gone on with the interrupted run of {journal.path}")
        for _ in console.show_progress(parse_new(files, journal, limits, jobs), None, "parsing"):
            pass
        reasons = journal.count_reasons()
        n_items, n_unverified = journal.count_items()
        if reasons:
            write_parts(map(failure_table, journal.failures()), target)
        else:
            target.unlink(missing_ok=True)  # of an earlier run
        if n_items:
            write_parts(map(item_table, journal.rows()), out)
    journal.discard()
    n_read = journal.n_new + journal.n_held + journal.n_copies
    n_letters = n_read + journal.n_lost
    if not n_items:
        raise ImrmlError(f"parse: none of {n_letters:,} letters could be read; {target} says why, {out} was not written")
    console.tell(f"{n_read:,} of {n_letters:,} letters read, {n_items:,} items, written to {out}")
    for n, what in (
        (journal.n_held, "of them were held already and not parsed again"),
        (journal.n_copies, "of them are copies of another letter, byte for byte, and stand in the table once"),
        (n_unverified, "letters are of a format of which no real letter was seen: check them (format_verified)"),
    ):
        if n:
            console.tell(f"{n:,} {what}")
    if reasons:
        n_unread = sum(reasons.values())
        told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
        console.tell(f"{n_unread:,} letters not read ({told}): see {target}")
        if strict:
            raise CheckFailedError(f"parse --strict: {n_unread:,} letters could not be read; {target} says why")


def _require_targets(out: str | None, failures: Path | None, *, is_resumed: bool) -> tuple[str, Path]:
    """Give where items and failures go, or say why they cannot."""
    from imrml.errors import ImrmlError
    from imrml.tables import table_format

    if out is None:
        raise typer.BadParameter("parse writes a table: give --out FILE, or --show or --coverage to look only")
    table_format(out)
    target = failures or Path("failures.jsonl" if out == "-" else f"{out}.failures.jsonl")
    table_format(target)
    if str(target) == out:
        raise ImrmlError(f"parse: --out and --failures are both {out}; name two files")
    if is_resumed and out == "-":
        raise typer.BadParameter("--resume needs a file to go on with; --out is -")
    return out, target
