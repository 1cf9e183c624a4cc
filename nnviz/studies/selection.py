"""What choosing by the test error does: many networks, a small test part, and many new samples that tell the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.optimism import best_of_related, chosen_by, covariance_of, smallest_error
from nnviz.data.dataset import DataError, Part, SplitData
from nnviz.data.fresh import can_be_drawn_anew, fresh_part
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.studies.study import Study, train_through

Floats = NDArray[np.float64]
Vary = Literal["seeds", "settings"]
"""What sets candidates apart: the seed alone, so that all are equally good, or learning rate and weight decay too."""

POINTS = 20_000
"""New samples that the true error is measured on."""

DRAWS = 200
"""Test parts of the same size that are looked at beside the one that counts."""

MOST = 500
SMALLEST = 5
"""Candidates at most: what they have in common is a matrix of so many rows and columns."""

_ALWAYS, _EVERY = 60, 20
"""Up to how many candidates theory is worked out anew for each, and for every how many beyond."""

_FEWEST_WRONG = 5.0
"""Wrong answers in a test part from which on their number is about normal: the usual rule of thumb for binomials."""

_LEAST = 4
"""How many times the test part the samples that tell the truth must be."""


@dataclass(frozen=True, eq=False)
class SelectionReport:
    """What is known of the candidates that are through, in their order.

    true (m,): their error rates on `points` samples; tests (draws, m): on test parts of `samples` samples, the first of
    which is the one that counts. The others choose too, each among candidates in an order of its own, so that means
    over them show what is to be expected. `theory` is what `nnviz.analysis.optimism.best_of_related` expects of
    candidates with these true errors that err alike as these do: test and true error of the best of 1 to m, (m,) each;
    None for fewer than two candidates. With many it comes every so often only, and is then that of fewer; empty where
    test parts hold so few wrong answers that their error rates are not normal, as the theory takes them to be.
    """

    samples: int
    points: int
    true: Floats
    tests: Floats
    orders: NDArray[np.int64]
    theory: tuple[Floats, Floats] | None = None
    fresh: bool = True

    @property
    def count(self) -> int:
        """How many candidates are through."""
        return len(self.true)

    def here(self) -> tuple[Floats, Floats]:
        """Return test and true error of the best so far on the test part that counts: (m,) each."""
        return chosen_by(self.tests[0], self.true)

    def usually(self) -> tuple[Floats, Floats]:
        """Return the same as means over all test parts, each with an order of its own: (m,) each."""
        orders = np.argsort(self.orders[:, : self.count], axis=1)
        tests = np.take_along_axis(self.tests, orders, axis=1)
        test, true = chosen_by(tests, self.true[orders])
        return test.mean(axis=0), true.mean(axis=0)


class SelectionStudy(Study[SelectionReport]):
    """Trains candidates on the same training part, and asks each about every sample that tells the truth.

    Those are new ones where the source can be drawn anew, else the whole test part, of which the small test parts are
    then random pieces.
    """

    title = "selection by test error"

    def __init__(
        self,
        experiment: Experiment,
        library: Library,
        epochs: int,
        candidates: int = 100,
        samples: int = 50,
        vary: Vary = "seeds",
        threads: int | None = None,
    ) -> None:
        empty, none = np.zeros(0), np.zeros((0, 0), np.int64)
        super().__init__(SelectionReport(samples, 0, empty, np.zeros((DRAWS, 0)), none), threads)
        self.experiment, self.library, self.vary = experiment, library, vary
        self.epochs, self.candidates, self.samples = max(1, epochs), int(np.clip(candidates, 2, MOST)), samples

    def study(self) -> None:
        data = self.library.prepare(self.experiment.data)
        if data.task != "classification":
            raise DataError("This needs classes: open an experiment that tells classes apart, such as circles.")
        judge, fresh = self._judge(data)
        rng = np.random.default_rng([self.experiment.data.seed, 13])
        places = np.stack([rng.choice(len(judge), self.samples, replace=False) for _ in range(DRAWS)])
        orders = rng.random((DRAWS, self.candidates))
        ranks = np.argsort(np.argsort(orders, axis=1), axis=1)
        wrong = np.zeros((self.candidates, len(judge)), bool)
        done = np.zeros(self.candidates, bool)
        self.tell(share=0.0)
        for count, (number, found) in enumerate(
            self.each(range(self.candidates), lambda n: self._asked(n, data, judge)), 1
        ):
            if found is None:
                return
            wrong[number], done[number] = found, True
            self.tell(self._report_of(wrong[done], places, ranks[:, done], fresh), count / self.candidates)

    def _judge(self, data: SplitData) -> tuple[Part, bool]:
        """Return the samples that tell the truth, and whether they are new ones."""
        source = self.experiment.data.source
        if can_be_drawn_anew(source):
            return fresh_part(source, POINTS, self.experiment.data.seed + 1, data), True
        if len(data.test) < _LEAST * self.samples:
            most = len(data.test) // _LEAST
            at_most = f"at most {most:,}, or " if most >= SMALLEST else ""
            raise DataError(
                f"Only {len(data.test):,} test samples can tell the truth, too few for a test part of "
                f"{self.samples:,}: choose {at_most}an experiment whose data are generated."
            )
        return data.test, False

    def _report_of(
        self, wrong: NDArray[np.bool_], places: NDArray[np.int64], ranks: NDArray[np.int64], fresh: bool
    ) -> SelectionReport:
        true = wrong.mean(axis=1)
        tests = np.stack([wrong[:, rows].mean(axis=1) for rows in places])
        theory = self.report().theory
        if len(wrong) > 1 and true.mean() * self.samples < _FEWEST_WRONG:
            theory = np.empty(0), np.empty(0)
        elif len(wrong) > 1 and (len(wrong) <= _ALWAYS or len(wrong) % _EVERY == 0 or len(wrong) == self.candidates):
            theory = best_of_related(true, covariance_of(wrong, self.samples))
        return SelectionReport(self.samples, wrong.shape[1], true, tests, ranks, theory, fresh)

    def _asked(self, number: int, data: SplitData, judge: Part) -> NDArray[np.bool_] | None:
        """Return where one candidate is wrong, (points,), everywhere if it diverged; None once it shall stop."""
        experiment = candidate(self.experiment, number, self.vary)
        training = experiment.training.replace(epochs=self.epochs)
        engine = make_engine(experiment.network, training, data, experiment.seed)
        if not list(train_through(engine, [self.epochs], self.stopped)):
            return None if self.stopped() else np.ones(len(judge), bool)
        return np.asarray(engine.loss.classes(engine.predict(judge.x)) != judge.targets)


def candidate(experiment: Experiment, number: int, vary: Vary) -> Experiment:
    """Return the settings of a candidate: another seed, and with "settings" another learning rate and weight decay.

    The rate is between a third and three times as large, the decay between 1e-6 and 1e-2, evenly in their logarithms.
    """
    changed = experiment.replace(seed=(experiment.seed + number) % 2**31)
    if vary == "seeds":
        return changed
    rng = np.random.default_rng([experiment.seed, 14, number])
    rate = min(100.0, experiment.training.learning_rate * 3.0 ** float(rng.uniform(-1.0, 1.0)))
    decay = 10.0 ** float(rng.uniform(-6.0, -2.0))
    return changed.replace(training=experiment.training.replace(learning_rate=rate, weight_decay=decay))


def sentence(report: SelectionReport) -> str:
    """Return what choosing has done, here and on average."""
    if report.count < 2:
        return ""
    test, true = (float(each[-1]) for each in report.here())
    usual_test, usual_true = (float(each[-1]) for each in report.usually())
    assert report.theory is not None
    pairs = zip(*report.theory, strict=True)
    by_theory = [f", by theory {100 * float(true - test):.1f} pp" for test, true in pairs]
    mean = float(report.true.mean())
    alone = smallest_error(report.count, report.samples, mean)
    new = "new" if report.fresh else "other"
    return (
        f"The best of {report.count:,} networks by their error on {report.samples:,} test samples looks wrong on "
        f"{_percent(test)}; on {report.points:,} {new} samples it is wrong on {_percent(true)}, and all of them are on "
        f"{_percent(mean)} on average. Choosing made it look {100 * (true - test):.1f} pp better than it is; over "
        f"{len(report.tests):,} test parts of that size {100 * (usual_true - usual_test):.1f} pp on "
        f"average{''.join(by_theory[-1:])}. If all were equally good and erred independently, the best would look "
        f"wrong on {_percent(alone)}."
    )


def _percent(error: float) -> str:
    return f"{100 * error:.1f} %"
