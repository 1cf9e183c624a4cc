"""A run trained again from its beginning: as it was, or with other samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import DataError, SplitData
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.settings import DataSettings
from nnviz.data.split import split_indices
from nnviz.engines.choose import make_engine
from nnviz.engines.engine import Engine
from nnviz.experiment import Experiment
from nnviz.history.chapters import Chapter
from nnviz.history.keyframes import Keyframe
from nnviz.run import Run
from nnviz.settings import SettingsError
from nnviz.studies.study import train_through
from nnviz.training.commands import Recording
from nnviz.training.replay import Prepare, Replay
from nnviz.training.twins import common_epochs

_TURN = 0.04
"""Seconds of training between two looks whether to stop."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth
class Way:
    """What it takes to train a run again: its chapters from the beginning on, and the epoch where it ends.

    A run that was forked begins with the run that it came from, as long as that is there; else where it was forked, and
    `whole` is not set. `check` is the newest state that was kept of the run, for comparison.
    """

    recording: Recording
    end: int
    whole: bool
    check: Keyframe | None

    @property
    def experiment(self) -> Experiment:
        """The settings that were in force at the end."""
        return self.recording.chapters[-1].experiment

    @property
    def changed(self) -> bool:
        """Whether settings, samples or parameters were changed on the way."""
        return len(self.recording.chapters) > 1

    @property
    def start(self) -> int:
        """The first epoch at whose end it can be looked at."""
        epoch, position = self.recording.frame.place
        return epoch + (position > 0)

    def marks(self, most: int) -> NDArray[np.int64]:
        """Return about `most` epochs from the beginning to the end; half of them evenly spaced in their logarithm."""
        spaced = self.start + common_epochs(self.end - self.start, most)
        checked = [] if self.check is None or self.check.epoch < self.start else [self.check.epoch]
        return np.union1d(spaced, checked).astype(np.int64)


def way_of(run: Run, runs: Sequence[Run] = ()) -> Way:
    """Return the way of a run; `runs` are all there are. Raises SettingsError for one that was not trained yet."""
    frames, chapters = list(run.history.keyframes), tuple(run.chapters)
    if run.epoch <= run.first_epoch or not frames or not chapters:
        raise SettingsError("The run in front has not been trained yet; play it for some epochs, then begin.")
    check = next((each for each in reversed(frames) if each.place[1] == 0 and each.epoch < run.epoch), None)
    frame, whole = frames[0], run.origin is None or run.origin.epoch == 0
    at, seen = run, {run.number}
    while not whole and at.origin is not None:
        origin = next((each for each in runs if each.number == at.origin.run), None)
        if origin is None or origin.number in seen or not origin.chapters or not len(origin.history.keyframes):
            break
        left = at.chapters[0].place
        chapters = (*(chapter for chapter in origin.chapters if chapter.place <= left), *chapters)
        frame, at = next(iter(origin.history.keyframes)), origin
        seen.add(origin.number)
        whole = origin.origin is None or origin.origin.epoch == 0
    kept = _before(chapters, run.epoch)
    return Way(Recording(kept, frame), run.epoch, whole, check)


def _before(chapters: tuple[Chapter, ...], epoch: int) -> tuple[Chapter, ...]:
    """Return the chapters that training to an epoch went through; one that begins there has had no effect yet."""
    return tuple(chapter for i, chapter in enumerate(chapters) if i == 0 or chapter.place < (epoch, 0))


def passes(way: Way, prepare: Prepare, epochs: Iterable[int], stopped: Callable[[], bool]) -> Iterator[Engine]:
    """Train from the beginning of a way to each of some epochs, ascending; yield the engine at each.

    With the samples of the run, `prepare` as they are split, it comes to every epoch with the parameters that the run
    had, bit for bit. `prepare` may return others: then it is a twin with the same initial weights, settings and changes
    of them. Ends early once `stopped` says so, or the parameters are no longer finite.
    """
    chapters, frame = way.recording.chapters, way.recording.frame
    if len(chapters) == 1 and frame.place == (0, 0):  # without measuring in between it is faster
        experiment = chapters[0].experiment
        engine = make_engine(experiment.network, experiment.training, prepare(experiment.data), experiment.seed)
        for _ in train_through(engine, epochs, stopped):
            yield engine
        return
    replay = Replay(prepare)
    for epoch in epochs:
        replay.aim(way.recording, (epoch, 0))
        while not replay.advance(_TURN):
            if stopped():
                return
        if stopped() or not np.isfinite(replay.trainer.engine.parameters()).all():
            return
        yield replay.trainer.engine


def outputs_on(engine: Engine, data: SplitData, x: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the outputs (n, outputs) of a network for samples (n, d) as they are scaled in `data`.

    On its way a run may have learned from other samples, scaled otherwise; None where it knew other features or
    classes.
    """
    own = engine.data
    if own is data or own.scaling is data.scaling:
        return engine.predict(x)
    if (own.task, own.input_shape, own.class_names) != (data.task, data.input_shape, data.class_names):
        return None
    same = np.array_equal(own.scaling.shift, data.scaling.shift) and np.array_equal(
        own.scaling.scale, data.scaling.scale
    )
    return engine.predict(x if same else own.scaling.scaled(data.scaling.unscaled(x)))


def matches(engine: Engine, way: Way) -> bool | None:
    """Say whether a network is what the run was where its newest state was kept; None at any other place."""
    check = way.check
    if check is None or check.place != (engine.epoch, engine.position):
        return None
    return bool(np.array_equal(engine.parameters(), check.parameters))


def exactness(way: Way, exact: bool | None) -> str:
    """Return in a sentence whether what was trained is the run itself; empty where nothing can be said."""
    words = {
        True: "The repetition reached the very weights of the run.",
        False: "The repetition did not reach the weights of the run, which another machine or version may have "
        "trained: this is a run like it.",
        None: "",
    }[exact]
    if way.whole:
        return words
    begins = f"It begins at epoch {way.start:,}, where the run was forked; the run that it came from is gone."
    return f"{words} {begins}".strip()


def rows_in(
    settings: DataSettings, data: SplitData, rows: NDArray[np.intp], wanted: DataSettings
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where samples that `wanted` numbers `rows` (m,) are among the real training samples under other settings.

    First their rows there (k,), then which of the m they are (k,): a drawing may have had fewer. Drawn samples are
    found by their identities. Raises DataError where the samples of a run were exchanged altogether.
    """
    if isinstance(settings.source, Drawing) and isinstance(wanted.source, Drawing):
        there, here = _identities(settings.source, settings), _identities(wanted.source, wanted)[rows]
        _, found, which = np.intersect1d(there, here, return_indices=True)
        return found, which
    places = [(each.source, each.seed, each.train_share, each.validation_share) for each in (settings, wanted)]
    if places[0] != places[1] or (len(rows) and rows.max() >= len(data.real_train)):
        raise DataError(
            "The samples of this run were exchanged on its way, so single ones cannot be followed through it; "
            "begin a run with these samples (Reset), train it, and try again."
        )
    return rows, np.arange(len(rows))


def _identities(drawing: Drawing, settings: DataSettings) -> NDArray[np.uint32]:
    """Return the identities of the training samples of a drawing, in their order."""
    dataset = drawing.load(settings.seed)
    assert dataset.identities is not None
    return dataset.identities[split_indices(dataset, settings)[0]]
