"""The controller: changes, undo and transport, on a real session."""

from __future__ import annotations

from nnviz.experiment import bundled
from nnviz.gui.controller import Controller
from nnviz.snapshot import Status


def ready(controller: Controller) -> bool:
    controller.tick()
    return controller.run.status is Status.READY


def test_a_change_can_be_undone_and_redone(controller):
    before = controller.experiment
    assert controller.set("training.learning_rate", 0.5, "Learning rate") == ""
    assert controller.experiment.training.learning_rate == 0.5
    controller.undo_stack.undo()
    assert controller.experiment == before
    controller.undo_stack.redo()
    assert controller.experiment.training.learning_rate == 0.5


def test_opening_is_undone_and_redone_without_leaving_untrained_runs(controller):
    controller.set("training.learning_rate", 0.5, "Learning rate")
    controller.open(bundled("moons"))
    for _ in range(2):
        controller.undo_stack.undo()
        assert controller.experiment.name == "untitled"
        assert controller.experiment.training.learning_rate == 0.5
        controller.undo_stack.undo()
        assert controller.experiment.training.learning_rate == 0.03
        controller.undo_stack.redo()
        assert controller.experiment.training.learning_rate == 0.5
        controller.undo_stack.redo()
        assert [run.experiment.name for run in controller.session.runs] == ["moons"]


def test_opening_over_a_trained_run_is_redone_without_leaving_untrained_runs(controller, qtbot):
    controller.open(bundled("moons"))
    qtbot.waitUntil(lambda: ready(controller), timeout=60_000)
    controller.step_epoch()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch >= 1, timeout=20_000)
    moons = controller.run
    for _ in range(2):
        controller.undo_stack.undo()
        assert [run.experiment.name for run in controller.session.runs] == ["moons", "untitled"]
        controller.undo_stack.redo()
        assert controller.session.runs == [moons]


def test_a_dragged_slider_is_one_step(controller):
    for value in (0.1, 0.2, 0.3):
        controller.set("training.learning_rate", value, "Learning rate", merge="drag 1")
    controller.set("training.learning_rate", 0.4, "Learning rate", merge="drag 2")
    assert controller.undo_stack.count() == 2
    controller.undo_stack.undo()
    assert controller.experiment.training.learning_rate == 0.3
    controller.undo_stack.undo()
    assert controller.experiment.training.learning_rate == 0.03


def test_a_bad_value_is_refused_in_a_sentence_and_changes_nothing(controller):
    before = controller.experiment
    said = controller.set("training.learning_rate", -1, "Learning rate")
    assert "training.learning_rate" in said
    assert "-1" in said
    assert controller.experiment == before
    assert controller.undo_stack.count() == 0


def test_live_changes_keep_the_run_and_others_start_one(controller, qtbot):
    qtbot.waitUntil(lambda: ready(controller), timeout=60_000)
    controller.step_epoch()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch >= 1, timeout=20_000)
    number = controller.run.number
    controller.set("training.learning_rate", 0.1, "Learning rate")
    assert controller.run.number == number
    assert "Learning rate 0.03 → 0.1" in controller.run.history.events[-1].text
    with qtbot.waitSignal(controller.run_changed, timeout=5_000):
        controller.set("network.layers[0].units", 6, "Units")
    assert controller.run.number != number
    assert len(controller.session.runs) == 2, "the run before stays"


def test_play_and_pause(controller, qtbot):
    qtbot.waitUntil(lambda: ready(controller), timeout=60_000)
    controller.toggle()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch >= 3, timeout=20_000)
    assert controller.run.status is Status.RUNNING
    controller.toggle()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.PAUSED, timeout=20_000)
    epoch = controller.run.epoch
    controller.tick()
    assert controller.run.epoch == epoch


def test_reset_starts_from_the_same_weights_and_a_new_seed_from_others(controller, qtbot):
    def start() -> object:
        controller.session.want(frozenset({"parameters"}))

        def arrived() -> bool:
            controller.tick()
            snapshot = controller.run.snapshot
            return snapshot is not None and snapshot.epoch == 0 and "parameters" in snapshot.arrays

        qtbot.waitUntil(arrived, timeout=60_000)
        return controller.run.snapshot.arrays["parameters"].tobytes()

    first = start()
    controller.step_epoch()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch == 1, timeout=20_000)
    controller.reset()
    assert start() == first
    controller.new_seed()
    assert start() != first
