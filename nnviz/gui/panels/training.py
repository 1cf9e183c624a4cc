"""The panel of the training settings."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from nnviz.engines.optimizers import Optimizer
from nnviz.engines.settings import TrainingSettings
from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.form import Form
from nnviz.gui.panels.edits import Edits, kept
from nnviz.gui.panels.seed_row import SeedRow
from nnviz.gui.theme import Theme, font
from nnviz.gui.widgets.column import ScrollColumn
from nnviz.gui.widgets.scale import NumberFormat
from nnviz.gui.widgets.section import Caption
from nnviz.network.settings import NetworkSettings

FIRST = (
    *("loss", "optimizer", "learning_rate", "schedule", "gradient_clip", "batch_size"),
    *("weight_decay", "l1", "max_norm", "label_smoothing"),
)
LAST = ("epochs", "patience")
FORMATS = {
    "training.epochs": NumberFormat(integer=True, words={0: "no limit"}),
    "training.patience": NumberFormat(integer=True, words={0: "off"}),
    "training.gradient_clip": NumberFormat(words={0: "off"}),
    "training.weight_decay": NumberFormat(words={0: "off"}),
    "training.l1": NumberFormat(words={0: "off"}),
    "training.max_norm": NumberFormat(words={0: "off"}),
    "training.label_smoothing": NumberFormat(percent=True, words={0: "off"}),
    "training.schedule.period": NumberFormat(integer=True, words={0: "auto"}),
}
OPTIONS = {
    "compiled": "Compiled",
    "torch": "PyTorch",
    "cpu": "Processor",
    "cuda": "Graphics card",
    "mps": "Mac graphics",
}
FOLDED = ("training.optimizer", "network.initializer")


class TrainingPanel(QWidget):
    """Loss, optimizer, learning rate and all that belongs to them; every change goes through the controller."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Training")
        self.setFont(font())
        self._controller = controller
        self._edits = Edits(controller, self)
        self.area = ScrollColumn(self)
        inside = self.area.content
        self.caption = Caption("Training", inside)
        self.form = Form(TrainingSettings, "training", inside, only=FIRST, formats=FORMATS, folded=FOLDED)
        self.network_form = Form(NetworkSettings, "network", inside, only=("initializer",), folded=FOLDED)
        self.limits_form = Form(TrainingSettings, "training", inside, only=LAST, formats=FORMATS)
        self.seed_row = SeedRow("New seed", Experiment, "seed", "Begin again from other initial weights.", inside)
        rest = (*FIRST, *LAST)
        self.more_form = Form(TrainingSettings, "training", inside, skip=rest, formats=FORMATS, options=OPTIONS)
        self._forms = (self.form, self.network_form, self.limits_form, self.more_form)
        self._make_layout()
        for form in self._forms:
            form.edited.connect(self._edited)
        self.seed_row.edited.connect(self._edits.apply)
        self.seed_row.new_wanted.connect(controller.new_seed)
        self._edits.refused.connect(self._refused)
        controller.experiment_changed.connect(self._show)
        self._show(controller.experiment)
        self.apply_theme(theme)

    def _make_layout(self) -> None:
        body = self.area.body
        body.addWidget(self.caption)
        for part in (self.form, self.network_form, self.limits_form, self.seed_row, self.more_form):
            body.addWidget(part)
        body.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.area)

    def controls(self, bar: QHBoxLayout) -> None:
        """Leave the heading to the title bar that this panel stands under."""
        self.caption.hide()

    def apply_theme(self, theme: Theme) -> None:
        """Take over another appearance; all colours come from the palette."""
        self.update()

    @Slot(object)
    def _show(self, experiment: Experiment) -> None:
        for form in (self.form, self.limits_form, self.more_form):
            form.show_settings(experiment.training)
        self.network_form.show_settings(experiment.network)
        self.seed_row.set_value(experiment.seed)

    @Slot(str, object, str, bool)
    def _edited(self, path: str, value: object, text: str, final: bool) -> None:
        if path == "training.optimizer" and isinstance(value, dict):
            self._choose_optimizer(Optimizer.registry[value["kind"]], text)
        else:
            self._edits.apply(path, value, text, final)

    def _choose_optimizer(self, cls: type[Optimizer], text: str) -> None:
        """Change the optimizer; a learning rate that was typical of the old one becomes typical of the new one."""
        experiment = self._controller.experiment
        training = experiment.training
        before = training.optimizer
        if cls is type(before):
            return
        rate = cls.typical_rate if training.learning_rate == before.typical_rate else training.learning_rate
        training = training.replace(optimizer=kept(before, cls), learning_rate=rate)
        self._controller.change(experiment.replace(training=training), text)

    @Slot(str, str)
    def _refused(self, path: str, sentence: str) -> None:
        for form in self._forms:
            form.show_problem(path, sentence)
        self.seed_row.show_problem(path, sentence)
