"""Where shall it be written? The question of the system's file dialog, and what that leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget


def ask_where(parent: QWidget | None, title: str, suggestion: Path, formats: Mapping[str, str]) -> Path | None:
    """Return the file that the user names, None when they change their mind.

    `formats` are endings by title, as {"PNG picture": ".png"}. A name that has none of them gets that of the format
    that was chosen; the user is asked again where there is a file of the name that comes of it.
    """
    filters = {f"{name} (*{ending})": ending for name, ending in formats.items()}
    first = next(iter(filters.values()))
    name, chosen = QFileDialog.getSaveFileName(parent, title, str(suggestion), ";;".join(filters))
    if not name:
        return None
    asked, ending = Path(name), filters.get(chosen, first)
    path = asked
    if asked.suffix.lower() not in filters.values():
        path = asked.with_name(asked.name + ending)
    elif asked.name == suggestion.name:  # some systems leave the name as it is when another format is chosen
        path = asked.with_suffix(ending)
    if path != asked and path.exists():  # the dialog has asked about the name as it was typed
        question = f"{path.name} exists already. Replace it?"
        if QMessageBox.question(parent, title, question) != QMessageBox.StandardButton.Yes:
            return None
    return path
