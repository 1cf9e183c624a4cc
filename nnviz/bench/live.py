"""How fast a network trains while everybody is watching."""

from __future__ import annotations

from nnviz.bench import Benchmark, Row, rows
from nnviz.bench.parts.playing_window import watch

PLAYGROUND = 60.0
"""Epochs per second of TensorFlow Playground: one per frame of the screen, whatever the network."""


@rows.register
class Live(Benchmark):
    """Epochs per second in the real main window with its default views, ÷ those of TensorFlow Playground."""

    name = "live"
    title = "Training speed in the window"
    help = "Epochs per second on Playground's default task in the main window with default views, divided by 60."
    order = 20

    def measure(self) -> list[Row]:
        seen = watch()
        note = f"{seen.epochs_per_second:,.0f} epochs/s, engine {seen.engine}"
        return [Row(self.name, seen.epochs_per_second / PLAYGROUND, "x 60 epochs/s", 150.0, note=note)]
