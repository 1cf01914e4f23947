"""Tables of a user's own (taxonomy, words), which replace the shipped ones while they are in use.

One set of tables at a time, so that no text is read by words of two models.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from threading import Condition, get_ident
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])
_Tables = tuple[tuple[str, str], ...]

TAXONOMY = "deficiencies"
"""Name of the table that holds a custom taxonomy."""
_turn = Condition()
_now: _Tables = ()
_depths: dict[int, int] = {}
_to_forget: list[Callable[[], None]] = []


def tables_now() -> dict[str, str]:
    """Give the tables that are read by.

    Returns
    -------
    dict of str to str
        Texts by name; empty for ours alone.
    """
    return dict(_now)


def own_text(name: str) -> str:
    """Give the text of a user's table.

    Parameters
    ----------
    name : str
        Of the table.

    Returns
    -------
    str
        Empty where ours alone count.
    """
    return dict(_now).get(name, "")


def when_switched(forget: Callable[[], None]) -> None:
    """Ask to be told whenever other tables count, to forget what was read by these.

    Parameters
    ----------
    forget : callable
        Called without arguments.
    """
    _to_forget.append(forget)


@contextmanager
def using(tables: Mapping[str, str]) -> Iterator[None]:
    """Put a user's rows before ours while texts are read.

    Threads that use the same tables go side by side; one that needs others waits for them.

    Parameters
    ----------
    tables : mapping of str to str
        Text of a table with heading, by the name of ours; empty for ours alone.

    Yields
    ------
    None

    Raises
    ------
    RuntimeError
        Within other tables, while another thread reads by these: both might wait for each other.
    """
    wanted = tuple(sorted(tables.items()))
    with _turn:
        if get_ident() in _depths and wanted != _now and not _is_alone():
            raise RuntimeError("other threads read by these tables; leave them first")
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
                if not _depths:
                    _switch(())
            elif before != wanted:
                _turn.notify_all()
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
        for forget in _to_forget:
            forget()


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
