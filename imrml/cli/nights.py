"""``imrml nights``: what became of the last retrains."""

from typing import Annotated

import typer

from imrml.cli.console import console, print_rows


def list_last_nights(
    last: Annotated[int, typer.Option(min=1, help="Maximum number to list, newest first.")] = 20,
) -> None:
    """List the last retrains: when, how long, exit code, verdict, champion, why.

    A warning goes to stderr where the last that did not fail is older than config allows.
    """
    from imrml.retraining.nights import describe_silence, list_nights

    print_rows(list_nights(last))
    if silence := describe_silence():
        console.tell(f"warning: {silence}")
