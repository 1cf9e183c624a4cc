"""The panel of the data: draw, choose or open samples, and say how they are split and prepared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QTimer, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from nnviz.data.dataset import DataError, Dataset, SplitData
from nnviz.data.drawings import editing
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.generators.circles import Circles
from nnviz.data.readers.table import Table
from nnviz.data.settings import DataSettings
from nnviz.data.source import Source
from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.form import PERCENT, Form, KindForms
from nnviz.gui.panels import source_pictures
from nnviz.gui.panels.edits import Edits, fitting_loss, kept
from nnviz.gui.panels.plane_rows import PlaneRows
from nnviz.gui.panels.seed_row import SeedRow
from nnviz.gui.panels.table_import import OPENABLE, TableImport, open_path
from nnviz.gui.theme import Theme, font
from nnviz.gui.widgets.column import ScrollColumn
from nnviz.gui.widgets.gallery import Gallery
from nnviz.gui.widgets.row import Label, Paragraph
from nnviz.gui.widgets.section import Caption, FlatButton
from nnviz.network import edit
from nnviz.settings import kind_of
from nnviz.snapshot import Status

SHARES = ("label_noise", "train_share", "validation_share")
AUGMENTATION = ("copies", "jitter", "shift")
FORMATS = {f"data.{name}": PERCENT for name in (*SHARES, "jitter")}
ELSEWHERE = ("path", "target", "delimiter")
"""Settings of a source that have their place in the dialog of a table."""

PATIENCE_MS = 300
"""How long samples may take before the panel says that they are being made."""


class DataPanel(QWidget):
    """Where the samples come from and what is done to them; every change goes through the controller."""

    def __init__(self, controller: Controller, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Data")
        self.setFont(font())
        self._controller, self._theme = controller, theme
        self._edits = Edits(controller, self)
        self._samples: dict[str, Dataset | None] = {}
        self._generated: Any = Circles()  # what "Generate" goes back to
        self._data: SplitData | None = None
        self._preparing = QTimer(self)
        self._preparing.setSingleShot(True)
        self._preparing.setInterval(PATIENCE_MS)
        self.area = ScrollColumn(self)
        inside = self.area.content
        self._make_heading(inside)
        self._make_gallery(inside)
        self._make_forms(inside)
        self._make_layout()
        self._connect()
        self.apply_theme(theme)
        self._show(controller.experiment)
        self._refresh()

    # ------------------------------------------------------------ assembly

    def _make_heading(self, inside: QWidget) -> None:
        self.caption = Caption("Data", inside)
        self.draw_button = FlatButton("Draw", "Place samples by hand, beginning with these.", inside, caption=True)
        self.generate_button = FlatButton(
            "Generate", "Samples from a formula, or a known data set.", inside, caption=True
        )
        self.open_button = FlatButton("Open…", "Open a table (CSV, TSV) or an experiment (TOML).", inside, caption=True)
        self.buttons = QWidget(self.caption)
        row = QHBoxLayout(self.buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for number, button in enumerate((self.draw_button, self.generate_button, self.open_button)):
            if number:
                dot = QLabel("·", self.buttons)
                dot.setObjectName("muted")
                row.addWidget(dot)
            button.setCheckable(True)
            row.addWidget(button)
        self.caption.ending.addWidget(self.buttons)

    def _make_gallery(self, inside: QWidget) -> None:
        self.gallery = Gallery("Data sets", inside)
        for family in ("generator", "bundled"):
            for source in Source.registry:
                if source.family == family:
                    self._samples[kind_of(source)] = source_pictures.sample(source)
                    self.gallery.add(kind_of(source), source.title, source.help)

    def _make_forms(self, inside: QWidget) -> None:
        self.file_row = QWidget(inside)
        row = QHBoxLayout(self.file_row)
        row.setContentsMargins(0, 0, 0, 4)
        self.file_name = Label("", self.file_row)
        self.columns_button = FlatButton("Columns…", "Choose the target and the features again.", self.file_row)
        row.addWidget(self.file_name, 1)
        row.addWidget(self.columns_button)
        self.source_form = KindForms("data.source", inside, skip=ELSEWHERE)
        only = (*SHARES, "standardize", "centre", *AUGMENTATION)
        self.form = Form(DataSettings, "data", inside, only=only, formats=FORMATS)
        self.seed_row = SeedRow("Regenerate", DataSettings, "data.seed", "Other samples of the same kind.", inside)
        self.plane_rows = PlaneRows(inside)
        self.counts = Paragraph("muted", inside)
        self.notes = Paragraph("muted", inside)
        self.counts.setFont(font("small", tabular=True))
        self.notes.setFont(font("small"))

    def _make_layout(self) -> None:
        body = self.area.body
        self.canvas_slot = QVBoxLayout()
        self.canvas_slot.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.caption)
        body.addLayout(self.canvas_slot)
        body.addWidget(self.gallery)
        body.addSpacing(8)
        for part in (self.file_row, self.source_form, self.form, self.seed_row, self.plane_rows):
            body.addWidget(part)
        body.addSpacing(4)
        body.addWidget(self.counts)
        body.addSpacing(2)
        body.addWidget(self.notes)
        body.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.area)

    def _connect(self) -> None:
        controller = self._controller
        self.draw_button.clicked.connect(self.draw)
        self.generate_button.clicked.connect(self.generate)
        self.open_button.clicked.connect(self.open)
        self.columns_button.clicked.connect(self.choose_columns)
        self.gallery.chosen.connect(self.choose)
        self.seed_row.new_wanted.connect(self.regenerate)
        self._preparing.timeout.connect(self._say_preparing)
        self.source_form.edited.connect(self._source_edited)
        for part in (self.form, self.seed_row, self.plane_rows):
            part.edited.connect(self._edits.apply)
        self._edits.refused.connect(self._refused)
        controller.experiment_changed.connect(self._show)
        controller.status_changed.connect(self._refresh)
        controller.ticked.connect(self._refresh)

    def set_canvas(self, widget: QWidget) -> None:
        """Put the drawing canvas in its place over the gallery."""
        self.canvas_slot.setContentsMargins(0, 0, 0, 8)
        self.canvas_slot.addWidget(widget)

    def controls(self, bar: QHBoxLayout) -> None:
        """Move the actions into the title bar that this panel stands under, which has the heading then."""
        bar.addWidget(self.buttons)
        self.caption.hide()

    def apply_theme(self, theme: Theme) -> None:
        """Recolour the pictures; everything else follows the palette."""
        self._theme = theme
        for source in Source.registry:
            tile = self.gallery.tiles.get(kind_of(source))
            if tile is not None:
                sample = self._samples[tile.name]
                tile.set_picture(source_pictures.picture(source, sample, theme, self.devicePixelRatioF()))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.apply_theme(self._theme)
        return super().event(event)

    # ------------------------------------------------------------ what is shown

    @Slot(object)
    def _show(self, experiment: Experiment) -> None:
        source: Any = experiment.data.source
        generated = source.family in ("generator", "bundled")
        if generated:
            self._generated = source
        self.draw_button.setChecked(source.family == "drawing")
        self.generate_button.setChecked(generated)
        self.open_button.setChecked(source.family == "file")
        self.gallery.choose(source.kind)
        self.file_row.setVisible(isinstance(source, Table))
        if isinstance(source, Table):
            self.file_name.set_text(Path(source.path).name)
        self.source_form.show_settings(source)
        self.form.show_settings(experiment.data)
        self.seed_row.set_value(experiment.data.seed)
        self.plane_rows.show_settings(experiment.data.plane)

    @Slot()
    def _refresh(self) -> None:
        """Show what became of the samples; does nothing while they are the same."""
        run = self._controller.run
        data = run.snapshot.data if run.snapshot is not None else None
        if data is None:
            self._say_why_none(run.status)
            return
        self._preparing.stop()
        if data is self._data:
            return
        self._data = data
        self.counts.setText(counts_text(data))
        self.notes.setText("\n".join(data.notes))
        self.notes.setVisible(bool(data.notes))
        self.plane_rows.set_names(data.feature_names)
        self.plane_rows.show_settings(self._controller.experiment.data.plane)
        noise = self.form.row("data.label_noise")
        if noise is not None:
            noise.setEnabled(data.task == "classification")
        shift = self.form.row("data.shift")
        if shift is not None:
            shift.setEnabled(data.image_shape is not None)

    def _say_why_none(self, status: Status) -> None:
        """Say that there are no samples, or after a moment that they are being made; the last counts stay till then."""
        if status is Status.FAILED:
            self._preparing.stop()
            self._say_instead("No samples to learn from.")
        elif self._data is not None and not self._preparing.isActive():
            self._preparing.start()

    @Slot()
    def _say_preparing(self) -> None:
        self._say_instead("Preparing samples …")

    def _say_instead(self, words: str) -> None:
        self._data = None
        self.counts.setText(words)
        self.notes.hide()

    @Slot(str, str)
    def _refused(self, path: str, sentence: str) -> None:
        self.form.show_problem(path, sentence)
        self.seed_row.show_problem(path, sentence)
        if self.source_form.current is not None:
            self.source_form.current.show_problem(path, sentence)

    # ------------------------------------------------------------ what the user does

    @Slot(str)
    def choose(self, kind: str) -> None:
        """Take the samples from another generator or bundled data set."""
        cls = Source.registry[kind]
        experiment = self._controller.experiment
        if cls is type(experiment.data.source):
            return
        self._replace_source(kept(experiment.data.source, cls), cls.title)

    @Slot(str, object, str, bool)
    def _source_edited(self, path: str, value: object, text: str, final: bool) -> None:
        source = self._controller.experiment.data.source
        if isinstance(source, Drawing) and value in ("classification", "regression"):
            self._replace_source(editing.with_mode(source, value), text)  # keeps the shape of the picture
        else:
            self._edits.apply(path, value, text, final)

    @Slot()
    def draw(self) -> None:
        """Go on by hand: make a drawing of the samples, or an empty one where they cannot be drawn."""
        experiment = self._controller.experiment
        if not isinstance(experiment.data.source, Drawing):
            self._replace_source(self._drawing(experiment), "Draw")
        self._show(self._controller.experiment)

    def _drawing(self, experiment: Experiment) -> Drawing:
        source: Any = experiment.data.source
        try:
            if source.family == "generator":
                return editing.from_dataset(source.load(experiment.data.seed))
            if self._data is not None:
                return editing.from_dataset(self._data)
        except DataError:
            pass
        return Drawing()

    @Slot()
    def generate(self) -> None:
        """Go back to the samples that were generated last, and to the gallery."""
        if self._controller.experiment.data.source.family not in ("generator", "bundled"):
            self._replace_source(self._generated, self._generated.title)
        self._show(self._controller.experiment)
        tile = self.gallery.tiles.get(self._generated.kind)
        if tile is not None:
            tile.setFocus()

    @Slot()
    def regenerate(self) -> None:
        """Make other samples of the same kind."""
        experiment = self._controller.experiment
        data = experiment.data.replace(seed=(experiment.data.seed + 1) % 2**31)
        self._controller.change(experiment.replace(data=data), "Regenerate data")

    @Slot()
    def open(self) -> None:
        """Ask for a file and open it."""
        self._show(self._controller.experiment)  # a click has checked the button
        path = self.ask_path(self)
        if path:
            open_path(self._controller, path, self.window())

    @classmethod
    def ask_path(cls, parent: QWidget) -> str:
        """Ask the user for a file; an empty answer means none."""
        return QFileDialog.getOpenFileName(parent, "Open", "", OPENABLE)[0]

    @Slot()
    def choose_columns(self) -> None:
        """Open the dialog of the table again, as it was left."""
        source = self._controller.experiment.data.source
        if isinstance(source, Table):
            TableImport(self._controller, source.path, self.window(), source).open()

    def _replace_source(self, source: Any, text: str) -> None:
        """Change the source, and with it what would not suit the new samples: scaling, plane, network and loss."""
        experiment = self._controller.experiment
        data, before = experiment.data.replace(source=source), experiment.data.source
        if source.is_scaled != before.is_scaled:
            data = data.replace(standardize=not source.is_scaled)
        if source.family == "bundled":  # two features picked by their order seldom show much
            data = data.replace(plane=data.plane.replace(mode="principal"))
        network = edit.fit_to_input(experiment.network, source.is_image)
        sample = self._samples.get(source.kind)
        task = source.mode if isinstance(source, Drawing) else sample.task if sample is not None else None
        training = fitting_loss(experiment.training, task) if task is not None else experiment.training
        changed = experiment.replace(name=source.kind, data=data, network=network, training=training)
        self._controller.change(changed, text)


def counts_text(data: SplitData) -> str:
    """Return how many samples each part holds, as a line of words."""
    counts = [f"{name} {len(part):,}" for name, part in data.real_parts().items()]
    noisy, copies = int(data.real_train.noisy.sum()), len(data.train) - len(data.real_train)
    extras = [f"{noisy:,} mislabelled"] * bool(noisy) + [f"{copies:,} copies"] * bool(copies)
    return " · ".join([*counts, *extras])
