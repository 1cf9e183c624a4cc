"""The colours by which runs are told apart: on the timeline, in tables, as curves."""

from __future__ import annotations

from PySide6.QtGui import QColor

from nnviz.run import Run

RUN_COLORS = ("#56b4e9", "#3fbf8f", "#7c8cff", "#e0a33c", "#cc79a7", "#e5635e", "#8fa35a", "#b48cf2")
"""Neighbours differ in hue and in lightness; further runs begin again."""


COLOR_NAMES = ("sky blue", "green", "indigo", "amber", "pink", "red", "olive", "violet")
"""What to call each of them."""


def run_color(run: Run) -> QColor:
    """Return the colour of a run."""
    return QColor(RUN_COLORS[(run.color or 0) % len(RUN_COLORS)])
