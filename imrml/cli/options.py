"""Options that several commands share, each worded once."""

from pathlib import Path
from typing import Annotated, Literal

import typer

MODEL_HELP = "Model folder, bundle (.zip), or models:/NAME@ALIAS."


def require_jobs(jobs: int) -> int:
    """Refuse a number of worker processes that is none.

    Parameters
    ----------
    jobs : int
        As given on the command line.

    Returns
    -------
    int
        The same.
    """
    if jobs == 0:
        raise typer.BadParameter("0 workers do no work; give 1 or more, or -1 for one per core")
    return jobs


def folder_here(folder: str | Path) -> Path:
    """Take a folder of this machine, by ``file://`` too, and refuse any other address.

    Parameters
    ----------
    folder : str or Path
        As given on the command line.

    Returns
    -------
    Path
        Without ``file://``.
    """
    from imrml.tables.addresses import is_remote, on_disk

    if is_remote(folder):
        kind = str(folder).partition(":")[0]
        raise typer.BadParameter(
            f"{kind}:// is elsewhere, and this is written to a folder of this machine; give one, "
            "and copy it"
        )
    return Path(on_disk(folder))


ConfigOption = Annotated[Path | None, typer.Option(help="Config file; overrides the defaults.")]
LimitsOption = Annotated[Path | None, typer.Option(help="Config file (limits).")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override one setting: a.b=c. May be repeated."),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="HEADING=COLUMN",
        help='Map a heading to a column, such as "Tx requested=treatment". May be repeated. '
        "Common headings are recognized without it.",
    ),
]
JobsOption = Annotated[
    int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one per core.")
]
FoldJobsOption = Annotated[
    int, typer.Option(callback=require_jobs, help="Processes that fit folds in parallel.")
]
EngineOption = Annotated[
    Literal["local", "dask"],
    typer.Option(
        help="Where to run: on this machine, or on the dask scheduler at DASK_SCHEDULER_ADDRESS. "
        "The output is the same."
    ),
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Keep the parts that an interrupted run wrote to the folder OUT; write the rest.",
    ),
]
AllowDemoOption = Annotated[
    bool,
    typer.Option(
        "--allow-demo",
        envvar="IMRML_ALLOW_DEMO",
        show_envvar=True,
        help="Accept a model trained on synthetic data.",
    ),
]
TrustOption = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        metavar="TYPE",
        envvar="IMRML_TRUST",
        show_envvar=True,
        help="Custom type that the model file may contain, as named in its manifest. May be "
        "repeated.",
    ),
]
