"""Cross-validation of real trainings, beside least squares on the same folds."""

from __future__ import annotations

import numpy as np
import pytest
from study_stage import report_of

from nnviz.analysis.intervals import error_interval
from nnviz.data.folds import fold_numbers, pool, split_fold
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.studies.cross_validation import CrossValidation, sentence

LINE = [
    "data.source={kind='plane', samples=60, noise=0.3}",
    "data.train_share=0.5",
    "data.validation_share=0.2",
    "network.layers=[]",
    "training.batch_size=400",
    "training.learning_rate=0.05",
]


def test_folds_are_judged_as_least_squares_judges_them():
    experiment = Experiment(name="line").with_settings(LINE)
    report = report_of(CrossValidation(experiment, Library(), epochs=3000, folds=5))
    dataset = experiment.data.source.load(experiment.data.seed)
    rows, test = pool(dataset, experiment.data)
    x = np.column_stack([dataset.features, np.ones(dataset.n_samples)])
    assert report.numbers.shape == (1, len(rows))
    assert report.test_samples == len(test)
    for fold in range(5):
        held = rows[report.numbers[0] == fold]
        rest = rows[report.numbers[0] != fold]
        beta = np.linalg.lstsq(x[rest], dataset.targets[rest], rcond=None)[0]
        expected = np.sqrt(np.mean((x[held] @ beta - dataset.targets[held]) ** 2))
        assert report.curves.validation_error[fold, -1] == pytest.approx(expected, rel=1e-3)
        assert report.held[fold] == len(held)
    mean, error = report.mean("validation_error")
    last = report.curves.validation_error[:, -1]
    assert mean[-1] == pytest.approx(last.mean())
    assert error[-1] == pytest.approx(last.std(ddof=1) / np.sqrt(5))
    text = sentence(report)
    assert text.startswith("5-fold cross-validation expects an RMSE of")
    assert " for y (mean and standard error" in text
    assert "validation samples (95 %:" in text
    assert "test samples (95 %:" in text


def test_repetitions_draw_other_folds_and_weights_and_train_as_alone():
    experiment = Experiment(name="quick").with_settings(
        ["data.source.samples=60", "network.layers=[{kind='linear', units=3}, 'tanh']"]
    )
    report = report_of(CrossValidation(experiment, Library(), epochs=20, folds=3, repeats=2))
    assert report.epochs.tolist() == list(range(21))
    assert report.done.all()
    assert not np.array_equal(report.numbers[0], report.numbers[1])
    dataset = experiment.data.source.load(experiment.data.seed)
    data = split_fold(dataset, experiment.data, report.numbers[1], 2)
    engine = make_engine(experiment.network, experiment.training.replace(epochs=20), data, experiment.seed + 1)
    first = engine.measure()
    rows = engine.train_epochs(20)
    run = 1 * 3 + 2
    for name in ("train_error", "validation_error", "validation_loss"):
        alone = np.concatenate([first[name], rows[name]])
        assert getattr(report.curves, name)[run] == pytest.approx(alone)
    place = report.chosen
    assert place == int(np.argmin(report.curves.validation_loss.mean(axis=0)))
    single = report.single
    assert single is not None
    assert np.isnan(single.validation_error).all()  # the experiment sets none aside
    wrong = round(float(single.test_error[place]) * single.test_samples)
    interval = error_interval(wrong, single.test_samples)
    assert f"(95 %: {100 * interval.low:.1f} % to {100 * interval.high:.1f} %)" in sentence(report)
    assert "3-fold cross-validation, 2 times, expects" in sentence(report)


def test_the_test_part_can_stay_hidden():
    experiment = Experiment(name="quick").with_settings(["data.source.samples=60", "data.validation_share=0.2"])
    report = report_of(CrossValidation(experiment, Library(), epochs=3, folds=2, with_test=False))
    assert report.single is not None
    assert np.isnan(report.single.test_error).all()
    assert "validation samples" in sentence(report)
    assert "test samples" not in sentence(report)


def test_too_many_folds_are_a_sentence():
    experiment = Experiment(name="quick").with_settings(["data.source.samples=20"])
    with CrossValidation(experiment, Library(), epochs=2, folds=15) as study:
        study.start()
        assert study.join(60)
        assert study.progress().text == "10 samples cannot make 15 folds: choose from 2 to 10."


def alone(experiment: Experiment, fold: int, epochs: int) -> bool:
    """Say whether a network that learns from all but one of five folds has finite weights at the end."""
    dataset = experiment.data.source.load(experiment.data.seed)
    rows, _ = pool(dataset, experiment.data)
    numbers = fold_numbers(dataset.targets[rows], 5, experiment.data.seed, False)
    data = split_fold(dataset, experiment.data, numbers, fold)
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    engine.pass_epochs(epochs)
    return bool(np.isfinite(engine.parameters()).all())


SINE = Experiment().with_settings(
    [
        "data.source={kind='noisy-sine', samples=60}",
        "network.layers=[{kind='linear', units=16}, 'relu']",
        "training.optimizer='sgd'",
    ]
)


@pytest.mark.parametrize("rate", [0.3, 3.0])
def test_where_all_diverge_no_epoch_before_it_is_chosen(rate):
    experiment = SINE.with_settings([f"training.learning_rate={rate}"])
    assert not any(alone(experiment, fold, 30) for fold in range(5))
    report = report_of(CrossValidation(experiment, Library(), epochs=30, folds=5))
    assert (report.diverged, report.chosen) == (5, None)
    assert np.isfinite(report.curves.validation_loss[:, 0]).all()
    assert not np.isinf(report.curves.validation_loss).any()
    assert sentence(report) == "All folds diverged: lower the learning rate."


def test_those_that_diverged_come_before_any_number():
    """The largest learning rate at which some of the folds come through, as they do alone."""
    for rate in np.geomspace(0.3, 0.02, 30):
        experiment = SINE.with_settings([f"training.learning_rate={rate}"])
        through = [alone(experiment, fold, 30) for fold in range(5)]
        if any(through):
            break
    assert 0 < sum(through) < 5
    report = report_of(CrossValidation(experiment, Library(), epochs=30, folds=5))
    np.testing.assert_array_equal(np.isfinite(report.curves.validation_loss[:, -1]), through)
    assert report.diverged == 5 - sum(through)
    last = int(np.isfinite(report.curves.validation_loss).all(axis=0).nonzero()[0][-1])
    assert sentence(report).startswith(
        f"{5 - sum(through)} of 5 trainings diverged, the first after epoch {report.epochs[last]}: "
        "lower the learning rate. 5-fold cross-validation expects an RMSE of"
    )


def test_cancelling_keeps_whole_runs_only():
    experiment = Experiment(name="quick").with_settings(["data.source.samples=60"])
    with CrossValidation(experiment, Library(), epochs=5_000_000, folds=3) as study:
        study.start()
        while not len(study.report().labels):
            assert not study.progress().over
        study.cancel()
        assert study.join(30)
        assert study.progress().state == "cancelled"
        assert not study.report().done.any()
        assert sentence(study.report()) == ""
