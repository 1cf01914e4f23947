"""What the record shows: documents and findings, or their absence, diagnoses, age of the claim."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from imrml.config import Stage
from imrml.deficiencies import cues_that_show, deficiency_ids
from imrml.features.base import NumberFeatures
from imrml.features.diagnoses import find_diagnoses
from imrml.features.vocabulary import read_vocabulary
from imrml.submissions.narratives import removal_reason
from imrml.submissions.programmes import columns_at
from imrml.text.cache import remember
from imrml.text.safe_matching import bound_runs, holds_any
from imrml.text.sentences import Sentence, split_sentences

# Days from injury from which a band begins. Acute ends after one month and chronic begins after
# three: 8 CCR 9792.20.
CHRONICITY_BANDS = {
    "acute": 0,
    "subacute": 30,
    "chronic_3_months": 91,
    "chronic_1_year": 365,
    "chronic_3_years": 1096,
    "chronic_10_years": 3652,
}


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document or finding that a text shows, or says is not there.

    Parameters
    ----------
    cue : str
        Id of ``documentation_cues.csv``.
    document : str
        Plain words for people.
    start, end : int
        Where the telling words stand in the text.
    quote : str
        The clause that holds them.
    is_negated : bool
        The clause says that it is absent, normal or not done.
    answers : tuple of str
        Deficiency ids that the document answers where it is shown.
    """

    cue: str
    document: str
    start: int
    end: int
    quote: str
    is_negated: bool
    answers: tuple[str, ...]


# --- documents and findings ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cue:
    name: str
    document: str
    answers: tuple[str, ...]
    hints: frozenset[str]
    pattern: re.Pattern[str]
    negated: re.Pattern[str] | None
    scope: str


@cache
def _cues() -> tuple[_Cue, ...]:
    return tuple(
        _Cue(
            name=row["cue"],
            document=row["document"],
            answers=tuple(row["answers"].split("|")),
            hints=frozenset(row["hints"].split("|")),
            pattern=re.compile(row["pattern"]),
            negated=re.compile(row["negated_pattern"]) if row["negated_pattern"] else None,
            scope=row["scope"],
        )
        for row in read_vocabulary("documentation_cues")
    )


_VERB = r"(?:was|were|is|are|has|have|had|shows?|showed|revealed|demonstrated|continues?|remains?|reports?)"
# Where a denial or a wish stops counting: another clause begins, with its own subject and verb.
_CLAUSE_END = re.compile(
    r"[;:•]\s|\s(?:but|however|although|though|except|whereas|while|yet(?! to)|despite|due to|because of|based on)\s"
    r"|,?\s(?:and|with)\s(?=positive\b)"
    rf"|,?\sand\s(?=(?:\w{{1,60}}\s){{1,4}}{_VERB}\b)"
    r"|,\s(?=(?:the|he|she|they|it|his|her|there|patient|which)\b)"
)
# Notes in telegram style ("no side effects no aberrant behavior UDS 3/2/15 consistent") have no
# commas; there the next heading of the chart begins a clause, unless it is what is denied or
# belongs to a list.
_NOTE_END = re.compile(
    r"\s(?=(?:uds|udt|cures|pain (?:contract|agreement)|opioid agreement|exam|mri|x-?rays?|xr|ct|emg|ncs|hep|meds|hx|dx|doi|f/u"
    r"|s/p|c/o|goals?|plan|req|pain|fail(?:ed|s)?|tried|had|able|unable|strength|sensation|reflex(?:es)?|rom|slr|gait|ttp|cont|works?"
    r"|off work|den(?:ies|ied)|no|w/o|without|relief)\b)"
)
_HEADING_DENIED = re.compile(
    r"\b(?:no|not|nor|or|and|w/o|without|of|for|the|a|den(?:ies|ied|y))(?:\s\S{1,40})?$"
)
_ARTICLE = re.compile(r"\b(?:the|a|an|is|was|are|were)\b")
_MIN_TELEGRAM_WORDS = 8
_MOST_WORDS = 40  # of a sentence that is one statement
# Short forms that end a statement as often as not: what is said in the next is neither denied nor
# shown by this one.
_ENDING_SHORT_FORM = re.compile(
    r"\b(?i:mg|etc|q\.d|b\.i\.d|t\.i\.d|M\.D|D\.O|D\.C|Ph\.D|a\.m|p\.m)\.(?=\s{1,8}[A-Z])"
)
_DENIAL_BEFORE = re.compile(
    r"\b(?:no(?! longer\b)(?!\. ?\d)|not(?! only\b)|without(?! (?:medications?|meds|contrast|drugs?)\b)|lack(?:s|ed|ing)?"
    r"|den(?:y|ies|ied)|absence|negative for|never|neither|nor|unclear|unknown|silent on|missing|free of|non-?existent|yet to"
    r"|unable to (?:find|locate)|fail(?:s|ed|ure)? to (?:document|show|provide|include|mention))\b"
)
# "The plan included a urine drug screen", "to rule out neuropathy": not yet done, not yet found.
_ASKED_FOR = re.compile(
    r"\b(?:treatment plan|plan (?:is|was|of|includ)|requests? for|request(?:ed|s|ing)\b|recommend|ordered|authorization\b"
    r"|rule out|r/o|will (?:be|obtain|order|undergo|get)|scheduled for|awaiting|pending|possib|concern for"
    r"|referr(?:ed|al) (?:to|for))"
)
_BE = r"(?:was|were|is|are)"
_DENIAL_AFTER = re.compile(
    rf"[^.;,]{{0,40}}?\b(?:(?:{_BE}|has|have|had)\s(?:\w+\s)?(?:not|never|no)\b"
    rf"|{_BE} (?:absent|missing|lacking|negative|normal|unremarkable|unavailable|denied)\b"
    r"|not (?:documented|provided|done|performed|obtained|submitted|included|present|noted|available|checked|on file)\b)"
    r"|\s?: ?(?:none|no|negative|absent|n/a)\b"
)


