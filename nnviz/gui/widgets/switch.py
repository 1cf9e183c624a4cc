"""A row with a switch."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QWidget

from nnviz.gui.widgets.keys import PRESS, claim
from nnviz.gui.widgets.row import ROW_HEIGHT, Row

TRACK = QSize(28, 16)


class Switch(QCheckBox):
    """A check box that looks like a switch: on is to the right, in the accent colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(TRACK.width() + 2, ROW_HEIGHT - 4)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self._track().adjusted(-6, -6, 6, 6).contains(pos)

    def event(self, event: QEvent) -> bool:
        return claim(event, PRESS & {Qt.Key.Key_Space}) or super().event(event)

    def _track(self) -> QRectF:
        top = (self.height() - TRACK.height()) / 2
        return QRectF(self.width() - TRACK.width() - 1, top, TRACK.width(), TRACK.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        role, palette = QPalette.ColorRole, self.palette()
        track, on, enabled = self._track(), self.isChecked(), self.isEnabled()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = palette.color(role.Highlight if self.hasFocus() or self.underMouse() else role.Mid)
        accent = on and enabled
        painter.setPen(QPen(palette.color(role.Highlight) if accent else edge, 1.0))
        painter.setBrush(palette.color(role.Highlight if accent else role.Button))
        painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), TRACK.height() / 2, TRACK.height() / 2)
        if on and self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(role.Text), 1.0))
            painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), TRACK.height() / 2, TRACK.height() / 2)
        knob = TRACK.height() - 6.0
        left = track.right() - knob - 3 if on else track.left() + 3
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(role.HighlightedText if accent else role.PlaceholderText))
        painter.drawEllipse(QRectF(left, track.top() + 3, knob, knob))
        painter.end()


class SwitchRow(Row):
    """A label and a switch."""

    def __init__(self, title: str, help: str = "", parent: QWidget | None = None, *, indent: int = 0) -> None:
        super().__init__(title, help, parent, indent)
        self.switch = Switch(self)
        self.place(self.switch)
        self.setFocusProxy(self.switch)
        self.switch.clicked.connect(self._clicked)

    @property
    def value(self) -> bool:
        """Whether the switch is on."""
        return self.switch.isChecked()

    def set_value(self, value: bool) -> None:
        self.set_error("")
        self.switch.setChecked(value)

    @Slot(bool)
    def _clicked(self, on: bool) -> None:
        self.committed.emit(on)
