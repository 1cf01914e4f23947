"""An explanation as plain text, to be copied or printed."""

import textwrap
from collections.abc import Iterator, Sequence

from imrml.deficiencies import taxonomy
from imrml.explaining.explanation import Explanation
from imrml.phrases import percent
from imrml.scoring.in_words import DEMO, SEND_ONLY, compare_with_base_rate, format_base_rate


def plain_summary(explanation: Explanation, width: int = 100) -> str:
    """Say an explanation in plain text, to be copied or printed.

    Parameters
    ----------
    explanation : Explanation
        As :func:`explain` gives it.
    width : int, default=100
        Characters a line may hold.
    """
    lines = [line for paragraph in _paragraphs(explanation) for line in _wrapped(paragraph, width)]
    return "\n".join(lines) + "\n"


def _wrapped(paragraph: str, width: int) -> list[str]:
    hang = (
        " " * (len(paragraph) - len(paragraph.lstrip()) + 2) if paragraph[:1] in {" ", "-"} else ""
    )
    return textwrap.wrap(paragraph, width, subsequent_indent=hang, break_on_hyphens=False) or [""]


def headline(explanation: Explanation) -> str:
    """Say the probability with its interval beside the base rate, or why there is none."""
    row = explanation.prediction
    base = f"base rate of {explanation.category_name}: {format_base_rate(row)}"
    if row["predicted"] == "abstain":
        return f"No answer: {row['abstain_reason']}. The {base}."
    between = (
        ""
        if row["p_low"] is None
        else f" (90 % interval {percent(row['p_low'])} to {percent(row['p_high'])})"
    )
    return f"{percent(row['p_overturned'])}{between}, {compare_with_base_rate(row)}; {base}."


def _paragraphs(explanation: Explanation) -> Iterator[str]:
    row = explanation.prediction
    asked = next(
        (section.text for section in explanation.sections if section.column == "treatment"), ""
    )
    yield f"{row['request_id']}: {' '.join(asked.split())}"
    yield headline(explanation)
    if explanation.interval_note:
        yield explanation.interval_note
    if explanation.contributions:
        yield ""
        yield "What moved the score, in percentage points:"
        yield from (
            f"  {one.points:+.1f} {one.words}"
            for one in explanation.contributions
            if abs(one.points) >= 0.05
        )
    if explanation.deficiencies:
        yield ""
        yield f"Likely faults if upheld, and what answers them ({SEND_ONLY}):"
    for one in explanation.deficiencies:
        yield f"- {one.name}: {percent(one.p)} (in its treatment category {percent(one.p_category)})"
        for line in one.checklist:
            quoted = "".join(f' (found: "{quote}")' for quote in line.quotes)
            yield f"  [{'x' if line.is_shown else ' '}] {line.document}{quoted}"
            if line.what_if:
                yield f"      {line.what_if.words}"
    if explanation.what_if_note and explanation.deficiencies:
        yield f"  {explanation.what_if_note}."
    if explanation.local:
        yield ""
        yield (
            "Past items"
            + (f" ({DEMO})" if explanation.local.trained_on == "synthetic" else "")
            + ":"
        )
        yield from (f"  {rate.words}" for rate in explanation.local.rates)
        for precedent in explanation.local.similar:
            faults = ", ".join(_names(precedent.deficiencies or ()))
            year = precedent.decided_year or "year unknown"
            yield f"  {precedent.treatment}, {year}: {precedent.decision}" + (
                f" ({faults})" if faults else ""
            )
    yield ""
    yield from explanation.notes


def _names(ids: Sequence[str]) -> list[str]:
    names = {deficiency.id: deficiency.name for deficiency in taxonomy()}
    return [names[id_] for id_ in ids]
