"""What sets two experiments apart, in words: with the titles and units that settings have, and layers aligned.

Names, descriptions and the plane that is drawn have no bearing on training and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from nnviz.data.drawings.drawing import Drawing
from nnviz.experiment import Experiment
from nnviz.network.layers import Layer
from nnviz.settings import Field, Kind, Settings, fields

SHARES = frozenset({"train_share", "validation_share", "label_noise", "jitter", "label_smoothing", "rate"})
"""Settings that are written in percent."""

ZEROS = {
    "epochs": "no limit",
    "patience": "off",
    "period": "automatic",
    "weight_decay": "off",
    "l1": "off",
    "max_norm": "off",
    "gradient_clip": "off",
    "label_smoothing": "off",
}
"""What 0 means, where it is no number like the others."""

_ANOTHER_KIND = 1.2
"""What it costs to see one layer in another of its group, where to insert or to remove a layer costs 1."""

_ANOTHER_SETTING, _OTHER_SETTINGS = 0.2, 0.8
"""What it costs to see one layer in another of its kind: for each setting that differs, and at most."""


@dataclass(frozen=True)
class Difference:
    """One thing in which two experiments differ: its path in the settings, both values, and a few words.

    A value is a number, a text, True or False where the setting is that, and words otherwise; None where there is none.
    Paths to layers count as in the first experiment, or in the second for layers that only it has.
    """

    path: str
    before: int | float | str | bool | None
    after: int | float | str | bool | None
    words: str


def differences_in_words(before: Experiment, after: Experiment) -> tuple[Difference, ...]:
    """Return what differs between two experiments, in the order of the settings; nothing if they train alike."""
    return tuple(_in_settings(before, after, "", ""))


def layers_in_words(before: Sequence[Layer], after: Sequence[Layer]) -> list[str]:
    """Return what differs between two lists of layers, a few words for each thing."""
    return [difference.words for difference in _in_layers(before, after)]


# ---------------------------------------------------------------- settings


def _in_settings(before: Settings, after: Settings, path: str, owner: str) -> Iterator[Difference]:
    """Yield what differs between two groups of the same class; `owner` is whose settings they are, in words."""
    if isinstance(before, Drawing) and isinstance(after, Drawing):
        yield from _in_drawings(before, after, path)
        return
    for field in fields(type(before)):
        a, b, place = getattr(before, field.name), getattr(after, field.name), f"{path}{field.name}"
        if a == b or place in ("name", "description", "data.plane"):
            continue
        if place == "network.layers":
            yield from _in_layers(a, b)
        elif isinstance(a, Settings) and type(a) is type(b):
            yield from _in_settings(a, b, f"{place}.", a.title if isinstance(a, Kind) else "")
        else:
            yield _difference(field, place, owner, a, b)


def _difference(field: Field, path: str, owner: str, a: Any, b: Any) -> Difference:
    title = f"{owner}: {_small(field.title)}" if owner else field.title
    before, after = value_in_words(field, a), value_in_words(field, b)
    return Difference(path, _plain(a, before), _plain(b, after), f"{title} {before} → {after}")


def value_in_words(field: Field, value: Any) -> str:
    """Return the value of a setting as people write it, with its unit."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return _number(field, value)
    if isinstance(value, Kind):
        return _kind(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "all"
    return str(value) or "none"


def _number(field: Field, value: int | float) -> str:
    if value == 0 and field.name in ZEROS:
        return ZEROS[field.name]
    if field.name in SHARES:
        return f"{100 * value:.4g} %"
    text = f"{value:,}" if isinstance(value, int) and "seed" not in field.name else f"{value:.6g}"
    return text + (field.unit if len(field.unit) < 2 else f" {field.unit}")


def _kind(value: Kind) -> str:
    """Return the title of a kind with those of its settings that are not the usual ones."""
    if isinstance(value, Drawing):
        return f"{value.title} ({value.n_points:,} points)"
    named = [(field, getattr(value, field.name)) for field in fields(type(value))]
    special = [f"{_small(f.title)} {value_in_words(f, v)}" for f, v in named if v != f.default]
    return f"{value.title} ({', '.join(special)})" if special else value.title


def _plain(value: Any, words: str) -> int | float | str | bool:
    return value if isinstance(value, bool | int | float | str) else words


def _small(title: str) -> str:
    """Return a title as it stands within a sentence; abbreviations keep their capitals."""
    return title if title[1:2].isupper() or title[1:2].isdigit() else title[:1].lower() + title[1:]


def _in_drawings(before: Drawing, after: Drawing, path: str) -> Iterator[Difference]:
    if before.mode != after.mode:
        yield Difference(f"{path}mode", before.mode, after.mode, f"Drawing: {before.mode} → {after.mode}")
    a, b = before.n_points, after.n_points
    if a != b:
        yield Difference(f"{path}points", a, b, f"Drawing: {a:,} → {b:,} points")
    elif (before.points, before.labels) != (after.points, after.labels):
        yield Difference(f"{path}points", a, b, "Drawing: points moved or relabelled")


# ---------------------------------------------------------------- layers


def _in_layers(before: Sequence[Layer], after: Sequence[Layer]) -> Iterator[Difference]:
    """Yield what differs between two lists of layers; what was inserted or removed side by side is told as one."""
    last = -1  # the layer of `before` that came last
    for (only_after, only_before), group in groupby(aligned(before, after), _missing):
        pairs = list(group)
        gone = [i for i, _ in pairs if i is not None]
        new = [j for _, j in pairs if j is not None]
        if only_after:
            yield _inserted([after[j] for j in new], new[0], last)
        elif only_before:
            yield _removed([before[i] for i in gone], gone[0])
        else:
            for i, j in zip(gone, new, strict=True):
                yield from _in_layer(i, before[i], after[j])
        last = gone[-1] if gone else last


def _missing(pair: tuple[int | None, int | None]) -> tuple[bool, bool]:
    return pair[0] is None, pair[1] is None


def aligned(before: Sequence[Layer], after: Sequence[Layer]) -> list[tuple[int | None, int | None]]:
    """Return which layer of one list is which of another, in order; None where the other has none.

    The alignment of least cost (Needleman & Wunsch 1970).
    """
    cost = [[0.0] * (len(after) + 1) for _ in range(len(before) + 1)]  # of what comes from here on
    for i in range(len(before), -1, -1):
        for j in range(len(after), -1, -1):
            if i < len(before) or j < len(after):
                cost[i][j] = min(price for price, _, _ in _ways(before, after, i, j, cost))
    pairs: list[tuple[int | None, int | None]] = []
    i = j = 0
    while i < len(before) or j < len(after):
        _, next_i, next_j = min(_ways(before, after, i, j, cost), key=lambda way: way[0])
        pairs.append((i if next_i > i else None, j if next_j > j else None))
        i, j = next_i, next_j
    return pairs


def _ways(
    before: Sequence[Layer], after: Sequence[Layer], i: int, j: int, cost: list[list[float]]
) -> Iterator[tuple[float, int, int]]:
    """Yield the ways on from a place in an alignment: what they cost to the end, and where they lead next."""
    if i < len(before) and j < len(after):
        apart = _distance(before[i], after[j])
        if apart is not None:
            yield apart + cost[i + 1][j + 1], i + 1, j + 1
    if i < len(before):
        yield 1.0 + cost[i + 1][j], i + 1, j
    if j < len(after):
        yield 1.0 + cost[i][j + 1], i, j + 1


def _distance(a: Layer, b: Layer) -> float | None:
    """Return how far two layers are apart; None where one is not seen in the other."""
    if type(a) is type(b):
        assert isinstance(a, Settings)
        different = sum(bool(getattr(a, field.name) != getattr(b, field.name)) for field in fields(type(a)))
        return min(_OTHER_SETTINGS, _ANOTHER_SETTING * different)
    return _ANOTHER_KIND if a.group == b.group else None


def _in_layer(index: int, a: Layer, b: Layer) -> Iterator[Difference]:
    path, name = f"network.layers[{index}]", f"Layer {index + 1}"
    if isinstance(a, Settings) and isinstance(b, Settings) and type(a) is type(b):
        yield from _in_settings(a, b, f"{path}.", name)
    elif a != b:
        was, became = layer_in_words(a), layer_in_words(b)
        yield Difference(path, was, became, f"{name}: {was} → {became}")


def layer_in_words(layer: Layer) -> str:
    """Return a layer as its card names it: `Linear 8`, `Dropout 20 %`, `ReLU`."""
    return f"{layer.title} {layer.summary()}".strip()


def _inserted(layers: list[Layer], index: int, last: int) -> Difference:
    what = ", ".join(map(layer_in_words, layers))
    where = f"after layer {last + 1}" if last >= 0 else "at the beginning"
    return Difference(f"network.layers[{index}]", None, what, f"{what} inserted {where}")


def _removed(layers: list[Layer], index: int) -> Difference:
    what = ", ".join(map(layer_in_words, layers))
    first, final = index + 1, index + len(layers)
    which = f"Layer {first}" if first == final else f"Layers {first} {'and' if final == first + 1 else 'to'} {final}"
    return Difference(f"network.layers[{index}]", what, None, f"{which} ({what}) removed")
