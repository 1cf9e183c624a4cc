"""A view drawn for paper: title, legend and the view itself, on whatever painter there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from nnviz.gui import theme as look
from nnviz.gui.plot.pens import line
from nnviz.gui.views import Key, Table, View
from nnviz.history.history import History
from nnviz.snapshot import Snapshot

_ROW = 17
"""Height of a row of the legend."""

_EDGE = 8
_SIGN = 16
"""Room for the sign of a legend entry."""

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class Figure:
    """A fresh copy of a view, laid out for paper while the `with` block lasts.

    Unless a size is asked for, a legend of several rows makes the figure higher. The copy is a widget of its own that
    never appears on screen, so that what the user looks at stays as it is.
    """

    def __init__(
        self,
        view_class: type[View],
        history: History,
        snapshot: Snapshot | None,
        state: Mapping[str, Any],
        size: tuple[int, int] | None,
        title: str,
    ) -> None:
        self.theme = look.EXPORT
        self.title = title
        self._history, self._snapshot = history, snapshot
        self._view = view_class(self.theme)
        self._view.restore(state)
        self._view.refresh(history, snapshot)
        width, height = size or view_class.figure_size
        self._rows = self._layout(self._view.legend(), width)
        self.size = QSize(width, height if size else height + _ROW * max(0, len(self._rows) - 1))
        self._view.resize(self.size.width(), max(1, self.size.height() - self._top))
        self._view.grab(QRect(0, 0, 1, 1))  # lays out a widget that is never shown
        self._view.refresh(history, snapshot)

    def __enter__(self) -> Figure:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._view.deleteLater()

    def table(self) -> Table:
        """Return the numbers behind the figure."""
        return self._view.table(self._history, self._snapshot)

    def paint(self, painter: QPainter) -> None:
        """Draw the figure, as vectors where the painter can."""
        whole = QRectF(0, 0, self.size.width(), self.size.height())
        painter.fillRect(whole, self.theme.color("card"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.title:
            painter.setFont(look.font("body", bold=True))
            painter.setPen(self.theme.color("text"))
            room = QRectF(_EDGE, 5, whole.width() - 2 * _EDGE, 18)
            metrics = QFontMetricsF(painter.font())
            title = metrics.elidedText(self.title, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, _LEFT, title)
        painter.setFont(look.font("small"))
        for number, row in enumerate(self._rows):
            y = self._top - (len(self._rows) - number) * _ROW
            for left, key in row:
                self._paint_key(painter, key, left, y)
        painter.setBrush(Qt.BrushStyle.NoBrush)  # items of a scene may fill themselves with what is left here
        self._view.paint_figure(painter, whole.adjusted(0, self._top, 0, 0))

    # ------------------------------------------------------------ parts

    @property
    def _top(self) -> int:
        """Where the view begins."""
        head = 24 if self.title else 0
        return head + (4 if self._rows and not head else 0) + len(self._rows) * _ROW

    def _layout(self, keys: tuple[Key, ...], room: int) -> list[list[tuple[float, Key]]]:
        """Return the rows of the legend: entries with where they begin."""
        metrics = QFontMetricsF(look.font("small"))
        rows: list[list[tuple[float, Key]]] = []
        left = float("inf")
        widest = room - 2 * _EDGE - _SIGN
        for key in keys:
            key = replace(key, label=metrics.elidedText(key.label, Qt.TextElideMode.ElideRight, widest))
            width = _SIGN + metrics.horizontalAdvance(key.label)
            if left + width > room - _EDGE:
                rows.append([])
                left = float(_EDGE)
            rows[-1].append((left, key))
            left += width + 12
        return rows

    def _paint_key(self, painter: QPainter, key: Key, left: float, top: float) -> None:
        middle = QPointF(left + 5, top + _ROW / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(key.color)
        if key.sign == "line":
            painter.drawRect(QRectF(left, middle.y() - 1, 11, 2))
        elif key.sign == "dot":
            painter.drawEllipse(middle, 3.5, 3.5)
        elif key.sign == "ring":
            painter.drawEllipse(middle, 3.5, 3.5)
            painter.setBrush(self.theme.color("card"))
            painter.drawEllipse(middle, 2.2, 2.2)
        else:
            painter.setPen(line(self.theme, "border", 0.5))
            painter.drawRect(QRectF(left + 0.5, middle.y() - 4.5, 9, 9))
        painter.setPen(self.theme.color("text"))
        painter.drawText(QRectF(left + _SIGN, top, self.size.width(), _ROW), _LEFT, key.label)
