"""A dask cluster on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def worker_processes(number: int) -> Iterator[Any]:
    """Workers as processes; that a busy machine ends them later than dask waits for is no fault."""
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=number,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    )
    try:
        yield cluster
    finally:
        with suppress(TimeoutError):
            cluster.close()
