"""Excess that a reviewer leaves unsaid: visits used and asked for add up to more than the limit."""

import re
from collections.abc import Sequence

from imrml.features.treatment import parse_treatment
from imrml.labelling.sentence_roles import RoledSentence

_WORDS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
_NUMBER_OF = {word: number for number, word in enumerate(_WORDS, start=1)}
_COUNT = rf"(?:\d{{1,2}}|{'|'.join(_WORDS)})"
_VISITS = r"(?:[a-z-]{1,20} ){0,5}?(?:visits?|sessions?|treatments?)\b"
_LIMIT = re.compile(
    rf"\bguidelines?(?: [a-z-]{{1,20}}){{0,6}} (?:up to |a maximum of |no more than )?"
    rf"(?:{_COUNT} ?(?:-|to) ?)?(?P<count>{_COUNT}) {_VISITS}"
)
_USED = re.compile(
    rf"\b(?:completed|received|attended|had|undergone|underwent|previous|prior|initial|earlier|first)"
    rf" (?:[a-z-]{{1,20}} ){{0,6}}?(?P<count>{_COUNT}) {_VISITS}"
    rf"|\b(?P<number>{_COUNT}) (?:prior|previous|earlier|completed) {_VISITS}"
)


def find_implied_excess(
    sentences: Sequence[RoledSentence], item: str
) -> tuple[int, tuple[int, int]] | None:
    """Find the limit that visits used and asked for exceed, though no word says so.

    Only a limit recited once the case has been taken up counts: it is there to be applied. One that
    opens the rationale is a rule that the reviewer may let pass.

    Parameters
    ----------
    sentences : sequence of RoledSentence
        Of the rationale, in order.
    item : str
        The item as worded.

    Returns
    -------
    tuple of (int, (int, int)), or None
        The sentence that gives the limit, by its place, and the span of the limit in it.
    """
    limit: tuple[int, int, tuple[int, int]] | None = None
    is_in_case = False
    for place, sentence in enumerate(sentences):
        if is_in_case and (match := _LIMIT.search(sentence.text)):
            count = _value(match["count"])
            if limit is None or count > limit[0]:
                limit = count, place, match.span()
        if sentence.role in {"shows", "lacks"}:
            is_in_case = is_in_case or sentence.is_amid_case or not _LIMIT.search(sentence.text)
    if limit is None:
        return None
    asked = parse_treatment(item).amounts.n_visits
    if asked is None or _used(sentences) + asked <= limit[0]:
        return None
    return limit[1], limit[2]


def _used(sentences: Sequence[RoledSentence]) -> int:
    return max(
        (
            _value(match["count"] or match["number"])
            for sentence in sentences
            if sentence.role in {"shows", "lacks"}
            for match in _USED.finditer(sentence.text)
        ),
        default=0,
    )


def _value(count: str) -> int:
    return _NUMBER_OF[count] if count in _NUMBER_OF else int(count)
