"""A card: a frame with hairlines and round corners around what it shows."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget


def card(widget: QWidget) -> QFrame:
    """Return a card with a widget in it."""
    frame = QFrame()
    frame.setObjectName("card")
    inside = QVBoxLayout(frame)
    inside.setContentsMargins(1, 1, 1, 1)
    inside.addWidget(widget)
    return frame
