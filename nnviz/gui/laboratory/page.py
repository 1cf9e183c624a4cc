"""The contract of a page of the laboratory: one instrument on the run in front."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from nnviz.data.dataset import Dataset
from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.theme import Theme
from nnviz.gui.views import Table
from nnviz.project.library import Library
from nnviz.project.project import Samples
from nnviz.registry import Registry
from nnviz.run import Run

GROUPS = ("What is going on?", "Why?", "What would change it?", "Prepared experiments")
"""What a user asks a page, in the order of the list."""


class Page(QWidget):
    """One instrument. It is made once, when it is first looked at, and may work on while another page is shown.

    `refresh` is called a few times a second while the page can be seen, and whenever another run is in front. It must
    cope with a run that has no samples yet.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    """One or two sentences under the title: what there is to see and how to read it."""
    group: ClassVar[str] = GROUPS[1]
    order: ClassVar[int] = 100
    page_wanted = Signal(str)
    """Another page of the laboratory, by name."""
    view_wanted = Signal(str)
    """A view of the main window, by name."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.controller, self.theme = controller, theme
        self.setAccessibleName(self.title)
        self.setAccessibleDescription(self.help)

    @property
    def run(self) -> Run:
        """The run in front."""
        return self.controller.run

    @property
    def experiment(self) -> Experiment:
        """The settings of what is looked at."""
        return self.controller.experiment

    def library(self) -> Library:
        """Return the samples of the session, as they were first had: whatever has become of their file since."""
        data = self.experiment.data
        found: Dataset | None = self.controller.session.worker.samples(data.source, data.seed)
        return Library([Samples(data.source, data.seed, found)] if found is not None else [])

    def refresh(self) -> None:
        """Show what is new."""

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme

    def table(self) -> Table:
        """Return the numbers that are shown, columns of equal length by their heading; empty while there are none."""
        return {}

    def end(self) -> None:
        """Stop all work: the window closes, or the program ends."""


pages: Registry[Page] = Registry("page", "nnviz.gui.laboratory.pages", name_of=lambda page: str(page.name))
