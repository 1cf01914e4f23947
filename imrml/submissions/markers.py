"""Signs before a text: the number or bullet of a list, and boxes with or without a tick."""

import re
from itertools import pairwise

_MARKER = re.compile(
    r"^\s{0,20}(?:\(?(?P<number>[1-9][0-9]?)[.)]\s{1,5}|[•●▪◦‣*·–—-]\s{1,5})(?=\S)"
)
_SIGN = re.compile(r"[☐☑☒□■✓✔✗✘]|\[\s?[xX]?\s?\]")
_BOX = re.compile(
    r"^\s{0,5}(?:(?P<ticked>[☑☒✓✔✗✘■]|[\[(]\s?[xX✓✔]\s?[\])]"
    r"|[xX](?=\s{1,3}(?:[Nn]ew|[Rr]esub|[Ee]xped)))"
    r"|(?P<unticked>[☐□]|\[\s{0,2}_?\s?\]|_{1,4}(?=\s)))\s{0,5}"
)


def has_marker(text: str) -> bool:
    """Tell whether a text begins with a number or a bullet.

    Parameters
    ----------
    text : str
        Of a line.

    Returns
    -------
    bool
        True of "1. MRI" and "- MRI".
    """
    return _MARKER.match(text) is not None


def cut_marker(text: str) -> tuple[str, int]:
    """Cut the number or bullet before a text.

    Parameters
    ----------
    text : str
        Of a line.

    Returns
    -------
    text : str
        Without it.
    number : int
        0 where there was none.

    Examples
    --------
    >>> cut_marker("2) MRI of the knee"), cut_marker("MRI")
    (('MRI of the knee', 2), ('MRI', 0))
    """
    match = _MARKER.match(text)
    if match is None:
        return text, 0
    return text[match.end() :], int(match["number"] or 0)


def cut_tick(text: str) -> tuple[bool, bool, str]:
    """Cut the box before a text.

    Parameters
    ----------
    text : str
        A cell.

    Returns
    -------
    is_box, is_ticked : bool
        Whether there is one, and whether it is ticked.
    text : str
        What stands beside it.

    Examples
    --------
    >>> cut_tick("☒ New Request"), cut_tick("[ ] Resubmission")
    ((True, True, 'New Request'), (True, False, 'Resubmission'))
    >>> cut_tick("X-ray of the knee")
    (False, False, 'X-ray of the knee')
    """
    match = _BOX.match(text)
    if match is None:
        return False, False, text
    return True, match["ticked"] is not None, text[match.end() :]


def split_at_boxes(text: str) -> list[str]:
    """Split a text in which several boxes stand, each with the words behind it.

    Parameters
    ----------
    text : str
        A cell.

    Returns
    -------
    list of str
        The text whole where it holds no box.

    Examples
    --------
    >>> split_at_boxes("☒ New Request ☐ Resubmission")
    ['☒ New Request', '☐ Resubmission']
    """
    starts = [match.start() for match in _SIGN.finditer(text)]
    if len(starts) < 2:
        return [text]
    cuts = [0, *starts, len(text)]
    pieces = (text[start:end].strip() for start, end in pairwise(cuts))
    return [piece for piece in pieces if piece]
