"""What single training samples do to a network: it is trained again without them, or with other labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.memorisation import mean_effect
from nnviz.data.dataset import DataError, SplitData
from nnviz.data.drawings import editing
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.plane import Plane, make_plane
from nnviz.data.settings import DataSettings, PlaneSettings
from nnviz.data.split import split_indices
from nnviz.data.subset import with_training_rows, with_training_targets
from nnviz.engines.engine import Engine
from nnviz.probes.surface import Surface
from nnviz.project.library import Library
from nnviz.studies.memorisation import answers, random_part
from nnviz.studies.repeating import Way, matches, passes, rows_in
from nnviz.studies.study import Study
from nnviz.training.replay import Prepare

Deed = Literal["remove", "relabel"]

CONTROLS = 4
"""Twins in which as many other samples, drawn at random, are treated alike: what the deed does by itself."""

ONE_BY_ONE = 300
"""Training samples up to which each is left out by itself; beyond, networks learn from random parts."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Answer:
    """What a network answers at the end: over the plane, and its loss and error on the test part.

    `surface` is (h, w, classes), (h, w) or (n,), as the probe of that name measures it. `finite` is not set where it
    diverged.
    """

    surface: NDArray[Any]
    test_loss: float
    test_error: float
    train_loss: float

    @property
    def finite(self) -> bool:
        """Whether it can be compared with."""
        return bool(np.isfinite(self.surface).all() and np.isfinite(self.test_loss))


@dataclass(frozen=True, eq=False)
class Comparison:
    """The run repeated, its twin, and controls; None and () as long as they are not trained.

    `rows` are the training samples that something was done to, `labels` the classes that they were given, None where
    they were removed. `exact` says whether the repetition was, bit for bit, the run. `same_order` says whether the
    twin saw its samples in the order of the run.
    """

    data: SplitData | None = None
    plane: Plane | None = None
    rows: NDArray[np.intp] | None = None
    labels: NDArray[np.int64] | None = None
    run: Answer | None = None
    twin: Answer | None = None
    controls: tuple[Answer, ...] = ()
    exact: bool | None = None
    same_order: bool = True

    @property
    def can_have_controls(self) -> bool:
        """Whether more samples were left alone than chosen, so that controls can draw as many of them at random."""
        return self.data is not None and self.rows is not None and 2 * len(self.rows) < len(self.data.real_train)


def changed_share(before: NDArray[Any], after: NDArray[Any]) -> float:
    """Return how much of the plane is answered otherwise.

    Of class probabilities (h, w, classes) that is the share of points where another class is the most probable one; of
    values the root mean square of their difference.
    """
    if before.ndim == 3:
        return float((before.argmax(axis=2) != after.argmax(axis=2)).mean())
    return float(np.sqrt(np.mean((np.asarray(after, np.float64) - before) ** 2)))


