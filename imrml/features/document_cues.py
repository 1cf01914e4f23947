"""The cues of documents and findings: ``documentation_cues.csv`` and its further wordings.

Words that many wordings share (drugs, dates, kinds of care) stand once in ``wordings.yaml``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from imrml.features.vocabulary import read_vocabulary
from imrml.text.prefilter import needed_strings

_WORDS_OF_A_CLASS = re.compile(r"~([a-z_]{1,30})~")


@dataclass(frozen=True, slots=True)
class Cue:
    """What shows one document or finding.

    Parameters
    ----------
    name, document, kind, scope : str
        As ``documentation_cues.csv`` has them.
    answers : tuple of str
        Deficiency ids.
    hints : frozenset of str
        Every text in which a pattern is found holds one of them.
    pattern : re.Pattern
        Names it.
    opposite : re.Pattern or None
        Says the opposite by itself.
    """

    name: str
    document: str
    kind: str
    scope: str
    answers: tuple[str, ...]
    hints: frozenset[str]
    pattern: re.Pattern[str]
    opposite: re.Pattern[str] | None


@cache
def read_cues() -> tuple[Cue, ...]:
    """Read all cues.

    Returns
    -------
    tuple of Cue
        In the order of ``documentation_cues.csv``.
    """
    wordings: dict[str, list[str]] = {}
    for name, pattern in read_wordings():
        wordings.setdefault(name, []).append(pattern)
    return tuple(
        Cue(
            name=row["cue"],
            document=row["document"],
            kind=row["kind"],
            scope=row["scope"],
            answers=tuple(row["answers"].split("|")),
            hints=frozenset(row["hints"].split("|")).union(
                *(derive_hints(pattern) for pattern in wordings.get(row["cue"], ()))
            ),
            pattern=re.compile("|".join([row["pattern"], *wordings.get(row["cue"], ())])),
            opposite=re.compile(row["negated_pattern"]) if row["negated_pattern"] else None,
        )
        for row in read_vocabulary("documentation_cues")
    )


@cache
def read_wordings() -> tuple[tuple[str, str], ...]:
    """Read the further wordings, with the words of their classes put in.

    Returns
    -------
    tuple of (str, str)
        Cue and pattern.
    """
    path = files("imrml.features").joinpath("wordings.yaml")
    table: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_put_in_words(table["wordings"], table["words"]))


def _put_in_words(
    wordings: dict[str, list[str]], classes: dict[str, str]
) -> Iterator[tuple[str, str]]:
    def words(match: re.Match[str]) -> str:
        return f"(?:{_WORDS_OF_A_CLASS.sub(words, classes[match[1]])})"

    for name, patterns in wordings.items():
        for pattern in patterns:
            yield name, _WORDS_OF_A_CLASS.sub(words, pattern)


def derive_hints(pattern: str) -> frozenset[str]:
    """Derive strings, one of which stands in every text in which a pattern is found.

    Parameters
    ----------
    pattern : str
        Searched for in lower case.

    Returns
    -------
    frozenset of str
        ``""``, which stands in every text, where nothing is sure.

    Examples
    --------
    >>> sorted(derive_hints(r"\\b(?:stg|ltg)s?\\b"))
    ['ltg', 'stg']
    """
    strings = needed_strings(re.compile(pattern))
    # A blank there stands for any sign that ends a word.
    words = (max(string.split(), key=len, default="") for string in strings)
    return frozenset(words) or frozenset([""])
