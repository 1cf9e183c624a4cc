"""Learning curves of real trainings: their subsets, their budget, and what the curve says where theory knows it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_stage import report_of

from nnviz.data.dataset import DataError
from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.studies.learning_curve import (
    LearningCurveStudy,
    at_size,
    epochs_for,
    fitted,
    nested_order,
    subset_sizes,
)

QUICK = ["data.source.samples=160", "data.train_share=0.6", "network.layers=[{kind='linear', units=3}, 'tanh']"]


def quick(*more: str) -> Experiment:
    return Experiment(name="quick").with_settings([*QUICK, *more])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=120), st.integers(0, 1000))
def test_every_beginning_of_an_order_has_the_shares_of_all_classes(labels, seed):
    targets = np.array(labels)
    order = nested_order(targets, "classification", seed)
    assert sorted(order.tolist()) == list(range(len(targets)))
    for size in range(1, len(targets) + 1):
        for kind in np.unique(targets):
            expected = size * np.mean(targets == kind)
            assert abs(np.sum(targets[order[:size]] == kind) - expected) <= 2
    assert sorted(nested_order(targets, "regression", seed).tolist()) == list(range(len(targets)))


def test_sizes_are_even_in_their_logarithms_and_end_with_all():
    sizes = subset_sizes(10, 640, 7)
    assert sizes.tolist() == [10, 20, 40, 80, 160, 320, 640]
    assert subset_sizes(2, 7, 30).tolist() == [2, 3, 4, 5, 6, 7]
    with pytest.raises(DataError, match="4 sizes between the smallest, 9, and the whole training part, 8 samples"):
        subset_sizes(9, 8, 5)
    with pytest.raises(DataError, match="choose a smaller one"):
        subset_sizes(6, 8, 5)


def test_budgets():
    sizes = np.array([10, 100, 1000])
    assert epochs_for(sizes, 10, 300, "epochs").tolist() == [1000, 300, 300]  # one step per epoch: 1,000 of them
    assert epochs_for(sizes, 10, 300, "steps").tolist() == [30_000, 3_000, 300]
    assert epochs_for(sizes, 1000, 50, "epochs").tolist() == [50, 50, 50]  # never more than the whole makes


def test_a_study_trains_every_size_and_seed_as_they_would_be_trained_alone():
    experiment = quick("training.batch_size=20")
    report = report_of(LearningCurveStudy(experiment, Library(), epochs=40, seeds=2, count=4, smallest=12))
    assert report.sizes.tolist() == [12, 24, 48, 96]
    assert report.epochs[-1] == 40
    assert np.isfinite(report.test_error).all()
    assert report.curve is not None
    assert report.curve.seeds == 2
    data = prepare(experiment.data)
    assert report.test_samples == len(data.test)
    engine = make_engine(experiment.network, experiment.training.replace(epochs=40), data, experiment.seed + 1)
    engine.pass_epochs(40)
    measured = engine.measure()  # of all samples in another order, which steps of another batch follow from
    assert report.train_error[1, -1] == pytest.approx(measured["train_error"][-1], abs=0.1)


def test_errors_are_those_of_least_squares_on_the_same_subsets():
    """Without hidden layer, training leads to the solution that numpy finds on the same samples."""
    experiment = Experiment(name="line").with_settings(
        [
            "data.source={kind='plane', samples=400, noise=0.3}",
            "data.train_share=0.5",
            "network.layers=[]",
            "training.batch_size=400",
            "training.learning_rate=0.05",
        ]
    )
    report = report_of(LearningCurveStudy(experiment, Library(), epochs=3000, seeds=2, count=5, smallest=6))
    assert report.target
    data = prepare(experiment.data)
    for row, seed in enumerate(report.seeds):
        order = nested_order(data.train.targets, "regression", seed)
        for column, size in enumerate(report.sizes):
            x, y = (np.asarray(each[order[:size]], np.float64) for each in (data.train.x, data.train.targets))
            beta = np.linalg.lstsq(np.column_stack([x, np.ones(size)]), y, rcond=None)[0]
            fit = np.column_stack([data.test.x, np.ones(len(data.test))]) @ beta
            expected = np.sqrt(np.mean((fit - data.test.targets) ** 2))
            assert report.test_error[row, column] == pytest.approx(expected, rel=1e-3)
    assert report.test_error[:, 0].mean() > report.test_error[:, -1].mean()


def test_a_point_becomes_settings_with_the_same_test_part():
    experiment = quick()
    data = prepare(experiment.data)
    whole = len(data.real_train)
    smaller, text = at_size(experiment, data, whole // 3, 70)
    assert smaller is not None
    assert "the test part is the same" in text
    found = prepare(smaller.data)
    assert len(found.train) == pytest.approx(whole // 3, abs=2)
    assert np.array_equal(found.test.x, data.test.x)
    assert smaller.training.epochs == 70
    same, _ = at_size(experiment, data, whole, 70)
    assert same is not None
    assert same.data == experiment.data
    none, why = at_size(experiment, data, 2, 70)
    assert none is None
    assert "5 %" in why
    much = experiment.with_settings(["data.train_share=0.9"])
    large = prepare(much.data)
    fewer, text = at_size(much, large, len(large.train) // 5, 70)
    assert fewer is not None
    assert fewer.data.validation_share == 0.5
    assert "joins the test part" in text
    assert len(prepare(fewer.data).test) > len(large.test)


def test_what_diverged_is_left_out_of_the_law():
    sizes = np.array([10, 20, 40, 80, 160])
    errors = 0.1 + sizes[None, :] ** -0.5 * np.array([[1.0], [1.1], [0.9]])
    errors[0, 1] = np.nan
    errors[2, 3:] = np.nan
    curve = fitted(sizes, errors)
    assert curve is not None
    assert curve.sizes.tolist() == [10, 40, 80, 160]
    assert curve.seeds == 2
    assert fitted(sizes, np.full((2, 5), np.nan)) is None


class OutOfOrder(LearningCurveStudy):
    """Errors of 0.1 + 1/n; one seed diverges at a size, and another comes through a size after the largest one."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(experiment, Library(), epochs=1, seeds=2, count=6, smallest=3, threads=2)
        self.largest_is_in = threading.Event()

    def _trained(self, job, data, epochs):
        if (job.seed, job.size) == (0, 1):
            return float("nan"), float("nan")
        if (job.seed, job.size) == (1, 4):
            assert self.largest_is_in.wait(30)
        return 0.0, 0.1 + 1 / len(job.rows)

    def tell(self, report=None, share=None):
        super().tell(report, share)
        if report is not None and len(report.sizes) and np.isfinite(report.test_error[1, -1]):
            self.largest_is_in.set()


def test_what_comes_last_is_in_the_law():
    report = report_of(OutOfOrder(quick()))
    assert report.sizes.tolist() == [3, 6, 12, 24, 48, 96]
    assert report.diverged == 1
    assert report.curve is not None
    assert report.curve.sizes.tolist() == [3, 12, 24, 48, 96]
    assert report.curve.mean == pytest.approx(0.1 + 1 / report.curve.sizes)
    assert report.curve.law.at(np.array([1000.0])) == pytest.approx([0.101], abs=1e-3)


def test_a_training_part_that_is_too_small_is_a_sentence():
    study = LearningCurveStudy(quick("data.source.samples=10"), Library(), epochs=2, seeds=1)
    with study:
        study.start()
        assert study.join(60)
        assert study.progress().state == "failed"
        assert "A learning curve needs 4 sizes" in study.progress().text
