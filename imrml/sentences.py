"""Sentences of a letter, with their spans: the unit in which reviewers state a fault and in which negation counts."""

import re
from dataclasses import dataclass

_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|vs|No|St|Jr|Sr|Inc|Ltd|Fig|Vol|pg|pp?|e\.g|i\.e|etc|et al|approx|mg"
    r"|q\.d|b\.i\.d|t\.i\.d|M\.D|D\.O|D\.C|Ph\.D"
    r"|U\.S|a\.m|p\.m)|\b[A-Z])\.$",
    re.IGNORECASE,
)
# "positive.Prior", "screening.The": a glued sentence start counts as a boundary when a lower-case letter, ")" or a
# digit stands before the stop and a capital followed by a lower-case letter after it.
_BOUNDARY = re.compile(r"[.!?]+[\"”’)\]]*(?=\s|$)|(?<=[a-z)\d])\.(?=[A-Z][a-z])|\n{2,}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and where it stands: ``text == source[start:end]``."""

    text: str
    start: int
    end: int


def split_sentences(text: str) -> list[Sentence]:
    """Split text into sentences; surrounding blanks belong to none, everything else to exactly one.

    Examples
    --------
    >>> text = "No drug screen (e.g. a UDS) was sent.The request is not supported."
    >>> [sentence.text for sentence in split_sentences(text)]
    ['No drug screen (e.g. a UDS) was sent.', 'The request is not supported.']
    """
    sentences: list[Sentence] = []
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        end = boundary.end()
        if boundary.group().startswith(".") and _ABBREVIATION.search(text, max(start, end - 12), end):
            continue
        _append(sentences, text, start, end)
        start = end
    _append(sentences, text, start, len(text))
    return sentences


def _append(sentences: list[Sentence], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end = start + len(piece.strip())
    if start < end:
        sentences.append(Sentence(text[start:end], start, end))
