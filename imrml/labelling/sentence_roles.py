"""A rationale as the cues read it: normalized text, sentences with roles, masks over decoys."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from imrml.labelling.rules import Role, Roles, lack_words, roles, rule_index
from imrml.text.cache import remember
from imrml.text.prefilter import AnyOf, Possible
from imrml.text.safe_matching import MASK, bound_runs, holds_any
from imrml.text.sentences import missing_spans, small, split_sentences

# Each begins with the sign that is mended, and looks back from there: so signs are found by a set.
_MENDED = re.compile(
    r"[\s\-‘’“”n](?:(?P<blank>(?<=\s)(?:\s++|(?<! )))"
    r"|(?P<wrap>(?<=[a-z]{2}-)\s(?=[a-z]{2})(?!(?:and|or|to|the|but)\b))"
    r"|(?P<single>(?<=[‘’]))|(?P<double>(?<=[“”]))"
    r"|(?P<cannot>(?<=\bcan)['’]t\b)|(?P<negation>(?<=n)['’]t\b))",
)
_MENDINGS = {
    "blank": " ",
    "wrap": "",
    "single": "'",
    "double": '"',
    "cannot": "nnot",
    "negation": " not",
}
_CURLY_QUOTATION = re.compile(r"“[^“”]*”")
# Quotes are sought first and then looked back from: a search for one sign is fast.
_OPENING_QUOTE = re.compile(r'"(?<![\w.,;!?]")(?=\S)')
_CLOSING_QUOTE = re.compile(r'"(?<=[\w.,;!?)\]]")(?!\w)')
_STOP = re.compile(r"[.!?](?= [A-Z])")
_QUOTED_WORDS_KEPT = 7
"""A quotation up to this long is a term or a name of the item; a longer one recites a guideline."""


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """Text with blanks, quotes and cut words mended, which maps back to the original.

    Parameters
    ----------
    text : str
        The mended text.
    starts, originals : tuple of int
        Where each stretch begins that was kept as it was, in the mended text and in the original.

    Examples
    --------
    >>> normalized = normalize("Guide- lines  were not met.")
    >>> normalized.text, normalized.original_span(0, 10)
    ('Guidelines were not met.', (0, 12))
    """

    text: str
    starts: tuple[int, ...]
    originals: tuple[int, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Map a span of the mended text to the original.

        Parameters
        ----------
        start, end : int
            Offsets in characters into the mended text, which must not be equal.

        Returns
        -------
        tuple of (int, int)
            Start and end in the original.
        """
        return self._original(start), self._original(end - 1) + 1

    def _original(self, at: int) -> int:
        stretch = bisect_right(self.starts, at) - 1
        return self.originals[stretch] + at - self.starts[stretch]


@dataclass(frozen=True, slots=True)
class RoledSentence:
    """One sentence, what it does, and what it says is missing.

    Parameters
    ----------
    text : str
        In small letters, with decoys masked.
    start : int
        Offset into the normalized text.
    role : str
        What the sentence does.
    missing : tuple of (int, int)
        Spans into ``text`` that a lack governs.
    possible : Possible
        The alternatives of ``rule_index()`` that may be found in it.
    is_amid_case : bool
        The case has been taken up, and no guideline recited since.
    """

    text: str
    start: int
    role: Role
    missing: tuple[tuple[int, int], ...]
    possible: Possible
    is_amid_case: bool = False


ReadRationale = tuple[NormalizedText, list[RoledSentence], str]
"""Mended text, sentences, and the item as closing formulas name it: `sentences_with_roles`."""


def normalize(rationale: str) -> NormalizedText:
    """Mend a rationale: single blanks, straight quotes, "guide- lines" joined.

    Parameters
    ----------
    rationale : str
        Any text.

    Returns
    -------
    NormalizedText
        The mended text, with the way back.
    """
    if _is_mended(rationale):
        return NormalizedText(rationale, (0,), (0,))
    pieces: list[str] = []
    starts, originals = [0], [0]
    at = n_mended = 0
    for match in _MENDED.finditer(rationale):
        start, end = match.span()
        replacement = _MENDINGS[match.lastgroup or ""]
        pieces += (rationale[at:start], replacement)
        n_mended += start - at
        # The last letter of a longer replacement stands for the end of what it replaces.
        for place in [start] * (len(replacement) - 1) + [end - 1] * bool(replacement):
            starts.append(n_mended)
            originals.append(place)
            n_mended += 1
        starts.append(n_mended)
        originals.append(end)
        at = end
    pieces.append(rationale[at:])
    return NormalizedText("".join(pieces), tuple(starts), tuple(originals))


def _is_mended(text: str) -> bool:
    """Tell that there is nothing to mend, as in most rationales."""
    return text.isascii() and not holds_any(("- ", "'t"), text) and " ".join(text.split()) == text


def sentences_with_roles(rationale: str) -> ReadRationale:
    """Split a rationale into sentences and give each its role.

    Parameters
    ----------
    rationale : str
        The reviewer's reasoning on one item.

    Returns
    -------
    normalized : NormalizedText
        The mended text.
    sentences : list of RoledSentence
        In order.
    named : str
        The words in which closing formulas name the item.
    """
    normalized = normalize(_without_curly_quotations(bound_runs(rationale)))
    masked = _without_quotations(normalized.text)
    roled: list[RoledSentence] = []
    split, lowered = split_sentences(masked), small(masked)
    formulas: list[str] = []
    in_case = in_narrative = False
    patterns = roles()
    for sentence in split:
        text, formula, possible, missing = _read_words(lowered[sentence.start : sentence.end])
        formulas.append(formula)
        was_in_case = in_case
        role, in_case = _role(
            patterns, text, possible, in_case, is_conclusion=bool(formula), is_lacking=bool(missing)
        )
        if role in {"shows", "lacks"}:
            is_narrated = in_narrative and patterns.narrated.is_in(text, possible)
            opens = patterns.narrative_opens.is_in(text, possible)
            in_narrative = is_narrated or opens
            role = "narrative" if is_narrated else role
        roled.append(
            RoledSentence(text, sentence.start, role, missing, possible, was_in_case and in_case)
        )
    return normalized, roled, " ".join(filter(None, formulas))


