"""The page that leaves samples out, while one run and another come to the front."""

from __future__ import annotations

import numpy as np
import pytest
from compare_stage import train
from laboratory_stage import pages_of, ready
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from study_pages import study_on

from nnviz.data.drawings import editing
from nnviz.data.drawings.drawing import Drawing
from nnviz.experiment import Experiment

RUN = ["network.layers=[{kind='linear', units=3}, 'tanh']", "training.batch_size=1000", "training.learning_rate=0.1"]


def of_circles(samples):
    return Experiment(name="A").with_settings([f"data.source={{kind='circles', samples={samples}}}", *RUN])


def drawn(points, seed):
    rng = np.random.default_rng(seed)
    drawing = editing.add_points(Drawing(), rng.normal(-2, 1, (points, 2)), 0)
    drawing = editing.add_points(drawing, rng.normal(2, 1, (points, 2)), 1)
    experiment = Experiment(name="drawn").with_settings(RUN)
    return experiment.replace(data=experiment.data.replace(source=drawing))


@pytest.fixture
def open_page(qapp, qtbot):
    """Return a function that trains an experiment for 10 epochs and opens the page on it."""

    def made(experiment):
        return opened("influence", experiment)

    with pages_of(qtbot, lambda experiment: ready(qtbot, experiment, 10)) as opened:
        yield made


def other_in_front(page, qtbot, experiment, epochs=10):
    """Put another run in front, trained for some epochs; return the one before."""
    first, controller = page.run, page.controller
    controller.begin(experiment, "B")
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.snapshot is not None, timeout=20_000)
    train(controller, epochs)
    page.refresh()
    return first


def test_the_twin_that_is_opened_is_that_of_its_own_run(open_page, qtbot):
    page = open_page(drawn(20, 0))
    page.controls.setValue(0)
    page.refresh()
    page._sweep([1, 4], False)
    study_on(page, qtbot)
    source = page.run.experiment.data.source
    first = other_in_front(page, qtbot, drawn(35, 1))
    page.begin()
    assert page.problem.text().startswith("No training sample is chosen")
    page.controller.select(first)
    page.refresh()
    assert page.open.isEnabled()
    experiment, _ = page._twin()
    twin, own = (each.load(0).features for each in (experiment.data.source, source))
    assert len(twin) == len(own) - 2
    assert set(map(tuple, twin.tolist())) < set(map(tuple, own.tolist()))


def test_what_was_found_of_one_run_is_not_shown_on_another(open_page, qtbot):
    page = open_page(of_circles(60))
    page.refresh()
    page._ranks = True
    study_on(page, qtbot)
    assert page.list.numbers != sorted(page.list.numbers)
    assert page.list.samples.titles[3] == "effect"
    assert page.key.isVisible()
    ranked, data, table = page.list.numbers, page.picture._data, page.table()
    assert [line.word for line in page._describe(3)] == ["label", "effect"]
    first = other_in_front(page, qtbot, of_circles(30))
    count = len(page.run.snapshot.data.real_train)
    assert count < 30
    assert page.list.numbers == list(range(count)), "the samples of the run in front, in their own order"
    assert len(page.picture._data.real_train) == count
    assert not page.key.isVisible()
    assert [line.word for line in page._describe(3)] == ["label"]
    assert page.table() == {}
    page.list.choose_row(14)
    assert page.selected == {14}
    page.controller.select(first)
    page.refresh()
    assert (page.list.numbers, page.picture._data, page.table().keys()) == (ranked, data, table.keys())
    assert page.key.isVisible()
    assert page.selected == set(), "a choice is one among the samples of a run"
    page.list.choose_row(29)
    assert page.picture.marked.tolist() == [ranked[29]]


def test_a_run_that_is_not_ready_has_no_samples(open_page, qtbot):
    page = open_page(of_circles(60))
    page.refresh()
    page._sweep([2, 3], False)
    page.controller.new_seed()
    assert page.run.snapshot is None
    page.refresh()
    assert (page.list.numbers, page.selected, page.picture.marked.tolist()) == ([], set(), [])
    assert page.picture.overlay._sentence == "The samples appear as soon as the run is ready."
    controller = page.controller
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.snapshot is not None, timeout=20_000)
    page.refresh()
    assert len(page.list.numbers) == 30


def test_the_surface_is_that_of_the_epoch(open_page, qtbot):
    page = open_page(of_circles(60))
    controller = page.controller
    controller.session.want({"surface"})
    train(controller, 5)
    qtbot.waitUntil(lambda: controller.tick() is not None and "surface" in page.run.snapshot.arrays, timeout=20_000)
    page.refresh()
    assert page.picture._surfaces[0] is page.run.snapshot.arrays["surface"]
    before = page.picture._surfaces[0]
    train(controller, 20)

    def later():
        controller.tick()
        return page.run.snapshot.epoch == 35 and page.run.snapshot.arrays.get("surface") is not None

    qtbot.waitUntil(later, timeout=20_000)
    page.refresh()
    assert page.picture._surfaces[0] is page.run.snapshot.arrays["surface"]
    assert not np.array_equal(page.picture._surfaces[0], before)


def test_a_sample_can_be_chosen_with_the_keyboard_before_any_ranking(open_page):
    page = open_page(of_circles(600))
    page.refresh()
    assert page.list.numbers == list(range(300)), "all of them, not those that a ranking would show"
    page.list.setFocus()
    assert page.selected == set(), "to come by is not to choose"
    QTest.keyClick(page.list, Qt.Key.Key_Down)
    assert page.selected == {0}
    QTest.keyClick(page.list, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert page.selected == {299}
    QTest.keyClick(page.list, Qt.Key.Key_Up)
    assert page.selected == {298}
    assert page.count.text() == "1 sample chosen"
