"""Strings of which a text must hold one before a pattern can be found in it.

As code search engines derive them (Cox, "Regular Expression Matching with a Trigram Index", 2012):
what the derivation does not know, it takes for a stretch of anything. It reads the pattern in
steps of a whole word, because a cold start reads a thousand patterns, and compiles few of them.
"""

import re
from functools import cache

_SHORTEST = 3
_EVERYWHERE = float("inf")
_MOST_STRINGS = 16
"""Strings that may stand for a stretch of a pattern; one of more says nothing of its letters."""
_OTHERS = re.compile(r"\W")
_EDGE = "\0"
_ENDINGS = (" ", _EDGE)
_STEP = re.compile(
    r"(?P<open>\(\?(?:[:>]|P<\w{1,60}>|<?[=!])|\(\??)"
    r"|(?P<bar>\|)"
    r"|(?:(?P<close>\))"
    r"|(?P<text>[^\\\[(|)^$.?*+{]+)"
    r"|(?P<sign>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[0-9]{1,3}|.)"
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]|.))"
    r"(?P<repeat>[?*+]|\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]*)\})?[?+]?",
    re.DOTALL,
)
"""A word, a sign or a set of signs with how often it stands there, or a mark of a group."""
_LOOKS = ("(?=", "(?!", "(?<=", "(?<!")
_UNKNOWN_GROUP = "(?"
_IN_A_SET = re.compile(r"\\.|.", re.DOTALL)
_BLANKS = frozenset([r"\s", r"\W", r"\n", r"\r", r"\t", r"\f", r"\v", r"\a"])
_EDGES = frozenset([r"\b", r"\A", r"\Z", "^", "$"])

_SIGN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
"""An escaped sign, a set of signs, or one sign of a pattern."""

_Strings = frozenset[str]


_Stretch = tuple[_Strings | None, _Strings | None]
"""What is known of a piece of a pattern.

All strings that it may be, and strings of which it holds at least one.
"""

_EMPTY, _EDGE_ALONE = frozenset([""]), frozenset([_EDGE])
_NOTHING: _Stretch = (_EMPTY, None)
_ANYTHING: _Stretch = (None, None)


