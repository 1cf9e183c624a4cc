"""Every registered view in every situation."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from sessions import keyframe
from view_stage import EXPERIMENTS, NEEDS, Make, Train, history_of, ink, picture, pixels, with_arrays

from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.views import QUESTIONS, views
from nnviz.gui.views.parts.plot_view import PlotView
from nnviz.history.history import Event, History
from nnviz.session import Run

NAMES = views.names()
PLOTS = [name for name in NAMES if issubclass(views[name], PlotView)]


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is_for(name: str) -> None:
    view = views[name]
    assert view.name == name
    assert view.title
    assert view.help.endswith(".")
    assert view.question in QUESTIONS


@pytest.mark.parametrize("name", NAMES)
def test_without_data_there_is_a_sentence(name: str, make_view: Make) -> None:
    view = make_view(name)
    assert 0.0 < ink(view) < 0.2
    view.refresh(History(), None)
    assert 0.0 < ink(view) < 0.2
    assert all(len(column) == 0 for column in view.table(History(), None).values())
    assert view.legend() == ()


@pytest.mark.parametrize("name", NAMES)
def test_before_the_first_epoch(name: str, make_view: Make, run: Run) -> None:
    assert run.snapshot is not None
    view = make_view(name)
    view.refresh(History(), replace(run.snapshot, arrays={}))
    assert 0.0 < ink(view) < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_one_point(name: str, make_view: Make, run: Run) -> None:
    history = history_of(1, lambda epoch: epoch + 0.5)
    assert run.snapshot is not None
    history.keyframes.add(keyframe(0, np.linspace(-1, 1, run.snapshot.plan.n_parameters)))
    view = make_view(name)
    view.refresh(history, run.snapshot)
    assert ink(view) > 0.0


@pytest.mark.parametrize("state", [{}, {"log_x": True, "log_y": True}, {"log_y": False}])
@pytest.mark.parametrize("name", NAMES)
def test_not_a_number(name: str, state: dict[str, Any], make_view: Make, run: Run) -> None:
    history = history_of(50, lambda epoch: np.full_like(epoch, np.nan))
    assert run.snapshot is not None
    history.keyframes.add(keyframe(0, np.full(run.snapshot.plan.n_parameters, np.nan)))
    view = make_view(name)
    view.restore(state)
    view.refresh(history, with_arrays(run.snapshot, np.nan))
    picture(view)
    view.table(history, with_arrays(run.snapshot, np.nan))


@pytest.mark.parametrize("fill", [np.inf, 1e30, -1e-30, 0.0])
@pytest.mark.parametrize("name", NAMES)
def test_strange_numbers(name: str, fill: float, make_view: Make, run: Run) -> None:
    history = history_of(50, lambda epoch: np.full_like(epoch, fill))
    assert run.snapshot is not None
    history.keyframes.add(keyframe(0, np.full(run.snapshot.plan.n_parameters, np.clip(fill, -1e30, 1e30))))
    view = make_view(name)
    for state in ({}, {"log_x": True, "log_y": True}):
        view.restore(state)
        view.refresh(history, with_arrays(run.snapshot, fill))
        picture(view)


@pytest.mark.parametrize("name", NAMES)
def test_gaps_are_drawn_as_gaps(name: str, make_view: Make, run: Run) -> None:
    view = make_view(name)
    view.refresh(history_of(100, lambda epoch: np.where(epoch % 10 < 5, np.nan, epoch)), run.snapshot)
    picture(view)


@pytest.mark.parametrize("name", NAMES)
def test_a_million_epochs(name: str, make_view: Make, run: Run) -> None:
    rng = np.random.default_rng(0)
    history = history_of(1_000_000, lambda epoch: 1 / np.sqrt(epoch + 1) + 0.01 * rng.normal(size=len(epoch)))
    assert run.snapshot is not None
    for epoch in range(600):
        history.keyframes.add(keyframe(epoch, rng.normal(size=run.snapshot.plan.n_parameters)))
    view = make_view(name)
    for state in ({}, {"log_x": True, "log_y": True}):
        view.restore(state)
        began = time.perf_counter()
        view.refresh(history, run.snapshot)
        picture(view)
        assert time.perf_counter() - began < 2.0
    assert {len(column) for column in view.table(history, run.snapshot).values()} != {0}


@pytest.mark.parametrize("name", NAMES)
def test_another_theme_at_run_time(name: str, make_view: Make, run: Run) -> None:
    view, light = make_view(name), make_view(name, theme=LIGHT)
    view.refresh(run.history, run.snapshot)
    light.refresh(run.history, run.snapshot)
    dark_picture = picture(view)
    view.apply_theme(LIGHT)
    assert picture(view) == picture(light)
    view.apply_theme(DARK)
    assert picture(view) == dark_picture


@pytest.mark.parametrize("size", [(1, 1), (60, 40), (120, 72), (200, 120), (1600, 1000), (3840, 300)])
@pytest.mark.parametrize("name", NAMES)
def test_any_size(name: str, size: tuple[int, int], make_view: Make, run: Run) -> None:
    view = make_view(name, size)
    view.setMinimumSize(1, 1)
    view.refresh(run.history, run.snapshot)
    assert ink(view) > 0.0 or size == (1, 1)
    view.resize(360, 200)
    assert ink(view) > 0.0


@pytest.mark.parametrize("kind", EXPERIMENTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_data(name: str, kind: str, make_view: Make, trained_run: Train) -> None:
    run = trained_run(EXPERIMENTS[kind], needs=NEEDS, epochs=3)
    view = make_view(name)
    view.refresh(run.history, run.snapshot)
    assert ink(view) > 0.0
    lengths = {len(column) for column in view.table(run.history, run.snapshot).values()}
    assert len(lengths) <= 1
    assert all(key.label for key in view.legend())


@pytest.mark.parametrize("name", NAMES)
def test_from_one_run_to_another_and_back(name: str, make_view: Make, trained_run: Train) -> None:
    runs = [trained_run(each, needs=NEEDS, epochs=3) for each in EXPERIMENTS.values()]
    view = make_view(name)
    for run in (*runs, *reversed(runs)):
        view.refresh(run.history, run.snapshot)
        picture(view)
        view.refresh(History(), None)
    fresh = make_view(name)
    for each in (view, fresh):
        each.restore(fresh.state())
        each.refresh(runs[0].history, runs[0].snapshot)
    first, last = np.asarray(pixels(picture(view)), int), np.asarray(pixels(picture(fresh)), int)
    # Axes may stand a little differently, because they move as seldom as possible.
    assert abs(first.mean() - last.mean()) < 8


@pytest.mark.parametrize("name", NAMES)
def test_rewound_history(name: str, make_view: Make, run: Run) -> None:
    view = make_view(name)
    view.refresh(history_of(500, lambda epoch: epoch + 1), run.snapshot)
    view.refresh(history_of(20, lambda epoch: epoch + 1), run.snapshot)
    assert ink(view) > 0.0


@pytest.mark.parametrize("name", NAMES)
def test_choices_survive(name: str, make_view: Make, run: Run, qtbot: QtBot) -> None:
    view, holder = make_view(name), QWidget()
    qtbot.addWidget(holder)
    view.controls(QHBoxLayout(holder))
    for changed in ({}, {key: not value for key, value in view.state().items() if isinstance(value, bool)}):
        view.restore(changed)
        view.refresh(run.history, run.snapshot)
        state = view.state()
        assert changed.items() <= state.items()
        other = make_view(name)
        other.restore(state)
        assert other.state() == state
        other.refresh(run.history, run.snapshot)
    view.restore({"unknown": 1})


@pytest.mark.parametrize("name", NAMES)
def test_controls_ask_for_a_redraw(name: str, make_view: Make, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QToolButton

    view, holder = make_view(name), QWidget()
    qtbot.addWidget(holder)
    view.controls(QHBoxLayout(holder))
    buttons = holder.findChildren(QToolButton)
    assert buttons
    for button in buttons:
        assert button.accessibleName()
        if button.isCheckable():
            with qtbot.waitSignal(view.redraw_wanted, timeout=1000):
                button.click()


@pytest.mark.parametrize("name", NAMES)
def test_what_it_is_given_stays_as_it_was(name: str, make_view: Make, run: Run) -> None:
    before = {column: run.history.column(column).copy() for column in run.history.names}
    make_view(name).refresh(run.history, run.snapshot)
    for column, values in before.items():
        np.testing.assert_array_equal(run.history.column(column), values)


@pytest.mark.parametrize("name", PLOTS)
def test_refresh_makes_no_items(name: str, make_view: Make, run: Run) -> None:
    view = make_view(name)
    assert isinstance(view, PlotView)
    view.refresh(run.history, run.snapshot)
    items = view.plot.scene().items()
    for length in (1, 30, 3000):
        view.refresh(history_of(length, lambda epoch: epoch + 1), run.snapshot)
        view.refresh(History(), None)
        view.refresh(run.history, run.snapshot)
    assert view.plot.scene().items() == items


def test_three_thousand_repaints(make_view: Make, run: Run) -> None:
    """Some releases of PySide6 drop a reference to None with every painted item, and abort at the end."""
    view = make_view("loss", (160, 100))
    view.refresh(run.history, run.snapshot)
    image = QImage(view.size(), QImage.Format.Format_RGB32)
    for _ in range(3000):
        view.render(image, QPoint())
    assert ink(view) > 0.0


def test_figures_are_a_column_wide() -> None:
    for name in NAMES:
        assert views[name].figure_size[0] * 25.4 / 96 == pytest.approx(85, abs=0.5)


# ------------------------------------------------------------ the mouse


@pytest.mark.parametrize("kind", EXPERIMENTS)
@pytest.mark.parametrize("name", PLOTS)
def test_read_out_everywhere(name: str, kind: str, make_view: Make, trained_run: Train) -> None:
    run = trained_run(EXPERIMENTS[kind], needs=NEEDS, epochs=3)
    view = make_view(name)
    assert isinstance(view, PlotView)
    assert view.reading(0.0, 0.0) is None
    view.refresh(run.history, run.snapshot)
    (left, right), (bottom, top) = view.plot.x_range, view.plot.y_range
    for x in np.linspace(left, right, 5):
        for y in (bottom, top, (bottom + top) / 2):
            reading = view.reading(float(x), float(y))
            assert reading is None or (reading.lines and all(line.word for line in reading.lines))


def test_the_crosshair_follows_the_mouse(make_view: Make, run: Run, qtbot: QtBot) -> None:
    view = make_view("loss")
    assert isinstance(view, PlotView)
    view.refresh(run.history, run.snapshot)
    picture(view)
    plain = ink(view)
    with qtbot.waitSignal(view.plot.pointed, timeout=2000):
        view.plot._moved.emit(view.plot.area.center())
    assert view.plot.pointer is not None
    assert ink(view) > plain
    with qtbot.waitSignal(view.plot.pointed, timeout=2000):
        view.plot._moved.emit(None)
    assert view.plot.pointer is None
    assert ink(view) == plain


def test_the_read_out_names_the_nearest_epoch(make_view: Make, run: Run) -> None:
    history = history_of(11, lambda epoch: epoch * 2 + 1)
    history.events.append(Event(7, "Learning rate 0.03 → 0.01"))
    view = make_view("loss")
    assert isinstance(view, PlotView)
    view.refresh(history, run.snapshot)
    reading = view.reading(7.3, 0.0)
    assert reading is not None
    assert reading.x == 7.0
    words = [f"{line.word} {line.value}".strip() for line in reading.lines]
    assert words == ["epoch 7", "Train 15.0", "Test 15.0", "Gap 0", "Learning rate 0.03 → 0.01"]


def test_presses_go_through_to_the_dock(make_view: Make, run: Run, qtbot: QtBot) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    class Holder(QWidget):
        doubled = 0

        def mouseDoubleClickEvent(self, event: Any) -> None:
            self.doubled += 1

    holder = Holder()
    qtbot.addWidget(holder)
    view = make_view("loss")
    view.setParent(holder)
    view.refresh(run.history, run.snapshot)
    picture(view)
    assert isinstance(view, PlotView)
    QTest.mouseDClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, 80))
    assert holder.doubled == 1
