"""Single samples of real trainings: the repetition, the ensemble, and what they say of wrong labels."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import quick
from ways import done, refused, way

from nnviz.analysis import memorisation as m
from nnviz.data.settings import PlaneSettings
from nnviz.data.subset import with_training_rows
from nnviz.engines.choose import make_engine
from nnviz.engines.losses import Loss
from nnviz.experiment import Experiment, bundled
from nnviz.history.chapters import Chapter
from nnviz.project.library import Library
from nnviz.studies.memorisation import (
    SIGNS,
    MemorisationStudy,
    Path,
    random_part,
    sample_losses,
)


def study(experiment, epochs, networks=0, *later, **more):
    return MemorisationStudy(way(experiment, epochs, *later), Library(), PlaneSettings(), networks, **more)


def test_the_path_is_that_of_the_network():
    experiment = quick("data.label_noise=0.2")
    report = done(study(experiment, 8))
    path, data = report.path, report.data
    assert path.epochs.tolist() == list(range(9))
    assert path.every_epoch
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    for row in range(9):
        outputs = engine.predict(data.train.x)[:, 0]
        np.testing.assert_array_equal(path.margins[row], np.where(data.train.targets == 1, outputs, -outputs))
        np.testing.assert_array_equal(path.correct[row], (outputs > 0) == data.train.targets)
        measured = engine.measure()
        assert path.losses[row].mean() == pytest.approx(measured["train_loss"][0], rel=1e-5)
        assert 1.0 - path.correct[row].mean() == pytest.approx(measured["train_error"][0])
        engine.pass_epochs(1)
    assert report.surface.shape == (100, 100, 2)
    np.testing.assert_allclose(path.margin, path.margins[1:].mean(axis=0), rtol=1e-5)
    assert report.suspicion("held out") is None
    assert report.suspicion("early loss and held out") is None


def test_an_untrained_network_has_a_loss_too():
    path = done(study(quick(), 3)).path
    first = Path(path.epochs[:1], path.margins[:1], path.losses[:1], path.correct[:1])
    for found in (first.early_loss, first.loss):
        np.testing.assert_allclose(found, path.losses[0], rtol=1e-6)
    np.testing.assert_allclose(first.margin, path.margins[0], rtol=1e-6)


def test_changes_on_the_way_are_followed():
    first = quick()
    later = first.with_settings(["training.learning_rate=0.3"])
    report = done(study(first, 6, 0, Chapter((3, 0), later)))
    plain = done(study(first, 6))
    np.testing.assert_array_equal(report.path.margins[:4], plain.path.margins[:4])
    assert (report.path.margins[4:] != plain.path.margins[4:]).any()


def test_labels_are_those_that_the_run_ended_with():
    first = quick()
    noisy = first.with_settings(["data.label_noise=0.4"])
    report = done(study(first, 6, 0, Chapter((3, 0), noisy)))
    assert report.data.train.noisy.sum() == 12
    wrong = report.data.train.noisy
    engine = make_engine(first.network, first.training, Library().prepare(first.data), first.seed)
    right = engine.loss.classes(engine.predict(report.data.train.x)) == report.data.train.targets
    np.testing.assert_array_equal(report.path.correct[0][wrong], right[wrong])


def test_long_runs_and_many_samples_are_thinned(monkeypatch):
    monkeypatch.setattr("nnviz.studies.memorisation.MARKS", 20)
    monkeypatch.setattr("nnviz.studies.memorisation._FEWEST_MARKS", 10)
    report = done(study(quick(), 300))
    assert 15 <= len(report.path.epochs) <= 21
    assert report.path.epochs[-1] == 300
    assert not report.path.every_epoch
    monkeypatch.setattr("nnviz.studies.memorisation._VALUES", 1)
    assert len(done(study(quick(), 300)).path.epochs) <= 11


def test_the_ensemble_is_what_its_networks_are_alone():
    experiment = quick("data.label_noise=0.2")
    report = done(study(experiment, 5, 6, threads=2))
    crowd, data = report.crowd, report.data
    assert (len(crowd.masks), crowd.wanted, crowd.diverged) == (6, 6, 0)
    assert crowd.masks.sum(axis=1).tolist() == [21] * 6
    parts = {tuple(random_part(0, number, 30).tolist()): number for number in range(6)}
    for mask, correct in zip(crowd.masks, crowd.correct, strict=True):
        number = parts[tuple(mask.tolist())]
        samples = with_training_rows(data, np.flatnonzero(mask))
        engine = make_engine(experiment.network, experiment.training, samples, number + 1)
        engine.pass_epochs(5)
        np.testing.assert_array_equal(correct, (engine.predict(data.train.x)[:, 0] > 0) == data.train.targets)
    for sign in SIGNS:
        assert report.suspicion(sign).shape == (30,)


def test_changed_copies_go_with_their_sample():
    report = done(study(quick("data.copies=2"), 3, 2))
    assert report.path.margins.shape == (4, 30)
    assert report.crowd.masks.shape == (2, 30)


DIVERGES = ["network.layers=[{kind='linear', units=8}, 'relu']", "training.loss=squared", "training.learning_rate=100"]


def test_networks_that_diverge_do_not_count():
    report = done(study(quick(*DIVERGES), 20, 3))
    assert report.crowd is None


def test_values_cannot_be_learned_by_heart():
    assert "learns values" in refused(study(Experiment().with_settings(["data.source=noisy-sine"]), 3))


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        ("cross-entropy", 3),
        ("cross-entropy", 2),
        ("binary-cross-entropy", 2),
        ("binary-cross-entropy", 4),
        ("squared", 2),
        ("squared", 3),
    ],
)
def test_the_loss_of_a_sample_is_that_of_a_batch_of_one(kind, classes):
    import torch

    loss = Loss.registry[kind]()
    rng = np.random.default_rng(1)
    outputs = 5.0 * rng.normal(size=(20, loss.n_outputs(classes)))
    targets = rng.integers(0, classes, 20)
    found = sample_losses(loss, outputs, targets, classes)
    for i in range(20):
        y = torch.tensor(loss.encode(targets[i : i + 1], classes))
        wanted = loss.torch(torch.tensor(outputs[i : i + 1]), y)
        assert found[i] == pytest.approx(float(wanted), rel=1e-9)


def test_a_loss_of_another_kind_is_asked_itself():
    loss = Loss.registry["huber"](delta=0.5)
    found = sample_losses(loss, np.array([[0.2], [3.0]]), np.array([0.0, 1.0]), 0)
    assert found.tolist() == pytest.approx([0.5 * 0.2**2, 0.5 * (2.0 - 0.25)])


def test_wrong_labels_are_ranked_first():
    report = done(study(bundled("noisy-labels"), 100))
    wrong = report.data.train.noisy
    score = m.average_precision(report.suspicion("early loss"), wrong)
    assert score > 4 * wrong.mean()  # which is what chance gives
