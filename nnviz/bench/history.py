"""What a long run takes to keep, and how long to look back at."""

from __future__ import annotations

import statistics

from nnviz.bench import Benchmark, Row, rows
from nnviz.bench.parts.default_probes import default_probes
from nnviz.bench.parts.long_run import EPOCHS, measured

_MB = 1e6


@rows.register
class HistoryRows(Benchmark):
    """Memory above the start after 100,000 epochs of the default experiment, and seconds until an epoch of it is shown.

    An epoch is shown when the training thread has sent all that the default views draw. Of 25 epochs that keyframes
    are kept of, and 25 any, the slowest counts.
    """

    name = "history"
    title = "A long run and its past"
    help = "Memory after 100,000 epochs of the default experiment, and how long it takes to show any of them."
    order = 35

    def measure(self) -> list[Row]:
        run = measured(default_probes())
        kept = f"{run.rows:,} rows, {run.keyframes} keyframes of {EPOCHS:,} epochs"
        memory = None if run.bytes is None else run.bytes / _MB
        return [
            Row("history/memory", memory, "MB above start", 64, better="less", note=kept),
            Row("history/keyframe", max(run.from_keyframe), "s", 0.05, better="less", note=_median(run.from_keyframe)),
            Row("history/replay", max(run.replayed), "s", 1.0, better="less", note=_median(run.replayed)),
        ]


def _median(seconds: list[float]) -> str:
    return f"the slowest of {len(seconds)}; median {1000 * statistics.median(seconds):.0f} ms"
