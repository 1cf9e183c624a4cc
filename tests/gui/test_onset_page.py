"""The page of onsets as a user meets it: a real run, criteria side by side, and the gradients measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.analysis.criteria import disagreement
from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.figures.formats import csv_of
from nnviz.gui.laboratory.pages.onset import _reach
from nnviz.gui.laboratory.parts.epoch_curves import Trace
from nnviz.gui.laboratory.parts.onset_plot import ROW, stacked
from nnviz.gui.laboratory.window import LaboratoryWindow
from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.vault_keeper import keeper_of
from nnviz.snapshot import Status

OVERFITS = [
    "data.source={kind='moons', samples=60, noise=0.4}",
    "data.label_noise=0.2",
    "network.layers=[{kind='linear', units=24}, 'tanh']",
    "training.batch_size=1000",
    "training.learning_rate=0.05",
    "training.optimizer=adam",
]
EPOCHS = 300


@pytest.fixture
def open_page(qapp, qtbot):
    """Return a function that trains an experiment and opens the page on it."""
    opened = []

    def made(*settings, epochs=EPOCHS):
        controller = Controller(Experiment(name="noisy").with_settings([*OVERFITS, *settings]))
        qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.READY, timeout=60_000)
        controller.session.limit_speed(None)
        controller.session.step_epoch(epochs)
        qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch == epochs, timeout=60_000)
        qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.PAUSED)
        window = LaboratoryWindow(controller, DARK, remember=False)
        opened.append((window, controller))
        window.show()
        window.show_page("onset")
        return window.made["onset"]

    yield made
    for window, controller in opened:
        window.close()
        window.deleteLater()
        controller.close()
        controller.deleteLater()
    QApplication.processEvents()


def measure(page, qtbot):
    page.button.click()
    qtbot.waitUntil(lambda: page.study.progress().over, timeout=60_000)
    page.refresh()
    assert page.study.progress().state == "finished", page.sentence.text()


def click(page, number):
    table = page.rows
    at = table.visualItemRect(table.item(number, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_criteria_stand_side_by_side_and_lead_to_their_epoch(open_page, qtbot):
    page = open_page()
    run, table = page.run, page.rows
    assert [row.criterion for row in table.rows] == [
        "Clear rise",
        "No better for 100 epochs",
        "GL above 5",
        "PQ above 3",
        "UP, 4 strips",
        "Evidence",
    ]
    clear, evidence = table.rows[0], table.rows[-1]
    assert clear.onset == run.onset == run.history.best_epoch
    assert clear.loss == pytest.approx(float(np.nanmin(run.history.column("test_loss"))))
    assert (evidence.onset, evidence.called) == (None, None)
    assert "not measured yet" in evidence.looks_at
    assert page.agreement.text().startswith(disagreement(page._seen.said))
    assert "Evidence is not measured yet" in page.agreement.text()
    assert {onset.name for onset in page.plot.onsets} == {row.criterion for row in table.rows if row.onset is not None}
    keeper = keeper_of(page.controller)
    before = keeper.vault.selections
    click(page, 0)
    assert run.playhead == clear.onset
    assert page.plot.chosen == "Clear rise"
    page.refresh()
    assert table.rows[0] == clear, "what the criteria say does not depend on the epoch that is looked at"
    assert page.plot.looked_at is not None
    click(page, 0)
    assert keeper.vault.selections == before + 1, "an onset by the test loss is a choice by it, and counts once"
    click(page, 5)
    assert run.playhead == clear.onset, "there is nowhere to go"


def test_the_evidence_is_measured_and_joins_them(open_page, qtbot):
    page = open_page()
    measure(page, qtbot)
    report, evidence = page.measured, page.rows.rows[-1]
    assert report.exact is True
    assert evidence.onset == report.call.epoch is not None
    assert "criterion 0." in page.sentence.text()
    assert "with Adam it is approximate" in page.sentence.text()
    assert page.agreement.text() == disagreement([*page._seen.said, report.call])
    assert "Evidence" in {onset.name for onset in page.plot.onsets}
    trace = page.evidence_plot.traces[0]
    np.testing.assert_array_equal(trace.values[np.isfinite(trace.values)], report.statistic)
    assert page.evidence_plot.x_range == page.plot.x_range
    table = page.table()
    assert len({len(column) for column in table.values()}) == 1
    assert table["onset [epoch]"][5] == report.call.epoch
    np.testing.assert_array_equal(table["evidence criterion"][: len(report.epochs)], report.statistic)
    assert b"Clear rise" in csv_of(table)
    page._set_log(True)
    assert page.evidence_plot.x_range == page.plot.x_range
    dark = page.grab().toImage()
    page.apply_theme(LIGHT)
    assert page.grab().toImage() != dark
    click(page, 5)
    assert page.run.playhead == report.call.epoch
    assert keeper_of(page.controller).vault.selections == 0, "nothing held out had a say"


def test_behind_a_locked_test_part_only_the_evidence_is_left(open_page, qtbot):
    page = open_page()
    keeper = keeper_of(page.controller)
    assert len(page.rows.rows) == 6
    keeper.lock()
    page.refresh()
    assert [row.criterion for row in page.rows.rows] == ["Evidence"]
    assert "is locked" in page.agreement.text()
    assert [trace.name for trace in page.plot.traces] == ["train"]
    measure(page, qtbot)
    assert page.rows.rows[0].onset is not None
    assert page.rows.rows[0].loss == pytest.approx(
        float(page.run.history.column("train_loss")[page.rows.rows[0].onset]), rel=1e-6
    )
    assert not [name for name in page.table() if "test" in name]
    keeper.open()
    page.refresh()
    assert len(page.rows.rows) == 6
    assert page.rows.rows[-1].onset is not None


def test_a_validation_part_is_shown_though_the_test_part_is_locked(open_page):
    page = open_page("data.validation_share=0.2")
    keeper_of(page.controller).lock()
    page.refresh()
    assert len(page.rows.rows) == 6
    assert "validation loss" in page.rows.rows[0].looks_at
    assert [trace.name for trace in page.plot.traces] == ["train", "validation"]
    number = next(number for number, row in enumerate(page.rows.rows) if row.onset is not None)
    click(page, number)
    assert keeper_of(page.controller).vault.selections == 0


def test_what_was_measured_is_not_that_of_another_run(open_page, qtbot):
    page = open_page(epochs=40)
    controller, first = page.controller, page.run
    measure(page, qtbot)
    assert page.measured is not None
    controller.new_seed()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.READY, timeout=20_000)
    page.refresh()
    assert page.measured is None
    assert page.table() == {}
    controller.session.step_epoch(10)
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch == 10, timeout=20_000)
    page.refresh()
    assert "not measured yet" in page.rows.rows[-1].looks_at
    assert not page.evidence_plot.traces
    controller.select(first)
    page.refresh()
    assert page.measured is not None
    assert page.evidence_plot.traces


def test_names_of_marks_stand_in_rows_over_the_curves(open_page):
    page = open_page()
    page.resize(700, 500)
    plot = page.plot
    rows = 1 + max(each.row for each in plot.placed)
    highest = max(float(np.nanmax(trace.values)) for trace in plot.traces)
    assert plot.to_pixel(0.0, highest).y() >= plot.area.top() + ROW * rows - 1
    for onset, placed in zip(plot.onsets, plot.placed, strict=True):
        assert placed.x == pytest.approx(plot.to_pixel(onset.epoch, 0.0).x())


def test_a_first_loss_far_above_all_others_does_not_flatten_the_curves():
    falling = np.linspace(1.0, 0.5, 200)
    low, high = _reach([Trace("train", falling, "train")])
    assert low < 0.5 < 1.0 < high < 1.1
    wild = np.concatenate([[90.0], falling, [np.nan]])
    assert 1.0 < _reach([Trace("train", wild, "train")])[1] < 3.0


@given(
    st.lists(st.tuples(st.floats(40.0, 500.0), st.floats(5.0, 150.0)), max_size=8),
    st.floats(300.0, 600.0),
)
def test_no_name_lies_on_another(marks, right):
    marks = sorted(marks)
    placed = stacked([x for x, _ in marks], [width for _, width in marks], 40.0, right)
    for number, one in enumerate(placed):
        assert one.left >= 40.0
        for other in placed[:number]:
            if one.row == other.row:
                assert one.left >= other.left + other.width or other.left >= one.left + one.width
    assert not placed or {each.row for each in placed} == set(range(1 + max(each.row for each in placed)))
