"""From numbers to pixels: what surfaces and samples are coloured with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from nnviz.gui.theme import Theme

Pixels = NDArray[np.uint8]

_SURE = 0.78
"""How far a surface goes from the card's colour to that of a class."""


def rgb(color: QColor) -> NDArray[np.float64]:
    """Return red, green and blue of a colour, 0..255: (3,)."""
    return np.array([color.red(), color.green(), color.blue()], np.float64)


def ramp_pixels(values: NDArray[Any], low: float, high: float, ramp: Pixels, theme: Theme) -> Pixels:
    """Return pixels (h, w, 4) for values (h, w) on a ramp (256, 4) from low to high; the card's colour for NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        places = np.clip((values - low) * (255.0 / (high - low)), 0, 255)
    finite = np.isfinite(places)
    pixels = ramp[np.where(finite, places, 0).astype(np.uint8)]
    if not finite.all():
        pixels[~finite, :3] = rgb(theme.color("card"))
    return pixels


def class_pixels(probabilities: NDArray[Any], theme: Theme, hard: bool) -> Pixels:
    """Return pixels (h, w, 4) for class probabilities (h, w, classes).

    Two classes: their difference on the diverging ramp. More: the classes' colours mixed by probability, fading to
    the card's colour as the largest probability nears chance. `hard` shows the most probable class alone. Even a
    sure answer stays paler than a sample of that class, so that filled samples stand out.
    """
    count = probabilities.shape[2]
    if count == 2:
        with np.errstate(invalid="ignore"):
            signed = probabilities[:, :, 1] - probabilities[:, :, 0]
        shown = (np.sign(signed) if hard else signed) * _SURE
        return ramp_pixels(shown, -1.0, 1.0, theme.diverging(), theme)
    colors = np.array([rgb(theme.class_color(i)) for i in range(count)], np.float32)
    card = rgb(theme.color("card")).astype(np.float32)
    finite = np.isfinite(probabilities).all(axis=2)
    p = np.where(finite[:, :, None], probabilities, 1.0 / max(1, count)).astype(np.float32)
    if hard:
        blend = colors[p.argmax(axis=2)]
        sure = finite.astype(np.float32)[:, :, None]
    else:
        blend = p @ colors
        sure = ((p.max(axis=2, keepdims=True) - 1 / count) / max(1e-6, 1 - 1 / count)).clip(0, 1)
    pixels = np.full((*p.shape[:2], 4), 255, np.uint8)
    pixels[:, :, :3] = (card + (blend - card) * (sure * _SURE)).round()
    return pixels


class ValueScale:
    """The colours of a regression target: diverging around 0 where values lie on both sides of it, else sequential."""

    def __init__(self, low: float, high: float, theme: Theme) -> None:
        self.diverging = low < 0 < high and 0.25 <= -low / high <= 4.0
        reach = max(-low, high)
        self.low, self.high = (-reach, reach) if self.diverging else (low, high if high > low else low + 1.0)
        self.ramp = theme.diverging() if self.diverging else theme.sequential()
        self._theme = theme

    def pixels(self, values: NDArray[Any]) -> Pixels:
        """Return pixels (h, w, 4) for values (h, w)."""
        return ramp_pixels(values, self.low, self.high, self.ramp, self._theme)

    def steps(self, values: NDArray[Any], count: int) -> NDArray[np.intp]:
        """Return which of `count` even steps of the scale each value (n,) lies on."""
        share = np.nan_to_num((np.asarray(values, np.float64) - self.low) / (self.high - self.low))
        return np.clip((share * count).astype(np.intp), 0, count - 1)

    def colors(self, count: int) -> list[QColor]:
        """Return the colours at the middle of `count` even steps."""
        places = ((np.arange(count) + 0.5) / count * 255).astype(int)
        return [QColor(*map(int, self.ramp[place])) for place in places]


def stamped(
    xy: NDArray[Any], colors: NDArray[Any], bounds: tuple[float, float, float, float], side: int, theme: Theme
) -> Pixels:
    """Return a picture (side, side, 4) of where many samples (n, 2) lie, in their mean colours (n, 3).

    Opacity grows with the logarithm of the count; colours are moved towards the text's, to stand out on a surface
    of the same colour.
    """
    left, right, bottom, top = bounds
    columns = (xy[:, 0] - left) / (right - left) * side
    rows = (xy[:, 1] - bottom) / (top - bottom) * side
    inside = (columns >= 0) & (columns < side) & (rows >= 0) & (rows < side)
    places = rows[inside].astype(np.int64) * side + columns[inside].astype(np.int64)
    counts = np.bincount(places, minlength=side * side)
    pixels = np.zeros((side * side, 4), np.uint8)
    hit = counts > 0
    text = rgb(theme.color("text"))
    for channel in range(3):
        mean = np.bincount(places, weights=colors[inside, channel], minlength=side * side)[hit] / counts[hit]
        pixels[hit, channel] = 0.6 * mean + 0.4 * text[channel]
    pixels[hit, 3] = np.clip(90 + 40 * np.log2(counts[hit]), 0, 230)
    return pixels.reshape(side, side, 4)
