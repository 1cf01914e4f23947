"""``imrml label``: add deficiencies and evidence to an item table."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import MAP_HELP, console, require_jobs


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
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="HEADING=COLUMN", help=MAP_HELP)
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
    from imrml.corpus.own_tables import name_items, read_item_table
    from imrml.labelling.table import describe_labels, label_as_configured
    from imrml.submissions.extra_columns import programme_of_config
    from imrml.tables.files import table_format, write_table

    settings = load_config(config, set_ or [])
    table_format(out)
    with console.tell_warnings():
        table = read_item_table(items, map_ or ())
        table = name_items(table, programme_of_config(settings), "label")
    require_columns(table, ["rationale", "decision"], "label")
    labelled = label_as_configured(table, settings, jobs)
    write_table(labelled, out)
    console.tell(f"{describe_labels(labelled)}, written to {out}")
