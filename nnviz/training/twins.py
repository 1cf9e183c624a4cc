"""Twin studies: what one change does to a training, over several seeds.

For every seed the baseline and each of its variants are trained from the same initial weights, with the samples in the
same order and the same dropout masks, as far as the change leaves them. Test errors are compared on the samples that
both have in their test parts, seed by seed, so that what remains of chance is judged by the spread over seeds alone;
the samples and their split stay the same.

A study trains on threads of its own and is polled: `progress` and `report` may be called at any time, from any thread.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.cures import JudgedAt
from nnviz.data.dataset import DataError, Dataset, Part, SplitData
from nnviz.data.split import split, split_indices
from nnviz.engines.choose import LossError, ShapeError, choice_for
from nnviz.engines.engine import Columns, Engine, error_of
from nnviz.experiment import Experiment
from nnviz.training.background import Background
from nnviz.training.trainer import End, Trainer
from nnviz.training.twin_report import Curves, Outcome, Progress, Report, State, Variant

log = logging.getLogger(__name__)

POINTS = 400
"""Most epochs at which curves are kept, however long a study trains."""

COLUMNS = ("train_loss", "train_error", "test_loss", "test_error")

_FIRST_TURN, _TURN = 0.001, 0.04
"""Seconds for which a member trains before its thread looks whether to go on: the first time, when it is not yet known
how long a step takes, and later."""

_MISTAKES = (DataError, ShapeError, LossError)
"""Errors whose text is a sentence for the user; all others are defects and are logged with their traceback."""

_SEEDS = 2**31
"""Seeds are below this number."""


def common_epochs(epochs: int, most: int = POINTS) -> NDArray[np.int64]:
    """Return at most `most` epochs from 0 to `epochs`: half of them evenly spaced, half so in their logarithm."""
    if epochs < most:
        return np.arange(epochs + 1)
    half = most // 2
    spaced = np.concatenate([np.linspace(0, epochs, half), np.geomspace(1, epochs, half)])
    return np.unique(spaced.round().astype(np.int64))


class TwinStudy(Background):
    """Trains a baseline and variants of it for every seed, side by side. Use it in a `with` statement, or `close` it.

    A seed is used by all: the baseline's own, the next one, and so on. Each training gives the numbers that its
    experiment gives alone, bit for bit, and ends where that would, at the latest after `epochs` epochs. It begins with
    all variants of the first seed. Raises ValueError for fewer than one epoch or seed.
    """

    def __init__(
        self,
        baseline: Experiment,
        variants: Sequence[Variant | tuple[str, Experiment, JudgedAt]],
        epochs: int,
        seeds: int = 5,
        threads: int | None = None,
    ) -> None:
        if epochs < 1 or seeds < 1:
            raise ValueError(f"A twin study needs at least one epoch and one seed, not {epochs} and {seeds}.")
        super().__init__("twins")
        self.baseline, self.variants = baseline, tuple(Variant(*variant) for variant in variants)
        self.epochs, self.points = epochs, common_epochs(epochs)
        self.seeds = tuple((baseline.seed + number) % _SEEDS for number in range(seeds))
        self._twins = [_Twin(Variant(baseline.name, baseline)), *(_Twin(variant) for variant in self.variants)]
        self._threads = max(1, min(threads or os.cpu_count() or 1, seeds * len(self._twins)))
        self._waiting: deque[tuple[_Twin, _Member]] = deque()
        self._state: State = "waiting"
        self._text = ""
        self._target = ""
        self._share = 0.0
        self._all_cores = threading.Lock()

    # ------------------------------------------------------------ what can be polled

    def progress(self) -> Progress:
        """Return how it stands. The share never falls."""
        state, text = self._state, self._text
        members = [member for twin in self._twins for member in twin.members]
        spent, left = sum(member.seconds for member in members), self._seconds_left()
        if state == "finished":
            return Progress(state, 1.0, 0.0, text)
        total = sum(left)
        if spent > 0.0 and np.isfinite(total):
            self._share = max(self._share, spent / (spent + total))
        seconds = 0.0 if state in ("cancelled", "failed") else max(total / self._threads, max(left, default=0.0))
        return Progress(state, self._share, seconds if spent > 0.0 else float("nan"), text)

    def report(self) -> Report:
        """Return the results so far."""
        baseline, *variants = self._twins
        outcomes = tuple(self._outcome(twin, number) for number, twin in enumerate(variants))
        epochs = np.array([member.judged_epoch for member in self._members(baseline)], np.int64)
        return Report(self.points, self.seeds, self._curves(baseline), epochs, outcomes, self._target)

    def _outcome(self, twin: _Twin, number: int) -> Outcome:
        """Return the outcome of a variant; `number` is that of its samples among those the baseline is tested on."""
        own, other = self._members(twin), self._members(self._twins[0])
        problem = twin.problem or next((member.problem for member in own if member.problem), "")
        return Outcome(
            name=twin.name,
            experiment=twin.experiment,
            judged_at=twin.judged_at,
            curves=self._curves(twin),
            shared_error=np.stack([member.shared[0] for member in own]),
            baseline_shared_error=np.stack([member.shared[number] for member in other]),
            error=np.array([member.judged[0] for member in own]),
            baseline_error=np.array([member.judged[number] for member in other]),
            judged_epoch=np.array([member.judged_epoch for member in own], np.int64),
            ends=tuple(member.end for member in own),
            test_samples=len(twin.tests[0]) if twin.tests else 0,
            problem=problem,
        )

    def _curves(self, twin: _Twin) -> Curves:
        return Curves(*np.stack([member.curves for member in self._members(twin)], axis=1))

    def _members(self, twin: _Twin) -> list[_Member]:
        """Return the members of a twin; empty ones before there are any."""
        return twin.members or [_Member(seed, self.points, max(1, len(self._twins) - 1)) for seed in self.seeds]

    def _seconds_left(self) -> list[float]:
        """Return about how many seconds each member still trains: at the pace, and to the epoch, of those like it."""
        paces = [pace for twin in self._twins if (pace := twin.pace()) is not None]
        usual = float(np.mean(paces)) if paces else float("nan")
        left = []
        for twin in self._twins:
            pace, end = twin.pace(), twin.usual_end(self.epochs)
            for member in twin.members:
                rest = 0.0 if member.done else max(0.0, end - member.epoch)
                left.append(rest * (usual if pace is None else pace) if rest else 0.0)
        return left

    # ------------------------------------------------------------ the threads

    def _run(self) -> None:
        try:
            self._state = "preparing"
            self._prepare()
            self._state = "training"
            others = [threading.Thread(target=self._work, daemon=True) for _ in range(self._threads - 1)]
            for thread in others:
                thread.start()
            self._work()
            for thread in others:
                thread.join()
            self._state = "cancelled" if self._cancelled.is_set() and self._unfinished() else "finished"
        except _MISTAKES as error:
            self._text, self._state = str(error), "failed"
        except Exception as error:
            log.exception("A twin study failed")
            self._text, self._state = f"The comparison failed: {type(error).__name__}: {error}", "failed"

    def _unfinished(self) -> bool:
        return any(not member.done for twin in self._twins for member in twin.members)

    def _prepare(self) -> None:
        """Load and split the samples, find those that are compared on, and line the members up, seed by seed."""
        baseline, *variants = self._twins
        settings = baseline.experiment.data
        dataset = settings.source.load(settings.seed)
        baseline.data = split(dataset, settings)
        _check(baseline)
        if baseline.data.task == "regression":
            self._target = baseline.data.target_name
        for twin in variants:
            try:
                _find_samples(twin, baseline, dataset)
                _check(twin)
            except _MISTAKES as error:
                twin.problem = f"{twin.title} cannot be trained: {error}"
        everyone = np.arange(len(baseline.data.test))
        baseline.tests = [twin.baseline_test if twin.tests else everyone for twin in variants] or [everyone]
        for twin in self._twins:
            if not twin.problem:
                twin.members = [_Member(seed, self.points, len(twin.tests)) for seed in self.seeds]
        able = [twin for twin in self._twins if not twin.problem]
        self._waiting.extend((twin, twin.members[number]) for number in range(len(self.seeds)) for twin in able)

    def _work(self) -> None:
        """Train members until there are no more."""
        while not self._cancelled.is_set():
            try:
                twin, member = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._train(twin, member)
            except _MISTAKES as error:
                member.fail(f"{twin.title} cannot be trained: {error}")
            except Exception as error:
                log.exception("%s failed in a twin study", twin.name)
                member.fail(f"{twin.title} failed: {type(error).__name__}: {error}")

    def _train(self, twin: _Twin, member: _Member) -> None:
        """Train one member to its end."""
        assert twin.data is not None
        trainer = Trainer(twin.experiment.replace(seed=member.seed), twin.data)
        engine, turn = trainer.engine, _FIRST_TURN
        judge = _Judge(twin, trainer)
        member.record(trainer.begin(), judge)
        with self._cores(engine):
            while trainer.end is None and engine.epoch < self.epochs:
                if self._cancelled.is_set():
                    return
                began = time.perf_counter()
                room = 1 if judge.every_epoch else member.next_point(self.epochs) - engine.epoch
                rows = trainer.slice(turn, room)
                if rows is not None:
                    member.record(rows, judge)
                member.epoch = engine.epoch
                member.seconds += time.perf_counter() - began
                turn = min(2 * turn, _TURN)
        member.finish(trainer, judge)

    def _cores(self, engine: Engine) -> AbstractContextManager[Any]:
        """Return a context in which no other member uses all cores as well, where this one does."""
        if engine.name == "torch":
            import torch

            if torch.get_num_threads() > 1:  # those of this thread, as the engine has set them
                return self._all_cores
        return nullcontext()


class _Twin:
    """The baseline or a variant: its samples, those that count among its test samples, and a member for every seed."""

    def __init__(self, variant: Variant) -> None:
        self.name, self.experiment, self.judged_at = variant
        self.data: SplitData | None = None
        self.tests: list[NDArray[np.intp]] = []  # rows of the test part: of a variant once, of the baseline for each
        self.baseline_test: NDArray[np.intp] = np.empty(0, np.intp)  # the same samples in the baseline's test part
        self.members: list[_Member] = []
        self.problem = ""

    @property
    def title(self) -> str:
        """The name at the beginning of a sentence."""
        return self.name[:1].upper() + self.name[1:]

    def pace(self) -> float | None:
        """Return the seconds that an epoch takes, None while nobody knows."""
        epochs = sum(member.epoch for member in self.members)
        return sum(member.seconds for member in self.members) / epochs if epochs else None

    def usual_end(self, epochs: int) -> float:
        """Return the epoch at which members end: the mean of those that have, else the last one."""
        ends = [member.epoch for member in self.members if member.done and not member.problem]
        return float(np.mean(ends)) if ends else float(epochs)


class _Member:
    """One training: what was measured of it. One thread writes, any may read."""

    def __init__(self, seed: int, points: NDArray[np.int64], tests: int) -> None:
        self.seed, self.points = seed, points
        self.curves = np.full((len(COLUMNS), len(points)), np.nan)
        self.shared = np.full((tests, len(points)), np.nan)
        self.judged = np.full(tests, np.nan)
        self.judged_epoch = -1
        self.epoch = 0
        self.seconds = 0.0
        self.end: End | None = None
        self.problem = ""
        self.done = False
        self._next = 0  # the number of the next common epoch

    def next_point(self, last: int) -> int:
        """Return the next common epoch."""
        return int(self.points[self._next]) if self._next < len(self.points) else last

    def record(self, rows: Columns, judge: _Judge) -> None:
        """Keep the newest measurements where they belong to a common epoch, and what is best so far."""
        engine = judge.engine
        if len(rows["epoch"]) and rows["epoch"][-1] == engine.epoch == self.next_point(-1):
            self.curves[:, self._next] = [rows[name][-1] for name in COLUMNS]
            self.shared[:, self._next] = judge.errors()
            self._next += 1
        if judge.every_epoch and judge.trainer.best_epoch == engine.epoch:
            judge.note_best()

    def finish(self, trainer: Trainer, judge: _Judge) -> None:
        """Write down the errors that count."""
        self.end, self.epoch = trainer.end, trainer.engine.epoch
        errors, self.judged_epoch = judge.verdict()
        self.judged[:] = errors  # after the epoch: whoever sees the one sees the other
        self.done = True

    def fail(self, sentence: str) -> None:
        """End without a result."""
        self.problem, self.done = sentence, True


class _Judge:
    """Measures test errors on the samples that are compared on."""

    def __init__(self, twin: _Twin, trainer: Trainer) -> None:
        assert twin.data is not None
        self.trainer, self.engine, self.data = trainer, trainer.engine, twin.data
        self.every_epoch = twin.judged_at == "best"
        test = self.data.test
        self._parts = [(rows, Part(test.x[rows], test.targets[rows], test.noisy[rows])) for rows in twin.tests]
        self._best: tuple[list[float], int] | None = None

    def errors(self) -> list[float]:
        """Return the error of the network as it is on each set of test samples."""
        outputs = self.engine.predict(self.data.test.x)
        return [error_of(self.engine.loss, outputs[rows], part, self.data) for rows, part in self._parts]

    def note_best(self) -> None:
        """Remember the errors of the network as it is as the best so far."""
        self._best = self.errors(), self.engine.epoch

    def verdict(self) -> tuple[list[float], int]:
        """Return the errors that count, and the epoch that they belong to."""
        if self.every_epoch and self._best is not None:
            return self._best
        return self.errors(), self.engine.epoch


def _check(twin: _Twin) -> None:
    """Raise ShapeError or LossError where the network cannot be trained; compile the kernels where that is to do."""
    assert twin.data is not None
    choice_for(twin.experiment.network, twin.experiment.training, twin.data)


def _find_samples(twin: _Twin, baseline: _Twin, dataset: Dataset) -> None:
    """Split the samples as a variant does, and find those that are in both test parts. Raises DataError."""
    own, other = twin.experiment.data, baseline.experiment.data
    if (own.source, own.seed) != (other.source, other.seed):
        raise DataError("its samples come from elsewhere, and twins are tested on the same ones; keep source and seed.")
    same = own.replace(plane=other.plane) == other
    twin.data = baseline.data if same else split(dataset, own)
    tests = split_indices(dataset, own)[2], split_indices(dataset, other)[2]
    _, rows, baseline_rows = np.intersect1d(*tests, assume_unique=True, return_indices=True)
    if not len(rows):
        raise DataError("no sample is in the test parts of both; choose shares or a data seed that leave some.")
    twin.tests, twin.baseline_test = [rows], baseline_rows
