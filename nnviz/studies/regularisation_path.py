"""What a network becomes as it is held back more and more: its errors, weights and answers along a path of settings."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.data.dataset import DataError, SplitData
from nnviz.data.folds import fold_numbers, pool, split_fold
from nnviz.data.plane import Plane, make_plane
from nnviz.engines.choose import make_engine, plan_for
from nnviz.engines.engine import Engine
from nnviz.experiment import Experiment
from nnviz.network import edit
from nnviz.network.layers.dropout import Dropout
from nnviz.project.library import Library
from nnviz.settings import SettingsError, changed
from nnviz.studies.axes import Axis, axes
from nnviz.studies.study import Study, train_through

Floats = NDArray[np.float64]

RESOLUTION = 60
"""Points along each side of a surface."""

MOST_COEFFICIENTS = 40
"""Coefficients that are drawn one by one; of more, the norm alone."""


class L1(Axis):
    """L1: many weights end near 0 (Tibshirani 1996)."""

    name = "l1"
    title = "L1"
    help = "The pull of every weight towards 0 by the same amount: many end near 0."
    whole = False
    lowest = 0.0
    highest = 100.0
    grows = False

    def usual(self, experiment: Experiment, data: SplitData) -> tuple[float, float]:
        return 0.0, 0.1

    def applied(self, experiment: Experiment, value: float, data: SplitData) -> Experiment:
        return changed(experiment, "training.l1", value)


class DropoutRate(Axis):
    """The rate of all dropout layers; a network without any is given one after every hidden activation."""

    name = "dropout"
    title = "Dropout rate"
    help = "The share of hidden units that is off in every training step."
    unit = "%"
    logarithmic = False
    whole = False
    lowest = 0.0
    highest = 0.9
    grows = False

    def usual(self, experiment: Experiment, data: SplitData) -> tuple[float, float]:
        return 0.0, 0.8

    def applied(self, experiment: Experiment, value: float, data: SplitData) -> Experiment:
        network = experiment.network
        if not any(isinstance(layer, Dropout) for layer in network.layers):
            plan = plan_for(network, experiment.training, data)
            hidden = [stage for stage in plan.stages if stage.role == "hidden" and stage.layer.group == "activation"]
            flat = [stage for stage in hidden if stage.output_shape is not None and len(stage.output_shape) == 1]
            if not flat:
                raise SettingsError("There is no hidden layer whose units dropout could switch off; add one.")
            for stage in reversed(flat):
                network = edit.insert(network, stage.index + 1, Dropout())
        layers = tuple(layer.replace(rate=value) if isinstance(layer, Dropout) else layer for layer in network.layers)
        return experiment.replace(network=network.replace(layers=layers))


def paths() -> tuple[Axis, ...]:
    """Return what can be varied, in the order of a list."""
    return (axes["weight-decay"](), L1(), DropoutRate(), axes["width"](), axes["epochs"]())


@dataclass(frozen=True, eq=False)
class RegularisationPath:
    """What is known of the path: `values` (v,), ascending, and at each of them

    train_error and test_error (v,) of the experiment itself, held_error (folds, v) of the runs that hold out a fold,
    norms (v, layers): Euclidean norms of the weights of each layer, coefficients (v, k): the weights of a network
    without hidden layer, named by `coefficient_names`; empty for others; and the surface, as the probe of that name
    measures it, None where it is not known yet. All else that is not known yet, or diverged, is NaN. Errors are error
    rates (0..1) or root mean squared errors in the target's units.
    """

    values: Floats
    simple_first: bool
    train_error: Floats
    test_error: Floats
    held_error: Floats
    norms: Floats
    coefficients: Floats
    coefficient_names: tuple[str, ...]
    surfaces: tuple[NDArray[np.floating] | None, ...]
    data: SplitData | None = None
    plane: Plane | None = None
    target: str = ""

    def held(self) -> tuple[Floats, Floats]:
        """Return the mean error over the folds that are known at each value, and its standard error: (v,) each."""
        known = np.isfinite(self.held_error).all(axis=0)
        if not len(self.held_error) or not known.any():
            return np.full(len(self.values), np.nan), np.full(len(self.values), np.nan)
        error = np.full(len(self.values), np.nan)
        if len(self.held_error) > 1:
            error[known] = self.held_error[:, known].std(axis=0, ddof=1) / math.sqrt(len(self.held_error))
        return np.where(known, np.where(np.isfinite(self.held_error), self.held_error, 0.0).mean(axis=0), np.nan), error

    @property
    def best(self) -> int | None:
        """The place of the smallest mean error on held-out folds; the simplest one where several share it."""
        mean, _ = self.held()
        return best_place(mean, self.simple_first)

    @property
    def chosen(self) -> int | None:
        """The place that the one-standard-error rule chooses."""
        return one_standard_error(*self.held(), self.simple_first)


def best_place(mean: Floats, simple_first: bool) -> int | None:
    """Return the place of the smallest of some errors (v,), the simplest one of several; None where none is known."""
    if not np.isfinite(mean).any():
        return None
    places = np.flatnonzero(mean == np.nanmin(mean))
    return int(places[0] if simple_first else places[-1])


def one_standard_error(mean: Floats, error: Floats, simple_first: bool) -> int | None:
    """Return the place of the simplest network whose mean error is within one standard error of the best's.

    Breiman, Friedman, Olshen & Stone 1984, section 3.4.3; Hastie, Tibshirani & Friedman 2009, section 7.10.1: what is
    better by less than that is not known to be better. mean and error (v,); the simplest is the first, or the last.
    None where nothing is known.
    """
    best = best_place(mean, simple_first)
    if best is None:
        return None
    room = float(error[best]) if math.isfinite(error[best]) else 0.0
    places = np.flatnonzero(mean <= mean[best] + room)
    return int(places[0] if simple_first else places[-1])


def ridge_alpha(weight_decay: float, samples: int) -> float:
    """Return the α of ridge regression, ‖y − Xw‖² + α‖w‖², that has the solution of a linear unit with weight decay λ.

    Training makes (1/n) ‖y − Xw‖² + (λ/2) ‖w‖² small, since the gradient of the mean squared error is joined by λ w;
    times n that is ridge with α = n λ / 2. The bias is penalised in neither.
    """
    return samples * weight_decay / 2.0


def lasso_alpha(l1: float) -> float:
    """Return the α of the lasso, (1/2n) ‖y − Xw‖² + α‖w‖₁, that has the solution of a linear unit with L1 λ.

    Training makes (1/n) ‖y − Xw‖² + λ ‖w‖₁ small; half of that is the lasso with α = λ / 2.
    """
    return l1 / 2.0


class _Job(NamedTuple):
    run: int  # -1 for the experiment itself, else the fold that is held out
    places: tuple[int, ...]  # of one training, in its order


class RegularisationPathStudy(Study[RegularisationPath]):
    """Trains the experiment at every value of the path, and once more for every fold that judges it.

    Cold starts train each value as a run of its own would, from the initial weights. Warm starts go on from the
    strongest to the weakest, each from where the one before has come to (Friedman, Hastie & Tibshirani 2010, section
    2.5); they are for settings that leave the network as it is. Epochs are one training that passes all values.
    """

    title = "regularisation path"

    def __init__(
        self,
        experiment: Experiment,
        library: Library,
        axis: Axis,
        values: tuple[float, ...],
        epochs: int,
        folds: int = 5,
        warm: bool = False,
        with_test: bool = True,
        threads: int | None = None,
    ) -> None:
        """Raises SettingsError where warm starts cannot be: for other shapes, or a learning rate that falls."""
        self.experiment, self.library, self.axis = experiment, library, axis
        self.values, self.epochs, self.folds = tuple(sorted(values)), max(1, epochs), folds
        if axis.within:
            self.epochs = max(1, round(self.values[-1]))
        self.warm, self.with_test = warm and not axis.within, with_test
        if self.warm and axis.name == "width":
            raise SettingsError("Networks of other widths have other weights: choose cold starts.")
        if self.warm and experiment.training.schedule.kind != "constant":
            raise SettingsError(
                "Warm starts go on with the learning rate of the end: choose a constant one, or cold starts."
            )
        unknown, nothing = np.full(len(self.values), np.nan), np.zeros((len(self.values), 0))
        held = np.full((folds, len(self.values)), np.nan)
        super().__init__(
            RegularisationPath(
                np.array(self.values),
                axis.grows,
                unknown,
                unknown,
                held,
                nothing,
                nothing,
                (),
                (None,) * len(self.values),
            ),
            threads,
        )
        self._lock = threading.Lock()
        self._done = 0

    def experiment_at(self, place: int) -> Experiment:
        """Return the experiment whose run is what cold starts show at a value.

        A schedule whose period is the epoch limit keeps the limit of the whole path, wherever on it the run ends.
        """
        data = self.report().data
        assert data is not None
        if not self.axis.within:
            made = self.axis.applied(self.experiment, self.values[place], data)
            return made.replace(training=made.training.replace(epochs=self.epochs))
        training = self.experiment.training
        whole = training.schedule.lasting(self.epochs)
        return self.experiment.replace(training=training.replace(epochs=round(self.values[place]), schedule=whole))

    def study(self) -> None:
        settings = self.experiment.data
        data = self.library.prepare(settings)
        dataset = self.library.loaded(settings.source, settings.seed)
        assert dataset is not None  # it was prepared from there
        self._prepare(data)
        rows, _ = pool(dataset, settings)
        numbers = np.zeros(len(rows), np.int64)
        if self.folds:
            classes = dataset.task == "classification"
            numbers = fold_numbers(dataset.targets[rows], self.folds, settings.seed, classes)
        parts = {run: split_fold(dataset, settings, numbers, run) for run in range(self.folds)} | {-1: data}
        self.tell(share=0.0)
        for _ in self.each(self._jobs(), lambda job: self._train(job, parts[job.run])):
            pass

    def _jobs(self) -> list[_Job]:
        every = tuple(range(len(self.values)))
        runs = (-1, *range(self.folds))
        if self.axis.within:
            return [_Job(run, every) for run in runs]
        if self.warm:
            return [_Job(run, every if self.axis.grows else every[::-1]) for run in runs]
        return [_Job(run, (place,)) for place in every for run in runs]

    def _prepare(self, data: SplitData) -> None:
        """Publish what is known before anything is trained."""
        report = self.report()
        first = self.axis.applied(self.experiment, self.values[0], data)
        network_plan = plan_for(first.network, first.training, data)
        if network_plan.errors:
            raise DataError(network_plan.errors[0])
        slots = network_plan.weight_slots
        names: tuple[str, ...] = ()
        if len(slots) == 1 and slots[0].parameter.size <= MOST_COEFFICIENTS:
            outputs = slots[0].parameter.shape[0]
            classes = [f", {name}" for name in data.class_names] if outputs > 1 else [""]
            names = tuple(f"{name}{kind}" for kind in classes[:outputs] for name in data.feature_names)
        count = len(self.values)
        self.tell(
            RegularisationPath(
                report.values,
                report.simple_first,
                report.train_error,
                report.test_error,
                report.held_error,
                np.full((count, len(slots)), np.nan),
                np.full((count, len(names)), np.nan),
                names,
                report.surfaces,
                data,
                make_plane(self.experiment.data.plane, data),
                data.target_name if data.task == "regression" else "",
            )
        )

    def _train(self, job: _Job, data: SplitData) -> None:
        """Train along one chain of values, and measure at each."""
        limit = max(1, self.epochs)

        def settings_at(place: int) -> Experiment:
            made = self.experiment if self.axis.within else self.axis.applied(self.experiment, self.values[place], data)
            return made.replace(training=made.training.replace(epochs=limit))

        first = settings_at(job.places[0])
        engine = make_engine(first.network, first.training, data, first.seed)
        for number, place in enumerate(job.places):
            if number and not self.axis.within:
                made = settings_at(place)
                engine.configure(made.network, made.training)
            mark = round(self.values[place]) if self.axis.within else (number + 1) * self.epochs
            if not list(train_through(engine, [mark], self.stopped)):
                if not self.stopped():
                    self._passed(len(job.places) - number)  # it diverged, here and from here on
                return
            self._measure(engine, place, job.run)

    def _measure(self, engine: Engine, place: int, run: int) -> None:
        """Write down what there is to see of a network."""
        row = engine.measure()
        plane = self.report().plane
        assert plane is not None
        surface = surface_of(engine, plane) if run < 0 else None
        flat = engine.parameters().astype(np.float64)
        weights = [slot.view(flat) for slot in engine.plan.weight_slots]

        def written(report: RegularisationPath) -> RegularisationPath:
            train, test, held = (each.copy() for each in (report.train_error, report.test_error, report.held_error))
            norms, coefficients, surfaces = report.norms.copy(), report.coefficients.copy(), list(report.surfaces)
            if run < 0:
                train[place] = float(row["train_error"][-1])
                test[place] = float(row["test_error"][-1]) if self.with_test else math.nan
                norms[place] = [float(np.linalg.norm(each)) for each in weights]
                surfaces[place] = surface
                if coefficients.shape[1]:
                    coefficients[place] = weights[0].ravel()
            else:
                held[run, place] = float(row["validation_error"][-1])
            return RegularisationPath(
                report.values,
                report.simple_first,
                train,
                test,
                held,
                norms,
                coefficients,
                report.coefficient_names,
                tuple(surfaces),
                report.data,
                report.plane,
                report.target,
            )

        self._passed(1, written)

    def _passed(self, count: int, change: Callable[[RegularisationPath], RegularisationPath] | None = None) -> None:
        """Publish that some places are through, and what has changed; called by every thread."""
        with self._lock:
            self._done += count
            share = self._done / (len(self.values) * (self.folds + 1))
            self.tell(change(self.report()) if change is not None else None, share)


def surface_of(engine: Engine, plane: Plane) -> NDArray[np.floating]:
    """Return the answers over the plane, as the probe of the decision surface does, with `RESOLUTION` points a side."""
    data = engine.data
    if data.n_features == 1 and data.task == "regression":
        return np.asarray(data.scaling.unscaled_target(engine.predict(plane.line(2 * RESOLUTION))[:, 0]))
    outputs = engine.predict(plane.grid(RESOLUTION))
    if data.task == "regression":
        return np.asarray(data.scaling.unscaled_target(outputs[:, 0]).reshape(RESOLUTION, RESOLUTION))
    return np.asarray(engine.loss.probabilities(outputs).reshape(RESOLUTION, RESOLUTION, -1))
