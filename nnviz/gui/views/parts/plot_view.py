"""A view that consists of one plot."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout

from nnviz.gui.plot import Plot, Reading, Scale
from nnviz.gui.theme import Theme, font
from nnviz.gui.views import View
from nnviz.history.history import History
from nnviz.snapshot import Snapshot

_TAG = re.compile("<[^>]*>")


class PlotView(View):
    """A view on one `Plot`: crosshair and read-out follow the mouse, and figures are drawn from its scene.

    A concrete view makes the plot in `build` with `make_plot`, gives its items data in `draw`, and says in `reading`
    what stands at a position. What was shown last is drawn again in another theme or size.
    """

    plot: Plot
    shown: tuple[History, Snapshot | None] | None = None

    def make_plot(self, x: Scale, y: Scale) -> Plot:
        """Make the plot and let it fill the view."""
        self.plot = Plot(self.theme, x, y, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self.plot.pointed.connect(self._point)
        return self.plot

    def draw(self, history: History, snapshot: Snapshot | None) -> None:
        """Show what was measured: the part of `refresh` that differs."""
        raise NotImplementedError

    def refresh(self, history: History, snapshot: Snapshot | None) -> None:
        self.shown = history, snapshot
        self.draw(history, snapshot)
        self.follow_pointer()

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.plot.apply_theme(theme)
        if self.shown is not None:
            self.refresh(*self.shown)
        else:
            self.draw(History(), None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.shown is not None:
            self.refresh(*self.shown)

    def reading(self, x: float, y: float) -> Reading | None:
        """Return what to read off at a position of the plot; None when there is nothing."""
        return None

    def follow_pointer(self) -> None:
        """Bring the read-out up to date with new data."""
        self._point(self.plot.pointer)

    def fitting(self, captions: Sequence[str], taken: float) -> str:
        """Return the first of some captions that fits into the title bar, `taken` pixels of which are in use."""
        metrics = QFontMetricsF(font("small", bold=True))
        for caption in captions:
            words = _TAG.sub("", caption).replace("&nbsp;", " ")
            if metrics.horizontalAdvance(words) + 6 <= self.width() - taken:
                return caption
        return captions[-1] if captions else ""

    def painting(self) -> float:
        return self.plot.painting()

    def paint_figure(self, painter: QPainter, rect: QRectF) -> None:
        source = QRect(0, 0, self.plot.width(), self.plot.height())
        self.plot.render(painter, rect, source, Qt.AspectRatioMode.IgnoreAspectRatio)

    def _point(self, at: tuple[float, float] | None) -> None:
        self.plot.read(None if at is None else self.reading(*at))
