"""The timeline across the foot of the window: the runs, the playhead, and what can be done with them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.gui.controller import Controller
from nnviz.gui.panels.lanes import GAP, LANE, MARGIN, TOP, Lanes
from nnviz.gui.run_colors import RUN_COLORS
from nnviz.gui.theme import Theme
from nnviz.gui.widgets.column import VerticalScroll
from nnviz.run import Run

_HEAD = 24
_MOST_LANES = 4
"""Lanes that are seen at once; more of them scroll."""


class Timeline(QFrame):
    """Caption, lanes, and the way back to now."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._front: Run | None = None  # whose lane has been scrolled to
        self.lanes = Lanes(controller, theme, self)
        self.lanes.menu_wanted.connect(self._open_menu)
        self.lanes.rename_wanted.connect(self.rename)
        caption = QLabel("TIMELINE", self)
        caption.setObjectName("caption")
        self._where = QLabel(self)
        self._where.setObjectName("caption-note")
        self.now = QToolButton(self)
        self.now.setObjectName("flat")
        self.now.setText("Back to now")
        self.now.setToolTip("Look at the run as it is now (End)")
        self.now.clicked.connect(controller.go_live)
        self._note = QLabel(self)
        self._note.setObjectName("caption-note")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(caption)
        top.addSpacing(8)
        top.addWidget(self._where)
        top.addWidget(self.now)
        top.addStretch(1)
        top.addWidget(self._note)
        top.setContentsMargins(MARGIN, 4, MARGIN, 0)
        self._head = QWidget(self)
        self._head.setFixedHeight(_HEAD)
        self._head.setLayout(top)
        self._scroll = VerticalScroll(self)
        self._scroll.setWidget(self.lanes)
        self._scroll.viewport().setAutoFillBackground(False)
        self.lanes.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self._scroll)
        self.refresh()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.lanes.apply_theme(theme)

    def refresh(self) -> None:
        """Show the runs as they are now."""
        run, count = self._controller.run, len(self.lanes.runs)
        hidden = len(self._controller.session.runs) - count
        words = "1 run" if count == 1 else f"{count} runs"
        archived = f" · {hidden} archived" if hidden else ""
        self._note.setText(f"{words}{archived} · drag to rewind, F forks")
        self._where.setText(where_words(run))
        self.now.setVisible(run.playhead is not None)
        lanes = max(2, min(_MOST_LANES, count))
        self.setFixedHeight(_HEAD + TOP + lanes * (LANE + GAP) + 6)
        bar = self._scroll.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        self.lanes.refresh()
        if run is not self._front:
            self._front = run
            lane = self.lanes.lane(self.lanes.runs.index(run))
            self._scroll.ensureVisible(0, round(lane.center().y()), 0, LANE)
        elif at_end:
            bar.setValue(bar.maximum())

    # ------------------------------------------------------------ what can be done with a run

    @Slot(object, QPoint)
    def _open_menu(self, run: Run, point: QPoint) -> None:
        controller = self._controller
        menu = QMenu(self)
        fork = menu.addAction("Fork here\tF")
        best = menu.addAction("Go to the best epoch\tB")
        menu.addSeparator()
        rename = menu.addAction("Rename…\tdouble-click")
        note = menu.addAction("Note…")
        colors = menu.addMenu("Colour")
        for number, color in enumerate(RUN_COLORS):
            pixmap = QPixmap(QSize(12, 12))
            pixmap.fill(color)
            colors.addAction(QIcon(pixmap), f"Colour {number + 1}").setData(number)
        star = menu.addAction("Remove the star" if run.starred else "Star")
        along = menu.addAction("Train along")
        along.setCheckable(True)
        along.setChecked(run.along)
        along.setEnabled(run is not controller.run or run.along)
        menu.addSeparator()
        archive = menu.addAction("Bring back from the archive" if run.archived else "Archive")
        remove = menu.addAction("Remove")
        remove.setEnabled(len(controller.session.runs) > 1)
        chosen = menu.exec(point)
        color_number = chosen.data() if chosen is not None else None
        menu.deleteLater()
        if chosen is None:
            return
        if chosen is fork:
            controller.select(run)
            controller.fork()
        elif chosen is best:
            controller.select(run)
            controller.go_to_best()
        elif chosen is rename:
            self.rename(run)
        elif chosen is note:
            self._write_note(run)
        elif chosen is star:
            controller.describe(run, "starred", not run.starred)
        elif chosen is along:
            controller.train_along(run, not run.along)
        elif chosen is archive:
            controller.describe(run, "archived", not run.archived)
        elif chosen is remove:
            controller.remove(run)
        elif color_number is not None:
            controller.describe(run, "color", int(color_number))

    @Slot(object)
    def rename(self, run: Run) -> None:
        """Ask for another name of a run."""
        name, accepted = QInputDialog.getText(self, "Rename the run", "Name", text=run.name)
        if accepted and name.strip():
            self._controller.describe(run, "name", name.strip())

    def _write_note(self, run: Run) -> None:
        note, accepted = QInputDialog.getMultiLineText(
            self, "Note", f"What there is to say about {run.name}:", run.note
        )
        if accepted:
            self._controller.describe(run, "note", note.strip())


def where_words(run: Run) -> str:
    """Return which epoch is looked at, and how far repeating it has come; nothing where it is now."""
    if run.playhead is None:
        return ""
    shown = run.snapshot.epoch if run.snapshot is not None and run.snapshot.past else run.playhead
    words = f"epoch {shown:,} of {run.epoch:,}"
    if run.repeating is not None:
        share, left = run.repeating
        words = f"repeating up to epoch {run.playhead:,}: {100 * share:.0f} %, {left:.0f} s left · Esc gives up"
    return words
