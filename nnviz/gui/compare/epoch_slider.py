"""A slider over the epochs of one run or of several, whose right end is now."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from nnviz.gui.theme import font
from nnviz.gui.views.parts.switches import BarButton
from nnviz.gui.widgets.slider import SETTLE_MS, Slider


class EpochSlider(QWidget):
    """Drag it, press on it, or use the arrow keys, Page Up and Down, Home and End.

    `moved` carries the epoch while it is only being looked for, `settled` the one that was found; `live_wanted` says
    that now is wanted.
    """

    moved = Signal(int)
    settled = Signal(int)
    live_wanted = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._live = True
        self._touched = False
        self.slider = Slider(self)
        self.slider.setAccessibleName(name)
        self.slider.setToolTip("Look at another epoch: drag, or use the arrow keys. The right end is now.")
        self.words = QLabel(self)
        self.words.setObjectName("muted")
        self.words.setFont(font("small", tabular=True))
        self.now = BarButton("now", "Look at the network as it is now")
        self.now.setParent(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.addWidget(self.slider, 1)
        row.addWidget(self.words)
        row.addWidget(self.now)
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._settling.timeout.connect(self._settle)
        self.slider.valueChanged.connect(self._changed)
        self.slider.sliderReleased.connect(self._settle)
        self.now.clicked.connect(self.live_wanted)

    def show_epoch(self, first: int, last: int, epoch: int | None) -> None:
        """Show an epoch between the first and the last; None is now. Under the user's hand it stays as it is."""
        if self.slider.isSliderDown() or self._touched:
            return
        with QSignalBlocker(self.slider):
            self.slider.setRange(first, max(first + 1, last))
            self.slider.setPageStep(max(1, (last - first) // 10))
            self.slider.setValue(last if epoch is None else epoch)
        self._say(epoch, last)

    def _say(self, epoch: int | None, last: int) -> None:
        words = f"now · epoch {last:,}" if epoch is None else f"epoch {epoch:,} of {last:,}"
        if words != self.words.text():
            self.words.setText(words)
            self.slider.setAccessibleDescription(words)
            self.now.setEnabled(epoch is not None)

    @Slot(int)
    def _changed(self, epoch: int) -> None:
        self._touched = True
        self._say(epoch, self.slider.maximum())
        if not self.slider.isSliderDown():
            self._settling.start()
        self.moved.emit(epoch)

    @Slot()
    def _settle(self) -> None:
        if self._touched and not self.slider.isSliderDown():
            self._settling.stop()
            self._touched = False
            self.settled.emit(self.slider.value())
