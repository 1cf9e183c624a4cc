"""Sweeps on a real Ray cluster of this machine, a worker of which is killed."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from sweep_runs import VARY, small, swept, wait, without_time

from nnviz.sweeps.backends import BackendError, backends
from nnviz.sweeps.plan import Point
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.sweep import Sweep

ray = pytest.importorskip("ray")
psutil = pytest.importorskip("psutil")


@pytest.fixture(autouse=True)
def one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray reads its token once for each process, from a home that is another for every test."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 4)


def busy_workers() -> list[int]:
    """Return the processes of Ray workers below this one that train right now; Ray names them after what they do."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            words = process.cmdline()
        except psutil.Error:  # it has just ended
            continue
        if words and words[0].startswith("ray::train_parcels"):
            found.append(process.pid)
    return found


@pytest.mark.slow
def test_a_worker_dies_and_nothing_is_lost_and_nothing_comes_twice(tmp_path: Any) -> None:
    plan = small(VARY, epochs=1500, seeds=15)
    with Sweep(plan, tmp_path, "ray", threads=2) as sweep:
        sweep.start()
        wait(sweep, lambda: len(sweep.table()) >= 1, "a row")
        wait(sweep, busy_workers, "a training on a worker")
        rows = len(sweep.table())
        os.kill(busy_workers()[0], signal.SIGKILL)
        assert rows < plan.n_trainings, "it was killed in the middle"
        assert sweep.join(60.0)
        progress, table = sweep.progress(), sweep.table()
    assert progress.state == "finished", progress
    assert (progress.done, progress.failed) == (90, 0)
    assert len(set(table["member"])) == len(table) == 90
    assert without_time(table) == without_time(swept(plan))
    assert not ray.is_initialized()


@pytest.mark.slow
def test_a_worker_that_does_not_hear_of_it_is_ended() -> None:
    def train_parcels() -> None:
        end = time.monotonic() + 120.0
        while time.monotonic() < end:
            try:
                time.sleep(0.05)
            except KeyboardInterrupt:
                continue

    with closing(backends["ray"](threads=1)) as backend:
        backend.open()
        backend._batches[ray.remote(train_parcels).remote()] = []  # type: ignore[attr-defined]
        end = time.monotonic() + 60.0
        while not busy_workers():
            assert time.monotonic() < end, "it never began"
            time.sleep(0.05)
        backend.cancel()
        while busy_workers():
            assert time.monotonic() < end, "it goes on"
            time.sleep(0.05)


@pytest.mark.slow
def test_without_an_address_it_makes_workers_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")  # of a cluster that nobody has asked for
    plan = small(VARY, seeds=1)
    table = swept(plan, backend="ray", threads=1)
    assert without_time(table) == without_time(swept(plan))


@pytest.mark.slow
def test_cancelling_ends_trainings_on_the_workers() -> None:
    plan = small(["network.layers[0].units=20,30"], epochs=50_000_000, seeds=4)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        with Sweep(plan, backend="ray") as sweep:
            sweep.start()
            wait(sweep, busy_workers, "a training on a worker")
            sweep.cancel()
            assert sweep.join(15.0)
            assert sweep.progress().state == "cancelled"
        assert ray.is_initialized(), "whoever was connected before stays so"
        end = time.monotonic() + 60.0
        while busy_workers():
            assert time.monotonic() < end, "a worker goes on with what nobody wants"
            time.sleep(0.05)
    finally:
        ray.shutdown()


def test_an_unreachable_cluster_is_one_sentence_within_seconds() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(BackendError, match=f"No Ray cluster answers at {address}.*ray start --head"):
        backends["ray"](address).open()
    with pytest.raises(BackendError, match="is no address of a Ray cluster"):
        backends["ray"]("tcp://127.0.0.1:8786").open()
    assert time.monotonic() - began < 10.0


class Gone:
    """A client of a cluster that has gone, as Ray leaves it."""

    def __getattr__(self, name: str) -> object:
        raise ConnectionError("Client is disconnected.")


@pytest.mark.parametrize("asked", ["slots", "submit", "collect"])
def test_a_cluster_that_has_gone_is_said(asked: str) -> None:
    backend: Any = backends["ray"]("ray://host:10001")
    member = small().member(Point(0, (1, 0.0)), 0)
    backend._ray, backend._batches = Gone(), {object(): [member]}
    ask: dict[str, Callable[[], object]] = {
        "slots": lambda: backend.slots,
        "submit": lambda: backend.submit([member], Samples()),
        "collect": lambda: backend.collect(0.1),
    }
    with pytest.raises(BackendError, match="cluster at ray://host:10001 has gone; the results so far are kept"):
        ask[asked]()


def test_without_ray_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnviz.sweeps.backends import ray as backend

    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"pip install 'nnviz\[cluster\]'"):
        backends["ray"]().open()
