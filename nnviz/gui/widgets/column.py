"""The body of a panel: a column of widgets that scrolls up and down when there is little room, never sideways."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

MARGIN = 12


class VerticalScroll(QScrollArea):
    """Scrolls up and down only. What is in it takes the focus; ← and → go on to the window, for its playhead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.ignore()  # Qt would take them for the horizontal scroll bar that there is not
        else:
            super().keyPressEvent(event)


class ScrollColumn(VerticalScroll):
    """Add widgets to `body`, made with `content` as their parent: moving them would style them all over again.

    The scroll bar takes its width from the margin, so that nothing moves when it comes.
    """

    def __init__(self, parent: QWidget | None = None, top: int = 0) -> None:
        super().__init__(parent)
        self._top = top
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.content = QWidget()
        self.content.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.body = QVBoxLayout(self.content)
        self.body.setSpacing(0)
        self.setWidget(self.content)
        self.verticalScrollBar().rangeChanged.connect(self._make_room)
        self._make_room(0, 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 80)

    @Slot(int, int)
    def _make_room(self, lowest: int, highest: int) -> None:
        bar = self.verticalScrollBar().sizeHint().width() if highest > lowest else 0
        right = max(0, MARGIN - bar)
        if self.body.contentsMargins().right() != right:
            self.body.setContentsMargins(MARGIN, self._top, right, MARGIN)
