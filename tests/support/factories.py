"""Fictional letters: each test mentions only what it is about."""

import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

SHARED = Path(__file__).parents[2].parent / "shared"
"""Real letters, where they lie beside the project; never copied into it."""

BLOCK_CREDENTIALS = (
    "The Expert Reviewer has the following credentials:\nState(s) of Licensure: Oregon, Nevada\n"
    "Certification(s)/Specialty: Family Practice"
)
TIGHT_CREDENTIALS = BLOCK_CREDENTIALS.replace("Oregon, Nevada", "Oregon,Nevada")
PROSE_CREDENTIALS = (
    "The expert reviewer is Board Certified in Neurology, has a subspecialty in Pain Medicine "
    "and is licensed to practice in Oregon."
)
HEADER = (
    "Case Number: CM15-0099999\nDate Assigned: 03/02/2015 Date of Injury: 01/15/2014\n"
    "Decision Date: 03/30/2015 UR Denial Date: 02/10/2015\nPriority: Standard Application\n"
    "Received:\n02/20/2015"
)
COLUMN_HEADER = (
    "Case Number:\nDate Assigned:\nDate of Injury:\nDecision Date:\nUR Denial Date:\nPriority:\n"
    "Application Received:\n"
    "CM15-0099999\n03/02/2015\n01/15/2014\n03/30/2015\n02/10/2015\nStandard\n02/20/2015"
)
SUMMARY = (
    "The injured worker is a 47 year old female baker who hurt her lower back on January 15, 2014. "
    "Diagnoses included lumbar strain and insomnia. She went through ten visits of therapy and "
    "lifts twenty pounds again. Utilization review on February 10, 2015 did not certify the "
    "request."
)

AUTHORIZED_PART = "was authorized by the Claims Administrator."
STILL_DISPUTED = "The remaining IMR eligible portion of the original request,"


def partly_authorized(treatment: str, authorized: str, disputed: str) -> str:
    """Word an item of which a part was authorized, as letters do."""
    original = f"{treatment} was the original request. {authorized} {AUTHORIZED_PART}"
    return f"{original} {STILL_DISPUTED} {disputed} is"


@dataclass
class FictionalItem:
    """One item block."""

    item: str = "Norco 10/325mg #60"
    decision: str = "Upheld"
    claims_guideline: str = "Decision based on MTUS Chronic Pain Treatment Guidelines Opioids."
    maximus_guideline: str = (
        "Decision based on MTUS Chronic Pain Treatment Guidelines Opioids Page(s): 76-79."
    )
    rationale: str = (
        "The baker took this drug for a year. No urine test was in the packet. "
        "The drug is not medically necessary."
    )


@dataclass
class FictionalLetter:
    """A letter before anything was damaged: paragraphs in their order."""

    header: str = HEADER
    credentials: str = BLOCK_CREDENTIALS
    summary: str = SUMMARY
    items: list[FictionalItem] = field(default_factory=lambda: [FictionalItem()])

    def paragraphs(self) -> list[str]:
        """Give each paragraph; ``"\\n"`` inside one is a line end that stands in the letter."""
        blocks = [
            paragraph
            for item in self.items
            for paragraph in (
                f"{item.item}: {item.decision}",
                f"Claims Administrator guideline: {item.claims_guideline}",
                f"MAXIMUS guideline: {item.maximus_guideline}",
                f"Decision rationale: {item.rationale}",
            )
        ]
        return [
            *([self.header] if self.header else []),
            "HOW THE IMR FINAL DETERMINATION WAS MADE",
            "A reviewer without any tie to the parties read the whole file of this invented case.",
            self.credentials,
            "CLINICAL CASE SUMMARY",
            "The expert reviewer developed the following clinical case summary from the file:",
            self.summary,
            "IMR ISSUES, DECISIONS AND RATIONALES",
            # the letters' own lead line, but for its middle
            "The Final Determination was based on decisions for the items set forth below:",
            *blocks,
        ]

    def spaced(self, width: int = 90) -> str:
        """Set blank lines between paragraphs; a line that wraps ends in a blank."""
        return render(self.paragraphs(), "spaced", width)

    def doubled(self, width: int = 90, page_break_before: str = "") -> str:
        """Double each line end, a blank line is one blank; a page may break before a given word."""
        return _break_page(
            render(self.paragraphs(), "doubled", width), page_break_before, " ", "\n\n\n\n"
        )

    def tight(self, width: int = 90, page_break_before: str = "") -> str:
        """Leave out blank lines; a line that wraps ends in a blank, a page in a form feed."""
        return _break_page(render(self.paragraphs(), "tight", width), page_break_before, "", "\f")


LAYOUTS = {
    "spaced": ("\n\n", " \n", "\n"),
    "doubled": (" \n\n \n\n", " \n\n", " \n\n"),
    "tight": ("\n", " \n", ""),
    "bare": ("\n", "\n", ""),
}
"""What stands between paragraphs, between the lines of one, and at the end."""


def render(paragraphs: list[str], layout: str, width: int = 90) -> str:
    """Lay out a letter as one kind of text extraction gives it."""
    between, line_end, end = LAYOUTS[layout]
    return between.join(_wrap(paragraph, width, line_end) for paragraph in paragraphs) + end


def _break_page(text: str, before: str, line_end: str, page_break: str) -> str:
    """Break the page before a word; the blank of a line that wraps stays, as in real letters."""
    if not before:
        return text
    return re.sub(
        rf"(\s+){re.escape(before)}",
        lambda m: (" " if " " in m[1] else line_end) + page_break + before,
        text,
        count=1,
    )


def _wrap(paragraph: str, width: int, line_end: str) -> str:
    return line_end.join(
        line
        for part in paragraph.split("\n")
        for line in textwrap.wrap(part, width, break_on_hyphens=False)
    )
