"""Facts of header and notice: labels, and the values that follow them or stand in columns below."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from imrml.letters import formats
from imrml.letters.spans import Span, mark

_FACT = re.compile(
    # The first two letters of all that follows: else each is tried in vain at every letter.
    r"(?=[acdeprsu][aemprtxy]|\d)(?:"
    + "|".join(
        [
            f"(?P<whole_received_on>{formats.VALUE_INSIDE_LABEL})",
            *(
                f"(?P<label{i}_{column}>{formats.worded(label)})"
                for i, (label, _, column) in enumerate(formats.FACT_LABELS)
            ),
            *(
                rf"(?P<value_{kind}>\b(?:{pattern})\b)"
                for kind, pattern in formats.FACT_VALUES.items()
            ),
        ]
    )
    + ")",
    re.IGNORECASE,
)
_ROLES: dict[str, tuple[str, str]] = {
    group: (group.partition("_")[0].rstrip("0123456789"), group.partition("_")[2])
    for group in _FACT.groupindex
}
"""By group, the role of a token, and the column of a label or the kind of a value."""
_KIND_OF = {column: kind for _, kind, column in formats.FACT_LABELS}


def find_facts(text: str, stop: int) -> list[Span]:
    """Find labels and values, whether each value follows its label or all labels come first.

    Where the first label is followed by its value, a label without one is a redaction hole, so the
    label still waiting when a new one comes is given up; else they wait in line for a value of
    their kind. So they do, too, in a column of labels with a column of as many values below it.

    Parameters
    ----------
    text : str
        The cleaned text.
    stop : int
        Where the header ends.

    Returns
    -------
    list of Span
        Labels and fields, by start.
    """
    tokens = [(*_ROLES[match.lastgroup or ""], match) for match in _FACT.finditer(text, 0, stop)]
    roles = [role for role, _, _ in tokens]
    first = roles.index("label") if "label" in roles else 0
    labels_come_first = roles[first : first + 2] == ["label", "label"]
    may_have_columns = not labels_come_first and ("label", "label") in pairwise(roles)
    in_column = _find_columns(text, tokens) if may_have_columns else set()
    spans: list[Span] = []
    waiting: dict[str, None] = {}  # an ordered set of columns
    for at, (role, name, match) in enumerate(tokens):
        if role == "label":
            spans += mark(text, "label", name, match.span())
            if not labels_come_first and at not in in_column:
                waiting.clear()
            waiting[name] = None
        elif role == "whole":
            spans += mark(text, "label", name, match.span())
            spans += mark(text, "field", name, match.span("inside"))
        elif column := next((column for column in waiting if _KIND_OF[column] == name), None):
            del waiting[column]
            spans += mark(text, "field", column, match.span())
    return spans


def _find_columns(text: str, tokens: Sequence[tuple[str, str, re.Match[str]]]) -> set[int]:
    """Find the labels after the first of each column that a column of as many values follows."""
    stretches: list[list[int]] = []  # tokens of one role, close together
    end = 0
    for at, (role, _, match) in enumerate(tokens):
        between = text[end : match.start()].strip()  # "IMR" before "Application Received:"
        is_near = len(between) < (12 if role == "label" else 1)
        if at and role == tokens[at - 1][0] and is_near:
            stretches[-1].append(at)
        else:
            stretches.append([at])
        end = match.end()
    later: set[int] = set()
    for labels, values in pairwise(stretches):
        roles = tokens[labels[0]][0], tokens[values[0]][0]
        if roles == ("label", "value") and len(labels) == len(values):
            later.update(labels[1:])
    return later


def fact_values(text: str, spans: Iterable[Span]) -> tuple[dict[str, str], frozenset[str]]:
    """Read the values; of several for one column that differ, none can be trusted.

    Parameters
    ----------
    text : str
        The cleaned text.
    spans : iterable of Span
        As :func:`find_facts` gives them.

    Returns
    -------
    dict of str to str
        By column; dates are ISO text.
    frozenset of str
        Columns with values that contradict each other, as where the date of another claim was
        stamped on the letter under the same label; they are not among the former.
    """
    facts: dict[str, str] = {}
    contradicted: set[str] = set()
    for span in spans:
        if span.kind == "field":
            value = _fact_value(_KIND_OF[span.name], text[span.start : span.end])
            if value is not None and facts.setdefault(span.name, value) != value:
                contradicted.add(span.name)
    for name in contradicted:
        del facts[name]
    return facts, frozenset(contradicted)


def _fact_value(kind: str, words: str) -> str | None:
    if kind != "date":
        return words.upper() if kind == "case_number" else words.lower()
    month, day, year = map(int, words.split("/"))
    try:
        return date(year, month, day).isoformat()
    except ValueError:  # 13/45/2015: a slip of the pen is a hole, not a date
        return None
