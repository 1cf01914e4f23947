"""``imrml evaluate``: measure a model on cases that it never saw."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import MODEL_HELP, MapOption, TrustOption, folder_here
from imrml.phrases import pluralize


def evaluate_model(
    model: Annotated[str, typer.Argument(help=MODEL_HELP)],
    items: Annotated[
        str, typer.Argument(help="Item table with decisions, in one file or in parts.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            parser=folder_here,
            metavar="<path>",
            help="Folder for metrics.json, report.html and card.md.",
        ),
    ],
    labels: Annotated[
        str | None, typer.Option(help="Gold labels instead of the table's own.")
    ] = None,
    map_: MapOption = None,
    against: Annotated[
        str | None,
        typer.Option(help="Another model, compared by case on items that neither was trained on."),
    ] = None,
    trust: TrustOption = None,
) -> None:
    """Evaluate a model on new items; cases from its training are left out and counted."""
    from imrml.corpus.reading import read_item_table
    from imrml.tables.files import read_table
    from imrml.tracking.addresses import load_model
    from imrml.training.external import evaluate
    from imrml.training.measured import is_measured

    with console.tell_warnings():
        evaluation = evaluate(
            load_model(model, trusted=trust or ()),
            read_item_table(items, map_, is_measured) if map_ else items,
            labels=read_table(labels) if labels else None,
            against=load_model(against, trusted=trust or ()) if against else None,
            out=out,
        )
    left_out = pluralize(evaluation.n_left_out, "item")
    console.tell(f"{left_out} of cases that the model was trained on left out")
    console.tell(f"report: {out / 'report.html'}")
    print(evaluation.verdict.sentence)
