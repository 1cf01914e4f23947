"""Mapping a function over many inputs, in order, on one machine; one place to change when more machines help."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from joblib import Parallel, delayed

Input = TypeVar("Input")
Output = TypeVar("Output")


def map_ordered(function: Callable[[Input], Output], inputs: Iterable[Input], n_jobs: int = 1) -> Iterator[Output]:
    """Yield ``function(x)`` for each x, in the order of the inputs, never holding all results at once.

    Parameters
    ----------
    function : callable
        Pure and picklable where ``n_jobs`` is not 1.
    inputs : iterable
        Consumed lazily.
    n_jobs : int, default=1
        Worker processes; -1 for one a core, 1 for none (everything in this process).

    Examples
    --------
    >>> list(map_ordered(len, ["a", "bb"]))
    [1, 2]
    """
    if n_jobs == 1:
        yield from map(function, inputs)
    else:
        yield from Parallel(n_jobs=n_jobs, return_as="generator", batch_size="auto")(delayed(function)(x) for x in inputs)
