"""The results of a sweep in four views, and the points in them that become runs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sweep_stage import QUICK, UNITS, open_page, settled, swept

from nnviz.gui.laboratory.pages.sweep import SweepPage
from nnviz.gui.laboratory.parts.sweep_importance import CHANCE, TOGETHER
from nnviz.gui.laboratory.parts.sweep_points import row_of
from nnviz.gui.laboratory.parts.sweep_results import BEST, IMPORTANCE, MAP, PARALLEL
from nnviz.gui.theme import DARK, LIGHT
from nnviz.snapshot import Status


@pytest.fixture
def page(qapp: QApplication, qtbot: QtBot) -> Iterator[SweepPage]:
    """Return the page, asked for twelve trainings of five epochs."""
    yield from open_page(qtbot)


def test_all_points_are_trained_and_shown_in_four_views(page: SweepPage, qtbot: QtBot) -> None:
    sweep = swept(page, qtbot)
    assert page.status.text() == "Done: 12 trainings."
    table, points = sweep.table(), page.results.points
    assert points is not None
    means = {int(p): 100 * table["test_error"][table["point"] == p].mean() for p in np.unique(table["point"])}
    assert points.mean.tolist() == pytest.approx(sorted(means.values()))
    assert [means[int(point)] for point in points.ranked.point] == pytest.approx(points.mean.tolist())
    for view, headings in (
        (PARALLEL, ["Layer 1: units", "Weight decay (L2)", "test error [%]"]),
        (IMPORTANCE, ["setting", "share of the variance [%]"]),
        (MAP, ["Layer 1: units", "Weight decay (L2)", "test error [%]", "points"]),
        (BEST, ["Layer 1: units", "Weight decay (L2)", "test error [%]"]),
    ):
        page.results.tabs.setCurrentIndex(view)
        dark = page.grab().toImage()
        numbers = page.table()
        assert list(numbers)[: len(headings)] == headings
        assert len({len(column) for column in numbers.values()}) == 1
        page.apply_theme(LIGHT)
        assert page.grab().toImage() != dark
        page.apply_theme(DARK)
        if view == IMPORTANCE:
            assert "variance of test error, over 12 trainings" in page.results.hint.text()
    assert page.results.best.model.rowCount() == 6
    names = {bar.name for bar in page.results.importance.bars}
    assert names == {"Layer 1: units", "Weight decay (L2)", TOGETHER, CHANCE}
    assert sum(bar.share for bar in page.results.importance.bars) == pytest.approx(1.0, abs=1e-6)


def test_a_point_is_chosen_in_all_views_and_becomes_the_run_that_it_is(page: SweepPage, qtbot: QtBot) -> None:
    sweep = swept(page, qtbot)
    results = page.results
    assert not results.open_button.isEnabled()
    results.tabs.setCurrentIndex(MAP)
    QTest.mouseClick(results.map, Qt.MouseButton.LeftButton, pos=results.map.place(0, 2).center().toPoint())
    points = results.points
    assert points is not None
    place = points.place_of(results.chosen)
    assert (points.columns[0].cells[place], points.columns[1].cells[place]) == (4, 0.01)
    assert results.detail.text().startswith(
        f"Chosen, number {place + 1} of 6: Layer 1: units 4, Weight decay (L2) 0.01"
    )
    results.tabs.setCurrentIndex(BEST)
    assert results.best.view.currentIndex().row() == place
    results.open_button.click()
    row = row_of(sweep.table(), results.chosen)
    assert page.controller.experiment == sweep.experiment_of(row)
    qtbot.waitUntil(
        lambda: page.controller.tick() is not None and page.controller.run.snapshot is not None, timeout=60_000
    )
    page.controller.session.play()
    qtbot.waitUntil(
        lambda: page.controller.tick() is not None and page.controller.run.status is Status.FINISHED, timeout=60_000
    )
    assert page.controller.run.history.latest("test_loss") == pytest.approx(
        float(sweep.table()["test_loss"][row]), rel=1e-6
    )
    page.controller.undo_stack.undo()
    assert page.controller.experiment == QUICK


def test_keys_go_from_point_to_point(page: SweepPage, qtbot: QtBot) -> None:
    swept(page, qtbot)
    results = page.results
    points = results.points
    assert points is not None
    for _ in range(2):
        QTest.keyClick(results.parallel, Qt.Key.Key_Down)
    assert results.chosen == points.ranked.point[1]
    QTest.keyClick(results.parallel, Qt.Key.Key_Up)
    assert results.chosen == points.ranked.point[0]
    results.tabs.setCurrentIndex(MAP)
    QTest.keyClick(results.map, Qt.Key.Key_Right)
    QTest.keyClick(results.map, Qt.Key.Key_Right)
    assert results.map.cell == (0, 2)
    before = page.controller.experiment
    QTest.keyClick(results.map, Qt.Key.Key_Return)
    assert page.controller.experiment != before
    assert page.status.text().startswith("Opened Layer 1: units 4")


def test_a_range_on_an_axis_keeps_the_points_in_it(page: SweepPage, qtbot: QtBot) -> None:
    swept(page, qtbot)
    plot = page.results.parallel
    area, x = plot._area(), round(plot._x(0))

    def at(share: float) -> QPoint:
        return QPoint(x, round(area.bottom() - area.height() * share))

    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=at(0.95))
    QTest.mouseMove(plot, at(0.5))
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=at(0.4))
    assert 0 in plot.brushes
    points = page.results.points
    assert points is not None
    assert sorted(points.columns[0].cells[plot.kept()]) == [2, 2, 4, 4]
    assert page.results.hint.text().startswith("4 of 6 points are in the ranges.")
    page.results.tabs.setCurrentIndex(BEST)
    assert page.results.best.model.rowCount() == 4
    page.results.let_go.click()
    assert page.results.best.model.rowCount() == 6
    page.results.tabs.setCurrentIndex(PARALLEL)
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=at(0.95))
    QTest.mouseMove(plot, at(0.6))
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=at(0.6))
    assert plot.brushes
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=at(0.8))
    assert not plot.brushes, "a click on the axis lets go"


def test_rows_of_the_best_table_are_copied(page: SweepPage, qtbot: QtBot) -> None:
    swept(page, qtbot)
    page.results.tabs.setCurrentIndex(BEST)
    page.results.copy.click()
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 7
    assert lines[0].split("\t")[:2] == ["#", "Test error (%)"]
    page.results.best.view.selectRow(2)
    page.results.copy.click()
    assert [line.split("\t")[0] for line in QApplication.clipboard().text().splitlines()] == ["#", "3"]


def test_a_search_over_ranges_is_shown_on_rulers(page: SweepPage, qtbot: QtBot) -> None:
    form = page.form
    form.rows.set_varied(((UNITS, "1:40:log8"), ("training.learning_rate", "1e-3:1:log4")))
    form.search.setCurrentIndex(form.search.findData("random"))
    form.trials.setValue(12)
    settled(page, qtbot)
    assert page.count.text().startswith("24 trainings (12 points × 2 seeds)")
    swept(page, qtbot)
    points = page.results.points
    assert points is not None
    rates = points.columns[1]
    assert rates.at.tolist() == pytest.approx(((np.log10(rates.cells.astype(float)) + 3) / 3).tolist())
    page.results.tabs.setCurrentIndex(MAP)
    cells = page.results.map.cells
    assert cells is not None
    assert cells.count.sum() == 12
    assert "1" in cells.columns


def test_trainings_that_diverge_or_cannot_be_done_are_told(page: SweepPage, qtbot: QtBot) -> None:
    page.form.rows.set_varied((("network.layers", "[{kind = 'linear', units = 2}], ['max-pool']"),))
    settled(page, qtbot)
    swept(page, qtbot)
    assert page.status.text() == "Done: 4 trainings · 2 failed."
    points = page.results.points
    assert points is not None
    assert points.ranked.broken.tolist() == [0, 2]
    page.form.rows.set_varied((("network.layers", "['max-pool']"),))
    settled(page, qtbot)
    assert "max pool" in page.count.text().lower(), "nothing of it can be trained, and that is said before it starts"
    assert not page.button.isEnabled()
