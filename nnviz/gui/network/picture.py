"""Tiles that show what units compute, and links that carry the sign and size of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from nnviz.gui.network.layout import Layout, arrange
from nnviz.gui.network.strengths import Links, link_strengths
from nnviz.gui.theme import NEGATIVE, POSITIVE, Theme, font
from nnviz.network.shapes import NetworkPlan
from nnviz.probes.unit_maps import TILE
from nnviz.snapshot import Snapshot

_WIDTHS = (0.7, 1.2, 2.0, 2.9, 3.8)
"""Pen widths of the classes that link magnitudes fall into."""

_ALPHAS = (0.22, 0.40, 0.60, 0.78, 0.92)

_FAINTEST = 0.06
"""Links below this share of the strongest one are not drawn: they could not be seen."""


class NetworkPicture(QWidget):
    """Draws a network: `show_plan` sets its shape, `show_snapshot` the numbers in it.

    Links are one path per sign and width class, tiles one atlas image, so that drawing costs a few
    operations whatever the number of weights.
    """

    unit_clicked = Signal(int, int)
    """Column and number of a unit that was clicked."""
    weights_wanted = Signal(int, int, int, QPoint)
    """Column and number of a unit whose weights shall be set, the unit before it whose link was meant (-1 for none),
    and where on the screen."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 140)
        self.setAccessibleName("Network picture")
        self.setAccessibleDescription("Tiles show what each unit computes; links show the weights.")
        self.show_gradients = False
        self.top = 56.0
        self._plan: NetworkPlan | None = None
        self._layout: Layout | None = None
        self._snapshot: Snapshot | None = None
        self._links: tuple[Links, ...] = ()
        self._paths: list[tuple[QPainterPath, QPen]] = []
        self._atlas: QImage | None = None
        self._first_row: tuple[int, ...] = ()  # of each column in the atlas
        self._hovered: tuple[int, int] | None = None
        self._theme = theme
        self._colors = theme.diverging()

    # ------------------------------------------------------------ what is shown

    @property
    def needs(self) -> frozenset[str]:
        """The probes that the picture draws."""
        return frozenset({"unit_maps", "gradients" if self.show_gradients else "parameters"})

    @property
    def arrangement(self) -> Layout | None:
        """Where the columns stand, for whoever puts headings above them."""
        return self._layout

    def show_plan(self, plan: NetworkPlan | None) -> None:
        """Draw another network; its numbers arrive with the next snapshot."""
        if plan == self._plan:
            return
        self._plan, self._snapshot, self._atlas = plan, None, None
        self._links, self._paths = (), []
        self._arrange()

    def show_snapshot(self, snapshot: Snapshot | None) -> None:
        """Draw new numbers; those of another network than the one shown are ignored."""
        if snapshot is None or snapshot.plan != self._plan or self._layout is None:
            return
        self._snapshot = snapshot
        flat = snapshot.arrays.get("gradients" if self.show_gradients else "parameters")
        if flat is not None:
            self._links = link_strengths(snapshot.plan, flat)
            self._build_paths()
        maps = snapshot.arrays.get("unit_maps")
        if maps is not None:
            self._atlas = _atlas(maps, self._colors, flip=snapshot.data.image_shape is None)
            self._first_row = tuple(np.cumsum([0, *(len(tiles) for tiles in maps)]).tolist())
        self.update()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme, self._colors = theme, theme.diverging()
        self.show_snapshot(self._snapshot)
        self.update()

    def set_top(self, top: float) -> None:
        """Leave room for headings that end at `top`."""
        if top != self.top:
            self.top = top
            self._arrange()

    def _arrange(self) -> None:
        usable = self._plan is not None and all(stage.output_shape for stage in self._plan.stages)
        self._layout = arrange(self._plan, self.width(), self.height(), self.top) if usable and self._plan else None
        self._build_paths()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    # ------------------------------------------------------------ painting

    def _build_paths(self) -> None:
        """Sort the links into one path per sign and width class."""
        self._paths = []
        if self._layout is None:
            return
        classes = np.array([_FAINTEST, 0.15, 0.32, 0.52, 0.75])
        paths: dict[tuple[bool, int], QPainterPath] = {}
        for links in self._links:
            ends = self._layout.columns[links.column].tiles
            starts = self._layout.columns[links.column - 1].tiles
            strength = links.relative[: len(ends), : len(starts)]
            which = np.digitize(np.abs(strength), classes) - 1
            middle = self._layout.between(links.column - 1)
            for unit, before in np.argwhere(which >= 0):
                key = (bool(strength[unit, before] > 0), int(which[unit, before]))
                path = paths.setdefault(key, QPainterPath())
                a, b = starts[before], ends[unit]
                ya, yb = a.center().y(), b.center().y()
                path.moveTo(a.right(), ya)
                path.cubicTo(middle, ya, middle, yb, b.left(), yb)
        for (positive, width), path in sorted(paths.items(), key=lambda item: item[0][1]):
            color = QColor(POSITIVE if positive else NEGATIVE)
            color.setAlphaF(_ALPHAS[width])
            self._paths.append((path, QPen(color, _WIDTHS[width], Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._layout is None:
            return
        for path, pen in self._paths:
            painter.strokePath(path, pen)
        self._paint_tiles(painter, self._layout)
        self._paint_words(painter, self._layout)

    def _paint_tiles(self, painter: QPainter, layout: Layout) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._is_plane())
        border = QPen(self._theme.color("border"), 1.0)
        for number, column in enumerate(layout.columns):
            for unit, tile in enumerate(column.tiles):
                clip = QPainterPath()
                clip.addRoundedRect(tile, 3, 3)
                painter.fillPath(clip, self._theme.color("card"))
                if self._atlas is not None:
                    row = self._first_row[number] + unit
                    painter.drawImage(tile, self._atlas, QRectF(0, row * TILE, TILE, TILE))
                hot = (number, unit) == self._hovered
                painter.setPen(QPen(self._theme.color("accent"), 2.0) if hot else border)
                painter.drawPath(clip)

    def _paint_words(self, painter: QPainter, layout: Layout) -> None:
        painter.setFont(font("small"))
        painter.setPen(self._theme.color("muted"))
        for column in layout.columns:
            if column.folded > 0 and column.tiles:
                below = QRectF(column.x - 60, column.tiles[-1].bottom() + 2, 120, 16)
                painter.drawText(below, Qt.AlignmentFlag.AlignCenter, f"+{column.folded:,} more")
        for name, tile in zip(self._input_names(), layout.columns[0].tiles, strict=False):
            room = QRectF(2, tile.top(), tile.left() - 8, tile.height())
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _is_plane(self) -> bool:
        return self._snapshot is None or self._snapshot.data.image_shape is None

    def _input_names(self) -> tuple[str, ...]:
        if self._snapshot is None or not self._is_plane():
            return ()
        return self._snapshot.data.feature_names

    # ------------------------------------------------------------ mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._layout is None:
            return
        hovered = self._layout.tile_at(event.position())
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()
        text = self._unit_card(*hovered) if hovered else self._link_card(event.position())
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        hit = self._layout.tile_at(event.position()) if self._layout else None
        if hit is not None and event.button() == Qt.MouseButton.LeftButton:
            self.unit_clicked.emit(*hit)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer the weights of the unit, or of the link, under the mouse."""
        if self._layout is None:
            return
        point = QPointF(event.pos())
        hit = self._layout.tile_at(point)
        if hit is not None:
            self.weights_wanted.emit(*hit, -1, event.globalPos())
            return
        link = self._link_at(point)
        if link is not None:
            links, unit, before = link
            self.weights_wanted.emit(links.column, unit, before, event.globalPos())

    def _unit_card(self, column: int, unit: int) -> str:
        """Return the live numbers of a unit."""
        assert self._plan is not None
        stages = self._plan.picture()[column]
        if column == 0:
            names = self._input_names()
            return f"<b>input {names[unit] if unit < len(names) else unit + 1}</b>"
        name = "output" if stages[0].role == "output" else " + ".join(stage.layer.title for stage in stages)
        lines = [f"<b>{name} · unit {unit + 1}</b>"]
        links = next((links for links in self._links if links.column == column), None)
        if links is not None and unit < len(links.values):
            word = "gradient" if self.show_gradients else "weight"
            values = links.values[unit]
            order = np.argsort(-np.abs(values))[:3]
            lines += [f"{word} from unit {i + 1}: <b>{values[i]:+.3g}</b>" for i in order]
        bias = self._bias(stages[0].index, unit)
        return "<br>".join([*lines, *([f"bias: <b>{bias:+.3g}</b>"] if bias is not None else [])])

    def _bias(self, stage: int, unit: int) -> float | None:
        if self._snapshot is None or self._plan is None:
            return None
        flat = self._snapshot.arrays.get("parameters")
        for slot in self._plan.slots:
            if flat is not None and slot.stage == stage and slot.parameter.role == "bias":
                return float(flat[slot.start + unit])
        return None

    def _link_card(self, point: QPointF) -> str:
        """Return the number of the strongest link near a point, or nothing."""
        link = self._link_at(point)
        if link is None:
            return ""
        links, unit, before = link
        word = "gradient" if self.show_gradients else "weight"
        value = f"{word} <b>{links.values[unit, before]:+.4g}</b><br>unit {before + 1} → unit {unit + 1}"
        return value if self.show_gradients else f"{value}<br>right-click to set it"

    def _link_at(self, point: QPointF) -> tuple[Links, int, int] | None:
        """Return the strongest link that passes within 5 pixels of a point: its column's, its unit, the unit before."""
        assert self._layout is not None
        for links in self._links:
            starts = self._layout.columns[links.column - 1].tiles
            ends = self._layout.columns[links.column].tiles
            if not (starts and ends and starts[0].right() < point.x() < ends[0].left()):
                continue
            a = np.array([tile.center().y() for tile in starts])
            b = np.array([tile.center().y() for tile in ends])
            y = _bezier_height(a[None, :], b[:, None], starts[0].right(), ends[0].left(), point.x())
            strength = np.abs(links.relative[: len(ends), : len(starts)])
            near = np.where((np.abs(y - point.y()) < 5.0) & (strength >= _FAINTEST), strength, 0.0)
            if near.max(initial=0.0) > 0:
                unit, before = np.unravel_index(int(near.argmax()), near.shape)
                return links, int(unit), int(before)
        return None


def _bezier_height(a: NDArray[Any], b: NDArray[Any], left: float, right: float, x: float) -> NDArray[Any]:
    """Return the y of the links from heights a to heights b at an x between left and right.

    The curves have both handles at the middle, so x(t) = left + width · (1.5 t - 1.5 t² + t³) does not
    depend on the heights; t is found by bisection.
    """
    share, low, high = (x - left) / (right - left), 0.0, 1.0
    for _ in range(20):
        t = (low + high) / 2
        if 1.5 * t - 1.5 * t**2 + t**3 < share:
            low = t
        else:
            high = t
    weight = 3 * t**2 - 2 * t**3
    return a + (b - a) * weight


def _atlas(maps: tuple[NDArray[Any], ...], colors: NDArray[np.uint8], flip: bool) -> QImage:
    """Return all tiles one below the other, TILE pixels wide; maps over a plane are turned right side up."""
    rows = []
    for tiles in maps:
        tall = _resized(tiles[:, ::-1] if flip else tiles)
        rows.append(tall.reshape(-1, TILE))
    values = np.concatenate(rows) if rows else np.zeros((TILE, TILE))
    indices = np.clip((values + 1.0) * 127.5, 0, 255).astype(np.uint8)
    pixels = np.ascontiguousarray(colors[indices])
    height, width = indices.shape
    # The image borrows the array's memory; the copy owns its own.
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def _resized(tiles: NDArray[Any]) -> NDArray[Any]:
    """Return tiles (units, h, w) at TILE × TILE by repeating pixels."""
    _, height, width = tiles.shape
    rows = np.arange(TILE) * height // TILE
    across = np.arange(TILE) * width // TILE
    return tiles[:, rows][:, :, across]
