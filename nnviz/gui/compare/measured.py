"""What was measured of a run at one moment: at its best epoch, at its last one, or where its playhead stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from nnviz.analysis.gap import gap
from nnviz.data.dataset import DataError, Task
from nnviz.data.source import Source
from nnviz.run import Run

Moment = Literal["best", "last", "playhead"]

MOMENTS: dict[Moment, str] = {"best": "at best epoch", "last": "at last epoch", "playhead": "at playhead"}

METRICS = ("train_error", "validation_error", "test_error", "gap", "train_loss", "validation_loss", "test_loss")
"""Columns of the history, and the gap: test error − train error."""


@dataclass(frozen=True)
class Measured:
    """Metrics by name, NaN where there is none, and the epoch of the row that they stand in.

    The row is not `exact` where the history was thinned and the one of the moment did not stay: it is then the last one
    before it. Errors are shares of wrong classes or root mean squared errors, as in the history.
    """

    epoch: int | None
    exact: bool
    values: Mapping[str, float]


def measured(run: Run, moment: Moment) -> Measured:
    """Return the metrics of a run at a moment."""
    epoch = epoch_at(run, moment)
    if epoch is None:
        return Measured(None, True, dict.fromkeys(METRICS, float("nan")))
    shown = run.snapshot
    if shown is not None and shown.past and shown.epoch == epoch and shown.row:
        row_there = {name: float(v[0]) for name, v in shown.row.items() if v.ndim == 1 and name in run.history}
        return Measured(epoch, True, _with_gap(row_there))
    epochs = run.history.column("epoch")
    row = int(np.searchsorted(epochs, epoch, side="right")) - 1
    if row < 0:
        return Measured(epoch, True, dict.fromkeys(METRICS, float("nan")))
    found = {name: float(run.history.column(name)[row]) for name in METRICS if name in run.history}
    return Measured(int(epochs[row]), bool(epochs[row] == epoch), _with_gap(found))


def epoch_at(run: Run, moment: Moment) -> int | None:
    """Return the epoch of a moment; None where nothing was measured, or no loss was finite."""
    if moment == "best":
        return run.history.best_epoch
    if not len(run.history):
        return None
    return run.epoch if moment == "last" else run.shown_epoch


def task_of(run: Run) -> Task | None:
    """Return what a run learns to do; None while that is not known: the samples of a file are not loaded yet."""
    if run.snapshot is not None:
        return run.snapshot.data.task
    source = run.experiment.data.source
    shape = source.known_shape()
    if shape is not None:
        return shape[0]
    return None if source.family == "file" else _task_of(source)


@lru_cache(maxsize=64)
def _task_of(source: Source) -> Task | None:
    """Return the task of samples that are made, or come with nnviz: that takes a moment, once."""
    try:
        return source.load(0).task
    except DataError:
        return None


def _with_gap(found: dict[str, float]) -> dict[str, float]:
    nan = float("nan")
    between = float(gap(np.array(found.get("train_error", nan)), np.array(found.get("test_error", nan))))
    return {**dict.fromkeys(METRICS, nan), **found, "gap": between}
