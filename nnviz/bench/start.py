"""How long it takes until there is something to see."""

from __future__ import annotations

import statistics
import subprocess
import sys

from nnviz.bench import Benchmark, Row, rows, seconds
from nnviz.bench.parts.first_paint import first_paint

ROUNDS = 5


@rows.register
class Start(Benchmark):
    """From the start of the process to the first painted window, ÷ the time of `python -c "import torch"`."""

    name = "start"
    title = "Start"
    help = "First painted frame divided by the time that importing torch alone takes; medians of warm starts."
    order = 40

    def measure(self) -> list[Row]:
        source = (sys.executable, "-m", "nnviz")
        first_paint(*source)  # the first start reads files that the others find in memory
        _import_torch()
        pairs = [(first_paint(*source), _import_torch()) for _ in range(ROUNDS)]
        ours, torch = (statistics.median(times) for times in zip(*pairs, strict=True))
        note = f"first paint {ours:.2f} s, import torch {torch:.2f} s; medians of {ROUNDS}"
        return [Row(self.name, ours / torch, "x import torch", 0.6, better="less", note=note)]


def _import_torch() -> float:
    # A module inside torch: unlike -c, -m is understood by the frozen app as well.
    command = [sys.executable, "-m", "torch.version"]
    return seconds(lambda: subprocess.run(command, check=True, capture_output=True))
