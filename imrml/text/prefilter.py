"""Which of many patterns can be found in a text at all.

Most cues need not be searched for in most sentences, nor compiled before one is.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from sys import maxsize
from types import MappingProxyType

from ahocorasick import Automaton

from imrml.text.needed_strings import needed_together

_OTHERS = re.compile(r"\W")

Needed = tuple[frozenset[str], frozenset[str]]
"""As :func:`imrml.text.needed_strings.needed_together` gives it."""


def digest_of(pattern: str) -> str:
    """Give the name under which the strings of a pattern are kept.

    Parameters
    ----------
    pattern : str
        Any.

    Returns
    -------
    str
        Sixteen hexadecimal digits.

    Examples
    --------
    >>> digest_of("drug screen")
    'a087eafe3e4ec41a'
    """
    return blake2b(pattern.encode(), digest_size=8).hexdigest()


class PatternIndex:
    r"""Which of many patterns can be found in a text at all, told by strings that each needs.

    Parameters
    ----------
    patterns : iterable of str
        Read without flags; known from then on by their places, from 0.
    derived : mapping, optional
        What some of them need, by :func:`digest_of` the pattern, which saves deriving it.

    Examples
    --------
    >>> index = PatternIndex([r"(?:urine|drug) screen\w*", r"\bPT\b", r"\w+"])
    >>> sorted(index.possible_in("no drug screen")), sorted(index.possible_in("no aPT"))
    ([0, 2], [2])
    """

    def __init__(
        self, patterns: Iterable[str], derived: Mapping[str, Needed] = MappingProxyType({})
    ) -> None:
        # Many patterns need the same strings: the words of a class.
        needing: dict[frozenset[str], set[int]] = {}
        needing_too: dict[frozenset[str], set[int]] = {}
        self._n_patterns = 0
        for place, pattern in enumerate(patterns):
            self._n_patterns += 1
            strings, others = derived.get(digest_of(pattern)) or needed_together(pattern)
            needing.setdefault(strings, set()).add(place)
            if others:
                needing_too.setdefault(others, set()).add(place)
        self._anywhere = frozenset(needing.pop(frozenset(), ()))
        self._twofold: frozenset[int] = frozenset().union(*needing_too.values())
        of_string: dict[str, tuple[set[int], set[int]]] = {}
        for which, table in enumerate((needing, needing_too)):
            for strings, places in table.items():
                for string in strings:
                    of_string.setdefault(string, (set(), set()))[which].update(places)
        self._strings = Automaton()
        for string, both in of_string.items():
            self._strings.add_word(string, (string, both))
        if of_string:  # an empty one is none
            self._strings.make_automaton()

    def __len__(self) -> int:
        return self._n_patterns

    def possible_in(self, text: str) -> frozenset[int]:
        """Give the places of the patterns that may be found in a text; the others cannot.

        Parameters
        ----------
        text : str
            As the patterns are searched in, or more of it.

        Returns
        -------
        frozenset of int
            From 0.
        """
        if not self._strings:
            return self._anywhere
        words = f" {_OTHERS.sub(' ', text)} "
        found = dict(of_string for _, of_string in self._strings.iter(words)).values()
        possible = self._anywhere.union(*[places for places, _ in found])
        held = set().union(*[places for _, places in found])
        twofold = self._twofold
        return frozenset([place for place in possible if place in held or place not in twofold])


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives of one pattern, which an index knows one by one.

    Only those are searched for that may be found.

    Parameters
    ----------
    patterns : tuple of (int, re.Pattern)
        With the place of each in the index.

    Examples
    --------
    >>> drug, test = re.compile("norco"), re.compile("MRI|x-ray")
    >>> asked = AnyOf(((0, drug), (1, test)))
    >>> text = "norco and an x-ray"
    >>> asked.search(text, PatternIndex(["norco", "MRI|x-ray"]).possible_in(text)).group()
    'norco'
    """

    patterns: tuple[tuple[int, re.Pattern[str]], ...]

    def search(
        self, text: str, possible: Container[int], start: int = 0, end: int = maxsize
    ) -> re.Match[str] | None:
        """Find the alternative that stands first; of two at one place, the one named first.

        Parameters
        ----------
        text : str
            Searched from ``start`` to ``end``.
        possible : container of int
            As :meth:`PatternIndex.possible_in` gives it.
        start, end : int
            Half open; all of the text unless given.

        Returns
        -------
        re.Match or None
            None where no alternative was found.
        """
        first: re.Match[str] | None = None
        for place, pattern in self.patterns:
            if place in possible:
                match = pattern.search(text, start, end)
                if match is not None and (first is None or match.start() < first.start()):
                    first = match
        return first
