"""Signs that a letter was misread: it is refused, for a half-read letter would be half-learned.

Extraction that loses line ends, a page that is absent or out of place and text cut off all leave
the same traces: words of one field stand in another. None of the checks needs to know the letter.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import get_args

from imrml.determinations import Item
from imrml.errors import LetterError
from imrml.letters import formats
from imrml.letters.cleaning import CleanText
from imrml.letters.spans import Span

# Labels as a text layer by OCR may leave them, with another sign for the colon.
_LABEL = re.compile(
    r"(?:Claims\s*Administrator\s*guideline|MAXIMUS\s*guideline|Decision\s*rationale)\s*[:;.]",
    re.IGNORECASE,
)
_HEADER_LABELS = tuple(label for label, _, _ in formats.FACT_LABELS if label.endswith(":"))
_SIGN_OF_LABEL = re.compile(r"\s{0,20}[:;.]")
_OUTCOME = re.compile(r":\s{0,9}(?:Upheld|Overturned)\b")
_CLOSING = re.compile(
    r"\b(?:Therefore|Thus|Hence|Accordingly|Consequently|As such"
    r"|(?:Given|Based on|In view of|In light of) the (?:above|foregoing))\b[^.]{0,250}"
    # Utilization review is told in the past: "was not medically necessary".
    r"\b(?:(?:is|are)\s+(?:not\s+)?(?:considered\s+)?medically\s+necessary"
    r"|medical\s+necessity\b[^.]{0,120}\b(?:is|has)\b)",
    re.IGNORECASE,
)
_OPENINGS = (
    "therefore", "thus", "hence", "accordingly", "consequently", "as such", "above", "foregoing",
)  # fmt: skip
_SENTENCE_OF_RATIONALE = re.compile(
    r"\b(?:is|are|was|were|be|been)\s+(?:not\s+|therefore\s+)*(?:medically|recommended|supported"
    r"|indicated|established|warranted|necessary|substantiated|documented|appropriate)\b"
    r"|\b(?:patient|injured\s+worker|claimant|employee|provider|physician|documentation"
    r"|guidelines?|MTUS|ODG|ACOEM|records?|file)\s+(?:has|have|had|is|are|was|were|does|do|did"
    r"|states?|recommends?|supports?|notes?|reports?|shows?|suggests?|indicates?|asks?|took|told)\b"
    r"|\b(?:there|this|it)\s+(?:is|are|was|were|has)\b|\bmedical\s+necessity\b",
    re.IGNORECASE,
)
_SIGNS_OF_SENTENCE = frozenset(
    (  # noqa: SIM905 (a word a string would be a page of strings)
        "is are was were be been has have had does do did state states recommend recommends "
        "support supports note notes report reports show shows suggest suggests indicate "
        "indicates ask asks took told necessity guideline guideline: guideline; guideline. "
        "rationale rationale: rationale; rationale."
    ).split()
)
"""Words without which nothing below can be found; most items hold none."""
_PARTIAL_FORMULA = re.compile(
    r"\bwas\s+the\s+original\s+request\b|\b(?:was|were|is|are)\s+authorized\s+by\s+the\s+Claims"
    r"\s+Administrator|remaining\s+IMR\s+eligible\s+portion[^,]{0,60}",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(r"\b(?:was|were) the original requests?\b")
"""How an item begins of which a part was authorized; it ends in the part that is eligible."""
_RATIONALE_IN_GUIDELINE = re.compile(
    r"\bin this case\b"
    r"|\bmedical necessity (?:has|had|is|was) (?:not |thus |therefore ){0,2}(?:been )?"
    r"(?:established|demonstrated|substantiated|supported|shown)\b(?! (?:when|if|by|where)\b)"
    r"|\brequests?\b[^.]{0,200}\b(?:is|are|was|were)\b[^.]{0,60}\bmedically necessary",
    re.IGNORECASE,
)
_TWO_SENTENCES = re.compile(r"(?:\b[a-z]{2,}\W+){5}[a-z]{3,}\.\s+[A-Z][a-z]+(?:\s+[a-z]+){3}")
_COMMON_WORD = re.compile(
    r"\b(?:the|of|and|to|in|is|was|for|a|not|with|that|or|on|by)\b", re.IGNORECASE
)
_COMMONEST = (" the ", " of ", " and ", " to ", " in ", " is ")
"""Found far faster than by a pattern; they alone are enough in nearly every letter."""
_FEWEST_WORDS = 60
_LEAST_COMMON = 0.08
"""Share of a letter's words that are of the commonest; in prose it is about a third."""

