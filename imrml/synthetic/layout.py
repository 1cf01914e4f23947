"""A letter on paper: header, headings, blocks, wrapped lines; and what text extraction damages."""

import re
from random import Random
from typing import Any

from imrml.determinations import Case, Item
from imrml.synthetic.phrase_banks import pick, read_table

_WIDTH = 95
_PAGE_LINES = 46
_LETTERS = re.compile(r"[a-z]{8,}")
_STOP = re.compile(r"(?<=[a-z]{3}\.) (?=[A-Z][a-z])")
_BLANK = re.compile(r"(?<=\b(?:of|in|to)) (?=[a-z]{4})|(?<=[a-z]{4}) (?=(?:of|and|for) [a-z])")
_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")

DAMAGES = (
    "doubled_breaks",
    "form_feeds",
    "break_in_head",
    "glued_sentences",
    "glued_words",
    "split_words",
    "hyphen_wraps",
)
"""What extraction may do to a text. Letters and digits stay what they are and in their order."""


def wrap(text: str) -> list[str]:
    """Wrap a paragraph; a line that goes on ends with a blank, the last one does not.

    Parameters
    ----------
    text : str
        Without line breaks.

    Returns
    -------
    list of str
        Lines of at most 95 characters, unless a word is longer.

    Examples
    --------
    >>> [len(line) for line in wrap("word " * 30 + "end")]
    [95, 58]
    """
    lines = []
    start = 0
    while len(text) - start > _WIDTH:
        cut = text.rfind(" ", start, start + _WIDTH)
        if cut <= start:
            cut = text.find(" ", start + _WIDTH)
            if cut < 0:
                break
        lines.append(text[start : cut + 1])
        start = cut + 1
    lines.append(text[start:])
    return lines


# --- what stands where ----------------------------------------------------------------------------


def header_lines(case: Case, order: str) -> list[str]:
    """Write the header.

    Parameters
    ----------
    case : Case
        Its first item has the dates.
    order : {'across', 'labels_first'}
        Over both columns line by line, or all labels and then all values.

    Returns
    -------
    list of str
        Lines, the last one blank.
    """
    submission, determination = case.items[0].submission, case.items[0].determination
    values = {
        "Case Number": case.case_number,
        "Date Assigned": us_date(determination.assigned_on),
        "Date of Injury": us_date(submission.date_of_injury),
        "Decision Date": us_date(determination.decided_on),
        "UR Denial Date": us_date(submission.ur_denied_on),
        "Priority": submission.priority.capitalize(),
        "Application Received": us_date(submission.received_on),
    }
    if order == "labels_first":
        return [*(f"{label}:" for label in values), *values.values(), ""]
    return [
        f"Case Number: {values['Case Number']}",
        f"Date Assigned: {values['Date Assigned']} Date of Injury: {values['Date of Injury']}",
        f"Decision Date: {values['Decision Date']} UR Denial Date: {values['UR Denial Date']}",
        f"Priority: {values['Priority']} Application ",
        "Received: ",
        values["Application Received"],
        "",
    ]


def us_date(iso: str | None) -> str:
    """Write an ISO date as letters do.

    Parameters
    ----------
    iso : str or None
        ``YYYY-MM-DD``.

    Returns
    -------
    str
        ``MM/DD/YYYY``; ``""`` for None.
    """
    if iso is None:
        return ""
    year, month, day = iso.split("-")
    return f"{month}/{day}/{year}"


def _standing_lines(case: Case, credentials: str) -> list[str]:
    """Write the standing paragraphs down to the lead line of the case summary.

    ``credentials`` is the prose of 2014; where empty, the block of later years stands.
    """
    words = read_table("letter")
    determination = case.items[0].determination
    lines = [words["how"], *wrap(words["invented"])]
    if credentials:
        lines += [*wrap(words["standing"]["F2a"].format(credentials=credentials)), ""]
    else:
        block = words["credentials"]
        lines += [*wrap(words["standing"]["F2b"]), "", block["lead"]]
        lines += wrap(block["licensure"].format(states=determination.reviewer_states))
        lines += [
            *wrap(block["specialty"].format(specialties=determination.reviewer_specialties)),
            "",
        ]
    return [
        *lines,
        words["summary"],
        *wrap(f"{words['summary_lead_start']} {words['summary_lead_end']}"),
        "",
    ]


