"""Projects of real trainings, small enough to be made anew for every test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sessions import quick

from nnviz.commands.parts.recorder import Recorder
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.drawings.editing import add_points
from nnviz.engines.engine import EngineState
from nnviz.history.chapters import Chapter, Edit
from nnviz.history.history import Event
from nnviz.project.library import Library
from nnviz.project.project import Project, Samples
from nnviz.run import Origin, Run
from nnviz.training.trainer import Trainer

TABLE = "\n".join(["a,b,price", *(f"{i % 7},{i % 5},{i % 7 + 2.5 * (i % 5)}" for i in range(40))])


def trained(number: int, epochs: int, *settings: str) -> Run:
    """Return a run of so many epochs, with a keyframe of each."""
    experiment = quick(*settings)
    run = Run(number, f"run {number}", experiment)
    trainer = Trainer(experiment, Library().prepare(experiment.data))
    recorder = Recorder(run, trainer)
    for _ in range(epochs):
        recorder.take(trainer.engine.train_epochs(1))
        run.history.keyframes.add(trainer.keyframe(0))
    recorder.end()
    return run


def varied(folder: Path) -> Project:
    """Return a project in which everything occurs that a project can hold."""
    table = folder / "prices.csv"
    table.write_text(TABLE, encoding="utf-8")
    normed = "network.layers=[{kind='linear', units=4}, 'batch-norm', 'relu', {kind='dropout', rate=0.1}]"
    first = trained(1, 12, normed, "training.engine=torch", "training.optimizer=adam")
    second = trained(2, 9, f"data.source={{kind='table', path='{table}'}}", "data.standardize=true")
    third = trained(3, 5, "training.precision=float64")
    library = Library()
    library.prepare(second.experiment.data)
    source, seed = second.experiment.data.source, second.experiment.data.seed
    dataset = library.loaded(source, seed)
    assert dataset is not None
    changed = first.experiment.with_settings(["training.learning_rate=0.5", "training.optimizer=momentum"])
    first.chapters += [
        Chapter((7, 20), changed),
        Chapter((7, 20), changed, (Edit(2, 0.25), Edit(0, -1e-30))),
        Chapter((9, 0), first.experiment),
    ]
    first.history.events = [
        Event(7, "Learning rate 0.03 → 0.5", "setting", "training.learning_rate", 0.03),
        Event(7, "Optimizer Adam → Momentum", "setting", "training.optimizer", first.experiment.training.optimizer),
        Event(12, "Paused for ever", "end"),
    ]
    first.note, first.color, first.starred, first.along, first.playhead = "Größe ✓\nzwei", 4, True, True, 3
    second.origin, second.archived = Origin(1, 7), True
    third.origin = Origin(99, 2)
    drawing = Drawing()
    for epoch in (3, 4):
        drawing = add_points(drawing, [[epoch, -1.0], [0.5, epoch], [epoch, epoch]], epoch % 2)
        drawn = changed.replace(data=changed.data.replace(source=drawing))
        third.chapters.append(Chapter((epoch, 0), drawn))
        third.experiment = drawn
    return Project((first, second, third), 1, (0, 2), (Samples(source, seed, dataset),))


def same(a: Any, b: Any) -> bool:
    """Say whether two arrays agree to the last bit, NaN and the order in memory included."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes("A") == b.tobytes("A")


def same_state(a: EngineState, b: EngineState) -> bool:
    """Say whether two states agree to the last bit."""
    facts = ("epoch", "step", "position", "optimizer_kind", "rate")
    named = all(list(getattr(a, group)) == list(getattr(b, group)) for group in ("buffers", "optimizer"))
    alike = all(getattr(a, name) == getattr(b, name) for name in facts)
    return named and alike and all(map(same, a.arrays(), b.arrays()))


def differences(a: Project, b: Project) -> list[str]:
    """Return in what two projects differ; runs are compared by their places."""
    found = [name for name in ("front", "compared") if getattr(a, name) != getattr(b, name)]
    if len(a.runs) != len(b.runs) or len(a.samples) != len(b.samples):
        return [*found, "length"]
    for place, (one, other) in enumerate(zip(a.runs, b.runs, strict=True)):
        found += [f"run {place}: {what}" for what in _in_runs(one, other)]
    for x, y in zip(a.samples, b.samples, strict=True):
        if (x.source, x.seed) != (y.source, y.seed) or not _same_samples(x, y):
            found.append("samples")
    return found


def _in_runs(a: Run, b: Run) -> list[str]:
    facts = ["name", "experiment", "status", "text", "chapters", "playhead", "along", "note", "color", "starred"]
    found = [name for name in [*facts, "archived", "epoch", "end"] if getattr(a, name) != getattr(b, name)]
    one, other = a.history, b.history
    for name in ("events", "names", "most", "widest", "best_from", "best_row"):
        if getattr(one, name) != getattr(other, name):
            found.append(f"history.{name}")
    found += [name for name in one.names if not same(one.column(name), other.column(name))]
    x, y = one.keyframes, other.keyframes
    found += [name for name in ("most", "bytes_limit", "widest", "nbytes") if getattr(x, name) != getattr(y, name)]
    if len(x) != len(y):
        return [*found, "keyframes"]
    for f, g in zip(x, y, strict=True):
        if not same_state(f.state, g.state):
            found.append(f"state at {f.place}")
        if (f.chapter, f.best_loss, f.best_epoch, f.reason) != (g.chapter, g.best_loss, g.best_epoch, g.reason):
            found.append(f"keyframe at {f.place}")
    return found


def _same_samples(a: Samples, b: Samples) -> bool:
    facts = ("task", "feature_names", "target_name", "class_names", "image_shape", "notes", "identities")
    alike = all(getattr(a.dataset, name) == getattr(b.dataset, name) for name in facts)
    return alike and same(a.dataset.features, b.dataset.features) and same(a.dataset.targets, b.dataset.targets)
