"""The pages on bias, variance and the parts of the test error: real studies of a run that is ready."""

from __future__ import annotations

import numpy as np
import pytest
from laboratory_stage import pages_of, ready

from nnviz.experiment import Experiment
from nnviz.gui.laboratory.parts.ensemble_maps import _boundaries
from nnviz.gui.laboratory.parts.stacked_parts import Layer, StackedParts, _with_crossings, plus_minus
from nnviz.gui.theme import DARK, LIGHT

QUICK = ["data.source.samples=60", "network.layers=[{kind='linear', units=3}, 'tanh']"]
SINE = ["data.source={kind='noisy-sine', samples=40}", "network.layers=[{kind='linear', units=3}, 'tanh']"]
IRIS = ["data.source={kind='iris'}", "network.layers=[{kind='linear', units=3}, 'tanh']"]


@pytest.fixture
def open_page(qapp, qtbot):
    """Return a function that opens a page of the laboratory on an experiment."""
    with pages_of(qtbot, lambda *settings: ready(qtbot, Experiment(name="quick").with_settings([*settings]))) as made:
        yield made


def finish(qtbot, page):
    page.button.click()
    qtbot.waitUntil(lambda: page.study is not None and page.study.progress().over, timeout=120_000)
    page.refresh()
    assert page.study.progress().state == "finished", page.sentence.text()


# ---------------------------------------------------------------- bias and variance


def begin_small(page, networks=4, epochs=6):
    page.networks.setValue(networks)
    page.epochs.setValue(epochs)


def drawn(qtbot, page):
    """Wait for the plots, of which one is drawn in a frame."""
    qtbot.waitUntil(lambda: not page._frames.isActive() and not page._due, timeout=10_000)


def test_mean_spread_and_parts_of_many_networks(open_page, qtbot):
    page = open_page("bias-variance", *QUICK)
    assert page.samples.currentText() == "new ones"
    assert page.networks.value() == 64
    begin_small(page)
    finish(qtbot, page)
    drawn(qtbot, page)
    report = page.study.report()
    assert "Brier score" in page.sentence.text()
    assert "At epoch 6" in page.sentence.text()
    assert "Mean of 4 networks, epoch 6" in page._mean_words.text()
    table = page.table()
    assert {len(values) for values in table.values()} == {7}
    np.testing.assert_array_equal(table["variance [Brier score]"], report.averages.variance)
    total = table["bias² [Brier score]"] + table["variance [Brier score]"] + table["noise [Brier score]"]
    np.testing.assert_allclose(table["squared error [Brier score]"], total)
    assert [key.label for key in page.stack.legend()][:4] == ["noise", "bias²", "variance", "squared error"]
    before = page.mean.grab().toImage()
    page._set_boundaries(False)
    assert page.mean.grab().toImage() != before
    dark = page.grab().toImage()
    page.apply_theme(LIGHT)
    assert page.grab().toImage() != dark


def test_the_readings_are_those_of_the_place(open_page, qtbot):
    page = open_page("bias-variance", *QUICK)
    begin_small(page)
    finish(qtbot, page)
    drawn(qtbot, page)
    surfaces = page.study.report().surfaces
    left, right, bottom, top = page.study.report().plane.display_bounds
    at = (left + 10.5 / 50 * (right - left), bottom + 30.5 / 50 * (top - bottom))
    page.spread.pointed.emit(at)
    words = [(line.word, line.value) for line in page.spread.overlay._reading.lines]
    assert words[-1][0] == "standard deviation"
    assert float(words[-1][1]) == pytest.approx(surfaces.spread[30, 10], rel=5e-3)
    mean = surfaces.mean[30, 10]
    assert words[-2][0] == f"mean P({'AB'[int(mean.argmax())]})"
    assert float(words[-2][1]) == pytest.approx(mean.max(), abs=1e-3)
    page.spread.pointed.emit(None)
    assert page.spread.overlay._reading is None
    page.stack.pointed.emit((np.log10(6.0), 0.1))
    assert [line.word for line in page.stack.overlay._reading.lines] == [
        "epoch 6",
        "squared error",
        "variance",
        "bias²",
        "noise",
    ]


def test_one_feature_is_drawn_as_curves(open_page, qtbot):
    page = open_page("bias-variance", *SINE)
    begin_small(page)
    finish(qtbot, page)
    drawn(qtbot, page)
    assert not page.mean._picture.isVisible()
    assert page.mean._band.isVisible()
    assert not page.key.isVisible()
    assert "deviation" in page.spread.y_scale.label
    assert page.stack.y_scale.label == "y²"


def test_over_width(open_page, qtbot):
    page = open_page("bias-variance", *SINE)
    page.over.setCurrentIndex(1)
    assert page.networks.value() == 16
    assert not page.maps.isVisible()
    begin_small(page, 3, 2)
    finish(qtbot, page)
    table = page.table()
    assert table["units in the widest layer"].tolist() == sorted(table["units in the widest layer"].tolist())
    assert set(table["networks"].tolist()) == {3}
    assert "units in the widest layer" in page.sentence.text()
    page.over.setCurrentIndex(0)
    assert page.networks.value() == 3, "chosen by hand"
    begin_small(page, 3, 2)
    finish(qtbot, page)
    drawn(qtbot, page)
    assert page.maps.isVisible()


def test_own_data_have_no_new_samples(open_page, qtbot):
    page = open_page("bias-variance", *IRIS)
    assert page.samples.currentText() == "bootstrap"
    page.samples.setCurrentIndex(0)
    page.button.click()
    assert "choose bootstrap" in page.problem.text()
    assert page.study is None
    page.samples.setCurrentIndex(1)
    begin_small(page, 4, 2)
    finish(qtbot, page)
    drawn(qtbot, page)
    assert "bias² and noise" in page.sentence.text()
    assert page.stack.legend()[0].label == "bias² + noise"


