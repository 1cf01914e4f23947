"""Bounds on what the patterns of the tables read: no text takes them more than linear time."""

import re
from collections.abc import Iterable

MASK = "·"
"""Stands for a character that no pattern is to read; it is no letter, no digit and no blank."""

LONGEST_WORD = 60
"""Characters; the longest words of medicine have 45. Patterns may say ``\\w*`` because of it."""

_ENDLESS = re.compile(rf"\w{{{LONGEST_WORD + 1},}}+|\s{{{LONGEST_WORD + 1},}}+")


def bound_runs(text: str) -> str:
    """Mask words and runs of blanks that are longer than ``LONGEST_WORD``.

    A run of blanks keeps its first and its last, so that the words around it still stand after and
    before a blank.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        As long; every other character is in its place.

    Examples
    --------
    >>> bound_runs("Norco" + " " * 64 + "#60") == "Norco " + "·" * 62 + " #60"
    True
    >>> bound_runs("no" * 40)[:3]
    '···'
    """
    # Most texts hold no such run, which the pattern takes four times as long to tell.
    return _ENDLESS.sub(_masked, text) if _may_hold_runs(text) else text


def _may_hold_runs(text: str) -> bool:
    if len(text) <= LONGEST_WORD:
        return False
    words = text.split()
    n_blanks = len(text) - len("".join(words))
    return (
        len(max(words, key=len, default="")) > LONGEST_WORD
        or n_blanks - len(words) >= LONGEST_WORD - 1
    )


def _masked(run: re.Match[str]) -> str:
    words = run.group()
    return words[0] + MASK * (len(words) - 2) + words[-1] if words.isspace() else MASK * len(words)


def holds_any(parts: Iterable[str], text: str) -> bool:
    """Tell whether a text holds any of these parts.

    Parameters
    ----------
    parts : iterable of str
        Looked for as they are.
    text : str
        Looked through.

    Returns
    -------
    bool
        False for no parts.

    Examples
    --------
    >>> holds_any(("uds", "drug screen"), "the uds was consistent")
    True
    """
    # A plain loop, because this runs hundreds of times for each text.
    for part in parts:  # noqa: SIM110
        if part in text:
            return True
    return False
