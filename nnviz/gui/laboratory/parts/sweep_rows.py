"""The settings that a sweep varies: a row for each with its values, and a menu to add one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCompleter,
    QGridLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.experiment import Experiment
from nnviz.gui.icons import icon
from nnviz.gui.laboratory.parts.sweep_offers import DATA, NETWORK, TRAINING, Offer, first_choice, offers
from nnviz.gui.theme import Theme, font
from nnviz.gui.widgets.row import Label, Paragraph

_NAME, _COUNT = 210, 76
_OTHER = "Another setting by its path…"

VALUES_HELP = (
    "<p>Values, separated by commas: <b>0, 1e-4, 1e-3</b>. Or a range: <b>1:300:log16</b> is 16 values whose "
    "logarithms are evenly spaced, <b>0:1:lin5</b> five evenly spaced ones, <b>2:10:2</b> every second from 2 to 10. "
    "Kinds go by their names: <b>sgd, adam</b>.</p>"
)


class VariedRow(QWidget):
    """One setting: its name, or a field for its path, its values, how many they are, and what is wrong with them."""

    edited = Signal()
    removed = Signal()

    def __init__(self, path: str, title: str, help: str, values: str, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._path = path
        self.typed: QLineEdit | None = None
        self.name: QWidget
        if path:
            label = Label(title, self, tip=False)
            label.setToolTip(f"<p><b>{title}</b>. {help}</p><p>{path}</p>")
            self.name = label
        else:
            self.typed = QLineEdit(self)
            self.typed.setPlaceholderText("network.layers[0].units")
            self.typed.setAccessibleName("Path of the setting")
            self.typed.textEdited.connect(self.edited)
            self.name = self.typed
        self.name.setFixedWidth(_NAME)
        self.values = QLineEdit(values, self)
        self.values.setAccessibleName(f"Values of {title}" if path else "Values")
        self.values.setToolTip(VALUES_HELP)
        self.values.setFont(font("body", tabular=True))
        self.values.textEdited.connect(self.edited)
        if isinstance(self.name, QLabel):
            self.name.setBuddy(self.values)
        self.count = QLabel(self)
        self.count.setObjectName("muted")
        self.count.setFixedWidth(_COUNT)
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.remove = QToolButton(self)
        self.remove.setObjectName("flat")
        self.remove.setToolTip("Do not vary this setting")
        self.remove.setAccessibleName(f"Do not vary {title}" if path else "Remove this row")
        self.remove.clicked.connect(self.removed)
        self.error = Paragraph("error", self)
        self.error.hide()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(0, _NAME)  # a label that can be cut short asks for no room
        for place, part in enumerate((self.name, self.values, self.count, self.remove)):
            grid.addWidget(part, 0, place)
        grid.addWidget(self.error, 1, 1)
        self.apply_theme(theme)

    @property
    def path(self) -> str:
        return self.typed.text().strip() if self.typed is not None else self._path

    def set_paths(self, paths: Sequence[str]) -> None:
        """Offer paths while one types."""
        if self.typed is not None:
            completer = QCompleter(list(paths), self.typed)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            self.typed.setCompleter(completer)

    def say(self, count: str, error: str) -> None:
        """Show how many values there are, and what is wrong with them."""
        self.count.setText(count)
        if error != self.error.text():
            self.error.setText(error)
            self.values.setAccessibleDescription(error)
        self.error.setVisible(bool(error))

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.remove.setIcon(icon("close", theme.muted))


class VariedRows(QWidget):
    """All settings that are varied. `add`, the button that adds one, is for the form to place."""

    edited = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.rows: list[VariedRow] = []
        self._experiment: Experiment | None = None
        self.offers: tuple[Offer, ...] = ()
        self.add = QPushButton("Add setting ▾", self)
        self.add.setToolTip("Choose another setting to vary")
        self.add.clicked.connect(self._open_menu)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    def apply_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.theme = theme
        for row in self.rows:
            row.apply_theme(theme)

    # ------------------------------------------------------------ what is varied

    @property
    def varied(self) -> tuple[tuple[str, str], ...]:
        """Path and values of every row, as they were typed."""
        return tuple((row.path, row.values.text()) for row in self.rows)

    def set_experiment(self, experiment: Experiment) -> None:
        """Offer the settings of an experiment; the first time with two of them to begin with."""
        if experiment is self._experiment:
            return
        first, self._experiment = self._experiment is None, experiment
        self.offers = offers(experiment)
        if first:
            self.set_varied(first_choice(experiment))
        for row in self.rows:
            row.set_paths([offer.path for offer in self.offers])

    def set_varied(self, varied: Sequence[tuple[str, str]]) -> None:
        """Vary these settings instead."""
        for row in self.rows:
            self._drop(row)
        self.rows.clear()
        for path, values in varied:
            self._append(path, values)
        self._changed()

    def titles(self) -> dict[str, str]:
        """Return what the settings that are offered are called, by their paths."""
        return {offer.path: offer.title for offer in self.offers}

    def say(self, counts: Sequence[str], wrong: int, problem: str) -> None:
        """Show how many values each row has, and what is wrong with the row of this number."""
        for number, row in enumerate(self.rows):
            row.say(counts[number] if number < len(counts) else "", problem if number == wrong else "")

    def add_offer(self, path: str) -> None:
        """Vary another setting, with the values that are proposed for it; without a path, one that is typed."""
        offer = next((each for each in self.offers if each.path == path), None)
        row = self._append(path, offer.values if offer is not None else "")
        self._changed()
        field = row.typed or row.values
        field.setFocus(Qt.FocusReason.OtherFocusReason)
        field.selectAll()

    def remove(self, row: VariedRow) -> None:
        """Vary a setting no longer."""
        at = self.rows.index(row)
        self.rows.remove(row)
        self._drop(row)
        rest = self.rows[min(at, len(self.rows) - 1)].values if self.rows else self.add
        rest.setFocus(Qt.FocusReason.OtherFocusReason)
        self._changed()

    def _append(self, path: str, values: str) -> VariedRow:
        offer = next((each for each in self.offers if each.path == path), None)
        title, help = (offer.title, offer.help) if offer is not None else (path, "")
        row = VariedRow(path, title, help, values, self.theme, self)
        row.set_paths([each.path for each in self.offers])
        row.edited.connect(self.edited)
        row.removed.connect(partial(self.remove, row))
        self.rows.append(row)
        self._column.addWidget(row)
        return row

    def _drop(self, row: VariedRow) -> None:
        with QSignalBlocker(row):
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()

    def _changed(self) -> None:
        self.setVisible(bool(self.rows))
        self.updateGeometry()
        self.edited.emit()

    # ------------------------------------------------------------ the menu

    def menu(self) -> QMenu:
        """Return the menu of all settings, by what they belong to; those that are varied cannot be chosen again."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        taken = {row.path for row in self.rows}
        for group in (NETWORK, TRAINING, DATA):
            inner = menu.addMenu(group)
            inner.setToolTipsVisible(True)
            for offer in (each for each in self.offers if each.group == group):
                action = inner.addAction(offer.title)
                action.setData(offer.path)
                action.setEnabled(offer.path not in taken)
                action.setToolTip(f"<p>{offer.help}</p><p>{offer.path}</p>")
            inner.setEnabled(not inner.isEmpty())
        menu.addSeparator()
        menu.addAction(_OTHER).setData("")
        menu.triggered.connect(self._picked)
        return menu

    @Slot()
    def _open_menu(self) -> None:
        self.menu().popup(self.add.mapToGlobal(QPoint(0, self.add.height() + 2)))

    @Slot(QAction)
    def _picked(self, action: QAction) -> None:
        if action.data() is not None:
            self.add_offer(str(action.data()))
