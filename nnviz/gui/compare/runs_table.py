"""The table of all runs: what sets them apart, how they fare, and which are compared."""

from __future__ import annotations

import json

from PySide6.QtCore import QItemSelectionModel, QPoint, QSettings, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractItemView, QMenu, QStyledItemDelegate, QVBoxLayout, QWidget

from nnviz.gui.compare.chosen import Chosen
from nnviz.gui.compare.measured import MOMENTS, Moment
from nnviz.gui.compare.rows import CHECK, COLOR, NAME, NOTE, STAR, Column, as_text, table
from nnviz.gui.compare.run_actions import RunActions
from nnviz.gui.compare.run_cells import ColorDelegate, StarDelegate
from nnviz.gui.compare.runs_model import Index, RunsModel, RunsOrder, header_text
from nnviz.gui.controller import Controller
from nnviz.gui.icons import icon
from nnviz.gui.panels.table_views import RoleDelegate, table_view
from nnviz.gui.run_colors import run_color
from nnviz.gui.theme import Theme
from nnviz.gui.view_dock import TitleBar
from nnviz.gui.views.parts.switches import BarButton, add_choice, add_switch
from nnviz.gui.widgets.card import card
from nnviz.run import Run

_FIXED = {CHECK, NAME}
"""Columns that cannot be hidden: without them nothing could be compared."""

_WIDEST = 240
"""Most pixels that a column of settings takes until somebody makes it wider."""

_GROUP = "compare"


