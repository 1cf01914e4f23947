"""Mapping a function over many inputs, in order, on one machine or on a dask cluster."""

import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from joblib import Parallel, cpu_count, delayed, parallel_config

from imrml.engines.dask_workers import (
    AHEAD,
    dask_client,
    map_each_on_dask,
    map_on_dask,
    map_partition,
    take,
)
from imrml.errors import ConfigError, ImrmlError
from imrml.extras import require_extra

if TYPE_CHECKING:
    from pebble import ProcessPool

Input = TypeVar("Input")
Output = TypeVar("Output")
WorkerFailure = Literal["crashed", "too_slow"]
Engine = Literal["local", "dask"]
"""Workers of this machine, or those of a dask scheduler."""

_MAX_BATCH = 64
_RENEWED_AFTER = 200  # calls
# Inputs that go to a dask worker together: a second of work; starting a process takes a tenth.
_MAX_PARTITION = 1_024
_MAX_PARTITION_SIZE = 4_000_000


@dataclass(frozen=True, slots=True)
class Longer:
    """Given by a function of :func:`map_isolated` instead of an output: the work takes longer.

    Parameters
    ----------
    n : int
        Times ``max_seconds`` that it may take.
    function : callable
        Picklable; takes the input and gives the output.
    """

    n: int
    function: Callable[..., Any]


def map_ordered(
    function: Callable[[Input], Output],
    inputs: Iterable[Input],
    n_jobs: int = 1,
    engine: Engine = "local",
) -> Iterator[Output]:
    """Yield ``function(x)`` for each x, in the order of the inputs, never holding all results.

    Parameters
    ----------
    function : callable
        Pure and picklable where ``n_jobs`` is not 1.
    inputs : iterable
        Consumed lazily.
    n_jobs : int, default=1
        Worker processes; -1 for one per core, 1 for none (everything in this process).
    engine : {'local', 'dask'}, default='local'
        ``dask``: the scheduler at ``DASK_SCHEDULER_ADDRESS`` with all its workers, which need the
        same imrml; where none is named, ``n_jobs`` worker processes of this machine.

    Yields
    ------
    object
        What the function gives.

    Raises
    ------
    ConfigError
        The scheduler of dask does not answer.
    MissingExtraError
        The extra ``dask`` is not installed.

    Examples
    --------
    >>> list(map_ordered(len, ["a", "bb"]))
    [1, 2]
    """
    if engine == "dask":
        yield from map_each_on_dask(function, inputs, n_jobs)
    elif n_jobs == 1:
        yield from map(function, inputs)
    else:
        yield from Parallel(n_jobs=n_jobs, return_as="generator", batch_size="auto")(
            delayed(function)(x) for x in inputs
        )


