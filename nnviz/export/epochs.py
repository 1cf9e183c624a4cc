"""A stretch of a run's history, and a copy that stays as it is."""

from __future__ import annotations

from nnviz.history.history import History
from nnviz.history.keyframes import Keyframes


class EpochRange(History):
    """The rows, events and keyframes of a history from one epoch to another, both included.

    The best row is that of the whole history, and there is none where it lies outside: what is marked as best in a
    figure was the best of the run.
    """

    def __init__(self, whole: History, first: float = 0.0, last: float = float("inf")) -> None:
        super().__init__(whole.most)
        epochs = whole.column("epoch")
        inside = (epochs >= first) & (epochs <= last)
        if inside.any():
            self.append({name: whole.stored(name)[inside] for name in whole.names})
        self.sealed = whole.sealed
        self.events = [event for event in whole.events if first <= event.epoch <= last]
        self.keyframes = Keyframes(whole.keyframes.most, whole.keyframes.bytes_limit)
        for frame in whole.keyframes:
            if first <= frame.epoch <= last:
                self.keyframes.add(frame)
        best = whole.best_row
        self._best_inside = int(inside[:best].sum()) if best is not None and inside[best] else None

    @property
    def best_row(self) -> int | None:
        """The row of the best epoch of the whole history; None where that lies outside."""
        return self._best_inside
