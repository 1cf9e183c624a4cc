"""The full state of a training, kept along the way and thinned so that memory stays bounded."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from nnviz.engines.engine import EngineState, Place
from nnviz.history.thinning import first_of_cells

Reason = Literal["", "event", "best"]

_MOST = 256
"""How many keyframes a run has unless told otherwise."""

_FEWEST_BYTES, _FEWEST_FRAMES = 24 * 2**20, 12
"""What keyframes may take at least, and how many states of a large network may take more than that."""

_WIDEST = 48
"""Binary logarithm of more epochs than anybody trains."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Keyframe:
    """Everything that determines the future of a run from one moment on.

    `chapter` is the number of the chapter whose settings are in force there. `best_loss` and `best_epoch` are the
    smallest monitored loss so far and its epoch, on which early stopping depends. A `reason` protects it from being
    thinned.
    """

    state: EngineState
    chapter: int = 0
    best_loss: float = float("inf")
    best_epoch: int = 0
    reason: Reason = ""

    @property
    def epoch(self) -> int:
        """How many epochs were finished."""
        return self.state.epoch

    @property
    def place(self) -> Place:
        """Where in the run it is."""
        return self.state.place

    @property
    def parameters(self) -> NDArray[Any]:
        """All parameters of the network (n_parameters,), in network order."""
        return self.state.parameters

    @property
    def nbytes(self) -> int:
        """The memory that it takes, in bytes."""
        return self.state.nbytes


class KeyframePace:
    """Says when a state is due to be kept: densely at the beginning, and never more often than `Keyframes` would keep.

    Copying states takes at most a `share` of the time.
    """

    def __init__(self, share: float = 0.05) -> None:
        self._share = share
        self._epoch, self._at = 0, 0.0

    def due(self, epoch: int) -> bool:
        """Say whether the state at the end of an epoch should be kept."""
        return epoch >= self._epoch and time.monotonic() >= self._at

    def kept(self, epoch: int, seconds: float) -> None:
        """Note that a state was kept, and how long that took."""
        self._epoch = epoch + max(1, epoch // (_MOST // 2))
        self._at = time.monotonic() + seconds / self._share


class Keyframes:
    """Keyframes in the order of the run; the first and the newest are always kept.

    When there are more than `most`, or when they take more than `bytes_limit` and more than a dozen states would, those
    without a reason are thinned: of every 2^k epochs the first stays, with more of them early on, where most happens.
    """

    def __init__(self, most: int = _MOST, bytes_limit: int = _FEWEST_BYTES) -> None:
        self.most, self.bytes_limit = most, bytes_limit
        self._frames: list[Keyframe] = []
        self._bytes = 0
        self._widest = 0  # of 2 to the power of this many epochs, thinning keeps at least one

    @classmethod
    def of(cls, frames: Iterable[Keyframe], most: int, bytes_limit: int, widest: int) -> Self:
        """Return keyframes as they once were: `frames` in the order of the run, thinned as `widest` says."""
        made = cls(most, bytes_limit)
        for frame in frames:
            made._insert(len(made), frame)
        made._widest = widest
        return made

    def copy(self) -> Keyframes:
        """Return the same keyframes in a list of their own."""
        twin = Keyframes(self.most, self.bytes_limit)
        twin._frames, twin._bytes, twin._widest = list(self._frames), self._bytes, self._widest
        return twin

    @property
    def widest(self) -> int:
        """How far they are thinned: of 2 to the power of this many epochs at least one is kept."""
        return self._widest

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Keyframe]:
        return iter(self._frames)

    @property
    def nbytes(self) -> int:
        """The memory that all of them take, in bytes."""
        return self._bytes

    def add(self, frame: Keyframe) -> None:
        """Keep a state. Those at its place and after it go: the run went back to before them, or comes by again."""
        while self._frames and self._frames[-1].place >= frame.place:
            self._drop(-1)
        if len(self._frames) > 1 and self._in_cell_of_before(self._frames[-1]):
            self._drop(-1)  # it was only kept for being the newest
        self._insert(len(self._frames), frame)
        self._fit()

    def keep(self, frame: Keyframe) -> None:
        """Keep a state within the run for a reason. There is one best; a new one takes the place of the old."""
        if frame.reason == "best":
            self._frames = [replace(f, reason="") if f.reason == "best" else f for f in self._frames]
        at = bisect_right(self._places(), frame.place)
        if at and self._frames[at - 1].place == frame.place:
            self._drop(at - 1)
            at -= 1
        self._insert(at, frame)
        self._fit()

    def before(self, place: Place) -> Keyframe | None:
        """Return the newest keyframe at a place or before it."""
        at = bisect_right(self._places(), place)
        return self._frames[at - 1] if at else None

    def shrink(self, most: int, bytes_limit: int) -> None:
        """Keep less from now on, for a run that is no longer trained."""
        self.most, self.bytes_limit = min(most, self.most), min(bytes_limit, self.bytes_limit)
        self._fit()

    def spread(self, count: int, last: int | None = None) -> list[Keyframe]:
        """Return at most `count` keyframes, spread evenly over epochs, first and newest among them.

        With `last` only those up to that epoch.
        """
        frames = self._frames if last is None else [frame for frame in self._frames if frame.epoch <= last]
        if len(frames) <= count:
            return list(frames)
        epochs = np.array([frame.epoch for frame in frames])
        wanted = np.linspace(epochs[0], epochs[-1], count)
        return [frames[i] for i in np.unique(np.abs(epochs[:, None] - wanted).argmin(axis=0))]

    # ------------------------------------------------------------ parts

    def _places(self) -> list[Place]:
        return [frame.place for frame in self._frames]

    def _insert(self, at: int, frame: Keyframe) -> None:
        frame.state.freeze()
        self._frames.insert(at, frame)
        self._bytes += frame.nbytes

    def _drop(self, at: int) -> None:
        self._bytes -= self._frames.pop(at).nbytes

    def _in_cell_of_before(self, newest: Keyframe) -> bool:
        if newest.reason or not self._widest:
            return False
        pair = np.array([self._frames[-2].epoch, newest.epoch], np.float64)
        return len(first_of_cells(pair, self._widest, self._dense())) == 1

    def _room(self) -> int:
        """Return how many frames there may be."""
        average = max(1, self._bytes // max(1, len(self._frames)))
        return max(2, min(self.most, max(_FEWEST_FRAMES, self.bytes_limit // average)))

    def _dense(self) -> int:
        """Return the binary logarithm of how many frames there may be from an epoch to its double."""
        return max(0, (self._room() // 30).bit_length() - 1)

    def _fit(self) -> None:
        while len(self._frames) > self._room():
            if self._widest < _WIDEST:
                self._widest += 1
                self._thin()
            else:  # reasons, or one frame for every octave, take all of the room
                self._drop(len(self._frames) // 2)

    def _thin(self) -> None:
        """Keep the first, the newest, those with a reason, and of the others the first of every cell."""
        epochs = np.array([frame.epoch for frame in self._frames], np.float64)
        stay = set(first_of_cells(epochs, self._widest, self._dense()).tolist()) | {0, len(self._frames) - 1}
        reasons = [i for i, frame in enumerate(self._frames) if frame.reason == "event"][-max(1, self.most // 8) :]
        stay |= set(reasons) | {i for i, frame in enumerate(self._frames) if frame.reason == "best"}
        self._frames = [self._frames[i] for i in sorted(stay)]
        self._bytes = sum(frame.nbytes for frame in self._frames)
