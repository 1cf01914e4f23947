"""Sentences with their spans: reviewers state a fault in one, and negation counts inside one."""

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|vs|No|St|Jr|Sr|Inc|Ltd|Fig|Vol|pg|pp?|e\.g|i\.e|etc|et al|approx|mg"
    r"|q\.d|b\.i\.d|t\.i\.d|M\.D|D\.O|D\.C|Ph\.D"
    r"|U\.S|a\.m|p\.m)|\b[A-Z])\.$",
    re.IGNORECASE,
)
# "bed bound, unable to walk etc. These criteria are not met": the one abbreviation that often ends
# a sentence, told by the word that begins the next.
_AFTER_A_LIST = re.compile(r"etc\. {1,3}(?:The|These|This|There|In|It|However|No|None)\b")
# "positive.Prior", "screening.The": a glued sentence start counts as a boundary when a lower-case
# letter, ")" or a digit stands before the stop and a capital followed by a lower-case letter after
# it. A line of a list is a sentence too.
_BOUNDARY = re.compile(
    r"[.!?\n](?:(?<!\n)(?<![.!?]{2})[.!?]*+[\"”’)\]]*+(?=\s|$)"
    r"|(?<=[a-z)\d]\.)(?=[A-Z][a-z])|(?<=\n)\n*)"
)

# "1. ____": the number of a line of a form that nobody filled in.
_LINE_LEFT_EMPTY = re.compile(r"(?<=\d\.) {1,3}_{2}")

LONGEST_SENTENCE = 2_000
"""Characters; what runs on is cut at a blank, so that reading a sentence is never slow."""

# Where one statement ends and the next begins inside a sentence: "..., however, ...", "...; ...",
# "... but ...".
_CLAUSE_BOUNDARY = re.compile(
    r";|,(?=\s{1,60}(?:but|however|although|though|while|whereas|yet|nor|therefore|thus|so|as"
    r"|since|because|which)\b)"
    r"|(?=\bbut\b)|(?<=\bhowever),",
    re.IGNORECASE,
)
_CONTRAST = re.compile(
    r";|\b(?:but(?! not limited)|however|although|though|whereas|while|except|aside from)\b"
    r"|, (?:only|just|merely)\b"
    # "No report of a trial, as it was denied": what explains is not itself missing.
    r"|, (?:as|since|because) (?:the|it|they|this|these|there|no|his|her|he|she"
    r"|\w+ (?:of the \w+ )?(?:is|are|was|were|should))\b"
)
# "The drug is not recommended for sprains, which is the purpose here."
_ASIDE = re.compile(r", which (?:is|are|was|were|has|have)\b")
# "Visits are not indicated until the results are known": what a verdict waits for is not missing.
_VERDICT = re.compile(
    r" (?:(?:be|been|being|\w+ly|medically) ){0,2}"
    r"(?:recommended|indicated|warranted|appropriate|supported|necessary|approved|certified"
    r"|authorized|considered|advised)\b"
)
_AWAITED = re.compile(r"\b(?:until|unless|pending)\b")
# "While relief is noted, the reports do not describe function": what is granted is not missing.
_CONCESSION = re.compile(r"^(?:while|although|though|even though)\b[^,;]{1,300},")

