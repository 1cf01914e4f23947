"""``imrml registry``: which model is in use, and who changed it when and why."""

from typing import Annotated

import typer

from imrml.cli.console import console, print_rows

app = typer.Typer(
    help="Aliases of registered models: champion, challenger, previous.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Name = Annotated[str, typer.Argument(help="Registered model, such as imrml-imr.")]
_Why = Annotated[str, typer.Option(help="Reason, written down with the move.")]
_Who = Annotated[str | None, typer.Option(help="Who decided. [default: the user of this process]")]


@app.command("list")
def list_models(
    name: Annotated[str | None, typer.Argument(help="One registered model. [default: all]")] = None,
) -> None:
    """List registered versions with their aliases; with NAME also every change of champion."""
    from imrml.cli.printing.findings import print_moves
    from imrml.retraining.withdrawn import list_versions_marked
    from imrml.tracking.registry import list_moves

    print_rows(list_versions_marked(name))
    if name:
        print_moves(list_moves(name))


@app.command()
def promote(
    name: _Name,
    why: _Why,
    version: Annotated[
        str | None, typer.Option(help="Number in the registry. [default: the challenger]")
    ] = None,
    who: _Who = None,
) -> None:
    """Make a version the champion, once its files are verified; the old one becomes `previous`."""
    from imrml.tracking.registry import promote as promote_version

    move = promote_version(name, why, version, who)
    console.tell(f"{name}: version {move.to_version} is the champion" + _instead(move.from_version))
    _tell_withdrawn(name)


@app.command()
def rollback(name: _Name, why: _Why, who: _Who = None) -> None:
    """Make the previous champion the champion again."""
    from imrml.tracking.registry import roll_back

    move = roll_back(name, why, who)
    console.tell(
        f"{name}: version {move.to_version} is the champion again" + _instead(move.from_version)
    )
    _tell_withdrawn(name)


def _tell_withdrawn(name: str) -> None:
    from imrml.retraining.withdrawn import describe_withdrawn

    if sentence := describe_withdrawn(name):
        console.tell(sentence)


def _instead(version: str | None) -> str:
    return "" if version is None else f" instead of version {version}, which is now `previous`"
