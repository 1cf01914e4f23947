"""A label with its quote: the words of the rationale that state it, as they stand there."""

import re
from dataclasses import dataclass

from imrml.labelling.rules import Cue, Support, confidence_of
from imrml.labelling.sentence_roles import NormalizedText, RoledSentence
from imrml.text.safe_matching import MASK
from imrml.text.sentences import split_clauses

_MAX_QUOTE_WORDS = 40
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """One deficiency and the clause that states it.

    Parameters
    ----------
    id : str
        Id of the taxonomy.
    start, end : int
        Offsets in characters into the rationale: ``rationale[start:end] == quote``.
    quote : str
        The clause, at most 40 words.
    cue : str
        Name of the cue in ``cues`` that fired.
    confidence : float
        How often a label of this id was the careful reader's too, on letters that the cues were not
        written from (``confidence.yaml``), shrunk to the average over ids; for a cue of last
        resort, how often such a cue was right.
    """

    id: str
    start: int
    end: int
    quote: str
    cue: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Reason:
    """A way to state a deficiency that is no pattern of the tables."""

    id: str
    name: str


def quote_label(
    cue: Cue | Support | Reason,
    rationale: str,
    normalized: NormalizedText,
    sentence: RoledSentence,
    span: tuple[int, int],
) -> LabelledSpan:
    """Quote a lack with its object and without the stop, a statement with the clauses it touches.

    A quote that is too long is cut.

    Parameters
    ----------
    cue : Cue, Support or Reason
        What was found.
    rationale : str
        As written.
    normalized : NormalizedText
        The rationale as read, with the way back to the original.
    sentence : RoledSentence
        Where it was found.
    span : tuple of int
        Stretch of the sentence that states it.

    Returns
    -------
    LabelledSpan
        Its quote, as it stands in the rationale.
    """
    is_lack = isinstance(cue, Cue) and cue.is_missing
    if is_lack:
        quoted = sentence.text[slice(*span)]
        wide = (
            span[1] - len(quoted.lstrip(f"{MASK} .,")),
            span[0] + len(quoted.rstrip(f"{MASK} .,;:")),
        )
    else:
        touched = [
            clause
            for clause in split_clauses(sentence.text)
            if clause.start < span[1] and clause.end > span[0]
        ]
        wide_start, wide_end = touched[0].start, touched[-1].end
        decoys = (
            wide_end - wide_start - len(sentence.text[wide_start:wide_end].lstrip(f"{MASK} .,"))
        )
        wide = (min(wide_start + decoys, span[0]), wide_end)
    for start, end in (wide, span):
        first, last = normalized.original_span(sentence.start + start, sentence.start + end)
        words = [word.span() for word in _WORD.finditer(rationale, first, last)]
        if len(words) <= _MAX_QUOTE_WORDS:
            break
    else:
        # A lack stands before its object, the words that lead to a statement before it.
        first, last = (
            (first, words[_MAX_QUOTE_WORDS - 1][1])
            if is_lack
            else (words[-_MAX_QUOTE_WORDS][0], last)
        )
    confidence = confidence_of("last_resort" if isinstance(cue, Cue) and cue.is_alone else cue.id)
    return LabelledSpan(
        cue.id,
        first,
        last,
        rationale[first:last],
        "answered" if isinstance(cue, Support) else cue.name,
        confidence,
    )
