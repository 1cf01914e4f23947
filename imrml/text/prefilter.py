"""Which of many patterns can be found in a text at all.

Most cues need not be searched for in most sentences, nor compiled before one is.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from sys import maxsize

import numpy as np
import numpy.typing as npt

from imrml.text.needed_strings import needed_strings

_RUN = 4
"""Letters by which strings are looked up; shorter ones are few and looked for one by one."""
_N_BUCKETS, _SHIFT, _SPREAD = 2**16, np.uint32(16), np.uint32(2_654_435_761)
"""Runs are sought by their hash first (Knuth's multiplicative one): few are sought at all."""
_OTHERS = re.compile(r"\W")
_FROM_RARE_TO_COMMON = "zqjxkvbywgpfmucdlhrsnioate "


class PatternIndex:
    r"""Which of many patterns can be found in a text at all, told by strings that each needs.

    Parameters
    ----------
    patterns : iterable of str
        Read without flags; known from then on by their places, from 0.

    Examples
    --------
    >>> index = PatternIndex([r"(?:urine|drug) screen\w*", r"\bPT\b", r"\w+"])
    >>> sorted(index.possible_in("no drug screen")), sorted(index.possible_in("no aPT"))
    ([0, 2], [2])
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        needing: dict[str, set[int]] = {}
        anywhere = set()
        self._n_patterns = 0
        for place, pattern in enumerate(patterns):
            self._n_patterns += 1
            strings = needed_strings(pattern)
            for string in strings:
                needing.setdefault(string, set()).add(place)
            if not strings:
                anywhere.add(place)
        self._anywhere = frozenset(anywhere)
        self._short = [(string, places) for string, places in needing.items() if len(string) < _RUN]
        self._strings: dict[int, list[tuple[str, set[int]]]] = {}
        long = [string for string in needing if len(string) >= _RUN]
        # Strings of one kind of table share their common words: a run that few hold tells most.
        n_holding = Counter(run for string in long for run in {*_all_runs(string)})
        for string in long:
            run = min(_all_runs(string), key=lambda run: (n_holding[run], _commonness_of_run(run)))
            self._strings.setdefault(int(_runs(run)[0]), []).append((string, needing[string]))
        self._is_sought: npt.NDArray[np.bool_] = np.zeros(_N_BUCKETS, dtype=np.bool_)
        self._is_sought[_buckets(np.array([*self._strings], dtype=np.uint32))] = True

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
        return self.possible_in_each([text])[0]

    def possible_in_each(self, texts: Sequence[str]) -> list[frozenset[int]]:
        """Give the places of the patterns that may be found in each of some texts, read at once.

        Parameters
        ----------
        texts : sequence of str
            As the patterns are searched in, or more of them.

        Returns
        -------
        list of frozenset of int
            One a text.
        """
        words = [f" {_OTHERS.sub(' ', text)} " for text in texts]
        possible = [set(self._anywhere) for _ in words]
        runs = _runs("".join([*words, "   "]))
        at = np.flatnonzero(self._is_sought[_buckets(runs)])
        ends = np.cumsum(np.array([len(text) for text in words], dtype=np.int64))
        numbers: list[int] = np.searchsorted(ends, at, side="right").tolist()
        for number, run in set(zip(numbers, runs[at].tolist(), strict=True)):
            for string, places in self._strings.get(run, ()):
                if string in words[number]:
                    possible[number] |= places
        for string, places in self._short:
            for number, text in enumerate(words):
                if string in text:
                    possible[number] |= places
        return [frozenset(places) for places in possible]


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


def _runs(text: str) -> npt.NDArray[np.uint32]:
    """Give each run of four letters as a number; letters beyond Latin-1 are as one."""
    signs = np.frombuffer(text.encode("latin-1", "replace"), dtype=np.uint8).astype(np.uint32)
    runs = signs[:-3] | signs[1:-2] << 8 | signs[2:-1] << 16 | signs[3:] << 24
    return np.asarray(runs, dtype=np.uint32)


def _buckets(runs: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    return np.asarray(runs * _SPREAD >> _SHIFT, dtype=np.uint32)


def _all_runs(string: str) -> list[str]:
    return [string[at : at + _RUN] for at in range(len(string) - _RUN + 1)]


def _commonness_of_run(run: str) -> int:
    return sum(map(_FROM_RARE_TO_COMMON.find, run))
