"""``imrml synth``: an invented corpus with known truth."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console


def write_letters(
    n_letters: Annotated[int, typer.Option("--n-letters", min=1, help="How many letters.")],
    out: Annotated[Path, typer.Option(help="Folder for the letters.")],
    truth: Annotated[
        Path,
        typer.Option(
            help="Truth file to write (.jsonl or .parquet): fields, labels, true probabilities."
        ),
    ],
    seed: Annotated[
        int, typer.Option(min=0, help="Random seed; the same seed gives the same letters.")
    ] = 0,
    pdf: Annotated[bool, typer.Option("--pdf", help="All letters as PDF instead of text.")] = False,
    pdf_share: Annotated[float, typer.Option(min=0, max=1, help="Share of letters as PDF.")] = 0.0,
    damage_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of letters with extraction damage.")
    ] = 0.3,
) -> None:
    """Write synthetic letters whose true probabilities are known.

    For demos and benchmarks; never evidence of skill on real letters.
    """
    from imrml.synthetic import write_corpus

    summary = write_corpus(
        n_letters,
        seed,
        out,
        truth=truth,
        pdf_share=1.0 if pdf else pdf_share,
        damage_share=damage_share,
        show=lambda letters: console.show_progress(letters, n_letters, "inventing"),
    )
    console.tell(str(summary))
