"""One view in a figure: letter, name, legend and the view itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF

from nnviz.gui import theme as look
from nnviz.gui.figures.painter import FigurePainter
from nnviz.gui.figures.problem import ExportError, NothingToShow
from nnviz.gui.plot.pens import line
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, Table, View
from nnviz.history.history import History
from nnviz.registry import unknown_name
from nnviz.snapshot import Snapshot

ROW = 17
"""Height of a line of text, in units: the small type of the window is 11 high."""

LEAST = QSize(140, 90)
"""The smallest room in which a view can still be read, in units."""

_EDGE = 8
_SIGN = 16
"""Room for the sign of a legend entry."""

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Words:
    """What stands around a view: the letter of the panel, its title (either may be empty), and whether its legend."""

    letter: str = ""
    title: str = ""
    legend: bool = True


class Panel:
    """A fresh copy of a view, laid out for paper at some width in units; `place` gives it its height.

    The copy is a widget of its own that never appears on screen, so that what the user looks at stays as it is.
    """

    def __init__(
        self,
        view_class: type[View],
        theme: Theme,
        history: History,
        snapshot: Snapshot | None,
        choices: Mapping[str, Any],
        words: Words,
        width: int,
    ) -> None:
        self.theme, self._words, self._width = theme, words, width
        self._history, self._snapshot = history, snapshot
        self._view = view_class(theme)
        try:
            take_over(self._view, choices)
            self._view.resize(width, LEAST.height())
            self._view.refresh(history, snapshot)
            if _empty(self.table()):
                raise NothingToShow(_why_nothing(view_class, snapshot))
        except BaseException:
            self.close()
            raise
        self._rows = self._layout(self._view.legend() if words.legend else ())

    def close(self) -> None:
        """Let go of the copy."""
        self._view.deleteLater()

    def table(self) -> Table:
        """Return the numbers behind the panel."""
        return self._view.table(self._history, self._snapshot)

    @property
    def natural_height(self) -> int:
        """The height that suits the width, in units: wide figures are flatter, rows of the legend come on top."""
        width, height = self._view.figure_size
        return round(height * (self._width / width) ** 0.5) + self._top - ROW

    @property
    def least_height(self) -> int:
        """The height below which nothing can be read, in units."""
        return self._top + LEAST.height()

    def place(self, height: int) -> None:
        """Give the panel its height, in units."""
        self._view.resize(self._width, max(LEAST.height(), height - self._top))
        self._view.grab(QRect(0, 0, 1, 1))  # lays out a widget that is never shown
        self._view.refresh(self._history, self._snapshot)

    def paint(self, painter: FigurePainter) -> None:
        """Draw the panel at the origin, as vectors as far as the view has any."""
        painter.setRenderHint(FigurePainter.RenderHint.Antialiasing)
        left = self._paint_heading(painter)
        painter.setFont(look.font("small"))
        shift = left - _EDGE if not self._words.title else 0.0
        for number, row in enumerate(self._rows):
            y = self._top - (len(self._rows) - number) * ROW
            for at, key in row:
                self._paint_key(painter, key, at + (shift if number == 0 else 0.0), y)
        painter.setBrush(Qt.BrushStyle.NoBrush)  # items of a scene may fill themselves with what is left here
        self._view.paint_figure(painter, QRectF(0, self._top, self._view.width(), self._view.height()))

    # ------------------------------------------------------------ parts

    @property
    def _top(self) -> int:
        """Where the view begins: below a line for the title and those of the legend; the letter is in the first."""
        lines = bool(self._words.title) + len(self._rows)
        return (max(lines, bool(self._words.letter)) * ROW + 4) if lines or self._words.letter else 0

    def _letter_room(self) -> float:
        """Return what the letter takes from the first line."""
        letter = self._words.letter
        return QFontMetricsF(_bold()).horizontalAdvance(letter) + 10 if letter else 0.0

    def _paint_heading(self, painter: FigurePainter) -> float:
        """Write letter and title; return where in the first line there is room again."""
        painter.setFont(_bold())
        painter.setPen(self.theme.color("text"))
        left = _EDGE + self._letter_room()
        if self._words.letter:
            painter.drawText(QRectF(_EDGE, 3, left, ROW), _LEFT, self._words.letter)
        if self._words.title:
            room = self._width - left - _EDGE
            text = QFontMetricsF(_bold()).elidedText(self._words.title, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRectF(left, 3, room, ROW), _LEFT, text)
        return left

    def _layout(self, keys: tuple[Key, ...]) -> list[list[tuple[float, Key]]]:
        """Return the rows of the legend: entries with where they begin, the first row as if there were no letter."""
        metrics = QFontMetricsF(look.font("small"))
        taken = 0.0 if self._words.title else self._letter_room()
        rows: list[list[tuple[float, Key]]] = [[]] if keys else []
        left, end = float(_EDGE), self._width - _EDGE - taken
        for key in keys:
            for part in _broken(key, self._width - 2 * _EDGE - _SIGN, metrics):
                width = _SIGN + metrics.horizontalAdvance(part.label)
                if (left + width > end and (rows[-1] or taken)) or part.sign == "blank":
                    rows.append([])
                    left, end = float(_EDGE), self._width - _EDGE
                rows[-1].append((left, part))
                left += width + 12
        return rows

    def _paint_key(self, painter: FigurePainter, key: Key, left: float, top: float) -> None:
        middle = QPointF(left + 5, top + ROW / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(key.color)
        if key.sign == "blank":
            pass
        elif key.sign == "line":
            thick = max(1.0, self.theme.pixel)
            painter.drawRect(QRectF(left, middle.y() - thick / 2, 11, thick))
        elif key.sign == "dashes":
            for at in (left, left + 4.5, left + 9):
                painter.drawRect(QRectF(at, middle.y() - 0.5, 2.5, 1))
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
        painter.drawText(QRectF(left + _SIGN, top, self._width, ROW), _LEFT, key.label)


def _empty(table: Table) -> bool:
    """Whether there is nothing to draw: no rows, or no number in any column but the first, which says where."""
    measured = list(table.values())[1:]
    if not any(len(column) for column in measured):
        return True
    return all(column.dtype.kind == "f" and not np.isfinite(column).any() for column in measured)


def take_over(view: View, choices: Mapping[str, Any]) -> None:
    """Have a view take over choices, as a recipe file may hold them. Raises ExportError naming the first it refuses."""
    for name, value in choices.items():
        known = view.state()
        if name not in known:
            raise ExportError(f"In the view “{view.title}”: {unknown_name('choice', name, list(known))}")
        try:
            view.restore({name: value})
            taken = bool(view.state()[name] == value)
        except (TypeError, ValueError, OverflowError):
            taken = False
        if not taken:
            before = f"at first it is {known[name]!r}"
            raise ExportError(f"The view “{view.title}” cannot take {value!r} for {name}; {before}.")


def _broken(key: Key, room: float, metrics: QFontMetricsF) -> list[Key]:
    """Return an entry of a legend, cut between words into as many lines as it needs; a word too long ends in …"""
    lines: list[str] = []
    for word in key.label.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and metrics.horizontalAdvance(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(metrics.elidedText(word, Qt.TextElideMode.ElideRight, room))
    return [replace(key, label=line, sign="blank" if number else key.sign) for number, line in enumerate(lines)]


def _bold() -> QFont:
    return look.font("small", bold=True)


def _why_nothing(view_class: type[View], snapshot: Snapshot | None) -> str:
    """Return a sentence for a view without numbers."""
    trained = snapshot is not None and snapshot.epoch > 0
    more = "this experiment has nothing that it could show" if trained else "train for an epoch and export again"
    return f"The view “{view_class.title}” has nothing to show{'' if trained else ' yet'}; {more}."
