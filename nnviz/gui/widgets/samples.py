"""What a canvas shows: where samples lie, how each of them looks, and how the plane maps to the widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage

from nnviz.data.dataset import DataError, Dataset, SplitData
from nnviz.data.drawings.drawing import MAX_CLASSES, MAX_POINTS, Drawing
from nnviz.data.drawings.editing import from_dataset
from nnviz.data.plane import Plane
from nnviz.data.settings import DataSettings
from nnviz.data.split import split_indices
from nnviz.gui.theme import CLASS_COLORS, NEGATIVE, POSITIVE, Theme
from nnviz.gui.widgets.stamp import Pixels, packed

Positions = NDArray[np.floating]
Which = slice | NDArray[np.intp]
Bounds = tuple[float, float, float, float]
"""Left, right, bottom and top of the visible part of the plane."""

EVERY = slice(None)
MOST_SHOWN = 100_000
"""Of samples that cannot be drawn on, at most so many are shown, evenly chosen."""

_RADII = ((400, 1.0), (1_500, 0.82), (5_000, 0.66), (20_000, 0.5), (60_000, 0.4))
_PARTS = 3  # train, validation, test: the numbers in `Samples.parts`


@dataclass(frozen=True)
class Samples:
    """Samples in the plane, and what their looks follow from.

    positions: (n, 2); shades: (n,) numbers of classes, or 0..255 for values; `parts` (n,) says which part of the
    split each belongs to, and is missing for drawn points, whose `identities` and `settings` say it.
    """

    positions: Positions
    shades: NDArray[np.uint8]
    palette: Literal["classes", "parts", "values"]
    parts: NDArray[np.uint8] | None = None
    identities: NDArray[np.uint32] | None = None
    settings: DataSettings | None = None

    def __len__(self) -> int:
        return len(self.positions)

    def part_of(self, which: Which) -> NDArray[np.uint8]:
        """Return the part of some samples: 0 train, 1 validation, 2 test."""
        if self.parts is not None:
            return self.parts[which]
        assert self.identities is not None
        assert self.settings is not None
        places, numbers = self.positions[which], self.identities[which]
        probe = Dataset(places, self.shades[which], "regression", (), identities=numbers)
        parts = np.zeros(len(places), np.uint8)
        for number, rows in enumerate(split_indices(probe, self.settings)):
            parts[rows] = number
        return parts

    def look(self, theme: Theme, which: Which) -> tuple[Pixels, NDArray[np.bool_]]:
        """Return the colours of some samples, and which are rings: those that are not learned from."""
        parts = self.part_of(which)
        if self.palette == "parts":
            return packed([QColor(c) for c in (theme.train, theme.validation, theme.test)])[parts], parts > 0
        if self.palette == "values":
            return _value_colors(theme)[self.shades[which]], parts > 0
        return packed([QColor(c) for c in CLASS_COLORS])[self.shades[which] % len(CLASS_COLORS)], parts > 0


def drawn(drawing: Drawing, settings: DataSettings) -> Samples:
    """Return the points of a drawing."""
    palette: Literal["classes", "parts"] = "classes" if drawing.mode == "classification" else "parts"
    return Samples(drawing.positions, drawing.classes, palette, identities=drawing.numbers, settings=settings)


def can_be_drawn_on(data: SplitData) -> bool:
    """Return whether a drawing can begin with these samples."""
    if data.image_shape is not None or sum(map(len, data.real_parts().values())) > MAX_POINTS:
        return False
    if data.task == "regression":
        return data.n_features == 1
    return data.n_features == 2 and data.n_classes <= MAX_CLASSES


def shown(data: SplitData, plane: Plane) -> tuple[Samples, Bounds]:
    """Return samples as they appear on a canvas: as a drawing would have them, or else projected on a plane."""
    parts = np.repeat(np.arange(_PARTS, dtype=np.uint8), [len(data.real_train), len(data.validation), len(data.test)])
    if can_be_drawn_on(data):
        drawing = from_dataset(data)
        shades, palette = drawing.classes, "classes" if data.task == "classification" else "parts"
        return Samples(drawing.positions, shades, palette, parts), drawing.frame  # type: ignore[arg-type]
    every = max(1, len(parts) // MOST_SHOWN)
    x = np.concatenate([part.x for part in data.real_parts().values()])[::every]
    y = np.concatenate([part.targets for part in data.real_parts().values()])[::every]
    positions = plane.project(x)
    if data.n_features == 1:
        positions[:, 1] = y
    bounds = _bounds(positions)
    if data.task == "classification":
        return Samples(positions, (y % len(CLASS_COLORS)).astype(np.uint8), "classes", parts[::every]), bounds
    return Samples(positions, _levels(y), "values", parts[::every]), bounds


def beginning(data: DataSettings) -> Drawing:
    """Return the drawing of an experiment's samples, with true labels; each sample stays in its part of the split.

    Raises DataError when a drawing cannot hold them.
    """
    dataset = data.source.load(data.seed)
    drawing = from_dataset(dataset)
    if dataset.identities is not None or drawing.n_points != dataset.n_samples:
        return drawing
    return drawing.replace(identities=_identities(dataset, data).astype("<u4").tobytes())


def _identities(dataset: Dataset, data: DataSettings) -> NDArray[np.uint32]:
    """Return numbers for samples that a split by number puts where the split without numbers has put them."""
    wanted = split_indices(dataset, data)
    numbers = np.zeros(dataset.n_samples, np.uint32)
    n_candidates, pools = 4 * dataset.n_samples + 64, wanted
    for _ in range(8):
        candidates = np.arange(n_candidates, dtype=np.uint32)
        probe = Dataset(np.zeros((n_candidates, 1)), candidates, "regression", (), identities=candidates)
        pools = split_indices(probe, data)
        if all(len(pool) >= len(rows) for pool, rows in zip(pools, wanted, strict=True)):
            for pool, rows in zip(pools, wanted, strict=True):
                numbers[rows] = pool[: len(rows)]
            return numbers
        n_candidates *= 2
    return np.arange(dataset.n_samples, dtype=np.uint32)


def thumbnails(data: SplitData, count: int) -> list[tuple[QImage, int]]:
    """Return the first pictures of the training part with the number of their class, or -1."""
    assert data.image_shape is not None
    channels, height, width = data.image_shape
    x = data.scaling.unscaled(data.real_train.x[:count]).reshape(-1, channels, height, width)
    low, high = float(x.min(initial=0.0)), float(x.max(initial=1.0))
    pixels = np.rint(255 * (x - low) / max(high - low, 1e-12)).astype(np.uint8)
    if channels not in (1, 3):
        pixels = pixels.mean(axis=1, keepdims=True).astype(np.uint8)
    kind = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_Grayscale8
    found = []
    for picture, target in zip(pixels, data.train.targets, strict=False):
        rows = np.ascontiguousarray(picture.transpose(1, 2, 0))
        # A copy, because Qt borrows the memory that it is given.
        image = QImage(rows.tobytes(), width, height, rows.strides[0], kind).copy()
        found.append((image, int(target) if data.task == "classification" else -1))
    return found


def dot_radius(count: int, side: float) -> float:
    """Return the radius of a dot among `count` on a canvas of that shorter side, in device-independent pixels."""
    full = min(max(3.2 * (side / 170.0) ** 0.5, 2.6), 5.0)
    factor = next((f for limit, f in _RADII if count <= limit), 0.34)
    return max(1.0, full * factor)


@dataclass(frozen=True)
class Frame:
    """The map between the plane and a rectangle of the widget."""

    bounds: Bounds
    area: QRectF

    @classmethod
    def fit(cls, bounds: Bounds, room: QRectF, equal: bool) -> Frame:
        """Return the largest frame in a rectangle; `equal` keeps circles round."""
        left, right, bottom, top = bounds
        area = QRectF(room)
        if equal:
            scale = min(room.width() / (right - left), room.height() / (top - bottom))
            area = QRectF(0, 0, scale * (right - left), scale * (top - bottom))
            area.moveCenter(room.center())
        return cls(bounds, area)

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels per unit, across and up."""
        left, right, bottom, top = self.bounds
        return self.area.width() / (right - left), self.area.height() / (top - bottom)

    def to_pixels(self, positions: Positions, ratio: float = 1.0) -> tuple[Positions, Positions]:
        """Return where positions (n, 2) are in the widget, from its corner, in pixels of a screen of that ratio."""
        left, _, _, top = self.bounds
        sx, sy = self.scale
        # One axis at a time and in 32 bits: many times faster than on pairs.
        x = (positions[:, 0] - np.float32(left)) * np.float32(sx * ratio) + np.float32(self.area.left() * ratio)
        y = (np.float32(top) - positions[:, 1]) * np.float32(sy * ratio) + np.float32(self.area.top() * ratio)
        return x, y

    def to_pixel(self, x: float, y: float) -> QPointF:
        """Return where one position is in the widget."""
        sx, sy = self.scale
        return QPointF(self.area.left() + (x - self.bounds[0]) * sx, self.area.top() + (self.bounds[3] - y) * sy)

    def to_plane(self, place: QPointF) -> tuple[float, float]:
        """Return the position in the plane under a place of the widget."""
        sx, sy = self.scale
        return (
            self.bounds[0] + (place.x() - self.area.left()) / sx,
            self.bounds[3] - (place.y() - self.area.top()) / sy,
        )

    def radii(self, radius: float) -> tuple[float, float]:
        """Return the half axes, in units, of what is a circle on the screen; `radius` is the one across."""
        sx, sy = self.scale
        return radius, radius * sx / sy