def split_alternatives(pattern: str) -> list[str]:
    r"""Split a pattern where it says ``|`` outside all brackets.

    Parameters
    ----------
    pattern : str
        Without flags of its own. One that refers to a group by its number stays whole.

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
    signs = _SIGN.findall(pattern)
    if any(sign[0] == "\\" and sign[1] in "123456789" for sign in signs):
        return [pattern]
    for sign in signs:
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            alternatives.append("")
        else:
            alternatives[-1] += sign
    return [alternative for alternative in alternatives if alternative]


def needed_together(pattern: str) -> tuple[frozenset[str], frozenset[str]]:
    r"""Give two sets of strings; every text in which a pattern is found holds one of each.

    Parameters
    ----------
    pattern : str
        Read without flags. Of one with flags of its own nothing is said.

    Returns
    -------
    tuple of frozenset of str
        The rarer first. A blank in them is any character but letters, digits and ``_``, or an end
        of the text. The second is empty where only one is sure, both where nothing is: such a
        pattern may be found anywhere.

    Examples
    --------
    >>> [sorted(strings) for strings in needed_together(r"(?:urine|tox) screen\w* .{0,9}negative")]
    [['tox screen', 'urine screen'], ['negative']]
    >>> [sorted(strings) for strings in needed_together(r"drug screen\w*|\bPT\b")]
    [[' PT ', 'drug screen'], []]
    >>> needed_together(r"(?:drug )?\w+")
    (frozenset(), frozenset())
    """
    (_, needed), also_needed = _read(pattern)
    return _without_longer(needed or frozenset()), _without_longer(also_needed or frozenset())


def _without_longer(needed: _Strings) -> _Strings:
    """Leave out what cannot stand in a text without another of them."""
    return frozenset(
        string for string in needed if not any(other in string for other in needed - {string})
    )


class _Sequence:
    """What stands one after the other, with the strings that it may be as far as they are few.

    Of what must all be there, the rarest counts.
    """

    __slots__ = ("_commonness", "_is_whole", "_needed", "also_needed", "is_at_edge", "run")

    def __init__(self, run: _Strings) -> None:
        self.run = run
        self.is_at_edge = run is _EDGE_ALONE
        self._is_whole = True
        self._needed: _Strings | None = None
        self.also_needed: _Strings | None = None
        self._commonness = (_EVERYWHERE, _EVERYWHERE)

    def add(self, stretch: _Stretch, *, ends_at_edge: bool, is_optional: bool) -> None:
        """Add what stands next, and whether a word would begin right after it."""
        exact, needed = stretch
        edge = _EDGE if self.is_at_edge else ""
        self.is_at_edge = ends_at_edge and (self.is_at_edge or not is_optional)
        # All strings that a stretch may be join the run, which tells more than a part of them.
        if needed is not None and exact is None:
            self._want(needed, _commonness(needed))
        if exact is not None and len(self.run) * len(exact) <= _MOST_STRINGS:
            self.run = frozenset([before + after for before in self.run for after in exact])
            return
        if self.run is not _EMPTY:
            self._want(*_told_by(self.run))
        self._is_whole = False
        if exact is None:
            self.run = _EDGE_ALONE if self.is_at_edge else _EMPTY
        else:
            self.run = frozenset([edge + string for string in exact])

    def end(self) -> _Stretch:
        if self.run is not _EMPTY:
            self._want(*_told_by(self.run))
        return (self.run if self._is_whole else None, self._needed)

    def _want(self, strings: _Strings, commonness: float) -> None:
        """Keep the strings of which a text holds one least often, and those next to them."""
        rarest, next_to_it = self._commonness
        if commonness < rarest:
            self._needed, self.also_needed = strings, self._needed
            self._commonness = (commonness, rarest)
        elif commonness < next_to_it:
            self.also_needed, self._commonness = strings, (rarest, commonness)


class _Group:
    """What stands in brackets, or the whole pattern: branches, the last of them being read.

    Each branch begins with what is known to stand before the group.
    """

    __slots__ = ("_before", "_branches", "ends_at_edge", "is_look", "last")

    def __init__(self, before: _Strings, *, is_look: bool = False) -> None:
        self.is_look = is_look
        self.last = _Sequence(before)
        self._before = before
        self._branches: list[_Stretch] = []
        self.ends_at_edge = True

    def begin_branch(self) -> None:
        self._branches.append(self.last.end())
        self.ends_at_edge &= self.last.is_at_edge
        self.last = _Sequence(self._before)

    @property
    def has_branches(self) -> bool:
        return bool(self._branches)

    def end(self) -> _Stretch:
        if not self._branches:
            self.ends_at_edge = self.last.is_at_edge
            return self.last.end()
        self.begin_branch()
        exact = _union([exact for exact, _ in self._branches])
        return (
            exact if exact is None or len(exact) <= _MOST_STRINGS else None,
            _union([needed for _, needed in self._branches]),
        )


def _union(of_branches: list[_Strings | None]) -> _Strings | None:
    """Give all strings of all branches; None if one of them may be without."""
    known = [strings for strings in of_branches if strings is not None]
    return frozenset().union(*known) if len(known) == len(of_branches) else None


def _read(pattern: str) -> tuple[_Stretch, _Strings | None]:
    """Tell what is known of a pattern, and of which other strings it needs one as well."""
    groups = [_Group(_EMPTY)]
    for step in _STEP.finditer(pattern):
        opening, bar, closing, text, sign, repeat = step.groups()
        if opening:
            if opening == _UNKNOWN_GROUP:
                return _ANYTHING, None
            # A word that begins with the group begins with each of its branches.
            before = _EDGE_ALONE if groups[-1].last.is_at_edge else _EMPTY
            groups.append(_Group(before, is_look=opening in _LOOKS))
        elif bar:
            groups[-1].begin_branch()
        elif closing:
            group = groups.pop()
            if not group.is_look:
                _add(groups[-1].last, group.end(), repeat, ends_at_edge=group.ends_at_edge)
        elif text:
            if repeat:
                text, sign = text[:-1], text[-1]
            if text:
                _add(groups[-1].last, _stretch_of_text(text), None)
        if sign:
            _add(groups[-1].last, _stretch_of_sign(sign), repeat)
    whole = groups[0]
    stretch = whole.end()
    return stretch, None if whole.has_branches else whole.last.also_needed


def _add(
    sequence: _Sequence, stretch: _Stretch, repeat: str | None, *, ends_at_edge: bool | None = None
) -> None:
    """Add a stretch as often as it is repeated."""
    exact, needed = stretch
    if ends_at_edge is None:
        ends_at_edge = exact is not None and all(string[-1:] in _ENDINGS for string in exact)
    is_optional = repeat is not None and repeat.startswith(("?", "*", "{0", "{,"))
    if repeat in ("?", "{0,1}", "{,1}"):
        stretch = _ANYTHING if exact is None else (exact | _EMPTY, None)
    elif repeat:
        stretch = _ANYTHING if is_optional else (None, needed)
    sequence.add(stretch, ends_at_edge=ends_at_edge, is_optional=is_optional)


@cache
def _told_by(run: _Strings) -> tuple[_Strings, float]:
    """Give the strings of a run with their edges, if each is long enough to tell."""
    strings = frozenset(map(_with_edges, run))
    is_telling = min(map(len, strings)) >= _SHORTEST
    return strings, _commonness(strings) if is_telling else _EVERYWHERE


@cache
def _commonness(strings: _Strings) -> float:
    """Estimate how often a text holds one of the strings; longer ones are rarer."""
    return sum(0.5 ** len(string) for string in strings)


@cache
def _stretch_of_text(text: str) -> _Stretch:
    return (frozenset([_OTHERS.sub(" ", text)]), None)


@cache
def _stretch_of_sign(sign: str) -> _Stretch:
    if sign[0] == "[" and len(sign) > 1:
        return _stretch_of_set(sign[1:-1])
    if sign in _EDGES:
        return (_EDGE_ALONE, None)
    if sign == r"\B":
        return _NOTHING
    return _ANYTHING if sign == "." else _stretch_of_member(sign)


def _stretch_of_set(members: str) -> _Stretch:
    """Read a set of signs; nothing is said of one of ranges, kinds of sign, or all others."""
    if members[0] == "^" or "-" in members[1:-1].replace(r"\-", ""):
        return _ANYTHING
    signs = map(_stretch_of_member, _IN_A_SET.findall(members))
    return (_union([exact for exact, _ in signs]), None)


def _stretch_of_member(sign: str) -> _Stretch:
    """Read a sign that may stand in a set too, where few signs have a meaning."""
    if sign in _BLANKS:
        return (frozenset([" "]), None)
    is_class = sign[0] == "\\" and sign[1:].isalnum()
    return _ANYTHING if is_class else _stretch_of_text(sign[-1])


def _with_edges(string: str) -> str:
    """Put a blank where a word begins or ends."""
    rest = string.strip(_EDGE)
    if rest == string or not rest:
        return rest.replace(_EDGE, "")
    before = " " if string[0] == _EDGE and rest[0] != " " else ""
    after = " " if string[-1] == _EDGE and rest[-1] != " " else ""
    return before + rest.replace(_EDGE, "") + after
