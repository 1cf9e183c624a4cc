"""What a sweep is asked: the settings that are varied, how often, how they are chosen, and where it is trained."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from nnviz.experiment import Experiment
from nnviz.gui.laboratory.parts.sweep_folder import Recalled
from nnviz.gui.laboratory.parts.sweep_folder_button import FolderButton
from nnviz.gui.laboratory.parts.sweep_planner import Asked
from nnviz.gui.laboratory.parts.sweep_points import Measure
from nnviz.gui.laboratory.parts.sweep_rows import VariedRows
from nnviz.gui.laboratory.study_page import add_field
from nnviz.gui.theme import Theme
from nnviz.project.library import Library
from nnviz.sweeps.backends import backends
from nnviz.sweeps.plan import EPOCHS, OBJECTIVES
from nnviz.sweeps.strategies import strategies

_MOST_EPOCHS, _MOST_SEEDS, _MOST_TRIALS = 10_000_000, 10_000, 1_000_000
_ADDRESSES = {"dask": "tcp://host:8786", "ray": "ray://host:10001"}


class SweepForm(QWidget):
    """The settings that are varied, and two lines of fields; `edited` says that something else is asked than before."""

    edited = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = VariedRows(theme, self)
        self.seeds, self.epochs, self.trials = QSpinBox(self), QSpinBox(self), QSpinBox(self)
        for spin, high, value, width in (
            (self.seeds, _MOST_SEEDS, 3, 56),
            (self.epochs, _MOST_EPOCHS, EPOCHS, 84),
            (self.trials, _MOST_TRIALS, 30, 72),
        ):
            spin.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            spin.setRange(1, high)
            spin.setValue(value)
            spin.setGroupSeparatorShown(True)
            spin.setFixedWidth(width)
            spin.valueChanged.connect(self.edited)
        self.search, self.objective, self.backend = QComboBox(self), QComboBox(self), QComboBox(self)
        for strategy in strategies:
            self.search.addItem(strategy.title, strategy.name)
            self.search.setItemData(self.search.count() - 1, strategy.help, Qt.ItemDataRole.ToolTipRole)
        for column in OBJECTIVES:
            self.objective.addItem(Measure(column).title, column)
        for backend in backends:
            self.backend.addItem(backend.title, backend.name)
            self.backend.setItemData(self.backend.count() - 1, backend.help, Qt.ItemDataRole.ToolTipRole)
        self.objective.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.objective.setMinimumContentsLength(12)
        self.address = QLineEdit(self)
        self.address.setMinimumWidth(150)
        self.folder = FolderButton(self)
        self._assemble()
        self.search.currentIndexChanged.connect(self._search_chosen)
        self.objective.currentIndexChanged.connect(self.edited)
        self.backend.currentIndexChanged.connect(self._backend_chosen)
        self.address.textEdited.connect(self.edited)
        self.folder.changed.connect(self.edited)
        self.rows.edited.connect(self.edited)
        self._search_chosen()
        self._backend_chosen()

    def _assemble(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(8)
        first.addWidget(self.rows.add)
        add_field(first, "Seeds", self.seeds, "Initial weights and orders of samples to repeat every point with")
        add_field(first, "Epochs", self.epochs, "How long every network is trained")
        add_field(first, "Search", self.search, "How the points are chosen")
        self._trials_label = _labelled(first, "Points", self.trials, "How many points the search tries")
        first.addStretch(1)
        add_field(second, "Objective", self.objective, "What is best where it is smallest, as a mean over the seeds")
        add_field(second, "Train on", self.backend, "Where the networks are trained")
        self._address_label = _labelled(
            second, "Address", self.address, "Where the cluster is; without one, workers are started on this machine"
        )
        add_field(second, "Results", self.folder, self.folder.toolTip())
        second.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.rows)
        column.addLayout(first)
        column.addLayout(second)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.rows.apply_theme(theme)

    # ------------------------------------------------------------ what is asked

    def asked(self, experiment: Experiment, library: Library | None) -> Asked:
        """Return what is asked of an experiment, whose samples are lent from a library."""
        search = str(self.search.currentData())
        return Asked(
            experiment,
            self.rows.varied,
            self.seeds.value(),
            self.epochs.value(),
            search,
            self.trials.value() if strategies[search].counts_trials else None,
            str(self.objective.currentData()),
            str(self.backend.currentData()),
            self.folder.folder,
            library,
        )

    @property
    def address_text(self) -> str | None:
        """The address of the cluster, None for none."""
        takes = backends[str(self.backend.currentData())].takes_address
        return self.address.text().strip() or None if takes else None

    def offer_epochs(self, experiment: Experiment, trained: int) -> None:
        """Propose as many epochs as a run has, or is to have."""
        self.epochs.setValue(experiment.training.epochs or max(trained, EPOCHS))

    def take_over(self, recalled: Recalled, folder: Path | None) -> None:
        """Ask again what was asked before."""
        with QSignalBlocker(self):
            self.seeds.setValue(recalled.seeds)
            self.epochs.setValue(recalled.epochs)
            self.trials.setValue(recalled.trials or self.trials.value())
            self.search.setCurrentIndex(max(0, self.search.findData(recalled.search)))
            self.objective.setCurrentIndex(max(0, self.objective.findData(recalled.objective)))
            self.rows.set_varied(recalled.vary)
            self.folder.set_folder(folder)
        self.edited.emit()

    @Slot()
    def _search_chosen(self) -> None:
        counted = strategies[str(self.search.currentData())].counts_trials
        self.trials.setVisible(counted)
        self._trials_label.setVisible(counted)
        self.edited.emit()

    @Slot()
    def _backend_chosen(self) -> None:
        name = str(self.backend.currentData())
        takes = backends[name].takes_address
        self.address.setVisible(takes)
        self._address_label.setVisible(takes)
        self.address.setPlaceholderText(_ADDRESSES.get(name, ""))
        self.edited.emit()


def _labelled(row: QHBoxLayout, words: str, field: QWidget, help: str) -> QLabel:
    """Add a field after its label, and return the label."""
    add_field(row, words, field, help)
    item = row.itemAt(row.count() - 2)
    label = item.widget() if item is not None else None
    assert isinstance(label, QLabel)
    return label
