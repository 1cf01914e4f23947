"""``imrml runs``: compare tracked trainings, and deliver one that MLflow refused."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import print_rows
from imrml.cli.options import TrustOption

app = typer.Typer(help="Compare tracked training runs.", invoke_without_command=True)


@app.callback()
def list_trainings(
    context: typer.Context,
    experiment: Annotated[str, typer.Option(help="MLflow experiment.")] = "imrml",
    last: Annotated[int, typer.Option(min=1, help="Maximum number to list, newest first.")] = 20,
) -> None:
    """List the latest trainings with the figures of their headline split."""
    if context.invoked_subcommand:
        return
    from imrml.tracking.experiments import list_runs

    print_rows(list_runs(experiment, last))


@app.command()
def push(
    model: Annotated[Path, typer.Argument(help="Folder that `imrml train --out` wrote.")],
    trust: TrustOption = None,
) -> None:
    """Log a training that could not be logged to MLflow at the time."""
    from imrml.cli.printing.findings import print_run
    from imrml.models.trust import trusting
    from imrml.tracking.runs import log_training

    with trusting(trust or ()):
        print_run(log_training(model))
