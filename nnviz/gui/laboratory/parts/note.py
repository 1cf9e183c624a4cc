"""A sentence between the parts of a page."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.gui.widgets.row import Paragraph


class Note(Paragraph):
    """Text that wraps and is as high as that makes it, but asks for one line where its width is not known yet.

    Inside a scroll area a page is at least as high as its parts ask for, and Qt's own guess is two lines for each.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
