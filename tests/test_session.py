"""A session: what becomes of a change, which runs there are, and what belongs to which."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sessions import keyframe, quick, wait

from nnviz.data.dataset import Part
from nnviz.engines.choose import make_engine
from nnviz.history.history import Event
from nnviz.project.library import Library
from nnviz.session import Run, Session
from nnviz.settings import changed
from nnviz.snapshot import Status
from nnviz.training.mailbox import Changed, Kept, Notice, Rows

SessionOf = Callable[..., Session]


def ready(session: Session) -> None:
    wait(session, lambda: session.run.status is Status.READY)


def trained(session: Session, epochs: int = 2) -> None:
    reached = session.run.epoch + epochs
    session.step_epoch(epochs)
    wait(session, lambda: session.run.epoch == reached and session.run.status is Status.PAUSED)


def test_a_session_begins_with_one_run(session_of: SessionOf) -> None:
    session = session_of()
    assert [run.name for run in session.runs] == ["quick"]
    assert session.run.status is Status.PREPARING
    assert not session.run.trained
    ready(session)
    assert not session.run.trained, "nothing would be missed"


def test_a_live_change_goes_into_the_run_that_is_there(session_of: SessionOf) -> None:
    session = session_of()
    trained(session)
    changes = session.configure(quick("training.learning_rate=0.5"))
    assert [change.path for change in changes] == ["training.learning_rate"]
    assert len(session.runs) == 1
    assert session.run.experiment == session.experiment
    event = Event(2, "Learning rate 0.03 → 0.5", "setting", "training.learning_rate", 0.03)
    assert session.run.history.events == [event]
    trained(session)
    assert session.run.history.latest("learning_rate") == np.float32(0.5)


def test_any_other_change_begins_a_run_and_keeps_the_one_before(session_of: SessionOf) -> None:
    session = session_of()
    trained(session)
    session.configure(quick("network.layers[0].units=5"))
    assert [run.name for run in session.runs] == ["quick", "Units 3 → 5"]
    assert session.runs[0].epoch == 2
    ready(session)
    assert session.run.epoch == 0
    assert session.runs[0].experiment == quick()


def test_a_run_in_which_nothing_was_trained_makes_room(session_of: SessionOf) -> None:
    session = session_of()
    for units in (4, 5, 6):
        session.configure(quick(f"network.layers[0].units={units}"))
    assert len(session.runs) == 1
    ready(session)
    assert session.run.experiment.network.layers[0].units == 6  # type: ignore[attr-defined]


def test_a_new_run_goes_on_playing_if_the_old_one_did(session_of: SessionOf) -> None:
    session = session_of()
    session.play()
    wait(session, lambda: session.run.epoch >= 2)
    session.configure(quick("seed=1"))
    assert session.runs[0].status is Status.PAUSED
    wait(session, lambda: session.run.epoch >= 2)
    assert session.playing
    assert session.run.name == "Seed 0 → 1"


def test_no_change_is_no_run_and_no_event(session_of: SessionOf) -> None:
    session = session_of()
    trained(session)
    assert session.configure(quick()) == ()
    assert len(session.runs) == 1
    assert session.run.history.events == []


def test_undoing_a_live_change_is_another_live_change(session_of: SessionOf) -> None:
    session = session_of()
    trained(session)
    before = session.experiment
    session.configure(quick("training.weight_decay=0.1"))
    trained(session)
    session.configure(before)
    assert session.experiment == before
    assert len(session.runs) == 1
    assert [event.text for event in session.run.history.events] == [
        "Weight decay (L2) 0 → 0.1",
        "Weight decay (L2) 0.1 → 0",
    ]


def test_undoing_a_change_of_shape_begins_again_from_the_same_weights(session_of: SessionOf) -> None:
    session = session_of()
    trained(session, 3)
    session.configure(quick("network.layers[0].units=5"))
    trained(session, 1)
    session.configure(quick())
    trained(session, 3)
    assert len(session.runs) == 3
    first, third = session.runs[0].history, session.runs[2].history
    np.testing.assert_array_equal(first.column("train_loss"), third.column("train_loss"))


def test_a_slider_that_is_dragged_leaves_one_event_per_epoch(session_of: SessionOf) -> None:
    session = session_of()
    trained(session, 1)
    for rate in (0.1, 0.2, 0.3):
        session.configure(quick(f"training.learning_rate={rate}"))
    assert [event.text for event in session.run.history.events] == ["Learning rate 0.03 → 0.3"]


def test_names_and_planes_are_no_events(session_of: SessionOf) -> None:
    session = session_of()
    trained(session, 1)
    renamed = session.experiment.replace(name="other", description="else")
    session.configure(changed(renamed, "data.plane.mode", "principal"))
    assert len(session.runs) == 1
    assert session.run.history.events == []
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.experiment.name == "other")


def test_a_failed_run_is_begun_again_even_by_a_live_change(session_of: SessionOf) -> None:
    session = session_of("network.layers=['flatten', 'max-pool']")
    wait(session, lambda: session.run.status is Status.FAILED)
    session.configure(session.experiment.with_settings(["training.learning_rate=0.1"]))
    assert session.run.status is Status.PREPARING
    wait(session, lambda: session.run.status is Status.FAILED)


def test_opening_another_experiment_keeps_the_runs(session_of: SessionOf) -> None:
    session = session_of()
    trained(session)
    session.configure(quick("seed=8").replace(name="other"))
    assert [run.name for run in session.runs] == ["quick", "other"]
    ready(session)


def test_reset_begins_again_with_the_same_numbers(session_of: SessionOf) -> None:
    session = session_of()
    trained(session, 3)
    session.reset()
    trained(session, 3)
    first, second = (run.history.column("test_loss") for run in session.runs)
    np.testing.assert_array_equal(first, second)


def test_what_an_older_run_sends_is_dropped(session_of: SessionOf) -> None:
    session = session_of()
    trained(session)
    old = session.run.number
    rows_before = len(session.run.history)
    session.reset()
    ready(session)
    stale = {name: session.runs[0].history.column(name)[-1:] for name in session.runs[0].history.names}
    session.mailbox.post(Rows(old, stale))
    session.mailbox.post(Kept(old, keyframe(99, np.zeros(3))))
    session.mailbox.post(Changed(old, Status.DIVERGED, "long ago"))
    session.poll()
    assert session.run.status is Status.READY
    assert len(session.runs[0].history) == rows_before
    assert len(session.run.history) == 1


def test_notices_are_kept_until_shown(session_of: SessionOf) -> None:
    session = session_of()
    ready(session)
    session.mailbox.post(Notice(session.run.number, "That could not be done."))
    session.poll()
    assert session.notices == ["That could not be done."]


def test_a_session_that_is_closed_has_no_thread(session_of: SessionOf) -> None:
    session = session_of()
    session.play()
    session.close()
    assert not session.worker._thread.is_alive()
    session.close()


@pytest.mark.parametrize("status", list(Status))
def test_a_run_knows_whether_it_was_trained(status: Status) -> None:
    run = Run(1, "", quick(), status=status)
    assert not run.trained
    run.history.append({"epoch": np.array([0])})
    assert not run.trained
    run.history.append({"epoch": np.array([1])})
    assert run.trained


def test_parts_count_their_samples() -> None:
    assert len(Part(np.zeros((3, 2), np.float32), np.zeros(3), np.zeros(3, bool))) == 3


def test_training_goes_on_through_every_change_that_begins_a_run(session_of: SessionOf) -> None:
    """Changes that arrive while a run is only being prepared must not lose the wish to train."""
    session = session_of()
    session.play()
    for units in (3, 4, 5, 6):
        session.configure(quick(f"network.layers[0].units={units}"))
    wait(session, lambda: session.run.status is Status.RUNNING and session.run.epoch > 0)
    session.configure(session.experiment.with_settings(['network.layers=["conv2d"]']))
    wait(session, lambda: session.run.status is Status.FAILED)
    session.configure(quick())
    wait(session, lambda: session.run.status is Status.RUNNING and session.run.epoch > 0)
    session.pause()
    wait(session, lambda: session.run.status is Status.PAUSED)
    assert not session.playing


def test_a_gesture_leaves_one_run(session_of: SessionOf) -> None:
    session = session_of()
    trained(session)
    session.configure(quick("network.layers[0].units=5"))
    trained(session)
    session.configure(quick("network.layers[0].units=4"), instead=True)
    assert [run.name for run in session.runs] == ["quick", "Units 3 → 4"]


def test_other_samples_are_measured_at_once_and_begin_another_search_for_the_best(session_of: SessionOf) -> None:
    session = session_of()
    trained(session, 3)
    run, noisy = session.run, quick("data.label_noise=0.4")
    before = run.history.column("train_loss").copy()
    session.configure(noisy)
    wait(session, lambda: len(run.chapters) == 2 and run.history.went_back > 0, "what was measured anew")
    wait(session, lambda: list(run.history.keyframes)[-1].place == (3, 0), "the state there")
    engine = make_engine(noisy.network, noisy.training, Library().prepare(noisy.data), noisy.seed)
    engine.restore(list(run.history.keyframes)[-1].state)
    np.testing.assert_array_equal(run.history.column("train_loss")[:3], before[:3])
    assert run.history.latest("train_loss") == np.float32(engine.measure()["train_loss"][0]) != before[3]
    assert run.history.best_epoch == run.history.best_from == 3
    session.step_batch()
    wait(session, lambda: run.snapshot is not None and run.snapshot.step > 9, "a step")
    session.configure(quick("data.label_noise=0.1"))
    wait(session, lambda: len(run.chapters) == 3, "the samples that came in the middle of an epoch")
    assert run.history.best_epoch is None
    trained(session, 2)
    assert run.history.best_from == 4


def test_a_first_run_that_begins_again_keeps_its_name(session_of: SessionOf) -> None:
    session = session_of()
    session.reset()
    assert [run.name for run in session.runs] == ["quick"]


def test_a_fork_in_full_training_begins_where_its_name_says(session_of: SessionOf) -> None:
    session = session_of()
    session.play()
    wait(session, lambda: session.run.epoch > 50)
    origin = session.run
    fork = session.fork(session.experiment)
    assert fork is not None
    wait(session, lambda: fork.epoch > fork.first_epoch + 20)
    session.pause()
    wait(session, lambda: fork.status is Status.PAUSED)
    assert fork.origin is not None
    assert fork.origin.epoch == fork.first_epoch
    assert fork.name == f"from {fork.first_epoch:,}"
    shared = fork.history.column("epoch") <= fork.first_epoch
    np.testing.assert_array_equal(
        fork.history.column("train_loss")[shared], origin.history.column("train_loss")[: int(shared.sum())]
    )
    assert (np.diff(fork.history.column("epoch")) == 1).all()


def test_a_run_that_is_looked_back_at_is_found_so_again(session_of: SessionOf) -> None:
    session = session_of()
    trained(session, 20)
    first = session.run
    session.look.go_to(7)
    wait(session, lambda: first.snapshot is not None and first.snapshot.past)
    session.fork(session.experiment)
    ready(session)
    session.select(first)
    assert first.playhead == 7
    wait(session, lambda: first.snapshot is not None and first.snapshot.past and first.snapshot.arrays is not None)
    session.want(frozenset({"parameters"}))
    wait(session, lambda: first.snapshot is not None and "parameters" in first.snapshot.arrays)
    assert first.snapshot is not None
    assert first.snapshot.epoch == 7
