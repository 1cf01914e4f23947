"""The tables that features look things up in; each says where its facts are from.

An owner's own rows stand before ours while :func:`using` says so: one set of tables at a time, so
that no request is read by words of two models.
"""

import csv
import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from importlib.resources import files
from threading import Condition, get_ident
from typing import Any, TypeVar, cast

from imrml.text.cache import forget_texts

Function = TypeVar("Function", bound=Callable[..., Any])
_Tables = tuple[tuple[str, str], ...]

_turn = Condition()
_now: _Tables = ()
_depths: dict[int, int] = {}


@contextmanager
def using(tables: Mapping[str, str]) -> Iterator[None]:
    r"""Put an owner's rows before ours while texts are read.

    Threads that use the same tables go side by side; one that needs others waits for them.

    Parameters
    ----------
    tables : mapping of str to str
        Text of a table with heading, by the name of ours; empty for ours alone.

    Yields
    ------
    None

    Examples
    --------
    >>> with using({"body_parts": "body_part,name,pattern\ntail,tail,tail\n"}):
    ...     read_vocabulary("body_parts")[0]["name"]
    'tail'
    >>> read_vocabulary("body_parts")[0]["name"]
    'neck'
    """
    wanted = tuple(sorted(tables.items()))
    with _turn:
        _turn.wait_for(lambda: wanted == _now or _is_alone())
        before = _now
        _switch(wanted)
        _depths[get_ident()] = _depths.get(get_ident(), 0) + 1
    try:
        yield
    finally:
        with _turn:
            _depths[get_ident()] -= 1
            if not _depths[get_ident()]:
                del _depths[get_ident()]
            _turn.notify_all()
            if before != wanted:
                _turn.wait_for(_is_alone)
                _switch(before)
                _turn.notify_all()


def _is_alone() -> bool:
    """Whether no other thread uses any tables."""
    return not _depths.keys() - {get_ident()}


def _switch(tables: _Tables) -> None:
    global _now  # noqa: PLW0603 - what all caches are keyed by
    if tables != _now:
        _now = tables
        forget_texts()


def cache(function: Function) -> Function:
    """Remember what a function makes of the tables, apart for each set of them.

    Parameters
    ----------
    function : callable
        Of hashable arguments.

    Returns
    -------
    callable
        The same, asked once for each set of tables and arguments.
    """

    @functools.cache
    def remembered(_tables: _Tables, *arguments: Any) -> Any:
        return function(*arguments)

    @wraps(function)
    def look_up(*arguments: Any) -> Any:
        return remembered(_now, *arguments)

    look_up.cache_info = remembered.cache_info  # type: ignore[attr-defined]
    return cast("Function", look_up)


def parse_vocabulary(text: str) -> list[dict[str, str]]:
    """Parse a table; lines that start with ``#`` say where its facts are from.

    Parameters
    ----------
    text : str
        CSV with a heading.

    Returns
    -------
    list of dict
        One a row, by column.
    """
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def shipped_text(name: str) -> str:
    """Give the text of one of our own tables.

    Parameters
    ----------
    name : str
        File name without its ending.

    Returns
    -------
    str
        CSV.
    """
    return files("imrml.features.vocabulary").joinpath(f"{name}.csv").read_text(encoding="utf-8")


@cache
def read_vocabulary(name: str) -> tuple[dict[str, str], ...]:
    """Read one table, an owner's rows first; ours of the same first column then count no more.

    Parameters
    ----------
    name : str
        File name without its ending.

    Returns
    -------
    tuple of dict
        One a row, by column; do not change them, they are shared.

    Examples
    --------
    >>> read_vocabulary("treatment_categories")[0]["category"]
    'opioid'
    """
    ours, own = parse_vocabulary(shipped_text(name)), parse_vocabulary(dict(_now).get(name, ""))
    if not own:
        return tuple(ours)
    key = next(iter(ours[0]))
    # Several patterns may tell one category: they stand beside ours.
    replaced = {row[key] for row in own} if name != "treatment_patterns" else set()
    return (*own, *(row for row in ours if row[key] not in replaced))
