"""What was read in a letter, and where: every field with its span, so that a reader can be shown it in the letter as it came."""

from dataclasses import dataclass
from typing import Literal

from imrml.determinations import Case
from imrml.letters.cleaning import BlankMap, CleanText

SpanKind = Literal["field", "label", "standing", "cover"]


def one_line(text: str) -> str:
    """Collapse every run of blanks and line ends to one blank."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a letter's cleaned text and what it is.

    Parameters
    ----------
    kind : {'field', 'label', 'standing', 'cover'}
        A field of the case; a heading or label; the letter's own standing words; a cover letter,
        notice or letterhead.
    name : str
        Column of the item table, or name of the section.
    start, end : int
        Half open, in characters of the cleaned text; neither end stands on a blank.
    item_number : int
        From 1; 0 for what belongs to all items.
    """

    kind: SpanKind
    name: str
    start: int
    end: int
    item_number: int = 0


@dataclass(frozen=True, slots=True)
class ParsedLetter:
    """One letter as read.

    Parameters
    ----------
    case : Case
        What it says.
    clean : CleanText
        Its text with extraction damage undone, and the way back to the letter as it came.
    spans : tuple of Span
        What the text consists of, by start.
    case_outcome : str
        ``"upheld"``, ``"overturned"`` or ``"partially overturned"`` where the letter states an
        outcome for the whole case, else ``""``. Never used to infer an item's decision.
    flags : tuple of str
        Reasons to look at the letter: ``"cut_short"`` (an item without rationale, or an end amid a
        sentence or head) and ``"case_outcome_differs"`` (the stated case outcome does not follow
        from the items').
    """

    case: Case
    clean: CleanText
    spans: tuple[Span, ...]
    case_outcome: str
    flags: tuple[str, ...]

    def find(self, name: str, item_number: int = 0) -> tuple[Span, ...]:
        """Give the spans of a field, one unless the field was joined from several."""
        return tuple(
            span
            for span in self.spans
            if span.kind == "field" and span.name == name and span.item_number == item_number
        )

    def text_of(self, span: Span) -> str:
        """Give the words of a span on one line."""
        return one_line(self.clean.text[span.start : span.end])

    def locate(self, span: Span, start: int, end: int) -> tuple[int, int]:
        """Give the place in the letter as it came of a stretch of a field, as evidence is: positions in ``text_of(span)``."""
        inside = BlankMap(self.text_of(span), self.clean.text[span.start : span.end])
        found_start, found_end = inside.find(start, end)
        return self.clean.to_original().find(span.start + found_start, span.start + found_end)
