"""``imrml explain``: one request in full; its text goes to stdout only."""

from typing import Annotated

import typer

from imrml.cli.score import MODEL_HELP, print_ignored_input


def explain_request(
    submissions: Annotated[
        str,
        typer.Argument(help="Submission table: treatment and whatever else is known; - for stdin."),
    ],
    model: Annotated[str, typer.Option(help=MODEL_HELP)],
    row: Annotated[int, typer.Option(min=1, help="Which row of the table, from 1.")] = 1,
    allow_demo: Annotated[
        bool, typer.Option("--allow-demo", help="Accept a model trained on invented data.")
    ] = False,
) -> None:
    """Explain one request: what moved its score, what it shows, what to send, past items."""
    from imrml.cli.printing.requests import print_explanation
    from imrml.errors import TableError
    from imrml.explaining.explanation import explain
    from imrml.explaining.precedents import open_precedents
    from imrml.submissions.requests import is_known_heading, sort_requests
    from imrml.tables.files import read_table
    from imrml.tracking.addresses import load_model

    loaded = load_model(model)
    table = read_table(submissions, is_known_heading)
    requests = sort_requests(
        table.iloc[row - 1 : row], loaded.manifest["stage"], loaded.model.programme
    )
    print_ignored_input(requests)
    if requests.refused:
        raise TableError(f"explain: row {row}: {requests.refused[0][1]}")
    if not requests.rows:
        raise TableError(f"explain: row {row} of {len(table):,}; there is none")
    explanation = explain(
        loaded, requests, allow_demo=allow_demo, precedents=open_precedents(loaded.manifest)
    )
    print_explanation(explanation)
