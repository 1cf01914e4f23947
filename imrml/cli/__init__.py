"""The command line: one thin function a command, heavy imports inside the function."""

import atexit
import gc
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import typer

from imrml.cli import (
    backup,
    bundle,
    compare,
    config,
    demo,
    doctor,
    evaluate,
    explain,
    forget,
    importing,
    label,
    labels,
    leakcheck,
    letters,
    monitor,
    nights,
    parse,
    registry,
    requests,
    retrain,
    runs,
    score,
    serve,
    split,
    synth,
    train,
)
from imrml.cli.console import console
from imrml.cli.log import open_log, take_log_options
from imrml.errors import ImrmlError, NothingChangedError, OtherVersionWarning
from imrml.masking import mask_secrets

app = typer.Typer(
    name="imrml",
    help="Predict, before submission, whether an Independent Medical Review will overturn a "
    "denial, and which deficiencies the reviewer would cite.\n\n"
    "Decision support for people: a score is P(overturned | denied and appealed), never a "
    "disposition. Every command also takes --quiet (only errors on stderr), --debug (tracebacks), "
    "--log-file FILE and --log-format json (with time, run id and exit code).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: half the time to the first line
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "demo": (demo.run_demo, "Run the whole pipeline on invented letters."),
    "parse": (parse.parse_letters, "Parse letters into an item table."),
    "label": (label.label_items, "Label upheld items with deficiencies and evidence."),
    "split": (split.split_table, "Split an item table into training and test sets."),
    "train": (train.train_model, "Fit a model, evaluate it, log it to MLflow."),
    "compare": (compare.compare_configs, "Compare configs on the same held-out cases."),
    "evaluate": (evaluate.evaluate_model, "Evaluate a model on cases it has not seen."),
    "leakcheck": (leakcheck.check_leaks, "Check features for leakage of the decision."),
    "requests": (requests.read_files, "Read forms, reports and emails into requests."),
    "score": (score.score_requests, "Score requests: probability and what to send."),
    "explain": (
        explain.explain_request,
        "Explain the score of one request.",
    ),
    "bundle": (bundle.bundle_model, "Pack a model into one archive for colleagues."),
    "serve": (serve.serve, "Serve the web page and JSON API on this machine."),
    "monitor": (monitor.compare_tables, "Detect drift between two tables of requests."),
    "trends": (monitor.follow_trends, "Detect changes over time, month by month."),
    "reconcile": (monitor.reconcile, "Compare stored predictions with later decisions."),
    "retrain": (retrain.retrain_model, "Train a challenger; promote it if it passes the gate."),
    "backup": (backup.back_up, "Back up the state folder into one verified file."),
    "restore": (backup.restore, "Restore a backup, in the same place or another."),
    "forget": (forget.forget_cases, "Remove cases from the state folder and from training."),
    "nights": (nights.list_last_nights, "List the outcomes of recent retrains."),
    "synth": (synth.write_letters, "Write synthetic letters with known truth."),
    "doctor": (doctor.examine, "Check the installation and the state folder."),
}
for name, (command, short_help) in _COMMANDS.items():
    app.command(name, short_help=short_help)(command)
for name, group in {
    "config": config.app,
    "import": importing.app,
    "labels": labels.app,
    "letters": letters.app,
    "registry": registry.app,
    "runs": runs.app,
}.items():
    app.add_typer(group, name=name)


@app.callback(invoke_without_command=True)
def show_version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Handle options that come before any command."""
    if version:
        from imrml import __version__

        print(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; an error of ours is one line on stderr and its kind's exit code."""
    console.is_quiet, console.log = "--quiet" in sys.argv, None
    # A short program makes hundreds of thousands of objects by its imports alone: searching them
    # for cycles, while they are made and once more at the end, is a quarter of the time that one
    # request takes (experiments/benchmarks/scoring).
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    os.umask(0o077)  # whatever is written may hold health data
    exit_code, message = 0, "done"
    try:
        arguments = [
            argument for argument in sys.argv[1:] if argument not in {"--debug", "--quiet"}
        ]
        arguments, options = take_log_options(arguments)
        command = next((each for each in arguments if not each.startswith("-")), "imrml")
        console.log = open_log(options, command, console.run_id)
        warnings.showwarning = _show_warning(warnings.showwarning)
        app(arguments)
    except SystemExit as stop:  # how the command line library ends
        exit_code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        raise
    except BrokenPipeError:  # the reader of our stdout has seen enough
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        message, exit_code = _describe(error)
        if console.log is not None:
            level = "info" if isinstance(error, NothingChangedError) else "error"
            console.log.write(level, message)
        shown = message
        if "--debug" in sys.argv:
            shown = "".join(traceback.format_exception(error)).rstrip()
        # A night without news is no mail from cron.
        is_silent = console.is_quiet and isinstance(error, NothingChangedError)
        if not is_silent and not (console.log and console.log.is_stderr):
            print(mask_secrets(shown), file=sys.stderr)
        sys.exit(exit_code)
    finally:
        if console.log is not None:
            console.log.write("end", message, exit_code)


def _show_warning(show_other: Callable[..., None]) -> Callable[..., None]:
    """Say a warning about a model's version in a line of prose, and others as they come."""

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if issubclass(category, OtherVersionWarning):
            console.tell(str(message))
        else:
            show_other(message, category, *where)

    return show


def _describe(error: Exception) -> tuple[str, int]:
    """Say in one line what ended a command, and give its exit code."""
    if isinstance(error, ImrmlError):
        return f"imrml: {error}", error.exit_code
    # Where only what scoring needs was installed.
    if isinstance(error, ModuleNotFoundError) and not (error.name or "imrml").startswith("imrml"):
        return (
            f"imrml: {error.name} is not installed, and only scoring and serving do without; "
            "pip install imrml",
            2,
        )
    if isinstance(error, OSError):
        return (
            f"imrml: {error.filename or 'a file'}: {error.strerror or error}; "
            "check the path, its rights and the disk",
            1,
        )
    # The words of other errors may quote a record.
    return f"imrml: {type(error).__name__}, which is a fault of imrml; --debug shows where", 1
