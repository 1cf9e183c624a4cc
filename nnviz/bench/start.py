"""How long it takes until there is something to see."""

from __future__ import annotations

import statistics
import subprocess
import sys

from nnviz.bench import Benchmark, BenchmarkError, Row, rows, seconds
from nnviz.bench.parts.playing_window import environment

ROUNDS = 5


@rows.register
class Start(Benchmark):
    """From the start of the process to the first painted window, ÷ the time of `python -c "import torch"`."""

    name = "start"
    title = "Start"
    help = "First painted frame divided by the time that importing torch alone takes; medians of warm starts."
    order = 40

    def measure(self) -> list[Row]:
        _first_paint()  # the first start reads files that the others find in memory
        _import_torch()
        pairs = [(_first_paint(), _import_torch()) for _ in range(ROUNDS)]
        ours, torch = (statistics.median(times) for times in zip(*pairs, strict=True))
        note = f"first paint {ours:.2f} s, import torch {torch:.2f} s; medians of {ROUNDS}"
        return [Row(self.name, ours / torch, "x import torch", 0.6, better="less", note=note)]


def _first_paint() -> float:
    """Return the seconds from the start of a process to its first painted window, as it says itself."""
    command = [sys.executable, "-m", "nnviz", "--startup-time"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise BenchmarkError(f"The window failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return float(done.stdout.split()[-1])


def _import_torch() -> float:
    return seconds(lambda: subprocess.run([sys.executable, "-c", "import torch"], check=True))
