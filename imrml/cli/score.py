"""``imrml score``: submission table to prediction table."""

from typing import Annotated

import typer

from imrml.cli.console import MAP_HELP, MODEL_HELP, Trust, console, count_refused
from imrml.phrases import pluralize


def score_requests(
    submissions: Annotated[
        str,
        typer.Argument(
            help="Submission table: treatment and whatever else is known; - for stdin. Or a filled "
            "form, a report or a mail, as `requests` reads it."
        ),
    ],
    model: Annotated[str, typer.Option(help=MODEL_HELP)],
    out: Annotated[
        str, typer.Option(help="Prediction table to write; - for JSON Lines on stdout.")
    ],
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="HEADING=COLUMN", help=MAP_HELP)
    ] = None,
    allow_demo: Annotated[
        bool,
        typer.Option(
            "--allow-demo",
            envvar="IMRML_ALLOW_DEMO",
            show_envvar=True,
            help="Accept a model trained on invented data.",
        ),
    ] = False,
    trust: Trust = None,
) -> None:
    """Say of each request how likely the denial is to be overturned, and what to send."""
    from imrml.errors import TableError
    from imrml.scoring.in_words import DECISION_SUPPORT, P_MEANING
    from imrml.scoring.prediction import score
    from imrml.scoring.request_files import read_requests
    from imrml.tables.files import table_format, write_table
    from imrml.tracking.addresses import load_model

    table_format(out)
    loaded = load_model(model, trusted=trust or ())
    with console.tell_warnings() as refused:
        requests = read_requests(submissions, headings=map_ or (), isolate=True)
        predictions = score(loaded, requests, allow_demo=allow_demo)
    write_table(predictions, out)
    n_abstained = int((predictions["predicted"] == "abstain").sum())
    n_scored = len(predictions) - n_abstained
    console.tell(
        f"{pluralize(n_scored, 'item')} of {pluralize(len(requests), 'request')} scored, "
        f"{n_abstained:,} abstained, written to {out}"
    )
    console.tell(loaded.manifest["verdict"])
    console.tell(f"{P_MEANING}: {DECISION_SUPPORT}")
    if refused:
        n_refused = count_refused(refused)
        reasons = "\n  ".join(map(str, refused))
        raise TableError(f"score: {pluralize(n_refused, 'request')} refused\n  {reasons}")
