"""Labels of forms and of labelled lines: what they are called, and what stands behind them."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from imrml.yaml_tables import read_yaml

_IN_BRACKETS = re.compile(r"\([^()]{0,200}(?:\)|$)")
_NO_WORD = re.compile(r"[^a-z0-9]{1,200}")
_NUMBER = re.compile(r"^(?P<label>.{0,100}?)[ #]{0,3}(?P<number>[1-9][0-9]?)$")
_WORD = re.compile(r"\S+")
_NAME = re.compile(
    r"(?P<label>[a-z]{2,60}?)(?:required|ifknown)?(?:row)?(?P<number>[1-9][0-9]?)?"
    r"(?:required|ifknown)?"
)
_MOST_WORDS = 14
_LONGEST_LABEL = 120
"""Words and characters of the longest label."""

TABLE_FIELDS = frozenset({"service", "diagnosis", "icd", "cpt", "other"})
"""What a line of a request consists of."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label, and the number that it bears where a form numbers its lines.

    Parameters
    ----------
    field : str
        What it stands for.
    number : int
        0 where it bears none.
    words : str
        As it is spelled in the table of labels.
    """

    field: str
    number: int
    words: str


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = read_yaml("imrml.submissions", "form_labels.yaml")
    return table


@cache
def _fields() -> dict[str, str]:
    kept = {"boxes", "titles", "title_lines", "list_openings", "hints"}
    return {
        words: field for field, labels in _table().items() if field not in kept for words in labels
    }


def fold(text: str) -> str:
    """Fold a label: lower case, without brackets and signs.

    Parameters
    ----------
    text : str
        As printed.

    Returns
    -------
    str
        Words with one blank between them.

    Examples
    --------
    >>> fold("CPT/HCPCS Code (If known):")
    'cpt hcpcs code'
    """
    return _NO_WORD.sub(" ", _IN_BRACKETS.sub(" ", text.lower().replace("'", ""))).strip()


def read_label(text: str) -> Label | None:
    """Read a text that is a label and nothing else.

    Parameters
    ----------
    text : str
        As printed.

    Returns
    -------
    Label or None
        None for any other text.

    Examples
    --------
    >>> read_label("ICD-Code 2:")
    Label(field='icd', number=2, words='icd code')
    """
    folded = fold(text)
    if ":" in _IN_BRACKETS.sub("", text).rstrip(": \n"):
        return None
    if folded in _fields():
        return Label(_fields()[folded], 0, folded)
    match = _NUMBER.match(folded)
    if match and _fields().get(label := match["label"].strip()) in TABLE_FIELDS:
        return Label(_fields()[label], int(match["number"]), label)
    return None


def read_field_name(name: str) -> Label | None:
    """Read the name of a form's field, as its maker or a program gave it.

    Parameters
    ----------
    name : str
        Mostly a label without blanks and signs, and the number of a row.

    Returns
    -------
    Label or None
        None for a name that is no label.

    Examples
    --------
    >>> read_field_name("ServiceGood Requested RequiredRow2")
    Label(field='service', number=2, words='service good requested')
    """
    match = _NAME.fullmatch(fold(name.replace("_", " ")).replace(" ", ""))
    if match is None or (words := _squeezed().get(match["label"])) is None:
        return None
    field = _fields()[words]
    number = int(match["number"] or 0)
    return None if number and field not in TABLE_FIELDS else Label(field, number, words)


@cache
def _squeezed() -> dict[str, str]:
    return {words.replace(" ", ""): words for words in _fields()}


def split_labels(text: str, *, is_form: bool) -> list[tuple[Label | None, str]]:
    """Split a text at the labels in it that end in a colon.

    Parameters
    ----------
    text : str
        Of a line or a cell.
    is_form : bool
        Whether it stands on a form, where a label of several words needs no colon.

    Returns
    -------
    list of (Label or None, str)
        Each label with what stands behind it; None for what stands before the first.

    Examples
    --------
    >>> [(label and label.field, value) for label, value in
    ...  split_labels("DOI: 3/1/2014 Dx: strain", is_form=False)]
    [('date_of_injury', '3/1/2014'), ('diagnosis', 'strain')]
    """
    if label := read_label(text):
        return [(label, "")]
    parts: list[tuple[Label | None, str]] = []
    current: Label | None = None
    start = 0
    at = text.find(":")
    while at >= 0:
        opening = _label_before(text, start, at, is_first=not parts and current is None)
        if opening is not None:
            label, begin = opening
            before = text[start:begin].strip()
            if current is not None or before:
                parts.append((current, before))
            current, start = label, at + 1
        at = text.find(":", at + 1)
    rest = text[start:].strip()
    if current is None and is_form and (opened := _label_at_start(rest)):
        return [opened]
    if current is not None or rest:
        parts.append((current, rest))
    return parts


def _label_before(text: str, start: int, colon: int, *, is_first: bool) -> tuple[Label, int] | None:
    """Find the longest label that ends at a colon; of a line's first, all that stands before."""
    near = max(start, colon - _LONGEST_LABEL)
    begins = [near + match.start() for match in _WORD.finditer(text[near:colon])]
    for begin in begins[-_MOST_WORDS:]:
        if label := read_label(text[begin:colon]):
            # "He said of the request: no": one word is a label only where nothing but another
            # label stands before it.
            is_whole = not text[start:begin].strip()
            if is_whole or not is_first or " " in label.words:
                return label, begin
    return None


