"""The evidence criterion along a run: is the gradient of the training samples more than the chance of drawing them?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.criteria import Call, call_by_evidence, evidence_statistic, signal_to_noise
from nnviz.data.dataset import SplitData
from nnviz.engines.choose import plan_for
from nnviz.engines.engine import Engine
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
from nnviz.history.chapters import chapter_at
from nnviz.project.library import Library
from nnviz.settings import differences
from nnviz.studies.repeating import Way, exactness, matches, passes
from nnviz.studies.sample_gradients import SampleGradients
from nnviz.studies.study import Study

Floats = NDArray[np.float64]

FEWEST_MARKS, MARKS = 50, 400
"""Epochs that are measured first, half of them evenly spaced in their logarithm, so that they are dense early: the more
the cheaper one is, as batches make the criterion noisy, and then the first epoch at which it holds is one of many."""

_VALUES = 200_000_000
"""Gradients of single samples that are measured for it in all: a few seconds."""

FINER = 16
"""Epochs measured between the two of them where the criterion comes to hold."""

_FIRST_SHARE = 0.8
"""Of the work, which the first passage is."""

_MANY_STILL = 0.1
"""Share of parameters without any gradient from which on it is told of."""


@dataclass(frozen=True)
class Point:
    """What was measured at one epoch: see `EvidenceReport`."""

    statistic: float
    signal: float
    loss: float
    samples: int
    batch: int
    still: float


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class EvidenceReport:
    """The evidence criterion at epochs (t,), ascending; all arrays are (t,).

    `statistic`: 1 − n · mean_d(g_d² / (Var_d + ε)), with mean g and variance Var of the loss gradients of the n
    training samples one by one; above 0 the criterion holds (Mahsereci et al. 2017). `signal`: mean_d(g_d² / Var_d),
    the gradient signal-to-noise ratio of a single sample, averaged over parameters (Liu et al. 2020, "Understanding why
    neural networks generalize well through GSNR of parameters"). `loss`: the mean training loss in evaluation mode
    against the training targets. `samples`: n, changed copies not counted. `batch`: samples per step, at most n.
    `still`: the share of parameters whose gradient is 0 for every sample; they count as without signal.

    `training`: the settings at the end. `exact` says whether the network was, bit for bit, that of the run; None where
    it is not known.
    """

    epochs: NDArray[np.int64]
    statistic: Floats
    signal: Floats
    loss: Floats
    samples: NDArray[np.int64]
    batch: NDArray[np.int64]
    still: Floats
    training: TrainingSettings = field(default_factory=TrainingSettings)
    exact: bool | None = None

    @property
    def call(self) -> Call:
        """The first measured epoch at which the criterion holds."""
        return call_by_evidence(self.epochs, self.statistic)

    @property
    def batch_statistic(self) -> Floats:
        """The mean of the criterion over all batches that can be drawn, with their own gradient and the variance above.

        A batch of B of n samples, drawn without putting back, has a mean gradient with variance Var (1 − B/n) / B about
        g, so that the mean of 1 − B · mean_d(g_B² / Var) is B/n times the statistic of all samples: it comes to hold at
        the same epoch, while single batches scatter about it.
        """
        return np.asarray(self.statistic * self.batch / self.samples)

    @property
    def batch_signal(self) -> Floats:
        """Signal over noise of the gradient of a whole batch; below 1 a step is more noise than signal."""
        return np.asarray(self.signal * self.batch)


_NONE: Floats = np.zeros(0)
_NO_COUNTS = np.zeros(0, np.int64)

NOTHING = EvidenceReport(_NO_COUNTS, _NONE, _NONE, _NONE, _NO_COUNTS, _NO_COUNTS, _NONE)
"""The report before anything is known."""


class EvidenceStudy(Study[EvidenceReport]):
    """Trains the run in front again, exactly, and measures the gradients of single training samples on the way.

    It goes through the run itself rather than the states kept of it: those are where memory had room for them, and an
    onset should not depend on that. 50 to 400 epochs come first; then up to 16 between the last one at which
    the criterion did not hold yet and the first at which it does. Nothing held out is looked at.

    The criterion is derived for plain gradient descent, with all samples or with batches. It takes the gradient of all
    n training samples as one draw of n from the world, whether steps see them all or a part: see `batch_statistic`. It
    takes parameters for independent of one another; as their gradients go together, it scatters more than it would.
    """

    title = "evidence study"

    def __init__(self, way: Way, library: Library) -> None:
        super().__init__(NOTHING, threads=1)
        self.way, self._library = way, library
        self._points: dict[int, Point] = {}
        self._exact: bool | None = None
        self._gradients: tuple[Experiment, SplitData, SampleGradients] | None = None

    def study(self) -> None:
        marks = self.way.marks(self._affordable()).tolist()
        self.begin_training()
        for engine in passes(self.way, self._library.prepare, marks, self.stopped):
            self._note(engine, 0.0, _FIRST_SHARE)
        between = self._between()
        if between and not self.stopped():
            for engine in passes(self.way, self._library.prepare, between, self.stopped):
                if self._note(engine, _FIRST_SHARE, 1.0 - _FIRST_SHARE) > 0.0:
                    break

    def _affordable(self) -> int:
        """Return how many epochs are measured first."""
        experiment = self.way.experiment
        data = self._library.prepare(experiment.data)
        size = plan_for(experiment.network, experiment.training, data).n_parameters * len(data.train)
        return int(np.clip(_VALUES // max(1, size), FEWEST_MARKS, MARKS))

    def _note(self, engine: Engine, done: float, share: float) -> float:
        """Measure a network and tell what is known; return the statistic."""
        point = self._measure(engine)
        self._points[engine.epoch] = point
        same = matches(engine, self.way)
        self._exact = same if same is not None else self._exact
        passed = (engine.epoch - self.way.start) / max(1, self.way.end - self.way.start)
        self.tell(self._report_of(), done + share * passed)
        return point.statistic

    def _measure(self, engine: Engine) -> Point:
        experiment = self._experiment_at(engine)
        gradients, state = self._gradients_for(experiment, engine.data), engine.state()
        found = gradients.moments(state.parameters, state.buffers, self.go_on)
        return Point(
            evidence_statistic(found.mean, found.variance, found.samples),
            float(np.mean(signal_to_noise(found.mean, found.variance))),
            found.loss,
            found.samples,
            min(experiment.training.batch_size, found.samples),
            float(np.mean((found.variance == 0.0) & (found.mean == 0.0))),
        )

    def _experiment_at(self, engine: Engine) -> Experiment:
        """Return the settings in force where an engine is."""
        chapters = self.way.recording.chapters
        return chapters[chapter_at(chapters, (engine.epoch, engine.position))].experiment

    def _gradients_for(self, experiment: Experiment, data: SplitData) -> SampleGradients:
        """Return the gradients under some settings; the last ones are used again where nothing in them has changed."""
        before = self._gradients
        if before is None or before[1] is not data or _loss_differs(before[0], experiment):
            made = SampleGradients(experiment.network, experiment.training, data)
            self._gradients = before = (experiment, data, made)
        return before[2]

    def _between(self) -> list[int]:
        """Return epochs between the last one before the criterion held and the first at which it did."""
        called = self.report().call.epoch
        before = [epoch for epoch in self._points if called is not None and epoch < called]
        if called is None or not before:
            return []
        inside = np.linspace(max(before), called, FINER + 2).round().astype(np.int64)
        return [int(epoch) for epoch in np.unique(inside) if epoch not in self._points]

    def _report_of(self) -> EvidenceReport:
        points = dict(sorted(self._points.items()))
        statistic, signal, loss, still = np.array([(p.statistic, p.signal, p.loss, p.still) for p in points.values()]).T
        samples, batch = np.array([(p.samples, p.batch) for p in points.values()], np.int64).T
        epochs, training = np.array(list(points), np.int64), self.way.experiment.training
        return EvidenceReport(epochs, statistic, signal, loss, samples, batch, still, training, self._exact)


def sentence(report: EvidenceReport, way: Way) -> str:
    """Return what a report says, in a few sentences; empty where nothing is measured."""
    if not len(report.epochs):
        return ""
    said = [_when(report), _of_batches(report), _reservation(report.training), _of_still_ones(report)]
    said.append(exactness(way, report.exact))
    return " ".join(each for each in said if each)


def _when(report: EvidenceReport) -> str:
    """Return when the criterion holds, and whether it stays so."""
    epoch, n = report.call.epoch, int(report.samples[-1])
    if epoch is None:
        nearest = int(np.nanargmax(report.statistic)) if np.isfinite(report.statistic).any() else 0
        return (
            f"The gradient of the {n:,} training samples says more than chance at all {len(report.epochs):,} epochs "
            f"measured, up to {report.epochs[-1]:,}; the criterion came nearest to 0 at epoch "
            f"{report.epochs[nearest]:,}, with {_number(report.statistic[nearest])}."
        )
    row = int(np.searchsorted(report.epochs, epoch))
    n, later = int(report.samples[row]), report.statistic[row + 1 :]
    when = (
        f"At epoch {epoch:,} the gradient of the {n:,} training samples is for the first time no larger than the "
        f"chance of drawing them makes it (criterion {_number(report.statistic[row])})"
    )
    if not len(later):
        return f"{when}."
    return f"{when}; so it is at {int((later > 0.0).sum()):,} of the {len(later):,} epochs measured later."


def _of_batches(report: EvidenceReport) -> str:
    """Return from when on a step was more noise than signal; empty where steps see all samples."""
    batch = int(report.batch[-1])
    if batch >= report.samples[-1]:
        return ""
    clear = np.flatnonzero(~(report.batch_signal < 1.0))
    if not len(clear):
        return f"A batch of {batch:,} is more noise than signal at every epoch measured."
    if clear[-1] + 1 == len(report.epochs):
        return f"A batch of {batch:,} is still more signal than noise."
    return f"A batch of {batch:,} is more noise than signal from epoch {report.epochs[clear[-1] + 1]:,} on."


def _reservation(training: TrainingSettings) -> str:
    """Return what keeps the criterion from being exact for these settings; empty for plain SGD."""
    said = []
    if training.optimizer.kind != "sgd":
        said.append(f"The criterion is derived for plain SGD; with {training.optimizer.title} it is approximate.")
    if training.weight_decay or training.l1:
        said.append(
            "It looks at the loss alone: what L1 or L2 pulls at the weights stands against its gradient, which may so "
            "never become small."
        )
    return " ".join(said)


def _of_still_ones(report: EvidenceReport) -> str:
    """Return how many parameters have no gradient at all, where they are many."""
    epoch = report.call.epoch
    row = -1 if epoch is None else int(np.searchsorted(report.epochs, epoch))
    share = float(report.still[row])
    if share < _MANY_STILL:
        return ""
    return f"{100 * share:.0f} % of the parameters have no gradient for any sample there, and count as without signal."


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _loss_differs(one: Experiment, other: Experiment) -> bool:
    """Say whether two experiments make different functions of the same parameters small."""
    if one is other:
        return False
    paths = {change.path for change in differences(one, other)}
    return any(path.startswith(("network", "training.loss", "training.label_smoothing")) for path in paths)
