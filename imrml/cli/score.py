"""``imrml score``: submission table to prediction table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imrml.cli.console import console

if TYPE_CHECKING:
    from imrml.models import LoadedModel
    from imrml.submissions import Requests


def score_requests(
    submissions: Annotated[str, typer.Argument(help="Submission table: treatment and whatever else is known; - for stdin.")],
    model: Annotated[str, typer.Option(help="Model folder, or models:/NAME@ALIAS.")],
    out: Annotated[str, typer.Option(help="Prediction table to write; - for JSON Lines on stdout.")],
    allow_demo: Annotated[bool, typer.Option("--allow-demo", help="Accept a model trained on invented data.")] = False,
) -> None:
    """Say for each request how likely the denial is to be overturned, what would be faulted, and what to send."""
    from imrml.errors import TableError
    from imrml.scoring import DECISION_SUPPORT, P_MEANING, score
    from imrml.submissions import sort_requests
    from imrml.tables import read_table, table_format, write_table

    table_format(out)
    loaded = open_model(model)
    table = read_table(submissions)
    requests = sort_requests(table, loaded.manifest["stage"], loaded.model.profile)
    predictions = score(loaded, requests, allow_demo=allow_demo)
    write_table(predictions, out)
    _tell_passed_over(requests)
    n_abstained = int((predictions["predicted"] == "abstain").sum())
    console.tell(
        f"{len(predictions) - n_abstained:,} of {len(table):,} requests scored, {n_abstained:,} abstained, written to {out}"
    )
    console.tell(loaded.manifest["verdict"])
    console.tell(f"{P_MEANING}: {DECISION_SUPPORT}")
    if requests.refused:
        told = "\n".join(f"  row {number}: {why}" for number, why in requests.refused)
        raise TableError(f"score: {len(requests.refused):,} requests refused\n{told}")


def _tell_passed_over(requests: "Requests") -> None:
    if requests.unknown_columns:
        console.tell(f"columns passed over because nobody knows them: {', '.join(requests.unknown_columns)}")
    if requests.late_columns:
        console.tell(f"columns passed over because they become known after the model's stage: {', '.join(requests.late_columns)}")
    if requests.unread:
        told = ", ".join(f"row {number} {column}" for number, column in requests.unread)
        console.tell(f"left empty, for want of a date (YYYY-MM-DD or MM/DD/YYYY) or an age (0 to 120): {told}")


def open_model(where: str) -> "LoadedModel":
    """Load a model from a folder or from the registry."""
    from imrml.models import load_model

    if where.startswith(("models:/", "runs:/")):
        from imrml.tracking import load_registered

        return load_registered(where)
    return load_model(Path(where))
