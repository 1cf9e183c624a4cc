"""The engine protocol: what training asks of whoever computes the steps.

An engine owns the parameters, the optimizer's state and its place in the epoch. One thread uses it;
what it hands out are copies. All engines start from `initial_parameters` and take the order of the samples and the
masks of dropout from `random_numbers`, so that the same experiment gives the same run whichever engine computes it.

A step: the gradient of the mean loss of the batch against the (smoothed) training targets; `gradient_clip` shortens
it; L1 and L2 join it for the weights, or the weights shrink where decay is decoupled; the optimizer moves the
parameters; `max_norm` limits the weights of the hidden units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Part, SplitData
from nnviz.engines.losses import Loss
from nnviz.engines.settings import TrainingSettings
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import NetworkPlan

Columns = dict[str, NDArray[Any]]
"""Measurements by name; the first axis of every array counts epochs. Always present:

epoch, step, learning_rate; train_loss, train_error, test_loss, test_error and, with a validation part,
validation_loss and validation_error, all in evaluation mode after the epoch and against the plain targets;
gradient_norm and, per layer with parameters, gradient_norm_by_layer: Euclidean norm of the loss gradient of the
epoch's last batch, before clipping and penalties; update_norm_by_layer, per layer with parameters: Euclidean norm
of the change of its parameters in the epoch's last step, 0 before the first; weight_norm_by_layer, likewise:
Euclidean norm of its parameters after the epoch; dead_units_by_layer, per activation stage: the number of its units
(features, or channels of an image) whose output is exactly 0 for every training sample, in evaluation mode.
Arrays by layer have the axes (epochs, layers), the layers in network order. Errors are error rates (0..1) for
classification and root mean squared errors in the target's own units for regression.
"""


Place = tuple[int, int]
"""A moment of a run: the epochs that were finished, and the samples already used in the next one."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth: the same object or not
class EngineState:
    """Everything that determines the future of a training: restoring it continues bit for bit.

    `position` counts the samples already used in the current epoch. `gradients` and `updates` are the loss gradient
    and the change of the parameters in the last epoch's last step, flat like `parameters`. `optimizer` is what an
    optimizer of kind `optimizer_kind` remembers, under the names that torch.optim gives to it: nothing (sgd),
    momentum_buffer (momentum, nesterov), step and square_avg (rmsprop), step and sum (adagrad), step, exp_avg and
    exp_avg_sq (adam, adamw); flat arrays, but `step`, a single float that counts the optimizer's own steps. Another
    kind of optimizer has no use for it and starts anew. `rate` is the learning rate of the last step.
    """

    epoch: int
    step: int
    position: int
    parameters: NDArray[Any]
    gradients: NDArray[Any]
    updates: NDArray[Any]
    buffers: Mapping[str, NDArray[Any]]
    optimizer_kind: str
    optimizer: Mapping[str, NDArray[Any]]
    rate: float = 0.0

    @property
    def place(self) -> Place:
        """Where in the run it is."""
        return self.epoch, self.position

    def arrays(self) -> list[NDArray[Any]]:
        """Return all arrays of the state."""
        return [self.parameters, self.gradients, self.updates, *self.buffers.values(), *self.optimizer.values()]

    @property
    def nbytes(self) -> int:
        """The memory that its arrays take, in bytes."""
        return sum(array.nbytes for array in self.arrays())

    def freeze(self) -> None:
        """Make its arrays read-only: they are shared from now on."""
        for array in self.arrays():
            array.setflags(write=False)


class Engine(Protocol):
    """One network in training."""

    name: str
    device: str
    plan: NetworkPlan
    loss: Loss
    data: SplitData
    epoch: int
    step: int
    position: int

    def train_steps(self, n: int) -> int:
        """Make at most `n` optimizer steps, never beyond the end of the epoch; return how many were made."""
        ...

    def train_epochs(self, n: int) -> Columns:
        """Finish `n` epochs, at least 1, and measure after each; stop after one with a loss or gradient not finite."""
        ...

    def pass_epochs(self, n: int) -> None:
        """Finish `n` epochs without measuring, also where the loss is no longer finite."""
        ...

    def measure(self) -> Columns:
        """Return one row of measurements of the network as it is now."""
        ...

    def parameters(self) -> NDArray[Any]:
        """Return a copy of all parameters, flat, in network order."""
        ...

    def gradients(self) -> NDArray[Any]:
        """Return a copy of the loss gradient of the last epoch's last batch, flat, in network order, not clipped."""
        ...

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the outputs (n, outputs) for scaled samples (n, d), in evaluation mode."""
        ...

    def activations(self, x: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the output of every stage for scaled samples (n, d), in evaluation mode: (n, *output shape)."""
        ...

    def state(self) -> EngineState:
        """Return a copy of everything that determines the future."""
        ...

    def restore(self, state: EngineState) -> None:
        """Continue from a state that an engine of the same network returned."""
        ...

    def configure(self, network: NetworkSettings, training: TrainingSettings) -> None:
        """Apply settings that are live; the shapes must be the same as before.

        Raises LossError, before anything has changed, when the settings do not fit the task.
        """
        ...

    def set_data(self, data: SplitData) -> None:
        """Go on with other samples of the same kind: same features, classes and task."""
        ...


def error_of(loss: Loss, outputs: NDArray[Any], part: Part, data: SplitData) -> float:
    """Return the error of outputs on one part: the share of wrong classes, or the RMSE in the target's units."""
    if data.task == "classification":
        return float(np.mean(loss.classes(outputs) != part.targets))
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging network is reported as not finite
        residual = outputs[:, 0].astype(np.float64) - part.targets
        return float(np.sqrt(np.mean(residual**2)) * data.scaling.target_scale)


def layer_norms(network_plan: NetworkPlan, flat: NDArray[Any]) -> NDArray[np.float64]:
    """Return the Euclidean norm of a flat array for each stage with parameters, in network order."""
    slots = network_plan.slots
    stages = sorted({slot.stage for slot in slots})
    starts = [next(slot.start for slot in slots if slot.stage == stage) for stage in stages]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(np.add.reduceat(flat.astype(np.float64) ** 2, starts))
