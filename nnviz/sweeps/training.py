"""One training of a sweep, from its samples to its row. It runs on this machine's threads or on a cluster's workers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np

from nnviz.data.dataset import DataError, SplitData
from nnviz.engines.choose import LossError, ShapeError, make_engine
from nnviz.engines.engine import Columns, Engine
from nnviz.experiment import Experiment
from nnviz.export.run_files import parameters_sha256
from nnviz.studies.study import train_through
from nnviz.sweeps.table import Result
from nnviz.training.trainer import End, Trainer

log = logging.getLogger(__name__)

MISTAKES = (DataError, ShapeError, LossError)
"""Errors whose text is a sentence for the user; all others are defects and are logged with their traceback."""

_SLICE = 0.05
"""Seconds of training between two looks whether it is still wanted."""

_LAST = ("train_loss", "train_error", "validation_loss", "validation_error", "test_loss", "test_error")

_ALL_CORES = threading.Lock()
"""Held by whoever trains on all cores of this machine, as PyTorch does with large networks."""


class _Watch:
    """Counts seconds from when it is made, without those of waiting in line for all cores."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """The seconds so far."""
        return time.perf_counter() - self._began

    @contextmanager
    def cores(self, engine: Engine) -> Iterator[None]:
        """Lend an engine the cores that it trains on: where that is all of them, to no other one at the same time."""
        with ExitStack() as held:
            if engine.name == "torch":
                asked = time.perf_counter()
                held.enter_context(_ALL_CORES)
                self._began += time.perf_counter() - asked
                if not takes_all_cores(engine):
                    held.close()
            yield


def train(
    member: str,
    experiment: Experiment,
    data: Callable[[], SplitData],
    wanted: Callable[[], bool],
    every_epoch: bool = True,
) -> Result | None:
    """Train an experiment to its end and return its row, None when it was no longer wanted before that.

    `data` returns its samples. Without `every_epoch` it is measured at its end alone, and its row has no best epoch.
    What cannot be trained, or fails in training, becomes a row that says why.
    """
    watch = _Watch()
    try:
        samples, watch = data(), _Watch()  # others may have waited for the same samples
        trained = _trained if every_epoch else _trained_through
        return trained(member, experiment, samples, wanted, watch)
    except MISTAKES as error:
        return failed(member, str(error), watch.seconds)
    except Exception as error:
        log.exception("A training of a sweep failed")
        return failed(member, f"{type(error).__name__}: {error}", watch.seconds)


def failed(member: str, sentence: str, seconds: float = 0.0) -> Result:
    """Return the row of a training that brought nothing."""
    return Result(member, "failed", sentence, seconds=round(seconds, 6))


def _trained(
    member: str, experiment: Experiment, data: SplitData, wanted: Callable[[], bool], watch: _Watch
) -> Result | None:
    trainer = Trainer(experiment, data)
    last, best, best_epoch = None, float("nan"), 0
    with watch.cores(trainer.engine):
        while trainer.end is None:
            if not wanted():
                return None
            rows = trainer.slice(_SLICE)
            if rows is None or not len(rows["epoch"]):
                continue
            last = rows
            if trainer.best_epoch != best_epoch:
                best_epoch = trainer.best_epoch
                best = _at(rows, best_epoch, "test_error")
    engine, end = trainer.engine, trainer.end
    if last is None or last["epoch"][-1] != engine.epoch or engine.position:
        last = engine.measure()
    return _row(member, engine, last, end, watch, (trainer.best_epoch, best))


def _trained_through(
    member: str, experiment: Experiment, data: SplitData, wanted: Callable[[], bool], watch: _Watch
) -> Result | None:
    """Train to the epoch limit without measuring in between; what diverges is trained again to see when it did."""
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    limit = experiment.training.epochs
    with watch.cores(engine):
        reached = list(train_through(engine, [limit], lambda: not wanted()))
    last = engine.measure()
    if reached and all(np.isfinite(last[name]).all() for name in _LAST if name in last):
        end = End(False, f"Reached the epoch limit of {limit:,}.")
        return _row(member, engine, last, end, watch, (0, float("nan")))
    return _trained(member, experiment, data, wanted, watch) if wanted() else None


def _row(member: str, engine: Engine, last: Columns, end: End, watch: _Watch, best: tuple[int, float]) -> Result:
    return Result(
        member=member,
        status="diverged" if end.diverged else "finished",
        sentence=end.text,
        n_parameters=engine.plan.n_parameters,
        epochs=engine.epoch,
        **{name: float(last[name][-1]) for name in _LAST if name in last},
        best_epoch=best[0],
        best_test_error=best[1],
        seconds=round(watch.seconds, 6),
        engine=engine.name,
        parameters_sha256=parameters_sha256(engine.parameters()),
    )


def _at(rows: Columns, epoch: int, name: str) -> float:
    """Return a measurement after an epoch, NaN where the rows do not have it."""
    places = np.flatnonzero(rows["epoch"] == epoch)
    return float(rows[name][places[-1]]) if len(places) else float("nan")


def takes_all_cores(engine: Engine) -> bool:
    """Say whether an engine trains on all cores of this machine."""
    if engine.name != "torch":
        return False
    import torch

    engine.measure()  # has PyTorch use as many threads as training will; until then they are those of another network
    return torch.get_num_threads() > 1
