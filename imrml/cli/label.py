"""``imrml label``: add deficiencies and evidence to an item table."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import MAP_HELP, EngineOption, ResumeParts, console, require_jobs


def label_items(
    items: Annotated[
        str,
        typer.Argument(
            help="Item table with rationale and decision; a file, a folder of Parquet parts, a "
            "glob, an address such as s3://; - for stdin."
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="Item table to write, with deficiencies and evidence; NAME/ for a folder of "
            "Parquet parts; - for stdout."
        ),
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
    engine: EngineOption = "local",
    resume: ResumeParts = False,
) -> None:
    """Label each upheld item with the deficiencies that the reviewer cites, and where it says so.

    `--set labelling.labeller=FILE` labels by what `imrml labels learn` fitted to gold labels.
    `imrml labels` explains, checks, reports on and annotates labels.
    """
    from imrml.config import load_config
    from imrml.corpus.labelled_table import label_to_table

    with console.tell_warnings():
        summary = label_to_table(
            items,
            out,
            load_config(config, set_ or []),
            headings=map_ or (),
            n_jobs=jobs,
            engine=engine,
            resume=resume,
            progress=lambda parts: console.show_progress(parts, None, "labelling parts"),
        )
    console.tell(summary.describe())
