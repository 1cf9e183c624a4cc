"""Menus with headings."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QMenu, QWidgetAction


def add_heading(menu: QMenu, text: str) -> None:
    """Add a line of words above the entries that follow. Qt's own sections lose their words to a style sheet."""
    label = QLabel(text, menu)
    label.setObjectName("menu-heading")
    action = QWidgetAction(menu)
    action.setDefaultWidget(label)
    action.setEnabled(False)  # else a click on it would choose it
    menu.addAction(action)
