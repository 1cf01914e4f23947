"""Documents and findings that a text shows, or says are absent, by ``documentation_cues.csv``."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from imrml.deficiencies import cues_that_show, deficiency_ids
from imrml.features.document_cues import Cue, read_cues
from imrml.features.presence import is_likely_absent
from imrml.features.statuses import Modifier, Status, decide_status, find_modifiers
from imrml.own_tables import cache
from imrml.submissions.narratives import removal_reason
from imrml.text.cache import remember
from imrml.text.dictation import write_stops
from imrml.text.safe_matching import bound_runs
from imrml.text.sentences import Sentence, split_sentences


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
    status : Status
        What is said of it; only ``"done"`` shows it, ``"negated"`` says that it is absent, normal
        or not done.
    kind : str
        ``test``, ``care``, ``finding`` ..., as the table has it.
    answers : tuple of str
        Deficiency ids that the document answers where it is shown.
    """

    cue: str
    document: str
    start: int
    end: int
    quote: str
    status: Status
    kind: str
    answers: tuple[str, ...]

    @property
    def is_shown(self) -> bool:
        """Whether the text shows it: it is done.

        Returns
        -------
        bool
            False for what is planned, requested, denied, negated or another's.
        """
        return self.status == "done"


_VERB = (
    r"(?:was|were|is|are|has|have|had|shows?|showed|revealed|demonstrated|continues?|remains?"
    r"|reports?)"
)
# Where a denial or a wish stops counting: another clause begins, with its own subject and verb.
_CLAUSE_END = re.compile(
    r"[;:•]\s|\s(?:but|however|although|though|except|whereas|while|(?<!not )(?<!as )yet(?! to)"
    r"|despite|due to|because of|based on)\s"
    r"|,?\s(?:and|with)\s(?=positive\b)"
    rf"|,?\sand\s(?=(?:\w{{1,60}}\s){{1,4}}{_VERB}\b)"
    r"|,\s(?=(?:the|he|she|they|it|his|her|there|patient|which|meanwhile)\b)"
    rf"|,\s(?=an?\s(?:\w{{1,60}}\s){{1,6}}(?:{_VERB}|obtained|performed|taken)\b)"
)
# Notes in telegram style ("no side effects no aberrant behavior UDS 3/2/15 consistent") have no
# commas; there the next heading of the chart begins a clause, unless it is what is denied or
# belongs to a list.
_NOTE_END = re.compile(
    r"\s(?=(?:uds|udt|cures|pain (?:contract|agreement)|opioid agreement|exam|mri|x-?rays?|xr|ct"
    r"|emg|ncs|hep|meds|hx|dx|doi|f/u"
    r"|s/p|c/o|goals?|plan|req|pain|fail(?:ed|s)?|tried|had|able|unable|strength|sensation"
    r"|reflex(?:es)?|rom|slr|gait|ttp|cont|works?"
    r"|off work|den(?:ies|ied)|no|w/o|without|relief)\b)"
)
_HEADING_DENIED = re.compile(
    r"\b(?:no|not|nor|or|and|w/o|without|of|for|the|a|be|wants?|hopes?|goals?|den(?:ies|ied|y))(?:\s\S{1,40})?$"
    r"|(?:\[\s?x?\s?\]|\(\s?x?\s?\)|[☐☒□☑])$"
)
_OWN_SIGN = re.compile(
    r"(?<!\d)\+|\bpos(?:itiv[eo])?\b|(?<![\d/])[0-4][+-]?\s?/\s?5|\babs(?:ent)?\b|\btrace\b|\b1\+"
    r"|\b(?:dec|dim|reduc|impair)\w{0,8}|↓|\blos[ts]\b"
)
"""Of a finding between others that are normal: a sign or grade of its own."""
_A_WORD_MORE = 16  # characters behind a mention that may be its sign
_ARTICLE = re.compile(r"\b(?:the|a|an|is|was|are|were|he|she|his|her|has|have|been)\b")
_DECIDED_BY_REVIEW = frozenset({"surgery_authorized"})
"""Cues that a sentence about a decision of utilization review may show."""
_CARE_AUTHORIZED = frozenset({"visits_completed", "physical_therapy_done"})
_ATTENDED = re.compile(r"\b(?:attended|completed?|finished|used|went to)\b")
"""Said of such care, it was given, whoever authorized it ("attended 9 of 12 authorized visits")."""
_JOINED = re.compile(r"\s(?:for|of|by|on|in|with|w/)\s(?:an?\s|the\s)?")
"""Between words that name a document twice: "a urine sample for toxicology"."""
_MIN_TELEGRAM_WORDS = 8
_MIN_JUDGED_WORDS = 4  # "Joint line tenderness." has no words that could speak against it
_MOST_WORDS = 40  # of a sentence that is one statement
# Short forms that end a statement as often as not: what is said in the next is neither denied nor
# shown by this one.
_ENDING_SHORT_FORM = re.compile(
    r"\b(?i:mg|etc|q\.d|b\.i\.d|t\.i\.d|M\.D|D\.O|D\.C|Ph\.D|a\.m|p\.m)\.(?=\s{1,8}[A-Z])"
)


