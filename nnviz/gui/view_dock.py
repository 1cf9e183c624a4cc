"""A dock around one view: title bar with the view's controls, a card, and the ways out of it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.gui.icons import icon
from nnviz.gui.theme import Theme
from nnviz.gui.views import View

_BAR = 32
"""Height of a title bar, in pixels."""


class Note(QLabel):
    """A read-out at the end of a title bar, which may be cut but never widens the dock; a legend may be in colour."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("caption-note")
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""

    @Slot(str)
    def set_text(self, text: str) -> None:
        """Show another text, plain or rich."""
        self._whole = text
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        rich = self._whole.startswith("<")  # a legend in colour
        cut = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width())
        self.setText(self._whole if rich else cut)


class TitleBar(QWidget):
    """Caption on the left; controls, read-out and buttons on the right. Double-click enlarges."""

    double_clicked = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = QLabel(title.upper(), self)
        self.caption.setObjectName("caption")
        self.note = Note(self)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(12, 6, 8, 4)
        self.row.setSpacing(6)
        self.row.addWidget(self.caption)
        self.row.addWidget(self.note, 1)
        self.setFixedHeight(_BAR)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), _BAR)  # docks ask for this, and not for the fixed height

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), _BAR)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()


class Dock(QDockWidget):
    """A movable, closable dock with the house's title bar; `widget` stands in it without a frame of its own."""

    def __init__(self, name: str, title: str, widget: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName(f"dock-{name}")
        self.bar = TitleBar(title, self)
        self.setTitleBarWidget(self.bar)
        self.setWidget(widget)


class ViewDock(Dock):
    """A dock around a view, with a menu to enlarge, copy, export and close it."""

    enlarge_wanted = Signal(object)
    export_wanted = Signal(object)
    copy_wanted = Signal(object)

    def __init__(self, view: View, theme: Theme, parent: QWidget | None = None) -> None:
        self.view = view
        self.holder = QWidget()
        frame = QFrame(self.holder)
        frame.setObjectName("card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(view)
        around = QVBoxLayout(self.holder)
        around.setContentsMargins(12, 0, 12, 6)
        around.addWidget(frame)
        super().__init__(view.name, view.title, self.holder, parent)
        self.in_front = False  # for Qt, docks behind others on tabs are visible too, only far outside the window
        self.visibilityChanged.connect(self._note_visibility)
        view.controls(self.bar.row)
        self.more = QToolButton(self.bar)
        self.more.setObjectName("flat")
        self.more.setAccessibleName(f"Menu of {view.title}")
        self.more.setToolTip("Enlarge, copy, export, close")
        self.more.clicked.connect(self._open_menu)
        self.bar.row.addWidget(self.more)
        self.bar.caption.setToolTip(view.help)
        self.bar.double_clicked.connect(self._enlarge)
        view.caption_changed.connect(self.bar.note.set_text)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu_at)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour the dock and its view."""
        self.more.setIcon(icon("more", theme.muted))
        self.view.apply_theme(theme)

    @Slot(bool)
    def _note_visibility(self, in_front: bool) -> None:
        self.in_front = in_front

    @Slot(bool)
    def come_forward(self, shown: bool = True) -> None:
        """Show the dock in front of those that share its place."""
        if shown:
            self.show()
            self.raise_()

    @Slot()
    def _open_menu(self) -> None:
        self._menu(self.more.mapToGlobal(QPoint(0, self.more.height())))

    @Slot(QPoint)
    def _open_menu_at(self, point: QPoint) -> None:
        self._menu(self.mapToGlobal(point))

    def _menu(self, point: QPoint) -> None:
        menu = QMenu(self)
        enlarge = menu.addAction("Enlarge\tdouble-click")
        copy = menu.addAction("Copy picture and numbers")
        export = menu.addAction("Export…")
        menu.addSeparator()
        close = menu.addAction("Close")
        chosen = menu.exec(point)
        menu.deleteLater()
        if chosen is enlarge:
            self.enlarge_wanted.emit(self)
        elif chosen is copy:
            self.copy_wanted.emit(self)
        elif chosen is export:
            self.export_wanted.emit(self)
        elif chosen is close:
            self.close()

    @Slot()
    def _enlarge(self) -> None:
        self.enlarge_wanted.emit(self)
