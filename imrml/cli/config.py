"""``imrml config``: show and check settings."""

from pathlib import Path
from typing import Annotated

import typer

from imrml.cli.options import SetOption

app = typer.Typer(
    help="Show settings, or validate config files.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("show")
def show(
    path: Annotated[
        Path | None,
        typer.Argument(help="Config file; without one, the shipped defaults with their comments."),
    ] = None,
    set_: SetOption = None,
) -> None:
    """Print the effective settings as YAML."""
    import yaml

    from imrml.config import default_text, load_config

    if path is None and not set_:
        print(default_text(), end="")
    else:
        print(yaml.safe_dump(load_config(path, set_ or []).model_dump(), sort_keys=False), end="")


@app.command("check")
def check(paths: Annotated[list[Path], typer.Argument(help="Config files.")]) -> None:
    """Validate config files; stop at the first invalid one and name the setting."""
    from imrml.cli.printing.configs import print_fitting

    print_fitting(paths)
