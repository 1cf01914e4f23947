"""What is remembered of texts, for training reads them many times, and how it is forgotten."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from multiprocessing import current_process
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])
Made = TypeVar("Made")

_remembering: list[Any] = []
_depth = 0
_stores: dict[Hashable, Any] = {}


def remember(n_texts: int) -> Callable[[Function], Function]:
    """Remember what a function made of the latest texts; of all texts inside :func:`reading_once`.

    Every cache whose keys are words of a record is made by this.

    Parameters
    ----------
    n_texts : int
        How many.

    Returns
    -------
    callable
        A decorator.
    """

    def decorate(function: Function) -> Function:
        latest: Any = lru_cache(maxsize=n_texts)(function)
        every: Any = lru_cache(maxsize=None)(function)
        _remembering.extend([latest, every])

        @wraps(function)
        def remembered(*args: Any, **kwargs: Any) -> Any:
            return every(*args, **kwargs) if _depth else latest(*args, **kwargs)

        return cast("Function", remembered)

    return decorate


@contextmanager
def reading_once() -> Iterator[None]:
    """Read each text once: whatever is made of it is kept until the outermost block ends.

    A training reads the same texts in every fold, refit and check. What is kept depends on a text
    alone and on nothing that a fold could learn. A worker process keeps it for the next fold, and
    forgets it when it ends.

    Yields
    ------
    None

    Examples
    --------
    >>> from imrml.features import treatment_category
    >>> with reading_once():
    ...     treatment_category("Norco 10/325mg #60"), n_remembered() > 0
    ('opioid', True)
    >>> n_remembered()
    0
    """
    global _depth  # noqa: PLW0603 one count of blocks a process
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth and current_process().name == "MainProcess":
            forget_texts()


def shared_store(key: Hashable, make: Callable[[], Made]) -> Made:
    """Give the store that all who ask with a key share inside :func:`reading_once`.

    Parameters
    ----------
    key : hashable
        Names what is stored.
    make : callable
        Makes an empty store.

    Returns
    -------
    object
        Outside of such a block an empty one each time.
    """
    if not _depth:
        return make()
    if key not in _stores:
        _stores[key] = make()
    return cast("Made", _stores[key])


def forget_texts() -> None:
    """Forget every text: after an answer nothing of it stays, and a server's memory does not grow.

    Examples
    --------
    >>> from imrml.features import treatment_category
    >>> treatment_category("Norco 10/325mg #60"), n_remembered() > 0
    ('opioid', True)
    >>> forget_texts()
    >>> n_remembered()
    0
    """
    for cached in _remembering:
        cached.cache_clear()
    _stores.clear()


def n_remembered() -> int:
    """Count what is remembered of texts.

    Returns
    -------
    int
        Entries of all caches.
    """
    n_cached: int = sum(cached.cache_info().currsize for cached in _remembering)
    return n_cached + len(_stores)
