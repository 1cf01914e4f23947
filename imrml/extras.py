"""Extras: packages that only some commands need, by purpose, and how to install them."""

from importlib import import_module
from typing import Literal

from imrml.errors import MissingExtraError

Extra = Literal["web", "dask", "synth", "icd", "office", "ocr", "postgres", "fsspec"]

MODULES: dict[Extra, tuple[str, ...]] = {
    "web": ("python_multipart", "fastapi", "uvicorn"),
    "dask": ("distributed",),
    "synth": ("reportlab",),
    "icd": ("simple_icd_10_cm",),
    "office": ("docx2python", "lxml", "oxmsg", "striprtf"),
    "ocr": ("PIL", "pytesseract"),
    "postgres": ("psycopg",),
    "fsspec": ("fsspec",),
}
"""Packages of each extra, by the names under which they are imported."""


def require_extra(extra: Extra, what: str) -> None:
    """Import the packages of an extra, so that one that is absent is named before any work is done.

    Parameters
    ----------
    extra : {'web', 'dask', 'synth', 'icd', 'office', 'ocr', 'postgres', 'fsspec'}
        Extra of this package.
    what : str
        Command or setting that needs it, for the message.

    Raises
    ------
    MissingExtraError
        One of its packages is not installed.

    Examples
    --------
    >>> require_extra("synth", "synth --pdf")
    """
    for module in MODULES[extra]:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"{what}: {error.name} is not installed; pip install 'imrml[{extra}]'"
            ) from None
