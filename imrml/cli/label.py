"""``imrml label``: add deficiencies and evidence to an item table."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console, require_jobs


def label_items(
    items: Annotated[
        str, typer.Argument(help="Item table with rationale and decision; - for stdin.")
    ],
    out: Annotated[
        str, typer.Option(help="Item table to write, with deficiencies and evidence; - for stdout.")
    ],
    config: Annotated[
        Path | None, typer.Option(help="Config file, laid over the defaults.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override one setting: a.b=c. May be repeated."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")
    ] = 1,
) -> None:
    """Label each upheld item with the deficiencies that the reviewer cites, and where it says so.

    `--set labelling.labeller=FILE` labels by what `imrml labels learn` fitted to gold labels.
    `imrml labels` explains, checks, reports on and annotates labels.
    """
    from imrml.config import load_config
    from imrml.corpus.item_table import require_columns
    from imrml.labelling.table import describe_labels, label_as_configured
    from imrml.tables.files import read_table, table_format, write_table

    settings = load_config(config, set_ or [])
    table_format(out)
    table = read_table(items)
    require_columns(table, ["rationale", "decision"], "label")
    labelled = label_as_configured(table, settings, jobs)
    write_table(labelled, out)
    console.tell(f"{describe_labels(labelled)}, written to {out}")
