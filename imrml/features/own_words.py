"""An owner's own categories, vocabularies and cues: checked before anything is read by them."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from imrml.config import Config
from imrml.deficiencies import deficiency_ids
from imrml.errors import ConfigError
from imrml.features.vocabulary import parse_vocabulary, shipped_text, using

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
_MOST_ROWS, _LONGEST_PATTERN = 5_000, 2_000
_SETTING = "features.vocabularies"


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
    _require(tuple(sorted(tables.items())))


@lru_cache(maxsize=8)
def _require(tables: tuple[tuple[str, str], ...]) -> None:
    texts = dict(tables)
    categories = _first_column("treatment_categories", texts)
    for name, text in tables:
        if name not in OWN_TABLES:
            raise ConfigError(
                f"{_SETTING}: no table {name}; expected one of {', '.join(OWN_TABLES)}"
            )
        rows, columns = parse_vocabulary(text), [*parse_vocabulary(shipped_text(name))[0]]
        for problem in _find_problems(name, rows, columns, categories):
            raise ConfigError(f"{_SETTING}.{name}: {problem}")


def _first_column(name: str, texts: Mapping[str, str]) -> set[str]:
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
    if "priority" in row and not re.fullmatch(r"\d{1,3}(?:\.\d)?", row["priority"]):
        return "priority is no number from 0 to 999"
    if "maximum" in row and not re.fullmatch(r"\d{1,5}(?:\.\d)?", row["maximum"]):
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
    require_tables(config.features.vocabularies)
    return using(config.features.vocabularies)


def hash_tables(tables: Mapping[str, str]) -> dict[str, str]:
    """Give the SHA-256 of each table, for manifest and card.

    Parameters
    ----------
    tables : mapping of str to str
        Texts by name.

    Returns
    -------
    dict of str to str
        16 hexadecimal digits by name.
    """
    return {
        name: hashlib.sha256(text.encode()).hexdigest()[:16]
        for name, text in sorted(tables.items())
    }
