"""Units that are 0 for every training sample."""

from __future__ import annotations

import numpy as np

from nnviz.findings import Finding, Fork, Found, OpenView, Severity, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.network.layers.leaky_relu import LeakyReLU
from nnviz.network.layers.relu import ReLU

_SHARE, _FEWEST = 0.5, 3
"""Share of a layer's units, and number of them."""

_ALL_BUT = 0.9
"""Share from which on little passes the layer."""


@findings.register
class DeadUnits(Finding):
    """A ReLU layer half of whose units no longer answer anything, so that no gradient flows through them."""

    name, title = "dead-units", "Dead units"
    order = 120

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        dead, plan = evidence.recent.get("dead_units_by_layer"), evidence.plan
        if dead is None or plan is None or not len(dead) or dead.ndim != 2 or not evidence.trained:
            return None
        stages = plan.activation_stages
        if not stages or dead.shape[1] != len(stages) or not np.isfinite(dead[-1]).all():
            return None
        units = np.array([stage.output_shape[0] if stage.output_shape else 1 for stage in stages])
        flat = np.array([isinstance(stage.layer, ReLU) for stage in stages])  # others have a slope where they are 0
        worst = int((flat * dead[-1] / units).argmax())
        count, of = int(dead[-1][worst]), int(units[worst])
        if not flat[worst] or count < max(_FEWEST, _SHARE * of):
            return None
        number = sum(stage.n_parameters > 0 for stage in plan.stages[: stages[worst].index])
        sentence = (
            f"{count:,} of the {of:,} units of layer {number} ({stages[worst].layer.title}) are 0 for every training "
            "sample; no gradient flows through them."
        )
        severity: Severity = "warning" if count >= _ALL_BUT * of else "notice"
        return Found(severity, "Dead units", sentence, (*_forks(evidence), OpenView("dead_units", "Dead units")))


def _forks(evidence: Evidence) -> tuple[Fork, ...]:
    network = evidence.experiment.network
    if not any(isinstance(layer, ReLU) for layer in network.layers):
        return ()
    layers = tuple(LeakyReLU() if isinstance(layer, ReLU) else layer for layer in network.layers)
    changed = evidence.experiment.replace(name="leaky ReLU", network=network.replace(layers=layers))
    return (Fork(changed, epoch=0, anew=True),)
