"""Runs of real sessions repeated from their beginning: bit for bit, whatever was changed on their way."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import quick, wait

from nnviz.data.dataset import DataError
from nnviz.data.drawings import editing
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.split import split_indices
from nnviz.experiment import Experiment
from nnviz.history.chapters import Edit
from nnviz.project.library import Library
from nnviz.settings import SettingsError
from nnviz.snapshot import Status
from nnviz.studies.repeating import matches, outputs_on, passes, rows_in, way_of


def never() -> bool:
    return False


def step(session, epochs):
    run, reached = session.run, session.run.epoch + epochs
    session.step_epoch(epochs)
    wait(session, lambda: run.epoch == reached and run.status is Status.PAUSED, f"epoch {reached}")


def ready(session):
    wait(session, lambda: session.run.status is Status.READY and session.run.snapshot is not None, "the run")
    return session


def losses(run, epochs):
    rows = np.searchsorted(run.history.column("epoch"), epochs)
    return run.history.column("train_loss")[rows].astype(np.float32)


def repeated(way):
    """Return what the repetition measures at every epoch, and what it says of being exact."""
    epochs = list(range(way.start, way.end + 1))
    found, exact = [], []
    for engine in passes(way, Library().prepare, epochs, never):
        found.append(engine.measure()["train_loss"][0])
        exact.append(matches(engine, way))
    return epochs, np.array(found, np.float32), [each for each in exact if each is not None]


def test_a_run_without_changes(session_of):
    session = ready(session_of())
    step(session, 12)
    way = way_of(session.run)
    epochs, found, exact = repeated(way)
    assert epochs == list(range(13))
    assert not way.changed
    assert exact == [True]
    np.testing.assert_array_equal(found, losses(session.run, epochs))


def test_a_run_with_everything_changed_on_its_way(session_of):
    session = ready(session_of())
    step(session, 5)
    session.configure(session.experiment.with_settings(["training.learning_rate=0.003", "data.label_noise=0.2"]))
    step(session, 5)
    session.set_parameters((Edit(0, 1.5),), "Weight set")
    wait(session, lambda: len(session.run.chapters) == 3, "the edit")
    session.configure(session.experiment.with_settings(["training.optimizer=adam"]))
    step(session, 5)
    way = way_of(session.run)
    epochs, found, exact = repeated(way)
    assert way.changed
    assert exact == [True]
    np.testing.assert_array_equal(found, losses(session.run, epochs))


def test_a_fork_begins_with_the_run_that_it_left(session_of):
    session = ready(session_of())
    step(session, 6)
    session.look.go_to(4)
    session.fork(session.experiment.with_settings(["training.learning_rate=0.1"]))
    wait(session, lambda: session.run.status is Status.READY, "the fork")
    step(session, 5)
    fork = session.run
    way = way_of(fork, session.runs)
    epochs, found, exact = repeated(way)
    assert way.whole
    assert epochs == list(range(10))
    assert exact == [True]
    np.testing.assert_array_equal(found, losses(fork, epochs))
    alone = way_of(fork)  # the run that it came from is no longer there
    assert not alone.whole
    epochs, found, _ = repeated(alone)
    assert epochs[0] == 4
    np.testing.assert_array_equal(found, losses(fork, epochs))


def test_another_run_is_noticed(session_of):
    session = ready(session_of())
    step(session, 4)
    way = way_of(session.run)
    other = session.experiment.with_settings(["data.seed=1"]).data
    found = [matches(e, way) for e in passes(way, lambda _: Library().prepare(other), range(5), never)]
    assert False in found


def test_an_untrained_run_is_refused(session_of):
    session = ready(session_of())
    with pytest.raises(SettingsError, match="has not been trained yet; play it"):
        way_of(session.run)


def test_stopping_ends_it(session_of):
    session = ready(session_of())
    step(session, 3)
    way = way_of(session.run)
    assert not list(passes(way, Library().prepare, [3], lambda: True))


def test_marks_have_both_ends_and_the_state_that_was_kept(session_of):
    session = ready(session_of())
    step(session, 30)
    way = way_of(session.run)
    marks = way.marks(10)
    assert (marks[0], marks[-1]) == (0, 30)
    assert way.check is not None
    assert way.check.epoch in marks
    assert (np.diff(marks) > 0).all()


def test_outputs_are_for_the_same_sample_under_another_scaling():
    library = Library()
    plain, scaled = (quick(f"data.standardize={word}").data for word in ("false", "true"))
    data, other = library.prepare(plain), library.prepare(scaled)

    class Echo:
        pass

    echo = Echo()
    echo.data, echo.predict = other, lambda x: x
    np.testing.assert_allclose(outputs_on(echo, data, data.train.x), other.train.x, atol=1e-5)
    echo.data = data
    assert outputs_on(echo, data, data.train.x) is data.train.x
    echo.data = library.prepare(quick("data.source=iris").data)
    assert outputs_on(echo, data, data.train.x) is None


def test_rows_are_followed_by_identity_or_not_at_all():
    rng = np.random.default_rng(0)
    drawing = editing.add_points(Drawing(), rng.uniform(-5, 5, (30, 2)), 0)
    drawing = editing.add_points(drawing, rng.uniform(-5, 5, (30, 2)), 1)
    fewer = editing.delete(drawing, rng.random(60) < 0.3)
    late, early = (Experiment().data.replace(source=each) for each in (fewer, drawing))
    library = Library()
    data = library.prepare(early)
    rows = np.array([7, 0, 3])
    here, which = rows_in(early, data, rows, late)
    dataset = fewer.load(0)
    wanted = fewer.numbers[split_indices(dataset, late)[0]][rows]
    found = drawing.numbers[split_indices(drawing.load(0), early)[0]][here]
    np.testing.assert_array_equal(found, wanted[which])
    assert sorted(which.tolist()) == [0, 1, 2]
    noisy = quick("data.label_noise=0.3").data
    np.testing.assert_array_equal(rows_in(noisy, library.prepare(noisy), rows, quick().data)[0], rows)
    with pytest.raises(DataError, match="were exchanged on its way"):
        rows_in(quick("data.seed=4").data, library.prepare(quick().data), rows, quick().data)
