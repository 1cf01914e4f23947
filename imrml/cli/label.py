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
    explain: Annotated[bool, typer.Option("--explain", help="Print rationales with sentence roles and evidence.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write what --explain prints as a page, of any number of items.")] = None,
    item: Annotated[list[str] | None, typer.Option(metavar="CASE#N", help="Item (or case) to explain. May be repeated.")] = None,
    check: Annotated[Path | None, typer.Option(metavar="GOLD", help="Compare with gold labels (item_id, deficiencies).")] = None,
    disagreements: Annotated[Path | None, typer.Option(help="With --check: table of the labels that only one side gave.")] = None,
    jobs: Annotated[int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")] = 1,
) -> None:
    """Label each upheld item with the deficiencies that the reviewer cites, with the words that say so."""
    from imrml.corpus import require_columns
    from imrml.errors import ImrmlError
    from imrml.labelling import label_items as label
    from imrml.tables import read_table, table_format, write_table

    is_explained = explain or html is not None
    if out is None and check is None and not is_explained:
        raise typer.BadParameter("nothing to do: give one or more of --out, --explain, --html, --check")
    if disagreements is not None and check is None:
        raise typer.BadParameter("--disagreements lists what --check finds: give --check GOLD too")
    if item and not is_explained:
        raise typer.BadParameter("--item chooses what is explained: give --explain or --html FILE too")
    if out == "-" and (explain or check is not None):
        raise typer.BadParameter("--out - fills stdout, and so do --explain and --check: write the table to a file")
    for path in (out, disagreements):
        if path is not None:
            table_format(path)
    files = [str(path) for path in (out, html, disagreements) if path is not None]
    if len(set(files)) < len(files):
        raise ImrmlError(f"label: two options write the same file, {' and '.join(files)}; name different ones")
    table = read_table(items)
    require_columns(table, ["rationale", "decision"], "label")
    if is_explained:
        explain_labels(table, item or [], html, jobs, is_printed=explain)
    if out is None and check is None:
        return
    labelled = label(table, n_jobs=jobs)
    if out is not None:
        write_table(labelled, out)
        upheld = labelled[labelled["decision"] == "upheld"]
        n_labelled = sum(len(ids) > 0 for ids in upheld["deficiencies"])
        console.tell(f"{n_labelled:,} of {len(upheld):,} upheld items carry a deficiency, written to {out}")
    if check is not None:
        check_labels(labelled, check, disagreements)


def explain_labels(table: "pd.DataFrame", wanted: list[str], page: Path | None, jobs: int, *, is_printed: bool) -> None:
    """Show rationales with sentence roles and evidence, on the terminal or as a page."""
    from imrml.corpus import require_columns
    from imrml.errors import ImrmlError
    from imrml.labelling import label_items as label
    from imrml.labelling.explanation import explain_items, select_items, write_explanations

    require_columns(table, ["case_number", "item_number"], "label --explain")
    chosen = select_items(table, wanted) if wanted else table
    if is_printed:
        from rich.console import Console

        from imrml.cli.explanation import MAX_PRINTED, print_explanation

        if not wanted and len(chosen) > MAX_PRINTED:
            raise ImrmlError(
                f"label --explain: {len(chosen):,} items are too many to print; name some with --item CASE#N, or write all of "
                "them to a page with --html FILE"
            )
    labelled = label(chosen, n_jobs=jobs)
    if is_printed:
        stdout = Console(highlight=False)
        for explanation in explain_items(labelled):
            print_explanation(explanation, stdout)
    if page is not None:
        write_explanations(explain_items(labelled), len(labelled), page)
        console.tell(f"{len(labelled):,} items explained in {page}; it holds text of records")


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
