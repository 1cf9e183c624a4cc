"""Runs of which it is known what is wrong with them: real trainings, built to go wrong in one way, or to go well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nnviz.commands.parts.recorder import Recorder
from nnviz.data.dataset import Part, SplitData
from nnviz.data.plane import make_plane
from nnviz.data.split import prepare
from nnviz.experiment import Experiment
from nnviz.history.chapters import Edit
from nnviz.run import Run
from nnviz.snapshot import Snapshot
from nnviz.training.trainer import Trainer

Samples = Callable[[SplitData], SplitData]


@dataclass(frozen=True)
class Case:
    """One construction. `truth` names what must be found; what `besides` names is true as well, found or not."""

    name: str
    truth: frozenset[str]
    settings: tuple[str, ...]
    epochs: int
    besides: frozenset[str] = frozenset()
    samples: Samples | None = None
    edits: Callable[[Trainer], list[Edit]] | None = None


def case(name: str, truth: str, epochs: int, *settings: str, besides: str = "", **more: object) -> Case:
    """Return a case; names of findings are separated by spaces."""
    return Case(name, frozenset(truth.split()), settings, epochs, frozenset(besides.split()), **more)  # type: ignore[arg-type]


def reseeded(case: Case, seed: int) -> Case:
    """Return a case with other samples, initial weights and order."""
    return replace(case, name=f"{case.name} ({seed})", settings=(*case.settings, f"seed={seed}", f"data.seed={seed}"))


def dense(activation: str, *widths: int) -> str:
    """Return the setting of dense layers, each followed by an activation."""
    layers = ", ".join(f"{{kind='linear', units={units}}}, '{activation}'" for units in widths)
    return f"network.layers=[{layers}]"


def source(kind: str, **settings: float) -> str:
    """Return the setting of a data source."""
    more = "".join(f", {name}={value}" for name, value in settings.items())
    return f"data.source={{kind='{kind}'{more}}}"


def train(optimizer: str, rate: float, batch: int = 10) -> tuple[str, ...]:
    """Return the settings of optimizer, learning rate and batch size."""
    return (
        f"training.optimizer='{optimizer}'",
        f"training.learning_rate={rate}",
        f"training.batch_size={batch}",
    )


def trained(case: Case) -> Run:
    """Train a case to its end, as a session records it."""
    experiment = Experiment(name=case.name).with_settings([*case.settings, f"training.epochs={case.epochs}"])
    data = prepare(experiment.data)
    if case.samples is not None:
        data = case.samples(data)
    trainer = Trainer(experiment, data)
    if case.edits is not None:
        trainer.edit(case.edits(trainer))
    run = Run(1, case.name, experiment)
    recorder = Recorder(run, trainer)
    while trainer.end is None:
        rows = trainer.slice(1.0)
        if rows is not None:
            recorder.take(rows)
    recorder.end()
    engine = trainer.engine
    plane = make_plane(experiment.data.plane, data)
    run.snapshot = Snapshot(
        1, engine.epoch, engine.step, experiment, data, engine.plan, plane, engine.loss, engine.name
    )
    return run


# ---------------------------------------------------------------- samples that something is wrong with


def leaked(share: float, jitter: float = 0.0) -> Samples:
    """Return a change that lets a share of the training samples be copies of test samples, all but exact."""

    def change(data: SplitData) -> SplitData:
        rng = np.random.default_rng(5)
        train, test = data.train, data.test
        count = min(len(test), round(share * len(test)))
        into, out_of = rng.permutation(len(train))[:count], rng.permutation(len(test))[:count]
        x, targets = train.x.copy(), train.targets.copy()
        x[into] = test.x[out_of] + rng.normal(0, 1, (count, x.shape[1])).astype(np.float32) * jitter
        targets[into] = test.targets[out_of]
        return replace(data, train=Part(x, targets, train.noisy))

    return change


def imbalanced(keep: float) -> Samples:
    """Return a change that keeps a share of the samples of all classes but the first."""

    def thinned(part: Part) -> Part:
        rng = np.random.default_rng(6)
        stays = (part.targets == 0) | (rng.uniform(size=len(part)) < keep)
        return Part(part.x[stays], part.targets[stays], part.noisy[stays])

    return lambda data: replace(data, train=thinned(data.train), test=thinned(data.test))


def killed(share: float) -> Callable[[Trainer], list[Edit]]:
    """Return edits that give a share of the first layer's units a bias that no input outweighs."""

    def edits(trainer: Trainer) -> list[Edit]:
        slot = next(slot for slot in trainer.engine.plan.slots if slot.parameter.role == "bias")
        return [Edit(slot.start + unit, -1e3) for unit in range(round(share * slot.parameter.size))]

    return edits
