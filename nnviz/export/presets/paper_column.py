"""One column of a paper."""

from __future__ import annotations

from nnviz.export.figure import FigureSettings
from nnviz.export.presets import Preset, presets


@presets.register
class PaperColumn(Preset):
    """The width that most journals with two columns ask for, with type of 8 pt."""

    name = "paper-column"
    title = "Paper column"
    help = "85 mm wide, 8 pt, 600 dpi: one of two columns."
    order = 10
    figure = FigureSettings(width=85.0, font=8.0, line_width=1.0, dpi=600)
