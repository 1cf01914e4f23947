"""The cues of documents and findings: ``documentation_cues.csv`` and its further wordings.

Words that many wordings share (drugs, dates, kinds of care) stand once in ``wordings/words.yaml``.
Each alternative of a cue is a pattern of its own, so that only those are compiled and searched for
that a text can hold at all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from imrml.features.pattern_strings import derived_strings
from imrml.features.vocabulary import parse_vocabulary, read_vocabulary
from imrml.own_tables import cache, own_text
from imrml.text.late_patterns import LatePattern
from imrml.text.needed_strings import split_alternatives
from imrml.text.prefilter import PatternIndex, places_in
from imrml.yaml_tables import read_yaml

_FILES = ("monitoring", "outcomes", "care", "findings", "plans")
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
    """

    name: str
    document: str
    kind: str
    scope: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Alternative(LatePattern):
    """One pattern of a cue.

    Parameters
    ----------
    source : str
        As it is compiled.
    cue : int
        Place of its cue.
    is_opposite : bool
        Whether it says the opposite by itself.
    """

    cue: int
    is_opposite: bool


@dataclass(frozen=True, slots=True)
class Cues:
    """All cues, with one index of their patterns.

    Parameters
    ----------
    cues : tuple of Cue
        In the order of ``documentation_cues.csv``.
    alternatives : tuple of Alternative
        Of all cues, in their order.
    index : PatternIndex
        Of the alternatives.
    """

    cues: tuple[Cue, ...]
    alternatives: tuple[Alternative, ...]
    index: PatternIndex

    def find(
        self, texts: Sequence[str]
    ) -> list[dict[Cue, tuple[list[re.Match[str]], list[re.Match[str]]]]]:
        """Find all that names a document or finding, and what says the opposite by itself.

        Parameters
        ----------
        texts : sequence of str
            In lower case.

        Returns
        -------
        list of dict of Cue to (list of re.Match, list of re.Match)
            For each text: mentions and opposites, each from left to right as one pattern of all
            alternatives would find them; no cue has neither.
        """
        return [self._find(text) for text in texts]

    def _find(self, text: str) -> dict[Cue, tuple[list[re.Match[str]], list[re.Match[str]]]]:
        matches = [
            (one.cue, one.is_opposite, match.start(), place, match)
            for place in places_in(self.index.possible_in(text))
            for one in (self.alternatives[place],)
            for match in one.compiled.finditer(text)
        ]
        matches.sort(key=lambda one: one[:4])
        found: dict[Cue, tuple[list[re.Match[str]], list[re.Match[str]]]] = {}
        for cue, is_opposite, start, _, match in matches:
            kept = found.setdefault(self.cues[cue], ([], []))[is_opposite]
            if not kept or start >= kept[-1].end():
                kept.append(match)
        return found


@cache
def read_cues() -> Cues:
    """Read all cues.

    Returns
    -------
    Cues
        Kept for the next call.
    """
    wordings, classes = read_wordings()
    rows = read_vocabulary("documentation_cues")
    # An owner's cue is what its row says, without our wordings.
    own = {row["cue"] for row in parse_vocabulary(own_text("documentation_cues"))}
    alternatives = tuple(
        Alternative(put_in_words(alternative, classes), place, is_opposite)
        for place, row in enumerate(rows)
        for patterns, is_opposite in (
            ([row["pattern"], *(() if row["cue"] in own else wordings.get(row["cue"], ()))], False),
            ([row["negated_pattern"]], True),
        )
        for pattern in patterns
        for alternative in split_alternatives(pattern)
    )
    cues = (
        Cue(
            row["cue"], row["document"], row["kind"], row["scope"], tuple(row["answers"].split("|"))
        )
        for row in rows
    )
    index = PatternIndex((one.source for one in alternatives), derived_strings())
    return Cues(tuple(cues), alternatives, index)


@cache
def read_wordings() -> tuple[dict[str, list[str]], dict[str, str]]:
    """Read the further wordings.

    Returns
    -------
    wordings : dict of str to list of str
        Patterns by cue.
    classes : dict of str to str
        Words by the name of their class.
    """
    wordings: dict[str, list[str]] = {}
    for name in _FILES:
        wordings |= _read_table(name)["wordings"]
    return wordings, _read_table("words")["words"]


def _read_table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = read_yaml("imrml.features", f"wordings/{name}.yaml")
    return table


def put_in_words(pattern: str, classes: dict[str, str]) -> str:
    r"""Put the words of classes into a pattern.

    Parameters
    ----------
    pattern : str
        With ``~class~`` where a word of a class stands.
    classes : dict of str to str
        Words by the name of their class; they may name classes too.

    Returns
    -------
    str
        Without classes.

    Examples
    --------
    >>> put_in_words("~care~ x [0-9]", {"care": "pt|~hands~", "hands": "ot|hand therapy"})
    '(?:pt|(?:ot|hand therapy)) x [0-9]'
    """

    def words(match: re.Match[str]) -> str:
        return f"(?:{put_in_words(classes[match[1]], classes)})"

    return _WORDS_OF_A_CLASS.sub(words, pattern)
