"""One request in full, for page, API and terminal: what moved its score, what it shows, what to send, what past items say."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from imrml.deficiencies import Deficiency, cues_that_show, taxonomy
from imrml.errors import TableError
from imrml.explaining.precedents import PastItems, Precedents, category_name
from imrml.explaining.what_if import WhatIf, alone, note_of
from imrml.features import FoundDocument, describe_feature, find_documents
from imrml.features.builder import TEXT_PREFIXES
from imrml.models import LoadedModel, ReviewModel
from imrml.models.inputs import Inputs
from imrml.scoring.in_words import (
    BRIEF,
    DECISION_SUPPORT,
    DEMO,
    LAW,
    P_MEANING,
    format_interval,
    in_points,
)
from imrml.scoring.prediction import N_DEFICIENCIES, RECORD_COLUMNS, score_columns
from imrml.submissions.frame import SubmissionFrame
from imrml.submissions.requests import Requests

N_CONTRIBUTIONS = 12
_WORD = re.compile(r"\w+")
_TITLES = {"treatment": "asked for", "diagnosis": "diagnosis", "case_summary": "notes"}


@dataclass(frozen=True, slots=True)
class Contribution:
    """What moved the score.

    Parameters
    ----------
    words : str
        What it is.
    points : float
        Percentage points that the probability would be lower without it.
    log_odds : float
        The same in log-odds, against the average item.
    """

    words: str
    points: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text that counts.

    Parameters
    ----------
    start, end : int
        Where it stands in the text of its section; marks may overlap.
    kind : {'shown', 'lacking', 'raises', 'lowers'}
        A document shown or said to be absent; words that raise or lower the probability.
    words : str
        What it is.
    """

    start: int
    end: int
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class TextSection:
    """One text of a request as the model reads it: without sentences that nobody could have written in time.

    Parameters
    ----------
    column, title, text : str
        Column of the submission, its plain name, the text.
    marks : tuple of Mark
        In the order of the text.
    """

    column: str
    title: str
    text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """One document that would answer a deficiency.

    Parameters
    ----------
    document : str
        What to send.
    is_shown : bool
        The text shows all of it.
    quotes : tuple of str
        What the text shows of it.
    what_if : WhatIf or None
        None where it is shown, or past letters say nothing of it.
    """

    document: str
    is_shown: bool
    quotes: tuple[str, ...]
    what_if: WhatIf | None


