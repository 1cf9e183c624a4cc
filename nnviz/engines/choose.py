"""Which engine trains an experiment."""

from __future__ import annotations

from nnviz.data.dataset import SplitData
from nnviz.engines.engine import Engine
from nnviz.engines.losses import LossError
from nnviz.engines.settings import TrainingSettings
from nnviz.network.layers import ShapeError
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import NetworkPlan, plan


def plan_for(network: NetworkSettings, training: TrainingSettings, data: SplitData) -> NetworkPlan:
    """Return the plan of a network for some data; raises LossError when the loss does not fit the task."""
    loss = training.loss.resolve(data.task, data.n_classes)
    return plan(network, data.input_shape, loss.n_outputs(data.n_classes))


def make_engine(network: NetworkSettings, training: TrainingSettings, data: SplitData, seed: int) -> Engine:
    """Return an engine at epoch 0. Raises ShapeError or LossError with the reason when there can be none."""
    from nnviz.engines.torch_engine import TorchEngine

    network_plan = plan_for(network, training, data)
    if network_plan.errors:
        raise ShapeError(network_plan.errors[0])
    return TorchEngine(network_plan, network, training, data, seed)


__all__ = ["LossError", "ShapeError", "make_engine", "plan_for"]
