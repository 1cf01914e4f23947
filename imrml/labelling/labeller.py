"""From one rationale to deficiencies with evidence spans."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imrml.deficiencies import deficiency_ids
from imrml.errors import require_each, require_types
from imrml.features.places import find_body_parts
from imrml.features.treatment import parse_treatment
from imrml.labelling.applicability import Applicability
from imrml.labelling.arithmetic import find_implied_excess
from imrml.labelling.learned import LearnedPart, best_of, sentence_features
from imrml.labelling.quoting import LabelledSpan, Reason, quote_label
from imrml.labelling.rules import (
    Cue,
    cues,
    n_cues_beside_others,
    other_names,
    possible_cues,
    roles,
    supports,
)
from imrml.labelling.sentence_roles import (
    ReadRationale,
    RoledSentence,
    sentences_with_roles,
)
from imrml.text.cache import remember
from imrml.text.safe_matching import bound_runs

_SUPPORTING_ROLES = frozenset(["shows", "lacks", "conclusion"])
_TERM = re.compile(r"[a-z]{3,}")
_STEM = 6
"""Letters by which two forms of a word are taken as one: "injection", "injections"."""
_IMPLIED = frozenset(["indication_not_documented"])
_IMPLIED_OF_STUDIES = frozenset(["objective_findings_lacking", "conservative_care_not_failed"])
_IMPLIED_OF_DRUGS = frozenset(
    [
        "no_functional_improvement",
        "no_pain_relief_documented",
        "opioid_monitoring_missing",
        "first_line_not_failed",
    ]
)
"""What "these criteria" usually stand for: of a drug these too, and others of a test, injection,
surgery or referral (``_IMPLIED_OF_STUDIES``) than of anything else (``_IMPLIED``)."""


_ASSOCIATED = Reason(
    "associated_service_not_needed", "another item of the letter, on which it rests, is denied"
)
_EXCESS = Reason("exceeds_guideline_quantity", "used and asked for add up to more than the limit")


@dataclass(frozen=True)
class _Asked:
    """An item and the words in which closing formulas name it."""

    item: str
    named: str

    @cached_property
    def about(self) -> str:
        """The item in lower case, and what names it."""
        return f"{bound_runs(self.item).lower()} {self.named}"

    @property
    def names(self) -> frozenset[str]:
        """Starts of words that name it or its kind; the item is read for them, so ask late."""
        return _names_of(self.item, self.named)

    @cached_property
    def _own_words(self) -> frozenset[str]:
        """Those of ``names`` that stand in the item itself."""
        return _stems(self.about.replace("_", " "))

    def is_named_in(self, stems: frozenset[str]) -> bool:
        """Tell whether words name the item; it is read only where its own words do not tell."""
        return not (self._own_words.isdisjoint(stems) and self.names.isdisjoint(stems))


def label_rationale(
    rationale: str,
    item: str = "",
    denied_beside: Sequence[str] = (),
    learned: LearnedPart | None = None,
) -> tuple[LabelledSpan, ...]:
    """Find the deficiencies that a reviewer states in the rationale of an upheld item.

    Parameters
    ----------
    rationale : str
        The reviewer's reasoning on one item.
    item : str, optional
        The item as worded; where absent, the words in which the rationale's closing formula names
        it stand in.
    denied_beside : sequence of str, optional
        Other items of the letter whose denial stands, as worded: an item may fall because one of
        them does.
    learned : LearnedPart, optional
        Fitted by ``fit_learned`` or read by ``read_learned``; the cues decide alone where absent.

    Returns
    -------
    tuple of LabelledSpan
        In the taxonomy's order, then by place; at most one span for each sentence and id.

    Examples
    --------
    >>> spans = label_rationale(
    ...     "The worker improved. However, there is no record of a urine drug screen. "
    ...     "Therefore, the request for Norco is not medically necessary."
    ... )
    >>> [(span.id, span.quote) for span in spans]
    [('opioid_monitoring_missing', 'no record of a urine drug screen')]
    """
    require_types(
        "label_rationale",
        rationale=(rationale, str),
        item=(item, str),
        denied_beside=(denied_beside, Sequence),
        learned=(learned, LearnedPart | None),
    )
    require_each("label_rationale", "denied_beside", denied_beside, str)
    read = sentences_with_roles(rationale)
    spans = label_by_cues(rationale, item, denied_beside, read)
    return spans if learned is None else _with_learned(rationale, item, read, spans, learned)


def _with_learned(
    rationale: str,
    item: str,
    read: ReadRationale,
    spans: tuple[LabelledSpan, ...],
    learned: LearnedPart,
) -> tuple[LabelledSpan, ...]:
    """Drop labels that the learned part does not believe, and add those that it sees alone."""
    normalized, sentences, _ = read
    features = sentence_features(sentences, item)
    scores = learned.score_sentences(features)
    by_cues = {span.id for span in spans}
    is_found = np.array([id_ in by_cues for id_ in deficiency_ids()])
    holds = learned.log_odds(best_of(scores), is_found) >= 0
    if (holds == is_found).all():
        return spans
    believed = {
        id_ for id_, is_believed in zip(deficiency_ids(), holds, strict=True) if is_believed
    }
    kept = [span for span in spans if span.id in believed]
    for place in np.flatnonzero(holds & ~is_found) if len(scores) else ():
        sentence = sentences[features.numbers[scores[:, place].argmax()]]
        stretch = sentence.missing[0] if sentence.missing else (0, len(sentence.text))
        label = Reason(deficiency_ids()[place], "learned from gold labels")
        kept.append(quote_label(label, rationale, normalized, sentence, stretch))
    return _in_order(kept)


def label_by_cues(
    rationale: str, item: str, denied_beside: Sequence[str], read: ReadRationale
) -> tuple[LabelledSpan, ...]:
    """Find what the cues alone say; :func:`label_rationale` reads the rationale first.

    Parameters
    ----------
    rationale, item : str
        As written.
    denied_beside : sequence of str
        Items of the same letter that were upheld.
    read : ReadRationale
        The rationale as read.

    Returns
    -------
    tuple of LabelledSpan
        In the order of the text.
    """
    normalized, sentences, named = read
    whole_text = normalized.text.lower()
    asked = _Asked(item, named)
    possible = _possible_cues(sentences)
    applies = Applicability(asked.about, whole_text)
    spans: dict[tuple[str, int], LabelledSpan] = {}
    yielding: dict[tuple[str, int], frozenset[str]] = {}

    all_cues = cues()

    def find(places: Iterable[int]) -> None:
        for place in places:
            cue = all_cues[place]
            for number in possible[place]:
                sentence = sentences[number]
                if (cue.id, number) in spans:
                    continue
                stretch = _locate(cue, sentence, asked)
                if stretch is None:
                    continue
                if not applies.to(cue):
                    break
                spans[cue.id, number] = quote_label(cue, rationale, normalized, sentence, stretch)
                yielding[cue.id, number] = cue.yields_to

    in_order = sorted(possible)
    first_alone = bisect_left(in_order, n_cues_beside_others())
    find(in_order[:first_alone])
    for number, implied in _implied(sentences, asked.about, applies, bool(spans)):
        whole = (0, len(sentences[number].text))
        spans.setdefault(
            (implied.id, number),
            quote_label(implied, rationale, normalized, sentences[number], whole),
        )
    for place in in_order[first_alone:]:
        if spans:
            break
        find([place])
    if not any(id_ == _EXCESS.id for id_, _ in spans) and (
        excess := find_implied_excess(sentences, item)
    ):
        number, limit = excess
        spans[_EXCESS.id, number] = quote_label(
            _EXCESS, rationale, normalized, sentences[number], limit
        )
    for number, reason in _fallen_with_another(sentences, asked, denied_beside):
        if (_ASSOCIATED.id, number) not in spans:
            spans[_ASSOCIATED.id, number] = quote_label(
                _ASSOCIATED, rationale, normalized, sentences[number], reason
            )
    known = deficiency_ids()  # a user's taxonomy may lack what is implied
    weaker = {
        key
        for key, stronger in yielding.items()
        if any((other, key[1]) in yielding for other in stronger)
    }
    return _in_order(span for key, span in spans.items() if key not in weaker and key[0] in known)


def _in_order(spans: Iterable[LabelledSpan]) -> tuple[LabelledSpan, ...]:
    rank = {id_: place for place, id_ in enumerate(deficiency_ids())}
    return tuple(sorted(spans, key=lambda span: (rank[span.id], span.start)))


def _possible_cues(sentences: list[RoledSentence]) -> dict[int, list[int]]:
    """Give for each cue, by its place, the sentences in which it may count."""
    possible: dict[int, list[int]] = {}
    for number, sentence in enumerate(sentences):
        for place in possible_cues(
            sentence.possible,
            sentence.role,
            has_lack=bool(sentence.missing),
            is_amid_case=sentence.is_amid_case,
        ):
            possible.setdefault(place, []).append(number)
    return possible


def _implied(
    sentences: list[RoledSentence], about: str, applies: "Applicability", has_labels: bool
) -> Iterator[tuple[int, Cue]]:
    """Give what a sentence says is missing by pointing back: "none of these is present"."""
    recited: RoledSentence | None = None
    for number, sentence in enumerate(sentences):
        if sentence.role == "recital":
            recited = sentence
        elif recited is not None and (
            (is_explicit := roles().none_of_these.is_in(sentence.text, sentence.possible))
            or (not has_labels and roles().criteria_unmet.is_in(sentence.text, sentence.possible))
        ):
            of_all = _IMPLIED_OF_STUDIES if roles().study.search(about) else _IMPLIED
            implied = of_all | _IMPLIED_OF_DRUGS if is_explicit and of_all is _IMPLIED else of_all
            for cue in cues():
                if (
                    cue.is_missing
                    and cue.id in implied
                    and not cue.is_alone
                    and cue.pattern.is_in(recited.text, recited.possible)
                    and not (
                        cue.unless is not None and cue.unless.is_in(recited.text, recited.possible)
                    )
                    and applies.to(cue)
                ):
                    yield number, cue
            recited = None


def _fallen_with_another(
    sentences: list[RoledSentence], asked: _Asked, denied_beside: Sequence[str]
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Give the sentences in which the denial of another item of the letter is the reason.

    The other item must be named in words that do not name this one too.
    """
    reasons = [
        (number, reason)
        for number, sentence in enumerate(sentences)
        if denied_beside
        and sentence.role != "boilerplate"
        and (reason := roles().falls_with_another.search(sentence.text, sentence.possible))
    ]
    if not reasons:
        return
    others = frozenset().union(*(_names_of(other, "") for other in denied_beside)) - asked.names
    for number, reason in reasons:
        if not others.isdisjoint(_stems(reason.group())):
            yield number, reason.span()


