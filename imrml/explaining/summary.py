"""An explanation as plain text, to be copied or printed."""

import textwrap
from collections.abc import Iterator, Sequence

from imrml.deficiencies import deficiency_names
from imrml.explaining.explanation import ChecklistLine, Contribution, Explanation
from imrml.explaining.precedents import PastItems
from imrml.phrases import percent
from imrml.scoring.in_words import (
    DEMO,
    PLANNED,
    SEND_ONLY,
    SMALLEST_POINTS,
    SOURCES,
    SUBMISSIONS,
    compare_with_base_rate,
)


def format_summary(explanation: Explanation, width: int = 100) -> str:
    """Say an explanation in plain text, to be copied or printed, item by item.

    Parameters
    ----------
    explanation : Explanation
        As :func:`imrml.explaining.explain` gives it.
    width : int, default=100
        Characters a line may hold.

    Returns
    -------
    str
        Lines with their ends.
    """
    items = [format_item(item, width) for item in explanation.list_items()]
    notes = [line for note in explanation.notes for line in _wrap(note, width)]
    return "\n".join([*items, "\n".join(notes)]) + "\n"


def format_item(explanation: Explanation, width: int = 100) -> str:
    """Say one item of an explanation in plain text, without what the figures mean.

    Parameters
    ----------
    explanation : Explanation
        As :func:`imrml.explaining.explain` gives it; its further items are left out.
    width : int, default=100
        Characters a line may hold.

    Returns
    -------
    str
        Lines with their ends.
    """
    lines = [line for paragraph in _paragraphs(explanation) for line in _wrap(paragraph, width)]
    return "\n".join(lines) + "\n"


def format_headline(explanation: Explanation) -> str:
    """Say the probability with its interval beside the base rate, or why there is none.

    Parameters
    ----------
    explanation : Explanation
        As :func:`imrml.explaining.explain` gives it.

    Returns
    -------
    str
        One or two sentences.
    """
    row = explanation.prediction
    base = f"base rate of {explanation.category_name}: {explanation.base_rate_words}"
    if row["predicted"] == "abstain":
        return f"No answer: {row['abstain_reason']}. The {base}."
    figure = percent(row["p_overturned"])
    if row["p_low"] is not None:
        figure += f" (90 % interval {percent(row['p_low'])} to {percent(row['p_high'])})"
    return f"{figure}, {compare_with_base_rate(row)}; {base}."


def _wrap(paragraph: str, width: int) -> list[str]:
    hang = ""
    if paragraph[:1] in {" ", "-"}:
        hang = " " * (len(paragraph) - len(paragraph.lstrip()) + 2)
    return textwrap.wrap(paragraph, width, subsequent_indent=hang, break_on_hyphens=False) or [""]


def _paragraphs(explanation: Explanation) -> Iterator[str]:
    asked = [section.text for section in explanation.sections if section.column == "treatment"]
    yield f"{explanation.prediction['request_id']}: {' '.join(''.join(asked).split())}"
    yield format_headline(explanation)
    if explanation.interval_note:
        yield explanation.interval_note
    yield from _contributions(explanation.contributions)
    yield from _checklists(explanation)
    yield from _planned(explanation.prediction["planned"])
    if explanation.past_items:
        yield from _past_items(explanation.past_items)


def _contributions(contributions: Sequence[Contribution]) -> Iterator[str]:
    if not contributions:
        return
    yield ""
    yield "What moved the score, in percentage points:"
    for one in contributions:
        if abs(one.points) >= SMALLEST_POINTS:
            yield f"  {one.points:+.1f} {one.words}"


def _checklists(explanation: Explanation) -> Iterator[str]:
    if not explanation.deficiencies:
        return
    yield ""
    submission = SUBMISSIONS[explanation.prediction["stage"]]
    yield (
        "Likely faults if upheld, and what answers them before "
        f"{submission} is submitted ({SEND_ONLY}):"
    )
    yield f"  The likelihoods are {SOURCES[explanation.prediction['deficiency_source']]}."
    for one in explanation.deficiencies:
        rate = percent(one.p_category)
        done = ": all shown" if one.is_all_shown else ""
        yield f"- {one.name}: {percent(one.p)} (estimate for its treatment category {rate}){done}"
        for line in one.checklist:
            yield f"  [{'x' if line.is_shown else ' '}] {line.document}{_found_in(line)}"
            if line.what_if:
                yield f"      {line.what_if.words}"
    if explanation.what_if_note:
        yield f"  {explanation.what_if_note}."


def _found_in(line: ChecklistLine) -> str:
    if not line.credited:
        return ""
    quotes = "; ".join(f'"{quote}"' for quote in line.quotes)
    return f" (found: {', '.join(line.credited)}: {quotes})"


def _planned(documents: Sequence[str]) -> Iterator[str]:
    if documents:
        yield ""
        yield f"{PLANNED.capitalize()}:"
        yield from (f"- {document}" for document in documents)


def _past_items(past_items: PastItems) -> Iterator[str]:
    names = deficiency_names()
    yield ""
    yield f"Past items ({DEMO}):" if past_items.trained_on == "synthetic" else "Past items:"
    for rate in past_items.rates:
        yield f"  {rate.words}"
    for item in past_items.similar:
        deficiencies = ", ".join(names[id_] for id_ in item.deficiencies or ())
        year = item.decided_year or "year unknown"
        line = f"  {item.treatment}, {year}: {item.decision}"
        yield f"{line} ({deficiencies})" if deficiencies else line
