"""From settings to a torch module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnviz.network.layers import ShapeError
from nnviz.network.shapes import NetworkPlan

if TYPE_CHECKING:
    import torch


def build(network_plan: NetworkPlan) -> torch.nn.Sequential:
    """Return the network as one module, a child per stage; its parameters are in the order of the plan's slots.

    Raises ShapeError with the first thing that cannot work.
    """
    from torch import nn

    if network_plan.errors:
        raise ShapeError(network_plan.errors[0])
    modules = []
    for stage in network_plan.stages:
        assert stage.input_shape is not None  # no error above means that every shape is known
        modules.append(stage.layer.module(stage.input_shape))
    return nn.Sequential(*modules)
