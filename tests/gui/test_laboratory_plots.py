"""Plots of the laboratory: samples of one feature, names that have room, bands down to zero, and the keyboard."""

from __future__ import annotations

import numpy as np
import pytest
from laboratory_stage import pages_of, ready
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from study_pages import make_small, study_on

from nnviz.data.plane import make_plane
from nnviz.data.settings import DataSettings
from nnviz.data.split import prepare
from nnviz.experiment import Experiment
from nnviz.gui.laboratory.parts.fold_diagram import _HEAD, _LEAST_ROWS, _ROW, _TEST, _of_test
from nnviz.gui.laboratory.parts.learning_curve_plot import LearningCurvePlot
from nnviz.gui.laboratory.parts.plane_picture import PlanePicture
from nnviz.gui.theme import DARK, font
from nnviz.studies.learning_curve import LearningCurveReport

NAMES = ("left", "middle class with a long name", "right")


@pytest.fixture
def table(tmp_path):
    """Return a file of one feature and three classes."""
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{NAMES[k]}" for k in range(3) for x in rng.normal(2.5 * k, 1.0, 40)]
    path = tmp_path / "one.csv"
    path.write_text("\n".join(["x,kind", *rows]), encoding="utf-8")
    return path.as_posix()


@pytest.fixture
def open_page(qapp, qtbot):
    """Return a function that trains an experiment for 5 epochs and opens a page of the laboratory on it."""
    layers = "network.layers=[{kind='linear', units=4}, 'tanh']"
    with pages_of(qtbot, lambda *s: ready(qtbot, Experiment(name="quick").with_settings([layers, *s]), 5)) as made:
        yield made


# ---------------------------------------------------------------- one feature


def test_classes_of_one_feature_do_not_hide_each_other(table, open_page, qtbot):
    page = open_page("bias-variance", f"data.source={{kind='table', path='{table}'}}")
    make_small(page)
    study_on(page, qtbot)
    data, plane = page.study.report().data, page.study.report().plane
    assert data.n_features == 1
    for plot in (page.mean, page.spread):
        x, y = plot._dots._xy.T
        assert len(x) == len(data.real_train), "few enough for all to be drawn"
        np.testing.assert_allclose(x, plane.project(data.real_train.x)[:, 0])
        heights = [np.unique(y[data.real_train.targets == k]) for k in range(3)]
        assert [len(each) for each in heights] == [1, 1, 1]
        assert float(heights[0][0]) < float(heights[1][0]) < float(heights[2][0])
        assert [name[:3] for _, name in plot.y_scale.fixed] == ["lef", "mid", "rig"]


def test_names_of_classes_have_room_beside_the_plane(table, qtbot):
    data = prepare(Experiment().with_settings([f"data.source={{kind='table', path='{table}'}}"]).data)
    picture = PlanePicture(DARK)
    qtbot.addWidget(picture)
    picture.resize(300, 200)
    picture.show_answers(data, make_plane(DataSettings().plane, data))
    names = [name for _, name in picture.y_scale.fixed]
    assert [name[:3] for name in names] == ["lef", "mid", "rig"], "their beginnings, by which they are known"
    metrics = QFontMetricsF(font("small", tabular=True))
    assert max(metrics.horizontalAdvance(name) for name in names) <= picture.area.left() - 6


# ---------------------------------------------------------------- the learning curve


@pytest.fixture
def curve(open_page, qtbot):
    """Return the page of a learning curve that was trained."""
    page = open_page(
        "learning-curve", "data.source={kind='circles', samples=60, noise=0.1}", "training.learning_rate=1"
    )
    make_small(page)
    study_on(page, qtbot)
    return page


def test_a_band_down_to_zero_is_drawn_on_a_logarithmic_axis(qtbot):
    """Two seeds: with one degree of freedom the half width of the interval is 12.706 times the standard error."""
    sizes, half = np.array([10, 20, 40, 80]), 12.7062
    low, high = np.array([[0.1, 0.08, 0.06, 0.04]]), np.array([[0.2, 0.1, 0.12, 0.06]])
    errors = np.concatenate([low, high])
    report = LearningCurveReport(sizes, np.full(4, 5), (0, 1), errors, errors, test_samples=100)
    plot = LearningCurvePlot(DARK)
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    plot.show_report(report, None, None)
    plot.set_scales_of(True, True)
    ends = 50 * (low + high)[0] + half * 50 * (high - low)[0]
    assert (50 * (low + high)[0] < half * 50 * (high - low)[0]).all(), "the lower edge is 0 everywhere"
    bottom, top = plot.y_range
    inch = 0.01 * (top - bottom)
    for band in (plot._test_band, plot._train_band):
        for x, end in zip(np.log10(sizes[1:-1]), np.log10(np.minimum(ends, 100.0))[1:-1], strict=True):
            for y, inside in (
                (bottom + inch, True),
                (0.5 * (bottom + end), True),
                (end - inch, True),
                (end + inch, False),
            ):
                assert band.path().contains(QPointF(x, y)) == inside


def test_sizes_are_chosen_and_opened_with_the_keyboard(curve, qtbot):
    plot, report = curve.plot, curve.report
    curve.window().activateWindow()
    calm = plot.grab().toImage()
    assert plot.focusPolicy() & Qt.FocusPolicy.TabFocus
    plot.setFocus()
    qtbot.waitUntil(plot.hasFocus, timeout=10_000)
    assert plot.grab().toImage() != calm, "one sees where the keys go"
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert curve.chosen == len(report.sizes) - 1
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert curve.chosen == len(report.sizes) - 1
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert curve.chosen == len(report.sizes) - 2
    assert plot.accessibleDescription() == f"{report.sizes[-2]} samples chosen"
    before = curve.controller.run
    QTest.keyClick(plot, Qt.Key.Key_Return)
    assert curve.controller.run is not before
    assert curve.controller.run.name == f"{report.sizes[-2]} samples"


# ---------------------------------------------------------------- other parts


def test_the_strip_says_where_it_is_and_that_it_has_the_keys(open_page, qtbot):
    page = open_page("regularisation-path")
    make_small(page)
    study_on(page, qtbot)
    strip = page.strip
    assert strip.accessibleDescription() == "0, 1 of 3"
    page.window().activateWindow()
    page.vary.setFocus()
    calm = strip.grab().toImage()
    strip.setFocus()
    qtbot.waitUntil(strip.hasFocus, timeout=10_000)
    assert strip.grab().toImage() != calm
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert strip.accessibleDescription() == "0.1, 3 of 3"


@pytest.mark.parametrize("folds", [2, 5])
def test_what_is_said_of_the_test_part_is_seen_whole(folds, open_page, qtbot):
    page = open_page("cross-validation")
    make_small(page)
    page.folds.setValue(folds)
    study_on(page, qtbot)
    words = _of_test(page.report)
    assert "untouched" not in words, "the curve of the test part is drawn under it"
    room = QRectF(0, 0, _TEST, _ROW * max(_LEAST_ROWS, folds) - 8)
    needed = QFontMetricsF(font("small", tabular=True)).boundingRect(room, int(Qt.AlignmentFlag.AlignCenter), words)
    assert room.contains(needed)
    assert page.diagram.height() >= _HEAD + 4 + room.height()