class LeaveOut(Study[Comparison]):
    """Repeats the run in front, trains its twin without some samples or with other labels for them, and compares.

    The twin has the same initial weights, dropout masks and changes of settings. With other labels it also sees the
    samples in the same order: nothing differs but the labels. Without some of them the order of the others cannot be
    kept where an epoch has several batches, because it is drawn for as many samples as there are; with one batch an
    epoch it is the same. Controls show how much of a difference is due to that: twins in which as many other samples,
    chosen at random, were removed, or given a wrong class, instead. Where half of the samples or more are chosen there
    are none: not enough others are left to draw from.

    `labels` (m,) are the new classes of `rows` (m,), numbers of real training samples; None removes them. For a
    regression samples can only be removed.
    """

    title = "study of influence"

    def __init__(
        self,
        way: Way,
        library: Library,
        plane: PlaneSettings,
        rows: NDArray[np.intp],
        labels: NDArray[np.int64] | None = None,
        controls: int = CONTROLS,
        threads: int | None = None,
    ) -> None:
        super().__init__(Comparison(), threads)
        self.way, self.rows, self.labels = way, np.unique(rows), labels
        if labels is not None:
            order = np.argsort(rows, kind="stable")
            self.rows, self.labels = np.asarray(rows)[order], np.asarray(labels)[order]
        self.controls = controls
        self._library, self._plane = library, plane

    def study(self) -> None:
        data = self._library.prepare(self.way.experiment.data)
        self._check(data)
        plane, batch = make_plane(self._plane, data), self.way.experiment.training.batch_size
        same_order = self.labels is not None or batch >= len(data.train)
        self.tell(Comparison(data, plane, self.rows, self.labels, same_order=same_order))
        self.begin_training()
        jobs: list[tuple[str, NDArray[np.intp], NDArray[np.int64] | None]]
        jobs = [("run", self.rows[:0], None), ("twin", self.rows, self.labels)]
        if self.report().can_have_controls:
            jobs += [("control", *self._control(data, number)) for number in range(self.controls)]
        done, total = 0, len(jobs)

        def train(job: tuple[str, NDArray[np.intp], NDArray[np.int64] | None]) -> tuple[Answer, bool | None] | None:
            kind, rows, labels = job
            prepare = changed(self._library.prepare, self.way.experiment.data, rows, labels)
            exact, last = None, None
            marks = sorted({self.way.end} | ({self.way.check.epoch} if self.way.check and kind == "run" else set()))
            for engine in passes(self.way, prepare, [each for each in marks if each >= self.way.start], self.stopped):
                same = matches(engine, self.way) if kind == "run" else None
                exact = same if same is not None else exact
                last = engine
            if last is None or last.epoch < self.way.end:
                return None
            return answer(last, data, plane), exact

        for (kind, _, _), found in self.each(jobs, train):
            done += 1
            if found is None and not self.stopped():
                raise DataError("A twin of this run diverged, so there is nothing to compare; lower its learning rate.")
            if found is None:
                continue
            before = self.report()
            if kind == "control":
                self.tell(replace(before, controls=(*before.controls, found[0])), done / total)
            elif kind == "run":
                self.tell(replace(before, run=found[0], exact=found[1]), done / total)
            else:
                self.tell(replace(before, twin=found[0]), done / total)

    def _check(self, data: SplitData) -> None:
        n = len(data.real_train)
        if not len(self.rows):
            raise DataError("No training sample is chosen; click some of them, or drag a rectangle around them.")
        if self.labels is not None and data.task != "classification":
            raise DataError("Values have no other label; samples of a regression can be removed only.")
        if self.labels is None and n - len(self.rows) < 2:
            raise DataError(f"Of {n} training samples at least two must stay; choose fewer.")

    def _control(self, data: SplitData, number: int) -> tuple[NDArray[np.intp], NDArray[np.int64] | None]:
        """Return as many other samples at random, and wrong classes for them where samples are relabelled."""
        rng = np.random.default_rng([self.way.experiment.seed, 40, number])
        others = np.setdiff1d(np.arange(len(data.real_train)), self.rows)
        rows = np.sort(rng.choice(others, len(self.rows), replace=False))
        if self.labels is None:
            return rows, None
        steps = rng.integers(1, max(2, data.n_classes), len(rows))
        return rows, (data.real_train.targets[rows] + steps) % data.n_classes


def changed(
    prepare: Prepare, wanted: DataSettings, rows: NDArray[np.intp], labels: NDArray[np.int64] | None
) -> Prepare:
    """Return a function that prepares samples as before, but for some: removed, or with other labels.

    `rows` number the real training samples under the settings `wanted`; their changed copies are treated alike.
    """
    if not len(rows):
        return prepare

    def changing(settings: DataSettings) -> SplitData:
        data = prepare(settings)
        n, times = len(data.real_train), 1 + data.copies
        here, which = rows_in(settings, data, rows, wanted)
        if labels is None:
            return with_training_rows(data, np.setdiff1d(np.arange(n), here))
        targets, noisy = data.real_train.targets.copy(), data.real_train.noisy.copy()
        true = prepare(settings.replace(label_noise=0.0)).real_train.targets
        targets[here] = labels[which]
        noisy[here] = targets[here] != true[here]
        return with_training_targets(data, np.tile(targets, times), np.tile(noisy, times))

    return changing


def without(
    drawing: Drawing, settings: DataSettings, rows: NDArray[np.intp], labels: NDArray[np.int64] | None
) -> Drawing:
    """Return a drawing without some of its training samples, or with other classes for them.

    `rows` number the real training samples under `settings`. All others keep their side of the split.
    """
    points = split_indices(drawing.load(settings.seed), settings)[0][rows]

    def mask(which: NDArray[np.intp]) -> NDArray[np.bool_]:
        found = np.zeros(drawing.n_points, bool)
        found[which] = True
        return found

    if labels is None:
        return editing.delete(drawing, mask(points))
    for label in np.unique(labels).tolist():
        drawing = editing.relabel(drawing, mask(points[labels == label]), label)
    return drawing


def answer(engine: Engine, data: SplitData, plane: Plane) -> Answer:
    """Return what a network answers, measured on the samples and the plane of `data`.

    Its own training samples may be fewer; scaling and plane are those that it was trained with.
    """
    surface = Surface().measure(engine, plane)
    surface.setflags(write=False)
    row = engine.measure()
    return Answer(surface, *(float(row[name][0]) for name in ("test_loss", "test_error", "train_loss")))


# ---------------------------------------------------------------- the most influential ones


