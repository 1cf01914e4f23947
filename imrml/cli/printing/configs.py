"""How ``imrml config check`` says which files fit."""

from collections.abc import Iterable
from pathlib import Path

from imrml.cli.console import console
from imrml.config import load_config


def print_fitting(paths: Iterable[Path]) -> None:
    """Say of each file on stderr that it fits, up to the first that does not.

    Parameters
    ----------
    paths : iterable of Path
        Config files.
    """
    for path in paths:
        load_config(path)
        console.tell(f"{path}: fits")
