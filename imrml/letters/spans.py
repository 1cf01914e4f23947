"""What was read in a letter, and where: every field with its span, to be shown in the letter."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from imrml.determinations import Case
from imrml.documents.ocr import OcrPage
from imrml.letters.cleaning import BlankMap, CleanText

Place = tuple[int, int]
"""Start and end of a stretch of the cleaned text, half open."""

_BLANKS = ("  ", "\n", "\f", "\v", "\r", "\t", "\x1c", "\x1d", "\x1e", "\x1f")
"""What keeps a text from being on one line, of ASCII."""

SpanKind = Literal["field", "label", "standing", "cover"]


def one_line(text: str) -> str:
    """Collapse every run of blanks and line ends to one blank.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        Without blanks at its ends.
    """
    # Most text is on one line already, and to look costs far less than to cut it into words.
    if text.isascii():
        for blank in _BLANKS:  # faster than any()
            if blank in text:
                break
        else:
            return text.strip(" ")
    return " ".join(text.split())


def trim(text: str, place: Place) -> Place | None:
    """Narrow a stretch to where no blank stands at its ends.

    Parameters
    ----------
    text : str
        The text that the stretch is of.
    place : (int, int)
        The stretch.

    Returns
    -------
    (int, int) or None
        None where nothing but blanks stands there.
    """
    start, end = place
    # Step by step: to copy a section of the letter for its ends costs as much as to parse it.
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


class Span(NamedTuple):
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


_new_span = tuple.__new__


def mark(
    text: str, kind: SpanKind, name: str, place: Place | None, item_number: int = 0
) -> list[Span]:
    """Make the span of a stretch of text, without the blanks at its ends.

    Parameters
    ----------
    text : str
        The cleaned text.
    kind, name, item_number
        As of :class:`Span`.
    place : (int, int) or None
        The stretch; None where the letter lacks it.

    Returns
    -------
    list of Span
        One, or none where nothing but blanks stands there: absence is no case of its own for the
        caller, who joins what there is.

    Examples
    --------
    >>> mark("Priority:  Standard ", "field", "priority", (9, 20))
    [Span(kind='field', name='priority', start=11, end=19, item_number=0)]
    >>> mark("Priority:  ", "field", "priority", (9, 11))
    []
    """
    trimmed = trim(text, place) if place else None
    # As Span(...) makes it, in half the time: a letter has forty.
    return [_new_span(Span, (kind, name, *trimmed, item_number))] if trimmed else []


def field_words(text: str, spans: Iterable[Span]) -> dict[str, str]:
    """Give the words of each field on one line.

    Parameters
    ----------
    text : str
        The cleaned text.
    spans : iterable of Span
        Of one item, or of what belongs to all items.

    Returns
    -------
    dict of str to str
        By column of the item table; joined by commas where a field stands in several places. The
        columns that the letter lacks are absent.
    """
    fields: dict[str, str] = {}
    for kind, name, start, end, _ in spans:
        if kind == "field":
            words = one_line(text[start:end])
            fields[name] = f"{fields[name]}, {words}" if name in fields else words
    return fields


@dataclass(frozen=True, slots=True, repr=False)
class ParsedLetter:
    """One letter as parsed; its ``repr`` holds no text of it, for logs show that.

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
        sentence or head), ``"case_outcome_differs"`` (the stated case outcome does not follow
        from the items'), ``"contradictory_fact"`` (its header holds two values for a date or the
        priority, which is left out), ``"doubtful_stamp"`` (what stands on its page as a stamp does
        has words of a letter, and was kept) and ``"doubtful_date"`` (OCR is not sure of a date,
        which is left out).
    ocr_pages : tuple of OcrPage
        Pages that were read from their picture, with the confidence of OCR.
    n_attached : int
        Files that are attached to its PDF.
    """

    case: Case
    clean: CleanText
    spans: tuple[Span, ...]
    case_outcome: str
    flags: tuple[str, ...]
    ocr_pages: tuple[OcrPage, ...] = ()
    n_attached: int = 0

    def __repr__(self) -> str:
        return (
            f"ParsedLetter(case_number={self.case.case_number!r}, "
            f"letter_format={self.case.letter_format!r}, n_items={len(self.case.items)}, "
            f"flags={self.flags})"
        )

    def find(self, name: str, item_number: int = 0) -> tuple[Span, ...]:
        """Give the spans of a field.

        Parameters
        ----------
        name : str
            Column of the item table.
        item_number : int, default=0
            From 1; 0 for a field that belongs to all items.

        Returns
        -------
        tuple of Span
            One, unless the field was joined from several or the letter lacks it.
        """
        return tuple(
            span
            for span in self.spans
            if span.kind == "field" and span.name == name and span.item_number == item_number
        )

    def text_of(self, span: Span) -> str:
        """Give the words of a span on one line.

        Parameters
        ----------
        span : Span
            One of this letter's.

        Returns
        -------
        str
            As the field of the item table has them.
        """
        return one_line(self.clean.text[span.start : span.end])

    def locate(self, span: Span, start: int, end: int) -> Place:
        """Give the place of a stretch of a field in the letter as it came.

        Parameters
        ----------
        span : Span
            Of the field.
        start, end : int
            Half open, in characters of ``text_of(span)``, as evidence has them.

        Returns
        -------
        (int, int)
            Half open, in characters of ``clean.original``.
        """
        inside = BlankMap(self.text_of(span), self.clean.text[span.start : span.end])
        inside_start, inside_end = inside.find(start, end)
        return self.clean.to_original().find(span.start + inside_start, span.start + inside_end)
