"""The dialogs of the Help menu."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from nnviz import __version__, checks, installation
from nnviz.checks import Finding
from nnviz.crash_report import Crashes
from nnviz.engines.compiled.folder import kernel_folder
from nnviz.gui import check_dialog, help
from nnviz.gui.app import make_window
from nnviz.gui.check_dialog import CheckDialog
from nnviz.gui.crash_dialog import CrashWatch, dialog_for
from nnviz.gui.main_window import MainWindow
from nnviz.gui.theme import DARK, LIGHT, Theme
from nnviz.installation import Display

kernel_folder()

GOOD = Finding("gradients", "linear", "relative error", 1e-10, 1e-6, "passed")
BAD = Finding("agreement", "adam", "relative difference", 0.3, 1e-12, "failed")
MISSING = Finding("agreement", "sgd", "relative difference", None, 1e-12, "not available", "There is no Numba.")


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = make_window(theme=DARK, remember=False)
    yield made
    made.close()
    made.deleteLater()
    QApplication.processEvents()


def entry(window: MainWindow, words: str) -> Any:
    actions = [action for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()]
    (found,) = [action for action in actions if action.text() == words]
    return found


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding | Callable[[], None]]:
    """Return the list of what the self-tests find; a function in it is called by the thread instead."""
    listed: list[Finding | Callable[[], None]] = []

    def run_all(quick: bool) -> Iterator[Finding]:
        for each in listed:
            if isinstance(each, Finding):
                yield each
            else:
                each()

    def sections(display: Display) -> Iterator[tuple[str, installation.Section]]:
        yield "versions", {"nnviz": __version__, "qt": display.versions["qt"]}
        yield "registries", {"layer": 16}

    monkeypatch.setattr(checks, "run_all", run_all)
    monkeypatch.setattr(installation, "sections", sections)
    monkeypatch.setattr(installation, "patience", lambda: "")
    return listed


def finished(dialog: CheckDialog) -> bool:
    return dialog.close_button.text() == "Close"


# ---------------------------------------------------------------- checking


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_facts_and_findings_are_listed_and_copied(qtbot: QtBot, findings: list[Any], theme: Theme) -> None:
    findings += [GOOD, BAD, MISSING]
    dialog = CheckDialog(theme)
    dialog.show()
    qtbot.waitUntil(lambda: finished(dialog), timeout=10_000)
    titles = [dialog.tree.topLevelItem(i).text(0) for i in range(dialog.tree.topLevelItemCount())]
    assert titles == ["Versions", "Registries", "Gradients", "Engines"]
    engines = dialog.tree.topLevelItem(3)
    rows = [(engines.child(i).text(0), engines.child(i).text(1)) for i in range(engines.childCount())]
    assert rows == [
        (checks.self_tests["agreement"].help, ""),
        ("adam", "relative difference 0.3 not ≤ 1e-12"),
        ("sgd", "not available: There is no Numba."),
    ]
    assert engines.child(1).foreground(0).color() == theme.color("danger")
    assert dialog.heading.whole == "A self-test failed"
    assert dialog.status.whole == "1 of 2 self-tests passed; 1 failed; 1 not available here."
    assert not dialog.busy.isVisible()
    dialog.copy_button.click()
    copied = QApplication.clipboard().text()
    for words in (f"nnviz: {__version__}", "✓ linear: relative error 1e-10 ≤ 1e-6", "✗ adam", dialog.status.whole):
        assert words in copied
    dialog.close_button.click()


def test_the_answer_is_the_heading(qtbot: QtBot, findings: list[Any]) -> None:
    findings += [GOOD, MISSING]
    dialog = CheckDialog(DARK)
    dialog.show()
    qtbot.waitUntil(lambda: finished(dialog), timeout=10_000)
    assert dialog.heading.whole == "nnviz computes correctly here"
    dialog.close()


def test_nothing_tested_is_no_answer(qtbot: QtBot, findings: list[Any]) -> None:
    findings += [MISSING]
    dialog = CheckDialog(DARK)
    dialog.show()
    qtbot.waitUntil(lambda: finished(dialog), timeout=10_000)
    assert dialog.heading.whole == "Does nnviz compute correctly here?"
    dialog.close()


def test_what_takes_long_is_said_and_what_is_new_is_not_copied_yet(
    qtbot: QtBot, findings: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    findings += [GOOD, go_on.wait, GOOD]
    monkeypatch.setattr(installation, "patience", lambda: "It is compiled first.")
    dialog = CheckDialog(DARK)
    assert dialog.status.whole == "Working … It is compiled first."
    dialog.show()
    qtbot.waitUntil(lambda: len(dialog.findings) == 1, timeout=10_000)
    assert dialog.status.whole == "1 done … It is compiled first."
    dialog.copy_button.click()
    assert dialog.copy_button.text() == "Copied"
    go_on.set()
    qtbot.waitUntil(lambda: finished(dialog), timeout=10_000)
    assert dialog.copy_button.text() == "Copy"
    dialog.close()


def test_lines_are_shown_as_they_come_and_nothing_waits(qtbot: QtBot, findings: list[Any]) -> None:
    go_on = threading.Event()
    findings += [GOOD, go_on.wait, BAD]
    dialog = CheckDialog(DARK)
    dialog.show()
    qtbot.waitUntil(lambda: len(dialog.findings) == 1, timeout=10_000)
    assert not finished(dialog)
    assert dialog.busy.isVisible()
    assert dialog.status.whole.startswith("1 done")
    go_on.set()
    qtbot.waitUntil(lambda: finished(dialog), timeout=10_000)
    assert dialog.findings == [GOOD, BAD]
    dialog.close()


@pytest.mark.parametrize("how", ["reject", "close", "destroy"])
def test_cancelling_works_at_once_and_ends_the_work(qtbot: QtBot, findings: list[Any], how: str) -> None:
    go_on, after = threading.Event(), []
    findings += [GOOD, go_on.wait, GOOD, lambda: after.append("another test was begun")]
    dialog = CheckDialog(DARK)
    job = dialog._job
    dialog.show()
    qtbot.waitUntil(lambda: len(dialog.findings) == 1, timeout=10_000)
    began = time.perf_counter()
    {"reject": dialog.close_button.click, "close": dialog.close, "destroy": dialog.deleteLater}[how]()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert time.perf_counter() - began < 0.5
    assert not job.done
    go_on.set()
    qtbot.waitUntil(lambda: job.done, timeout=10_000)
    assert after == []


def test_work_that_breaks_is_said(qtbot: QtBot, findings: list[Any]) -> None:
    def breaks() -> None:
        raise ZeroDivisionError("by nothing")

    findings += [GOOD, breaks]
    dialog = CheckDialog(DARK)
    dialog.show()
    qtbot.waitUntil(lambda: finished(dialog), timeout=10_000)
    assert dialog.status.whole == "ZeroDivisionError: by nothing"
    assert dialog.heading.whole != "nnviz computes correctly here"
    dialog.close()


def test_the_menu_runs_the_real_checks_beside_a_window_that_stays_alive(window: MainWindow, qtbot: QtBot) -> None:
    window.show()
    entry(window, "Check this installation…").trigger()
    (dialog,) = window.findChildren(CheckDialog)
    frames = [0]
    window.clock.add("counter", lambda: None, lambda: frames.__setitem__(0, frames[0] + 1) or False)
    qtbot.waitUntil(lambda: finished(dialog), timeout=240_000)
    assert {finding.status for finding in dialog.findings} == {"passed"}
    assert {finding.check for finding in dialog.findings} == set(checks.self_tests.names())
    assert frames[0] > 20
    assert check_dialog.checks.summary(dialog.findings) == dialog.status.whole
    dialog.close()


# ---------------------------------------------------------------- about and logs


def test_about_names_versions_and_license(qtbot: QtBot) -> None:
    box = help.about_box(None)  # type: ignore[arg-type]
    qtbot.addWidget(box)
    said = box.text() + box.informativeText()
    for words in (f"nnviz {__version__}", "Python 3", "Qt 6", "MIT License", "SIL Open Font License"):
        assert words in said


def test_the_menu_opens_the_box(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: shown.append(box.text()))
    entry(window, "About nnviz").trigger()
    assert shown == [f"<b>nnviz {__version__}</b>"]
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert not window.findChildren(QMessageBox), "the box is gone when it is closed"


def test_the_menu_opens_the_folder_of_logs(window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[QUrl] = []
    monkeypatch.setenv("NNVIZ_LOGS", str(tmp_path / "logs"))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    entry(window, "Open logs folder").trigger()
    assert [Path(url.toLocalFile()) for url in opened] == [tmp_path / "logs"]
    assert (tmp_path / "logs").is_dir()


@pytest.mark.parametrize("place", ["logs", "file/logs"])
def test_a_folder_that_cannot_be_opened_is_named(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NNVIZ_LOGS", str(tmp_path / place))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    entry(window, "Open logs folder").trigger()
    assert str(tmp_path / place) in window.statusBar().currentMessage()


# ---------------------------------------------------------------- after a crash


def crashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Crashes:
    monkeypatch.setenv("NNVIZ_LOGS", str(tmp_path))
    crashes = Crashes()
    crashes.record(RuntimeError("broken"), "a test")
    return crashes


def test_a_long_reason_can_be_read_without_the_report(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNVIZ_LOGS", str(tmp_path))
    for words, shown in (("a word " * 25, ("a word " * 25).strip()), ("a word " * 200, "…")):
        crashes = Crashes()
        crashes.record(ValueError(words.strip()), "a test")
        dialog = dialog_for(crashes, None)
        qtbot.addWidget(dialog)
        dialog.show()
        assert dialog.error.text().endswith(shown)
        assert dialog.error.height() >= dialog.error.heightForWidth(dialog.error.width()), "no line is cut"
        assert dialog.text.height() > 60, "and the report has its room"
        dialog.close()


def test_the_dialog_opens_the_folder_of_the_report(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or False)
    dialog = dialog_for(crashed(tmp_path, monkeypatch), None)
    dialog.show()
    dialog.folder_button.click()
    assert opened == [str(tmp_path / "crashes")]
    assert "cannot be opened" in dialog.kept.text()
    dialog.close()


def test_it_stands_before_a_dialog_that_is_open(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.show()
    modal = QMessageBox(window)
    modal.open()
    watch = CrashWatch(crashed(tmp_path, monkeypatch), window)
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not modal, timeout=5_000)
    dialog: Any = QApplication.activeModalWidget()
    assert dialog.parent() is modal
    assert dialog.heading.whole == "Something went wrong"
    dialog.close()
    modal.close()
    watch.stop()
