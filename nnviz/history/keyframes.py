"""Parameters kept along the way, thinned so that memory stays bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class Keyframe:
    """All parameters of the network after an epoch: (n_parameters,), read-only, in network order."""

    epoch: int
    parameters: NDArray[Any]


class Keyframes:
    """Keyframes in order of epochs; the first and the newest are always kept.

    When there are more than `most`, or more than `bytes_limit`, the least distance between two doubles and
    those in between go: however long the run, what is left is as evenly spaced as what was added.
    """

    def __init__(self, most: int = 256, bytes_limit: int = 48 * 2**20) -> None:
        self.most, self.bytes_limit = most, bytes_limit
        self._frames: list[Keyframe] = []
        self._distance = 1  # least number of epochs between two frames; the newest may be nearer, until the next

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Any:
        return iter(self._frames)

    def add(self, epoch: int, parameters: NDArray[Any]) -> None:
        """Keep the parameters of an epoch; a second keyframe of the same epoch replaces the first."""
        if self._frames and self._frames[-1].epoch >= epoch:
            self._frames = [frame for frame in self._frames if frame.epoch < epoch]
        if len(self._frames) > 1 and self._frames[-1].epoch - self._frames[-2].epoch < self._distance:
            self._frames.pop()
        parameters.setflags(write=False)
        self._frames.append(Keyframe(epoch, parameters))
        self._fit()

    def shrink(self, most: int, bytes_limit: int) -> None:
        """Keep less from now on, for a run that is no longer trained."""
        self.most, self.bytes_limit = min(most, self.most), min(bytes_limit, self.bytes_limit)
        self._fit()

    def _fit(self) -> None:
        while len(self._frames) > 2 and (len(self._frames) > self.most or self._size() > self.bytes_limit):
            self._distance *= 2
            self._thin()

    def _thin(self) -> None:
        """Keep the first, the newest, and of the others those that are far enough from the one before."""
        kept = [self._frames[0]]
        for frame in self._frames[1:-1]:
            if frame.epoch - kept[-1].epoch >= self._distance:
                kept.append(frame)
        self._frames = [*kept, self._frames[-1]]

    def _size(self) -> int:
        return len(self._frames) * self._frames[-1].parameters.nbytes

    def spread(self, count: int) -> list[Keyframe]:
        """Return at most `count` keyframes, spread evenly over epochs, first and newest among them."""
        if len(self._frames) <= count:
            return list(self._frames)
        epochs = np.array([frame.epoch for frame in self._frames])
        wanted = np.linspace(epochs[0], epochs[-1], count)
        return [self._frames[i] for i in np.unique(np.abs(epochs[:, None] - wanted).argmin(axis=0))]
