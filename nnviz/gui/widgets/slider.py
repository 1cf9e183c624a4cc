"""A row with a slider: label on the left, the number on the right, which can be typed as well."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider, QWidget

from nnviz.gui.widgets.keys import ARROWS, claim
from nnviz.gui.widgets.number import NumberRow
from nnviz.gui.widgets.scale import Number, NumberFormat, Scale

SETTLE_MS = 300
"""After a key or a turn of the wheel, a value is settled when nothing has followed for so long."""

_TYPED = frozenset("0123456789.,-")
_KEYS = ARROWS | frozenset(
    {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2, Qt.Key.Key_Minus, Qt.Key.Key_Period, Qt.Key.Key_Comma}
    | {Qt.Key(Qt.Key.Key_0 + digit) for digit in range(10)}
)
_STYLE = """
QSlider { min-height: 18px; }
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled { background: palette(mid); }
"""


class Slider(QSlider):
    """A horizontal slider that jumps to where it is pressed and leaves the wheel alone without the focus."""

    typing_wanted = Signal(str)
    """A digit was typed (it is the text), or Return was pressed (an empty text)."""
    left = Signal()
    """The focus went elsewhere."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(32)
        self.setStyleSheet(_STYLE)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            option = QStyleOptionSlider()
            self.initStyleOption(option)
            kind, part = QStyle.ComplexControl.CC_Slider, QStyle.SubControl
            handle = self.style().subControlRect(kind, option, part.SC_SliderHandle, self)
            if not handle.contains(event.position().toPoint()):
                space = self.style().subControlRect(kind, option, part.SC_SliderGroove, self)
                x = round(event.position().x()) - space.x() - handle.width() // 2
                span = space.width() - handle.width()
                self.setSliderDown(True)
                self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), x, span))
        super().mousePressEvent(event)

    def event(self, event: QEvent) -> bool:
        return claim(event, _KEYS) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.typing_wanted.emit("")
        elif plain and event.text() and event.text() in _TYPED:
            self.typing_wanted.emit(event.text())
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class SliderRow(NumberRow):
    """A number on a scale: drag, press anywhere on the line, use the arrow keys, or type it.

    Numbers beyond the end of the scale can be typed; the slider then stands at that end.
    """

    def __init__(
        self,
        title: str,
        scale: Scale,
        help: str = "",
        parent: QWidget | None = None,
        *,
        format: NumberFormat | None = None,
        indent: int = 0,
    ) -> None:
        super().__init__(title, help, parent, indent=indent, format=format or NumberFormat(integer=scale.integer))
        self.scale = scale
        self.slider = Slider(self)
        self.slider.setRange(0, len(scale.stops) - 1)
        self.slider.setPageStep(max(1, len(scale.stops) // 10))
        self.place(self.slider, self.number)
        self.setFocusProxy(self.slider)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._dragged = False
        self._settling.timeout.connect(self._settle_slider)
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderReleased.connect(self._settle_slider)
        self.slider.left.connect(self._settle_slider)
        self.slider.typing_wanted.connect(self.type_text)

    @property
    def busy(self) -> bool:
        return self.slider.isSliderDown() or self._dragged

    def show_value(self, value: Number) -> None:
        super().show_value(value)
        with QSignalBlocker(self.slider):
            self.slider.setValue(self.scale.index(value))
        self.slider.setAccessibleDescription(self.number.whole)

    def home(self) -> QWidget:
        return self.slider

    @Slot(int)
    def _moved(self, position: int) -> None:
        self._close()
        self._dragged = True
        super().show_value(self.scale.stops[position])
        self.slider.setAccessibleDescription(self.number.whole)
        if not self.slider.isSliderDown():
            self._settling.start()
        self.changed.emit(self.value)

    @Slot()
    def _settle_slider(self) -> None:
        if not self._dragged or self.slider.isSliderDown():
            return
        self._settling.stop()
        self._dragged = False
        self.committed.emit(self.value)
