"""From what forms report to changes of the experiment."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from nnviz.data.dataset import Task
from nnviz.engines.losses.automatic import Automatic
from nnviz.engines.settings import TrainingSettings
from nnviz.gui.controller import Controller
from nnviz.settings import SettingsError, changed, differences, fields

NEW_RUN_INTERVAL = 0.1
"""Seconds between two new runs while a slider is dragged whose setting cannot be changed in a run."""


class Edits(QObject):
    """Applies edits, so that one drag of a slider is one step to undo.

    Live settings follow the pointer; those that start a new run follow it ten times a second, and always at the end.
    """

    refused = Signal(str, str)
    """Path and sentence of a value that is not acceptable."""

    def __init__(self, controller: Controller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._gesture = 0
        self._applied_at = 0.0
        self._waiting: tuple[str, object, str] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._apply_waiting)

    @Slot(str, object, str, bool)
    def apply(self, path: str, value: object, text: str, final: bool) -> None:
        """Replace one setting, now or in a moment; `final` ends the gesture."""
        self._waiting = None
        before = self._controller.experiment
        try:
            after = changed(before, path, value)
        except SettingsError as error:
            self.refused.emit(path, str(error))
            return
        refusal = self._controller.session.refusal(after)
        if refusal:
            self.refused.emit(path, refusal)
            return
        live = all(change.live for change in differences(before, after))
        wait = 0.0 if final or live else self._applied_at + NEW_RUN_INTERVAL - time.monotonic()
        if wait > 0:
            self._waiting = (path, value, text)
            if not self._timer.isActive():
                self._timer.start(round(1000 * wait))
            return
        self._timer.stop()
        self._applied_at = time.monotonic()
        self._controller.change(after, text, merge=f"{path} {self._gesture}")
        self._gesture += final

    @Slot()
    def _apply_waiting(self) -> None:
        if self._waiting is not None:
            self.apply(*self._waiting, False)


def kept(before: Any, cls: type[Any]) -> Any:
    """Return a kind with those settings of another kind that both have and that the user had changed.

    What was left at the default of the old kind takes the default of the new one, which suits it better. Numbers
    are brought into the range of the new kind.
    """
    old = {field.name: field for field in fields(type(before))}
    values: dict[str, Any] = {}
    for field in fields(cls):
        value: Any = getattr(before, field.name, None)
        if field.name not in old or old[field.name].type != field.type or value == old[field.name].default:
            continue
        if field.type in (int, float):
            value = max(value, field.minimum) if field.minimum is not None else value
            value = field.type(min(value, field.maximum) if field.maximum is not None else value)
        values[field.name] = value
    return cls(**values)


def fitting_loss(training: TrainingSettings, task: Task) -> TrainingSettings:
    """Return the training settings with the usual loss if the one that is chosen does not fit a task."""
    return training if task in training.loss.tasks else training.replace(loss=Automatic())
