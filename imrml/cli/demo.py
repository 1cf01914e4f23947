"""``imrml demo``: the whole line on an invented corpus."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import JobsOption


def run_demo(
    out: Annotated[
        Path,
        typer.Option(help="Output folder; earlier demo output is replaced."),
    ] = Path("demo"),
    n_letters: Annotated[
        int, typer.Option("--n-letters", min=200, help="Number of letters to generate.")
    ] = 3000,
    seed: Annotated[
        int, typer.Option(min=0, help="Random seed; the same seed gives the same letters.")
    ] = 0,
    jobs: JobsOption = -1,
) -> None:
    """Generate letters; parse, label, train, evaluate; score ten new requests."""
    from imrml.cli.printing.demo import print_demo
    from imrml.demo import run_demo as run

    print_demo(
        run(
            out,
            n_letters,
            seed,
            jobs,
            report=console.tell,
            show=console.show_progress,
        )
    )
