"""Where to export a view, and the way to the clipboard."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from nnviz.gui.export import ExportError, copy, export_path
from nnviz.gui.views import View
from nnviz.session import Run

_FILTERS = {
    "PNG picture (*.png)": ".png",
    "SVG vector graphics (*.svg)": ".svg",
    "PDF document (*.pdf)": ".pdf",
    "CSV table of its numbers (*.csv)": ".csv",
}

_SCALES = ("1×  (96 dpi, screen)", "2×  (192 dpi)", "4×  (384 dpi, print)")


def ask_path(view: View, run: Run, parent: QWidget) -> tuple[Path, int] | None:
    """Ask for a file and, for a picture, its scale; None when the user changes their mind."""
    suggestion = f"{run.experiment.name}-{view.name.replace('_', '-')}.png"
    name, chosen = QFileDialog.getSaveFileName(parent, f"Export {view.title}", suggestion, ";;".join(_FILTERS))
    if not name:
        return None
    path = Path(name)
    if path.suffix.lower() not in _FILTERS.values():
        path = path.with_name(path.name + _FILTERS.get(chosen, ".png"))
    if path.suffix.lower() != ".png":
        return path, 1
    words, accepted = QInputDialog.getItem(parent, "Export", "Resolution", _SCALES, 1, False)
    return (path, 2 ** _SCALES.index(words)) if accepted else None


def ask_and_export(view: View, run: Run, parent: QWidget) -> str:
    """Ask where to, write the view there, and return a sentence about what happened (empty when cancelled)."""
    asked = ask_path(view, run, parent)
    if asked is None:
        return ""
    path, scale = asked
    try:
        export_path(view, run.history, run.snapshot, path, scale)
    except ExportError as error:
        return str(error)
    return f"Exported {path.name}."


def copy_to_clipboard(view: View, run: Run) -> str:
    """Put picture and numbers on the clipboard; return a sentence about what happened."""
    try:
        copy(view, run.history, run.snapshot)
    except ExportError as error:
        return str(error)
    return f"Copied {view.title}: picture and numbers."
