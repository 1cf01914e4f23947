"""``imrml label``: add deficiencies and evidence to an item table."""

from typing import Annotated

import typer

from imrml.cli.console import console, require_jobs


def label_items(
    items: Annotated[str, typer.Argument(help="Item table with rationale and decision; - for stdin.")],
    out: Annotated[str, typer.Option(help="Item table to write, with deficiencies and evidence.")],
    jobs: Annotated[int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")] = 1,
) -> None:
    """Label each upheld item with the deficiencies that the reviewer cites, with the words that say so."""
    from imrml.corpus import require_columns
    from imrml.labelling import label_items as label
    from imrml.tables import read_table, table_format, write_table

    table_format(out)
    table = read_table(items)
    require_columns(table, ["rationale", "decision"], "label")
    labelled = label(table, n_jobs=jobs)
    write_table(labelled, out)
    upheld = labelled[labelled["decision"] == "upheld"]
    n_labelled = sum(len(ids) > 0 for ids in upheld["deficiencies"])
    console.tell(f"{n_labelled:,} of {len(upheld):,} upheld items carry a deficiency, written to {out}")
