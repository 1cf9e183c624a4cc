"""The pages on single samples: real studies of a real run, and what can be picked, marked and opened."""

from __future__ import annotations

import numpy as np
import pytest
from laboratory_stage import pages_of
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtTest import QTest

from nnviz.analysis.paired import mean_over_seeds
from nnviz.data.drawings import editing
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.split import prepare
from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.pages.influence import REMOVE, TRUE
from nnviz.gui.laboratory.pages.memorisation import COLORINGS
from nnviz.gui.laboratory.pages.noisy_labels import _right_by
from nnviz.gui.laboratory.pages.random_labels import _around
from nnviz.gui.laboratory.parts.epoch_curves import EpochCurves, Trace
from nnviz.gui.laboratory.parts.plane_picture import PlanePicture, boundaries
from nnviz.gui.laboratory.parts.sample_list import thumbnail
from nnviz.gui.theme import DARK, LIGHT
from nnviz.snapshot import Status
from nnviz.studies.influence import changed_share

QUICK = ["data.source.samples=60", "data.label_noise=0.2", "training.batch_size=10", "training.learning_rate=0.1"]


def trained(qtbot, experiment, epochs=20):
    """Return the controller of a run that was trained."""
    made = Controller(experiment)
    qtbot.waitUntil(lambda: made.tick() is not None and made.run.status is Status.READY, timeout=60_000)
    if epochs:
        made.session.step_epoch(epochs)
        qtbot.waitUntil(lambda: made.tick() is not None and made.run.epoch == epochs, timeout=20_000)
        qtbot.waitUntil(lambda: made.tick() is not None and made.run.status is Status.PAUSED, timeout=20_000)
    qtbot.waitUntil(lambda: made.tick() is not None and made.run.snapshot is not None, timeout=20_000)
    return made


@pytest.fixture
def open_page(qapp, qtbot):
    """Return a function that trains an experiment and opens a page of the laboratory on it."""

    def ready(*settings, experiment=None, epochs=20):
        return trained(qtbot, experiment or Experiment(name="quick").with_settings([*QUICK, *settings]), epochs)

    with pages_of(qtbot, ready) as made:
        yield made


def finish(qtbot, page):
    qtbot.waitUntil(lambda: page.study is not None and page.study.progress().over, timeout=120_000)
    page.refresh()
    assert page.study.progress().state == "finished", page.sentence.text()


def press(picture, number):
    at = picture.to_pixel(*picture._xy[number]).toPoint()
    QTest.mouseClick(picture.viewport(), Qt.MouseButton.LeftButton, pos=at)


# ---------------------------------------------------------------- memorisation


def test_samples_are_ranked_marked_and_followed(open_page, qtbot):
    page = open_page("memorisation")
    page.networks.setValue(6)
    page.button.click()
    finish(qtbot, page)
    assert "of the 6 wrong labels: precision" in page.sentence.text()
    assert "by chance 20 %" in page.sentence.text()
    assert "reached the very weights of the run" in page.sentence.text()
    first = page.list.numbers[0]
    suspicion = page.report.suspicion("early loss")
    assert suspicion[first] == suspicion.max()
    page.list.choose_row(0)
    assert (page.chosen, page.picture.marked.tolist()) == (first, [first])
    assert len(page.path.traces) == 2
    np.testing.assert_array_equal(page.path.traces[1].values, page.report.path.losses[:, first].astype(float))
    other = int(np.argmax(page.picture._xy[:, 0]))
    press(page.picture, other)
    assert page.chosen == other
    assert page.list.current == other
    for number in range(len(COLORINGS)):
        page.coloring.setCurrentIndex(number)
    page.sign.setCurrentIndex(3)
    assert page.list.numbers[0] == int(np.nanargmax(page.report.suspicion("held out")))
    table = page.table()
    assert {len(column) for column in table.values()} == {30}
    assert "memorisation score" in table
    dark = page.grab().toImage()
    page.apply_theme(LIGHT)
    assert page.grab().toImage() != dark


def test_pictures_are_shown_as_such(open_page, qtbot):
    layers = "network.layers=['flatten', {kind='linear', units=4}]"
    experiment = Experiment().with_settings(["data.source=digits", "data.train_share=0.05", layers])
    page = open_page("memorisation", experiment=experiment, epochs=2)
    page.networks.setValue(0)
    page.button.click()
    finish(qtbot, page)
    picture = page.list.samples.data(page.list.samples.index(0, 1), Qt.ItemDataRole.DecorationRole)
    assert (picture.width(), picture.height()) == (28, 28)
    data = prepare(experiment.data)
    image = thumbnail(data, 5, LIGHT, 8).toImage()
    brightness = [[image.pixelColor(x, y).lightness() for x in range(8)] for y in range(8)]
    values = data.scaling.unscaled(data.train.x[5:6]).reshape(8, 8)
    assert np.corrcoef(np.ravel(brightness), values.ravel())[0, 1] < -0.99  # ink is dark on a light window


