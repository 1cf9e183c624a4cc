"""A training error that stays well above what is reachable."""

from __future__ import annotations

from nnviz.experiment import Experiment
from nnviz.findings import Finding, Fork, Found, OpenPage, OpenView, findings
from nnviz.findings.parts.evidence import Evidence
from nnviz.findings.parts.remedies import Remedies
from nnviz.findings.parts.state import at_rest, falls_short, held_back
from nnviz.findings.parts.words import count, error, error_name
from nnviz.network.layers.linear import Linear
from nnviz.network.layers.tanh import Tanh

_WIDTH = 16


@findings.register
class Underfitting(Finding):
    """Training has come to rest, and the training error is clearly above that of a vote of the nearest neighbours."""

    name, title = "underfitting", "Underfitting"
    order = 90

    def look(self, evidence: Evidence, remedies: Remedies) -> Found | None:
        facts = evidence.facts
        if facts is None or not at_rest(evidence) or not falls_short(evidence):
            return None
        epochs, errors = evidence.here["epoch"], evidence.here["train_error"]
        middle = len(epochs) // 2
        lasted = count(int(epochs[-1] - epochs[middle]), "epoch")
        sentence = (
            f"Training {error_name(evidence)} went {error(evidence, float(errors[middle]))} → "
            f"{error(evidence, float(errors[-1]))} in the last {lasted}, and the five nearest samples alone "
            f"get {error(evidence, facts.neighbour_error)}: the network cannot do what the samples allow."
        )
        forks = _forks(evidence.experiment, held_back(evidence))
        return Found("warning", "Underfitting", sentence, (*forks, _VIEW, _PAGE))


_VIEW = OpenView("surface", "Decision surface")
_PAGE = OpenPage("gap-parts", "Parts of the test error")


def _forks(experiment: Experiment, penalty: str) -> tuple[Fork, ...]:
    """Return what gives the network more freedom: less of a penalty that holds it back, else more units."""
    if penalty:
        training = experiment.training.replace(weight_decay=0.0, l1=0.0)
        return (Fork(experiment.replace(name=f"no {penalty.rpartition(' ')[0]}", training=training)),)
    network = experiment.network
    if not any(layer.starts_column for layer in network.layers):
        layers = (*network.layers, Linear(units=_WIDTH), Tanh())
        return (
            Fork(experiment.replace(name=f"{_WIDTH} hidden units", network=network.replace(layers=layers)), 0, True),
        )
    wider = tuple(
        layer.replace(units=max(_WIDTH, 2 * layer.units)) if isinstance(layer, Linear) else layer
        for layer in network.layers
    )
    if wider == network.layers:
        return ()
    return (Fork(experiment.replace(name="more units", network=network.replace(layers=wider)), epoch=0, anew=True),)