def map_isolated(
    function: Callable[[Input], Output | Longer],
    inputs: Iterable[Input],
    instead: Callable[[Input, WorkerFailure, str], Output],
    *,
    n_jobs: int = 1,
    max_seconds: float,
    size: Callable[[Input], int] = lambda _: 0,
    max_size: int = 1_000_000,
    engine: Engine = "local",
) -> Iterator[Output]:
    """Yield ``function(x)`` for each x, in order, where x may kill its process or never end.

    Everything runs in workers, also with one job. Inputs travel in batches; a batch whose worker
    dies or that takes longer than one input may is taken apart and its inputs go one by one, so
    that only the one to blame is lost. On dask, each partition of the inputs goes through such a
    worker beside the dask worker that has it.

    Parameters
    ----------
    function : callable
        Picklable; whatever it raises is raised here. Where it gives :class:`Longer`, that function
        is called with the same input and more time.
    inputs : iterable
        Consumed lazily, a few batches ahead.
    instead : callable
        Gives the output for an input that was lost: takes the input, ``"crashed"`` or
        ``"too_slow"``, and what was seen.
    n_jobs : int, default=1
        Worker processes; -1 for one per core.
    max_seconds : float
        Time that one input may take.
    size : callable, optional
        Size of an input; a batch holds at most ``max_size`` together, or one input.
    max_size : int, default=1000000
        See ``size``.
    engine : {'local', 'dask'}, default='local'
        ``dask``: the scheduler at ``DASK_SCHEDULER_ADDRESS`` with all its workers, which need the
        same imrml; where none is named, ``n_jobs`` workers of this machine. The outputs are the
        same.

    Yields
    ------
    object
        What the function or ``instead`` gives.

    Raises
    ------
    ConfigError
        The scheduler of dask does not answer, or its workers may not start processes.
    MissingExtraError
        The extra ``dask`` is not installed.
    ImrmlError
        No worker could be started, as from a script that does not protect its main module.

    Examples
    --------
    >>> list(map_isolated(len, ["a", "bb"], lambda x, trouble, seen: -1, max_seconds=60))
    [1, 2]
    """
    if engine == "dask":
        work = partial(
            map_isolated,
            function,
            instead=instead,
            max_seconds=max_seconds,
            size=size,
            max_size=max_size,
        )
        partitions = _batches(inputs, size, _MAX_PARTITION_SIZE, _MAX_PARTITION)
        yield from map_on_dask(partial(map_partition, work), partitions, n_jobs)
        return
    from pebble import ProcessPool  # noqa: PLC0415 (only parsing needs it)

    n_workers = cpu_count() if n_jobs == -1 else n_jobs
    pool: Any = ProcessPool(
        n_workers, initializer=_get_ready, initargs=(function,), context=_context(function)
    )
    try:
        submitted = (
            (batch, pool.schedule(_map_batch, (function, batch), timeout=max_seconds))
            for batch in _batches(inputs, size, max_size, _MAX_BATCH)
        )
        waiting = deque(take(submitted, n_workers * AHEAD))
        while waiting:
            batch, future = waiting.popleft()
            try:
                outputs = future.result()
            except BrokenProcessPool:
                raise ImrmlError(
                    "engine: no worker process could be started; a script that starts them calls "
                    'this under `if __name__ == "__main__":`, else look at the machine\'s memory'
                ) from None
            except Exception as error:  # raised again below where it is no trouble of a worker
                if _trouble(error, max_seconds) is None:
                    raise
                outputs = [_apart(pool, function, x, instead, max_seconds) for x in batch]
            yield from _with_longer(pool, batch, outputs, instead, max_seconds)
            waiting.extend(take(submitted, 1))
    finally:
        pool.stop()
        pool.join()


class Guard(Generic[Output]):
    """One worker process that stands by, for a server.

    A call that kills it or never ends costs that call and nothing else.

    Parameters
    ----------
    function : callable
        What will be called; module-level, and whatever it raises is raised to the caller.
    max_seconds : float
        Time that one call may take.
    max_bytes : int, optional
        Address space that the worker may take, where the system can hold it to that; beyond it a
        call raises MemoryError.

    Examples
    --------
    >>> guard = Guard(len, max_seconds=60)
    >>> guard.call("abc").result()
    3
    >>> guard.stop()
    """

    def __init__(
        self, function: Callable[..., Output], max_seconds: float, max_bytes: int | None = None
    ) -> None:
        self._function = function
        self._max_seconds = max_seconds
        self._max_bytes = max_bytes
        self._pool = self._start()

    def _start(self) -> Any:
        from pebble import ProcessPool  # noqa: PLC0415 (only guarded work needs it)

        # A worker that has done this much makes way for a new one: what it leaks is bounded.
        context = _context(self._function)
        return ProcessPool(
            1,
            _RENEWED_AFTER,
            initializer=_get_ready,
            initargs=(self._function, self._max_bytes),
            context=context,
        )

    def call(self, *arguments: object, times: int = 1) -> Future[Output]:
        """Hand a call to the worker.

        Parameters
        ----------
        *arguments : object
            Of the function; picklable.
        times : int, default=1
            Times ``max_seconds`` that it may take.

        Returns
        -------
        Future
            :meth:`trouble` names what came of one that failed.
        """
        if not self._pool.active:  # no worker could be started, for want of memory perhaps
            self._pool = self._start()
        future: Future[Output] = self._pool.schedule(
            self._function, arguments, timeout=times * self._max_seconds
        )
        return future

    def trouble(self, error: Exception) -> tuple[WorkerFailure, str] | None:
        """Tell whether a call failed because its worker died or was stopped.

        Parameters
        ----------
        error : Exception
            What the future raised.

        Returns
        -------
        ({'crashed', 'too_slow'}, str) or None
            What happened and what was seen; None where the function itself raised.
        """
        return _trouble(error, self._max_seconds)

    def stop(self) -> None:
        """End the worker."""
        self._pool.stop()
        self._pool.join()


def _get_ready(_: Callable[..., object], max_bytes: int | None = None) -> None:
    """Receive the function, so that what it imports is not on the first input's time."""
    if max_bytes is not None and sys.platform == "linux":
        import resource  # noqa: PLC0415 (only there)

        resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))