def test_an_untrained_run_is_told_so(open_page):
    page = open_page("memorisation", epochs=0)
    page.button.click()
    assert "has not been trained yet" in page.problem.text()
    assert page.table() == {}


def test_cancelling_keeps_what_there_is(open_page, qtbot):
    page = open_page("memorisation")
    page.networks.setValue(2_000)
    page.button.click()
    qtbot.waitUntil(lambda: page.study.report().crowd is not None, timeout=60_000)
    page.button.click()
    qtbot.waitUntil(lambda: page.study.progress().over, timeout=20_000)
    page.refresh()
    assert page.report.path.epochs[-1] == 20
    assert 0 < len(page.report.crowd.masks) < 2_000
    assert "Cancelled" in page.status.text()


# ---------------------------------------------------------------- noisy and random labels


def test_clean_and_noisy_curves(open_page, qtbot):
    page = open_page("noisy-labels")
    page.button.click()
    finish(qtbot, page)
    assert len(page.plot.traces) == 4
    assert "of the 24 right labels" in page.sentence.text()
    assert "learned by epoch 0" not in page.sentence.text()
    assert {len(column) for column in page.table().values()} == {21}
    page.plot.pointed.emit((1.0, 50.0))
    assert page.plot.overlay._reading.lines[0].word == "epoch 10"
    page.apply_theme(LIGHT)


def test_without_noise_it_says_what_to_do(open_page, qtbot):
    page = open_page("noisy-labels", "data.label_noise=0")
    page.button.click()
    qtbot.waitUntil(lambda: page.study.progress().over, timeout=30_000)
    page.refresh()
    assert "set Label noise" in page.sentence.text()


def test_random_labels_are_laid_over_true_ones(open_page, qtbot):
    page = open_page("random-labels")
    page.epochs.setValue(15)
    page.seeds.setValue(2)
    page.button.click()
    finish(qtbot, page)
    assert [trace.name for trace in page.plot.traces] == [
        "train, own labels",
        "test, own labels",
        "train, random labels",
        "test, random labels",
    ]
    assert "an answer that has nothing to do with the sample has" in page.sentence.text()
    assert {len(column) for column in page.table().values()} == {16}
    page.apply_theme(LIGHT)


def test_what_was_right_before_training_was_not_learned():
    assert _right_by(0) == "Three in four right ones were answered from the beginning"
    assert _right_by(1_200) == "Three in four right ones were learned by epoch 1,200"


def test_shares_end_at_none_and_all():
    assert _around(50.0, 6.2) == "50 % ± 6"
    assert _around(75.0, 60.0) == "15 to 100 %"


def test_bands_are_students():
    from scipy.stats import t

    values = np.array([[1.0, 2.0], [3.0, np.nan], [8.0, 4.0]])
    mean, half = mean_over_seeds(values)
    assert mean.tolist() == [4.0, 3.0]
    assert half[0] == pytest.approx(t.ppf(0.975, 2) * np.std([1, 3, 8], ddof=1) / np.sqrt(3), rel=1e-3)
    assert half[1] == pytest.approx(t.ppf(0.975, 1) * np.std([2, 4], ddof=1) / np.sqrt(2), rel=1e-3)


# ---------------------------------------------------------------- influence


def test_samples_are_picked_removed_and_compared(open_page, qtbot):
    page = open_page("influence")
    page.refresh()
    page.button.click()
    assert "click some of them" in page.problem.text()
    numbers = [0, 12]
    for number in numbers:
        press(page.picture, number)
    picked = set(page.selected)
    assert len(picked) == 2
    press(page.picture, numbers[0])
    assert len(page.selected) == 1
    everything = page.picture.within(QRect(QPoint(0, 0), page.picture.size()))
    assert len(everything) == 30
    page._sweep(numbers, False)
    page.controls.setValue(2)
    page.button.click()
    finish(qtbot, page)
    report = page._shown
    assert report.rows.tolist() == numbers
    share = changed_share(report.run.surface, report.twin.surface)
    assert f"Without 2 training samples {100 * share:.1f} % of the plane" in page.sentence.text()
    assert "(2 controls)" in page.sentence.text()
    assert page.table()["network"].tolist() == ["run", "twin", "control 1", "control 2"]
    assert not page.open.isEnabled()
    assert "those of this source cannot" in page.open.toolTip()
    page.deed.setCurrentIndex(page.deed.findData(TRUE))
    assert page.button.text() == "Train with other labels"
    page.button.click()
    finish(qtbot, page)
    assert page.selected == set(numbers), "what is chosen stays chosen while one tries what becomes of it"
    true = prepare(page.experiment.data.replace(label_noise=0.0)).train.targets[numbers]
    np.testing.assert_array_equal(page._shown.labels, true)
    page.apply_theme(LIGHT)


