"""Sharpness along a run: the largest eigenvalue of the loss Hessian, beside the limit that the step length sets it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import SplitData
from nnviz.engines.optimizers.momentum import Momentum
from nnviz.engines.optimizers.nesterov import Nesterov
from nnviz.engines.optimizers.sgd import Sgd
from nnviz.engines.settings import TrainingSettings
from nnviz.settings import differences
from nnviz.studies.curvature import LossHessian
from nnviz.studies.states import Kept, StatesStudy
from nnviz.training.replay import Prepare

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """Sharpness and its error bound, the stability limit and the training loss at one epoch."""

    sharpness: float
    error: float
    limit: float
    loss: float
    training: TrainingSettings
    full_batch: bool


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class SharpnessReport:
    """λmax of the training loss at epochs (k,), ascending, and what stability would have it stay below.

    `sharpness` (k,): the largest eigenvalue of `LossHessian`; some eigenvalue is within `error` (k,) of it. `limit`
    (k,): see `stability_limit`. `loss` (k,): the mean training loss in evaluation mode, without penalties.
    `training`: the settings at the last of them. `full_batch`: whether all steps see all training samples, which the
    limit assumes.
    """

    epochs: NDArray[np.int64]
    sharpness: Floats
    error: Floats
    limit: Floats
    loss: Floats
    training: TrainingSettings = field(default_factory=TrainingSettings)
    full_batch: bool = True

    @property
    def crossing(self) -> int | None:
        """The first measured epoch at which sharpness has reached the limit, None where it has not."""
        beyond = np.flatnonzero(self.sharpness >= self.limit)
        return int(self.epochs[beyond[0]]) if len(beyond) else None

    def late_ratio(self, share: float = 0.5) -> float:
        """Return the median of sharpness over limit in the last `share` of the measured epochs.

        Epochs without a limit are passed over; NaN where there is no other.
        """
        if not len(self.epochs):
            return float("nan")
        late = self.epochs >= self.epochs[-1] - share * (self.epochs[-1] - self.epochs[0])
        late &= np.isfinite(self.limit)
        return float(np.median(self.sharpness[late] / self.limit[late])) if late.any() else float("nan")


_NONE: Floats = np.zeros(0)

NOTHING = SharpnessReport(np.zeros(0, np.int64), _NONE, _NONE, _NONE, _NONE)
"""The report before anything is known."""


def stability_limit(training: TrainingSettings, epoch: float) -> float:
    """Return the eigenvalue above which full-batch steps along its direction grow.

    NaN where there is none: with an optimizer that has no such limit, or a learning rate of 0, by which nothing moves.

    On a quadratic with curvature λ: 2 / η for gradient descent, (2 + 2β) / η with momentum β, and
    (2 + 2β) / (η (1 + 2β)) in Nesterov's form (Cohen et al. 2021, "Gradient descent on neural networks typically occurs
    at the edge of stability", section 2 and appendix B). η is the learning rate after `epoch` epochs. Optimizers that
    scale every parameter by itself have a limit on another matrix than the Hessian.

    The loss counts as nnviz defines it: `Squared` has no factor ½, so its sharpness is twice that of the paper's, and
    the limit is met at half of the paper's learning rate.
    """
    rate = training.learning_rate * float(training.schedule.factor(np.asarray(float(epoch)), training.epochs))
    if rate <= 0.0:
        return float("nan")
    match training.optimizer:
        case Sgd():
            return 2.0 / rate
        case Momentum(momentum=beta):
            return (2.0 + 2.0 * beta) / rate
        case Nesterov(momentum=beta):
            return (2.0 + 2.0 * beta) / (rate * (1.0 + 2.0 * beta))
    return float("nan")


def has_limit(training: TrainingSettings) -> bool:
    """Whether the optimizer scales all parameters alike, so that curvature by itself limits its steps."""
    return isinstance(training.optimizer, Sgd | Momentum | Nesterov)


_NEAR = (0.9, 1.2)
"""Shares of the limit, in the median of the later half, that count as being at it: single states lie around it."""


def limit_formula(training: TrainingSettings) -> str:
    """Return the stability limit as a formula of the learning rate η and the momentum β."""
    return {"momentum": "(2 + 2β)/η", "nesterov": "(2 + 2β)/(η (1 + 2β))"}.get(training.optimizer.kind, "2/η")


def sentence(report: SharpnessReport) -> str:
    """Return what a report says, in a sentence or two; empty where nothing is measured."""
    if not len(report.epochs):
        return ""
    now, limit, training = float(report.sharpness[-1]), float(report.limit[-1]), report.training
    standing = f"At epoch {report.epochs[-1]:,} the sharpness is {_text(now)}"
    if not np.isfinite(now):
        return (
            f"At epoch {report.epochs[-1]:,} the loss has no curvature that is a finite number: the run has diverged."
        )
    if not has_limit(training):
        return (
            f"{standing}. {training.optimizer.title} scales every parameter by itself, so that 2/η is no limit for it."
        )
    name, batches = limit_formula(training), _of_batches(report)
    if not np.isfinite(limit):
        return f"{standing}; the learning rate is 0 there, and nothing moves. {_reached(report, name)}{batches}"
    name += f" = {limit:.4g}"
    if report.crossing is None:
        return f"{standing}, {_share(now / limit)} of {name}: steps along its direction still shrink.{batches}"
    return f"{standing}. {_reached(report, name)}{batches}"


def _reached(report: SharpnessReport, name: str) -> str:
    """Return when sharpness had reached the limit of that name, and whether it has stayed there."""
    if report.crossing is None:
        return f"At no epoch measured had it reached {name}."
    by, ratio = f"It had reached {name} by epoch {report.crossing:,}", report.late_ratio()
    if np.isnan(ratio):
        return f"{by}."
    where = "Training is at the edge of stability." if _NEAR[0] <= ratio <= _NEAR[1] else "It has not stayed there."
    return f"{by}, and is {_share(ratio)} of that in the median of the later half. {where}"


def _of_batches(report: SharpnessReport) -> str:
    """Return what batches change about the limit; empty where steps see all samples."""
    if report.full_batch:
        return ""
    return (
        f" Steps see {report.training.batch_size:,} samples at a time; the limit is that of steps that see them all, "
        "and the noise of batches keeps sharpness below it."
    )


def _text(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _share(ratio: float) -> str:
    """Return a share of the limit: two decimals where they say something, else three figures."""
    return (f"{ratio:.2f}" if 0.01 <= abs(ratio) < 100.0 else f"{ratio:.3g}").replace("-", "−")


class SharpnessStudy(StatesStudy[SharpnessReport, Point]):
    """Measures sharpness at the states that were kept of a run, without training anything again.

    Raises SettingsError where nothing was kept. It fails with a sentence for a network that is too large.
    """

    title = "sharpness study"

    def __init__(self, prepare: Prepare, states: Iterable[Kept], follow: bool = False) -> None:
        super().__init__(prepare, states, NOTHING, follow)
        self._hessian: tuple[Kept, SplitData, LossHessian] | None = None

    def measure(self, kept: Kept, data: SplitData) -> Point:
        training, hessian = kept.experiment.training, self._hessian_for(kept, data)
        at = hessian.at(kept.state.parameters, kept.state.buffers, self.go_on)
        found = at.largest()
        limit = stability_limit(training, kept.epoch)
        full = training.batch_size >= len(data.train)
        return Point(found.value, found.error, limit, at.loss(), training, full)

    def made_of(self, points: dict[int, Point]) -> SharpnessReport:
        columns = np.array([(p.sharpness, p.error, p.limit, p.loss) for p in points.values()]).T
        last = points[max(points)].training
        full = all(p.full_batch for p in points.values())
        return SharpnessReport(np.array(list(points)), columns[0], columns[1], columns[2], columns[3], last, full)

    def _hessian_for(self, kept: Kept, data: SplitData) -> LossHessian:
        """Return the Hessian under some settings; the last one is used again where nothing in it has changed."""
        before = self._hessian
        if before is None or before[1] is not data or _loss_differs(before[0], kept):
            self._hessian = before = (kept, data, LossHessian(kept.experiment.network, kept.experiment.training, data))
        return before[2]


def _loss_differs(one: Kept, other: Kept) -> bool:
    """Say whether two experiments make different functions of the same parameters small."""
    if one.experiment is other.experiment:
        return False
    paths = {change.path for change in differences(one.experiment, other.experiment)}
    return any(path.startswith(("network", "training.")) and path not in _NO_MATTER for path in paths)


_NO_MATTER = {f"training.{name}" for name in ("learning_rate", "epochs", "patience", "gradient_clip", "batch_size")}
"""Settings that change steps and not what they make small; of others, a Hessian is made anew needlessly at worst."""
