"""With what a model was made: commit, Python and packages, noted when it is made."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("imrml", "scikit-learn", "pandas", "skops", "numpy", "scipy")
"""Packages that a fitted model's answers depend on."""


def describe_environment() -> dict[str, Any]:
    """Name the commit, the Python and the packages of this process.

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
        "packages": {package: version(package) for package in PACKAGES},
    }


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
