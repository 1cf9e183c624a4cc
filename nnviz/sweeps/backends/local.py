"""The cores of this machine."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Sequence
from functools import partial

from nnviz.sweeps.backends import Backend, BackendError, backends
from nnviz.sweeps.plan import Member
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.table import Result
from nnviz.sweeps.training import train

_AHEAD = 256
"""Trainings that wait in line: enough to keep the threads busy while results are written to a slow disk."""


@backends.register
class Local(Backend):
    """Trains on threads: compiled kernels hold no interpreter lock, so each keeps a core busy by itself."""

    name = "local"
    title = "This machine"
    help = "The cores of this machine, one training on each."
    order = 10
    takes_address = False
    one_machine = True
    batch_seconds = 0.0

    def __init__(self, address: str | None = None, threads: int | None = None) -> None:
        super().__init__(address, threads)
        self._waiting: queue.SimpleQueue[tuple[Member, Samples] | None] = queue.SimpleQueue()
        self._come: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def open(self) -> None:
        while len(self._threads) < self.slots:
            thread = threading.Thread(target=self._work, name="nnviz-sweep-core", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                self.close()
                raise BackendError(
                    f"This machine cannot start {self.slots:,} threads; give a smaller number with --threads."
                ) from None
            self._threads.append(thread)

    @property
    def slots(self) -> int:
        return max(1, self.threads or os.cpu_count() or 1)

    @property
    def window(self) -> int:
        return self.slots + _AHEAD

    def describe(self) -> str:
        return f"{self.slots} {'core' if self.slots == 1 else 'cores'} of this machine"

    def submit(self, batch: Sequence[Member], samples: Samples) -> None:
        for member in batch:
            self._waiting.put((member, samples))

    def collect(self, timeout: float) -> list[Result]:
        come: list[Result] = []
        try:
            come.append(self._come.get(timeout=timeout))
            while True:
                come.append(self._come.get_nowait())
        except queue.Empty:
            return come

    def cancel(self) -> None:
        self._stop.set()

    def close(self) -> None:
        self._stop.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None and not self._stop.is_set():
            member, samples = job
            data = partial(samples.prepared, member.experiment.data)
            result = train(member.id, member.experiment, data, lambda: not self._stop.is_set(), member.every_epoch)
            if result is not None:
                self._come.put(result)
