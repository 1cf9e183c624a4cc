"""How far a run has come from its beginning: in its weights, and in what its layers represent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.similarity import cka
from nnviz.data.dataset import SplitData
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Engine
from nnviz.network.shapes import NetworkPlan, Stage
from nnviz.studies.states import Kept, StatesStudy
from nnviz.training.replay import Prepare

MOST_SAMPLES = 500
"""Test samples on which representations are compared: more would not move the similarity by a line's width."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """Similarity to the beginning and relative change of every layer, and of all weights together, at one epoch."""

    likeness: tuple[float, ...]
    change: tuple[float, ...]
    total: float
    train_error: float
    test_error: float


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class DriftReport:
    """What has changed since the first state at epochs (k,), ascending.

    `layers` (l,) names every column of the network picture, the output last. `likeness` (k, l): linear CKA of what
    leaves the column (after its activation) then and at the beginning, on test samples: 1 where nothing was made anew
    but by turning and scaling. `change` (k, l) and `total` (k,): ‖w − w₀‖ / ‖w₀‖ of the weights of a layer and of
    all together, biases left out, which may begin at 0. Errors (k,) as in `nnviz.engines.engine.Columns`.
    """

    layers: tuple[str, ...]
    epochs: NDArray[np.int64]
    likeness: Floats
    change: Floats
    total: Floats
    train_error: Floats
    test_error: Floats
    samples: int = 0
    regression: bool = False

    @property
    def hidden_likeness(self) -> Floats:
        """The smallest similarity over the hidden layers (k,); NaN without one."""
        hidden = self.likeness[:, :-1]
        return hidden.min(axis=1) if hidden.shape[1] else np.full(len(self.epochs), np.nan)


_NONE: Floats = np.zeros(0)

NOTHING = DriftReport((), np.zeros(0, np.int64), np.zeros((0, 0)), np.zeros((0, 0)), _NONE, _NONE, _NONE)
"""The report before anything is known."""


_SAME, _NEW = 0.95, 0.8
"""Similarities to the beginning above which a layer represents the same as then, and below which something new."""


def sentence(report: DriftReport) -> str:
    """Return what a report says, in a sentence or two; empty where there is nothing to compare."""
    if len(report.epochs) < 2:
        return ""
    span = f"From epoch {report.epochs[0]:,} to {report.epochs[-1]:,}"
    moved = f"{span} the weights have changed by {100 * report.total[-1]:.3g} % of their length"
    error, hidden = float(report.test_error[-1]), report.likeness[-1, :-1]
    words = f"the test RMSE is {error:.3g}" if report.regression else f"the test error is {100 * error:.1f} %"
    if not np.isfinite(hidden).any():
        return f"{moved}, and {words}."
    least = int(np.nanargmin(hidden))
    value = float(hidden[least])
    verdict = "This is between lazy training and the learning of features."
    if value > _SAME:
        verdict = "Hidden layers represent what they began with: lazy training."
    elif value < _NEW:
        verdict = "It represents something new: features were learned."
    return (
        f"{moved}, and {words}. The hidden layer least like its beginning is “{report.layers[least]}”: a similarity of "
        f"{value:.3f} on {report.samples:,} test samples. {verdict}"
    )


def relative_change(now: NDArray[np.floating], first: NDArray[np.floating]) -> float:
    """Return ‖w − w₀‖ / ‖w₀‖ (Chizat, Oyallon & Bach 2019, section 1); NaN where all w₀ are 0."""
    start = np.asarray(first, np.float64).ravel()
    length = float(np.linalg.norm(start))
    return float(np.linalg.norm(np.asarray(now, np.float64).ravel() - start) / length) if length else float("nan")


class DriftStudy(StatesStudy[DriftReport, Point]):
    """Compares the states that were kept of a run with the first of them, without training anything again.

    Raises SettingsError where nothing was kept.
    """

    title = "drift study"

    def __init__(self, prepare: Prepare, states: Iterable[Kept], follow: bool = False) -> None:
        super().__init__(prepare, states, NOTHING, follow)
        self._engine: Engine | None = None
        self._of: Kept | None = None

    def measure(self, kept: Kept, data: SplitData) -> Point:
        first = self.first()
        engine = self._engine_for(kept, data)
        x = self._x
        engine.restore(kept.state)
        now, row = self._represented(engine, x), engine.measure()
        slots = engine.plan.weight_slots
        w, w0 = kept.state.parameters, first.state.parameters
        change = tuple(relative_change(slot.view(w), slot.view(w0)) for slot in slots)
        every = np.concatenate([np.arange(slot.start, slot.stop) for slot in slots])
        return Point(
            likeness=tuple(cka(a, b) for a, b in zip(self._then, now, strict=True)),
            change=change,
            total=relative_change(w[every], w0[every]),
            train_error=float(row["train_error"][0]),
            test_error=float(row["test_error"][0]),
        )

    def made_of(self, points: dict[int, Point]) -> DriftReport:
        assert self._engine is not None
        values = list(points.values())
        ends = np.array([(p.total, p.train_error, p.test_error) for p in values]).T
        return DriftReport(
            layer_names(self._engine.plan),
            np.array(list(points)),
            np.array([p.likeness for p in values]),
            np.array([p.change for p in values]),
            ends[0],
            ends[1],
            ends[2],
            len(self._x),
            self._engine.data.task == "regression",
        )

    def _engine_for(self, kept: Kept, data: SplitData) -> Engine:
        """Return an engine that can take on a state, with what the first state represents under its settings."""
        if self._engine is None or self._engine.data is not data or self._of is None:
            experiment = kept.experiment
            self._engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
            rows = np.linspace(0, len(data.test) - 1, min(MOST_SAMPLES, len(data.test))).astype(np.intp)
            self._x = data.test.x[rows]
            self._engine.restore(self.first().state)
            self._then = self._represented(self._engine, self._x)
            self._of = kept
        elif self._of.experiment != kept.experiment:
            self._engine.configure(kept.experiment.network, kept.experiment.training)
            self._of = kept
        return self._engine

    def _represented(self, engine: Engine, x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return what leaves every column of the picture: (n, ...) each."""
        outputs = engine.activations(x)
        return [outputs[column[-1].index] for column in _columns(engine.plan)]


def _columns(plan: NetworkPlan) -> list[tuple[Stage, ...]]:
    """Return the columns that begin with weights, the output last."""
    return [column for column in plan.columns() if column[0].layer.starts_column]


def layer_names(plan: NetworkPlan) -> tuple[str, ...]:
    """Return a name for every layer with weights: its place and size, such as `1: Linear 64`, and `output`."""
    columns = _columns(plan)
    hidden = [f"{i}: {c[0].layer.title} {c[0].layer.summary()}" for i, c in enumerate(columns[:-1], 1)]
    return (*hidden, "output")
