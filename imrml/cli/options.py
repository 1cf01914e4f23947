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
        raise typer.BadParameter("0 workers do no work; give 1 or more, or -1 for one a core")
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


ConfigOption = Annotated[Path | None, typer.Option(help="Config file, laid over the defaults.")]
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
        help='What a heading means, such as "Tx requested=treatment"; may be given several times. '
        "Common headings are known without it.",
    ),
]
JobsOption = Annotated[
    int, typer.Option(callback=require_jobs, help="Worker processes; -1 for one a core.")
]
FoldJobsOption = Annotated[
    int, typer.Option(callback=require_jobs, help="Processes that fit folds side by side.")
]
EngineOption = Annotated[
    Literal["local", "dask"],
    typer.Option(
        help="Who works: this machine, or the dask scheduler at DASK_SCHEDULER_ADDRESS. "
        "Same output."
    ),
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Keep the parts that an interrupted run wrote into the folder OUT; make the others.",
    ),
]
AllowDemoOption = Annotated[
    bool,
    typer.Option(
        "--allow-demo",
        envvar="IMRML_ALLOW_DEMO",
        show_envvar=True,
        help="Accept a model trained on invented data.",
    ),
]
TrustOption = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        metavar="TYPE",
        envvar="IMRML_TRUST",
        show_envvar=True,
        help="Type of a part of your own that the model file may hold, as its manifest names it; "
        "may be given several times.",
    ),
]
