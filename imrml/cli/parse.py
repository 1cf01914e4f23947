"""``imrml parse``: letters to an item table."""

from pathlib import Path
from typing import Annotated, Any

import typer

from imrml.cli.console import console, require_jobs


def parse_letters(
    paths: Annotated[list[str], typer.Argument(help="Letters: files, folders, globs (.pdf, .txt).", metavar="PATH...")],
    out: Annotated[str, typer.Option(help="Item table to write: .parquet, .jsonl or .csv; - for JSON Lines on stdout.")],
    failures: Annotated[Path | None, typer.Option(help="Where unread letters go. [default: OUT.failures.jsonl]")] = None,
    jobs: Annotated[int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")] = 1,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 where any letter could not be read.")] = False,
    config: Annotated[Path | None, typer.Option(help="Config file (limits).")] = None,
) -> None:
    """Parse letters into a table with one row per disputed item; what cannot be read goes to the failures file."""
    from imrml.config import load_config
    from imrml.corpus import failure_table, item_table, parse_files
    from imrml.documents import find_files
    from imrml.errors import CheckFailedError, ImrmlError
    from imrml.tables import table_format, write_table

    table_format(out)
    target = failures or Path("failures.jsonl" if out == "-" else f"{out}.failures.jsonl")
    table_format(target)
    if str(target) == out:
        raise ImrmlError(f"parse: --out and --failures are both {out}; name two files")
    files = list(find_files(paths))
    letters = console.show_progress(parse_files(files, load_config(config).limits, jobs), len(files), "parsing")
    rows: list[dict[str, Any]] = []
    unread: list[dict[str, Any]] = []
    n_unverified = 0
    seen: set[str] = set()
    n_copies = 0
    for letter in letters:
        if letter.failure:
            unread.append(letter.failure)
            continue
        sha256 = letter.rows[0]["source_sha256"]
        if sha256 in seen:
            n_copies += 1
            continue
        seen.add(sha256)
        rows += letter.rows
        n_unverified += not letter.rows[0]["format_verified"]
    n_read = len(files) - len(unread)
    target.unlink(missing_ok=True)  # of an earlier run
    if unread:
        write_table(failure_table(unread), target)
    if not n_read:
        raise ImrmlError(f"parse: none of {len(files):,} letters could be read; {target} says why, {out} was not written")
    write_table(item_table(rows), out)
    console.tell(f"{n_read:,} of {len(files):,} letters read, {len(rows):,} items, written to {out}")
    if n_copies:
        console.tell(f"{n_copies:,} of them are copies of another letter, byte for byte, and stand in the table once")
    if n_unverified:
        console.tell(f"{n_unverified:,} letters are of a format of which no real letter was seen: check them (format_verified)")
    if unread:
        reasons = failure_table(unread)["reason"].value_counts().to_dict()
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        console.tell(f"{len(unread):,} letters not read ({told}): see {target}")
        if strict:
            raise CheckFailedError(f"parse --strict: {len(unread):,} letters could not be read; {target} says why")
