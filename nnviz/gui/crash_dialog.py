"""What a user sees of a crash: one dialog, with the report that lies on this computer."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from nnviz.crash_report import Crashes
from nnviz.gui.help import open_folder
from nnviz.gui.theme import font
from nnviz.gui.widgets.row import Label, Paragraph

_LOOK_MS = 250
"""How often the GUI thread looks whether some thread has crashed."""

_LONGEST_ERROR = 300
"""Characters of an exception's text above the report, which has all of them."""

_NOT_SENT = "A report was written on this computer. It is not sent anywhere."
_NOT_WRITTEN = "The report below could not be written to a file. Copy it if you want to keep it."
_GOES_ON = "What you did last may not have worked; everything else goes on."
_CANNOT_START = "The window could not be opened."

_TEXT_STYLE = """
QPlainTextEdit {
    font-size: 12px; border: 1px solid palette(mid); border-radius: 6px; padding: 4px;
    background: palette(base); color: palette(text);
}
"""


class CrashDialog(QDialog):
    """Says what happened, where the report is, and what it says."""

    def __init__(
        self, title: str, sentence: str, error: str, report: str, path: Path | None, parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("nnviz")
        self.setAccessibleName(title)
        self.setFont(font())
        self.setSizeGripEnabled(True)
        self.resize(620, 440)
        self._report, self._path = report, path
        self._make_text(title, sentence, error)
        self._make_buttons()
        self._make_layout()

    def _make_text(self, title: str, sentence: str, error: str) -> None:
        self.heading = Label(title, self)
        self.heading.setFont(font("large", bold=True))
        self.sentence = Paragraph("sentence", self)
        self.sentence.setText(sentence)
        self.error = Paragraph("muted", self)
        self.error.setText(error if len(error) <= _LONGEST_ERROR else f"{error[:_LONGEST_ERROR]}…")
        self.error.setVisible(bool(error))
        self.kept = Paragraph("muted", self)
        self.kept.setText(_NOT_SENT if self._path is not None else _NOT_WRITTEN)
        self.place = Label(str(self._path or ""), self)
        self.place.setObjectName("muted")
        self.place.setFont(font("small"))
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.place.setVisible(self._path is not None)
        self.text = QPlainTextEdit(self._report, self)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName("Report")
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setStyleSheet(_TEXT_STYLE)

    def _make_buttons(self) -> None:
        self.copy_button = QPushButton("Copy report", self)
        self.copy_button.clicked.connect(self._copy)
        self.folder_button = QPushButton("Open folder", self)
        self.folder_button.clicked.connect(self._open_folder)
        self.folder_button.setVisible(self._path is not None)
        self.close_button = QPushButton("Close", self)
        self.close_button.setObjectName("primary")
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.close)

    def _make_layout(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.copy_button)
        foot.addWidget(self.folder_button)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(4)
        for part in (self.heading, self.sentence, self.error):
            column.addWidget(part)
        column.addSpacing(8)
        column.addWidget(self.text, 1)
        column.addSpacing(4)
        column.addWidget(self.kept)
        column.addWidget(self.place)
        column.addSpacing(8)
        column.addLayout(foot)
        self.close_button.setFocus()

    @Slot()
    def _copy(self) -> None:
        QApplication.clipboard().setText(self._report)
        self.copy_button.setText("Copied")

    @Slot()
    def _open_folder(self) -> None:
        if self._path is not None and not open_folder(self._path.parent):
            self.kept.setText("The folder cannot be opened from here; the report is this file:")


def dialog_for(crashes: Crashes, parent: QWidget | None, starting: bool = False) -> CrashDialog:
    """Return the dialog about the exceptions of this process; `starting` where there is no window to go on with."""
    title = "nnviz cannot start" if starting else "Something went wrong"
    sentence = _CANNOT_START if starting else _GOES_ON
    return CrashDialog(title, sentence, crashes.sentence, crashes.text, crashes.path, parent)


def dialog_for_earlier(path: Path, parent: QWidget | None) -> CrashDialog:
    """Return the dialog about the report of a native fault that ended an earlier process."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        text = f"The report cannot be read: {error.strerror or error}."
    sentence = "A part of it that is compiled failed, which ends a program at once. What was not saved then is lost."
    return CrashDialog("nnviz ended unexpectedly last time", sentence, "", text, path, parent)


class CrashWatch(QObject):
    """Shows one dialog about the crashes of this process, and first the one about an earlier process, if there is any.

    Any thread may crash, and only the GUI thread may touch a widget: a timer looks. What crashes later is added to
    the report and to the log, and shown no more.
    """

    def __init__(self, crashes: Crashes, window: QWidget) -> None:
        super().__init__(window)
        self._crashes = crashes
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    @Slot()
    def _look(self) -> None:
        earlier, self._crashes.earlier = self._crashes.earlier, None
        if earlier is not None:
            dialog_for_earlier(earlier, self._front()).open()
        if self._crashes.text:
            self._timer.stop()  # first: what fails below must not come back every moment
            dialog_for(self._crashes, self._front()).open()

    def _front(self) -> QWidget | None:
        """Return what to stand before: a modal dialog that is open takes all clicks but those of its own children."""
        window = self.parent()
        return QApplication.activeModalWidget() or (window if isinstance(window, QWidget) else None)
