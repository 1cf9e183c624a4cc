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

    When there are more than `most`, or more than `bytes_limit`, every second one goes: what is left stays
    evenly spaced, and the spacing grows with the length of the run.
    """

    def __init__(self, most: int = 256, bytes_limit: int = 48 * 2**20) -> None:
        self.most, self.bytes_limit = most, bytes_limit
        self._frames: list[Keyframe] = []

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Any:
        return iter(self._frames)

    def add(self, epoch: int, parameters: NDArray[Any]) -> None:
        """Keep the parameters of an epoch; a second keyframe of the same epoch replaces the first."""
        if self._frames and self._frames[-1].epoch >= epoch:
            self._frames = [frame for frame in self._frames if frame.epoch < epoch]
        parameters.setflags(write=False)
        self._frames.append(Keyframe(epoch, parameters))
        while len(self._frames) > 2 and (len(self._frames) > self.most or self._size() > self.bytes_limit):
            last = self._frames[-1]
            self._frames = self._frames[:-1:2]
            self._frames.append(last)

    def _size(self) -> int:
        return len(self._frames) * self._frames[-1].parameters.nbytes

    def spread(self, count: int) -> list[Keyframe]:
        """Return at most `count` keyframes, spread evenly over epochs, first and newest among them."""
        if len(self._frames) <= count:
            return list(self._frames)
        epochs = np.array([frame.epoch for frame in self._frames])
        wanted = np.linspace(epochs[0], epochs[-1], count)
        return [self._frames[i] for i in np.unique(np.abs(epochs[:, None] - wanted).argmin(axis=0))]
