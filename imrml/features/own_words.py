"""An owner's own categories, vocabularies and cues: checked before anything is read by them."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

import yaml

from imrml.config import Config
from imrml.deficiencies import deficiency_ids
from imrml.errors import ConfigError
from imrml.features.vocabulary import parse_vocabulary, shipped_text
from imrml.own_tables import TAXONOMY, using

OWN_TABLES = (
    "abbreviations",
    "body_parts",
    "diagnosis_families",
    "documentation_cues",
    "drugs",
    "known_words",
    "lookalikes",
    "procedure_codes",
    "treatment_categories",
    "treatment_limits",
    "treatment_patterns",
)
"""Tables that may get rows of an owner's own."""
_MAY_BE_EMPTY = {"negated_pattern", "source", "note", "dwc_category", "why"}
_MOST_ROWS, _LONGEST_PATTERN = 5_000, 4_000
_SETTING = "features.vocabularies"
_NUMBER = re.compile(r"\d{1,5}(?:\.\d)?")
_ID = re.compile(r"[a-z][a-z0-9_]{0,60}")
_OF_CUES = ("missing", "says", "with", "unless", "given", "about", "not_about")


def require_tables(tables: Mapping[str, str]) -> None:
    r"""Refuse tables that features could not read by.

    Parameters
    ----------
    tables : mapping of str to str
        Texts by name, as ``features.vocabularies`` of a config holds them.

    Raises
    ------
    ConfigError
        A table is unknown, lacks a column, or a row holds no safe pattern or names what is unknown.

    Examples
    --------
    >>> require_tables({"body_parts": "body_part,name,pattern\ntail,tail,(a+)+$\n"})
    Traceback (most recent call last):
    imrml.errors.ConfigError: features.vocabularies.body_parts: row 1: pattern repeats what repeats
    itself without end; bound one of them, such as {0,40}
    """
    _require(tuple(sorted(tables.items())), deficiency_ids())


@lru_cache(maxsize=8)
def _require(tables: tuple[tuple[str, str], ...], _ids: tuple[str, ...]) -> None:
    texts = dict(tables)
    categories = _list_categories(texts)
    for name, text in tables:
        if name not in OWN_TABLES:
            raise ConfigError(
                f"{_SETTING}: no table {name}; expected one of {', '.join(OWN_TABLES)}"
            )
        rows, columns = parse_vocabulary(text), [*parse_vocabulary(shipped_text(name))[0]]
        for problem in _find_problems(name, rows, columns, categories):
            raise ConfigError(f"{_SETTING}.{name}: {problem}")


def _list_categories(texts: Mapping[str, str]) -> set[str]:
    name = "treatment_categories"
    rows = [*parse_vocabulary(shipped_text(name)), *parse_vocabulary(texts.get(name, ""))]
    return {next(iter(row.values())) for row in rows}


def _find_problems(
    name: str, rows: list[dict[str, str]], columns: list[str], categories: set[str]
) -> Iterator[str]:
    if not rows or len(rows) > _MOST_ROWS:
        yield f"holds {len(rows):,} rows; expected 1 to {_MOST_ROWS:,} below a heading"
        return
    if [*rows[0]] != columns:
        yield f"has the columns {', '.join(map(str, rows[0]))}; expected {', '.join(columns)}"
        return
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            yield f"row {number} has more or fewer cells than the heading"
        elif empty := [one for one in columns if not row[one] and one not in _MAY_BE_EMPTY]:
            yield f"row {number}: {empty[0]} is empty"
        elif problem := _find_problem(name, row, categories):
            yield f"row {number}: {problem}"


def _find_problem(name: str, row: Mapping[str, str], categories: set[str]) -> str:
    if name != "treatment_categories" and row.get("category", "other") not in categories:
        return f"no treatment category {row['category']!r}; treatment_categories needs a row of it"
    if "priority" in row and not _NUMBER.fullmatch(row["priority"]):
        return "priority is no number"
    if "maximum" in row and not _NUMBER.fullmatch(row["maximum"]):
        return "maximum is no number"
    unknown = {*row.get("answers", "").split("|")} - {"", *deficiency_ids()}
    if unknown:
        return f"answers names {min(unknown)!r}, which is no deficiency"
    for column in ("pattern", "negated_pattern"):
        if problem := _find_fault(row.get(column, "")):
            return f"{column} {problem}"
    return ""


def _find_fault(pattern: str) -> str:
    if len(pattern) > _LONGEST_PATTERN:
        return f"is longer than {_LONGEST_PATTERN:,} characters"
    try:
        re.compile(pattern)
        parser: Any = re._parser  # type: ignore[attr-defined]
        nodes = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return "is no regular expression"
    if _repeats_twice(nodes, is_inside=False):
        return "repeats what repeats itself without end; bound one of them, such as {0,40}"
    return ""