_COUNTER = re.compile(
    r"(?:^|[^\w/.-])(\d{1,4})\s?(?:of|/)\s?(\d{1,4})\b[\]\s\x0f]*$", re.IGNORECASE
)
_NOT_COUNTER = re.compile(r"[\d\W_]+")
_CASE_NUMBER = re.compile(r"\bCM\d{2}-\d{7}\b")
_SECTIONS = frozenset(get_args(formats.SectionName))


def require_plausible(
    clean: CleanText, grammar: object, items: Sequence[Item], spans: Sequence[Span]
) -> None:
    """Raise unless the fields hold what they should.

    Parameters
    ----------
    clean : CleanText
        The letter.
    grammar : formats.LabelledItems or formats.NumberedItems
        Of its format.
    items : sequence of Item
        As parsed.
    spans : sequence of Span
        Of the whole letter.

    Raises
    ------
    LetterError
        ``garbled_text``, ``pages_out_of_order``, ``misread_item``, ``misread_summary`` or
        ``item_without_rationale``.
    """
    _require_words(clean.text)
    _require_page_order(clean)
    _require_headings_once(clean.text, spans)
    for item in items:
        _require_item(item, spans)
        _require_guidelines(item, spans)
    _require_summary(items[0].submission.case_summary, spans)
    if isinstance(grammar, formats.LabelledItems):
        _require_all_labels(clean.text, items, spans)
    for item in items[:-1]:
        if not item.determination.rationale:
            raise LetterError(
                "item_without_rationale",
                f"item {item.item_number} of {len(items)} has no rationale",
                _start(spans, "item", item.item_number),
            )


def _require_words(text: str) -> None:
    n_words = text.count(" ") + text.count("\n")
    n_needed = _LEAST_COMMON * n_words
    for word in _COMMONEST:
        n_needed -= text.count(word)
        if n_needed <= 0:
            return
    if n_words >= _FEWEST_WORDS and len(_COMMON_WORD.findall(text)) < _LEAST_COMMON * n_words:
        raise LetterError("garbled_text", "hardly a common word of English is among its words")


def _require_page_order(clean: CleanText) -> None:
    """Compare what page furniture counts or names: "Page 2 of 5", the case number."""
    series: dict[tuple[str, int], list[int]] = {}
    totals: dict[str, list[int]] = {}
    by_page: dict[tuple[str, int], set[int]] = {}
    for start, end in clean.furniture:
        words = clean.original[start:end].rpartition("\n")[2]
        counter = _COUNTER.search(words)
        if counter and 0 < int(counter[1]) <= int(counter[2]):
            name, total = _NOT_COUNTER.sub(" ", words).strip(), int(counter[2])
            series.setdefault((name, total), []).append(int(counter[1]))
            by_page.setdefault((name, clean.original.count("\f", 0, start)), set()).add(total)
            if totals.setdefault(name, [total])[-1] != total:
                totals[name].append(total)
    for numbers in series.values():
        for number, following in pairwise(numbers):
            if following not in {number, number + 1}:
                raise LetterError("pages_out_of_order", f"page {following} follows page {number}")
    stamped = {name for (name, _), counts in by_page.items() if len(counts) > 1}
    for name, runs in totals.items():
        if name in stamped:  # a fax counts its pages above the letter's own count
            continue
        if len(runs) > len(set(runs)):  # two faxes follow each other, a slipped-in page does not
            raise LetterError(
                "pages_out_of_order", f"a page of {runs[1]} stands among pages of {runs[0]}"
            )
    _require_one_case(clean)


def _require_one_case(clean: CleanText) -> None:
    """Raise where the furniture of two pages names two cases; one that all pages name is stamped.

    What a letter's text names may be an earlier case of the same patient.
    """
    by_page: dict[int, set[str]] = {}
    for start, end in clean.furniture:
        if cases := _CASE_NUMBER.findall(clean.original, start, end):
            by_page.setdefault(clean.original.count("\f", 0, start), set()).update(cases)
    for one, other in pairwise(by_page.values()):
        if one.isdisjoint(other):
            raise LetterError(
                "pages_out_of_order", "the heads or feet of two pages name two case numbers"
            )


def _require_headings_once(text: str, spans: Sequence[Span]) -> None:
    """Look for a heading that comes again, as on a page of another letter or one scanned twice."""
    for span in spans:
        if span.kind == "label" and not span.item_number and span.name in _SECTIONS:
            words = text[span.start : span.end]
            # Others than those in capitals are words of the letter's sentences, too.
            again = text.find(words, span.end) if words.isupper() else -1
        elif span.kind == "standing" and span.name == "items":
            words = text[span.start : span.end]
            again = text.find(words, span.end)
        else:
            continue
        if again >= 0:
            raise LetterError("pages_out_of_order", f"the heading {words!r} stands twice", again)


