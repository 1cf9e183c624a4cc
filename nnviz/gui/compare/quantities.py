"""What can be compared over the epochs: each quantity of the history, with its parts and its unit. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.gap import gap
from nnviz.gui.compare.measured import task_of
from nnviz.run import Run

PARTS: dict[str, tuple[str, ...]] = {
    "train and test": ("train", "test"),
    "train": ("train",),
    "validation": ("validation",),
    "test": ("test",),
}
"""What of the data a curve is about, by the words for it."""


@dataclass(frozen=True)
class Quantity:
    """One quantity. With `parted` there is one for each part of the data; an error is in percent where it counts."""

    key: str
    title: str
    help: str
    parted: bool = False
    error: bool = False
    logarithmic: bool = False
    """Whether it is first seen on a logarithmic axis."""

    def values(self, run: Run, part: str = "") -> NDArray[Any]:
        """Return it for every row of a run's history, in the unit that is shown: (n,), empty if it was not measured."""
        history = run.history
        if self.key == "gap" and "test_error" not in history:
            found = np.empty(0, np.float32)  # the test part is locked away
        elif self.key == "gap":
            found = gap(history.column("train_error"), history.column("test_error"))
        elif self.key == "weight_norm":
            norms = history.column("weight_norm_by_layer")
            found = np.sqrt(np.sum(np.square(norms, dtype=np.float64), axis=1)) if norms.ndim == 2 else norms
        else:
            found = history.column(f"{part}_{self.key}" if self.parted else self.key)
        percent = self.error and task_of(run) == "classification"
        return found * np.float32(100.0) if percent else found

    def unit(self, runs: Sequence[Run]) -> str:
        """Return the name of its axis for some runs: those of their losses, or the unit of their errors."""
        if self.key == "loss":
            names = {run.snapshot.loss.title.lower() for run in runs if run.snapshot is not None}
            return " / ".join(sorted(names)) or "loss"
        if not self.error:
            return self.title.lower()
        if all(task_of(run) == "classification" for run in runs):
            return "gap, percentage points" if self.key == "gap" else "% wrong"
        targets = {run.snapshot.data.target_name for run in runs if run.snapshot is not None}
        of = f" of {next(iter(targets))}" if len(targets) == 1 else ""
        return f"gap of RMSE{of}" if self.key == "gap" else f"RMSE{of}"

    def why_not(self, runs: Sequence[Run]) -> str:
        """Return why it cannot be compared between some runs, in a sentence; empty where it can."""
        tasks = {task_of(run) for run in runs} - {None}
        if self.error and len(tasks) > 1:
            return "Errors in percent and errors in the units of a target have no common axis: choose another quantity."
        return ""


QUANTITIES = (
    Quantity("error", "Error", "Share of wrong classes, or root mean squared error.", parted=True, error=True),
    Quantity("loss", "Loss", "What training makes small.", parted=True),
    Quantity("gap", "Gap", "Test error minus train error.", error=True),
    Quantity("gradient_norm", "Gradient norm", "Length of the gradient of all parameters.", logarithmic=True),
    Quantity("weight_norm", "Weight norm", "Length of the vector of all parameters."),
    Quantity("learning_rate", "Learning rate", "Size of a step, as the schedule has it.", logarithmic=True),
)


def test_error(run: Run) -> NDArray[Any]:
    """Return the test error of every row, as a share or in the target's units: (n,)."""
    return run.history.column("test_error")