def find_documents(text: str, *, is_request: bool = False) -> list[FoundDocument]:
    """Find the documents and findings that a text names, in its order, and what it says of them.

    Sentences that tell what utilization review said are passed over.

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
        ``quote`` and span slice back to ``text``; at most one for each cue, clause and status.

    Examples
    --------
    >>> documents = find_documents(
    ...     "No urine drug screen is on file. CURES was checked on 3/2/15 and was consistent."
    ... )
    >>> [(one.cue, one.status) for one in documents]
    [('urine_drug_screen', 'negated'), ('cures_report', 'done')]
    >>> documents[1].quote, documents[1].answers
    ('CURES was checked on 3/2/15 and was consistent.', ('opioid_monitoring_missing',))
    """
    return list(_found(text, is_request=is_request))


def cue_names() -> list[str]:
    """Name the cues of ``documentation_cues.csv``.

    Returns
    -------
    list of str
        In the table's order.
    """
    return [cue.name for cue in read_cues().cues]


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
    answers = {
        id_: {cue.name for cue in read_cues().cues if id_ in cue.answers}
        for id_ in deficiency_ids()
    }
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
    >>> background(
    ...     "He fell in May. The UDS was consistent. No pain agreement was signed. "
    ...     "Norco was refilled."
    ... )
    'He fell in May.\nNo pain agreement was signed.\nNorco was refilled.'
    >>> background("He fell in May. No pain agreement was signed. Norco was refilled.") == _
    True
    """
    shown = [
        document.start for document in _found(narrative, is_request=False) if document.is_shown
    ]
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
    """Give the spans of a sentence's statements.

    More than one where the stop of a short form ends one ("... 10 mg. The UDS ...").
    """
    ends = [sentence.start + stop.end() for stop in _ENDING_SHORT_FORM.finditer(sentence.text)]
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
    """Search a text once for features, checklist and quotes.

    Few are kept, because what was found is larger than the text.
    """
    written, places = write_stops(text)
    lowered = bound_runs(_lowered(written)).replace(" pct", " %  ").replace(" dr. ", " dr  ")
    # Boundaries are found in the text as it stands, because a glued sentence begins with a capital.
    statements = [
        _Statement(start, lowered[start:end], "" if is_request else sentence.text)
        for sentence in split_sentences(written)
        for start, end in _statements(sentence)
    ]
    passed_over = "record" if is_request else "request"
    found = read_cues().find([statement.text for statement in statements])
    documents = [
        document
        for statement, mentions_of in zip(statements, found, strict=True)
        for cue, (mentions, opposites) in mentions_of.items()
        if cue.scope != passed_over
        for document in _find_in_statement(cue, (text, places), statement, mentions, opposites)
    ]
    return tuple(sorted(documents, key=lambda one: (one.start, one.cue)))


class _Statement:
    """A statement in lower case, with what is read in it once for all cues, and only if asked."""

    def __init__(self, start: int, text: str, record_sentence: str) -> None:
        self.start, self.text = start, text
        self._record_sentence = record_sentence

    def withholds(self, span: tuple[int, int], cue: Cue) -> bool:
        """Whether judged sentences speak against a mention that the rules take for done.

        They are not asked where it has a sign of its own, the statement says that something of its
        kind was done, or hardly holds more than the mention.
        """
        start, end = span
        return (
            bool(self._record_sentence)
            and len(self.text.split()) >= _MIN_JUDGED_WORDS
            and not _OWN_SIGN.search(self.text, start, end + _A_WORD_MORE)
            and not any(
                one.rule.status == "done" and cue.kind in one.rule.kinds for one in self.modifiers
            )
            and is_likely_absent(self.text, span, cue.scope)
        )

    @cached_property
    def is_of_utilization_review(self) -> bool:
        return bool(removal_reason(self._record_sentence, "rfa"))

    @cached_property
    def clauses(self) -> list[tuple[int, int]]:
        return _clauses(self.text)

    @cached_property
    def modifiers(self) -> Sequence[Modifier]:
        return find_modifiers(self.text)

    @cached_property
    def clause_starts(self) -> list[int]:
        return [start for start, _ in self.clauses]


def _find_in_statement(
    cue: Cue,
    source: tuple[str, Sequence[int]],
    statement: _Statement,
    named: list[re.Match[str]],
    opposites: list[re.Match[str]],
) -> list[FoundDocument]:
    """Decide on the mentions of one cue in one statement: in each clause the first of each status.

    What is normal ("strength 5/5") outranks the words inside it: all else of its clause is passed
    over, but for what has a sign of its own ("Spurling neg, Hawkins +").
    """
    sentence, start = statement.text, statement.start
    text, places = source
    mentions = [(match, False) for match in _signed_elsewhere(named, opposites)]
    mentions += [(match, True) for match in opposites]
    mentions += [(match, False) for match in named]
    if statement.is_of_utilization_review and cue.name not in _DECIDED_BY_REVIEW:
        is_care = cue.name in _CARE_AUTHORIZED
        mentions = [one for one in mentions if is_care and _ATTENDED.search(one[0][0])]
    by_clause: dict[tuple[int, int], dict[Status, FoundDocument]] = {}
    until = -1
    for match, says_opposite in mentions:
        is_same = match.start() >= until >= 0 and _JOINED.fullmatch(sentence, until, match.start())
        until = match.end()
        if is_same and not says_opposite:
            continue
        clause = statement.clauses[bisect_right(statement.clause_starts, match.start()) - 1]
        known = by_clause.setdefault(clause, {})
        if "negated" in known or "done" in known:
            continue
        clause_end = max(clause[1], match.end())
        status = decide_status(
            sentence, match.span(), (clause[0], clause_end), cue.kind, statement.modifiers
        )
        if says_opposite and status == "done":
            status = "negated"
        elif status == "done" and statement.withholds(match.span(), cue):
            status = "general"
        known.setdefault(
            status,
            FoundDocument(
                cue=cue.name,
                document=cue.document,
                start=places[start + match.start()],
                end=places[start + match.end()],
                quote=text[places[start + clause[0]] : places[start + clause_end]].strip(),
                status=status,
                kind=cue.kind,
                answers=cue.answers,
            ),
        )
    return [document for found in by_clause.values() for document in found.values()]


def _signed_elsewhere(
    named: list[re.Match[str]], opposites: list[re.Match[str]]
) -> list[re.Match[str]]:
    """Find mentions with a sign of their own outside of what is normal."""
    return [
        mention
        for mention in named
        if opposites
        and _OWN_SIGN.search(mention[0])
        and all(one.end() <= mention.start() or one.start() >= mention.end() for one in opposites)
    ]


def _clauses(sentence: str) -> list[tuple[int, int]]:
    """Spans of the clauses of a sentence in lower case."""
    n_words = sentence.count(" ") + 1
    # In prose every fifth word is an article, a pronoun or a form of "be" or "have".
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
def cue_values(text: str, *, is_request: bool = False) -> dict[str, float]:
    """Give the cue columns of a text that are not zero.

    A document shown anywhere counts as shown, whatever else is said of it.

    Parameters
    ----------
    text : str
        Any.
    is_request : bool, default=False
        Whether it is the line that is asked for.

    Returns
    -------
    dict of str to float
        By name.
    """
    documents = find_documents(text, is_request=is_request)
    shown = {one.cue for one in documents if one.is_shown}
    lacking = {one.cue for one in documents if one.status == "negated"}
    return {f"shows={cue}": 1.0 for cue in shown} | {f"lacks={cue}": 1.0 for cue in lacking - shown}