def _label_at_start(text: str) -> tuple[Label, str] | None:
    words = text.split()
    for n_words in range(min(len(words) - 1, _MOST_WORDS), 0, -1):
        if label := read_label(" ".join(words[:n_words])):
            # "Treatment MRI left knee", but not "Treatment was begun".
            is_value = words[n_words][:1].isupper() or words[n_words][:1].isdigit()
            if n_words > 1 or (label.field in TABLE_FIELDS and words[0].istitle() and is_value):
                return label, " ".join(words[n_words:])
    return None


def read_box_label(text: str) -> str:
    """Read what a box stands for from the words beside it.

    Parameters
    ----------
    text : str
        Beside the box.

    Returns
    -------
    str
        ``new_request``, ``resubmission``, ``expedited``, ``standard``, ``oral`` or ``""``.

    Examples
    --------
    >>> read_box_label("Resubmission - Change in Material Facts")
    'resubmission'
    """
    folded = fold(text)
    for box, labels in _table()["boxes"].items():
        for words in labels:
            if folded == words or (" " in words and folded.startswith(f"{words} ")):
                return str(box)
    return ""


def holds_title(text: str) -> bool:
    """Tell whether a page bears the title of a form.

    Parameters
    ----------
    text : str
        Of the page.

    Returns
    -------
    bool
        Whether one of the titles stands in it.
    """
    folded = f" {fold(text)} "
    if any(f" {title} " in folded for title in _table()["titles"]):
        return True
    return any(fold(line) in _table()["title_lines"] for line in text.split("\n"))


def opens_list(text: str) -> bool:
    """Tell whether a line opens the space in which a form lists what is requested.

    Parameters
    ----------
    text : str
        Of the line.

    Returns
    -------
    bool
        Whether it begins as such a line does.
    """
    return fold(text).startswith(tuple(_table()["list_openings"]))


def is_hint(text: str) -> bool:
    """Tell what a form prints to help those who fill it in.

    Parameters
    ----------
    text : str
        A cell, or the rest of one.

    Returns
    -------
    bool
        Whether nothing in it is a value.

    Examples
    --------
    >>> is_hint("(Required)"), is_hint("Quantity, etc.)"), is_hint("12 visits")
    (True, True, False)
    """
    words = _NO_WORD.sub(" ", text.lower()).split()
    return not words or (("(" in text or ")" in text) and set(words) <= {*_table()["hints"]})
