r"""Item blocks of a letter, by the grammar of its format.

In labelled blocks the four labels are the anchors, never the item line: an item wraps over lines
and holds colons, dates and full stops. What stands before ``Claims Administrator guideline:`` back
to the last paragraph break is the item's head.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from imrml.determinations import Decision
from imrml.errors import LetterError
from imrml.letters import formats
from imrml.letters.spans import Place, Span, mark, trim
from imrml.phrases import pluralize

_MAX_HEAD = 1500
"""An item's head is at most six lines or so; far beyond, a paragraph break was missed."""
LONGEST_OUTCOME = 60
"""Characters that ``: Upheld`` may take, page ends between its parts included."""

_BREAKS = "\n\f\v"
_NUMBERED = re.compile(r"(\d{1,2})[.)]\s{1,9}[A-Z]")


@dataclass(frozen=True, slots=True)
class ItemBlock:
    """One item as found: its decision, and where everything of it stands.

    Parameters
    ----------
    decision : {'upheld', 'overturned'}
        As the letter words it.
    spans : tuple of Span
        Fields and labels of the item, with its number.
    """

    decision: Decision
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _NamedItem:
    """An item that a letter names, where it does, and the sentences that tell its outcome."""

    item: Place
    entry: Place
    statements: tuple[re.Match[str], ...]


def find_items(
    text: str,
    places: Mapping[formats.SectionName, Place],
    grammar: formats.LabelledItems | formats.NumberedItems,
) -> list[ItemBlock]:
    """Find the items of a letter.

    Parameters
    ----------
    text : str
        The cleaned text.
    places : dict of str to (int, int)
        Where the sections stand.
    grammar : LabelledItems or NumberedItems
        Of the letter's format.

    Returns
    -------
    list of ItemBlock
        In the letter's order, at least one.

    Raises
    ------
    LetterError
        ``no_items``, ``item_without_outcome``, ``contradictory_outcomes`` or ``lost_item``; the
        offset counts in ``text``.
    """
    if isinstance(grammar, formats.LabelledItems):
        return _find_labelled(text, places["items"])
    return _find_numbered(text, places, grammar)


# --- labelled blocks -----------------------------------------------------------------------------


def _find_labelled(text: str, place: Place) -> list[ItemBlock]:
    start, stop = place
    lead = formats.DECISIONS_LEAD.match(text, start, stop)
    start = lead.end() if lead else start
    folded = text.lower()
    anchors = list(_iterate_labels(formats.CLAIMS_GUIDELINE, "claims", text, folded, start, stop))
    if not anchors:
        raise LetterError(
            "no_items", "no 'Claims Administrator guideline:' after the decisions heading", start
        )
    floors = [start, *(anchor.end() for anchor in anchors)]
    heads = [
        _find_head(text, folded, floor, anchor.start(), is_first=floor == start)
        for floor, anchor in zip(floors, anchors, strict=False)
    ]
    ends = [*(head_start for head_start, _ in heads[1:]), stop]
    blocks: list[ItemBlock] = []
    for anchor, (head_start, outcome), end in zip(anchors, heads, ends, strict=True):
        number = len(blocks) + 1
        item = mark(text, "field", "item", (head_start, outcome.start()), number) if outcome else []
        if outcome is None or not item:
            raise LetterError(
                "item_without_outcome",
                f"item {number}: no 'Upheld' or 'Overturned' after a colon "
                "before its 'Claims Administrator guideline:'",
                head_start,
            )
        spans = (
            *item,
            *mark(text, "label", "decision", outcome.span(), number),
            *mark(text, "field", "decision", outcome.span("decision"), number),
            *_find_labelled_fields(text, folded, anchor, end, number),
        )
        is_overturned = outcome["decision"].lower() == "overturned"
        blocks.append(ItemBlock("overturned" if is_overturned else "upheld", spans))
    _require_counted(text, [block.spans[0] for block in blocks])
    return blocks


def _require_counted(text: str, items: Sequence[Span]) -> None:
    """Raise where items that are numbered, all of them, do not count from 1."""
    numbers = [_NUMBERED.match(text, item.start, item.end) for item in items]
    for count, number in enumerate(numbers, start=1):
        if number and all(numbers) and int(number[1]) != count:
            raise LetterError(
                "lost_item", f"item {count} is numbered {number[1]}", items[count - 1].start
            )


