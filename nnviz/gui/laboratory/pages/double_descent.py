"""Does the test error descend twice?"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QPushButton, QVBoxLayout

from nnviz import experiment as experiments
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.descent_plot import DescentPlot
from nnviz.gui.laboratory.parts.legend import Legend
from nnviz.gui.laboratory.study_page import StudyPage, add_field, whole_number
from nnviz.gui.theme import Theme
from nnviz.gui.views import Key, Table
from nnviz.gui.views.parts.switches import add_switch
from nnviz.gui.widgets.card import card
from nnviz.settings import SettingsError
from nnviz.studies.axes import Axis, axes, number, places
from nnviz.studies.double_descent import Descent, DoubleDescentStudy, sentence
from nnviz.studies.study import Study
from nnviz.sweeps.recipes.double_descent import SEEDS, WIDTHS

PREPARED = "double-descent"
"""The bundled experiment that shows it within seconds."""

_RECIPE = ("width", float(WIDTHS[0]), float(WIDTHS[-1]), len(WIDTHS))
"""Axis, ends and number of places of the recipe of `nnviz sweep`."""

_EPOCHS, _MOST_EPOCHS = 1_000, 10_000_000


@pages.register
class DoubleDescentPage(StudyPage[Descent]):
    """Trains the experiment at many widths, lengths, sample counts, noises or decays, and draws what comes of it."""

    name = "double-descent"
    title = "Double descent"
    help = (
        "Test loss and errors of many networks, each trained to the end. Where a network can just fit its training "
        "samples the test loss peaks; beyond that it falls again. Click a point to open that network as a run."
    )
    group = GROUPS[2]
    order = 10
    begin_words = "Train"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self.axis = QComboBox(self)
        for axis in axes:
            self.axis.addItem(axis.title, axis.name)
        self.low, self.high = QDoubleSpinBox(self), QDoubleSpinBox(self)
        for field in (self.low, self.high):
            field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.count, self.seeds = whole_number(3, 200, 16), whole_number(1, 100, 3)
        self.epochs = whole_number(1, _MOST_EPOCHS, _EPOCHS)
        add_field(row, "Over", self.axis, "What is changed from network to network")
        add_field(row, "from", self.low)
        add_field(row, "to", self.high)
        add_field(row, "Places", self.count, "How many networks per seed, evenly spaced")
        self.axis.currentIndexChanged.connect(self._axis_chosen)
        self._ranges_of: tuple[str, int] = ("", -1)

    def _more_options(self) -> QHBoxLayout:
        """Return a second row of options."""
        row = QHBoxLayout()
        row.setSpacing(8)
        add_field(row, "Seeds", self.seeds, "Initial weights and orders of samples: the band goes over them")
        add_field(row, "Epochs", self.epochs, "How long every network is trained")
        row.addStretch(1)
        return row

    def add_results(self, column: QVBoxLayout) -> None:
        column.insertLayout(1, self._more_options())
        self.loss_plot = DescentPlot("loss", self.theme, self)
        self.error_plot = DescentPlot("error", self.theme, self)
        self.plots = (self.loss_plot, self.error_plot)
        self.legend = Legend(self)
        bar = QHBoxLayout()
        bar.addWidget(self.legend, 1)
        add_switch(bar, "log y", "Logarithmic losses", False, self.loss_plot.set_log_y)
        sides = QHBoxLayout()
        sides.setSpacing(12)
        for plot, share in ((self.loss_plot, 3), (self.error_plot, 2)):
            plot.setMinimumHeight(240)
            plot.picked.connect(self._pick)
            plot.opened.connect(self._open_at)
            sides.addWidget(card(plot), share)
        column.addLayout(bar)
        column.addLayout(sides, 1)
        self.open_button = QPushButton("Open as a run", self)
        self.open_button.setToolTip("Begin a run of the network that you clicked: it gives the same numbers")
        self.open_button.setEnabled(False)
        self.open_button.clicked.connect(self._open)
        self.prepared = QPushButton("Open the prepared experiment", self)
        self.prepared.setToolTip("200 digits with a fifth of the labels wrong: 96 networks that show the peak clearly")
        self.prepared.clicked.connect(self._open_prepared)
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(self.prepared)
        below.addWidget(self.open_button)
        column.addLayout(below)
        self.chosen: int | None = None

    # ------------------------------------------------------------ options

    @property
    def _axis(self) -> Axis:
        return axes[str(self.axis.currentData())]()

    @Slot()
    def _axis_chosen(self) -> None:
        self._ranges_of = ("", -1)
        self._offer_ranges()

    def _offer_ranges(self) -> None:
        """Fill in where it is worth looking, once for an axis and a run; what the user typed since stays."""
        snapshot, axis = self.run.snapshot, self._axis
        if snapshot is None or self._ranges_of == (axis.name, self.run.number):
            return
        if self._ranges_of[1] != self.run.number:
            training = self.experiment.training
            self.epochs.setValue(training.epochs or max(self.run.epoch, _EPOCHS))
        self._ranges_of = (axis.name, self.run.number)
        try:
            low, high = axis.usual(self.experiment, snapshot.data)
        except SettingsError as error:
            self.refuse(str(error))
            return
        for field, value in ((self.low, low), (self.high, high)):
            field.setDecimals(0 if axis.whole else 4)
            field.setRange(axis.lowest, axis.highest)
            field.setValue(value)
            field.setSuffix("")

    def values(self) -> tuple[float, ...]:
        """Return the places that the options ask for."""
        if self._range() == _RECIPE:
            return tuple(map(float, WIDTHS))  # closer together near the peak
        if self.high.value() <= self.low.value():
            raise SettingsError("There is nothing between the two ends of the axis: let `to` be larger than `from`.")
        return places(self._axis, self.low.value(), self.high.value(), self.count.value())

    def _range(self) -> tuple[str, float, float, int]:
        return self._axis.name, self.low.value(), self.high.value(), self.count.value()

    # ------------------------------------------------------------ the study

    def make_study(self) -> Study[Descent]:
        snapshot = self.run.snapshot
        if snapshot is not None:
            self._axis.usual(self.experiment, snapshot.data)  # raises why there is nothing to change
        options = (self.epochs.value(), self.seeds.value(), self.library())
        return DoubleDescentStudy(self.experiment, self._axis, self.values(), *options)

    def refresh(self) -> None:
        self._offer_ranges()
        super().refresh()

    def show_report(self, report: Descent) -> None:
        if report is self._nothing:
            self.chosen = None
        self._redraw()

    def finished(self, report: Descent) -> str:
        networks = len(report.seeds) if report.axis.within else report.done
        count = f"{networks:,} {'network' if networks == 1 else 'networks'} in {report.seconds:.1f} s."
        return f"{sentence(report)} {count}"

    @property
    def report(self) -> Descent | None:
        """What is shown."""
        return self._shown

    def _redraw(self) -> None:
        report = self.report
        waiting = "Train fills this in as the networks come to their end, the largest first."
        for plot in self.plots:
            plot.show_report(report, self.chosen, waiting)
        keys = [Key("test", self.theme.color("test")), Key("train", self.theme.color("train"))]
        if report is not None and len(report.seeds) > 1:
            keys.append(Key("from the lowest seed to the highest", self.theme.color("test"), "area"))
        self.legend.show_keys(keys if report is not None and report.done else ())
        self.open_button.setEnabled(self.chosen is not None)
        if self.chosen is not None and report is not None:
            self.open_button.setText(f"Open {number(report.axis, float(report.values[self.chosen]))} as a run")
        else:
            self.open_button.setText("Open as a run")

    # ------------------------------------------------------------ a point as a run

    @Slot(int)
    def _pick(self, place: int) -> None:
        self.chosen = place
        self._redraw()

    @Slot(int)
    def _open_at(self, place: int) -> None:
        self._pick(place)
        self._open()

    @Slot()
    def _open(self) -> None:
        """Begin a run of the chosen network, with the first seed."""
        study, report = self.study, self.report
        if not isinstance(study, DoubleDescentStudy) or report is None or self.chosen is None:
            return
        words = number(report.axis, float(report.values[self.chosen]))
        self.controller.begin(study.experiment_at(self.chosen), words)
        self.sentence.setText(f"{self.finished(report)} Opened {words} in the main window: press Play there.")

    @Slot()
    def _open_prepared(self) -> None:
        """Turn to the bundled experiment, with the options that show it best."""
        self.controller.open(experiments.bundled(PREPARED))
        name, low, high, count = _RECIPE
        self.axis.setCurrentIndex(self.axis.findData(name))
        self.low.setValue(low)
        self.high.setValue(high)
        self.count.setValue(count)
        self.seeds.setValue(SEEDS)
        self.epochs.setValue(self.experiment.training.epochs)
        self.sentence.setText("This is the prepared experiment: press Train once its samples are there.")

    def table(self) -> Table:
        """Return the numbers that are shown, seed by seed."""
        report = self.report
        if report is None or not report.done:
            return {}
        head = f"{report.axis.title.lower()} [{report.axis.unit or '1'}]"
        columns: dict[str, NDArray[Any]] = {head: report.values, "parameters": report.n_parameters}
        for name in ("train_loss", "test_loss", "train_error", "test_error"):
            for place, seed in enumerate(report.seeds):
                columns[f"{name.replace('_', ' ')}, seed {seed}"] = getattr(report, name)[:, place]
        return columns

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for plot in self.plots:
            plot.apply_theme(theme)
        self._redraw()
