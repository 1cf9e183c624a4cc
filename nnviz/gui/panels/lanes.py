"""The lanes of the timeline: a run each, with what happened to it, and the playhead."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from nnviz.gui.controller import Controller
from nnviz.gui.run_colors import run_color
from nnviz.gui.steps import Standpoint
from nnviz.gui.theme import Theme, font
from nnviz.history.history import Event
from nnviz.run import Run
from nnviz.snapshot import Status

LANE, GAP, MARGIN, TOP = 18, 8, 16, 12
_MOST_TICKS = 120
_NEAR = 5.0
"""Pixels within which the playhead snaps to the best epoch, an event, or the end."""


class Lanes(QWidget):
    """Paints the runs, the newest at the bottom. A click chooses a run and an epoch, a drag moves the playhead."""

    menu_wanted = Signal(object, QPoint)
    """A run, and where its menu shall open."""
    rename_wanted = Signal(object)

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._theme = controller, theme
        self._dragging = False
        self._pressed: Standpoint | None = None  # what was looked at of a run before it was clicked
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Timeline of runs")
        self.setAccessibleDescription("Arrow keys move the playhead and choose a run.")
        self.refresh()

    @property
    def runs(self) -> list[Run]:
        """The runs that have a lane: all that were not put away, and the one in front."""
        front = self._controller.run
        return [run for run in self._controller.session.runs if not run.archived or run is front]

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self.update()

    def refresh(self) -> None:
        """Show the runs as they are now."""
        self.setMinimumHeight(TOP + len(self.runs) * (LANE + GAP) + 2)
        self.update()

    # ------------------------------------------------------------ geometry

    def _longest(self) -> int:
        """Return the epoch at the right end: a round number not far beyond the longest run."""
        return round_up(max([run.epoch for run in self.runs] + [10]))

    def _x(self, epoch: float) -> float:
        return MARGIN + (self.width() - 2 * MARGIN) * epoch / self._longest()

    def _epoch(self, x: float) -> int:
        share = (x - MARGIN) / max(1.0, self.width() - 2.0 * MARGIN)
        return max(0, round(share * self._longest()))

    def lane(self, number: int) -> QRectF:
        """Return where the lane of the run with a place in `runs` lies."""
        run = self.runs[number]
        left, right = self._x(run.first_epoch), self._x(run.epoch)
        return QRectF(left, TOP + number * (LANE + GAP), max(3.0, right - left), LANE)

    def _lane_at(self, point: QPointF) -> Run | None:
        number = int((point.y() - TOP + GAP / 2) // (LANE + GAP))
        return self.runs[number] if 0 <= number < len(self.runs) else None

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, run in enumerate(self.runs):
            self._paint_run(painter, number, run)
        self._paint_playhead(painter)

    def _paint_run(self, painter: QPainter, number: int, run: Run) -> None:
        lane, color, front = self.lane(number), run_color(run), run is self._controller.run
        fill = QColor(color)
        fill.setAlphaF(0.34 if front else 0.18)
        painter.fillRect(lane, fill)
        painter.fillRect(QRectF(lane.left(), lane.top(), 3, LANE), color)
        self._paint_origin(painter, number, run, color)
        self._paint_ticks(painter, run, lane, color)
        self._paint_onset(painter, run, lane)
        self._paint_marks(painter, run, lane)
        self._paint_words(painter, run, lane, front)

    def _paint_origin(self, painter: QPainter, number: int, run: Run, color: QColor) -> None:
        """Draw the line from the lane that a fork left to its own."""
        origin = next((i for i, other in enumerate(self.runs) if run.origin and other.number == run.origin.run), None)
        if origin is None or run.first_epoch == 0:
            return
        faint = QColor(color)
        faint.setAlphaF(0.7)
        painter.setPen(QPen(faint, 1.2))
        x = self._x(run.first_epoch) + 0.6
        painter.drawLine(QPointF(x, self.lane(origin).bottom()), QPointF(x, self.lane(number).top()))

    def _paint_ticks(self, painter: QPainter, run: Run, lane: QRectF, color: QColor) -> None:
        """Draw the keyframes: epochs that appear at once."""
        faint = QColor(color)
        faint.setAlphaF(0.8)
        painter.setPen(QPen(faint, 1))
        for frame in run.history.keyframes.spread(_MOST_TICKS):
            x = self._x(frame.epoch)
            painter.drawLine(QPointF(x, lane.bottom() + 2), QPointF(x, lane.bottom() + 4))

    def _paint_onset(self, painter: QPainter, run: Run, lane: QRectF) -> None:
        """Underline the part of the lane in which the run overfits."""
        onset = run.overfits_since
        if onset is not None:
            left = max(self._x(onset), lane.left())
            painter.fillRect(QRectF(left, lane.bottom() - 3, lane.right() - left, 3), self._theme.color("gap", 0.8))

    def _paint_marks(self, painter: QPainter, run: Run, lane: QRectF) -> None:
        best = run.history.best_epoch
        if best is not None and run.trained and best >= run.first_epoch:
            painter.setPen(QPen(self._theme.color("danger"), 1.4, Qt.PenStyle.DashLine))
            x = self._x(best)
            painter.drawLine(QPointF(x, lane.top()), QPointF(x, lane.bottom()))
        for event in run.history.events:
            if event.epoch >= run.first_epoch:
                self._paint_event(painter, event, self._x(event.epoch), lane)

    def _paint_event(self, painter: QPainter, event: Event, x: float, lane: QRectF) -> None:
        """Draw a sign: a wedge for a setting, a square for samples, a diamond for an edit by hand, a bar for an end."""
        painter.setPen(QPen(self._theme.color("window"), 1.0))
        painter.setBrush(self._theme.color("text"))
        y = lane.top()
        if event.kind == "end":
            diverged = event.text.startswith("Diverged")
            painter.setBrush(self._theme.color("danger" if diverged else "text"))
            painter.drawRect(QRectF(x - 2, y + 2, 4, LANE - 4))
        elif event.kind == "data":
            painter.drawRect(QRectF(x - 3.5, y - 4, 7, 7))
        else:
            path = QPainterPath(QPointF(x, y + 4))
            if event.kind == "edit":
                path.lineTo(x - 4.5, y - 0.5)
                path.lineTo(x, y - 5)
                path.lineTo(x + 4.5, y - 0.5)
            else:
                path.lineTo(x - 4.5, y - 4)
                path.lineTo(x + 4.5, y - 4)
            path.closeSubpath()
            painter.drawPath(path)

    def _paint_words(self, painter: QPainter, run: Run, lane: QRectF, front: bool) -> None:
        painter.setFont(font("small", bold=front))
        words = f"★ {run.name}" if run.starred else run.name
        more = self._more_words(run)
        if more:
            words += f" · {more}"
        metrics = painter.fontMetrics()
        # A lane that begins near the right end has its words before it.
        left, width = lane.left() + 9, metrics.horizontalAdvance(words)
        if left + width > self.width() - MARGIN:
            left = max(float(MARGIN), min(left, self.width() - MARGIN - width))
        room = QRectF(left, lane.top(), self.width() - MARGIN - left, LANE - 1)
        text = metrics.elidedText(words, Qt.TextElideMode.ElideRight, int(room.width()))
        shade = self._theme.color("window", 0.6)
        painter.fillRect(QRectF(left - 2, lane.top() + 2, metrics.horizontalAdvance(text) + 4, LANE - 5), shade)
        painter.setPen(self._theme.color("text"))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _more_words(self, run: Run) -> str:
        if not run.trained:
            return "preparing" if run.status is Status.PREPARING else "not trained yet"
        words = "1 epoch" if run.epoch == 1 else f"{run.epoch:,} epochs"
        if run.status in (Status.DIVERGED, Status.FAILED):
            words += f" · {run.status.value}"
        return f"{words} · along" if run.along else words

    def _paint_playhead(self, painter: QPainter) -> None:
        run = self._controller.run
        x = self._x(run.shown_epoch)
        past = run.playhead is not None
        color = self._theme.color("accent" if past else "text")
        painter.setPen(QPen(color, 1.6))
        painter.setBrush(color)
        painter.drawLine(QPointF(x, 6), QPointF(x, self.height() - 4))
        painter.drawEllipse(QPointF(x, 5), 4.0, 4.0)

    # ------------------------------------------------------------ what there is to say

    def _card(self, point: QPointF) -> str:
        """Return what there is to say about a place: the event that is near, or the run at that epoch."""
        run = self._lane_at(point)
        if run is None:
            return ""
        near = [event for event in run.history.events if abs(self._x(event.epoch) - point.x()) < _NEAR + 1]
        if near:
            return "<br>".join(f"epoch {event.epoch:,}: {event.text}" for event in near[-6:])
        lines = [f"<b>{run.name}</b> · {run.status.value}"]
        epoch = self._epoch(point.x())
        if run.trained and run.first_epoch <= epoch <= run.epoch:
            row = min(int(np.searchsorted(run.history.column("epoch"), epoch)), len(run.history) - 1)
            shown = int(run.history.column("epoch")[row])
            parts = [part for part in ("train", "test") if f"{part}_loss" in run.history]
            losses = (f"{part} loss {float(run.history.column(f'{part}_loss')[row]):.4g}" for part in parts)
            lines.append(f"epoch {shown:,}: {', '.join(losses)}")
        if run.history.best_epoch is not None and run.trained:
            lines.append(f"best epoch {run.history.best_epoch:,}")
        onset = run.overfits_since
        if onset is not None:
            lines.append(f"overfits since epoch {onset:,}: the underlined part")
        if run.along:
            lines.append("trains along with other runs")
        return "<br>".join([*lines, *filter(None, (run.note, run.text))])

    # ------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        above = event.position().y() < TOP  # where the head of the playhead is
        run = self._controller.run if above else self._lane_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or run is None:
            return
        self._pressed = Standpoint(run, run.playhead)
        self._controller.select(run)
        self._dragging = True
        self._move_to(event.position().x(), exact=False)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._move_to(event.position().x(), exact=False)
        text = self._drag_words() if self._dragging else self._card(event.position())
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._dragging = False
            self._move_to(event.position().x(), exact=True)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        run = self._lane_at(event.position())
        if run is not None:
            self._dragging = False
            if self._pressed is not None and self._pressed.run is run:
                self._controller.return_to(self._pressed)  # the first of the two clicks has moved the playhead
            self.rename_wanted.emit(run)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        run = self._controller.run if keyboard else self._lane_at(QPointF(event.pos()))
        if run is not None:
            at = self.lane(self.runs.index(run)).bottomLeft().toPoint() if keyboard else event.pos()
            self.menu_wanted.emit(run, self.mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)  # the window knows the keys of the playhead
            return
        runs = self.runs
        self._controller.select(runs[max(0, min(len(runs) - 1, runs.index(self._controller.run) + step))])

    def _move_to(self, x: float, exact: bool) -> None:
        """Move the playhead to a place, or to something notable that is near."""
        run = self._controller.run
        notable = [run.epoch, run.first_epoch, *(event.epoch for event in run.history.events if event.kind != "end")]
        if run.history.best_epoch is not None:
            notable.append(run.history.best_epoch)
        nearest = min(notable, key=lambda epoch: abs(self._x(epoch) - x))
        epoch = nearest if abs(self._x(nearest) - x) < _NEAR else self._epoch(x)
        self._controller.go_to(epoch, exact)
        self.update()

    def _drag_words(self) -> str:
        run = self._controller.run
        return f"epoch {run.shown_epoch:,}" if run.playhead is not None else "now"


def round_up(epochs: int) -> int:
    """Return the next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten, so that lanes grow smoothly."""
    power = 10 ** math.floor(math.log10(epochs))
    steps = np.array([1, 1.5, 2, 3, 4, 5, 6, 8, 10]) * power
    return int(steps[np.searchsorted(steps, epochs)])
