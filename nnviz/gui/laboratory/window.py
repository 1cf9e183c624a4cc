"""The window of the laboratory: a list of pages on the left, the chosen one on the right."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QGuiApplication, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from nnviz.gui.controller import Controller
from nnviz.gui.figures.problem import ExportError
from nnviz.gui.icons import app_icon
from nnviz.gui.laboratory.page import GROUPS, Page, pages
from nnviz.gui.laboratory.taking import FORMATS, copy, save
from nnviz.gui.theme import Theme, font
from nnviz.gui.widgets.row import Label
from nnviz.gui.widgets.save_question import ask_where

SIZE, SMALLEST = QSize(1180, 800), QSize(900, 560)
_LIST, _HEADING, _ITEM = 220, 34, 30
"""Width of the list, heights of its headings and items, in pixels."""

_LOOK_MS, _SAID_MS = 200, 8_000
_NAME = Qt.ItemDataRole.UserRole


class LaboratoryWindow(QWidget):
    """It may be closed and shown again; closing it ends what its pages do. It does not keep the application alive."""

    view_wanted = Signal(str)
    """A view of the main window, by name."""

    def __init__(
        self, controller: Controller, theme: Theme, parent: QWidget | None = None, remember: bool = True
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setWindowTitle("Laboratory – nnviz")
        self.setWindowIcon(app_icon())
        self.setMinimumSize(SMALLEST)
        self._controller, self.theme = controller, theme
        self._settings = QSettings("nnviz", "nnviz") if remember else None
        self.made: dict[str, Page] = {}
        self._folder = Path()
        self._assemble()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._refresh)
        self._forget = QTimer(self)
        self._forget.setSingleShot(True)
        self._forget.setInterval(_SAID_MS)
        self._forget.timeout.connect(self._fall_silent)
        controller.run_changed.connect(self._run_changed)
        self.apply_theme(theme)
        self.resize(SIZE)
        self._restore()

    # ------------------------------------------------------------ assembly

    def _assemble(self) -> None:
        self.list = QListWidget(self)
        self.list.setObjectName("pages")
        self.list.setAccessibleName("Instruments")
        self.list.setFixedWidth(_LIST)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fill_list()
        self.list.currentItemChanged.connect(self._chosen)
        self._title, self._help, self._of = QLabel(self), QLabel(self), QLabel(self)
        self._title.setFont(font("large", bold=True))
        self._help.setWordWrap(True)
        for label in (self._help, self._of):
            label.setObjectName("muted")
        self.stack = QStackedWidget(self)
        self._said = Label("", self)
        self._said.setObjectName("muted")
        self._said.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.copy, self.save = QPushButton("Copy", self), QPushButton("Save…", self)
        self.copy.setToolTip("Put this page on the clipboard: picture and numbers (Ctrl+C)")
        self.save.setToolTip("Write this page to a file: picture (PNG) or numbers (CSV) (Ctrl+S)")
        self.copy.clicked.connect(self._copy)
        self.save.clicked.connect(self._save_as)
        QShortcut(QKeySequence.StandardKey.Copy, self, self._copy_selected)
        QShortcut(QKeySequence.StandardKey.Save, self, self._save_as)
        QShortcut(QKeySequence.StandardKey.Cancel, self, self.close)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._said, 1)
        for part in (self._of, self.copy, self.save):
            head.addWidget(part)
        column = QVBoxLayout()
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._help)
        column.addWidget(self.stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.list)
        row.addLayout(column, 1)

    def _fill_list(self) -> None:
        """Fill the list, group by group; headings cannot be chosen."""
        for group in GROUPS:
            members = [page for page in pages if page.group == group]
            if not members:
                continue
            heading = QListWidgetItem(group.upper())
            heading.setFlags(Qt.ItemFlag.NoItemFlags)
            heading.setFont(font("small", bold=True))
            heading.setSizeHint(QSize(0, _HEADING))
            heading.setTextAlignment(Qt.AlignmentFlag.AlignBottom)
            self.list.addItem(heading)
            for page in members:
                item = QListWidgetItem(page.title)
                item.setData(_NAME, page.name)
                item.setFont(font("body"))
                item.setSizeHint(QSize(0, _ITEM))
                item.setToolTip(page.help)
                self.list.addItem(item)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme
        self.list.setStyleSheet(
            f"QListWidget#pages {{ background: {theme.card}; border: none; border-right: 1px solid {theme.border};"
            f" padding: 10px 8px; }}"
            f"QListWidget#pages::item {{ padding: 0px 8px; border-radius: 6px; color: {theme.text}; }}"
            f"QListWidget#pages::item:disabled {{ color: {theme.muted}; padding-bottom: 4px; }}"
            f"QListWidget#pages::item:selected {{ background: {theme.accent}; color: {theme.accent_text}; }}"
        )
        self._color_page()

    def _color_page(self) -> None:
        """Recolour the page that is shown; the others wait until they are: all together take a second."""
        if self.page is not None and self.page.theme is not self.theme:
            self.page.apply_theme(self.theme)

    # ------------------------------------------------------------ pages

    def show_page(self, name: str) -> None:
        """Turn to a page by name; one that does not exist changes nothing."""
        for row in range(self.list.count()):
            if self.list.item(row).data(_NAME) == name:
                self.list.setCurrentRow(row)

    @property
    def page(self) -> Page | None:
        """The page that is shown."""
        item = self.list.currentItem()
        return self.made.get(str(item.data(_NAME))) if item is not None else None

    @Slot()
    def _chosen(self) -> None:
        item = self.list.currentItem()
        name = str(item.data(_NAME)) if item is not None and item.data(_NAME) else ""
        if not name:
            return
        if name not in self.made:
            self._make(name)
        page = self.made[name]
        self._color_page()
        self._title.setText(page.title)
        self._help.setText(page.help)
        area = page.property("area")
        self.stack.setCurrentWidget(area if isinstance(area, QWidget) else page)
        self._refresh()

    def _make(self, name: str) -> None:
        page = pages[name](self._controller, self.theme, self)
        page.page_wanted.connect(self.show_page)
        page.view_wanted.connect(self.view_wanted)
        area = QScrollArea(self)
        area.setObjectName("page")
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(page)
        page.setProperty("area", area)
        self.stack.addWidget(area)
        self.made[name] = page

    @Slot()
    def _refresh(self) -> None:
        page, run = self.page, self._controller.run
        self._of.setText(f"of {run.name}, epoch {run.shown_epoch:,}")
        if page is not None and self.isVisible():
            page.refresh()

    @Slot()
    def _run_changed(self) -> None:
        if self.isVisible():
            self._refresh()

    @Slot()
    def _copy(self) -> None:
        if self.page is not None:
            self._say(copy(self.page))

    @Slot()
    def _copy_selected(self) -> None:
        """Put the words that are selected on the clipboard, or else the page."""
        focused = self.focusWidget()
        if isinstance(focused, QLabel) and focused.hasSelectedText():
            QGuiApplication.clipboard().setText(focused.selectedText())
        else:
            self._copy()

    @Slot()
    def _save_as(self) -> None:
        """Let the user write the page to a file."""
        page = self.page
        if page is None:
            return
        path = ask_where(self, f"Save {page.title}", self._folder / f"{page.name}.png", FORMATS)
        if path is not None:
            self.write(path)

    def write(self, path: Path) -> None:
        """Write the page to a file, and say so."""
        if self.page is None:
            return
        try:
            save(self.page, path)
        except ExportError as error:
            self._say(str(error))
            return
        self._folder = path.parent
        self._say(f"Saved {path.name}.")

    def _say(self, sentence: str) -> None:
        self._said.set_text(sentence)
        self._forget.start()

    @Slot()
    def _fall_silent(self) -> None:
        self._said.set_text("")

    # ------------------------------------------------------------ events

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.end()
        self._save()
        super().closeEvent(event)

    def end(self) -> None:
        """End what all pages do."""
        for page in self.made.values():
            page.end()

    # ------------------------------------------------------------ memory

    def _restore(self) -> None:
        geometry = self._settings.value("laboratory/geometry") if self._settings is not None else None
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        kept = str(self._settings.value("laboratory/page", "")) if self._settings is not None else ""
        self.list.setCurrentRow(1)
        self.show_page(kept)

    def _save(self) -> None:
        if self._settings is not None and self.page is not None:
            self._settings.setValue("laboratory/geometry", self.saveGeometry())
            self._settings.setValue("laboratory/page", self.page.name)
