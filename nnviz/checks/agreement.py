"""The compiled engine against PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from nnviz.checks import Finding, SelfTest, self_tests
from nnviz.checks.parts.engines import apart, engine, samples, train
from nnviz.engines.optimizers import Optimizer

STEPS = 200
ONE_STEP, MANY_STEPS = 1e-12, 1e-5
"""Largest relative difference of the parameters after a step in double, and after 200 steps in single precision."""

_LAYERS = (
    {"kind": "linear", "units": 6},
    "tanh",
    {"kind": "dropout", "rate": 0.2},
    {"kind": "linear", "units": 5},
    "sigmoid",
)


@self_tests.register
class Agreement(SelfTest):
    """Both engines make the same steps with every optimizer; rounding alone sets them apart."""

    name = "agreement"
    title = "Engines"
    help = "The compiled engine against PyTorch: a small network with dropout, trained by every optimizer."
    quantity = "relative difference"
    order = 30

    def run(self, quick: bool) -> Iterator[Finding]:
        for kind in Optimizer.registry:
            name, rate = kind().kind, kind.typical_rate
            one = self.compare(f"{name}, a step in float64", partial(difference, name, rate, 1), ONE_STEP)
            yield one
            if not quick and one.status != "not available":
                subject = f"{name}, {STEPS} steps in float32"
                yield self.compare(subject, partial(difference, name, rate, STEPS, "float32"), MANY_STEPS)


def difference(optimizer: str, rate: float, steps: int, precision: str = "float64") -> float:
    """Return the relative difference of the parameters of both engines after some steps from the same start.

    Raises Unavailable where one of them cannot train such a network.
    """
    data = samples(n_classes=2)
    options = {"optimizer": optimizer, "learning_rate": rate, "precision": precision, "batch_size": 8}
    compiled, torch = (engine(name, data, list(_LAYERS), **options) for name in ("compiled", "torch"))
    for each in (compiled, torch):
        train(each, steps)
    return apart(compiled.parameters(), torch.parameters())
