"""The package's own code beside a logged model, so that serving it installs nothing of our name.

A public index may hold, today or tomorrow, somebody else's package of this name: what ``mlflow
models serve`` and ``mlflow models generate-dockerfile`` install lists outside libraries alone.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import imrml

OUTSIDE_PACKAGES = (
    "scikit-learn",
    "pandas",
    "skops",
    "numpy",
    "scipy",
    "joblib",
    "threadpoolctl",
    "pydantic",
    "PyYAML",
    "jellyfish",
    "lazy-loader",
    "pyahocorasick",
    "pyarrow",
)
"""What a served model imports besides MLflow; what these need comes with them."""


def list_requirements(made_with: Mapping[str, str]) -> list[str]:
    """List what serving a model installs: in the versions it was made with, else in today's.

    Parameters
    ----------
    made_with : mapping of str to str
        Versions by package, as a model's manifest holds them.

    Returns
    -------
    list of str
        Requirements as pip reads them; never this package.

    Examples
    --------
    >>> listed = list_requirements({"imrml": "0.1.0", "pandas": "3.0.1"})
    >>> "pandas==3.0.1" in listed, [line for line in listed if line.startswith("imrml")]
    (True, [])
    """
    versions = {package: version(package) for package in OUTSIDE_PACKAGES} | dict(made_with)
    return [f"{package}=={number}" for package, number in versions.items() if package != "imrml"]


@contextmanager
def package_code() -> Iterator[list[str]]:
    """Copy the package and the note of its version, as an unpacked wheel holds them.

    Yields
    ------
    list of str
        Folders for MLflow's ``code_paths``; gone at the end.
    """
    number = version("imrml")
    with TemporaryDirectory() as temporary:
        code, note = Path(temporary, "imrml"), Path(temporary, f"imrml-{number}.dist-info")
        shutil.copytree(
            Path(imrml.__file__).parent,
            code,
            ignore=shutil.ignore_patterns("__pycache__", "*.py[co]"),
        )
        note.mkdir()
        text = f"Metadata-Version: 2.1\nName: imrml\nVersion: {number}\n"
        (note / "METADATA").write_text(text, encoding="utf-8")
        yield [str(code), str(note)]
