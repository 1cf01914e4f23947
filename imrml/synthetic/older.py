"""Invented letters in the formats of 2013, which no real letter at hand shows."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from imrml.determinations import Case, Item
from imrml.synthetic.layout import damage_text, us_date, wrap
from imrml.synthetic.phrase_banks import read_table


def restate(case: Case, letter_format: str) -> Case:
    """Say a case as a letter of an older format can: with the facts it prints, in its words.

    Parameters
    ----------
    case : Case
        In the words of 2014 and later.
    letter_format : str
        ``"F0"``, ``"F1a"`` or ``"F1b"``.

    Returns
    -------
    Case
        Without the facts that the format does not print, and marked as not verified.

    Examples
    --------
    >>> from imrml.synthetic import draw_letters
    >>> [letter] = draw_letters(1, seed=3, letter_format="F1a")
    >>> letter.case.letter_format, letter.case.format_verified
    ('F1a', False)
    >>> letter.case.items[0].submission.priority
    ''
    """
    printed = read_table("letter")["older"]["printed"][letter_format]
    items = tuple(_restate_item(item, printed, letter_format) for item in case.items)
    if letter_format == "F0":
        rationale = " ".join(
            f"{item.item_number}) {_statement(item)} {item.determination.rationale}"
            for item in items
        )
        guideline = items[0].determination.maximus_guideline
        items = tuple(
            replace(
                item,
                determination=replace(
                    item.determination, rationale=rationale, maximus_guideline=guideline
                ),
            )
            for item in items
        )
    return replace(case, letter_format=letter_format, format_verified=False, items=items)


def _restate_item(item: Item, printed: list[str], letter_format: str) -> Item:
    words = read_table("letter")["older"]
    submission, determination = item.submission, item.determination
    claims = "" if letter_format == "F0" else f"{words['claims']} {submission.claims_guideline}"
    maximus = (
        determination.maximus_guideline
        if letter_format == "F0"
        else f"{words['reviewer']} {determination.maximus_guideline}"
    )
    dates: dict[str, Any] = {
        name: getattr(submission, name) if name in printed else None
        for name in ("date_of_injury", "received_on", "ur_denied_on")
    }
    return replace(
        item,
        submission=replace(
            submission,
            item=submission.item.removesuffix(" is").replace(":", ","),
            treatment=submission.treatment.replace(":", ","),
            authorized=submission.authorized.replace(":", ","),
            disputed=submission.disputed.replace(":", ","),
            claims_guideline=claims,
            priority=submission.priority if "priority" in printed else "",
            **dates,
        ),
        determination=replace(
            determination,
            maximus_guideline=maximus,
            assigned_on=determination.assigned_on if "assigned_on" in printed else None,
        ),
    )


def _statement(item: Item) -> str:
    negation = "not " if item.determination.decision == "upheld" else ""
    return f"{item.submission.item} is {negation}medically necessary and appropriate."


def _own_rationale(item: Item, case: Case) -> str:
    """Give an item's part of the rationale that all items share."""
    shared = item.determination.rationale
    starts = [shared.index(f"{each.item_number}) {_statement(each)}") for each in case.items]
    ends = [*starts[1:], len(shared)]
    place = item.item_number - 1
    return shared[starts[place] : ends[place]].strip()


def older_lines(
    case: Case, rng: Random, damages: frozenset[str]
) -> tuple[list[str], frozenset[str]]:
    """Lay out a restated case in lines.

    Parameters
    ----------
    case : Case
        As :func:`restate` gives it.
    rng : Random
        Where to draw from.
    damages : frozenset of str
        Names of ``DAMAGES``.

    Returns
    -------
    lines : list of str
        Lines of the letter, ``""`` between paragraphs.
    heads : frozenset of str
        Lines after which a page may end amid an item.
    """
    words = read_table("letter")["older"]
    first = case.items[0]
    facts = {
        "number": case.case_number,
        **{
            name: us_date(getattr(first.submission, name))
            for name in ("date_of_injury", "received_on", "ur_denied_on")
        },
        **{
            name: us_date(getattr(first.determination, name))
            for name in ("assigned_on", "decided_on")
        },
        "priority": first.submission.priority.capitalize(),
        "states": first.determination.reviewer_states,
        "specialties": first.determination.reviewer_specialties,
        "summary": damage_text(rng, first.submission.case_summary, damages),
        "guideline": first.determination.maximus_guideline,
    }
    blocks: dict[str, Callable[[Item], list[str]]] = {
        "{statements}": lambda item: [
            f"{item.item_number}) {words['determined']} {_statement(item)}"
        ],
        "{listed}": lambda item: [f"{item.item_number}) {item.submission.item}"],
        "{numbered}": lambda item: [
            f"{item.item_number}. {_statement(item)}",
            item.submission.claims_guideline,
            item.determination.maximus_guideline,
            f"{words['rationale_F1b']} {damage_text(rng, item.determination.rationale, damages)}",
        ],
        "{regarding}": lambda item: [
            f"{item.item_number}) {words['regarding']} {item.submission.item}:",
            item.submission.claims_guideline,
            item.determination.maximus_guideline,
            f"{words['rationale_F1a']} {damage_text(rng, item.determination.rationale, damages)}",
        ],
        "{rationale}": lambda item: [_own_rationale(item, case)],
    }
    lines: list[str] = []
    heads: set[str] = set()
    for line in words["letters"][case.letter_format]:
        paragraphs = (
            [text for item in case.items for text in blocks[line](item)]
            if line in blocks
            else [line.format(**facts)]
        )
        for paragraph in paragraphs:
            wrapped = wrap(paragraph)
            heads.update(wrapped[:1] if line in blocks else [])
            lines += [*wrapped, ""]
    return lines[:-1], frozenset(heads)
