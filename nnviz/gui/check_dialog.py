"""Help → Check this installation: facts and self-tests, worked out beside the window and shown as they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from nnviz import checks, installation
from nnviz.checks import Finding
from nnviz.gui import display
from nnviz.gui.theme import Theme, font
from nnviz.gui.widgets.job import Job
from nnviz.gui.widgets.row import Label
from nnviz.installation import Display, Section

News = tuple[str, Section] | Finding
"""What the thread tells: a section of facts with its name, or what a self-test found."""

_LOOK_MS = 50
"""How often the dialog looks for new lines."""

_QUESTION, _YES, _NO = "Does nnviz compute correctly here?", "nnviz computes correctly here", "A self-test failed"
_WORKING = "Training goes on meanwhile, a little slower."

_TREE_STYLE = """
QTreeWidget { background: palette(base); border: 1px solid palette(mid); border-radius: 6px; padding: 4px; }
QTreeWidget::item { padding: 2px 0; }
QTreeWidget::item:selected { background: palette(mid); color: palette(text); }
"""
_BUSY_BAR = """
QProgressBar { border: none; background: transparent; }
QProgressBar::chunk { background: palette(highlight); border-radius: 1px; }
"""


class _Cancelled(Exception):
    """The dialog has been closed."""


class CheckDialog(QDialog):
    """A list of facts and findings that grows until all self-tests are done, or it is closed.

    The work is done by a thread that sees neither this dialog nor anything of Qt: it puts what it finds into a queue,
    and looks between two findings whether it is still wanted.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None, quick: bool = False) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Check this installation")
        self.setAccessibleName("Check this installation")
        self.setFont(font())
        self.setSizeGripEnabled(True)
        self.resize(780, 640)
        self._theme = theme
        self._signs = {
            status: _sign(sign, theme.color(color), self.devicePixelRatioF())
            for status, (sign, color) in {
                "passed": ("✓", "good"),
                "failed": ("✗", "danger"),
                "not available": ("–", "muted"),
            }.items()
        }
        self._lines: list[str] = []
        self.findings: list[Finding] = []
        self._working = installation.patience() or _WORKING
        self._found: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._unwanted = threading.Event()
        self._make_parts()
        self._make_layout()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.destroyed.connect(self._unwanted.set)  # with the window, without being closed
        self._job = Job(_Work(display.of_this_process(), quick, self._found, self._unwanted), _Cancelled)
        self._timer.start()

    # ------------------------------------------------------------ assembly

    def _make_parts(self) -> None:
        self.heading = Label(_QUESTION, self)
        self.heading.setFont(font("large", bold=True))
        self.status = Label(f"Working … {self._working}", self)
        self.status.setObjectName("muted")
        self.tree = QTreeWidget(self)
        self.tree.setAccessibleName("Facts and findings")
        self.tree.setColumnCount(2)
        self.tree.setHeaderHidden(True)
        self.tree.setStyleSheet(_TREE_STYLE)
        self.tree.setRootIsDecorated(True)
        self.tree.setIndentation(16)
        self.tree.setVerticalScrollMode(QTreeWidget.ScrollMode.ScrollPerPixel)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.tree.header().resizeSection(0, 270)
        self.busy = QProgressBar(self)
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setFixedHeight(3)
        self.busy.setStyleSheet(_BUSY_BAR)
        self.busy.setAccessibleName("Checking")
        policy = self.busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(policy)
        self.copy_button = QPushButton("Copy", self)
        self.copy_button.setToolTip("Put everything that is listed on the clipboard, as text.")
        self.copy_button.clicked.connect(self._copy)
        self.close_button = QPushButton("Cancel", self)
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.reject)

    def _make_layout(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.status, 1)
        foot.addWidget(self.copy_button)
        foot.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        for part in (self.heading, self.tree, self.busy):
            column.addWidget(part, int(part is self.tree))
        column.addLayout(foot)

    # ------------------------------------------------------------ showing

    @Slot()
    def _look(self) -> None:
        """Show what has been found since the last time."""
        done = self._job.done  # before the queue is emptied: nothing comes after it
        while not self._found.empty():
            news = self._found.get()
            self.copy_button.setText("Copy")  # what was copied is no longer all there is
            if isinstance(news, Finding):
                self._show_finding(news)
            else:
                self._show_section(*news)
        if done:
            self._finish()

    def _show_section(self, name: str, section: Section) -> None:
        group = self._group(name.capitalize())
        for words, value in installation.lines(section):
            self._row(group, words, value)
            self._lines.append(f"  {words}: {value}")
        group.setExpanded(name == "versions")

    def _show_finding(self, finding: Finding) -> None:
        if not self.findings or self.findings[-1].check != finding.check:
            test = checks.self_tests[finding.check]
            self._check = self._group(test.title, test.help)
        self.findings.append(finding)
        self._lines.append(f"  {finding.sign} {finding.subject}: {finding.words}")
        row = self._row(self._check, finding.subject, finding.words)
        row.setIcon(0, self._signs[finding.status])
        if finding.status == "failed":
            for column in (0, 1):
                row.setForeground(column, self._theme.color("danger"))
        if self._at_end():
            self.tree.scrollToItem(row)
        self.status.set_text(f"{len(self.findings)} done … {self._working}")

    def _group(self, title: str, help: str = "") -> QTreeWidgetItem:
        follow = self._at_end()
        self._lines.append(f"{title}: {help}" if help else title)
        group = QTreeWidgetItem(self.tree, [title])
        group.setFont(0, font(bold=True))
        group.setExpanded(True)
        if help:
            line = QTreeWidgetItem(group, [help])
            line.setFirstColumnSpanned(True)
            line.setForeground(0, self._theme.color("muted"))
            line.setToolTip(0, help)
        if follow:
            self.tree.scrollToItem(group)
        return group

    def _row(self, group: QTreeWidgetItem, words: str, value: str) -> QTreeWidgetItem:
        row = QTreeWidgetItem(group, [words, value])
        row.setFont(1, font(tabular=True))
        row.setToolTip(1, value)
        return row

    def _at_end(self) -> bool:
        """Whether the last line is in sight: who scrolls up to read is left there."""
        bar = self.tree.verticalScrollBar()
        return bar.value() >= bar.maximum() - 4 * self.tree.fontMetrics().height()

    def _finish(self) -> None:
        self._timer.stop()
        self.busy.setVisible(False)
        said = checks.summary(self.findings)
        found = {finding.status for finding in self.findings}
        if not self._job.error and found - {"not available"}:  # else nothing was tested, and the question stays
            self.heading.set_text(_NO if "failed" in found else _YES)
        self._lines.append(self._job.error or said)
        self.status.set_text(self._job.error or said)
        self.close_button.setText("Close")

    # ------------------------------------------------------------ ending

    @property
    def text(self) -> str:
        """Everything that is listed, as plain text."""
        return "\n".join(self._lines) + "\n"

    @Slot()
    def _copy(self) -> None:
        QApplication.clipboard().setText(self.text)
        self.copy_button.setText("Copied")

    def done(self, result: int) -> None:
        self._unwanted.set()
        self._timer.stop()
        super().done(result)


def _sign(character: str, color: QColor, ratio: float) -> QIcon:
    """Return a character as an icon of 16 × 16."""
    picture = QPixmap(QSize(16, 16) * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setPen(color)
    painter.setFont(font(bold=True))
    painter.drawText(QRect(0, 0, 16, 16), Qt.AlignmentFlag.AlignCenter, character)
    painter.end()
    return QIcon(picture)


class _Work:
    """What the thread does. It holds no widget, so that none can end in it."""

    def __init__(
        self, display: Display, quick: bool, found: queue.SimpleQueue[News], unwanted: threading.Event
    ) -> None:
        self._display, self._quick, self._found, self._unwanted = display, quick, found, unwanted

    def __call__(self) -> None:
        for news in self._news():
            if self._unwanted.is_set():
                raise _Cancelled
            self._found.put(news)

    def _news(self) -> Iterator[News]:
        yield from installation.sections(self._display)
        yield from checks.run_all(self._quick)
