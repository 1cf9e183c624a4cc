"""When things are drawn: a timer at display rate that shares each frame among the views."""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, QTimer, Slot

FRAME = 1 / 60
"""Seconds between two frames."""

TEXT_RATE = 4.0
"""Updates per second of numbers that are read: faster ones only flicker."""

_DRAWS = 3
"""How many draws a drawer's cost is the median of: one slow draw, the first of all say, does not count against it."""

_SHARE = 0.25
"""Largest share of the GUI thread's time that one drawer may take; a slower one is drawn less often."""

_PER_FRAME = 0.007
"""Seconds of refreshing in one frame; what does not fit waits for the next, so that no frame is missed."""


@dataclass
class Drawer:
    """Something that is drawn when it is dirty, visible and due. `painting` returns seconds spent on pixels since."""

    name: str
    draw: Callable[[], None]
    visible: Callable[[], bool]
    rate: float
    painting: Callable[[], float] | None = None
    dirty: bool = True
    due: float = 0.0
    costs: deque[float] = field(default_factory=lambda: deque(maxlen=_DRAWS))

    @property
    def cost(self) -> float:
        """Seconds per draw: the median of the last ones, the lesser one of two."""
        return sorted(self.costs)[(len(self.costs) - 1) // 2] if self.costs else 0.0

    @property
    def period(self) -> float:
        """Seconds from one draw to the next, so that it keeps to its rate and to its share of the time."""
        return max(1.0 / self.rate, self.cost / _SHARE)

    @property
    def throttled(self) -> bool:
        """Whether its own cost keeps it below the rate it was given."""
        return self.period > 1.0 / self.rate

    def make(self) -> None:
        """Draw, and note what it cost; also when it fails, so that it does not stand before all others for ever."""
        began = time.perf_counter()
        self.dirty = False
        painted = self.painting() if self.painting is not None else 0.0
        try:
            self.draw()
        finally:
            self.costs.append(time.perf_counter() - began + painted)
            # A period after it was due and not after it was drawn: frames do not fall on multiples of every period.
            self.due = max(self.due + self.period, began + self.period - FRAME)


class FrameClock(QObject):
    """Calls `poll` once per frame, and then the drawers that are due, oldest first, within the frame's budget.

    `poll` returns whether something new arrived. `intervals` holds the seconds between the last frames.
    """

    def __init__(self, poll: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._poll = poll
        self._drawers: list[Drawer] = []
        self._last = 0.0
        self.intervals: deque[float] = deque(maxlen=4096)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(int(FRAME * 1000))  # rounded up it would miss a frame now and then
        self._timer.timeout.connect(self.tick)

    def add(
        self,
        name: str,
        draw: Callable[[], None],
        visible: Callable[[], bool],
        rate: float = 30.0,
        painting: Callable[[], float] | None = None,
    ) -> Drawer:
        """Have something drawn about `rate` times per second at most, whenever something arrived and it is visible."""
        drawer = Drawer(name, draw, visible, rate, painting)
        self._drawers.append(drawer)
        return drawer

    def remove(self, drawer: Drawer) -> None:
        """Draw it no more."""
        self._drawers.remove(drawer)

    def start(self) -> None:
        """Begin to tick."""
        self._timer.start()

    def stop(self) -> None:
        """Tick no more."""
        self._timer.stop()

    @property
    def throttled(self) -> list[str]:
        """The names of visible drawers that are drawn less often than they should, because they are slow."""
        return [drawer.name for drawer in self._drawers if drawer.visible() and drawer.throttled]

    @Slot()
    def tick(self) -> None:
        """Make one frame."""
        now = time.perf_counter()
        if self._last:
            self.intervals.append(now - self._last)
        self._last = now
        if self._poll():
            for drawer in self._drawers:
                drawer.dirty = True
        self.draw(now + _PER_FRAME)

    def draw(self, until: float = float("inf")) -> None:
        """Draw what is due, the longest overdue first, until a moment of `time.perf_counter`."""
        now = time.perf_counter()
        due = [d for d in self._drawers if d.dirty and d.due <= now and d.visible()]
        for number, drawer in enumerate(sorted(due, key=lambda d: d.due)):
            if number and time.perf_counter() >= until:  # one is drawn in any case: a slow poll must not starve all
                return
            drawer.make()

    def draw_all(self) -> None:
        """Draw everything visible now, whatever is due: for screenshots and after a change of theme."""
        for drawer in self._drawers:
            drawer.dirty, drawer.due = True, 0.0
        self.draw()


class GarbageTimer(QObject):
    """Collects garbage in the GUI thread only.

    A collection that happens to run in the training thread would destroy Qt objects caught in cycles there,
    which crashes. Automatic collection is therefore off while this exists.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(500)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    @Slot()
    def _collect(self) -> None:
        """Collect as many generations as have filled up."""
        counts = gc.get_count()
        for generation in (2, 1, 0):
            if counts[generation] > self._thresholds[generation]:
                gc.collect(generation)
                return

    def stop(self) -> None:
        """Hand collection back to the interpreter."""
        self._timer.stop()
        gc.enable()
