"""What the tests of views show them, and how they look at the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtGui import QColor, QImage

from nnviz.experiment import Experiment, from_plain
from nnviz.gui.views import View
from nnviz.history.history import History
from nnviz.session import Run
from nnviz.snapshot import Snapshot

NEEDS = {"surface", "confusion", "representation"}
"""The probes of all views."""

Train = Callable[..., Run]
Make = Callable[..., View]


def experiment(**data: Any) -> Experiment:
    return from_plain({"data": data}, "test")


EXPERIMENTS = {
    "two classes": Experiment(),
    "validation and label noise": experiment(validation_share=0.2, label_noise=0.2),
    "three classes": from_plain(
        {"data": {"source": "iris"}, "network": {"layers": [{"kind": "linear", "units": 6}, "relu"]}}, "test"
    ),
    "ten classes of images": from_plain(
        {"data": {"source": {"kind": "digits", "samples": 100}}, "network": {"layers": ["flatten"]}}, "test"
    ),
    "curve": from_plain(
        {"data": {"source": "noisy-sine"}, "network": {"layers": [{"kind": "linear", "units": 1}, "tanh"]}}, "test"
    ),
    "values on a plane": experiment(source="plane"),
    "values of many features": experiment(source="diabetes", standardize=True),
}


def picture(view: View) -> QImage:
    return view.grab().toImage()


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    shown = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return shown[:, :, :3].copy()  # the image and its memory end here


def ink(view: View) -> float:
    """The share of pixels that differ from the background."""
    shown = pixels(picture(view)).astype(int)
    card = QColor(view.theme.card)
    return float((np.abs(shown - [card.blue(), card.green(), card.red()]).sum(axis=2) > 30).mean())


def history_of(n: int, value: Callable[[np.ndarray], np.ndarray]) -> History:
    history = History()
    epochs = np.arange(n, dtype=np.float64)
    columns = {f"{part}_{what}": value(epochs) for part in ("train", "test") for what in ("loss", "error")}
    three = np.column_stack([value(epochs)] * 3)  # layers with parameters in the default network, and two activations
    columns |= {"gradient_norm_by_layer": three, "update_norm_by_layer": three, "dead_units_by_layer": three[:, :2]}
    history.append({"epoch": epochs, "step": epochs, **columns, "weight_norm_by_layer": np.ones_like(three)})
    return history


def with_arrays(snapshot: Snapshot, fill: float) -> Snapshot:
    """The same snapshot with every measured float replaced by one value."""

    def filled(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(filled, value))
        return np.full_like(value, fill) if value.dtype.kind == "f" else value

    return replace(snapshot, arrays={name: filled(value) for name, value in snapshot.arrays.items()})
