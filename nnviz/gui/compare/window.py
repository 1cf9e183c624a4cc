"""The window that compares runs."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from nnviz.gui.compare.chosen import Chosen
from nnviz.gui.compare.curves import CurvesPage
from nnviz.gui.compare.difference_map import DifferenceMapPage
from nnviz.gui.compare.epoch_slider import EpochSlider
from nnviz.gui.compare.page import Page
from nnviz.gui.compare.playheads import Playheads, first_epoch, last_epoch
from nnviz.gui.compare.runs_table import RunsTable
from nnviz.gui.compare.side_by_side import SideBySidePage
from nnviz.gui.compare.similarity import SimilarityPage
from nnviz.gui.compare.words import WordsPage
from nnviz.gui.controller import Controller
from nnviz.gui.frame_clock import TEXT_RATE, Drawer, FrameClock
from nnviz.gui.icons import app_icon
from nnviz.gui.theme import Theme
from nnviz.gui.view_dock import Note
from nnviz.gui.views.parts.switches import BarButton
from nnviz.gui.widgets.card import card

SIZE, SMALLEST = QSize(1240, 820), QSize(900, 600)
_NOTICE_MS = 12_000
_TABLE, _PAGE = 252, 520
"""Heights of the table and the page in a new window, in pixels."""


class CompareWindow(QMainWindow):
    """A table of all runs above, and pages that compare the checked ones below; it may be closed and shown again.

    While it can be seen it draws with the given clock, has the session take snapshots of the runs that are compared,
    and `needs` are the probes that it shows: whoever tells the session what to measure takes them in, and is told by
    `needs_changed`. Closed, it costs nothing. It does not keep the application alive.
    """

    needs_changed = Signal()

    def __init__(
        self,
        controller: Controller,
        theme: Theme,
        clock: FrameClock,
        parent: QWidget | None = None,
        remember: bool = True,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setWindowTitle("Compare runs – nnviz")
        self.setWindowIcon(app_icon())
        self.setMinimumSize(SMALLEST)
        self.theme = theme
        self._controller, self._clock = controller, clock
        self._settings = QSettings("nnviz", "nnviz") if remember else None
        self._drawers: list[Drawer] = []
        self._needs: frozenset[str] = frozenset()
        self.chosen = Chosen(controller, self)
        self.playheads = Playheads(controller)
        self.table = RunsTable(controller, self.chosen, theme, self._settings, self)
        self.pages: tuple[Page, ...] = (
            CurvesPage(controller, self.playheads, theme, self),
            SideBySidePage(self.playheads, theme, self),
            DifferenceMapPage(theme, self),
            SimilarityPage(theme, self),
            WordsPage(theme, self),
        )
        self._assemble()
        self._connect()
        self.apply_theme(theme)
        self.resize(SIZE)
        self.splitter.setSizes([_TABLE, _PAGE])
        self._restore()

    # ------------------------------------------------------------ assembly

    def _assemble(self) -> None:
        self.tabs = QTabBar(self)
        self.tabs.setAccessibleName("How the runs are compared")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.note = Note(self)
        self._controls = QStackedWidget(self)
        self.stack = QStackedWidget(self)
        self._empty = QLabel(self)
        self._empty.setObjectName("muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self.stack.addWidget(card(self._empty))
        for number, page in enumerate(self.pages, start=1):
            self._add_page(page, number)
        head = QWidget(self)
        head.setFixedHeight(36)
        top = QHBoxLayout(head)
        top.setContentsMargins(12, 0, 12, 0)
        top.setSpacing(10)
        top.addWidget(self.tabs)
        top.addWidget(self.note, 1)
        top.addWidget(self._controls)
        holder = QVBoxLayout()
        holder.setContentsMargins(12, 0, 12, 6)
        holder.addWidget(self.stack)
        below = QWidget(self)
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addLayout(holder, 1)
        column.addWidget(self._make_foot())
        self.splitter = QSplitter(Qt.Orientation.Vertical, self)
        self.splitter.addWidget(self.table)
        self.splitter.addWidget(below)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setCollapsible(1, False)
        self.splitter.setHandleWidth(4)
        self.setCentralWidget(self.splitter)

    def _make_foot(self) -> QWidget:
        """Return the row with the common playhead."""
        self.foot = QWidget(self)
        self.link_switch = BarButton("linked", "All compared runs at the same epoch, with one slider")
        self.link_switch.setCheckable(True)
        self.link_switch.setChecked(self.playheads.linked)
        self.link_switch.toggled.connect(self._link)
        self.slider = EpochSlider("Epoch of all compared runs", self.foot)
        self.slider.moved.connect(self._look_for)
        self.slider.settled.connect(self._settle)
        self.slider.live_wanted.connect(self._go_live)
        row = QHBoxLayout(self.foot)
        row.setContentsMargins(12, 0, 12, 2)
        row.addWidget(self.link_switch)
        row.addWidget(self.slider, 1)
        self._apart = QLabel("Each run is shown at an epoch of its own: move it side by side, or on the timeline.")
        self._apart.setObjectName("muted")
        row.addWidget(self._apart, 1)
        return self.foot

    def _add_page(self, page: Page, number: int) -> None:
        keys = f"Ctrl+{number}"
        place = self.tabs.addTab(page.title)
        self.tabs.setTabToolTip(place, f"<p>{page.help} ({keys})</p>")
        self.stack.addWidget(page)
        bar = QWidget(self)
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addStretch(1)
        page.controls(row)
        self._controls.addWidget(bar)
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setProperty("page", place)
        shortcut.activated.connect(self._choose_by_key)

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._turn_page)
        self.chosen.changed.connect(self.draw)
        self.chosen.refused.connect(self._show_notice)
        self._controller.notice.connect(self._show_notice)
        self._controller.run_changed.connect(self._draw_soon)
        for page in self.pages:
            page.redraw_wanted.connect(self.draw)
            page.needs_changed.connect(self._update_needs)
            page.caption_changed.connect(self._show_caption)
        QShortcut(QKeySequence("Ctrl+W"), self).activated.connect(self.close)
        QShortcut(QKeySequence("Escape"), self).activated.connect(self.close)
        undo = self._controller.undo_stack
        QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self).activated.connect(undo.undo)
        QShortcut(QKeySequence("Ctrl+Shift+Z"), self).activated.connect(undo.redo)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything; widgets of Qt follow the application."""
        self.theme = theme
        self.table.apply_theme(theme)
        for page in self.pages:
            page.apply_theme(theme)
        self.draw()

    # ------------------------------------------------------------ what is shown

    @property
    def needs(self) -> frozenset[str]:
        """The probes that it shows now; none while it is closed."""
        return self._needs

    @property
    def page(self) -> Page:
        """The page in front."""
        return self.pages[self.tabs.currentIndex()]

    @Slot()
    def draw(self) -> None:
        """Draw the page in front, or why there is nothing to compare."""
        if not self._seen():
            return
        self.chosen.keep_up()
        runs = self.chosen.runs
        comparable = len(runs) >= 2
        for part in (self._controls, self.note, self.foot):
            part.setVisible(comparable)
        if not comparable:
            alone = len(self._controller.session.runs) < 2
            self._empty.setText(
                "Fork or twin a run to compare it."
                if alone
                else "Check two runs in the table, or up to four, to compare them."
            )
            self.stack.setCurrentIndex(0)
            return
        self.playheads.keep_up(runs)
        linked = self.playheads.linked
        self.slider.setVisible(linked)
        self._apart.setVisible(not linked)
        self.slider.show_epoch(first_epoch(runs), last_epoch(runs), self.playheads.epoch)
        self.stack.setCurrentWidget(self.page)
        self.page.show_runs(runs)
        if self.page.unfinished:
            self._draw_soon()  # what it waits for brings no news

    def _seen(self) -> bool:
        return self.isVisible() and not self.isMinimized()

    @Slot()
    def _draw_soon(self) -> None:
        """Draw in turn: what moves under a hand would be drawn far too often."""
        if self._drawers:
            self._drawers[0].dirty = True

    @Slot(int)
    def _turn_page(self, place: int) -> None:
        self._controls.setCurrentIndex(place)
        self.note.set_text(self.page.caption)
        if self._drawers:
            self._drawers[0].rate = self.page.rate
        self._update_needs()
        self.draw()

    @Slot()
    def _choose_by_key(self) -> None:
        self.tabs.setCurrentIndex(int(self.sender().property("page")))

    @Slot()
    def _update_needs(self) -> None:
        needs = self.page.needs if self.isVisible() else frozenset()
        if needs != self._needs:
            self._needs = needs
            self.needs_changed.emit()

    @Slot(str)
    def _show_caption(self, text: str) -> None:
        if self.sender() is self.page:
            self.note.set_text(text)

    @Slot(str)
    def _show_notice(self, text: str) -> None:
        self.statusBar().showMessage(text, _NOTICE_MS)

    # ------------------------------------------------------------ playheads

    def _link(self, on: bool) -> None:
        self.playheads.link(on, self.chosen.runs)
        self.draw()

    @Slot(int)
    def _look_for(self, epoch: int) -> None:
        self.playheads.go_to(epoch, self.chosen.runs, exact=False)
        self._draw_soon()

    @Slot(int)
    def _settle(self, epoch: int) -> None:
        self.playheads.go_to(epoch, self.chosen.runs)
        self._draw_soon()

    @Slot()
    def _go_live(self) -> None:
        self.playheads.go_live(self.chosen.runs)
        self._draw_soon()

    # ------------------------------------------------------------ coming and going

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._drawers:
            return
        self._drawers = [
            self._clock.add("Compare", self.draw, self._seen, self.page.rate, self._painting),
            self._clock.add("Table of runs", self.table.refresh, self._seen, TEXT_RATE),
        ]
        self.chosen.attend(True)
        self.table.refresh()
        self.table.view.setFocus()
        self._update_needs()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.isMinimized() or event.spontaneous():
            return  # it is still there
        for drawer in self._drawers:
            self._clock.remove(drawer)
        self._drawers = []
        self.chosen.attend(False)
        self._update_needs()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Play or pause with Space, where no button and no row of the table has use for it."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._controller.toggle()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._save()
        super().closeEvent(event)

    def _painting(self) -> float:
        return self.page.painting()

    def _restore(self) -> None:
        if self._settings is None:
            return
        self.restoreGeometry(_bytes(self._settings.value("compare/geometry")))
        self.splitter.restoreState(_bytes(self._settings.value("compare/splitter")))
        titles = [page.title for page in self.pages]
        kept = str(self._settings.value("compare/page", titles[0]))
        self.tabs.setCurrentIndex(titles.index(kept) if kept in titles else 0)

    def _save(self) -> None:
        if self._settings is not None:
            self._settings.setValue("compare/geometry", self.saveGeometry())
            self._settings.setValue("compare/splitter", self.splitter.saveState())
            self._settings.setValue("compare/page", self.page.title)


def _bytes(value: object) -> QByteArray:
    return value if isinstance(value, QByteArray) else QByteArray()
