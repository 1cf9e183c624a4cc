"""What several findings ask of a run: whether it has come to rest, and whether it falls short."""

from __future__ import annotations

import math

import numpy as np

from nnviz.analysis.intervals import error_interval
from nnviz.analysis.trend import fall
from nnviz.findings.parts.evidence import Evidence

_FLAT = 0.02
"""Share of the training loss that it may still lose over the last half of its epochs when it has come to rest."""

_FEWEST_EPOCHS, _FEWEST_STEPS = 20, 200
"""Epochs and steps under the same settings before anything is said of where they lead."""

_POINTS, _FACTOR = 0.05, 1.25
"""How far a training error must lie above what neighbours get: in the rate, and as a factor of an RMSE."""

_STRONG = {"weight_decay": 0.1, "l1": 0.01}
"""Penalties from which on they alone may keep a network from learning."""


def long_enough(evidence: Evidence) -> bool:
    """Whether the settings have been in force for long enough to judge them."""
    return evidence.epoch - evidence.since >= _FEWEST_EPOCHS and steps_since(evidence) >= _FEWEST_STEPS


def at_rest(evidence: Evidence) -> bool:
    """Whether the training loss has stopped falling under the settings in force."""
    return long_enough(evidence) and abs(fall(evidence.here["train_loss"])) < _FLAT


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
    train = evidence.facts.train if evidence.facts is not None else 0
    per_epoch = math.ceil(train / evidence.experiment.training.batch_size)
    return float((evidence.epoch - evidence.since) * per_epoch)


def step_size(evidence: Evidence) -> float:
    """Return the median of ‖Δw‖/‖w‖ of a step, of the layer that moves most; NaN where it was not measured."""
    updates, weights = (evidence.recent.get(f"{name}_norm_by_layer") for name in ("update", "weight"))
    if updates is None or weights is None or not len(updates):
        return math.nan
    known = (updates > 0.0).any(axis=1) & (weights > 0.0).all(axis=1)
    if not known.any():
        return math.nan
    return float(np.median((updates[known] / weights[known]).max(axis=1)))
