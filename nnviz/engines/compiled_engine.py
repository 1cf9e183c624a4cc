"""The compiled engine: dense networks, whole epochs without returning to Python.

It computes what the torch engine computes, from the same initial weights, in the same order of samples, with the
same dropout masks; the two differ by rounding alone. The kernels are in `compiled/`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import Part, SplitData
from nnviz.engines.compiled import program, training
from nnviz.engines.compiled.philox import shuffle
from nnviz.engines.compiled.vectors import LANES
from nnviz.engines.engine import Columns, EngineState
from nnviz.engines.settings import TrainingSettings
from nnviz.network.settings import NetworkSettings
from nnviz.network.shapes import NetworkPlan, initial_parameters


class CompiledEngine:
    """Trains one dense network with compiled kernels; see `Engine` for the protocol.

    Parameters, gradient and the optimizer's memory are one flat array each, in network order, padded with zeros to
    whole vectors. Raises ValueError for what the kernels do not cover: ask `program.obstacle` first.
    """

    name = "compiled"
    device = "cpu"

    def __init__(
        self, plan: NetworkPlan, network: NetworkSettings, settings: TrainingSettings, data: SplitData, seed: int
    ) -> None:
        self.plan, self.seed = plan, seed
        self.loss = settings.resolved_loss(data.task, data.n_classes)
        missing = program.obstacle(plan, self.loss, settings)
        if missing:
            raise ValueError(f"{missing} has no compiled kernel.")
        self.epoch = self.step = self.position = 0
        self._steps_of_optimizer = 0
        self._dtype = np.dtype(settings.precision)
        self._program = program.program(plan)
        self._network = self._allocate(initial_parameters(network, plan, seed))
        self._training = settings
        self._rate = float(self._training.learning_rate * self._training.schedule.factor(np.zeros(()), settings.epochs))
        self._room = self._new_room(LANES)
        self._shuffled_epoch = -1
        self.set_data(data)

    # ------------------------------------------------------------ training

    def train_steps(self, n: int) -> int:
        """Make at most `n` optimizer steps, never beyond the end of the epoch; return how many were made."""
        total = len(self.data.train)
        stop = min(self.position + n * self._training.batch_size, total)
        rules = self._rules_for(self.position, stop)
        self._prepare_order()
        made = training.train_steps(
            self._network,
            self._samples,
            self._room,
            rules,
            self.epoch,
            self.step,
            self._steps_of_optimizer,
            self.position,
            stop,
            0,
            False,
        )
        self._advance(made, rules.rates)
        self.epoch, self.position = (self.epoch + 1, 0) if stop == total else (self.epoch, stop)
        return int(made)

    def train_epochs(self, n: int) -> Columns:
        """Finish `n` epochs, at least 1, and measure after each; stop after one with a loss or gradient not finite."""
        rows, epoch = self._rows(n), self.epoch
        ends, rates = self._train_epochs(n, rows)
        return self._columns(rows, epoch + 1 + np.arange(len(ends)), ends, rates)

    def pass_epochs(self, n: int) -> None:
        """Finish `n` epochs without measuring, also where the loss is no longer finite."""
        self._train_epochs(n, self._rows(0))

    def _train_epochs(self, n: int, rows: training.Rows) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Finish `n` epochs, or fewer; return after how many steps each of them ended, and its last learning rate."""
        total, batch = len(self.data.train), self._training.batch_size
        rules = self._rules_for(self.position, total, n)
        self._prepare_order()
        done = training.train_epochs(
            self._network,
            self._samples,
            self._parts,
            self._room,
            rules,
            rows,
            n,
            self.epoch,
            self.step,
            self._steps_of_optimizer,
            self.position,
        )
        first = -(-(total - self.position) // batch)
        ends = self.step + first + -(-total // batch) * np.arange(done)
        last = rules.rates[(ends - self.step - 1) if len(rules.rates) > 1 else np.zeros(done, np.intp)]
        self._advance(int(ends[-1]) - self.step, rules.rates)
        self.epoch, self.position = self.epoch + int(done), 0
        return ends, last

    def _advance(self, made: int, rates: NDArray[np.float64]) -> None:
        self.step += made
        self._steps_of_optimizer += made
        if made:
            self._rate = float(rates[made - 1] if len(rates) > 1 else rates[0])

    def _prepare_order(self) -> None:
        """Shuffle for the rest of an epoch that was begun elsewhere; the kernel does it where an epoch begins."""
        if self.position and self._shuffled_epoch != self.epoch:
            shuffle(self._samples.order, self._samples.words, self.seed, self.epoch)
        self._shuffled_epoch = self.epoch

    # ------------------------------------------------------------ measuring

    def measure(self) -> Columns:
        """Return one row of measurements of the network as it is now."""
        rows = self._rows(1)
        training.measure(self._network, self._parts, self._room, self._rules, rows, 0)
        return self._columns(rows, np.array([self.epoch]), np.array([self.step]), np.array([self._rate]))

    def _rows(self, n: int) -> training.Rows:
        parts, layers = len(self._parts), len(self._network.layers) - 1
        return training.Rows(
            losses=np.empty((n, parts)),
            errors=np.empty((n, parts)),
            gradients=np.empty((n, layers)),
            updates=np.empty((n, layers)),
            sizes=np.empty((n, layers)),
            dead=np.empty((n, self._program.activations), np.int64),
        )

    def _columns(self, rows: training.Rows, epochs: Any, steps: Any, rates: Any) -> Columns:
        """Return the measurements under their names; rows beyond `epochs` were not filled."""
        n = len(epochs)
        columns: Columns = {"epoch": epochs, "step": steps, "learning_rate": rates}
        for number, name in enumerate(self.data.parts()):
            columns[f"{name}_loss"], columns[f"{name}_error"] = rows.losses[:n, number], rows.errors[:n, number]
        columns["gradient_norm"] = np.sqrt(np.sum(rows.gradients[:n] ** 2, axis=1))
        columns["gradient_norm_by_layer"] = rows.gradients[:n]
        columns["update_norm_by_layer"] = rows.updates[:n]
        columns["weight_norm_by_layer"] = rows.sizes[:n]
        columns["dead_units_by_layer"] = rows.dead[:n]
        return columns

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the outputs (n, outputs) for scaled samples (n, d), in evaluation mode."""
        outputs = np.empty((len(x), self.plan.n_outputs), self._dtype)
        training.predict(self._network, self._across(x), self._room, outputs)
        return outputs.astype(np.float32)

    def activations(self, x: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the output of every stage for scaled samples (n, d), in evaluation mode: (n, *output shape)."""
        values = np.empty((self._program.rows, len(x)), self._dtype)
        training.record(self._network, self._across(x), self._room, values)
        outputs, start, stop = [], 0, math.prod(self.plan.input_shape)
        for stage in self.plan.stages:
            if stage.layer.kind != "flatten":
                start, stop = stop, stop + math.prod(stage.output_shape or ())
            outputs.append(values[start:stop].T.reshape(len(x), *(stage.output_shape or ())).astype(np.float32))
        return tuple(outputs)

    # ------------------------------------------------------------ state

    def parameters(self) -> NDArray[Any]:
        """Return a copy of all parameters, flat, in network order."""
        return self._network.p[: self.plan.n_parameters].copy()

    def gradients(self) -> NDArray[Any]:
        """Return a copy of the loss gradient of the last epoch's last batch, flat, in network order."""
        return self._network.last[: self.plan.n_parameters].copy()

    def state(self) -> EngineState:
        """Return a copy of everything that determines the future."""
        n, kind = self.plan.n_parameters, self._training.optimizer.kind
        memory = {
            name: getattr(self._network, where)[:n].copy() for name, where in program.MEMORY.get(kind, {}).items()
        }
        if memory and "momentum_buffer" not in memory:  # as in torch, where momentum does not count
            memory["step"] = np.array(float(self._steps_of_optimizer), np.float32)
        return EngineState(
            epoch=self.epoch,
            step=self.step,
            position=self.position,
            parameters=self.parameters(),
            gradients=self.gradients(),
            updates=self._network.updates[:n].copy(),
            buffers={},
            optimizer_kind=kind,
            optimizer=memory if self._steps_of_optimizer else {},
            rate=self._rate,
        )

    def restore(self, state: EngineState) -> None:
        """Continue from a state that an engine of the same network returned."""
        n, network = self.plan.n_parameters, self._network
        self.epoch, self.step, self.position = state.epoch, state.step, state.position
        self._rate = state.rate
        self._shuffled_epoch = -1
        network.p[:n], network.last[:n], network.updates[:n] = state.parameters, state.gradients, state.updates
        self._forget()
        kind = self._training.optimizer.kind
        if state.optimizer and state.optimizer_kind == kind:
            for name, where in program.MEMORY.get(kind, {}).items():
                getattr(network, where)[:n] = state.optimizer[name]
            self._steps_of_optimizer = int(np.asarray(state.optimizer.get("step", state.step)).item())

    def configure(self, network: NetworkSettings, settings: TrainingSettings) -> None:
        """Apply settings that are live; the shapes must be the same as before."""
        settings.resolved_loss(self.data.task, self.data.n_classes)
        before, self._training = self._training, settings
        layers = [*network.layers, self.plan.stages[-1].layer]
        self._network.number[:] = program.numbers(
            tuple(replace(stage, layer=layer) for stage, layer in zip(self.plan.stages, layers, strict=True))
        )
        if before.optimizer.kind != settings.optimizer.kind:
            self._forget()
        if before.label_smoothing != settings.label_smoothing:
            self._lay_out_samples()
        self._make_room()
        self._set_rules()

    def set_data(self, data: SplitData) -> None:
        """Go on with other samples of the same kind: same features, classes and task."""
        self.data = data
        self._lay_out_samples()
        self._parts = tuple(self._part(part) for part in data.parts().values())
        self._make_room()
        self._set_rules()
        if self.position >= len(data.train):  # what is left of the epoch has gone: begin the next one
            self.epoch, self.position = self.epoch + 1, 0

    def _forget(self) -> None:
        """Begin with an optimizer that remembers nothing."""
        self._network.first[:] = 0.0
        self._network.second[:] = 0.0
        self._steps_of_optimizer = 0

    # ------------------------------------------------------------ memory

    def _allocate(self, start: NDArray[np.float64]) -> training.Network:
        """Return the flat arrays of the network, parameters at their start and everything else 0."""
        slots = self.plan.slots
        layers = sorted({slot.stage: slot.start for slot in reversed(slots)}.values())
        arrays = {name: self._zeros(len(start) + LANES) for name in ("p", "g", "first", "second", "last", "updates")}
        arrays["p"][: len(start)] = start
        weights = self._zeros(len(start) + LANES)
        for slot in self.plan.weight_slots:
            weights[slot.start : slot.stop] = 1.0
        table = self._program
        return training.Network(table.stages, table.number, np.array([*layers, len(start)]), **arrays, weights=weights)

    def _lay_out_samples(self) -> None:
        self._shuffled_epoch = -1
        train = self.data.train
        n, d = len(train), math.prod(self.plan.input_shape)
        targets = self.loss.smoothed(
            self.loss.encode(train.targets, self.data.n_classes), self.data.n_classes, self._training.label_smoothing
        )
        self._samples = training.Samples(  # copies: for read-only arrays Numba would compile all kernels again
            np.array(train.x.reshape(n, d), self._dtype, order="C"),
            np.array(targets, self._dtype, order="C"),
            np.zeros(n, np.int64),
            np.zeros(n + 4, np.uint32),
        )

    def _part(self, part: Part) -> training.Part:
        classification = self.data.task == "classification"
        encoded = self.loss.encode(part.targets, self.data.n_classes)
        targets = self.loss.smoothed(encoded, self.data.n_classes, 0.0)
        classes = np.zeros(_padded(len(part)) if classification else 0, self._dtype)
        if classification:
            classes[: len(part)] = part.targets
        return training.Part(self._across(part.x), self._across(targets), classes, len(part))

    def _across(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return samples (n, ...) with one row per number, (numbers, n padded to whole vectors with 0)."""
        flat = rows.reshape(len(rows), math.prod(rows.shape[1:]))
        across = self._zeros(flat.shape[1] * _padded(len(rows))).reshape(flat.shape[1], -1)
        across[:, : len(rows)] = flat.T
        return across

    def _make_room(self) -> None:
        """Make the memory of a step as wide as a batch, if it is not."""
        width = _padded(min(self._training.batch_size, len(self.data.train)))
        if self._room.targets.shape[1] != width:
            self._room = self._new_room(width)

    def _new_room(self, width: int) -> training.Room:
        table = self._program
        return training.Room(
            values=self._zeros((table.rows + LANES) * width),  # a square may begin at the last row
            slopes=self._zeros(table.widest * width),
            other=self._zeros(table.widest * width),
            across=self._zeros(_padded(table.widest) * width),
            targets=self._zeros(self.plan.n_outputs * width).reshape(-1, width),
            masks=self._zeros(table.mask_rows * width),
            zero=self._zeros(1),
            nothing=self._zeros(0),
            evaluated=self._zeros(table.rows * training.EVALUATED),
            seen=np.zeros(table.rows, np.bool_),
        )

    def _zeros(self, n: int) -> NDArray[Any]:
        """Return n zeros and what fills up the last vector."""
        return np.zeros(_padded(n) if n != 1 else 1, self._dtype)

    def _set_rules(self) -> None:
        """Write the settings down for the kernels; `rates` alone changes from call to call."""
        settings, optimizer = self._training, self._training.optimizer
        decay, second_decay, epsilon = program.hyperparameters(optimizer)
        self._rules = training.Rules(
            loss=program.LOSSES[self.loss.kind],
            delta=float(getattr(self.loss, "delta", 0.0)),
            optimizer=program.OPTIMIZERS[optimizer.kind],
            decay=decay,
            second_decay=second_decay,
            epsilon=epsilon,
            decoupled=optimizer.decoupled,
            l1=float(settings.l1),
            l2=float(settings.weight_decay),
            max_norm=float(settings.max_norm),
            clip=float(settings.gradient_clip),
            batch=settings.batch_size,
            seed=self.seed,
            rates=np.array([float(settings.learning_rate)]),  # one number for all steps, however many
            error_scale=float(self.data.scaling.target_scale),
        )

    def _rules_for(self, first: int, stop: int, epochs: int = 1) -> training.Rules:
        """Return the rules with the learning rates of the steps from sample `first` to `stop` and of later epochs."""
        settings, n = self._training, len(self.data.train)
        if settings.schedule.kind == "constant":
            return self._rules
        now = self.epoch + np.arange(first, stop, settings.batch_size) / n
        later = self.epoch + np.arange(1, epochs)[:, None] + np.arange(0, n, settings.batch_size) / n
        moments = np.concatenate([now, later.ravel()])
        return self._rules._replace(rates=settings.learning_rate * settings.schedule.factor(moments, settings.epochs))


def _padded(n: int) -> int:
    return -(-n // LANES) * LANES
