"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, Table, View, views, why_nothing
from nnviz.gui.views.parts.matrix import Matrix
from nnviz.gui.views.parts.switches import Choice, add_choice
from nnviz.history.history import History
from nnviz.snapshot import Snapshot

_PARTS = ("train", "test")
_TEST = 1
_LOCKED = "The test part is locked; look at the training part, or open the test vault in the laboratory."


@views.register
class Confusion(View):
    """Counts of samples by true and predicted class; the colour is the share of the true class."""

    name = "confusion"
    title = "Confusion"
    question = "What does it answer?"
    help = "Each row is a class, each column an answer. On the diagonal are the right ones."
    needs = frozenset({"confusion"})
    order = 40
    figure_size = (321, 280)

    def build(self, theme: Theme) -> None:
        self._part = _TEST
        self._choice: Choice | None = None
        self._summary = ""
        self._shown: tuple[History, Snapshot | None] | None = None
        self._matrix = Matrix(theme, self)
        self._matrix.say(_why_empty(None))
        self._matrix.setMouseTracking(True)
        self._matrix.pointed.connect(self._point)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._matrix)

    def refresh(self, history: History, snapshot: Snapshot | None) -> None:
        counts = self._counts(history, snapshot)
        if snapshot is None or counts is None:
            locked = self._part == _TEST and history.sealed
            self._matrix.say(_LOCKED if locked else why_nothing(history, _why_empty(snapshot)))
            self._summary = ""
            self.set_caption("")
            return
        self._matrix.draw(counts, snapshot.data.class_names)
        right = np.trace(counts) / max(1, counts.sum())
        self._summary = f"{_PARTS[self._part]} · {100 * right:.1f} % right"
        self._point(self._matrix.pointer)

    def legend(self) -> tuple[Key, ...]:
        if not self._summary:
            return ()
        return (
            Key(f"right ({_PARTS[self._part]})", self.theme.color("train"), "square"),
            Key("wrong", self.theme.color("danger"), "square"),
        )

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self._matrix.apply_theme(theme)

    def paint_figure(self, painter: QPainter, rect: QRectF) -> None:
        painter.save()
        painter.translate(rect.topLeft())
        self._matrix.paint(painter)
        painter.restore()

    def table(self, history: History, snapshot: Snapshot | None) -> Table:
        counts = self._counts(history, snapshot)
        if snapshot is None or counts is None:
            return {}
        names = snapshot.data.class_names
        columns = {f"predicted {name}": counts[:, i] for i, name in enumerate(names)}
        return {f"true ({_PARTS[self._part]})": np.array(names), **columns}

    def controls(self, bar: QHBoxLayout) -> None:
        self._choice = add_choice(bar, "Part of the data", _PARTS, self._part, self._choose)

    def state(self) -> dict[str, Any]:
        return {"part": _PARTS[self._part]}

    def restore(self, state: Mapping[str, Any]) -> None:
        part = state.get("part", _PARTS[self._part])
        if part in _PARTS:
            self._choose(_PARTS.index(part))

    # ------------------------------------------------------------ parts

    def _counts(self, history: History, snapshot: Snapshot | None) -> NDArray[np.int64] | None:
        """Return the table (classes, classes) of the chosen part, None where it is hidden or not there."""
        tables = None if snapshot is None else snapshot.arrays.get("confusion")
        return None if tables is None or (self._part == _TEST and history.sealed) else tables[self._part]

    def _choose(self, part: int) -> None:
        if part != self._part:
            self._part = part
            if self._choice is not None:
                self._choice.set_items(_PARTS, part)
            self.redraw_wanted.emit()

    def _point(self, at: QPointF | None) -> None:
        """Say in the title bar what stands in the cell under the mouse."""
        words = self._matrix.words_at(at) if at is not None else ""
        self.set_caption(words or self._summary)


def _why_empty(snapshot: Snapshot | None) -> str:
    if snapshot is not None and snapshot.data.task == "regression":
        return "Confusion needs classes; this is regression."
    return "Counts appear as soon as the network is built."
