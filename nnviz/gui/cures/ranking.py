"""The list of cures, best first: each with its test error, and the interval of what it changes."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.gui.theme import Theme, font
from nnviz.training.twin_report import Outcome, Report

_ROW, _HEAD, _NAME, _ERROR = 34, 26, 190, 86
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Ranking(QWidget):
    """Rows that are painted: name, test error, and a dot with its interval on a common axis around 0."""

    chosen = Signal(int)
    """The place of a row that was chosen."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._report: Report | None = None
        self.outcomes: tuple[Outcome, ...] = ()
        self.refusals: tuple[tuple[str, str], ...] = ()
        self.missing = ""  # what stands where there is no result
        self.place = 0
        self._picked = False  # until a row is chosen, the best one is
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Cures, best first")

    def sizeHint(self) -> QSize:
        return QSize(560, _HEAD + _ROW * max(1, len(self.outcomes)) + 20 * len(self.refusals) + 10)

    def minimumSizeHint(self) -> QSize:
        return QSize(480, self.sizeHint().height())

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self._theme = theme
        self.update()

    def show_report(self, report: Report, refusals: tuple[tuple[str, str], ...], over: bool) -> None:
        """Show results so far; `refusals` are names of cures that do not fit, with the reason.

        With `over` no more will come.
        """
        name = self.outcomes[self.place].name if self.outcomes and self._picked else None
        self._report, self.refusals = report, refusals
        self.missing = "not compared" if over else "in training"
        self.outcomes = report.ranking()
        names = [outcome.name for outcome in self.outcomes]
        self.place = names.index(name) if name in names else 0
        sentences = [report.sentence(outcome) for outcome in self.outcomes]
        self.setAccessibleDescription(" ".join(sentences))
        self.updateGeometry()
        self.update()

    # ------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font("small"))
        painter.setPen(self._theme.color("muted"))
        axis = self._axis()
        painter.drawText(QRectF(10, 0, _NAME, _HEAD), _LEFT, "one change")
        painter.drawText(QRectF(_NAME, 0, _ERROR, _HEAD), _RIGHT, "test error")
        painter.drawText(QRectF(axis.left(), 0, axis.width(), _HEAD), Qt.AlignmentFlag.AlignCenter, self._axis_words())
        reach = self._reach()
        x = axis.center().x()
        painter.setPen(QPen(self._theme.color("border"), 1.0))
        painter.drawLine(QPointF(x, _HEAD), QPointF(x, _HEAD + _ROW * len(self.outcomes)))
        for place, outcome in enumerate(self.outcomes):
            self._paint_row(painter, place, outcome, axis, reach)
        painter.setFont(font("small"))
        painter.setPen(self._theme.color("muted"))
        for number, (title, reason) in enumerate(self.refusals):
            top = _HEAD + _ROW * len(self.outcomes) + 6 + 20 * number
            room = QRectF(10, top, self.width() - 20, 20)
            words = painter.fontMetrics().elidedText(
                f"{title}: {reason}", Qt.TextElideMode.ElideRight, int(room.width())
            )
            painter.drawText(room, _LEFT, words)

    def _paint_row(self, painter: QPainter, place: int, outcome: Outcome, axis: QRectF, reach: float) -> None:
        theme, row = self._theme, QRectF(0, _HEAD + _ROW * place, self.width(), _ROW)
        if place == self.place:
            painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "border"), 1.0))
            painter.setBrush(theme.color("card"))
            painter.drawRoundedRect(row.adjusted(1, 2, -1, -2), 6, 6)
        painter.setFont(font("body", bold=place == 0 and bool(outcome.difference.clear)))
        painter.setPen(theme.color("text"))
        painter.drawText(QRectF(10, row.top(), _NAME - 10, _ROW), _LEFT, outcome.name)
        painter.setFont(font("body", tabular=True))
        error = float(np.nanmean(outcome.error)) if np.isfinite(outcome.error).any() else float("nan")
        painter.drawText(QRectF(_NAME, row.top(), _ERROR, _ROW), _RIGHT, self._error_text(error))
        if outcome.problem:
            painter.setPen(theme.color("danger"))
            painter.drawText(axis.adjusted(0, row.top(), 0, 0), Qt.AlignmentFlag.AlignTop, outcome.problem)
            return
        self._paint_interval(painter, outcome, axis, row.center().y(), reach)

    def _paint_interval(self, painter: QPainter, outcome: Outcome, axis: QRectF, y: float, reach: float) -> None:
        difference = outcome.difference
        mean, low, high = (float(each) for each in (difference.mean, difference.low, difference.high))
        if not np.isfinite(mean):
            painter.setPen(self._theme.color("muted"))
            painter.drawText(QRectF(axis.left(), y - 10, axis.width(), 20), Qt.AlignmentFlag.AlignCenter, self.missing)
            return
        clear = bool(difference.clear)
        color = self._theme.color(("good" if mean < 0 else "danger") if clear else "muted")

        def x(value: float) -> float:
            return axis.center().x() + axis.width() / 2 * max(-1.0, min(1.0, value / reach))

        if np.isfinite(low):
            painter.setPen(QPen(color, 2.0))
            painter.drawLine(QPointF(x(low), y), QPointF(x(high), y))
            for end in (low, high):
                painter.drawLine(QPointF(x(end), y - 4), QPointF(x(end), y + 4))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(QPointF(x(mean), y), 4.5, 4.5)

    def _axis(self) -> QRectF:
        left = _NAME + _ERROR + 24.0
        return QRectF(left, 0, max(80.0, self.width() - left - 16), self.height())

    def _axis_words(self) -> str:
        target = self._report.target if self._report is not None else ""
        reach = self._reach()
        span = f"{reach:.3g} {target}" if target else f"{100 * reach:.3g} pp"
        return f"−{span}   ·   difference to the run, with its 95 % interval   ·   +{span}"

    def _reach(self) -> float:
        """Return how far the axis goes to both sides: as far as the widest interval."""
        found = [outcome.difference for outcome in self.outcomes]
        ends = np.abs([float(end) for each in found for end in (each.mean, each.low, each.high)])
        finite = ends[np.isfinite(ends)]
        return max(float(finite.max()) if len(finite) else 0.0, 1e-3)

    def _error_text(self, error: float) -> str:
        if not np.isfinite(error):
            return "–"
        regression = bool(self._report is not None and self._report.target)
        return f"{error:.4g}" if regression else f"{100 * error:.1f} %"

    # ------------------------------------------------------------ mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._choose(int((event.position().y() - _HEAD) // _ROW))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._choose(self.place + step)

    def _choose(self, place: int) -> None:
        if 0 <= place < len(self.outcomes):
            self.place, self._picked = place, True
            self.chosen.emit(place)
            self.update()
