"""With what a model was made: commit, Python and packages, noted when it is made."""

import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

PACKAGES = ("imrml", "scikit-learn", "pandas", "skops", "numpy", "scipy")
"""Packages that a fitted model's answers depend on."""


def describe_environment(own_types: Iterable[str] = ()) -> dict[str, Any]:
    """Name the commit, the Python and the packages of this process.

    Parameters
    ----------
    own_types : iterable of str, default=()
        Types of an owner's own parts; the installed packages that hold them are named too.

    Returns
    -------
    dict
        ``git_commit``, ``python`` and ``packages`` (name to version).

    Examples
    --------
    >>> made_with = describe_environment()
    >>> sorted(made_with), "scikit-learn" in made_with["packages"]
    (['git_commit', 'packages', 'python'], True)
    """
    return {
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "packages": {package: version(package) for package in _list_packages(own_types)},
    }


def _list_packages(own_types: Iterable[str]) -> list[str]:
    modules = {name.partition(".")[0] for name in own_types} - sys.stdlib_module_names
    held_by = packages_distributions() if modules else {}
    own = (package for module in sorted(modules) for package in held_by.get(module, ()))
    return list(dict.fromkeys((*PACKAGES, *own)))


def _git_commit() -> str:
    """Commit of this package's own checkout, ``-dirty`` behind it where changed, else ``"none"``.

    Never that of the folder one stands in, nor of one that merely holds the installed package.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return "none"
    try:
        asked = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],  # noqa: S607 as on PATH
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return "none"
    return asked.stdout.strip() or "none"
