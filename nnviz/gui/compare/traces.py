"""The curves of an overlay, as numbers: those of each run, or their differences from one of them. No Qt but colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from nnviz.analysis.paired import sentence
from nnviz.gui.compare.measured import task_of
from nnviz.gui.compare.page import short
from nnviz.gui.compare.pairs import course, last_in_common, pairs_of
from nnviz.gui.compare.quantities import Quantity, test_error
from nnviz.gui.run_colors import run_color
from nnviz.run import Run
from nnviz.words import differences_in_words

_MOST_WORDS = 2
"""Changes that name a variant in a sentence; of more, the name of its run is shorter."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Trace:
    """One curve: values (n,) over epochs (n,), and where there are several seeds, the interval around them."""

    label: str
    color: QColor
    dashed: bool
    epochs: NDArray[Any]
    values: NDArray[Any]
    low: NDArray[Any] | None = None
    high: NDArray[Any] | None = None


def of_runs(runs: Sequence[Run], quantity: Quantity, parts: Sequence[str], most: int, log_x: bool) -> list[Trace]:
    """Return a quantity of every run, one curve for each part; the first of two parts is dashed.

    A fork begins where it left its run, if that is shown too: up to there the two are one.
    """
    traces = []
    numbers = {run.number for run in runs}
    for run in runs:
        rows = run.history.rows(most, log=log_x)
        if run.origin is not None and run.origin.run in numbers:
            rows = rows[run.history.column("epoch")[rows] >= run.first_epoch]
        epochs = run.history.column("epoch")[rows]
        for part in parts if quantity.parted else ("",):
            values = quantity.values(run, part)
            if len(values):
                dashed = len(parts) > 1 and part == parts[0]
                traces.append(Trace(_label(run, part), run_color(run), dashed, epochs, values[rows]))
    return traces


def minus_reference(
    runs: Sequence[Run], reference: Run, quantity: Quantity, parts: Sequence[str], everyone: Sequence[Run]
) -> list[Trace]:
    """Return how far a quantity of each run lies above that of the reference, on the epochs that both have.

    Where runs of more seeds are among `everyone`, it is their mean, with its interval.
    """
    traces = []
    for pairs in _groups(runs, reference, everyone):
        run = pairs[0][1] if len(pairs) == 1 else _shown(pairs, runs)
        for part in parts if quantity.parted else ("",):
            found = course(pairs, lambda each, part=part: quantity.values(each, part))  # type: ignore[misc]
            several = len(pairs) > 1
            label = f"{_label(run, part)} · mean of {len(pairs)} seeds" if several else _label(run, part)
            trace = Trace(
                label,
                run_color(run),
                len(parts) > 1 and part == parts[0],
                found.epochs,
                found.difference.mean,
                found.difference.low if several else None,
                found.difference.high if several else None,
            )
            traces.append(trace)
    return traces


def sentences(runs: Sequence[Run], reference: Run, everyone: Sequence[Run]) -> list[tuple[QColor, str]]:
    """Return what became of the test error of each run, compared with the reference, with its uncertainty."""
    found = []
    for pairs in _groups(runs, reference, everyone):
        run = pairs[0][1] if len(pairs) == 1 else _shown(pairs, runs)
        last = last_in_common(pairs, test_error)
        tasks = {task_of(each) for pair in pairs for each in pair}
        if last is None or len(tasks) > 1:
            continue
        epoch, difference = last
        snapshot = run.snapshot
        regression = snapshot is not None and snapshot.data.task == "regression"
        target = snapshot.data.target_name if regression and snapshot is not None else ""
        found.append(
            (run_color(run), sentence(change_words(reference, run), difference, f"at epoch {epoch:,}", target))
        )
    return found


def change_words(reference: Run, variant: Run) -> str:
    """Return what sets a run apart from another one: the changes, or its name where they are many."""
    found = differences_in_words(reference.experiment, variant.experiment)
    changes = [change.words for change in found if change.path != "seed"]
    return " and ".join(changes) if 0 < len(changes) <= _MOST_WORDS else variant.name


def _groups(runs: Sequence[Run], reference: Run, everyone: Sequence[Run]) -> list[list[tuple[Run, Run]]]:
    """Return the pairs behind each curve of a difference; runs that differ in the seed alone share one."""
    groups: list[list[tuple[Run, Run]]] = []
    for run in runs:
        if run is reference or any(run is variant for group in groups for _, variant in group):
            continue
        groups.append(pairs_of(reference, run, everyone))
    return groups


def _shown(pairs: Sequence[tuple[Run, Run]], runs: Sequence[Run]) -> Run:
    """Return the run that lends a group its name and colour: the first of it that was chosen."""
    return next((variant for _, variant in pairs if variant in runs), pairs[0][1])


def _label(run: Run, part: str) -> str:
    name = short(run.name, 24)
    return f"{name} · {part}" if part else name


def places(epochs: NDArray[Any], log_x: bool) -> NDArray[Any]:
    """Return where epochs lie on the axis: (n,), NaN for epoch 0 on a logarithmic one."""
    if not log_x:
        return np.asarray(epochs, np.float64)
    with np.errstate(divide="ignore"):
        return np.where(epochs >= 1, np.log10(np.maximum(epochs, 1)), np.nan)


def heights(values: NDArray[Any], log_y: bool, zero: float | None) -> NDArray[Any]:
    """Return where values lie on the axis: (n,), `zero` for values of 0 or less on a logarithmic one."""
    if not log_y:
        return np.asarray(values, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(values)
        return logs if zero is None else np.where(values <= 0, zero, logs)
