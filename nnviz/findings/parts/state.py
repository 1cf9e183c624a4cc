"""What several findings ask of a run: whether it has come to rest, and whether it falls short."""

from __future__ import annotations

import math

import numpy as np

from nnviz.analysis.intervals import error_interval
from nnviz.analysis.trend import fall
from nnviz.findings.parts.evidence import Evidence

FLAT = 0.02
"""Share of the training loss that it may still lose over the last half of its epochs when it has come to rest."""

_FEWEST_EPOCHS, _FEWEST_STEPS = 20, 200
"""Epochs and steps under the same settings before anything is said of where they lead."""

_POINTS, _FACTOR = 0.05, 1.25
"""How far a training error must lie above what neighbours get: in the rate, and as a factor of an RMSE."""

_STRONG = {"weight_decay": 0.1, "l1": 0.01}
"""Penalties from which on they alone may keep a network from learning."""

_THROWN, _FEWEST_ROWS = 10.0, 10
"""How many times as large a loss must be, after how many epochs: one that jumps up at first may still come down."""

_NORMS = ("update_norm_by_layer", "weight_norm_by_layer")

_MOMENTS = 65
"""Moments of a schedule that are looked at: its rises and falls are much longer than a part in so many."""


def long_enough(evidence: Evidence) -> bool:
    """Whether the settings have been in force for long enough to judge them."""
    return evidence.epoch - evidence.since >= _FEWEST_EPOCHS and steps_since(evidence) >= _FEWEST_STEPS


def at_rest(evidence: Evidence) -> bool:
    """Whether the training loss has stopped falling under the settings in force."""
    return long_enough(evidence) and abs(fall(evidence.here["train_loss"])) < FLAT


def falls_short(evidence: Evidence) -> bool:
    """Whether the training error is clearly above that of the nearest neighbours, chance included."""
    facts, error = evidence.facts, evidence.now("train_error")
    if facts is None or math.isnan(error) or math.isnan(facts.neighbour_error):
        return False
    if evidence.regression:
        return error > _FACTOR * facts.neighbour_error
    wrong = round(error * facts.train)
    return error_interval(wrong, facts.train).low > facts.neighbour_error + _POINTS


def knows_nothing(evidence: Evidence) -> bool:
    """Whether the training loss is all but that of the best constant answer, or worse."""
    facts = evidence.facts
    return facts is not None and evidence.now("train_loss") > 0.98 * facts.constant_loss


def thrown_away(evidence: Evidence) -> bool:
    """Whether steps have led far above the loss that they began with, and that of a constant answer too."""
    facts, losses = evidence.facts, evidence.here["train_loss"]
    if facts is None or len(losses) < _FEWEST_ROWS:
        return False
    return bool(losses[-1] > _THROWN * np.maximum(losses[0], facts.constant_loss))


def layers(evidence: Evidence) -> int:
    """Return the number of layers with weights, the output included; 0 while it is not known."""
    return len(evidence.plan.weight_slots) if evidence.plan is not None else 0


def hidden_units(evidence: Evidence) -> int:
    """Return the units of the narrowest hidden layer; 0 where there is none, or no activation after one."""
    plan = evidence.plan
    if plan is None or not plan.activation_stages:
        return 0
    return min((stage.output_shape[0] for stage in plan.activation_stages if stage.output_shape), default=0)


def held_back(evidence: Evidence) -> str:
    """Return the penalty that alone may keep the network from learning, in words; empty where there is none."""
    training = evidence.experiment.training
    if training.weight_decay >= _STRONG["weight_decay"]:
        return f"weight decay {training.weight_decay:g}"
    return f"L1 {training.l1:g}" if training.l1 >= _STRONG["l1"] else ""


def gradient_ratio(evidence: Evidence) -> float:
    """Return the gradient of the first layer over that of the last, each per parameter, as a geometric mean.

    Root mean squares over the parameters of a layer, over the newest epochs; NaN where no gradient was measured.
    """
    norms, plan = evidence.recent.get("gradient_norm_by_layer"), evidence.plan
    if norms is None or plan is None or norms.ndim != 2:
        return math.nan
    sizes = np.array([stage.n_parameters for stage in plan.stages if stage.n_parameters], np.float64)
    norms = norms[np.isfinite(norms).all(axis=1)].astype(np.float64)
    if not len(norms) or norms.shape[1] != len(sizes):
        return math.nan
    first, last = (np.maximum(norms[:, at] / math.sqrt(sizes[at]), 1e-30) for at in (0, -1))
    return float(np.exp(np.mean(np.log(first) - np.log(last))))


def steps_since(evidence: Evidence) -> float:
    """Return the number of steps under the settings in force."""
    return float((evidence.epoch - evidence.since) * _steps_per_epoch(evidence))


def _steps_per_epoch(evidence: Evidence) -> int:
    train = evidence.facts.train if evidence.facts is not None else 0
    return math.ceil(train / evidence.experiment.training.batch_size)


def path(evidence: Evidence) -> float:
    """Return how far the steps under the settings in force can have moved the weights of the layer that moved most.

    The sum of ‖Δw‖/‖w‖ over all steps, by the triangle inequality no less than the distance as a share of the norm.
    Steps between two rows count with the mean of both, by the trapezoidal rule: every row has the last step of its
    epoch. NaN where steps were not measured, or the weights of a layer were 0.
    """
    epochs, updates, weights = (evidence.here[name] for name in ("epoch", *_NORMS))
    if updates.ndim != 2 or len(epochs) < 2 or not (weights > 0.0).all():
        return math.nan
    steps = updates / weights
    steps[0] = steps[1]  # the first row has a step of other settings, or none
    between = 0.5 * (steps[1:] + steps[:-1])
    return float(_steps_per_epoch(evidence) * (np.diff(epochs) @ between).max())


def rate_in_force(evidence: Evidence) -> float:
    """Return the learning rate of the newest step, by the schedule; the one that is set before any was measured."""
    rates = evidence.recent.get("learning_rate", np.empty(0))
    rates = rates[np.isfinite(rates)]
    return float(rates[-1]) if len(rates) else evidence.experiment.training.learning_rate


def highest_rate(evidence: Evidence) -> float:
    """Return the highest learning rate that the schedule has had until now."""
    training = evidence.experiment.training
    moments = np.linspace(0.0, evidence.epoch, _MOMENTS)
    return training.learning_rate * float(training.schedule.factor(moments, training.epochs).max())
