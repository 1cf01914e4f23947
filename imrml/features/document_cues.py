"""The cues of documents and findings: ``documentation_cues.csv`` and its further wordings.

Words that many wordings share (drugs, dates, kinds of care) stand once in ``wordings.yaml``. Each
alternative of a cue is a pattern of its own, so that only those are searched for that a text can
hold at all.
"""

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from imrml.features.vocabulary import parse_vocabulary, read_vocabulary
from imrml.own_tables import cache, own_text
from imrml.text.prefilter import PatternIndex

_WORDS_OF_A_CLASS = re.compile(r"~([a-z_]{1,30})~")
_SIGN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
"""An escaped sign, a set of signs, or one sign of a pattern."""


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


@dataclass(frozen=True, slots=True)
class Cues:
    """All cues, with one index of their patterns.

    Parameters
    ----------
    cues : tuple of Cue
        In the order of ``documentation_cues.csv``.
    patterns : tuple of (re.Pattern, int, bool)
        Each with the place of its cue, and whether it says the opposite by itself.
    index : PatternIndex
        Of the patterns.
    """

    cues: tuple[Cue, ...]
    patterns: tuple[tuple[re.Pattern[str], int, bool], ...]
    index: PatternIndex

    def find(self, text: str) -> dict[Cue, tuple[list[re.Match[str]], list[re.Match[str]]]]:
        """Find all that names a document or finding, and what says the opposite by itself.

        Parameters
        ----------
        text : str
            In lower case.

        Returns
        -------
        dict of Cue to (list of re.Match, list of re.Match)
            Mentions and opposites, each from left to right as one pattern of all alternatives would
            find them; no cue has neither.
        """
        matches = [
            (cue, is_opposite, match.start(), place, match)
            for place in self.index.possible_in(text)
            for pattern, cue, is_opposite in (self.patterns[place],)
            for match in pattern.finditer(text)
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
    patterns: list[tuple[re.Pattern[str], int, bool]] = []
    indexed: list[re.Pattern[str]] = []
    rows = read_vocabulary("documentation_cues")
    # An owner's cue is what its row says, without our wordings.
    own = {row["cue"] for row in parse_vocabulary(own_text("documentation_cues"))}
    for place, row in enumerate(rows):
        further = () if row["cue"] in own else wordings.get(row["cue"], ())
        naming = (row["pattern"], *further)
        alternatives = [(one, False) for pattern in naming for one in split_alternatives(pattern)]
        alternatives += [(one, True) for one in split_alternatives(row["negated_pattern"])]
        for alternative, is_opposite in alternatives:
            pattern = re.compile(put_in_words(alternative, classes))
            patterns.append((pattern, place, is_opposite))
            # Long classes cost time to index: the words around them tell enough.
            around = _WORDS_OF_A_CLASS.sub(r"\\w+", alternative)
            indexed.append(pattern if around == alternative else re.compile(around))
    cues = (
        Cue(
            row["cue"], row["document"], row["kind"], row["scope"], tuple(row["answers"].split("|"))
        )
        for row in rows
    )
    return Cues(tuple(cues), tuple(patterns), PatternIndex(indexed))


def split_alternatives(pattern: str) -> list[str]:
    r"""Split a pattern where it says ``|`` outside all brackets.

    Parameters
    ----------
    pattern : str
        Without flags of its own.

    Returns
    -------
    list of str
        None of an empty pattern.

    Examples
    --------
    >>> split_alternatives(r"(?:pain|opioid) contract|[|]x|\|y")
    ['(?:pain|opioid) contract', '[|]x', '\\|y']
    """
    alternatives, depth = [""], 0
    for sign in _SIGN.findall(pattern):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            alternatives.append("")
        else:
            alternatives[-1] += sign
    return [alternative for alternative in alternatives if alternative]


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
    path = files("imrml.features").joinpath("wordings.yaml")
    table: dict[str, Any] = yaml.load(
        path.read_text(encoding="utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),  # noqa: S506  (both are safe loaders)
    )
    return table["wordings"], table["words"]


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