def test_cancelling_keeps_what_there_is(open_page, qtbot):
    page = open_page("bias-variance", *QUICK)
    begin_small(page, 8, 1_000_000)
    page.button.click()
    qtbot.waitUntil(lambda: page.study.report() is not None and page.study.report().epochs[-1] > 3, timeout=60_000)
    page.button.click()
    qtbot.waitUntil(lambda: page.study.progress().over, timeout=20_000)
    page.refresh()
    assert page.study.progress().state == "cancelled"
    assert len(page.table()["epoch"]) > 1


# ---------------------------------------------------------------- the parts of the test error


def test_the_error_is_taken_apart(open_page, qtbot):
    page = open_page("gap-parts", *QUICK)
    assert page.counting.isEnabled()
    page.epochs.setValue(8)
    page.seeds.setValue(2)
    finish(qtbot, page)
    assert "the largest part is" in page.sentence.text()
    labels = [key.label for key in page.stack.legend()]
    assert labels[:4] == ["floor", "approximation", "estimation", "optimisation"]
    assert page._numbers["floor"].text().endswith(" pp")
    table = page.table()
    parts = sum(table[f"{name} [%]"] for name in ("Floor", "Approximation", "Estimation", "Optimisation"))
    np.testing.assert_allclose(parts, table["Test error [%]"])
    page.counting.setCurrentIndex(1)
    assert "squared error of the probabilities" in page.sentence.text()
    assert "Test error [Brier score]" in page.table()
    dark = page.grab().toImage()
    page.apply_theme(LIGHT)
    assert page.grab().toImage() != dark


def test_a_regression_counts_in_one_way(open_page, qtbot):
    page = open_page("gap-parts", *SINE)
    page.epochs.setValue(5)
    page.seeds.setValue(2)
    finish(qtbot, page)
    assert not page.counting.isEnabled()
    assert page._numbers["floor"].text() == "0.0400"
    assert page.stack.y_scale.label == "y²"


def test_without_a_floor_there_is_one_part_less(open_page, qtbot):
    page = open_page("gap-parts", *IRIS)
    page.epochs.setValue(3)
    page.seeds.setValue(2)
    finish(qtbot, page)
    assert "the floor is not known" in page.sentence.text()
    assert page.stack.legend()[0].label == "floor, approximation and estimation"
    assert page._numbers["floor"].text() == "–"
    assert "75 test samples" in page.sentence.text()


def test_as_many_epochs_as_the_run_has_are_offered_until_one_is_chosen(open_page, qtbot):
    page = open_page("gap-parts", *QUICK)
    controller = page.controller
    assert page.epochs.value() == 200
    controller.session.step_epoch(7)
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch == 7, timeout=20_000)
    page.refresh()
    assert page.epochs.value() == 7
    page.epochs.setValue(12)
    controller.session.step_epoch(2)
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch == 9, timeout=20_000)
    page.refresh()
    assert page.epochs.value() == 12


# ---------------------------------------------------------------- parts


def test_stacked_parts_end_where_they_should(qapp, qtbot):
    plot = StackedParts(DARK, "parts")
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    x, ones = np.arange(1.0, 5.0), np.ones(4)
    change = np.array([2.0, 1.0, -1.0, -0.5])
    layers = [Layer("a", ones, 0 * ones, "floor"), Layer("b", change, 0.1 * ones, "training", "saved")]
    plot.show_parts(x, layers, (ones + change, 0.1 * ones), ("epoch", "y", "whole"))
    np.testing.assert_allclose(plot._edges[1].yData, 1.0 + change)
    assert [key.label for key in plot.legend()][:4] == ["a", "b", "saved", "whole"]
    outline = plot._areas[3].path().boundingRect()  # what is saved, from where the part crosses 0
    assert (outline.left(), outline.right()) == pytest.approx((np.log10(2) + np.log10(1.5) / 2, np.log10(4)))
    assert (outline.top(), outline.bottom()) == pytest.approx((0.0, 1.0))
    plot.set_log_x(False)
    assert plot.x_range == (1.0, 4.0)


def test_crossings_are_added():
    x, low, high = np.array([0.0, 1.0, 2.0]), np.zeros(3), np.array([1.0, -3.0, -1.0])
    at, bottom, top = _with_crossings(x, low, high)
    np.testing.assert_allclose(at, [0.0, 0.25, 1.0, 2.0])
    np.testing.assert_allclose(bottom, 0.0)
    np.testing.assert_allclose(top, [1.0, 0.0, -3.0, -1.0])


def test_a_value_ends_where_its_error_does():
    assert plus_minus(0.123456, 0.0042) == "0.1235 ± 0.0042"
    assert plus_minus(-12.3, 4.0) == "−12.3 ± 4.0"
    assert plus_minus(0.5, 0.0) == "0.500"
    assert plus_minus(0.5, float("nan")) == "0.500"


def test_boundaries_of_all_networks_are_where_each_changes_its_mind():
    """Two networks with upright boundaries, at a quarter and at three quarters of the width."""
    places = (np.arange(40) + 0.5) / 40
    members = np.empty((2, 10, 40, 2), np.float32)
    for number, middle in enumerate((0.25, 0.75)):
        members[number, ..., 1] = places
        members[number, ..., 0] = 2 * middle - places
    x, y = _boundaries(members, 2, (0.0, 4.0, -1.0, 1.0))
    assert set(np.round(x, 4)) == {1.0, 3.0}
    assert len(x) == len(y) == 2 * 2 * 9
    for at in (1.0, 3.0):
        own = y[np.isclose(x, at)]
        assert (own.min(), own.max()) == pytest.approx((-0.9, 0.9))
