"""What sets runs apart, in words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from nnviz.gui.compare.page import Page, short
from nnviz.gui.frame_clock import TEXT_RATE
from nnviz.gui.run_colors import run_color
from nnviz.gui.theme import Theme
from nnviz.gui.views.parts.switches import add_choice
from nnviz.gui.widgets.card import card
from nnviz.run import Run
from nnviz.words import differences_in_words

_MOST_EVENTS = 12


class WordsPage(Page):
    """For every other run, the settings in which it differs from a reference, and what was changed as it trained."""

    title = "In words"
    help = "The settings in which the checked runs differ, and what was changed while they trained."
    rate = TEXT_RATE

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._reference: int | None = None  # number of a run
        self._runs: Sequence[Run] = ()
        self.text = QLabel(self)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.text.setContentsMargins(16, 12, 16, 12)
        by = Qt.TextInteractionFlag
        self.text.setTextInteractionFlags(by.TextSelectableByMouse | by.TextSelectableByKeyboard)
        self.text.setAccessibleName("Differences in words")
        scroll = QScrollArea(self)
        scroll.setWidget(self.text)
        scroll.setWidgetResizable(True)
        scroll.viewport().setAutoFillBackground(False)
        self.text.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(card(scroll))

    def controls(self, bar: QHBoxLayout) -> None:
        self._choice = add_choice(bar, "The run that the others are compared with", ("",), 0, self._choose)

    def show_runs(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        base = next((run for run in runs if run.number == self._reference), runs[0])
        at = next(i for i, run in enumerate(runs) if run is base)
        self._choice.set_items([f"compared with {short(run.name, 22)}" for run in runs], at)
        text = "".join(_paragraph(base, run) for run in runs if run is not base) + _told(base)
        if text != self.text.text():
            self.text.setText(text)

    def _choose(self, number: int) -> None:
        self._reference = self._runs[number].number
        self.redraw_wanted.emit()


def _paragraph(base: Run, run: Run) -> str:
    """Return what is to be said of a run compared with another one, as rich text."""
    found = [difference.words for difference in differences_in_words(base.experiment, run.experiment)]
    mark = f"<span style='color:{run_color(run).name()}'>■</span>"
    name, other = f"<b>{escape(run.name)}</b>", f"<b>{escape(base.name)}</b>"
    if found:
        parts = [f"<p>{mark} {name} differs from {other} in:</p>", _listed(found)]
    else:
        parts = [f"<p>{mark} {name} has the same settings as {other}.</p>"]
    parts += [f"<p>{escape(words)}</p>" for words in _common_past(base, run)]
    return "".join([*parts, _told(run)])


def _told(run: Run) -> str:
    """Return what was changed in a run while it trained, as rich text; empty when nothing was."""
    events = _events(run)
    return f"<p>While <b>{escape(run.name)}</b> trained:</p>{_listed(events)}" if events else ""


def _common_past(base: Run, run: Run) -> list[str]:
    """Return what two runs have in common where one of them comes from the other."""
    for child, parent in ((run, base), (base, run)):
        if child.origin is not None and child.origin.run == parent.number:
            if child.origin.epoch:
                return [f"Up to epoch {child.origin.epoch:,}, where {child.name} was forked, the two are one."]
            return ["They are twins: the same first weights and order of samples, as far as the change leaves them."]
    return []


def _events(run: Run) -> list[str]:
    """Return what the user changed in a run since it began, the newest last."""
    events = [e for e in run.history.events if e.kind != "end" and e.epoch >= run.first_epoch and e.epoch > 0]
    left_out = len(events) - _MOST_EVENTS
    words = [f"epoch {event.epoch:,}: {event.text}" for event in events[-_MOST_EVENTS:]]
    return [f"{left_out} changes before these", *words] if left_out > 0 else words


def _listed(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