_RECORD_VERB = (
    r"(?:document|provid|show|demonstrat|support|includ|specif|identif|establish|indicat|mention"
    r"|address|describ|explain"
    r"|reveal|substantiat|contain|discuss|report|not|outlin|clarif|stat|quantif|detail|confirm"
    r"|submit|attach|suppl"
    r"|list|giv|offer|present|articulat|justif|corroborat|sa(?:y|id)|name|record|account|quer|tell"
    r"|told|elaborat|comment|measur|evaluat"
    r"|assess|complet|defin|disclos|furnish|make clear|la(?:y|id)|spell|compar"
    r"|set (?:forth|out)|put forth|delineat|characteri[sz]|reflect|cite|cited|recount|acknowledg"
    r"|attest|elucidat|convey|weigh)\w*"
)
# What follows is missing: "no", "lack of", "without", "did not document", "silent on", "unclear
# whether".
_MISSING_AFTER = re.compile(
    r"\b(?:"
    r"no\b(?! (?:longer|doubt|question|more than|less than|later than)\b)"
    r"|not\b(?! (?:only|limited to|uncommon(?:ly)?|later than|more than|to mention)\b)"
    r"|cannot|\w+n[’']t\b|never\b|nor\b|neither\b|none of|nothing\b"
    r"|(?:patient|claimant|applicant|worker|employee|he|she) den(?:ies|ied)\b"
    r"|lack(?:s|ed|ing)?(?: of)?|absen(?:t|ce of)"
    # "Pain is 7/10 without medication": a comparison, no lack.
    r"|without\b(?! (?:(?:the|his|her|pain|any|these) )?(?:medications?|meds)\b)"
    r"|devoid of|missing|void of|bereft of"
    r"|fail(?:s|ed|ing|ure)? to (?:\w+ly )?"
    + _RECORD_VERB
    + r"|silent (?:on|as to|regarding|about|with)"
    r"|(?:unclear|uncertain|unknown|undocumented|unspecified|unstated|omit\w*|neglect\w*)"
    r"|(?:insufficient|inadequate|scant|scanty|limited|minimal|little|poor|incomplete|meag(?:er"
    r"|re))(?! to\b)"
    r"|(?:clarification|clarity|detail|information|documentation|evidence|explanation)s? (?:is|was"
    r"|are|were|would be) (?:still )?"
    r"(?:needed|required|wanting)"
    r")"
)
# What stands before is missing: "X was not provided", "X is unclear", "X could not be established".
_MISSING_BEFORE = re.compile(
    r"\b(?:"
    r"(?:not|never|neither|nowhere|n[’']t)(?: (?:been|be|being|adequately|clearly|sufficiently"
    r"|specifically|properly|otherwise|also"
    r"|further|fully|well|apparent\w*|readily|yet|at all)){0,3} "
    r"(?:(?!support(?!ed by)|justif)"
    + _RECORD_VERB
    + r"|available|apparent|clear|evident|known|present|made|met|completed|checked|done|performed"
    r"|obtained|tried|failed|exhausted|attempted|legible|determined|found|seen|sent|received"
    r"|forthcoming|understood|achieved"
    r"|noted|accompanied|include|signed|updated|executed|in evidence|on (?:record|file)|at hand"
    r"|among|to be found)\b"
    r"|(?:cannot|can not|could not|couldn[’']t) be \w+"
    r"|(?:is|are|was|were|remains?|remained|being|seems?|appears?)(?: \w+ly| all| also| both"
    r"| still| otherwise){0,2} "
    r"(?:unclear|uncertain|unknown|unspecified|undocumented"
    r"|missing|absent|lacking|silent"
    r"|insufficient|inadequate|incomplete|illegible|unstated|unavailable|wanting|in question"
    r"|omitted)"
    # Any other passive: "spasm was not observed"; but "is not supported" judges, it does not say
    # that something is absent.
    r"|(?:(?:is|are|was|were|be|being|it) (?:also |still |otherwise |simply )?(?:not"
    r"|never)(?: being)?"
    r"|(?:not|never|n[’']t)(?: yet| ever)? been)(?: \w+ly)? "
    r"(?!(?:support|indicat|recommend|necess|appropriat|warrant|medical|approv|reason|certif"
    r"|authori|advis|justif|limit|sufficien"
    r"|consisten|respon|improv|toler))\w+(?:ed|en|own|ought|aken|ade|one|ut|und|et|ept|elt|eld)\b"
    r"|left (?:unspecified|unstated|blank|out|off|open|unexplained|undocumented)|(?:was|were|is"
    r"|are) nowhere"
    r"|(?:do|does|did) not (?:appear|emerge|come through)"
    r")(?: to (?:(?:have|be) (?:been )?)?\w+)?"
)
# "... to warrant the requested study": what a finding would have justified is not itself missing.
# It counts as such a tail only where something stands between the lack and it ("no evidence to
# support a trial" has none).
_PURPOSE_TAIL = re.compile(
    r"\b(?P<before>\w{1,60}),? (?:to|that (?:would|could|may|might)|which (?:would|could|may"
    r"|might)|that|which) "
    r"(?:warrant|support|justif|necessitat|substantiat|requir|suggest the need)\w*"
)
_RECORD_NOUN = re.compile(
    r"^(?:evidence|documentation|documents?|information|data|records?|rationale|indications?"
    r"|notes?|literature|studies"
    r"|detail|details|findings|reports?|there|it|provided|submitted|presented|offered|included"
    r"|available|given)$"
)


