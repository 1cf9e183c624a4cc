"""Which settings matter: a bar for each, and for what settings do together and what chance does."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.analysis.importance import Importance
from nnviz.gui.laboratory.parts.sweep_paint import paint_sentence
from nnviz.gui.laboratory.parts.sweep_points import importance_of
from nnviz.gui.theme import Theme, font
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.table import Table

_ROW, _TOP, _MOST_NAME, _NUMBER = 34.0, 18.0, 260.0, 64.0
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

_AT_ONCE = 1_500
"""Trainings whose importance is computed within a frame or two."""

TOGETHER = "settings acting together"
CHANCE = "chance: the seeds"
REST = "together, or chance"


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its share 0..1, and whether it stands for a setting."""

    name: str
    share: float
    setting: bool


def bars_of(found: Importance, titles: Mapping[str, str]) -> tuple[Bar, ...]:
    """Return the settings, the most important first, and what is left; nothing where there is nothing to explain."""
    if any(not math.isfinite(share) for share in found.main.values()):
        return ()
    named = sorted(found.main.items(), key=lambda pair: -pair[1])
    bars = [Bar(titles.get(path, path), share, True) for path, share in named]
    if math.isfinite(found.chance):
        bars += [Bar(TOGETHER, found.together, False), Bar(CHANCE, found.chance, False)]
    else:
        bars.append(Bar(REST, found.unexplained, False))
    return tuple(bars)


def explained(found: Importance, measure: str, bars: tuple[Bar, ...]) -> str:
    """Return in words what the bars are."""
    if not bars:
        return ""
    first = next((bar for bar in bars if bar.setting), None)
    most = f"{first.name} explains the largest part. " if first is not None and first.share > 0.05 else ""
    chance = (
        "" if math.isfinite(found.chance) else " With several seeds chance can be told from settings that interact."
    )
    return (
        f"{most}A bar is the share of the variance of {measure}, over {found.rows:,} trainings, that a setting "
        f"explains by itself, averaged over all others (main effect; Sobol 1993, Hutter et al. 2014).{chance}"
    )


class Explaining:
    """Computes importance: at once for few trainings, for many on a thread, so that no window waits for it."""

    def __init__(self) -> None:
        self._found: Importance | None = None
        self._of: tuple[int, bool] | None = None  # rows and scale of what is being computed, or was
        self._thread: threading.Thread | None = None

    def clear(self) -> None:
        """Forget what was found."""
        self._found, self._of, self._thread = None, None, None

    @property
    def busy(self) -> bool:
        """Whether something is being computed."""
        return self._thread is not None and self._thread.is_alive()

    def of(self, table: Table, plan: Plan, log: bool) -> Importance | None:
        """Return what is known of some rows: the last that was found while they are computed, None where there is none.

        Call it again once it is no longer `busy`.
        """
        wanted = (len(table), log)
        if wanted != self._of and not self.busy:
            self._of = wanted
            if len(table) <= _AT_ONCE:
                self._found = importance_of(table, plan, log)
            else:
                self._thread = threading.Thread(
                    target=self._compute, args=(table, plan, log), name="nnviz-sweep-importance", daemon=True
                )
                self._thread.start()
        return self._found

    def _compute(self, table: Table, plan: Plan, log: bool) -> None:
        found = importance_of(table, plan, log)
        if self._thread is threading.current_thread():  # else it has been forgotten
            self._found = found


class ImportancePlot(QWidget):
    """Horizontal bars on a scale from 0 to 100 %."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.bars: tuple[Bar, ...] = ()
        self._sentence = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Importance of the settings")

    def sizeHint(self) -> QSize:
        return QSize(520, self.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(320, int(2 * _TOP + 16 + _ROW * max(4, len(self.bars))))

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme
        self.update()

    def say(self, sentence: str) -> None:
        """Show a sentence instead."""
        self.bars, self._sentence = (), sentence
        self.setAccessibleDescription(sentence)
        self.update()

    def show_bars(self, bars: tuple[Bar, ...]) -> None:
        """Show bars."""
        if bars != self.bars:
            self.bars, self._sentence = bars, ""
            self.setAccessibleDescription(", ".join(f"{bar.name} {_percent(bar.share)}" for bar in bars))
            self.updateGeometry()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.bars:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_bars(painter)
        else:
            paint_sentence(painter, self, self.theme, self._sentence)
        painter.end()

    def _paint_bars(self, painter: QPainter) -> None:
        theme, metrics = self.theme, QFontMetricsF(font("body"))
        names = min(max(metrics.horizontalAdvance(bar.name) for bar in self.bars), _MOST_NAME, 0.4 * self.width())
        left = 16 + names + 12
        width = max(40.0, self.width() - left - _NUMBER - 16)
        bottom = _TOP + _ROW * len(self.bars)
        painter.setFont(font("small", tabular=True))
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            x = round(left + width * share) + 0.5
            painter.setPen(QPen(theme.color("border"), 1.0))
            painter.drawLine(QPointF(x, _TOP), QPointF(x, bottom))
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(x - 30, bottom + 4, 60, 16), Qt.AlignmentFlag.AlignCenter, _percent(share))
        for number, bar in enumerate(self.bars):
            row = QRectF(left, _TOP + _ROW * number, width, _ROW)
            painter.setFont(font("body"))
            painter.setPen(theme.color("text" if bar.setting else "muted"))
            name = metrics.elidedText(bar.name, Qt.TextElideMode.ElideRight, names)
            painter.drawText(QRectF(16, row.top(), names, _ROW), _RIGHT, name)
            long = width * min(1.0, max(0.0, bar.share))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent") if bar.setting else theme.color("muted", 0.55))
            painter.drawRoundedRect(QRectF(left, row.top() + 8, max(2.0, long), _ROW - 16), 3, 3)
            painter.setFont(font("body", tabular=True))
            painter.setPen(theme.color("text" if bar.setting else "muted"))
            painter.drawText(QRectF(left + long + 8, row.top(), _NUMBER, _ROW), _LEFT, _percent(bar.share))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.0995 or share == 0 else f"{100 * share:.1f} %"
