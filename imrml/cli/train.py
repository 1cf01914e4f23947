"""``imrml train``: fit, evaluate, log to MLflow."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imrml.cli.console import console, require_jobs
from imrml.cli.runs import tell_run
from imrml.phrases import pluralize

if TYPE_CHECKING:
    from imrml.config import Config
    from imrml.tracking import LoggedRun
    from imrml.training.run import TrainingResult


def train_model(
    items: Annotated[str, typer.Argument(help="Item table, labelled or not; - for stdin.")],
    config: Annotated[
        Path | None, typer.Option(help="Config file, laid over the defaults.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Gold labels (JSON Lines: item_id, deficiencies) instead of the table's."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override one setting: a.b=c. May be repeated."),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(help="Model folder to write; also holds metrics.json, report.html, card.md."),
    ] = Path("model"),
    jobs: Annotated[
        int, typer.Option(callback=require_jobs, help="Processes that fit folds side by side.")
    ] = 1,
) -> None:
    """Fit a model, evaluate it on every split, write an honest report, log everything to MLflow."""
    from imrml.config import load_config
    from imrml.errors import CheckFailedError
    from imrml.evaluation.checks.splits import VERDICT_CODE
    from imrml.tables.files import read_table
    from imrml.training.run import train

    settings = load_config(config, set_ or [])
    table = read_table(items)
    with console.report_steps() as report:
        result = train(table, settings, read_table(labels) if labels else None, jobs, report)
    run = keep(result, settings, out)
    console.tell(f"model and report: {out / 'report.html'}")
    if not result.manifest["data"]["n_labelled"]:
        console.tell(
            "no labels: the deficiency model is skipped; run `imrml label` first or give --labels"
        )
    if run:
        tell_run(run)
    print(result.verdict.sentence)
    failed = [
        check for check in result.checks if check.status == "failed" and check.code != VERDICT_CODE
    ]
    if failed:
        told = "\n".join(f"  {check.title}: {check.detail}" for check in failed)
        raise CheckFailedError(
            f"train: {pluralize(len(failed), 'check')} found leakage; believe no figure of this run\n{told}"
        )


def keep(result: "TrainingResult", settings: "Config", out: Path) -> "LoggedRun | None":
    """Write model, metrics, report and card into a folder, and log them to MLflow unless config says otherwise."""
    from imrml.evaluation.report.write import write_report
    from imrml.explaining.precedents import keep_precedents
    from imrml.models import save_model

    save_model(result.model, out, result.manifest)
    if result.precedents is not None:
        path = keep_precedents(result.precedents, result.manifest)
        console.tell(f"{pluralize(len(result.precedents), 'past item')} kept in {path}")
    facts = result.manifest["data"]
    is_synthetic = result.manifest["trained_on"] == "synthetic"
    write_report(
        out,
        result.metrics,
        result.held_out,
        result.verdict,
        facts,
        result.checks,
        is_synthetic=is_synthetic,
    )
    if not settings.tracking.enabled:
        return None
    from imrml.errors import TrackingError
    from imrml.tracking import log_training

    try:
        return log_training(out)
    except TrackingError as error:
        raise TrackingError(
            f"{error}\nmodel, figures and report are kept in {out}; `imrml runs push {out}` delivers them"
        ) from None
