"""Taking snapshots of a network: the samples, the plane, and what the probes measure."""

from __future__ import annotations

import logging
from typing import Any

from nnviz.data.dataset import SplitData
from nnviz.data.plane import Plane, make_plane
from nnviz.data.settings import PlaneSettings
from nnviz.engines.choose import plan_for
from nnviz.engines.engine import Columns
from nnviz.experiment import Experiment
from nnviz.probes import probes
from nnviz.snapshot import Snapshot, read_only
from nnviz.training.mailbox import Mailbox, Notice
from nnviz.training.trainer import Trainer

log = logging.getLogger(__name__)


class Camera:
    """Takes the snapshots of one run. A probe that fails is left out of all that follow, and said so once."""

    def __init__(self, run: int, mailbox: Mailbox) -> None:
        self.run = run
        self._mailbox = mailbox
        self._broken: set[str] = set()
        self._plane: tuple[tuple[SplitData, PlaneSettings], Plane] | None = None

    def samples(self, experiment: Experiment, data: SplitData) -> Snapshot:
        """Return a snapshot of samples and network alone: an engine may take seconds to load for the first time."""
        loss = experiment.training.resolved_loss(data.task, data.n_classes)
        plan = plan_for(experiment.network, experiment.training, data)
        plane = self._plane_of(experiment.data.plane, data)
        return Snapshot(self.run, 0, 0, experiment, data, plan, plane, loss, engine="")

    def network(self, trainer: Trainer, experiment: Experiment, wants: frozenset[str], speed: float) -> Snapshot:
        """Return a snapshot of a network as it is now, with what the wanted probes measure."""
        return self._taken(trainer, experiment, wants, speed)

    def past(self, trainer: Trainer, experiment: Experiment, wants: frozenset[str], row: Columns) -> Snapshot:
        """Return a snapshot of a network as it was, with a row of measurements of it."""
        return self._taken(trainer, experiment, wants, past=True, row={n: read_only(v) for n, v in row.items()})

    def _taken(
        self, trainer: Trainer, experiment: Experiment, wants: frozenset[str], speed: float = 0.0, **more: Any
    ) -> Snapshot:
        engine = trainer.engine
        plane = self._plane_of(experiment.data.plane, engine.data)
        measured = {name: self._measure(name, trainer, plane) for name in sorted(wants - self._broken)}
        return Snapshot(
            run=self.run,
            epoch=engine.epoch,
            step=engine.step,
            experiment=experiment,
            data=engine.data,
            plan=engine.plan,
            plane=plane,
            loss=engine.loss,
            engine=engine.name,
            engine_reason=trainer.choice.reason,
            speed=speed,
            wanted=wants,
            arrays={name: read_only(value) for name, value in measured.items() if value is not None},
            **more,
        )

    def _measure(self, name: str, trainer: Trainer, plane: Plane) -> Any:
        try:
            return probes[name]().measure(trainer.engine, plane)
        except Exception as error:  # one broken picture must not stop the training
            log.exception("Probe %s failed", name)
            self._broken.add(name)
            self._mailbox.post(Notice(self.run, f"{probes[name].title} cannot be measured in this run: {error}"))
            return None

    def _plane_of(self, settings: PlaneSettings, data: SplitData) -> Plane:
        """Return the plane of the decision surface, the same object as long as nothing that it depends on changes."""
        key = (data, settings)
        if self._plane is None or self._plane[0] != key:
            self._plane = (key, make_plane(settings, data))
        return self._plane[1]
