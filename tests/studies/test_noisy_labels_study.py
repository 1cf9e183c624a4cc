"""Errors on clean and on wrong labels, and labels that are all random."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import quick
from ways import done, refused, way

from nnviz.data.split import prepare
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.project.library import Library
from nnviz.studies.noisy_labels import NoisyLabels, RandomLabels, chance_error, permuted


def test_errors_are_measured_against_both_labels():
    experiment = Experiment().with_settings(["data.source=iris", "data.label_noise=0.3", "training.batch_size=10"])
    curves = done(NoisyLabels(way(experiment, 12), Library()))
    data, true = prepare(experiment.data), prepare(experiment.data.replace(label_noise=0.0)).train.targets
    noisy = data.train.noisy
    assert (curves.n_clean, curves.n_noisy, curves.n_test) == ((~noisy).sum(), noisy.sum(), len(data.test))
    np.testing.assert_array_equal(data.train.targets[~noisy], true[~noisy])
    assert (data.train.targets[noisy] != true[noisy]).all()
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    for row in range(13):
        answers = engine.loss.classes(engine.predict(data.train.x))
        assert curves.clean[row] == pytest.approx(np.mean(answers[~noisy] != true[~noisy]))
        assert curves.noisy[row] == pytest.approx(np.mean(answers[noisy] != data.train.targets[noisy]))
        assert curves.noisy_true[row] == pytest.approx(np.mean(answers[noisy] != true[noisy]))
        measured = engine.measure()
        assert curves.test[row] == pytest.approx(measured["test_error"][0])
        share = noisy.mean()
        both = (1 - share) * curves.clean[row] + share * curves.noisy[row]
        assert both == pytest.approx(measured["train_error"][0])
        engine.pass_epochs(1)


def test_what_it_cannot_do_it_says():
    assert "set Label noise" in refused(NoisyLabels(way(quick(), 3), Library()))
    sine = Experiment().with_settings(["data.source=noisy-sine"])
    assert "learns values" in refused(NoisyLabels(way(sine, 3), Library()))
    assert "learns values" in refused(RandomLabels(sine, Library(), 3))


def test_permuted_labels_are_as_frequent_and_go_with_their_copies():
    data = prepare(quick("data.copies=2").data)
    other = permuted(data, 4)
    n = len(data.real_train)
    np.testing.assert_array_equal(np.bincount(other.train.targets), np.bincount(data.train.targets))
    np.testing.assert_array_equal(other.train.targets[:n], other.train.targets[n : 2 * n])
    np.testing.assert_array_equal(other.train.noisy, other.train.targets != data.train.targets)
    assert 0.3 < other.train.noisy.mean() < 0.7
    np.testing.assert_array_equal(other.test.targets, data.test.targets)
    np.testing.assert_array_equal(other.train.x, data.train.x)
    assert (permuted(data, 5).train.targets != other.train.targets).any()


def test_chance_is_what_random_answers_get():
    data = prepare(Experiment().with_settings(["data.source=wine"]).data)
    rng = np.random.default_rng(0)
    drawn = rng.choice(data.train.targets, (4_000, len(data.test)))
    assert chance_error(data) == pytest.approx(np.mean(drawn != data.test.targets), abs=0.005)


def test_both_networks_are_what_they_are_alone():
    experiment = quick()
    contest = done(RandomLabels(experiment, Library(), 10, seeds=2))
    assert contest.train_error.shape == (2, 2, 11)
    assert np.isfinite(contest.train_error).all()
    data = prepare(experiment.data)
    for number in range(2):
        for row, samples in enumerate((data, permuted(data, number))):
            engine = make_engine(experiment.network, experiment.training, samples, number)
            engine.pass_epochs(10)
            measured = engine.measure()
            assert contest.train_error[row, number, -1] == measured["train_error"][0]
            assert contest.test_error[row, number, -1] == measured["test_error"][0]
            assert contest.train_loss[row, number, -1] == measured["train_loss"][0]
    kept = [np.mean(permuted(data, number).train.targets == data.train.targets) for number in range(2)]
    assert contest.kept == pytest.approx(np.mean(kept))
