"""Text of a letter to its case, driven by the table of :mod:`imrml.letters.formats`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from imrml.config import LimitsConfig, load_config
from imrml.determinations import Case, Determination, Item
from imrml.documents.archives import read_attachments
from imrml.documents.reading import DocumentText, read_bytes, read_content
from imrml.errors import DocumentError, LetterError, require_types
from imrml.letters import formats
from imrml.letters.cleaning import CleanText, clean_letter
from imrml.letters.doubts import settle_doubts
from imrml.letters.facts import fact_values, find_facts
from imrml.letters.items import LONGEST_OUTCOME, ItemBlock, find_items
from imrml.letters.plausibility import require_plausible
from imrml.letters.sections import find_sections, recognize_format
from imrml.letters.spans import ParsedLetter, Place, Span, field_words, mark
from imrml.phrases import pluralize
from imrml.submissions.columns import Submission
from imrml.submissions.items import split_item
from imrml.submissions.narratives import derive_age, derive_diagnosis, derive_sex

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
OF_COVER_SHEETS = ("not_a_letter", "unknown_format", "no_text_layer", "page_without_text")
"""What is wrong with the page that a PDF portfolio shows in front of its files."""
_CASE_OUTCOMES = {"U": "upheld", "O": "overturned", "P": "partially overturned"}


def parse_letter(
    source: str | bytes | Path | DocumentText, *, fallback_case_number: str = ""
) -> ParsedLetter:
    """Parse one letter into its case, with the position of each field in the text.

    Parameters
    ----------
    source : str, bytes, Path or DocumentText
        The letter's text; the bytes of its file, a PDF or plain text; the path of that file (a
        ``str`` is always text, never a path); or text already extracted from it. If a PDF is the
        cover sheet of a portfolio with one file attached, that file is parsed.
    fallback_case_number : str, default=""
        Used if the letter has no case number, for example because its header was cut off. For a
        path, the default is the stem of the file name.

    Returns
    -------
    ParsedLetter
        Its ``case`` holds the items, each with what was submitted and what was decided; its
        ``spans`` say where each field stands.

    Raises
    ------
    LetterError
        ``not_a_letter``, ``unknown_format``, ``no_items``, ``item_without_outcome``,
        ``contradictory_outcomes``, ``contradictory_case_numbers``, or that it was misread
        (:mod:`imrml.letters.plausibility`) or
        that OCR is not sure of an item or the case number (``doubtful_reading``); its offset
        counts characters of the text.
    DocumentError
        The file cannot be read, or holds no text, or more than the limits of the default config
        allow.

    See Also
    --------
    imrml.corpus.parse_letters : Many letters, each in a process that it may kill, into a table.

    Examples
    --------
    >>> letter = parse_letter('''HOW THE IMR FINAL DETERMINATION WAS MADE
    ... State(s) of Licensure: Oregon
    ... CLINICAL CASE SUMMARY
    ... A 40 year old cook burned her hand.
    ... IMR ISSUES, DECISIONS AND RATIONALES
    ... Hand therapy,   6 visits: Overturned
    ... Claims Administrator guideline: Decision based on MTUS.
    ... MAXIMUS guideline: Decision based on MTUS.
    ... Decision rationale: The visits are supported.''', fallback_case_number="letter-7")
    >>> letter
    ParsedLetter(case_number='letter-7', letter_format='F2b', n_items=1, flags=())
    >>> letter.case.items[0].submission.item, letter.case.items[0].determination.decision
    ('Hand therapy, 6 visits', 'overturned')
    >>> [span] = letter.find("item", 1)
    >>> letter.clean.original[slice(*letter.locate(span, 0, 15))]
    'Hand therapy,   6'
    """
    if isinstance(fallback_case_number, str):  # before all else, for these are nearly all calls
        if isinstance(source, DocumentText):
            return _parse_document(source, fallback_case_number)
        if isinstance(source, str):
            return _parse_document(DocumentText(source), fallback_case_number)
    require_types(
        "parse_letter",
        source=(source, str | bytes | Path | DocumentText),
        fallback_case_number=(fallback_case_number, str),
    )
    limits = _default_limits()
    content = read_bytes(source, limits) if isinstance(source, Path) else source
    if isinstance(source, Path):
        fallback_case_number = fallback_case_number or source.stem
    try:
        return _parse_document(read_content(content, limits), fallback_case_number)
    except DocumentError as error:
        attached = (
            read_attachments(content, "", limits)
            if error.reason in OF_COVER_SHEETS and b"%PDF-" in content[:1024]
            else []
        )
        if not attached:
            raise
        if len(attached) > 1 or attached[0].error:
            raise LetterError(
                "not_a_letter",
                f"a portfolio with {pluralize(len(attached), 'file')} attached; "
                "parse_letters and imrml parse read each of them",
            ) from None
    return _parse_document(read_content(attached[0].content, limits), fallback_case_number)


@cache
def _default_limits() -> LimitsConfig:
    """Read the default limits once: the config takes longer than a letter."""
    return load_config().limits


def _parse_document(document: DocumentText, fallback_case_number: str) -> ParsedLetter:
    clean = clean_letter(document.text)
    try:
        letter = _parse_clean(clean, fallback_case_number)
        if document.ocr_pages or document.has_ocr_layer:
            letter = settle_doubts(letter, document)
    except LetterError as error:
        if error.offset is not None:
            error.offset = clean.to_original().find(error.offset, error.offset)[0]
        raise
    return replace(letter, n_attached=document.n_attached) if document.n_attached else letter


def _parse_clean(clean: CleanText, fallback_case_number: str) -> ParsedLetter:
    text = clean.text

    # 1. Headings come first: only they say whether this is a determination, and what the words
    #    below each of them are.
    sections = find_sections(text)
    places = sections.places

    # 2. Facts of header and notice, read above the first section with words about the case only:
    #    any date below is one of the treatment's story.
    facts_end = min(
        places[name][0] for name in ("issue", "reviewer", "case_summary") if name in places
    )
    fact_spans = find_facts(text, facts_end)
    facts, contradicted = fact_values(text, fact_spans)
    if "case_number" in contradicted:
        raise LetterError(
            "contradictory_case_numbers", "its header holds more than one", fact_spans[0].start
        )

    # 3. The format: several have the same headings, and the day of the decision tells them apart
    #    where the header has it.
    letter_format, is_verified = recognize_format(text, sections, facts.get("decided_on"))

    # 4. What all items share: who reviewed, and the story of the case.
    shared_spans = [*_find_credentials(text, places), *_find_summary(text, places["case_summary"])]

    # 5. The items, by the grammar of the format. A letter without any, or one whose outcome is not
    #    told, is not read at all: a decision is never guessed.
    blocks = find_items(text, places, letter_format.items)

    # 6. What says nothing of this case: without it, coverage could not tell a word that was passed
    #    over from one that was lost.
    preface_end = sections.headings[0].start
    standing_spans = _find_standing(text, places)
    cover_spans = _find_cover(text, preface_end)

    # 7. Values from the spans.
    items = _make_items(text, blocks, shared_spans, facts)
    case = Case(
        facts.get("case_number", fallback_case_number), letter_format.id, is_verified, items
    )

    # 8. Signs that the letter is not whole, or was misread: the outcome that a cover letter states
    #    for the case is held against the items' own, which alone count.
    case_outcome = _parse_case_outcome(text, preface_end) if cover_spans else ""
    raised = {
        "cut_short": _is_cut_short(text, items),
        "case_outcome_differs": case_outcome not in {"", _join_decisions(items)},
        "contradictory_fact": bool(contradicted),
        "doubtful_stamp": clean.has_doubtful_stamp,
    }

    spans = [
        *sections.headings,
        *fact_spans,
        *shared_spans,
        *standing_spans,
        *cover_spans,
        *(span for block in blocks for span in block.spans),
    ]
    spans.sort(key=lambda span: (span.start, -span.end))

    # 9. Words of one field in another: such a letter was misread, and is refused.
    require_plausible(clean, letter_format.items, items, spans)
    flags = tuple(flag for flag, is_raised in raised.items() if is_raised)
    return ParsedLetter(case, clean, tuple(spans), case_outcome, flags)


# --- what all items share ------------------------------------------------------------------------


def _find_credentials(text: str, places: Mapping[formats.SectionName, Place]) -> list[Span]:
    """Find the reviewer's states and specialties, told in prose or in a block."""
    place = places.get("reviewer")
    if place is None:
        return []
    is_prose = text.find("Board", *place) >= 0
    prose = formats.CERTIFIED_IN.search(text, *place) if is_prose else None
    states: Place | None
    if prose:
        states = prose.span("states")
        # Without a subspecialty its span is empty, and so makes none.
        specialties = [prose.span("specialty"), prose.span("subspecialty")]
    else:
        licensure = formats.LICENSURE.search(text, *place)
        specialty = formats.SPECIALTY.search(text, *place)
        states = licensure.span("states") if licensure else None
        specialties = [specialty.span("specialties")] if specialty else []
    spans = mark(text, "field", "reviewer_states", states)
    for specialty_place in specialties:
        spans += mark(text, "field", "reviewer_specialties", specialty_place)
    return spans


