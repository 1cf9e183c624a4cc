"""The results of a sweep as columns: one row per training, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnviz.sweeps.axes import Axis

Status = Literal["finished", "diverged", "failed"]

MEASURED: dict[str, type[Any]] = {
    "n_parameters": int,
    "epochs": int,
    "train_loss": float,
    "train_error": float,
    "validation_loss": float,
    "validation_error": float,
    "test_loss": float,
    "test_error": float,
    "best_epoch": int,
    "best_test_error": float,
    "seconds": float,
    "engine": str,
    "status": str,
    "sentence": str,
    "parameters_sha256": str,
}
"""The columns of what a training brought, and what they hold."""


@dataclass(frozen=True)
class Result:
    """What one training brought, as `nnviz train` would say it of the same experiment.

    Losses and errors are those after its last epoch; of a training that diverged, those of the last epoch at which they
    were finite; NaN where there are none. `best_epoch` is the epoch with the smallest validation loss (test loss where
    there is no validation part) and `best_test_error` the test error after it. `seconds` is how long a core worked on
    it. `sentence` says how it ended: why it failed or diverged, or that it reached its limit.
    """

    member: str
    status: Status
    sentence: str
    n_parameters: int = 0
    epochs: int = 0
    train_loss: float = float("nan")
    train_error: float = float("nan")
    validation_loss: float = float("nan")
    validation_error: float = float("nan")
    test_loss: float = float("nan")
    test_error: float = float("nan")
    best_epoch: int = 0
    best_test_error: float = float("nan")
    seconds: float = 0.0
    engine: str = ""
    parameters_sha256: str = ""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Table:
    """Read-only columns of the same length, by name.

    `member` (the identity of the training), `point` (its number), a column for each varied setting under its path,
    `seed`, then those of `MEASURED`. Numbers are int64 or float64, texts and labels of kinds are str in object arrays.
    """

    columns: Mapping[str, NDArray[Any]]
    varied: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.columns["member"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def row(self, number: int) -> dict[str, Any]:
        """Return one row with plain Python values."""
        return {name: _plain(values[number]) for name, values in self.columns.items()}

    def rows(self, start: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the rows from number `start` on."""
        return (self.row(number) for number in range(start, len(self)))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def column_types(axes: Sequence[Axis]) -> dict[str, type[Any]]:
    """Return the names of all columns in their order, and what each holds."""
    varied: dict[str, type[Any]] = {axis.path: axis.kind for axis in axes}
    return {"member": str, "point": int, **varied, "seed": int, **MEASURED}


_DTYPES: dict[type[Any], Any] = {int: np.int64, float: np.float64, bool: np.bool_, str: object}


@dataclass
class GrowingTable:
    """Rows that are added at the end. One thread adds; any may ask for the `table` so far, which costs next to nothing.

    Rows are written behind those that have been handed out, so that handing out needs no copy.
    """

    axes: tuple[Axis, ...]
    _n: int = 0
    _columns: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._columns = {name: np.empty(64, _DTYPES[kind]) for name, kind in column_types(self.axes).items()}

    def __len__(self) -> int:
        return self._n

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows, each with a value for every column."""
        n, needed = self._n, self._n + len(rows)
        columns = self._columns
        if needed > len(columns["member"]):
            size = max(needed, 2 * n)
            columns = {name: np.concatenate([v[:n], np.empty(size - n, v.dtype)]) for name, v in columns.items()}
        for name, values in columns.items():
            for number, row in enumerate(rows):
                values[n + number] = row[name]
        self._columns = columns  # first: a reader that sees the new number finds rows behind it
        self._n = needed

    def table(self) -> Table:
        """Return the rows so far."""
        n, columns = self._n, self._columns
        views = {}
        for name, values in columns.items():
            view = values[:n]
            view.setflags(write=False)
            views[name] = view
        return Table(MappingProxyType(views), tuple(axis.path for axis in self.axes))
