"""How ``imrml letters show`` prints letters as read."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from imrml.cli.printing.text import printable
from imrml.deficiencies import deficiency_names
from imrml.determinations import Item
from imrml.labelling.labeller import label_rationale
from imrml.letters.coverage import measure_coverage
from imrml.letters.spans import ParsedLetter

_DECISION_STYLES = {"upheld": "bold red", "overturned": "bold green"}


def print_letters(letters: Iterable[tuple[str, ParsedLetter]]) -> None:
    """Print each letter's facts, items, decisions and labels, with the evidence in brackets.

    Parameters
    ----------
    letters : iterable of (str, ParsedLetter)
        Where each letter was read from, and what was read.
    """
    screen = Console(highlight=False)
    for source, letter in letters:
        _print_letter(source, letter, screen)


def _print_letter(source: str, letter: ParsedLetter, screen: Console) -> None:
    case, coverage = letter.case, measure_coverage(letter)
    first = case.items[0]
    letter_format = (
        case.letter_format
        if case.format_verified
        else f"{case.letter_format} (no real letter of it was seen: check)"
    )
    read = f"{int(coverage.share_read * 10_000) / 100:.2f} %"
    if coverage.left_over:
        read += f", left over {' '.join(f'{start}-{end}' for start, end in coverage.left_over)}"
    screen.print(Text(printable(f"{case.case_number}  {source}"), style="bold"))
    _print_facts(
        {
            "format": letter_format,
            "read": read,
            "look at": ", ".join(letter.flags).replace("_", " "),
            "case outcome": letter.case_outcome,
            "injured": first.submission.date_of_injury,
            "UR denied": first.submission.ur_denied_on,
            "received": first.submission.received_on,
            "assigned": first.determination.assigned_on,
            "decided": first.determination.decided_on,
            "priority": first.submission.priority,
            "worker": " ".join(filter(None, (_age(first.submission.age), first.submission.sex))),
            "diagnosis": first.submission.diagnosis,
            "reviewer": "; ".join(
                filter(
                    None,
                    (first.determination.reviewer_specialties, first.determination.reviewer_states),
                )
            ),
            "summary": first.submission.case_summary,
        },
        screen,
    )
    for item in case.items:
        _print_item(item, screen)


def _print_item(item: Item, screen: Console) -> None:
    submission, determination = item.submission, item.determination
    is_upheld = determination.decision == "upheld"
    evidence = label_rationale(determination.rationale, submission.item) if is_upheld else []
    numbers = {
        id_: number
        for number, id_ in enumerate(dict.fromkeys(span.id for span in evidence), start=1)
    }
    names = deficiency_names()
    head = Text(f"\n{item.item_number}. ", style="bold")
    head.append(
        f"{determination.decision.upper()}  ", style=_DECISION_STYLES[determination.decision]
    )
    head.append(printable(submission.item))
    screen.print(head)
    _print_facts(
        {
            "asked for": submission.treatment if submission.authorized else "",
            "authorized": submission.authorized,
            "disputed": submission.disputed,
            "claims side": submission.claims_guideline,
            "MAXIMUS": determination.maximus_guideline,
            "rationale": _marked(
                determination.rationale,
                [(span.start, span.end, numbers[span.id]) for span in evidence],
            ),
            "labels": "; ".join(
                f"({number}) {id_}: {names[id_]}" for id_, number in numbers.items()
            ),
        },
        screen,
    )


def _print_facts(facts: dict[str, str | Text | None], screen: Console) -> None:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, style="bright_black")
    rows.add_column()
    for name, value in facts.items():
        if value:
            rows.add_row(name, Text(printable(value)) if isinstance(value, str) else value)
    screen.print(rows)


def _marked(rationale: str, evidence: Iterable[tuple[int, int, int]]) -> Text:
    """Put evidence in brackets with its number; where two overlap, both have theirs."""
    marks = sorted(
        mark
        for start, end, number in evidence
        for mark in ((start, 1, "[", number), (end, 0, f"]({number})", number))
    )
    text, at, n_open = Text(), 0, 0
    for place, is_start, words, _ in marks:
        text.append(printable(rationale[at:place]), style="bold underline" if n_open else "")
        text.append(words, style="bold")
        n_open += 1 if is_start else -1
        at = place
    text.append(printable(rationale[at:]))
    return text


def _age(age: float | None) -> str:
    return "" if age is None else f"{age:.0f} years"
