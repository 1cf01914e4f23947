"""``imrml letters``: inspect letters as they are parsed; writes no file."""

from typing import Annotated

import typer

from imrml.cli.console import console, print_rows
from imrml.cli.options import LimitsOption

app = typer.Typer(
    help="Inspect letters as they are parsed; writes no file.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_Paths = Annotated[
    list[str],
    typer.Argument(
        help="Letters: files, folders, globs, archives (.zip, .tar, .tar.gz); - for stdin.",
        metavar="PATH...",
    ),
]


@app.command("show")
def show_letters(paths: _Paths, config: LimitsOption = None) -> None:
    """Print each letter's facts, items, decisions and labels, with the evidence in brackets."""
    from imrml.cli.printing.letters import print_letters
    from imrml.config import load_config
    from imrml.corpus.inspection import read_letters

    letters = read_letters(paths, load_config(config).limits, console.tell)
    print_letters(console.show_progress(letters, None, "reading"))


@app.command("coverage")
def show_coverage(paths: _Paths, config: LimitsOption = None) -> None:
    """Print how much of each letter was parsed, where the rest is, and its flags."""
    from imrml.config import load_config
    from imrml.corpus.inspection import coverage_table, describe_coverage, read_letters

    letters = read_letters(paths, load_config(config).limits, console.tell)
    table = coverage_table(console.show_progress(letters, None, "reading"))
    print_rows(table)
    console.tell(describe_coverage(table))
