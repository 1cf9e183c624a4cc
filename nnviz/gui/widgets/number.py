"""A row with a number that can be typed: shown as text at the right end, a field after a click."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from nnviz.gui.theme import DARK
from nnviz.gui.widgets.keys import claim
from nnviz.gui.widgets.row import ROW_HEIGHT, Label, Row
from nnviz.gui.widgets.scale import Number, NumberFormat

EDITOR_YARDSTICK = "2,147,483,647"

_EDIT_KEYS = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2})

_EDITOR_STYLE = f"""
QLineEdit {{ padding: 0 5px; min-height: 0; }}
QLineEdit[wrong="true"] {{ border-color: {DARK.gap}; }}
"""


class ValueLabel(Label):
    """The number at the right end of a row; a click, or Return where it takes the focus, asks to type another one."""

    clicked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", parent)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.whole) + 1, super().sizeHint().height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def event(self, event: QEvent) -> bool:
        return claim(event, _EDIT_KEYS) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _EDIT_KEYS:
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
            left = self.width() - self.fontMetrics().horizontalAdvance(self.text())
            painter.drawLine(left, self.height() - 5, self.width(), self.height() - 5)
            painter.end()


class _Editor(QLineEdit):
    """The field for typing: Return settles, Escape gives up, losing the focus settles too."""

    settled = Signal(bool)
    given_up = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.settled.emit(True)
        elif event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        return claim(event, frozenset({Qt.Key.Key_Escape})) or super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.settled.emit(False)


class NumberRow(Row):
    """A label and a number. What is typed and refused stays in its field, with the sentence under the row.

    `set_value` does not disturb an edit that is under way unless the value differs from the one given before: then
    it was changed from outside, by undo say, and wins.
    """

    YARDSTICK = "no limit"
    """The number is given at least the width of these words, so that most of them leave the same room beside them."""

    def __init__(
        self, title: str, help: str = "", parent: QWidget | None = None, *, indent: int = 0, format: NumberFormat
    ) -> None:
        super().__init__(title, help, parent, indent)
        self.format = format
        self.value: Number = 0
        self._given: Number | None = None
        self._begun = ""
        self._editor: _Editor | None = None
        self.number = ValueLabel(self)
        self.number.clicked.connect(self.edit)
        self._set_number_font()

    # ------------------------------------------------------------ the value

    def set_value(self, value: Number) -> None:
        same, self._given = value == self._given, value
        if self.busy or (same and (self.editing or self.error)):
            return
        self._close()
        self.show_value(value)

    @property
    def busy(self) -> bool:
        """Whether the row is ahead of the settings, because its value is still being dragged."""
        return False

    def show_value(self, value: Number) -> None:
        """Show a number; rows with more than text extend this."""
        self.value = value
        self.number.set_text(self.format.shown(value))
        self.number.updateGeometry()

    # ------------------------------------------------------------ typing

    @property
    def editing(self) -> bool:
        """Whether the field for typing is open."""
        return self._editor is not None and not self._editor.isHidden()

    @Slot()
    def edit(self) -> None:
        """Open the field for typing."""
        self.type_text(None)

    @Slot(str)
    def type_text(self, text: str | None) -> None:
        """Open the field for typing, with the number as it is or with a first character."""
        if not self.isEnabled() or self.editing:
            return
        if self._editor is None:
            self._editor = _Editor(self)
            self._editor.setAccessibleName(f"{self.title}, number")
            self._editor.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._editor.setFont(self.number.font())
            self._editor.setStyleSheet(_EDITOR_STYLE)
            self._editor.settled.connect(self._settle)
            self._editor.given_up.connect(self._give_up)
        self._begun = self.format.typed(self.value)
        self._editor.setText(text or self._begun)
        if not text:
            self._editor.selectAll()
        self._place_editor()
        self._editor.show()
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def home(self) -> QWidget | None:
        """Return the control that takes the focus after typing."""
        return None

    @Slot(bool)
    def _settle(self, by_key: bool) -> None:
        """Take over what was typed; it stays in the field if whoever listens finds it wrong."""
        if self._editor is None or not self.editing:
            return
        text = self._editor.text()
        if text == self._begun:
            self._leave(by_key)
            return
        self._begun = text
        value = self.format.parse(text)
        self.set_error("")
        if value == self.value:
            self._leave(by_key)
            return
        before, given = self.value, self._given
        self._given = None  # whatever comes back is the answer
        self.value = before if isinstance(value, str) else value
        self.committed.emit(value)
        if self.error:
            self.value, self._given = before, given
            self._editor.selectAll()
        else:
            self._leave(by_key)

    @Slot()
    def _give_up(self) -> None:
        self.set_error("")
        self._leave(True)

    def _leave(self, to_home: bool) -> None:
        """Close the field and show the number."""
        if self.error:
            return
        home = self.home()
        self._close()
        self.show_value(self.value)
        if to_home and home is not None:
            home.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close(self) -> None:
        self.set_error("")
        if self._editor is not None and self.editing:
            self._editor.hide()

    def set_error(self, text: str) -> None:
        super().set_error(text)
        if self._editor is not None and self._editor.property("wrong") != bool(text):
            self._editor.setProperty("wrong", bool(text))
            self._editor.style().unpolish(self._editor)
            self._editor.style().polish(self._editor)

    # ------------------------------------------------------------ geometry

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_editor()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._set_number_font()

    def _place_editor(self) -> None:
        if self._editor is not None:
            width = self._editor.fontMetrics().horizontalAdvance(EDITOR_YARDSTICK) + 14
            height = ROW_HEIGHT - 4
            self._editor.setGeometry(QRect(self.width() - width, (ROW_HEIGHT - height) // 2, width, height))
            self._editor.raise_()

    def _set_number_font(self) -> None:
        font = QFont(self.font())
        font.setFeature(QFont.Tag("tnum"), 1)
        self.number.setFont(font)
        self.number.setMinimumWidth(self.number.fontMetrics().horizontalAdvance(self.YARDSTICK) + 1)
