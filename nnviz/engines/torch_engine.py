"""The reference engine: any network, computed by PyTorch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Part, SplitData
from nnviz.engines.engine import Columns, EngineState, epoch_order, error_of, layer_norms
from nnviz.engines.settings import TrainingSettings
from nnviz.network.build import build
from nnviz.network.layers.dropout import reseed
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import NetworkPlan, initial_parameters

if TYPE_CHECKING:
    import torch

_CHUNK = 8_192
"""Samples per forward pass outside training: bounds memory, large enough to keep the cores busy."""

_SMALL_STEP = 2_000_000
"""Multiplications per step below which one thread is faster than sharing the step among cores."""


class TorchEngine:
    """Trains one network with torch; see `Engine` for the protocol.

    Parameters and gradients live in one flat tensor each, of which the modules hold views: a snapshot is
    one copy, clearing the gradient one operation, and the optimizer sees a single tensor.
    """

    name = "torch"

    def __init__(
        self,
        plan: NetworkPlan,
        network: NetworkSettings,
        training: TrainingSettings,
        data: SplitData,
        seed: int,
        device: str = "cpu",
    ) -> None:
        import torch

        self.plan, self.device, self.seed = plan, device, seed
        self.loss = training.loss.resolve(data.task, data.n_classes)
        self.epoch = self.step = self.position = 0
        self._torch = torch
        self._dtype = torch.float64 if training.precision == "float64" else torch.float32
        self._module = build(plan).to(device, self._dtype)
        self._flatten(initial_parameters(network, plan, seed))
        self._mask = self._weight_mask()
        self._training = training
        self._rate = training.learning_rate * training.schedule.factor(0.0, training.epochs)
        self._optimizer = self._make_optimizer()
        self._last_gradient = torch.zeros_like(self._grad)
        self.set_data(data)
        torch.set_num_threads(self._threads())

    # ------------------------------------------------------------ training

    def train_steps(self, n: int) -> int:
        """Make at most `n` optimizer steps, never beyond the end of the epoch; return how many were made."""
        self._module.train()
        total, done = len(self.data.train), 0
        while done < n:
            if self.position == 0 or self._shuffled_epoch != self.epoch:
                self._shuffle()
            stop = min(self.position + self._training.batch_size, total)
            self._step(self._x[self.position : stop], self._y[self.position : stop], last=stop == total)
            done += 1
            self.step += 1
            self.position = stop
            if stop == total:
                self.epoch, self.position = self.epoch + 1, 0
                break
        return done

    def train_epochs(self, n: int) -> Columns:
        """Finish `n` epochs and measure after each; stop early after one with a loss that is not finite."""
        rows: list[Columns] = []
        for _ in range(n):
            self.train_steps(len(self.data.train))
            rows.append(self.measure())
            if not np.isfinite(rows[-1]["train_loss"][0]):
                break
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def _step(self, x: torch.Tensor, y: torch.Tensor, last: bool) -> None:
        training = self._training
        if self._has_dropout:
            reseed(self._module, mask_seed(self.seed, self.step))
        self._grad.zero_()
        self.loss.torch(self._module(x), y).backward()  # type: ignore[no-untyped-call]
        if last:
            self._last_gradient.copy_(self._grad)
        progress = self.epoch + self.position / len(self.data.train)
        self._rate = training.learning_rate * training.schedule.factor(progress, training.epochs)
        if training.l1 or training.weight_decay:
            self._regularize()
        self._optimizer.param_groups[0]["lr"] = self._rate
        self._optimizer.step()

    def _regularize(self) -> None:
        """Add the L1 and L2 terms to the gradient, or shrink the weights where weight decay is decoupled."""
        training = self._training
        with self._torch.no_grad():
            if training.l1:
                self._grad.addcmul_(self._flat.sign(), self._mask, value=training.l1)
            if training.weight_decay and training.optimizer.decoupled:
                self._flat.addcmul_(self._flat, self._mask, value=-self._rate * training.weight_decay)
            elif training.weight_decay:
                self._grad.addcmul_(self._flat, self._mask, value=training.weight_decay)

    def _shuffle(self) -> None:
        """Lay the samples out in the order of this epoch, so that a batch is a slice."""
        order = self._torch.from_numpy(epoch_order(self.seed, self.epoch, len(self.data.train))).to(self.device)
        self._torch.index_select(self._source_x, 0, order, out=self._x)
        self._torch.index_select(self._source_y, 0, order, out=self._y)
        self._shuffled_epoch = self.epoch

    # ------------------------------------------------------------ measuring

    def measure(self) -> Columns:
        """Return one row of measurements of the network as it is now."""
        row: dict[str, Any] = {"epoch": self.epoch, "step": self.step, "learning_rate": self._rate}
        for name in self._parts:
            row[f"{name}_loss"], row[f"{name}_error"] = self._evaluate(name)
        norms = layer_norms(self.plan, self._numpy(self._last_gradient))
        row["gradient_norm"] = float(np.sqrt(np.sum(norms**2)))
        row["gradient_norm_by_layer"] = norms
        return {name: np.asarray([value]) for name, value in row.items()}

    def _evaluate(self, name: str) -> tuple[float, float]:
        """Return loss and error on one part, in evaluation mode."""
        x, targets = self._parts[name]
        outputs = self._forward(x)
        with self._torch.inference_mode():
            loss = float(self.loss.torch(outputs, targets))
        return loss, error_of(self.loss, self._numpy(outputs), self.data.parts()[name], self.data)

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the outputs (n, outputs) for scaled samples (n, d), in evaluation mode."""
        return self._numpy(self._forward(self._tensor(x))).astype(np.float32)

    def activations(self, x: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the output of every stage for scaled samples (n, d), in evaluation mode: (n, *output shape)."""
        self._module.eval()
        signal, outputs = self._tensor(x), []
        with self._torch.inference_mode():
            for module in self._module:
                signal = module(signal)
                outputs.append(self._numpy(signal).astype(np.float32))
        return tuple(outputs)

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        self._module.eval()
        with self._torch.inference_mode():
            chunks = [self._module(x[i : i + _CHUNK]) for i in range(0, len(x), _CHUNK)]
        return chunks[0] if len(chunks) == 1 else self._torch.cat(chunks)

    # ------------------------------------------------------------ state

    def parameters(self) -> NDArray[Any]:
        """Return a copy of all parameters, flat, in network order."""
        return self._numpy(self._flat)

    def gradients(self) -> NDArray[Any]:
        """Return a copy of the loss gradient of the last epoch's last batch, flat, in network order."""
        return self._numpy(self._last_gradient)

    def state(self) -> EngineState:
        """Return a copy of everything that determines the future."""
        optimizer = self._optimizer.state.get(self._flat, {})
        return EngineState(
            epoch=self.epoch,
            step=self.step,
            position=self.position,
            parameters=self.parameters(),
            gradients=self.gradients(),
            buffers={name: self._numpy(tensor) for name, tensor in self._module.named_buffers()},
            optimizer_kind=self._training.optimizer.kind,
            optimizer={name: self._numpy(t) for name, t in optimizer.items() if isinstance(t, self._torch.Tensor)},
        )

    def restore(self, state: EngineState) -> None:
        """Continue from a state that an engine of the same network returned."""
        torch = self._torch
        self.epoch, self.step, self.position = state.epoch, state.step, state.position
        self._shuffled_epoch = -1
        with torch.no_grad():
            self._flat.copy_(torch.from_numpy(state.parameters.copy()))
            self._last_gradient.copy_(torch.from_numpy(state.gradients.copy()))
            for name, buffer in self._module.named_buffers():
                buffer.copy_(torch.from_numpy(np.array(state.buffers[name])))
        self._optimizer = self._make_optimizer()
        if state.optimizer and state.optimizer_kind == self._training.optimizer.kind:
            self._optimizer.state[self._flat] = {
                name: torch.from_numpy(np.array(array)).to(self.device) for name, array in state.optimizer.items()
            }

    def configure(self, network: NetworkSettings, training: TrainingSettings) -> None:
        """Apply settings that are live; the shapes must be the same as before."""
        before, self._training = self._training, training
        for layer, module in zip(network.layers, self._module, strict=False):
            layer.configure(module)
        if before.optimizer.kind != training.optimizer.kind:
            self._optimizer = self._make_optimizer()
        self._optimizer.param_groups[0].update(training.optimizer.torch_options())
        self._torch.set_num_threads(self._threads())

    def set_data(self, data: SplitData) -> None:
        """Go on with other samples of the same kind: same features, classes and task."""
        self.data = data
        self._parts = {name: (self._tensor(part.x), self._encoded(part)) for name, part in data.parts().items()}
        self._source_x, self._source_y = self._parts["train"]
        self._x, self._y = self._torch.empty_like(self._source_x), self._torch.empty_like(self._source_y)
        self._shuffled_epoch = -1
        if self.position >= len(data.train):  # what is left of the epoch has gone: begin the next one
            self.epoch, self.position = self.epoch + 1, 0

    # ------------------------------------------------------------ parts

    def _flatten(self, start: NDArray[np.float64]) -> None:
        """Move all parameters and gradients of the module into one tensor each, starting from `start`."""
        torch = self._torch
        flat = torch.from_numpy(start.copy()).to(self.device, self._dtype)
        self._grad = torch.zeros_like(flat)
        for parameter, slot in zip(self._module.parameters(), self.plan.slots, strict=True):
            place = slice(slot.start, slot.stop)
            parameter.data = flat[place].view(slot.parameter.shape)
            parameter.grad = self._grad[place].view(slot.parameter.shape)
        self._flat = torch.nn.Parameter(flat)
        self._flat.grad = self._grad
        self._has_dropout = any(stage.layer.kind == "dropout" for stage in self.plan.stages)

    def _weight_mask(self) -> torch.Tensor:
        """Return 1 where a parameter is a weight, which regularization acts on, and 0 elsewhere."""
        mask = self._torch.zeros_like(self._grad)
        for slot in self.plan.weight_slots:
            mask[slot.start : slot.stop] = 1.0
        return mask

    def _make_optimizer(self) -> torch.optim.Optimizer:
        optimizer = self._training.optimizer
        make = getattr(self._torch.optim, optimizer.torch_name)
        options = {**optimizer.torch_options(), "weight_decay": 0.0}  # added by _regularize, to weights alone
        if optimizer.fused and self.device != "mps":
            options["fused"] = True
        made: torch.optim.Optimizer = make([self._flat], lr=self._training.learning_rate, **options)
        return made

    def _threads(self) -> int:
        """Return how many threads a step should use; one core is left to the window."""
        multiplications = 3 * self.plan.n_parameters * self._training.batch_size
        return 1 if multiplications < _SMALL_STEP else max(1, (os.cpu_count() or 2) - 1)

    def _tensor(self, x: NDArray[Any]) -> torch.Tensor:
        shaped = x.reshape(len(x), *self.plan.input_shape)
        return self._torch.tensor(shaped, dtype=self._dtype, device=self.device)

    def _encoded(self, part: Part) -> torch.Tensor:
        encoded = self.loss.encode(part.targets, self.data.n_classes)
        dtype = self._torch.int64 if encoded.dtype.kind == "i" else self._dtype
        return self._torch.tensor(encoded, dtype=dtype, device=self.device)

    def _numpy(self, tensor: torch.Tensor) -> NDArray[Any]:
        """Return a copy: `numpy()` alone would alias memory that the next step overwrites."""
        array: NDArray[Any] = tensor.detach().cpu().numpy().copy()
        return array


def mask_seed(seed: int, step: int) -> int:
    """Return the seed of the dropout masks of one step: the run's seed in the high half, the step in the low one."""
    return (seed << 32) + step
