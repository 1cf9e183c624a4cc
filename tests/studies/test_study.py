"""What all studies have in common."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from nnviz.data.dataset import DataError
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.studies.study import Study, train_through


class Counting(Study[int]):
    """Adds up what jobs return."""

    title = "count"

    def __init__(self, jobs: Iterator[int] | list[int], gate: threading.Event | None = None, threads: int = 2) -> None:
        super().__init__(0, threads)
        self._jobs, self._gate = jobs, gate
        self.begun: list[int] = []

    def study(self) -> None:
        total = 0
        for _, result in self.each(self._jobs, self._work):
            total += result
            self.tell(total, 0.1)

    def _work(self, job: int) -> int:
        self.begun.append(job)
        if job < 0:
            raise DataError("Negative numbers cannot be counted.")
        if job == 0:
            raise ZeroDivisionError("what nobody expected")
        if self._gate is not None:
            self._gate.wait(10)
        return job


def ended(study: Counting) -> Counting:
    with study:
        study.start()
        assert study.join(20)
    return study


def test_every_job_is_done_once() -> None:
    study = ended(Counting(list(range(1, 101))))
    assert study.report() == 5050
    assert study.progress().state == "finished"
    assert study.progress().share == 1.0
    assert sorted(study.begun) == list(range(1, 101))


def test_a_mistake_is_a_sentence_and_ends_the_rest() -> None:
    study = ended(Counting([1, 2, -1, *range(3, 1000)]))
    assert (study.progress().state, study.progress().text) == ("failed", "Negative numbers cannot be counted.")
    assert len(study.begun) < 100


def test_a_defect_is_told_with_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    study = ended(Counting([1, 0]))
    assert study.progress().text == "The count failed: ZeroDivisionError: what nobody expected"
    assert "Traceback" in caplog.text


def test_what_is_cancelled_keeps_its_results_and_begins_no_more() -> None:
    gate = threading.Event()
    study = Counting(iter(range(1, 10_000)), gate)
    with study:
        study.start()
        while not study.begun:
            assert not study.progress().over
        study.cancel()
        gate.set()
        assert study.join(20)
    assert study.progress().state == "cancelled"
    assert len(study.begun) <= 4
    assert study.report() == sum(study.begun)


def test_closing_a_study_that_was_never_begun_does_nothing() -> None:
    Counting([1]).close()


def test_training_goes_through_all_marks() -> None:
    experiment = Experiment().with_settings(["data.source.samples=40"])
    data = Library().prepare(experiment.data)
    one, other = (make_engine(experiment.network, experiment.training, data, 0) for _ in range(2))
    assert list(train_through(one, [0, 3, 50], lambda: False)) == [0, 3, 50]
    other.pass_epochs(50)
    np.testing.assert_array_equal(one.parameters(), other.parameters())


def test_training_ends_where_it_diverges_or_nobody_wants_more() -> None:
    experiment = Experiment().with_settings(
        [
            "data.source.samples=40",
            "training.learning_rate=100",
            "training.loss=squared",
            "network.layers=[{kind='linear', units=4}]",
        ]
    )
    data = Library().prepare(experiment.data)
    engine = make_engine(experiment.network, experiment.training, data, 0)
    assert list(train_through(engine, [0, 2000, 3000], lambda: False)) == [0]
    calm = make_engine(experiment.network, experiment.training.replace(learning_rate=0.01), data, 0)
    assert list(train_through(calm, [10, 20], lambda: calm.epoch >= 10)) == [10]
