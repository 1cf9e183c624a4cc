"""Points stamped into an image with numpy: discs and rings with smooth edges, many thousands in a few ms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

Pixels = NDArray[np.uint32]
"""Rows of pixels, premultiplied 0xAARRGGBB: (height, width), contiguous."""

MARGIN = 24
"""Pixels around the visible part of a point image, so that a disc on its edge needs no clipping."""

_CHUNK = 4096  # points stamped at once: later chunks lie on top, and their arrays stay in the cache
_ODD = np.uint32(0x00FF00FF)  # red and blue, or after a shift by 8 alpha and green: two channels in one number
_EVEN = np.uint32(0xFF00FF00)
_HALF = np.uint32(0x00800080)


@dataclass(frozen=True)
class Mask:
    """The shape of one stamp for each place of its centre within a pixel.

    `fine` is the number of places per axis; `shapes[fine * row + column]` holds the offsets of the covered pixels
    from the pixel with the centre, down and across, and how much of each is covered, 1..256; farthest first.
    """

    fine: int
    reach: int
    shapes: tuple[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.uint32]], ...]


@lru_cache(maxsize=256)
def mask(radius: float, ring: float = 0.0, fine: int = 4) -> Mask:
    """Return the stamp of a disc, or of a ring whose line is `ring` wide, in pixels."""
    reach = int(np.ceil(radius + 0.5)) + 1
    shapes = []
    for phase in range(fine * fine):
        row, column = divmod(phase, fine)
        down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        # Pixel centres lie at half pixels, and so does the middle of each of the `fine` places.
        distance = np.hypot(down + 0.5 - (row + 0.5) / fine, across + 0.5 - (column + 0.5) / fine)
        cover = np.clip(radius + 0.5 - distance, 0.0, 1.0)
        if ring:
            cover = np.minimum(cover, np.clip(distance - (radius - ring) + 0.5, 0.0, 1.0))
        weight = np.rint(cover * 256)
        order = [k for k in np.argsort(-distance, axis=None, kind="stable") if weight.flat[k] > 0]
        shapes.append((down.ravel()[order], across.ravel()[order], weight.ravel()[order].astype(np.uint32)))
    return Mask(fine, reach, tuple(shapes))


def stamp(pixels: Pixels, x: NDArray[np.floating], y: NDArray[np.floating], colors: Pixels, shape: Mask) -> None:
    """Stamp points at x (n,), y (n,) in pixels with opaque colours (n,) on top of what is there, in their order.

    Points so far outside that their stamp would not fit are left out.
    """
    height, width = pixels.shape
    reach = shape.reach
    fits = (x >= reach) & (x < width - reach) & (y >= reach) & (y < height - reach)
    if not fits.all():
        rows = np.flatnonzero(fits)
        x, y, colors = x[rows], y[rows], colors[rows]
    column, row = x.astype(np.intp), y.astype(np.intp)
    base = row * width + column
    if shape.fine == 1:
        if 8 * len(base) > pixels.size:
            last = _last_of_each(base, pixels.size)
            base, colors = base[last], colors[last]
        phase = np.zeros(len(base), np.intp)
    else:
        phase = ((y - row) * shape.fine).astype(np.intp) * shape.fine + ((x - column) * shape.fine).astype(np.intp)
    flat = pixels.reshape(-1)
    for start in range(0, len(base), _CHUNK):
        part = slice(start, start + _CHUNK)
        _stamp_chunk(flat, width, base[part], phase[part], colors[part], shape)


def _last_of_each(base: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Return which points are the last in their pixel, in order: the ones before would be hidden entirely."""
    owner = np.full(size, -1, np.intp)
    owner[base] = np.arange(len(base))
    return np.sort(owner[owner >= 0])


def _stamp_chunk(
    flat: Pixels, width: int, base: NDArray[np.intp], phase: NDArray[np.intp], colors: Pixels, shape: Mask
) -> None:
    for number in np.flatnonzero(np.bincount(phase)):
        chosen = phase == number
        down, across, weight = shape.shapes[number]
        # Offset after offset, farthest first: where stamps overlap the pixel goes to the nearest centre.
        where = (base[chosen] + (down * width + across)[:, None]).ravel()
        color = np.broadcast_to(colors[chosen], (len(weight), int(chosen.sum()))).ravel()
        flat[where] = _over(flat[where], color, weight.repeat(int(chosen.sum())))


def _over(below: Pixels, above: Pixels, weight: Pixels) -> Pixels:
    """Return `above` drawn over `below` where it covers weight / 256 of each pixel."""
    rest = np.uint32(256) - weight
    odd = ((above & _ODD) * weight + (below & _ODD) * rest + _HALF) >> np.uint32(8)
    even = ((above >> np.uint32(8)) & _ODD) * weight + ((below >> np.uint32(8)) & _ODD) * rest + _HALF
    return (odd & _ODD) | (even & _EVEN)


def packed(colors: list[QColor]) -> Pixels:
    """Return opaque colours as pixels: (n,)."""
    return np.array([0xFF000000 | (c.rgb() & 0x00FFFFFF) for c in colors], np.uint32)


class PointImage:
    """A transparent image of `width` × `height` pixels with a margin, whose pixels numpy writes and Qt draws."""

    def __init__(self, width: int, height: int, ratio: float = 1.0) -> None:
        self.image = QImage(width + 2 * MARGIN, height + 2 * MARGIN, QImage.Format.Format_ARGB32_Premultiplied)
        self.image.setDevicePixelRatio(ratio)
        self.ratio = ratio
        # The view has no owner of its own: it is valid as long as `image` is, and is never copied.
        self.pixels: Pixels = np.frombuffer(self.image.bits(), np.uint32).reshape(height + 2 * MARGIN, -1)
        self.clear()

    def clear(self) -> None:
        """Make every pixel transparent."""
        self.pixels.fill(0)

    def stamp(self, x: NDArray[np.floating], y: NDArray[np.floating], colors: Pixels, shape: Mask) -> None:
        """Stamp points at x (n,), y (n,), counted in pixels from the corner of the visible part."""
        stamp(self.pixels, x + MARGIN, y + MARGIN, colors, shape)

    def patch(self, left: int, top: int, right: int, bottom: int) -> Patch:
        """Return an empty piece to redraw the visible pixels left..right, top..bottom."""
        height, width = self.pixels.shape
        return Patch(
            self,
            max(left + MARGIN, 0),
            max(top + MARGIN, 0),
            min(right + MARGIN, width),
            min(bottom + MARGIN, height),
        )


class Patch:
    """A rectangle of a point image that is drawn anew apart, and then put in its place.

    Points whose stamps reach into the rectangle from outside are drawn too, but nothing outside changes.
    """

    def __init__(self, target: PointImage, left: int, top: int, right: int, bottom: int) -> None:
        self._target = target
        self._place = (slice(top, max(bottom, top)), slice(left, max(right, left)))
        self._left, self._top = left - MARGIN, top - MARGIN
        self._pixels: Pixels = np.zeros(
            (max(bottom - top, 0) + 2 * MARGIN, max(right - left, 0) + 2 * MARGIN), np.uint32
        )

    def stamp(self, x: NDArray[np.floating], y: NDArray[np.floating], colors: Pixels, shape: Mask) -> None:
        """Stamp points, given as to `PointImage.stamp`."""
        stamp(self._pixels, x + (MARGIN - self._left), y + (MARGIN - self._top), colors, shape)

    def put(self) -> None:
        """Replace the rectangle of the image."""
        self._target.pixels[self._place] = self._pixels[MARGIN:-MARGIN, MARGIN:-MARGIN]
