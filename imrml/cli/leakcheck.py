"""``imrml leakcheck``: fire where features could know the decision."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console, require_jobs


def check_leaks(
    items: Annotated[str, typer.Argument(help="Item table with decisions; - for stdin.")],
    config: Annotated[
        Path | None,
        typer.Option(
            help="Config file, laid over the defaults; without it, the given model's own."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Model folder, or models:/NAME@ALIAS: its features are looked at."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override one setting: a.b=c. May be repeated."),
    ] = None,
    jobs: Annotated[
        int, typer.Option(callback=require_jobs, help="Processes that fit folds side by side.")
    ] = 1,
) -> None:
    """Run every check for leakage; exit code 4 where one finds something. Rows, columns and features are named, never text."""
    from imrml.cli.score import open_model
    from imrml.config import Config, load_config
    from imrml.errors import CheckFailedError
    from imrml.tables.files import read_table
    from imrml.training.leakcheck import check_leaks as run

    loaded = open_model(model) if model else None
    own = (
        Config.model_validate(loaded.manifest["config"])
        if loaded and not (config or set_)
        else None
    )
    settings = own or load_config(config, set_ or [])
    with console.report_steps() as report:
        found = run(read_table(items), settings, loaded.model if loaded else None, jobs, report)
    for check in found:
        print(f"{check.status.replace('_', ' '):15}{check.code:29}{check.detail}")
        for finding in check.findings:
            print(f"{'':15}  {finding}")
    failed = [check.code for check in found if check.status == "failed"]
    if failed:
        raise CheckFailedError(
            f"leakcheck: {len(failed)} of {len(found)} checks found something: {', '.join(failed)}"
        )
