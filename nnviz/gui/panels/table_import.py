"""Opening files: experiments at once, tables through a dialog that asks what to learn from which columns."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from nnviz import experiment as experiments
from nnviz.data.dataset import DataError, Dataset
from nnviz.data.readers.table import Table, TablePreview, inspect
from nnviz.gui.controller import Controller
from nnviz.gui.panels.edits import fitting_loss
from nnviz.gui.panels.table_models import EXAMPLES, NAME, USE, ColumnsModel, RowsModel
from nnviz.gui.panels.table_views import RoleDelegate, table_view, under_caption
from nnviz.gui.theme import font
from nnviz.gui.widgets.choice import ChoiceRow, Entry
from nnviz.gui.widgets.job import Job
from nnviz.gui.widgets.row import Label, Paragraph
from nnviz.gui.widgets.section import FlatButton
from nnviz.settings import SettingsError

OPENABLE = (
    "All that nnviz opens (*.toml *.nnviz *.csv *.tsv *.txt);;Tables (*.csv *.tsv *.txt);;Experiments (*.toml *.nnviz)"
)
TABLES = (".csv", ".tsv", ".txt")
DELIMITERS = (
    Entry("auto", "Automatic"),
    Entry(",", "Comma"),
    Entry(";", "Semicolon"),
    Entry("tab", "Tab"),
    Entry("|", "Vertical bar"),
)
MISSING = (
    Entry("impute", "Fill in", "The mean of the feature in the training part takes the place of a missing value."),
    Entry("drop", "Leave rows out", "Rows with a missing value are not used."),
)
TASK_WORDS = {"classification": "Classes", "regression": "Values"}
_BUSY_BAR = """
QProgressBar { border: none; background: transparent; }
QProgressBar::chunk { background: palette(highlight); border-radius: 1px; }
"""
_DISABLED_BUTTON = """
QPushButton:disabled { background: palette(button); color: palette(placeholder-text); border-color: palette(mid); }
"""
_MEASURED_COLUMNS = 200
"""Up to this many columns, those of the first rows become as wide as their text; more would take seconds."""

_MEASURED_ROWS = 200
"""Rows whose text is measured to find how wide a column is."""

LOOK_MS = 30
"""How often the dialog looks whether reading has ended."""


def open_path(controller: Controller, path: str | Path, parent: QWidget) -> bool:
    """Open an experiment, or begin to import a table; return whether that was possible.

    What cannot be opened leaves everything as it is and becomes a notice of the controller.
    """
    file = Path(path).expanduser()
    suffix = file.suffix.lower()
    if file.is_dir():
        controller.notice.emit(f"{file} is a folder; open a file: an experiment (.toml) or a table (.csv, .tsv, .txt).")
        return False
    if suffix in experiments.FILES:
        try:
            controller.open(experiments.read(file))
        except SettingsError as error:
            controller.notice.emit(str(error))
            return False
        return True
    if suffix not in TABLES:
        controller.notice.emit(
            f"{file.name} cannot be opened; choose an experiment (.toml) or a table (.csv, .tsv, .txt)."
        )
        return False
    if not file.is_file():
        controller.notice.emit(f"There is no file {file}; choose another one.")
        return False
    TableImport(controller, file, parent).open()
    return True


class TableImport(QDialog):
    """Shows what is in a table and asks for target, features, task and what to do about gaps.

    The file is read in the background. Mistakes are said in place, and leave the experiment as it is. `current` is
    the source to begin with when a table that is in use is looked at again.
    """

    def __init__(
        self, controller: Controller, path: str | Path, parent: QWidget | None = None, current: Table | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Open table")
        self.setAccessibleName("Open table")
        self.setFont(font())
        self.setSizeGripEnabled(True)
        self.resize(720, 620)
        self._controller, self._path, self._current = controller, Path(path), current
        self.preview: TablePreview | None = None
        self._reading: Job[TablePreview] | None = None
        self._loading: Job[Dataset] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._make_heading()
        self._make_options()
        self._make_tables()
        self._make_foot()
        self._make_layout()
        self._connect()
        self._read()

    # ------------------------------------------------------------ assembly

    def _make_heading(self) -> None:
        self.heading = Label(self._path.name, self)
        self.heading.setFont(font("large", bold=True))
        self.facts = Label("", self)
        self.facts.setObjectName("muted")
        self.notes = Paragraph("muted", self)
        self.notes.hide()

    def _make_options(self) -> None:
        current = self._current or Table()
        self.target = ChoiceRow("Target", (), "<p>The column to predict.</p>", self)
        self.task = ChoiceRow("Task", (), "<p>Whether the target is one of several classes or a value.</p>", self)
        self.missing = ChoiceRow("Missing values", MISSING, "<p>What to do about gaps in the features.</p>", self)
        self.missing.set_value(current.missing)
        self.delimiter = ChoiceRow("Delimiter", DELIMITERS, "<p>What separates the fields of a line.</p>", self)
        self.delimiter.set_value(current.delimiter)

    def _make_tables(self) -> None:
        self.columns_model = ColumnsModel(self)
        self.rows_model = RowsModel(self)
        self.columns_view = table_view("Columns", self.columns_model, self)
        self.columns_view.verticalHeader().hide()
        self.columns_view.horizontalHeader().setResizeContentsPrecision(_MEASURED_ROWS)
        self.columns_view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.columns_view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.columns_view.horizontalHeader().setSectionResizeMode(EXAMPLES, QHeaderView.ResizeMode.Stretch)
        self.columns_view.setItemDelegateForColumn(USE, RoleDelegate(self))
        self.rows_view = table_view("First rows", self.rows_model, self)
        self.rows_view.horizontalHeader().setStretchLastSection(True)
        self.rows_view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.all_button = FlatButton("All", "Take every column that can be a feature.", self, caption=True)
        self.none_button = FlatButton("None", "Take no column, to choose some.", self, caption=True)
        self.tables = QSplitter(Qt.Orientation.Vertical, self)
        self.tables.setChildrenCollapsible(False)
        self.tables.setStyleSheet("QSplitter::handle { image: none; }")
        columns, rows = under_caption("Columns", self.columns_view), under_caption("First rows", self.rows_view)
        columns[1].ending.addWidget(self.all_button)
        columns[1].ending.addWidget(self.none_button)
        self.tables.addWidget(columns[0])
        self.tables.addWidget(rows[0])
        self.tables.setSizes([300, 180])

    def _make_foot(self) -> None:
        self.error = Paragraph("error", self)
        self.error.hide()
        self.busy = QProgressBar(self)
        self.busy.setRange(0, 0)
        self.busy.setTextVisible(False)
        self.busy.setFixedHeight(3)
        self.busy.setStyleSheet(_BUSY_BAR)
        policy = self.busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.busy.setSizePolicy(policy)
        self.busy.setAccessibleName("Reading the table")
        self.status = Label("", self)
        self.status.setObjectName("muted")
        self.cancel_button = QPushButton("Cancel", self)
        self.ok_button = QPushButton("Use table", self)
        self.ok_button.setObjectName("primary")
        self.ok_button.setStyleSheet(_DISABLED_BUTTON)
        self.ok_button.setDefault(True)

    def _make_layout(self) -> None:
        options = QGridLayout()
        options.setHorizontalSpacing(24)
        options.setVerticalSpacing(4)
        for number, row in enumerate((self.target, self.missing, self.task, self.delimiter)):
            options.addWidget(row, number // 2, number % 2)
            options.setColumnStretch(number % 2, 1)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.status, 1)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.ok_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(4)
        for part in (self.heading, self.facts, self.notes):
            column.addWidget(part)
        column.addSpacing(8)
        column.addLayout(options)
        column.addSpacing(8)
        column.addWidget(self.tables, 1)
        column.addWidget(self.error)
        column.addWidget(self.busy)
        column.addSpacing(8)
        column.addLayout(foot)

    def _connect(self) -> None:
        self._timer.timeout.connect(self._look)
        self.target.committed.connect(self._target_chosen)
        self.delimiter.committed.connect(self._read)
        self.columns_view.doubleClicked.connect(self._row_chosen)
        self.columns_model.dataChanged.connect(self._count)
        self.all_button.clicked.connect(self._check_all)
        self.none_button.clicked.connect(self._check_none)
        self.cancel_button.clicked.connect(self.reject)
        self.ok_button.clicked.connect(self._load)

    # ------------------------------------------------------------ reading

    @Slot()
    def _read(self) -> None:
        """Look through the file in the background."""
        self._loading = None
        self._reading = Job(partial(inspect, self._path, self.delimiter.value), DataError)
        self._wait(f"Reading {self._path.name} …")

    def _wait(self, words: str) -> None:
        self._say("")
        self.status.set_text(words)
        self.busy.setVisible(True)
        self._enable(False)
        self._timer.start()

    @Slot()
    def _look(self) -> None:
        """See whether reading or loading has ended."""
        if self._reading is not None and self._reading.done:
            job, self._reading = self._reading, None
            self._end_waiting()
            if job.result is not None:
                self._show_preview(job.result)
            else:
                self._fail(job.error)
        elif self._loading is not None and self._loading.done:
            load, self._loading = self._loading, None
            self._end_waiting()
            if load.result is not None:
                self._finish(load.result)
            else:
                self._say(load.error)

    def _end_waiting(self) -> None:
        self._timer.stop()
        self.busy.setVisible(False)
        self._enable(True)
        self._count()

    def _fail(self, sentence: str) -> None:
        self.preview = None
        self._enable(False)
        self.delimiter.setEnabled(True)
        self.status.set_text("")
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))

    def _enable(self, on: bool) -> None:
        for part in (self.target, self.task, self.missing, self.delimiter, self.tables, self.ok_button):
            part.setEnabled(on)

    def _show_preview(self, preview: TablePreview) -> None:
        self.preview = preview
        current = self._current
        words = next(entry.text for entry in DELIMITERS if entry.value == preview.delimiter).lower()
        self.facts.set_text(
            f"{_count(preview.n_rows, 'row')} · {_count(len(preview.columns), 'column')} · "
            f"{words} · {preview.encoding.upper()}"
        )
        self.notes.setText("\n".join(preview.notes))
        self.notes.setVisible(bool(preview.notes))
        target = current.target if current is not None and preview.column(current.target) else preview.suggested_target
        self.target.box.set_entries([Entry(c.name, c.name) for c in preview.columns])
        self.target.set_value(target)
        self.columns_model.show_preview(preview, target, current.features if current is not None else ())
        self.rows_model.show_preview(preview)
        self.columns_view.resizeColumnsToContents()
        self.columns_view.setColumnWidth(NAME, min(self.columns_view.columnWidth(NAME), 240))
        if len(preview.columns) <= _MEASURED_COLUMNS:
            self.rows_view.resizeColumnsToContents()
        self._offer_tasks(current.task if current is not None else "auto")
        self.target.box.setFocus()
        self._count()

    # ------------------------------------------------------------ choosing

    @Slot(object)
    def _target_chosen(self, name: object) -> None:
        self.columns_model.set_target(str(name))
        self._offer_tasks(self.task.value or "auto")
        self._say("")

    @Slot(QModelIndex)
    def _row_chosen(self, index: QModelIndex) -> None:
        name = self.columns_model.columns[index.row()].name
        self.target.set_value(name)
        self._target_chosen(name)

    @Slot()
    def _check_all(self) -> None:
        self.columns_model.check_all(True)

    @Slot()
    def _check_none(self) -> None:
        self.columns_model.check_all(False)

    def _offer_tasks(self, chosen: str) -> None:
        column = self.preview.column(self.columns_model.target) if self.preview is not None else None
        guess = TASK_WORDS[column.suggested_task].lower() if column is not None else "classes or values"
        entries = [Entry("auto", f"Automatic: {guess}")]
        entries += [Entry(task, words) for task, words in TASK_WORDS.items()]
        self.task.box.set_entries(entries)
        self.task.set_value(chosen)

    @Slot()
    def _count(self) -> None:
        """Say how many columns are features, and allow to go on when there is one."""
        if self.preview is None or self._timer.isActive():
            return
        n = len(self.columns_model.features)
        self.status.set_text(
            f"{_count(n, 'column')} to predict {self.columns_model.target} from" if n else "Choose a feature."
        )
        self.ok_button.setEnabled(n > 0)

    @property
    def source(self) -> Table:
        """The table as it is chosen now."""
        model = self.columns_model
        return Table(
            path=str(self.preview.path if self.preview is not None else self._path),
            target=model.target,
            features=() if model.is_usual else model.features,
            task=self.task.value,
            missing=self.missing.value,
            delimiter=self.delimiter.value,
        )

    # ------------------------------------------------------------ taking it

    @Slot()
    def _load(self) -> None:
        """Make the samples once, in the background, so that what is wrong with them is said here."""
        if self.preview is not None and not self._timer.isActive():
            self._loading = Job(partial(self.source.load, 0), DataError)
            self._wait("Making samples …")

    def _finish(self, dataset: Dataset) -> None:
        experiment = self._controller.experiment
        data = experiment.data.replace(source=self.source, standardize=True)
        training = fitting_loss(experiment.training, dataset.task)
        changed = experiment.replace(name=self._path.stem, data=data, training=training)
        self._controller.change(changed, f"Open {self._path.name}")
        self.accept()

    def done(self, result: int) -> None:
        self._timer.stop()
        self._reading = self._loading = None
        super().done(result)


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"
