"""One training of a sweep, from its samples to its row. It runs on this machine's threads or on a cluster's workers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from nnviz.data.dataset import DataError, SplitData
from nnviz.engines.choose import LossError, ShapeError
from nnviz.engines.engine import Columns, Engine
from nnviz.experiment import Experiment
from nnviz.export.run_files import parameters_sha256
from nnviz.sweeps.table import Result
from nnviz.training.trainer import Trainer

log = logging.getLogger(__name__)

MISTAKES = (DataError, ShapeError, LossError)
"""Errors whose text is a sentence for the user; all others are defects and are logged with their traceback."""

_SLICE = 0.05
"""Seconds of training between two looks whether it is still wanted."""

_LAST = ("train_loss", "train_error", "validation_loss", "validation_error", "test_loss", "test_error")

_ALL_CORES = threading.Lock()
"""Held by whoever trains on all cores of this machine, as PyTorch does with large networks."""


def train(member: str, experiment: Experiment, data: SplitData, wanted: Callable[[], bool]) -> Result | None:
    """Train an experiment to its end and return its row, None when it was no longer wanted before that.

    What cannot be trained, or fails in training, becomes a row that says why.
    """
    began = time.perf_counter()
    try:
        return _trained(member, experiment, data, wanted, began)
    except MISTAKES as error:
        return failed(member, str(error), time.perf_counter() - began)
    except Exception as error:
        log.exception("A training of a sweep failed")
        return failed(member, f"{type(error).__name__}: {error}", time.perf_counter() - began)


def failed(member: str, sentence: str, seconds: float = 0.0) -> Result:
    """Return the row of a training that brought nothing."""
    return Result(member, "failed", sentence, seconds=round(seconds, 6))


def _trained(
    member: str, experiment: Experiment, data: SplitData, wanted: Callable[[], bool], began: float
) -> Result | None:
    trainer = Trainer(experiment, data)
    last, best, best_epoch = None, float("nan"), 0
    with _cores(trainer.engine):
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
    return Result(
        member=member,
        status="diverged" if end.diverged else "finished",
        sentence=end.text,
        n_parameters=engine.plan.n_parameters,
        epochs=engine.epoch,
        **{name: float(last[name][-1]) for name in _LAST if name in last},
        best_epoch=trainer.best_epoch,
        best_test_error=best,
        seconds=round(time.perf_counter() - began, 6),
        engine=engine.name,
        parameters_sha256=parameters_sha256(engine.parameters()),
    )


def _at(rows: Columns, epoch: int, name: str) -> float:
    """Return a measurement after an epoch, NaN where the rows do not have it."""
    places = np.flatnonzero(rows["epoch"] == epoch)
    return float(rows[name][places[-1]]) if len(places) else float("nan")


def _cores(engine: Engine) -> AbstractContextManager[Any]:
    """Return a context in which no other training uses all cores as well, where this one does."""
    if engine.name == "torch":
        import torch

        if torch.get_num_threads() > 1:  # as the engine has set them
            return _ALL_CORES
    return nullcontext()
