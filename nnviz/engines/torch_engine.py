"""The reference engine: any network, computed by PyTorch."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Part, SplitData
from nnviz.engines.engine import Columns, EngineState, error_of, layer_norms
from nnviz.engines.random_numbers import batch_order, epoch_order, fastest_dropout_words
from nnviz.engines.settings import TrainingSettings
from nnviz.engines.torch_threads import share_cores
from nnviz.network.build import build
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import NetworkPlan, ParameterSlot, initial_parameters

if TYPE_CHECKING:
    import torch

_CHUNK = 8_192
"""Samples per forward pass outside training: bounds memory, large enough to keep the cores busy."""

_FIRST = 1_024
"""Samples that settle for most units whether some output is not 0."""

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

        if device == "cuda":
            _compute_repeatably(torch.backends.cudnn)
        self.plan, self.device, self.seed = plan, device, seed
        self.loss = training.resolved_loss(data.task, data.n_classes)
        self.epoch = self.step = self.position = 0
        self._torch = torch
        self._dtype = torch.float64 if training.precision == "float64" else torch.float32
        self._activations = [stage.index for stage in plan.activation_stages]
        self._module = build(plan).to(device, self._dtype)
        self._flatten(initial_parameters(network, plan, seed))
        self._mask = self._weight_mask()
        self._hidden_weights = [self._rows(slot) for slot in plan.weight_slots[:-1]]
        self._draw_masks()
        self._training = training
        self._rate = self._rate_at(0.0)
        self._optimizer = self._make_optimizer()
        self._last_gradient, self._last_update = torch.zeros_like(self._grad), torch.zeros_like(self._grad)
        self.set_data(data)

    # ------------------------------------------------------------ training

    def train_steps(self, n: int) -> int:
        """Make at most `n` optimizer steps, never beyond the end of the epoch; return how many were made."""
        self._share_cores()
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
        """Finish `n` epochs, at least 1, and measure after each; stop after one with a loss or gradient not finite."""
        rows: list[Columns] = []
        for _ in range(n):
            self.train_steps(len(self.data.train))
            rows.append(self.measure())
            if not np.isfinite(rows[-1]["train_loss"][0] + rows[-1]["gradient_norm"][0]):
                break
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def pass_epochs(self, n: int) -> None:
        """Finish `n` epochs without measuring."""
        for _ in range(n):
            self.train_steps(len(self.data.train))

    def _step(self, x: torch.Tensor, y: torch.Tensor, last: bool) -> None:
        training = self._training
        self._grad.zero_()
        self.loss.torch(self._module(x), y).backward()  # type: ignore[no-untyped-call]
        if last:
            self._last_gradient.copy_(self._grad)
            self._last_update.copy_(self._flat.detach())
        self._rate = self._rate_at(self.epoch + self.position / len(self.data.train))
        if training.gradient_clip:
            self._clip()
        if training.l1 or training.weight_decay:
            self._regularize()
        self._optimizer.param_groups[0]["lr"] = self._rate
        self._optimizer.step()
        if training.max_norm:
            self._limit_weights()
        if last:
            self._torch.sub(self._flat.detach(), self._last_update, out=self._last_update)

    def _rate_at(self, epoch: float) -> float:
        """Return the learning rate after `epoch` epochs, of which a fraction counts steps."""
        training = self._training
        return training.learning_rate * float(training.schedule.factor(np.asarray(epoch), training.epochs))

    def _clip(self) -> None:
        """Scale the gradient g of all parameters together by min(1, c / (|g| + 1e-6)).

        Pascanu et al. 2013, in the form of torch.nn.utils.clip_grad_norm_.
        """
        norm = self._torch.linalg.vector_norm(self._grad)
        self._grad.mul_((self._training.gradient_clip / (norm + 1e-6)).clamp_(max=1.0))

    def _limit_weights(self) -> None:
        """Scale the incoming weights w of every hidden unit or filter by c / (|w| + 1e-7) where |w| > c.

        Srivastava et al. 2014, section 5.1, in the form of torch.renorm.
        """
        for rows in self._hidden_weights:
            rows.renorm_(2, 0, self._training.max_norm)

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
        n = len(self.data.train)
        begun = self.position > 0  # with batches of another size, perhaps: the order is that of its beginning
        whole = batch_order(self.seed, self.epoch, n, self._training.batch_size)
        places = epoch_order(self.seed, self.epoch, n) if begun else whole
        order = self._torch.from_numpy(places).to(self.device)
        self._torch.index_select(self._source_x, 0, order, out=self._x)
        self._torch.index_select(self._source_y, 0, order, out=self._y)
        self._shuffled_epoch = self.epoch

    # ------------------------------------------------------------ measuring

    def measure(self) -> Columns:
        """Return one row of measurements of the network as it is now."""
        self._share_cores()
        row: dict[str, Any] = {"epoch": self.epoch, "step": self.step, "learning_rate": self._rate}
        for name, x in self._inputs.items():
            if name == "train":
                outputs, row["dead_units_by_layer"] = self._forward_and_count(x)
            else:
                outputs = self._forward(x)
            row[f"{name}_loss"], row[f"{name}_error"] = self._evaluate(name, outputs)
        row["gradient_norm_by_layer"] = layer_norms(self.plan, self._numpy(self._last_gradient))
        row["gradient_norm"] = float(np.sqrt(np.sum(row["gradient_norm_by_layer"] ** 2)))
        row["update_norm_by_layer"] = layer_norms(self.plan, self._numpy(self._last_update))
        row["weight_norm_by_layer"] = layer_norms(self.plan, self._numpy(self._flat))
        return {name: np.asarray([value]) for name, value in row.items()}

    def _evaluate(self, name: str, outputs: torch.Tensor) -> tuple[float, float]:
        """Return loss and error of the outputs for one part."""
        targets = self._targets[name]
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

    def _forward_and_count(self, x: torch.Tensor) -> tuple[torch.Tensor, NDArray[np.int64]]:
        """Return the outputs for all samples, and how many units of each activation stage are 0 for all of them."""
        self._module.eval()
        chunks: list[torch.Tensor] = []
        alive = {index: self._no_units(index) for index in self._activations}
        with self._torch.inference_mode():
            for start in range(0, len(x), _CHUNK):
                signal = x[start : start + _CHUNK]
                for index, module in enumerate(self._module):
                    signal = module(signal)
                    if index in alive:
                        _find_alive(signal, alive[index])
                chunks.append(signal)
            dead = [int((~units).sum()) for units in alive.values()]
        outputs = chunks[0] if len(chunks) == 1 else self._torch.cat(chunks)
        return outputs, np.array(dead, np.int64)

    def _no_units(self, index: int) -> torch.Tensor:
        """Return False for every feature or channel that comes out of a stage."""
        shape = self.plan.stages[index].output_shape
        assert shape is not None
        return self._torch.zeros(shape[0], dtype=self._torch.bool, device=self.device)

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
            updates=self._numpy(self._last_update),
            buffers={name: self._numpy(tensor) for name, tensor in self._module.named_buffers()},
            optimizer_kind=self._training.optimizer.kind,
            optimizer={name: self._numpy(t) for name, t in optimizer.items() if isinstance(t, self._torch.Tensor)},
            rate=self._rate,
        )

    def restore(self, state: EngineState) -> None:
        """Continue from a state that an engine of the same network returned."""
        torch = self._torch
        self.epoch, self.step, self.position = state.epoch, state.step, state.position
        self._rate = state.rate
        self._shuffled_epoch = -1
        with torch.no_grad():
            self._flat.copy_(torch.from_numpy(state.parameters.copy()))
            self._last_gradient.copy_(torch.from_numpy(state.gradients.copy()))
            self._last_update.copy_(torch.from_numpy(state.updates.copy()))
            for name, buffer in self._module.named_buffers():
                buffer.copy_(torch.from_numpy(np.array(state.buffers[name])))
        self._optimizer = self._make_optimizer()
        if state.optimizer and state.optimizer_kind == self._training.optimizer.kind:
            self._optimizer.state[self._flat] = {
                name: self._remembered(name, array) for name, array in state.optimizer.items()
            }

    def _remembered(self, name: str, array: NDArray[Any]) -> torch.Tensor:
        """Return one entry of an optimizer's state as the optimizer itself would have made it."""
        if name == "step":  # a number, which torch keeps beside the processor unless the kernel reads it
            device = self.device if self._optimizer.param_groups[0].get("fused") else "cpu"
            return self._torch.tensor(float(np.reshape(array, ())), dtype=self._torch.float32, device=device)
        return self._torch.tensor(array, dtype=self._dtype, device=self.device)

    def configure(self, network: NetworkSettings, training: TrainingSettings) -> None:
        """Apply settings that are live; the shapes must be the same as before."""
        training.resolved_loss(self.data.task, self.data.n_classes)
        before, self._training = self._training, training
        for layer, module in zip(network.layers, self._module, strict=False):
            layer.configure(module)
        if before.optimizer.kind != training.optimizer.kind:
            self._optimizer = self._make_optimizer()
        if before.label_smoothing != training.label_smoothing:
            self._set_training_targets()
        self._optimizer.param_groups[0].update(training.optimizer.torch_options())

    def set_data(self, data: SplitData) -> None:
        """Go on with other samples of the same kind: same features, classes and task."""
        self.data = data
        self._inputs = {name: self._tensor(part.x) for name, part in data.parts().items()}
        self._targets = {name: self._encoded(part) for name, part in data.parts().items()}
        self._source_x = self._inputs["train"]
        self._x = self._torch.empty_like(self._source_x)
        self._set_training_targets()
        if self.position >= len(data.train):  # what is left of the epoch has gone: begin the next one
            self.epoch, self.position = self.epoch + 1, 0

    def _set_training_targets(self) -> None:
        """Prepare the targets of the steps: those of the evaluation, or their smoothed form."""
        self._source_y, smoothing = self._targets["train"], self._training.label_smoothing
        if smoothing:
            encoded = self.loss.encode(self.data.train.targets, self.data.n_classes)
            smoothed = self.loss.smoothed(encoded, self.data.n_classes, smoothing)
            self._source_y = self._torch.tensor(smoothed, dtype=self._dtype, device=self.device)
        self._y = self._torch.empty_like(self._source_y)
        self._shuffled_epoch = -1  # the samples must be laid out again

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

    def _draw_masks(self) -> None:
        """Let every dropout layer take its random words from the place of its step and its own number."""
        from nnviz.network.torch_modules import Dropout

        layers = [module for module in self._module if isinstance(module, Dropout)]
        for number, layer in enumerate(layers):
            layer.draw = partial(self._words, number)

    def _words(self, layer: int, samples: int, units: int) -> NDArray[np.uint32]:
        return fastest_dropout_words()(self.seed, self.step, layer, samples, units)

    def _rows(self, slot: ParameterSlot) -> torch.Tensor:
        """Return a view of one array of weights with a row for every unit or filter."""
        rows: torch.Tensor = self._flat.detach()[slot.start : slot.stop].view(slot.parameter.shape[0], -1)
        return rows

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
        if optimizer.fused and (self.device == "cpu" or (self.device == "cuda" and optimizer.kind != "adagrad")):
            options["fused"] = True
        made: torch.optim.Optimizer = make([self._flat], lr=self._training.learning_rate, **options)
        return made

    def _share_cores(self) -> None:
        """Have torch use as many threads as a step is worth: another network may have been trained here since."""
        multiplications = 3 * self.plan.n_parameters * self._training.batch_size
        share_cores(multiplications >= _SMALL_STEP)

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


def _compute_repeatably(cudnn: Any) -> None:
    """Have a graphics card add in the same order every time, so that a repetition gives the same numbers.

    The variable is read by cuBLAS when it is first used: see its manual, "Results reproducibility".
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    cudnn.deterministic, cudnn.benchmark = True, False


def _find_alive(outputs: torch.Tensor, alive: torch.Tensor) -> None:
    """Mark in `alive` (units,) every feature, or channel of an image, whose output is not 0 for some sample.

    A first part of the samples settles it for most units; only the others are looked at for all samples. A sum of
    sizes is 0 only if all are, and torch adds several times faster than it looks for a true value.
    """
    across = [0, *range(2, outputs.ndim)]
    first, rest = outputs[:_FIRST], outputs[_FIRST:]
    alive |= first.abs().sum(dim=across) != 0
    if len(rest) and not alive.all():
        unsure = (~alive).nonzero()[:, 0]
        alive[unsure] = rest[:, unsure].abs().sum(dim=across) != 0