def _find_summary(text: str, place: Place) -> list[Span]:
    """Find the case summary below the sentence that leads to it, where there is one."""
    start, end = place
    lead = formats.SUMMARY_LEAD.match(text, start, end)
    if lead is None:
        return mark(text, "field", "case_summary", place)
    return [
        *mark(text, "standing", "case_summary", lead.span()),
        *mark(text, "field", "case_summary", (lead.end(), end)),
    ]


# --- what says nothing of the case ---------------------------------------------------------------


def _find_standing(text: str, places: Mapping[formats.SectionName, Place]) -> list[Span]:
    """Find the sections that say the same in every letter, and the lead of the decisions."""
    spans: list[Span] = []
    for name in ("outcomes", "reviewer", "documents", "effect"):
        spans += mark(text, "standing", name, places.get(name))
    if "items" in places and (lead := formats.DECISIONS_LEAD.match(text, *places["items"])):
        spans += mark(text, "standing", "items", lead.span())
    return spans


def _find_cover(text: str, preface_end: int) -> list[Span]:
    """Find the cover letter, notice or letterhead above the first heading, told by its words."""
    preface = text[:preface_end].casefold()
    has_cover = any(words in preface for words in formats.COVER_WORDS)
    return mark(text, "cover", "cover", (0, preface_end)) if has_cover else []


