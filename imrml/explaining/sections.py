"""The texts of a request, with the words marked that show a document or moved the score."""

import re
from collections.abc import Iterator, Sequence

from imrml.explaining.explanation import Mark, TextSection
from imrml.features import FoundDocument, describe_feature
from imrml.features.builder import TEXT_PREFIXES

TITLES = {"treatment": "asked for", "diagnosis": "diagnosis", "case_summary": "notes"}
"""Columns whose text is shown, with their plain names."""
_WORD = re.compile(r"\w+")

_MARKS = {"done": "shown", "negated": "lacking"}
"""Kind of mark by status; of what is neither there nor denied the figure knows nothing."""


def mark_text(
    column: str,
    text: str,
    documents: Sequence[FoundDocument],
    moved: Sequence[tuple[str, float]],
) -> TextSection:
    """Mark what counts in a text of a request.

    Parameters
    ----------
    column : str
        One of ``TITLES``.
    text : str
        As the model reads it.
    documents : sequence of FoundDocument
        What was found in it, also what it says is absent.
    moved : sequence of (str, float)
        Names of the features that moved the score, each with its signed log-odds.

    Returns
    -------
    TextSection
        The text with its marks in order.
    """
    marks = [
        Mark(one.start, one.end, _MARKS[one.status], one.document)
        for one in documents
        if one.status in _MARKS
    ]
    for name, log_odds in moved:
        kind = "raises" if log_odds > 0 else "lowers"
        for start, end in _find_feature(name, column, text, documents):
            marks.append(Mark(start, end, kind, describe_feature(name)))
    in_order = sorted(marks, key=lambda mark: (mark.start, mark.end))
    return TextSection(column, TITLES[column], text, tuple(in_order))


def _find_feature(
    name: str, column: str, text: str, documents: Sequence[FoundDocument]
) -> Iterator[tuple[int, int]]:
    """Find where a feature stands in a text: a term's words, or a cue's."""
    kind, _, cue = name.partition("=")
    if status := {"shows": "done", "lacks": "negated"}.get(kind):
        for document in documents:
            if document.cue == cue and document.status == status:
                yield document.start, document.end
    prefix = TEXT_PREFIXES[0] if column == "treatment" else TEXT_PREFIXES[1]
    if column != "diagnosis" and name.startswith(prefix):
        yield from _find_term(name.removeprefix(prefix).split(" "), text)


def _find_term(term: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """Find the words of a term in a text as it stands.

    A term has numbers and names masked, and no words of one letter.
    """
    words = [
        match for match in _WORD.finditer(text) if len(match.group()) > 1 or match.group().isdigit()
    ]
    for first in range(len(words) - len(term) + 1):
        stretch = words[first : first + len(term)]
        if all(map(_is_word_of_term, stretch, term)):
            yield stretch[0].start(), stretch[-1].end()


def _is_word_of_term(word: re.Match[str], of_term: str) -> bool:
    if of_term == "0":
        return word.group().isdigit()
    return word.group()[0].isupper() if of_term == "name" else word.group().lower() == of_term