def find_supports(rationale: str) -> tuple[LabelledSpan, ...]:
    """Find what a reviewer who overturned a denial found sufficient.

    Parameters
    ----------
    rationale : str
        The reviewer's reasoning on one overturned item.

    Returns
    -------
    tuple of LabelledSpan
        In the taxonomy's order, then by place. The ids are those of deficiencies; each is
        *answered*, not found. ``confidence`` speaks of deficiencies and not of these.

    Examples
    --------
    >>> spans = find_supports("The patient has failed six weeks of physical therapy.")
    >>> [(span.id, span.quote) for span in spans]
    [('conservative_care_not_failed', 'The patient has failed six weeks of physical therapy.')]
    """
    normalized, sentences, _ = sentences_with_roles(rationale)
    return tuple(
        quote_label(support, rationale, normalized, sentence, match.span())
        for support in supports()
        for sentence in sentences
        if sentence.role in _SUPPORTING_ROLES and not _is_general(sentence)
        if (match := _outside(support.pattern, sentence))
    )


def _is_general(sentence: RoledSentence) -> bool:
    return roles().general.is_in(
        sentence.text, sentence.possible
    ) and not roles().points_at_case.is_in(sentence.text, sentence.possible)


def _outside(pattern: re.Pattern[str], sentence: RoledSentence) -> re.Match[str] | None:
    for match in pattern.finditer(sentence.text):
        if not any(start < match.end() and match.start() < end for start, end in sentence.missing):
            return match
    return None


