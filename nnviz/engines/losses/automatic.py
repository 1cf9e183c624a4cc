"""The usual loss for the task."""

from __future__ import annotations

from nnviz.data.dataset import Task
from nnviz.engines.losses import Loss
from nnviz.settings import Kind

_USUAL = {"regression": "squared", "two classes": "binary-cross-entropy", "more classes": "cross-entropy"}


@Loss.registry.register
class Automatic(Kind, Loss, frozen=True, tag="automatic"):
    """Binary cross-entropy for two classes, cross-entropy for more, squared error for regression."""

    title = "Automatic"
    help = "Binary cross-entropy for two classes, cross-entropy for more, squared error for regression."
    order = 0

    def resolve(self, task: Task, n_classes: int) -> Loss:
        case = task if task == "regression" else "two classes" if n_classes <= 2 else "more classes"
        usual: Loss = Loss.registry[_USUAL[case]]()
        return usual
