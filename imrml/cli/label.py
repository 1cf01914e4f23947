"""``imrml label``: add deficiencies and evidence to an item table; explain, check, report on and annotate them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imrml.cli.console import console, require_jobs
from imrml.phrases import pluralize

if TYPE_CHECKING:
    import pandas as pd


def label_items(
    items: Annotated[
        str, typer.Argument(help="Item table with rationale and decision; - for stdin.")
    ],
    out: Annotated[
        str | None, typer.Option(help="Item table to write, with deficiencies and evidence.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print rationales with sentence roles and evidence.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(help="Write what --explain prints as a page, of any number of items."),
    ] = None,
    item: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CASE#N", help="Item (or case) to explain or annotate. May be repeated."
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(metavar="GOLD", help="Compare with gold labels (item_id, deficiencies)."),
    ] = None,
    disagreements: Annotated[
        Path | None, typer.Option(help="With --check: table of the labels that only one side gave.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Report on the corpus: what reviewers fault, where."),
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(
            metavar="GOLD",
            help="Label upheld items by hand, one by one, into a file of gold labels.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")
    ] = 1,
) -> None:
    """Label each upheld item with the deficiencies that the reviewer cites, with the words that say so."""
    from imrml.corpus import require_columns
    from imrml.labelling import label_items as label
    from imrml.tables.files import read_table, table_format, write_table

    require_sense(
        items, out, check, disagreements, report, annotate, item or [], html, is_printed=explain
    )
    for path in (out, disagreements):
        if path is not None:
            table_format(path)
    table = read_table(items)
    require_columns(table, ["rationale", "decision"], "label")
    if annotate is not None:
        annotate_labels(table, item or [], annotate)
    if explain or html is not None:
        explain_labels(table, item or [], html, jobs, is_printed=explain)
    if out is None and check is None and report is None:
        return
    labelled = label(table, n_jobs=jobs)
    if out is not None:
        write_table(labelled, out)
        upheld = labelled[labelled["decision"] == "upheld"]
        n_labelled = sum(len(ids) > 0 for ids in upheld["deficiencies"])
        console.tell(
            f"{n_labelled:,} of {pluralize(len(upheld), 'upheld item')} with a deficiency, written to {out}"
        )
    if check is not None:
        check_labels(labelled, check, disagreements)
    if report is not None:
        report_corpus(labelled, report)


def require_sense(
    items: str,
    out: str | None,
    check: Path | None,
    disagreements: Path | None,
    report: Path | None,
    annotate: Path | None,
    wanted: list[str],
    page: Path | None,
    *,
    is_printed: bool,
) -> None:
    """Refuse options that do nothing, contradict each other, or write the same file."""
    is_explained = is_printed or page is not None
    has_output = is_explained or any(output is not None for output in (out, check, report))
    files = [str(path) for path in (out, page, disagreements) if path is not None]
    refusals = {
        "nothing to do: give one or more of --out, --explain, --html, --check, --report, or --annotate": not has_output
        and annotate is None,
        "--annotate is a conversation: give it a table from a file, and no other output": annotate
        is not None
        and (has_output or items == "-"),
        "--disagreements lists what --check finds: give --check GOLD too": disagreements is not None
        and check is None,
        "--item chooses what is explained or annotated: give --explain, --html or --annotate too": bool(
            wanted
        )
        and not is_explained
        and annotate is None,
        "--out - fills stdout, and so do --explain and --check: write the table to a file": out
        == "-"
        and (is_printed or check is not None),
        f"two options write the same file ({', '.join(files)}): name different ones": len(
            set(files)
        )
        < len(files),
    }
    for why, is_refused in refusals.items():
        if is_refused:
            raise typer.BadParameter(why)


def explain_labels(
    table: "pd.DataFrame", wanted: list[str], page: Path | None, jobs: int, *, is_printed: bool
) -> None:
    """Show rationales with sentence roles and evidence, on the terminal or as a page."""
    from imrml.corpus import require_columns
    from imrml.errors import ImrmlError
    from imrml.labelling.explanation import trace_labels, write_traces

    require_columns(table, ["case_number", "item_number"], "label --explain")
    if is_printed:
        from rich.console import Console

        from imrml.cli.explanation import MAX_PRINTED, print_explanation

        if not wanted and len(table) > MAX_PRINTED:
            raise ImrmlError(
                f"label --explain: {len(table):,} items are too many to print; name some with --item CASE#N, or write all of "
                "them to a page with --html FILE"
            )
    traces = trace_labels(table, wanted, n_jobs=jobs)
    if is_printed:
        stdout = Console(highlight=False)
        for trace in traces:
            print_explanation(trace, stdout)
    if page is not None:
        write_traces(traces, page)
        console.tell(
            f"{pluralize(len(traces), 'item')} explained in {page}; it holds text of records"
        )


def annotate_labels(table: "pd.DataFrame", wanted: list[str], file: Path) -> None:
    """Ask a person for the labels of upheld items that a file of gold labels does not hold yet."""
    from rich.console import Console

    from imrml.cli.annotation import TerminalAnnotator
    from imrml.corpus import require_columns
    from imrml.labelling.annotation import annotate_items

    require_columns(table, ["case_number", "item_number"], "label --annotate")
    annotator = TerminalAnnotator(Console(highlight=False))
    result = annotate_items(table, file, annotator, wanted, report=console.tell)
    console.tell(f"{result.n_answered:,} answered, {result.n_left:,} left; answers are in {file}")


def check_labels(labelled: "pd.DataFrame", gold_file: Path, disagreements: Path | None) -> None:
    """Print how far labels agree with gold labels; write the list of those that only one side gave."""
    from imrml.cli.agreement import agreement_lines
    from imrml.config import load_config
    from imrml.corpus import require_columns
    from imrml.labelling.agreement import list_disagreements, measure_agreement
    from imrml.labelling.gold import parse_gold_items
    from imrml.tables.files import read_table, write_table

    require_columns(labelled, ["case_number", "item_number"], "label --check")
    gold = parse_gold_items(read_table(gold_file), str(gold_file))
    settings = load_config()
    found = measure_agreement(
        labelled,
        gold,
        settings.evaluation.n_bootstrap,
        settings.seed,
        settings.evaluation.interval_level,
    )
    print("\n".join(agreement_lines(found)))
    if found["n_absent"]:
        console.tell(
            f"{found['n_absent']:,} of {found['n_items']:,} gold items have no row in the table: their labels count as missed"
        )
    if disagreements is not None:
        listed = list_disagreements(labelled, gold)
        write_table(listed, disagreements)
        console.tell(
            f"{pluralize(len(listed), 'label')} that only one side gave, written to {disagreements}"
        )


def report_corpus(labelled: "pd.DataFrame", folder: Path) -> None:
    """Write what reviewers fault, by treatment category, year and guideline."""
    from imrml.config import load_config
    from imrml.corpus import require_columns
    from imrml.labelling.corpus_report import write_corpus_report

    require_columns(labelled, ["case_number"], "label --report")
    write_corpus_report(folder, labelled, load_config().evaluation.interval_level)
    console.tell(f"report: {folder / 'report.html'}")
