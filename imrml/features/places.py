"""Where a request is for: body parts and the side."""

import re

from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.text.safe_matching import bound_runs

_SIDES = (
    ("bilateral", re.compile(r"\bbilateral|\bboth\b|\bb/l\b|\bright and left|\bleft and right")),
    ("left", re.compile(r"\bleft\b|\blt\b")),
    ("right", re.compile(r"\bright\b|\brt\b")),
)


@cache
def _body_part_patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(row["body_part"], re.compile(row["pattern"])) for row in read_vocabulary("body_parts")]


def find_body_parts(text: str) -> tuple[str, ...]:
    """List the body parts that a text names.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    tuple of str
        Ids of ``body_parts.csv``, in that table's order.

    Examples
    --------
    >>> find_body_parts("PT for the neck and both knees"), find_body_parts("Norco #60")
    (('cervical', 'knee'), ())
    """
    lowered = bound_runs(text.lower())
    return tuple(name for name, pattern in _body_part_patterns() if pattern.search(lowered))


def find_side(text: str) -> str:
    """Name the side that a text in lower case names.

    Parameters
    ----------
    text : str
        In lower case, short forms spelt out.

    Returns
    -------
    str
        ``left``, ``right``, ``bilateral`` or ``""``.

    Examples
    --------
    >>> find_side("mri of both knees"), find_side("norco #60")
    ('bilateral', '')
    """
    return next((side for side, pattern in _SIDES if pattern.search(text)), "")
