"""Work on a dask cluster: partitions of the inputs to its workers, and their outputs in order."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from joblib import cpu_count

from imrml.errors import ConfigError, ImrmlError
from imrml.extras import require_extra

Input = TypeVar("Input")
Output = TypeVar("Output")

AHEAD = 4
"""Batches a worker that are waiting or done while an earlier one is still being worked on."""


def take(elements: Iterator[Output], n: int) -> Iterator[Output]:
    """Take the next elements.

    Parameters
    ----------
    elements : iterator
        Consumed no further than needed.
    n : int
        At most so many.

    Returns
    -------
    iterator
        Of them.
    """
    return (element for _, element in zip(range(n), elements, strict=False))


def map_partition(
    work: Callable[..., Iterator[Output]], partition: Sequence[Input]
) -> list[Output] | Exception:
    """Work on a dask worker; errors are handed back, for dask would log the partition with them.

    Parameters
    ----------
    work : callable
        Takes ``inputs`` and yields outputs.
    partition : sequence
        Inputs of one task.

    Returns
    -------
    list or Exception
        Outputs, or what went wrong.
    """
    if multiprocessing.current_process().daemon:
        return ConfigError(
            "engine: the workers of the dask scheduler may not start processes; start them with "
            "`dask worker --no-nanny`, or with DASK_DISTRIBUTED__WORKER__DAEMON=false"
        )
    try:
        return list(work(inputs=partition))
    except Exception as error:  # raised again by map_on_dask
        return error


def map_on_dask(
    work: Callable[[list[Input]], list[Output] | Exception],
    partitions: Iterator[list[Input]],
    n_jobs: int,
) -> Iterator[Output]:
    """Yield what becomes of each partition, in order, a few of them ahead.

    Parameters
    ----------
    work : callable
        Picklable; takes a partition and gives its outputs, or the error that ended it.
    partitions : iterator of list
        Consumed a few ahead.
    n_jobs : int
        Workers of this machine where no scheduler is named; -1 for one per core.

    Yields
    ------
    object
        Each output.

    Raises
    ------
    ConfigError
        The scheduler does not answer.
    ImrmlError
        The cluster lost its workers or its scheduler.
    """
    with dask_client(_count(n_jobs), in_threads=True) as client:
        submitted = (client.submit(work, partition, pure=False) for partition in partitions)
        for outputs in _in_order(client, submitted):
            yield from outputs


def map_each_on_dask(
    function: Callable[[Input], Output], inputs: Iterable[Input], n_jobs: int
) -> Iterator[Output]:
    """Yield ``function(x)`` of each input, in order, a few of them ahead.

    A worker that is lost costs no input: what it had is worked on again by the others.

    Parameters
    ----------
    function : callable
        Picklable; it travels once to each worker, whatever it holds.
    inputs : iterable
        Consumed a few ahead.
    n_jobs : int
        Worker processes of this machine where no scheduler is named; -1 for one per core.

    Yields
    ------
    object
        Each output.

    Raises
    ------
    ConfigError
        The scheduler does not answer.
    ImrmlError
        The cluster lost its workers or its scheduler.
    """
    with dask_client(_count(n_jobs)) as client:
        # The result of a task, unlike scattered data, is made again where its worker is lost.
        shared = client.submit(_keep, function, pure=False)
        submitted = (client.submit(_call, shared, x, pure=False) for x in inputs)
        yield from _in_order(client, submitted)


def _keep(function: Callable[[Input], Output]) -> Callable[[Input], Output]:
    return function


def _call(function: Callable[[Input], Output], x: Input) -> Output | Exception:
    """Work on a dask worker; an error is handed back, for dask would log the input with it."""
    try:
        return function(x)
    except Exception as error:  # raised again by _in_order
        return error


def _count(n_jobs: int) -> int:
    return int(cpu_count()) if n_jobs == -1 else n_jobs


def _in_order(client: Any, submitted: Iterator[Any]) -> Iterator[Any]:
    """Yield what comes of tasks in the order in which they are submitted, a few of them ahead."""
    from distributed import CancelledError, KilledWorker  # noqa: PLC0415 - only where asked for

    n_workers = max(1, sum(client.nthreads().values()))  # none may have come yet
    waiting = deque(take(submitted, n_workers * AHEAD))
    while waiting:
        try:
            output = waiting.popleft().result()
        except (CancelledError, KilledWorker) as error:
            raise ImrmlError(
                "engine: the dask cluster lost its workers or its scheduler "
                f"({type(error).__name__}); look at their memory and logs, then run again"
            ) from None
        if isinstance(output, Exception):
            raise output
        yield output
        waiting.extend(take(submitted, 1))


def dask_client(n_jobs: int, *, in_threads: bool = False) -> Any:
    """Connect to the scheduler at ``DASK_SCHEDULER_ADDRESS``, or start workers on this machine.

    Parameters
    ----------
    n_jobs : int
        Workers of this machine.
    in_threads : bool, default=False
        Whether they are threads of one process.

    Returns
    -------
    distributed.Client
        A context manager.

    Raises
    ------
    ConfigError
        The scheduler does not answer.
    MissingExtraError
        The extra ``dask`` is not installed.
    """
    require_extra("dask", "an engine or search.backend 'dask'")
    from distributed import Client  # noqa: PLC0415 - only where asked for

    make_client: Any = Client  # distributed carries no types
    if address := os.environ.get("DASK_SCHEDULER_ADDRESS"):
        try:
            return make_client(address)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"DASK_SCHEDULER_ADDRESS: no scheduler of dask answers at {address} "
                f"({type(error).__name__}); start it, or unset the variable"
            ) from None
    workers = (
        {"n_workers": 1, "threads_per_worker": n_jobs}
        if in_threads
        else {"n_workers": n_jobs, "threads_per_worker": 1}
    )
    return make_client(
        processes=not in_threads,
        dashboard_address=None,
        # without a dashboard too it listens, on a port that another cluster may have
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        **workers,
    )
