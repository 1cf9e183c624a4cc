"""What a network learned of every single training sample, and which of them it only knows by heart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis import memorisation as history
from nnviz.data.dataset import DataError, Part, SplitData
from nnviz.data.plane import Plane, make_plane
from nnviz.data.settings import PlaneSettings
from nnviz.data.subset import with_training_rows
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Engine
from nnviz.engines.losses import Loss
from nnviz.experiment import Experiment
from nnviz.probes.surface import Surface
from nnviz.project.library import Library
from nnviz.studies.repeating import Way, matches, outputs_on, passes
from nnviz.studies.study import Study, train_through

MARKS = 400
"""Epochs at which samples are looked at, unless there are so many of them that fewer have to do."""

SHARE = 0.7
"""Of the training samples that each network of the ensemble learns from, as in Feldman & Zhang 2020."""

_VALUES = 12_000_000
"""Samples times epochs that are kept: about 110 MB."""

_FEWEST_MARKS = 40

Sign = Literal["early loss", "loss", "margin", "held out", "early loss and held out"]
"""What a wrong label is recognised by; see `Report.suspicion`."""

SIGNS: tuple[Sign, ...] = ("early loss", "loss", "margin", "held out", "early loss and held out")
"""The first one ranked best on the bundled experiments with label noise: average precision 0.88 to 0.98 on noisy
labels, wine, breast cancer and digits, where the mean loss had 0.63 to 0.98 and the margin 0.50 to 0.99, since what is
learned by heart in a long training spoils these two. On the spirals, which take long to learn, held out was best (0.86,
early loss 0.63). By chance it would be 0.10 to 0.20."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Path:
    """What was measured of every training sample (n) at some epochs (t,), against the label that it has.

    margins, losses: (t, n) float32, losses as the experiment's loss counts one sample; correct: (t, n). All in
    evaluation mode. `exact` says whether the network was, bit for bit, the one that the run had been; None before, or
    where nothing was kept to compare with.
    """

    epochs: NDArray[np.int64]
    margins: NDArray[np.float32]
    losses: NDArray[np.float32]
    correct: NDArray[np.bool_]
    exact: bool | None = None

    @cached_property
    def first_learned(self) -> NDArray[np.int64]:
        """The first epoch at which each sample was correct."""
        return history.first_learned(self.correct, self.epochs)

    @cached_property
    def learned_for_good(self) -> NDArray[np.int64]:
        """The epoch from which on it stayed so."""
        return history.learned_for_good(self.correct, self.epochs)

    @cached_property
    def forgotten(self) -> NDArray[np.int64]:
        """How often each sample was forgotten from one of the epochs to the next."""
        return history.forgetting_events(self.correct)

    @cached_property
    def margin(self) -> NDArray[np.float64]:
        """The area under the margin of each sample, without the untrained network."""
        return history.mean_over_epochs(self.margins[self._trained], self.epochs[self._trained])

    @cached_property
    def loss(self) -> NDArray[np.float64]:
        """The mean loss of each sample over the epochs, without the untrained network."""
        return history.mean_over_epochs(self.losses[self._trained], self.epochs[self._trained])

    @cached_property
    def early_loss(self) -> NDArray[np.float64]:
        """The mean loss of each sample over the logarithm of the epoch, without the untrained network."""
        epochs = self.epochs[self._trained]
        return history.mean_over_epochs(self.losses[self._trained], epochs, log=bool(len(epochs) and epochs[0] > 0))

    @property
    def every_epoch(self) -> bool:
        """Whether no epoch was left out, so that no forgetting event can have been missed."""
        return bool((np.diff(self.epochs) == 1).all())

    @property
    def _trained(self) -> slice:
        return slice(int(len(self.epochs) > 1 and self.epochs[0] == 0), None)


@dataclass(frozen=True, eq=False)
class Crowd:
    """Networks that were trained on random parts of the training samples.

    masks (K, n): which samples each was trained on; correct (K, n): whether it answers their labels. Of `wanted`
    networks `diverged` could not be used.
    """

    masks: NDArray[np.bool_]
    correct: NDArray[np.bool_]
    wanted: int
    diverged: int = 0

    @cached_property
    def memorised(self) -> history.Memorisation:
        """The memorisation score of every training sample."""
        return history.memorisation(self.correct, self.masks)


