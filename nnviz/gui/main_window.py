"""The main window: puts the panels and views together. It decides nothing else."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from nnviz.experiment import Experiment
from nnviz.gui import theme as themes
from nnviz.gui.arrangement import Arrangement
from nnviz.gui.companions import Companions
from nnviz.gui.controller import Controller
from nnviz.gui.documents import Documents
from nnviz.gui.figures.actions import FigureActions
from nnviz.gui.frame_clock import TEXT_RATE, FrameClock
from nnviz.gui.header import Header
from nnviz.gui.icons import app_icon
from nnviz.gui.menus import Menus
from nnviz.gui.network.editor import NetworkEditor
from nnviz.gui.panels.data import DataPanel
from nnviz.gui.panels.drawing import DrawingPanel
from nnviz.gui.panels.timeline import Timeline
from nnviz.gui.panels.training import TrainingPanel
from nnviz.gui.panels.verdict import VerdictPanel
from nnviz.gui.panels.welcome import WelcomeStrip
from nnviz.gui.safety import Safety
from nnviz.gui.status_line import StatusLine
from nnviz.gui.theme import Theme
from nnviz.gui.undo_record import UndoRecord
from nnviz.gui.vault_keeper import keeper_of
from nnviz.gui.view_dock import Dock, TitleBar, ViewDock
from nnviz.gui.views import View, views

_NOTICE_MS = 12_000

_ROOM_FOR_WELCOME, _ANY_HEIGHT = 760, 16_777_215
"""Height of a window from which the welcome strip takes nothing that the network needs; Qt's word for no limit."""