def _map_batch(function: Callable[[Input], Output], batch: Sequence[Input]) -> list[Output]:
    return [function(x) for x in batch]


def _with_longer(
    pool: "ProcessPool",
    batch: Sequence[Input],
    outputs: Iterable[Output | Longer],
    instead: Callable[[Input, WorkerFailure, str], Output],
    max_seconds: float,
) -> Iterator[Output]:
    """Yield the outputs of a batch; those that take longer are worked on side by side."""
    outputs = list(outputs)
    waiting = {
        i: pool.schedule(output.function, (x,), timeout=output.n * max_seconds)
        for i, (x, output) in enumerate(zip(batch, outputs, strict=True))
        if isinstance(output, Longer)
    }
    for i, (x, output) in enumerate(zip(batch, outputs, strict=True)):
        if isinstance(output, Longer):
            yield _result(waiting[i], x, instead, output.n * max_seconds)
        else:
            yield output


def _apart(
    pool: "ProcessPool",
    function: Callable[[Input], Output],
    x: Input,
    instead: Callable[[Input, WorkerFailure, str], Output],
    max_seconds: float,
) -> Output:
    future: Future[Output] = pool.schedule(function, (x,), timeout=max_seconds)
    return _result(future, x, instead, max_seconds)


def _result(
    future: Future[Output],
    x: Input,
    instead: Callable[[Input, WorkerFailure, str], Output],
    max_seconds: float,
) -> Output:
    try:
        output = future.result()
    except Exception as error:  # raised again where it is no trouble of a worker
        trouble = _trouble(error, max_seconds)
        if trouble is None:
            raise
        return instead(x, *trouble)
    return output


def _trouble(error: Exception, max_seconds: float) -> tuple[WorkerFailure, str] | None:
    from pebble import ProcessExpired  # noqa: PLC0415 (as above)

    if isinstance(error, ProcessExpired):
        return "crashed", f"the reading process died (exit code {error.exitcode})"
    if isinstance(error, TimeoutError):
        return "too_slow", f"took more than {max_seconds:g} seconds"
    return None


def _batches(
    inputs: Iterable[Input], size: Callable[[Input], int], max_size: int, max_n: int
) -> Iterator[list[Input]]:
    batch: list[Input] = []
    n_bytes = 0
    for x in inputs:
        n_bytes += size(x)
        if batch and (n_bytes > max_size or len(batch) == max_n):
            yield batch
            batch, n_bytes = [], size(x)
        batch.append(x)
    if batch:
        yield batch


def _context(function: Callable[..., object]) -> multiprocessing.context.BaseContext:
    """Start workers from a process without threads that has imported all, where there is one."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    while isinstance(function, partial):
        function = function.func
    context.set_forkserver_preload(["__main__", function.__module__])
    return context


def require_engine(engine: Engine) -> None:
    """Raise unless what an engine needs is installed.

    Parameters
    ----------
    engine : {'local', 'dask'}
        The engine.

    Raises
    ------
    MissingExtraError
        Says how to install it.

    Examples
    --------
    >>> require_engine("local")
    """
    if engine == "dask":
        require_extra("dask", "engine 'dask'")


@contextmanager
def joblib_backend(name: str, n_jobs: int) -> Iterator[None]:
    """Let what runs on joblib inside use this backend.

    Parameters
    ----------
    name : str
        ``loky``, ``threading`` or any other that joblib knows. With ``dask``, the scheduler at
        ``DASK_SCHEDULER_ADDRESS`` does the work, or ``n_jobs`` processes of this machine where none
        is named.
    n_jobs : int
        Jobs side by side.

    Raises
    ------
    ConfigError
        joblib does not know the backend, or what it needs is not installed.
    MissingExtraError
        The extra ``dask`` is not installed.

    Examples
    --------
    >>> from joblib import Parallel, delayed
    >>> with joblib_backend("threading", 2):
    ...     Parallel()(delayed(abs)(x) for x in (-1, 2))
    [1, 2]
    """
    with ExitStack() as stack:
        try:
            if name == "dask":
                stack.enter_context(dask_client(n_jobs))
            stack.enter_context(parallel_config(backend=name, n_jobs=n_jobs))
        except (ImportError, ValueError) as error:
            raise ConfigError(
                f"search.backend: found {name!r}; {error}; expected loky, threading or dask"
            ) from None
        yield
