"""What a network does with labels that are wrong: some of them, or all of them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import DataError, SplitData
from nnviz.data.subset import with_training_targets
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Columns, Engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.studies.repeating import Way, matches, outputs_on, passes
from nnviz.studies.study import Study, train_through
from nnviz.training.twins import common_epochs

MARKS = 300
"""Epochs at which errors are measured, at most."""

Labels = Literal["own", "random"]
Floats = NDArray[np.float64]

_NEWS_APART = 0.1
"""Seconds between two reports of curves that grow."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Curves:
    """Error rates (t,) of one network at some epochs (t,), in evaluation mode.

    `clean`: of the training samples with their true label. `noisy`: of those with a wrong label, against that label;
    `noisy_true`: of the same samples, against the true one. `test`: of the test samples, whose labels are true.
    `n_clean`, `n_noisy` and `n_test` count them; `chance` is the error of an answer that has nothing to do with the
    sample. `exact` says whether the network was, bit for bit, that of the run; None where it is not known.
    """

    epochs: NDArray[np.int64]
    clean: Floats
    noisy: Floats
    noisy_true: Floats
    test: Floats
    n_clean: int
    n_noisy: int
    n_test: int
    chance: float
    exact: bool | None = None


class NoisyLabels(Study[Curves | None]):
    """Trains the run in front again and measures clean and mislabelled training samples apart (Arpit et al. 2017).

    Fails with a sentence for a regression, and where no label is known to be wrong.
    """

    title = "study of noisy labels"

    def __init__(self, way: Way, library: Library, threads: int | None = None) -> None:
        super().__init__(None, threads)
        self.way, self._library = way, library

    def study(self) -> None:
        settings = self.way.experiment.data
        data = self._library.prepare(settings)
        _only_classes(data)
        train = data.real_train
        if not train.noisy.any():
            raise DataError(
                "No training label of this run is known to be wrong; set Label noise in the data panel, train, and "
                "begin again."
            )
        true = self._library.prepare(settings.replace(label_noise=0.0)).real_train.targets
        marks, rows, exact = self.way.marks(MARKS), list[tuple[float, ...]](), None
        self.begin_training()
        for engine in passes(self.way, self._library.prepare, marks.tolist(), self.stopped):
            same = matches(engine, self.way)
            exact = same if same is not None else exact
            row = _errors(engine, data, true)
            if row is not None:
                rows.append((engine.epoch, *row))
            if rows:
                epochs, clean, noisy, noisy_true, test = np.array(rows).T
                counts = int((~train.noisy).sum()), int(train.noisy.sum()), len(data.test)
                chance = chance_error(data)
                curves = Curves(epochs.astype(np.int64), clean, noisy, noisy_true, test, *counts, chance, exact)
                self.tell(curves, (engine.epoch - self.way.start) / max(1, self.way.end - self.way.start))


def _errors(engine: Engine, data: SplitData, true: NDArray[np.int64]) -> tuple[float, ...] | None:
    """Return the error of clean samples, of noisy ones against both labels, and of test samples."""
    train = data.real_train
    seen, unseen = (outputs_on(engine, data, part.x) for part in (train, data.test))
    if seen is None or unseen is None:
        return None
    answers, noisy = engine.loss.classes(seen), train.noisy
    wrong = answers != train.targets
    return (
        float(wrong[~noisy].mean()) if not noisy.all() else float("nan"),
        float(wrong[noisy].mean()),
        float((answers != true)[noisy].mean()),
        float((engine.loss.classes(unseen) != data.test.targets).mean()),
    )


def chance_error(data: SplitData) -> float:
    """Return the test error of answers drawn at random with the shares of the training classes: 1 − Σ p_c q_c."""
    shares = [
        np.bincount(part.targets, minlength=data.n_classes) / max(1, len(part)) for part in (data.train, data.test)
    ]
    return float(1.0 - shares[0] @ shares[1])


def _only_classes(data: SplitData) -> None:
    if data.task != "classification":
        raise DataError("The run in front learns values, which have no labels; take a run that learns classes.")


# ---------------------------------------------------------------- all labels at random


@dataclass(frozen=True, eq=False)
class Contest:
    """Two networks of every seed at common epochs (t,): with the labels as they are, and permuted at random.

    train_error, test_error, train_loss: (2, seeds, t), NaN where training has not come yet. `kept` is the share of
    permuted labels that are the same as before, by chance. `n_train` and `n_test` count samples.
    """

    epochs: NDArray[np.int64]
    train_error: Floats
    test_error: Floats
    train_loss: Floats
    chance: float
    kept: float
    n_train: int
    n_test: int


def permuted(data: SplitData, seed: int) -> SplitData:
    """Return the data with the labels of the training samples permuted at random: none has to do with its sample.

    The classes stay as frequent as they are (Zhang et al. 2017, section 2.2, draw labels uniformly). Changed copies
    get the label of their sample.
    """
    real = data.real_train
    order = np.random.default_rng([seed, 17]).permutation(len(real))
    targets = real.targets[order]
    times = len(data.train) // len(real)
    return with_training_targets(data, np.tile(targets, times), np.tile(targets != real.targets, times))


class RandomLabels(Study[Contest | None]):
    """Trains the experiment with its labels and with random ones, side by side, for every seed (Zhang et al. 2017).

    Both begin with the same initial weights and see the samples in the same order; only labels differ.
    """

    title = "study of random labels"

    def __init__(
        self, experiment: Experiment, library: Library, epochs: int, seeds: int = 1, threads: int | None = None
    ) -> None:
        super().__init__(None, threads)
        self.experiment, self.epochs, self.seeds = experiment, epochs, seeds
        self._library = library
        self._lock = threading.Lock()
        self._said = 0.0

    def study(self) -> None:
        data = self._library.prepare(self.experiment.data)
        _only_classes(data)
        marks = common_epochs(self.epochs, MARKS)
        values = np.full((3, 2, self.seeds, len(marks)), np.nan)
        shuffled = [permuted(data, self.experiment.seed + number) for number in range(self.seeds)]
        kept = float(np.mean([1.0 - each.train.noisy.mean() for each in shuffled]))
        done = np.zeros((2, self.seeds))
        chance = chance_error(data)
        self.begin_training()

        def contest() -> Contest:
            train_error, test_error, train_loss = values.copy()
            sizes = len(data.real_train), len(data.test)
            return Contest(marks, train_error, test_error, train_loss, chance, kept, *sizes)

        def note(row: int, number: int, at: int, found: Columns) -> None:
            with self._lock:
                values[:, row, number, at] = [found[name][0] for name in ("train_error", "test_error", "train_loss")]
                done[row, number] = marks[at] / max(1, self.epochs)
                now = time.monotonic()
                if now >= self._said + _NEWS_APART:
                    self._said = now
                    self.tell(contest(), float(done.mean()))

        def train(job: tuple[int, int]) -> None:
            row, number = job
            samples = shuffled[number] if row else data
            settings, seed = self.experiment, (self.experiment.seed + number) % 2**31
            engine = make_engine(settings.network, settings.training, samples, seed)
            for at, _ in enumerate(train_through(engine, marks.tolist(), self.stopped)):
                note(row, number, at, engine.measure())

        for _ in self.each([(row, number) for number in range(self.seeds) for row in (1, 0)], train):
            pass
        self.tell(contest(), float(done.mean()))