@pytest.mark.parametrize(("count", "missing"), [(14, False), (15, True), (30, True)])
def test_where_no_controls_can_be_it_says_so(open_page, qtbot, count, missing):
    page = open_page("influence", epochs=3)
    page.deed.setCurrentIndex(page.deed.findData(TRUE if count == 30 else REMOVE))
    page.selected = set(range(count))
    page.controls.setValue(2)
    page.button.click()
    finish(qtbot, page)
    said = page.sentence.text()
    assert ("There are no controls" in said) == missing
    assert ("fewer than half of the 30 samples" in said) == missing
    assert ("2 controls" in said) == ("which the controls show" in said) == (not missing)


def test_a_rectangle_is_drawn_with_the_mouse(open_page):
    page = open_page("influence")
    page.refresh()
    view, area = page.picture.viewport(), page.picture.area
    start, end = area.topLeft().toPoint() + QPoint(1, 1), area.center().toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, end)
    assert page.picture._rubber.isVisible()
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    assert not page.picture._rubber.isVisible()
    xy, (x, y) = page.picture._xy, page.picture.from_pixel(area.center())
    wanted = np.flatnonzero((xy[:, 0] < x) & (xy[:, 1] > y))
    assert set(wanted.tolist()) >= page.selected
    assert len(page.selected) >= len(wanted) - 1
    page.nothing.click()
    assert not page.selected


def test_all_samples_are_ranked(open_page, qtbot):
    page = open_page("influence", "data.source.samples=24")
    page.refresh()
    page.rank.click()
    finish(qtbot, page)
    effect = np.abs(page._shown.loss)
    assert page.list.numbers[0] == int(effect.argmax())
    assert "12 of 12 samples were left out" in page.sentence.text()
    page.list.choose_row(0)
    assert page.selected == {page.list.numbers[0]}
    assert {len(column) for column in page.table().values()} == {12}


def test_the_twin_of_a_drawing_becomes_a_run(open_page, qtbot):
    rng = np.random.default_rng(0)
    drawing = editing.add_points(Drawing(), rng.normal(-2, 1, (30, 2)), 0)
    drawing = editing.add_points(drawing, rng.normal(2, 1, (30, 2)), 1)
    experiment = Experiment(name="drawn").with_settings(["training.batch_size=8"])
    experiment = experiment.replace(data=experiment.data.replace(source=drawing))
    page = open_page("influence", experiment=experiment, epochs=10)
    page.refresh()
    page._sweep([1, 4], False)
    page.controls.setValue(1)
    page.button.click()
    finish(qtbot, page)
    assert page.open.isEnabled()
    wanted, original = page._shown.twin, page.run
    page.open.click()
    twin = page.controller.run
    assert twin is not original
    assert twin.experiment.data.source.n_points == 58
    assert twin.name == "without 2 samples"
    page.refresh()
    assert not page.open.isEnabled(), "it would be a twin of the run in front, which is another one now"
    assert "bring that run to the front" in page.open.toolTip()
    controller = page.controller
    qtbot.waitUntil(lambda: controller.tick() is not None and twin.status is Status.READY, timeout=20_000)
    original.along = False
    controller.session.step_epoch(10)
    qtbot.waitUntil(lambda: controller.tick() is not None and twin.epoch == 10, timeout=20_000)
    assert twin.history.latest("test_loss") == pytest.approx(wanted.test_loss, rel=1e-6)


# ---------------------------------------------------------------- parts


def test_boundaries_lie_between_the_classes():
    x = (np.arange(40) + 0.5) / 40
    p = np.repeat(1.0 / (1.0 + np.exp(-20 * (x - 0.3)))[None, :], 40, axis=0)
    across, up = boundaries(np.stack([1 - p, p], axis=2), (0.0, 1.0, 5.0, 9.0))
    known = np.isfinite(across)
    np.testing.assert_allclose(across[known], 0.3, atol=0.01)
    assert 5.0 < np.nanmin(up) < np.nanmax(up) < 9.0


def test_curves_drop_epoch_zero_on_a_logarithmic_axis(qtbot):
    plot = EpochCurves(DARK, "Curves", True)
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    epochs = np.array([0, 1, 10, 100])
    plot.show_traces(epochs, [Trace("a", np.array([9.0, 1.0, 2.0, 3.0]), "train")], "loss")
    assert plot.x_range == (0.0, 2.0)
    assert plot.y_range[1] < 4.0
    plot.set_log_x(False)
    assert plot.x_range == (0.0, 100.0)
    plot.pointed.emit((11.0, 1.0))
    assert [line.value for line in plot.overlay._reading.lines] == ["", "2.00"]
    plot.show_traces(epochs[:1], [Trace("a", np.array([9.0]), "train")], "loss")
    plot.set_log_x(True)
    assert "first epoch" in plot.overlay._sentence


def test_a_picture_without_samples_has_none_to_pick(qtbot):
    picture = PlanePicture(DARK)
    qtbot.addWidget(picture)
    picture.resize(200, 200)
    assert picture.nearest(QPointF(100, 100)) == -1
    assert not len(picture.within(QRect(0, 0, 200, 200)))
    assert picture.largest_change == 0.0