@dataclass(frozen=True, eq=False)
class Effects:
    """What each training sample does to the test loss and error, as far as that is known: (n,), NaN where it is not.

    An effect is the measurement of a network trained with the sample minus that without it: below 0 the sample helps.
    `error` is the standard error of an effect, 0 where each sample was left out by itself (`one_by_one`), of `trained`
    networks out of `wanted`. Networks without one sample see their batches in the same order, which is not that of the
    run where an epoch has several: then each is compared with the mean of them all (`relative`). `moved` (n,) is
    the share of the plane, or for values the root mean square, that the answer changes by when the sample is left out.
    """

    data: SplitData | None = None
    plane: Plane | None = None
    one_by_one: bool = True
    loss: Floats | None = None
    test_error: Floats | None = None
    error: Floats | None = None
    moved: Floats | None = None
    run: Answer | None = None
    trained: int = 0
    wanted: int = 0
    relative: bool = False


class MostInfluential(Study[Effects]):
    """Finds the training samples with the largest effect on the test part.

    Up to `ONE_BY_ONE` samples the run is repeated once without each: exact, with the same initial weights. With more,
    networks learn from random parts (70 %), and effects on the test error are estimated as in Feldman & Zhang 2020.
    """

    title = "study of influence"

    def __init__(
        self, way: Way, library: Library, plane: PlaneSettings, networks: int = 100, threads: int | None = None
    ) -> None:
        super().__init__(Effects(), threads)
        self.way, self.networks = way, networks
        self._library, self._plane = library, plane

    def study(self) -> None:
        data = self._library.prepare(self.way.experiment.data)
        plane, n = make_plane(self._plane, data), len(data.real_train)
        if n <= ONE_BY_ONE:
            if n < 3:
                raise DataError(f"Of {n} training samples none can be spared; take more.")
            self._leave_each_out(data, plane)
        elif data.task == "classification":
            self._learn_parts(data, plane)
        else:
            raise DataError(
                f"For values each sample is left out by itself, and {n:,} of them are too many; choose a smaller train "
                f"share, up to {ONE_BY_ONE} samples."
            )

    def _leave_each_out(self, data: SplitData, plane: Plane) -> None:
        n = len(data.real_train)
        loss, error, moved = np.full((3, n), np.nan)
        self.begin_training()
        base = self._trained(data, plane, np.empty(0, np.intp))
        if base is None:
            return
        several = self.way.experiment.training.batch_size < len(data.train)
        known = Effects(data, plane, True, run=base, wanted=n, error=np.zeros(n), relative=several)
        self.tell(known, 1.0 / (n + 1))

        def leave(row: int) -> Answer | None:
            return self._trained(data, plane, np.array([row], np.intp))

        for done, (row, found) in enumerate(self.each(range(n), leave), start=1):
            if found is not None and found.finite:
                loss[row], error[row] = found.test_loss, found.test_error
                moved[row] = changed_share(base.surface, found.surface)
            effects = {}
            for name, each, whole in (("loss", loss, base.test_loss), ("error", error, base.test_error)):
                with_it = np.nanmean(each) if several and np.isfinite(each).any() else whole
                effects[name] = with_it - each
            now = replace(known, trained=done, loss=effects["loss"], test_error=effects["error"], moved=moved.copy())
            self.tell(now, (done + 1) / (n + 1))

    def _trained(self, data: SplitData, plane: Plane, rows: NDArray[np.intp]) -> Answer | None:
        """Return what the run answers at its end without some samples; None where it was stopped or diverged."""
        prepare = changed(self._library.prepare, self.way.experiment.data, rows, None)
        reached = list(passes(self.way, prepare, [self.way.end], self.stopped))
        return answer(reached[0], data, plane) if reached else None

    def _learn_parts(self, data: SplitData, plane: Plane) -> None:
        n, experiment = len(data.real_train), self.way.experiment
        masks, errors = np.zeros((self.networks, n), bool), np.zeros(self.networks)
        known, used = Effects(data, plane, False, wanted=self.networks), 0
        self.begin_training()
        base = self._trained(data, plane, np.empty(0, np.intp))
        known = replace(known, run=base)
        self.tell(known)

        def learn(number: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
            mask = random_part(experiment.seed, number, n)
            part = with_training_rows(data, np.flatnonzero(mask))
            return mask, answers(experiment, part, data.test, number + 1, self.way.end, self)

        for done, (_, (mask, found)) in enumerate(self.each(range(self.networks), learn), start=1):
            if found is None:
                continue
            masks[used], errors[used] = mask, 1.0 - found.mean()
            used += 1
            effect, spread = mean_effect(errors[:used], masks[:used])
            self.tell(replace(known, trained=used, test_error=effect, error=spread), done / self.networks)
