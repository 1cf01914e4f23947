r"""Text of a letter to a :class:`~imrml.determinations.Case`, driven by the table of :mod:`imrml.letters.formats`."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from imrml.determinations import Case, Determination, Item
from imrml.errors import LetterError
from imrml.letters import formats
from imrml.letters.cleaning import CleanText, clean_letter
from imrml.letters.items import LONGEST_OUTCOME, ItemBlock, Place, find_items, trim
from imrml.letters.spans import ParsedLetter, Span, one_line
from imrml.submissions.columns import Submission
from imrml.submissions.items import split_item
from imrml.submissions.narratives import derive_age, derive_diagnosis, derive_sex

_Sections = tuple[formats.Section, ...]
_LAYOUTS: dict[_Sections, dict[formats.Section, re.Pattern[str]]] = {
    row.sections: {section: re.compile(formats.worded(section.heading)) for section in row.sections}
    for row in formats.FORMATS
}
_FACT = re.compile(
    "|".join(
        [
            f"(?P<whole_received_on>{formats.VALUE_INSIDE_LABEL})",
            *(
                f"(?P<label{i}_{column}>{formats.worded(label)})"
                for i, (label, _, column) in enumerate(formats.FACT_LABELS)
            ),
            *(
                rf"(?P<value_{kind}>\b(?:{pattern})\b)"
                for kind, pattern in formats.FACT_VALUES.items()
            ),
        ]
    ),
    re.IGNORECASE,
)
_KIND_OF = {column: kind for _, kind, column in formats.FACT_LABELS}
_CLOSING = (
    ".",
    "!",
    "?",
    ":",
    ")",
    "]",
    '"',
    "'",
    "\u201d",
    "\u2019",
    "medically necessary",
    "medically appropriate",
)
"""How a letter ends; its closing formula often lacks the full stop."""


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
        ``not_a_letter``, ``unknown_format``, ``no_items``, ``item_without_outcome`` or
        ``contradictory_outcomes``; its offset counts characters of ``text``.

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
    return read_letter(text, fallback_case_number).case


def read_letter(text: str, fallback_case_number: str) -> ParsedLetter:
    """Parse one letter and keep where everything stands in it.

    Parameters and errors are those of :func:`parse_letter`.

    Examples
    --------
    >>> reading = read_letter('''CLINICAL CASE SUMMARY
    ... A 40 year old cook burned her hand.
    ... IMR ISSUES, DECISIONS AND RATIONALES
    ... Hand therapy,   6 visits: Overturned
    ... Claims Administrator guideline: Decision based on MTUS.
    ... MAXIMUS guideline: The Expert Reviewer based their decision on recommendation(s) outside of the MTUS Guidelines.
    ... Decision rationale: The visits are supported.''', "letter-7")
    >>> [span] = reading.find("item", 1)
    >>> reading.text_of(span), reading.clean.original[slice(*reading.locate(span, 0, 15))]
    ('Hand therapy, 6 visits', 'Hand therapy,   6')
    """
    clean = clean_letter(text)
    try:
        return _read(clean, fallback_case_number)
    except LetterError as error:
        if error.offset is not None:
            error.offset = clean.to_original().find(error.offset, error.offset)[0]
        raise


def _read(clean: CleanText, fallback_case_number: str) -> ParsedLetter:
    text = clean.text
    layout, sections, spans = _find_sections(text)
    facts_end = min(
        sections[name][0] for name in ("issue", "reviewer", "case_summary") if name in sections
    )
    facts = _find_facts(text, facts_end, spans)
    letter_format, is_verified = _recognise(text, layout, sections, facts.get("decided_on"))
    states, specialties = _find_credentials(text, sections.get("reviewer"), spans)
    case_summary = _find_summary(text, sections["case_summary"], spans)
    blocks = find_items(text, sections, letter_format.items)
    for name in ("outcomes", "reviewer", "documents", "effect"):
        if name in sections and (place := trim(text, *sections[name])):
            spans.append(Span("standing", name, *place))
    if "items" in sections and (lead := formats.DECISIONS_LEAD.match(text, *sections["items"])):
        spans.append(Span("standing", "items", *(trim(text, *lead.span()) or lead.span())))
    preface_end = min(
        span.start
        for span in spans
        if span.kind == "label" and span.item_number == 0 and span.name in sections
    )
    preface = text[:preface_end].casefold()
    has_cover = any(words in preface for words in formats.COVER_WORDS)
    if has_cover and (place := trim(text, 0, preface_end)):
        spans.append(Span("cover", "cover", *place))
    known = {
        "diagnosis": derive_diagnosis(case_summary),
        "age": derive_age(case_summary),
        "sex": derive_sex(case_summary),
        "case_summary": case_summary,
        "priority": facts.get("priority", ""),
        **{name: facts.get(name) for name in ("date_of_injury", "received_on", "ur_denied_on")},
    }
    reviewed = {
        "reviewer_states": states,
        "reviewer_specialties": specialties,
        **{name: facts.get(name) for name in ("assigned_on", "decided_on")},
    }
    items = tuple(
        _item(text, number, block, known, reviewed) for number, block in enumerate(blocks, start=1)
    )
    for block in blocks:
        spans += block.spans
    case = Case(
        facts.get("case_number", fallback_case_number), letter_format.id, is_verified, items
    )
    stated = formats.CASE_OUTCOME.search(text, 0, preface_end) if has_cover else None
    case_outcome = _CASE_OUTCOMES[stated["outcome"][0].upper()] if stated else ""
    flags = [
        flag
        for flag, is_raised in (
            ("cut_short", _is_cut_short(text, items)),
            ("case_outcome_differs", case_outcome not in {"", _case_outcome(items)}),
        )
        if is_raised
    ]
    spans.sort(key=lambda span: (span.start, -span.end))
    return ParsedLetter(case, clean, tuple(spans), case_outcome, tuple(flags))


def _item(
    text: str, number: int, block: ItemBlock, known: dict[str, Any], reviewed: dict[str, Any]
) -> Item:
    words = {"claims_guideline": "", "maximus_guideline": "", "rationale": ""}
    for span in block.spans:
        if span.kind == "field" and span.name in words:
            words[span.name] = one_line(text[span.start : span.end])
    treatment, authorized, disputed = split_item(block.item)
    return Item(
        number,
        Submission(
            treatment=treatment,
            item=block.item,
            authorized=authorized,
            disputed=disputed,
            claims_guideline=words["claims_guideline"],
            **known,
        ),
        Determination(block.decision, words["maximus_guideline"], words["rationale"], **reviewed),
    )


# --- the whole letter ------------------------------------------------------------------------------------------------

_CASE_OUTCOMES = {"U": "upheld", "O": "overturned", "P": "partially overturned"}


def _case_outcome(items: tuple[Item, ...]) -> str:
    decisions = {item.determination.decision for item in items}
    return "partially overturned" if len(decisions) > 1 else decisions.pop()


def _is_cut_short(text: str, items: tuple[Item, ...]) -> bool:
    """Tell a letter whose end is missing: an item without rationale, a last head without its labels, an end amid a sentence."""
    if not all(item.determination.rationale for item in items):
        return True
    return (
        not text.endswith(_CLOSING)
        or formats.ITEM_OUTCOME.search(text, len(text) - LONGEST_OUTCOME) is not None
    )


def _find_sections(text: str) -> tuple[_Sections, dict[str, Place], list[Span]]:
    """Find the layout whose required headings stand in their order, and cut there; optional sections stand between them."""
    for layout, headings in _LAYOUTS.items():
        found: dict[formats.Section, re.Match[str]] = {}
        start = 0
        for section, heading in headings.items():
            if section.is_required:
                if not (match := heading.search(text, start)):
                    break
                found[section] = match
                start = match.end()
        else:
            return layout, *_cut(text, layout, headings, found)
    seen = {
        section.heading: match.start()
        for headings in _LAYOUTS.values()
        for section, heading in headings.items()
        if (match := heading.search(text))
    }
    if not seen:
        raise LetterError("not_a_letter", "none of the headings of a final determination was found")
    raise LetterError(
        "unknown_format",
        f"found the heading {', '.join(map(repr, seen))}, but not all that one format needs, in their order",
        max(seen.values()),
    )


def _cut(
    text: str,
    layout: _Sections,
    headings: dict[formats.Section, re.Pattern[str]],
    found: dict[formats.Section, re.Match[str]],
) -> tuple[dict[str, Place], list[Span]]:
    in_order: list[tuple[formats.Section, re.Match[str]]] = []
    for i, section in enumerate(layout):
        start = in_order[-1][1].end() if in_order else 0
        stop = next((found[later].start() for later in layout[i:] if later in found), len(text))
        if match := found.get(section) or headings[section].search(text, start, stop):
            in_order.append((section, match))
    starts = [match.start() if section.is_part else match.end() for section, match in in_order]
    ends = [*(match.start() for _, match in in_order[1:]), len(text)]
    sections = {
        section.name: place for (section, _), *place in zip(in_order, starts, ends, strict=True)
    }
    spans = [Span("label", section.name, *match.span()) for section, match in in_order]
    return {name: (start, end) for name, (start, end) in sections.items()}, spans


def _recognise(
    text: str, layout: _Sections, sections: dict[str, Place], decided_on: str | None
) -> tuple[formats.LetterFormat, bool]:
    """Tell the format among those with the same sections: by the day of the decision, else by its sign.

    A letter of a later day than any that was seen may have changed, so it is not of a verified
    format.
    """
    rows = [row for row in formats.FORMATS if row.sections == layout]
    dated = [
        row for row in rows if decided_on and row.decided_from <= decided_on <= row.decided_until
    ]
    candidates = dated or rows
    found = candidates[0] if len(candidates) == 1 else None
    if found is None:
        start = min(start for start, _ in sections.values())
        found = next((row for row in candidates if row.sign and row.sign.search(text, start)), None)
    if found is None:
        raise LetterError(
            "unknown_format",
            f"has the headings of {', '.join(row.id for row in rows)}, but no credentials and no decision date",
        )
    return found, found.verified and (not decided_on or found in dated)


# --- header and credentials ------------------------------------------------------------------------------------------


def _find_facts(text: str, stop: int, spans: list[Span]) -> dict[str, str]:
    """Match labels with values, whether each value follows its label or all labels come first.

    Where the first label is followed by its value, a label without one is a redaction hole, so the
    label still waiting when a new one comes is given up; else they wait in line for a value of
    their kind.
    """
    tokens = []
    for match in _FACT.finditer(text, 0, stop):
        role, _, name = (match.lastgroup or "").partition("_")
        if match["whole_received_on"]:
            role, name = "whole", "received_on"
        tokens.append((role.rstrip("0123456789"), name, match))
    roles = [role for role, _, _ in tokens]
    first = roles.index("label") if "label" in roles else 0
    labels_come_first = roles[first : first + 2] == ["label", "label"]
    facts: dict[str, str] = {}
    waiting: dict[str, None] = {}
    for role, name, match in tokens:
        column, place = None, match.span()
        if role == "label":
            spans.append(Span("label", name, *(trim(text, *place) or place)))
            if not labels_come_first:
                waiting.clear()
            waiting[name] = None
        elif role == "whole":
            spans.append(Span("label", name, *place))
            column, place = name, match.span("inside")
        elif column := next((column for column in waiting if _KIND_OF[column] == name), None):
            del waiting[column]
        if column is not None:
            spans.append(Span("field", column, *place))
            value = _fact_value(_KIND_OF[column], text[slice(*place)])
            if value is not None:
                facts.setdefault(column, value)
    return facts


def _fact_value(kind: str, words: str) -> str | None:
    if kind != "date":
        return words.upper() if kind == "case_number" else words.lower()
    month, day, year = map(int, words.split("/"))
    try:
        return date(year, month, day).isoformat()
    except ValueError:  # 13/45/2015: a slip of the pen is a hole, not a date
        return None


def _find_credentials(text: str, place: Place | None, spans: list[Span]) -> tuple[str, str]:
    if place is None:
        return "", ""
    prose = formats.CERTIFIED_IN.search(text, *place)
    block = (formats.LICENSURE.search(text, *place), formats.SPECIALTY.search(text, *place))
    states = prose.span("states") if prose else block[0].span("states") if block[0] else None
    specialties = (
        [prose.span(name) for name in ("specialty", "subspecialty") if prose[name]]
        if prose
        else [block[1].span("specialties")]
        if block[1]
        else []
    )
    found = [
        ("reviewer_states", states),
        *(("reviewer_specialties", specialty) for specialty in specialties),
    ]
    words: dict[str, list[str]] = {"reviewer_states": [], "reviewer_specialties": []}
    for column, found_at in found:
        if found_at and (trimmed := trim(text, *found_at)):
            spans.append(Span("field", column, *trimmed))
            words[column].append(one_line(text[slice(*trimmed)]))
    return ", ".join(words["reviewer_states"]), ", ".join(words["reviewer_specialties"])


def _find_summary(text: str, place: Place, spans: list[Span]) -> str:
    start, end = place
    if lead := formats.SUMMARY_LEAD.match(text, start, end):
        spans.append(Span("standing", "case_summary", *(trim(text, *lead.span()) or lead.span())))
        start = lead.end()
    trimmed = trim(text, start, end)
    if trimmed is None:
        return ""
    spans.append(Span("field", "case_summary", *trimmed))
    return one_line(text[slice(*trimmed)])


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
