"""The settings in which some experiments differ, each with the words for its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nnviz.events import matters
from nnviz.experiment import Experiment
from nnviz.network.layers import Layer
from nnviz.settings import Field, Settings, differences, fields
from nnviz.words import layer_in_words, value_in_words

MISSING = object()
"""The value of a setting that an experiment does not have: the rate of a dropout layer where there is none, say."""


@dataclass(frozen=True)
class Setting:
    """One setting by its path, as a heading: its title and what it is for. `field` is None for one that is no field."""

    path: str
    title: str
    help: str
    field: Field | None = None


def differing(experiments: Sequence[Experiment]) -> list[Setting]:
    """Return the settings that are not the same in all of some experiments, in the order of their declaration.

    Where a whole group differs in kind, or in the number of its entries, it is one setting.
    """
    if not experiments:
        return []
    first = experiments[0]
    changes = [change for other in experiments[1:] for change in differences(first, other) if matters(change)]
    # The bytes of a drawing are one thing, and no setting that anybody reads.
    named = [c.path.rpartition(".")[0] if isinstance(c.before, bytes) else c.path for c in changes]
    paths = list(dict.fromkeys(named))
    whole = [path for path in paths if not any(path.startswith((f"{other}.", f"{other}[")) for other in paths)]
    return [_setting(first, path) for path in sorted(whole, key=_declared_place)]


def value_at(settings: Any, path: str) -> Any:
    """Return the value of the setting at a dotted path such as `network.layers[1].units`, MISSING without one."""
    for part in re.findall(r"\w+", path):
        if isinstance(settings, tuple):
            settings = settings[int(part)] if int(part) < len(settings) else MISSING
        else:
            settings = getattr(settings, part, MISSING)
    return settings


def words(setting: Setting, value: Any) -> str:
    """Return a value as it stands in a table."""
    if value is MISSING:
        return "–"
    if isinstance(value, tuple) and all(isinstance(each, Layer) for each in value):
        return _network(value)
    return value_in_words(setting.field, value) if setting.field is not None else str(value)


def sort_value(setting: Setting, value: Any) -> float | str:
    """Return what a value is sorted by: numbers by size, all others by their words, NaN for one that is missing."""
    if value is MISSING:
        return float("nan")
    return float(value) if isinstance(value, bool | int | float) else words(setting, value)


def _network(layers: tuple[Layer, ...]) -> str:
    """Return layers in the style of `NetworkPlan.describe`: `8 Tanh → 4 Tanh`."""
    groups: list[list[str]] = []
    for layer in layers:
        if layer.starts_column or not groups:
            groups.append([])
        groups[-1].append(layer.summary() if layer.starts_column else layer_in_words(layer))
    return " → ".join(" ".join(group) for group in groups) or "none"


def _setting(experiment: Experiment, path: str) -> Setting:
    """Return the heading of a path, with the number of the layer that it belongs to."""
    parent, _, name = path.rpartition(".")
    group = value_at(experiment, parent) if parent else experiment
    known = {field.name: field for field in fields(type(group))} if isinstance(group, Settings) else {}
    field = known.get(name)
    title = field.title if field is not None else name.replace("_", " ").capitalize()
    place = re.search(r"layers\[(\d+)\]", path)
    if place is not None:
        title = f"Layer {int(place[1]) + 1}: {title.lower()}"
    return Setting(path, title, field.help if field is not None else "", field)


def _declared_place(path: str) -> tuple[tuple[int, int], ...]:
    """Return where a path stands among all settings, for sorting: experiments differ in which of them come up first."""
    place: list[tuple[int, int]] = []
    group: Any = Experiment()
    for part in re.findall(r"\w+", path):
        names = [field.name for field in fields(type(group))] if isinstance(group, Settings) else []
        place.append((0, int(part)) if part.isdigit() else (0, names.index(part)) if part in names else (1, 0))
        group = MISSING if part.isdigit() else getattr(group, part, MISSING)
    return tuple(place)
