"""What is remembered of texts, for training reads them many times, and how a server forgets it."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

_remembering: list[Any] = []


def remember(n_texts: int) -> Callable[[Function], Function]:
    """Remember what a function made of the latest texts.

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
        cached: Any = lru_cache(maxsize=n_texts)(function)
        _remembering.append(cached)
        return cast("Function", cached)

    return decorate


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


def n_remembered() -> int:
    """Count what is remembered of texts.

    Returns
    -------
    int
        Entries of all caches.
    """
    return sum(cached.cache_info().currsize for cached in _remembering)
