"""A gallery of small pictures of which one is chosen."""

from __future__ import annotations

import html

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPalette, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QWidget

from nnviz.gui.theme import RADIUS
from nnviz.gui.widgets.keys import ARROWS, PRESS, claim

TILE = 32
LEAST_GAP = 4
ROW_GAP = 6


class Tile(QAbstractButton):
    """One picture of a gallery."""

    def __init__(self, name: str, title: str, help: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.name = name
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setAccessibleDescription(help)
        self.setToolTip(f"<p><b>{html.escape(title)}</b></p><p>{html.escape(help)}</p>")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.resize(self.sizeHint())
        self._picture = QPixmap()

    def set_picture(self, picture: QPixmap) -> None:
        """Show another picture, of a tile's size in device-independent pixels."""
        self._picture = picture
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(TILE, TILE)

    def event(self, event: QEvent) -> bool:
        return claim(event, ARROWS | PRESS) or super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        role, palette = QPalette.ColorRole, self.palette()
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(box, RADIUS, RADIUS)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(shape, palette.color(role.Button))
        painter.setClipPath(shape)
        painter.drawPixmap(self.rect(), self._picture)
        painter.setClipping(False)
        hot = self.hasFocus() or self.underMouse()
        if self.isChecked():
            painter.setPen(QPen(palette.color(role.Highlight), 2.0))
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        else:
            painter.setPen(QPen(palette.color(role.Highlight if hot else role.Mid), 1.0))
            painter.drawRoundedRect(box, RADIUS, RADIUS)
        if self.isChecked() and self.hasFocus():
            painter.setPen(QPen(palette.color(role.Text), 1.0, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(box.adjusted(3, 3, -3, -3), RADIUS - 2, RADIUS - 2)
        painter.end()


class Gallery(QWidget):
    """Tiles in as few rows as there is room for, all about as long, each from edge to edge."""

    chosen = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(4 * TILE + 3 * LEAST_GAP)
        self.tiles: dict[str, Tile] = {}
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._clicked)

    def add(self, name: str, title: str, help: str) -> Tile:
        """Add a tile at the end."""
        tile = Tile(name, title, help, self)
        self.tiles[name] = tile
        self._group.addButton(tile)
        self._arrange()
        return tile

    def choose(self, name: str) -> None:
        """Outline one tile; none when there is none of that name. Emits nothing."""
        tile = self.tiles.get(name)
        if tile is not None:
            tile.setChecked(True)
            return
        checked = self._group.checkedButton()
        if checked is not None:
            self._group.setExclusive(False)
            checked.setChecked(False)
            self._group.setExclusive(True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        most = max(1, (self.width() + LEAST_GAP) // (TILE + LEAST_GAP))
        rows = -(-len(self.tiles) // most)
        across = -(-len(self.tiles) // max(rows, 1))  # no row with one tile that is left over
        pitch = (self.width() - TILE) / max(across - 1, 1)
        for number, tile in enumerate(self.tiles.values()):
            row, column = divmod(number, across)
            tile.setGeometry(QRect(round(column * pitch), row * (TILE + ROW_GAP), TILE, TILE))
        self.setFixedHeight(max(rows * (TILE + ROW_GAP) - ROW_GAP, 0))

    @Slot(QAbstractButton)
    def _clicked(self, button: QAbstractButton) -> None:
        if isinstance(button, Tile):
            self.chosen.emit(button.name)
