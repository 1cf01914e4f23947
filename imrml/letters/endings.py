"""Text letters that were cut in copying, and still read as letters."""

import re
from collections.abc import Sequence

from imrml.letters.spans import ParsedLetter

_SENTENCE_ENDS = (".", "!", "?", ")", '"', "\u201d", "'", "\u2019", "]")
_VERDICT = re.compile(r"(?i)\bnecess|\bmedically\b|\bcertif|\boverturn|\bupheld\b")
_LAST_WORDS = re.compile(r"(?i)\bmedically\s+(?:necessary|appropriate)$")
"""With which a whole letter may end, without a full stop."""
_WRAPPING = (0.3, 0.9)
"""Share of lines that end in a blank, between which a blank says that a line wraps."""
_NEAR_END = 30
"""Characters at a rationale's end in which its verdict stands, where no full stop ends it."""

_CONCLUDES = re.compile(
    "necess|medically|certif|overturn|upheld|support|establish|appropriate|warrant|approv|justif"
    "|substantiat|indicated|recommended"
)
_CONCLUDES_TOO = re.compile(r"(?i)\bgrant|\bneed for\b|\bheld\b|\bagree|\ballow|\bmet\b|\bdenied\b")
"""Words of a verdict, however told; prose has them, too, so that no good letter is refused.

The long ones are sought without blanks and hyphens, which copying puts into words.
"""
_BREAKS = re.compile(r"[\s-]+")
_SENTENCE_BREAK = re.compile(r'(?<=[.!?])["\u201d)]?\s+')
_FEWEST = 3
"""Sentences of a rationale from which a verdict is among them."""
_FIRST, _LAST = 2, 3
"""Sentences of a rationale among which its verdict stands; advice on weaning may follow it."""

_SEPARATOR = re.compile(r",? and |, |; ")
_NEXT = re.compile(r", |; |\. | and ")
_BRACKETS = re.compile("[()]")
_LINE_END = re.compile(r"[\n\f]")
_REST_OF_PARTIAL = re.compile(r",? (?:was|were) the (?:original )?request\b")
_SAYS = re.compile(
    r"\b(?:is|are|was|were|be|has|have|had|denied|certified|approved|authorized|modified"
    r"|requests?|requested|due|citing|based|which|that|because|stating|given|noting|there)\b"
)
"""Words of a sentence that goes on; no treatment is named by them."""


def is_cut_in_copying(content: bytes, letter: ParsedLetter) -> bool:
    """Whether a text file was cut in copying, so that items at its end may be lacking.

    A PDF that was cut cannot be opened; a text that was cut still reads as a letter. Formats that
    name their items beforehand are counted by the parser. The others end with a whole sentence, or
    with the verdict on the last item, and what stands behind it may be the head of the next one;
    their last line does not wrap; their last rationale comes to a verdict; and the list of what was
    asked for, where the case summary has one that begins with the items read, does not go on with
    another.

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
    if _wraps_at_end(letter.clean.original):
        return True
    items = letter.case.items
    rationale = items[-1].determination.rationale.rstrip()
    if not rationale.endswith(_SENTENCE_ENDS) and not _LAST_WORDS.search(rationale):
        ends_with_line = content.rstrip(b"\x00").endswith((b"\n", b"\r"))
        return not (ends_with_line and _VERDICT.search(rationale[-_NEAR_END:]))
    names = [item.submission.item for item in items]
    return not _concludes(rationale) or _names_another(items[0].submission.case_summary, names)


def _wraps_at_end(text: str) -> bool:
    """Tell whether the last line goes on, where a blank at a line's end tells that."""
    lines = [line for line in _LINE_END.split(text) if line.strip()]
    n_wrapping = sum(line[-1] == " " for line in lines)
    least, most = _WRAPPING
    return lines[-1][-1] == " " and least * len(lines) <= n_wrapping <= most * len(lines)


def _concludes(rationale: str) -> bool:
    """Tell whether a verdict stands at a rationale's beginning or end."""
    sentences = _SENTENCE_BREAK.split(rationale)
    said = (*sentences[:_FIRST], *sentences[-_LAST:])
    return len(sentences) < _FEWEST or any(
        _CONCLUDES.search(_BREAKS.sub("", sentence).lower()) or _CONCLUDES_TOO.search(sentence)
        for sentence in said
    )


def _names_another(summary: str, items: Sequence[str]) -> bool:
    """Tell whether a list in the summary names the items read, in their order, and one more."""
    text = _fold(summary)
    names = [_fold(_REST_OF_PARTIAL.split(item, maxsplit=1)[0]) for item in items]
    starts = [at for at in range(len(text)) if text.startswith(names[0], at)] if names[0] else []
    ends = [end for start in starts if (end := _end_of_list(text, names, start))]
    separator = _SEPARATOR.match(text, ends[-1]) if ends else None
    if separator is None:
        return False
    another = _NEXT.split(text[separator.end() :], maxsplit=1)[0]
    is_known = any(name and name in another for name in names)
    return bool(another) and not is_known and not _SAYS.search(another)


def _end_of_list(text: str, names: Sequence[str], start: int) -> int:
    """Give where names end that follow each other from ``start`` on; 0 where they do not."""
    at = start + len(names[0])
    for name in names[1:]:
        separator = _SEPARATOR.match(text, at)
        if separator is None or not name or not text.startswith(name, separator.end()):
            return 0
        at = separator.end() + len(name)
    return at


def _fold(words: str) -> str:
    return " ".join(_BRACKETS.sub(" ", words.lower()).split()).strip(" .,;:")
