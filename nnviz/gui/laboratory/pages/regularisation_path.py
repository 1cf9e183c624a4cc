"""What becomes of a network as it is held back more and more?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from nnviz.experiment import Experiment
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.legend import Legend
from nnviz.gui.laboratory.parts.path_plots import PathErrors, PathPlot, PathWeights
from nnviz.gui.laboratory.parts.stacked_parts import plus_minus
from nnviz.gui.laboratory.parts.surface_strip import SurfaceStrip
from nnviz.gui.laboratory.study_page import StudyPage, add_field, whole_number
from nnviz.gui.theme import Theme
from nnviz.gui.vault_keeper import keeper_of
from nnviz.gui.views import Table, views
from nnviz.gui.widgets.card import card
from nnviz.gui.widgets.slider import Slider
from nnviz.history.history import History
from nnviz.settings import SettingsError
from nnviz.snapshot import Snapshot
from nnviz.studies.axes import Axis, number, places
from nnviz.studies.regularisation_path import (
    RegularisationPath,
    RegularisationPathStudy,
    lasso_alpha,
    paths,
    ridge_alpha,
)
from nnviz.studies.study import Study

_STARTS = ("from the initial weights", "from the value before")
_USUAL_EPOCHS, _MOST_EPOCHS = 200, 10_000_000


@pages.register
class RegularisationPathPage(StudyPage[RegularisationPath]):
    """Sweeps a setting that holds the network back, and shows surface, weights and errors along it."""

    name = "regularisation-path"
    title = "Regularisation paths"
    help = (
        "The same network under more and more weight decay, L1 or dropout, with more units, or trained for longer. "
        "Drag the slider to see its surface; of values that are as good as the best, the simplest network is chosen."
    )
    group = GROUPS[2]
    order = 30
    begin_words = "Train"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self.axes = {axis.name: axis for axis in paths()}
        self.vary = QComboBox(self)
        for axis in self.axes.values():
            self.vary.addItem(axis.title, axis.name)
        self.low, self.high = QDoubleSpinBox(self), QDoubleSpinBox(self)
        for field in (self.low, self.high):
            field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.count = whole_number(2, 200, 14)
        self.epochs = whole_number(1, _MOST_EPOCHS, _USUAL_EPOCHS)
        self.follow_epochs(self.epochs, _USUAL_EPOCHS)
        self.folds = whole_number(0, 100, 5)
        self.starts = QComboBox(self)
        self.starts.addItems(list(_STARTS))
        add_field(row, "Vary", self.vary, "What holds the network back, or lets it go")
        add_field(row, "from", self.low)
        add_field(row, "to", self.high)
        add_field(row, "Values", self.count, "How many, evenly spaced in their logarithms where they have one")
        self.vary.currentIndexChanged.connect(self._axis_chosen)
        self._ranges_of: tuple[str, int] = ("", -1)

    def _more_options(self) -> QHBoxLayout:
        """Return a second row of options."""
        row = QHBoxLayout()
        row.setSpacing(8)
        add_field(row, "Epochs", self.epochs, "How long each value is trained.")
        add_field(
            row, "Folds", self.folds, "Folds of train and validation that judge: each is held out once; 0 for none."
        )
        tip = "From the initial weights every value is a run of its own. From the value before it takes fewer epochs."
        add_field(row, "Start", self.starts, tip)
        row.addStretch(1)
        return row

    def add_results(self, column: QVBoxLayout) -> None:
        column.insertLayout(1, self._more_options())
        self.place = 0
        self.surface = views["surface"](self.theme)
        self.surface.setMinimumSize(260, 220)
        self.slider = Slider(self)
        self.slider.setRange(0, 0)
        self.slider.setAccessibleName("Value")
        self.slider.valueChanged.connect(self._pick)
        self.value = QLabel(self)
        self.errors, self.weights = PathErrors(self.theme, self), PathWeights(self.theme, self)
        self.strip = SurfaceStrip(self.theme, self)
        self.plots: tuple[PathPlot, ...] = (self.errors, self.weights)
        for plot in self.plots:
            plot.setMinimumHeight(120)
            plot.picked.connect(self._pick)
        self.strip.picked.connect(self._pick)
        self.legends = (Legend(self), Legend(self))
        sides = QHBoxLayout()
        sides.setSpacing(12)
        sides.addLayout(self._left(), 2)
        sides.addLayout(self._right(), 3)
        column.addLayout(sides, 1)
        column.addWidget(card(self.strip))
        column.addLayout(self._buttons())

    def _left(self) -> QVBoxLayout:
        left = QVBoxLayout()
        left.setSpacing(6)
        left.addWidget(card(self.surface), 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.slider, 1)
        row.addWidget(self.value)
        left.addLayout(row)
        return left

    def _right(self) -> QVBoxLayout:
        right = QVBoxLayout()
        right.setSpacing(4)
        for legend, plot in zip(self.legends, self.plots, strict=True):
            right.addWidget(legend)
            right.addWidget(card(plot), 1)
        return right

    def _buttons(self) -> QHBoxLayout:
        self.choice = QPushButton("Go to the choice", self)
        self.choice.setToolTip("The simplest value whose held-out error is within one standard error of the best")
        self.choice.clicked.connect(self._go_to_choice)
        self.open_button = QPushButton("Open as a run", self)
        self.open_button.setToolTip("Begin a run with this value: from the initial weights it gives the same numbers")
        self.open_button.clicked.connect(self._open)
        self.fork_button = QPushButton("Fork with it", self)
        self.fork_button.setToolTip("Go on with this value from the epoch that you look at in the main window")
        self.fork_button.clicked.connect(self._fork)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        for button in (self.choice, self.fork_button, self.open_button):
            button.setEnabled(False)
            row.addWidget(button)
        return row

    # ------------------------------------------------------------ options

    @property
    def axis(self) -> Axis:
        """What the options say is varied."""
        return self.axes[str(self.vary.currentData())]

    @Slot()
    def _axis_chosen(self) -> None:
        self._ranges_of = ("", -1)
        self._offer_range()

    def _offer_range(self) -> None:
        """Fill in where it is worth looking, once for an axis and a run; what the user typed since stays."""
        snapshot, axis = self.run.snapshot, self.axis
        if snapshot is None or self._ranges_of == (axis.name, self.run.number):
            return
        self._ranges_of = (axis.name, self.run.number)
        low, high = axis.usual(self.experiment, snapshot.data)
        if axis.within:
            high = float(self.run.epoch or _USUAL_EPOCHS)
        for field, value in ((self.low, low), (self.high, high)):
            percent = axis.unit == "%"
            field.setDecimals(0 if axis.whole else 2 if percent else 5)
            field.setRange(axis.lowest, axis.highest)
            field.setValue(value)
        self.epochs.setEnabled(not axis.within)
        self.starts.setEnabled(not axis.within and axis.name != "width")

    def refresh(self) -> None:
        self._offer_range()
        super().refresh()

    # ------------------------------------------------------------ the study

    def needs_test(self) -> bool:
        return False

    def make_study(self) -> Study[RegularisationPath]:
        axis = self.axis
        if self.high.value() <= self.low.value():
            raise SettingsError("There is nothing between the two ends of the path: let `to` be larger than `from`.")
        values = places(axis, self.low.value(), self.high.value(), self.count.value())
        return RegularisationPathStudy(
            self.experiment,
            self.library(),
            axis,
            values,
            self.epochs.value(),
            self.folds.value(),
            warm=self.starts.currentIndex() == 1 and self.starts.isEnabled(),
            with_test=not keeper_of(self.controller).vault.locked,
        )

    def sees_test(self, study: Study[RegularisationPath]) -> bool:
        return bool(np.isfinite(study.report().test_error).any())

    def look_words(self) -> str:
        assert self._path is not None
        return f"{self._path.axis.title} at {len(self._path.values)} values, with the test error of each"

    @property
    def _path(self) -> RegularisationPathStudy | None:
        """The study whose report is shown."""
        return self.study if isinstance(self.study, RegularisationPathStudy) else None

    def show_report(self, report: RegularisationPath) -> None:
        if report is self._nothing:
            self._begin_at_first(len(report.values))
        self._redraw()

    def _begin_at_first(self, count: int) -> None:
        """Look at the first of so many values; no report that is still shown has to hear of it."""
        self.place = 0
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, count - 1)
            self.slider.setValue(0)

    def finished(self, report: RegularisationPath) -> str:
        chosen, best = report.chosen, report.best
        if best is None or chosen is None or self._path is None:
            return self._unjudged(report)
        axis = self._path.axis
        mean, error = report.held()
        smallest = self._error(float(mean[best]), float(error[best]))
        at = _within(axis, float(report.values[best]))
        text = f"The smallest error on held-out folds is {smallest}, at {at}"
        if chosen == best:
            return (
                f"{text}, and no simpler network comes within one standard error of it. {self._in_regression()}".strip()
            )
        simpler = _within(axis, float(report.values[chosen]))
        return (
            f"{text}. The simplest network within one standard error of that is the one at {simpler}, with "
            f"{self._error(float(mean[chosen]))}: choose it. {self._in_regression()}"
        ).strip()

    def _unjudged(self, report: RegularisationPath) -> str:
        """Return why there is no choice; empty where nobody asked for one, or did not wait for it."""
        if self.study is not None and self.study.progress().state == "cancelled":
            return ""
        if not np.isfinite(report.train_error).any():
            return "Every training diverged: choose a smaller learning rate, or smaller values."
        judged = self._path is not None and self._path.folds > 0
        return "Trainings diverged in some fold of every value: choose a smaller learning rate." if judged else ""

    def _error(self, error: float, around: float = float("nan")) -> str:
        """Return an error, with its standard error if that is known."""
        if self.report is not None and self.report.target:
            return plus_minus(error, around)
        return f"{100 * error:.1f} %" + (f" ± {100 * around:.1f} %" if np.isfinite(around) else "")

    def _in_regression(self) -> str:
        """Return what a choice is called elsewhere, for a linear unit with squared loss."""
        report, study = self.report, self._path
        if report is None or study is None or report.data is None or report.chosen is None:
            return ""
        if not report.coefficient_names or not report.target or study.axis.name not in ("weight-decay", "l1"):
            return ""
        training = study.experiment.training
        loss = training.resolved_loss("regression", 0)
        if loss.kind != "squared" or training.optimizer.kind == "adamw":
            return ""
        value = float(report.values[report.chosen])
        if study.axis.name == "l1":
            return f"Elsewhere that is the lasso with α = {lasso_alpha(value):.3g}."
        return f"Elsewhere that is ridge regression with α = {ridge_alpha(value, len(report.data.train)):.3g}."

    # ------------------------------------------------------------ what is shown

    @property
    def report(self) -> RegularisationPath | None:
        """What is shown."""
        return self._shown

    def _redraw(self) -> None:
        report, study = self.report, self._path
        axis = study.axis if study is not None else None
        for legend, plot in zip(self.legends, self.plots, strict=True):
            plot.show_report(report, axis, self.place)
            legend.show_keys(plot.legend())
        if report is None or report.data is None or axis is None:
            self._say_nothing_yet()
            return
        self.value.setText(_named(axis, float(report.values[self.place])))
        labels = [number(axis, float(value)) for value in report.values]
        self.strip.show_surfaces(report.surfaces, labels, report.data, self.place)
        self._show_surface(report)
        known = bool(np.isfinite(report.train_error[self.place]))
        self.open_button.setEnabled(known)
        self.fork_button.setEnabled(known and axis.name in ("weight-decay", "l1", "dropout"))
        self.choice.setEnabled(report.chosen is not None)

    def _say_nothing_yet(self) -> None:
        """Clear what shows a value of the path."""
        self.value.setText("")
        self.strip.show_surfaces((), (), None, 0)
        self.surface.refresh(History(), None)
        for button in (self.choice, self.fork_button, self.open_button):
            button.setEnabled(False)

    def _show_surface(self, report: RegularisationPath) -> None:
        """Show the surface at the chosen value in the view that the main window has for it."""
        base, surface = self.run.snapshot, report.surfaces[self.place]
        if base is None or surface is None or report.data is None or report.plane is None:
            self.surface.refresh(History(), None)
            return
        arrays: dict[str, NDArray[Any]] = {"surface": surface}
        shown: Snapshot = replace(base, data=report.data, plane=report.plane, arrays=arrays, past=False)
        self.surface.refresh(History(), shown)

    @Slot(int)
    def _pick(self, place: int) -> None:
        """Look at the value of this number."""
        if place == self.place and self.slider.value() == place:
            return
        self.place = place
        self.slider.setValue(place)
        self._redraw()

    @Slot()
    def _go_to_choice(self) -> None:
        if self.report is not None and self.report.chosen is not None:
            self._pick(self.report.chosen)

    # ------------------------------------------------------------ what comes of it

    def _chosen_experiment(self) -> tuple[Experiment, str] | None:
        """Return the experiment at the chosen value, and what it is called."""
        study, report = self._path, self.report
        if study is None or report is None or report.data is None:
            return None
        name = _named(study.axis, float(report.values[self.place]))
        return study.experiment_at(self.place), name

    @Slot()
    def _open(self) -> None:
        named = self._chosen_experiment()
        if named is None or self._path is None:
            return
        experiment, name = named
        self.controller.begin(experiment, name)
        if self._path.warm:
            self.sentence.setText(
                "The run begins from the initial weights, where the path went on from the value before."
            )

    @Slot()
    def _fork(self) -> None:
        study, report, snapshot = self._path, self.report, self.run.snapshot
        if study is None or report is None or snapshot is None:
            return
        value = float(report.values[self.place])
        try:
            experiment = study.axis.applied(self.experiment, value, snapshot.data)
        except SettingsError as error:  # the run in front may be another one by now
            self.sentence.setText(str(error))
            return
        self.controller.fork_with(experiment, f"{_named(study.axis, value)} from {self.run.shown_epoch:,}")

    def table(self) -> Table:
        """Return the numbers that are shown: a row for every value."""
        report, study = self.report, self._path
        if report is None or study is None or report.data is None:
            return {}
        factor, unit = (1.0, f"RMSE of {report.target}") if report.target else (100.0, "%")
        mean, error = report.held()
        columns: dict[str, NDArray[Any]] = {study.axis.title.lower(): report.values}
        columns[f"train error [{unit}]"] = factor * report.train_error
        columns[f"test error [{unit}]"] = factor * report.test_error
        columns |= {f"held-out error [{unit}]": factor * mean, f"its standard error [{unit}]": factor * error}
        names, values = self.weights.rows()
        word = "coefficient" if report.coefficient_names else "norm of the weights"
        return columns | {f"{word}, {name}": values[:, i] for i, name in enumerate(names)}

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        self.surface.apply_theme(theme)
        self.strip.apply_theme(theme)
        for plot in self.plots:
            plot.apply_theme(theme)
        self._redraw()


def _named(axis: Axis, value: float) -> str:
    """Return a value with what it is a value of, as "Weight decay 0.01" or "17 epochs"."""
    text = number(axis, value)
    return text if axis.unit and axis.unit != "%" else f"{axis.title} {text}"


def _within(axis: Axis, value: float) -> str:
    """Return the same as it stands within a sentence; L1 keeps its capital."""
    text = _named(axis, value)
    return text if text[1:2].isdigit() else text[:1].lower() + text[1:]
