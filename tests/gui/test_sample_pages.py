"""Pages about samples: the learning curve, cross-validation and the test vault, with real trainings."""

from __future__ import annotations

import numpy as np
import pytest
from compare_stage import train
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.window import LaboratoryWindow
from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.vault_keeper import keeper_of, name_of_look
from nnviz.snapshot import Status
from nnviz.vault import Vault

QUICK = Experiment(name="quick").with_settings(
    ["data.source={kind='circles', samples=160, noise=0.6}", "network.layers=[{kind='linear', units=4}, 'tanh']"]
)


@pytest.fixture
def controller(qapp, qtbot):
    made = Controller(QUICK)
    qtbot.waitUntil(lambda: made.tick() is not None and made.run.status is Status.READY, timeout=60_000)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def open_page(controller, qtbot):
    windows = []

    def opened(name: str):
        window = LaboratoryWindow(controller, DARK, remember=False)
        windows.append(window)
        qtbot.addWidget(window)
        window.show()
        window.show_page(name)
        return window.made[name]

    yield opened
    for window in windows:
        window.close()
    QApplication.processEvents()


def finish(page, qtbot):
    page.begin()
    assert page.study is not None, page.sentence.text()
    qtbot.waitUntil(lambda: page.study.progress().over, timeout=120_000)
    page.refresh()
    assert page.status.text() == "Done: the results.", page.sentence.text()


# ------------------------------------------------------------ learning curve


def test_a_learning_curve_is_drawn_fitted_and_answers(open_page, controller, qtbot):
    page = open_page("learning-curve")
    page.epochs.setValue(20)
    page.seeds.setValue(2)
    page.count.setValue(5)
    page.smallest.setValue(5)
    finish(page, qtbot)
    report = page.report
    assert report.sizes[0] == 5
    assert report.curve is not None
    assert "5 sizes, 2 seeds" in page.sentence.text()
    assert page.plot._test_band.path().boundingRect().bottom() <= 100.0, "no more than all can be wrong"
    dark = page.plot.grab().toImage()
    page.wanted.setValue(99.0)
    assert "99 % test error already" in page.answer.text()
    page.wanted.setValue(0.0)
    assert "no number of samples" in page.answer.text()
    page._set_log_y(True)
    assert page.plot.y_scale.log
    page._set_log_x(False)
    assert not page.plot.x_scale.log
    page.apply_theme(LIGHT)
    assert page.plot.grab().toImage() != dark
    table = page.table()
    assert len({len(column) for column in table.values()}) == 1
    assert table["test error, seed 1 [%]"] == pytest.approx(100 * report.test_error[1])
    assert keeper_of(controller).vault.events[-1].text == "Learning curve of 5 sizes and 2 seeds"


def test_a_point_that_is_clicked_becomes_a_run(open_page, controller, qtbot):
    page = open_page("learning-curve")
    page.epochs.setValue(5)
    page.seeds.setValue(1)
    page.count.setValue(4)
    page.smallest.setValue(20)
    finish(page, qtbot)
    place = page.plot.to_pixel(float(np.log10(page.report.sizes[2])), page.plot.y_range[0])
    QTest.mouseClick(page.plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(place.x()), 60))
    assert page.chosen == 2
    size = int(page.report.sizes[2])
    assert page.open_button.text() == f"Open {size} samples as a run"
    page.plot._read_at((float(np.log10(size)), 0.0))
    page.open_button.click()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.READY, timeout=20_000)
    data = controller.run.snapshot.data
    assert len(data.train) == pytest.approx(size, abs=2)
    assert len(data.test) == page.report.test_samples
    assert "not the run in front" in page._over_words()
    controller.undo_stack.undo()
    assert controller.experiment == QUICK


# ------------------------------------------------------------ cross-validation


def test_folds_that_diverged_have_no_error_beside_them(open_page, controller, qtbot):
    settings = ["data.source={kind='noisy-sine', samples=60}", "network.layers=[{kind='linear', units=4}, 'relu']"]
    wild = QUICK.with_settings([*settings, "training.optimizer='sgd'", "training.learning_rate=3"])
    controller.open(wild)
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.READY, timeout=20_000)
    page = open_page("cross-validation")
    page.epochs.setValue(30)
    page.folds.setValue(3)
    empty = page.diagram.grab().toImage()
    finish(page, qtbot)
    assert page.sentence.text() == "All folds diverged: lower the learning rate."
    assert page.diagram.accessibleDescription() == "–; –; –"
    folds = page.diagram.grab().toImage()
    assert folds != empty, "one sees which samples each fold held out, though nothing came of it"
    controller.open(wild.with_settings(["training.learning_rate=0.01"]))
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.READY, timeout=20_000)
    finish(page, qtbot)
    assert page.diagram.grab().toImage() != folds, "now there are errors beside them"