def _iterate_labels(  # noqa: PLR0917 (as a pattern takes them)
    label: re.Pattern[str], first_word: str, text: str, folded: str, start: int, stop: int
) -> Iterator[re.Match[str]]:
    """Yield the matches of a label; its first word is found first, far faster than by a pattern."""
    if len(folded) != len(text):  # a letter or two of Turkish
        yield from label.finditer(text, start, stop)
        return
    at = folded.find(first_word, start, stop)
    while at >= 0:
        if match := label.match(text, at, stop):
            yield match
        at = folded.find(first_word, match.end() if match else at + 1, stop)


def _find_labelled_fields(
    text: str, folded: str, anchor: re.Match[str], end: int, number: int
) -> list[Span]:
    """Find the three fields behind an item's head: each ends where the next label begins."""
    labels = [("claims_guideline", anchor)]
    for column, pattern, first_word in (
        ("maximus_guideline", formats.MAXIMUS_GUIDELINE, "maximus"),
        ("rationale", formats.RATIONALE, "decision"),
    ):
        start = labels[-1][1].end()
        if label := next(_iterate_labels(pattern, first_word, text, folded, start, end), None):
            labels.append((column, label))
    field_ends = [*(label.start() for _, label in labels[1:]), end]
    spans: list[Span] = []
    for (column, label), field_end in zip(labels, field_ends, strict=True):
        spans += mark(text, "label", column, label.span(), number)
        spans += mark(text, "field", column, (label.end(), field_end), number)
    return spans


def _find_head(
    text: str, folded: str, start: int, end: int, *, is_first: bool
) -> tuple[int, re.Match[str] | None]:
    """Find where the head begins that ends at ``end``, and its outcome."""
    end = start + len(text[start:end].rstrip())
    outcome = formats.ITEM_OUTCOME.search(text, max(start, end - LONGEST_OUTCOME), end)
    if is_first and end - start <= _MAX_HEAD:
        return start, outcome
    return _find_head_start(text, folded, start, outcome.start() if outcome else end), outcome


def _find_head_start(text: str, folded: str, start: int, end: int) -> int:
    r"""Find where the item's head begins that ends at ``end``: after the paragraph break before it.

    A doubtful break counts only where the words before it end the rationale of the item above:
    where they close a sentence, or, for a page end (``"\f"``), belong to the paragraph with the
    rationale's label. Of full lines (``"\v"``) that all go on, the last is taken.
    """
    floor = max(start, end - _MAX_HEAD)
    labels = _iterate_labels(formats.RATIONALE, "decision", text, folded, start, end)
    label_end = max((label.end() for label in labels), default=start)
    floor = max(floor, label_end)
    fallback = floor
    at = end
    while (at := max(text.rfind(sign, floor, at) for sign in _BREAKS)) >= 0:
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


# --- numbered blocks -----------------------------------------------------------------------------


def _find_numbered(
    text: str, places: Mapping[formats.SectionName, Place], grammar: formats.NumberedItems
) -> list[ItemBlock]:
    named_items = _find_stated(text, places, grammar)
    if grammar.named_in:
        named_items = _find_listed(text, places[grammar.named_in], named_items)
    if not named_items:
        raise LetterError(
            "no_items", "no numbered sentence says what is 'medically necessary and appropriate'"
        )
    heads = _in_order(grammar.head.finditer(text, *places["items"])) if grammar.head else []
    if len(heads) > len(named_items):
        _refuse_lost(len(heads), len(named_items), heads[-1].start())
    ends = [*(head.start() for head in heads[1:]), places["items"][1] if heads else 0]
    blocks: list[ItemBlock] = []
    for number, named in enumerate(named_items, start=1):
        spans = [
            *mark(text, "field", "item", named.item, number),
            *mark(text, "label", "item", named.entry, number),
        ]
        for statement in named.statements:
            spans += mark(text, "field", "decision", statement.span("verdict"), number)
            spans += mark(text, "label", "item", statement.span(), number)
        if number <= len(heads):
            head = heads[number - 1]
            spans += mark(text, "label", "item", head.span(), number)
            block_place = head.end(), ends[number - 1]
            spans += _find_introduced_fields(text, block_place, grammar.labels, number)
        for section, column in grammar.shared:
            spans += mark(text, "field", column, places.get(section), number)
        blocks.append(ItemBlock(_decide(named, number), tuple(spans)))
    return blocks


