"""The tables that features look things up in; each says where its facts are from.

An owner's own rows stand before ours within :func:`imrml.own_tables.using`.
"""

import csv
from importlib.resources import files

from imrml.own_tables import cache, own_text, when_switched
from imrml.text.cache import forget_texts

when_switched(forget_texts)


def parse_vocabulary(text: str) -> list[dict[str, str]]:
    """Parse a table; lines that start with ``#`` say where its facts are from.

    Parameters
    ----------
    text : str
        CSV with a heading.

    Returns
    -------
    list of dict
        One a row, by column.
    """
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def shipped_text(name: str) -> str:
    """Give the text of one of our own tables.

    Parameters
    ----------
    name : str
        File name without its ending.

    Returns
    -------
    str
        CSV.
    """
    return files("imrml.features.vocabulary").joinpath(f"{name}.csv").read_text(encoding="utf-8")


@cache
def read_vocabulary(name: str) -> tuple[dict[str, str], ...]:
    r"""Read one table, an owner's rows first; ours of the same first column then count no more.

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
    >>> from imrml.own_tables import using
    >>> with using({"body_parts": "body_part,name,pattern\ntail,tail,tail\n"}):
    ...     read_vocabulary("body_parts")[0]["name"]
    'tail'
    """
    ours, own = parse_vocabulary(shipped_text(name)), parse_vocabulary(own_text(name))
    if not own:
        return tuple(ours)
    key = next(iter(ours[0]))
    # Several patterns may tell one category: they stand beside ours.
    replaced = {row[key] for row in own} if name != "treatment_patterns" else set()
    return (*own, *(row for row in ours if row[key] not in replaced))