LackWords = Literal["before", "after", "contrast", "purpose"]
LACK_WORDS: Mapping[LackWords, re.Pattern[str]] = MappingProxyType(
    {
        "before": _MISSING_BEFORE,
        "after": _MISSING_AFTER,
        "contrast": _CONTRAST,
        "purpose": _PURPOSE_TAIL,
    }
)
"""What says that the words before it, or after it, are missing, and where such a lack ends."""

_REACH = 400
"""A lack reaches at least this many characters and at most twice as many, to a multiple of it.

So lacks in a text without stops share their ends, the outermost span stands for them all, and
reading stays linear.
"""

# A statement that comes before the lacking one in the same sentence: "pain relief is noted and
# function is not recorded".
_FINITE_VERB = re.compile(
    r"(?<!which )(?<!that )(?<!who )\b(?:is|are|was|were|has|have|had|did|does|do|reports?"
    r"|reported|notes?|noted|shows?"
    r"|showed|presents?|presented|received"
    r"|(?<!visits )(?<!sessions )(?<!treatments )(?<!therapy )completed|underwent|complain\w*"
    r"|continue[sd]?|remain(?:s|ed)|include[sd]?|indicate[sd]?|reveal(?:s|ed))\b"
)
_COORDINATION = re.compile(r",? and\b(?! (?:this|that|it|these|they|neither)\b)")
_NEW_STATEMENT = re.compile(
    r",? and (?:the|this|she|he|it|there|his|her|that the)\b[^,;]{0,60}?"
    r"\b(?:has|had|is|was|are|were|continues|remains?|remained|takes|uses|reports|will|would|can)\b"
)
_SUBORDINATE = re.compile(r"\b(?:that|whether|if|how|why|when|what|which)\b")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and where it stands.

    Parameters
    ----------
    text : str
        ``source[start:end]``.
    start, end : int
        Half open, in characters of the text that was split.
    """

    text: str
    start: int
    end: int


def small(text: str) -> str:
    """Make the letters A to Z small; unlike `str.lower`, this keeps the length of any text.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        As long.

    Examples
    --------
    >>> small("No MRI, \u0130.")
    'no mri, \u0130.'
    """
    # The bytes of other letters are none of ASCII, and bytes know no other letters than ASCII's.
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def split_sentences(text: str) -> list[Sentence]:
    """Split text into sentences of at most ``LONGEST_SENTENCE``.

    A sentence ends at a stop that is no abbreviation's, or with its line.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    list of Sentence
        Blanks around them belong to none, every other character to exactly one.

    Examples
    --------
    >>> text = "No drug screen (e.g. a UDS) was sent.The request is not supported."
    >>> [sentence.text for sentence in split_sentences(text)]
    ['No drug screen (e.g. a UDS) was sent.', 'The request is not supported.']
    """
    sentences: list[Sentence] = []
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        end = boundary.end()
        if (
            boundary.group().startswith(".")
            and _ABBREVIATION.search(text, max(start, end - 12), end)
            and not _AFTER_A_LIST.match(text, max(start, end - 4))
        ) or _LINE_LEFT_EMPTY.match(text, end):
            continue
        _append_pieces(sentences, text, start, end)
        start = end
    _append_pieces(sentences, text, start, len(text))
    return sentences


def _append_pieces(sentences: list[Sentence], text: str, start: int, end: int) -> None:
    while end - start > LONGEST_SENTENCE:
        blank = text.rfind(" ", start + 1, start + LONGEST_SENTENCE)
        cut = blank if blank > 0 else start + LONGEST_SENTENCE
        _append(sentences, text, start, cut)
        start = cut
    _append(sentences, text, start, end)


def split_clauses(text: str) -> list[Sentence]:
    """Split one sentence into clauses.

    Parameters
    ----------
    text : str
        One sentence.

    Returns
    -------
    list of Sentence
        Blanks around them belong to none, every other character to exactly one.

    Examples
    --------
    >>> sentence = "Pain fell, but no gain in function was shown; visits are unknown."
    >>> [clause.text for clause in split_clauses(sentence)]
    ['Pain fell,', 'but no gain in function was shown;', 'visits are unknown.']
    """
    clauses: list[Sentence] = []
    start = 0
    for boundary in _CLAUSE_BOUNDARY.finditer(text):
        if boundary.end() > start:
            _append(clauses, text, start, boundary.end())
            start = boundary.end()
    _append(clauses, text, start, len(text))
    return clauses


def missing_spans(
    text: str, sought: Collection[LackWords] = LACK_WORDS.keys()
) -> list[tuple[int, int]]:
    """Find the stretches of one sentence that it says are missing, unclear or untrue.

    A lack reaches forward ("no documentation of ...") to the end of the sentence, a contrast or the
    tail that names what it would have justified ("... to warrant the study"); or backward ("... was
    not provided") to the last contrast.

    Parameters
    ----------
    text : str
        One sentence.
    sought : collection of LackWords, optional
        Words to seek, where the others are known not to be there.

    Returns
    -------
    list of (start, end)
        Offsets into ``text``, in order; each span holds its lacking word, and none lies within
        another.

    Examples
    --------
    >>> text = "Pain was less, however there is no record of function to warrant more visits."
    >>> [text[start:end] for start, end in missing_spans(text)]
    ['no record of function']
    >>> text = "The count of visits was not stated."
    >>> [text[start:end] for start, end in missing_spans(text)][0]
    'The count of visits was not stated'
    """
    text = small(text)

    def found(words: LackWords) -> list[re.Match[str]]:
        return list(LACK_WORDS[words].finditer(text)) if words in sought else []

    lacks_before, lacks_after = found("before"), found("after")
    if not lacks_before and not lacks_after:
        return []
    contrasts = [match.span() for match in found("contrast")]
    tails = [
        match.start() + len(match["before"])
        for match in found("purpose")
        if not _RECORD_NOUN.match(match["before"])
    ]
    asides = (aside.start() for aside in _ASIDE.finditer(text))
    stops = sorted([*(start for start, _ in contrasts), *tails, *asides])
    spans = []
    for lack in lacks_after:
        at = bisect_right(stops, lack.end())
        end = min(stops[at] if at < len(stops) else len(text), (lack.end() // _REACH + 2) * _REACH)
        if _VERDICT.match(text, lack.end()) and (wait := _AWAITED.search(text, lack.end(), end)):
            end = wait.start()
        new = _NEW_STATEMENT.search(text, lack.end(), end)
        if new and not _SUBORDINATE.search(text, lack.end(), new.start()):
            end = new.start()
        spans.append((lack.start(), end))
    turns = [end for _, end in contrasts]
    if concession := _CONCESSION.match(text):
        turns = sorted([*turns, concession.end()])
    for lack in lacks_before:
        at = bisect_right(turns, lack.start())
        start = max(turns[at - 1] if at else 0, (lack.start() // _REACH - 1) * _REACH)
        spans.append((_own_statement(text, start, lack.start()), lack.end()))
    return _outermost(spans)


def _outermost(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or end > kept[-1][1]:
            kept.append((start, end))
    return kept


def _own_statement(text: str, start: int, lack: int) -> int:
    """Move the start of a backward scope past another statement before the lacking one."""
    verbs = [
        verb.end() for verb in _FINITE_VERB.finditer(text, start, lack) if lack - verb.end() > 1
    ]
    coordination = _COORDINATION.search(text, verbs[-1], lack) if verbs else None
    return coordination.end() if coordination else start


def _append(sentences: list[Sentence], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end = start + len(piece.strip())
    if start < end:
        sentences.append(Sentence(text[start:end], start, end))
