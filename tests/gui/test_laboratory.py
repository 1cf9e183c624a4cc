"""The laboratory: its window, what every page owes to it, and the double descent page as a user meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars
import pytest
from laboratory_stage import laboratory_on, ready
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_stage import closed, opened

from nnviz.experiment import Experiment, bundled
from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.page import GROUPS, Page, pages
from nnviz.gui.laboratory.pages.double_descent import DoubleDescentPage
from nnviz.gui.laboratory.study_page import StudyPage
from nnviz.gui.laboratory.window import LaboratoryWindow
from nnviz.gui.theme import DARK, LIGHT
from nnviz.snapshot import Status

QUICK = Experiment(name="quick").with_settings(
    ["data.source.samples=60", "data.label_noise=0.2", "network.layers=[{kind='linear', units=4}, 'tanh']"]
)


@pytest.fixture
def controller(qapp: QApplication, qtbot: QtBot) -> Iterator[Controller]:
    made = ready(qtbot, QUICK, 30)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def laboratory(controller: Controller) -> Iterator[LaboratoryWindow]:
    with laboratory_on(controller) as made:
        yield made


# ---------------------------------------------------------------- every page


@pytest.mark.parametrize("page", list(pages), ids=lambda page: page.name)
def test_a_page_introduces_itself(page: type[Page]) -> None:
    assert page.group in GROUPS
    assert page.title[:1].isupper()
    assert page.help.endswith((".", "?"))
    assert len(page.help) > 40


@pytest.mark.parametrize("page", list(pages), ids=lambda page: page.name)
def test_a_page_copes_with_a_run_that_is_not_ready(page: type[Page], qapp: QApplication) -> None:
    controller = Controller(QUICK, start=False)
    window = LaboratoryWindow(controller, DARK, remember=False)
    window.show()
    window.show_page(page.name)
    assert window.page is not None
    assert window.page.name == page.name
    if isinstance(window.page, StudyPage):
        window.page.begin()
        assert window.page.study is None
        assert "not ready" in window.page.problem.text()
    window.page.refresh()
    assert window.page.table() == {}
    window.apply_theme(LIGHT)
    window.close()
    window.deleteLater()
    controller.deleteLater()
    QApplication.processEvents()


@pytest.mark.parametrize("page", list(pages), ids=lambda page: page.name)
def test_a_page_works_and_ends_when_it_is_told_to(page: type[Page], laboratory: LaboratoryWindow, qtbot: QtBot) -> None:
    laboratory.show_page(page.name)
    shown = laboratory.page
    assert shown is not None
    shown.refresh()
    dark = shown.grab().toImage()
    if isinstance(shown, StudyPage):
        shown.begin()
        study = shown.study
        if study is None:
            assert shown.problem.text().endswith((".", "?")), "a page that wants something first says what"
            return
        qtbot.waitUntil(lambda: study.progress().state != "preparing", timeout=60_000)
        study.cancel()  # not the button: a study that is over by now would begin again
        qtbot.waitUntil(lambda: study.progress().over, timeout=30_000)
        assert study.progress().state in ("cancelled", "finished"), study.progress().text
        shown.refresh()
        assert shown.button.text() == shown.begin_words
        for values in shown.table().values():
            assert len(values) == len(next(iter(shown.table().values())))
    laboratory.apply_theme(LIGHT)
    shown.refresh()
    assert shown.grab().toImage() != dark
    shown.end()


# ---------------------------------------------------------------- the window


def test_the_list_names_every_page_by_what_it_answers(laboratory: LaboratoryWindow) -> None:
    texts = [laboratory.list.item(row).text() for row in range(laboratory.list.count())]
    assert set(texts) >= {page.title for page in pages}
    headings = [text for text in texts if text in {group.upper() for group in GROUPS}]
    assert headings == [group.upper() for group in GROUPS if group.upper() in texts]
    laboratory.list.setFocus()
    first = laboratory.page
    QTest.keyClick(laboratory.list, Qt.Key.Key_Down)
    assert laboratory.page is not first, "arrow keys go from page to page, over the headings"
    laboratory.show_page("no such page")
    assert laboratory.page is not None


def test_the_main_window_opens_the_laboratory_and_its_views(qtbot: QtBot) -> None:
    window = opened(qtbot, QUICK, remember=False)
    window.companions.open_laboratory("double-descent")
    laboratory = window.companions.laboratory
    assert laboratory is not None
    assert laboratory.isVisible()
    assert isinstance(laboratory.page, DoubleDescentPage)
    window.toggle_theme()
    assert laboratory.theme is window.theme
    qtbot.waitUntil(laboratory.isActiveWindow, timeout=10_000)
    QTest.keyClick(laboratory.list, Qt.Key.Key_Escape)
    assert not laboratory.isVisible()
    window.companions.open_laboratory()
    assert laboratory.isVisible()
    window.docks["confusion"].hide()
    assert laboratory.page is not None
    laboratory.page.view_wanted.emit("confusion")
    assert window.docks["confusion"].isVisibleTo(window)
    closed(window)


# ---------------------------------------------------------------- double descent


@pytest.fixture
def page(laboratory: LaboratoryWindow) -> DoubleDescentPage:
    laboratory.show_page("double-descent")
    shown = laboratory.page
    assert isinstance(shown, DoubleDescentPage)
    shown.high.setValue(20)
    shown.count.setValue(5)
    shown.seeds.setValue(2)
    shown.epochs.setValue(20)
    return shown


def trained(page: DoubleDescentPage, qtbot: QtBot) -> None:
    page.button.click()
    assert page.study is not None, page.sentence.text()
    qtbot.waitUntil(lambda: page.button.text() == "Train" and page.report is not None, timeout=60_000)


def test_networks_are_trained_drawn_and_put_into_words(page: DoubleDescentPage, qtbot: QtBot) -> None:
    trained(page, qtbot)
    report = page.report
    assert report is not None
    assert report.done == report.test_loss.size == 10
    assert "10 networks" in page.sentence.text()
    assert page.status.text() == "Done: the results."
    table = page.table()
    assert table["width [units]"].tolist() == report.values.tolist()
    assert len(table) == 2 + 4 * 2
    assert "test" in page.legend.text()


def test_a_point_becomes_the_run_that_it_is(page: DoubleDescentPage, controller: Controller, qtbot: QtBot) -> None:
    trained(page, qtbot)
    report = page.report
    assert report is not None
    assert not page.open_button.isEnabled()
    plot = page.loss_plot
    x = plot._x(report.values)
    at = plot.to_pixel(float(x[2]), 0.1)
    QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(at.x()), round(at.y())))
    assert page.chosen == 2
    page.open_button.click()
    units = int(report.values[2])
    assert [layer.units for layer in controller.experiment.network.layers if layer.kind == "linear"] == [units]
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.snapshot is not None, timeout=60_000)
    controller.session.play()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.FINISHED, timeout=60_000)
    history = controller.run.history
    assert controller.run.epoch == 20
    assert history.latest("test_loss") == pytest.approx(report.test_loss[2, 0], rel=1e-6)
    controller.undo_stack.undo()
    assert [layer.units for layer in controller.experiment.network.layers if layer.kind == "linear"] == [4]


def test_ends_that_leave_nothing_between_them_are_refused(page: DoubleDescentPage) -> None:
    page.low.setValue(30)
    page.button.click()
    assert page.study is None
    assert page.problem.text().startswith("There is nothing between the two ends")


@pytest.fixture
def linear(laboratory: LaboratoryWindow, controller: Controller, qtbot: QtBot) -> LaboratoryWindow:
    controller.begin(QUICK.with_settings(["network.layers=[]"]), "linear")
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.snapshot is not None, timeout=60_000)
    return laboratory


def test_without_hidden_layers_it_says_that_there_is_no_width(linear: LaboratoryWindow) -> None:
    linear.show_page("double-descent")
    page = linear.page
    assert isinstance(page, DoubleDescentPage)
    page.button.click()
    assert page.study is None
    assert "no hidden layer" in page.problem.text()


@pytest.mark.parametrize("name", ["gap-parts", "learning-curve", "regularisation-path"])
def test_what_is_cancelled_at_once_has_not_diverged(name: str, laboratory: LaboratoryWindow, qtbot: QtBot) -> None:
    laboratory.show_page(name)
    page = laboratory.page
    assert isinstance(page, StudyPage)
    page.epochs.setValue(page.epochs.maximum())  # type: ignore[attr-defined]
    page.button.click()
    study = page.study
    assert study is not None, page.sentence.text()
    page.button.click()
    qtbot.waitUntil(lambda: study.progress().over, timeout=30_000)
    page.refresh()
    assert page.status.text().startswith("Cancelled")
    assert page.sentence.text() == ""


def test_each_axis_offers_its_own_range(page: DoubleDescentPage) -> None:
    for place in range(page.axis.count()):
        page.axis.setCurrentIndex(place)
        assert page.high.value() > page.low.value()
        assert len(page.values()) >= 3


def test_the_prepared_experiment_is_one_click_away(page: DoubleDescentPage, controller: Controller) -> None:
    page.prepared.click()
    assert controller.experiment == bundled("double-descent")
    assert (page.high.value(), page.seeds.value(), page.epochs.value()) == (300, 6, 3000)


# ---------------------------------------------------------------- taking away


def test_pages_are_copied_and_saved(
    laboratory: LaboratoryWindow, page: DoubleDescentPage, qtbot: QtBot, tmp_path: Path
) -> None:
    laboratory.write(tmp_path / "early.csv")
    assert "no numbers yet" in laboratory._said.whole
    assert not (tmp_path / "early.csv").exists()
    trained(page, qtbot)
    laboratory.write(tmp_path / "numbers.csv")
    assert laboratory._said.whole == "Saved numbers.csv."
    read = polars.read_csv(tmp_path / "numbers.csv")
    assert page.report is not None
    assert read["parameters"].to_list() == page.report.n_parameters.tolist()
    laboratory.write(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"
    laboratory.write(tmp_path / "picture.gif")
    assert "choose .png or .csv" in laboratory._said.whole
    laboratory.write(tmp_path / "nowhere" / "picture.png")
    assert "cannot be written" in laboratory._said.whole
    laboratory.copy.click()
    clipboard = QApplication.clipboard()
    assert clipboard.mimeData().hasImage()
    assert clipboard.text().splitlines()[0].split("\t")[:2] == ["width [units]", "parameters"]
