"""Which engine trains an experiment, and why.

The choice follows from the settings and from what the machine has, never from timing: the same experiment is
trained by the same engine again, which repeating a run bit for bit stands on.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Literal

from nnviz.data.dataset import SplitData
from nnviz.engines.compiled import program
from nnviz.engines.compiled.folder import has_kernels
from nnviz.engines.engine import Engine
from nnviz.engines.losses import Loss, LossError
from nnviz.engines.settings import TrainingSettings
from nnviz.network.layers import ShapeError
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import NetworkPlan, plan

log = logging.getLogger(__name__)

LARGEST_LAYER = 2_000_000
"""Weights of a layer up to which the kernels are faster than PyTorch on as many threads: measured from 25 times as
fast (64 units) over 2 (512) to 0.9 (2,048), where the weights no longer stay in the processor's cache."""

_DEVICES = {"cuda": "CUDA", "mps": "Metal (MPS)"}


@dataclass(frozen=True)
class EngineChoice:
    """The name of an engine, the device it computes on, and a sentence that says why.

    `second_best` is set where something is missing that would have made a faster choice possible.
    """

    name: str
    device: str
    reason: str
    second_best: bool = False


def plan_for(network: NetworkSettings, training: TrainingSettings, data: SplitData) -> NetworkPlan:
    """Return the plan of a network for some data; raises LossError when the loss does not fit the task."""
    loss = training.resolved_loss(data.task, data.n_classes)
    return plan(network, data.input_shape, loss.n_outputs(data.n_classes))


def choose(network_plan: NetworkPlan, loss: Loss, training: TrainingSettings) -> EngineChoice:
    """Return the engine for a network: the one that the user chose where it can, or the faster one."""
    if training.device != "cpu":
        return _on_device(network_plan, loss, training)
    if training.engine == "torch":
        return EngineChoice("torch", "cpu", "PyTorch trains this network, as the training settings say.")
    obstacle = program.obstacle(network_plan, loss, training)
    if obstacle:
        reason = f"{obstacle} has no compiled kernel, so PyTorch trains this network."
        return EngineChoice("torch", "cpu", reason, second_best=training.engine == "compiled")
    problem = compiled_problem(training.precision)
    if problem:
        return EngineChoice("torch", "cpu", f"PyTorch trains this network: {problem}", second_best=True)
    if training.engine == "compiled":
        return EngineChoice("compiled", "cpu", "The compiled engine trains this network, as the training settings say.")
    largest = max((slot.parameter.size for slot in network_plan.weight_slots), default=0)
    if largest > LARGEST_LAYER:
        reason = f"PyTorch is faster for layers of more than {LARGEST_LAYER:,} weights; one here has {largest:,}."
        return EngineChoice("torch", "cpu", reason)
    return EngineChoice("compiled", "cpu", "The compiled engine covers all of this network and is faster than PyTorch.")


def _on_device(network_plan: NetworkPlan, loss: Loss, training: TrainingSettings) -> EngineChoice:
    """Return torch on the device that was asked for, or what is best on the processor where that cannot be."""
    import torch

    device = training.device
    title = _DEVICES[device]
    present = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
    double = device == "mps" and training.precision == "float64"
    if present and not double:
        told = training.engine == "compiled"  # which computes on the processor alone
        return EngineChoice("torch", device, f"PyTorch trains this network on {title}, as chosen.", second_best=told)
    missing = f"{title} computes in single precision only" if present else f"{title} was chosen, and there is none here"
    instead = choose(network_plan, loss, training.replace(device="cpu"))
    return replace(instead, reason=f"{missing}. {instead.reason}", second_best=True)


@cache
def compiled_problem(precision: Literal["float32", "float64"] = "float32") -> str:
    """Return a sentence that says why there is no compiled engine here; empty when there is one.

    The first call for a precision loads its kernels; the first one after an installation compiles them, which takes
    up to half a minute.
    """
    try:
        from nnviz.engines.compiled.warm_up import warm_up

        warm_up(precision)
    except ModuleNotFoundError as error:
        if error.name == "numba":
            return "Numba, which compiles the faster engine, is not installed."
        return _failed(error)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong inside a compiler is logged; nnviz works without it
        return _failed(error)
    return ""


def _failed(error: Exception) -> str:
    log.error("The kernels could not be compiled", exc_info=error)
    return f"Numba could not compile the faster engine ({(str(error).strip().splitlines() or ['no reason'])[0]})."


def choice_for(network: NetworkSettings, training: TrainingSettings, data: SplitData) -> EngineChoice:
    """Return the engine for an experiment. Raises ShapeError or LossError with the reason when there can be none."""
    return choose(_sound_plan(network, training, data), training.resolved_loss(data.task, data.n_classes), training)


def must_compile(network: NetworkSettings, training: TrainingSettings, data: SplitData) -> bool:
    """Return whether choosing the engine will compile its kernels, which takes a while; raises LossError."""
    loss = training.resolved_loss(data.task, data.n_classes)
    if training.engine == "torch" or has_kernels(training.precision) or not find_spec("numba"):
        return False
    return not program.obstacle(plan_for(network, training, data), loss, training)


def _sound_plan(network: NetworkSettings, training: TrainingSettings, data: SplitData) -> NetworkPlan:
    network_plan = plan_for(network, training, data)
    if network_plan.errors:
        raise ShapeError(network_plan.errors[0])
    return network_plan


def make_engine(network: NetworkSettings, training: TrainingSettings, data: SplitData, seed: int) -> Engine:
    """Return an engine at epoch 0. Raises ShapeError or LossError with the reason when there can be none."""
    network_plan = _sound_plan(network, training, data)
    choice = choose(network_plan, training.resolved_loss(data.task, data.n_classes), training)
    engine: Engine
    if choice.name == "compiled":
        from nnviz.engines.compiled_engine import CompiledEngine

        engine = CompiledEngine(network_plan, network, training, data, seed)
    else:
        from nnviz.engines.torch_engine import TorchEngine

        engine = TorchEngine(network_plan, network, training, data, seed, choice.device)
    return engine


__all__ = [
    "EngineChoice",
    "LossError",
    "ShapeError",
    "choice_for",
    "choose",
    "compiled_problem",
    "make_engine",
    "must_compile",
    "plan_for",
]