def what_to_draw_next(drawing: Drawing) -> str:
    """Return a sentence about what a drawing still lacks, empty when it can be learned from."""
    try:
        drawing.load(0)
    except DataError as error:
        return str(error)
    return ""


def scaled_thumbnail(image: QImage, side: int) -> QImage:
    """Return a picture as large as fits a square of `side` pixels, with hard edges between its pixels."""
    keep, hard = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation
    smooth = Qt.TransformationMode.SmoothTransformation
    return image.scaled(side, side, keep, hard if side >= image.width() else smooth)


def _bounds(positions: Positions) -> Bounds:
    finite = positions[np.isfinite(positions).all(axis=1)]
    if not len(finite):
        return -1.0, 1.0, -1.0, 1.0
    low, high = finite.min(axis=0).astype(float), finite.max(axis=0).astype(float)
    room = np.where(high > low, 0.06 * (high - low), 1.0)
    (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
    return left, right, bottom, top


def _levels(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Map values to 0..255, the smallest and largest to the ends."""
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    return np.rint(255 * (values - low) / max(high - low, 1e-12)).astype(np.uint8)


def _value_colors(theme: Theme) -> Pixels:
    """Return 256 colours from low to high; the middle is muted, not the card's colour, so that no dot vanishes."""
    ends = [QColor(color) for color in (NEGATIVE, theme.muted, POSITIVE)]
    stops = np.array([(c.red(), c.green(), c.blue()) for c in ends], np.float64)
    t = np.linspace(0, 2, 256)
    red, green, blue = (np.interp(t, [0, 1, 2], stops[:, k]).round().astype(np.uint32) for k in range(3))
    return np.uint32(0xFF000000) | (red << np.uint32(16)) | (green << np.uint32(8)) | blue
