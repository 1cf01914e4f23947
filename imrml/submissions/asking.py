"""Sentences of a mail or report that ask for something themselves, where no label does."""

import re

from imrml.submissions.markers import cut_marker, has_marker

_ASKS = re.compile(
    r"\b(?:please\s{1,3}(?:review\s{1,3}and\s{1,3})?(?:authorize|approve)"
    r"|request(?:ing|s)?\s{1,3}(?:for\s{1,3})?authorization\s{1,3}(?:for|of)"
    r"|authorization\s{1,3}is\s{1,3}(?:being\s{1,3})?requested\s{1,3}(?:for|of))\b"
    r"(?:\s{1,3}the\s{1,3}following)?[ \t]{0,3}:?[ \t]{0,3}(?P<what>[^\n]{0,500})",
    re.IGNORECASE,
)
_TELLS = re.compile(r"\b(?:was|were|denied|declined|reviewed|refused|appealed)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\.\s{1,3}(?=[A-Z])|\.$")
_MOST_LINES = 25
"""Lines of a list below a sentence that are read."""


def find_asked(text: str) -> list[str]:
    r"""Find what the sentences of a text ask for.

    Parameters
    ----------
    text : str
        Of a mail or report.

    Returns
    -------
    list of str
        What each asks for, a list below it a line each; none where a text only tells of requests.

    Examples
    --------
    >>> find_asked("Please authorize MRI of the left knee. He fell.")
    ['MRI of the left knee']
    >>> find_asked("Requesting authorization for:\n- Norco #60\n- PT 2x6\n\nThank you")
    ['Norco #60\nPT 2x6']
    >>> find_asked("The request for authorization of the MRI was denied in May.")
    []
    """
    asked: list[str] = []
    for match in _ASKS.finditer(text):
        what = _SENTENCE_END.split(match["what"].strip(), maxsplit=1)[0].strip()
        if not what:
            what = "\n".join(_lines_below(text[match.end() :]))
        if what and not _TELLS.search(what) and what not in asked:
            asked.append(what)
    return asked


def _lines_below(text: str) -> list[str]:
    """List the lines of a list that begins a text; of one without marks its first line."""
    lines = [line.strip() for line in text.split("\n", _MOST_LINES + 2)[: _MOST_LINES + 2]]
    lines = lines[1:] if lines and not lines[0] else lines
    if lines and not lines[0]:
        lines = lines[1:]
    if not lines or not has_marker(lines[0]):
        return [line for line in lines[:1] if line]
    listed: list[str] = []
    for line in lines:
        if not has_marker(line):
            break
        listed.append(cut_marker(line)[0])
    return listed
