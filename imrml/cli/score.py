"""``imrml score``: submission table to prediction table."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imrml.cli.console import console
from imrml.phrases import pluralize

if TYPE_CHECKING:
    from imrml.models import LoadedModel
    from imrml.submissions.requests import Requests

_REGISTRY = ("models:/", "runs:/")
MODEL_HELP = "Model folder, bundle (.zip), or models:/NAME@ALIAS."


def score_requests(
    submissions: Annotated[
        str,
        typer.Argument(help="Submission table: treatment and whatever else is known; - for stdin."),
    ],
    model: Annotated[str, typer.Option(help=MODEL_HELP)],
    out: Annotated[
        str, typer.Option(help="Prediction table to write; - for JSON Lines on stdout.")
    ],
    allow_demo: Annotated[
        bool, typer.Option("--allow-demo", help="Accept a model trained on invented data.")
    ] = False,
) -> None:
    """Say for each request how likely the denial is to be overturned, what would be faulted, and what to send."""
    from imrml.errors import TableError
    from imrml.scoring.in_words import DECISION_SUPPORT, P_MEANING
    from imrml.scoring.prediction import make_prediction_table, score_columns
    from imrml.submissions.requests import is_known_heading, sort_requests
    from imrml.tables.files import read_table, table_format, write_table

    table_format(out)
    loaded = open_model(model)
    table = read_table(submissions, is_known_heading)
    requests = sort_requests(table, loaded.manifest["stage"], loaded.model.profile)
    predictions = make_prediction_table(score_columns(loaded, requests, allow_demo=allow_demo))
    write_table(predictions, out)
    print_ignored_input(requests)
    n_abstained = int((predictions["predicted"] == "abstain").sum())
    n_scored = len(predictions) - n_abstained
    console.tell(
        f"{n_scored:,} of {pluralize(len(table), 'request')} scored, {n_abstained:,} abstained, written to {out}"
    )
    console.tell(loaded.manifest["verdict"])
    console.tell(f"{P_MEANING}: {DECISION_SUPPORT}")
    if requests.refused:
        told = "\n".join(f"  row {number}: {why}" for number, why in requests.refused)
        raise TableError(f"score: {pluralize(len(requests.refused), 'request')} refused\n{told}")


def print_ignored_input(requests: "Requests") -> None:
    """Say on stderr which columns and cells of a table were passed over."""
    from imrml.scoring.in_words import describe_ignored_input

    for sentence in describe_ignored_input(requests):
        console.tell(sentence)


def open_model(where: str) -> "LoadedModel":
    """Load a model from a folder, a bundle or the registry."""
    if where.startswith(_REGISTRY):
        from imrml.tracking import load_registered

        return load_registered(where)
    from imrml.models import load_model

    return load_model(Path(where))


@contextmanager
def model_folder(where: str) -> Iterator[Path]:
    """Find a model's folder or bundle; one of the registry is fetched, and its copy removed at the end."""
    if not where.startswith(_REGISTRY):
        yield Path(where)
        return
    from imrml.tracking import fetch_model

    with tempfile.TemporaryDirectory() as temporary:
        yield fetch_model(where, Path(temporary))
