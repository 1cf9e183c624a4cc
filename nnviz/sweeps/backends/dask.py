"""A Dask cluster."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import nnviz
from nnviz.data.dataset import Dataset
from nnviz.sweeps.backends import Backend, BackendError, backends
from nnviz.sweeps.plan import Member
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.shipping import MISSING, Parcel, by_samples, packed, samples_key, train_parcels, version
from nnviz.sweeps.table import Result
from nnviz.sweeps.training import failed

_TIMEOUT = 5.0
"""Seconds for a scheduler to answer."""

_FRESH = 1.0
"""Seconds for which the number of threads of the workers is taken to be the same."""

_CLOSED = ("closed", "closing")

_MOST_SAMPLES = 8

_LOGGERS = ("distributed", "tornado.application", "asyncio")
"""Who tells of each worker that comes and goes, which a sweep copes with by itself."""


@backends.register
class Dask(Backend):
    """Hands batches to a Dask scheduler, which gives those of a worker that is lost to another one.

    A batch that is lost four times is split into single trainings; one that is then lost four more times takes workers
    down by itself, and becomes a row that says so. The samples are part of the task graph, so that no loss of a worker
    can lose them.
    """

    name = "dask"
    title = "Dask cluster"
    help = "The workers of a Dask scheduler; without an address processes of this machine."
    order = 20

    def __init__(self, address: str | None = None, threads: int | None = None) -> None:
        super().__init__(address, threads)
        self._client: Any = None
        self._cluster: Any = None
        self._come: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._batches: dict[str, tuple[Any, list[Member]]] = {}
        self._datasets: OrderedDict[str, Any] = OrderedDict()
        self._samples: Samples | None = None
        self._counted = (-_FRESH, 1)

    # ------------------------------------------------------------ connecting

    def open(self) -> None:
        if self._client is not None:
            return
        if find_spec("distributed") is None:
            raise BackendError(MISSING.format(name="dask", package="Dask (dask[distributed])"))
        import distributed

        library: Any = distributed  # its classes have no types
        for name in _LOGGERS:  # for good: Dask still tells of its end when everything is closed
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            if self.address is None:
                self._cluster = library.LocalCluster(
                    n_workers=self.threads or os.cpu_count() or 1,
                    threads_per_worker=1,
                    processes=True,
                    # Without an address it would still serve its state, at a fixed port and to the whole network.
                    dashboard_address="127.0.0.1:0",
                    scheduler_kwargs={"dashboard": False},
                )
            self._client = library.Client(self._cluster or self.address, timeout=_TIMEOUT, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            self.close()
            raise _unreachable(self.address, error) from None
        self._check_workers()

    def _check_workers(self) -> None:
        """Raise BackendError where there are no workers, or they have no nnviz or another one."""
        try:
            self._client.wait_for_workers(1, timeout=_TIMEOUT)
            found = self._client.run(version, on_error="return")
        except (OSError, TimeoutError, ValueError):
            self.close()
            raise _without_workers(self.address) from None
        for worker, said in found.items():
            if said != nnviz.__version__:
                has = f"has nnviz {said}" if isinstance(said, str) else f"cannot import nnviz ({_first_line(said)})"
                self.close()
                raise BackendError(f"The worker {worker} {has}; install nnviz {nnviz.__version__} on all workers.")

    @property
    def slots(self) -> int:
        counted, n = self._counted
        now = time.monotonic()
        if self._client is not None and self._client.status == "running" and now - counted >= _FRESH:
            with contextlib.suppress(OSError, TimeoutError, ValueError, RuntimeError):  # also while it goes away
                n = max(1, sum(self._client.nthreads().values()))
            self._counted = now, n
        return n

    def describe(self) -> str:
        where = f"the Dask cluster at {self.address}" if self.address else "Dask workers on this machine"
        return f"{self.slots} threads of {where}"

    # ------------------------------------------------------------ training

    def submit(self, batch: Sequence[Member], samples: Samples) -> None:
        if self._client.status in _CLOSED:
            raise self._gone()
        self._samples = samples
        for members in by_samples(batch):
            self._send(members, samples)

    def _send(self, members: list[Member], samples: Samples) -> None:
        settings = members[0].experiment.data
        key = samples_key(settings, samples.sha256(settings))
        future = self._client.submit(
            _train, self._lent(key, samples.whole(settings)), key, [packed(m) for m in members], pure=False
        )
        self._batches[future.key] = future, members
        future.add_done_callback(self._come.put)

    def _lent(self, key: str, dataset: Dataset) -> Any:
        """Return the samples as a task: any worker that needs them can make them again."""
        import dask

        if key not in self._datasets:
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
                self._datasets[key] = self._client.submit(_as_it_is, dataset, key=f"nnviz-samples-{key}")
            while len(self._datasets) > _MOST_SAMPLES:
                self._datasets.popitem(last=False)
        self._datasets.move_to_end(key)
        return self._datasets[key]

    def collect(self, timeout: float) -> list[Result]:
        futures = []
        try:
            futures.append(self._come.get(timeout=max(timeout, 1e-3)))
            while True:
                futures.append(self._come.get_nowait())
        except queue.Empty:
            pass
        results: list[Result] = []
        for future in futures:
            _, members = self._batches.pop(future.key, (None, []))
            if members:
                results += self._result(future, members)
        if self._batches and self._client.status in _CLOSED:
            raise self._gone()
        return results

    def _result(self, future: Any, members: list[Member]) -> list[Result]:
        """Return the rows of a batch that has ended; send what was lost again."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            rows: list[Result] = future.result(timeout=_TIMEOUT)
        except (FutureCancelledError, TimeoutError, OSError):
            self._again(members)
            return []
        except KilledWorker as error:
            if len(members) > 1:
                for member in members:
                    self._again([member])
                return []
            return [failed(members[0].id, f"It was lost with its worker every time it was tried: {_first_line(error)}")]
        except Exception as error:  # noqa: BLE001 - what a worker could not do becomes rows that say so
            return [failed(member.id, f"{type(error).__name__}: {_first_line(error)}") for member in members]
        missing = {member.id for member in members} - {row.member for row in rows}
        if missing:  # the worker thought that they were not wanted
            self._again([member for member in members if member.id in missing])
        return rows

    def _again(self, members: list[Member]) -> None:
        if self._client.status != "running":
            raise self._gone()
        assert self._samples is not None
        self._send(members, self._samples)

    def _gone(self) -> BackendError:
        return BackendError(
            f"The Dask scheduler at {self.address or 'this machine'} has gone; the results so far are kept, and the "
            "same command goes on from there."
        )

    def cancel(self) -> None:
        futures = [future for future, _ in self._batches.values()]
        self._batches.clear()
        if self._client is not None and self._client.status == "running":
            with contextlib.suppress(OSError, TimeoutError):
                self._client.cancel(futures)

    def close(self) -> None:
        self._batches.clear()
        self._datasets.clear()
        client, cluster, self._client, self._cluster = self._client, self._cluster, None, None
        for each in (client, cluster):
            if each is not None:
                with contextlib.suppress(OSError, TimeoutError):
                    each.close(timeout=_TIMEOUT)


def _unreachable(address: str | None, error: Exception) -> BackendError:
    if address is None:
        return BackendError(
            f"Dask workers cannot be started on this machine ({_first_line(error)}); leave --backend out."
        )
    return BackendError(
        f"No Dask scheduler answers at {address} ({_first_line(error)}); start one with `dask scheduler`, "
        "and give its address as in --address tcp://host:8786."
    )


def _without_workers(address: str | None) -> BackendError:
    if address is None:
        return BackendError("The Dask workers of this machine do not answer; leave --backend out.")
    return BackendError(f"The Dask scheduler at {address} has no workers; start some with `dask worker {address}`.")


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


# ---------------------------------------------------------------- on the worker


def _as_it_is(dataset: Dataset) -> Dataset:
    return dataset


def _train(dataset: Dataset, key: str, parcels: Sequence[Parcel]) -> list[Result]:
    return train_parcels(dataset, key, parcels, _still_wanted())


def _still_wanted() -> Callable[[], bool]:
    """Return a function that says whether anybody waits for the task of this thread."""
    from distributed import get_worker

    worker: Any = get_worker()
    task = worker.get_current_task()

    def wanted() -> bool:
        known = worker.state.tasks.get(task)
        return known is not None and known.state != "cancelled"

    return wanted
