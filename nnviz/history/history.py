"""The measurements of one run, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.history.keyframes import Keyframes
from nnviz.history.thinning import among, even_rows, first_of_cells, log_even_rows

MOST_ROWS, FEWEST_ROWS = 100_000, 512
"""How many rows a history keeps unless told otherwise, and the least that thinning works with."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a run at an epoch: a changed setting, new data, divergence ...

    `path` and `before` belong to a setting: which one, and what it was.
    """

    epoch: int
    text: str
    kind: str = "setting"  # setting | data | edit | end
    path: str = ""
    before: Any = None


class History:
    """Columns that grow by a row per epoch, with events and keyframes.

    A column is one number (n,) or a fixed number of values (n, k) per epoch; float32 halves the memory of
    a long run and is finer than a plot can show. Measurements that are not finite are kept as NaN.

    At most `most` rows are kept, so the number of a row is not its epoch. When they are all in use, those older than
    the newest quarter are thinned until they fill no more than half: of every 2^k epochs the first stays, with fewer
    epochs to a cell early on, so that a logarithmic axis has enough of them too: epochs up to 1,023 all stay with
    the usual `most`. So do the best row, the best of the old ones, and rows at events.
    """

    def __init__(self, most: int = MOST_ROWS) -> None:
        self.most = max(FEWEST_ROWS, most)
        self._columns: dict[str, NDArray[Any]] = {}
        self._length = 0
        self._best: tuple[str, int, int] = ("", -1, 0)  # column, its best row, and how many rows were looked at
        self._best_from = 0
        self._widest = 0  # of 2 to the power of this many epochs, thinning keeps at least one
        self.went_back = 0  # how often rows were taken back
        self.sealed = False
        """Whether what was measured on the test part is hidden from whoever reads: see `nnviz.vault`. It is kept."""
        self.events: list[Event] = []
        self.keyframes = Keyframes()

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[Any]], most: int, widest: int, best_from: int) -> History:
        """Return a history as it once was: its columns, thinned as `widest` says.

        The best row is looked for from epoch `best_from` on. Raises ValueError for columns that no history has.
        """
        made = cls(most)
        count = len(columns.get("epoch", ()))
        if any(column.ndim not in (1, 2) or len(column) != count for column in columns.values()):
            raise ValueError("The columns are not equally long.")
        if count > made.most or (count and not (np.diff(columns["epoch"]) > 0).all()):
            raise ValueError("The epochs do not ascend, or are too many.")
        if count:
            made._add(columns, count)
        made._widest = widest
        made._best_from = int(np.searchsorted(made.column("epoch"), best_from))
        return made

    def copy(self) -> History:
        """Return a copy that nothing changes which happens to this one from now on."""
        twin = History(self.most)
        twin._columns = {name: self.stored(name).copy() for name in self._columns}
        twin.sealed = self.sealed
        twin._length, twin._best, twin._best_from = self._length, self._best, self._best_from
        twin._widest, twin.went_back = self._widest, self.went_back
        twin.events, twin.keyframes = list(self.events), self.keyframes.copy()
        return twin

    @property
    def widest(self) -> int:
        """How far old rows are thinned: of 2 to the power of this many epochs at least one is kept."""
        return self._widest

    @property
    def best_from(self) -> int:
        """The epoch from which on the best row is looked for."""
        epochs = self.column("epoch")
        if self._best_from < len(epochs):
            return int(epochs[self._best_from])
        return int(epochs[-1]) + 1 if len(epochs) else 0

    def __len__(self) -> int:
        return self._length

    def __contains__(self, name: object) -> bool:
        return name in self._columns and self._length > 0 and not self._hides(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns in the order of their first appearance."""
        return tuple(self._columns)

    def append(self, rows: Mapping[str, NDArray[Any]]) -> None:
        """Add rows; the first axis of every array counts them, and `epoch` ascends. A new column is NaN before.

        A run that went back (after it diverged, say) replaces what it had measured from there on. Its best row stays
        exact as long as that is among the rows that were never thinned.
        """
        count = len(rows["epoch"])
        if count:
            self._go_back(float(rows["epoch"][0]))
        done = 0
        while done < count:
            if self._length == self.most:
                self._thin()
            part = slice(done, min(count, done + self.most - self._length))
            self._add({name: values[part] for name, values in rows.items()}, part.stop - part.start)
            done = part.stop

    def _go_back(self, epoch: float) -> None:
        """Forget the rows from an epoch on. A best row before it is still the best; else all are looked at again."""
        if not self._length or self._columns["epoch"][self._length - 1] < epoch:
            return
        kept = int(np.searchsorted(self.column("epoch"), epoch))
        self.went_back += 1
        name, best, seen = self._best
        self._best = (name, best, min(seen, kept)) if best < kept else ("", -1, 0)
        self._length, self._best_from = kept, min(self._best_from, kept)

    def _add(self, rows: Mapping[str, NDArray[Any]], count: int) -> None:
        """Write rows for which there is room within `most`, into every column that there is."""
        end = self._length + count
        for name, values in rows.items():
            if name not in self._columns or self._columns[name].shape[1:] != values.shape[1:]:  # or another network's
                dtype = np.float64 if name in ("epoch", "step") else np.float32
                self._columns[name] = np.full((self._length, *values.shape[1:]), np.nan, dtype)
        for name, column in self._columns.items():
            if len(column) < end:
                self._columns[name] = column = self._copied(column, slice(0, self._length), end + end // 2)
            added = rows.get(name)
            column[self._length : end] = np.nan if added is None else _finite(added, column.dtype)
        self._length = end

    def _copied(self, column: NDArray[Any], rows: slice | NDArray[np.int64], room: int) -> NDArray[Any]:
        """Return some rows of a column in an array with room for more. Views that were handed out stay as they are."""
        kept = column[rows] if isinstance(rows, slice) else np.take(column, rows, axis=0)
        copy = np.empty((min(self.most, max(256, room)), *column.shape[1:]), column.dtype)
        copy[: len(kept)] = kept
        return copy

    def until(self, epoch: int) -> History:
        """Return a copy of what was measured up to an epoch: what a fork from there shares with the run.

        Its best row is looked for from that epoch on. Keyframes are not copied.
        """
        part = History(self.most)
        part.sealed = self.sealed
        count = int(np.searchsorted(self.column("epoch"), epoch, side="right"))
        if count:
            part._add({name: column[:count] for name, column in self._columns.items()}, count)
        part._widest = self._widest
        part.events = [event for event in self.events if event.epoch <= epoch and event.kind != "end"]
        part._best_from = max(0, count - 1)
        return part

    def shrink(self, most: int) -> None:
        """Keep less from now on, for a run that is no longer trained."""
        self.most = min(self.most, max(FEWEST_ROWS, most))
        if self._length > self.most:
            self._thin()

    def _thin(self) -> None:
        """Drop rows, so that at least an eighth of `most` is free. This happens once in so many rows."""
        epochs = self.column("epoch")
        old = max(0, self._length - self.most // 4)
        dense = (self.most // 128).bit_length() - 1
        stay = first_of_cells(epochs[:old], self._widest, dense)
        while len(stay) > self.most // 2:
            self._widest += 1
            stay = first_of_cells(epochs[:old], self._widest, dense)
        stays = np.zeros(self._length, bool)
        stays[stay] = stays[old:] = True
        stays[among(epochs, np.array([event.epoch for event in self.events[-(self.most // 16) :]]))] = True
        stays[[row for row in (self._found_best(), self._best_before(old)) if row is not None]] = True
        kept = np.flatnonzero(stays)
        for name, column in self._columns.items():
            self._columns[name] = self._copied(column, kept, self.most)
        name, row, seen = self._best
        self._best = (name, int(np.searchsorted(kept, row)) if row >= 0 else -1, int(np.searchsorted(kept, seen)))
        self._best_from = int(np.searchsorted(kept, self._best_from))
        self._length = len(kept)

    def _best_before(self, end: int) -> int | None:
        """Return the best of the rows before one: the best row of a run that goes back to there."""
        values = self.stored(self.monitor)[self._best_from : end]
        return self._best_from + int(np.nanargmin(values)) if np.isfinite(values).any() else None

    def column(self, name: str) -> NDArray[Any]:
        """Return all values of a column, read-only: (n,) or (n, k); empty when it was never measured, or is hidden."""
        return np.empty(0, np.float32) if self._hides(name) else self.stored(name)

    def stored(self, name: str) -> NDArray[Any]:
        """Return all values of a column as it is kept, hidden or not: for files, which keep everything."""
        column = self._columns.get(name, np.empty(0, np.float32))[: self._length]
        column.setflags(write=False)
        return column

    def _hides(self, name: object) -> bool:
        return self.sealed and isinstance(name, str) and name.startswith("test_")

    def latest(self, name: str) -> float:
        """Return the newest value of a column of single numbers, NaN when there is none."""
        return float(self._columns[name][self._length - 1]) if name in self else float("nan")

    @property
    def monitor(self) -> str:
        """The loss that decides which epoch was best: validation, or test without a validation part."""
        return "validation_loss" if "validation_loss" in self._columns else "test_loss"

    @property
    def best_row(self) -> int | None:
        """The row with the smallest monitored loss, the first one when several share it; None where that is hidden."""
        return None if self._hides(self.monitor) else self._found_best()

    def _found_best(self) -> int | None:
        name, best, seen = self._best
        if name != self.monitor:
            name, best, seen = self.monitor, -1, self._best_from
        values = self.stored(name)
        fresh = values[seen:]  # a long run is asked for its best row many times a second
        if len(fresh) and np.isfinite(fresh).any():
            row = seen + int(np.nanargmin(fresh))
            best = row if best < 0 or values[row] < values[best] else best
        self._best = (name, best, len(values))
        return best if best >= 0 else None

    def forget_best(self) -> None:
        """Look for the best row among those to come only: what was measured on other samples cannot be compared."""
        self._best, self._best_from = ("", -1, 0), self._length

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the best row."""
        row = self.best_row
        return None if row is None else int(self.column("epoch")[row])

    def rows(self, most: int = 2_000, log: bool = False) -> NDArray[np.int64]:
        """Return at most about `most` row numbers that stand for all: evenly spaced in epochs, or in their logarithms.

        First, last and best row are always among them. Spacings are powers of two, so that a growing curve is drawn
        through the same epochs from one frame to the next and does not shimmer, whether or not rows were thinned.
        """
        n = self._length
        if n <= most:
            return np.arange(n)
        spaced = (log_even_rows if log else even_rows)(self.column("epoch"), most)
        return np.unique(np.concatenate([spaced, [0, n - 1, self.best_row or 0]]))


def _finite(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return values as a column holds them, NaN where that is no finite number: it may have a smaller range."""
    with np.errstate(over="ignore"):
        held = values.astype(dtype)
    return np.where(np.isfinite(held), held, np.nan)