def _parse_case_outcome(text: str, preface_end: int) -> str:
    stated = formats.CASE_OUTCOME.search(text, 0, preface_end)
    return _CASE_OUTCOMES[stated["outcome"][0].upper()] if stated else ""


def _is_cut_short(text: str, items: Sequence[Item]) -> bool:
    """Tell a letter whose end is missing.

    Its signs are an item without rationale, a last head without its labels and an end amid a
    sentence.
    """
    if not all(item.determination.rationale for item in items):
        return True
    return (
        not text.endswith(_CLOSING)
        or formats.ITEM_OUTCOME.search(text, len(text) - LONGEST_OUTCOME) is not None
    )


# --- values --------------------------------------------------------------------------------------


def _make_items(
    text: str, blocks: Sequence[ItemBlock], shared_spans: Sequence[Span], facts: dict[str, str]
) -> tuple[Item, ...]:
    shared = field_words(text, shared_spans)
    summary = shared.get("case_summary", "")
    known: dict[str, Any] = {
        "diagnosis": derive_diagnosis(summary),
        "age": derive_age(summary),
        "sex": derive_sex(summary),
        "case_summary": summary,
        "priority": facts.get("priority", ""),
        "date_of_injury": facts.get("date_of_injury"),
        "received_on": facts.get("received_on"),
        "ur_denied_on": facts.get("ur_denied_on"),
    }
    reviewed: dict[str, Any] = {
        "reviewer_states": shared.get("reviewer_states", ""),
        "reviewer_specialties": shared.get("reviewer_specialties", ""),
        "assigned_on": facts.get("assigned_on"),
        "decided_on": facts.get("decided_on"),
    }
    return tuple(
        _make_item(text, number, block, known, reviewed)
        for number, block in enumerate(blocks, start=1)
    )


def _make_item(
    text: str, number: int, block: ItemBlock, known: dict[str, Any], reviewed: dict[str, Any]
) -> Item:
    fields = field_words(text, block.spans)
    item = fields.get("item", "")
    treatment, authorized, disputed = split_item(item)
    return Item(
        number,
        Submission(
            treatment=treatment,
            item=item,
            authorized=authorized,
            disputed=disputed,
            claims_guideline=fields.get("claims_guideline", ""),
            **known,
        ),
        Determination(
            block.decision,
            fields.get("maximus_guideline", ""),
            fields.get("rationale", ""),
            **reviewed,
        ),
    )


def _join_decisions(items: Sequence[Item]) -> str:
    decisions = {item.determination.decision for item in items}
    return "partially overturned" if len(decisions) > 1 else decisions.pop()


def case_rows(case: Case, source: str, source_sha256: str) -> Iterator[dict[str, Any]]:
    """Yield the item table's rows of one case, without the columns that labelling adds.

    Parameters
    ----------
    case : Case
        As :func:`parse_letter` finds it.
    source, source_sha256 : str
        The letter's file, and the hash of its bytes in hexadecimal.

    Yields
    ------
    dict of str to value
        One an item, by column; dates are ISO text.

    Examples
    --------
    >>> item = Item(
    ...     1,
    ...     Submission("MRI of the knee", item="MRI of the knee"),
    ...     Determination("upheld", decided_on="2016-03-01"),
    ... )
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
            "ocr": case.ocr,
            "decided_year": date.fromisoformat(decided_on).year if decided_on else None,
            **{name: getattr(item.submission, name) for name in Submission.__slots__},
            **{name: getattr(item.determination, name) for name in Determination.__slots__},
        }
