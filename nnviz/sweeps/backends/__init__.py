"""Where the trainings of a sweep are computed: one file each. Here: the contract of a backend.

A backend takes batches of trainings and hands their results back as they come, in any order. What it must promise: each
batch that was submitted comes back, once or more often, with a result for every training in it, whatever becomes of the
workers in between; a training gives the numbers that it gives alone. A new backend is a module in this folder with one
class that is registered with `@backends.register`.

One thread uses a backend; `open` and `close` too are called by it, or before and after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from nnviz.registry import Registry
from nnviz.sweeps.plan import Member
from nnviz.sweeps.samples import Samples
from nnviz.sweeps.table import Result


class BackendError(ValueError):
    """A backend that cannot be used: one sentence that says why and what to do."""


class Backend:
    """One place to train. `address` is where a cluster is, None for none; `threads` is how many trainings go on at once
    on this machine, None for one per core.

    `batch_seconds` is how much training is worth handing over at once: what it costs to hand over is small beside it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    order: ClassVar[int] = 100
    takes_address: ClassVar[bool] = True
    one_machine: ClassVar[bool] = False
    """Whether its trainings share the cores of this machine: those that take all of them go one after another."""
    batch_seconds: ClassVar[float] = 0.25

    def __init__(self, address: str | None = None, threads: int | None = None) -> None:
        self.address, self.threads = address, threads

    def open(self) -> None:
        """Connect, or make what trains. Raises BackendError within seconds; a second call does nothing."""
        raise NotImplementedError

    @property
    def slots(self) -> int:
        """How many trainings go on at once, at this moment; at least 1."""
        raise NotImplementedError

    @property
    def window(self) -> int:
        """How many batches to submit before results are waited for: enough that nobody waits for work."""
        return 2 * self.slots + 2

    def describe(self) -> str:
        """Return where it trains in a few words, such as "2 cores of this machine"."""
        raise NotImplementedError

    def submit(self, batch: Sequence[Member], samples: Samples) -> None:
        """Take over some trainings, which are lent `samples`. Returns at once."""
        raise NotImplementedError

    def collect(self, timeout: float) -> list[Result]:
        """Return what has come since the last call; wait for something at most `timeout` seconds.

        Raises BackendError when all that was submitted is lost for good: the cluster has gone.
        """
        raise NotImplementedError

    def cancel(self) -> None:
        """Give up what was submitted; trainings in progress end soon and bring no result."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of everything that `open` made."""
        raise NotImplementedError


backends: Registry[Backend] = Registry("backend", "nnviz.sweeps.backends", name_of=lambda each: str(each.name))
