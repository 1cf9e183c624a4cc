"""How smoothly the window is drawn while a network trains at full speed."""

from __future__ import annotations

import numpy as np

from nnviz.bench import Benchmark, Row, rows
from nnviz.bench.parts.playing_window import watch

BARS = {"p50": 16.7, "p99": 25.0, "worst": 60.0}


@rows.register
class Frames(Benchmark):
    """Time from one frame to the next in the main window with its default views, in milliseconds."""

    name = "frames"
    title = "Frame intervals"
    help = "Median, 99th percentile and worst time between two frames while training at full speed."
    order = 30

    def measure(self) -> list[Row]:
        seen = watch()
        times = 1000 * np.array(seen.intervals)
        values = {"p50": np.median(times), "p99": np.percentile(times, 99), "worst": times.max()}
        note = f"{len(times)} frames, {seen.epochs_per_second:,.0f} epochs/s, engine {seen.engine}"
        return [Row(f"frames/{k}", float(values[k]), "ms", bar, better="less", note=note) for k, bar in BARS.items()]