@dataclass(frozen=True, eq=False)
class Report:
    """What is known so far. `surface` is what the repeated network answers over the plane, once it is there."""

    data: SplitData | None = None
    plane: Plane | None = None
    path: Path | None = None
    crowd: Crowd | None = None
    surface: NDArray[Any] | None = None

    def suspicion(self, sign: Sign) -> NDArray[np.float64] | None:
        """Return how much each label looks wrong, (n,): by the sign chosen; None while that is not known.

        "early loss": the mean loss over the logarithm of the epoch; labels that fit are learned first (Arpit et al.
        2017). "loss": the plain mean over epochs, the small-loss criterion of Han et al. 2018. "margin": minus the area
        under the margin (Pleiss et al. 2020). "held out": the share of the networks trained without the sample that
        contradict its label. The last one is the mean rank of two of these.
        """
        path, crowd = self.path, self.crowd
        held_out = None if crowd is None else 1.0 - crowd.memorised.without_it
        if sign == "held out":
            return held_out
        if path is None or not len(path.epochs):
            return None
        if sign == "early loss and held out":
            return None if held_out is None else history.mean_rank(path.early_loss, held_out)
        return {"early loss": path.early_loss, "loss": path.loss, "margin": -path.margin}[sign]


class MemorisationStudy(Study[Report]):
    """Trains the run in front again, and watches every training sample on the way; then K networks on parts of them.

    The repetition follows all that was changed on the way of the run. The networks of the ensemble differ in their
    samples, initial weights and order; they are trained from the beginning with the settings that the run ended with,
    for as many epochs. `networks` 0 leaves them out. A regression is refused: nothing is right or wrong there.
    """

    title = "study of single samples"

    def __init__(
        self, way: Way, library: Library, plane: PlaneSettings, networks: int = 0, threads: int | None = None
    ) -> None:
        super().__init__(Report(), threads)
        self.way, self.networks = way, networks
        self._library, self._plane = library, plane

    def study(self) -> None:
        experiment = self.way.experiment
        data = self._library.prepare(experiment.data)
        if data.task != "classification":
            raise DataError(
                "The run in front learns values, and none of them is right or wrong, so nothing can be said to be "
                "learned by heart; take a run that learns classes."
            )
        self.tell(Report(data, make_plane(self._plane, data)))
        self.begin_training()
        paths = 1.0 / (1.0 + SHARE * self.networks / self.threads)  # about the share of the time that it takes
        self._watch(data, paths)
        if self.networks and not self.stopped():
            self._train_crowd(experiment, data, paths)

    def _watch(self, data: SplitData, share: float) -> None:
        """Repeat the run, and write down what becomes of each sample."""
        way, n = self.way, len(data.real_train)
        marks = way.marks(int(np.clip(_VALUES // max(1, n), _FEWEST_MARKS, MARKS)))
        notes = _Notes(len(marks), n)
        exact: bool | None = None
        engine: Engine | None = None
        for engine in passes(way, self._library.prepare, marks.tolist(), self.stopped):
            same = matches(engine, way)
            exact = same if same is not None else exact
            outputs = outputs_on(engine, data, data.real_train.x)
            if outputs is not None:
                notes.add(engine, outputs, data)
            done = (engine.epoch - way.start) / max(1, way.end - way.start)
            self.tell(self._with(path=notes.path(exact)), share * done)
        if engine is not None and engine.plan.input_shape == data.input_shape:
            plane = self.report().plane
            assert plane is not None
            surface = Surface().measure(engine, plane)
            surface.setflags(write=False)
            self.tell(self._with(surface=surface))

    def _train_crowd(self, experiment: Experiment, data: SplitData, share: float) -> None:
        """Train networks on random parts, and keep whether they are right."""
        part = data.real_train
        masks, correct = np.zeros((2, self.networks, len(part)), bool)
        used = diverged = 0

        def one(number: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
            mask = random_part(experiment.seed, number, len(part))
            samples = with_training_rows(data, np.flatnonzero(mask))
            return mask, answers(experiment, samples, part, number + 1, self.way.end, self)

        for _, (mask, found) in self.each(range(self.networks), one):
            if found is None and self.stopped():
                continue
            if found is None:
                diverged += 1
                continue
            masks[used], correct[used] = mask, found
            used += 1
            crowd = Crowd(masks[:used], correct[:used], self.networks, diverged)
            done = (used + diverged) / self.networks
            self.tell(self._with(crowd=crowd), share + (1.0 - share) * done)

    def _with(self, **parts: Any) -> Report:
        """Return the report with some parts replaced."""
        before = self.report()
        known = {name: getattr(before, name) for name in ("data", "plane", "path", "crowd", "surface")}
        return Report(**{**known, **parts})


class _Notes:
    """Grows by a row per epoch; what was handed out does not change any more."""

    def __init__(self, most: int, n: int) -> None:
        self._epochs = np.zeros(most, np.int64)
        self._margins, self._losses = np.zeros((2, most, n), np.float32)
        self._correct = np.zeros((most, n), bool)
        self._count = 0

    def add(self, engine: Engine, outputs: NDArray[np.float32], data: SplitData) -> None:
        """Write down what a network answers for each training sample."""
        at, targets = self._count, data.real_train.targets
        self._epochs[at] = engine.epoch
        with np.errstate(over="ignore", invalid="ignore"):  # of a network that diverges
            self._margins[at] = history.margins(outputs, targets)
            self._losses[at] = sample_losses(engine.loss, outputs, targets, data.n_classes)
        self._correct[at] = engine.loss.classes(outputs) == targets
        self._count += 1

    def path(self, exact: bool | None) -> Path:
        """Return what there is."""
        rows = slice(0, self._count)
        return Path(self._epochs[rows], self._margins[rows], self._losses[rows], self._correct[rows], exact)


def random_part(seed: int, number: int, n: int, share: float = SHARE) -> NDArray[np.bool_]:
    """Return which of n samples the network of a number in an ensemble learns from: a random share of them, (n,)."""
    mask = np.zeros(n, bool)
    mask[np.random.default_rng([seed, 70, number]).permutation(n)[: max(1, round(share * n))]] = True
    return mask


def answers(
    experiment: Experiment, samples: SplitData, part: Part, offset: int, epochs: int, study: Study[Any]
) -> NDArray[np.bool_] | None:
    """Train a network on some samples; return whether it is right on each of a part, (n,).

    `offset` sets its seed apart. None where it was stopped, or diverged.
    """
    seed = (experiment.seed + offset) % 2**31
    engine = make_engine(experiment.network, experiment.training, samples, seed)
    if not list(train_through(engine, [epochs], study.stopped)):
        return None
    return np.asarray(engine.loss.classes(engine.predict(part.x)) == part.targets)


def sample_losses(loss: Loss, outputs: NDArray[Any], targets: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """Return the loss of each sample by itself: (n,), whose mean is the loss of them all.

    `outputs` (n, outputs) are those of a network, `targets` (n,) classes or scaled values.
    """
    f = np.asarray(outputs, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        if loss.kind == "cross-entropy":
            top = f.max(axis=1)
            return np.asarray(top + np.log(np.exp(f - top[:, None]).sum(axis=1)) - f[np.arange(len(f)), targets])
        y = np.asarray(loss.encode(targets, n_classes), np.float64)
        if loss.kind == "binary-cross-entropy":
            return np.asarray((np.logaddexp(0.0, f) - y * f).sum(axis=1))
        if loss.kind in ("squared", "scaled-squared"):
            return np.asarray(((f - y) ** 2).sum(axis=1))
    return _one_by_one(loss, outputs, targets, n_classes)


def _one_by_one(loss: Loss, outputs: NDArray[Any], targets: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """Ask the loss itself, for one sample after the other: slower, and right for any."""
    import torch

    f, y = torch.tensor(outputs, dtype=torch.float64), torch.tensor(loss.encode(targets, n_classes))
    y = y if y.dtype == torch.int64 else y.to(torch.float64)
    return np.array([float(loss.torch(f[i : i + 1], y[i : i + 1])) for i in range(len(f))])