def test_folds_are_drawn_and_put_into_words(open_page, qtbot):
    page = open_page("cross-validation")
    page.epochs.setValue(10)
    page.folds.setValue(3)
    page.repeats.setValue(2)
    finish(page, qtbot)
    assert page.sentence.text().startswith("3-fold cross-validation, 2 times, expects an error of")
    assert page.diagram.accessibleDescription().count("%") == 6
    assert page.diagram.sizeHint().height() > 6 * 20
    error = page.plot.grab().toImage()
    page._choose(1)
    assert page.plot.grab().toImage() != error
    assert "repetition 2, fold 3 [loss]" in page.table()
    page.plot._read_at((5.0, 0.0))
    picture = page.diagram.grab().toImage()
    page.apply_theme(LIGHT)
    assert page.diagram.grab().toImage() != picture


def test_too_many_folds_are_a_sentence_on_the_page(open_page, qtbot):
    page = open_page("cross-validation")
    page.folds.setValue(900)
    page.begin()
    qtbot.waitUntil(lambda: page.study.progress().over, timeout=60_000)
    page.refresh()
    assert page.sentence.text() == "80 samples cannot make 900 folds: choose from 2 to 80."


# ------------------------------------------------------------ the vault


def test_looks_are_counted_once_for_every_experiment(controller):
    keeper = keeper_of(controller)
    assert keeper_of(controller) is keeper
    assert keeper.vault.looks == 0
    train(controller, 5)
    train(controller, 5)
    assert keeper.vault.looks == 1
    controller.set("training.learning_rate", 0.1, "Rate")  # live: the same run with other settings
    train(controller, 5)
    assert keeper.vault.looks == 2
    assert keeper.vault.events[-1].text == "Learning rate 0.03 → 0.1"
    controller.change(controller.experiment.replace(name="other"), "Rename")
    train(controller, 5)
    assert keeper.vault.looks == 2
    controller.new_seed()
    train(controller, 5)
    assert keeper.vault.looks == 3


def test_settings_that_nothing_was_trained_with_are_no_look(controller, qtbot):
    keeper = keeper_of(controller)
    train(controller, 5)
    for path, value in [("training.learning_rate", 0.1 * k) for k in (1, 2, 3)] + [("training.epochs", 8)]:
        controller.set(path, value, path)
        run = controller.run
        qtbot.waitUntil(
            lambda run=run: controller.tick() is not None and run.chapters[-1].experiment == run.experiment,
            timeout=20_000,
        )
    assert keeper.vault.looks == 1
    train(controller, 2)
    assert keeper.vault.looks == 2
    assert keeper.vault.events[-1].text.startswith("Learning rate 0.03 → 0.3")


def test_every_run_that_can_be_read_is_a_look(controller):
    keeper = keeper_of(controller)
    keeper.lock()
    for _ in range(3):
        train(controller, 5)
        controller.new_seed()
    keeper.open()
    assert keeper.vault.looks == 3


def test_nothing_is_counted_while_it_is_locked(controller):
    keeper = keeper_of(controller)
    keeper.lock()
    train(controller, 5)
    assert keeper.vault.looks == 0
    keeper.open()
    assert keeper.vault.looks == 1


def test_choices_by_the_test_part_are_selections_and_others_are_not(controller):
    keeper = keeper_of(controller)
    train(controller, 5)
    keeper.go_to_best()
    assert keeper.vault.selections == 1
    assert "of the smallest test loss" in keeper.vault.events[-1].text
    controller.set("data.validation_share", 0.2, "Validation")
    train(controller, 5)
    keeper.go_to_best()
    assert keeper.vault.selections == 1


def test_stopping_early_by_the_test_loss_is_a_selection(controller, qtbot):
    keeper = keeper_of(controller)
    controller.change(
        controller.experiment.with_settings(["training.patience=3", "training.learning_rate=3.0"]), "Patience"
    )
    controller.session.play()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.FINISHED, timeout=60_000)
    controller.tick()
    keeper.watch()
    assert [event.kind for event in keeper.vault.events].count("selection") == 1
    again = Vault.of(keeper.vault.plain())
    keeper.restore(again.plain())
    keeper.watch()
    assert keeper.vault == again


def test_what_shows_the_same_is_one_look():
    same = [
        "name='x'",
        "data.plane.mode='principal'",
        "training.epochs=9",
        "training.patience=9",
        "training.engine=torch",
    ]
    assert {name_of_look(QUICK.with_settings([each])) for each in same} == {name_of_look(QUICK)}
    assert name_of_look(QUICK) != name_of_look(QUICK.with_settings(["seed=1"]))


