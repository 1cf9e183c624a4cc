"""What the training thread can be told. Every command is a frozen value."""

from __future__ import annotations

from dataclasses import dataclass

from nnviz.experiment import Experiment


@dataclass(frozen=True)
class Start:
    """Prepare a new run of an experiment, at epoch 0, and train it at once when `play` is set."""

    run: int
    experiment: Experiment
    play: bool = False


@dataclass(frozen=True)
class Play:
    """Train until told otherwise."""


@dataclass(frozen=True)
class Pause:
    """Stop training after the current slice."""


@dataclass(frozen=True)
class StepEpochs:
    """Train to the end of this epoch and `count` - 1 more, then pause."""

    count: int = 1


@dataclass(frozen=True)
class StepBatch:
    """Make one optimizer step, then pause."""


@dataclass(frozen=True)
class Configure:
    """Go on with other live settings or other samples of the same kind."""

    experiment: Experiment


@dataclass(frozen=True)
class Want:
    """Measure these probes for the snapshots from now on."""

    names: frozenset[str]


@dataclass(frozen=True)
class LimitSpeed:
    """Train at most so many epochs per second, and `growth` more for every epoch behind; None is full speed."""

    epochs_per_second: float | None
    growth: float = 0.0

    def at(self, epoch: int) -> float | None:
        """Return the most epochs per second at an epoch."""
        return None if self.epochs_per_second is None else self.epochs_per_second + self.growth * epoch


Command = Start | Play | Pause | StepEpochs | StepBatch | Configure | Want | LimitSpeed
