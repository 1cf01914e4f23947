"""Engines: order, laziness, and inputs that kill or hang the process that works on them."""

import os
import sys

import pytest
from clusters import worker_processes
from faults import CRASH, FAIL, HANG, measure, tell_process

from imrml.engines.mapping import Guard, map_isolated, map_ordered, require_engine
from imrml.errors import ConfigError, MissingExtraError


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_map_ordered_keeps_the_order(n_jobs):
    assert list(map_ordered(abs, range(-300, 0), n_jobs)) == list(range(300, 0, -1))


SOON = 5.0
"""Seconds after which an endless input is stopped; any other takes less, on a busy machine too."""


def guarded(inputs, n_jobs=1, max_seconds=600.0, **sizes):
    return map_isolated(
        measure, inputs, lambda *lost: lost, n_jobs=n_jobs, max_seconds=max_seconds, **sizes
    )


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_map_guarded_keeps_the_order(n_jobs):
    assert list(guarded((bytes(n) for n in range(500)), n_jobs)) == list(range(500))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_crash_costs_one_input(n_jobs):
    inputs = [bytes(n) for n in range(300)]
    inputs[70], inputs[71], inputs[299] = CRASH, CRASH + b"!", CRASH
    outputs = list(guarded(inputs, n_jobs))
    lost = (outputs[70], outputs[71], outputs[299])
    assert [(x, trouble) for x, trouble, _ in lost] == [
        (CRASH, "crashed"),
        (CRASH + b"!", "crashed"),
        (CRASH, "crashed"),
    ]
    assert "exit code -11" in lost[0][2]
    kept = [n for n in range(300) if n not in {70, 71, 299}]
    assert [outputs[n] for n in kept] == kept


def test_an_endless_input_costs_one_input():
    outputs = list(guarded([b"1", HANG, b"333"], max_seconds=SOON))
    assert outputs == [1, (HANG, "too_slow", f"took more than {SOON:g} seconds"), 3]


def test_what_the_function_raises_is_raised_here():
    with pytest.raises(RecursionError):
        list(guarded([b"1", FAIL]))


@pytest.mark.parametrize("sizes", [{}, {"size": len, "max_size": 10}])
def test_inputs_are_consumed_a_few_batches_ahead(sizes):
    consumed = 0

    def inputs():
        nonlocal consumed
        for _ in range(5000):
            consumed += 1
            yield bytes(5)

    outputs = guarded(inputs(), **sizes)
    assert next(outputs) == 5
    assert consumed < (20 if sizes else 1000)
    outputs.close()


def test_no_worker_is_left_behind():
    processes = map_isolated(tell_process, range(5000), lambda *lost: lost, max_seconds=600)
    worker = next(processes)
    assert worker != os.getpid()
    processes.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_a_worker_that_stands_by_outlives_what_kills_or_hangs_it():
    guard = Guard(measure, max_seconds=SOON)
    try:
        assert guard.call(b"1").result() == 1
        for content, trouble in [(CRASH, "crashed"), (HANG, "too_slow")]:
            with pytest.raises(Exception) as caught:  # noqa: PT011 (what it is, is asked for below)
                guard.call(content).result()
            assert guard.trouble(caught.value)[0] == trouble
            assert guard.call(b"333").result() == 3
        with pytest.raises(RecursionError) as raised:
            guard.call(FAIL).result()
        assert guard.trouble(raised.value) is None
    finally:
        guard.stop()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux holds a process to its address space"
)
def test_a_worker_that_stands_by_takes_no_more_memory_than_it_may():
    guard = Guard(bytes, max_seconds=600.0, max_bytes=4_000_000_000)
    try:
        with pytest.raises(MemoryError):
            guard.call(8_000_000_000).result()
        assert guard.call(3).result() == bytes(3)
    finally:
        guard.stop()


# --- dask ----------------------------------------------------------------------------------------


def test_on_dask_too_order_is_kept_and_a_harmful_input_costs_itself(monkeypatch):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    inputs = [bytes(n) for n in range(2000)]  # two partitions
    inputs[70], inputs[1999] = CRASH, HANG
    outputs = list(guarded(inputs, n_jobs=2, max_seconds=SOON, engine="dask"))
    lost = {n: outcome[1] for n, outcome in enumerate(outputs) if isinstance(outcome, tuple)}
    assert lost == {70: "crashed", 1999: "too_slow"}
    assert [outcome for outcome in outputs if isinstance(outcome, int)] == [
        n for n in range(2000) if n not in {70, 1999}
    ]
    with pytest.raises(RecursionError):
        list(guarded([b"1", FAIL], engine="dask"))


@pytest.mark.parametrize("daemon", [False, True])
def test_workers_of_a_scheduler_must_be_allowed_processes(monkeypatch, daemon):
    import dask

    with dask.config.set({"distributed.worker.daemon": daemon}), worker_processes(1) as cluster:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        if daemon:
            with pytest.raises(ConfigError, match=r"may not start processes.*--no-nanny"):
                list(guarded([b"1"], engine="dask"))
        else:
            assert list(guarded([b"1", CRASH, b"333"], engine="dask"))[::2] == [1, 3]


def test_a_scheduler_that_is_not_there_is_told(monkeypatch):
    import dask

    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "100ms"}),
        pytest.raises(ConfigError, match=r"no scheduler of dask answers at tcp://127\.0\.0\.1:1"),
    ):
        list(guarded([b"1"], engine="dask"))


def test_an_engine_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    require_engine("local")
    with pytest.raises(MissingExtraError, match=r"pip install 'imrml\[dask\]'"):
        require_engine("dask")
