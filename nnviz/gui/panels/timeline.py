"""The timeline: one lane per run, with what happened to it."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QToolTip, QVBoxLayout, QWidget

from nnviz.gui.controller import Controller
from nnviz.gui.theme import Theme, font
from nnviz.run import Run
from nnviz.snapshot import Status

_LANE, _GAP, _MARGIN = 18, 8, 16
_LANE_COLORS = ("#56b4e9", "#3fbf8f", "#7c8cff", "#e0a33c", "#cc79a7")
_MOST_TICKS = 120


class Lanes(QWidget):
    """Paints the runs, the newest at the bottom; the playhead stands at the epoch of the run in training."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._theme = controller, theme
        self.setMouseTracking(True)
        self.setAccessibleName("Timeline of runs")
        self.refresh()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self.update()

    def refresh(self) -> None:
        """Show the runs as they are now."""
        runs = self._controller.session.runs
        self.setMinimumHeight(len(runs) * (_LANE + _GAP) + 12)
        self.update()

    # ------------------------------------------------------------ geometry

    def _longest(self) -> int:
        """Return the epoch at the right end: a round number not far beyond the longest run."""
        longest = max([run.epoch for run in self._controller.session.runs] or [0])
        return _round_up(max(longest, 10))

    def _x(self, epoch: float) -> float:
        return _MARGIN + (self.width() - 2 * _MARGIN) * epoch / self._longest()

    def _lane(self, number: int, run: Run) -> QRectF:
        top = 10 + number * (_LANE + _GAP)
        return QRectF(_MARGIN, top, max(3.0, self._x(run.epoch) - _MARGIN), _LANE)

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        runs = self._controller.session.runs
        for number, run in enumerate(runs):
            self._paint_run(painter, number, run)
        self._paint_playhead(painter, self._x(runs[-1].epoch))

    def _paint_run(self, painter: QPainter, number: int, run: Run) -> None:
        lane, color = self._lane(number, run), QColor(_LANE_COLORS[number % len(_LANE_COLORS)])
        fill = QColor(color)
        fill.setAlphaF(0.28)
        painter.fillRect(lane, fill)
        painter.fillRect(QRectF(lane.left(), lane.top(), 3, _LANE), color)
        self._paint_ticks(painter, run, lane, color)
        self._paint_marks(painter, run, lane)
        painter.setFont(font("small"))
        painter.setPen(self._theme.color("text"))
        count = "1 epoch" if run.epoch == 1 else f"{run.epoch:,} epochs"
        words = f"{run.name} · {count}" if run.trained else f"{run.name} · not trained yet"
        if run.status in (Status.DIVERGED, Status.FAILED):
            words += f" · {run.status.value}"
        space = QRectF(lane.left() + 9, lane.top(), self.width() - lane.left() - 2 * _MARGIN, _LANE)
        text = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(space.width()))
        painter.drawText(space, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _paint_ticks(self, painter: QPainter, run: Run, lane: QRectF, color: QColor) -> None:
        """Draw the keyframes: where the network's parameters are kept."""
        faint = QColor(color)
        faint.setAlphaF(0.8)
        painter.setPen(QPen(faint, 1))
        for frame in run.history.keyframes.spread(_MOST_TICKS):
            x = self._x(frame.epoch)
            painter.drawLine(QPointF(x, lane.bottom() + 2), QPointF(x, lane.bottom() + 4))

    def _paint_marks(self, painter: QPainter, run: Run, lane: QRectF) -> None:
        best = run.history.best_epoch
        if best is not None and run.trained:
            painter.setPen(QPen(self._theme.color("danger"), 1.4, Qt.PenStyle.DashLine))
            x = self._x(best)
            painter.drawLine(QPointF(x, lane.top()), QPointF(x, lane.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("text"))
        for event in run.history.events:
            x, y = self._x(event.epoch), lane.top() + 1
            mark = QPainterPath(QPointF(x, y + 5))
            mark.lineTo(x - 4, y - 2)
            mark.lineTo(x + 4, y - 2)
            painter.drawPath(mark)

    def _paint_playhead(self, painter: QPainter, x: float) -> None:
        painter.setPen(QPen(self._theme.color("text"), 1.6))
        painter.setBrush(self._theme.color("text"))
        painter.drawLine(QPointF(x, 6), QPointF(x, self.height() - 4))
        painter.drawEllipse(QPointF(x, 5), 3.5, 3.5)

    # ------------------------------------------------------------ mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        QToolTip.showText(event.globalPosition().toPoint(), self._card(event.position()), self)

    def _card(self, point: QPointF) -> str:
        """Return what there is to say about a lane, and the event that is near."""
        for number, run in enumerate(self._controller.session.runs):
            lane = self._lane(number, run)
            if not lane.top() - 4 <= point.y() <= lane.bottom() + 4:
                continue
            near = [e for e in run.history.events if abs(self._x(e.epoch) - point.x()) < 6]
            if near:
                return "<br>".join(f"epoch {event.epoch:,}: {event.text}" for event in near[-6:])
            best = run.history.best_epoch
            loss = run.history.latest("test_loss")
            parts = [f"<b>{run.name}</b> · {run.status.value}", f"{run.epoch:,} epochs, test loss {loss:.4g}"]
            if best is not None and run.trained:
                parts.append(f"best epoch {best:,}")
            return "<br>".join([*parts, *([run.text] if run.text else [])])
        return ""


class Timeline(QFrame):
    """Caption and lanes, across the whole window."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.lanes = Lanes(controller, theme, self)
        caption = QLabel("TIMELINE", self)
        caption.setObjectName("caption")
        self._note = QLabel(self)
        self._note.setObjectName("caption-note")
        top = QHBoxLayout()
        top.addWidget(caption)
        top.addStretch(1)
        top.addWidget(self._note)
        top.setContentsMargins(_MARGIN, 6, _MARGIN, 0)
        self._scroll = QScrollArea(self)
        self._scroll.setWidget(self.lanes)
        self._scroll.setWidgetResizable(True)
        self._scroll.viewport().setAutoFillBackground(False)
        self.lanes.setAutoFillBackground(False)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self._scroll)
        self.setFixedHeight(36 + 2 * (_LANE + _GAP))  # two lanes; more of them scroll
        self.refresh()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.lanes.apply_theme(theme)

    def refresh(self) -> None:
        """Show the runs as they are now."""
        count = len(self._controller.session.runs)
        self._note.setText("1 run" if count == 1 else f"{count} runs")
        at_end = self._scroll.verticalScrollBar().value() >= self._scroll.verticalScrollBar().maximum() - 2
        self.lanes.refresh()
        if at_end:
            self._scroll.verticalScrollBar().setValue(self._scroll.verticalScrollBar().maximum())


def _round_up(epochs: int) -> int:
    """Return the next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten, so that lanes grow smoothly."""
    power = 10 ** math.floor(math.log10(epochs))
    steps = np.array([1, 1.5, 2, 3, 4, 5, 6, 8, 10]) * power
    return int(steps[np.searchsorted(steps, epochs)])
