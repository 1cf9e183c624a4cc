"""What the dialogs of figures say."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from nnviz.gui.widgets.row import Paragraph


class Sentence(Paragraph):
    """A sentence for the user, in the colour of errors where something is wrong."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("muted", parent)

    def say(self, text: str, wrong: bool = False) -> None:
        """Show another sentence."""
        self.setObjectName("error" if wrong else "muted")
        self.style().polish(self)
        self.setText(text)
        self.setAccessibleName(text)
