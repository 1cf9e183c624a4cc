"""What a sweep of an experiment can vary: its settings by their titles, each with values worth trying. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from nnviz.experiment import Experiment
from nnviz.network.layers import Layer
from nnviz.settings import Field, Kind, Settings, fields
from nnviz.words import layer_in_words

NETWORK, TRAINING, DATA = "Network", "Training", "Data"

_LEFT_OUT = {"device", "plane", "first", "second"}
"""Settings that change where it is computed or what is drawn, but no result."""

_OCTAVES = 3
"""How far to both sides of what a count is now, in doublings."""

_LARGE = 32
"""From here on counts are doubled rather than counted up."""

_TOUR = {
    "epochs": "25:400:log5",
    "patience": "0,5,10,20,50",
    "label_noise": "0:0.5:lin6",
    "train_share": "0.1:0.9:lin5",
    "validation_share": "0.1:0.4:lin4",
    "beta1": "0,0.5,0.8,0.9,0.95",
    "beta2": "0.9,0.99,0.999",
    "scale": "0.1:10:log5",
    "period": "0,50,100,200",
}
"""Values for settings whose ends say little about what is usual."""


@dataclass(frozen=True)
class Offer:
    """A setting that can be varied: where it stands in the menu, and values to begin with as `make_plan` reads them."""

    path: str
    title: str
    group: str
    help: str
    values: str


def offers(experiment: Experiment) -> tuple[Offer, ...]:
    """Return every setting of an experiment that is a number, a switch or a choice and has a bearing on training."""
    found: list[Offer] = []
    for number, layer in enumerate(experiment.network.layers):
        found += _of_layer(number, layer)
    found += _of_group(experiment.network, "network.", NETWORK, "")
    found += _of_group(experiment.training, "training.", TRAINING, "")
    source = experiment.data.source
    if isinstance(source, Settings):
        found += _of_group(source, "data.source.", DATA, f"{source.title}: ")
    found += _of_group(experiment.data, "data.", DATA, "")
    return tuple(found)


def first_choice(experiment: Experiment) -> tuple[tuple[str, str], ...]:
    """Return paths and values to begin with: the width of the first layer that has one, and weight decay."""
    known = {offer.path: offer for offer in offers(experiment)}
    widths = [path for path in known if path.endswith((".units", ".filters"))]
    first = widths[0] if widths else "training.learning_rate"
    return ((first, known[first].values), ("training.weight_decay", "0,1e-4,1e-3,1e-2"))


def _of_layer(number: int, layer: Layer) -> Iterator[Offer]:
    path, name = f"network.layers[{number}]", f"Layer {number + 1}"
    if isinstance(layer, Settings):
        yield from _of_group(layer, f"{path}.", NETWORK, f"{name}: ")
    if layer.group == "activation":
        kinds = [str(kind.__struct_config__.tag) for kind in Layer.registry if kind.group == layer.group]
        help = f"The layer is {layer_in_words(layer)}; it can be another one of its sort."
        yield Offer(path, f"{name}: activation", NETWORK, help, ",".join(kinds))


def _of_group(settings: Settings, prefix: str, group: str, owner: str) -> Iterator[Offer]:
    for field in fields(type(settings)):
        value, path = getattr(settings, field.name), f"{prefix}{field.name}"
        if field.name in _LEFT_OUT or path in ("data.source", "network.layers"):
            continue
        title = f"{owner}{_small(field.title)}" if owner else field.title
        values = _values(field, value)
        if values:
            yield Offer(path, title, group, field.help, values)
        if isinstance(value, Kind):
            yield from _of_group(value, f"{path}.", group, f"{value.title}: ")


def _values(field: Field, value: object) -> str:
    """Return values worth trying for one setting; nothing for one that cannot be varied in a few letters."""
    if field.registry is not None:
        return ",".join(field.registry.names())
    if isinstance(value, bool):
        return "false,true"
    if field.options:
        return ",".join(map(str, field.options))
    if not isinstance(value, int | float):
        return ""
    if field.name in _TOUR:
        return _TOUR[field.name]
    if "seed" in field.name:
        return "0:4:1"
    return _counts(field, value) if isinstance(value, int) else _reals(field, value)


def _counts(field: Field, value: int) -> str:
    least = int(field.minimum or 0)
    most = int(min(field.soft_max or math.inf, field.maximum or math.inf, 1e6))
    if field.scale != "log" and value < _LARGE:
        low = max(least, value - 2)
        return f"{low}:{max(low + 1, min(most, low + 4))}:1"
    low = max(least, 1, value >> _OCTAVES)
    low = low // 10 * 10 if low >= 20 and low // 10 * 10 >= least else low
    doublings = math.floor(math.log2(max(value, min(most, value << _OCTAVES)) / low))
    return f"{low}:{low << doublings}:log{doublings + 1}" if doublings > 0 else f"{low},{2 * low}"


def _reals(field: Field, value: float) -> str:
    least = field.minimum if field.minimum is not None else 0.0
    most = min(field.soft_max or math.inf, field.maximum or math.inf)
    if field.scale == "log":
        if value > 0.0:
            return f"{max(least, value / 100):.2g}:{min(most, value * 10):.2g}:log7"
        return f"0,{1e-4 * most:g}:{most:g}:log5" if math.isfinite(most) else "0,0.001,0.01,0.1,1"
    if not math.isfinite(most):
        low, high = (value / 4, value * 4) if value > 0 else (0.0, 1.0)
        return f"{low:.2g}:{high:.2g}:lin5"
    top = math.floor(most * 10) / 10 if most < 1.0 else most  # 0.95 would make steps that nobody wants
    top = top if top > least else most
    return f"{least:g}:{top:g}:lin{_even(top - least)}"


def _even(span: float) -> int:
    """Return a number of values whose steps have few digits."""
    return next((n for n in (6, 5, 4, 7) if abs(span / (n - 1) - float(f"{span / (n - 1):.1g}")) < 1e-9), 5)


def _small(title: str) -> str:
    return title if title[1:2].isupper() or title[1:2].isdigit() else title[:1].lower() + title[1:]
