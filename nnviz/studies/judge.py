"""Where networks are judged, and what the truth is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import SplitData, Task
from nnviz.data.fresh import fresh_part
from nnviz.data.settings import DataSettings
from nnviz.data.truth import truth_of
from nnviz.engines.engine import Engine

_SEEDS = 2**31
"""Seeds are below this number."""

_AWAY = 1_000_003
"""How far from the data seed new samples begin, so that they are none that a user would have chosen."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Judge:
    """Points x (n, d), scaled, and the truth there (n, outputs): probabilities of classes, or values in their units.

    `noise` is E‖y − E y‖² of new targets, averaged over the points. Where nothing but samples is known the truth is
    that of their labels, and `noise` is NaN.
    """

    x: NDArray[np.float32]
    truth: NDArray[np.float64]
    noise: float
    task: Task
    unit: str

    @property
    def known(self) -> bool:
        """Whether it is the truth, and not samples of it."""
        return bool(np.isfinite(self.noise))


def judge_of(settings: DataSettings, data: SplitData, points: int) -> Judge:
    """Return a judge for networks that see `data`, the samples of some settings, with at most so many points.

    A generator is asked for new points, and the truth there is computed. For all other data they are the test samples.
    """
    unit = f"{data.target_name}²" if data.task == "regression" else "Brier score"
    truth = truth_of(settings.source)
    if truth is not None:
        x = fresh_part(settings.source, points, new_seed(settings, 0), data).x
        expected = truth.expected(data.scaling.unscaled(x))
        return Judge(x, expected, float(truth.noise(expected).mean()), data.task, unit)
    rows = np.unique(np.linspace(0, len(data.test) - 1, min(points, len(data.test))).round().astype(np.intp))
    targets = data.test.targets[rows]
    if data.task == "classification":
        labels = np.eye(data.n_classes)[targets]
    else:
        labels = np.asarray(data.scaling.unscaled_target(targets), np.float64)[:, None]
    return Judge(data.test.x[rows], labels, float("nan"), data.task, unit)


def new_seed(settings: DataSettings, number: int) -> int:
    """Return the data seed of the `number`-th set of new samples: 0 is for judging, others are for training."""
    return (settings.seed + _AWAY + number) % _SEEDS


def answers(engine: Engine, x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what a network says at scaled points (n, d): probabilities (n, classes), or values in their units (n, 1).

    Not finite where the network no longer is.
    """
    outputs = engine.predict(x)
    if engine.data.task == "classification":
        return np.asarray(engine.loss.probabilities(outputs), np.float64)
    return np.asarray(engine.data.scaling.unscaled_target(outputs[:, :1]), np.float64)
