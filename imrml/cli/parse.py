"""``imrml parse``: letters to an item table."""

from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import EngineOption, JobsOption, LimitsOption
from imrml.phrases import pluralize


def parse_letters(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Letters: files, folders, globs, archives (.zip, .tar, .tar.gz); - for stdin.",
            metavar="PATH...",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="Item table to write: .parquet, .jsonl or .csv, here or at an address such as "
            "s3://; NAME/ for a folder of Parquet parts; - for JSON Lines on stdout."
        ),
    ],
    failures: Annotated[
        str | None,
        typer.Option(help="Table of letters that could not be read. [default: OUT.failures.jsonl]"),
    ] = None,
    jobs: JobsOption = 1,
    engine: EngineOption = "local",
    submissions_only: Annotated[
        bool,
        typer.Option(
            "--submissions-only",
            help="Write a submission table for `score`: columns known before the review, "
            "without what the reviewer judged.",
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Keep what OUT or an interrupted run holds; read what is new or failed.",
        ),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 4 if any letter could not be read.")
    ] = False,
    config: LimitsOption = None,
) -> None:
    """Parse letters into a table with one row per disputed item.

    What cannot be read goes to the failures file.
    """
    from imrml.config import load_config
    from imrml.corpus.parsed_table import parse_to_table
    from imrml.errors import CheckFailedError

    summary = parse_to_table(
        paths,
        out,
        load_config(config),
        failures=failures,
        n_jobs=jobs,
        engine=engine,
        resume=resume,
        submissions_only=submissions_only,
        report=console.tell,
        progress=lambda letters: console.show_progress(letters, None, "parsing"),
    )
    console.tell(summary.describe())
    if strict and summary.reasons:
        n_failures = pluralize(sum(summary.reasons.values()), "letter")
        raise CheckFailedError(
            f"parse --strict: {n_failures} could not be read; {summary.failures} says why"
        )
