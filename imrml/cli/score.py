"""``imrml score``: submission table to prediction table."""

from typing import Annotated

import typer

from imrml.cli.console import (
    MAP_HELP,
    MODEL_HELP,
    EngineOption,
    ResumeParts,
    Trust,
    console,
    count_refused,
    require_jobs,
)
from imrml.phrases import pluralize


def score_requests(
    submissions: Annotated[
        str,
        typer.Argument(
            help="Submission table: treatment and whatever else is known; a file, a folder of "
            "Parquet parts, a glob, an address such as s3://; - for stdin. Or a filled form, a "
            "report or a mail, as `requests` reads it."
        ),
    ],
    model: Annotated[str, typer.Option(help=MODEL_HELP)],
    out: Annotated[
        str,
        typer.Option(
            help="Prediction table to write; NAME/ for a folder of Parquet parts; - for JSON Lines "
            "on stdout."
        ),
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
    jobs: Annotated[
        int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")
    ] = 1,
    engine: EngineOption = "local",
    resume: ResumeParts = False,
    trust: Trust = None,
) -> None:
    """Say of each request how likely the denial is to be overturned, and what to send."""
    from imrml.errors import TableError
    from imrml.scoring.in_words import DECISION_SUPPORT, P_MEANING
    from imrml.scoring.scored_table import score_to_table
    from imrml.tables.files import table_format
    from imrml.tracking.addresses import load_model

    table_format(out)
    loaded = load_model(model, trusted=trust or ())
    with console.tell_warnings() as refused:
        summary = score_to_table(
            loaded,
            submissions,
            out,
            headings=map_ or (),
            allow_demo=allow_demo,
            n_jobs=jobs,
            engine=engine,
            resume=resume,
            progress=lambda parts: console.show_progress(parts, None, "scoring parts"),
        )
    console.tell(summary.describe())
    console.tell(loaded.manifest["verdict"])
    console.tell(f"{P_MEANING}: {DECISION_SUPPORT}")
    if refused:
        n_refused = count_refused(refused)
        reasons = "\n  ".join(map(str, refused))
        raise TableError(f"score: {pluralize(n_refused, 'request')} refused\n  {reasons}")
