"""``imrml compare``: recipes side by side on the same held-out cases."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import MapOption


def compare_configs(
    items: Annotated[str, typer.Argument(help="Item table with decisions; - for stdin.")],
    config: Annotated[
        list[Path] | None,
        typer.Option(help="Config file to compare; overrides the defaults. May be repeated."),
    ] = None,
    kinds: Annotated[
        str,
        typer.Option(
            help="Outcome models to compare, separated by commas, or all; uses the first config."
        ),
    ] = "",
    labels: Annotated[
        str | None, typer.Option(help="Gold labels instead of the table's own.")
    ] = None,
    map_: MapOption = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override one setting in every config: a.b=c. May be repeated."),
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="Table to write, of all figures with their intervals.")
    ] = None,
) -> None:
    """Fit several configs on the same folds and rank them by held-out log loss."""
    from imrml.cli.printing.comparison import print_comparison
    from imrml.corpus.reading import read_item_table
    from imrml.tables.files import read_table, table_format, write_table
    from imrml.tracking.compared import log_comparison
    from imrml.training.comparing import compare_recipes, load_recipes

    if out:
        table_format(out)  # a wrong ending is told before the fits
    recipes = load_recipes(config or [], set_ or [], kinds)
    gold = read_table(labels) if labels else None
    with console.report_steps() as report, console.tell_warnings():
        table = compare_recipes(read_item_table(items, map_ or ()), recipes, gold, report=report)
    if out:
        write_table(table, out)
    print_comparison(table)
    run_id = log_comparison(table, recipes)
    if run_id:
        console.tell(f"MLflow run {run_id}")
