"""``imrml train``: fit, evaluate, log to MLflow."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import (
    ConfigOption,
    EngineOption,
    FoldJobsOption,
    MapOption,
    SetOption,
    folder_here,
)
from imrml.phrases import pluralize


def train_model(
    items: Annotated[str, typer.Argument(help="Item table, labelled or not; - for stdin.")],
    config: ConfigOption = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Gold labels (JSON Lines: item_id, deficiencies) instead of the table's."
        ),
    ] = None,
    map_: MapOption = None,
    set_: SetOption = None,
    out: Annotated[
        Path,
        typer.Option(
            parser=folder_here,
            metavar="<path>",
            help="Model folder to write; also holds metrics.json, report.html, card.md.",
        ),
    ] = Path("model"),
    out_of_fold: Annotated[
        str | None,
        typer.Option(help="Table to write, of held-out predictions of each split."),
    ] = None,
    jobs: FoldJobsOption = 1,
    engine: EngineOption = "local",
) -> None:
    """Fit a model, evaluate it on every split, write a report, log everything to MLflow."""
    from imrml.cli.printing.findings import format_failed, print_run
    from imrml.config import load_config
    from imrml.corpus.case_sample import read_sampled
    from imrml.errors import CheckFailedError
    from imrml.features.own_words import in_words_of
    from imrml.tables.files import read_table, table_format, write_table
    from imrml.tracking.trained import train
    from imrml.training.out_of_fold import list_out_of_fold

    if out_of_fold:
        table_format(out_of_fold)
    settings = load_config(config, set_ or [])
    gold = read_table(labels) if labels else None
    with console.report_steps() as report, console.tell_warnings():
        table = read_sampled(items, settings, map_ or (), report)
        result = train(table, settings, gold, out=out, n_jobs=jobs, engine=engine, report=report)
    if out_of_fold:
        with in_words_of(settings):
            write_table(list_out_of_fold(result.held_out), out_of_fold)
        console.tell(f"held-out predictions: {out_of_fold}")
    if result.precedents_path:
        console.tell(f"past items kept in {result.precedents_path}")
    console.tell(f"model and report: {out / 'report.html'}")
    if not result.manifest["data"]["n_labelled"]:
        console.tell(
            "no labels: the deficiency model is skipped; run `imrml label` first or give --labels"
        )
    if result.run:
        print_run(result.run)
    print(result.verdict.sentence)
    if result.leaks:
        raise CheckFailedError(
            f"train: {pluralize(len(result.leaks), 'check')} found leakage; "
            f"believe no figure of this run\n{format_failed(result.leaks)}"
        )
