r"""Item blocks of a letter, by the grammar of its format.

In labelled blocks the four labels are the anchors, never the item line: an item wraps over lines
and holds colons, dates and full stops. What stands before ``Claims Administrator guideline:`` back
to the last paragraph break is the item's head.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from imrml.determinations import Decision
from imrml.errors import LetterError
from imrml.letters import formats
from imrml.letters.spans import Span, one_line

_MAX_HEAD = 1500
"""An item's head is at most six lines or so; far beyond, a paragraph break was missed."""
LONGEST_OUTCOME = 60
"""Characters that ``: Upheld`` may take, page ends between its parts included."""

_BREAK = re.compile(r"[\n\f\v]")

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Named:
    """An item that a letter names, where it names it, and the sentences that tell its outcome."""

    item: Place
    entry: Place
    statements: list[re.Match[str]]


@dataclass(slots=True)
class ItemBlock:
    """One item as found: its words, its decision, and where everything stands."""

    item: str
    decision: Decision
    spans: list[Span] = field(default_factory=list)

    def add(self, text: str, column: str, start: int, end: int, number: int) -> None:
        """Note where a field stands, without the blanks around it; nothing where only blanks stand there."""
        if (place := trim(text, start, end)) is not None:
            self.spans.append(Span("field", column, *place, number))


def trim(text: str, start: int, end: int) -> Place | None:
    """Narrow a span to where no blank stands at its ends; None where nothing is left."""
    words = text[start:end]
    inner = words.strip()
    if not inner:
        return None
    start += len(words) - len(words.lstrip())
    return start, start + len(inner)


def find_items(
    text: str, sections: Mapping[str, Place], grammar: formats.LabelledItems | formats.NumberedItems
) -> list[ItemBlock]:
    """Find the items of a letter, at least one.

    Raises
    ------
    LetterError
        ``no_items``, ``item_without_outcome`` or ``contradictory_outcomes``; the offset counts in
        ``text``.
    """
    if isinstance(grammar, formats.LabelledItems):
        return list(_labelled(text, *sections["items"]))
    return list(_numbered(text, sections, grammar))


# --- labelled blocks -------------------------------------------------------------------------------------------------


def _labelled(text: str, start: int, stop: int) -> Iterator[ItemBlock]:
    lead = formats.DECISIONS_LEAD.match(text, start, stop)
    start = lead.end() if lead else start
    anchors = list(formats.CLAIMS_GUIDELINE.finditer(text, start, stop))
    if not anchors:
        raise LetterError(
            "no_items", "no 'Claims Administrator guideline:' after the decisions heading", start
        )
    floors = [start, *(anchor.end() for anchor in anchors)]
    heads = [
        _find_head(text, floor, anchor.start(), is_first=floor == start)
        for floor, anchor in zip(floors, anchors, strict=False)
    ]
    for number, (anchor, (head_start, outcome)) in enumerate(
        zip(anchors, heads, strict=True), start=1
    ):
        head = trim(text, head_start, outcome.start()) if outcome else None
        if outcome is None or head is None:
            raise LetterError(
                "item_without_outcome",
                f"item {number}: no 'Upheld' or 'Overturned' after a colon before its 'Claims Administrator guideline:'",
                head_start,
            )
        block = ItemBlock(
            one_line(text[slice(*head)]),
            "overturned" if outcome["decision"].lower() == "overturned" else "upheld",
        )
        block.add(text, "item", *head, number)
        block.spans.append(
            Span("label", "decision", *(trim(text, *outcome.span()) or outcome.span()), number)
        )
        block.add(text, "decision", *outcome.span("decision"), number)
        end = heads[number][0] if number < len(heads) else stop
        labels = [("claims_guideline", anchor)]
        for column, pattern in (
            ("maximus_guideline", formats.MAXIMUS_GUIDELINE),
            ("rationale", formats.RATIONALE),
        ):
            if label := pattern.search(text, labels[-1][1].end(), end):
                labels.append((column, label))
        ends = [*(label.start() for _, label in labels[1:]), end]
        for (column, label), field_end in zip(labels, ends, strict=True):
            block.spans.append(Span("label", column, *label.span(), number))
            block.add(text, column, label.end(), field_end, number)
        yield block


def _find_head(
    text: str, start: int, end: int, *, is_first: bool
) -> tuple[int, re.Match[str] | None]:
    end = start + len(text[start:end].rstrip())
    outcome = formats.ITEM_OUTCOME.search(text, max(start, end - LONGEST_OUTCOME), end)
    if is_first and end - start <= _MAX_HEAD:
        return start, outcome
    return _head_start(text, start, outcome.start() if outcome else end), outcome


def _head_start(text: str, start: int, end: int) -> int:
    r"""Find where the item's head begins that ends at ``end``: after the paragraph break before it.

    A doubtful break counts only where the words before it end the rationale of the item above:
    where they close a sentence, or, for a page end (``"\f"``), belong to the paragraph with the
    rationale's label. Of full lines (``"\v"``) that all go on, the last is taken.
    """
    floor = max(start, end - _MAX_HEAD)
    label_end = max(
        (label.end() for label in formats.RATIONALE.finditer(text, start, end)), default=start
    )
    floor = max(floor, label_end)
    fallback = floor
    for found in reversed(list(_BREAK.finditer(text, floor, end))):
        at = found.start()
        if text[at] == "\n":
            return at + 1
        if formats.REST_OF_PARTIAL.search(text, at, end) and not formats.START_OF_PARTIAL.search(
            text, at, end
        ):
            continue
        if text[max(floor, at - 4) : at].rstrip(' )"\u201d').endswith((".", "!", "?")):
            return at + 1
        if text[at] == "\f" and label_end > start and text.find("\n", label_end, at) < 0:
            return at + 1
        if fallback == floor:
            fallback = at + 1
    return fallback


