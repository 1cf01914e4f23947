"""Which of many patterns can be found in a text at all.

Most cues need not be searched for in most sentences, nor compiled before one is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from sys import maxsize
from types import MappingProxyType

from ahocorasick import Automaton

from imrml.text.late_patterns import LatePattern
from imrml.text.needed_strings import needed_together
from imrml.text.safe_matching import MASK

_OTHERS = re.compile(r"[^\w ]")
_OTHERS_OF_ASCII = str.maketrans(
    {sign: " " for sign in map(chr, range(128)) if _OTHERS.match(sign)}
)
"""The same for a text of ASCII alone, which is told apart ten times as fast by a table."""

Possible = int
"""Patterns that may be found in a text, by their places: bit 5 is set for the one at place 5."""

Needed = tuple[frozenset[str], frozenset[str]]
"""As :func:`imrml.text.needed_strings.needed_together` gives it."""

_LONGEST_SOUGHT = 12
"""Letters of a needed string that are sought: all of them tell hardly more, in an automaton twice
the size, which a processor keeps less of at hand."""


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
    >>> places_in(index.possible_in("no drug screen")), places_in(index.possible_in("no aPT"))
    ([0, 2], [2])
    """

    def __init__(
        self, patterns: Iterable[str], derived: Mapping[str, Needed] = MappingProxyType({})
    ) -> None:
        # Patterns are bits of a number, and each has two: of the strings that it needs, and of
        # those that it needs too. So a text is told apart by one sum of numbers.
        patterns = list(patterns)
        self._n_patterns = len(patterns)
        self._needless = 0
        bits_of: dict[str, int] = {}
        for place, pattern in enumerate(patterns):
            kinds = derived.get(digest_of(pattern)) or needed_together(pattern)
            for needed, bit in zip(kinds, (1 << place, 1 << place + len(patterns)), strict=True):
                self._needless |= 0 if needed else bit
                for string in needed:
                    sought = string[:_LONGEST_SOUGHT]
                    bits_of[sought] = bits_of.get(sought, 0) | bit
        # Many strings, as the words of a class, stand for the same patterns.
        kept: dict[int, int] = {}
        self._strings = Automaton()
        for string, bits in bits_of.items():
            self._strings.add_word(string, kept.setdefault(bits, bits))
        if bits_of:  # an empty one is none
            self._strings.make_automaton()

    def __len__(self) -> int:
        return self._n_patterns

    def possible_in(self, text: str) -> Possible:
        """Give the patterns that may be found in a text; the others cannot.

        Parameters
        ----------
        text : str
            As the patterns are searched in, or more of it.

        Returns
        -------
        Possible
            See :func:`places_in`.
        """
        found = self._needless
        if self._strings:
            for _, bits in self._strings.iter(f" {_words_alone(text)} "):
                found |= bits
        return found & found >> self._n_patterns


def _words_alone(text: str) -> str:
    text = text.replace(MASK, " ")  # which leaves most texts with signs of ASCII alone
    return text.translate(_OTHERS_OF_ASCII) if text.isascii() else _OTHERS.sub(" ", text)


def places_in(possible: Possible) -> list[int]:
    """List the places of patterns that may be found.

    Parameters
    ----------
    possible : Possible
        As :meth:`PatternIndex.possible_in` gives it.

    Returns
    -------
    list of int
        Ascending.

    Examples
    --------
    >>> places_in(0b1001)
    [0, 3]
    """
    places = []
    while possible:
        lowest = possible & -possible
        places.append(lowest.bit_length() - 1)
        possible ^= lowest
    return places


class AnyOf:
    """Alternatives of one pattern, which an index knows one by one.

    Only those are searched for that may be found, and compiled when they are for the first time.

    Parameters
    ----------
    first : int
        Place of the first alternative in the index; the others follow it there.
    alternatives : sequence of LatePattern
        Of two that begin at one place in a text, the first one counts.

    Examples
    --------
    >>> asked = AnyOf(1, [LatePattern("norco"), LatePattern("MRI|x-ray")])
    >>> text = "norco and an x-ray"
    >>> possible = PatternIndex(["pain", "norco", "MRI|x-ray"]).possible_in(text)
    >>> asked.search(text, possible).group(), asked.is_in("an x-ray", possible)
    ('norco', True)
    """

    __slots__ = ("_first", "_mask", "alternatives")

    def __init__(self, first: int, alternatives: Sequence[LatePattern]) -> None:
        self.alternatives = alternatives
        self._first = first
        self._mask: Possible = (1 << len(alternatives)) - 1

    @property
    def places(self) -> range:
        """Where its alternatives stand in the index.

        Returns
        -------
        range
            From the first to the last.
        """
        return range(self._first, self._first + len(self.alternatives))

    def may_be_in(self, possible: Possible) -> bool:
        """Tell whether any alternative may be found.

        Parameters
        ----------
        possible : Possible
            As :meth:`PatternIndex.possible_in` gives it.

        Returns
        -------
        bool
            False where none is to be searched for.
        """
        return bool(possible >> self._first & self._mask)

    def is_in(self, text: str, possible: Possible) -> bool:
        """Tell whether any alternative is found.

        Parameters
        ----------
        text : str
            Searched through.
        possible : Possible
            As :meth:`PatternIndex.possible_in` gives it.

        Returns
        -------
        bool
            True at the first that is.
        """
        # A plain loop, because this runs a hundred times for each rationale.
        for pattern in self._possible(possible):  # noqa: SIM110
            if pattern.search(text):
                return True
        return False

    def search(
        self, text: str, possible: Possible, start: int = 0, end: int = maxsize
    ) -> re.Match[str] | None:
        """Find the alternative that stands first; of two at one place, the one named first.

        Parameters
        ----------
        text : str
            Searched from ``start`` to ``end``.
        possible : Possible
            As :meth:`PatternIndex.possible_in` gives it.
        start, end : int
            Half open; all of the text unless given.

        Returns
        -------
        re.Match or None
            None where no alternative was found.
        """
        first: re.Match[str] | None = None
        for pattern in self._possible(possible):
            match = pattern.search(text, start, end)
            if match is not None and (first is None or match.start() < first.start()):
                first = match
        return first

    def finditer(self, text: str, possible: Possible) -> Iterator[re.Match[str]]:
        """Find all from left to right, each after the end of the one before.

        Parameters
        ----------
        text : str
            Searched through.
        possible : Possible
            As :meth:`PatternIndex.possible_in` gives it.

        Yields
        ------
        re.Match
            As one pattern of all alternatives would find them.
        """
        start = 0
        while match := self.search(text, possible, start):
            yield match
            start = max(match.end(), match.start() + 1)  # past one that holds no sign

    def _possible(self, possible: Possible) -> list[re.Pattern[str]]:
        own = possible >> self._first & self._mask
        return [self.alternatives[place].compiled for place in _few_places_in(own)] if own else []


@lru_cache(4096)
def _few_places_in(possible: Possible) -> tuple[int, ...]:
    """Remember those of one pattern's alternatives: mostly the same one or two may be found."""
    return tuple(places_in(possible))
