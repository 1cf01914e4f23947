"""Short forms of charts and clerks in full, where requests are read; quotes stay as written."""

import re
from collections.abc import Iterable
from string import ascii_lowercase
from typing import Any

from imrml.features.vocabulary import read_vocabulary
from imrml.own_tables import cache
from imrml.text.cache import remember


@remember(4096)
def spell_out(text: str, *, is_request: bool = False) -> str:
    """Put the words in place of the short forms of ``abbreviations.csv``.

    Parameters
    ----------
    text : str
        Notes, a diagnosis, or the line that is asked for.
    is_request : bool
        Whether it is the line that is asked for: "pt" there is physical therapy, in notes it is the
        patient.

    Returns
    -------
    str
        The text with each short form in full.

    Examples
    --------
    >>> spell_out("PT 2x6 R shldr", is_request=True)
    'PT 2x6 right shoulder'
    >>> spell_out("44 yo M c/o LBP w/o relief, pt s/p L knee scope")
    '44 year old M complains of low back pain without relief, patient status post
    left knee arthroscopy'
    """
    pattern, words = _forms_of_requests() if is_request else _forms_of_notes()

    def in_full(match: re.Match[str]) -> str:
        is_glued = match.group().endswith("/") and not text[match.end()].isspace()  # "w/fluoro"
        return words[match.lastindex or 0] + " " * is_glued

    return pattern.sub(in_full, text)


@cache
def _forms_of_requests() -> tuple[re.Pattern[str], dict[int, str]]:
    return _compile("notes")


@cache
def _forms_of_notes() -> tuple[re.Pattern[str], dict[int, str]]:
    return _compile("request")


def _compile(passed_over: str) -> tuple[re.Pattern[str], dict[int, str]]:
    # Longer forms first, so that "l spine" is no left spine.
    rows = sorted(
        (row for row in read_vocabulary("abbreviations") if row["scope"] != passed_over),
        key=lambda row: -len(row["full"]),
    )
    # By first letter, so that a word is tried against few of two hundred forms.
    by_letter: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        for letter in _first_letters(row["pattern"]):
            by_letter.setdefault(letter, []).append(row)
    # What ends in a slash may be glued to its word; all else must end with its word.
    branches = (
        f"(?={letter})(?:"
        + "|".join(
            f"((?:{row['pattern']})"
            + (r"(?=\s?\w))" if row["pattern"].endswith("/") else r"(?![\w/]))")
            for row in of_letter
        )
        + ")"
        for letter, of_letter in by_letter.items()
    )
    in_order = (row["full"] for of_letter in by_letter.values() for row in of_letter)
    words = dict(enumerate(in_order, start=1))
    return re.compile(rf"(?<![\w/])(?:{'|'.join(branches)})", re.IGNORECASE), words


def _first_letters(pattern: str) -> list[str]:
    """List the letters with which a form may begin, by the pattern alone."""
    beginnings = _read_beginnings(re._parser.parse(pattern))  # type: ignore[attr-defined]
    return sorted(beginnings.intersection(ascii_lowercase))


def _read_beginnings(nodes: Iterable[tuple[Any, Any]]) -> set[str]:
    letters: set[str] = set()
    for kind, value in nodes:
        name = str(kind)
        if name in ("ASSERT", "ASSERT_NOT", "AT"):
            continue
        if name == "LITERAL":
            return letters | {chr(value).lower()}
        if name == "IN":
            signs = (chr(code).lower() for of_kind, code in value if str(of_kind) == "LITERAL")
            return letters | set(signs)
        if name == "SUBPATTERN":
            return letters | _read_beginnings(value[3])
        if name == "BRANCH":
            return letters.union(*map(_read_beginnings, value[1]))
        if name == "MAX_REPEAT":
            fewest, _, body = value
            letters |= _read_beginnings(body)
            if fewest == 0:
                continue
            return letters
        raise ValueError(f"abbreviations.csv: a form may not begin with {name}")
    return letters