@dataclass(frozen=True, slots=True)
class LikelyDeficiency:
    """One of the likeliest deficiencies with its checklist.

    Parameters
    ----------
    id, name, meaning : str
        Of the taxonomy.
    p, p_category : float
        P(deficiency | upheld), and its rate in the treatment category.
    checklist : tuple of ChecklistLine
        All that would answer it.
    """

    id: str
    name: str
    meaning: str
    p: float
    p_category: float
    checklist: tuple[ChecklistLine, ...]


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document or finding that the text shows.

    Parameters
    ----------
    document, quote, column : str
        What, in which words, in which column.
    start, end : int
        Where the quote stands in that column's text.
    """

    document: str
    quote: str
    column: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """One request with everything that is known of its score; plain values only, so that it can be written as JSON.

    Parameters
    ----------
    prediction : dict
        Its row of the prediction table; None where missing.
    category_name : str
        Treatment category in plain words.
    interval_note : str
        What the interval means for who has to act; ``""`` where the request is not answered.
    is_too_short : bool
        The base rates answer, because the notes are short.
    contributions : tuple of Contribution
        Strongest first; empty where the request is not answered or a base rate answers.
    sections : tuple of Section
        The texts that were given.
    deficiencies : tuple of LikelyDeficiency
        The likeliest three; empty where the request is not answered or none were learned.
    shown : tuple of ShownDocument
        All that the text shows, each cue once.
    what_if_note : str
        Why there is no what-if; ``""`` where there is.
    local : Local or None
        What past items say; None where none are kept.
    notes : tuple of str
        What the figures mean and what they rest on; to be shown always.
    """

    prediction: dict[str, Any]
    category_name: str
    interval_note: str
    is_too_short: bool
    contributions: tuple[Contribution, ...]
    sections: tuple[TextSection, ...]
    deficiencies: tuple[LikelyDeficiency, ...]
    shown: tuple[ShownDocument, ...]
    what_if_note: str
    local: PastItems | None
    notes: tuple[str, ...]


def explain(
    loaded: LoadedModel,
    requests: Requests,
    place: int = 0,
    *,
    allow_demo: bool = False,
    precedents: Precedents | None = None,
) -> Explanation:
    """Explain the score of one request.

    Parameters
    ----------
    loaded, allow_demo
        See :func:`imrml.scoring.prediction.score`.
    requests : Requests
        Sorted for the model's stage.
    place : int, default=0
        Of the request among those that can be scored, from 0.
    precedents : Precedents, optional
        Past items of one's own.

    Raises
    ------
    TableError
        There is no such request.
    ModelError, LeakageError
        As :func:`imrml.scoring.prediction.score`.
    """
    if not 0 <= place < len(requests.rows):
        raise TableError(f"explain: request {place + 1} of {len(requests.rows)}; there is none")
    submissions = SubmissionFrame(requests.submissions.iloc[[place]])
    one = replace(
        requests,
        request_ids=(requests.request_ids[place],),
        rows=(requests.rows[place],),
        submissions=submissions,
    )
    scored = score_columns(loaded, one, allow_demo=allow_demo)
    prediction = {name: None if _is_missing(value) else value for name, [value] in scored.items()}
    model, inputs = loaded.model, loaded.model.read(submissions)
    texts = {name: str(submissions[name].iloc[0]) for name in _TITLES if name in submissions}
    moved: list[tuple[str, float]] = []
    if prediction["predicted"] != "abstain" and not inputs.is_too_short[0]:
        moved = model.moving_features(inputs, N_CONTRIBUTIONS)[0]
    described = (
        model.reasons(inputs, N_CONTRIBUTIONS)[0] if prediction["predicted"] != "abstain" else []
    )
    found = {name: find_documents(texts[name]) for name in RECORD_COLUMNS if name in texts}
    is_demo = prediction["trained_on"] == "synthetic"
    return Explanation(
        prediction=prediction,
        category_name=category_name(str(prediction["treatment_category"])),
        interval_note=format_interval(prediction),
        is_too_short=bool(inputs.is_too_short[0]),
        contributions=tuple(_contributions(described, prediction["p_overturned"])),
        sections=tuple(
            _section(name, text, found.get(name, []), moved) for name, text in texts.items() if text
        ),
        deficiencies=tuple(_likely(model, inputs, prediction, found)),
        shown=tuple(_shown(texts, found)),
        what_if_note=note_of(model, inputs),
        local=precedents.look_up(texts["treatment"]) if precedents else None,
        notes=(
            *([f"{DEMO}: the model behind these figures knows no real letter."] if is_demo else []),
            *([f"{BRIEF[0].upper()}{BRIEF[1:]}."] if inputs.is_too_short[0] else []),
            str(loaded.manifest["verdict"]),
            f"{P_MEANING}: {DECISION_SUPPORT}. {LAW}.",
        ),
    )


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _contributions(moved: Sequence[tuple[str, float]], p: Any) -> list[Contribution]:
    told = [Contribution(words, in_points(p, by), by) for words, by in moved]
    return sorted(told, key=lambda one: -abs(one.points))


# --- marks -----------------------------------------------------------------------------------------------------------


def _section(
    column: str, text: str, found: Sequence[FoundDocument], moved: Sequence[tuple[str, float]]
) -> TextSection:
    marks = [
        Mark(one.start, one.end, "lacking" if one.is_negated else "shown", one.document)
        for one in found
    ]
    for name, by in moved:
        for start, end in _places(name, column, text, found):
            marks.append(Mark(start, end, "raises" if by > 0 else "lowers", describe_feature(name)))
    return TextSection(
        column, _TITLES[column], text, tuple(sorted(marks, key=lambda mark: (mark.start, mark.end)))
    )


def _places(
    name: str, column: str, text: str, found: Sequence[FoundDocument]
) -> Iterator[tuple[int, int]]:
    """Find where a feature stands in a text: a term's words, or a cue's."""
    kind, _, cue = name.partition("=")
    if kind in ("shows", "lacks"):
        yield from (
            (one.start, one.end)
            for one in found
            if one.cue == cue and one.is_negated == (kind == "lacks")
        )
    prefix = TEXT_PREFIXES[0] if column == "treatment" else TEXT_PREFIXES[1]
    if column != "diagnosis" and name.startswith(prefix):
        yield from _places_of_term(name.removeprefix(prefix).split(" "), text)


def _places_of_term(term: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """Find the words of a term in a text as it stands: numbers and names are masked in the term, words of one letter left out."""
    words = [
        match for match in _WORD.finditer(text) if len(match.group()) > 1 or match.group().isdigit()
    ]
    for first in range(len(words) - len(term) + 1):
        stretch = words[first : first + len(term)]
        if all(map(_is_word_of_term, stretch, term)):
            yield stretch[0].start(), stretch[-1].end()


def _is_word_of_term(word: re.Match[str], of_term: str) -> bool:
    if of_term == "0":
        return word.group().isdigit()
    return word.group()[0].isupper() if of_term == "name" else word.group().lower() == of_term


def _shown(texts: dict[str, str], found: dict[str, list[FoundDocument]]) -> Iterator[ShownDocument]:
    told: set[str] = set()
    for column, documents in found.items():
        for one in documents:
            if not one.is_negated and one.cue not in told:
                told.add(one.cue)
                start = texts[column].find(one.quote, max(one.start - len(one.quote), 0))
                yield ShownDocument(one.document, one.quote, column, start, start + len(one.quote))


# --- deficiencies ----------------------------------------------------------------------------------------------------


def _likely(
    model: ReviewModel,
    inputs: Inputs,
    prediction: dict[str, Any],
    found: dict[str, list[FoundDocument]],
) -> Iterator[LikelyDeficiency]:
    by_id = {deficiency.id: deficiency for deficiency in taxonomy()}
    rates = model.deficiency_priors(inputs).iloc[0]
    quotes: dict[str, str] = {}
    for one in (one for documents in found.values() for one in documents if not one.is_negated):
        quotes.setdefault(one.cue, one.quote)
    for place in range(1, N_DEFICIENCIES + 1):
        id_ = prediction[f"deficiency_{place}"]
        if id_ is not None:
            lines = tuple(_checklist(model, inputs, by_id[id_], quotes))
            deficiency = by_id[id_]
            p = float(prediction[f"p_deficiency_{place}"])
            yield LikelyDeficiency(
                id_, deficiency.name, deficiency.meaning, p, float(rates[id_]), lines
            )


def _checklist(
    model: ReviewModel, inputs: Inputs, deficiency: Deficiency, quotes: dict[str, str]
) -> Iterator[ChecklistLine]:
    what_ifs = alone(model, inputs, deficiency.send_before_submission)
    for document in deficiency.send_before_submission:
        needed = cues_that_show().get((deficiency.id, document), frozenset())
        there = tuple(dict.fromkeys(quotes[cue] for cue in sorted(needed) if cue in quotes))
        is_shown = bool(needed) and needed <= quotes.keys()
        yield ChecklistLine(document, is_shown, there, None if is_shown else what_ifs.get(document))
