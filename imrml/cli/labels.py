"""``imrml labels``: labels explained, checked, reported on, given by hand, learned from."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import JobsOption, folder_here
from imrml.phrases import pluralize

app = typer.Typer(
    help="Explain, check, summarize, annotate and learn deficiency labels.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_Items = Annotated[str, typer.Argument(help="Item table with rationale and decision; - for stdin.")]
_Item = Annotated[
    list[str] | None, typer.Option(metavar="CASE#N", help="Item, or case. May be repeated.")
]
_NEEDED = ["case_number", "item_number", "rationale", "decision"]


@app.command("explain")
def explain_labels(
    items: _Items,
    item: _Item = None,
    html: Annotated[
        Path | None, typer.Option(help="Write an HTML page instead, for any number of items.")
    ] = None,
    jobs: JobsOption = 1,
) -> None:
    """Print rationales with the role of each sentence and the evidence of each label."""
    from imrml.cli.printing.rationales import MAX_PRINTED, print_traces
    from imrml.corpus.item_table import require_columns
    from imrml.errors import ImrmlError
    from imrml.labelling.explanation import trace_labels, write_traces
    from imrml.tables.files import read_table

    table = read_table(items)
    require_columns(table, _NEEDED, "labels explain", takes_map=False)
    if html is None and not item and len(table) > MAX_PRINTED:
        raise ImrmlError(
            f"labels explain: {len(table):,} items are too many to print; name some with "
            "--item CASE#N, or write all of them to a page with --html FILE"
        )
    traces = trace_labels(table, item or [], n_jobs=jobs)
    if html is None:
        print_traces(traces)
        return
    write_traces(traces, html)
    console.tell(f"{pluralize(len(traces), 'item')} explained in {html}; it holds text of records")


@app.command("check")
def check_labels(
    items: _Items,
    gold: Annotated[Path, typer.Option(help="Gold labels (item_id, deficiencies).")],
    disagreements: Annotated[
        Path | None, typer.Option(help="Table to write, of labels that only one of the two gave.")
    ] = None,
    jobs: JobsOption = 1,
) -> None:
    """Measure the agreement of the labels with gold labels."""
    from imrml.cli.printing.agreement import print_agreement
    from imrml.corpus.item_table import require_columns
    from imrml.labelling.agreement import check_labels as check
    from imrml.tables.files import read_table, table_format, write_table

    if disagreements is not None:
        table_format(disagreements)
    table = read_table(items)
    require_columns(table, _NEEDED, "labels check", takes_map=False)
    agreement = check(table, gold, n_jobs=jobs)
    figures, listed = agreement.figures, agreement.disagreements
    print_agreement(figures)
    if figures["n_absent"]:
        console.tell(
            f"{figures['n_absent']:,} of {figures['n_items']:,} gold items have no row in the "
            "table: their labels count as missed"
        )
    if disagreements is not None:
        write_table(listed, disagreements)
        console.tell(
            f"{pluralize(len(listed), 'label')} that only one side gave, written to {disagreements}"
        )


@app.command("report")
def report_labels(
    items: _Items,
    out: Annotated[
        Path,
        typer.Option(
            parser=folder_here, metavar="<path>", help="Folder for report.html and figures.json."
        ),
    ],
    jobs: JobsOption = 1,
) -> None:
    """Report deficiencies by treatment category, year and guideline."""
    from imrml.corpus.item_table import require_columns
    from imrml.labelling.corpus_report import report_labels as report
    from imrml.tables.files import read_table

    table = read_table(items)
    require_columns(
        table, ["case_number", "rationale", "decision"], "labels report", takes_map=False
    )
    console.tell(f"report: {report(table, out, n_jobs=jobs)}")


@app.command("annotate")
def annotate_labels(
    items: Annotated[str, typer.Argument(help="Item table with rationale and decision, a file.")],
    gold: Annotated[Path, typer.Option(help="Gold labels (.jsonl) that answers are added to.")],
    item: _Item = None,
) -> None:
    """Annotate upheld items that have no gold labels yet, one at a time.

    Those come first that teach most: rare deficiencies, wordings that no cue reads, and labels that
    the cues and a model fitted to the answers so far dispute. Named items keep the table's order.
    """
    from imrml.cli.printing.annotation import TerminalAnnotator
    from imrml.corpus.item_table import require_columns
    from imrml.labelling.annotation import annotate_items
    from imrml.tables.files import read_table

    if items == "-":
        raise typer.BadParameter("labels annotate is a conversation: give it a table from a file")
    table = read_table(items)
    require_columns(table, _NEEDED, "labels annotate", takes_map=False)
    result = annotate_items(table, gold, TerminalAnnotator(), item or [], report=console.tell)
    console.tell(f"{result.n_answered:,} answered, {result.n_left:,} left; answers are in {gold}")


@app.command("learn")
def learn_labels(
    items: _Items,
    gold: Annotated[Path, typer.Option(help="Gold labels (item_id, deficiencies, evidence).")],
    out: Annotated[Path, typer.Option(help="File to write (.npz), for `labelling.labeller`.")],
) -> None:
    """Fit a correction of the cues to your gold labels; kept only where it improves."""
    from imrml.cli.printing.learning import print_learning
    from imrml.corpus.item_table import require_columns
    from imrml.labelling.gold import parse_gold_items
    from imrml.labelling.learned import write_learned
    from imrml.labelling.learning import fit_learned
    from imrml.private_files import write_private
    from imrml.tables.files import read_table

    if out.suffix != ".npz":
        raise typer.BadParameter(f"{out}: expected a name that ends with .npz")
    table = read_table(items)
    require_columns(table, _NEEDED, "labels learn", takes_map=False)
    result = fit_learned(table, parse_gold_items(read_table(gold), str(gold)))
    print_learning(result)
    if not result.is_better:
        console.tell(
            "nothing written: the gain may be chance. Label more items, of other cases, and "
            "try again"
        )
        return
    write_private(out, lambda path: write_learned(result.learned, path))
    console.tell(f"written to {out}; name it in config, or: --set labelling.labeller={out}")