class MainWindow(QMainWindow):
    """One window on one session."""

    first_painted = Signal()

    def __init__(self, experiment: Experiment, theme: Theme | None = None, remember: bool = True) -> None:
        super().__init__()
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setAnimated(False)
        self._settings = QSettings("nnviz", "nnviz") if remember else None
        self.theme = theme or self._saved_theme()
        self.controller = Controller(experiment, self, start=False)
        self.clock = FrameClock(self._poll, self)
        self.first_paint: float | None = None
        self.docks: dict[str, Dock] = {}
        self._enlarged: ViewDock | None = None
        self._wanted: frozenset[str] = frozenset()
        self.vault = keeper_of(self.controller)  # before whatever shows a run: it hides what is locked
        self.companions = Companions(self, remember)
        self.undo_record = UndoRecord(self.controller)
        self.documents = Documents(self, remember)
        self.safety = Safety(self)
        self.figures = FigureActions(self, self.controller, self._update_wants)
        self._make_header()
        self._make_centre()
        self._make_docks()
        self.menus = Menus(self)
        self._connect()
        self.apply_theme(self.theme)
        self.arrangement = Arrangement(self, self.docks, self._settings)
        self.arrangement.restore()
        self.timeline.lanes.setFocus()  # not the first button, which would take ← and → for itself
        self.clock.start()

    # ------------------------------------------------------------ assembly

    def _make_header(self) -> None:
        self.header = Header(self.controller, self.theme, self)
        self._add_bar("header", self.header, Qt.ToolBarArea.TopToolBarArea)
        self.timeline = Timeline(self.controller, self.theme, self)
        self.timeline_bar = self._add_bar("timeline", self.timeline, Qt.ToolBarArea.BottomToolBarArea)
        self.clock.add("header", self.header.refresh, self.header.isVisible, TEXT_RATE)
        self.clock.add("timeline", self.timeline.refresh, self.timeline.isVisible, 10.0)

    def _add_bar(self, name: str, widget: QWidget, area: Qt.ToolBarArea) -> QToolBar:
        bar = QToolBar(name.capitalize(), self)
        bar.setObjectName(f"bar-{name}")
        bar.setMovable(False)
        bar.addWidget(widget)
        self.addToolBar(area, bar)
        return bar

    def _make_centre(self) -> None:
        self.editor = NetworkEditor(self.controller, self.theme)
        self.network_bar = TitleBar("Network")
        self.editor.caption_changed.connect(self.network_bar.note.set_text)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.welcome = WelcomeStrip(self.controller, self.theme, page)
        column.addWidget(self.welcome)
        column.addWidget(self.network_bar)
        holder = QVBoxLayout()
        holder.setContentsMargins(12, 0, 12, 6)
        holder.addWidget(self.editor)
        column.addLayout(holder)
        self.centre = QStackedWidget(self)
        self.centre.addWidget(page)
        self.setCentralWidget(self.centre)
        self.status_line = StatusLine(self.statusBar())
        self.clock.add("status", self._refresh_status_line, self.isVisible, TEXT_RATE)
        self.clock.add("network", self.editor.refresh, self.editor.isVisible, 12.0)

    def _make_docks(self) -> None:
        self.data_panel = DataPanel(self.controller, self.theme)
        self.drawing_panel = DrawingPanel(self.controller, self.theme)
        self.data_panel.set_canvas(self.drawing_panel)
        self.training_panel = TrainingPanel(self.controller, self.theme)
        self._add_dock("data", "Data", self.data_panel)
        self._add_dock("training", "Training", self.training_panel)
        self.verdict_panel = VerdictPanel(self.controller, self.theme)
        self._add_dock("verdict", "Verdict", self.verdict_panel)
        self.clock.add("verdict", self.verdict_panel.refresh, self.verdict_panel.isVisible, TEXT_RATE)
        for view_class in views:
            self._add_view(view_class)

    def _add_dock(self, name: str, title: str, widget: DataPanel | TrainingPanel | VerdictPanel) -> None:
        self.docks[name] = Dock(name, title, widget, self)
        widget.controls(self.docks[name].bar.row)

    def _add_view(self, view_class: type[View]) -> None:
        view = view_class(self.theme)
        dock = ViewDock(view, self.theme, self)
        dock.enlarge_wanted.connect(self.enlarge)
        dock.export_wanted.connect(self.export_view)
        dock.copy_wanted.connect(self.copy_view)
        dock.visibilityChanged.connect(self._visibility_changed)
        dock.toggleViewAction().triggered.connect(dock.come_forward)
        view.redraw_wanted.connect(self._redraw)
        self.docks[view.name] = dock
        drawer = _ViewDrawer(self, dock)
        self.clock.add(view.title, drawer.draw, drawer.visible, painting=view.painting)

    def _connect(self) -> None:
        self.header.export_wanted.connect(self.export_current)
        self.header.compare_wanted.connect(self.companions.compare)
        self.header.theme_wanted.connect(self.toggle_theme)
        self.verdict_panel.cures_wanted.connect(self.companions.try_cures)
        self.verdict_panel.view_wanted.connect(self.show_view)
        self.verdict_panel.page_wanted.connect(self.companions.open_laboratory)
        self.companions.needs_changed.connect(self._update_wants)
        self.controller.status_changed.connect(self._show_status)
        self.controller.run_changed.connect(self._redraw)
        self.controller.experiment_changed.connect(self._experiment_changed)
        self.controller.notice.connect(self.show_notice)
        self.documents.changed.connect(self._show_document)
        self.safety.trouble_changed.connect(self._show_document)
        self._show_document()

    def reset_layout(self) -> None:
        """Put everything back where a new window has it."""
        self.put_back()
        self.arrangement.reset()

    # ------------------------------------------------------------ frames

    def _poll(self) -> bool:
        return self.controller.tick()

    @Slot()
    def _redraw(self) -> None:
        self.clock.draw_all()

    @Slot()
    def _visibility_changed(self) -> None:
        QTimer.singleShot(0, self._update_wants)  # Qt says so before it is true of what stands in the dock

    @Slot()
    def _update_wants(self) -> None:
        """Tell the session which probes the visible views need."""
        views = (dock.view.needs for dock in self._shown())
        wanted = self.editor.picture.needs.union(self.figures.needs, self.companions.needs, *views)
        if wanted != self._wanted:
            self._wanted = wanted
            self.controller.session.want(self._wanted)

    def missing(self) -> frozenset[str]:
        """Return the wanted probes that the newest snapshot was made without knowing of."""
        snapshot = self.controller.run.snapshot
        return self._wanted - snapshot.wanted if snapshot is not None else self._wanted

    def shows(self, dock: ViewDock) -> bool:
        """Whether the view of a dock can be seen, in its place or enlarged."""
        return dock is self._enlarged or (dock.in_front and dock.view.isVisible())

    # ------------------------------------------------------------ what is said

    @Slot()
    def _show_status(self) -> None:
        self.header.refresh_status()
        self._refresh_status_line()
        run = self.controller.run
        if run.text:
            self.statusBar().showMessage(run.text)
        elif self.statusBar().currentMessage():
            self.statusBar().clearMessage()

    def _refresh_status_line(self) -> None:
        """Say which engine trains and, while it does, which views are drawn less often than they should."""
        self.setWindowModified(self.documents.path is not None and self.documents.unsaved)
        slow = self.clock.throttled if self.controller.session.playing else []
        self.status_line.refresh(self.controller.run.snapshot, slow)

    @Slot(str)
    def show_notice(self, text: str) -> None:
        """Show a sentence about something that was or could not be done, for long enough to read it twice."""
        self.statusBar().showMessage(text, _NOTICE_MS)

    @Slot(object)
    def _experiment_changed(self, experiment: Experiment) -> None:
        self._show_document()
        self.header.refresh_status()

    @Slot()
    def _show_document(self) -> None:
        """Name the file in the title, with a mark while there is something to save."""
        self.setWindowTitle(f"{self.documents.title}[*] – nnviz")
        self.setWindowModified(self.documents.path is not None and self.documents.unsaved)
        self.status_line.show_work(self.documents.words or self.safety.trouble)

    # ------------------------------------------------------------ views

    @Slot(object)
    def enlarge(self, dock: ViewDock) -> None:
        """Show a view over the whole centre; again, or Escape, puts it back."""
        if self._enlarged is not None:
            again = self._enlarged is dock
            self.put_back()
            if again:
                return
        dock.show()
        self._enlarged = dock
        self.centre.addWidget(dock.holder)
        self.centre.setCurrentWidget(dock.holder)
        self.network_bar.setFocus()
        self._update_wants()

    @Slot()
    def escape(self) -> None:
        """Give up repeating a past epoch that takes long; else return the enlarged view to its dock."""
        if self.controller.run.repeating is not None:
            self.controller.go_live()
        else:
            self.put_back()

    @Slot()
    def put_back(self) -> None:
        """Return the enlarged view to its dock."""
        dock, self._enlarged = self._enlarged, None
        if dock is not None:
            self.centre.removeWidget(dock.holder)
            dock.setWidget(dock.holder)
            dock.holder.show()
            self._update_wants()
            self._redraw()

    @Slot(object)
    def export_view(self, dock: ViewDock) -> None:
        """Let the user make a figure of the view."""
        self.figures.export(dock.view)

    @Slot()
    def export_current(self) -> None:
        """Export the view that is enlarged or has the focus, else the first one."""
        focused = [d for d in self._shown() if d.isAncestorOf(QApplication.focusWidget() or self)]
        chosen = ([self._enlarged] if self._enlarged else []) + focused + self._shown()
        if chosen:
            self.export_view(chosen[0])

    @Slot(object)
    def copy_view(self, dock: ViewDock) -> None:
        """Put the view's picture and numbers on the clipboard."""
        self.figures.copy(dock.view)

    @Slot(str)
    def show_view(self, name: str) -> None:
        """Bring a view or panel to the front, by its name."""
        dock = self.docks.get(name)
        if isinstance(dock, ViewDock):
            dock.come_forward()
        elif dock is not None:
            dock.show()
        if dock is not None:
            self.activateWindow()

    @Slot()
    def compose_figure(self) -> None:
        """Let the user make a figure of several views."""
        self.figures.compose([dock.view for dock in self._shown()])

    def _shown(self) -> list[ViewDock]:
        return [d for d in self.docks.values() if isinstance(d, ViewDock) and self.shows(d)]

    @Slot(bool)
    def show_gradients(self, shown: bool) -> None:
        """Have the links of the network picture show the gradient instead of the weights."""
        self.editor.picture.show_gradients = shown
        self._update_wants()

    # ------------------------------------------------------------ theme

    @Slot()
    def toggle_theme(self) -> None:
        """Change from dark to light or back, and remember it."""
        self.apply_theme(themes.LIGHT if self.theme.dark else themes.DARK)
        if self._settings is not None:
            self._settings.setValue("theme", self.theme.name)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self.theme = theme
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.setPalette(themes.palette(theme))
        application.setStyleSheet(themes.style_sheet(theme))
        panels = (self.data_panel, self.drawing_panel, self.training_panel, self.verdict_panel)
        for part in (self.header, self.timeline, self.editor, *panels):
            part.apply_theme(theme)
        self.welcome.apply_theme(theme)
        for dock in self.docks.values():
            if isinstance(dock, ViewDock):
                dock.apply_theme(theme)
        for window in self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if window.isWindow() and hasattr(window, "apply_theme"):
                window.apply_theme(theme)
        self._redraw()

    def _saved_theme(self) -> Theme:
        name = self._settings.value("theme") if self._settings is not None else None
        return themes.THEMES.get(str(name), themes.system_theme())

    # ------------------------------------------------------------ events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the playhead with keys that nothing with the focus wanted."""
        controller, shift = self.controller, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        match event.key():
            case Qt.Key.Key_Left:
                controller.move_keyframe(False) if shift else controller.move(-1)
            case Qt.Key.Key_Right:
                controller.move_keyframe(True) if shift else controller.move(1)
            case Qt.Key.Key_Home:
                controller.go_to_beginning()
            case Qt.Key.Key_End:
                controller.go_live()
            case _:
                super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        low = event.size().height() < _ROOM_FOR_WELCOME
        self.welcome.setMaximumHeight(0 if low else _ANY_HEIGHT)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.arrangement.shown()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.first_paint is None:
            self.first_paint = time.time()
            QTimer.singleShot(0, self._begin_work)

    @Slot()
    def _begin_work(self) -> None:
        """Start what would have delayed the first paint: loading the engine takes seconds of the interpreter's time."""
        self._update_wants()
        self.controller.session.start()
        if self._settings is not None:
            self.safety.start()
        self.first_painted.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls()[:1]:
            self.open_file(Path(url.toLocalFile()))

    def open_file(self, path: Path) -> None:
        """Open a project, an experiment or a table; what cannot be opened leaves everything as it is."""
        self.documents.open(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.documents.may_go():
            event.ignore()
            return
        self.clock.stop()
        self.put_back()
        self.arrangement.save()
        self.companions.close()
        self.hide()  # the training thread may still be compiling, which takes a while to end
        self.documents.close()
        self.safety.close(keep=self.documents.worth_keeping)
        self.controller.close()
        super().closeEvent(event)


class _ViewDrawer:
    """What the clock calls for one view."""

    def __init__(self, window: MainWindow, dock: ViewDock) -> None:
        self._window, self._dock = window, dock

    def draw(self) -> None:
        run = self._window.controller.run
        self._dock.view.refresh(run.history, run.snapshot)

    def visible(self) -> bool:
        return self._window.shows(self._dock)
