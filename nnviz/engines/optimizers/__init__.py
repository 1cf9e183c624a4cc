"""Optimizers: one file each. Here: the contract of an optimizer."""

from __future__ import annotations

from typing import Any, ClassVar

from nnviz.settings import Choice, kinds


class Optimizer(Choice):
    """Settings of one optimizer. The learning rate and weight decay are settings of the training, not of it."""

    __slots__ = ()
    registry = kinds("optimizer", "nnviz.engines.optimizers")

    formula: ClassVar[str] = ""
    """The update rule: θ parameters, g gradient, η learning rate."""
    typical_rate: ClassVar[float] = 0.01
    """A learning rate that usually works, offered when the optimizer is chosen."""
    torch_name: ClassVar[str] = ""
    """The class in torch.optim."""
    fused: ClassVar[bool] = True
    """Whether torch has a fused CPU form, one kernel for the whole update."""
    decoupled: ClassVar[bool] = False
    """Whether weight decay shrinks the weights directly instead of joining the gradient (Loshchilov & Hutter 2019)."""

    def torch_options(self) -> dict[str, Any]:
        """Return the keyword arguments of the torch optimizer, without learning rate and weight decay."""
        return {}
