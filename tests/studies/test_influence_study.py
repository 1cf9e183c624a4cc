"""Twins without some samples, or with other labels for them."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import quick
from ways import done, refused, way

from nnviz.analysis.memorisation import mean_effect
from nnviz.data.drawings import editing
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.plane import make_plane
from nnviz.data.settings import PlaneSettings
from nnviz.data.split import prepare
from nnviz.data.subset import with_training_rows, with_training_targets
from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.history.chapters import Chapter
from nnviz.probes.surface import Surface
from nnviz.project.library import Library
from nnviz.studies.influence import LeaveOut, MostInfluential, changed_share, without
from nnviz.studies.memorisation import random_part

ROWS = np.array([3, 11, 7])


def leave_out(experiment, epochs, rows=ROWS, labels=None, *later, controls=2):
    return LeaveOut(way(experiment, epochs, *later), Library(), PlaneSettings(), rows, labels, controls)


def trained(experiment, data, epochs):
    engine = make_engine(experiment.network, experiment.training, data, experiment.seed)
    engine.pass_epochs(epochs)
    return engine


def test_without_samples_the_twin_is_the_network_that_never_had_them():
    experiment = quick("data.label_noise=0.1", "data.standardize=true")
    found = done(leave_out(experiment, 9))
    data = prepare(experiment.data)
    alone = trained(experiment, with_training_rows(data, np.setdiff1d(np.arange(30), ROWS)), 9)
    measured = alone.measure()
    assert found.twin.test_loss == measured["test_loss"][0]
    assert found.twin.test_error == measured["test_error"][0]
    plane = make_plane(PlaneSettings(), data)
    np.testing.assert_array_equal(found.twin.surface, Surface().measure(alone, plane))
    run = trained(experiment, data, 9)
    assert found.run.test_loss == run.measure()["test_loss"][0]
    assert len(found.controls) == 2
    assert len({found.twin.test_loss, found.run.test_loss, *(each.test_loss for each in found.controls)}) == 4
    assert not found.same_order
    one_batch = quick("training.batch_size=64")
    assert done(leave_out(one_batch, 2)).same_order


def test_with_other_labels_nothing_but_the_labels_differs():
    experiment = quick()
    data = prepare(experiment.data)
    labels = 1 - data.train.targets[ROWS]
    found = done(leave_out(experiment, 9, labels=labels))
    targets = data.train.targets.copy()
    targets[ROWS] = labels
    alone = trained(experiment, with_training_targets(data, targets), 9)
    assert found.twin.test_loss == alone.measure()["test_loss"][0]
    assert found.rows.tolist() == sorted(ROWS.tolist())
    np.testing.assert_array_equal(found.labels, targets[found.rows])
    assert found.same_order
    same = done(leave_out(experiment, 9, labels=data.train.targets[ROWS]))
    np.testing.assert_array_equal(same.twin.surface, same.run.surface)


@pytest.mark.parametrize("count", [15, 29, 30])
def test_where_too_few_others_are_left_there_are_no_controls(count):
    """A control treats as many others, at random: half of the samples or more leave none, or no choice among them."""
    experiment = quick()
    data = prepare(experiment.data)
    rows, targets = np.arange(count), data.train.targets.copy()
    targets[rows] = 1 - targets[rows]
    found = done(leave_out(experiment, 4, rows, targets[rows]))
    alone = trained(experiment, with_training_targets(data, targets), 4)
    assert found.twin.test_loss == alone.measure()["test_loss"][0]
    assert (found.controls, found.can_have_controls) == ((), False)


@pytest.mark.parametrize("deed", ["remove", "relabel"])
def test_controls_treat_as_many_others(deed):
    experiment = quick("training.batch_size=64")
    data, rows = prepare(experiment.data), np.arange(14)
    labels = None if deed == "remove" else 1 - data.train.targets[rows]
    found = done(leave_out(experiment, 2, rows, labels))
    assert found.can_have_controls
    possible = set()
    for others in (np.delete(np.arange(14, 30), [a, b]) for a in range(16) for b in range(a)):
        targets = data.train.targets.copy()
        targets[others] = 1 - targets[others]
        less = with_training_rows(data, np.setdiff1d(np.arange(30), others))
        part = less if deed == "remove" else with_training_targets(data, targets)
        possible.add(float(trained(experiment, part, 2).measure()["test_loss"][0]))
    assert len(found.controls) == 2
    assert {each.test_loss for each in found.controls} <= possible
    half = done(leave_out(experiment, 2, np.arange(20)))
    assert half.controls == ()


def test_changes_of_settings_are_followed_by_the_twin():
    first = quick()
    later = first.with_settings(["training.learning_rate=0.3", "data.label_noise=0.2"])
    found = done(leave_out(first, 9, ROWS, None, Chapter((4, 0), later)))
    stay = np.setdiff1d(np.arange(30), ROWS)
    engine = trained(first, with_training_rows(prepare(first.data), stay), 4)
    engine.set_data(with_training_rows(prepare(later.data), stay))
    engine.configure(later.network, later.training)
    engine.pass_epochs(5)
    assert found.twin.test_loss == engine.measure()["test_loss"][0]


def test_values_can_be_left_out_too():
    sine = Experiment().with_settings(["data.source=noisy-sine", "data.source.samples=40"])
    found = done(leave_out(sine, 5))
    assert found.twin.surface.shape == (100,)
    assert changed_share(found.run.surface, found.twin.surface) > 0
    assert "can be removed only" in refused(leave_out(sine, 5, labels=np.zeros(3, np.int64)))


def test_what_cannot_be_done_is_said():
    assert "click some of them" in refused(leave_out(quick(), 3, np.empty(0, np.intp)))
    assert "at least two must stay" in refused(leave_out(quick(), 3, np.arange(29)))


def test_how_much_of_the_plane_changes():
    a, b = np.zeros((2, 2, 2, 2))
    a[..., 0] = 1.0
    b[..., 0] = 1.0
    b[0, 0] = (0.2, 0.8)
    assert changed_share(a, b) == 0.25
    assert changed_share(np.array([1.0, 2.0]), np.array([4.0, 6.0])) == pytest.approx(np.sqrt(12.5))


@pytest.mark.parametrize("batch", [4, 64])
def test_each_sample_is_left_out_by_itself(batch):
    experiment = quick("data.source.samples=24", f"training.batch_size={batch}")
    found = done(MostInfluential(way(experiment, 6), Library(), PlaneSettings()))
    data = prepare(experiment.data)
    n = len(data.train)
    assert (found.one_by_one, found.trained, found.wanted, found.relative) == (True, n, n, batch < n)
    alone = [
        trained(experiment, with_training_rows(data, np.delete(np.arange(n), row)), 6).measure() for row in range(n)
    ]
    for effect, name in ((found.loss, "test_loss"), (found.test_error, "test_error")):
        without = np.array([row[name][0] for row in alone])
        whole = trained(experiment, data, 6).measure()[name][0]
        np.testing.assert_allclose(effect, (without.mean() if found.relative else whole) - without, atol=1e-12)
    assert (found.moved >= 0).all()
    assert (found.error == 0).all()


def test_of_many_samples_random_parts_tell(monkeypatch):
    monkeypatch.setattr("nnviz.studies.influence.ONE_BY_ONE", 20)
    found = done(MostInfluential(way(quick(), 5), Library(), PlaneSettings(), networks=12))
    assert not found.one_by_one
    assert found.trained == 12
    assert found.loss is None
    finite = np.isfinite(found.test_error)
    assert finite.sum() > 20
    assert (found.error[finite] > 0).any()
    data, masks = prepare(quick().data), np.array([random_part(0, number, 30) for number in range(12)])
    errors = []
    for number, mask in enumerate(masks):
        engine = make_engine(
            quick().network, quick().training, with_training_rows(data, np.flatnonzero(mask)), number + 1
        )
        engine.pass_epochs(5)
        errors.append(engine.measure()["test_error"][0])
    np.testing.assert_allclose(found.test_error, mean_effect(np.array(errors), masks)[0], atol=1e-12)
    effect, _ = mean_effect(np.zeros(3), np.array([[1, 0], [1, 1], [0, 1]], bool))
    assert np.isnan(effect).all()
    sine = Experiment().with_settings(["data.source=noisy-sine", "data.source.samples=60"])
    assert "too many" in refused(MostInfluential(way(sine, 3), Library(), PlaneSettings()))


def test_a_drawing_loses_its_samples_and_keeps_the_split_of_the_others():
    rng = np.random.default_rng(0)
    drawing = editing.add_points(
        editing.add_points(Drawing(), rng.normal(-2, 1, (30, 2)), 0), rng.normal(2, 1, (30, 2)), 1
    )
    settings = Experiment().data.replace(source=drawing)
    data = prepare(settings)
    removed = prepare(settings.replace(source=without(drawing, settings, ROWS, None)))
    np.testing.assert_array_equal(removed.train.x, np.delete(data.train.x, ROWS, axis=0))
    np.testing.assert_array_equal(removed.test.x, data.test.x)
    labels = 1 - data.train.targets[ROWS]
    relabelled = prepare(settings.replace(source=without(drawing, settings, ROWS, labels)))
    wanted = data.train.targets.copy()
    wanted[ROWS] = labels
    np.testing.assert_array_equal(relabelled.train.targets, wanted)
    np.testing.assert_array_equal(relabelled.train.x, data.train.x)
