"""The table of letter formats: pure data.

Adding a format means adding a row here and golden letters to the tests.
Headings and labels are matched with any run of blanks, line ends and page ends between their words.
A row says what each section holds and when that was known: a section of text that utilization
review wrote is known at ``imr``, whoever printed it.
"""

import re
from dataclasses import dataclass
from typing import Literal

from imrml.submissions.columns import KnownAt

SectionName = Literal[
    "outcomes",
    "issue",
    "reviewer",
    "documents",
    "case_summary",
    "guidelines",
    "rationale",
    "items",
    "effect",
]
FactKind = Literal["case_number", "date", "priority"]


def worded(phrase: str) -> str:
    r"""Turn a phrase into a regex that allows any break, or none, between words and before a colon.

    Parameters
    ----------
    phrase : str
        As printed.

    Returns
    -------
    str
        For ``re.compile``.

    Examples
    --------
    >>> bool(re.search(worded("CLINICAL CASE SUMMARY"), "CLINICAL\n CASE SUMMARY"))
    True
    """
    return r"\s*".join(re.escape(word) for word in phrase.replace(":", " :").split())


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a letter.

    Parameters
    ----------
    name : str
        What it holds.
    heading : str
        As printed.
    known_at : {'rfa', 'proxy', 'imr', 'determination'}
        When somebody could first have known its text.
    is_required : bool
        Whether a letter without it is of another format.
    is_part : bool
        Whether the heading belongs to the section's text, as the head of a first item does.
    """

    name: SectionName
    heading: str
    known_at: KnownAt
    is_required: bool = False
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """What introduces a field inside an item block.

    Parameters
    ----------
    column : str
        Of the item table.
    pattern : Pattern
        Of the label's words.
    is_part : bool
        Whether they belong to the field.
    """

    column: str
    pattern: re.Pattern[str]
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class LabelledItems:
    """Items whose four labels are the anchors: ``ITEM: Upheld``, two guidelines, the rationale."""


@dataclass(frozen=True, slots=True)
class NumberedItems:
    """Items that are numbered, with their outcome in a sentence.

    Parameters
    ----------
    statement : Pattern
        The sentence that tells an outcome: groups ``number``, ``item``, ``verdict`` and
        ``negation``; where it has no ``item``, another section names the items.
    stated_in : str or None
        The only section in which such sentences are read; None for the whole letter.
    named_in : str or None
        The section that lists the items where the sentences do not name them.
    head : Pattern or None
        Where the block of an item begins, with a group ``number``; None where all items share the
        letter's sections.
    labels : tuple of Label
        Inside a block, or in the section where all items share it.
    shared : tuple of (str, str)
        Sections that are a field of every item, with the column.
    """

    statement: re.Pattern[str]
    stated_in: SectionName | None = None
    named_in: SectionName | None = None
    head: re.Pattern[str] | None = None
    labels: tuple[Label, ...] = ()
    shared: tuple[tuple[SectionName, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LetterFormat:
    """One format of final determination letters.

    Parameters
    ----------
    id : str
        Short id, as in the item table's ``letter_format``.
    sections : tuple of Section
        In their order.
    items : LabelledItems or NumberedItems
        How items are told and their outcomes worded.
    decided_from, decided_until : str
        ISO dates between which letters of this format were written.
    verified : bool
        Whether a real letter of this format was ever parsed.
    specimen : str
        A line as it stands in such a letter, with invented names.
    source : str
        Where the format was seen, and what of it was not.
    sign : Pattern or None
        What sets this format apart from others with the same sections; searched in the reviewer's
        section and below.
    """

    id: str
    sections: tuple[Section, ...]
    items: LabelledItems | NumberedItems
    decided_from: str
    decided_until: str
    verified: bool
    specimen: str
    source: str
    sign: re.Pattern[str] | None = None


_HOW_MADE = Section("reviewer", "HOW THE IMR FINAL DETERMINATION WAS MADE", "determination")
_SUMMARY = Section("case_summary", "CLINICAL CASE SUMMARY", "proxy", is_required=True)
_F2_SECTIONS = (
    _HOW_MADE,
    _SUMMARY,
    Section("items", "IMR ISSUES, DECISIONS AND RATIONALES", "determination", is_required=True),
)

_OUTCOME = (
    r"\s{1,9}(?P<verdict>(?:is|are|was|were)\s+(?P<negation>not\s*)?"
    r"medically\s*necessary\s+and\s+appropriate)\s*\.?"
)
_GUIDELINES = (
    Label(
        "claims_guideline",
        re.compile(
            r"The\s+Claims\s+Administrator\s+(?:did\s+not\s+base|based|did\s+not\s+cite)\b",
            re.IGNORECASE,
        ),
        is_part=True,
    ),
    Label(
        "maximus_guideline",
        re.compile(
            r"The\s+(?:Physician|Expert|MAXIMUS)\s+Reviewer\s+(?:did\s+not\s+base|based|relied"
            r"|found)\b",
            re.IGNORECASE,
        ),
        is_part=True,
    ),
)

FORMATS = (
    LetterFormat(
        id="F2a",
        sections=_F2_SECTIONS,
        items=LabelledItems(),
        decided_from="2014-01-01",
        decided_until="2014-12-31",
        verified=True,
        specimen="is Board Certified in Neurology and is licensed to practice in Oregon.",
        source="posted letters of 2014",
        sign=re.compile(r"\bis\s+licensed\s+to\s+practice\s+in\b"),
    ),
    LetterFormat(
        id="F2c",
        sections=_F2_SECTIONS,
        items=LabelledItems(),
        decided_from="2016-10-01",
        decided_until="2017-12-31",
        verified=True,
        specimen="State(s) of Licensure: Oregon,Nevada",
        source="posted letters of December 2016 to February 2017",
        sign=re.compile(
            r"State\(s\)\s+of\s+Licensure:[^\n:]*[a-z],[A-Z]"
            r"|based\s+their\s+decision\s+on\s+recommendation\(s\)\s+outside\s+of\s+the\s+MTUS"
        ),
    ),
    LetterFormat(
        id="F2b",
        sections=_F2_SECTIONS,
        items=LabelledItems(),
        decided_from="2015-01-01",
        decided_until="2016-09-30",
        verified=True,
        specimen="State(s) of Licensure: Oregon, Nevada",
        source="posted letters of 2015",
        sign=re.compile(r"State\(s\)\s+of\s+Licensure:"),
    ),
    LetterFormat(
        id="F1b",
        sections=(
            Section("reviewer", "HOW THE IMR FINAL DETERMINATION WAS MADE", "determination"),
            Section("documents", "DOCUMENTS REVIEWED", "determination"),
            _SUMMARY,
            Section("items", "IMR DECISION(S) AND RATIONALE(S)", "determination", is_required=True),
        ),
        items=NumberedItems(
            statement=re.compile(
                r"(?:^|[\n\f\v])\s{0,9}(?P<number>\d{1,2})[.)]\s*"
                rf"(?P<item>[^\n]{{1,600}}?){_OUTCOME}"
            ),
            stated_in="items",
            head=re.compile(
                rf"(?:^|[\n\f\v])\s{{0,9}}(?P<number>\d{{1,2}})[.)]\s*[^\n]{{1,600}}?{_OUTCOME}"
            ),
            labels=(
                *_GUIDELINES,
                Label(
                    "rationale",
                    re.compile(
                        r"The\s+(?:Physician|Expert)\s+Reviewer\S{0,2}s\s+decision\s+rationale\s*:",
                        re.IGNORECASE,
                    ),
                ),
            ),
        ),
        decided_from="2013-10-01",
        decided_until="2014-06-30",
        verified=False,
        specimen="1. Six visits of hand therapy are not medically necessary and appropriate.",
        source="headings: PDFParser.cs of the public repository talhaabacus/IMRCrawler; the "
        "blocks: general knowledge",
    ),
    LetterFormat(
        id="F1a",
        sections=(
            Section(
                "outcomes",
                "INDEPENDENT MEDICAL REVIEW DECISION AND RATIONALE",
                "determination",
                is_required=True,
            ),
            Section("reviewer", "Medical Qualifications of the Expert Reviewer:", "determination"),
            # Printed by the reviewer, but copied from the denial, as its disclaimer says.
            Section("case_summary", "Case Summary:", "imr", is_required=True),
            Section("documents", "Documents Reviewed for Determination:", "determination"),
            Section(
                "items",
                "1) Regarding the request for",
                "determination",
                is_required=True,
                is_part=True,
            ),
            Section("effect", "Effect of the Decision:", "determination"),
        ),
        items=NumberedItems(
            statement=re.compile(
                r"(?P<number>\d{1,2})\)\s*"
                + worded("MAXIMUS Federal Services, Inc. has determined the request for")
                + rf"\s+(?P<item>[^\n]{{1,600}}?){_OUTCOME}",
                re.IGNORECASE,
            ),
            head=re.compile(
                r"(?P<number>\d{1,2})\)\s*Regarding\s+the\s+request\s+for\s+[^\n:]{1,600}:"
            ),
            labels=(
                *_GUIDELINES,
                Label(
                    "rationale", re.compile(r"Rationale\s+for\s+the\s+Decision\s*:", re.IGNORECASE)
                ),
            ),
        ),
        decided_from="2013-07-01",
        decided_until="2014-01-31",
        verified=False,
        specimen="1) MAXIMUS Federal Services, Inc. has determined the request for a cane is "
        "medically necessary and appropriate",
        source="a letter of September 2013 on workcompliens.com, down to its case summary; the "
        "rest: general knowledge",
    ),
    LetterFormat(
        id="F0",
        sections=(
            Section("issue", "ISSUE AT DISPUTE:", "imr", is_required=True),
            Section("case_summary", "CASE SUMMARY:", "proxy", is_required=True),
            Section("documents", "DOCUMENTS REVIEWED FOR DETERMINATION:", "determination"),
            Section(
                "guidelines",
                "MEDICAL TREATMENT GUIDELINE(S) RELIED UPON BY PROFESSIONAL REVIEWER AND WHY:",
                "determination",
            ),
            Section(
                "rationale",
                "RATIONALE FOR WHY THE REQUESTED TREATMENT/SERVICE IS/WAS NOT MEDICALLY NECESSARY:",
                "determination",
                is_required=True,
            ),
            Section("reviewer", "MEDICAL REVIEWER QUALIFICATIONS:", "determination"),
        ),
        items=NumberedItems(
            # The heading of the rationale tells nothing: it reads the same whatever was decided.
            statement=re.compile(
                rf"(?:(?:^|[\n\f\v])\s{{0,9}}(?P<number>\d{{1,2}})[.)][^\n]{{1,600}}?)?{_OUTCOME}",
                re.IGNORECASE,
            ),
            stated_in="rationale",
            named_in="issue",
            shared=(("guidelines", "maximus_guideline"), ("rationale", "rationale")),
        ),
        decided_from="2013-01-01",
        decided_until="2013-12-31",
        verified=False,
        specimen="ISSUE AT DISPUTE: Whether six visits of hand therapy are medically necessary.",
        source="headings: PDFParser.cs of the public repository talhaabacus/IMRCrawler; outcomes: "
        "general knowledge",
    ),
)
"""In the order in which they are tried: the first wins whose required sections stand in order,
whose sign is found and whose dates hold."""

# The standing sentences under the headings, which are no part of what they introduce. Only their
# unvarying beginning and end are spelled out.
SUMMARY_LEAD = re.compile(
    r"\s*(?:"
    r"The\s+(?:expert|physician|medical|MAXIMUS)\s+(?:physician\s+|medical\s+)?"
    + worded("reviewer developed the following clinical case summary")
    + r"[^:.]{0,160}[:.]|Disclaimer\s*:\s*"
    + worded("The following case summary was taken directly from")
    + r"[^.]{0,200}\.)",
    re.IGNORECASE,
)
DECISIONS_LEAD = re.compile(
    r"\s*"
    + worded("The Final Determination was based on decisions for")
    + rf"[^:]{{0,80}}?{worded('set forth below')}\s*:",
    re.IGNORECASE,
)

# Labels inside a labelled item block, in their order.
CLAIMS_GUIDELINE = re.compile(rf"{worded('Claims Administrator guideline')}\s*:", re.IGNORECASE)
MAXIMUS_GUIDELINE = re.compile(rf"{worded('MAXIMUS guideline')}\s*:", re.IGNORECASE)
RATIONALE = re.compile(rf"{worded('Decision rationale')}\s*:", re.IGNORECASE)

# "Norco 10/325 mg. Four (4) times a day QTY: 120:  Upheld": the last colon counts.
ITEM_OUTCOME = re.compile(r"\s*:\s*(?P<decision>Upheld|Overturned)\s*\.?$", re.IGNORECASE)

# A partially authorized item that a page end cut: "A cane was the original request. ... | The
# original request, a cane is:"
START_OF_PARTIAL = re.compile(rf"{worded('the original request')}\s*\.", re.IGNORECASE)
REST_OF_PARTIAL = re.compile(
    rf"{worded('authorized by the Claims Administrator')}|{worded('remaining IMR')}"
    rf"|{worded('The original request')}\s*,",
    re.IGNORECASE,
)

# An entry of a numbered list: "1) Norco 10/325mg #60", "2. Is a cane medically necessary?"
LISTED_ITEM = re.compile(r"(?:^|[\n\f\v])\s{0,9}(?P<number>\d{1,2})[.)]\s*(?P<item>[^\n]{1,600})")
ASKED = re.compile(
    r"(?:Whether|Is|Are|Was|Were)\s+(?:the\s+(?:request\s+for|requested)\s+)?(?P<item>.{1,600}?)\s+"
    r"(?:(?:is|are|was|were)\s+)?medically\s+necessary(?:\s+and\s+appropriate)?\s*[.?]?$",
    re.IGNORECASE | re.DOTALL,
)

# The case-level outcome, in a cover letter or notice.
CASE_OUTCOME = re.compile(
    r"Final\s+Determination\s*:\s*(?P<outcome>UPHOLD|OVERTURN|PARTIAL(?:LY)?\s+OVERTURN)",
    re.IGNORECASE,
)
# What only a cover letter, notice or letterhead holds above the first heading.
COVER_WORDS = (
    "dear ",
    "sincerely",
    "final determination",
    "notice of independent medical review determination",
    "maximus federal services, inc",
    "medical professional review",
)

# The labels of header and notice, with the kind of value that follows and the column it becomes.
FACT_LABELS: tuple[tuple[str, FactKind, str], ...] = (
    ("Case Number:", "case_number", "case_number"),
    ("Date Assigned:", "date", "assigned_on"),
    ("Date of Injury:", "date", "date_of_injury"),
    ("Decision Date:", "date", "decided_on"),
    ("Dated:", "date", "decided_on"),
    ("UR Denial Date:", "date", "ur_denied_on"),
    ("Date of UR Decision:", "date", "ur_denied_on"),
    ("Priority:", "priority", "priority"),
    ("Application Received:", "date", "received_on"),
    # The notices of 2013 tell the same in a sentence.
    ("application for Independent Medical Review was filed on", "date", "received_on"),
    ("Utilization Review Denial dated", "date", "ur_denied_on"),
    ("Request for Information was provided to the above parties on", "date", "assigned_on"),
)
# A label over two lines of a two-column header: some extractors put the value between them.
VALUE_INSIDE_LABEL = r"Application\s+(?P<inside>\d{1,2}/\d{1,2}/\d{4})\s+Received\s*:"
FACT_VALUES: dict[FactKind, str] = {
    "case_number": r"(?:CM|SY)\d{2}-\d{7}",
    "date": r"\d{1,2}/\d{1,2}/\d{4}",
    "priority": r"Standard|Expedited",
}

# Credentials in a block (2015 on) ...
LICENSURE = re.compile(
    r"State\(s\)\s+of\s+Licensure\s*:(?P<states>.*?)(?:Certification\(s\)|$)", re.DOTALL
)
SPECIALTY = re.compile(r"Certification\(s\)\s*/\s*Specialty\s*:(?P<specialties>.*)$", re.DOTALL)
# ... or in prose (2013 and 2014): "is Board Certified in Neurology, has a subspecialty in Pain
# Medicine and is licensed to practice in Oregon."
CERTIFIED_IN = re.compile(
    r"\bis\s+Board\s+Certified\s+in\s+(?P<specialty>.{1,200}?)"
    r"(?:,?\s+(?:and\s+)?has\s+a\s+subspecialty\s+in\s+(?P<subspecialty>.{1,200}?))?"
    r",?\s+and\s+is\s+licensed\s+to\s+practice\s+in\s+(?P<states>[^.]{1,800})\.",
    re.DOTALL,
)
