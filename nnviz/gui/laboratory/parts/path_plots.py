"""Plots along a regularisation path: errors with the choice that they lead to, and weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QWidget

from nnviz.gui.plot import Band, Curve, Plot, Reading, Scale
from nnviz.gui.plot.overlay import Level, Line, Mark
from nnviz.gui.plot.pens import line
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, finite_range
from nnviz.studies.axes import Axis, number
from nnviz.studies.regularisation_path import RegularisationPath

Floats = NDArray[np.float64]

_ZERO_ROOM = 0.5
"""On a logarithmic axis, how far below the smallest positive value that of 0 lies, in decades."""

_WORD = 60.0
"""Pixels between two marks that both have room for their words."""

_NAMED = 8
"""Lines that a legend or a read-out names."""


class PathPlot(Plot):
    """Something over the values of a path; a click chooses the nearest value."""

    picked = Signal(int)
    """The user clicked near the value of this number."""

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, Scale(), Scale(), parent)
        self.report: RegularisationPath | None = None
        self.axis: Axis | None = None
        self.place = 0
        self.pointed.connect(self._read_at)
        self.setAccessibleName(title)

    def show_report(self, report: RegularisationPath | None, axis: Axis | None, place: int) -> None:
        """Show what is known along an axis, with one value marked."""
        self.report, self.axis, self.place = report, axis, place
        self.draw()

    def known(self) -> NDArray[np.bool_]:
        """Return where there is something to draw, (v,)."""
        raise NotImplementedError

    def legend(self) -> list[Key]:
        """Return what the colours stand for."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw it all anew."""
        raise NotImplementedError

    def lines_at(self, place: int) -> tuple[list[Line], list[tuple[float, QColor]]]:
        """Return what the read-out says of a value, and its dots."""
        raise NotImplementedError

    def x(self) -> Floats:
        """Return where the values lie, (v,)."""
        assert self.report is not None
        assert self.axis is not None
        values = self.report.values
        if not self.axis.logarithmic:
            return values * (100.0 if self.axis.unit == "%" else 1.0)
        with np.errstate(divide="ignore"):
            return np.where(values > 0.0, np.log10(values), self._zero())

    def set_axes(self, y: Scale, reach: tuple[float, float]) -> None:
        """Show the axis of the path, and a range upwards."""
        assert self.axis is not None
        assert self.report is not None
        x, axis = self.x(), self.axis
        zero = self._zero() if axis.logarithmic and self.report.values[0] <= 0.0 else None
        label = axis.title.lower() if axis.unit != "%" else f"{axis.title.lower()} (%)"
        across = Scale(label, log=axis.logarithmic, whole=axis.whole and not axis.logarithmic, zero=zero)
        room = 0.03 * float(x[-1] - x[0])
        self.set_scales(across, y, (float(x[0]) - room, float(x[-1]) + room), reach)
        self.overlay.place_playhead(float(x[self.place]) if self.place < len(x) else None)

    def _zero(self) -> float:
        """Return where 0 lies on a logarithmic axis."""
        assert self.report is not None
        positive = self.report.values[self.report.values > 0.0]
        return float(np.log10(positive[0])) - _ZERO_ROOM if len(positive) else 0.0

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._nearest(self.from_pixel(event.position())[0])
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(place)
        else:
            super().mousePressEvent(event)

    def _nearest(self, at: float) -> int | None:
        if self.report is None or self.axis is None or not self.known().any():
            return None
        return int(np.abs(self.x() - at).argmin())

    def _read_at(self, at: tuple[float, float] | None) -> None:
        place = self._nearest(at[0]) if at is not None else None
        if place is None or self.axis is None or self.report is None:
            self.read(None)
            return
        lines, dots = self.lines_at(place)
        head = Line(f"{self.axis.title} {number(self.axis, float(self.report.values[place]))}")
        self.read(Reading(float(self.x()[place]), (head, *lines), tuple(dots)))


