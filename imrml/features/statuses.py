"""What a sentence says of what it names: done, planned, denied ..., by ``status_rules``.

In the manner of ConText (Harkema and others, 2009): modifiers with a direction, a reach and stops.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from imrml.features.pattern_strings import derived_strings
from imrml.text.cache import remember
from imrml.text.late_patterns import LatePattern
from imrml.text.prefilter import PatternIndex, places_in
from imrml.yaml_tables import read_yaml

Status = Literal[
    "done",
    "planned",
    "requested",
    "denied",
    "negated",
    "conditional",
    "goal",
    "general",
    "historical",
]
"""What a text says of a document or a finding that it names; only what is done is shown."""

STILL_TO_COME: tuple[Status, ...] = ("planned", "requested", "conditional")
"""Statuses of what is not in the record yet, and may be once."""

_FILES = ("forms", "absent", "gains", "to_come", "others")
_PAST_A_RESULT = 85
_RESULT = "result"
_MOST_HEADING_WORDS = 8
_MAY_BE_APPOINTMENTS = ("study", "procedure")
_OFTEN_HEADINGS = ("test", "report", "score", "paper", *_MAY_BE_APPOINTMENTS)
_DEFAULT_KINDS = ("test", "care", "finding", "gain")


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    status: Status
    is_before: bool
    most_words: int | None
    is_of_sentence: bool
    rank: int
    kinds: frozenset[str]
    inside: frozenset[str]
    stops: LatePattern | None
    pattern: LatePattern


@dataclass(frozen=True, slots=True)
class Modifier:
    """Words of a sentence that say what is said of what they reach.

    Parameters
    ----------
    start, end : int
        Where they stand in the sentence.
    rule : _Rule
        Of ``status_rules``.
    """

    start: int
    end: int
    rule: _Rule


def _read_table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = read_yaml("imrml.features", f"status_rules/{name}.yaml")
    return table


@cache
def _terms() -> dict[str, Any]:
    return _read_table("terms")


@cache
def _evidence() -> re.Pattern[str]:
    return re.compile(_terms()["evidence"])


@cache
def _bare_day() -> re.Pattern[str]:
    return re.compile(_terms()["bare_day"])


@cache
def read_status_rules() -> tuple[dict[str, Any], ...]:
    """Read the rows of ``status_rules``, as they stand there.

    Returns
    -------
    tuple of dict
        In the order of their files; of two of one rank the first counts.
    """
    return tuple(row for name in _FILES for row in _read_table(name)["rules"])


@cache
def _rules() -> tuple[_Rule, ...]:
    """Read the rules, the greatest rank first."""
    terms = _terms()
    terminators = {name: LatePattern(words) for name, words in terms["terminators"].items()}
    rules = (_read_rule(row, terminators, terms["narrower_kinds"]) for row in read_status_rules())
    return tuple(sorted(rules, key=lambda rule: -rule.rank))


@cache
def _index() -> PatternIndex:
    return PatternIndex((rule.pattern.source for rule in _rules()), derived_strings())


def _read_rule(
    row: dict[str, Any], terminators: dict[str, LatePattern], narrower: dict[str, str]
) -> _Rule:
    reach = row.get("reach", "clause")
    kinds = frozenset(row.get("kinds", _DEFAULT_KINDS))
    inside = frozenset(row.get("inside", ()))
    return _Rule(
        name=row["name"],
        status=row["status"],
        is_before=row["direction"] == "before",
        most_words=reach if isinstance(reach, int) else None,
        is_of_sentence=reach == "sentence",
        rank=row["rank"],
        kinds=kinds | {one for one, wider in narrower.items() if wider in kinds},
        inside=inside | {one for one, wider in narrower.items() if wider in inside},
        stops=terminators[row["stops"]] if "stops" in row else None,
        pattern=LatePattern(row["pattern"]),
    )


@remember(4096)
def find_modifiers(sentence: str) -> tuple[Modifier, ...]:
    """Find all that modifies something in a sentence.

    Parameters
    ----------
    sentence : str
        In lower case, its runs bound.

    Returns
    -------
    tuple of Modifier
        The greatest rank first.

    Examples
    --------
    >>> sentence = "if it was not done, order a uds"
    >>> modifiers = find_modifiers(sentence)
    >>> sorted({(one.rule.status, sentence[one.start : one.end]) for one in modifiers})
    [('conditional', 'if'), ('done', 'done'), ('negated', 'not'), ('negated', 'not done'),
    ('negated', 'was not'), ('planned', 'order')]
    """
    rules = _rules()
    return tuple(
        Modifier(match.start(), match.end(), rules[place])
        for place in places_in(_index().possible_in(sentence))
        for match in rules[place].pattern.compiled.finditer(sentence)
    )


def decide_status(
    sentence: str,
    span: tuple[int, int],
    clause: tuple[int, int],
    kind: str,
    modifiers: Sequence[Modifier],
) -> Status:
    """Decide what a sentence says of a mention.

    Parameters
    ----------
    sentence : str
        In lower case.
    span, clause : tuple of int
        Where the mention and its clause stand in the sentence.
    kind : str
        Of ``documentation_cues.csv``.
    modifiers : sequence of Modifier
        Of the sentence, the greatest rank first.

    Returns
    -------
    Status
        That of the greatest rank that reaches the mention; where none does, done, or general for a
        test that a short note only names.

    Examples
    --------
    >>> said = "the uds that was ordered in may was consistent"
    >>> decide_status(said, (4, 7), (0, len(said)), "test", find_modifiers(said))
    'done'
    """
    first_result = min(
        (
            one.start
            for one in modifiers
            if one.rule.name == _RESULT and kind in one.rule.kinds and one.start >= span[0]
        ),
        default=len(sentence),
    )
    for one in modifiers:
        if kind not in one.rule.kinds:
            continue
        if kind in one.rule.inside and span[0] <= one.start < span[1]:
            reaches = not one.rule.stops or not one.rule.stops.compiled.search(
                sentence, one.end, span[1]
            )
        else:
            reaches = _reaches(one, sentence, span, clause, first_result)
        if reaches:
            return one.rule.status
    is_heading = kind in _OFTEN_HEADINGS and not _tells_more(sentence, kind)
    return "general" if is_heading else "done"


def _tells_more(sentence: str, kind: str) -> bool:
    """Whether a sentence is long, or holds a day, a result or a verb of what was done."""
    if kind in _MAY_BE_APPOINTMENTS:
        sentence = _bare_day().sub(" ", sentence)
    return sentence.count(" ") >= _MOST_HEADING_WORDS or bool(_evidence().search(sentence))


def _reaches(
    modifier: Modifier,
    sentence: str,
    span: tuple[int, int],
    clause: tuple[int, int],
    first_result: int,
) -> bool:
    rule = modifier.rule
    if rule.is_before:
        if modifier.end > span[0] or not (rule.is_of_sentence or modifier.start >= clause[0]):
            return False
        between = sentence[modifier.end : span[0]]
    else:
        is_near = rule.is_of_sentence or rule.most_words is not None
        if modifier.start < span[0] or not (is_near or modifier.start < clause[1]):
            return False
        if first_result < modifier.start and rule.rank < _PAST_A_RESULT:
            return False
        if modifier.start < span[1]:
            # Inside the mention, which tells a test or care together with its result.
            return modifier.start > span[0]
        between = sentence[span[1] : modifier.start]
    if rule.most_words is not None and len(between.split()) > rule.most_words:
        return False
    return not _is_stopped(modifier, sentence, span)


def _is_stopped(modifier: Modifier, sentence: str, span: tuple[int, int]) -> bool:
    """Whether another statement begins between a mention and a modifier of it, or with that.

    It begins with a modifier behind a mention where a comma stands before that: ", will start".
    """
    stops = modifier.rule.stops
    if stops is None:
        return False
    if modifier.rule.is_before:
        return bool(stops.compiled.search(sentence, modifier.end, span[0]))
    stop = stops.compiled.search(sentence, span[1], modifier.end)
    return stop is not None and stop.start() < modifier.start
