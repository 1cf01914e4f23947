"""``imrml score``: submission table to prediction table."""

from typing import Annotated

import typer

from imrml.cli.console import console, count_refused
from imrml.cli.options import (
    MODEL_HELP,
    AllowDemoOption,
    EngineOption,
    JobsOption,
    MapOption,
    ResumeOption,
    TrustOption,
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
    map_: MapOption = None,
    allow_demo: AllowDemoOption = False,
    jobs: JobsOption = 1,
    engine: EngineOption = "local",
    resume: ResumeOption = False,
    trust: TrustOption = None,
) -> None:
    """Score each request: how likely the denial is to be overturned, and what to send."""
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
