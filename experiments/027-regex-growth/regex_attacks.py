"""Text made against a pattern: what it repeats, pumped up, and an end that lets it not match."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from re import _constants as ops
from typing import Any

_SIGNS = "a 1-,.\nA:x(%"
_MANY = 20
"""A repeat that may go on as long is pumped."""
_END = "\x00"

Node = tuple[Any, Any]


@dataclass(frozen=True)
class Attack:
    """A head, what is repeated after it, and an end."""

    head: str
    pumped: str

    def of_size(self, size: int) -> str:
        """Make the text, at least ``size`` characters long."""
        return self.head + self.pumped * (size // max(len(self.pumped), 1) + 1) + _END


def attacks(pattern: str, flags: int, n_samples: int = 2) -> list[Attack]:
    """Attack every repeat: its body pumped after its head, and both pumped together."""
    rng = random.Random(0)
    distinct: dict[Attack, None] = {}
    for _ in range(n_samples):
        for head, body in _repeats("", list(re._parser.parse(pattern, flags)), rng):
            distinct |= dict.fromkeys(
                [Attack(head, body), Attack("", head + body), Attack("", head or body)]
            )
        distinct[Attack("", _sample(list(re._parser.parse(pattern, flags)), rng))] = None
    return [attack for attack in distinct if attack.pumped]


def _repeats(head: str, sequence: list[Node], rng: random.Random) -> Iterator[tuple[str, str]]:
    """Yield what stands before each long repeat, and what it repeats."""
    for node in sequence:
        op, given = node
        for inner in _parts(node):
            yield from _repeats(head, inner, rng)
        if op in {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT} and given[1] >= _MANY:
            yield head, _sample(list(given[2]), rng)
        head += _sample([node], rng)


def _parts(node: Node) -> list[list[Node]]:
    op, given = node
    if op is ops.BRANCH:
        return [list(alternative) for alternative in given[1]]
    if op is ops.SUBPATTERN:
        return [list(given[3])]
    if op in {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}:
        return [list(given[2])]
    if op is ops.ATOMIC_GROUP:
        return [list(given)]
    if op in {ops.ASSERT, ops.ASSERT_NOT}:
        return [list(given[1])]
    return []


def _sample(sequence: list[Node], rng: random.Random) -> str:
    return "".join(_sample_node(node, rng) for node in sequence)


def _sample_node(node: Node, rng: random.Random) -> str:
    op, given = node
    if op is ops.LITERAL:
        return chr(given)
    if op in {ops.IN, ops.NOT_LITERAL, ops.ANY}:
        fitting = [sign for sign in _SIGNS if _fits(node, sign)] or [
            chr(part[1]) for part in given if part[0] is ops.LITERAL
        ]
        return rng.choice(fitting[:4]) if fitting else ""
    if op in {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}:
        return "".join(
            _sample(list(given[2]), rng)
            for _ in range(rng.choice([max(given[0], min(given[1], 1)), given[0]]))
        )
    if op in {ops.ASSERT, ops.ASSERT_NOT}:
        return ""
    parts = _parts(node)
    return _sample(rng.choice(parts), rng) if parts else ""


def _fits(node: Node, sign: str) -> bool:
    op, given = node
    if op is ops.ANY:
        return sign != "\n"
    if op is ops.NOT_LITERAL:
        return ord(sign) != given
    is_negated = given[0][0] is ops.NEGATE
    return is_negated != any(_is_in(part, sign) for part in given[is_negated:])


def _is_in(part: Node, sign: str) -> bool:
    op, given = part
    if op is ops.LITERAL:
        return ord(sign) == given
    if op is ops.RANGE:
        return given[0] <= ord(sign) <= given[1]
    belongs = {
        ops.CATEGORY_SPACE: sign.isspace(),
        ops.CATEGORY_WORD: sign.isalnum() or sign == "_",
        ops.CATEGORY_DIGIT: sign.isdigit(),
    }
    opposite = {
        ops.CATEGORY_NOT_SPACE: ops.CATEGORY_SPACE,
        ops.CATEGORY_NOT_WORD: ops.CATEGORY_WORD,
        ops.CATEGORY_NOT_DIGIT: ops.CATEGORY_DIGIT,
    }
    return belongs[given] if given in belongs else not belongs[opposite[given]]
