"""Letters that a text must hold before a pattern can be found in it.

Most cues need not be searched for in most sentences.
The letters are derived from the pattern as ``re`` parses it, as code search engines do it (Cox,
"Regular Expression Matching with a Trigram Index", 2012): what the derivation does not know, it
takes for a stretch of anything.
"""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from sys import maxsize
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_SHORTEST = 3
_RUN = 4
"""Letters by which strings are looked up; shorter ones are few and looked for one by one."""
_N_BUCKETS, _SHIFT, _SPREAD = 2**16, np.uint32(16), np.uint32(2_654_435_761)
"""Runs are sought by their hash first (Knuth's multiplicative one): few are sought at all."""
_MOST_STRINGS = 16
"""Strings that may stand for a stretch of a pattern; one of more says nothing of its letters."""
_OTHERS = re.compile(r"\W")
_EDGE = "\0"
_FROM_RARE_TO_COMMON = "zqjxkvbywgpfmucdlhrsnioate "


class _Stretch(NamedTuple):
    """What is known of a piece of a pattern.

    All strings that it may be, and strings of which it holds at least one.
    """

    exact: frozenset[str] | None
    needed: frozenset[str] | None


_NOTHING = _Stretch(frozenset([""]), None)
_ANYTHING = _Stretch(None, None)
_EDGES = _Stretch(frozenset([_EDGE]), None)


class PatternIndex:
    r"""Which of many patterns can be found in a text at all, told by strings that each needs.

    Parameters
    ----------
    patterns : iterable of re.Pattern
        Known from then on by their places, from 0.

    Examples
    --------
    >>> index = PatternIndex(map(re.compile, [r"(?:urine|drug) screen\w*", r"\bPT\b", r"\w+"]))
    >>> sorted(index.possible_in("no drug screen")), sorted(index.possible_in("no aPT"))
    ([0, 2], [2])
    """

    def __init__(self, patterns: Iterable[re.Pattern[str]]) -> None:
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
    >>> asked.search(text, PatternIndex([drug, test]).possible_in(text)).group()
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


def needed_strings(pattern: re.Pattern[str]) -> frozenset[str]:
    r"""Give strings, one of which stands in every text in which the pattern is found.

    Parameters
    ----------
    pattern : re.Pattern
        Of one that ignores case nothing is said.

    Returns
    -------
    frozenset of str
        A blank in them is any character but letters, digits and ``_``, or an end of the text. None
        where nothing is sure: such a pattern may be found anywhere.

    Examples
    --------
    >>> sorted(needed_strings(re.compile(r"(?:urine|drug) screen\w*|\bPT\b")))
    [' PT', 'drug screen', 'urine screen']
    >>> needed_strings(re.compile(r"(?:drug )?\w+"))
    frozenset()
    """
    if pattern.flags & re.IGNORECASE:
        return frozenset()
    tree = re._parser.parse(pattern.pattern)  # type: ignore[attr-defined]
    needed = _read_sequence(tree).needed or frozenset()
    return frozenset(
        string for string in needed if not any(other in string for other in needed - {string})
    )


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


def _commonness(strings: frozenset[str]) -> float:
    """Estimate how often a text holds one of the strings; longer ones are rarer."""
    return sum(0.5 ** len(string) for string in strings)


def _read_sequence(nodes: Iterable[tuple[Any, Any]]) -> _Stretch:
    """Join strings that stand one after the other, as far as they are few.

    Of what must all be there, the rarest counts.
    """
    wanted: list[frozenset[str]] = []
    run: frozenset[str] = frozenset([""])
    is_whole = True
    for node in nodes:
        exact, needed = _read(*node)
        if needed is not None:
            wanted.append(needed)
        if exact is not None and len(run) * len(exact) <= _MOST_STRINGS:
            run = frozenset(map("".join, product(run, exact)))
            continue
        is_whole = False
        wanted.extend(_ended(run))
        run = frozenset([""]) if exact is None else exact
    wanted.extend(_ended(run))
    return _Stretch(run if is_whole else None, min(wanted, key=_commonness, default=None))


def _ended(run: frozenset[str]) -> list[frozenset[str]]:
    """Give the strings of a run with their edges, if each is long enough to tell."""
    strings = frozenset(_with_edges(string) for string in run)
    return [strings] if min(map(len, strings)) >= _SHORTEST else []


def _with_edges(string: str) -> str:
    rest = string.lstrip(_EDGE)
    begins_word = string[:1] == _EDGE and rest[:1] not in ("", " ")
    return (" " if begins_word else "") + rest.replace(_EDGE, "")


def _read(kind: Any, value: Any) -> _Stretch:
    reader = _READERS.get(str(kind))
    return _ANYTHING if reader is None else reader(value)


def _sign(code: int) -> str:
    return _OTHERS.sub(" ", chr(code))


def _read_set(members: Sequence[tuple[Any, Any]]) -> _Stretch:
    if any(str(kind) != "LITERAL" for kind, _ in members):
        return _ANYTHING
    return _Stretch(frozenset(_sign(code) for _, code in members), None)


def _read_choice(branches: Iterable[Iterable[tuple[Any, Any]]]) -> _Stretch:
    stretches = [_read_sequence(branch) for branch in branches]
    exact = frozenset().union(*(stretch.exact or () for stretch in stretches))
    needed = frozenset().union(*(stretch.needed or () for stretch in stretches))
    are_exact = all(stretch.exact is not None for stretch in stretches)
    are_needed = all(stretch.needed is not None for stretch in stretches)
    return _Stretch(
        exact if are_exact and len(exact) <= _MOST_STRINGS else None,
        needed if are_needed else None,
    )


def _read_repeat(fewest: int, most: Any, body: Iterable[tuple[Any, Any]]) -> _Stretch:
    exact, needed = _read_sequence(body)
    if most != 1 or exact is None:
        return _Stretch(None, needed if fewest else None)
    return _Stretch(exact | {""}, None) if fewest == 0 else _Stretch(exact, needed)


def _read_place(place: Any) -> _Stretch:
    return _EDGES if str(place) in ("AT_BOUNDARY", "AT_BEGINNING") else _NOTHING


def _read_group(value: Any) -> _Stretch:
    _, added_flags, _, body = value
    return _ANYTHING if added_flags else _read_sequence(body)


_READERS: dict[str, Callable[[Any], _Stretch]] = {
    "LITERAL": lambda code: _Stretch(frozenset([_sign(code)]), None),
    "IN": _read_set,
    "BRANCH": lambda value: _read_choice(value[1]),
    "SUBPATTERN": _read_group,
    "ATOMIC_GROUP": _read_sequence,
    "MAX_REPEAT": lambda value: _read_repeat(*value),
    "MIN_REPEAT": lambda value: _read_repeat(*value),
    "POSSESSIVE_REPEAT": lambda value: _read_repeat(*value),
    "AT": _read_place,
    "ASSERT": lambda _: _NOTHING,
    "ASSERT_NOT": lambda _: _NOTHING,
}