def test_the_page_locks_and_opens_and_shows_the_log(open_page, controller, qtbot):
    train(controller, 5)
    page = open_page("test-vault")
    assert page.lock_button.text() == "Lock the test part"
    assert "1 look" in page.state.text()
    page.lock_button.click()
    assert page.lock_button.text() == "Open the vault"
    assert page.log.item(0, 2).text() == "Test part locked"
    other = open_page("learning-curve")  # which needs the test part
    other.begin()
    assert other.study is None
    assert other.problem.text().endswith("open the test vault first.")
    page.lock_button.click()
    assert "open" in page.state.text()


def test_the_demonstration_shows_what_choosing_costs(open_page, qtbot):
    page = open_page("test-vault")
    page.candidates.setValue(12)
    page.samples.setValue(20)
    page.epochs.setValue(10)
    empty = page.plot.grab().toImage()
    finish(page, qtbot)
    assert page.sentence.text().startswith("The best of 12 networks by their error on 20 test samples")
    assert page.plot.grab().toImage() != empty
    assert len(page.table()["networks"]) == 12
    page.plot._read_at((0.5, 10.0))
    assert page.plot.overlay._reading is not None


# ------------------------------------------------------------ regularisation paths


def test_a_path_shows_surfaces_weights_and_errors(open_page, controller, qtbot):
    page = open_page("regularisation-path")
    page.refresh()
    page.count.setValue(4)
    page.epochs.setValue(15)
    page.folds.setValue(3)
    assert (page.low.value(), page.high.value()) == (0.0, 0.1)
    finish(page, qtbot)
    report = page.report
    assert len(report.values) == 4
    assert all(surface is not None for surface in report.surfaces)
    assert page.sentence.text().startswith("The smallest error on held-out folds is")
    assert ", at weight decay " in page.sentence.text()
    assert page.slider.maximum() == 3
    first = page.surface.grab().toImage()
    page.slider.setValue(3)
    assert page.place == 3
    assert page.value.text() == "Weight decay 0.1"
    assert page.surface.grab().toImage() != first
    page.choice.click()
    assert page.place == report.chosen
    QTest.mouseClick(page.strip, Qt.MouseButton.LeftButton, pos=QPoint(30, 30))
    assert page.place == 0
    QTest.keyClick(page.strip, Qt.Key.Key_Right)
    assert page.place == 1
    page.errors._read_at((float(page.errors.x()[2]), 1.0))
    assert page.errors.overlay._reading is not None
    page.weights._read_at((float(page.weights.x()[2]), 1.0))
    assert "output" in {each.word for each in page.weights.overlay._reading.lines}
    assert len({len(column) for column in page.table().values()}) == 1
    dark = page.strip.grab().toImage()
    page.apply_theme(LIGHT)
    assert page.strip.grab().toImage() != dark


def test_a_value_becomes_a_run_or_a_fork(open_page, controller, qtbot):
    train(controller, 6)
    page = open_page("regularisation-path")
    page.refresh()
    page.count.setValue(3)
    page.folds.setValue(0)
    assert page.epochs.value() == 6
    finish(page, qtbot)
    page._pick(2)
    page.fork_button.click()
    assert controller.experiment.training.weight_decay == 0.1
    assert controller.run.name == "Weight decay 0.1 from 6"
    page.open_button.click()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.READY, timeout=20_000)
    controller.session.play()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.FINISHED, timeout=20_000)
    assert controller.run.epoch == 6
    assert controller.run.history.latest("train_error") == pytest.approx(page.report.train_error[2], abs=1e-6)
    assert controller.run.history.latest("test_error") == pytest.approx(page.report.test_error[2], abs=1e-6)


def test_other_paths_and_what_cannot_be(open_page, controller, qtbot):
    page = open_page("regularisation-path")
    page.refresh()
    page.vary.setCurrentIndex(page.vary.findData("dropout"))
    page.high.setValue(page.low.value())
    page.begin()
    assert "nothing between the two ends" in page.problem.text()
    page.vary.setCurrentIndex(page.vary.findData("epochs"))
    assert not page.epochs.isEnabled()
    page.low.setValue(2)
    page.high.setValue(12)
    page.count.setValue(3)
    page.folds.setValue(2)
    finish(page, qtbot)
    assert not page.fork_button.isEnabled()
    page._pick(1)
    page._open()
    assert controller.experiment.training.epochs == round(page.report.values[1])
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.snapshot is not None, timeout=60_000)
    keeper_of(controller).lock()
    finish(page, qtbot)
    assert np.isnan(page.report.test_error).all()
