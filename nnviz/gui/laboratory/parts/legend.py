"""A legend over a plot that wraps, however long it is, so that no page becomes wider for it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from nnviz.gui.views import Key, caption_of


class Legend(QLabel):
    """What the colours and signs of a plot stand for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("muted")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def show_keys(self, keys: Sequence[Key]) -> None:
        """Show other entries; the words of an entry stay together."""
        text = caption_of([Key(key.label.replace(" ", "\u00a0"), key.color, key.sign) for key in keys])
        if text != self.text():
            self.setText(text)
