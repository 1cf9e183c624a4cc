"""The quiet words at the right end of the status bar: what is being saved, what is drawn less often, and the engine."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QLabel, QStatusBar

from nnviz.gui.theme import font
from nnviz.snapshot import Snapshot

_WORDS = {"compiled": "compiled engine", "torch": "PyTorch"}


def engine_word(snapshot: Snapshot | None) -> str:
    """Return what trains the network in a word or two; nothing before there is an engine."""
    engine = snapshot.engine if snapshot is not None else ""
    return _WORDS.get(engine, engine)


def engine_sentence(snapshot: Snapshot | None) -> str:
    """Return what trains the network and why; nothing before there is an engine."""
    word = engine_word(snapshot)
    if snapshot is None or not word:
        return ""
    return f"Trained by {word if word == 'PyTorch' else f'the {word}'}. {snapshot.engine_reason}".strip()


class StatusLine:
    """Three labels of a status bar."""

    def __init__(self, bar: QStatusBar) -> None:
        self.work, self.slow, self.engine = QLabel(bar), QLabel(bar), QLabel(bar)
        for label in (self.work, self.slow, self.engine):
            label.setObjectName("muted")
            label.setFont(font("small"))
            bar.addPermanentWidget(label)
        self.slow.setToolTip("These views take so long to draw that others would suffer if they were drawn more often.")
        self.engine.setAccessibleName("Engine")
        self.engine.setContentsMargins(8, 0, 8, 0)

    def show_work(self, words: str) -> None:
        """Say what goes on in the background; nothing for no words."""
        self.work.setText(words)

    def refresh(self, snapshot: Snapshot | None, slow: Sequence[str]) -> None:
        """Show the engine of a snapshot, and the names of what is drawn less often than it should, being slow."""
        self.slow.setText(f"Drawn less often: {', '.join(slow)}" if slow else "")
        sentence = engine_sentence(snapshot)
        if (self.engine.text(), self.engine.toolTip()) != (engine_word(snapshot), sentence):
            self.engine.setText(engine_word(snapshot))
            self.engine.setToolTip(sentence)
            self.engine.setAccessibleDescription(sentence)