def find_documents(text: str, *, is_request: bool = False) -> list[FoundDocument]:
    """Find the documents and findings that a text shows or says are absent, in its order.

    What is only planned or asked for is not shown, and sentences that tell what utilization review
    said are passed over.

    Parameters
    ----------
    text : str
        The record (notes, a case summary, a diagnosis), or the line that is asked for.
    is_request : bool
        Whether the text is the line that is asked for: "urine drug test" there is a wish, and "#60"
        a quantity given.

    Returns
    -------
    list of FoundDocument
        ``quote`` and span slice back to ``text``; at most one for each cue and clause.

    Examples
    --------
    >>> found = find_documents("No urine drug screen is on file. CURES was checked on 3/2/15 and was consistent.")
    >>> [(one.cue, one.is_negated) for one in found]
    [('urine_drug_screen', True), ('cures_report', False)]
    >>> found[1].quote, found[1].answers
    ('CURES was checked on 3/2/15 and was consistent.', ('opioid_monitoring_missing',))
    """
    return list(_found(text, is_request=is_request))


@cache
def answering_cues() -> dict[str, frozenset[str]]:
    """Tell which cues answer each deficiency.

    Those that ``documentation_cues.csv`` says answer it, and those of its checklist.

    Returns
    -------
    dict of str to frozenset of str
        Cues by deficiency id.

    Examples
    --------
    >>> sorted(answering_cues()["no_active_program"])
    ['active_program', 'home_exercise', 'treatment_goals']
    """
    answers = {id_: {cue.name for cue in _cues() if id_ in cue.answers} for id_ in deficiency_ids()}
    for (id_, _), cues in cues_that_show().items():
        answers[id_] |= cues
    return {id_: frozenset(cues) for id_, cues in answers.items()}


@remember(16384)
def background(narrative: str) -> str:
    r"""Leave out of a narrative the sentences that show a document or a finding.

    A sentence that says what is absent stays. Where a sentence that went had stood cannot be told,
    so a document that is added in a sentence or a line of its own changes nothing. A sentence of
    more than 40 words (notes without stops) loses only its clauses that show one.

    Parameters
    ----------
    narrative : str
        Notes, or a case summary.

    Returns
    -------
    str
        The sentences that stay, a line each.

    Examples
    --------
    >>> background("He fell in May. The UDS was consistent. No pain agreement was signed. Norco was refilled.")
    'He fell in May.\nNo pain agreement was signed.\nNorco was refilled.'
    >>> background("He fell in May. No pain agreement was signed. Norco was refilled.") == _
    True
    """
    shown = [found.start for found in _found(narrative, is_request=False) if not found.is_negated]
    parts = (
        part
        for sentence in split_sentences(narrative)
        for span in _statements(sentence)
        for part in _parts(narrative, *span)
    )
    return "\n".join(
        narrative[start:end].strip()
        for start, end in parts
        if bisect_left(shown, start) == bisect_left(shown, end)
    )


def _statements(sentence: Sentence) -> list[tuple[int, int]]:
    """Spans of the statements of a sentence: more than one where a short form's stop ends one ("... 10 mg. The UDS ...")."""
    ends = [sentence.start + found.end() for found in _ENDING_SHORT_FORM.finditer(sentence.text)]
    return list(pairwise([sentence.start, *ends, sentence.end]))


