"""``imrml import``: other programmes' public data into the item table."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.phrases import pluralize

app = typer.Typer(
    help="Other programmes' public data into the item table.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def stand_before() -> None:
    """Read another programme's public data into the item table."""


@app.command("dmhc")
def import_dmhc(
    file: Annotated[
        Path, typer.Argument(help="The state's CSV on health plan reviews; , or ; between fields.")
    ],
    out: Annotated[
        str,
        typer.Option(
            help="Item table to write: .parquet, .jsonl or .csv; - for JSON Lines on stdout."
        ),
    ],
    failures: Annotated[
        Path | None, typer.Option(help="Where unread rows go. [default: OUT.failures.jsonl]")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 where any row could not be read.")
    ] = False,
    config: Annotated[Path | None, typer.Option(help="Config file (limits).")] = None,
) -> None:
    """Read the open data of the Department of Managed Health Care into the item table, for `--config configs/dmhc.yaml`."""
    from imrml.config import load_config
    from imrml.corpus import failure_table
    from imrml.corpus.dmhc import count_reasons, read_dmhc
    from imrml.errors import CheckFailedError, ImrmlError
    from imrml.tables.files import table_format, write_table

    table_format(out)
    target = failures or Path("failures.jsonl" if out == "-" else f"{out}.failures.jsonl")
    table_format(target)
    if str(target) == out:
        raise ImrmlError(f"import dmhc: --out and --failures are both {out}; name two files")
    imported = read_dmhc(file, load_config(config).limits)
    target.unlink(missing_ok=True)  # of an earlier run
    if imported.failures:
        write_table(failure_table(imported.failures), target)
    write_table(imported.items, out)
    years = imported.items["decided_year"]
    console.tell(
        f"{pluralize(len(imported.items), 'review')} of {years.min()} to {years.max()} read, written to {out}"
    )
    if imported.unknown_headings:
        console.tell(
            f"columns passed over because nobody knows them: {', '.join(imported.unknown_headings)}"
        )
    if imported.failures:
        told = ", ".join(
            f"{count} {reason}" for reason, count in count_reasons(imported.failures).items()
        )
        console.tell(f"{pluralize(len(imported.failures), 'row')} not read ({told}): see {target}")
        if strict:
            raise CheckFailedError(
                f"import dmhc --strict: {pluralize(len(imported.failures), 'row')} could not be read; see {target}"
            )