# --- numbered blocks -------------------------------------------------------------------------------------------------


def _numbered(
    text: str, sections: Mapping[str, Place], grammar: formats.NumberedItems
) -> Iterator[ItemBlock]:
    outcomes = _stated_outcomes(text, sections, grammar)
    if grammar.named_in:
        outcomes = _name_items(text, sections[grammar.named_in], outcomes)
    if not outcomes:
        raise LetterError(
            "no_items", "no numbered sentence says what is 'medically necessary and appropriate'"
        )
    blocks = (
        _number_in_order(grammar.head.finditer(text, *sections["items"])) if grammar.head else []
    )
    block_ends = [*(block.start() for block in blocks[1:]), sections["items"][1] if blocks else 0]
    for number, named in enumerate(outcomes, start=1):
        decisions = {_decision(statement) for statement in named.statements}
        if len(decisions) != 1:
            reason = "contradictory_outcomes" if decisions else "item_without_outcome"
            found = "sentences that contradict each other" if decisions else "no sentence"
            raise LetterError(
                reason,
                f"item {number}: {found} on whether it is 'medically necessary and appropriate'",
                named.item[0],
            )
        found_item = ItemBlock(one_line(text[slice(*named.item)]), decisions.pop())
        found_item.add(text, "item", *named.item, number)
        found_item.spans.append(
            Span("label", "item", *(trim(text, *named.entry) or named.entry), number)
        )
        for statement in named.statements:
            found_item.add(
                text, "decision", statement.start("verdict"), statement.end("verdict"), number
            )
            found_item.spans.append(
                Span("label", "item", *(trim(text, *statement.span()) or (0, 0)), number)
            )
        if number <= len(blocks):
            head = blocks[number - 1]
            found_item.spans.append(
                Span("label", "item", *(trim(text, *head.span()) or (0, 0)), number)
            )
            _add_labelled_fields(
                found_item, text, (head.end(), block_ends[number - 1]), grammar.labels, number
            )
        for section, column in grammar.shared:
            if section in sections:
                found_item.add(text, column, *sections[section], number)
        yield found_item


def _stated_outcomes(
    text: str, sections: Mapping[str, Place], grammar: formats.NumberedItems
) -> list[_Named]:
    """List the items that sentences of outcome name, each with all its sentences; a lone unnumbered one is number 1."""
    region = sections[grammar.stated_in] if grammar.stated_in else (0, len(text))
    outcomes: list[_Named] = []
    for statement in grammar.statement.finditer(text, *region):
        number = int(statement["number"] or 1)
        if number == len(outcomes) + 1:
            item = statement.span("item") if "item" in statement.groupdict() else statement.span()
            outcomes.append(_Named(item, statement.span(), [statement]))
        elif 0 < number <= len(outcomes) and grammar.stated_in != "items":
            outcomes[number - 1].statements.append(statement)
    return outcomes


def _name_items(text: str, listed_in: Place, outcomes: list[_Named]) -> list[_Named]:
    """Join outcomes to the items that a section lists; one item may be named without a number."""
    listed = _number_in_order(formats.LISTED_ITEM.finditer(text, *listed_in))
    entries = [(entry.span("item"), entry.span()) for entry in listed] or [
        (trim(text, *listed_in) or listed_in, listed_in)
    ]
    named = []
    for i, (item, entry) in enumerate(entries):
        asked = formats.ASKED.match(text, *item)
        statements = outcomes[i].statements if i < len(outcomes) else []
        if len(entries) > 1:  # a sentence without a number could be about any of them
            statements = [statement for statement in statements if statement["number"]]
        named.append(_Named(asked.span("item") if asked else item, entry, statements))
    return named


def _number_in_order(matches: Iterator[re.Match[str]]) -> list[re.Match[str]]:
    """Keep those that count 1, 2, 3: a number elsewhere in the text opens no item."""
    kept: list[re.Match[str]] = []
    for match in matches:
        if int(match["number"]) == len(kept) + 1:
            kept.append(match)
    return kept


def _decision(statement: re.Match[str]) -> Decision:
    return "upheld" if statement["negation"] else "overturned"


def _add_labelled_fields(
    block: ItemBlock, text: str, place: Place, labels: tuple[formats.Label, ...], number: int
) -> None:
    found = sorted(
        ((match, label) for label in labels if (match := label.pattern.search(text, *place))),
        key=lambda pair: pair[0].start(),
    )
    ends = [*(match.start() for match, _ in found[1:]), place[1]]
    for (match, label), end in zip(found, ends, strict=False):
        if not label.is_part:
            block.spans.append(Span("label", label.column, *match.span(), number))
        block.add(text, label.column, match.start() if label.is_part else match.end(), end, number)
