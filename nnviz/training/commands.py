"""What the training thread can be told. Every command is a frozen value; `run` is the number of a run."""

from __future__ import annotations

from dataclasses import dataclass

from nnviz.data.dataset import Dataset
from nnviz.data.settings import PlaneSettings
from nnviz.data.source import Source
from nnviz.engines.engine import Place
from nnviz.experiment import Experiment
from nnviz.history.chapters import Chapter, Edit
from nnviz.history.keyframes import Keyframe


@dataclass(frozen=True)
class Recording:
    """What it takes to repeat a part of a run: its chapters, and a keyframe at the beginning of the part."""

    chapters: tuple[Chapter, ...]
    frame: Keyframe


# ---------------------------------------------------------------- runs begin, are chosen, and end


@dataclass(frozen=True)
class Start:
    """Prepare a new run of an experiment, at epoch 0."""

    run: int
    experiment: Experiment


@dataclass(frozen=True)
class Fork:
    """Prepare a new run that goes on from a place of another one, with other settings and parameters set by hand.

    Without a recording it goes on from where the other one is now.
    """

    run: int
    origin: int
    experiment: Experiment
    edits: tuple[Edit, ...] = ()
    recording: Recording | None = None
    place: Place = (0, 0)


@dataclass(frozen=True)
class Adopt:
    """Take over a run that was trained before, and bring it to where it was left."""

    run: int
    recording: Recording
    place: Place


@dataclass(frozen=True)
class Focus:
    """Turn to a run. Others that are not being trained are put to sleep: their state is kept, their engine is not."""

    run: int


@dataclass(frozen=True)
class Forget:
    """Let go of a run for good."""

    run: int


@dataclass(frozen=True)
class Provide:
    """Use these samples where a source and a seed ask for them, whatever has become of the file they came from."""

    source: Source
    seed: int
    dataset: Dataset


# ---------------------------------------------------------------- training


@dataclass(frozen=True)
class Play:
    """Train these runs side by side until told otherwise, and no others."""

    runs: tuple[int, ...]


@dataclass(frozen=True)
class Pause:
    """Stop training after the current slice."""


@dataclass(frozen=True)
class StepEpochs:
    """Train these runs to the end of their epoch and `count` - 1 more, then pause."""

    runs: tuple[int, ...]
    count: int = 1


@dataclass(frozen=True)
class StepBatch:
    """Make one optimizer step in each of these runs, then pause."""

    runs: tuple[int, ...]


@dataclass(frozen=True)
class Configure:
    """Go on with other live settings or other samples of the same kind."""

    run: int
    experiment: Experiment


@dataclass(frozen=True)
class SetParameters:
    """Set parameters of a run by hand."""

    run: int
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class LimitSpeed:
    """Train at most so many epochs per second, and `growth` more for every epoch behind; None is full speed."""

    epochs_per_second: float | None
    growth: float = 0.0

    def at(self, epoch: int) -> float | None:
        """Return the most epochs per second at an epoch."""
        return None if self.epochs_per_second is None else self.epochs_per_second + self.growth * epoch


# ---------------------------------------------------------------- what is looked at


@dataclass(frozen=True)
class Want:
    """Measure these probes for the snapshots from now on, and take snapshots of these runs as they are now."""

    names: frozenset[str]
    runs: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Show:
    """Take a snapshot of a run at the end of a past epoch, which is repeated from a keyframe.

    While the user is only looking for a place, `exact` is not set: if repeating would take long, the keyframe will do.
    """

    run: int
    recording: Recording
    epoch: int
    plane: PlaneSettings
    exact: bool = True


@dataclass(frozen=True)
class ShowNow:
    """Look at the past of a run no longer."""

    run: int


@dataclass(frozen=True)
class Keep:
    """When there is nothing else to do, repeat a run up to its best epoch and post a keyframe of that."""

    run: int
    recording: Recording
    epoch: int


Command = (
    Start
    | Fork
    | Adopt
    | Focus
    | Forget
    | Provide
    | Play
    | Pause
    | StepEpochs
    | StepBatch
    | Configure
    | SetParameters
    | LimitSpeed
    | Want
    | Show
    | ShowNow
    | Keep
)


def still_needed(commands: list[Command | None]) -> list[Command | None]:
    """Leave out what later commands make pointless.

    That is everything for a run that is forgotten later, and a Configure or Show right before another one for the same
    run: a slider that is dragged sends them faster than they can be carried out.
    """
    forgotten = {command.run: i for i, command in enumerate(commands) if isinstance(command, Forget)}
    kept: list[Command | None] = []
    for i, command in enumerate(commands):
        pointless = not isinstance(command, Forget) and forgotten.get(getattr(command, "run", -1), -1) > i
        following = commands[i + 1] if i + 1 < len(commands) else None
        replaced = (
            isinstance(command, Configure | Show)
            and type(following) is type(command)
            and getattr(following, "run", None) == command.run
        )
        if not (pointless or replaced):
            kept.append(command)
    return kept