def _repeats_twice(nodes: Any, *, is_inside: bool) -> bool:
    """Whether a repeat without end stands inside another: a text could try all its parts."""
    for kind, value in nodes:
        name = str(kind)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            _, most, body = value
            is_endless = str(most) == "MAXREPEAT"
            if is_endless and is_inside:
                return True
            if _repeats_twice(body, is_inside=is_inside or is_endless):
                return True
        elif (
            (name == "BRANCH" and any(_repeats_twice(one, is_inside=is_inside) for one in value[1]))
            or (name == "SUBPATTERN" and _repeats_twice(value[3], is_inside=is_inside))
            or (name in ("ASSERT", "ASSERT_NOT") and _repeats_twice(value[1], is_inside=is_inside))
        ):
            return True
        elif name in ("GROUPREF", "GROUPREF_EXISTS"):
            return True  # what was matched before: no engine bounds it
    return False


def reading_by(
    vocabularies: Mapping[str, str], deficiencies: str | None
) -> AbstractContextManager[None]:
    """Read texts by tables of an owner's own, as long as the context lasts.

    Parameters
    ----------
    vocabularies : mapping of str to str
        Texts by name.
    deficiencies : str or None
        Text of the taxonomy; None for ours.

    Returns
    -------
    context manager
        Nothing else than ours where there are none.

    Raises
    ------
    ConfigError
        A table is none that features could read by, or the taxonomy is none.
    """
    taxonomy = {} if deficiencies is None else {TAXONOMY: deficiencies}
    if vocabularies or taxonomy:
        _check_once(tuple(sorted(vocabularies.items())), deficiencies)
    return using({**vocabularies, **taxonomy})


@lru_cache(maxsize=8)
def _check_once(vocabularies: tuple[tuple[str, str], ...], deficiencies: str | None) -> None:
    """Check tables before they are read by for the first time; later it would change the words."""
    if deficiencies is None:
        require_tables(dict(vocabularies))
        return
    require_taxonomy(deficiencies)
    with using({TAXONOMY: deficiencies}):  # whose ids the cues may name
        require_tables(dict(vocabularies))


@lru_cache(maxsize=8)
def require_taxonomy(text: str) -> None:
    """Refuse a text that is no taxonomy with cues.

    Parameters
    ----------
    text : str
        YAML.

    Raises
    ------
    ConfigError
        What it lacks is named.
    """
    try:
        rows = yaml.safe_load(text)
        with using({TAXONOMY: text}):
            ids = deficiency_ids()
    except (yaml.YAMLError, TypeError, KeyError, ValueError):
        rows, ids = None, ()
    if not isinstance(rows, list) or not ids:
        raise ConfigError(
            "deficiencies: expected a list of id, name, meaning, send_before_submission, "
            "guideline_anchor and, to label by, cues; as in imrml/deficiencies.yaml"
        )
    if len(set(ids)) < len(ids) or not all(map(_ID.fullmatch, ids)):
        raise ConfigError(
            "deficiencies: each id must be another and in small letters, digits and underscores"
        )
    for row in rows:
        for cue in row.get("cues", ()):
            patterns = [one for kind in _OF_CUES for one in cue.get(kind, ())]
            for problem in filter(None, map(_find_fault, map(str, patterns))):
                raise ConfigError(f"deficiencies.{row['id']}: a pattern {problem}")


def in_words_of(config: Config) -> AbstractContextManager[None]:
    """Read texts by the own vocabularies of a config, as long as the context lasts.

    Parameters
    ----------
    config : Config
        Its ``features.vocabularies`` count.

    Returns
    -------
    context manager
        Nothing else than ours where there are none.

    Raises
    ------
    ConfigError
        A table is none that features could read by.
    """
    return reading_by(config.features.vocabularies, config.deficiencies)


def hash_tables(vocabularies: Mapping[str, str], deficiencies: str | None) -> dict[str, str]:
    """Give the SHA-256 of each table, for manifest and card.

    Parameters
    ----------
    vocabularies : mapping of str to str
        Texts by name.
    deficiencies : str or None
        Text of the taxonomy; None for ours.

    Returns
    -------
    dict of str to str
        16 hexadecimal digits by name.
    """
    return {
        name: hashlib.sha256(text.encode()).hexdigest()[:16]
        for name, text in sorted({**vocabularies, TAXONOMY: deficiencies or ""}.items())
        if text
    }
