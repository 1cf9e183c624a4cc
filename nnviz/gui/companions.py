"""The windows beside the main one: comparisons, cures, the laboratory. They are made when they are first wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from nnviz.gui.compare.window import CompareWindow
    from nnviz.gui.laboratory.window import LaboratoryWindow
    from nnviz.gui.main_window import MainWindow


class Companions(QObject):
    """Opens the windows, and closes them with the main one."""

    needs_changed = Signal()
    """The probes that they show are others."""

    def __init__(self, window: MainWindow, remember: bool) -> None:
        super().__init__(window)
        self._window, self._remember = window, remember
        self.compare_window: CompareWindow | None = None
        self.laboratory: LaboratoryWindow | None = None

    @property
    def needs(self) -> frozenset[str]:
        """The probes that they show."""
        return self.compare_window.needs if self.compare_window is not None else frozenset()

    @Slot()
    def compare(self) -> None:
        """Show the window that compares runs."""
        from nnviz.gui.compare.window import CompareWindow  # nobody needs it at the start

        if self.compare_window is None:
            window = self._window
            self.compare_window = CompareWindow(window.controller, window.theme, window.clock, window, self._remember)
            self.compare_window.needs_changed.connect(self.needs_changed)
        _bring_forward(self.compare_window)

    @Slot()
    @Slot(str)
    def open_laboratory(self, page: str = "") -> None:
        """Show the window of instruments, turned to a page if one is named."""
        from nnviz.gui.laboratory.window import LaboratoryWindow  # nobody needs it at the start

        if self.laboratory is None:
            window = self._window
            self.laboratory = LaboratoryWindow(window.controller, window.theme, window, self._remember)
            self.laboratory.view_wanted.connect(window.show_view)
        if page:
            self.laboratory.show_page(page)
        _bring_forward(self.laboratory)

    @Slot()
    def try_cures(self) -> None:
        """Train cures of the run in front as twins, and rank them."""
        from nnviz.gui.cures.window import LOCKED, CuresWindow  # nobody needs it at the start

        if self._window.vault.vault.locked:
            self._window.controller.notice.emit(LOCKED)
            return
        self._window.controller.session.pause()
        CuresWindow(self._window.controller, self._window.theme, self._window).show()

    def close(self) -> None:
        """Close those that can be shown again; the others belong to the main window."""
        for window in (self.compare_window, self.laboratory):
            if window is not None:
                window.close()


def _bring_forward(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()
