"""How long the frozen app takes until there is something to see, held against the same program from source."""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

import nnviz
from nnviz.bench import Benchmark, BenchmarkError, Row, rows
from nnviz.bench.parts.first_paint import first_paint

ROUNDS = 5

PROGRAMS = {"win32": "nnviz/nnviz.exe", "darwin": "nnviz.app/Contents/MacOS/nnviz"}
"""The program inside the folder `dist`; `nnviz/nnviz` on other systems."""


@rows.register
class StartFrozen(Benchmark):
    """From the start of the process to the first painted window: the frozen app ÷ the same from source."""

    name = "start/frozen"
    title = "Start of the frozen app"
    help = "First painted frame of the frozen app divided by that of the program from source; medians of warm starts."
    order = 45

    def measure(self) -> list[Row]:
        if getattr(sys, "frozen", False):
            raise BenchmarkError("Only a program that runs from source can be compared with the frozen app.")
        app, source = str(frozen_program()), (sys.executable, "-m", "nnviz")
        first_paint(app), first_paint(*source)  # the first start reads files that the others find in memory
        pairs = [(first_paint(app), first_paint(*source)) for _ in range(ROUNDS)]
        frozen, plain = (statistics.median(times) for times in zip(*pairs, strict=True))
        note = f"first paint {frozen:.2f} s frozen, {plain:.2f} s from source; medians of {ROUNDS}"
        return [Row(self.name, frozen / plain, "x source", 1.5, better="less", note=note)]


def frozen_program() -> Path:
    """Return the program of the frozen app: what NNVIZ_FROZEN names, or the one in `dist` of this checkout.

    Raises BenchmarkError where there is none.
    """
    chosen = os.environ.get("NNVIZ_FROZEN")
    dist = Path(nnviz.__file__).resolve().parent.parent / "dist"
    found = Path(chosen) if chosen else dist / PROGRAMS.get(sys.platform, "nnviz/nnviz")
    if not found.is_file():
        hint = "make it with packaging/build.py, or name it in the environment variable NNVIZ_FROZEN"
        raise BenchmarkError(f"There is no frozen app at {found}; {hint}.")
    return found