class PathErrors(PathPlot):
    """Training, test and held-out error, with the best value and the one that the one-standard-error rule chooses."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Errors along the path", theme, parent)
        self._band = self.add(Band())
        self._train, self._test, self._held = (self.add(Curve()) for _ in range(3))
        self._band.setZValue(-5)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if hasattr(self, "_held"):
            self._band.setBrush(theme.color("validation", 0.22))
            for curve, name in ((self._train, "train"), (self._test, "test"), (self._held, "validation")):
                curve.setPen(line(theme, name))
            self.draw()

    def known(self) -> NDArray[np.bool_]:
        assert self.report is not None
        return np.isfinite(self.report.train_error) | np.isfinite(self.report.held()[0])

    def draw(self) -> None:
        report = self.report
        if report is None or self.axis is None or not self.known().any():
            self.say("Errors at every value appear here.")
            return
        self.say("")
        x, factor = self.x(), self._factor
        mean, error = (factor * each for each in report.held())
        train, test = factor * report.train_error, factor * report.test_error
        for curve, values in ((self._train, train), (self._test, test), (self._held, mean)):
            finite = np.isfinite(values)
            curve.draw(x[finite], values[finite])
        finite = np.isfinite(mean + error)
        self._band.draw(x[finite], (mean - error)[finite], (mean + error)[finite])
        reach = finite_range(train, test, mean, mean + error) or (0.0, 1.0)
        label = f"RMSE of {report.target}" if report.target else "% wrong"
        room = 0.08 * (reach[1] - reach[0]) or 0.1 * reach[1] or 1.0
        bottom = (
            max(0.0, reach[0] - room) if report.target else 0.0
        )  # shares of wrong answers can be compared by height
        self.set_axes(Scale(label), (bottom, reach[1] + room))
        self._mark(x, mean, error)
        self._read_at(self.pointer)

    def _mark(self, x: Floats, mean: Floats, error: Floats) -> None:
        """Mark the best value, the one that the rule chooses, and the error up to which it may go."""
        report = self.report
        assert report is not None
        best, chosen = report.best, report.chosen
        if best is None or chosen is None or np.isfinite(report.held_error).all(axis=0).sum() < len(report.values):
            self.overlay.mark()
            return
        color = self.theme.color("validation")
        marks = [Mark(float(x[chosen]), "choice" if chosen != best else "best, and choice", color)]
        if chosen != best:  # under the choice, whose word is the one to be read
            apart = abs(self.to_pixel(float(x[chosen]), 0.0).x() - self.to_pixel(float(x[best]), 0.0).x())
            marks.insert(0, Mark(float(x[best]), "best" if apart > _WORD else "", self.theme.color("muted")))
        limit = float(mean[best] + (error[best] if np.isfinite(error[best]) else 0.0))
        self.overlay.mark(tuple(marks), levels=(Level(limit, color),))

    def legend(self) -> list[Key]:
        report, theme = self.report, self.theme
        if report is None or not self.known().any():
            return []
        keys = [Key("train", theme.color("train"))]
        if np.isfinite(report.test_error).any():
            keys.append(Key("test", theme.color("test")))
        if len(report.held_error):
            keys.append(
                Key(f"held out, mean of {len(report.held_error)} folds ± standard error", theme.color("validation"))
            )
        return keys

    def lines_at(self, place: int) -> tuple[list[Line], list[tuple[float, QColor]]]:
        report, unit = self.report, "" if self._factor == 1.0 else " %"
        assert report is not None
        mean, error = report.held()
        lines, dots = [], []
        for word, values, name in (
            ("train", report.train_error, "train"),
            ("test", report.test_error, "test"),
            ("held out", mean, "validation"),
        ):
            value = self._factor * float(values[place])
            if not np.isfinite(value):
                continue
            spread = self._factor * float(error[place]) if word == "held out" else np.nan
            text = (
                f"{value_text(value)} ± {value_text(spread)}{unit}"
                if np.isfinite(spread)
                else f"{value_text(value)}{unit}"
            )
            lines.append(Line(word, text, self.theme.color(name)))
            dots.append((value, self.theme.color(name)))
        return lines, dots

    @property
    def _factor(self) -> float:
        return 1.0 if self.report is not None and self.report.target else 100.0


class PathWeights(PathPlot):
    """The coefficients of a network without hidden layer, or the norm of the weights of each layer."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Weights along the path", theme, parent)
        self._curves: list[Curve] = []
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        if hasattr(self, "_curves"):
            self.draw()

    def known(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.rows()[1]).any(axis=1))

    def rows(self) -> tuple[tuple[str, ...], Floats]:
        """Return the names of what is drawn, and its values (v, lines)."""
        report = self.report
        assert report is not None
        if report.coefficient_names:
            return report.coefficient_names, report.coefficients
        count = report.norms.shape[1]
        return tuple(f"layer {i + 1}" for i in range(count - 1)) + ("output",) * (count > 0), report.norms

    def draw(self) -> None:
        report = self.report
        if report is None or self.axis is None or not report.norms.size or not self.known().any():
            self.say("Coefficients, or the norms of the weights of each layer, appear here.")
            return
        self.say("")
        names, values = self.rows()
        x = self.x()
        while len(self._curves) < len(names):
            self._curves.append(self.add(Curve()))
        for number_, curve in enumerate(self._curves):
            curve.setVisible(number_ < len(names))
            if number_ < len(names):
                finite = np.isfinite(values[:, number_])
                style = Qt.PenStyle.SolidLine if number_ < len(self.theme.layers) else Qt.PenStyle.DashLine
                curve.setPen(line(self.theme, self.theme.layer_color(number_).name(), style=style))
                curve.draw(x[finite], values[finite, number_])
        low, high = finite_range(values) or (0.0, 1.0)
        low, high = min(0.0, low), max(0.0, high)
        room = 0.06 * (high - low) or 1.0
        label = "coefficient" if report.coefficient_names else "norm of the weights"
        self.set_axes(Scale(label), (low - room if low < 0.0 else 0.0, high + room))
        self.overlay.mark(levels=(Level(0.0, self.theme.color("muted")),) if low < 0.0 else ())
        self._read_at(self.pointer)

    def legend(self) -> list[Key]:
        report = self.report
        if report is None or not report.norms.size or not self.known().any():
            return []
        names, _ = self.rows()
        keys = [Key(name, self.theme.layer_color(number_)) for number_, name in enumerate(names[:_NAMED])]
        more = len(names) - _NAMED
        return [*keys, Key(f"and {more} more", self.theme.color("muted"), "blank")] if more > 0 else keys

    def lines_at(self, place: int) -> tuple[list[Line], list[tuple[float, QColor]]]:
        names, values = self.rows()
        largest = np.argsort(-np.abs(np.nan_to_num(values[place])))[:_NAMED]
        lines, dots = [], []
        for number_ in largest.tolist():
            value, color = float(values[place, number_]), self.theme.layer_color(number_)
            lines.append(Line(names[number_], value_text(value), color))
            if np.isfinite(value):
                dots.append((value, color))
        return lines, dots
