"""With what a model was made: commit, Python and packages, noted when it is made."""

import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

PACKAGES = ("imrml", "scikit-learn", "pandas", "skops", "numpy", "scipy")
"""Packages that a fitted model's answers depend on."""
_READERS = ("pyahocorasick", "jellyfish", "pyyaml", "simple-icd-10-cm")
"""Further packages by which the features read; the last need not be installed."""
_ROOT = Path(__file__).resolve().parents[1]
_STARTED = time.time()


def describe_environment(own_types: Iterable[str] = ()) -> dict[str, Any]:
    """Name the commit, the Python and the packages of this process.

    Parameters
    ----------
    own_types : iterable of str, default=()
        Types of custom parts; the installed packages that hold them are named too.

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


@cache
def digest_code() -> str | None:
    """Name all that answers besides the model: Python, packages, and each file of this one.

    Returns
    -------
    str or None
        Hexadecimal digits, the same where code, tables and versions are; None where a file has
        changed since this process began, which then runs what no file says any more.

    Examples
    --------
    >>> digest_code() == digest_code()
    True
    """
    versions = [_version_or_none(package) for package in (*PACKAGES, *_READERS)]
    digest = blake2b(repr((sys.version, platform.machine(), versions)).encode(), digest_size=16)
    paths = (path for path in _ROOT.rglob("*") if path.suffix != ".pyc" and path.is_file())
    for path in sorted(paths):
        if path.stat().st_mtime > _STARTED:
            return None
        content = blake2b(path.read_bytes(), digest_size=16)
        digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + content.digest())
    return digest.hexdigest()


def _version_or_none(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _list_packages(own_types: Iterable[str]) -> list[str]:
    modules = {name.partition(".")[0] for name in own_types} - sys.stdlib_module_names
    held_by = packages_distributions() if modules else {}
    own = (package for module in sorted(modules) for package in held_by.get(module, ()))
    return list(dict.fromkeys((*PACKAGES, *own)))


def _git_commit() -> str:
    """Commit of this package's own checkout, ``-dirty`` behind it where changed, else ``"none"``.

    Never that of the folder one stands in, nor of one that merely holds the installed package.
    """
    root = _ROOT.parent
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
