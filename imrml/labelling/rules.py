"""The cue tables, read and compiled once: words, roles and cues are data beside this file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any, Literal

from imrml.deficiencies import deficiency_ids, own_cues
from imrml.own_tables import cache
from imrml.text.late_patterns import LatePattern
from imrml.text.needed_strings import split_alternatives
from imrml.text.prefilter import AnyOf, PatternIndex, Possible, places_in
from imrml.text.sentences import LACK_WORDS, LackWords
from imrml.yaml_tables import read_yaml

Role = Literal[
    "boilerplate", "recital", "prior_review", "narrative", "lacks", "shows", "conclusion"
]
Pattern = re.Pattern[str]

_DEFAULT_ROLES: frozenset[str] = frozenset({"lacks", "shows", "conclusion"})
_CAPITAL = re.compile(r"\\.|[A-Z]")
_PRIOR_LABELS = 10
"""How many labels the share of all weighs when that of one kind is estimated."""
_NAMED = re.compile(r"<(\w+)>")
_CUE_FIELDS = frozenset(
    [
        "cue",
        "missing",
        "says",
        "roles",
        "with",
        "unless",
        "given",
        "about",
        "not_about",
        "alone",
        "names_item",
        "same_part",
        "amid_case",
        "yields_to",
    ],
)


@dataclass(frozen=True, slots=True)
class Cue:
    """One way to state one deficiency; see ``cues/README.md`` for what each field means."""

    id: str
    name: str
    pattern: AnyOf
    is_missing: bool
    roles: frozenset[str]
    requires: AnyOf | None
    unless: AnyOf | None
    given: LatePattern | None
    about: LatePattern | None
    not_about: LatePattern | None
    is_alone: bool
    names_item: bool
    is_of_same_part: bool
    is_amid_case: bool
    yields_to: frozenset[str]


@dataclass(frozen=True, slots=True)
class Support:
    """How a reviewer says that the deficiency ``id`` was answered; see ``supports.yaml``."""

    id: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Roles:
    """Patterns that tell a sentence's role (``roles.yaml``); ``AnyOf`` are in ``rule_index()``."""

    boilerplate: AnyOf
    fillers: AnyOf
    verdict: AnyOf
    verdict_on_another: Pattern
    verdict_subject: Pattern
    verdict_added: Pattern
    reason_first: Pattern
    case_in_spite_of_guideline: AnyOf
    case: AnyOf
    literature: AnyOf
    recital: AnyOf
    leading_guideline: AnyOf
    general: AnyOf
    narrative_opens: AnyOf
    narrated: AnyOf
    prior_review: AnyOf
    points_above: Pattern
    falls_with_another: AnyOf
    hypothetical: AnyOf
    points_at_case: AnyOf
    common_words: Pattern
    none_of_these: AnyOf
    criteria_unmet: AnyOf
    study: Pattern
    after_the_lack: AnyOf


class _Tables:
    """All rules, with a number for each alternative that the index knows."""

    def __init__(self) -> None:
        self._indexed: list[str] = []
        table = _read("roles.yaml")
        any_of = {field.name for field in fields(Roles) if field.type is AnyOf}
        compiled: dict[str, Any] = {
            name: self._any_of(map(_source, rows)) if name in any_of else _compiled(rows)
            for name, rows in table.items()
        }
        self.roles = Roles(**compiled)
        names = (file.name for file in files("imrml.labelling").joinpath("cues").iterdir())
        ids = {name.removesuffix(".yaml") for name in names if name.endswith(".yaml")}
        own = own_cues()
        if not own and (unknown := ids - set(deficiency_ids())):
            raise ValueError(
                f"cues: unknown ids {sorted(unknown)}; expected ids of deficiencies.yaml"
            )
        with_cues = [id_ for id_ in deficiency_ids() if id_ in ids or id_ in own]
        in_order = [
            cue
            for id_ in with_cues
            for row in own.get(id_) or _read(f"cues/{id_}.yaml")
            for cue in self._cues_of(id_, row)
        ]
        self.cues = tuple(sorted(in_order, key=lambda cue: cue.is_alone))
        self.lack_words = {
            words: self._any_of([pattern.pattern]) for words, pattern in LACK_WORDS.items()
        }
        self.index = PatternIndex(self._indexed)

    def _any_of(self, patterns: Iterable[str]) -> AnyOf:
        first = len(self._indexed)
        self._indexed += [
            alternative for pattern in patterns for alternative in split_alternatives(pattern)
        ]
        return AnyOf(first, [LatePattern(pattern) for pattern in self._indexed[first:]])

    def _optional(self, patterns: list[str] | None) -> AnyOf | None:
        return None if patterns is None else self._any_of(map(_source, patterns))

    def _cues_of(self, id_: str, row: dict[str, Any]) -> list[Cue]:
        if unknown := set(row) - _CUE_FIELDS:
            raise ValueError(
                f"cues/{id_}.yaml: unknown fields {sorted(unknown)}; expected {sorted(_CUE_FIELDS)}"
            )
        return [
            Cue(
                id=id_,
                name=row["cue"],
                pattern=self._any_of(map(_source, row[kind])),
                is_missing=kind == "missing",
                roles=frozenset(row["roles"]) if "roles" in row else _DEFAULT_ROLES,
                requires=self._optional(row.get("with")),
                unless=self._optional(row.get("unless")),
                given=_late(row.get("given")),
                about=_late(row.get("about")),
                not_about=_late(row.get("not_about")),
                is_alone=row.get("alone", False),
                names_item=row.get("names_item", False),
                is_of_same_part=row.get("same_part", False),
                is_amid_case=row.get("amid_case", False),
                yields_to=frozenset(row.get("yields_to", ())),
            )
            for kind in ("missing", "says")
            if kind in row
        ]


