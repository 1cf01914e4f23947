"""How ``imrml config check`` says which files fit."""

from collections.abc import Iterable
from pathlib import Path

from imrml.cli.console import console
from imrml.config import load_config
from imrml.features.own_words import in_words_of


def print_fitting(paths: Iterable[Path]) -> None:
    """Say of each file on stderr that it fits, up to the first that does not.

    Parameters
    ----------
    paths : iterable of Path
        Config files.
    """
    for path in paths:
        with in_words_of(load_config(path)):  # where words of a user's own are checked, too
            console.tell(f"{path}: fits")
