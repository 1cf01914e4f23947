"""Items of one letter lean on each other: one falls with another that is denied, or has its reasons told under another."""

from collections.abc import Sequence
from dataclasses import replace

from imrml.labelling.labeller import LabelledSpan
from imrml.labelling.rules import confidence_of, roles
from imrml.labelling.sentence_roles import sentences_with_roles

_CUE = "told of an item before"
LENGTH_OF_A_REFERENCE = 60
"""Words; a rationale that says more gives reasons of its own, and what it says of another item is an aside."""


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

    Examples
    --------
    >>> denied_beside(["A", "A", "B"], ["upheld"] * 3, ["Synvisc injection", "Ultrasound guidance", "MRI"])
    [('Ultrasound guidance',), ('Synvisc injection',), ()]
    """
    members = _by_case(cases)
    return [
        tuple(
            str(named[other])
            for other in (members.get(case, []) if isinstance(case, str) else [])
            if other != place and decisions[other] == "upheld" and isinstance(named[other], str)
        )
        for place, case in enumerate(cases)
    ]


def with_reasons_told_before(
    cases: Sequence[object],
    decisions: Sequence[str],
    rationales: Sequence[object],
    labelled: Sequence[tuple[LabelledSpan, ...]],
) -> list[tuple[LabelledSpan, ...]]:
    """Give an upheld item whose rationale only points at what was said above the labels of the last with reasons.

    The words that point there are the evidence.

    Examples
    --------
    >>> from imrml.labelling import label_rationale
    >>> rationales = ["There is no red flag on examination.", "Please see the rationale above. Not medically necessary."]
    >>> labelled = [label_rationale(rationale) for rationale in rationales]
    >>> found = with_reasons_told_before(["A", "A"], ["upheld", "upheld"], rationales, labelled)
    >>> [(span.id, span.quote) for span in found[1]]
    [('objective_findings_lacking', 'Please see the rationale above.')]
    """
    found = list(labelled)
    doubt = confidence_of("last_resort")
    for members in _by_case(cases).values():
        told: tuple[LabelledSpan, ...] = ()
        for place in members:
            rationale = rationales[place]
            if decisions[place] != "upheld" or not isinstance(rationale, str):
                continue
            if told and not found[place] and (pointer := _points_above(rationale)):
                first_of_each = {span.id: span for span in reversed(told)}
                found[place] = tuple(
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
            elif any(span.id != "associated_service_not_needed" for span in found[place]):
                told = found[place]
    return found


def _points_above(rationale: str) -> tuple[int, int] | None:
    if len(rationale.split()) > LENGTH_OF_A_REFERENCE:
        return None
    reading, sentences, _ = sentences_with_roles(rationale)
    for sentence in sentences:
        if roles().told_above.search(sentence.text):
            return reading.original_span(sentence.start, sentence.start + len(sentence.text))
    return None


def _by_case(cases: Sequence[object]) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        if isinstance(case, str) and case:
            members.setdefault(case, []).append(place)
    return members
