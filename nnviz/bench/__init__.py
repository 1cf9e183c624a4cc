"""`nnviz bench`: one file per group of rows. Here: the contract of a row, and the machine."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from nnviz.installation import processor
from nnviz.registry import Registry


class BenchmarkError(RuntimeError):
    """A measurement that failed: one sentence that says why."""


@dataclass(frozen=True)
class Row:
    """One measured number and the bar it is held against. `value` None means that it could not be measured."""

    id: str
    value: float | None
    unit: str
    bar: float | None
    better: Literal["more", "less"] = "more"
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the value reaches the bar."""
        if self.value is None or self.bar is None:
            return False
        return self.value >= self.bar if self.better == "more" else self.value <= self.bar

    def plain(self) -> dict[str, Any]:
        """Return the row as JSON holds it; the value is rounded to four figures."""
        value = None if self.value is None else float(f"{self.value:.4g}")
        return {
            "id": self.id,
            "value": value,
            "unit": self.unit,
            "bar": self.bar,
            "met": self.met,
            "note": self.note,
        }

    def sentence(self) -> str:
        """Return the row as a reader at the terminal is told it."""
        if self.value is None:
            return f"{self.id}: not measured. {self.note}"
        value = f"{self.value:,.0f}" if abs(self.value) >= 1000 else f"{self.value:.3g}"
        sign = "≥" if self.better == "more" else "≤"
        bar = "" if self.bar is None else f" (bar {sign} {self.bar:g}: {'met' if self.met else 'not met'})"
        return f"{self.id}: {value} {self.unit}{bar}"


class Benchmark:
    """A group of rows that are measured together."""

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str] = ""
    order: ClassVar[int] = 100

    def measure(self) -> Sequence[Row]:
        """Measure and return the rows. Raises BenchmarkError when it cannot be done."""
        raise NotImplementedError


def measured(benchmark: Benchmark) -> Sequence[Row]:
    """Return the rows of a benchmark; one without a value, with the reason, where it cannot be measured."""
    try:
        return benchmark.measure()
    except BenchmarkError as error:
        return [Row(benchmark.name, None, "", None, note=str(error))]


rows: Registry[Benchmark] = Registry("benchmark", "nnviz.bench", name_of=lambda benchmark: str(benchmark.name))


def machine() -> dict[str, Any]:
    """Return what the numbers were measured on."""
    from importlib.metadata import version

    packages = ("nnviz", "numpy", "torch", "PySide6-Essentials", "pyqtgraph")
    return {
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }


def seconds(run: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def ratio(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 7) -> float:
    """Return how many times as fast as `theirs` `ours` is: the median over pairs of runs, one after the other.

    Each pair is measured back to back and begins with the other one in turn, so that a machine that speeds up or
    slows down in the meantime favours neither.
    """
    ours(), theirs()  # the first call of each is not like the others
    found = []
    for number in range(rounds):
        if number % 2:
            a, b = seconds(ours), seconds(theirs)
        else:
            b, a = seconds(theirs), seconds(ours)
        found.append(b / a)
    return statistics.median(found)
