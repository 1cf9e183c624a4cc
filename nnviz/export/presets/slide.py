"""A slide."""

from __future__ import annotations

from nnviz.export.figure import FigureSettings
from nnviz.export.presets import Preset, presets


@presets.register
class Slide(Preset):
    """A whole slide of 10 × 5.625 inches, 1920 × 1080 pixels, with type that is read from the last row."""

    name = "slide"
    title = "Slide"
    help = "16:9, 254 × 142.875 mm, 16 pt, 1920 × 1080 pixels."
    order = 30
    figure = FigureSettings(width=254.0, height=142.875, font=16.0, line_width=2.25, dpi=192, title=True)
