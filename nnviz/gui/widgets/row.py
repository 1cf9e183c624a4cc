"""One row of a form: a label on the left, a control on the right, and under both what is wrong with the value."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

ROW_HEIGHT = 28
GAP = 8
LABEL_YARDSTICK = "Weight decay (L2)"
"""The label column is as wide as these words in the row's font, so that all rows line up without asking each other."""


class Label(QLabel):
    """A line of text that ends in … where there is no room for it, and then says the whole of it as a tooltip.

    With `tip` False the tooltip is left to the widget around it.
    """

    def __init__(self, text: str, parent: QWidget | None = None, *, tip: bool = True) -> None:
        super().__init__(parent)
        self._tip = tip
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.whole = ""
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show another text."""
        self.whole = text
        self.setAccessibleName(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        fitted = self.fontMetrics().elidedText(self.whole, Qt.TextElideMode.ElideRight, max(self.width(), 1))
        self.setText(fitted)
        if self._tip:
            self.setToolTip(self.whole if fitted != self.whole else "")


class Paragraph(QLabel):
    """Text that wraps at any width and is as high as that makes it; `name` is the object name that the theme styles."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def minimumSizeHint(self) -> QSize:
        return QSize(1, self.fontMetrics().height())  # Qt's own is the height at the width of the longest word


class Row(QWidget):
    """Base of all rows.

    `changed` carries a value while it is being dragged, `committed` the one that the user settled on; neither is
    emitted by `set_value`. A subclass makes its control and puts it in with `place`.
    """

    changed = Signal(object)
    committed = Signal(object)

    def __init__(self, title: str, help: str = "", parent: QWidget | None = None, indent: int = 0) -> None:
        super().__init__(parent)
        self.title = title
        self.setToolTip(help)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.label = Label(title, self, tip=False)
        self._indent = indent
        self._problem: QLabel | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(indent, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(0)
        self._grid.setRowMinimumHeight(0, ROW_HEIGHT)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(self.label, 0, 0)
        if indent:
            self.label.setObjectName("muted")
        self._size_label()

    def place(self, *controls: QWidget) -> None:
        """Put controls to the right of the label, the first one stretched."""
        for column, control in enumerate(controls, start=1):
            self._grid.addWidget(control, 0, column)
            control.setAccessibleName(self.title if column == 1 else f"{self.title}: {control.accessibleName()}")
            control.setAccessibleDescription(self.toolTip())
        self.label.setBuddy(controls[0])

    def set_value(self, value: Any) -> None:
        """Show a value without emitting anything."""
        raise NotImplementedError

    @property
    def error(self) -> str:
        """What is wrong with the value that was typed; empty when nothing is."""
        return self._problem.text() if self._problem is not None else ""

    def set_error(self, text: str) -> None:
        """Say under the row what is wrong with its value; an empty text takes the sentence away."""
        if text == self.error:
            return
        if self._problem is None:
            self._problem = Paragraph("error", self)
            self._problem.setContentsMargins(0, 0, 0, 4)
            self._grid.addWidget(self._problem, 1, 0, 1, self._grid.columnCount())
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._size_label()

    def _size_label(self) -> None:
        width = self.fontMetrics().horizontalAdvance(LABEL_YARDSTICK) - self._indent
        self.label.setFixedWidth(width)
        self._grid.setColumnMinimumWidth(0, width)  # the label itself asks for nothing, so that it can be cut short