class RunsTable(QWidget):
    """The table under its title bar. Call `refresh` a few times per second; what the user does is seen at once."""

    def __init__(
        self,
        controller: Controller,
        chosen: Chosen,
        theme: Theme,
        settings: QSettings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller, self._chosen, self._settings = controller, chosen, settings
        self._moment: Moment = "last"
        self._widths: dict[str, int] = {}
        self._hidden: set[str] = set()
        self._sorted: tuple[str, bool] | None = None  # key of a column, and whether descending
        self._arranging = False
        self.model = RunsModel(self)
        self.order = RunsOrder(self.model, self)
        self.view = table_view("Runs", self.order, self)
        self._set_up_view()
        self.bar = TitleBar("Runs", self)
        self._set_up_bar()
        self._assemble()
        self.actions_of_runs = RunActions(controller, chosen, self.view, self.selected, self._rename, self._as_text)
        self.model.entered.connect(self._entered)
        self.model.checked.connect(self._checked)
        controller.run_changed.connect(self._refresh_if_seen)
        chosen.changed.connect(self._refresh_if_seen)
        self._load()
        self.apply_theme(theme)
        self.refresh()

    # ------------------------------------------------------------ assembly

    def _set_up_view(self) -> None:
        view = self.view
        view.setAccessibleDescription("All runs of this session, one in each row.")
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        view.setSortingEnabled(False)  # by hand, since columns come and go
        view.setStyleSheet(f"{view.styleSheet()} QTableView {{ border: none; }}")  # the card has one
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(26)
        header = view.horizontalHeader()
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(36)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_columns_at)
        header.sectionClicked.connect(self._sort_by_section)
        header.sectionResized.connect(self._resized)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._open_menu_at)
        view.clicked.connect(self._clicked)
        view.doubleClicked.connect(self._double_clicked)
        self._plain = QStyledItemDelegate(view)
        self._plain.closeEditor.connect(self._refresh_if_seen, Qt.ConnectionType.QueuedConnection)
        self._delegates = {CHECK: RoleDelegate(view), COLOR: ColorDelegate(view), STAR: StarDelegate(view)}

    def _set_up_bar(self) -> None:
        names = list(MOMENTS.values())
        at = list(MOMENTS).index(self._moment)
        self._moments = add_choice(self.bar.row, "The epoch that the metrics are of", names, at, self._choose_moment)
        self.archived = add_switch(
            self.bar.row, "archived", "Show archived runs", self.order.archived, self._show_archived
        )
        self.columns = BarButton("columns ▾", "Which columns are shown")
        self.columns.clicked.connect(self._open_columns)
        self.more = BarButton("", "What can be done with the selected runs")
        self.more.clicked.connect(self._open_menu)
        self.bar.row.addWidget(self.columns)
        self.bar.row.addWidget(self.more)

    def _assemble(self) -> None:
        holder = QVBoxLayout()
        holder.setContentsMargins(12, 0, 12, 6)
        holder.addWidget(card(self.view))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addLayout(holder, 1)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.more.setIcon(icon("more", theme.muted))
        self.view.viewport().update()

    # ------------------------------------------------------------ what is shown

    @Slot()
    def refresh(self) -> None:
        """Show the runs as they are now; while a name or a note is typed, wait."""
        if self.view.state() == QAbstractItemView.State.EditingState:
            return
        runs = self._controller.session.runs
        colors = {run.number: run_color(run).name() for run in runs}
        shown = table(runs, self._controller.run, self._chosen.runs, self._moment, colors)
        kept, current = {run.number for run in self.selected()}, self._current_number()
        self._arranging = True
        if self.model.show_table(shown):
            self._arrange_columns()
            self._select(kept, current)
        self._arranging = False
        hidden = sum(run.archived for run in runs)
        words = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
        self.bar.note.set_text(f"{words} · {hidden} archived" if hidden else words)

    @Slot()
    def _refresh_if_seen(self) -> None:
        if self.isVisible():
            self.refresh()

    def selected(self) -> list[Run]:
        """Return the runs of the selected rows, from top to bottom."""
        rows = sorted(index.row() for index in self.view.selectionModel().selectedRows())
        found = [self._run(self.order.at(row).number) for row in rows]
        return [run for run in found if run is not None]

    def _run(self, number: int) -> Run | None:
        return next((run for run in self._controller.session.runs if run.number == number), None)

    def _current_number(self) -> int | None:
        index = self.view.currentIndex()
        return self.order.at(index.row()).number if index.isValid() else None

    def _select(self, numbers: set[int], current: int | None) -> None:
        """Select the rows of some runs again, or that of the run in front."""
        selection = self.view.selectionModel()
        kind = QItemSelectionModel.SelectionFlag
        front = self._controller.run.number
        wanted = numbers or {front}
        at = self.order.row_of(current if current is not None else front)
        if at >= 0:
            selection.setCurrentIndex(self.order.index(at, self.model.place_of(NAME)), kind.NoUpdate)
        for number in wanted:
            row = self.order.row_of(number)
            if row >= 0:
                selection.select(self.order.index(row, 0), kind.Select | kind.Rows)

    def _arrange_columns(self) -> None:
        """Give all columns their widths, delegates and order: they may be others than before."""
        arranging, self._arranging = self._arranging, True
        for place, column in enumerate(self.model.table.columns):
            self.view.setItemDelegateForColumn(place, self._delegates.get(column.key, self._plain))
            self.view.setColumnHidden(place, column.key in self._hidden)
            self.view.setColumnWidth(place, self._widths.get(column.key) or self._roomy(column))
        self.view.horizontalHeader().setStretchLastSection(True)
        self._arranging = arranging
        self._sort()

    def _roomy(self, column: Column) -> int:
        """Return the width at which the heading can be read, and the values of a setting, in pixels."""
        metrics = self.view.fontMetrics()
        words = [row.cells[column.key].text for row in self.model.table.rows] if column.setting else []
        widest = max((metrics.horizontalAdvance(text) for text in words), default=0)
        return max(column.width, metrics.horizontalAdvance(header_text(column)) + 16, min(widest + 16, _WIDEST))

    # ------------------------------------------------------------ order and columns

    @Slot(int)
    def _sort_by_section(self, section: int) -> None:
        """Sort by a column: upwards, downwards, and then as they were made."""
        key = self.model.column(section).key
        if self._sorted == (key, True):
            self._sorted = None
        else:
            self._sorted = (key, self._sorted == (key, False))
        self._sort()
        self._save()

    def _sort(self) -> None:
        place = self.model.place_of(self._sorted[0]) if self._sorted is not None else -1
        descending = self._sorted is not None and self._sorted[1]
        way = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self.order.sort(place, way)
        header = self.view.horizontalHeader()
        header.setSortIndicatorShown(place >= 0)
        header.setSortIndicator(place, way)

    @Slot(int, int, int)
    def _resized(self, section: int, before: int, width: int) -> None:
        shown = [i for i in range(len(self.model.table.columns)) if not self.view.isColumnHidden(i)]
        if not self._arranging and section in shown[:-1]:  # the last one is stretched, not resized
            self._widths[self.model.column(section).key] = width
            self._save()

    @Slot(QPoint)
    def _open_columns_at(self, point: QPoint) -> None:
        self.columns_menu().popup(self.view.horizontalHeader().mapToGlobal(point))

    @Slot()
    def _open_columns(self) -> None:
        self.columns_menu().popup(self.columns.mapToGlobal(QPoint(0, self.columns.height())))

    def columns_menu(self) -> QMenu:
        """Return a new menu of all columns, checked while they are shown; it goes when it is closed."""
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        for column in self.model.table.columns:
            action = menu.addAction(column.title)
            action.setData(column.key)
            action.setCheckable(True)
            action.setChecked(column.key not in self._hidden)
            action.setEnabled(column.key not in _FIXED)
        menu.triggered.connect(self._toggle_column)
        return menu

    @Slot(QAction)
    def _toggle_column(self, action: QAction) -> None:
        self._hidden ^= {str(action.data())}
        self._arrange_columns()
        self._save()

    def _load(self) -> None:
        """Take over widths, hidden columns and order from the last time."""
        if self._settings is None:
            return
        try:
            kept = json.loads(str(self._settings.value(f"{_GROUP}/columns", "{}")))
            self._widths = {str(key): int(width) for key, width in kept.get("widths", {}).items()}
            self._hidden = {str(key) for key in kept.get("hidden", [])} - _FIXED
            sort = kept.get("sorted")
            self._sorted = (str(sort[0]), bool(sort[1])) if sort else None
        except (ValueError, TypeError, AttributeError, IndexError):
            return  # of another version, or damaged: begin anew

    def _save(self) -> None:
        if self._settings is not None:
            kept = {"widths": self._widths, "hidden": sorted(self._hidden), "sorted": self._sorted}
            self._settings.setValue(f"{_GROUP}/columns", json.dumps(kept))

    # ------------------------------------------------------------ what the user does

    @Slot(int)
    def _choose_moment(self, number: int) -> None:
        self._moment = list(MOMENTS)[number]
        self._moments.set_items(list(MOMENTS.values()), number)
        self.refresh()

    @Slot(bool)
    def _show_archived(self, on: bool) -> None:
        self.order.show_archived(on)

    @Slot(int, str, str)
    def _entered(self, number: int, key: str, text: str) -> None:
        run = self._run(number)
        if run is not None and (text or key == NOTE):  # a run needs a name
            self._controller.describe(run, key, text)

    @Slot(int, bool)
    def _checked(self, number: int, on: bool) -> None:
        run = self._run(number)
        if run is not None:
            self._chosen.choose(run, on)

    @Slot(object)
    def _clicked(self, index: Index) -> None:
        key = self.model.column(index.column()).key
        if key == STAR:
            self.actions_of_runs.star.trigger()
        elif key == COLOR:
            menu = self.actions_of_runs.color_menu(self.view)
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(self.view.viewport().mapToGlobal(self.view.visualRect(index).bottomLeft()))

    @Slot(object)
    def _double_clicked(self, index: Index) -> None:
        if self.model.column(index.column()).key not in (NAME, NOTE, STAR, COLOR, CHECK):
            self.actions_of_runs.front.trigger()

    def _rename(self) -> None:
        """Let the user type another name, or in the column of notes another note."""
        index = self.view.currentIndex()
        if not index.isValid():
            return
        key = self.model.column(index.column()).key
        wanted = index if key == NOTE else self.order.index(index.row(), self.model.place_of(NAME))
        self.view.setCurrentIndex(wanted)
        self.view.edit(wanted)

    @Slot()
    def _open_menu(self) -> None:
        self._menu(self.more.mapToGlobal(QPoint(0, self.more.height())))

    @Slot(QPoint)
    def _open_menu_at(self, point: QPoint) -> None:
        self._menu(self.view.viewport().mapToGlobal(point))

    def _menu(self, point: QPoint) -> None:
        if self.selected():
            menu = self.actions_of_runs.menu()
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(point)

    def _as_text(self, separator: str) -> str:
        """Return the selected rows, or all, with the columns that are shown."""
        columns = [c for i, c in enumerate(self.model.table.columns) if not self.view.isColumnHidden(i)]
        picked = sorted(index.row() for index in self.view.selectionModel().selectedRows())
        rows = [self.order.at(row) for row in picked or range(self.order.rowCount())]
        return as_text(columns, rows, separator)
