"""Text of records on a terminal, without what a terminal would obey instead of show."""

import re

_BLANKS = re.compile(r"\s+")


def printable(text: str) -> str:
    r"""Put a text on one line, with a sign for each character that is not printable.

    Parameters
    ----------
    text : str
        Of a record; may hold anything.

    Returns
    -------
    str
        Without line breaks; each run of blanks is one.

    Examples
    --------
    >>> printable("no \x1b[2Jred  flag")
    'no \ufffd[2Jred flag'
    """
    return _without_controls(_BLANKS.sub(" ", text))


def printable_lines(text: str) -> str:
    r"""Keep the lines of a text, with a sign for each character that is not printable.

    Parameters
    ----------
    text : str
        Of a record; may hold anything.

    Returns
    -------
    str
        Line breaks stay as they are.

    Examples
    --------
    >>> printable_lines("no\n\x1b[2Jred flag")
    'no\n\ufffd[2Jred flag'
    """
    return "\n".join(map(_without_controls, text.split("\n")))


def _without_controls(line: str) -> str:
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in line)
