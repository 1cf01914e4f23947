"""The tables that features look things up in; each says where its facts are from."""

import csv
from functools import cache
from importlib.resources import files


@cache
def read_vocabulary(name: str) -> tuple[dict[str, str], ...]:
    """Read one table; lines that start with ``#`` say where its facts are from.

    Parameters
    ----------
    name : str
        File name without its ending.

    Returns
    -------
    tuple of dict
        One a row, by column; do not change them, they are shared.

    Examples
    --------
    >>> read_vocabulary("treatment_categories")[0]["category"]
    'opioid'
    """
    text = files("imrml.features.vocabulary").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
