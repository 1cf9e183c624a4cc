"""The study that takes the test error apart: real trainings, and sentences about them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnviz.analysis.gap_parts import UNKNOWN, Estimate
from nnviz.data.dataset import SplitData
from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Engine
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
from nnviz.network.settings import NetworkSettings
from nnviz.settings import SettingsError
from nnviz.studies import gap_parts
from nnviz.studies.gap_parts import Counted, GapReport, GapStudy, amount, in_words, with_error
from nnviz.studies.judge import judge_of

PLANE = Experiment().with_settings(
    ["data.source={kind='plane', samples=30, noise=0.5}", "network.layers=[]", "training.learning_rate=0.05"]
)
CIRCLES = Experiment().with_settings(["data.source.samples=40", "network.layers=[{kind='linear', units=3}, 'tanh']"])


def finished(study: GapStudy) -> GapReport:
    with study:
        study.start()
        assert study.join(60)
        assert study.progress().state == "finished", study.progress().text
        report = study.report()
    assert report is not None
    return report


def test_a_linear_network_on_a_plane_has_a_floor_and_estimation_only() -> None:
    """The family holds the truth, so nothing is lost to approximation; least squares loses σ²·p/(n − p − 1) or so."""
    report = finished(GapStudy(PLANE, 60, 3))
    (counted,) = report.counted
    parts = counted.parts(-1)
    assert parts.floor.value == pytest.approx(0.25)
    assert abs(parts.approximation.value) < 0.01
    assert 0.0 < parts.estimation.value < 0.25
    total = sum(each.value for each in (parts.floor, parts.approximation, parts.estimation, parts.optimisation))
    assert parts.total.value == pytest.approx(total)
    assert (report.samples, report.large, report.known) == (15, 300, True)
    best = least_squares_error()
    assert counted.sample.value == pytest.approx(best, abs=0.01), "of f_n, the one that errs least on the samples"


def least_squares_error() -> float:
    data = prepare(PLANE.data)
    judge = judge_of(PLANE.data, data, 10_000)
    ones = [np.column_stack([x, np.ones(len(x))]) for x in (data.train.x, judge.x)]
    solution = np.linalg.lstsq(ones[0], data.train.targets, rcond=None)[0]
    return float(np.mean((ones[1] @ solution - judge.truth[:, 0]) ** 2) + 0.25)


def test_training_as_it_is_gives_the_numbers_that_it_gives_alone() -> None:
    report = finished(GapStudy(CIRCLES, 10, 2))
    data = prepare(CIRCLES.data)
    judge = judge_of(CIRCLES.data, data, 10_000)
    engine = make_engine(CIRCLES.network, CIRCLES.training, data, CIRCLES.seed + 1)
    engine.train_epochs(10)
    named = engine.loss.classes(engine.predict(judge.x))
    wrong, brier = report.counted
    expected = np.mean(1.0 - judge.truth[np.arange(len(named)), named])
    assert wrong.now[1, -1] == pytest.approx(expected, abs=1e-6)
    assert wrong.floor.value == pytest.approx(np.mean(1 - judge.truth.max(axis=1)))
    assert brier.floor.value == pytest.approx(judge.noise)
    assert wrong.parts(-1).approximation.value >= 0.0, "never below the floor, as both are expectations"
    assert np.isfinite(brier.now).all()


def test_where_the_floor_is_not_known_optimisation_still_is() -> None:
    iris = CIRCLES.with_settings(["data.source={kind='iris'}"])
    report = finished(GapStudy(iris, 3, 2))
    parts = report.counted[0].parts(-1)
    assert not report.known
    assert not parts.floor.known
    assert not parts.estimation.known
    assert parts.optimisation.known
    assert report.counted[0].gained.known
    said = in_words(report, report.counted[0], len(report.epochs) - 1)
    assert "the floor is not known" in said
    assert "behind these samples" in said
    assert "second half of the samples" in said


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[Engine]:
    """The engines that a study trains, in the order in which it makes them."""
    made: list[Engine] = []

    def noted(network: NetworkSettings, training: TrainingSettings, data: SplitData, seed: int) -> Engine:
        made.append(make_engine(network, training, data, seed))
        return made[-1]

    monkeypatch.setattr(gap_parts, "make_engine", noted)
    return made


def steps_made(engine: Engine) -> tuple[int, int]:
    """Return the steps of a training, and of each of its epochs."""
    return engine.step, engine.step // engine.epoch


@pytest.mark.parametrize("batch", [4, 10, 15, 1_000, 1_000_000])
def test_the_large_sample_is_learned_from_in_twice_as_many_steps(engines: list[Engine], batch: int) -> None:
    experiment = PLANE.with_settings([f"training.batch_size={batch}"])
    finished(GapStudy(experiment, 10, 2, threads=1, larger=3))
    (sample, _), (family, each) = steps_made(engines[2]), steps_made(engines[4])
    assert (len(engines[2].data.train), len(engines[4].data.train)) == (15, 45)
    assert 2 * sample <= family < 2 * sample + each


@pytest.mark.parametrize("batch", [10, 60, 1_000, 1_000_000])
@pytest.mark.parametrize("copies", [0, 4])
def test_half_of_the_samples_is_learned_from_in_as_many_steps(engines: list[Engine], batch: int, copies: int) -> None:
    experiment = CIRCLES.with_settings(
        ["data={source='wine', train_share=0.5, standardize=true}", f"data.copies={copies}", "data.jitter=0.1"]
    ).with_settings([f"training.batch_size={batch}"])
    finished(GapStudy(experiment, 2, 2, threads=1))
    (sample, _), (half, each) = steps_made(engines[2]), steps_made(engines[4])
    assert sample <= half < sample + each
    data, known = prepare(experiment.data), {}
    for number, row in enumerate(data.train.x):
        known[row.tobytes()] = number % len(data.real_train)
    seen = [known[row.tobytes()] for row in engines[4].data.train.x]
    assert len(set(seen)) == len(data.real_train) // 2, "copies are no samples of their own"
    assert np.bincount(seen, minlength=len(data.real_train)).max() == 1 + copies


@pytest.mark.parametrize(("epochs", "seeds"), [(0, 5), (10, 1)])
def test_too_little_to_take_apart(epochs: int, seeds: int) -> None:
    with pytest.raises(SettingsError, match="at least one epoch and two seeds"):
        GapStudy(CIRCLES, epochs, seeds)


def test_it_can_be_cancelled() -> None:
    with GapStudy(CIRCLES, 1_000_000, 2) as study:
        study.start()
        study.cancel()
        assert study.join(20)
        assert study.progress().state == "cancelled"
        report = study.report()
        assert report is None or not report.done, "nobody can say that what was stopped has diverged"


# ---------------------------------------------------------------- words


def made(floor: float, family: float, sample: float, now: float, error: float = 0.001) -> tuple[GapReport, Counted]:
    counted = Counted(
        title="wrong answers",
        unit="",
        floor=Estimate(floor, error),
        family=Estimate(family, error),
        sample=Estimate(sample, error),
        gained=UNKNOWN,
        now=np.array([[now - error], [now + error]]),
    )
    report = GapReport(np.array([50]), (counted,), 2, 100, 2_000, 10_000, True, noise="the classes overlap", done=True)
    return report, counted


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.2, 0.21, 0.22, 0.23), ("the floor, 20.00 ± 0.10 pp", "the classes overlap")),
        ((0.01, 0.2, 0.21, 0.22), ("approximation, 19.00", "20 times the samples", "a larger one")),
        ((0.01, 0.02, 0.22, 0.23), ("estimation, 20.00", "100 samples say too little", "more of them")),
        ((0.01, 0.02, 0.03, 0.23), ("optimisation, 20.00", "train longer")),
        ((0.01, 0.02, 0.22, 0.1), ("estimation, 20.00", "Not fitting the samples any closer saves 12.00")),
    ],
    ids=["floor", "approximation", "estimation", "optimisation", "stopped early"],
)
def test_the_largest_part_is_named_with_what_helps(numbers: tuple[float, ...], words: tuple[str, ...]) -> None:
    said = in_words(*made(*numbers), 0)
    for each in words:
        assert each in said
    assert ("saves" in said) == (numbers[3] < numbers[2])


def test_while_parts_are_missing_it_says_so() -> None:
    report, counted = made(0.1, 0.2, 0.3, 0.4)
    waiting = replace(counted, family=UNKNOWN)
    assert "not measured yet" in in_words(replace(report, done=False), waiting, 0)
    assert "since trainings diverged" in in_words(report, waiting, 0)
    nothing = replace(counted, now=np.full((2, 1), np.nan))
    assert "did not come to a finite error" in in_words(report, nothing, 0)


def test_numbers_in_words() -> None:
    _, counted = made(0.1, 0.2, 0.3, 0.4)
    squared = replace(counted, unit="y²")
    assert amount(counted, 0.1234) == "12 %"
    assert amount(squared, 0.06251) == "0.0625"
    assert with_error(counted, Estimate(-0.0123, 0.004)) == "−1.23 ± 0.40 pp"
    assert with_error(squared, Estimate(3494.2, 25.1)) == "3,494 ± 25"
    assert amount(squared, 2.57e43) == "2.57e+43"
    assert with_error(squared, Estimate(0.25, 0.0)) == "0.250"
    assert with_error(counted, UNKNOWN) == "not known"


def test_a_part_larger_than_the_whole_is_told_with_what_makes_up_for_it() -> None:
    report, counted = made(0.01, 0.5, 0.51, 0.48)
    unsure = replace(counted, now=np.array([[0.38], [0.58]]))
    said = in_words(report, unsure, 0)
    assert "approximation, 49" in said
    assert "Not fitting the samples any closer saves 3 ± " in said


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [(0.05, 0.01, "should help"), (0.001, 0.002, "hardly help"), (0.02, 0.2, "cannot be told")],
)
def test_more_samples_are_not_ruled_out_by_a_guess(value: float, error: float, words: str) -> None:
    report, counted = made(0.1, 0.2, 0.3, 0.4)
    said = in_words(replace(report, known=False), replace(counted, gained=Estimate(value, error)), 0)
    assert words in said
