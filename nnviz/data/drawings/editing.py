"""What the drawing tools do: every function takes a drawing and returns a changed copy.

Positions and radii are in the units of the drawing's frame. In a regression the frame is 12 wide and 3 high; there
a round tool is round on the screen only if it is an ellipse in these units, so tools take a radius for each axis.
Points keep their identity through every change. No function takes longer than a few ms on 200,000 points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnviz.data.dataset import DataError, Dataset, Floats, SplitData
from nnviz.data.drawings.drawing import MAX_CLASSES, MAX_POINTS, Drawing, Mode

Mask = NDArray[np.bool_]
Radius = float | tuple[float, float]


def add_points(drawing: Drawing, points: ArrayLike, label: int) -> Drawing:
    """Return the drawing with points (n, 2) of one class added; those outside the frame are left out.

    Raises DataError when there would be too many points or classes.
    """
    new = np.asarray(points, np.float32).reshape(-1, 2)
    left, right, bottom, top = drawing.frame
    new = new[((new >= (left, bottom)) & (new <= (right, top))).all(axis=1)]  # also leaves out what is not a number
    if drawing.n_points + len(new) > MAX_POINTS:
        raise DataError(f"A drawing holds at most {MAX_POINTS:,} points; erase some before you add more.")
    first = int(drawing.numbers.max()) + 1 if drawing.n_points else 0
    label = _label(drawing, label)
    return drawing.replace(
        points=drawing.points + new.astype("<f4").tobytes(),
        labels=drawing.labels + bytes([label]) * len(new),
        identities=drawing.identities + np.arange(first, first + len(new)).astype("<u4").tobytes(),
    )


def spray(
    drawing: Drawing, centre: ArrayLike, radius: Radius, label: int, count: int, rng: np.random.Generator
) -> Drawing:
    """Return the drawing with `count` points spread evenly over a disc; those outside the frame are left out."""
    distance, angle = np.sqrt(rng.uniform(0, 1, count)), rng.uniform(0, 2 * np.pi, count)
    disc = np.column_stack([distance * np.cos(angle), distance * np.sin(angle)])
    return add_points(drawing, np.asarray(centre, np.float64) + disc * _radii(radius), label)


def brush(drawing: Drawing, path: ArrayLike, label: int, spacing: float) -> Drawing:
    """Return the drawing with points every `spacing` along a path (m, 2), from its start.

    While a stroke goes on, apply its whole path to the drawing as it was before: the points then do not depend on
    how often the pointer was looked at.
    """
    corners = np.asarray(path, np.float64).reshape(-1, 2)
    if len(corners) == 0:
        return drawing
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    steps = np.arange(0.0, along[-1] + 1e-9, max(spacing, 1e-3))
    return add_points(drawing, np.column_stack([np.interp(steps, along, c) for c in corners.T]), label)


def near(drawing: Drawing, start: ArrayLike, end: ArrayLike, radius: Radius) -> Mask:
    """Return which points lie within a radius of the segment from start to end: (n,) bool."""
    rx, ry = _radii(radius)
    # Plain numbers keep the arithmetic in 32 bits; one axis at a time, because numpy is many times slower on pairs.
    (ax, ay), (bx, by) = ((np.asarray(p, np.float64) / (rx, ry)).tolist() for p in (start, end))
    x, y = _axes(drawing.positions)
    close: Mask = (x >= (min(ax, bx) - 1.001) * rx) & (x <= (max(ax, bx) + 1.001) * rx)
    close &= (y >= (min(ay, by) - 1.001) * ry) & (y <= (max(ay, by) + 1.001) * ry)
    candidates = np.flatnonzero(close)
    px, py = x[candidates] / rx - ax, y[candidates] / ry - ay
    dx, dy = bx - ax, by - ay
    along = np.clip((px * dx + py * dy) / max(dx * dx + dy * dy, 1e-12), 0.0, 1.0)
    close[candidates] = (px - along * dx) ** 2 + (py - along * dy) ** 2 <= 1.0
    return close


def erase(drawing: Drawing, start: ArrayLike, end: ArrayLike, radius: Radius) -> Drawing:
    """Return the drawing without the points within a radius of the segment from start to end."""
    return delete(drawing, near(drawing, start, end, radius))


def lasso(drawing: Drawing, polygon: ArrayLike) -> Mask:
    """Return which points lie inside a closed polygon (m, 2): (n,) bool, by the even-odd rule.

    A ray from each point to the right crosses the outline an odd number of times if the point is inside. Points are
    sorted into 65,536 strips by height, so that each edge looks only at the strips that it passes through.
    """
    corners = np.asarray(polygon, np.float64).reshape(-1, 2)
    inside = np.zeros(drawing.n_points, np.bool_)
    if len(corners) < 3:
        return inside
    x, y = _axes(drawing.positions)
    (left, bottom), (right, top) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    candidates = np.flatnonzero((x >= left) & (x <= right) & (y >= bottom) & (y <= top))

    def strip(heights: Floats) -> NDArray[np.uint16]:
        share: Floats = np.clip((heights - bottom) / max(top - bottom, 1e-12), 0.0, 1.0)
        return np.asarray(share * 65_535, np.uint16)

    # A stable sort of 16-bit numbers is a radix sort, several times faster than sorting the heights themselves.
    strips = strip(y[candidates])
    order = np.argsort(strips, kind="stable")
    candidates, strips = candidates[order], strips[order]
    x, y = x[candidates], y[candidates]
    odd = np.zeros(len(candidates), np.bool_)
    # In 32 bits like the points, so that a strip and a height never disagree about which is higher.
    heights = corners[:, 1].astype(np.float32)
    low, high = np.minimum(heights, np.roll(heights, -1)), np.maximum(heights, np.roll(heights, -1))
    first = np.searchsorted(strips, strip(low), "left")
    last = np.searchsorted(strips, strip(high), "right")
    ends = np.roll(corners, -1, axis=0)
    for k in np.flatnonzero((last > first) & (high > low)):
        part = slice(first[k], last[k])
        (x0, y0), (x1, y1) = corners[k].tolist(), ends[k].tolist()
        # In 64 bits, because the slope of an edge that is all but level is beyond those of 32.
        crossing = x0 + (x1 - x0) / (y1 - y0) * (y[part].astype(np.float64) - y0)
        odd[part] ^= (y[part] >= low[k]) & (y[part] < high[k]) & (x[part] < crossing)
    inside[candidates] = odd
    return inside


def move(drawing: Drawing, mask: Mask, delta: ArrayLike) -> Drawing:
    """Return the drawing with the chosen points shifted by (across, up); the frame holds them back."""
    left, right, bottom, top = drawing.frame
    positions, chosen = drawing.positions.copy(), np.flatnonzero(mask)
    for axis, (low, high) in enumerate(((left, right), (bottom, top))):
        shifted = positions[chosen, axis] + np.float32(np.asarray(delta)[axis])
        positions[chosen, axis] = np.clip(shifted, low, high)
    return drawing.replace(points=positions.tobytes())


def relabel(drawing: Drawing, mask: Mask, label: int) -> Drawing:
    """Return the drawing with the chosen points given to one class. Raises DataError on a label beyond the last."""
    classes = drawing.classes.copy()
    classes[mask] = _label(drawing, label)
    return drawing.replace(labels=classes.tobytes())


def delete(drawing: Drawing, mask: Mask) -> Drawing:
    """Return the drawing without the chosen points; the same drawing when none is chosen."""
    if not mask.any():
        return drawing
    keep = np.flatnonzero(~mask)
    kept = drawing.positions.take(keep, axis=0)  # `take` is ten times faster on pairs than an index
    return Drawing.of(drawing.mode, kept, drawing.classes[keep], drawing.numbers[keep])


def clear(drawing: Drawing) -> Drawing:
    """Return an empty drawing for the same task."""
    return Drawing(mode=drawing.mode)


def with_mode(drawing: Drawing, mode: Mode) -> Drawing:
    """Return the drawing for another task: the picture keeps its shape, and the labels wait until they count again."""
    if mode == drawing.mode:
        return drawing
    positions = drawing.positions.copy()
    positions[:, 1] *= Drawing(mode=mode).frame[3] / drawing.frame[3]
    return drawing.replace(mode=mode, points=positions.tobytes())


def from_dataset(data: Dataset | SplitData) -> Drawing:
    """Return a drawing of samples, to draw on top of them.

    Takes two features and a class, or one feature and a value. Give the dataset of a source rather than its split
    if labels should be the true ones: those of a split include label noise. Samples that reach more than a quarter
    beyond the frame are scaled into it, axis by axis; stragglers of smaller excess are moved to its edge.
    Raises DataError when there are other numbers of features or too many samples or classes.
    """
    features, targets = _samples(data)
    wanted = 2 if data.task == "classification" else 1
    if features.shape[1] != wanted:
        raise DataError(
            f"A drawing for {data.task} shows {wanted} feature{'s' * (wanted > 1)}, and these samples have "
            f"{features.shape[1]}; choose other samples or draw on an empty frame."
        )
    if len(features) > MAX_POINTS or data.n_classes > MAX_CLASSES:
        raise DataError(
            f"A drawing holds at most {MAX_POINTS:,} points and {MAX_CLASSES} classes, and these are "
            f"{len(features):,} and {data.n_classes}; choose other samples."
        )
    regression = data.task == "regression"
    positions = np.column_stack([features, targets]) if regression else features
    known = np.isfinite(positions).all(axis=1)
    classes = np.zeros(len(positions), np.uint8) if regression else targets.astype(np.uint8)
    numbers = data.identities if isinstance(data, Dataset) else None
    fitted = _into_frame(positions[known], Drawing(mode=data.task).frame)
    return Drawing.of(data.task, fitted, classes[known], None if numbers is None else numbers[known])


def _samples(data: Dataset | SplitData) -> tuple[Floats, NDArray[np.generic]]:
    """Return features (n, d) and targets (n,) in units of the source."""
    if isinstance(data, Dataset):
        return data.features, data.targets
    parts = list(data.real_parts().values())
    targets = np.concatenate([part.targets for part in parts])
    features = data.scaling.unscaled(np.concatenate([part.x for part in parts]))
    return features, data.scaling.unscaled_target(targets) if data.task == "regression" else targets


def _into_frame(positions: Floats, frame: tuple[float, float, float, float]) -> Floats:
    left, right, bottom, top = frame
    fitted = positions.astype(np.float64)
    for axis, limit in enumerate((right, top)):
        values = fitted[:, axis]
        if len(values) and np.abs(values).max() > 1.25 * limit:
            low, high = values.min(), values.max()
            fitted[:, axis] = 0.9 * limit * (2 * (values - low) / max(high - low, 1e-12) - 1)
    return np.clip(fitted, (left, bottom), (right, top))


def _label(drawing: Drawing, label: int) -> int:
    if not 0 <= label < MAX_CLASSES:
        raise DataError(f"A drawing has at most {MAX_CLASSES} classes, numbered from 0; there is no class {label}.")
    return label if drawing.mode == "classification" else 0


def _axes(positions: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return positions[:, 0], positions[:, 1]


def _radii(radius: Radius) -> tuple[float, float]:
    across, up = radius if isinstance(radius, tuple) else (radius, radius)
    return max(float(across), 1e-6), max(float(up), 1e-6)
