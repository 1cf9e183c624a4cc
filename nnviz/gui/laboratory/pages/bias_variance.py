"""How much of the error is always the same, and how much is the luck of the samples?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from nnviz.data.fresh import can_be_drawn_anew
from nnviz.gui.compare.color_key import ColorKey
from nnviz.gui.compare.page import short
from nnviz.gui.laboratory.page import GROUPS, pages
from nnviz.gui.laboratory.parts.ensemble_maps import EnsembleMap
from nnviz.gui.laboratory.parts.stacked_parts import Layer, StackedParts, plus_minus
from nnviz.gui.laboratory.study_page import StudyPage, add_field, whole_number
from nnviz.gui.plot.ticks import value_text
from nnviz.gui.theme import Theme
from nnviz.gui.views import Table, caption_of
from nnviz.gui.views.parts.switches import add_switch
from nnviz.gui.widgets.card import card
from nnviz.studies.bias_variance import (
    Averages,
    BiasVariance,
    BiasVarianceOverWidth,
    EpochsReport,
    Resampling,
    WidthsReport,
)
from nnviz.studies.study import Study

Found = EpochsReport | WidthsReport | None

_SAMPLES: tuple[tuple[Resampling, str], ...] = (
    ("fresh", "new ones"),
    ("bootstrap", "bootstrap"),
    ("same", "the same"),
)
_USUAL_EPOCHS, _MOST_EPOCHS = 500, 1_000_000
_FRAME_MS = 16
_NETWORKS, _NETWORKS_PER_WIDTH = 64, 16


@pages.register
class BiasVariancePage(StudyPage[Found]):
    """Trains many networks side by side; shows their mean, their spread, and what their error is made of."""

    name = "bias-variance"
    title = "Bias and variance"
    help = (
        "Many networks learn the same from other samples each. Bias² is how far their mean is from the truth, variance "
        "how far they are from their mean, noise what nobody can know: the three add up to the expected squared error."
    )
    group = GROUPS[1]
    order = 20
    begin_words = "Train"

    # ------------------------------------------------------------ assembly

    def add_options(self, row: QHBoxLayout) -> None:
        self.networks = whole_number(2, 1_000, _NETWORKS)
        self.epochs = whole_number(1, _MOST_EPOCHS, _USUAL_EPOCHS)
        self.follow_epochs(self.epochs, _USUAL_EPOCHS)
        for field in (self.networks, self.epochs):
            field.setFixedWidth(72)
        self.samples, self.over = QComboBox(self), QComboBox(self)
        self.samples.addItems([words for _, words in _SAMPLES])
        self.samples.setCurrentIndex(0 if can_be_drawn_anew(self.experiment.data.source) else 1)
        self.over.addItems(["epochs", "width"])
        self.over.currentIndexChanged.connect(self._turn)
        tip = (
            "New ones: each network has as many new samples of the generator. Bootstrap: as many of the training "
            "samples, drawn with replacement. The same: only initial weights and orders of samples differ."
        )
        add_field(row, "Networks", self.networks, "How many learn side by side: more make the estimates surer.")
        add_field(row, "Samples", self.samples, tip)
        add_field(row, "Epochs", self.epochs, "How long every network is trained.")
        tip = "Epochs: as training goes on. Width: at its end, with all hidden layers narrower or wider."
        add_field(row, "Over", self.over, tip)

    def add_results(self, column: QVBoxLayout) -> None:
        self.mean, self.spread = EnsembleMap(self.theme, False, self), EnsembleMap(self.theme, True, self)
        self.stack = StackedParts(self.theme, "Bias², variance and noise", self)
        self.key = ColorKey(self.theme, self)
        self._due: list[Callable[[EpochsReport], None]] = []
        self._frames = QTimer(self)
        self._frames.setSingleShot(True)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._draw_next)
        self.legend, self._mean_words = QLabel(self), QLabel(self)
        for label in (self.legend, self._mean_words):
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setObjectName("muted")
        self.legend.setWordWrap(True)
        self.maps = QWidget(self)
        row = QHBoxLayout(self.maps)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(self._map_column(), 1)
        row.addLayout(self._spread_column(), 1)
        column.addWidget(self.maps, 3)
        bar = QHBoxLayout()
        bar.addWidget(self.legend, 1)
        add_switch(bar, "log x", "Logarithmic axis of epochs or widths", self.stack.log_x, self._set_log_x)
        column.addLayout(bar)
        self.stack.setMinimumHeight(150)
        column.addWidget(card(self.stack), 2)
        for plot in (self.mean, self.spread):
            plot.setMinimumHeight(180)
        self._say_nothing_yet()

    def _map_column(self) -> QVBoxLayout:
        bar = QHBoxLayout()
        bar.addWidget(self._mean_words)
        bar.addStretch(1)
        tip = "What some of the networks answer each for themselves: their boundaries, or their curves"
        add_switch(bar, "single networks", tip, self.mean.boundaries, self._set_boundaries)
        return _column(bar, self.mean)

    def _spread_column(self) -> QVBoxLayout:
        bar = QHBoxLayout()
        self._spread_words = QLabel("Spread", self)
        self._spread_words.setObjectName("muted")
        self.key.setFixedWidth(110)
        bar.addWidget(self._spread_words)
        bar.addStretch(1)
        bar.addWidget(self.key)
        return _column(bar, self.spread)

    def _say_nothing_yet(self) -> None:
        self._due = []
        self.mean.clear("The mean of all networks appears here as they learn.")
        self.spread.clear("Where they answer differently appears here.")
        self.stack.clear("Bias², variance and noise appear here.")
        for label in (self.legend, self._mean_words):
            label.setText("")
        self._spread_words.setText("Spread")
        self.key.hide()

    # ------------------------------------------------------------ the study

    def make_study(self) -> Study[Found]:
        resampling = _SAMPLES[self.samples.currentIndex()][0]
        options = (self.experiment, self.epochs.value(), self.networks.value(), resampling)
        study: Study[EpochsReport | None] | Study[WidthsReport | None]
        if self.over.currentIndex() == 1:
            study = BiasVarianceOverWidth(*options, library=self.library())
        else:
            study = BiasVariance(*options, library=self.library())
        return study  # type: ignore[return-value]

    def needs_test(self) -> bool:
        return not can_be_drawn_anew(self.experiment.data.source)

    def sees_test(self, study: Study[Found]) -> bool:
        report = study.report()
        if report is None or np.isfinite(report.averages.noise):  # known where new samples judge
            return False
        return bool(np.isfinite(report.averages.variance).any())

    def show_report(self, report: Found) -> None:
        if report is None:
            self._say_nothing_yet()
            return
        if isinstance(report, EpochsReport):
            self._due = [self._draw_stack, self._draw_spread, self._draw_mean]
            self._draw_next()
            return
        self._due = []
        known = np.isfinite(report.averages.variance)
        if known.any():
            mark = _own_width(report)
            self._show_stack(report.units[known], _only(report.averages, known), "units in the widest layer", mark)
        self.legend.setText(caption_of(self.stack.legend()))

    @Slot()
    def _draw_next(self) -> None:
        """Draw one of the plots, and the next one a frame later: all in one frame would be felt in the main window."""
        report = self._shown
        if not self._due or not isinstance(report, EpochsReport):
            self._frames.stop()
            return
        self._due.pop()(report)
        if self._due:
            self._frames.start()

    def _draw_mean(self, report: EpochsReport) -> None:
        self.mean.show_report(report)
        self._tell_maps(report)

    def _draw_spread(self, report: EpochsReport) -> None:
        self.spread.show_report(report)
        self._tell_maps(report)

    def _draw_stack(self, report: EpochsReport) -> None:
        self._show_stack(report.epochs, report.averages, "epoch", None)
        self.legend.setText(caption_of(self.stack.legend()))

    def finished(self, report: Found) -> str:
        if report is None:
            return ""
        return _over_epochs(report) if isinstance(report, EpochsReport) else _over_width(report)

    def _show_stack(self, x: np.ndarray, averages: Averages, label: str, mark: tuple[float, str] | None) -> None:
        known = np.isfinite(averages.noise)
        noise = np.full(len(x), averages.noise)
        bias = Layer("bias²" if known else "bias² + noise", averages.bias_squared, averages.bias_error, "fit")
        variance = Layer("variance", averages.variance, averages.variance_error, "samples")
        layers = [Layer("noise", noise, np.zeros(len(x)), "floor"), bias, variance] if known else [bias, variance]
        total = (averages.error, np.zeros(len(x)))
        self.stack.show_parts(x, layers, total, (label, averages.unit, "squared error"), mark=mark)

    def _tell_maps(self, report: EpochsReport) -> None:
        surfaces, data = report.surfaces, report.data
        if surfaces is None:
            return
        networks = report.networks - report.diverged
        keys = self.mean.legend()
        words = f"Mean of {networks} networks, epoch {surfaces.epoch:,}"
        self._mean_words.setText(f"{words} &nbsp; {caption_of(keys)}" if keys else words)
        what = "P" if data.task == "classification" else short(data.target_name, 12)
        self._spread_words.setText(f"Spread: standard deviation of {what}")
        self.key.setVisible(surfaces.spread.ndim == 2)
        self.key.show_ramp(self.theme.sequential(), "0", "", f"{self.spread.largest:.2g}")

    # ------------------------------------------------------------ controls

    @Slot(int)
    def _turn(self, number: int) -> None:
        """Turn to epochs or to width."""
        usual = (_NETWORKS, _NETWORKS_PER_WIDTH)
        if self.networks.value() == usual[1 - number]:
            self.networks.setValue(usual[number])
        self.maps.setVisible(number == 0)

    @Slot(bool)
    def _set_log_x(self, on: bool) -> None:
        self.stack.set_log_x(on)

    @Slot(bool)
    def _set_boundaries(self, on: bool) -> None:
        self.mean.set_boundaries(on)
        if isinstance(self._shown, EpochsReport):
            self._tell_maps(self._shown)

    def end(self) -> None:
        self._frames.stop()
        super().end()

    def table(self) -> Table:
        """Return the numbers that are shown."""
        report = self._shown
        if report is None:
            return {}
        averages = report.averages
        if isinstance(report, EpochsReport):
            first: Table = {"epoch": report.epochs}
        else:
            first = {"units in the widest layer": report.units, "parameters": report.parameters}
            first = {**first, "networks": report.networks_done}
        bias = "bias²" if np.isfinite(averages.noise) else "bias² + noise"
        return {
            **first,
            f"{bias} [{averages.unit}]": averages.bias_squared,
            f"{bias}, standard error [{averages.unit}]": averages.bias_error,
            f"variance [{averages.unit}]": averages.variance,
            f"variance, standard error [{averages.unit}]": averages.variance_error,
            f"noise [{averages.unit}]": np.full(len(averages.variance), averages.noise),
            f"squared error [{averages.unit}]": averages.error,
        }

    def apply_theme(self, theme: Theme) -> None:
        super().apply_theme(theme)
        for plot in (self.mean, self.spread, self.stack, self.key):
            plot.apply_theme(theme)
        self.legend.setText(caption_of(self.stack.legend()))
        if isinstance(self._shown, EpochsReport):
            self._tell_maps(self._shown)


def _column(bar: QHBoxLayout, plot: EnsembleMap) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(6)
    bar.addStrut(30)  # both maps begin at the same height
    column.addLayout(bar)
    column.addWidget(card(plot), 1)
    return column


def _only(averages: Averages, known: np.ndarray) -> Averages:
    return Averages(
        averages.bias_squared[known],
        averages.variance[known],
        averages.bias_error[known],
        averages.variance_error[known],
        averages.noise,
        averages.unit,
    )


def _own_width(report: WidthsReport) -> tuple[float, str] | None:
    """Return where the network of the run itself lies, with words."""
    if 1.0 not in report.factors:
        return None
    return float(report.units[report.factors.index(1.0)]), "as in the run"


def _over_epochs(report: EpochsReport) -> str:
    """Return what the last epoch shows, in words."""
    averages = report.averages
    bias, variance = float(averages.bias_squared[-1]), float(averages.variance[-1])
    known = np.isfinite(averages.noise)
    error = float(averages.error[-1])
    name = "bias²" if known else "bias² and noise"
    said = (
        f"At epoch {int(report.epochs[-1]):,} the expected {_measure(averages)} is {value_text(error)}: "
        f"{name} {plus_minus(bias, float(averages.bias_error[-1]))}, "
        f"variance {plus_minus(variance, float(averages.variance_error[-1]))}"
    )
    said += f", noise {value_text(averages.noise)}. " if known else ". "
    best = int(np.nanargmin(averages.error))
    surely = 2.0 * float(np.nansum([averages.bias_error[-1], averages.variance_error[-1]]))
    if best < len(report.epochs) - 1 and averages.error[best] < min(0.9 * error, error - surely):
        grown = float(averages.variance[-1] - averages.variance[best])
        why = "because variance has grown since" if grown > 0.5 * (error - averages.error[best]) else ""
        said += f"It was least at epoch {int(report.epochs[best]):,}, {value_text(float(averages.error[best]))}"
        said += f", {why}. " if why else ". "
    if variance > 2 * max(bias, 0.0):
        said += "Most of what could be better is variance: more samples, or regularisation, would lower it."
    elif bias > 2 * variance and known:
        fewer = " fewer wrong labels," if report.data.real_train.noisy.any() else ""
        said += f"Most of what could be better is bias:{fewer} a larger network, or longer training, would lower it."
    lost = f" {report.diverged} of {report.networks} networks diverged and are left out." if report.diverged else ""
    return said.strip() + lost


def _over_width(report: WidthsReport) -> str:
    averages = report.averages
    if not np.isfinite(averages.error).any():
        return "No width has two networks that came to an end; take a lower learning rate."
    best = int(np.nanargmin(averages.error))
    return (
        f"After {report.epochs:,} epochs the expected {_measure(averages)} is least with {int(report.units[best]):,} "
        f"units in the widest layer ({int(report.parameters[best]):,} parameters): "
        f"{value_text(float(averages.error[best]))}, of which variance is {value_text(float(averages.variance[best]))}."
    )


def _measure(averages: Averages) -> str:
    return averages.unit if averages.unit == "Brier score" else "squared error"
