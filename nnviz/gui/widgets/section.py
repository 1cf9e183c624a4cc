"""Headings of a panel: a caption with room for actions, and one that folds what is under it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from nnviz.gui.theme import font
from nnviz.gui.widgets.choice import chevron_pen, paint_chevron
from nnviz.gui.widgets.keys import PRESS, claim

CAPTION_HEIGHT = 28


class FlatButton(QToolButton):
    """A button that is only its words until the pointer is over it; one that is checked has the accent colour."""

    def __init__(self, text: str, help: str = "", parent: QWidget | None = None, *, caption: bool = False) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(text.rstrip("…"))
        self.setToolTip(help)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._caption = caption
        self.setFont(font("small", bold=caption))
        self.setStyleSheet(_CAPTION_BUTTON if caption else _FLAT_BUTTON)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        if self._caption:  # without the room that a tool button keeps around its words, so that they line up
            hint.setWidth(self.fontMetrics().horizontalAdvance(self.text()) + 2)
        return hint

    def event(self, event: QEvent) -> bool:
        return claim(event, PRESS & {Qt.Key.Key_Space}) or super().event(event)


_FLAT_BUTTON = """
QToolButton {
    background: transparent; border: 1px solid palette(mid); padding: 0 4px; min-height: 18px;
}
QToolButton:hover, QToolButton:focus { border-color: palette(highlight); }
"""
_CAPTION_BUTTON = """
QToolButton {
    background: transparent; border: none; border-bottom: 1px solid transparent; border-radius: 0;
    padding: 1px 0 0 0; min-height: 16px; color: palette(placeholder-text);
}
QToolButton:hover { color: palette(text); }
QToolButton:checked { border: none; border-bottom: 1px solid transparent; color: palette(highlight); }
QToolButton:focus { border-bottom-color: palette(highlight); }
"""


class Caption(QWidget):
    """A heading in small capitals; what is added to `ending` stands at its right end."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(CAPTION_HEIGHT)
        self.label = QLabel(title.upper(), self)
        self.label.setObjectName("caption")
        self.label.setAccessibleName(title)
        self.ending = QHBoxLayout()
        self.ending.setSpacing(6)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label)
        row.addStretch(1)
        row.addLayout(self.ending)


class FoldButton(QAbstractButton):
    """An angle and some words; checked while what it folds is open. Words without room end in …"""

    def __init__(self, text: str, parent: QWidget | None = None, indent: int = 0) -> None:
        super().__init__(parent)
        self._indent = indent
        self.setText(text)
        self.setCheckable(True)
        self.setFont(font("small"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(40, 22)

    def event(self, event: QEvent) -> bool:
        return claim(event, PRESS & {Qt.Key.Key_Space}) or super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        hot = self.underMouse() or self.hasFocus()
        role = QPalette.ColorRole
        painter = QPainter(self)
        middle = self.height() / 2
        left = self._indent
        paint_chevron(painter, QPointF(left + 4.5, middle), chevron_pen(self, hot), 0 if self.isChecked() else 3, 3.0)
        painter.setPen(self.palette().color(role.Text if hot else role.PlaceholderText))
        space = QRect(left + 14, 0, max(self.width() - left - 14, 1), self.height())
        words = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, space.width())
        painter.drawText(space, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        if self.hasFocus():
            painter.setPen(self.palette().color(role.Highlight))
            wide = painter.fontMetrics().horizontalAdvance(words)
            painter.drawLine(space.left(), self.height() - 3, space.left() + wide, self.height() - 3)
        painter.end()


class Section(QWidget):
    """Widgets under a heading that folds them away. It remembers nothing: closed at first unless `opened`."""

    toggled = Signal(bool)

    def __init__(self, title: str, parent: QWidget | None = None, *, opened: bool = False, indent: int = 0) -> None:
        super().__init__(parent)
        self.button = FoldButton(title, self, indent)
        self.button.setAccessibleName(title)
        self.content = QWidget(self)
        self.body = QVBoxLayout(self.content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.button)
        column.addWidget(self.content)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.button.setChecked(opened)
        self.content.setVisible(opened)
        self.button.toggled.connect(self._toggle)

    @property
    def opened(self) -> bool:
        """Whether the content is shown."""
        return self.button.isChecked()

    def add(self, widget: QWidget) -> None:
        """Put a widget under those that are there."""
        self.body.addWidget(widget)

    @Slot(bool)
    def _toggle(self, opened: bool) -> None:
        self.content.setVisible(opened)
        self.toggled.emit(opened)
