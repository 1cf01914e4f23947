"""``imrml label``: add deficiencies and evidence to an item table."""

from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import (
    ConfigOption,
    EngineOption,
    JobsOption,
    MapOption,
    ResumeOption,
    SetOption,
)


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
    config: ConfigOption = None,
    map_: MapOption = None,
    set_: SetOption = None,
    jobs: JobsOption = 1,
    engine: EngineOption = "local",
    resume: ResumeOption = False,
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
