"""The plot of a learning curve: errors over the number of training samples, and the law that leads on from there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from nnviz.analysis.learning_curve import counted
from nnviz.analysis.paired import mean_over_seeds
from nnviz.gui.plot import Band, Curve, Dot, Dots, Plot, Reading, Scale
from nnviz.gui.plot.chart import Range
from nnviz.gui.plot.overlay import Level, Line, Mark
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, finite_range
from nnviz.studies.learning_curve import LearningCurveReport

Floats = NDArray[np.float64]

FAR = 10.0
"""How many times the largest size the law is drawn to."""

_POINTS = 160


class LearningCurvePlot(Plot):
    """Means over seeds with their 95 % intervals, the fitted law and its band, and the error that is wanted."""

    picked = Signal(int)
    """The user clicked near the size of this number."""
    opened = Signal(int)
    """The user clicked it twice."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale("training samples", log=True, whole=True), Scale("% wrong"), parent)
        self.log_x, self.log_y = True, False
        self._report: LearningCurveReport | None = None
        self._wanted: float | None = None
        self._chosen: int | None = None
        self._law_band, self._test_band, self._train_band = (self.add(Band()) for _ in range(3))
        self._within, self._beyond, self._train, self._test = (self.add(Curve()) for _ in range(4))
        self._dots = self.add(Dots())
        for item in (self._law_band, self._test_band, self._train_band):
            item.setZValue(-5)
        self._dots.setZValue(5)
        self.pointed.connect(self._read_at)
        self.setAccessibleName("Errors over the number of training samples")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.apply_theme(theme)

    # ------------------------------------------------------------ what a page does

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if not hasattr(self, "_dots"):
            return
        self._law_band.setBrush(theme.color("muted", 0.2))
        self._test_band.setBrush(theme.color("test", 0.22))
        self._train_band.setBrush(theme.color("train", 0.22))
        self._within.setPen(line(theme, "text"))
        self._beyond.setPen(line(theme, "text", style=Qt.PenStyle.DashLine))
        self._train.setPen(line(theme, "train"))
        self._test.setPen(line(theme, "test"))
        self._draw()

    def show_report(self, report: LearningCurveReport | None, wanted: float | None, chosen: int | None) -> None:
        """Show errors, the error that is wanted (in the report's own units) and the size that is chosen."""
        self._report, self._wanted, self._chosen = report, wanted, chosen
        words = f"{int(report.sizes[chosen]):,} samples chosen" if report is not None and chosen is not None else ""
        self.setAccessibleDescription(words)
        self._draw()

    def set_scales_of(self, log_x: bool, log_y: bool) -> None:
        """Make the axes logarithmic, or linear."""
        self.log_x, self.log_y = log_x, log_y
        self._draw()

    def legend(self) -> list[Key]:
        """Return what the colours stand for."""
        theme, keys = self.theme, []
        if self._report is None or not np.isfinite(self._report.test_error).any():
            return []
        keys += [Key("train", theme.color("train")), Key("test", theme.color("test"))]
        if len(self._report.seeds) > 1:
            keys.append(Key("95 % of the mean over seeds", theme.color("test"), "area"))
        if self._report.curve is not None:
            keys.append(Key("fitted law", theme.color("text")))
            keys.append(Key("its 95 % band", theme.color("muted"), "area"))
        return keys

    # ------------------------------------------------------------ drawing

    def _draw(self) -> None:
        report = self._report
        if report is None or not np.isfinite(report.test_error).any():
            self.say("The network of this run is trained on more and more of its training samples.")
            return
        self.say("")
        bands: list[tuple[Band, NDArray[Any], Floats, Floats]] = []
        ends, known = [], np.asarray(np.isfinite(report.test_error).any(axis=0))
        sizes = report.sizes[known]
        for errors, curve, band in (
            (report.train_error, self._train, self._train_band),
            (report.test_error, self._test, self._test_band),
        ):
            mean, half = self._mean(errors[:, known])
            high = np.minimum(mean + half, self._most)
            curve.draw(self._x(sizes), self._y(mean))
            bands.append((band, sizes, np.maximum(mean - half, 0.0), high))
            ends += [mean, np.where(np.isfinite(high), high, mean)]
        ends += self._draw_law(bands)
        self._draw_dots(sizes, known)
        if self._wanted is not None:
            ends.append(np.array([self._wanted * self._factor]))
        self._place(ends)
        for band, at, low, high in bands:
            band.draw(self._x(at), self._down_to_axis(low, high), self._y(high))
        self._mark()
        self._read_at(self.pointer)

    def _draw_law(self, bands: list[tuple[Band, NDArray[Any], Floats, Floats]]) -> list[Floats]:
        """Draw the law within the sizes tried and beyond; return what it reaches, and add its band to the others."""
        report = self._report
        curve = report.curve if report is not None else None
        for item in (self._within, self._beyond, self._law_band):
            item.setVisible(curve is not None)
        if curve is None:
            return []
        first, last = float(curve.sizes[0]), float(curve.sizes[-1])
        within, beyond = np.geomspace(first, last, _POINTS), np.geomspace(last, FAR * last, _POINTS)
        all_of_it = np.concatenate([within, beyond[1:]])
        law = self._factor * curve.law.at(all_of_it)
        self._within.draw(self._x(within), self._y(law[:_POINTS]))
        self._beyond.draw(self._x(beyond), self._y(law[_POINTS - 1 :]))
        band = curve.band(all_of_it)
        if band is None:
            self._law_band.setVisible(False)
            return [law]
        low, high = (np.minimum(self._factor * each, self._most) for each in band)
        bands.append((self._law_band, all_of_it, low, high))
        return [law, high]

    def _down_to_axis(self, low: Floats, high: Floats) -> Floats:
        """Return where the lower edge of a band lies: at the axis where it is below, as 0 is on a logarithmic one."""
        edge = self._y(low)
        return np.where(np.isfinite(self._y(high)) & ~np.isfinite(edge), self.y_range[0], edge)

    def _draw_dots(self, sizes: NDArray[np.int64], known: NDArray[np.bool_]) -> None:
        """Draw a dot at every mean; the chosen size has larger ones."""
        report = self._report
        assert report is not None
        points, which = [], []
        chosen = int(report.sizes[self._chosen]) if self._chosen is not None else -1
        for row, errors in enumerate((report.train_error, report.test_error)):
            mean, _ = self._mean(errors[:, known])
            points += list(zip(self._x(sizes).tolist(), self._y(mean).tolist(), strict=True))
            which += [2 * row + int(size == chosen) for size in sizes]
        looks = []
        for color in (self.theme.color("train"), self.theme.color("test")):
            looks += [Dot(((6.0, color),)), Dot(((12.0, self.theme.color("text")), (9.0, color)))]
        self._dots.draw(np.array(points).reshape(-1, 2), np.array(which, np.intp), looks)

    def _place(self, ends: list[Floats]) -> None:
        """Choose what the axes show."""
        report = self._report
        assert report is not None
        law = report.curve is not None
        last = float(report.sizes[-1]) * (FAR if law else 1.0)
        x = self._x(np.array([float(report.sizes[0]), last]))
        reach = finite_range(*(self._y(each) for each in ends)) or (0.0, 1.0)
        room = 0.06 * (reach[1] - reach[0]) or 0.5
        y: Range = (reach[0] - room, reach[1] + room) if self.log_y else (0.0, max(reach[1], 1e-9) * 1.06)
        across = Scale("training samples", log=self.log_x, whole=True)
        margin = 0.02 * float(x[1] - x[0])
        label = f"RMSE of {report.target}" if report.target else "% wrong"
        self.set_scales(across, Scale(label, log=self.log_y), (float(x[0]) - margin, float(x[1]) + margin), y)

    def _mark(self) -> None:
        """Mark the error that is wanted, and the number of samples that reaches it."""
        report = self._report
        assert report is not None
        levels, marks = [], []
        if self._wanted is not None and report.curve is not None:
            levels.append(Level(float(self._y(np.array([self._wanted * self._factor]))[0]), self.theme.color("test")))
            samples, _ = report.curve.samples_for(self._wanted)
            if report.sizes[0] < samples < FAR * report.sizes[-1]:
                at = float(self._x(np.array([samples]))[0])
                marks.append(Mark(at, f"{counted(samples)} samples", self.theme.color("text")))
        self.overlay.mark(tuple(marks), levels=tuple(levels))

    def _mean(self, errors: Floats) -> tuple[Floats, Floats]:
        """Return the mean over the seeds that are known, and half the width of its 95 % interval, (k,) each."""
        mean, half = mean_over_seeds(errors)
        return self._factor * mean, self._factor * half

    @property
    def _most(self) -> float:
        """The largest error that there can be."""
        return float("inf") if self._report is not None and self._report.target else 100.0

    @property
    def _factor(self) -> float:
        return 1.0 if self._report is not None and self._report.target else 100.0

    def _x(self, sizes: NDArray[np.generic]) -> Floats:
        values = np.asarray(sizes, np.float64)
        return np.log10(values) if self.log_x else values

    def _y(self, errors: Floats) -> Floats:
        if not self.log_y:
            return errors
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(errors > 0.0, np.log10(errors), np.nan)

    # ------------------------------------------------------------ keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        report, key = self._report, Qt.Key(event.key())
        if report is None or not np.isfinite(report.test_error).any():
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.picked.emit(self._beside(1 if key == Qt.Key.Key_Right else -1, len(report.sizes)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._chosen is not None:
            self.opened.emit(self._chosen)
        else:
            super().keyPressEvent(event)

    def _beside(self, step: int, count: int) -> int:
        """Return the number of the size beside the chosen one; the first, or the last, where none is chosen."""
        if self._chosen is None:
            return 0 if step > 0 else count - 1
        return min(max(0, self._chosen + step), count - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(self.theme.color("accent"))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    # ------------------------------------------------------------ mouse

    def nearest_size(self, x: float) -> int | None:
        """Return the number of the size that is nearest to a position, None where there is nothing."""
        report = self._report
        if report is None or not len(report.sizes) or not np.isfinite(report.test_error).any():
            return None
        places = self._x(report.sizes)
        return int(np.abs(places - x).argmin())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self.nearest_size(self.from_pixel(event.position())[0])
        if at is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(at)
        else:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self.nearest_size(self.from_pixel(event.position())[0])
        if at is not None and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(at)
        else:
            super().mouseDoubleClickEvent(event)

    def _read_at(self, at: tuple[float, float] | None) -> None:
        report = self._report
        if at is None or report is None or not np.isfinite(report.test_error).any():
            self.read(None)
            return
        theme, unit = self.theme, "" if report.target else " %"
        samples = 10.0 ** at[0] if self.log_x else at[0]
        if report.curve is not None and samples > 1.03 * report.sizes[-1]:
            self.read(self._law_reading(samples, unit))
            return
        place = self.nearest_size(at[0])
        if place is None:
            return
        x = float(self._x(report.sizes)[place])
        lines, dots = [Line(f"{int(report.sizes[place]):,} samples, {int(report.epochs[place]):,} epochs")], []
        for word, errors in (("train", report.train_error), ("test", report.test_error)):
            mean, half = (float(each[0]) for each in self._mean(errors[:, place : place + 1]))
            spread = f" ± {value_text(half)}" if np.isfinite(half) else ""
            lines.append(Line(word, f"{value_text(mean)}{spread}{unit}", theme.color(word)))
            y = float(self._y(np.array([mean]))[0])
            if np.isfinite(y):
                dots.append((y, theme.color(word)))
        if report.curve is not None:
            law = self._factor * float(report.curve.law.at(report.sizes[place : place + 1])[0])
            lines.append(Line("law", f"{value_text(law)}{unit}"))
        self.read(Reading(x, tuple(lines), tuple(dots)))

    def _law_reading(self, samples: float, unit: str) -> Reading:
        """Return what the law says about more samples than there are."""
        report = self._report
        assert report is not None
        assert report.curve is not None
        at = np.array([samples])
        value = self._factor * float(report.curve.law.at(at)[0])
        lines = [Line(f"{round(samples):,} samples"), Line("law", f"{value_text(value)}{unit}")]
        band = report.curve.band(at)
        if band is not None:
            low, high = (value_text(self._factor * float(each[0])) for each in band)
            lines.append(Line("95 %", f"{low} to {high}{unit}"))
        y = float(self._y(np.array([value]))[0])
        return Reading(float(self._x(at)[0]), tuple(lines), ((y, self.theme.color("text")),))