def _find_stated(
    text: str, places: Mapping[formats.SectionName, Place], grammar: formats.NumberedItems
) -> list[_NamedItem]:
    """Find the items that sentences of outcome name; a lone unnumbered sentence is of number 1."""
    region = places[grammar.stated_in] if grammar.stated_in else (0, len(text))
    statements: list[list[re.Match[str]]] = []
    for statement in grammar.statement.finditer(text, *region):
        number = int(statement["number"] or 1)
        if number == len(statements) + 1:
            statements.append([statement])
        elif 0 < number <= len(statements) and grammar.stated_in != "items":
            statements[number - 1].append(statement)
        elif number > len(statements):
            _refuse_lost(number, len(statements), statement.start())
    return [
        _NamedItem(
            first.span("item") if "item" in first.groupdict() else first.span(),
            first.span(),
            (first, *others),
        )
        for first, *others in statements
    ]


def _find_listed(text: str, listed_in: Place, stated: Sequence[_NamedItem]) -> list[_NamedItem]:
    """Find the items that a section lists, and join the outcomes to them by number.

    One item may be listed without a number.
    """
    entries = [
        (entry.span("item"), entry.span())
        for entry in _in_order(formats.LISTED_ITEM.finditer(text, *listed_in))
    ] or [(trim(text, listed_in) or listed_in, listed_in)]
    if len(stated) > len(entries):
        _refuse_lost(len(stated), len(entries), stated[-1].entry[0])
    named_items = []
    for i, (item, entry) in enumerate(entries):
        asked = formats.ASKED.match(text, *item)
        statements = stated[i].statements if i < len(stated) else ()
        if len(entries) > 1:  # a sentence without a number could be about any of them
            statements = tuple(statement for statement in statements if statement["number"])
        named_items.append(_NamedItem(asked.span("item") if asked else item, entry, statements))
    return named_items


def _in_order(matches: Iterable[re.Match[str]]) -> list[re.Match[str]]:
    """Keep those that count 1, 2, 3: a number elsewhere in the text opens no item."""
    kept: list[re.Match[str]] = []
    for match in matches:
        if int(match["number"]) == len(kept) + 1:
            kept.append(match)
    return kept


def _refuse_lost(number: int, n_before: int, offset: int) -> NoReturn:
    raise LetterError(
        "lost_item",
        f"item {number} is told of, but {pluralize(n_before, 'item')} before it",
        offset,
    )


def _decide(named: _NamedItem, number: int) -> Decision:
    """Give the decision in which all sentences about an item agree."""
    is_upheld = {statement["negation"] is not None for statement in named.statements}
    if len(is_upheld) != 1:
        reason = "contradictory_outcomes" if is_upheld else "item_without_outcome"
        statements = "sentences that contradict each other" if is_upheld else "no sentence"
        raise LetterError(
            reason,
            f"item {number}: {statements} on whether it is 'medically necessary and appropriate'",
            named.item[0],
        )
    return "upheld" if is_upheld.pop() else "overturned"


def _find_introduced_fields(
    text: str, place: Place, labels: tuple[formats.Label, ...], number: int
) -> list[Span]:
    """Find the fields of a block, in whatever order their labels stand."""
    matches = [(label.pattern.search(text, *place), label) for label in labels]
    in_order = sorted(
        ((match, label) for match, label in matches if match), key=lambda pair: pair[0].start()
    )
    ends = [*(match.start() for match, _ in in_order[1:]), place[1]]
    spans: list[Span] = []
    for (match, label), end in zip(in_order, ends, strict=False):
        if label.is_part:
            spans += mark(text, "field", label.column, (match.start(), end), number)
        else:
            spans += mark(text, "label", label.column, match.span(), number)
            spans += mark(text, "field", label.column, (match.end(), end), number)
    return spans
