"""``imrml retrain``: challenger against champion, for cron."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.console import console
from imrml.cli.options import JobsOption


def retrain_model(
    config: Annotated[
        Path, typer.Option(help="Config file with the recipe, the drop folder and the gate.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compare and report only; log and promote nothing.")
    ] = False,
    backfill: Annotated[
        bool,
        typer.Option("--backfill", help="Also learn from late cases of the champion's period."),
    ] = False,
    jobs: JobsOption = 1,
) -> None:
    """Read new letters, train a challenger, and promote it if it passes the gate.

    Exit 0: promoted. Exit 3: nothing new. Exit 5: champion kept. Exit 1: failed, and nothing
    was moved.
    """
    from imrml.cli.printing.findings import print_gates
    from imrml.config import load_config
    from imrml.errors import ChampionKeptError, NothingChangedError
    from imrml.retraining.nights import run_night
    from imrml.retraining.outcome import KEPT, NOTHING_NEW
    from imrml.retraining.report import write_verdict

    settings = load_config(config)
    with console.report_steps() as report, console.tell_warnings():
        outcome = run_night(
            settings,
            jobs,
            report,
            is_dry_run=dry_run,
            is_backfill=backfill,
            run_id=console.run_id,
        )
    if outcome.is_untouched:
        raise NothingChangedError(f"retrain: {outcome.why}")
    try:
        message = f"report: {write_verdict(outcome, is_dry_run=dry_run)}"
    except OSError as error:  # what was decided is done, and the exit code must say what
        message = f"the report could not be written ({error.strerror}): make room on the disk"
    print_gates(outcome.gates)
    console.tell(message)
    if outcome.verdict == NOTHING_NEW:
        raise NothingChangedError(f"retrain: {outcome.verdict}: {outcome.why}")
    if outcome.verdict == KEPT:
        raise ChampionKeptError(f"retrain: {outcome.verdict}: {outcome.why}")
    print(f"promoted: {outcome.why}" + (" (dry run: nothing was moved)" if dry_run else ""))
