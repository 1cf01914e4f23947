"""Items of one letter lean on each other: one falls with another, or has its reasons under it."""

from collections.abc import Sequence
from dataclasses import replace

from imrml.labelling.quoting import LabelledSpan
from imrml.labelling.rules import confidence_of, roles
from imrml.labelling.sentence_roles import sentences_with_roles

_CUE = "reasons given under an item before"
_LENGTH_OF_A_REFERENCE = 60
"""Words; a longer rationale gives its own reasons, and what it says of another item is an aside."""


def denied_beside(
    cases: Sequence[object], decisions: Sequence[str], named: Sequence[object]
) -> list[tuple[str, ...]]:
    """Give for each item the other items of its letter whose denial stands.

    Parameters
    ----------
    cases : sequence
        Case number of each item; what is no text, or empty, is a letter of its own.
    decisions : sequence of str
        ``upheld`` or ``overturned``.
    named : sequence
        The items as worded.

    Returns
    -------
    list of tuple of str
        One tuple an item: the others as worded, in their order.

    Examples
    --------
    >>> items = ["Synvisc injection", "Ultrasound guidance", "MRI"]
    >>> denied_beside(["A", "A", "B"], ["upheld"] * 3, items)
    [('Ultrasound guidance',), ('Synvisc injection',), ()]
    """
    beside: list[tuple[str, ...]] = [()] * len(cases)
    for members in _places_by_case(cases).values():
        for place in members:
            beside[place] = tuple(
                name
                for other in members
                if other != place
                and decisions[other] == "upheld"
                and isinstance(name := named[other], str)
            )
    return beside


def with_reasons_given_above(
    cases: Sequence[object],
    decisions: Sequence[str],
    rationales: Sequence[object],
    labelled: Sequence[tuple[LabelledSpan, ...]],
) -> list[tuple[LabelledSpan, ...]]:
    """Give an upheld item whose rationale only points above the labels of the last with reasons.

    Parameters
    ----------
    cases : sequence
        Case number of each item; what is no text, or empty, is a letter of its own.
    decisions : sequence of str
        ``upheld`` or ``overturned``.
    rationales : sequence
        Rationale of each item; what is no text points at nothing.
    labelled : sequence of tuple of LabelledSpan
        Labels of each item, read alone.

    Returns
    -------
    list of tuple of LabelledSpan
        Labels of each item; the evidence of those added is the words that point above.

    Examples
    --------
    >>> from imrml.labelling import label_rationale
    >>> rationales = [
    ...     "There is no red flag on examination.",
    ...     "Please see the rationale above. Not medically necessary.",
    ... ]
    >>> alone = [label_rationale(rationale) for rationale in rationales]
    >>> labels = with_reasons_given_above(["A", "A"], ["upheld", "upheld"], rationales, alone)
    >>> [(span.id, span.quote) for span in labels[1]]
    [('objective_findings_lacking', 'Please see the rationale above.')]
    """
    labels = list(labelled)
    doubt = confidence_of("last_resort")
    for members in _places_by_case(cases).values():
        above: tuple[LabelledSpan, ...] = ()
        for place in members:
            rationale = rationales[place]
            if decisions[place] != "upheld" or not isinstance(rationale, str):
                continue
            if above and not labels[place] and (pointer := _points_above(rationale)):
                first_of_each = {span.id: span for span in reversed(above)}
                labels[place] = tuple(
                    replace(
                        span,
                        start=pointer[0],
                        end=pointer[1],
                        quote=rationale[slice(*pointer)],
                        cue=_CUE,
                        confidence=doubt,
                    )
                    for span in reversed(first_of_each.values())
                )
            # What only falls with another item gives no reasons that a third could share.
            elif any(span.id != "associated_service_not_needed" for span in labels[place]):
                above = labels[place]
    return labels


def _points_above(rationale: str) -> tuple[int, int] | None:
    if len(rationale.split()) > _LENGTH_OF_A_REFERENCE:
        return None
    normalized, sentences, _ = sentences_with_roles(rationale)
    for sentence in sentences:
        if roles().points_above.search(sentence.text):
            return normalized.original_span(sentence.start, sentence.start + len(sentence.text))
    return None


def _places_by_case(cases: Sequence[object]) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        if isinstance(case, str) and case:
            members.setdefault(case, []).append(place)
    return members