def item_paragraphs(item: Item) -> list[str]:
    """Write the four paragraphs of one item block.

    Parameters
    ----------
    item : Item
        The item, with its determination.

    Returns
    -------
    list of str
        Head with the decision, guideline of the claims side, guideline of the reviewer, rationale.
    """
    words = read_table("letter")
    submission, determination = item.submission, item.determination
    return [
        f"{submission.item}: {determination.decision.capitalize()}",
        f"{words['claims_label']} {submission.claims_guideline}",
        f"{words['maximus_label']} {determination.maximus_guideline}",
        f"{words['rationale_label']} {determination.rationale}",
    ]


def letter_lines(
    case: Case, header: list[str], credentials: str, rng: Random, damages: frozenset[str]
) -> list[str]:
    """Lay out a letter in lines, with the damage that sits inside paragraphs.

    Parameters
    ----------
    case : Case
        What the letter says.
    header : list of str
        As :func:`header_lines` gives them; empty for a letter without one.
    credentials : str
        The reviewer's, as prose of 2014; ``""`` puts the block of later years.
    rng : Random
        Where to draw from.
    damages : frozenset of str
        Names of ``DAMAGES``.

    Returns
    -------
    list of str
        Lines, ``""`` between paragraphs.
    """
    words = read_table("letter")
    summary = case.items[0].submission.case_summary
    lines = [
        *header,
        *_standing_lines(case, credentials),
        *wrap(damage_text(rng, summary, damages)),
        "",
        words["decisions"],
    ]
    lines += [*wrap(f"{words['decisions_lead_start']} {words['decisions_lead_end']}"), ""]
    for item in case.items:
        head, claims, maximus, rationale = item_paragraphs(item)
        label, _, body = rationale.partition(": ")
        for paragraph in (head, claims, maximus, f"{label}: {damage_text(rng, body, damages)}"):
            lines += [*wrap(paragraph), ""]
    return lines[:-1]


# --- damage ---------------------------------------------------------------------------------------


def damage_text(rng: Random, text: str, damages: frozenset[str]) -> str:
    """Do to a text the damage that sits inside words and sentences.

    Parameters
    ----------
    rng : Random
        Where to draw from.
    text : str
        A paragraph, not wrapped yet.
    damages : frozenset of str
        Names of ``DAMAGES``.

    Returns
    -------
    str
        The text with a few places damaged for each name that concerns words or sentences.
    """
    if "glued_sentences" in damages:
        text = _at_some(rng, _STOP, text, lambda _: "")
    if "glued_words" in damages:
        text = _at_some(rng, _BLANK, text, lambda _: "")
    if "hyphen_wraps" in damages:
        text = _at_some(rng, _HYPHEN, text, lambda _: "- ")
        text = _at_some(
            rng, _LETTERS, text, lambda word: f"{word[: len(word) // 2]}- {word[len(word) // 2 :]}"
        )
    if "split_words" in damages:
        text = _at_some(rng, _LETTERS, text, lambda word: f"{word[:4]} {word[4:]}")
    return text


def _at_some(rng: Random, pattern: re.Pattern[str], text: str, change: Any) -> str:
    """Change one or two of the places where a pattern matches."""
    places = list(pattern.finditer(text))
    if not places:
        return text
    chosen = {int(rng.random() * len(places)) for _ in range(1 + int(rng.random() * 2))}
    for at in sorted(chosen, reverse=True):
        place = places[at]
        text = text[: place.start()] + change(place.group()) + text[place.end() :]
    return text


def join_lines(
    lines: list[str], heads: frozenset[str], rng: Random, damages: frozenset[str]
) -> str:
    r"""Join lines to the text of a letter, with the damages that sit between lines.

    Parameters
    ----------
    lines : list of str
        As :func:`letter_lines` gives them.
    heads : frozenset of str
        Last lines of item heads, after which ``break_in_head`` puts a page end.
    rng : Random
        Where to draw from.
    damages : frozenset of str
        Names of ``DAMAGES``.

    Returns
    -------
    str
        The text of the letter.
    """
    breaks = set()
    if damages & {"doubled_breaks", "form_feeds"}:
        first = 20 + int(rng.random() * (_PAGE_LINES - 20))
        breaks = set(range(first, len(lines) - 1, _PAGE_LINES))
    if "break_in_head" in damages:
        candidates = [at for at, line in enumerate(lines) if line in heads]
        breaks.add(pick(rng, candidates))
    if "doubled_breaks" in damages:
        pieces = []
        for at, line in enumerate(lines):
            pieces.append(line if line.endswith(" ") else f"{line} ")
            pieces.append("\n\n\n\n" if at in breaks else "\n\n")
        return " " + "".join(pieces)
    pieces = []
    for at, line in enumerate(lines):
        pieces.append(line)
        pieces.append("\n\f" if at in breaks else "\n")
    return "".join(pieces)
