"""A page of a figure: panels in a grid, in units that make the type as large on paper as was asked for."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType

import numpy as np
from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF

from nnviz.export.epochs import EpochRange
from nnviz.export.figure import POINTS_PER_INCH, FigureSettings, points
from nnviz.export.recipe import MOST_PANELS, Recipe
from nnviz.gui import theme as look
from nnviz.gui.figures.painter import FigurePainter
from nnviz.gui.figures.panel import LEAST, ROW, Panel, Words, take_over
from nnviz.gui.figures.problem import ExportError
from nnviz.gui.theme import Theme
from nnviz.gui.views import Table, views
from nnviz.history.history import History
from nnviz.registry import unknown_name
from nnviz.snapshot import Snapshot

GAP = 14
"""Between panels, in units."""

MOST_PIXELS = 200_000_000
"""Pixels of the largest picture: some 800 MB while it is drawn."""

MOST_SIDE = 32_000
"""Pixels along the longer side of a picture, what Qt can paint."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
assert len(LETTERS) >= MOST_PANELS


def unit_points(figure: FigureSettings) -> float:
    """Return the points of 1/72 inch in a unit: small type of the window, 11 units, is as large as the font size."""
    return figure.font / look.font("small").pixelSize()


def figure_theme(figure: FigureSettings) -> Theme:
    """Return the theme that a figure is drawn in; a curve's pen, one hairline wide, has the line width in units."""
    base = look.EXPORT_DARK if figure.theme == "dark" else look.EXPORT
    colors = figure.palette.on_dark if figure.theme == "dark" else figure.palette.on_light
    width = figure.line_width / unit_points(figure)
    return replace(base, pixel=width, grid=figure.grid, **colors)