def _require_item(item: Item, spans: Sequence[Span]) -> None:
    words = item.submission.item
    is_misread: object = False
    if not _SIGNS_OF_SENTENCE.isdisjoint(words.lower().split()):
        words = _PARTIAL_FORMULA.sub(" ", words)
        is_misread = (
            _SENTENCE_OF_RATIONALE.search(words) or _LABEL.search(words) or _CLOSING.search(words)
        )
    if not is_misread and ". " in words:
        is_misread = _TWO_SENTENCES.search(words)
    if not is_misread and "original request" in item.submission.item:
        original = _ORIGINAL.search(item.submission.item)
        has_rest = "eligible" in item.submission.item[original.end() if original else 0 :]
        is_misread = has_rest != bool(original)
    if not is_misread and ":" in words:
        is_misread = any(label in words for label in _HEADER_LABELS)
    if is_misread:
        raise LetterError(
            "misread_item",
            f"item {item.item_number} holds a sentence or label where a treatment should stand",
            _start(spans, "item", item.item_number),
        )


def _require_guidelines(item: Item, spans: Sequence[Span]) -> None:
    """Look for words of a rationale, as a page that was slipped in leaves them there."""
    guidelines = {
        "claims_guideline": item.submission.claims_guideline,
        "maximus_guideline": item.determination.maximus_guideline,
    }
    for name, words in guidelines.items():
        if ("necess" in words or "this case" in words) and (
            _RATIONALE_IN_GUIDELINE.search(words) or _CLOSING.search(words)
        ):
            raise LetterError(
                "misread_item",
                f"a guideline of item {item.item_number} holds a sentence of a rationale",
                _start(spans, name, item.item_number),
            )


def _require_summary(summary: str, spans: Sequence[Span]) -> None:
    if next(_find_labels(summary), None) or _holds_closing(summary):
        raise LetterError(
            "misread_summary",
            "the case summary holds a label or the closing sentence of a rationale",
            _start(spans, "case_summary", 0),
        )


def _require_all_labels(text: str, items: Sequence[Item], spans: Sequence[Span]) -> None:
    """Compare the labels and outcomes in the text with those that were read."""
    labels = _find_labels(text, {span.end for span in spans if span.kind == "label"})
    lost = next((label for label in labels if not _is_known(label, spans)), None)
    n_outcomes = text.count("Upheld") + text.count("Overturned")
    if n_outcomes > len(items):
        first_item = _start(spans, "item", 1) or 0
        n_outcomes = sum(1 for _ in _OUTCOME.finditer(text, first_item))
    if lost or n_outcomes > len(items):
        raise LetterError(
            "misread_item",
            "a label within a field" if lost else f"{n_outcomes} outcomes for {len(items)} items",
            lost.start() if lost else None,
        )


def _is_known(label: re.Match[str], spans: Sequence[Span]) -> bool:
    return any(
        span.start == label.start() and span.kind == "label" and span.item_number for span in spans
    )


def _find_labels(text: str, known_ends: Collection[int] = ()) -> Iterator[re.Match[str]]:
    """Yield the labels of a text but for those that end where known ones do.

    Their last words are found first, far faster than by a pattern.
    """
    folded = text.lower()
    is_aligned = len(folded) == len(text)  # but for a letter or two of Turkish
    for last_word in ("guideline", "rationale") if is_aligned else ():
        at = folded.find(last_word)
        while at >= 0:
            end = at + len(last_word)
            is_known = end + 1 in known_ends and text[end] == ":"
            if not is_known and _SIGN_OF_LABEL.match(text, end):
                yield from _LABEL.finditer(text, max(0, at - 60), end + 20)
            at = folded.find(last_word, end)
    if not is_aligned:
        yield from _LABEL.finditer(text)


def _holds_closing(text: str) -> bool:
    """Tell whether a text holds a closing formula, by the word that each of them holds."""
    folded = text.lower()
    if not any(opening in folded for opening in _OPENINGS):
        return False
    at = folded.find("medical")
    while at >= 0:
        if _CLOSING.search(text, max(0, at - 300), at + 160):
            return True
        at = folded.find("medical", at + 1)
    return False


def _start(spans: Sequence[Span], name: str, item_number: int) -> int | None:
    return next(
        (span.start for span in spans if (span.name, span.item_number) == (name, item_number)), None
    )
