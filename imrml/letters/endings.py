"""Text letters that were cut in copying, and still read as letters."""

import re

from imrml.letters.spans import ParsedLetter

_SENTENCE_ENDS = (".", "!", "?", ")", '"', "\u201d", "'", "\u2019", "]", ":", ";")
_VERDICT = re.compile(r"(?i)\bnecess|\bmedically\s+nece|\bcertif|\boverturn|\bupheld\b")
_NEAR_END = 30
"""Characters at a rationale's end in which its verdict stands, where no full stop ends it."""
_CONCLUSION = re.compile(
    r"(?i)necess|medically|appropriate|support|certif|recommend|indicat|warrant|justif|authori[sz]"
    r"|approv|establish|substantiat|reasonabl|overturn|upheld"
)
"""Searched without spaces and hyphens, which damage puts into words."""
_SENTENCE_GAP = re.compile(r"(?<=[.!?])\s+")
_SPACES = re.compile(r"[\s\u00ad-]+")
_TAIL, _LEAST_TAIL = 1500, 120
"""Characters in which the last two sentences are looked for, and which are searched at least."""


def is_cut_in_copying(content: bytes, letter: ParsedLetter) -> bool:
    """Whether a text file was cut in copying, so that items at its end may be lacking.

    A PDF that was cut cannot be opened; a text that was cut still reads as a letter. Formats that
    name their items beforehand are counted by the parser; the others end with a whole sentence, or
    with the verdict on the last item, and what stands behind it may be the head of the next one.
    One of the last two sentences says what follows for the request.

    Parameters
    ----------
    content : bytes
        Of the file.
    letter : ParsedLetter
        What was read of it, with one item or more.

    Returns
    -------
    bool
    """
    if content.startswith(b"%PDF"):
        return False
    rationale = letter.case.items[-1].determination.rationale.rstrip()
    if not _concludes(rationale):
        return True
    if rationale.endswith(_SENTENCE_ENDS):
        return False
    ends_with_line = content.rstrip(b"\x00").endswith((b"\n", b"\r"))
    return not (ends_with_line and _VERDICT.search(rationale[-_NEAR_END:]))


def _concludes(rationale: str) -> bool:
    tail = rationale[-_TAIL:]
    last_two = " ".join(_SENTENCE_GAP.split(tail)[-2:])
    longer = max(last_two, tail[-_LEAST_TAIL:], key=len)
    return _CONCLUSION.search(_SPACES.sub("", longer)) is not None
