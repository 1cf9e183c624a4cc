"""What a finding looks at: one frozen value with all that was measured of a run until an epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment
from nnviz.findings.parts.facts import Facts
from nnviz.history.history import History
from nnviz.history.thinning import even_rows
from nnviz.network.shapes import NetworkPlan
from nnviz.run import Run
from nnviz.snapshot import Status

CURVE_ROWS, RECENT_ROWS = 400, 64
"""Rows of the curves, which stand for all epochs, and of the newest epochs one by one."""

_CURVES = ("epoch", "train_loss", "train_error", "test_loss", "test_error")
_PATH = ("update_norm_by_layer", "weight_norm_by_layer")
_LAYERS = (
    "learning_rate",
    "gradient_norm",
    "gradient_norm_by_layer",
    *_PATH,
    "dead_units_by_layer",
)

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Evidence:
    """What was measured of a run until an epoch, thinned.

    `experiment` holds the settings in force at `epoch`, and `since` the epoch from which on they are. `curves` has
    columns (n,) epoch, train_loss, train_error, test_loss, test_error and monitored (the validation loss, or the test
    loss without such a part), n at most about 400, on the samples that there are now. `recent` has the newest rows
    since `since`, at most 64 without gaps, of the same and of learning_rate, gradient_norm and, with a column for each
    layer, gradient_norm_by_layer, update_norm_by_layer, weight_norm_by_layer and dead_units_by_layer. `here` has the
    columns of the curves, and update_norm_by_layer and weight_norm_by_layer, since `since`: thinned by itself, so that
    a change late in a long run has as many rows. `onset` is the epoch from which on the run overfits by the criterion
    of its timeline, and `overfits` whether that is clear by now and goes on. `past` tells that the user looks back;
    what happened since is then not known.
    """

    experiment: Experiment
    status: Status
    text: str
    epoch: int
    since: int
    monitor: str
    curves: Columns
    here: Columns
    recent: Columns
    onset: int | None = None
    overfits: bool = False
    facts: Facts | None = None
    data: SplitData | None = None
    plan: NetworkPlan | None = None
    past: bool = False

    @property
    def regression(self) -> bool:
        """Whether values are predicted, and errors are RMSEs."""
        return self.facts is not None and self.facts.task == "regression"

    @property
    def trained(self) -> bool:
        """Whether there is more than the start."""
        return len(self.curves["epoch"]) > 1 and self.epoch > 0

    @property
    def part(self) -> str:
        """Which part is monitored: validation or test."""
        return self.monitor.removesuffix("_loss")

    def now(self, name: str) -> float:
        """Return the newest value of a curve, NaN when there is none."""
        values = self.curves[name]
        return float(values[-1]) if len(values) else float("nan")


def evidence_of(run: Run, facts: Facts | None = None) -> Evidence:
    """Return what is known of a run at the epoch that is looked at; `facts` are those of its samples."""
    history, epoch, snapshot = run.history, run.shown_epoch, run.snapshot
    epochs = history.column("epoch")
    samples_since = max(run.first_epoch, history.best_from)
    low, high = int(np.searchsorted(epochs, samples_since)), int(np.searchsorted(epochs, epoch, side="right"))
    rows = _curve_rows(history, low, high)
    since = _since(run, epoch)
    rows_here = _curve_rows(history, max(low, int(np.searchsorted(epochs, since))), high)
    recent = slice(max(int(np.searchsorted(epochs, since)), high - RECENT_ROWS), high)
    names = [name for name in (*_CURVES, *_LAYERS) if name in history]
    onset = run.onset
    onset = onset if onset is not None and samples_since <= onset < epoch else None
    return Evidence(
        experiment=run.experiment_at(epoch) if run.playhead is not None else run.experiment,
        status=run.status,
        text=run.text,
        epoch=epoch,
        since=since,
        monitor=history.monitor,
        curves=_curves(history, rows),
        here=_curves(history, rows_here) | {name: _column(history, name)[rows_here] for name in _PATH},
        recent={name: history.column(name)[recent] for name in names},
        onset=onset,
        overfits=onset is not None and run.overfitted_at(epoch),
        facts=facts,
        data=snapshot.data if snapshot is not None else None,
        plan=snapshot.plan if snapshot is not None else None,
        past=run.playhead is not None,
    )


def _curves(history: History, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    return {
        "monitored": _column(history, history.monitor)[rows],
        **{name: _column(history, name)[rows] for name in _CURVES},
    }


def _column(history: History, name: str) -> NDArray[Any]:
    """Return a column of single numbers, NaN where it was never measured."""
    column = history.column(name)
    return column if len(column) else np.full(len(history), np.nan, np.float32)


def _curve_rows(history: History, low: int, high: int) -> NDArray[np.int64]:
    """Return the numbers of rows that stand for those from `low` to before `high`: even, with first, last and best."""
    if high - low <= CURVE_ROWS:
        return np.arange(low, max(low, high))
    even = low + even_rows(history.column("epoch")[low:high], CURVE_ROWS)
    best = history.best_row
    kept = [low, high - 1, *([best] if best is not None and low <= best < high else [])]
    return np.unique(np.concatenate([even, kept]))


def _since(run: Run, epoch: int) -> int:
    """Return the epoch of the last change of settings, samples or parameters at an epoch or before it."""
    begun = [chapter.place[0] for chapter in run.chapters if chapter.place[0] <= epoch]
    return max(begun, default=run.first_epoch)
