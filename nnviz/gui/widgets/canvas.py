"""The canvas: where the user draws samples with the mouse and the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QWidget

from nnviz.gui.theme import Theme
from nnviz.gui.widgets import canvas_paint as paint
from nnviz.gui.widgets.canvas_keys import Order, order_of
from nnviz.gui.widgets.sketch_view import SketchView

_STEP = 1.2  # of the brush size, by key or wheel
_NUDGE = 6.0  # pixels that an arrow key moves the brush
_ROUND = ("brush", "spray", "erase")  # tools that cover a circle
_BY_TAB = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)


class Canvas(SketchView):
    """Takes the mouse and, while it has the focus, the keys of its tools, and shows where the brush is."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._pointer: QPointF | None = None
        self._by_keyboard = False  # the focus came by Tab: arrows move the brush and Enter uses it
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Drawing canvas")

    # ------------------------------------------------------------ input

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._by_keyboard = False
        if event.button() == Qt.MouseButton.LeftButton:
            self.begin(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)  # two points in a row are two points

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        self.extend(event.position())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.finish()

    def wheelEvent(self, event: QWheelEvent) -> None:
        # Without the focus the wheel belongs to the panel that scrolls.
        if self.hasFocus() and self._editable and event.angleDelta().y():
            self.set_radius(self.radius * _STEP ** (event.angleDelta().y() / 120))
            event.accept()
        else:
            event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self.update()

    def hideEvent(self, event: QHideEvent) -> None:
        self.finish()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._by_keyboard = event.reason() in _BY_TAB
        if self._by_keyboard:
            self._pointer = self.frame.area.center()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._by_keyboard:
            self._pointer = None
        self.update()

    def event(self, event: QEvent) -> bool:
        # Qt asks the widget with the focus first whether a key is its own, before the window's shortcuts.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            order = order_of(event)
            if order is not None and self._takes(order):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        order = order_of(event)
        if order is None or not self._takes(order):
            super().keyPressEvent(event)
        else:
            self._obey(order)

    def _takes(self, order: Order) -> bool:
        """Return whether an order means anything now."""
        match order[0]:
            case "escape":
                return self.sketch.busy or self.sketch.mask is not None
            case "nudge" | "press":
                return self._by_keyboard and self._pointer is not None
        return True

    def _obey(self, order: Order) -> None:
        if self.sketch.busy and order[0] not in ("escape", "size"):
            return
        match order:
            case ("tool", str(tool)):
                self.set_tool(tool)
            case ("class", int(label)) if label < self.n_labels:
                self.set_label(label)
            case ("size", int(step)):
                self.set_radius(self.radius * _STEP**step)
            case ("delete", _):
                self.delete_selection()
            case ("escape", _):
                self.cancel()
            case ("nudge", (int(across), int(down))) if self._pointer is not None:
                self._pointer += QPointF(across, down) * _NUDGE
            case ("press", _) if self._pointer is not None:
                self.begin(self._pointer)
                self.finish()
            case ("copy", _):
                self.copy()
            case ("paste", _):
                self.paste()
            case ("select all", _):
                self.select_all()
        self.update()

    # ------------------------------------------------------------ painting

    def paint_samples(self, painter: QPainter) -> None:
        (dx, dy), (sx, sy) = self.sketch.shift, self.frame.scale
        self.picture.paint(painter, QPointF(dx * sx, -dy * sy))
        if len(self.sketch.outline) > 1:
            paint.paint_lasso(painter, self.sketch.polygon(self.frame), self.theme)
        samples = self.picture.samples
        if self._pointer is None or not self._editable or samples is None or self.tool not in _ROUND:
            return
        classes = samples.palette == "classes" and self.tool != "erase"
        color = self.theme.class_color(self.label) if classes else self.theme.color("text")
        paint.paint_brush(painter, self._pointer, self.radius * sx, color, self.theme)
