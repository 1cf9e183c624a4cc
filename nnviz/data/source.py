"""The contract of a data source: generators, files, drawings and bundled sets all answer to it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from nnviz.data.dataset import Dataset, Task
from nnviz.settings import Choice, kinds


class Source(Choice):
    """Settings of one data source, and how samples are made from them.

    A source is a module in one of the packages below, with a class that inherits from `Kind` and `Source` and is
    registered with `@Source.registry.register`.
    """

    __slots__ = ()
    registry = kinds(
        "data source", "nnviz.data.generators", "nnviz.data.readers", "nnviz.data.bundled", "nnviz.data.drawings"
    )

    family: ClassVar[str] = "generator"  # generator | bundled | file | drawing: how the data panel groups sources

    is_image: ClassVar[bool] = False
    """Whether its samples are pictures, so that a network needs layers for pictures or a Flatten."""
    is_scaled: ClassVar[bool] = False
    """Whether its features have a common scale as they come, so that standardizing would gain nothing."""

    def load(self, seed: int) -> Dataset:
        """Return all samples. The same settings and seed give the same samples, bit for bit.

        Raises DataError with one sentence when the samples cannot be had.
        """
        raise NotImplementedError

    def file(self) -> Path | None:
        """Return the file that the samples come from, None where there is none."""
        return None

    def known_shape(self) -> tuple[Task, int, int] | None:
        """Return (task, features, classes) where they are known without loading, else None.

        Samples of the same shape can be exchanged under a network that is being trained.
        """
        return None
