"""What a run was told, and where: enough, with a keyframe, to repeat any part of it exactly."""

from __future__ import annotations

from dataclasses import dataclass

from nnviz.engines.engine import Place
from nnviz.experiment import Experiment


@dataclass(frozen=True)
class Edit:
    """A parameter that was set by hand: its number in network order, and its new value."""

    parameter: int
    value: float


@dataclass(frozen=True)
class Chapter:
    """A stretch of a run under the same settings: where it begins, the settings, and what was set by hand there.

    The chapters of a run follow one another by their places; one at the very place of the chapter before it is carried
    out after it, since some changes (of the optimizer, of the samples) do not simply undo one another.
    """

    place: Place
    experiment: Experiment
    edits: tuple[Edit, ...] = ()


def chapter_at(chapters: tuple[Chapter, ...], place: Place) -> int:
    """Return the number of the last chapter that begins at a place or before it; the first chapter begins the run."""
    return max((i for i, chapter in enumerate(chapters) if chapter.place <= place), default=0)
