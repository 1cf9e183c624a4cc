"""A Ray cluster."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import nnviz
from nnviz.sweeps.backends import Backend, BackendError, backends
from nnviz.sweeps.plan import Member
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.shipping import MISSING, by_samples, packed, samples_key, train_parcels, version
from nnviz.sweeps.table import Result
from nnviz.sweeps.training import failed

_TIMEOUT = 5.0
"""Seconds for a cluster to answer."""

_RETRIES = 3
"""How often Ray itself gives a batch to another worker when one is lost."""

_MOST_SAMPLES = 8

_PORT = 6379
"""Where a Ray cluster listens unless it was told otherwise."""

_GRACE = 3.0
"""Seconds in which a worker that is told to end a training does so by itself."""


@backends.register
class Ray(Backend):
    """Hands batches to Ray, which tries those of a worker that is lost again elsewhere.

    A batch that is lost too often is split into single trainings; one of them that is then lost as often becomes a row
    that says so. The samples belong to this process: while it lives, no loss of a worker can lose them.
    """

    name = "ray"
    title = "Ray cluster"
    help = "The workers of a Ray cluster; without an address processes of this machine."
    order = 30

    def __init__(self, address: str | None = None, threads: int | None = None) -> None:
        super().__init__(address, threads)
        self._ray: Any = None
        self._train: Any = None
        self._ours = False  # whether this object connected, and so has to disconnect
        self._batches: dict[Any, list[Member]] = {}
        self._datasets: OrderedDict[str, Any] = OrderedDict()
        self._samples: Samples | None = None

    # ------------------------------------------------------------ connecting

    def open(self) -> None:
        if self._ray is not None:
            return
        if find_spec("ray") is None:
            raise BackendError(MISSING.format(name="ray", package="Ray"))
        if self.address is not None:
            _check_port(self.address)
        import ray

        if not ray.is_initialized():
            self._connect(ray)
            self._ours = True
        self._ray = ray
        self._train = ray.remote(num_cpus=1, max_retries=_RETRIES)(train_parcels)
        self._check_workers()

    def _connect(self, ray: Any) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self.address is None:
            options |= {"num_cpus": self.threads, "include_dashboard": False}
        try:
            ray.init(self.address or "local", **options)  # left out, it would take the cluster of RAY_ADDRESS
        except (OSError, RuntimeError, ValueError) as error:  # ConnectionError is an OSError
            ray.shutdown()  # what it has started so far
            raise _unreachable(self.address, error) from None

    def _check_workers(self) -> None:
        """Raise BackendError where workers have no nnviz or another one."""
        ask = self._ray.remote(num_cpus=0)(version)
        try:
            said = self._ray.get(ask.remote(), timeout=60.0)  # the first worker has to be started
        except self._ray.exceptions.GetTimeoutError:
            return  # all are busy with something else
        except self._ray.exceptions.RayError as error:
            said = error
        if said != nnviz.__version__:
            has = f"have nnviz {said}" if isinstance(said, str) else f"cannot import nnviz ({_last_line(said)})"
            self.close()
            raise BackendError(f"The Ray workers {has}; install nnviz {nnviz.__version__} on all of them.")

    @property
    def slots(self) -> int:
        if self._ray is None:
            return 1
        with self._told_if_gone():
            return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def describe(self) -> str:
        where = f"the Ray cluster at {self.address}" if self.address else "Ray workers on this machine"
        return f"{self.slots} cores of {where}"

    @contextmanager
    def _told_if_gone(self) -> Iterator[None]:
        """Have a connection that is lost for good, which Ray raises as ConnectionError, said in a sentence."""
        try:
            yield
        except ConnectionError:
            raise BackendError(
                f"The Ray cluster at {self.address or 'this machine'} has gone; the results so far are kept, and the "
                "same command goes on from there."
            ) from None

    # ------------------------------------------------------------ training

    def submit(self, batch: Sequence[Member], samples: Samples) -> None:
        with self._told_if_gone():
            self._send(batch, samples)

    def _send(self, batch: Sequence[Member], samples: Samples) -> None:
        self._samples = samples
        for members in by_samples(batch):
            settings = members[0].experiment.data
            key = samples_key(settings, samples.sha256(settings))
            if key not in self._datasets:
                self._datasets[key] = self._ray.put(samples.whole(settings))
                while len(self._datasets) > _MOST_SAMPLES:
                    self._datasets.popitem(last=False)
            self._datasets.move_to_end(key)
            self._batches[self._train.remote(self._datasets[key], key, [packed(m) for m in members])] = members

    def collect(self, timeout: float) -> list[Result]:
        if not self._batches:
            return []
        with self._told_if_gone():
            return self._collected(list(self._batches), timeout)

    def _collected(self, waiting: list[Any], timeout: float) -> list[Result]:
        ready, _ = self._ray.wait(waiting, num_returns=1, timeout=timeout)
        if ready:
            ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
        results: list[Result] = []
        for batch in ready:
            results += self._result(batch, self._batches.pop(batch))
        return results

    def _result(self, batch: Any, members: list[Member]) -> list[Result]:
        """Return the rows of a batch that has ended; send what was lost again."""
        errors = self._ray.exceptions
        lost = (errors.WorkerCrashedError, errors.NodeDiedError, errors.ObjectLostError, errors.OutOfMemoryError)
        try:
            rows: list[Result] = self._ray.get(batch)
        except lost as error:
            if len(members) > 1:
                assert self._samples is not None
                for member in members:
                    self.submit([member], self._samples)
                return []
            return [failed(members[0].id, f"It was lost with its worker every time it was tried: {_last_line(error)}")]
        except errors.RayError as error:
            return [failed(member.id, _last_line(error)) for member in members]
        return rows

    def cancel(self) -> None:
        batches = list(self._batches)
        self._batches.clear()
        for batch in batches:
            with contextlib.suppress(Exception):  # one that has just ended cannot be cancelled, nor has to be
                self._ray.cancel(batch)
        with contextlib.suppress(Exception):
            # Ray loses a request that comes while a worker is about to begin: one that goes on ends with its process.
            _, left = self._ray.wait(batches, num_returns=len(batches), timeout=_GRACE)
            for batch in left:
                self._ray.cancel(batch, force=True)

    def close(self) -> None:
        self._batches.clear()
        self._datasets.clear()
        ray, self._ray = self._ray, None
        if ray is not None and self._ours:
            self._ours = False
            ray.shutdown()


def _check_port(address: str) -> None:
    """Raise BackendError within seconds where nobody listens; Ray itself would try for minutes."""
    match = re.fullmatch(r"(?:ray://)?\[?([^\[\]/]+?)\]?(?::(\d+))?/?", address)
    if match is None or address.startswith("tcp://"):
        raise BackendError(f"{address} is no address of a Ray cluster; write it as host:{_PORT} or ray://host:10001.")
    if match[1] == "auto":
        return
    try:
        socket.create_connection((match[1], int(match[2] or _PORT)), _TIMEOUT).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, error) from None


def _unreachable(address: str | None, error: Exception) -> BackendError:
    if address is None:
        return BackendError(f"Ray cannot be started on this machine ({_last_line(error)}); leave --backend out.")
    return BackendError(
        f"No Ray cluster answers at {address} ({_last_line(error)}); start one with "
        f"`ray start --head`, and give its address as in --address host:{_PORT}."
    )


def _last_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].rstrip(".")
