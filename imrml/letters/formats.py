"""The table of letter formats: pure data. Adding a format means adding a row here and a golden letter to the tests.

Headings and labels are matched with any run of blanks, line ends and page ends between their words.
"""

import re
from dataclasses import dataclass


def worded(phrase: str) -> str:
    r"""Turn a phrase into a regex that survives line and page breaks, or no blank at all, between its words.

    Examples
    --------
    >>> bool(re.search(worded("CLINICAL CASE SUMMARY"), "CLINICAL\n CASE SUMMARY"))
    True
    """
    return r"\s*".join(re.escape(word) for word in phrase.split())


@dataclass(frozen=True, slots=True)
class LetterFormat:
    """One format of final determination letters.

    Parameters
    ----------
    id : str
        Short id, as in the item table's ``letter_format``.
    sections : tuple of str
        Headings in their order.
    tells : Pattern
        What sets this format apart from the others with the same headings; searched in the whole letter.
    decided_from, decided_until : str
        ISO dates between which letters of this format were written.
    verified : bool
        Whether a real letter of this format was ever parsed.
    specimen : str
        A line as it stands in such a letter, with invented names.
    source : str
        Where the format was seen.
    """

    id: str
    sections: tuple[str, ...]
    tells: re.Pattern[str]
    decided_from: str
    decided_until: str
    verified: bool
    specimen: str
    source: str


HOW_MADE = "HOW THE IMR FINAL DETERMINATION WAS MADE"
CASE_SUMMARY = "CLINICAL CASE SUMMARY"
DECISIONS = "IMR ISSUES, DECISIONS AND RATIONALES"
F2_SECTIONS = (HOW_MADE, CASE_SUMMARY, DECISIONS)

FORMATS = (
    LetterFormat(
        id="F2a",
        sections=F2_SECTIONS,
        tells=re.compile(r"\bis\s+licensed\s+to\s+practice\s+in\b"),
        decided_from="2014-01-01",
        decided_until="2014-12-31",
        verified=True,
        specimen="is Board Certified in Neurology and is licensed to practice in Oregon.",
        source="posted letters of 2014",
    ),
    LetterFormat(
        id="F2c",
        sections=F2_SECTIONS,
        tells=re.compile(
            r"State\(s\)\s+of\s+Licensure:[^\n:]*[a-z],[A-Z]"
            r"|based\s+their\s+decision\s+on\s+recommendation\(s\)\s+outside\s+of\s+the\s+MTUS"
        ),
        decided_from="2016-10-01",
        decided_until="2017-12-31",
        verified=True,
        specimen="State(s) of Licensure: Oregon,Nevada",
        source="posted letters of December 2016 to February 2017",
    ),
    LetterFormat(
        id="F2b",
        sections=F2_SECTIONS,
        tells=re.compile(r"State\(s\)\s+of\s+Licensure:"),
        decided_from="2015-01-01",
        decided_until="2016-09-30",
        verified=True,
        specimen="State(s) of Licensure: Oregon, Nevada",
        source="posted letters of 2015",
    ),
)
"""In the order in which they are tried: the first whose sign is found and whose dates hold wins."""

# The standing sentences under the two headings, which are no part of what they introduce. Only their unvarying beginning
# and end are spelled out.
SUMMARY_LEAD = re.compile(
    rf"^\s*{worded('The expert reviewer developed the following clinical case summary')}[^:]{{0,120}}:\s*", re.IGNORECASE
)
DECISIONS_LEAD = re.compile(
    rf"^\s*{worded('The Final Determination was based on decisions for')}[^:]{{0,80}}?{worded('set forth below')}\s*:\s*",
    re.IGNORECASE,
)

# Labels inside an item block, in their order.
CLAIMS_GUIDELINE = re.compile(rf"{worded('Claims Administrator guideline')}\s*:", re.IGNORECASE)
MAXIMUS_GUIDELINE = re.compile(rf"{worded('MAXIMUS guideline')}\s*:", re.IGNORECASE)
RATIONALE = re.compile(rf"{worded('Decision rationale')}\s*:", re.IGNORECASE)

# "Norco 10/325 mg. Four (4) times a day QTY: 120:  Upheld": the last colon counts.
ITEM_HEAD = re.compile(r"^(?P<item>.*\S)\s*:\s*(?P<decision>Upheld|Overturned)\s*\.?\s*$", re.DOTALL | re.IGNORECASE)

# A partially authorized item that a page end cut: "A cane was the original request. ... | The original request, a cane is:"
START_OF_PARTIAL = re.compile(rf"{worded('the original request')}\s*\.", re.IGNORECASE)
REST_OF_PARTIAL = re.compile(
    rf"{worded('authorized by the Claims Administrator')}|{worded('remaining IMR')}|{worded('The original request')}\s*,",
    re.IGNORECASE,
)

# The header's labels, each with the kind of value that follows and the column it becomes.
HEADER_LABELS = (
    ("Case Number", "case_number", "case_number"),
    ("Date Assigned", "date", "assigned_on"),
    ("Date of Injury", "date", "date_of_injury"),
    ("Decision Date", "date", "decided_on"),
    ("UR Denial Date", "date", "ur_denied_on"),
    ("Priority", "priority", "priority"),
    ("Application Received", "date", "received_on"),
)
HEADER_VALUES = {
    "case_number": r"(?:CM|SY)\d{2}-\d{7}",
    "date": r"\d{1,2}/\d{1,2}/\d{4}",
    "priority": r"Standard|Expedited",
}

# Credentials in a block (2015 on) ...
LICENSURE = re.compile(r"State\(s\)\s+of\s+Licensure\s*:(?P<states>.*?)(?=Certification\(s\)|$)", re.DOTALL)
SPECIALTY = re.compile(r"Certification\(s\)\s*/\s*Specialty\s*:(?P<specialties>.*)$", re.DOTALL)
# ... or in prose (2014): "is Board Certified in Neurology, has a subspecialty in Pain Medicine and is licensed to practice in
# Oregon."
CERTIFIED_IN = re.compile(
    r"\bis\s+Board\s+Certified\s+in\s+(?P<specialty>.{1,200}?)"
    r"(?:,?\s+(?:and\s+)?has\s+a\s+subspecialty\s+in\s+(?P<subspecialty>.{1,200}?))?"
    r",?\s+and\s+is\s+licensed\s+to\s+practice\s+in\s+(?P<states>[^.]{1,800})\.",
    re.DOTALL,
)
