"""Rewinding is exact: any epoch of any run, byte for byte, through every change that was made on the way."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

import numpy as np
import pytest
from sessions import quick, wait

from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import add_points, delete
from nnviz.data.split import prepare
from nnviz.history.chapters import Edit
from nnviz.session import Session
from nnviz.snapshot import Snapshot, Status
from nnviz.training.trainer import Trainer

SessionOf = Callable[..., Session]

DROPOUT = (
    "network.layers=[{kind='linear', units=6}, 'relu', {kind='dropout', rate=0.2}, {kind='linear', units=4}, 'tanh']"
)


def digest(parameters: np.ndarray) -> str:
    return hashlib.sha256(parameters.tobytes()).hexdigest()


def played(session: Session, epochs: int) -> None:
    """Train at whatever pace the machine has, up to exactly so many epochs."""
    session.step_epoch(epochs - session.run.epoch)
    wait(session, lambda: session.run.epoch == epochs and session.run.status is Status.PAUSED)


def at(session: Session, epoch: int) -> Snapshot:
    """Return the past at an epoch, with its parameters."""
    session.look.go_to(epoch)
    run = session.run

    def there() -> bool:
        shown = run.snapshot
        if run.playhead is None:
            return shown is not None and not shown.past and "parameters" in shown.arrays and shown.epoch == run.epoch
        return shown is not None and shown.past and shown.epoch == epoch and "parameters" in shown.arrays

    wait(session, there, f"epoch {epoch}")
    assert run.snapshot is not None
    return run.snapshot


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["compiled", "torch"])
def test_any_epoch_of_2000_is_repeated_byte_for_byte(session_of: SessionOf, engine: str) -> None:
    settings = [DROPOUT, "training.optimizer=adam", "training.schedule=cosine", "training.epochs=2500"]
    settings += [f"training.engine={engine}", "training.batch_size=10", "data.source.samples=60"]
    if engine == "torch":
        settings += ["training.batch_size=30"]  # one step an epoch: torch takes a tenth of a millisecond for each
    experiment = quick(*settings)
    straight = Trainer(experiment, prepare(experiment.data))
    digests = {0: digest(straight.engine.parameters())}
    for epoch in range(1, 2001):
        straight.engine.train_epochs(1)
        digests[epoch] = digest(straight.engine.parameters())
    session = session_of(*settings)
    session.want(frozenset({"parameters"}))
    played(session, 2_000)
    rng = random.Random(7)
    for epoch in [rng.randrange(2_000) for _ in range(25)] + [0, 1, 1_999]:
        assert digest(at(session, epoch).arrays["parameters"]) == digests[epoch], epoch
    assert digest(at(session, 2_000).arrays["parameters"]) == digests[2_000], "now is untouched"


def test_through_changes_edits_and_other_samples(session_of: SessionOf) -> None:
    """Settings of every sort change in mid-run, in the middle of an epoch too; the past goes through them again."""
    session = session_of(DROPOUT, "training.optimizer=momentum")
    session.want(frozenset({"parameters"}))
    wait(session, lambda: session.run.status is Status.READY)
    known: dict[int, str] = {}
    rng = random.Random(3)
    changes = [
        "training.learning_rate=0.1",
        "network.layers[2].rate=0.5",
        "training.batch_size=7",
        "data.label_noise=0.3",
        "training.optimizer=adam",
        "training.weight_decay=0.01",
        "training.label_smoothing=0.1",
        "training.engine=torch",
        "data.label_noise=0.1",
        "training.optimizer=momentum",
        "training.engine=automatic",
    ]
    for change in changes:
        for _ in range(6):
            played(session, session.run.epoch + rng.randint(1, 3))
            shown = at(session, session.run.epoch)
            known[shown.epoch] = digest(shown.arrays["parameters"])
        if rng.random() < 0.5:
            step = shown.step
            session.step_batch()
            wait(session, lambda step=step: session.run.snapshot is not None and session.run.snapshot.step > step)
        session.configure(session.experiment.with_settings([change]))
        if change.startswith("training.batch_size"):
            session.set_parameters((Edit(3, 0.25), Edit(0, -1.0)), "Two weights set by hand")
    played(session, session.run.epoch + 5)
    assert len(session.runs) == 1, "all of these are live"
    order = list(known)
    rng.shuffle(order)
    for epoch in order[:40]:
        assert digest(at(session, epoch).arrays["parameters"]) == known[epoch], epoch
    before, after = order[0], order[1]
    assert session.run.experiment_at(0).training.learning_rate == 0.03
    assert before != after


def test_the_past_shows_what_was_measured_there(session_of: SessionOf) -> None:
    session = session_of("training.schedule=cosine", "training.epochs=400")
    session.want(frozenset({"parameters"}))
    played(session, 300)
    history = session.run.history
    for epoch in (17, 120, 299):
        row = at(session, epoch).row
        place = int(np.searchsorted(history.column("epoch"), epoch))
        for name in history.names:
            np.testing.assert_array_equal(np.float32(row[name][0]), np.float32(history.column(name)[place]), name)


def test_training_goes_on_while_the_past_is_looked_at(session_of: SessionOf) -> None:
    session = session_of()
    session.want(frozenset({"parameters"}))
    played(session, 50)
    session.play()
    wait(session, lambda: session.run.epoch > 60)
    session.look.go_to(20)
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.past)
    epoch = session.run.epoch
    wait(session, lambda: session.run.epoch > epoch + 100)
    assert session.run.snapshot is not None
    assert session.run.snapshot.epoch == 20
    session.pause()
    wait(session, lambda: session.run.status is Status.PAUSED)
    session.look.go_live()
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.epoch == session.run.epoch)


def test_the_playhead_stays_within_the_run(session_of: SessionOf) -> None:
    session = session_of()
    session.want(frozenset({"parameters"}))
    played(session, 30)
    session.look.go_to(-5)
    assert session.run.playhead == 0
    session.look.go_to(10_000)
    assert session.run.playhead is None


def test_the_best_epoch_is_kept(session_of: SessionOf) -> None:
    session = session_of("data.label_noise=0.4", "training.optimizer=adam", "training.learning_rate=0.05")
    played(session, 3_000)
    run = session.run
    wait(
        session,
        lambda: any(frame.reason == "best" or frame.epoch == run.history.best_epoch for frame in run.history.keyframes),
    )
    (best,) = [frame for frame in run.history.keyframes if frame.epoch == run.history.best_epoch]
    session.want(frozenset({"parameters"}))
    assert digest(at(session, best.epoch).arrays["parameters"]) == digest(best.parameters)


def test_states_where_settings_changed_are_kept(session_of: SessionOf) -> None:
    session = session_of("training.optimizer=adam")
    played(session, 300)
    session.configure(session.experiment.with_settings(["training.learning_rate=0.002"]))
    played(session, 20_000)
    kept = [frame for frame in session.run.history.keyframes if frame.reason == "event"]
    assert [frame.epoch for frame in kept] == [300]
    assert kept[0].chapter == 1
    session.want(frozenset({"parameters"}))
    assert digest(at(session, 300).arrays["parameters"]) == digest(kept[0].parameters)


def test_a_film_goes_through_the_past_and_ends_at_now(session_of: SessionOf) -> None:
    session = session_of()
    played(session, 400)
    session.limit_speed(2_000.0)
    session.look.go_to(0)
    session.play()
    assert session.playing
    seen: list[int] = []

    def over() -> bool:
        if session.run.snapshot is not None and session.run.snapshot.past:
            seen.append(session.run.snapshot.epoch)
        return not session.playing

    wait(session, over)
    assert session.run.epoch == 400, "a film trains nothing"
    assert session.run.playhead is None
    assert len(set(seen)) > 3
    assert seen == sorted(seen)


@pytest.mark.slow
def test_a_repetition_can_be_given_up(session_of: SessionOf) -> None:
    """Progress is told while it takes long, and another wish ends it at once."""
    session = session_of("training.engine=torch", "training.batch_size=1", "data.source.samples=600")
    played(session, 60)
    run = session.run
    for frame in list(run.history.keyframes)[1:]:
        run.history.keyframes._frames.remove(frame)
    session.look.go_to(59)
    wait(session, lambda: run.repeating is not None, "progress")
    assert run.repeating is not None
    share, left = run.repeating
    assert 0.0 <= share < 1.0
    assert left > 0.0
    session.look.go_live()
    assert run.repeating is None
    wait(session, lambda: run.snapshot is not None and not run.snapshot.past)


def test_through_fewer_samples_in_the_middle_of_an_epoch(session_of: SessionOf) -> None:
    """What is left of the epoch goes with the samples: the next one begins, in the past as it did then."""
    rng = np.random.default_rng(0)
    drawing = add_points(add_points(Drawing(), rng.uniform(-5, 5, (100, 2)), 0), rng.uniform(-5, 5, (100, 2)), 1)
    session = session_of()
    data = session.experiment.data
    session.configure(session.experiment.replace(data=data.replace(source=drawing)))
    session.want(frozenset({"parameters"}))
    played(session, 5)
    steps = 5 * -(-len(at(session, 5).data.train) // 10) + 8
    for _ in range(8):
        session.step_batch()
    wait(session, lambda: session.run.snapshot is not None and session.run.snapshot.step == steps)
    fewer = delete(drawing, np.arange(drawing.n_points) % 3 != 0)
    session.configure(session.experiment.replace(data=data.replace(source=fewer)))
    known = {}
    for epoch in (8, 11):
        session.step_epoch(epoch - (session.run.epoch if known else 6))  # the sixth ended without being finished
        wait(session, lambda epoch=epoch: session.run.epoch == epoch and session.run.status is Status.PAUSED)
        known[epoch] = digest(at(session, epoch).arrays["parameters"])
    frames = session.run.history.keyframes
    for frame in list(frames)[1:]:
        if frame.place[0] < 11:
            frames._frames.remove(frame)
    played(session, 20)
    assert len(session.runs) == 1
    assert session.run.chapters[-1].place == (5, 80)
    assert {epoch: digest(at(session, epoch).arrays["parameters"]) for epoch in known} == known