def _locate(cue: Cue, sentence: RoledSentence, asked: _Asked) -> tuple[int, int] | None:
    """Give the stretch that states the deficiency: a lack with its object, or a statement."""
    if cue.requires is not None and not cue.requires.may_be_in(sentence.possible):
        return None  # before anything is searched for
    span = _missing_object(cue, sentence) if cue.is_missing else _statement(cue, sentence)
    if (
        span is None
        or (cue.requires is not None and not cue.requires.is_in(sentence.text, sentence.possible))
        or (cue.unless is not None and cue.unless.is_in(sentence.text, sentence.possible))
        or (cue.names_item and not _is_of_item(sentence, asked))
        or (cue.is_of_same_part and not _is_of_part(sentence, asked.about))
    ):
        return None
    return span


def _is_of_item(sentence: RoledSentence, asked: _Asked) -> bool:
    return roles().points_at_case.is_in(sentence.text, sentence.possible) or asked.is_named_in(
        _stems(sentence.text)
    )


def _is_of_part(sentence: RoledSentence, about: str) -> bool:
    named = find_body_parts(sentence.text)
    return not named or not set(named).isdisjoint(find_body_parts(about))


@remember(4096)
def _names_of(item: str, named: str) -> frozenset[str]:
    facts = parse_treatment(item)
    names = f"{bound_runs(item)} {named} {facts.drug} {facts.drug_class} {facts.category}"
    about = names.lower().replace("_", " ")
    return _stems(f"{about} {other_names(about)}")


def _stems(text: str) -> frozenset[str]:
    """Give the starts of the words in which a text can name one item and not another."""
    return frozenset(word[:_STEM] for word in _TERM.findall(roles().common_words.sub(" ", text)))


def _missing_object(cue: Cue, sentence: RoledSentence) -> tuple[int, int] | None:
    for number, (start, end) in enumerate(sentence.missing):
        if match := cue.pattern.search(sentence.text, sentence.possible, start, end):
            # "The exam did not reveal a deficit": what reaches back and what reaches forward share
            # the lack.
            overlaps_next = (
                number + 1 < len(sentence.missing) and sentence.missing[number + 1][0] < end
            )
            last = sentence.missing[number + 1][1] if overlaps_next else end
            tail = roles().after_the_lack.search(
                sentence.text, sentence.possible, match.end(), last
            )
            return start, last if tail is None else tail.start()
    return None


def _statement(cue: Cue, sentence: RoledSentence) -> tuple[int, int] | None:
    match = cue.pattern.search(sentence.text, sentence.possible)
    return None if match is None else match.span()