class Sheet:
    """All panels of a recipe, laid out while the `with` block lasts. Raises ExportError when that cannot be.

    `unit` is the length of a unit in points; `size` is that of the page in points, exactly as wide as was asked for.
    """

    def __init__(self, recipe: Recipe, history: History, snapshot: Snapshot | None) -> None:
        self.recipe, self.figure = recipe, recipe.figure
        self.unit = unit_points(self.figure)
        self.theme = figure_theme(self.figure)
        self._panels: list[Panel] = []
        self._heights: list[int] = []
        self._top = _top(self.figure)
        check(recipe)
        self._columns = _columns(recipe)
        self._cell = _cell_width(recipe)
        try:
            self._make(_chosen(self.figure, history), snapshot)
            self._arrange()
            _check_pixels(self.figure, *self.size.toTuple())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Sheet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the panels."""
        for panel in self._panels:
            panel.close()

    @property
    def size(self) -> QSizeF:
        """Width and height of the page in points."""
        inside = self._top + sum(self._heights) + GAP * (len(self._heights) - 1)
        height = points(self.figure.height) if self.figure.height else inside * self.unit
        return QSizeF(points(self.figure.width), height)

    def pixels(self, dpi: float) -> tuple[int, int]:
        """Return width and height of a picture of the page."""
        size = self.size
        return round(size.width() * dpi / POINTS_PER_INCH), round(size.height() * dpi / POINTS_PER_INCH)

    def title(self) -> str:
        """Return what the document is called."""
        return self.figure.heading or ", ".join(views[panel.view].title for panel in self.recipe.panels)

    def table(self) -> Table:
        """Return the numbers behind all panels; with several, headings begin with the name of the view.

        Columns of different length are filled up with nothing at their ends.
        """
        if len(self._panels) == 1:
            return self._panels[0].table()
        tables = [panel.table() for panel in self._panels]
        names = [panel.view for panel in self.recipe.panels]
        longest = max(len(column) for table in tables for column in table.values())
        found: dict[str, np.ndarray] = {}
        for letter, name, table in zip(LETTERS, names, tables, strict=False):
            label = f"{letter} {name}" if names.count(name) > 1 else name
            found |= {f"{label}: {heading}": _filled(column, longest) for heading, column in table.items()}
        return found

    def paint(self, painter: FigurePainter) -> None:
        """Draw the page, a unit to a unit of the painter."""
        painter.fillRect(QRectF(-1, -1, *(side / self.unit + 2 for side in self.size.toTuple())), self._ground())
        if self.figure.heading:
            self._paint_heading(painter)
        y = float(self._top)
        for row, height in enumerate(self._heights):
            for column, panel in enumerate(self._panels[row * self._columns : (row + 1) * self._columns]):
                painter.save()
                painter.translate(column * (self._cell + GAP), y)
                panel.paint(painter)
                painter.restore()
            y += height + GAP

    # ------------------------------------------------------------ parts

    def _ground(self) -> QColor:
        return self.theme.color("card")

    def _make(self, history: History, snapshot: Snapshot | None) -> None:
        for letter, wanted in zip(LETTERS, self.recipe.panels, strict=False):
            view_class = views[wanted.view]
            words = Words(
                letter if self.recipe.letters else "",
                view_class.title if self.figure.title else "",
                self.figure.legend,
            )
            panel = Panel(view_class, self.theme, history, snapshot, wanted.choices, words, self._cell)
            self._panels.append(panel)

    def _arrange(self) -> None:
        """Give all panels of a row the same height."""
        rows = [self._panels[i : i + self._columns] for i in range(0, len(self._panels), self._columns)]
        self._heights = [max(panel.natural_height for panel in row) for row in rows]
        if self.figure.height:
            self._heights = [_row_height(self.recipe)] * len(rows)
        for row, height in zip(rows, self._heights, strict=True):
            if height < max(panel.least_height for panel in row):
                raise _too_low(self.recipe)
            for panel in row:
                panel.place(height)

    def _paint_heading(self, painter: FigurePainter) -> None:
        painter.setFont(look.font("small", bold=True))
        painter.setPen(self.theme.color("text"))
        room = self.size.width() / self.unit - 16
        text = QFontMetricsF(painter.font()).elidedText(self.figure.heading, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(8, 5, room, ROW), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def check(recipe: Recipe) -> None:
    """Raise ExportError for what no run could be drawn with: unknown views, absurd sizes, epochs in reverse."""
    figure, count = recipe.figure, len(recipe.panels)
    if not count:
        raise ExportError("This figure has no views yet; add one.")
    if count > MOST_PANELS:
        raise ExportError(f"A figure has at most {MOST_PANELS} views, this one {count}; take some out.")
    for panel in recipe.panels:
        if panel.view not in views:
            raise ExportError(unknown_name("view", panel.view, views.names()))
    if _cell_width(recipe) < LEAST.width():
        columns = _columns(recipe)
        here = "a view" if columns == 1 else f"{columns} views side by side"
        raise ExportError(
            f"{figure.width:g} mm are too narrow for {here} with type of {figure.font:g} pt; "
            "take a wider figure, a smaller font or fewer columns."
        )
    if figure.height and _row_height(recipe) < LEAST.height() + (ROW if figure.title else 0):
        raise _too_low(recipe)
    if 0 < figure.epochs_to < figure.epochs_from:
        raise ExportError(f"Epochs from {figure.epochs_from:,} to {figure.epochs_to:,} are none; exchange the two.")
    _check_pixels(figure, points(figure.width), points(figure.height))


def check_choices(recipe: Recipe) -> None:
    """Raise ExportError for choices that a view does not know; `check` has found that all views exist."""
    for panel in recipe.panels:
        view = views[panel.view](look.EXPORT)
        try:
            take_over(view, panel.choices)
        finally:
            view.deleteLater()


def _columns(recipe: Recipe) -> int:
    return max(1, min(recipe.columns, len(recipe.panels)))


def _cell_width(recipe: Recipe) -> int:
    """Return the width of a panel in units."""
    columns = _columns(recipe)
    return int((points(recipe.figure.width) / unit_points(recipe.figure) - GAP * (columns - 1)) / columns)


def _top(figure: FigureSettings) -> int:
    """Return the room above the panels in units."""
    return ROW + 6 if figure.heading else 0


def _row_height(recipe: Recipe) -> int:
    """Return the height of a row of panels in units, in a figure whose height is set."""
    room = points(recipe.figure.height) / unit_points(recipe.figure) - _top(recipe.figure) - GAP * (recipe.rows - 1)
    return int(room / recipe.rows)


def _too_low(recipe: Recipe) -> ExportError:
    figure, rows = recipe.figure, recipe.rows
    return ExportError(
        f"{figure.height:g} mm are too low for {rows} row{'s' * (rows > 1)} with type of {figure.font:g} pt; "
        "take a higher figure (0 fits) or a smaller font."
    )


def _check_pixels(figure: FigureSettings, width: float, height: float) -> None:
    """Raise ExportError when a page of this size in points has more pixels than can be drawn."""
    across, down = (round(side * figure.dpi / POINTS_PER_INCH) for side in (width, height))
    if across * down > MOST_PIXELS or max(across, down) > MOST_SIDE:
        raise ExportError(
            f"The figure would have {across:,} × {down:,} pixels, which no program could open; "
            "lower its resolution or its size."
        )


def _chosen(figure: FigureSettings, history: History) -> History:
    """Return the epochs that the figure shows. Raises ExportError when none of them was measured."""
    first, last = figure.epochs_from, figure.epochs_to or float("inf")
    if not first and not figure.epochs_to:
        return history
    part = EpochRange(history, first, last)
    if len(history) and not len(part):
        newest = int(history.column("epoch")[-1])
        wanted = f"from {first:,} to {last:,}" if figure.epochs_to else f"from {first:,} on"
        raise ExportError(f"No epoch {wanted} was measured; this run has epochs 0 to {newest:,}.")
    return part


def _filled(column: np.ndarray, length: int) -> np.ndarray:
    """Return a column with empty places at its end: NaN, None in columns of text or whole numbers."""
    missing = length - len(column)
    if not missing:
        return column
    if column.dtype.kind == "f":
        return np.concatenate([column, np.full(missing, np.nan, column.dtype)])
    return np.concatenate([column.astype(object), np.full(missing, None, object)])
