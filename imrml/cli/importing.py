"""``imrml import``: other programmes' public data into the item table."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import LimitsOption
from imrml.phrases import pluralize

app = typer.Typer(
    help="Import public data of other review programmes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def keep_subcommand() -> None:
    """Import public data of other review programmes."""  # without it typer drops `dmhc`


@app.command("dmhc")
def import_dmhc(
    file: Annotated[
        Path, typer.Argument(help="The state's CSV of health plan reviews, separated by , or ;.")
    ],
    out: Annotated[
        str,
        typer.Option(
            help="Item table to write: .parquet, .jsonl or .csv; - for JSON Lines on stdout."
        ),
    ],
    failures: Annotated[
        str | None,
        typer.Option(help="Table of rows that could not be read. [default: OUT.failures.jsonl]"),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 4 if any row could not be read.")
    ] = False,
    config: LimitsOption = None,
) -> None:
    """Read the open data of the Department of Managed Health Care into the item table.

    Train on it with `--config configs/dmhc.yaml`.
    """
    from imrml.config import load_config
    from imrml.corpus.importing import describe_imported
    from imrml.corpus.importing import import_dmhc as run
    from imrml.errors import CheckFailedError

    imported, target = run(file, out, load_config(config), failures=failures)
    console.tell("\n".join(describe_imported(imported, out, target)))
    if strict and imported.failures:
        raise CheckFailedError(
            f"import dmhc --strict: {pluralize(len(imported.failures), 'row')} could not be read; "
            f"see {target}"
        )
