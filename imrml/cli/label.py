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
    labeller: Annotated[
        Path | None, typer.Option(help="What `imrml labels learn` fitted to your gold labels.")
    ] = None,
    jobs: Annotated[
        int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")
    ] = 1,
) -> None:
    """Label each upheld item with the deficiencies that the reviewer cites, and where it says so.

    `imrml labels` explains, checks, reports on and annotates labels.
    """
    from imrml.corpus.item_table import require_columns
    from imrml.labelling.learned import read_learned
    from imrml.labelling.table import describe_labels
    from imrml.labelling.table import label_items as label
    from imrml.tables.files import read_table, table_format, write_table

    table_format(out)
    table = read_table(items)
    require_columns(table, ["rationale", "decision"], "label")
    learned = None if labeller is None else read_learned(labeller)
    labelled = label(table, n_jobs=jobs, learned=learned)
    write_table(labelled, out)
    console.tell(f"{describe_labels(labelled)}, written to {out}")
