"""``imrml explain``: one request in full; its text goes to stdout only."""

from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import MODEL_HELP, AllowDemoOption, MapOption, TrustOption


def explain_request(
    submissions: Annotated[
        str,
        typer.Argument(
            help="Submission table: treatment and whatever else is known; - for stdin. Or a filled "
            "form, a report or an email, as `requests` reads it."
        ),
    ],
    model: Annotated[str, typer.Option(help=MODEL_HELP)],
    row: Annotated[int, typer.Option(min=1, help="Which row of the table, from 1.")] = 1,
    map_: MapOption = None,
    allow_demo: AllowDemoOption = False,
    trust: TrustOption = None,
) -> None:
    """Explain one request: what moved its score, what it shows, what to send."""
    from imrml.cli.printing.requests import print_explanation
    from imrml.explaining.explainer import explain
    from imrml.explaining.precedents import open_precedents
    from imrml.scoring.request_files import read_requests
    from imrml.tracking.addresses import load_model

    loaded = load_model(model, trusted=trust or ())
    with console.tell_warnings():
        table = read_requests(submissions, headings=map_ or (), isolate=True)
        explanation = explain(
            loaded,
            table,
            row,
            allow_demo=allow_demo,
            past_items=open_precedents(loaded.manifest),
        )
    with loaded.model.in_own_words():
        print_explanation(explanation)
