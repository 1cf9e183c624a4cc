"""The window that compares runs: what it asks of the session, its pages, playheads, and how it closes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from compare_stage import forked, opened, train, twinned, until
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from view_stage import pixels

from nnviz.gui.compare.curves import CurvesPage
from nnviz.gui.compare.difference_map import DifferenceMapPage
from nnviz.gui.compare.side_by_side import SideBySidePage, columns_for, share_axes
from nnviz.gui.compare.similarity import SimilarityPage
from nnviz.gui.compare.window import SMALLEST, CompareWindow
from nnviz.gui.compare.words import WordsPage
from nnviz.gui.controller import Controller
from nnviz.gui.frame_clock import FrameClock
from nnviz.gui.plot import Plot, Scale
from nnviz.gui.theme import DARK, LIGHT
from nnviz.gui.views import views
from nnviz.gui.views.parts.switches import BarButton
from nnviz.run import Run
from nnviz.snapshot import Status

CURVES, SIDE, MAP, SIMILARITY, WORDS = range(5)
PAGES = (CurvesPage, SideBySidePage, DifferenceMapPage, SimilarityPage, WordsPage)
Open = Callable[..., CompareWindow]


@pytest.fixture
def clock(controller: Controller, qapp: QApplication) -> Iterator[FrameClock]:
    """Return the clock of a main window, ticking."""
    made = FrameClock(controller.tick, controller)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def open_window(controller: Controller, clock: FrameClock, qtbot: QtBot) -> Open:
    """Return a function that opens the window, and measures for it what it needs."""

    def made(page: int = CURVES, remember: bool = False) -> CompareWindow:
        window = CompareWindow(controller, DARK, clock, remember=remember)
        qtbot.addWidget(window)
        asker = _Asker(controller, window)
        window.needs_changed.connect(asker.ask)
        window.tabs.setCurrentIndex(page)
        window.show()
        return window

    return made


class _Asker(QWidget):
    """Tells the session what to measure, as the main window does."""

    def __init__(self, controller: Controller, window: CompareWindow) -> None:
        super().__init__(window)
        self._controller, self._window = controller, window

    def ask(self) -> None:
        self._controller.session.want(self._window.needs)


@pytest.fixture
def two(controller: Controller) -> tuple[Run, Run]:
    """Return a run, and a twin of it in front with another width."""
    base = opened(controller, name="base")
    return base, twinned(controller, base, "network.layers[0].units=8", name="wide")


def picture(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def colors(widget: QWidget) -> int:
    """The number of different colours in the picture of a widget."""
    return len(np.unique(pixels(picture(widget)).reshape(-1, 3), axis=0))


def shows(widget: QWidget, color: QColor) -> bool:
    return bool((pixels(picture(widget)) == [color.blue(), color.green(), color.red()]).all(axis=2).any())


def drawn(window: CompareWindow, controller: Controller) -> None:
    """Wait until the page in front shows what it is to show."""
    page = window.page

    def ready() -> bool:
        if isinstance(page, SimilarityPage):
            return page._shown is not None
        if isinstance(page, DifferenceMapPage):
            return page._found is not None
        runs = window.chosen.runs
        return all(run.snapshot is not None and page.needs <= run.snapshot.arrays.keys() for run in runs)

    until(controller, ready, f"{page.title} of {[run.name for run in window.chosen.runs]}")
    window.draw()


# ---------------------------------------------------------------- what it asks for


def test_a_single_run_has_nothing_to_be_compared_with(controller, open_window, qtbot) -> None:
    window = open_window()
    until(controller, lambda: controller.run.status is Status.READY)
    window.draw()
    assert window._empty.isVisible()
    assert window._empty.text() == "Fork or twin a run to compare it."
    assert not window.foot.isVisible()
    opened(controller, "seed=1", epochs=1)
    opened(controller, "seed=2", epochs=1)
    qtbot.waitUntil(lambda: window.page.isVisible())
    for run in controller.session.runs:
        window.chosen.choose(run, False)
    assert "Check two runs" in window._empty.text()


def test_the_session_looks_at_the_chosen_runs_while_it_is_open(controller, two, open_window) -> None:
    look = controller.session.look
    window = open_window()
    numbers = tuple(run.number for run in two)
    assert look.compared == numbers
    window.chosen.choose(two[0], False)
    assert look.compared == numbers[1:]
    window.close()
    assert look.compared == ()
    assert window.needs == frozenset()
    window.show()
    assert look.compared == numbers[1:]


@pytest.mark.parametrize(
    ("page", "needs"),
    [(CURVES, set()), (SIDE, {"surface"}), (MAP, {"surface"}), (SIMILARITY, {"activations", "parameters"})],
)
def test_it_needs_the_probes_of_the_page_in_front(controller, two, open_window, page: int, needs: set[str]) -> None:
    window = open_window(page)
    assert window.needs == needs
    drawn(window, controller)
    window.tabs.setCurrentIndex(CURVES)
    assert window.needs == frozenset()


def test_nothing_is_drawn_while_it_is_closed(controller, two, open_window, clock, monkeypatch) -> None:
    window = open_window()
    drawers = len(clock._drawers)
    assert drawers == 2
    window.close()
    assert clock._drawers == []
    calls: list[object] = []
    monkeypatch.setattr(window.page, "show_runs", calls.append)
    controller.describe(two[0], "note", "news")
    controller.tick()
    clock.draw_all()
    window.draw()
    assert calls == []
    window.show()
    assert len(clock._drawers) == drawers


def test_runs_that_come_and_go_are_noticed(controller, two, open_window, qtbot) -> None:
    window = open_window()
    fork = forked(controller, two[0], 2, "training.learning_rate=0.5", name="fast", epochs=1)
    qtbot.waitUntil(lambda: fork in window.chosen.runs)
    controller.remove(fork)
    qtbot.waitUntil(lambda: controller.session.look.compared == tuple(run.number for run in two))
    controller.undo_stack.undo()
    qtbot.waitUntil(lambda: fork in window.chosen.runs)


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize("number", range(5), ids=lambda number: PAGES[number].__name__)
def test_every_page_draws_two_runs_in_both_themes(controller, two, open_window, number: int) -> None:
    window = open_window(number)
    assert isinstance(window.page, PAGES[number])
    drawn(window, controller)
    dark = pixels(picture(window.page)).mean()
    assert colors(window.page) > 8
    window.apply_theme(LIGHT)
    assert colors(window.page) > 8
    follows = number in (SIMILARITY, WORDS)  # their cards follow the application
    assert follows or pixels(picture(window.page)).mean() > dark + 20
    window.resize(SMALLEST)
    window.draw()
    assert window.size() == SMALLEST
    assert colors(window.page) > 8
    assert window.page.accessibleName()
    assert window.page.accessibleDescription()


def test_all_pages_cope_with_runs_of_all_sorts(controller, open_window) -> None:
    opened(controller, epochs=2)
    opened(controller, "data.source=noisy-sine", epochs=2)
    opened(controller, "data.source=iris", "training.batch_size=30", epochs=2)
    opened(controller, "seed=7", "training.learning_rate=100", "training.loss=squared", epochs=20)
    assert controller.run.status is Status.DIVERGED
    window = open_window()
    assert len(window.chosen.runs) == 4
    for number in range(5):
        window.tabs.setCurrentIndex(number)
        until(controller, lambda: window.needs <= controller.run.snapshot.arrays.keys())
        window.draw()
        assert window.page.isVisible()


def test_curves_are_in_the_colors_of_their_runs(controller, two, open_window) -> None:
    window = open_window(CURVES)
    page = window.page
    page.log_x = True
    window.draw()
    assert page.plot.x_scale.log
    assert len(page._traces) == 4
    for trace in page._traces:
        assert shows(page.plot, QColor(trace.color.name()))
    assert "base" in page.caption
    reading = page._reading(float(np.log10(3)))
    assert [entry.word for entry in reading.lines] == [
        "epoch 3",
        *(f"{name} · {part}" for name in ("base", "wide") for part in ("train", "test")),
    ]
    assert float(reading.lines[2].value) == pytest.approx(100 * two[0].history.column("test_error")[3], rel=1e-3)


def test_the_difference_is_taken_from_the_chosen_reference(controller, two, open_window) -> None:
    window = open_window(CURVES)
    page = window.page
    page._choose_parts(3)
    page.difference_switch.setChecked(True)
    (trace,) = page._traces
    change = two[1].history.column("test_error") - two[0].history.column("test_error")
    np.testing.assert_allclose(trace.values, 100 * change.astype(float), atol=1e-5)
    assert page.plot.y_scale.label == "% wrong, minus base"
    assert page.plot.y_range[0] < 0 < page.plot.y_range[1] or not change.any()
    assert "one seed says nothing about chance" in page.words.text()
    page._choose_reference(1)
    np.testing.assert_allclose(page._traces[0].values, -100 * change.astype(float), atol=1e-5)


def test_seeds_of_a_pair_make_a_band(controller, open_window) -> None:
    for units in (3, 8):
        for seed in (1, 2):
            opened(controller, f"seed={seed}", f"network.layers[0].units={units}", name=f"{units} units, seed {seed}")
    window = open_window(CURVES)
    page = window.page
    for run in controller.session.runs:
        window.chosen.choose(run, run.experiment.seed == 1)
    page._choose_parts(3)
    page.difference_switch.setChecked(True)
    (trace,) = page._traces
    assert trace.low is not None
    assert page._bands[0].isVisible()
    assert "2 seeds" in page.words.text()
    assert "interval" in page.caption


def test_views_side_by_side_share_axes_and_choices(controller, two, open_window, qtbot) -> None:
    train(controller, 6)
    window = open_window(SIDE)
    page = window.page
    page._choose_kind([kind.name for kind in page._kinds].index("loss"))
    drawn(window, controller)
    first, second = (panel.view for panel in page.panels)
    assert type(first) is type(second) is views["loss"]
    assert first.plot.x_range == second.plot.x_range
    page._set_same_axes(False)
    assert first.plot.x_range != second.plot.x_range
    first._switches[1].setChecked(True)
    assert second.state()["log_y"]
    assert [panel.name.whole for panel in page.panels] == ["base · epoch 6", "wide · epoch 12"]


@pytest.mark.parametrize("kind", views.names())
def test_every_view_can_stand_side_by_side(controller, two, open_window, kind: str) -> None:
    window = open_window(SIDE)
    window.page._choose_kind([each.name for each in window.page._kinds].index(kind))
    assert window.needs == views[kind].needs
    drawn(window, controller)
    assert all(panel.view.isVisible() for panel in window.page.panels)
    assert colors(window.page) > 8


def test_colors_of_values_mean_the_same_in_all_panels(controller, open_window) -> None:
    opened(controller, "data.source={kind='plane', noise=0.0}")
    opened(controller, "data.source={kind='plane', noise=0.9}")
    window = open_window(SIDE)
    drawn(window, controller)
    shared = {panel.view.shared_values for panel in window.page.panels}
    assert len(shared) == 1
    low, high = shared.pop()
    for run in window.chosen.runs:
        data = run.snapshot.data
        values = data.scaling.unscaled_target(data.train.targets)
        assert low <= values.min()
        assert values.max() <= high
    window.page._set_same_axes(False)
    assert [panel.view.shared_values for panel in window.page.panels] == [None, None]


def test_panels_find_a_good_arrangement() -> None:
    assert [columns_for(count, 2.4) for count in (1, 2, 3, 4)] == [1, 2, 3, 2]
    assert columns_for(2, 0.7) == 1
    assert columns_for(4, 6.0) == 4


def test_axes_with_other_scales_are_not_shared(qtbot) -> None:
    plots = [Plot(DARK, Scale("epoch"), Scale("loss", log=log)) for log in (False, True)]
    for plot in plots:
        qtbot.addWidget(plot)
    plots[0].set_range((0, 10), (0, 1))
    plots[1].set_range((0, 20), (-3, 0))
    share_axes(plots)
    assert [plot.x_range for plot in plots] == [(0, 20), (0, 20)]
    assert [plot.y_range for plot in plots] == [(0, 1), (-3, 0)]
    plots[1].say("Nothing yet.")
    plots[1].set_range((0, 500))
    share_axes(plots)
    assert plots[0].x_range == (0, 20), "an empty plot has no say"


def test_the_map_states_the_disagreement(controller, two, open_window) -> None:
    window = open_window(MAP)
    page = window.page
    drawn(window, controller)
    share = page._found.disagreement()
    assert page.number.text() == f"{100 * share:.1f} %"
    assert "different classes" in page.words.text()
    before = page._found.change(1).copy()
    page.pair._swap()
    np.testing.assert_allclose(page._found.change(1), -before)
    reading = page._reading(page._found, 0.0, 0.0)
    assert [entry.word for entry in reading.lines] == ["A", "B", "B − A"]


def test_the_map_says_where_it_has_no_meaning(controller, two, open_window) -> None:
    opened(controller, "data.source=noisy-sine", epochs=1)
    window = open_window(MAP)
    page = window.page
    page.pair._choose(1, controller.run.number)
    until(controller, lambda: page.plot.overlay._sentence.endswith("nothing to subtract."))
    assert not page._aside.isVisible()


def test_similarity_states_samples_and_units(controller, two, open_window) -> None:
    window = open_window(SIMILARITY)
    page = window.page
    drawn(window, controller)
    assert page._shown.found.debiased
    assert "n = 30" in page.words.text()
    assert "p = 3, 1 in A and 8, 1 in B" in page.words.text()
    page._point(0, 0)
    assert page.reading.text().startswith("A 1 linear 3 (p = 3) and B 1 linear 8 (p = 8): ")
    assert "cosine" in page.cosines.accessibleDescription()
    page.debiased_switch.setChecked(False)
    until(controller, lambda: page._shown is not None and not page._shown.found.debiased)
    page.pair._swap()
    until(controller, lambda: page._shown is not None and page._shown.names == ("wide", "base"))


def test_words_name_what_differs_and_what_was_changed(controller, two, open_window) -> None:
    controller.select(two[0])
    controller.describe(two[0], "name", "a < b")
    controller.set("training.learning_rate", 0.2, "Learning rate")
    train(controller, 1)
    window = open_window(WORDS)
    words = window.page.text.text()
    assert "3 → 8" in words
    assert "a &lt; b" in words
    assert "twins" in words
    assert "epoch 6: Learning rate 0.03 → 0.2" in words


# ---------------------------------------------------------------- playheads


def test_one_slider_moves_all_runs(controller, two, open_window, qtbot) -> None:
    window = open_window(SIDE)
    drawn(window, controller)
    window.slider.slider.setFocus()
    qtbot.keyClick(window.slider.slider, Qt.Key.Key_Home)
    until(controller, lambda: [run.playhead for run in two] == [0, 0])
    until(controller, lambda: all(run.snapshot.past and run.snapshot.epoch == 0 for run in two))
    qtbot.waitUntil(lambda: "epoch 0" in window.page.panels[0].name.whole)
    qtbot.waitUntil(lambda: not window.slider._touched)
    window.slider.settled.emit(3)
    assert [run.playhead for run in two] == [3, 3]
    qtbot.waitUntil(lambda: window.slider.words.text() == "epoch 3 of 6")
    window.slider.now.click()
    assert [run.playhead for run in two] == [None, None]


def test_linked_runs_follow_the_timeline(controller, two, open_window, qtbot) -> None:
    open_window(CURVES)
    controller.go_to(2)
    qtbot.waitUntil(lambda: two[0].playhead == 2)
    controller.go_live()
    qtbot.waitUntil(lambda: two[0].playhead is None)


def test_a_shorter_run_and_a_later_fork_stay_within_themselves(controller, two, open_window, qtbot) -> None:
    fork = forked(controller, two[0], 4, "training.learning_rate=0.5", epochs=6)
    window = open_window(CURVES)
    window.playheads.go_to(8, window.chosen.runs)
    assert [run.shown_epoch for run in (*two, fork)] == [6, 6, 8]
    window.playheads.go_to(2, window.chosen.runs)
    assert [run.shown_epoch for run in (*two, fork)] == [2, 2, 4]
    window.draw()
    assert window.playheads.epoch == 2
    assert [run.shown_epoch for run in (*two, fork)] == [2, 2, 4], "nobody follows the one that could not come along"


def test_unlinked_each_run_has_its_own_slider(controller, two, open_window, qtbot) -> None:
    window = open_window(SIDE)
    drawn(window, controller)
    window.link_switch.setChecked(False)
    assert not window.slider.isVisible()
    first, second = window.page.panels
    assert first.slider.isVisible()
    second.slider.settled.emit(1)
    assert [run.playhead for run in two] == [None, 1]
    window.draw()
    assert [run.playhead for run in two] == [None, 1]
    second.slider.live_wanted.emit()
    first.slider.settled.emit(2)
    assert [run.playhead for run in two] == [2, None]
    window.link_switch.setChecked(True)
    assert [run.playhead for run in two] == [None, None], "all go to where the run in front is"


def test_a_run_that_joins_comes_to_the_common_epoch(controller, two, open_window) -> None:
    window = open_window(CURVES)
    window.chosen.choose(two[0], False)
    third = forked(controller, two[0], 1, "training.learning_rate=0.5", epochs=5)
    window.draw()
    window.playheads.go_to(3, window.chosen.runs)
    assert third in window.chosen.runs
    window.chosen.choose(two[0], True)
    assert two[0].playhead == 3


# ---------------------------------------------------------------- keys, and what is remembered


def test_keys_turn_pages_and_close(controller, two, open_window, qtbot) -> None:
    window = open_window()
    with qtbot.waitActive(window):
        window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert isinstance(window.page, SimilarityPage)
    qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert not window.isVisible()


def test_page_and_size_are_remembered(controller, two, open_window, isolated_home: Path) -> None:
    first = open_window(WORDS, remember=True)
    first.resize(950, 640)
    first.close()
    second = open_window(first.tabs.currentIndex(), remember=True)
    assert isinstance(second.page, WordsPage)
    assert second.height() == 640
    QSettings("nnviz", "nnviz").setValue("compare/page", "no such page")
    assert open_window(remember=True).page.title == "Curves"


def test_what_cannot_be_done_is_said_in_the_window(controller, two, open_window) -> None:
    window = open_window()
    controller.notice.emit("This cannot be done.")
    assert window.statusBar().currentMessage() == "This cannot be done."


def test_it_does_not_keep_the_application_alive(controller, two, open_window) -> None:
    assert not open_window().testAttribute(Qt.WidgetAttribute.WA_QuitOnClose)


def test_every_control_has_a_name_and_a_tip(controller, two, open_window) -> None:
    window = open_window()
    for number in range(5):
        window.tabs.setCurrentIndex(number)
        drawn(window, controller)
    buttons = window.findChildren(BarButton)
    assert len(buttons) > 12
    for button in buttons:
        assert button.accessibleName(), button.text()
        assert button.toolTip(), button.text()
    assert all(window.tabs.tabToolTip(number).endswith(f"(Ctrl+{number + 1})</p>") for number in range(5))