@cache
def _tables() -> _Tables:
    return _Tables()


def roles() -> Roles:
    """Read ``roles.yaml``.

    Returns
    -------
    Roles
        Compiled; read once.
    """
    return _tables().roles


def cues() -> tuple[Cue, ...]:
    """Read the files of ``cues``, in the taxonomy's order, those that count only alone last.

    Returns
    -------
    tuple of Cue
        Compiled; read once.

    Raises
    ------
    ValueError
        A table names an unknown id, field or word: a defect of the package, which its tests find.
    """
    return _tables().cues


@cache
def n_cues_beside_others() -> int:
    """Count the cues that count beside others: those of ``cues()`` that come first.

    Returns
    -------
    int
        Place of the first that counts only alone.
    """
    return sum(not cue.is_alone for cue in cues())


def rule_index() -> PatternIndex:
    """Index the alternatives of ``cues()`` and ``roles()``, so that few are tried on a sentence.

    Returns
    -------
    PatternIndex
        Its numbers are those of the alternatives in each ``AnyOf``.
    """
    return _tables().index


def lack_words() -> dict[LackWords, AnyOf]:
    """Give the words of lacks as the index knows them: which are worth seeking in a sentence.

    Returns
    -------
    dict of LackWords to AnyOf
        As :func:`imrml.text.sentences.missing_spans` seeks them.
    """
    return _tables().lack_words


@cache
def _cue_of_alternative() -> dict[int, int]:
    """Give to each alternative of cues its cue, by place in ``cues()``."""
    return {at: place for place, cue in enumerate(cues()) for at in cue.pattern.places}


@cache
def _of_cues(role: Role, has_lack: bool, is_amid_case: bool) -> Possible:
    """Give the alternatives of the cues that can count in such a sentence."""
    return sum(
        1 << at
        for cue in cues()
        if role in cue.roles
        and (has_lack or not cue.is_missing)
        and (is_amid_case or not cue.is_amid_case)
        for at in cue.pattern.places
    )


def possible_cues(
    possible: Possible, role: Role, *, has_lack: bool, is_amid_case: bool
) -> set[int]:
    """Tell which cues may count in a sentence.

    Parameters
    ----------
    possible : Possible
        What ``rule_index()`` says of it.
    role : str
        What it does.
    has_lack : bool
        It says that something is missing.
    is_amid_case : bool
        The case has been taken up, and no guideline recited since.

    Returns
    -------
    set of int
        Places in ``cues()``, from 0.
    """
    cue_of = _cue_of_alternative()
    return {cue_of[at] for at in places_in(possible & _of_cues(role, has_lack, is_amid_case))}


@cache
def supports() -> tuple[Support, ...]:
    """Read ``supports.yaml``, in the taxonomy's order.

    Returns
    -------
    tuple of Support
        One a deficiency that the table names.
    """
    table = _read("supports.yaml")
    return tuple(Support(id_, _compiled(table[id_])) for id_ in deficiency_ids() if id_ in table)


@cache
def confidence_of(kind: str) -> float:
    """Give the share of true labels of one kind, shrunk to that of all (``confidence.yaml``).

    Parameters
    ----------
    kind : str
        Id of a deficiency, or ``last_resort``.

    Returns
    -------
    float
        0 to 1, rounded to two places.
    """
    table = _read("confidence.yaml")
    overall = sum(row["right"] for row in table.values()) / sum(
        row["labels"] for row in table.values()
    )
    row = table.get(kind, {"right": 0, "labels": 0})
    share: float = (row["right"] + _PRIOR_LABELS * overall) / (row["labels"] + _PRIOR_LABELS)
    return round(share, 2)


def other_names(item: str) -> str:
    """Give other names of what an item names, by ``names.yaml``.

    Parameters
    ----------
    item : str
        In small letters.

    Returns
    -------
    str
        Words, between blanks; empty where the table has no other name.

    Examples
    --------
    >>> other_names("prp injection, knee")
    'platelet rich plasma'
    """
    return " ".join(words for pattern, words in _other_names() if pattern.search(item))


@cache
def _other_names() -> list[tuple[Pattern, str]]:
    return [(_compiled([pattern]), words) for pattern, words in _read("names.yaml")]


def _late(patterns: list[str] | None) -> LatePattern | None:
    return None if patterns is None else LatePattern(_joined(patterns))


def _compiled(patterns: list[str]) -> Pattern:
    return re.compile(_joined(patterns))


def _joined(patterns: list[str]) -> str:
    return "|".join(f"(?:{_source(pattern)})" for pattern in patterns)


def _source(pattern: str) -> str:
    return _CAPITAL.sub(
        lambda match: match.group() if match.group()[0] == "\\" else match.group().lower(),
        _named(pattern),
    )


def _named(pattern: str) -> str:
    def word(match: re.Match[str]) -> str:
        family = _words().get(match[1])
        if family is None:
            raise ValueError(f"cue tables: <{match[1]}> is not in words.yaml")
        return f"(?:{_named(family)})"

    return _NAMED.sub(word, pattern)


@cache
def _words() -> dict[str, str]:
    words: dict[str, str] = _read("words.yaml")
    return words


def _read(name: str) -> Any:
    return read_yaml("imrml.labelling", name)
