"""How checks, gates, moves, runs and things to do are printed: a line each."""

import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version

import pandas as pd

from imrml.cli.console import console, print_rows
from imrml.evaluation.checks.splits import Check
from imrml.retraining.gate import GateResult
from imrml.tracking.registry import Move
from imrml.tracking.runs import LoggedRun

_PACKAGES = ("scikit-learn", "pandas", "mlflow", "skops", "pypdfium2")


def print_checks(checks: Iterable[Check]) -> None:
    """Print checks for leakage with what each found.

    Parameters
    ----------
    checks : iterable of Check
        In the order to print them in.
    """
    for check in checks:
        print(f"{check.status.replace('_', ' '):15}{check.code:29}{check.detail}")
        for finding in check.findings:
            print(f"{'':15}  {finding}")


def format_failed(checks: Iterable[Check]) -> str:
    """Say which checks failed, a line each.

    Parameters
    ----------
    checks : iterable of Check
        Those that failed.

    Returns
    -------
    str
        Title and detail of each.

    Examples
    --------
    >>> format_failed([Check("golden_feature", "No lone feature tells", "failed", "age does")])
    '  No lone feature tells: age does'
    """
    return "\n".join(f"  {check.title}: {check.detail}" for check in checks)


def print_gates(gates: Sequence[GateResult]) -> None:
    """Print what each gate found and wanted.

    Parameters
    ----------
    gates : sequence of GateResult
        Empty prints nothing.
    """
    rows = [
        (gate.name, "passed" if gate.passed else "FAILED", gate.found, gate.wanted)
        for gate in gates
    ]
    if rows:
        print_rows(pd.DataFrame(rows, columns=["gate", "verdict", "found", "wanted"]))


def print_moves(moves: Iterable[Move]) -> None:
    """Print changes of champion, oldest first.

    Parameters
    ----------
    moves : iterable of Move
        Oldest first.
    """
    for move in moves:
        print(
            f"{move.when}  {move.kind} {move.from_version or '-'} -> {move.to_version}  "
            f"by {move.who}: {move.why}"
        )


def print_run(run: LoggedRun) -> None:
    """Say on stderr where a run and its model are.

    Parameters
    ----------
    run : LoggedRun
        With its model registered.
    """
    console.tell(f"MLflow run {run.run_id} at {run.tracking_uri}")
    console.tell(
        f"registered as models:/{run.model_name}@{run.alias} (version {run.model_version})"
    )
    console.tell(f"look at it: {run.link}")


def print_packages() -> None:
    """Print the versions of what does the work; what is not installed says so."""
    print(f"imrml {version('imrml')}, Python {sys.version.split()[0]}")
    for package in _PACKAGES:
        try:
            print(f"{package} {version(package)}")
        except PackageNotFoundError:
            print(f"{package} is not installed")


def print_things(heading: str, things: Iterable[str]) -> None:
    """Print sentences under a heading each.

    Parameters
    ----------
    heading : str
        Put before each.
    things : iterable of str
        Sentences.
    """
    for thing in things:
        print(f"{heading}: {thing}")
