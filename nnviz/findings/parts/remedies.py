"""Changed settings that may help: made once for an experiment, and asked for many times."""

from __future__ import annotations

from nnviz.cures import NoCure, cures
from nnviz.data.dataset import SplitData
from nnviz.experiment import Experiment


class Remedies:
    """The cures that can help an experiment, and single settings changed."""

    def __init__(self, experiment: Experiment, data: SplitData | None) -> None:
        self.experiment, self.data = experiment, data
        self._cured: dict[str, Experiment | None] = {}
        len(cures)  # loads their modules now, and not in the frame in which something first goes wrong

    def cured(self, *names: str) -> tuple[Experiment, ...]:
        """Return the experiment with each of the named cures that can help, named by the change, in that order."""
        able = []
        for name in names:
            if name not in self._cured:
                self._cured[name] = self._applied(name)
            changed = self._cured[name]
            if changed is not None:
                able.append(changed)
        return tuple(able)

    def _applied(self, name: str) -> Experiment | None:
        if self.data is None:
            return None
        try:
            return cures[name]().applied(self.experiment, self.data)
        except NoCure:
            return None

    def with_rate(self, factor: float) -> Experiment | None:
        """Return the experiment with its learning rate times a factor, None where that cannot be."""
        rate = float(f"{self.experiment.training.learning_rate * factor:.3g}")
        if not 0.0 < rate <= 100.0:
            return None
        training = self.experiment.training.replace(learning_rate=rate)
        return self.experiment.replace(name=f"learning rate {rate:g}", training=training)
