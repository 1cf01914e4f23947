"""Stops that were dictated and typed as words ("consistent period no side effects comma ...")."""

import re
from collections.abc import Sequence
from itertools import chain

_IS_DICTATED = re.compile(
    r"\bcomma\b|\bperiod(?=\s{0,3}[.]?\s{0,3}(?:$|\n)|\s{1,3}[A-Z])|\bnew (?:paragraph|line)\b",
)
_STOPS = {
    "period": ".",
    "comma": ",",
    "colon": ":",
    "semicolon": ";",
    "new paragraph": "\n",
    "new line": "\n",
}
_STOP = re.compile(
    r"\s{1,3}(?P<stop>comma|semicolon|new paragraph|new line"
    r"|colon(?! (?:cancer|ca|polyps?|screen|resection|surgery|mass)\b)"
    r"|(?<!\ba )(?<!\bthe )(?<!\bthis )(?<!\btime )(?<!\btrial )(?<!\brest )"
    r"(?<!\bday )(?<!\bweek )(?<!\bmonth )(?<!\byear )period(?! of\b))\b",
    re.IGNORECASE,
)
_SLASH = re.compile(r"(?<=\d)\s{1,3}(?P<stop>slash)\s{1,3}(?=\d)", re.IGNORECASE)


def write_stops(text: str) -> tuple[str, Sequence[int]]:
    """Put stops where a dictation has their names; "29 slash 80" is a score of any text.

    Parameters
    ----------
    text : str
        Any; "period" and "colon" are words in a text that nobody dictated.

    Returns
    -------
    written : str
        The text with its stops.
    places : sequence of int
        Where each character of it stood in ``text``, and one more for the end.

    Examples
    --------
    >>> written, places = write_stops("UDS consistent comma no side effects period")
    >>> written
    'UDS consistent, no side effects.'
    >>> places[written.index("no")], places[len(written)]
    (21, 43)
    >>> write_stops("A trial period of 30 days; colon cancer")[0]
    'A trial period of 30 days; colon cancer'
    """
    names = list(_SLASH.finditer(text))
    if _IS_DICTATED.search(text):
        names += _STOP.finditer(text)
    if not names:
        return text, range(len(text) + 1)
    parts: list[str] = []
    places: list[Sequence[int]] = []
    at = 0
    for name in sorted(names, key=re.Match.start):
        parts += [text[at : name.start()], _STOPS.get(name["stop"].lower(), "/")]
        places += [range(at, name.start()), [name.start("stop")]]
        at = name.end()
    parts.append(text[at:])
    places.append(range(at, len(text) + 1))
    return "".join(parts), list(chain.from_iterable(places))
