"""A web page, a chat, a README."""

from __future__ import annotations

from nnviz.export.figure import FigureSettings
from nnviz.export.presets import Preset, presets


@presets.register
class Screen(Preset):
    """As large as in the window: 640 units wide with type of 11, and two pixels to each."""

    name = "screen"
    title = "Screen"
    help = "1280 pixels wide, for web pages: as large as in the window, on a fine screen."
    order = 40
    figure = FigureSettings(width=640 / 96 * 25.4, font=8.25, line_width=1.125, dpi=192, title=True)
