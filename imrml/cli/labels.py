"""``imrml labels``: labels explained, checked against gold labels, reported on, given by hand."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console, require_jobs
from imrml.phrases import pluralize

app = typer.Typer(
    help="Explain, check and report on labels, or give them by hand.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_Items = Annotated[str, typer.Argument(help="Item table with rationale and decision; - for stdin.")]
_Item = Annotated[
    list[str] | None, typer.Option(metavar="CASE#N", help="Item, or case. May be repeated.")
]
_Jobs = Annotated[
    int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")
]
_NEEDED = ["case_number", "item_number", "rationale", "decision"]


@app.command("explain")
def explain_labels(
    items: _Items,
    item: _Item = None,
    html: Annotated[
        Path | None, typer.Option(help="Write a page, of any number of items, instead.")
    ] = None,
    jobs: _Jobs = 1,
) -> None:
    """Print rationales with the role of each sentence and the evidence of each label."""
    from imrml.cli.printing.rationales import MAX_PRINTED, print_traces
    from imrml.corpus import require_columns
    from imrml.errors import ImrmlError
    from imrml.labelling.explanation import explain_items, select_items, write_explanations
    from imrml.labelling.table import label_items
    from imrml.tables.files import read_table

    table = read_table(items)
    require_columns(table, _NEEDED, "labels explain")
    chosen = select_items(table, item or [])
    if html is None and not item and len(chosen) > MAX_PRINTED:
        raise ImrmlError(
            f"labels explain: {len(chosen):,} items are too many to print; name some with "
            "--item CASE#N, or write all of them to a page with --html FILE"
        )
    traces = explain_items(label_items(chosen, n_jobs=jobs))
    if html is None:
        print_traces(traces)
        return
    write_explanations(traces, len(chosen), html)
    console.tell(f"{pluralize(len(chosen), 'item')} explained in {html}; it holds text of records")


@app.command("check")
def check_labels(
    items: _Items,
    gold: Annotated[Path, typer.Option(help="Gold labels (item_id, deficiencies).")],
    disagreements: Annotated[
        Path | None, typer.Option(help="Table to write of the labels that only one side gave.")
    ] = None,
    jobs: _Jobs = 1,
) -> None:
    """Print how far our labels agree with gold labels."""
    from imrml.cli.printing.agreement import print_agreement
    from imrml.config import load_config
    from imrml.corpus import require_columns
    from imrml.labelling.agreement import list_disagreements, measure_agreement
    from imrml.labelling.gold import read_gold_items
    from imrml.labelling.table import label_items
    from imrml.tables.files import read_table, table_format, write_table

    if disagreements is not None:
        table_format(disagreements)
    table = read_table(items)
    require_columns(table, _NEEDED, "labels check")
    gold_items = read_gold_items(read_table(gold), str(gold))
    labelled = label_items(table, n_jobs=jobs)
    config = load_config()
    agreement = measure_agreement(
        labelled,
        gold_items,
        config.evaluation.n_bootstrap,
        config.seed,
        config.evaluation.interval_level,
    )
    print_agreement(agreement)
    if agreement["n_absent"]:
        console.tell(
            f"{agreement['n_absent']:,} of {agreement['n_items']:,} gold items have no row in the "
            "table: their labels count as missed"
        )
    if disagreements is not None:
        listed = list_disagreements(labelled, gold_items)
        write_table(listed, disagreements)
        console.tell(
            f"{pluralize(len(listed), 'label')} that only one side gave, written to {disagreements}"
        )


@app.command("report")
def report_labels(
    items: _Items,
    out: Annotated[Path, typer.Option(help="Folder for report.html and report.json.")],
    jobs: _Jobs = 1,
) -> None:
    """Report what reviewers fault, by treatment category, year and guideline."""
    from imrml.config import load_config
    from imrml.corpus import require_columns
    from imrml.labelling.corpus_report import write_corpus_report
    from imrml.labelling.table import label_items
    from imrml.tables.files import read_table

    table = read_table(items)
    require_columns(table, ["case_number", "rationale", "decision"], "labels report")
    labelled = label_items(table, n_jobs=jobs)
    write_corpus_report(out, labelled, load_config().evaluation.interval_level)
    console.tell(f"report: {out / 'report.html'}")


@app.command("annotate")
def annotate_labels(
    items: Annotated[str, typer.Argument(help="Item table with rationale and decision, a file.")],
    gold: Annotated[Path, typer.Option(help="Gold labels (.jsonl) that answers are added to.")],
    item: _Item = None,
) -> None:
    """Ask for the labels of upheld items, one by one, that the gold labels do not hold yet."""
    from rich.console import Console

    from imrml.cli.printing.annotation import TerminalScreen
    from imrml.corpus import require_columns
    from imrml.labelling.conversation import annotate_items, find_unanswered
    from imrml.tables.files import read_table

    if items == "-":
        raise typer.BadParameter("labels annotate is a conversation: give it a table from a file")
    table = read_table(items)
    require_columns(table, _NEEDED, "labels annotate")
    unanswered, n_to_label = find_unanswered(table, item or [], gold)
    console.tell(
        f"{len(unanswered):,} of {n_to_label:,} upheld items with a rationale are left to label"
    )
    screen = TerminalScreen(input, Console(highlight=False))
    n_answered = annotate_items(unanswered, gold, screen)
    console.tell(
        f"{n_answered:,} answered, {len(unanswered) - n_answered:,} left; answers are in {gold}"
    )
