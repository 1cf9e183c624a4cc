"""The measurements of one run, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.history.keyframes import Keyframes


@dataclass(frozen=True)
class Event:
    """Something that happened to a run at an epoch: a changed setting, new data, divergence ...

    `path` and `before` belong to a setting: which one, and what it was.
    """

    epoch: int
    text: str
    kind: str = "setting"  # setting | data | end
    path: str = ""
    before: Any = None


class History:
    """Columns that grow by a row per epoch, with events and keyframes.

    A column is one number (n,) or a fixed number of values (n, k) per epoch; float32 halves the memory of
    a long run and is finer than a plot can show. Measurements that are not finite are kept as NaN.
    """

    def __init__(self) -> None:
        self._columns: dict[str, NDArray[Any]] = {}
        self._length = 0
        self._best: tuple[str, int, int] = ("", -1, 0)  # column, its best row, and how many rows were looked at
        self._best_from = 0
        self.events: list[Event] = []
        self.keyframes = Keyframes()

    def __len__(self) -> int:
        return self._length

    def __contains__(self, name: object) -> bool:
        return name in self._columns and self._length > 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns in the order of their first appearance."""
        return tuple(self._columns)

    def append(self, rows: Mapping[str, NDArray[Any]]) -> None:
        """Add rows; the first axis of every array counts them. A column that is new is NaN before.

        A run that went back (after it diverged, say) replaces what it had measured from there on.
        """
        count = len(next(iter(rows.values())))
        if "epoch" in rows and count:
            kept = int(np.searchsorted(self.column("epoch"), rows["epoch"][0]))
            self._best = self._best if kept == self._length else ("", -1, 0)
            self._length, self._best_from = kept, min(self._best_from, kept)
        for name, values in rows.items():
            column = self._room(name, values, count)
            column[self._length : self._length + count] = np.where(np.isfinite(values), values, np.nan)
        self._length += count

    def _room(self, name: str, values: NDArray[Any], count: int) -> NDArray[Any]:
        """Return the column with room for `count` more rows, growing by half so that appending stays cheap."""
        needed = self._length + count
        column = self._columns.get(name)
        if column is None or len(column) < needed:
            dtype = np.float64 if name in ("epoch", "step") else np.float32
            grown = np.full((max(256, needed + needed // 2), *values.shape[1:]), np.nan, dtype)
            if column is not None:
                grown[: self._length] = column[: self._length]
            self._columns[name] = column = grown
        return column

    def column(self, name: str) -> NDArray[Any]:
        """Return all values of a column, read-only: (n,) or (n, k); empty when it was never measured."""
        column = self._columns.get(name, np.empty(0, np.float32))[: self._length]
        column.setflags(write=False)
        return column

    def latest(self, name: str) -> float:
        """Return the newest value of a column of single numbers, NaN when there is none."""
        return float(self._columns[name][self._length - 1]) if name in self else float("nan")

    @property
    def monitor(self) -> str:
        """The loss that decides which epoch was best: validation, or test without a validation part."""
        return "validation_loss" if "validation_loss" in self._columns else "test_loss"

    @property
    def best_row(self) -> int | None:
        """The row with the smallest monitored loss, the first one when several share it."""
        name, best, seen = self._best
        if name != self.monitor:
            name, best, seen = self.monitor, -1, self._best_from
        values = self.column(name)
        fresh = values[seen:]  # a long run is asked for its best row many times a second
        if len(fresh) and np.isfinite(fresh).any():
            row = seen + int(np.nanargmin(fresh))
            best = row if best < 0 or values[row] < values[best] else best
        self._best = (name, best, len(values))
        return best if best >= 0 else None

    def forget_best(self) -> None:
        """Look for the best row from here on only: what was measured on other samples cannot be compared."""
        self._best, self._best_from = ("", -1, 0), max(0, self._length - 1)

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the best row."""
        row = self.best_row
        return None if row is None else int(self.column("epoch")[row])

    def rows(self, most: int = 2_000, log: bool = False) -> NDArray[np.int64]:
        """Return at most about `most` row numbers that stand for all: evenly spaced, or evenly on a log axis.

        First, last and best row are always among them. The even spacing is a power of two, so that a growing
        curve is drawn through the same rows from one frame to the next and does not shimmer.
        """
        n = self._length
        if n <= most:
            return np.arange(n)
        if log:
            spaced = np.geomspace(1, n, most).round().astype(np.int64) - 1
        else:
            spaced = np.arange(0, n, 2 ** int(np.ceil(np.log2(n / most))))
        return np.unique(np.concatenate([spaced, [0, n - 1, self.best_row or 0]]))
