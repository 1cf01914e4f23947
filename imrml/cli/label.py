"""``imrml label``: add deficiencies and evidence to an item table; explain, check, report on and annotate them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imrml.cli.console import console, require_jobs

if TYPE_CHECKING:
    import pandas as pd


def label_items(
    items: Annotated[str, typer.Argument(help="Item table with rationale and decision; - for stdin.")],
    out: Annotated[str | None, typer.Option(help="Item table to write, with deficiencies and evidence.")] = None,
    check: Annotated[Path | None, typer.Option(metavar="GOLD", help="Compare with gold labels (item_id, deficiencies).")] = None,
    disagreements: Annotated[Path | None, typer.Option(help="With --check: table of the labels that only one side gave.")] = None,
    jobs: Annotated[int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")] = 1,
) -> None:
    """Label each upheld item with the deficiencies that the reviewer cites, with the words that say so."""
    from imrml.corpus import require_columns
    from imrml.errors import ImrmlError
    from imrml.labelling import label_items as label
    from imrml.tables import read_table, table_format, write_table

    if out is None and check is None:
        raise typer.BadParameter("nothing to do: give one or more of --out, --check")
    if disagreements is not None and check is None:
        raise typer.BadParameter("--disagreements lists what --check finds: give --check GOLD too")
    for path in (out, disagreements):
        if path is not None:
            table_format(path)
    if out is not None and out == str(disagreements):
        raise ImrmlError(f"label: --out and --disagreements are both {out}; name two files")
    table = read_table(items)
    require_columns(table, ["rationale", "decision"], "label")
    labelled = label(table, n_jobs=jobs)
    if out is not None:
        write_table(labelled, out)
        upheld = labelled[labelled["decision"] == "upheld"]
        n_labelled = sum(len(ids) > 0 for ids in upheld["deficiencies"])
        console.tell(f"{n_labelled:,} of {len(upheld):,} upheld items carry a deficiency, written to {out}")
    if check is not None:
        check_labels(labelled, check, disagreements)


def check_labels(labelled: "pd.DataFrame", gold_file: Path, disagreements: Path | None) -> None:
    """Print how far labels agree with gold labels; write the list of those that only one side gave."""
    from imrml.cli.agreement import agreement_lines
    from imrml.config import load_config
    from imrml.corpus import require_columns
    from imrml.evaluation.agreement import list_disagreements, measure_agreement
    from imrml.labelling.gold import read_gold_items
    from imrml.tables import read_table, write_table

    require_columns(labelled, ["case_number", "item_number"], "label --check")
    gold = read_gold_items(read_table(gold_file), str(gold_file))
    settings = load_config()
    found = measure_agreement(labelled, gold, settings.evaluation.n_bootstrap, settings.seed, settings.evaluation.interval_level)
    print("\n".join(agreement_lines(found)))
    if found["n_absent"]:
        console.tell(
            f"{found['n_absent']:,} of {found['n_items']:,} gold items have no row in the table: their labels count as missed"
        )
    if disagreements is not None:
        listed = list_disagreements(labelled, gold)
        write_table(listed, disagreements)
        console.tell(f"{len(listed):,} rows of labels that only one side gave, written to {disagreements}")