def _parts(narrative: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of what is left out as a whole: a statement, or the clauses of one that runs on."""
    statement = narrative[start:end]
    if len(statement.split()) <= _MOST_WORDS:
        return [(start, end)]
    clauses = _clauses(bound_runs(_lowered(statement)))
    return [(start + clause_start, start + clause_end) for clause_start, clause_end in clauses]


@remember(4096)
def _found(text: str, *, is_request: bool) -> tuple[FoundDocument, ...]:
    """Search a text once for features, checklist and quotes; few are kept, because what was found is larger than the text."""
    lowered = bound_runs(_lowered(text))
    # Boundaries are found in the text as it stands, because a glued sentence begins with a capital.
    sentences = [
        (start, lowered[start:end])
        for sentence in split_sentences(text)
        if is_request or not removal_reason(sentence.text, "rfa")
        for start, end in _statements(sentence)
    ]
    passed_over = "record" if is_request else "request"
    present = {hint for hint in _hints() if hint in lowered}
    found = []
    for cue in _cues():
        if cue.scope == passed_over or cue.hints.isdisjoint(present):
            continue
        hints = cue.hints & present
        for start, sentence in sentences:
            if holds_any(hints, sentence):
                found += _found_in_sentence(cue, text, start, sentence)
    return tuple(sorted(found, key=lambda one: (one.start, one.cue)))


@cache
def _hints() -> frozenset[str]:
    return frozenset().union(*(cue.hints for cue in _cues()))


def _found_in_sentence(cue: _Cue, text: str, start: int, sentence: str) -> list[FoundDocument]:
    """Find one cue in one sentence, given in lower case: at most one mention for each clause.

    What is normal ("strength 5/5") outranks the words inside it; elsewhere the first mention of a
    clause counts.
    """
    mentions = [(match, True) for match in cue.negated.finditer(sentence)] if cue.negated else []
    mentions += [(match, False) for match in cue.pattern.finditer(sentence)]
    clauses = _clauses(sentence) if mentions else []
    starts = [start for start, _ in clauses]
    found: dict[tuple[int, int], FoundDocument] = {}
    asked_for_at: dict[tuple[int, int], int] = {}
    for match, says_opposite in mentions:
        clause = clauses[bisect_right(starts, match.start()) - 1]
        if clause in found or match.start() >= asked_for_at.get(clause, len(sentence)):
            continue
        clause_end = max(clause[1], match.end())
        before = sentence[clause[0] : match.start()]
        if cue.scope == "record" and _ASKED_FOR.search(before):
            # All that follows in the clause is asked for too.
            asked_for_at[clause] = match.start()
            continue
        is_denied = _DENIAL_BEFORE.search(before) or _DENIAL_AFTER.match(
            sentence, match.end(), clause_end
        )
        is_negated = says_opposite or (cue.scope != "mention" and is_denied is not None)
        quote = text[start + clause[0] : start + clause_end].strip()
        span = (start + match.start(), start + match.end())
        found[clause] = FoundDocument(cue.name, cue.document, *span, quote, is_negated, cue.answers)
    return list(found.values())


def _clauses(sentence: str) -> list[tuple[int, int]]:
    """Spans of the clauses of a sentence in lower case."""
    n_words = sentence.count(" ") + 1
    # In prose every fifth word is an article or a form of "be".
    is_telegram = n_words >= _MIN_TELEGRAM_WORDS and len(_ARTICLE.findall(sentence)) < n_words / 25
    clauses, start = [], 0
    for boundary in (_NOTE_END if is_telegram else _CLAUSE_END).finditer(sentence):
        if is_telegram and _HEADING_DENIED.search(
            sentence, max(start, boundary.start() - 60), boundary.start()
        ):
            continue
        clauses.append((start, boundary.start()))
        start = boundary.end()
    return [*clauses, (start, len(sentence))]


def _lowered(text: str) -> str:
    """Lower the case without moving any position (a few letters grow when lowered)."""
    lowered = text.lower()
    return (
        lowered
        if len(lowered) == len(text)
        else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    )


@remember(16384)
def _cue_values(text: str, *, is_request: bool = False) -> dict[str, float]:
    """Value of each cue column that is not zero. A document shown anywhere counts as shown, whatever else is said of it."""
    found = find_documents(text, is_request=is_request)
    shown = {one.cue for one in found if not one.is_negated}
    lacking = {one.cue for one in found if one.is_negated}
    return {f"shows={cue}": 1.0 for cue in shown} | {f"lacks={cue}": 1.0 for cue in lacking - shown}


# --- time ----------------------------------------------------------------------------------------------------------


_DATE = re.compile(r"\b(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})\b")


@remember(16384)
def _last_date(narrative: str) -> date | None:
    """Find the latest date of a narrative: the best guess of when its request was made, where nothing better is known."""
    dates = []
    for match in _DATE.finditer(narrative):
        month, day, year = (int(number) for number in match.groups())
        try:
            dates.append(date(year + 2000 if year < 100 else year, month, day))
        except ValueError:
            continue
    return max(dates, default=None)


def chronicity_band(days: float) -> str:
    """Name the band of a claim's age.

    Parameters
    ----------
    days : float
        Days since the injury; NaN where that is missing.

    Returns
    -------
    str
        A key of ``CHRONICITY_BANDS``, or ``"unknown"`` where ``days`` is missing or negative.

    Examples
    --------
    >>> [chronicity_band(days) for days in (12, 60, 100, 400, float("nan"))]
    ['acute', 'subacute', 'chronic_3_months', 'chronic_1_year', 'unknown']
    """
    reached = [band for band, first_day in CHRONICITY_BANDS.items() if days >= first_day]
    return reached[-1] if reached else "unknown"


# --- the transformer -----------------------------------------------------------------------------------------------------


class ClinicalFeatures(NumberFeatures):
    """Documents shown or said to be absent, diagnosis families, age of the claim.

    Age and sex are features only if asked for.

    Parameters
    ----------
    stage : {'rfa', 'imr'}
        At ``imr`` the day of the application or of the denial ends the claim's age; before, the
        latest date of the narrative.
    use_case_summary : bool
        Whether the narrative is read; without it documents are looked for in the request and the
        diagnosis only.
    use_age_and_sex : bool
        Whether the injured person's age and sex become features.
    sparse_output : bool
        Whether :meth:`transform` gives a sparse matrix, which cannot be pandas.

    Examples
    --------
    >>> from imrml.submissions.frame import submission_frame
    >>> items = pd.DataFrame({"item": ["Norco"], "case_summary": ["The UDS was consistent. No pain agreement."]})
    >>> features = ClinicalFeatures("rfa").set_output(transform="pandas")
    >>> shown = features.fit_transform(submission_frame(items, "rfa"))
    >>> shown.columns[shown.loc[0] > 0].tolist()
    ['shows=urine_drug_screen', 'lacks=pain_agreement', 'chronicity=unknown']
    """

    def __init__(
        self,
        stage: Stage = "imr",
        *,
        use_case_summary: bool = True,
        use_age_and_sex: bool = False,
        sparse_output: bool = False,
    ) -> None:
        self.stage = stage
        self.sparse_output = sparse_output
        self.use_case_summary = use_case_summary
        self.use_age_and_sex = use_age_and_sex

    def _numbers_by_row(self, X: pd.DataFrame) -> Iterator[Mapping[str, float]]:
        narratives = X["case_summary"] if self.use_case_summary else [""] * len(X)
        days = self._claim_days(X)
        told = zip(
            X["treatment"], X["diagnosis"], narratives, days, X["age"], X["sex"], strict=True
        )
        for treatment, diagnosis, narrative, claim_days, age, sex in told:
            # Texts are read one by one, because the items of one case share all but the first.
            parts = [
                _cue_values(treatment, is_request=True),
                _cue_values(diagnosis),
                _cue_values(narrative),
            ]
            known = {name: 1.0 for part in reversed(parts) for name in part}
            families = (*find_diagnoses(diagnosis, is_list=True), *find_diagnoses(narrative))
            known |= {f"diagnosis={family}": 1.0 for family in families}
            known[f"chronicity={chronicity_band(claim_days)}"] = 1.0
            known["log_claim_days"] = 0.0 if np.isnan(claim_days) else float(np.log1p(claim_days))
            if self.use_age_and_sex:
                known["is_age_unknown" if np.isnan(age) else "age"] = 1.0 if np.isnan(age) else age
                known |= {f"sex={sex}": 1.0} if sex else {}
            yield known

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:  # noqa: ARG002 scikit-learn's signature
        """Name the columns of :meth:`transform`.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of object of shape (n_features,)
            Names.
        """
        people = ["age", "is_age_unknown", "sex=female", "sex=male"] if self.use_age_and_sex else []
        return np.array([*_clinical_names(), *people], dtype=object)

    def _claim_days(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Days from the injury to the day the request was known of; NaN where either is missing."""
        known = [
            X[name].to_numpy()
            for name in ("received_on", "ur_denied_on")
            if name in columns_at(self.stage)
        ]
        if self.use_case_summary:
            known.append(
                np.array([_last_date(text) for text in X["case_summary"]], dtype="datetime64[s]")
            )
        until = np.full(len(X), "NaT", dtype="datetime64[s]")
        for day in known:
            until = np.where(np.isnat(until), day, until)
        days = (until - X["date_of_injury"].to_numpy()) / np.timedelta64(1, "D")
        return np.where(days >= 0, days, np.nan)


@cache
def _clinical_names() -> tuple[str, ...]:
    cues = [cue.name for cue in _cues()]
    return (
        *(f"shows={cue}" for cue in cues),
        *(f"lacks={cue}" for cue in cues),
        *(f"diagnosis={row['family']}" for row in read_vocabulary("diagnosis_families")),
        *(f"chronicity={band}" for band in (*CHRONICITY_BANDS, "unknown")),
        "log_claim_days",
    )
