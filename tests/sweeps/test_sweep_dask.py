"""Sweeps on a real Dask cluster of this machine, a worker of which is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sweep_runs import VARY, small, swept, wait, without_time, written

from nnviz.sweeps.backends import BackendError, backends
from nnviz.sweeps.plan import Point
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.sweep import Sweep

distributed = pytest.importorskip("distributed")
psutil = pytest.importorskip("psutil")  # comes with it


def local_cluster(n_workers: int) -> Any:
    """Return a cluster of this machine whose ports are free ones, as several tests run at a time."""
    return distributed.LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        silence_logs=50,
    )


@pytest.fixture
def cluster() -> Iterator[Any]:
    with local_cluster(2) as made:
        yield made


def executing(dask_worker: Any) -> int:
    """Return how many tasks a worker has in its threads."""
    return len([task for task in dask_worker.state.tasks.values() if task.state in ("executing", "cancelled")])


def test_a_worker_dies_and_nothing_is_lost_and_nothing_comes_twice(cluster: Any, tmp_path: Any) -> None:
    plan = small(VARY, epochs=1500, seeds=15)
    backend = backends["dask"](cluster.scheduler_address)
    with Sweep(plan, tmp_path, backend) as sweep:
        sweep.start()
        wait(sweep, lambda: len(sweep.table()) >= 1, "a row")
        with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
            pids = client.run(os.getpid)
            busy = next(address for address, keys in client.processing().items() if keys)
            rows = len(sweep.table())
            os.kill(pids[busy], signal.SIGKILL)
        assert rows < plan.n_trainings, "it was killed in the middle"
        assert sweep.join(60.0)
        progress, table = sweep.progress(), sweep.table()
    assert progress.state == "finished", progress
    assert (progress.done, progress.failed) == (90, 0)
    assert len(set(table["member"])) == len(table) == 90
    assert without_time(table) == without_time(swept(plan))


@pytest.mark.slow
def test_a_worker_that_has_seen_the_file_before_trains_on_what_is_in_it_now(tmp_path: Path) -> None:
    with local_cluster(1) as cluster:
        for sign in (1, -1):
            plan = written(tmp_path / "points.csv", sign)
            table = swept(plan, backend="dask", address=cluster.scheduler_address)
            assert without_time(table) == without_time(swept(plan))


@pytest.mark.slow
def test_cancelling_ends_trainings_on_the_workers(cluster: Any) -> None:
    plan = small(["network.layers[0].units=20,30"], epochs=50_000_000, seeds=4)
    with Sweep(plan, backend=backends["dask"](cluster.scheduler_address)) as sweep:
        sweep.start()
        wait(sweep, lambda: sweep.progress().state == "training" and sweep._in_flight, "the beginning")
        with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
            wait(sweep, lambda: any(client.processing().values()), "a training on a worker")
            sweep.cancel()
            assert sweep.join(15.0)
            assert sweep.progress().state == "cancelled"
            end = time.monotonic() + 60.0
            while sum(client.run(executing).values()):
                assert time.monotonic() < end, "a worker goes on with what nobody wants"
                time.sleep(0.05)


@pytest.mark.slow
def test_without_an_address_it_makes_workers_of_its_own() -> None:
    plan = small(VARY, seeds=1)
    table = swept(plan, backend="dask", threads=1)
    assert without_time(table) == without_time(swept(plan))


@pytest.mark.slow
def test_workers_of_its_own_are_reached_from_this_machine_alone_and_share_it_with_another_cluster() -> None:
    def listening() -> set[tuple[str, int]]:
        links = psutil.Process().net_connections("tcp")
        return {tuple(link.laddr) for link in links if link.status == psutil.CONN_LISTEN}

    with socket.socket() as taken, closing(backends["dask"](threads=1)) as backend:
        with suppress(OSError):  # whoever has the port, it is taken
            taken.bind(("127.0.0.1", 8787))
            taken.listen()
        before = listening()
        backend.open()
        new = listening() - before
        assert new
        assert {address for address, _ in new} == {"127.0.0.1"}


def test_an_unreachable_scheduler_is_one_sentence_within_seconds() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(BackendError, match=f"No Dask scheduler answers at {address}.*dask scheduler"):
        backends["dask"](address).open()
    assert time.monotonic() - began < 15.0
    with pytest.raises(BackendError, match="No Dask scheduler answers at nonsense://x"):
        backends["dask"]("nonsense://x").open()


@pytest.mark.slow
def test_a_scheduler_without_workers_is_told_apart() -> None:
    with (
        local_cluster(0) as empty,
        pytest.raises(BackendError, match="has no workers; start some with `dask worker"),
    ):
        backends["dask"](empty.scheduler_address).open()


@pytest.mark.slow
def test_a_scheduler_that_dies_is_said_and_the_results_are_kept(tmp_path: Path) -> None:
    plan, file = small(VARY, epochs=3000, seeds=40), tmp_path / "scheduler.json"
    module = "distributed.cli.dask_{} --scheduler-file " + str(file)
    here = {"stderr": subprocess.DEVNULL, "cwd": tmp_path}
    scheduler = [sys.executable, "-m", *module.format("scheduler").split(), "--host", "127.0.0.1", "--port", "0"]
    scheduler += ["--dashboard-address", "127.0.0.1:0", "--no-dashboard"]
    worker = [sys.executable, "-m", *module.format("worker").split(), "--no-nanny", "--no-dashboard", "--nthreads", "1"]
    with subprocess.Popen(scheduler, **here) as first, subprocess.Popen(worker, **here) as second:
        try:
            with distributed.Client(scheduler_file=str(file), timeout=30, set_as_default=False) as client:
                client.wait_for_workers(1, timeout=30)
                address = client.scheduler.address
            with Sweep(plan, tmp_path / "out", "dask", address=address) as sweep:
                sweep.start()
                wait(sweep, lambda: len(sweep.table()) >= 1, "a row")
                first.kill()
                assert sweep.join(60.0)
                progress, table = sweep.progress(), sweep.table()
        finally:
            first.kill()
            second.kill()
    assert progress.state == "failed"
    assert "has gone; the results so far are kept" in progress.text
    assert 1 <= progress.done < plan.n_trainings
    with Sweep(plan, tmp_path / "out") as sweep:
        sweep.start()
        wait(sweep, lambda: len(sweep.table()) > progress.done, "more rows")
        assert set(table["member"]) <= set(sweep.table()["member"])


def test_a_client_that_has_been_closed_is_said() -> None:
    plan = small()
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as here:
        backend: Any = backends["dask"](here.scheduler_address)
        backend.open()
        assert backend.slots == 2
        backend._client.close()
        backend._counted = (-1.0, 2)  # long ago
        assert backend.slots == 2, "what was known last"
        with pytest.raises(BackendError, match="has gone; the results so far are kept"):
            backend.submit([plan.member(Point(0, (1, 0.0)), 0)], Samples())
        backend.close()


def test_workers_that_cannot_be_started_here_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(**options: object) -> None:
        raise OSError("Too many open files")

    monkeypatch.setattr(distributed, "LocalCluster", refuses)
    with pytest.raises(BackendError) as caught:
        backends["dask"]().open()
    expected = "Dask workers cannot be started on this machine (Too many open files); leave --backend out."
    assert str(caught.value) == expected


def test_without_dask_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnviz.sweeps.backends import dask

    monkeypatch.setattr(dask, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"pip install 'nnviz\[cluster\]'"):
        backends["dask"]().open()
