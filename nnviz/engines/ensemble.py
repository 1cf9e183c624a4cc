"""Many networks trained at once on all cores: for spreads over seeds, bias and variance, sweeps.

Every member is an experiment of its own: shape, data, seed and hyperparameters may differ. Compiled kernels hold no
interpreter lock, so a pool of threads keeps all cores busy; each network trains exactly as it would alone, bit for
bit.

There is no form stacked into one tensor for PyTorch (`baddbmm`), because it is slower at every size that was tried:
on one thread, with Adam, 18,300 network-epochs a second for 256 networks 2-4-2-1 against 51,800 here, 2,610 against
4,240 for 2-64-64-1, 270 against 370 for 2-256-256-1, all of these measured after every epoch. Members that only
PyTorch can train share the threads.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import SplitData
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Columns, Engine
from nnviz.engines.settings import TrainingSettings
from nnviz.network.settings import NetworkSettings

_TURN = 0.05
"""Seconds for which a member trains before the thread looks whether it should stop."""


@dataclass(frozen=True)
class Member:
    """One network of an ensemble."""

    network: NetworkSettings
    training: TrainingSettings
    data: SplitData
    seed: int


class Ensemble:
    """Networks that train side by side. Use it in a `with` statement, or call `close`, to end its threads.

    Raises ShapeError or LossError when one of the members cannot be trained.
    """

    def __init__(self, members: Sequence[Member], threads: int | None = None) -> None:
        self.members = tuple(members)
        self.engines: tuple[Engine, ...] = tuple(make_engine(m.network, m.training, m.data, m.seed) for m in members)
        count = max(1, min(threads or os.cpu_count() or 1, len(self.members)))
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="nnviz-ensemble")

    def __enter__(self) -> Ensemble:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.engines)

    def close(self) -> None:
        """End the threads, after what they are doing."""
        self._pool.shutdown(cancel_futures=True)

    def train_epochs(self, n: int, stop: Callable[[], bool] = lambda: False) -> list[Columns]:
        """Train every member for `n` epochs; return what was measured after each epoch, member by member.

        A member whose loss is no longer finite ends there. `stop` is asked many times a second by every thread;
        once it says True, members end with the epochs they have, possibly none.
        """
        # The largest first: a large one that begins last would keep a single core busy at the end.
        order = sorted(range(len(self.engines)), key=self._work, reverse=True)
        futures = {i: self._pool.submit(_train, self.engines[i], n, stop) for i in order}
        return [futures[i].result() for i in range(len(self.engines))]

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the outputs of all members (members, n, outputs) for scaled samples (n, d), in evaluation mode."""
        return np.stack(list(self._pool.map(lambda engine: engine.predict(x), self.engines)))

    def _work(self, number: int) -> float:
        """Return about how much an epoch of a member costs, in multiplications."""
        return float(self.engines[number].plan.n_parameters * len(self.members[number].data.train))


def _train(engine: Engine, n: int, stop: Callable[[], bool]) -> Columns:
    """Train one member in turns of about `_TURN` seconds, and return all that was measured."""
    first = engine.measure()
    parts: list[Columns] = [{name: values[:0] for name, values in first.items()}]
    left, turn = n, 1
    while left > 0 and not stop():
        began = time.perf_counter()
        wanted = min(turn, left)
        rows = engine.train_epochs(wanted)
        parts.append(rows)
        done = len(rows["epoch"])
        left -= done
        if not np.isfinite(rows["train_loss"][-1] + rows["gradient_norm"][-1]):
            break
        taken = max(time.perf_counter() - began, 1e-6)
        turn = max(1, min(4 * wanted, int(wanted * _TURN / taken)))
    return {name: np.concatenate([part[name] for part in parts]) for name in first}
