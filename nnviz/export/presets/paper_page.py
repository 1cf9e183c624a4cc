"""The width of a paper's page."""

from __future__ import annotations

from nnviz.export.figure import FigureSettings
from nnviz.export.presets import Preset, presets


@presets.register
class PaperPage(Preset):
    """Both columns of a journal, with type of 8 pt."""

    name = "paper-page"
    title = "Paper page"
    help = "175 mm wide, 8 pt, 600 dpi: the whole width of the text."
    order = 20
    figure = FigureSettings(width=175.0, font=8.0, line_width=1.0, dpi=600)
