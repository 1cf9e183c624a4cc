"""Plots of one coordinate system, themed: what the live views draw on.

`Plot` is the widget; `Curve`, `Band`, `Ridge`, `Dots` and `Picture` are what can be put on it. Ranges are set by hand,
never found by the plot; items are made once and given new data. The same scene is drawn on screen and into figures.
"""

from nnviz.gui.plot.chart import Plot
from nnviz.gui.plot.dots import Dot, Dots
from nnviz.gui.plot.items import Band, Curve, Picture, Ridge
from nnviz.gui.plot.overlay import Reading
from nnviz.gui.plot.ticks import Scale

__all__ = ["Band", "Curve", "Dot", "Dots", "Picture", "Plot", "Reading", "Ridge", "Scale"]
