r"""Text of a letter to a :class:`~imrml.determinations.Case`.

The four labels of an item block are the anchors, never the item line: an item wraps over lines and holds colons, dates and
full stops. What stands before ``Claims Administrator guideline:`` back to the last paragraph break is the item's head.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from imrml.determinations import Case, Determination, Item
from imrml.errors import LetterError
from imrml.letters import formats
from imrml.letters.layout import join_paragraphs
from imrml.narratives import derive_age, derive_diagnosis, derive_sex
from imrml.submissions import Submission, split_item

_MAX_HEAD = 1500
"""An item's head is at most six lines or so; far beyond, a paragraph break was missed."""

_HEADER_TOKEN = re.compile(
    "|".join(
        [
            *(rf"(?P<label_{column}>{formats.worded(label)}\s*:)" for label, _, column in formats.HEADER_LABELS),
            *(rf"(?P<value_{kind}>\b(?:{pattern})\b)" for kind, pattern in formats.HEADER_VALUES.items()),
        ]
    ),
    re.IGNORECASE,
)
_KIND_OF = {column: kind for _, kind, column in formats.HEADER_LABELS}


def parse_letter(text: str, fallback_case_number: str) -> Case:
    """Parse one letter.

    Parameters
    ----------
    text : str
        As :func:`imrml.documents.read_document` gives it.
    fallback_case_number : str
        Used where the letter's header is cut off; by convention the stem of the file's name.

    Raises
    ------
    LetterError
        ``not_a_letter``, ``unknown_format``, ``no_items`` or ``item_without_outcome``.

    Examples
    --------
    >>> case = parse_letter('''HOW THE IMR FINAL DETERMINATION WAS MADE
    ... State(s) of Licensure: Oregon
    ... CLINICAL CASE SUMMARY
    ... A 40 year old cook burned her hand.
    ... IMR ISSUES, DECISIONS AND RATIONALES
    ... Hand therapy, 6 visits: Overturned
    ... Claims Administrator guideline: Decision based on MTUS.
    ... MAXIMUS guideline: Decision based on MTUS.
    ... Decision rationale: The visits are supported.''', "letter-7")
    >>> case.case_number, case.items[0].submission.item, case.items[0].determination.decision
    ('letter-7', 'Hand therapy, 6 visits', 'overturned')
    """
    paragraphs = join_paragraphs(text)
    header, how_made, summary, decisions = _sections(paragraphs)
    facts = _header_facts(header)
    states, specialties = _credentials(how_made)
    letter_format = _recognise(paragraphs, facts.get("decided_on"))
    case_summary = _one_line(formats.SUMMARY_LEAD.sub("", summary))
    items = []
    for number, block in enumerate(_blocks(decisions, offset=len(paragraphs) - len(decisions)), start=1):
        treatment, authorized, disputed = split_item(block.item)
        items.append(
            Item(
                item_number=number,
                submission=Submission(
                    treatment=treatment,
                    diagnosis=derive_diagnosis(case_summary),
                    age=derive_age(case_summary),
                    sex=derive_sex(case_summary),
                    date_of_injury=facts.get("date_of_injury"),
                    case_summary=case_summary,
                    item=block.item,
                    authorized=authorized,
                    disputed=disputed,
                    received_on=facts.get("received_on"),
                    ur_denied_on=facts.get("ur_denied_on"),
                    priority=facts.get("priority", ""),
                    claims_guideline=block.claims_guideline,
                ),
                determination=Determination(
                    decision="overturned" if block.decision == "overturned" else "upheld",
                    maximus_guideline=block.maximus_guideline,
                    rationale=block.rationale,
                    assigned_on=facts.get("assigned_on"),
                    decided_on=facts.get("decided_on"),
                    reviewer_states=states,
                    reviewer_specialties=specialties,
                ),
            )
        )
    return Case(
        case_number=facts.get("case_number", fallback_case_number),
        letter_format=letter_format.id,
        format_verified=letter_format.verified,
        items=tuple(items),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _sections(paragraphs: str) -> tuple[str, str, str, str]:
    """Cut at the headings, which stand in their order; the letter may lack everything before the case summary."""
    found = {}
    start = 0
    for heading in formats.F2_SECTIONS:
        match = re.compile(formats.worded(heading)).search(paragraphs, start)
        if match:
            found[heading] = match
            start = match.end()
    if not found:
        raise LetterError("not_a_letter", "none of the headings of a final determination was found; is this another document?")
    missing = [heading for heading in (formats.CASE_SUMMARY, formats.DECISIONS) if heading not in found]
    if missing:
        raise LetterError(
            "unknown_format",
            f"found the heading {', '.join(map(repr, found))}, not {', '.join(map(repr, missing))}; the letter may be cut short",
            start,
        )
    summary, decisions = found[formats.CASE_SUMMARY], found[formats.DECISIONS]
    how_made = found.get(formats.HOW_MADE)
    header_end = how_made.start() if how_made else summary.start()
    return (
        paragraphs[:header_end],
        paragraphs[how_made.end() : summary.start()] if how_made else "",
        paragraphs[summary.end() : decisions.start()],
        paragraphs[decisions.end() :],
    )


# --- header and credentials ------------------------------------------------------------------------------------------


def _header_facts(header: str) -> dict[str, str]:
    """Match labels with values, whether each value follows its label or all labels come first.

    Where the first label is followed by its value, a label without one is a redaction hole, so the labels still waiting when
    a new one comes are given up; else they wait in line for a value of their kind.
    """
    tokens = [
        (name.partition("_")[0], name.partition("_")[2], match.group())
        for match in _HEADER_TOKEN.finditer(header)
        if (name := match.lastgroup)
    ]
    labels_come_first = len(tokens) > 1 and tokens[0][0] == "label" and tokens[1][0] == "label"
    facts: dict[str, str] = {}
    waiting: list[str] = []
    for role, name, words in tokens:
        if role == "label":
            waiting = [*waiting, name] if labels_come_first else [name]
            continue
        column = next((column for column in waiting if _KIND_OF[column] == name), None)
        if column is not None and column not in facts:
            waiting.remove(column)
            if (value := _header_value(name, words)) is not None:
                facts[column] = value
    return facts


def _header_value(kind: str, words: str) -> str | None:
    if kind != "date":
        return words.upper() if kind == "case_number" else words.lower()
    try:
        return datetime.strptime(words, "%m/%d/%Y").replace(tzinfo=None).date().isoformat()
    except ValueError:  # 13/45/2015: a slip of the pen is a hole, not a date
        return None


def _credentials(how_made: str) -> tuple[str, str]:
    if prose := formats.CERTIFIED_IN.search(how_made):
        specialties = [prose["specialty"], prose["subspecialty"]]
        return _one_line(prose["states"]), ", ".join(_one_line(name) for name in specialties if name)
    states, specialties_block = formats.LICENSURE.search(how_made), formats.SPECIALTY.search(how_made)
    return (
        _one_line(states["states"]) if states else "",
        _one_line(specialties_block["specialties"]) if specialties_block else "",
    )


def _recognise(paragraphs: str, decided_on: str | None) -> formats.LetterFormat:
    """Tell the format by its sign where the day of the decision allows it, else by that day, else by the sign alone."""
    signs = [row for row in formats.FORMATS if row.tells.search(paragraphs)]
    dates = [row for row in formats.FORMATS if decided_on and row.decided_from <= decided_on <= row.decided_until]
    both = [row for row in signs if row in dates or not decided_on]
    found = both or dates or signs
    if not found:
        raise LetterError(
            "unknown_format",
            f"has the headings of {', '.join(row.id for row in formats.FORMATS)}, but no credentials and no decision date",
        )
    return found[0]


# --- item blocks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Block:
    item: str
    decision: str
    claims_guideline: str
    maximus_guideline: str
    rationale: str


def _blocks(decisions: str, offset: int) -> Iterator[_Block]:
    """Cut the decisions section into item blocks; ``offset`` is where it starts in the letter."""
    lead = formats.DECISIONS_LEAD.match(decisions)
    start = lead.end() if lead else 0
    anchors = list(formats.CLAIMS_GUIDELINE.finditer(decisions, start))
    if not anchors:
        raise LetterError(
            "no_items", "no 'Claims Administrator guideline:' after the decisions heading; is the letter cut short?"
        )
    floors = [start, *(anchor.end() for anchor in anchors[:-1])]
    heads = [
        floor if i == 0 and anchor.start() - floor <= _MAX_HEAD else _head_start(decisions, floor, anchor.start())
        for i, (floor, anchor) in enumerate(zip(floors, anchors, strict=True))
    ]
    for i, (head_start, anchor) in enumerate(zip(heads, anchors, strict=True)):
        head = formats.ITEM_HEAD.match(decisions[head_start : anchor.start()].strip())
        if head is None:
            raise LetterError(
                "item_without_outcome",
                f"item {i + 1}: no 'Upheld' or 'Overturned' after a colon before its 'Claims Administrator guideline:'",
                offset + head_start,
            )
        end = heads[i + 1] if i + 1 < len(heads) else len(decisions)
        maximus = formats.MAXIMUS_GUIDELINE.search(decisions, anchor.end(), end)
        rationale = formats.RATIONALE.search(decisions, maximus.end() if maximus else anchor.end(), end)
        first_label_after = maximus or rationale
        yield _Block(
            item=_one_line(head["item"]),
            decision=head["decision"].lower(),
            claims_guideline=_one_line(decisions[anchor.end() : first_label_after.start() if first_label_after else end]),
            maximus_guideline=_one_line(decisions[maximus.end() : rationale.start() if rationale else end]) if maximus else "",
            rationale=_one_line(decisions[rationale.end() : end]) if rationale else "",
        )


def _head_start(decisions: str, start: int, end: int) -> int:
    r"""Find where the item's head begins that ends at ``end``: after the paragraph break before it.

    The break before the outcome's own paragraph counts; an uncertain one (``"\f"``) counts only where the words before it end
    the rationale of the item above, that is where they close a sentence or belong to the paragraph with the rationale's label.
    """
    floor = max(start, end - _MAX_HEAD)
    tail = decisions[:end].rstrip()
    labels = [label.end() for label in formats.RATIONALE.finditer(decisions, start, end)]
    at = len(tail)
    while True:
        at = max(tail.rfind("\n", floor, at), tail.rfind("\f", floor, at))
        if at < 0:
            return floor
        if not formats.ITEM_HEAD.match(tail[at + 1 :]):
            continue  # a break between the item and its outcome
        if tail[at] == "\n":
            return at + 1
        if formats.REST_OF_PARTIAL.search(tail, at) and not formats.START_OF_PARTIAL.search(tail, at):
            continue
        paragraph_start = max(start, tail.rfind("\n", start, at) + 1)
        holds_label = bisect_right(labels, at) > bisect_right(labels, paragraph_start)
        if holds_label or tail[max(paragraph_start, floor) : at].rstrip().endswith((".", "!", "?")):
            return at + 1


def case_rows(case: Case, source: str, source_sha256: str) -> Iterator[dict[str, Any]]:
    """Yield the item table's rows of one case, without the columns that labelling adds.

    Examples
    --------
    >>> item = Item(1, Submission("MRI of the knee", item="MRI of the knee"), Determination("upheld", decided_on="2016-03-01"))
    >>> [row] = case_rows(Case("CM16-0000001", "F2b", True, (item,)), "a.txt", "00")
    >>> row["case_number"], row["decided_year"], row["decision"]
    ('CM16-0000001', 2016, 'upheld')
    """
    for item in case.items:
        decided_on = item.determination.decided_on
        yield {
            "case_number": case.case_number,
            "item_number": item.item_number,
            "source": source,
            "source_sha256": source_sha256,
            "letter_format": case.letter_format,
            "format_verified": case.format_verified,
            "decided_year": date.fromisoformat(decided_on).year if decided_on else None,
            **{name: getattr(item.submission, name) for name in Submission.__slots__},
            **{name: getattr(item.determination, name) for name in Determination.__slots__},
        }