@remember(4096)
def _read_words(sentence: str) -> tuple[str, str, Possible, tuple[tuple[int, int], ...]]:
    """Read a sentence by itself; reviewers repeat a quarter of theirs.

    Gives it without fillers and closing formula, the formula, what may be found in the rest, and
    what is missing by it.
    """
    possible = rule_index().possible_in(sentence)
    # Words are masked from edge to edge, so what is not possible in the whole is not possible in
    # what is left.
    text, formula = _without_formula(_blanked(roles().fillers, sentence, possible), possible)
    if text is not sentence:
        possible = rule_index().possible_in(text)
    sought = [name for name, words in lack_words().items() if words.may_be_in(possible)]
    return text, formula, possible, tuple(missing_spans(text, sought))


def _role(
    patterns: Roles,
    text: str,
    possible: Possible,
    in_case: bool,
    *,
    is_conclusion: bool,
    is_lacking: bool,
) -> tuple[Role, bool]:
    """Tell a sentence's role, and whether the case has been taken up after it."""
    if patterns.boilerplate.is_in(text, possible):
        return "boilerplate", in_case
    if is_conclusion:
        return "conclusion", in_case
    factual = _blanked(patterns.hypothetical, text, possible)
    if (is_general := _is_general(patterns, text, factual, possible)) or _recites(
        patterns, text, factual, possible, in_case
    ):
        return "recital", in_case and is_general
    if patterns.prior_review.is_in(text, possible):
        return "prior_review", True
    return ("lacks" if is_lacking else "shows"), True


def _is_general(patterns: Roles, text: str, factual: str, possible: Possible) -> bool:
    return patterns.general.is_in(text, possible) and not (
        patterns.points_at_case.is_in(factual, possible) or patterns.recital.is_in(text, possible)
    )


def _recites(patterns: Roles, text: str, factual: str, possible: Possible, in_case: bool) -> bool:
    leads = patterns.leading_guideline if in_case else patterns.recital
    if leads.is_in(text, possible) or (not in_case and patterns.literature.is_in(text, possible)):
        return not patterns.case_in_spite_of_guideline.is_in(factual, possible)
    return not in_case and not (
        patterns.case.is_in(factual, possible)
        or patterns.case_in_spite_of_guideline.is_in(factual, possible)
    )


def _without_formula(text: str, possible: Possible) -> tuple[str, str]:
    """Mask the closing formula, from the last naming of the request to the verdict; give it too."""
    verdict = _last(roles().verdict.finditer(text, possible))
    if verdict is None:
        return text, ""
    reason = roles().verdict_on_another.search(text)
    if reason and verdict.end() < reason.end():
        return text, ""
    subject = _last(roles().verdict_subject.finditer(text, 0, verdict.start()))
    start = verdict.start() if subject is None else subject.start()
    if clause := roles().reason_first.match(text, 0, verdict.start()):
        start = max(start, clause.end())
    # "The request exceeds the guideline and is not medically necessary": what stands before the
    # "and" is a reason.
    if roles().verdict_added.search(text, start, verdict.start()):
        return _masked(text, verdict.start(), verdict.end()), text[start : verdict.end()]
    return _masked(text, start, verdict.end()), text[start : verdict.end()]


def _last(matches: Iterator[re.Match[str]]) -> re.Match[str] | None:
    match = None
    for match in matches:  # noqa: B007  the last one is wanted
        pass
    return match


def _without_curly_quotations(text: str) -> str:
    return _CURLY_QUOTATION.sub(lambda quote: _mask_unless_short(quote.group()), text)


def _without_quotations(text: str) -> str:
    at = 0
    while opening := _OPENING_QUOTE.search(text, at):
        following = _OPENING_QUOTE.search(text, opening.end())
        limit = len(text) if following is None else following.start()
        closing = _CLOSING_QUOTE.search(text, opening.end(), limit)
        # A quotation that is never closed ends with its sentence.
        end = limit if closing is None else closing.end()
        if closing is None and (stop := _STOP.search(text, opening.end(), limit)):
            end = stop.end()
        quotation = text[opening.start() : end]
        if (read_as := _mask_unless_short(quotation)) != quotation:
            text = text[: opening.start()] + read_as + text[end:]
        at = end
    return text


def _mask_unless_short(quotation: str) -> str:
    if len(quotation.split()) <= _QUOTED_WORDS_KEPT:
        return quotation
    # A stop that ends the quotation also ends the sentence around it.
    ends_sentence = quotation.rstrip('"”')[-1:] in {".", "!", "?"}
    return MASK * (len(quotation) - 1) + ("." if ends_sentence else MASK)


def _blanked(pattern: AnyOf, text: str, possible: Possible) -> str:
    for match in list(pattern.finditer(text, possible)):
        text = _masked(text, match.start(), match.end())
    return text


def _masked(text: str, start: int, end: int) -> str:
    return text[:start] + MASK * (end - start) + text[end:]
